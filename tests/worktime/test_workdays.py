"""Working days held to another's calendar (chinesecalendar), limits in days and months to the civil code, notices to both."""

import datetime as dt

import chinese_calendar
import pytest
from chinese_calendar import constants
from hypothesis import given
from hypothesis import strategies as st

from apps.worktime.announcement import read
from apps.worktime.models import CalendarDay
from apps.worktime.workdays import Workdays
from tests.worktime.notices import NOTICES

KNOWN = st.dates(dt.date(2023, 1, 1), dt.date(2026, 12, 31))


def theirs(year: int) -> dict[dt.date, bool]:
    """The days of a year that differ from the plain week, as chinesecalendar has them."""
    off = {day: False for day in constants.holidays if day.year == year and day.weekday() < 5}
    return off | {day: True for day in constants.workdays if day.year == year and day.weekday() > 4}


PEER = Workdays({day: worked for year in range(2022, 2027) for day, worked in theirs(year).items()})


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def stored(db) -> Workdays:
    return CalendarDay.objects.workdays()


def test_our_days_are_those_of_chinesecalendar(stored):
    for year in range(2023, 2027):
        assert {day: worked for day, worked in stored.exceptions.items() if day.year == year} == theirs(year)
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in range(4 * 365 + 1)]
    assert [stored.working(day) for day in days] == [chinese_calendar.is_workday(day) for day in days]


@given(KNOWN, KNOWN)
def test_between_counts_what_chinesecalendar_lists(one, other):
    start, end = sorted((one, other))
    listed = chinese_calendar.get_workdays(start, end)
    assert PEER.between(start, end) == len(listed) - (start in listed)
    assert PEER.between(end, start) == -PEER.between(start, end)


@given(st.dates(dt.date(2023, 1, 1), dt.date(2026, 6, 1)), st.integers(1, 80))
def test_the_last_day_is_worked_and_no_earlier_one_is_enough(start, days):
    last = PEER.add(start, days)
    assert chinese_calendar.is_workday(last) and last > start
    assert PEER.between(start, last) == days
    assert PEER.add(start, 0) == start
    assert PEER.add(PEER.add(start, days // 2), days - days // 2) == last  # in two goes as in one


@given(st.dates(dt.date(2023, 1, 1), dt.date(2025, 12, 31)), st.integers(1, 12))
def test_months_end_on_the_day_of_the_same_number(start, months):
    last = PEER.add_months(start, months)
    assert chinese_calendar.is_workday(last)
    month = start.year * 12 + start.month - 1 + months
    first = dt.date(month // 12, month % 12 + 1, 1)
    length = ((first + dt.timedelta(days=32)).replace(day=1) - first).days
    nominal = first.replace(day=min(start.day, length))
    assert nominal <= last and not any(PEER.working(nominal + dt.timedelta(days=n)) for n in range((last - nominal).days))


@pytest.mark.parametrize(("start", "months", "last"), [
    ("2025-11-30", 3, "2026-02-28"),  # a Saturday that is worked
    ("2026-01-31", 1, "2026-02-28"),
    ("2025-12-16", 2, "2026-02-24"),  # 春节 lies in the way
    ("2026-03-15", 3, "2026-06-15"),
    ("2025-10-05", 12, "2026-10-08"),  # 国庆
])  # fmt: skip
def test_months_by_hand(start, months, last):
    assert PEER.add_months(on(start), months) == on(last)


def test_days_end_on_a_working_day():
    assert PEER.add_days(on("2026-03-10"), 10) == on("2026-03-20")
    assert PEER.add_days(on("2026-03-11"), 10) == on("2026-03-23")  # over a weekend
    assert PEER.add(on("2026-09-28"), 5) == on("2026-10-10")  # as others count it


# --- notices ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", NOTICES)
def test_a_notice_is_read_as_chinesecalendar_has_it(year):
    found = read(NOTICES[year], year)
    assert found.faults == []
    assert {day: said[0] for day, said in found.exceptions().items() if day.year == year} == theirs(year)
    assert all(name for _, name in found.days.values())


@pytest.mark.parametrize(("text", "days"), [
    ("10月1日至7日放假调休，10月10日（星期六）上班", "休1001 休1002 休1005 休1006 休1007 班1010"),
    ("国庆节：10月1日—7日放假调休，共7天", "休1001 休1002 休1005 休1006 休1007"),
    ("2026-10-01,放假,国庆节\n2026-10-10 上班", "休1001 班1010"),
    ("5月1日、5月4日放假，5月9日上班", "休0501 休0504 班0509"),
])  # fmt: skip
def test_lines_as_people_paste_them(text, days):
    found = read(text, 2026)
    assert found.faults == []
    assert " ".join(f"{'班' if said[0] else '休'}{day:%m%d}" for day, said in found.exceptions().items()) == days


@pytest.mark.parametrize(("text", "words"), [
    (NOTICES[2026], "这是 2026 年的通知"),
    ("元旦：1月1日（周四）放假", "是周五，文中写的是周四"),
    ("国庆节：10月1日至7日放假调休，共8天。", "写的是共 8 天，读出来是 7 天"),
    ("10月8日上班", "本来就上班"),
    ("2月30日放假", "不存在"),
    ("2027-13-01,放假", "不存在"),
    ("大家好", "没有读出任何日期"),
    ("5日放假", "没有写月份"),
    ("10月7日至1日放假，共7天", "起止日期不对"),
    ("10月9日放假。10月9日（星期六）上班。", "又说放假又说上班"),
    ("2025-05-01,放假", "不在 2027 年"),
])  # fmt: skip
def test_what_cannot_be_right_is_said(text, words):
    assert any(words in fault for fault in read(text, 2027).faults), read(text, 2027)


@given(st.text(alphabet="0123456789年月日至、（）周一六放假上班，。：共天\n-", max_size=60))
def test_any_text_is_read_or_refused(text):
    found = read(text, 2027)
    assert found.faults or found.days or found.plain


def test_a_day_taken_back():
    assert read("2026-10-10,平常", 2026).plain == {on("2026-10-10")}
