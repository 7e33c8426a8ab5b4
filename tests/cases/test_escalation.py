"""Limits told on by rules, and cases taken over from who is silent: once, by whoever runs it, not at night, by numbers counted by hand."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import escalation, workflow, workflow_escalation, workflow_limits
from apps.cases.clocks import Clock
from apps.cases.escalation_rules import Escalation, EscalationRule, EscalationRuleEvent
from apps.cases.models import Case, CaseEvent
from apps.cases.tasks import watch_limits
from apps.cases.workflow_escalation import Said
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from tests import town as toy
from tests.cases.conftest import brought_to

S = Case.State


@pytest.fixture(autouse=True)
def no_rules(db) -> None:
    """Each test lays down its own."""
    EscalationRule.objects.all().delete()


def rule(step: str, days: int, to: str, action: str = "tell", **more) -> EscalationRule:
    return EscalationRule.objects.create(step=step, days=days, to=to, action=action, **more)


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(recipient=user, kind="reminder").order_by("pk").values_list("title", flat=True))


def test_the_holder_hears_two_days_before_and_when_it_is_late(town, people, clock):
    """Due on Tuesday 17 March: two working days before is Friday 13; the weekend tells nobody anew."""
    rule(S.WITH_DEPUTY, -2, "holder")
    rule(S.WITH_DEPUTY, 1, "holder")
    case = brought_to("with_deputy", town, people)
    heard = []
    for _ in range(10):
        escalation.watch(clock.now)
        heard.append(len(told(people.deputy)))
        clock.pass_days(1)
    assert heard == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2]  # from Tuesday 10; on Friday 13, and on Wednesday 18
    assert told(people.deputy) == [f"民情件 {case.code}：办理还剩 2 个工作日", f"民情件 {case.code}：办理超期 1 个工作日"]
    assert not CaseEvent.objects.filter(verb="escalate").exists()


def test_nobody_is_told_at_night(town, people, clock):
    rule(S.WITH_DEPUTY, 1, "town_office")
    case = brought_to("with_deputy", town, people)
    clock.pass_days(8)
    for hour, expected in ((23, 0), (3, 0), (7, 0), (8, 1), (20, 1)):
        clock.now = clock.now.replace(hour=hour) if hour != 3 else clock.now.replace(hour=hour) + dt.timedelta(days=1)
        escalation.watch(clock.now)
        assert len(told(people.town_clerk)) == expected, hour
    assert case.events.get(verb="escalate").note == "超过办理期限 1 个工作日，按规则告知镇人大、街道工委"


def test_what_stands_still_or_was_answered_is_not_told_of(town, people, clock):
    rule(S.WITH_UNIT, 1, "dispatcher")
    paused, answered = brought_to("with_unit", town, people), brought_to("with_unit", town, people)
    workflow_limits.pause(paused, people.unit_officer, "是哪一盏灯？")
    workflow.answer_as_unit(answered, people.unit_officer, "修好了。")
    clock.pass_days(30)
    escalation.watch(clock.now)
    assert told(people.dispatcher) == []


def test_a_silent_deputy_is_relieved_by_the_town(town, people, clock):
    rule(S.WITH_DEPUTY, 3, "town_office", "take_over")
    case = brought_to("with_deputy", town, people)
    clock.pass_days(9)  # Thursday 19 March: two working days late
    assert escalation.watch(clock.now)["take_over"] == 0
    clock.pass_days(1)
    assert escalation.watch(clock.now)["take_over"] == 1 and escalation.watch(clock.now)["take_over"] == 0
    case.refresh_from_db()
    assert (case.state, case.due_on) == (S.WITH_TOWN, dt.date(2026, 3, 27))
    event = case.events.get(verb="take_over")
    assert event.actor is None and event.actor_label == "系统" and "超过办理期限 3 个工作日没有办理" in event.note
    for user in (people.deputy, people.town_clerk):  # both hear of it
        assert Notice.objects.filter(recipient=user, path=f"/cases/{case.code}/", at=clock.now).count() == 1
    assert CaseEvent.objects.broken_chains() == []


def test_a_named_person_takes_over_in_one_town(town, people, clock):
    rule(S.WITH_DEPUTY, 3, "town_office", "take_over")
    named = User.objects.create_user("li", password=toy.PASSWORD, role=Role.COUNTY_OFFICE, scope="339999", display_name="李主任")
    rule(S.WITH_DEPUTY, 1, "person", "take_over", town=town.towns["A"], person=named)
    case = brought_to("with_deputy", town, people)
    clock.pass_days(8)
    escalation.watch(clock.now)
    case.refresh_from_db()
    assert case.state == S.WITH_COUNTY and "由李主任接手" in case.events.get(verb="take_over_by_county").note
    assert Notice.objects.filter(recipient=named).exists()


def test_a_named_deputy_takes_over_and_then_the_office(town, people, clock):
    """The second time it is his own case that is late: then it goes to the office, not to himself again."""
    rule(S.WITH_DEPUTY, 1, "person", "take_over", person=people.mate)
    case = brought_to("with_deputy", town, people)
    clock.pass_days(8)
    escalation.watch(clock.now)
    case.refresh_from_db()
    assert (case.state, case.deputy.name, str(case.due_on)) == (S.WITH_DEPUTY, "黄杰", "2026-03-25")
    assert Notice.objects.filter(recipient=people.deputy, title__contains="已改由").count() == 1
    clock.pass_days(8)
    escalation.watch(clock.now)
    case.refresh_from_db()
    assert case.state == S.WITH_TOWN


def test_a_person_who_left_is_not_waited_for(town, people, clock):
    rule(S.WITH_TOWN, 1, "person", "take_over", person=people.county_office)
    case = brought_to("with_town", town, people)
    User.objects.filter(pk=people.county_office.pk).update(is_active=False)
    clock.pass_days(8)
    escalation.watch(clock.now)
    case.refresh_from_db()
    assert case.state == S.WITH_COUNTY  # the office all the same


def test_many_for_one_person_are_one_notice(town, people, clock):
    rule(S.WITH_DEPUTY, 1, "holder")
    cases = [brought_to("with_deputy", town, people, text=f"第{number}件", to=town.deputies["D1"].code) for number in range(5)]
    clock.pass_days(8)
    assert escalation.watch(clock.now)["tell"] == 5
    (title,) = told(people.deputy)
    assert title == "5 件民情件超期（办理）" and Notice.objects.get(title=title).path == "/cases/?late=late"
    assert Escalation.objects.count() == len(cases)


def test_an_extension_is_told_of_anew(town, people, clock):
    rule(S.WITH_UNIT, -2, "holder")
    case = brought_to("with_unit", town, people)
    clock.pass_days(3)
    escalation.watch(clock.now)
    workflow_limits.extend(case, people.dispatcher, 5, "县政府办")  # to Tuesday 24
    clock.pass_days(7)
    escalation.watch(clock.now)
    assert [title.split("：")[1] for title in told(people.unit_officer)] == ["办理还剩 2 个工作日", "办理还剩 2 个工作日"]


def test_a_new_rule_leaves_the_backlog_alone(town, people, clock):
    """What was three working days late already when the rule began is left to people; what comes so far later is not."""
    brought_to("with_deputy", town, people, text="早就超期的")
    clock.pass_days(7)
    later = brought_to("with_deputy", town, people, text="后来的")
    clock.pass_days(3)  # Friday 20 March: the early one is three working days late
    made = workflow_escalation.lay_down(people.county_office, Said("with_deputy", "answer", 3, "take_over", "town_office"))
    soon = workflow_escalation.lay_down(people.county_office, Said("with_deputy", "answer", -2, "tell", "holder"))
    assert escalation.watch(clock.now) == {"tell": 0, "take_over": 0}  # the later one is due in two working days, and was when the rule began
    clock.pass_days(7)  # Friday 27: the later one, due on Tuesday 24, is three working days late
    assert escalation.watch(clock.now) == {"tell": 0, "take_over": 1}
    later.refresh_from_db()
    assert later.state == S.WITH_TOWN
    workflow_escalation.change(people.county_office, made.pk, Said("with_deputy", "answer", 3, "take_over", "town_office"), backlog=True)
    assert escalation.watch(clock.now)["take_over"] == 1
    workflow_escalation.switch(people.county_office, soon.pk, False)
    workflow_escalation.switch(people.county_office, soon.pk, True)
    soon.refresh_from_db()
    assert soon.since == dt.date(2026, 3, 27)


def test_rules_off_do_nothing(town, people, clock):
    rule(S.WITH_DEPUTY, 1, "town_office", "take_over", active=False)
    brought_to("with_deputy", town, people)
    clock.pass_days(30)
    assert escalation.watch(clock.now) == {"tell": 0, "take_over": 0}


def test_the_number_of_queries_does_not_grow(town, people, clock, django_assert_max_num_queries):
    rule(S.WITH_DEPUTY, 1, "town_office")
    for number in range(12):
        brought_to("with_deputy", town, people, text=f"第{number}件")
    clock.pass_days(8)
    with django_assert_max_num_queries(25):
        assert escalation.watch(clock.now)["tell"] == 12


@pytest.mark.django_db(transaction=True)
def test_two_workers_beside_each_other(clock):
    """Both run at once, again and again; each case is taken over once and told of once."""
    town = toy.build()
    users = toy.build_users(town)
    from tests.cases.conftest import add_people

    people = add_people(town, users)
    rule(S.WITH_DEPUTY, 1, "town_office")
    rule(S.WITH_DEPUTY, 3, "town_office", "take_over")
    early = [brought_to("with_deputy", town, people, text=f"第{number}件") for number in range(4)]
    clock.pass_days(3)
    brought_to("with_deputy", town, people, text="晚一点的")
    clock.pass_days(8)  # Saturday 21 March: the early ones three working days late, the other one

    def work() -> None:
        try:
            for _ in range(3):
                watch_limits(0)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    watch_limits(0)
    assert Case.objects.filter(pk__in=[case.pk for case in early], state=S.WITH_TOWN).count() == 4
    assert CaseEvent.objects.filter(verb="take_over").count() == 4 and CaseEvent.objects.filter(verb="escalate").count() <= 5
    assert Escalation.objects.values("clock", "rule").distinct().count() == Escalation.objects.count()
    assert CaseEvent.objects.broken_chains() == [] and Clock.objects.running().filter(kind="answer").count() == 5


def test_killed_in_the_middle_it_goes_on_where_it_was(town, people, clock, monkeypatch):
    rule(S.WITH_DEPUTY, 1, "town_office", "take_over")
    cases = [brought_to("with_deputy", town, people, text=f"第{number}件") for number in range(3)]
    clock.pass_days(8)
    real, taken = escalation.step_in, []

    def dies(case, *args, **more):
        if len(taken) == 1:
            raise KeyboardInterrupt
        taken.append(case.pk)
        return real(case, *args, **more)

    monkeypatch.setattr(escalation, "step_in", dies)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        with transaction.atomic():
            escalation._take_over(Clock.objects.running().filter(kind="answer").first().pk, EscalationRule.objects.get(), clock.now, _days(clock), escalation.Audience())
        escalation.watch(clock.now)
    monkeypatch.setattr(escalation, "step_in", real)
    assert escalation.watch(clock.now)["take_over"] == 3  # what was begun was not half done
    assert CaseEvent.objects.filter(verb="take_over").count() == len(cases)


def _days(clock):
    from apps.worktime.models import CalendarDay

    today = timezone.localdate(clock.now)
    return CalendarDay.objects.workdays(today - dt.timedelta(days=100), today + dt.timedelta(days=100))


# --- the rules themselves -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Said("with_county", "sign", 1, "tell", "holder"), "kind"),
        (Said("with_deputy", "answer", 61, "tell", "holder"), "days"),
        (Said("with_deputy", "answer", 1, "tell", "person"), "person"),
        (Said("with_unit", "answer", 3, "take_over", "county_office"), "action"),
        (Said("with_deputy", "contact", 3, "take_over", "county_office"), "action"),
        (Said("with_deputy", "answer", 0, "take_over", "county_office"), "days"),
        (Said("with_deputy", "answer", 1, "take_over", "leader"), "to"),
        (Said("with_town", "answer", 1, "take_over", "town_office"), "to"),
    ],
)
def test_rules_that_cannot_be(people, said, field):
    with pytest.raises(MoveRefused) as refused:
        workflow_escalation.lay_down(people.county_office, said)
    assert refused.value.field == field and not EscalationRule.objects.exists()


def test_a_leader_takes_nothing_over_and_a_clerk_lays_nothing_down(people):
    with pytest.raises(MoveRefused, match="岗位不能接手"):
        workflow_escalation.lay_down(people.county_office, Said("with_deputy", "answer", 1, "take_over", "person", person=people.leader))
    with pytest.raises(MoveRefused, match="岗位不能改"):
        workflow_escalation.lay_down(people.town_clerk, Said("with_deputy", "answer", 1, "tell", "holder"))


def test_the_page_of_rules(town, people, client, clock):
    client.force_login(people.county_office)
    said = {"step": "with_deputy", "kind": "answer", "days": "3", "action": "take_over", "to": "person", "person": "nobody-here", "town": town.towns["A"].pk}
    answer = client.post("/cases/escalation/new/", said)
    assert answer.status_code == 422 and "没有这个登录名" in answer.content.decode() and "nobody-here" in answer.content.decode()
    assert client.post("/cases/escalation/new/", {**said, "person": people.town_clerk.username}).status_code == 302
    made = EscalationRule.objects.get()
    assert (made.person, made.town, str(made)) == (people.town_clerk, town.towns["A"], f"代表办理中：超过办理期限 3 个工作日，由{people.town_clerk}接手")
    again = client.post("/cases/escalation/new/", {**said, "person": people.town_clerk.username})
    assert again.status_code == 422 and "已经有这样一条规则" in again.content.decode()
    client.post(f"/cases/escalation/{made.pk}/", {**said, "days": "5", "person": people.town_clerk.username})
    client.post(f"/cases/escalation/{made.pk}/switch", {"active": "no"})
    client.post(f"/cases/escalation/{made.pk}/switch", {"active": "no"})
    page = client.get("/cases/escalation/").content.decode()
    assert "超过办理期限 5 个工作日" in page and "已停用" in page and "停用：代表办理中" in page
    assert list(EscalationRuleEvent.objects.order_by("pk").values_list("verb", flat=True)) == ["lay_down", "change", "switch_off"]
    assert EscalationRuleEvent.objects.broken_chains() == []
    assert client.get(f"/cases/escalation/{made.pk}/done").status_code == 200


def test_who_reads_and_who_changes(people, client):
    made = rule(S.WITH_DEPUTY, 1, "holder")
    for user in (people.deputy, people.town_clerk, people.unit_officer, people.leader):
        client.force_login(user)
        assert client.get("/cases/escalation/").status_code == 200
        assert client.get("/cases/escalation/new/").status_code == client.post(f"/cases/escalation/{made.pk}/switch").status_code == 403


def test_rules_that_come_with_the_house_name_somebody_for_every_step(town, people):
    """What the migration lays down, whatever earlier tests have emptied."""
    import importlib

    rules = importlib.import_module("apps.cases.migrations.0006_clocks").RULES
    assert {step for step, kind, days, action, to in rules if days > 0 and to != "holder"} == {"with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit"}
    for step, kind, days, action, to in rules:
        assert Said(step, kind, days, action, to).fault() == ("", "")


def test_a_case_in_hand_of_a_station_goes_to_the_town(town, people, clock):
    rule(S.WITH_DEPUTY, 1, "holder")
    case = brought_to("with_deputy", town, people)
    User.objects.filter(pk=people.deputy.pk).update(is_active=False)
    clock.pass_days(8)
    escalation.watch(clock.now)
    assert len(told(people.town_clerk)) == 1 and case.code in told(people.town_clerk)[0]
