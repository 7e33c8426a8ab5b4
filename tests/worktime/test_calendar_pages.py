"""The calendar and the limits on their pages: read by all offices, changed by one, and what runs is told of it."""

import datetime as dt
import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import clocks
from apps.cases import workflow as cases
from apps.cases.clocks import Clock
from apps.cases.models import Case, CaseEvent
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.worktime import workflow
from apps.worktime.models import CalendarDay, CalendarEvent, CalendarYear, TimeLimit, TimeLimitEvent
from apps.worktime.policies import GROUPS, PRESETS
from apps.worktime.tasks import announce_missing_years
from tests.town import at
from tests.worktime.notices import NOTICES

NEXT = "一、元旦：1月1日（周五）至3日（周日）放假，共3天。\n二、春节：2月6日至12日放假调休，共7天。2月13日（周六）、2月14日（周日）上班。"


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def a_case() -> Case:
    point = at(0.4, 0.5)
    return cases.submit(cases.Report(submission=uuid.uuid4(), text="路灯不亮", lon=point.x, lat=point.y))


@pytest.fixture
def filed(town, monkeypatch) -> Case:
    """Filed on Tuesday 10 March 2026: the deputy has five working days, until Tuesday 17."""
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC))
    case = a_case()
    assert case.due_on == on("2026-03-17")
    return case


def change(user, **days) -> workflow.Changed:
    """d0312=False: 12 March off; None: as in any week."""
    wanted = {on(f"2026-{name[1:3]}-{name[3:]}"): None if said is None else (said, "演练") for name, said in days.items()}
    return workflow.change_days(user, 2026, wanted, "演练停工")


# --- limits that run --------------------------------------------------------------------------------------------------------------


def test_a_running_limit_moves_along_and_says_so(users, filed):
    changed = change(users.county_office, d0312=False)
    assert [(moved.title, moved.before, moved.after) for moved in changed.limits] == [
        (str(filed), on("2026-03-17"), on("2026-03-18")), (f"{filed}（首次联系）", on("2026-03-13"), on("2026-03-16")),
    ]  # fmt: skip
    filed.refresh_from_db()
    assert filed.due_on == on("2026-03-18")
    told = CaseEvent.objects.filter(subject=filed, verb="recount").get()
    assert (told.verb, told.data["before"], told.data["due_on"], told.data["counted_from"]) == ("recount", "2026-03-17", "2026-03-18", "2026-03-10")
    assert "演练停工" in told.note and told.actor == users.county_office
    back = change(users.county_office, d0312=None)  # counted from the same day again
    assert [moved.after for moved in back.limits] == [on("2026-03-17"), on("2026-03-13")]
    assert CaseEvent.objects.broken_chains() == [] == CalendarEvent.objects.broken_chains()
    assert [event.data["limits"] for event in CalendarEvent.objects.order_by("pk")] == [2, 2]


def test_days_outside_a_limit_move_nothing(users, filed):
    changed = change(users.county_office, d0309=False, d0310=False, d0318=False)
    assert len(changed.days) == 3 and changed.limits == []


def test_a_limit_set_by_hand_keeps_its_working_days(users, filed):
    clocks.extend(filed, "answer", on("2026-03-20"), timezone.now()).save()
    Clock.objects.filter(case=filed).update(extended_on=on("2026-03-10"))
    assert [moved.after for moved in change(users.county_office, d0312=False).limits] == [on("2026-03-23"), on("2026-03-16")]


def test_a_limit_in_months_stays_unless_its_end_is_off(users, town, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 3, 10, 4, tzinfo=dt.UTC))
    TimeLimit.objects.filter(step="with_deputy").update(amount=1, unit="months")
    filed = a_case()
    assert filed.due_on == on("2026-04-10")
    Clock.objects.filter(kind="contact").delete()
    assert change(users.county_office, d0312=False).limits == []
    assert [moved.after for moved in change(users.county_office, d0410=False).limits] == [on("2026-04-13")]


def test_rehearsing_changes_nothing(users, filed):
    told = workflow.rehearse(users.county_office, 2026, {on("2026-03-12"): (False, "")}, "")
    assert len(told.limits) == 2
    filed.refresh_from_db()
    assert filed.due_on == on("2026-03-17") and not CalendarDay.objects.filter(date="2026-03-12").exists() and not CalendarEvent.objects.exists()


# --- the calendar ---------------------------------------------------------------------------------------------------------------


def test_a_year_is_pasted_seen_and_taken_over(users, client, filed):
    client.force_login(users.county_office)
    assert "还没有登记" in client.get("/calendar/2027/").content.decode()
    sent = {"text": NEXT, "note": "国办发明电", "whole": "yes"}
    page = client.post("/calendar/2027/change", sent).content.decode()
    assert "改 8 天" in page and not CalendarDay.objects.filter(date__year=2027).exists()
    again = client.post("/calendar/2027/change", {**sent, "step": "edit"}).content.decode()
    assert "春节：2月6日" in again and 'value="国办发明电"' in again and "改 8 天" not in again
    client.post("/calendar/2027/change", {**sent, "step": "apply"})
    assert CalendarDay.objects.filter(date__year=2027).count() == 8
    assert CalendarYear.objects.get(year=2027).source == "国办发明电"
    page = client.get("/calendar/2027/").content.decode()
    assert "依据：国办发明电" in page and "2月13日，调休上班，春节调休上班" in page and "还没有登记" not in page
    client.post("/calendar/2027/change", {**sent, "step": "apply"})  # sent twice
    assert CalendarEvent.objects.filter(subject__year=2027).count() == 1
    client.post("/calendar/2027/change", {"text": NEXT.splitlines()[0], "whole": "yes", "step": "apply"})  # the whole year is only this
    assert [day.date for day in CalendarDay.objects.filter(date__year=2027)] == [on("2027-01-01")]


def test_pasting_the_same_year_again_changes_nothing(users):
    from apps.worktime.announcement import read

    names = dict(CalendarDay.objects.filter(date__year=2026).values_list("date", "name"))
    wanted = {day: (worked, names.get(day, name)) for day, (worked, name) in read(NOTICES[2026], 2026).exceptions().items()}
    assert workflow.change_days(users.county_office, 2026, wanted, "", whole=True).days == []


def test_faults_keep_what_was_typed(users, client):
    client.force_login(users.county_office)
    answer = client.post("/calendar/2027/change", {"text": NOTICES[2026], "note": "国办"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "这是 2026 年的通知" in page and "七、国庆节" in page and 'value="国办"' in page


def test_one_day(users, client, filed):
    client.force_login(users.county_office)
    page = client.post("/calendar/2026/change", {"day": "2026-03-12", "what": "放假", "name": "防汛停工"}).content.decode()
    assert "2 项会改" in page and filed.code in page and 'value="2026-03-12,放假,防汛停工"' in page
    client.post("/calendar/2026/change", {"text": "2026-03-12,放假,防汛停工", "step": "apply"})
    assert CalendarDay.objects.get(date="2026-03-12").name == "防汛停工"
    client.post("/calendar/2026/change", {"text": "2026-03-12,上班", "step": "apply"})  # as in any week
    assert not CalendarDay.objects.filter(date="2026-03-12").exists()


def test_who_may(users, client):
    for user in (users.deputy, users.unit_officer, users.leader):
        client.force_login(user)
        page = client.get("/calendar/2026/").content.decode()
        assert "2026年工作日历" in page and "粘贴放假通知" not in page
        assert client.post("/calendar/2026/change", {"text": NEXT}).status_code == 403
        assert client.get("/calendar/limits/").status_code == 200
        assert client.get("/calendar/limits/with_unit/").status_code == client.post("/calendar/limits/presets/qingdao_2021/follow").status_code == 403
        with pytest.raises(MoveRefused):
            change(user, d0312=False)
        with pytest.raises(MoveRefused):
            workflow.change_limit(user, "with_unit", 9, "days", "依据")
    client.force_login(users.county_office)
    assert [client.get(f"/calendar/{year}/").status_code for year in (1, 1999, 2000, 2099, 2100, 99999)] == [404, 404, 200, 200, 404, 404]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_come_one_after_the_other():
    actor, barrier, day = User.objects.create(username="clerk", role="county_office"), threading.Barrier(4), on("2026-03-12")

    def change_it(number: int) -> None:
        barrier.wait(10)
        try:
            workflow.change_days(actor, 2026, {day: (False, f"第{number}人")}, "")
        finally:
            connection.close()

    threads = [threading.Thread(target=change_it, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    try:
        events = list(CalendarEvent.objects.order_by("pk"))
        assert len(events) == 4 and CalendarEvent.objects.broken_chains() == []
        assert [event.data["days"][0][1] for event in events[1:]] == [event.data["days"][0][2] for event in events[:-1]]  # each saw the one before
        assert CalendarDay.objects.get(date=day).name == events[-1].data["days"][0][2][1]
    finally:
        CalendarDay.objects.filter(date=day).delete()  # the calendar is not emptied between tests


def test_history_cannot_be_rewritten(users):
    change(users.county_office, d0312=False)
    with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
        CalendarEvent.objects.update(note="没有这回事")


# --- missing years ---------------------------------------------------------------------------------------------------------------


def test_a_missing_year_is_announced_once(users, client, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 10, 30, 4, tzinfo=dt.UTC))
    announce_missing_years(0)
    assert not Notice.objects.exists()
    client.force_login(users.county_office)
    assert "2027年的放假安排还没有登记" not in client.get("/calendar/limits/").content.decode()
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 11, 22, 4, tzinfo=dt.UTC))
    client.force_login(users.county_office)
    announce_missing_years(0)
    announce_missing_years(0)
    assert [(notice.recipient, notice.path) for notice in Notice.objects.all()] == [(users.county_office, "/calendar/2027/")]
    page = client.get("/calendar/limits/").content.decode()
    assert "2027年的放假安排还没有登记" in page and "2,027" not in page
    workflow.change_days(users.county_office, 2027, {on("2027-01-01"): (False, "元旦")}, "")
    assert "还没有登记" not in client.get("/calendar/limits/").content.decode()


# --- limits -----------------------------------------------------------------------------------------------------------------------


def test_every_limit_and_every_rule_is_on_the_page(users, client):
    named = {step for steps in GROUPS.values() for step in steps}
    assert named == set(TimeLimit.objects.values_list("step", flat=True))
    assert all(set(preset.rules) <= named for preset in PRESETS.values())
    assert all(preset.source_of(step) for preset in PRESETS.values() for step in preset.rules)
    client.force_login(users.county_office)
    page = client.get("/calendar/limits/").content.decode()
    assert all(limit.words in page and limit.source in page for limit in TimeLimit.objects.all())
    for name, preset in PRESETS.items():
        page = client.get(f"/calendar/limits/presets/{name}").content.decode()
        assert all(preset.source_of(step) in page for step in preset.rules)
    assert client.get("/calendar/limits/presets/nowhere").status_code == 404


def test_a_preset_is_followed_and_kept(users, client, filed):
    client.force_login(users.county_office)
    client.post("/calendar/limits/presets/chongqing_2017/follow")
    assert TimeLimit.due("finding_assign", on("2026-03-10")) == on("2026-03-24")
    assert TimeLimit.due("finding_answer", on("2026-03-10")) == on("2026-06-10")
    assert TimeLimit.objects.get(step="with_deputy").amount == 5  # of which it says nothing
    event = TimeLimitEvent.objects.filter(subject__step="finding_answer").get()
    assert event.data["was"][:2] == [20, "working_days"] and event.data["now"][:2] == [3, "months"] and "第二十一条" in event.data["now"][2]
    before = TimeLimitEvent.objects.count()
    client.post("/calendar/limits/presets/chongqing_2017/follow")
    assert TimeLimitEvent.objects.count() == before
    filed.refresh_from_db()
    assert filed.due_on == on("2026-03-17")  # what runs stays


@pytest.mark.parametrize(("amount", "unit", "source", "words"), [
    ("0", "working_days", "依据", "1"), ("251", "working_days", "依据", "250"), ("13", "months", "依据", "12"), ("5", "years", "依据", "years"), ("x", "days", "依据", ""), ("5", "days", " ", "依据"),
])  # fmt: skip
def test_limits_that_cannot_be(users, client, amount, unit, source, words):
    client.force_login(users.county_office)
    answer = client.post("/calendar/limits/with_unit/", {"amount": amount, "unit": unit, "source": source})
    assert answer.status_code == 422 and "还不能提交" in answer.content.decode() and words in answer.content.decode()
    assert TimeLimit.objects.get(step="with_unit").words == "5 个工作日"


def test_one_limit_is_changed(users, client):
    client.force_login(users.county_office)
    client.post("/calendar/limits/with_unit/", {"amount": "15", "unit": "days", "source": "主任会议议定"})
    limit = TimeLimit.objects.get(step="with_unit")
    assert (limit.words, limit.source) == ("15 日", "主任会议议定")
    assert "5 个工作日 改为 15 日" in client.get("/calendar/limits/").content.decode()
