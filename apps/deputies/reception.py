"""接待日: a day on which deputies receive residents in person at a station. Planned in the open, told in public, kept with what came of it."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import Role
from apps.deputies.models import Deputy, Station
from apps.record.events import Event

AHEAD = dt.timedelta(days=62)  # how far ahead the public is told


class ReceptionDayQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Offices and leaders see those of their scope's stations; a deputy those he sits in and those of his own station."""
        if user.role == Role.DEPUTY:
            mine = Deputy.objects.filter(user=user)
            return self.filter(Q(deputies__in=mine.values("pk")) | Q(station__in=mine.values("station"))).distinct()
        return self.filter(station__area__code__startswith=user.scope) if user.scope else self.none()

    def coming(self, on: dt.date):
        """What the public is told: planned ones from that day on, nearest first."""
        return self.filter(state=ReceptionDay.State.PLANNED, day__range=(on, on + AHEAD)).order_by(
            "day", "starts", "pk"
        )


class ReceptionDay(models.Model):
    """接待日: when, where and by whom residents are received. What is reported there are cases that name it."""

    class State(models.TextChoices):
        PLANNED = "planned", "已安排"
        HELD = "held", "已接待"
        CALLED_OFF = "called_off", "已取消"

    station = models.ForeignKey(Station, verbose_name="联络站", on_delete=models.PROTECT, related_name="reception_days")
    day = models.DateField("日期")
    starts = models.TimeField("开始")
    ends = models.TimeField("结束")
    place = models.CharField("地点", max_length=120, blank=True, help_text="空：在联络站")
    topic = models.CharField("主题", max_length=120, blank=True)
    deputies = models.ManyToManyField(Deputy, verbose_name="接待代表", related_name="reception_days")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.PLANNED)
    visitors = models.PositiveSmallIntegerField("来访人数", null=True, blank=True)
    revision = models.PositiveIntegerField("版本", default=0)

    objects = ReceptionDayQuerySet.as_manager()

    class Meta:
        verbose_name = "接待日"
        verbose_name_plural = "接待日"
        ordering = ["-day", "starts", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["station", "day", "starts"], condition=~Q(state="called_off"), name="deputies_reception_once"
            ),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="deputies_reception_hours"),
            models.CheckConstraint(
                condition=Q(visitors__isnull=True) | Q(state="held"), name="deputies_reception_visitors"
            ),
        ]
        indexes = [models.Index(fields=["day"], name="deputies_reception_day")]

    def __str__(self) -> str:
        return f"{self.station} {self.day.month}月{self.day.day}日接待"

    @property
    def where(self) -> str:
        return self.place or self.station.address or self.station.name

    @property
    def hours(self) -> str:
        return f"{self.starts:%H:%M}–{self.ends:%H:%M}"


class ReceptionEvent(Event):
    """接待日经过: arranged, changed, held, called off. The database refuses to change it."""

    subject = models.ForeignKey(ReceptionDay, verbose_name="接待日", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "接待日经过"
        verbose_name_plural = "接待日经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
