"""A case and an order elsewhere: they point at each other, are run once, and are counted once."""

import dataclasses

import pytest

from apps.cases import workflow as cases
from apps.cases.linked import LinkedOrder
from apps.cases.models import Case, CaseEvent
from apps.hotline import workflow, workflow_links
from apps.hotline.models import Record, RecordEvent
from apps.hotline.reading import CaseLink
from apps.record.states import MoveRefused
from tests.hotline.conftest import as_csv, row
from tests.portal.conftest import _report


@pytest.fixture
def record(receive) -> Record:
    receive(as_csv([row(1)]))
    return Record.objects.get()


@pytest.fixture
def case(town) -> Case:
    return cases.submit(_report(0.5, 0.5, "巷子口积水很深，下雨天老人出不了门"))


def test_linked_and_unlinked_both_sides_know(record, case, users):
    workflow_links.link(record, case, users.dispatcher, "同一个地方，同一天")
    workflow_links.link(record, case, users.dispatcher, "再按一次")
    record.refresh_from_db()
    assert (record.case_id, record.reason) == (case.pk, "同一个地方，同一天")
    assert list(case.linked_orders.values_list("source", "number")) == [("12345热线", record.number)]
    assert [event.verb for event in case.events.order_by("pk")] == ["submit", "link_order"]
    other = cases.submit(_report(0.4, 0.5, "另一件事，路面破损"))
    with pytest.raises(MoveRefused):
        workflow_links.link(record, other, users.dispatcher, "也像")
    workflow_links.unlink(record, users.county_office, "不是一个地方")
    record.refresh_from_db()
    assert record.case_id is None and not LinkedOrder.objects.exists()
    assert list(RecordEvent.objects.filter(subject=record).order_by("pk").values_list("verb", flat=True)) == ["link", "unlink"]
    assert CaseEvent.objects.breaks() == [] and CaseEvent.objects.cut_off() == []


def test_a_merged_case_stands_for_the_one_it_goes_on_in(record, case, users):
    main = cases.submit(_report(0.5, 0.5, "巷子口一下雨就积水"))
    Case.objects.filter(pk=case.pk).update(state="merged", merged_into=main)
    workflow_links.link(record, Case.objects.get(pk=case.pk), users.county_office, "同一处积水")
    record.refresh_from_db()
    assert record.case_id == main.pk


def test_what_a_person_took_apart_is_not_joined_again(receive, users, town):
    """Neither when the order comes again, nor with the case that the other one was merged into."""
    case = cases.submit(_report(0.5, 0.5, f"路灯不亮，工单号{row(1)[0]}"))
    receive(as_csv([row(1)]))
    first = Record.objects.get()
    assert first.case_id == case.pk
    workflow_links.unlink(first, users.county_office, "不是一个地方")
    receive(as_csv([row(1, 办理状态="已办结")]), "第二天.csv")
    main = cases.submit(_report(0.5, 0.5, "整条路的灯"))
    Case.objects.filter(pk=case.pk).update(state="merged", merged_into=main)
    receive(as_csv([row(1, 办理状态="已答复", 满意度="满意")]), "第三天.csv")
    first.refresh_from_db()
    assert (first.case_id, first.proposed_id) == (None, None)
    assert not LinkedOrder.objects.exists()


def test_what_was_declined_for_the_first_is_not_proposed_for_its_repeats(receive, case, users, monkeypatch):
    receive(as_csv([row(1)]))
    first = Record.objects.get()
    Record.objects.update(proposed=case, reason="像")
    workflow_links.decline(first, users.town_clerk)
    plain = workflow.read

    def likely(rows, known):
        return [dataclasses.replace(one, like=(known.source, first.number), case=CaseLink(case.pk, 0.7, False, "像")) for one in plain(rows, known)]

    monkeypatch.setattr(workflow, "read", likely)
    receive(as_csv([row(2)]), "第二天.csv")
    assert Record.objects.get(number=row(2)[0]).proposed_id is None
    other = cases.submit(_report(0.5, 0.6, "别处积水"))
    monkeypatch.setattr(workflow, "read", lambda rows, known: [dataclasses.replace(one, case=CaseLink(other.pk, 0.7, False, "像")) for one in plain(rows, known)])
    receive(as_csv([row(3), row(1)]), "第三天.csv")
    assert set(Record.objects.filter(proposed=other).values_list("number", flat=True)) == {row(1)[0], row(3)[0]}


def test_a_withdrawn_case_takes_no_order(record, case, users):
    Case.objects.filter(pk=case.pk).update(state="withdrawn")
    with pytest.raises(MoveRefused, match="已经撤回"):
        workflow_links.link(record, case, users.county_office, "同一件")


def test_who_may_not(record, case, users):
    for user in (users.leader, users.deputy, users.unit_officer):
        with pytest.raises(MoveRefused):
            workflow_links.link(record, case, user, "像")
    with pytest.raises(MoveRefused, match="写明"):
        workflow_links.link(record, case, users.county_office, "  ")
    Record.objects.update(town=case.town.parent)
    with pytest.raises(MoveRefused, match="范围"):
        workflow_links.link(record, case, users.town_clerk, "像")


def test_an_order_that_its_owner_still_runs_is_not_run_twice(record, users):
    with pytest.raises(MoveRefused, match="还在办理"):
        workflow_links.open_case(record, users.county_office, "路灯不亮")
    assert Case.objects.count() == 0


def test_taken_up_as_a_case_once_however_often(record, users):
    Record.objects.update(state="closed")
    first = workflow_links.open_case(record, users.county_office, "路灯坏了，12345 办结了还是不亮")
    with pytest.raises(MoveRefused, match="已经关联"):
        workflow_links.open_case(record, users.county_office, "路灯坏了，12345 办结了还是不亮")
    assert Case.objects.count() == 1
    record.refresh_from_db()
    assert record.case_id == first.pk
    assert (first.channel, first.accuracy_m, first.entered_by) == ("phone", 100.0, users.county_office)
    assert record.number in first.place
    assert first.point.equals_exact(record.point)


def test_without_a_place_it_is_nobody_s(record, users):
    Record.objects.update(state="closed", point=None)
    with pytest.raises(MoveRefused, match="没有定位"):
        workflow_links.open_case(record, users.county_office, "路灯不亮")


def test_a_linked_order_is_no_case_of_its_own(record, case, users):
    Record.objects.update(state="closed")
    workflow_links.link(record, case, users.county_office, "同一件")
    with pytest.raises(MoveRefused, match="不能再转"):
        workflow_links.open_case(record, users.county_office, "路灯不亮")


def test_what_was_declined_is_gone(record, case, users):
    Record.objects.update(proposed=case, reason="像")
    workflow_links.decline(record, users.town_clerk)
    record.refresh_from_db()
    assert (record.proposed_id, record.reason) == (None, "")
