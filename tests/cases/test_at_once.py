"""Two people at the same moment, on two connections: one move counts, the other is told, nothing is lost or doubled."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connections

from apps.cases import workflow, workflow_ratings
from apps.cases.models import Case, CaseEvent, Rating, ReporterContact
from apps.record.states import MoveRefused
from tests import town as toy
from tests.cases.conftest import a_report, add_people, brought_to

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def county():
    town = toy.build()
    return town, add_people(town, toy.build_users(town))


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each act gave or refused, all started together, each on its own connection."""
    results: list[object] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(index: int) -> None:
        try:
            start.wait(timeout=10)
            results[index] = acts[index]()
        except Exception as problem:
            results[index] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def test_two_answers_at_once_one_counts_and_the_other_is_told(county):
    town, people = county
    for _ in range(5):
        case = brought_to("with_unit", town, people, unit="construction")
        results = at_once(
            lambda case=case: workflow.answer_as_unit(case, people.unit_officer, "甲的答复。"),
            lambda case=case: workflow.answer_as_unit(case, people.unit_officer, "乙的答复。"),
        )
        refused = [result for result in results if isinstance(result, MoveRefused)]
        assert len(refused) == 1 and "已答复" in str(refused[0])
        answered = next(result for result in results if isinstance(result, Case))
        assert Case.objects.get(pk=case.pk).answer == answered.answer
        assert case.events.filter(verb="answer_as_unit").count() == 1
    assert CaseEvent.objects.broken_chains() == []


def test_answering_and_giving_back_at_once(county):
    town, people = county
    case = brought_to("with_unit", town, people)
    results = at_once(
        lambda: workflow.answer_as_unit(case, people.unit_officer, "已经修好。"),
        lambda: workflow.return_to_dispatcher(case, people.unit_officer, "不归我管。"),
    )
    assert sorted(type(result).__name__ for result in results) == ["Case", "MoveRefused"]
    now = Case.objects.get(pk=case.pk)
    assert (now.state, bool(now.answer), now.organisation is None) in [("answered", True, False), ("with_dispatcher", False, True)]


def test_one_report_sent_by_eight_clicks_is_one_case(county):
    report = a_report()
    results = at_once(*[lambda: workflow.submit(report)] * 8)
    assert {result.code for result in results} == {Case.objects.get().code}
    assert CaseEvent.objects.count() == ReporterContact.objects.count() == 1


def test_eight_reports_at_once_are_eight_cases(county):
    results = at_once(*[lambda: workflow.submit(a_report(submission=uuid.uuid4()))] * 8)
    assert len({result.code for result in results}) == Case.objects.count() == 8


def test_two_ratings_at_once(county):
    town, people = county
    case = brought_to("answered", town, people)
    results = at_once(lambda: workflow_ratings.rate(case, "satisfied"), lambda: workflow_ratings.rate(case, "unsatisfied"))
    assert sorted(type(result).__name__ for result in results) == ["Case", "MoveRefused"]
    assert Rating.objects.count() == 1 and case.events.filter(verb="rate").count() == 1
