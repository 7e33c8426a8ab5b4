"""Arithmetic on a calendar: which days are worked, and the last day of a limit. No Django here.

A limit's first day does not count (民法典 第201条). A limit in months ends on the day of the same number, or on the month's last
(第202条). One in days or months that would end on a day off ends on the next working day (第203条).
"""

import calendar
import datetime as dt
from collections.abc import Mapping

ONE = dt.timedelta(days=1)


class Workdays:
    """The plain week, but for the days given: True is worked, False is off."""

    def __init__(self, exceptions: Mapping[dt.date, bool]) -> None:
        self.exceptions = dict(exceptions)

    def working(self, day: dt.date) -> bool:
        return self.exceptions.get(day, day.weekday() < 5)

    def add(self, day: dt.date, days: int) -> dt.date:
        """The `days`-th working day after `day`; with 0 the day itself."""
        while days > 0:
            day += ONE
            days -= self.working(day)
        return day

    def between(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` up to `end`; negative when `end` lies before."""
        if end < start:
            return -self.between(end, start)
        return sum(self.working(start + dt.timedelta(days=step)) for step in range(1, (end - start).days + 1))

    def back(self, day: dt.date, days: int) -> dt.date:
        """The last day of which `day` lies at least `days` working days off: what was due on it or before is that late."""
        while days > 0:
            days -= self.working(day)
            day -= ONE
        return day

    def stood_still(self, due: dt.date, begin: dt.date, end: dt.date) -> dt.date:
        """A last day after standing still from `begin` to `end`: the working days that were left on `begin` are left on `end`. One that had passed stays."""
        return self.add(end, self.between(begin, due)) if due >= begin else due

    def add_days(self, day: dt.date, days: int) -> dt.date:
        return self.next_working(day + dt.timedelta(days=days))

    def add_months(self, day: dt.date, months: int) -> dt.date:
        year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return self.next_working(dt.date(year, month + 1, min(day.day, last)))

    def next_working(self, day: dt.date) -> dt.date:
        """The day itself when it is worked, else the next that is."""
        while not self.working(day):
            day += ONE
        return day
