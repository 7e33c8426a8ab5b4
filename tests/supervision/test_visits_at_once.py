"""Two at once on one visit: a phone that sends twice, the leader and the office who both record, a photo in both."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.record.states import MoveRefused
from apps.supervision import workflow_visits
from apps.supervision.findings import Finding
from apps.supervision.topics import Topic
from apps.supervision.visit_records import Raised
from apps.supervision.visits import CheckIn, Visit, VisitEvent
from tests import town as toy
from tests.supervision.test_visits import arranged, here, seen


def at_once(*actions: Callable[[], object]) -> list[object]:
    """What came of each; a refusal counts as its words."""
    start = Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        try:
            start.wait()
            return action()
        except MoveRefused as refusal:
            return str(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@pytest.mark.django_db(transaction=True)
def test_a_visit_is_recorded_once():
    town = toy.build()
    users = toy.build_users(town)
    Topic.objects.of_projects([town.projects["K1"]])
    topic = Topic.objects.with_facts().get()

    made = seen(findings=(Raised("断渠。", 2),))
    sent = at_once(*[lambda: workflow_visits.record_look(users.deputy, topic, made)] * 3)
    assert len(set(sent)) == 1 and isinstance(sent[0], Visit)
    assert (Visit.objects.count(), Finding.objects.count(), CheckIn.objects.count()) == (1, 1, 1)

    visit = workflow_visits.organise(users.county_office, arranged(town, topic))
    at_once(*[lambda: workflow_visits.check_in(users.deputy, visit.pk, here(0.5, 0.2))] * 2)
    assert CheckIn.objects.filter(participant__visit=visit).count() == 1
    both = at_once(
        lambda: workflow_visits.record(users.deputy, visit.pk, seen(presence=None, text="带队代表写的。")),
        lambda: workflow_visits.record(User.objects.get(pk=users.county_office.pk), visit.pk, seen(presence=None, text="工委写的。")),
    )
    assert sorted(isinstance(each, str) for each in both) == [False, True]
    assert "打开那份记录补充" in next(each for each in both if isinstance(each, str))
    assert visit.events.filter(verb="record").count() == 1
    assert VisitEvent.objects.broken_chains() == []
