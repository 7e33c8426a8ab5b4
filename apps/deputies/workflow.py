"""Verbs of this room. Each is one transaction with its event row."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.deputies.models import Deputy, Station
from apps.deputies.rota import DutyTurn, Rota, RotaEvent
from apps.record.states import MoveRefused
from apps.territory.models import LayerVersion


@dataclass(frozen=True)
class Turn:
    """A deputy on a day, and whether he has said that he cannot come."""

    deputy: Deputy
    absent: bool = False


class RotaChanged(MoveRefused):
    """Somebody else has changed the month since it was opened."""


@transaction.atomic
def arrange(user: User, station: Station, month: dt.date, table: Mapping[dt.date, Sequence[Turn]], *, version: int, rule: dict | None = None) -> Rota:
    """Give days of a station's month these turns, in this order; days that the table does not name stay as they are.

    version: of the month as the user saw it (0: there was none). Days that have passed are refused: what was, was.
    Raises MoveRefused, RotaChanged.
    """
    first, today = month.replace(day=1), timezone.localdate()
    if not Station.objects.visible_to(user).filter(pk=station.pk).exists():
        raise MoveRefused("这个联络站不在您的管辖范围内。")
    rota = Rota.objects.get_or_create(station=station, month=first)[0]
    rota = Rota.objects.select_for_update().get(pk=rota.pk)
    was = _turns(rota)
    changed = {day: list(turns) for day, turns in table.items() if list(turns) != was.get(day, [])}
    if not changed:
        return rota
    if rota.version != version:
        raise RotaChanged(_who_changed(rota))
    if any(day.replace(day=1) != first for day in changed):
        raise MoveRefused("排班只能填写本月的日期。")
    if any(day < today for day in changed):
        raise MoveRefused("已经过去的日子不能再改。")
    for day, turns in changed.items():
        if len({turn.deputy.pk for turn in turns}) < len(turns):
            raise MoveRefused(f"{day.month}月{day.day}日同一位代表排了两次，请改选另一位。")
    DutyTurn.objects.filter(rota=rota, day__in=changed).delete()
    DutyTurn.objects.bulk_create(
        DutyTurn(rota=rota, day=day, order=order, deputy=turn.deputy, absent=turn.absent)
        for day, turns in changed.items()
        for order, turn in enumerate(turns, start=1)
    )
    rota.version += 1
    if rule is not None:
        rota.rule = rule
    rota.save()
    RotaEvent.objects.append(
        rota, "arrange", actor=user,
        was={day.isoformat(): _said(was.get(day, [])) for day in sorted(changed)}, now={day.isoformat(): _said(changed[day]) for day in sorted(changed)},
    )  # fmt: skip
    LayerVersion.raise_for("rota")
    return rota


def _turns(rota: Rota) -> dict[dt.date, list[Turn]]:
    turns: dict[dt.date, list[Turn]] = {}
    for turn in rota.turns.select_related("deputy").order_by("day", "order"):
        turns.setdefault(turn.day, []).append(Turn(turn.deputy, turn.absent))
    return turns


def _said(turns: Sequence[Turn]) -> list[list]:
    return [[turn.deputy.code, turn.absent] for turn in turns]


def _who_changed(rota: Rota) -> str:
    last = rota.events.order_by("-pk").first()
    who = f"刚刚由{last.actor_label}" if last and last.actor_label else "刚刚"
    return f"这个月的排班{who}改过了。下面仍是您填的内容，请与最新的排班核对后再保存。"
