"""Every move by every person in every state: allowed as the table says, else refused with nothing changed."""

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.perms import TABLE
from apps.cases import workflow, workflow_ratings
from apps.cases.forms_moves import ACTS, ICONS, NOTES, make
from apps.cases.models import Case, CaseEvent, Category, Rating
from apps.cases.workflow import MOVES, PERMISSIONS, possible_moves
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea
from tests import town as toy
from tests.cases.conftest import a_report, brought_to

ABOVE = {"county_office": {"remind", "oversee", "put_on_joint_list"}, "leader": {"oversee"}}  # whoever has it
ALLOWED = {  # state, or what makes it special -> person -> moves
    "with_deputy": {
        "deputy": {"answer_as_deputy", "pass_to_town", "pass_to_county", "note_contact", "ask_extension", "pause", "merge"},
        "town_clerk": {"hand_to_deputy", "extend", "remind"},
        "county_office": {"hand_to_deputy", *ABOVE["county_office"]}, "leader": ABOVE["leader"],
    },
    "with_town": {
        "town_clerk": {"answer_as_town", "pass_to_county", "hand_to_deputy", "note_contact", "ask_extension", "pause", "split", "merge", "turn_away"},
        "county_office": {"extend", *ABOVE["county_office"]}, "leader": ABOVE["leader"],
    },
    "with_county": {
        "county_office": {
            "answer_as_county", "hand_down", "hand_to_deputy", "pass_to_dispatcher", "note_contact", "pause", "split", "merge", "turn_away", "oversee",
            "put_on_joint_list",
        },
        "leader": ABOVE["leader"],
    },
    "with_dispatcher": {
        "dispatcher": {"return_to_county", "assign_to_unit", "note_contact", "pause", "split", "merge", "put_on_joint_list"}, **ABOVE,
    },
    "with_unit": {
        "unit_officer": {"answer_as_unit", "return_to_dispatcher", "sign", "note_contact", "ask_extension", "pause"},
        "dispatcher": {"take_back", "add_co_handler", "extend", "remind", "put_on_joint_list"}, **ABOVE,
    },
    "with_unit:water": {  # 县水利局 does not log in
        "dispatcher": {
            "answer_as_unit", "return_to_dispatcher", "sign", "note_contact", "pause", "take_back", "add_co_handler", "extend", "remind", "put_on_joint_list",
        },
        **ABOVE,
    },
    "answered": {"deputy": {"rate_handling"}},
    "closed": {"deputy": {"rate_handling"}},
}  # fmt: skip
RESIDENTS = {"rate", "reopen", "withdraw"}
BY_THEMSELVES = {"take_in", "answer_parts", "close_unrated"}


def typed(town, into: Case) -> dict:
    """All that any move may need."""
    return {
        "note": "说明写在这里。", "revision": None, "told": False, "result": "", "organisation": town.organisations["construction"], "co_handlers": [],
        "joining": None, "deputy": town.deputies["D3"], "days": 3, "consent": "县政府办", "parts": ["路灯坏了。", "路面也坏了。"], "into": into.code, "body": "office",
        "decided_on": timezone.localdate(), "score": "satisfied",
    }  # fmt: skip


@pytest.mark.parametrize("state", ALLOWED)
def test_every_move_by_everyone(state, town, people):
    name, _, unit = state.partition(":")
    case = brought_to(name, town, people, unit=unit or "construction")
    data = typed(town, brought_to(name, town, people, unit=unit or "construction"))
    if name == "with_unit" and not unit:
        data["organisation"] = town.organisations["water"]
    before, events = Case.objects.filter(pk=case.pk).values().get(), case.events.count()
    for person, user in people:
        allowed = ALLOWED[state].get(person, set())
        assert {move.verb for move in possible_moves(case, user)} == allowed, person
        for verb in PERMISSIONS:
            if verb in allowed:
                with transaction.atomic():
                    make(verb, case, user, data)
                    assert Case.objects.get(pk=case.pk).state == (MOVES.moves[verb].target or case.state), verb
                    assert case.events.last().verb == verb and case.events.last().actor == user
                    transaction.set_rollback(True)
                continue
            with pytest.raises(MoveRefused) as refusal:
                make(verb, case, user, data)
            assert str(refusal.value).endswith(("。", "？")), (person, verb)
    assert Case.objects.filter(pk=case.pk).values().get() == before
    assert case.events.count() == events


def test_the_table_and_the_permissions_name_the_same_roles():
    for verb, permission in PERMISSIONS.items():
        assert MOVES.moves[verb].roles - {None} <= TABLE[permission], verb
    assert set(PERMISSIONS) == set(MOVES.moves) - RESIDENTS - BY_THEMSELVES
    assert set(ACTS) == set(PERMISSIONS) == set(NOTES) == set(ICONS)  # every move of an office has its form, and no form is without a move
    assert {verb for verb in MOVES.moves if not MOVES.moves[verb].roles} == BY_THEMSELVES


def verbs(case: Case, user) -> set[str]:
    return {move.verb for move in possible_moves(case, user)}


def test_a_case_walks_the_whole_loop_and_everyone_is_named(town, people, clock):
    case = workflow.submit(a_report())
    assert (case.state, case.deputy.name, case.level, str(case.due_on)) == ("with_deputy", "陈安", "deputy", "2026-03-17")
    case = workflow.pass_to_town(case, people.deputy, "需要镇里协调")
    assert (case.state, case.level, case.holder()) == ("with_town", "town", "东溪镇人大")
    case = workflow.pass_to_county(case, people.town_clerk)
    assert (case.level, case.holder(), case.dispatched_at) == ("county", "县人大常委会工委", None)
    case = workflow.pass_to_dispatcher(case, people.county_office)
    assert (case.holder(), case.dispatched_at) == ("县政府办公室", clock.now)
    case = workflow.assign_to_unit(case, people.dispatcher, town.organisations["water"])
    case = workflow.return_to_dispatcher(case, people.dispatcher, "路灯不归水利管")
    assert (case.state, case.organisation, case.dispatched_at) == ("with_dispatcher", None, clock.now)
    case = workflow.assign_to_unit(case, people.dispatcher, town.organisations["construction"])
    assert case.holder() == "县住建局"
    case = workflow.answer_as_unit(case, people.unit_officer, "路灯已经修好。", told=True)
    assert (case.state, case.due_on, case.answer, case.answered_late) == ("answered", None, "路灯已经修好。", False)
    case = workflow_ratings.rate(case, "fairly")
    assert case.state == "closed" and Rating.objects.get(case=case).score == "fairly"
    verbs = [event.verb for event in case.events.order_by("pk")]
    assert verbs == [
        "submit", "pass_to_town", "pass_to_county", "pass_to_dispatcher", "assign_to_unit", "return_to_dispatcher", "assign_to_unit",
        "answer_as_unit", "rate",
    ]  # fmt: skip
    returned = case.events.get(verb="return_to_dispatcher")
    assert (returned.note, returned.data["unit"], returned.actor_label) == ("路灯不归水利管", "县水利局", "县政府办")
    assert CaseEvent.objects.broken_chains() == []


def test_each_step_has_its_own_limit_in_working_days_over_a_holiday(town, people, clock):
    clock.pass_days(20)  # Monday 30 March; 清明 is Saturday 4 to Monday 6 April
    case = workflow.submit(a_report())
    assert str(case.due_on) == "2026-04-07"  # 31, 1, 2, 3, then Tuesday
    clock.pass_days(4)
    case = workflow.pass_to_county(case, people.deputy)
    assert str(case.due_on) == "2026-04-09"  # three working days after Friday: 7, 8, 9


def test_an_answer_after_the_limit_is_marked_late_and_on_its_last_day_is_not(town, people, clock):
    punctual, late = brought_to("with_deputy", town, people), brought_to("with_deputy", town, people)
    clock.pass_days(7)
    assert not workflow.answer_as_deputy(punctual, people.deputy, "已去看过。").answered_late
    clock.pass_days(1)
    assert workflow.answer_as_deputy(late, people.deputy, "已去看过。").answered_late
    assert late.events.last().data["late"] is True


@pytest.mark.parametrize("verb", ["answer_as_unit", "return_to_dispatcher"])
@pytest.mark.parametrize("words", ["", "  \n "])
def test_an_answer_and_a_return_need_words(verb, words, town, people):
    case = brought_to("with_unit", town, people)
    with pytest.raises(MoveRefused, match="请写"):
        getattr(workflow, verb)(case, people.unit_officer, words)
    assert Case.objects.get(pk=case.pk).state == "with_unit"


def test_a_court_or_a_unit_that_handles_nothing_is_never_assigned(town, people):
    case = brought_to("with_dispatcher", town, people)
    court = Organisation.objects.create(code="COURT", name="方格县人民法院", kind="court", handles_cases=True)
    for organisation in (court, town.organisations["factory"]):
        with pytest.raises(MoveRefused, match="不是承办单位"):
            workflow.assign_to_unit(case, people.dispatcher, organisation)
    assert Case.objects.get(pk=case.pk).state == "with_dispatcher"


def test_the_town_takes_over_only_from_an_absent_or_late_deputy(town, people, clock):
    case = workflow.submit(a_report())
    with pytest.raises(MoveRefused, match="还在办理期限内"):
        workflow.take_over(case, people.town_clerk, "代表出差")
    clock.pass_days(8)
    for user in (people.other_clerk, people.mate, people.leader):
        assert "take_over" not in verbs(case, user)
    for user in (people.other_clerk, people.county_office, people.leader):
        with pytest.raises(MoveRefused):
            workflow.take_over(case, user, "超期")
    assert "take_over" in verbs(case, people.town_clerk)
    taken = workflow.take_over(case, people.town_clerk, "超期未答复")
    assert (taken.state, taken.level, taken.holder()) == ("with_town", "town", "东溪镇人大")


@pytest.mark.parametrize("state", ["with_deputy", "with_town"])
def test_the_county_takes_over_what_is_late_with_a_deputy_or_a_town(state, town, people, clock):
    case = brought_to(state, town, people)
    assert "take_over_by_county" not in verbs(case, people.county_office)
    with pytest.raises(MoveRefused, match="还在办理期限内"):
        workflow.take_over_by_county(case, people.county_office, "催办无果")
    clock.pass_days(8)
    assert "take_over_by_county" in verbs(case, people.county_office)
    with pytest.raises(MoveRefused, match="请写明"):
        workflow.take_over_by_county(case, people.county_office, " ")
    taken = workflow.take_over_by_county(case, people.county_office, "催办无果")
    assert (taken.state, taken.level) == ("with_county", "county")


def test_where_there_are_no_towns_the_county_stands_in(town, people):
    AdminArea.objects.filter(level="town").update(valid_to="2026-01-01")
    forgotten = toy.at(2.5, 1.5)
    case = workflow.submit(a_report(lon=forgotten.x, lat=forgotten.y))
    assert (case.state, case.town, case.level, case.deputy_id) == ("with_county", town.county, "county", None)
    assert case.held_by(people.county_office)
    with_deputy = workflow.submit(a_report())
    assert {"answer_as_deputy", "pass_to_county"} <= verbs(with_deputy, people.deputy) and "pass_to_town" not in verbs(with_deputy, people.deputy)
    with pytest.raises(MoveRefused, match="请提交县人大"):
        workflow.pass_to_town(with_deputy, people.deputy)
    Deputy.objects.update(user=None)
    assert "take_over_by_county" in verbs(with_deputy, people.county_office)


def test_the_town_takes_over_at_once_from_a_deputy_without_an_account(town, people):
    town.deputies["D1"].user = None
    town.deputies["D1"].save()
    case = workflow.submit(a_report())
    assert "take_over" in verbs(case, people.town_clerk)
    assert "take_over_by_county" not in verbs(case, people.county_office)  # the town first
    assert workflow.take_over(case, people.town_clerk, "代表没有账号").state == "with_town"


def test_a_case_is_rated_once_by_a_known_score_and_only_after_an_answer(town, people):
    case = brought_to("with_unit", town, people)
    with pytest.raises(MoveRefused, match="不能评价"):
        workflow_ratings.rate(case, "satisfied")
    workflow.answer_as_unit(case, people.unit_officer, "好了。")
    with pytest.raises(MoveRefused, match="选一项"):
        workflow_ratings.rate(case, "wonderful")
    workflow_ratings.rate(case, "satisfied")
    with pytest.raises(MoveRefused, match="已经评价过"):
        workflow_ratings.rate(case, "unsatisfied")
    assert [rating.score for rating in Rating.objects.all()] == ["satisfied"]


def test_only_the_holder_says_what_a_case_is_about(town, people):
    case, lights, water = workflow.submit(a_report()), Category.objects.get(code="road_facility"), Category.objects.get(code="drainage_water")
    workflow.classify(case, people.deputy, lights)
    workflow.classify(case, people.deputy, lights)  # nothing new: no second event
    for user in (people.mate, people.town_clerk, people.leader):
        with pytest.raises(MoveRefused):
            workflow.classify(case, user, water)
    case.refresh_from_db()
    assert case.category == lights and [event.verb for event in case.events.all()] == ["submit", "classify"]
    assert case.events.last().data.items() >= {"before": "未分类", "category": "道路与市政设施"}.items()
