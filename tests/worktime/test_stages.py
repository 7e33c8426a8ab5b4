"""Near, late and very late; standing still over days off and make-up days; limits for one level or topic. All numbers by hand."""

import datetime as dt

import pytest

from apps.record.states import MoveRefused
from apps.worktime import workflow
from apps.worktime.due import dues, edges
from apps.worktime.models import CalendarDay, TimeLimit, TimeLimitEvent
from apps.worktime.policies import PRESETS
from apps.worktime.workdays import Workdays

on = dt.date.fromisoformat
# 2026: the Spring Festival is off from 15 to 23 February; the Saturdays 14 and 28 February are worked.
SPRING = Workdays({**{dt.date(2026, 2, day): False for day in range(15, 24)}, dt.date(2026, 2, 14): True, dt.date(2026, 2, 28): True})


@pytest.mark.parametrize(
    ("due", "begin", "end", "after"),
    [
        ("2026-02-13", "2026-02-11", "2026-02-11", "2026-02-13"),  # within one day: nothing
        ("2026-02-13", "2026-02-11", "2026-02-12", "2026-02-14"),  # two left on Wednesday and again on Thursday: Friday, and the worked Saturday
        ("2026-02-13", "2026-02-11", "2026-02-13", "2026-02-24"),  # Saturday 14, then the holidays, Tuesday 24
        ("2026-02-12", "2026-02-11", "2026-02-14", "2026-02-24"),  # resumed on the worked Saturday: one left
        ("2026-02-27", "2026-02-26", "2026-02-27", "2026-02-28"),  # one left: the other worked Saturday
        ("2026-02-27", "2026-02-26", "2026-03-01", "2026-03-02"),  # resumed on a Sunday
        ("2026-02-11", "2026-02-11", "2026-02-25", "2026-02-25"),  # stopped on its last day: it is the last day when it runs on
        ("2026-02-10", "2026-02-11", "2026-02-25", "2026-02-10"),  # late already
    ],
)
def test_standing_still(due, begin, end, after):
    assert SPRING.stood_still(on(due), on(begin), on(end)) == on(after)


def test_back():
    assert [SPRING.back(on("2026-02-24"), days) for days in (0, 1, 2, 3)] == [on("2026-02-24"), on("2026-02-23"), on("2026-02-13"), on("2026-02-12")]
    day = on("2026-02-20")
    for days in (1, 2, 5):
        found = SPRING.back(day, days)
        assert SPRING.between(found, day) >= days > SPRING.between(found + dt.timedelta(days=1), day)


def test_near_late_very_late(db):
    today = on("2026-03-10")  # a Tuesday
    at = edges(today)
    assert (at.soon, at.very_late) == (on("2026-03-12"), on("2026-03-03"))
    days = [on("2026-03-13"), on("2026-03-12"), on("2026-03-10"), on("2026-03-09"), on("2026-03-04"), on("2026-03-03")]
    seen = dues(days, today)
    assert [seen[day].stage for day in days] == ["", "soon", "soon", "late", "late", "very_late"]
    assert [seen[day].tone for day in days] == ["good", "due", "due", "late", "late", "late"]
    assert seen[on("2026-03-03")].words == "严重超期 5 个工作日"


def test_the_narrowest_limit_holds(db):
    start = on("2026-03-10")
    for level, topic, days in (("county", "", 10), ("", "城乡建设", 7), ("county", "城乡建设", 2)):
        TimeLimit.objects.create(step="with_unit", level=level, topic=topic, label="承办单位答复", amount=days)
    TimeLimit.objects.create(step="with_unit", level="town", topic="", label="承办单位答复", amount=1, active=False)
    book = TimeLimit.objects.book(["with_unit"], start)
    found = {(level, topic): book.find("with_unit", level, topic).amount for level in ("", "county", "town") for topic in ("", "城乡建设", "教育文体")}
    assert found == {
        ("", ""): 5, ("", "城乡建设"): 7, ("", "教育文体"): 5, ("county", ""): 10, ("county", "城乡建设"): 2, ("county", "教育文体"): 10,
        ("town", ""): 5, ("town", "城乡建设"): 7, ("town", "教育文体"): 5,
    }  # fmt: skip
    assert book.due("with_unit", start, "county") == on("2026-03-24") and book.due("nothing", start) is None
    assert TimeLimit.due("with_unit", start) == on("2026-03-17")  # the general one


def test_an_office_sets_one_and_gives_it_up(users, client):
    client.force_login(users.county_office)
    topic = _a_topic()
    said = {"level": "county", "topic": topic, "amount": "12", "unit": "working_days", "source": "主任会议议定"}
    assert client.post("/calendar/limits/with_unit/narrower", {**said, "level": "", "topic": ""}).status_code == 422
    assert client.post("/calendar/limits/with_unit/narrower", said).status_code == 302
    limit = TimeLimit.objects.narrower().get()
    assert (limit.level, limit.topic, limit.amount) == ("county", topic, 12)
    page = client.get("/calendar/limits/").content.decode()
    assert f"承办单位答复（县级、{topic}）" in page and "单独规定为 12 个工作日" in page
    assert "已经单独规定的 1 条" in client.get("/calendar/limits/presets/hotline_12345").content.decode()
    client.post("/calendar/limits/presets/chongqing_2017/follow")
    assert TimeLimit.objects.narrower().get().amount == 12  # what was set for some stays
    client.post(f"/calendar/limits/{limit.pk}/give-up")
    assert not TimeLimit.objects.narrower().exists() and "不再单独规定（原为 12 个工作日）" in client.get("/calendar/limits/").content.decode()
    client.post("/calendar/limits/with_unit/narrower", said)  # the same row again, with its history
    assert TimeLimit.objects.filter(step="with_unit").count() == 2 and limit.events.count() == 3
    assert TimeLimitEvent.objects.broken_chains() == []


def test_what_there_is_no_limit_for(users, client):
    client.force_login(users.county_office)
    assert client.get("/calendar/limits/finding_answer/narrower").status_code == 404
    with pytest.raises(MoveRefused, match="不分"):
        workflow.change_limit(users.county_office, "with_unit", 5, "working_days", "据", level="nowhere")
    with pytest.raises(MoveRefused, match="岗位"):
        workflow.change_limit(users.town_clerk, "with_unit", 5, "working_days", "据", level="county")
    client.force_login(users.town_clerk)
    assert client.post("/calendar/limits/with_unit/narrower", {}).status_code == 403


def test_presets_say_every_stage(db):
    assert PRESETS["zhejiang_2016"].rules["unit_return"].amount == 10 and PRESETS["zhejiang_2016"].rules["unit_return"].unit == "days"
    assert PRESETS["chongqing_2017"].rules["unit_contact"].amount == 20 and PRESETS["chongqing_2017"].rules["cohandler_opinion"].amount == 30
    assert PRESETS["qingdao_2021"].rules["cohandler_opinion"].unit == "months" and PRESETS["hotline_12345"].rules["with_unit"].amount == 5
    known = set(TimeLimit.objects.values_list("step", flat=True))
    assert all(set(preset.rules) <= known for preset in PRESETS.values())


def _a_topic() -> str:
    from apps.cases.limits import topics

    return topics()[0]


def test_official_days_agree(db):
    days = CalendarDay.objects.workdays(on("2026-02-01"), on("2026-03-10"))
    assert days.stood_still(on("2026-02-13"), on("2026-02-11"), on("2026-02-13")) == on("2026-02-24")
