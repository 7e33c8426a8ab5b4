"""Verbs of the reception days 接待日. Each is one transaction with its event row; whoever is put down or struck off is told."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.deputies.models import Deputy, Station
from apps.deputies.reception import ReceptionDay, ReceptionEvent
from apps.deputies.rota import on_duty
from apps.record.notices import Notice
from apps.record.states import MoveRefused

PAGE = "/cases/receptions/"
MOST_DEPUTIES = 12
RECEIVING = 2  # deputies of the rota who are put down when a month is laid out
USUAL = dt.time(9), dt.time(11, 30)
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*[-–~至]\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class Plan:
    """What is known of a reception day before it takes place. deputies: their ids."""

    day: dt.date
    starts: dt.time
    ends: dt.time
    deputies: Sequence[int]
    place: str = ""
    topic: str = ""


@transaction.atomic
def arrange(user: User, station: Station, plan: Plan) -> ReceptionDay:
    """A new day at a station of one's scope."""
    _may(user, station)
    people = _checked(plan)
    day = _kept(
        ReceptionDay(
            station=station,
            day=plan.day,
            starts=plan.starts,
            ends=plan.ends,
            place=plan.place.strip(),
            topic=plan.topic.strip(),
        )
    )
    day.deputies.set(people)
    ReceptionEvent.objects.append(day, "arrange", actor=user, **_said(day, people))
    _tell(people, f"请您参加接待：{_when(day)}", day)
    return day


@transaction.atomic
def change(user: User, pk: int, plan: Plan, revision: int | None = None) -> ReceptionDay:
    """Another time, place, topic or other deputies, until it has been held."""
    day = _locked(user, pk, revision)
    if day.state != ReceptionDay.State.PLANNED:
        raise MoveRefused(f"这个接待日{day.get_state_display()}，不能再改。")
    people, before = _checked(plan, moved=plan.day != day.day), set(day.deputies.all())
    moved = (day.day, day.starts, day.ends, day.place) != (plan.day, plan.starts, plan.ends, plan.place.strip())
    day.day, day.starts, day.ends, day.place, day.topic = (
        plan.day,
        plan.starts,
        plan.ends,
        plan.place.strip(),
        plan.topic.strip(),
    )
    _kept(day)
    day.deputies.set(people)
    ReceptionEvent.objects.append(day, "change", actor=user, **_said(day, people))
    stay = before & set(people)
    if moved:
        _tell(stay, f"接待时间或地点改了：{_when(day)}", day)
    _tell(set(people) - before, f"请您参加接待：{_when(day)}", day)
    _tell(before - set(people), f"您不用参加这次接待了：{_when(day)}", day)
    return day


@transaction.atomic
def call_off(user: User, pk: int, reason: str, revision: int | None = None) -> ReceptionDay:
    """It does not take place; the public page says no more of it. The time is free for another."""
    if not reason.strip():
        raise MoveRefused("请写明取消的原因。", "reason")
    day = _locked(user, pk, revision)
    if day.state != ReceptionDay.State.PLANNED:
        raise MoveRefused(f"这个接待日{day.get_state_display()}，不能取消。")
    day.state = ReceptionDay.State.CALLED_OFF
    _kept(day)
    ReceptionEvent.objects.append(day, "call_off", actor=user, note=reason.strip())
    _tell(day.deputies.all(), f"接待取消了：{_when(day)}", day, reason.strip())
    return day


@transaction.atomic
def hold(user: User, pk: int, visitors: int, revision: int | None = None) -> ReceptionDay:
    """It has taken place, with so many who came; also to put that number right."""
    day = _locked(user, pk, revision)
    if day.state == ReceptionDay.State.CALLED_OFF:
        raise MoveRefused("这个接待日已经取消，不能登记接待情况。")
    if day.day > timezone.localdate():
        raise MoveRefused("还没有到接待的日子。")
    day.state, day.visitors = ReceptionDay.State.HELD, visitors
    _kept(day)
    ReceptionEvent.objects.append(day, "hold", actor=user, visitors=visitors)
    return day


def lay_out(user: User, month: dt.date) -> list[ReceptionDay]:
    """A month's days of all stations in scope that have fixed reception days, with whom the rota names; what is there already, or
    was called off, stays as it is."""
    first = max(month.replace(day=1), timezone.localdate())
    after = (month.replace(day=1) + dt.timedelta(days=31)).replace(day=1)
    days = [first + dt.timedelta(days=step) for step in range(max((after - first).days, 0))]
    stations = list(Station.objects.visible_to(user).exclude(duty_days="").order_by("code"))
    there = set(
        ReceptionDay.objects.filter(station__in=stations, day__range=(first, after)).values_list("station", "day")
    )
    made = []
    for day in days:
        receiving = [station for station in stations if station.receives_on(day) and (station.pk, day) not in there]
        for station, duty in zip(receiving, on_duty(receiving, day).values(), strict=True):
            if duty.deputies:
                starts, ends = hours_of(station)
                made.append(
                    arrange(user, station, Plan(day, starts, ends, [deputy.pk for deputy in duty.deputies[:RECEIVING]]))
                )
    return made


def hours_of(station: Station) -> tuple[dt.time, dt.time]:
    """A station's reception hours as it states them, else the usual ones."""
    found = HOURS.search(station.duty_hours.replace("：", ":"))
    if found:
        h1, m1, h2, m2 = (int(part) for part in found.groups())
        if h1 < 24 and h2 < 24 and m1 < 60 and m2 < 60 and (h1, m1) < (h2, m2):
            return dt.time(h1, m1), dt.time(h2, m2)
    return USUAL


def _may(user: User, station: Station) -> None:
    if (
        not allowed(user, Permission.ARRANGE_RECEPTIONS)
        or not Station.objects.visible_to(user).filter(pk=station.pk).exists()
    ):
        raise MoveRefused("这个联络站不在您的管辖范围内。")


def _locked(user: User, pk: int, revision: int | None) -> ReceptionDay:
    day = ReceptionDay.objects.select_for_update(of=("self",)).select_related("station").get(pk=pk)
    _may(user, day.station)
    if revision is not None and day.revision != revision:
        last = day.events.order_by("-pk").first()
        raise MoveRefused(f"这个接待日刚刚由{last.actor_label if last else '别人'}改过，请看过再办。")
    return day


def _checked(plan: Plan, *, moved: bool = True) -> list[Deputy]:
    """The deputies of a plan that holds together."""
    if moved and plan.day < timezone.localdate():
        raise MoveRefused("接待的日子已经过去了，请选今天或以后的日子。", "day")
    if plan.ends <= plan.starts:
        raise MoveRefused("结束时间要晚于开始时间。", "ends")
    people = list(Deputy.objects.serving_on(plan.day).filter(pk__in=plan.deputies).order_by("code"))
    if not people:
        raise MoveRefused("请至少选一位那天在任的代表。", "deputies")
    if len(people) > MOST_DEPUTIES:
        raise MoveRefused(f"一次接待最多 {MOST_DEPUTIES} 位代表。", "deputies")
    if len(people) < len(set(plan.deputies)):
        raise MoveRefused("选中的代表里有人那天不在任，请重新选。", "deputies")
    return people


def _kept(day: ReceptionDay) -> ReceptionDay:
    day.revision += 1
    try:
        with transaction.atomic():
            day.save()
    except IntegrityError as error:
        raise MoveRefused("这个联络站在这个时间已经安排了接待，请换一个时间，或改原来的那次。", "starts") from error
    return day


def _said(day: ReceptionDay, people: list[Deputy]) -> dict:
    return {
        "day": day.day.isoformat(),
        "hours": day.hours,
        "place": day.where,
        "deputies": "、".join(each.name for each in people),
    }


def _when(day: ReceptionDay) -> str:
    return f"{day.day.month}月{day.day.day}日 {day.hours} {day.station}"


def _tell(people: Iterable[Deputy], title: str, day: ReceptionDay, body: str = "") -> None:
    words = body or f"地点：{day.where}。" + (f"主题：{day.topic}。" if day.topic else "")
    Notice.objects.tell([deputy.user_id for deputy in people], "case", title, words, f"{PAGE}{day.pk}/")
