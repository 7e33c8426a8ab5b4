"""The working calendar and the time limits. Days that differ from the plain week are rows, as the State Council sets them."""

import datetime as dt
from collections.abc import Iterable

from django.db import models


class CalendarQuerySet(models.QuerySet):
    def working(self, day: dt.date) -> bool:
        exception = self.filter(date=day).values_list("working", flat=True).first()
        return day.weekday() < 5 if exception is None else exception

    def add_working_days(self, day: dt.date, days: int) -> dt.date:
        """The `days`-th working day after `day`; the day itself does not count (民法典 第201条)."""
        exceptions = dict(self.filter(date__gt=day, date__lte=day + dt.timedelta(days=days * 3 + 30)).values_list("date", "working"))
        while days:
            day += dt.timedelta(days=1)
            days -= exceptions.get(day, day.weekday() < 5)
        return day

    def limits(self, steps: Iterable[tuple[dt.date, int]]) -> dict[tuple[dt.date, int], dt.date]:
        """`add_working_days` for many (day, days) pairs, in one query."""
        exceptions = dict(self.values_list("date", "working"))
        found = {}
        for start, days in set(steps):
            day, left = start, days
            while left:
                day += dt.timedelta(days=1)
                left -= exceptions.get(day, day.weekday() < 5)
            found[start, days] = day
        return found

    def working_days_until(self, due: dt.date, today: dt.date) -> int:
        """Working days left; negative when the limit has passed."""
        return self.working_days_left([due], today)[due]

    def working_days_left(self, dates: Iterable[dt.date], today: dt.date) -> dict[dt.date, int]:
        """Working days from today to each date, today not counted, in one query; negative when it has passed."""
        wanted = set(dates)
        if not wanted:
            return {}
        first, last = min(wanted | {today}), max(wanted | {today})
        exceptions = dict(self.filter(date__range=(first, last)).values_list("date", "working"))

        def between(start: dt.date, end: dt.date) -> int:
            span = (start + dt.timedelta(days=step) for step in range(1, (end - start).days + 1))
            return sum(exceptions.get(day, day.weekday() < 5) for day in span)

        return {date: between(today, date) if date >= today else -between(date, today) for date in wanted}


class CalendarDay(models.Model):
    """A day that differs from the plain week: a holiday on a weekday, or a make-up working day on a weekend."""

    date = models.DateField("日期", unique=True)
    working = models.BooleanField("上班")
    name = models.CharField("说明", max_length=40, blank=True)

    objects = CalendarQuerySet.as_manager()

    class Meta:
        verbose_name = "特殊工作日"
        verbose_name_plural = "特殊工作日"
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date} {'上班' if self.working else '放假'}"


class TimeLimit(models.Model):
    """How many working days a step may take, and the rule it follows."""

    step = models.CharField("环节", max_length=40, unique=True)
    label = models.CharField("名称", max_length=60)
    working_days = models.PositiveSmallIntegerField("工作日")
    source = models.CharField("依据", max_length=200, blank=True)

    class Meta:
        verbose_name = "办理时限"
        verbose_name_plural = "办理时限"

    def __str__(self) -> str:
        return f"{self.label} {self.working_days} 个工作日"

    @classmethod
    def due(cls, step: str, start: dt.date) -> dt.date:
        """The last day of a step that starts on `start`."""
        return CalendarDay.objects.add_working_days(start, cls.objects.get(step=step).working_days)
