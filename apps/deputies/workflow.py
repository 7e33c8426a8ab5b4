"""Verbs of this room. Each is one transaction with its event row."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.deputies.codes import DeputyCode, StationCode
from apps.deputies.models import Deputy, Station
from apps.deputies.rota import DutyTurn, Rota, RotaEvent
from apps.record import issuing
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


@transaction.atomic
def excuse(user: User, turn_id: int, absent: bool) -> DutyTurn:
    """A deputy says that he cannot come on a day of his, or that he can after all. Who takes over follows from the rota at once."""
    rota = Rota.objects.select_for_update().filter(turns=turn_id).first()
    turn = DutyTurn.objects.filter(pk=turn_id, deputy__user=user).select_related("deputy").first() if rota else None
    if rota is None or turn is None:
        raise MoveRefused("这个班次刚刚改过，请刷新页面后再看。")
    if turn.day < timezone.localdate():
        raise MoveRefused("已经过去的日子不能再改。")
    if turn.absent == absent:
        return turn
    was = _turns(rota)[turn.day]
    turn.absent = absent
    turn.save(update_fields=["absent"])
    rota.version += 1
    rota.save(update_fields=["version"])
    day = turn.day.isoformat()
    RotaEvent.objects.append(rota, "excuse" if absent else "return", actor=user, was={day: _said(was)}, now={day: _said(_turns(rota)[turn.day])})
    LayerVersion.raise_for("rota")
    return turn


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


@transaction.atomic
def issue_cards(user: User | None, *, deputies: QuerySet[Deputy] | None = None, stations: QuerySet[Station] | None = None) -> int:
    """Give a code to each of these deputies in office, and of these stations, that has none in use; how many were issued.

    user None: the operator at the console. Two at once: the second waits, and finds nothing left to do.
    """
    made: list[DeputyCode | StationCode] = []
    if deputies is not None:
        serving = Deputy.objects.serving_on(timezone.localdate()).filter(pk__in=deputies.values("pk")).order_by("pk")
        held = list(serving.select_for_update(of=("self",)))
        has = set(DeputyCode.objects.active().filter(deputy__in=held).values_list("deputy", flat=True))
        made += issuing.issue([DeputyCode(deputy=deputy) for deputy in held if deputy.pk not in has], actor=user)
    if stations is not None:
        held_stations = list(stations.order_by("pk").select_for_update(of=("self",)))
        has = set(StationCode.objects.active().filter(station__in=held_stations).values_list("station", flat=True))
        made += issuing.issue([StationCode(station=station) for station in held_stations if station.pk not in has], actor=user)
    return len(made)


Code = TypeVar("Code", DeputyCode, StationCode)


@transaction.atomic
def renew(user: User, code: Code, reason: str) -> Code:
    """A new code for the same deputy or station: the old card still leads there, and can be made void by itself."""
    code = _in_scope(user, code)
    issuing.check("replace", code, reason)
    type(code).objects.filter(pk=code.pk).update(status=code.Status.RETIRED)  # only one may be in use at a time
    held = {"deputy": code.deputy} if isinstance(code, DeputyCode) else {"station": code.station}
    new = issuing.issue([type(code)(**held)], actor=user, note=reason)[0]
    issuing.replace(code, new, reason, actor=user)
    return new


@transaction.atomic
def hand_on(user: User, code: DeputyCode, to: Deputy, reason: str) -> DeputyCode:
    """Whoever took the deputy's seat takes his code over: the old card leads to the successor's page from now on."""
    code = _in_scope(user, code)
    if to.pk == code.deputy_id:
        raise MoveRefused("承接的应是另一位代表。")
    if not Deputy.objects.serving_on(timezone.localdate()).filter(pk=to.pk).exists():
        raise MoveRefused(f"{to.name}现在不在任，不能承接。")
    issue_cards(user, deputies=Deputy.objects.filter(pk=to.pk))
    return issuing.replace(code, DeputyCode.objects.active().get(deputy=to), reason, actor=user)


@transaction.atomic
def move_code(user: User, verb: str, code: Code, reason: str) -> Code:
    """retire, restore or void. Restoring is refused while the deputy or station has another code in use."""
    code = _in_scope(user, code)
    if verb not in ("retire", "restore", "void"):
        raise MoveRefused("没有这个操作。请刷新页面后再看。")
    held = {"deputy": code.deputy_id} if isinstance(code, DeputyCode) else {"station": code.station_id}
    if verb == "restore" and type(code).objects.active().filter(**held).exists():
        raise MoveRefused("已有另一个在用的码。请先停用那一个，再恢复这一个。")
    return issuing.move(verb, code, reason, actor=user)


def _in_scope(user: User, code: Code) -> Code:
    """The code under its lock, for an office that answers for it."""
    if not type(code).objects.visible_to(user).filter(pk=code.pk).exists():
        raise MoveRefused("这个码不在您的管辖范围内。")
    return issuing.lock(code)
