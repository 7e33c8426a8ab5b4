"""A limit in words: how many working days are left, and how it looks."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.worktime.models import CalendarDay


@dataclass(frozen=True)
class Due:
    """A last day, seen from a day. `tone` is good, due or late; `days` are working days, negative once it has passed."""

    on: dt.date
    days: int
    words: str
    tone: str


def dues(dates: Iterable[dt.date | None], today: dt.date) -> dict[dt.date, Due]:
    """Each of the dates as seen from `today`; one query for all of them."""
    left = CalendarDay.objects.working_days_left((date for date in dates if date is not None), today)
    return {date: _due(date, days, today) for date, days in left.items()}


def due(date: dt.date, today: dt.date) -> Due:
    return dues([date], today)[date]


def _due(date: dt.date, days: int, today: dt.date) -> Due:
    if date < today:
        return Due(date, days, f"超期 {-days} 个工作日" if days else "已到期", "late")
    if date == today:
        return Due(date, 0, "今天到期", "due")
    if days == 0:
        return Due(date, 0, "下个工作日前到期", "due")
    return Due(date, days, f"还剩 {days} 个工作日", "due" if days <= 2 else "good")
