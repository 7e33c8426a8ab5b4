"""The loop of a finding: every move in the table and none other, whose it is, what it writes, who is told, and what the clock does."""

import datetime as dt
from itertools import product

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.models import Role
from apps.deputies.models import Mandate
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.supervision import workflow_findings as workflow
from apps.supervision import workflow_limits as limits
from apps.supervision.evaluation import Asked, evaluate
from apps.supervision.findings import Finding, FindingEvent, Oversight
from apps.supervision.forms_findings import MoveForm
from apps.worktime.models import CalendarDay
from apps.worktime.periods import between
from tests import town as toy
from tests.cases.conftest import Clock, People, add_people
from tests.cases.conftest import clock as clock  # the fixture, under its own name
from tests.supervision.findings_case import WRONG, a_visit, brought_to, set_limits

ADVANCED = ("raised", "with_dispatcher", "with_unit", "answered", "closed")


@pytest.fixture
def people(town: toy.Town, users: toy.Users) -> People:
    set_limits()
    return add_people(town, users)


def told(user) -> list[str]:
    return list(Notice.objects.visible_to(user).order_by("pk").values_list("title", flat=True))


def on(days: int) -> dt.date:
    return CalendarDay.objects.add_working_days(toy.TODAY, days)


def test_from_what_was_found_to_what_was_seen_put_right(town, people) -> None:
    finding = brought_to("raised", town, people)
    assert (finding.raised_by, finding.follower, finding.town, finding.due_on) == (town.deputies["D1"], town.deputies["D1"], town.towns["A"], on(3))
    assert told(people.county_office) == ["新发现的问题待转交（较重）"] and told(people.dispatcher) == []

    finding = workflow.forward(finding, people.county_office, "请交办。")
    assert (finding.state, finding.holder(), finding.due_on) == ("with_dispatcher", "县政府办公室", on(5))
    assert told(people.dispatcher) == ["县人大转来一个问题，请交办"]

    finding = workflow.assign(finding, people.dispatcher, town.organisations["construction"], co_handlers=[town.organisations["town_a"]], days=4)
    assert (finding.state, finding.holder(), finding.due_on, finding.rectify_by) == ("with_unit", "县住建局", on(4), on(4))
    assert [part.organisation for part in finding.joining.all()] == [town.organisations["town_a"]]
    assert told(people.unit_officer) == [f"县政府办交办一个问题，请在 {on(4)} 前整改并答复"]
    assert told(people.other_unit) == ["请会办：主办单位是县住建局"]
    assert told(people.deputy)[-1] == "您提出的问题已交办县住建局"

    workflow.give_opinion(finding, people.other_unit, "镇里已清走泥土。")
    finding = workflow.answer(finding, people.unit_officer, "已经盖好。")
    assert (finding.state, finding.holder(), finding.late, finding.due_on) == ("answered", "陈安代表", False, on(5))
    assert told(people.deputy)[-1] == "县住建局答复了整改情况，请到现场确认"

    finding = workflow.confirm(finding, people.deputy, "put_right", visit=a_visit(town))
    assert (finding.state, finding.result, finding.due_on, finding.is_open) == ("closed", "put_right", None, False)
    assert told(people.unit_officer)[-1] == "问题已办结：整改到位" and "问题已办结：整改到位" not in told(people.deputy)
    assert list(finding.events.values_list("verb", flat=True)) == ["raise", "forward", "assign", "give_opinion", "answer", "confirm"]
    assert [event.data["state"] for event in finding.events.all()] == ["raised", "with_dispatcher", "with_unit", "with_unit", "answered", "closed"]
    assert FindingEvent.objects.broken_chains() == []
    assert (Finding.objects.put_right_in_time().count(), Finding.objects.open().count()) == (1, 0)


def test_every_move_is_in_the_table_for_its_states_and_roles_only(town, people) -> None:
    """All states times all moves times all people: what the page offers is what the verb accepts, and nothing else changes a row."""
    tries = {
        "forward": lambda f, u: workflow.forward(f, u), "decline": lambda f, u: workflow.decline(f, u, "不属实"), "withdraw": lambda f, u: workflow.withdraw(f, u, "看错了"),
        "assign": lambda f, u: workflow.assign(f, u, town.organisations["construction"]), "answer": lambda f, u: workflow.answer(f, u, "改好了"),
        "return_to_dispatcher": lambda f, u: workflow.return_to_dispatcher(f, u, "不归我管"), "take_back": lambda f, u: workflow.take_back(f, u, "另派"),
        "confirm": lambda f, u: workflow.confirm(f, u, "put_right"), "send_back": lambda f, u: workflow.send_back(f, u, "没改好"),
        "ask_extension": lambda f, u: limits.ask_extension(f, u, 5, "下雨"), "remind": lambda f, u: limits.remind(f, u),
        "hand_to": lambda f, u: workflow.hand_to(f, u, town.deputies["D3"], "出差"),
    }  # fmt: skip
    accepted = set()
    there = {state: brought_to(state, town, people).pk for state in ADVANCED}
    for state, (verb, act), (name, user) in product(ADVANCED, tries.items(), people):
        with transaction.atomic():
            finding = Finding.objects.get(pk=there[state])
            before = finding.revision, finding.events.count()
            offered = user.role in Role.values and verb in {move.verb for move in workflow.possible_moves(finding, user)}
            try:
                act(finding, user)
            except MoveRefused:
                finding.refresh_from_db()
                assert (finding.revision, finding.events.count(), finding.state) == (*before, state), (state, verb, name)
                assert not offered, (state, verb, name)
            else:
                accepted.add((state, verb, name))
                assert offered, (state, verb, name)
            transaction.set_rollback(True)
    assert accepted == {
        ("raised", "forward", "county_office"), ("raised", "decline", "county_office"), ("raised", "withdraw", "deputy"),
        ("with_dispatcher", "assign", "dispatcher"), ("with_unit", "answer", "unit_officer"), ("with_unit", "return_to_dispatcher", "unit_officer"),
        ("with_unit", "ask_extension", "unit_officer"), ("with_unit", "take_back", "dispatcher"), ("answered", "confirm", "deputy"), ("answered", "send_back", "deputy"),
        *((state, "hand_to", "county_office") for state in ("raised", "with_dispatcher", "with_unit", "answered")),
        *((state, "remind", who) for state in ("with_unit", "answered") for who in ("county_office", "dispatcher")), ("with_dispatcher", "remind", "county_office"),
    }  # fmt: skip


def test_who_sees_a_finding(town, people) -> None:
    seen = {}
    for state in ADVANCED:
        finding = brought_to(state, town, people)
        seen[state] = {name for name, user in people if Finding.objects.visible_to(user).filter(pk=finding.pk).exists()}
    inside = {"deputy", "mate", "town_clerk", "county_office", "leader"}
    assert seen["raised"] == inside
    assert seen["with_dispatcher"] == inside | {"dispatcher"}
    assert seen["with_unit"] == seen["answered"] == seen["closed"] == inside | {"dispatcher", "unit_officer"}


def test_what_is_not_passed_on_is_explained_to_the_deputy(town, people) -> None:
    finding = brought_to("raised", town, people)
    with pytest.raises(MoveRefused, match="理由"):
        workflow.decline(finding, people.county_office, "  ")
    workflow.decline(finding, people.county_office, "不属于监督范围，已建议走民情件。")
    notice = Notice.objects.visible_to(people.deputy).get()
    assert notice.title == "您提出的问题没有转交" and "已建议走民情件" in notice.body and notice.path == finding.get_absolute_url()


def test_merged_findings_are_answered_each(town, people) -> None:
    main, second = brought_to("raised", town, people), workflow.raise_finding(people.mate, a_visit(town, "D3"), "同一处边坡又塌了。", 1)
    elsewhere = workflow.raise_finding(people.mate, a_visit(town, "D3", "K2"), "脚手架没有防护。", 1)
    for wrong in (second, elsewhere):
        with pytest.raises(MoveRefused, match="同一监督事项"):
            workflow.merge(second, people.county_office, wrong)
    second = workflow.merge(second, people.county_office, main, "同一处")
    assert (second.state, second.merged_into, second.is_open) == ("merged", main, False)
    with pytest.raises(MoveRefused, match="并到这里一起办理"):  # it is another deputy's too now
        workflow.withdraw(main, people.deputy, "看错了")
    people.mate.deputy.group = None
    people.mate.deputy.save()
    assert set(Finding.objects.visible_to(people.mate)) == {main, second, elsewhere}, "what he is told of, he can open"
    main = workflow.forward(main, people.county_office)
    main = workflow.assign(main, people.dispatcher, town.organisations["construction"])
    main = workflow.answer(main, people.unit_officer, "都修好了。")
    assert told(people.mate)[-1] == "县住建局答复了整改情况，请到现场确认"
    workflow.confirm(main, people.deputy, "put_right")
    assert told(people.mate)[-1] == "问题已办结：整改到位"
    assert FindingEvent.objects.broken_chains() == []


def test_a_unit_gives_it_back_to_the_dispatcher_only_and_only_in_time(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    finding = workflow.return_to_dispatcher(finding, people.unit_officer, "边坡由县水利局负责。")
    assert (finding.state, finding.lead, finding.rectify_by, finding.due_on) == ("with_dispatcher", None, None, on(5))
    assert told(people.dispatcher)[-1] == "县住建局退回了一个问题，请重新交办"
    assert not Finding.objects.visible_to(people.unit_officer).exists()

    finding = workflow.assign(finding, people.dispatcher, town.organisations["construction"])
    clock.pass_days(6)
    with pytest.raises(MoveRefused, match="退回的期限"):
        workflow.return_to_dispatcher(finding, people.unit_officer, "还是不归我管。")
    assert workflow.take_back(finding, people.dispatcher, "改交县水利局。").state == "with_dispatcher"


def test_a_limit_that_has_passed_stays_passed_when_the_matter_is_given_back(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    first = finding.lead
    clock.pass_days((finding.rectify_by - timezone.localdate()).days + 1)
    finding = workflow.take_back(finding, people.dispatcher, "改交县水利局。")
    assert (finding.late, finding.late_with) == (True, first)
    finding = workflow.assign(finding, people.dispatcher, town.organisations["water"])
    today = timezone.localdate()
    of_topic, of_units = (
        {row.code: row for row in evaluate(Asked(by, between(toy.TODAY - dt.timedelta(days=60), today))).rows} for by in ("topic", "unit")
    )
    assert of_topic[finding.topic.code].late_open == 1  # the matter is late
    assert of_units[town.organisations["water"].code].late_open == 0  # whoever has it now is not


def test_a_unit_that_joins_in_gives_its_opinion_and_no_answer(town, people) -> None:
    finding = brought_to("with_unit", town, people, join=("town_a", "water"))
    assert {move.verb for move in workflow.possible_moves(finding, people.other_unit)} == {"give_opinion"}
    with pytest.raises(MoveRefused, match="您的单位只提会办意见"):
        workflow.answer(finding, people.other_unit, "我们修好了。")
    workflow.give_opinion(finding, people.other_unit, "镇里配合。")
    with pytest.raises(MoveRefused, match="哪个会办单位"):
        workflow.give_opinion(finding, people.dispatcher, "代录")
    workflow.give_opinion(finding, people.dispatcher, "水利局电话告知无意见。", unit=town.organisations["water"])
    assert [part.opinion for part in finding.joining.all()] == ["镇里配合。", "水利局电话告知无意见。"]
    assert finding.events.last().data["by_clerk"] is True


def test_the_clerk_enters_the_answer_of_a_unit_that_does_not_log_in(town, people) -> None:
    finding = brought_to("with_unit", town, people, unit="water")
    assert Finding.objects.waiting_for(people.dispatcher).get() == finding
    assert told(people.dispatcher)[-1].startswith("县政府办交办一个问题")
    workflow.answer(finding, people.dispatcher, "水利局来电：已完成。")
    assert finding.events.last().data["by_clerk"] is True
    spoken_for = brought_to("with_unit", town, people)
    with pytest.raises(MoveRefused, match=r"由它答复|不由您办理"):
        workflow.answer(spoken_for, people.dispatcher, "替住建局答复")


def test_the_office_confirms_for_a_deputy_without_an_account_only(town, people) -> None:
    finding = brought_to("answered", town, people)
    with pytest.raises(MoveRefused, match="不由您办理"):
        workflow.confirm(finding, people.county_office, "put_right")
    people.deputy.is_active = False
    people.deputy.save()
    assert Finding.objects.waiting_for(people.county_office).get() == finding
    workflow.confirm(finding, people.county_office, "explained", "陈安代表电话认可。")
    assert finding.events.last().data["by_clerk"] is True


def test_a_courts_or_an_ended_unit_is_never_the_lead(town, people) -> None:
    finding = brought_to("with_dispatcher", town, people)
    town.organisations["water"].closed_on = toy.TODAY
    town.organisations["water"].save()
    town.organisations["construction"].kind = "court"
    town.organisations["construction"].save()
    for name in ("water", "construction", "factory"):
        with pytest.raises(MoveRefused, match="不是承办单位"):
            workflow.assign(finding, people.dispatcher, town.organisations[name])
    for days in (0, 251, -3):
        with pytest.raises(MoveRefused, match="1 到 250"):
            workflow.assign(finding, people.dispatcher, town.organisations["town_a"], days=days)


def test_sent_back_with_a_new_limit_and_late_stays_late(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    clock.pass_days(30)
    finding = workflow.answer(finding, people.unit_officer, "晚了，已修。")
    assert finding.late
    finding = workflow.send_back(finding, people.deputy, "没盖全。")
    today = clock.now.date()
    assert (finding.state, finding.sent_back, finding.rectify_by) == ("with_unit", 1, CalendarDay.objects.add_working_days(today, 6))
    finding = workflow.answer(finding, people.unit_officer, "盖全了。")
    finding = workflow.confirm(finding, people.deputy, "put_right")
    assert finding.late and not Finding.objects.put_right_in_time().exists()


def test_more_time_is_asked_for_before_the_limit_and_granted_by_the_dispatcher(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    limits.ask_extension(finding, people.unit_officer, 5, "连日下雨。")
    with pytest.raises(MoveRefused, match="已经申请"):
        limits.ask_extension(finding, people.unit_officer, 9, "再要。")
    assert finding in Finding.objects.waiting_for(people.dispatcher)
    with pytest.raises(MoveRefused):
        limits.grant_extension(finding, people.unit_officer)
    finding = limits.grant_extension(finding, people.dispatcher)
    assert (finding.rectify_by, finding.due_on, finding.extensions, finding.extension_days) == (on(15), on(15), 1, None)
    assert told(people.deputy)[-1] == f"整改期限延到 {on(15)}"
    limits.ask_extension(finding, people.unit_officer, 5, "再要。")
    assert limits.refuse_extension(finding, people.dispatcher, "不再延。").rectify_by == on(15)
    clock.pass_days(60)
    with pytest.raises(MoveRefused, match="已过"):
        limits.ask_extension(finding, people.unit_officer, 5, "太晚")


def test_reminders_are_counted_and_not_heaped(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    finding = limits.remind(finding, people.county_office, "请抓紧。")
    assert finding.reminders == 1 and told(people.unit_officer)[-1].startswith("催办")
    with pytest.raises(MoveRefused, match="可以再催"):
        limits.remind(finding, people.dispatcher)
    clock.pass_days(2)
    assert limits.remind(finding, people.dispatcher).reminders == 2


def test_oversight_is_a_decision_about_what_did_not_move(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    decide = lambda who=people.county_office, day=None: limits.oversee(finding, who, "council", day or clock.now.date(), "限期整改。")  # noqa: E731
    with pytest.raises(MoveRefused, match="还没有超期"):
        decide()
    clock.pass_days(30)
    for day, said in ((clock.now.date() + dt.timedelta(days=1), "不能在今天以后"), (dt.date(2026, 3, 1), "早于")):
        with pytest.raises(MoveRefused, match=said):
            decide(day=day)
    with pytest.raises(MoveRefused, match="岗位"):
        decide(who=people.dispatcher)
    decide(who=people.leader)
    assert Oversight.objects.get().get_body_display() == "县人大常委会主任会议"
    assert told(people.unit_officer)[-1] == told(people.dispatcher)[-1] == "县人大常委会主任会议决定督办"
    with pytest.raises(MoveRefused, match="已经决定督办过"):
        decide()


def test_the_clock_tells_once_of_each_limit(town, people, clock: Clock) -> None:
    finding = brought_to("with_unit", town, people)
    clock.pass_days(13)  # Monday; due on Tuesday
    assert limits.watch_limits(clock.now.date())["soon"] == 1
    limits.watch_limits(clock.now.date())
    assert told(people.unit_officer).count(f"{finding.due_on} 到期") == 1
    clock.pass_days(2)
    assert limits.watch_limits(clock.now.date())["late"] == 1
    assert limits.watch_limits(clock.now.date())["late"] == 0
    assert list(finding.events.values_list("verb", flat=True))[-1] == "fall_overdue"
    for user in (people.unit_officer, people.county_office, people.dispatcher):
        assert sum(title.startswith("已超期：县住建局") for title in told(user)) == 1
    finding.refresh_from_db()
    workflow.answer(finding, people.unit_officer, "修好了。", revision=finding.revision)  # the note of the clock is no move


def test_a_unit_that_ends_gives_back_what_it_has(town, people, clock: Clock) -> None:
    finding, answered = brought_to("with_unit", town, people), brought_to("answered", town, people)
    with pytest.raises(MoveRefused):
        limits.end_unit(people.county_office, town.organisations["construction"], toy.TODAY)
    assert limits.end_unit(people.dispatcher, town.organisations["construction"], toy.TODAY) == 1
    finding.refresh_from_db()
    assert (finding.state, finding.lead) == ("with_dispatcher", None)
    assert "撤销" in finding.events.last().note and told(people.dispatcher)[-1] == "承办单位已撤销，请重新交办"
    with pytest.raises(MoveRefused, match="已经撤销"):
        workflow.send_back(answered, people.deputy, "没改好")
    with pytest.raises(MoveRefused, match="已登记"):
        limits.end_unit(people.dispatcher, town.organisations["construction"], toy.TODAY)
    assert limits.watch_limits(toy.TODAY)["orphaned"] == 0


def test_a_deputy_who_leaves_is_followed_by_another(town, people) -> None:
    finding = brought_to("with_unit", town, people)
    Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=toy.TODAY)
    assert limits.watch_limits(toy.TODAY)["unfollowed"] == 1
    assert told(people.county_office)[-1] == "陈安代表已不在任，请改由另一位代表跟进"
    with pytest.raises(MoveRefused, match="不在任"):
        workflow.hand_to(finding, people.county_office, town.deputies["D1"], "还是他")
    offered = [code for code, _ in MoveForm(finding, people.county_office, {"hand_to"}).fields["deputy"].choices]
    assert "D3" in offered and "D1" not in offered
    finding = workflow.hand_to(finding, people.county_office, town.deputies["D3"], "陈安代表离任。")
    assert finding.follower == town.deputies["D3"] and told(people.mate)[-1] == "请您跟进一个问题的整改"
    finding = workflow.answer(finding, people.unit_officer, "修好了。")
    assert workflow.confirm(finding, people.mate, "put_right").state == "closed"


def test_only_a_deputy_who_was_there_raises(town, people) -> None:
    visit = a_visit(town)
    with pytest.raises(MoveRefused, match="参加走访"):
        workflow.raise_finding(people.other_deputy, visit, WRONG, 1)
    for text, severity in (("   ", 1), (WRONG, 7), ("长" * 2001, 1)):
        with pytest.raises(MoveRefused):
            workflow.raise_finding(people.deputy, visit, text, severity)
    entered = workflow.raise_finding(people.county_office, visit, WRONG, 3)  # the office writes what an inspection found
    assert (entered.raised_by, entered.entered_by) == (town.deputies["D1"], people.county_office)


def test_acting_on_what_has_changed_is_refused(town, people) -> None:
    finding = brought_to("with_unit", town, people)
    seen = finding.revision
    limits.remind(finding, people.county_office)
    with pytest.raises(MoveRefused, match="刚刚有人办过"):
        workflow.answer(finding, people.unit_officer, "答复", revision=seen)
    finding.refresh_from_db()
    assert workflow.answer(finding, people.unit_officer, "答复", revision=finding.revision).state == "answered"


@pytest.mark.parametrize("statement", ["UPDATE supervision_findingevent SET note = 'x'", "DELETE FROM supervision_findingevent"])
def test_the_database_refuses_to_change_a_history(town, people, statement) -> None:
    brought_to("raised", town, people)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
