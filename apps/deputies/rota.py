"""The rota 排班: who answers at a station on a day, and who takes over. Somebody always does."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from apps.deputies import merging
from apps.deputies.models import Deputy, Station
from apps.record.events import Event
from apps.record.staging import Merged, Stage


@dataclass(frozen=True, eq=False)
class OnDuty:
    """Who answers at a station on a day: the first of `deputies` answers, each next takes over when the one before cannot.

    absent: whose turn it is and who cannot come. by_rota: False when nobody who can come has a turn, so that the standing order holds.
    """

    day: dt.date
    deputies: tuple[Deputy, ...]
    absent: tuple[Deputy, ...]
    by_rota: bool

    @property
    def first(self) -> Deputy | None:
        return self.deputies[0] if self.deputies else None

    @property
    def then(self) -> Deputy | None:
        """Who takes over."""
        return self.deputies[1] if len(self.deputies) > 1 else None


def answering(station: Station, on: dt.date) -> list[Deputy]:
    """The deputies who answer at the station on that day, in order. Empty only when the station has no deputy in office."""
    return list(on_duty([station], on)[station.pk].deputies)


def on_duty(stations: Iterable[Station], on: dt.date) -> dict[int, OnDuty]:
    """`OnDuty` by station id, in two queries for any number of stations."""
    ids = [station.pk for station in stations]
    turns: dict[int, list[DutyTurn]] = defaultdict(list)
    for turn in DutyTurn.objects.filter(rota__station__in=ids, day=on).select_related("rota").order_by("order"):
        turns[turn.rota.station_id].append(turn)
    named = {turn.deputy_id for some in turns.values() for turn in some}
    serving = {deputy.pk: deputy for deputy in Deputy.objects.serving_on(on).filter(Q(station__in=ids) | Q(pk__in=named)).order_by("code")}
    members: dict[int, list[Deputy]] = defaultdict(list)
    for deputy in serving.values():
        members[deputy.station_id].append(deputy)
    return {pk: _on_duty(on, turns[pk], serving, standing(members[pk], on)) for pk in ids}


def _on_duty(on: dt.date, turns: list["DutyTurn"], serving: dict[int, Deputy], others: list[Deputy]) -> OnDuty:
    absent = [serving[turn.deputy_id] for turn in turns if turn.absent and turn.deputy_id in serving]
    present = [serving[turn.deputy_id] for turn in turns if not turn.absent and turn.deputy_id in serving]
    rest = [deputy for deputy in others if deputy not in absent and deputy not in present]
    return OnDuty(on, (*present, *rest), tuple(absent), bool(present))


def standing(members: list[Deputy], on: dt.date) -> list[Deputy]:
    """The order where no turn says otherwise: by code, begun one further every Monday, so that nobody answers for ever."""
    begin = (on.toordinal() - 1) // 7 % len(members) if members else 0
    return members[begin:] + members[:begin]


class RotaQuerySet(models.QuerySet):
    def of(self, station: Station, month: dt.date):
        return self.filter(station=station, month=month.replace(day=1))


class Rota(models.Model):
    """排班表: one station's month. `version` counts its changes, so that nobody saves over what he has not seen."""

    station = models.ForeignKey(Station, verbose_name="联络站", on_delete=models.PROTECT, related_name="rotas")
    month = models.DateField("月份")
    version = models.PositiveIntegerField("版本", default=0)
    rule = models.JSONField("排班规则", default=dict)

    objects = RotaQuerySet.as_manager()

    class Meta:
        verbose_name = "排班表"
        verbose_name_plural = "排班表"
        ordering = ["station", "month"]
        constraints = [
            models.UniqueConstraint(fields=["station", "month"], name="deputies_rota_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="deputies_rota_month"),
        ]

    def __str__(self) -> str:
        return f"{self.station}{self.month:%Y年%m月}排班"


class DutyTurnQuerySet(models.QuerySet):
    def coming(self, on: dt.date):
        """Turns from that day on, nearest first, of those who have not said that they cannot come."""
        return self.filter(day__gte=on, absent=False).order_by("day", "order")

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.turns(stage)


class DutyTurn(models.Model):
    """值班: a deputy's turn on a day. Order 1 answers; 2, 3, … take over, in that order, when the ones before cannot."""

    rota = models.ForeignKey(Rota, verbose_name="排班表", on_delete=models.CASCADE, related_name="turns")
    day = models.DateField("日期")
    order = models.PositiveSmallIntegerField("次序")
    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.PROTECT, related_name="turns")
    absent = models.BooleanField("请假", default=False)

    objects = DutyTurnQuerySet.as_manager()

    class Meta:
        verbose_name = "值班"
        verbose_name_plural = "值班"
        ordering = ["day", "rota", "order"]
        constraints = [
            models.UniqueConstraint(fields=["rota", "day", "order"], name="deputies_turn_once", deferrable=models.Deferrable.DEFERRED),
            models.UniqueConstraint(fields=["rota", "day", "deputy"], name="deputies_turn_of_one", deferrable=models.Deferrable.DEFERRED),
            models.CheckConstraint(condition=Q(order__gte=1, order__lte=9), name="deputies_turn_order"),
        ]
        indexes = [models.Index(fields=["deputy", "day"], name="deputies_turn_deputy"), models.Index(fields=["day"], name="deputies_turn_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.deputy}"


class RotaEvent(Event):
    """排班经过: one change of a month's rota."""

    subject = models.ForeignKey(Rota, on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        verbose_name = "排班经过"
        verbose_name_plural = "排班经过"
