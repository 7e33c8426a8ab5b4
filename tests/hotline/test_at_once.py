"""Two at the same moment, on two connections: a file, a row and an order come in once, and belong to one case."""

import pytest

from apps.cases import workflow as cases
from apps.hotline import workflow, workflow_links
from apps.hotline.earlier import earlier
from apps.hotline.models import Intake, Record, RecordEvent, Source
from apps.hotline.reading import Known
from apps.record.states import MoveRefused
from tests import town as toy
from tests.cases.test_at_once import at_once
from tests.hotline.conftest import HEADINGS, MAPPING, as_csv, row, sealed
from tests.portal.conftest import _report


@pytest.mark.django_db(transaction=True)
def test_everything_comes_in_once(monkeypatch):
    monkeypatch.setattr(workflow, "BATCH", 5)
    earlier.forget()
    users = toy.build_users(toy.build())
    source = Source.objects.create(code="12345", name="12345热线", kind="hotline", mapping=MAPPING)
    content = as_csv([row(number) for number in range(1, 23)])

    received = at_once(*[lambda: workflow.receive_upload(source, sealed("工单.csv", content), users.county_office)] * 2)
    assert sorted(fresh for _, fresh in received) == [False, True] and Intake.objects.count() == 1
    intake = Intake.objects.get()
    at_once(*[lambda: workflow.start(intake, users.county_office)] * 2)
    assert list(intake.events.order_by("pk").values_list("verb", flat=True)) == ["receive", "start"]

    runs = at_once(*[lambda: workflow.run(intake.pk)] * 2)
    assert all(isinstance(result, Intake) for result in runs), runs
    intake.refresh_from_db()
    assert (intake.state, intake.read, intake.taken, Record.objects.count()) == ("done", 22, 22, 22)

    rows = [(number, row(100 + number)) for number in range(1, 9)]
    pushed = at_once(*[lambda: workflow.take_in(source, rows, HEADINGS, Known(source.pk), "平台")] * 3)
    assert sorted((done.taken, done.unchanged) for done in pushed) == [(0, 8), (0, 8), (8, 0)]
    assert Intake.objects.filter(way="push").count() == 1

    one, other = (cases.submit(_report(0.5, y, f"人民路的路灯坏了，第{y}处")) for y in (0.5, 0.6))
    record = Record.objects.first()
    linked = at_once(
        lambda: workflow_links.link(record, one, users.county_office, "像"), lambda: workflow_links.link(record, other, users.dispatcher, "也像")
    )
    assert sum(isinstance(result, MoveRefused) for result in linked) == 1
    assert one.linked_orders.count() + other.linked_orders.count() == 1
    assert RecordEvent.objects.broken_chains() == []
    earlier.forget()
