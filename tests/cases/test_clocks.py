"""The clocks of a case: what runs in each step, standing still, being met, late or not, by numbers counted by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from apps.cases import clocks, escalation, workflow, workflow_limits, workflow_units
from apps.cases.clocks import Clock
from apps.cases.escalation_rules import EscalationRule
from apps.cases.models import Case, CaseEvent, Category
from apps.record.states import MoveRefused
from apps.worktime.models import CalendarDay, TimeLimit
from tests.cases.conftest import a_report, brought_to
from tests.conftest import public_role

K = Clock.Kind


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def running(case: Case) -> dict[str, str]:
    return {clock.kind: str(clock.due_on) for clock in Clock.objects.running().filter(case=case)}


def test_what_runs_in_each_step(town, people, clock):
    """Filed on Tuesday 10 March; three working days to be in touch, five to answer; a unit signs within one."""
    case = brought_to("with_deputy", town, people)
    assert running(case) == {"contact": "2026-03-13", "answer": "2026-03-17"} and case.due_on == on("2026-03-17")
    case = workflow.pass_to_county(case, people.deputy, "超出代表能力")
    assert running(case) == {"answer": "2026-03-13"} and case.due_on == on("2026-03-13")
    case = workflow.pass_to_dispatcher(case, people.county_office)
    clock.pass_days(1)
    case = workflow.assign_to_unit(case, people.dispatcher, town.organisations["construction"])
    assert running(case) == {"sign": "2026-03-12", "contact": "2026-03-16", "answer": "2026-03-18", "return": "2026-03-18"}
    assert case.due_on == on("2026-03-18")
    case = workflow_units.sign(case, people.unit_officer)
    assert "sign" not in running(case) and case.due_on == on("2026-03-18")
    case = workflow.answer_as_unit(case, people.unit_officer, "路灯已经修好。")
    assert running(case) == {"rate": "2026-04-09"} and case.due_on is None  # twenty working days; 清明 on 6 April
    ended = Clock.objects.exclude(ended_at=None)
    assert not ended.filter(late=True).exists() and ended.filter(met_at=None).values_list("kind", flat=True).distinct().count() == 2  # contact, return
    assert {(each.step, each.deputy_id, each.organisation_id) for each in ended if each.kind == K.ANSWER} == {
        ("with_deputy", town.deputies["D1"].pk, None), ("with_county", None, None), ("with_dispatcher", None, None),
        ("with_unit", None, town.organisations["construction"].pk),
    }  # fmt: skip


def test_a_pause_over_a_worked_saturday(town, people, clock):
    """Assigned on Tuesday 10 February 2026: five working days are 11, 12, 13, the worked Saturday 14, and Tuesday 24 after the holidays.
    Asked on Wednesday 11 (four left), supplied on Saturday 14: 24, 25, 26, 27 — and Saturday 28 is worked too, but not needed."""
    clock.now = at("2026-02-10T09:00")
    case = brought_to("with_unit", town, people)
    assert case.due_on == on("2026-02-24")
    clock.now = at("2026-02-11T16:00")
    case = workflow_limits.pause(case, people.unit_officer, "是哪一盏灯？")
    assert case.due_on is None and Clock.objects.overdue(on("2026-03-30")).count() == 0
    assert not clocks.is_late(case, at("2026-03-30T09:00"))
    clock.now = at("2026-02-14T10:00")
    case = workflow_limits.supply(case, "村口第三盏。", people.unit_officer)
    assert case.due_on == on("2026-02-27")
    answer = Clock.objects.running().get(case=case, kind=K.ANSWER)
    assert (answer.paused_days, answer.pauses, str(answer.base_on)) == (3, [["2026-02-11", "2026-02-14"]], "2026-02-24")
    clock.now = at("2026-02-27T17:59")
    case = workflow.answer_as_unit(case, people.unit_officer, "修好了。")
    assert not case.answered_late and not Clock.objects.get(pk=answer.pk).late


def test_the_calendar_changes_while_it_stood_still(town, people, clock, users):
    """The worked Saturday is taken out of the middle of a pause: what was left is left, no day is lost."""
    from apps.worktime.workflow import change_days

    clock.now = at("2026-02-10T09:00")
    case = brought_to("with_unit", town, people)
    clock.now = at("2026-02-12T09:00")
    case = workflow_limits.pause(case, people.unit_officer, "是哪一盏灯？")  # three left: 13, 14, 24
    clock.now = at("2026-02-24T09:00")
    case = workflow_limits.resume(case, people.unit_officer, "不等了")
    assert case.due_on == on("2026-02-27")  # 25, 26, 27
    change_days(users.county_office, 2026, {on("2026-02-14"): (False, "不调休")}, "演练")
    case.refresh_from_db()
    # Five working days without the Saturday end on 25 February: on the 12th three were left still (13, 24, 25).
    assert case.due_on == on("2026-02-27") and Clock.objects.running().get(case=case, kind=K.ANSWER).paused_days == 2
    change_days(users.county_office, 2026, {on("2026-02-26"): (False, "停工")}, "演练")
    case.refresh_from_db()
    assert case.due_on == on("2026-02-28") and case.events.filter(verb="recount").count() == 1  # the other worked Saturday


def test_late_when_stopped_stays_late(town, people, clock):
    case = brought_to("with_unit", town, people)
    clock.pass_days(9)  # Thursday 19 March; due was Tuesday 17
    case = workflow_limits.pause(case, people.unit_officer, "是哪一盏灯？")
    assert case.due_on is None and clocks.is_late(case, clock.now)
    clock.pass_days(7)
    case = workflow_limits.resume(case, people.unit_officer, "不等了")
    assert case.due_on == on("2026-03-17")
    case = workflow.answer_as_unit(case, people.unit_officer, "修好了。")
    assert case.answered_late and Clock.objects.get(case=case, kind=K.ANSWER, step="with_unit").late


def test_who_was_relieved_has_not_done_it(town, people, clock):
    case = brought_to("with_deputy", town, people)
    clock.pass_days(8)
    case = workflow.take_over(case, people.town_clerk, "代表没有回应")
    old = Clock.objects.get(case=case, kind=K.ANSWER, step="with_deputy")
    assert old.late and old.met_at is None and running(case) == {"answer": "2026-03-25"}


def test_an_extension_has_a_longest_day(town, people, clock):
    """Twenty working days from the assignment on 10 March, past 清明: 8 April."""
    case = brought_to("with_unit", town, people)
    assert clocks.latest_extension(case) == on("2026-04-08")
    with pytest.raises(MoveRefused, match="最多延到 2026-04-08"):
        workflow_limits.extend(case, people.dispatcher, 16, "县政府办")
    case.refresh_from_db()
    assert case.due_on == on("2026-03-17")
    case = workflow_limits.extend(case, people.dispatcher, 15, "县政府办")
    assert case.due_on == on("2026-04-08") and Clock.objects.running().get(case=case, kind=K.ANSWER).extended_on == on("2026-03-10")
    with pytest.raises(MoveRefused, match="在它和今天以后"):
        clocks.extend(case, K.ANSWER, on("2026-04-08"), clock.now)


def test_the_limit_of_its_level_and_category(town, people, clock):
    category = Category.objects.filter(level=2).first()
    TimeLimit.objects.create(step="with_deputy", level="", topic=category.level1, label="代表答复或转交", amount=2)
    TimeLimit.objects.create(step="with_county", level="county", topic="", label="县", amount=8)
    case = workflow.submit(a_report(category=category))
    assert case.due_on == on("2026-03-12")
    case = workflow.pass_to_county(case, people.deputy, "超出代表能力")
    assert case.due_on == on("2026-03-20")
    assert workflow.submit(a_report(text="另一件")).due_on == on("2026-03-17") or Case.objects.latest("pk").category_id  # sorted by itself perhaps


def test_a_stage_without_a_limit_runs_no_clock(town, people):
    TimeLimit.objects.filter(step__in=("deputy_contact", "unit_sign")).delete()
    assert running(brought_to("with_deputy", town, people)) == {"answer": "2026-03-17"}


def test_one_of_a_kind_runs(town, people):
    case = brought_to("with_unit", town, people)
    for _ in range(3):
        clocks.begin(case, at("2026-03-10T10:00"))
    assert sorted(running(case)) == ["answer", "contact", "return", "sign"]
    clocks.end(case, at("2026-03-10T11:00"))
    assert running(case) == {} and not Clock.objects.filter(late=True).exists()


def test_an_opinion_has_its_own(town, people, clock):
    case = brought_to("with_unit", town, people)
    case = workflow_units.add_co_handler(case, people.dispatcher, town.organisations["town_a"], "路灯在村里")
    opinion = Clock.objects.running().get(case=case, kind=K.OPINION)
    assert opinion.organisation == town.organisations["town_a"] and str(opinion.due_on) == "2026-03-13"
    clock.pass_days(6)
    workflow_units.give_opinion(case, people.other_unit, "电由我们接。")
    opinion.refresh_from_db()
    assert opinion.late and opinion.met_at
    case.refresh_from_db()
    assert case.due_on == on("2026-03-17")  # the lead's own


def test_the_public_role_moves_clocks(town, people, clock):
    case = brought_to("with_unit", town, people)
    workflow_limits.pause(case, people.unit_officer, "是哪一盏灯？")
    clock.pass_days(1)
    with public_role():
        followed = Case.objects.followed(case.follow_code).get()
        assert workflow_limits.supply(followed, "第三盏。").due_on == on("2026-03-18")


def test_numbers_of_queries(town, people, django_assert_max_num_queries):
    case = brought_to("with_deputy", town, people)
    Category.objects.get(pk=case.category_id) if case.category_id else None
    with django_assert_max_num_queries(6):  # what runs, its end, limits, calendar, what begins
        clocks.begin(case, at("2026-03-11T09:00"))
    with django_assert_max_num_queries(1):
        clocks.pause(case, at("2026-03-11T09:00"))
    with django_assert_max_num_queries(4):  # bulk_update brings its savepoint
        clocks.resume(case, at("2026-03-12T09:00"))


def test_past_clocks_are_read_from_the_history(town, people, clock):
    """As an import writes them, and the migration for what was there: the same steps, days and outcomes as were kept."""
    from apps.record.staging import execute

    case = brought_to("with_deputy", town, people)
    clock.pass_days(8)
    workflow.take_over(case, people.town_clerk, "代表没有回应")
    other = brought_to("answered", town, people, text="另一件事：水管漏水。")
    kept = list(_told())
    Clock.objects.filter(kind=K.ANSWER).delete()
    for _ in range(2):
        execute("SELECT cases_write_past_clocks(%s)", [[case.pk, other.pk]])
        assert list(_told()) == kept


def test_a_history_that_goes_on_ends_the_clock_that_was_kept(town, people, clock):
    """A file that knows more of a case: what was told on by a rule stays with its clock."""
    from apps.record.staging import execute

    case = brought_to("with_deputy", town, people)
    clock.pass_days(3)
    rule = EscalationRule.objects.create(step="with_deputy", days=-2, to="holder", since=on("2026-03-10"))
    assert escalation.watch(clock.now)["tell"] >= 1
    kept = Clock.objects.get(case=case, kind=K.ANSWER)
    CaseEvent.objects.append(case, "pass_to_county", at=clock.now, state="with_county", due_on="2026-03-18", holder="县")
    Case.objects.filter(pk=case.pk).update(state="with_county", due_on="2026-03-18")
    execute("SELECT cases_write_past_clocks(%s)", [[case.pk]])
    kept.refresh_from_db()
    assert kept.ended_at == kept.met_at == clock.now and kept.escalations.filter(rule=rule).count() == 1
    assert str(Clock.objects.running().get(case=case, kind=K.ANSWER).due_on) == "2026-03-18"


def _told():
    fields = ("case", "step", "deputy", "organisation", "started_on", "due_on", "met_at", "ended_at", "late")
    return Clock.objects.filter(kind=K.ANSWER).order_by("case", "pk").values_list(*fields)


def test_official_days_hold_the_spring_festival(db):
    days = CalendarDay.objects.workdays(on("2026-02-01"), on("2026-03-10"))
    assert days.working(on("2026-02-14")) and days.working(on("2026-02-28")) and not days.working(on("2026-02-23"))


def test_the_page_says_what_is_to_be_done_by_when(town, people, clock, client):
    case = brought_to("with_unit", town, people)
    workflow_units.add_co_handler(case, people.dispatcher, town.organisations["town_a"], "路灯在村里")
    client.force_login(people.unit_officer)
    page = client.get(f"/cases/{case.code}/").content.decode()
    assert "签收" in page and "还剩 1 个工作日" in page and "会办意见（东溪镇政府）" in page and "可以退回" in page
    clock.pass_days(1)
    case.refresh_from_db()
    workflow_limits.pause(case, people.unit_officer, "是哪一盏灯？")
    assert "已停，还有 4 个工作日" in client.get(f"/cases/{case.code}/").content.decode()


def test_very_late_is_a_filter(town, people, clock, client):
    case = brought_to("with_deputy", town, people)
    client.force_login(people.town_clerk)
    for days, found in ((13, False), (1, True)):  # Monday 23 March is four working days after Tuesday 17, Tuesday 24 five
        clock.pass_days(days)
        assert (case.code in client.get("/cases/?state=open&late=very_late").content.decode()) is found
