"""Two people at the same moment, on two connections: one move counts, the other is told, nothing is lost or doubled."""

import pytest

from apps.record.states import MoveRefused
from apps.supervision import workflow_findings as workflow
from apps.supervision import workflow_limits as limits
from apps.supervision.findings import Finding, FindingEvent
from tests import town as toy
from tests.cases.conftest import add_people
from tests.cases.test_at_once import at_once
from tests.supervision.findings_case import brought_to, set_limits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def county():
    town = toy.build()
    set_limits()
    return town, add_people(town, toy.build_users(town))


def test_two_at_once_one_counts_and_the_other_is_told(county) -> None:
    town, people = county
    unit = town.organisations
    pairs = {
        "with_unit": (
            lambda f: workflow.answer(f, people.unit_officer, "甲的答复。", revision=f.revision),
            lambda f: workflow.answer(f, people.unit_officer, "乙的答复。", revision=f.revision),
        ),
        "raised": (lambda f: workflow.forward(f, people.county_office), lambda f: workflow.withdraw(f, people.deputy, "看错了")),
        "with_dispatcher": (
            lambda f: workflow.assign(f, people.dispatcher, unit["construction"]),
            lambda f: workflow.assign(f, people.dispatcher, unit["town_a"], co_handlers=[unit["construction"]]),
        ),
        "answered": (lambda f: workflow.confirm(f, people.deputy, "put_right"), lambda f: workflow.send_back(f, people.deputy, "没改好")),
    }
    for state, (one, other) in pairs.items():
        for _ in range(3):
            finding = brought_to(state, town, people)
            results = at_once(lambda f=finding, act=one: act(f), lambda f=finding, act=other: act(f))
            assert sorted(type(result) for result in results if not isinstance(result, Finding)) == [MoveRefused], (state, results)
            won = next(result for result in results if isinstance(result, Finding))
            now = Finding.objects.get(pk=finding.pk)
            assert (now.state, now.revision, now.answer, now.lead_id) == (won.state, finding.revision + 1, won.answer, won.lead_id)
            assert now.events.count() == finding.revision + 2  # raised, then one event a revision
    assert FindingEvent.objects.broken_chains() == []


def test_a_unit_ends_while_it_answers_and_while_it_is_given_more(county) -> None:
    town, people = county
    held, waiting = brought_to("with_unit", town, people), brought_to("with_dispatcher", town, people)
    construction = town.organisations["construction"]
    ended, answered, assigned = at_once(
        lambda: limits.end_unit(people.dispatcher, construction, toy.TODAY), lambda: workflow.answer(held, people.unit_officer, "修好了。"),
        lambda: workflow.assign(waiting, people.dispatcher, construction),
    )  # fmt: skip
    assert isinstance(ended, int)
    limits.watch_limits(toy.TODAY)  # what slipped in between is found within the hour
    assert not Finding.objects.filter(state="with_unit", lead=construction).exists()
    states = set(Finding.objects.values_list("state", flat=True))
    assert states <= {"with_dispatcher", "answered"}
    for result in (answered, assigned):
        assert isinstance(result, (Finding, MoveRefused)), result
    assert FindingEvent.objects.broken_chains() == []
