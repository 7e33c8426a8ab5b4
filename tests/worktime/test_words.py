"""Times and limits in words, on the working calendar of 2026: 清明 off until Monday 6 April, Saturday 14 February a working day."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.worktime.due import due, dues
from apps.worktime.models import CalendarDay
from apps.worktime.templatetags.worktime import day, moment

SHANGHAI = ZoneInfo("Asia/Shanghai")


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("last", "today", "words", "tone"),
    [
        ("2026-03-13", "2026-03-10", "还剩 3 个工作日", "good"),
        ("2026-03-12", "2026-03-10", "还剩 2 个工作日", "due"),
        ("2026-03-10", "2026-03-10", "今天到期", "due"),
        ("2026-03-16", "2026-03-13", "还剩 1 个工作日", "due"),  # over a weekend
        ("2026-04-07", "2026-04-03", "还剩 1 个工作日", "due"),  # over 清明
        ("2026-02-14", "2026-02-13", "还剩 1 个工作日", "due"),  # a working Saturday
        ("2026-03-14", "2026-03-13", "下个工作日前到期", "due"),
        ("2026-03-09", "2026-03-10", "超期 1 个工作日", "late"),
        ("2026-03-13", "2026-03-15", "已到期", "late"),  # since Friday no working day has passed
        ("2026-04-03", "2026-04-08", "超期 2 个工作日", "late"),
    ],
)
def test_a_limit_in_words(last, today, words, tone, db):
    found = due(on(last), on(today))
    assert (found.words, found.tone) == (words, tone)


def test_many_limits_cost_one_query_and_agree_with_each_alone(db, django_assert_num_queries):
    today = on("2026-03-31")
    dates = [today + dt.timedelta(days=step) for step in range(-40, 40)]
    with django_assert_num_queries(1):
        together = dues([*dates, None], today)
    assert [together[date].days for date in dates] == [CalendarDay.objects.working_days_until(date, today) for date in dates]
    with django_assert_num_queries(0):
        assert dues([None], today) == {}


def test_adding_and_counting_working_days_agree(db):
    start = on("2026-01-26")
    for days in range(1, 60):
        assert CalendarDay.objects.working_days_until(CalendarDay.objects.add_working_days(start, days), start) == days


@pytest.mark.parametrize(
    ("when", "now", "words"),
    [
        ("2026-03-14T09:20", "2026-03-14T09:20", "3月14日 09:20（刚刚）"),
        ("2026-03-14T09:20", "2026-03-14T09:45", "3月14日 09:20（25 分钟前）"),
        ("2026-03-14T09:20", "2026-03-14T11:20", "3月14日 09:20（2 小时前）"),
        ("2026-03-14T23:30", "2026-03-15T01:00", "3月14日 23:30（1 小时前）"),
        ("2026-03-14T09:20", "2026-03-15T16:00", "3月14日 09:20（1 天前）"),
        ("2025-03-14T09:20", "2026-03-15T16:00", "2025年3月14日 09:20（1 年前）"),
        ("2026-01-14T09:20", "2026-03-20T16:00", "1月14日 09:20（2 个月前）"),
        ("2026-03-16T09:20", "2026-03-14T16:00", "3月16日 09:20（2 天后）"),
    ],
)
def test_a_time_is_absolute_with_the_relative_in_brackets(when, now, words, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime.fromisoformat(now).replace(tzinfo=SHANGHAI))
    assert moment(dt.datetime.fromisoformat(when).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)) == words


def test_a_day_names_its_weekday(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2026, 3, 10, tzinfo=SHANGHAI))
    assert (day(on("2026-03-14")), day(on("2025-03-14")), day(None), moment(None)) == ("3月14日（周六）", "2025年3月14日（周五）", "", "")
