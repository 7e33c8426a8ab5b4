"""A change of the calendar reaches the findings that units have to put right."""

import datetime as dt

import pytest

from apps.supervision import workflow_limits as limits
from apps.supervision.findings import Finding, FindingEvent
from apps.supervision.findings_listing import history
from apps.worktime import workflow
from tests import town as toy
from tests.cases.conftest import Clock, People, add_people
from tests.cases.conftest import clock as clock  # the fixture, under its own name
from tests.supervision.findings_case import brought_to, set_limits


@pytest.fixture
def people(town: toy.Town, users: toy.Users) -> People:
    set_limits()
    return add_people(town, users)


@pytest.fixture
def finding(town, people: People, clock: Clock) -> Finding:
    """With the unit since 10 March 2026, for ten working days."""
    found = brought_to("with_unit", town, people)
    assert found.rectify_by == found.due_on == dt.date(2026, 3, 24)
    return found


def off(user, day: int) -> list[dt.date]:
    changed = workflow.change_days(user, 2026, {dt.date(2026, 3, day): (False, "停工")}, "防汛停工")
    return [moved.after for moved in changed.limits]


def test_the_limit_of_a_finding_moves_along(finding, people):
    assert off(people.county_office, 12) == [dt.date(2026, 3, 25)]
    finding.refresh_from_db()
    assert finding.rectify_by == finding.due_on == dt.date(2026, 3, 25)
    assert any(step.title == "期限改为 2026-03-25（原为 2026-03-24）" and "防汛停工" in step.note for step in history(finding))
    assert off(people.county_office, 13) == [dt.date(2026, 3, 26)]
    assert FindingEvent.objects.broken_chains() == []


def test_an_extended_limit_keeps_its_working_days(finding, people):
    limits.ask_extension(finding, people.unit_officer, 5, "连日下雨。")
    finding = limits.grant_extension(Finding.objects.get(pk=finding.pk), people.dispatcher)
    assert finding.rectify_by == dt.date(2026, 3, 31)
    assert off(people.county_office, 30) == [dt.date(2026, 4, 1)]
    assert off(people.county_office, 9) == []


def test_what_is_closed_stays(town, people, finding):
    Finding.objects.filter(pk=finding.pk).update(state="withdrawn")
    assert off(people.county_office, 12) == []
