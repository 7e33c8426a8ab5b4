"""Verbs of the working calendar: change days, change limits. Each is one transaction with its event row."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.record.states import MoveRefused
from apps.worktime.models import CalendarDay, CalendarEvent, CalendarYear, TimeLimit, TimeLimitEvent
from apps.worktime.policies import PRESETS
from apps.worktime.recount import Moved, recount

LONGEST = {TimeLimit.Unit.WORKING_DAYS: 250, TimeLimit.Unit.DAYS: 365, TimeLimit.Unit.MONTHS: 12}
Said = tuple[bool, str]  # worked, and the name


@dataclass(frozen=True)
class Changed:
    """Days that are no longer what they were (None: as in any week), and the limits that moved with them."""

    days: list[tuple[dt.date, Said | None, Said | None]]
    limits: list[Moved]


@transaction.atomic
def change_days(actor: User, year: int, wanted: Mapping[dt.date, Said | None], note: str, *, whole: bool = False) -> Changed:
    """Make days off, worked, or (None) as in any week. whole: the year consists of these and no others. Running limits move along."""
    if not allowed(actor, Permission.MANAGE_CALENDAR):
        raise MoveRefused("您的岗位不能改工作日历。")
    CalendarYear.objects.bulk_create([CalendarYear(year=each) for each in sorted({year, *(day.year for day in wanted)})], ignore_conflicts=True)
    years = {each.year: each for each in CalendarYear.objects.select_for_update().order_by("year")}  # one change at a time
    known = {day.date: (day.working, day.name) for day in CalendarDay.objects.all()}
    before = CalendarDay.objects.workdays()
    if whole:
        wanted = {**{day: None for day in known if day.year == year}, **wanted}
    days = [(day, known.get(day), said) for day, said in sorted(wanted.items()) if known.get(day) != said]
    if not days:
        return Changed([], [])
    CalendarDay.objects.filter(date__in=[day for day, _, _ in days]).delete()
    CalendarDay.objects.bulk_create(CalendarDay(date=day, working=said[0], name=said[1][:40]) for day, _, said in days if said)
    limits = recount(actor, before, CalendarDay.objects.workdays(), f"工作日历有变动：{note}" if note else "工作日历有变动")
    if whole and note:
        CalendarYear.objects.filter(year=year).update(source=note[:200])
    for each in sorted({day.year for day, _, _ in days}):
        listed = [[day.isoformat(), was, now] for day, was, now in days if day.year == each]
        CalendarEvent.objects.append(years[each], "change", actor=actor, note=note, days=listed, limits=len(limits))
    return Changed(days, limits)


def rehearse(actor: User, year: int, wanted: Mapping[dt.date, Said | None], note: str, *, whole: bool = False) -> Changed:
    """What `change_days` would do; nothing stays of it."""
    with transaction.atomic():
        changed = change_days(actor, year, wanted, note, whole=whole)
        transaction.set_rollback(True)
    return changed


@transaction.atomic
def change_limit(actor: User, step: str, amount: int, unit: str, source: str, note: str = "") -> TimeLimit:
    """Set how long a step may take from now on. Limits that run already stay as they are."""
    if not allowed(actor, Permission.MANAGE_CALENDAR):
        raise MoveRefused("您的岗位不能改办理时限。")
    if unit not in TimeLimit.Unit.values:
        raise MoveRefused("请选时限的单位。")
    if not 1 <= amount <= LONGEST[TimeLimit.Unit(unit)]:
        raise MoveRefused(f"时限要在 1 到 {LONGEST[TimeLimit.Unit(unit)]} {TimeLimit.Unit(unit).label}之间。")
    if not source.strip():
        raise MoveRefused("请写明依据，例如文件名和条款，或“主任会议议定”。")
    limit = TimeLimit.objects.select_for_update().get(step=step)
    was = (limit.amount, limit.unit, limit.source)
    limit.amount, limit.unit, limit.source = amount, unit, source.strip()[:200]
    if was != (limit.amount, limit.unit, limit.source):
        limit.save()
        TimeLimitEvent.objects.append(limit, "change", actor=actor, note=note, was=list(was), now=[limit.amount, limit.unit, limit.source])
    return limit


@transaction.atomic
def follow_preset(actor: User, name: str) -> list[TimeLimit]:
    """Take over what a preset says; the limits that changed."""
    if name not in PRESETS:
        raise MoveRefused("没有这一套时限，请刷新页面后再选。")
    changed = []
    for limit in TimeLimit.objects.filter(step__in=PRESETS[name].rules).order_by("pk"):
        rule, source = PRESETS[name].rules[limit.step], PRESETS[name].source_of(limit.step)
        if (limit.amount, limit.unit, limit.source) != (rule.amount, rule.unit, source):
            changed.append(change_limit(actor, limit.step, rule.amount, rule.unit, source, f"按{PRESETS[name].label}"))
    return changed
