"""Who sees what, by named people: a group its own, a town its own, a unit its own; a contact only while one holds the case."""

import pytest

from apps.cases import workflow
from apps.cases.models import Case, Reporter
from tests.cases.conftest import a_report, brought_to

ALWAYS = {"deputy", "mate", "town_clerk", "county_office", "leader"}  # the deputy, his group, the town, the county, its leaders
SEEN = {
    "with_deputy": ALWAYS,
    "with_town": ALWAYS,
    "with_county": ALWAYS,
    "with_dispatcher": ALWAYS | {"dispatcher"},
    "with_unit": ALWAYS | {"dispatcher", "unit_officer"},
    "answered": ALWAYS | {"dispatcher", "unit_officer"},
    "closed": ALWAYS | {"dispatcher", "unit_officer"},
}
HELD = {"with_deputy": "deputy", "with_town": "town_clerk", "with_county": "county_office", "with_dispatcher": "dispatcher", "with_unit": "unit_officer"}


@pytest.mark.parametrize("state", SEEN)
def test_who_sees_a_case_and_who_holds_it(state, town, people):
    case = brought_to(state, town, people)
    assert {name for name, user in people if Case.objects.visible_to(user).filter(pk=case.pk).exists()} == SEEN[state]
    holder = {HELD[state]} if state in HELD else set()
    assert {name for name, user in people if case.held_by(user)} == holder
    assert {name for name, user in people if Case.objects.waiting_for(user).exists()} == holder
    assert {name for name, user in people if case.reporter_for(user)} == holder
    for name, user in people:  # no row twice, whatever the joins
        assert Case.objects.visible_to(user).count() == (name in SEEN[state])


def test_a_unit_that_gave_a_case_back_no_longer_sees_it(town, people):
    case = workflow.return_to_dispatcher(brought_to("with_unit", town, people), people.unit_officer, "不归我管")
    assert not Case.objects.visible_to(people.unit_officer).exists()
    assert case.reporter_for(people.unit_officer) is None


def test_the_dispatcher_holds_for_a_unit_that_does_not_log_in(town, people):
    case = brought_to("with_unit", town, people, unit="water")
    assert {name for name, user in people if case.held_by(user)} == {"dispatcher"}


def test_a_unit_whose_last_account_is_closed_leaves_nobody_waiting(town, people):
    case = brought_to("with_unit", town, people)
    assert not case.held_by(people.dispatcher)
    people.unit_officer.is_active = False
    people.unit_officer.save()
    assert case.held_by(people.dispatcher)


def test_a_hidden_name_stays_with_the_congress(town, people):
    known, hidden = Reporter("李梅", "13900001111"), Reporter("", "13900001111")
    for hide, shown in ((True, hidden), (False, known)):
        case = workflow.submit(a_report(hide_name=hide))
        assert case.reporter_for(people.deputy) == known
        case = workflow.pass_to_county(case, people.deputy)
        assert case.reporter_for(people.county_office) == known
        case = workflow.pass_to_dispatcher(case, people.county_office)
        assert case.reporter_for(people.dispatcher) == shown
        case = workflow.assign_to_unit(case, people.dispatcher, town.organisations["construction"])
        assert case.reporter_for(people.unit_officer) == shown


def test_a_leader_never_sees_a_contact_even_if_he_held_a_case(town, people, monkeypatch):
    case = workflow.submit(a_report())
    monkeypatch.setattr(Case, "held_by", lambda self, user: True)
    assert case.reporter_for(people.leader) is None and case.reporter_for(people.town_clerk) is not None


def test_a_user_without_role_or_scope_sees_nothing(town, people):
    workflow.submit(a_report())
    people.county_office.scope = ""
    assert not Case.objects.visible_to(people.stranger).exists() and not Case.objects.visible_to(people.county_office).exists()
