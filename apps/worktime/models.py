"""The working calendar and the time limits. Days that differ from the plain week are rows, as the State Council sets them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.record.events import Event
from apps.worktime.workdays import Workdays

LOOK_AHEAD = dt.timedelta(days=60)  # limits of today's work end within it


class CalendarQuerySet(models.QuerySet):
    def workdays(self, first: dt.date | None = None, last: dt.date | None = None) -> Workdays:
        """The calendar of a span of days, or of all, in one query."""
        days = self.filter(**({"date__gte": first} if first else {}), **({"date__lte": last} if last else {}))
        return Workdays(dict(days.values_list("date", "working")))

    def working(self, day: dt.date) -> bool:
        return self.workdays(day, day).working(day)

    def add_working_days(self, day: dt.date, days: int) -> dt.date:
        """The `days`-th working day after `day`; the day itself does not count (民法典 第201条)."""
        return self.workdays(day, day + dt.timedelta(days=days * 3 + 30)).add(day, days)

    def working_days_until(self, due: dt.date, today: dt.date) -> int:
        """Working days left; negative when the limit has passed."""
        return self.working_days_left([due], today)[due]

    def working_days_left(self, dates: Iterable[dt.date], today: dt.date) -> dict[dt.date, int]:
        """Working days from today to each date, today not counted, in one query; negative when it has passed."""
        wanted = set(dates)
        if not wanted:
            return {}
        days = self.workdays(min(wanted | {today}), max(wanted | {today}))
        return {date: days.between(today, date) for date in wanted}

    def known_years(self) -> set[int]:
        """Years whose holidays are entered."""
        return {date.year for date in self.dates("date", "year")}

    def missing_years(self, first: dt.date, last: dt.date) -> list[int]:
        """Years of the span without any holiday entered: there the plain week counts."""
        return sorted(set(range(first.year, last.year + 1)) - self.known_years())

    def missing_soon(self) -> list[int]:
        """Years that limits of today's work already reach into."""
        today = timezone.localdate()
        return self.missing_years(today, today + LOOK_AHEAD)


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


class CalendarYear(models.Model):
    """历年: where a year's holidays were taken from; what was changed in it hangs on it."""

    year = models.PositiveSmallIntegerField("年份", unique=True)
    source = models.CharField("依据", max_length=200, blank=True)

    class Meta:
        verbose_name = "历年"
        verbose_name_plural = "历年"
        ordering = ["year"]

    def __str__(self) -> str:
        return f"{self.year}年"


class CalendarEvent(Event):
    """One change of a year's days. The database refuses to change it."""

    subject = models.ForeignKey(CalendarYear, verbose_name="历年", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "日历经过"
        verbose_name_plural = "日历经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


class TimeLimitQuerySet(models.QuerySet):
    def general(self):
        """Those that hold wherever nothing narrower is set."""
        return self.filter(level="", topic="")

    def narrower(self):
        """Those that hold for one level, one topic or both, and have not been given up."""
        return self.filter(active=True).exclude(level="", topic="").order_by("step", "topic", "level")

    def book(self, steps: Iterable[str], start: dt.date) -> "LimitBook":
        """The limits of these steps and the calendar to count them from `start`, in two queries."""
        limits = list(self.filter(step__in=list(steps), active=True))
        span = max((limit.span for limit in limits), default=dt.timedelta())
        return LimitBook(
            {(limit.step, limit.level, limit.topic): limit for limit in limits},
            CalendarDay.objects.workdays(start, start + span),
        )

    def whole_book(self) -> "LimitBook":
        """Every limit, for who brings a calendar of his own."""
        return LimitBook({(limit.step, limit.level, limit.topic): limit for limit in self.filter(active=True)}, Workdays({}))


@dataclass(frozen=True)
class LimitBook:
    """Limits by (step, level, topic), with a calendar that reaches as far as they do."""

    limits: dict[tuple[str, str, str], "TimeLimit"]
    days: Workdays

    @classmethod
    def empty(cls) -> "LimitBook":
        return cls({}, Workdays({}))

    @property
    def narrowed(self) -> bool:
        """Whether any of them is for one topic only."""
        return any(topic for _, _, topic in self.limits)

    def find(self, step: str, level: str = "", topic: str = "") -> "TimeLimit | None":
        """The narrowest that is set: for level and topic, for the topic, for the level, for all."""
        keys = ((step, level, topic), (step, "", topic), (step, level, ""), (step, "", ""))
        return next((self.limits[key] for key in keys if key in self.limits), None)

    def due(self, step: str, start: dt.date, level: str = "", topic: str = "") -> dt.date | None:
        """The last day of a step that starts on `start`; None where no limit is set."""
        limit = self.find(step, level, topic)
        return limit.last_day(start, self.days) if limit else None


class TimeLimit(models.Model):
    """How long a step may take, and the rule it follows; for all, or only for one level, one topic, or both."""

    class Unit(models.TextChoices):
        WORKING_DAYS = "working_days", "个工作日"
        DAYS = "days", "日"
        MONTHS = "months", "个月"

    step = models.CharField("环节", max_length=40)
    level = models.CharField("分级", max_length=20, blank=True, default="", help_text="空：各级一样")
    topic = models.CharField("类别", max_length=40, blank=True, default="", help_text="空：各类一样")
    label = models.CharField("名称", max_length=60)
    amount = models.PositiveSmallIntegerField("时限")
    unit = models.CharField("单位", max_length=12, choices=Unit.choices, default=Unit.WORKING_DAYS)
    source = models.CharField("依据", max_length=200, blank=True)
    active = models.BooleanField("有效", default=True, help_text="只有单独规定可以取消；取消的留着，改动经过挂在它上面")

    objects = TimeLimitQuerySet.as_manager()

    class Meta:
        verbose_name = "办理时限"
        verbose_name_plural = "办理时限"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=1), name="worktime_limit_positive"),
            models.UniqueConstraint(fields=["step", "level", "topic"], name="worktime_limit_once"),
            models.CheckConstraint(condition=Q(active=True) | ~Q(level="", topic=""), name="worktime_limit_general_stays"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.words}"

    @property
    def words(self) -> str:
        return f"{self.amount} {self.get_unit_display()}"

    @property
    def general(self) -> bool:
        """Whether it holds wherever nothing narrower is set."""
        return not (self.level or self.topic)

    @property
    def span(self) -> dt.timedelta:
        """No shorter than the limit can become with its holidays: so much of the calendar is needed to count it."""
        return dt.timedelta(days=self.amount * {"working_days": 3, "days": 1, "months": 31}[self.unit] + 30)

    def last_day(self, start: dt.date, days: Workdays) -> dt.date:
        """The last day of a step that starts on `start`."""
        add = {"working_days": days.add, "days": days.add_days, "months": days.add_months}[self.unit]
        return add(start, self.amount)

    @classmethod
    def due(cls, step: str, start: dt.date) -> dt.date:
        """The last day of a step that starts on `start`."""
        limit = cls.objects.general().get(step=step)
        return limit.last_day(start, CalendarDay.objects.workdays(start, start + limit.span))


class TimeLimitEvent(Event):
    """One change of a limit. The database refuses to change it."""

    subject = models.ForeignKey(TimeLimit, verbose_name="办理时限", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "时限经过"
        verbose_name_plural = "时限经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
