"""A limit in words: how many working days are left, how it looks, and what near, late and very late mean everywhere.

Near is within `SOON` working days; late is after the last day; very late is `VERY_LATE` working days or more after it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from apps.worktime.models import CalendarDay
from apps.worktime.workdays import Workdays

SOON = 2
VERY_LATE = 5
STAGES = {"soon": "快到期", "late": "超期", "very_late": "严重超期"}
FAR = dt.timedelta(days=60)  # of the calendar, enough for the days above


@dataclass(frozen=True)
class Due:
    """A last day, seen from a day. `tone` is good, due or late, as colours go; `stage` one of STAGES or ""; `days` are working days,
    negative once it has passed."""

    on: dt.date
    days: int
    words: str
    tone: str
    stage: str = ""


@dataclass(frozen=True)
class Edges:
    """The days that part near, late and very late, seen from `today`: what is due up to `soon` and from today on is near."""

    today: dt.date
    soon: dt.date
    very_late: dt.date

    def matching(self, stage: str, field: str = "due_on") -> Q:
        """The condition on a column of last days; "late" holds the very late ones too."""
        ranges = {
            "soon": {"range": (self.today, self.soon)},
            "late": {"lt": self.today},
            "very_late": {"lte": self.very_late},
        }
        return Q(**{f"{field}__{how}": day for how, day in ranges[stage].items()})


def edges(today: dt.date, days: Workdays | None = None) -> Edges:
    """One query, or none with a calendar that reaches `FAR` both ways."""
    days = days or CalendarDay.objects.workdays(today - FAR, today + FAR)
    return Edges(today, days.add(today, SOON), days.back(today, VERY_LATE))


def dues(dates: Iterable[dt.date | None], today: dt.date) -> dict[dt.date, Due]:
    """Each of the dates as seen from `today`; one query for all of them."""
    left = CalendarDay.objects.working_days_left((date for date in dates if date is not None), today)
    return {date: _due(date, days, today) for date, days in left.items()}


def due(date: dt.date, today: dt.date) -> Due:
    return dues([date], today)[date]


def _due(date: dt.date, days: int, today: dt.date) -> Due:
    if date < today:
        if days <= -VERY_LATE:
            return Due(date, days, f"严重超期 {-days} 个工作日", "late", "very_late")
        return Due(date, days, f"超期 {-days} 个工作日" if days else "已到期", "late", "late")
    if date == today:
        return Due(date, 0, "今天到期", "due", "soon")
    if days == 0:
        return Due(date, 0, "下个工作日前到期", "due", "soon")
    return Due(date, days, f"还剩 {days} 个工作日", *(("due", "soon") if days <= SOON else ("good", "")))
