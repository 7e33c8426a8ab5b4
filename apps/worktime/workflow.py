"""Verbs of the working calendar: change days, change limits. Each is one transaction with its event row."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.record.states import MoveRefused
from apps.worktime.models import CalendarDay, CalendarEvent, CalendarYear, TimeLimit, TimeLimitEvent
from apps.worktime.narrowing import narrowing_of
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
def change_limit(actor: User, step: str, amount: int, unit: str, source: str, note: str = "", *, level: str = "", topic: str = "") -> TimeLimit:
    """Set how long a step may take from now on, for all or for one level, topic or both. Limits that run already stay as they are."""
    _may_change(actor)
    if unit not in TimeLimit.Unit.values:
        raise MoveRefused("请选时限的单位。")
    if not 1 <= amount <= LONGEST[TimeLimit.Unit(unit)]:
        raise MoveRefused(f"时限要在 1 到 {LONGEST[TimeLimit.Unit(unit)]} {TimeLimit.Unit(unit).label}之间。")
    if not source.strip():
        raise MoveRefused("请写明依据，例如文件名和条款，或“主任会议议定”。")
    limit = _narrowed(step, level, topic) if level or topic else TimeLimit.objects.select_for_update().general().get(step=step)
    was = (limit.amount, limit.unit, limit.source) if limit.active else None
    limit.amount, limit.unit, limit.source, limit.active = amount, unit, source.strip()[:200], True
    if was != (limit.amount, limit.unit, limit.source):
        limit.save()
        TimeLimitEvent.objects.append(limit, "change", actor=actor, note=note, was=list(was) if was else None, now=[limit.amount, limit.unit, limit.source])
    return limit


def _narrowed(step: str, level: str, topic: str) -> TimeLimit:
    """The limit of a step for one level, topic or both, locked; one that is not there yet is made, as given up."""
    general, narrowing = TimeLimit.objects.select_for_update().general().get(step=step), narrowing_of(step)
    if narrowing is None or (level and level not in narrowing.levels) or (topic and topic not in narrowing.topics()):
        raise MoveRefused("这个环节不分这一级、这一类，请刷新页面后再选。")
    same = {"step": step, "level": level, "topic": topic}
    TimeLimit.objects.bulk_create([TimeLimit(**same, label=general.label, amount=general.amount, unit=general.unit, active=False)], ignore_conflicts=True)
    return TimeLimit.objects.select_for_update().get(**same)


@transaction.atomic
def give_up_limit(actor: User, pk: int) -> TimeLimit:
    """A limit for one level or topic is no longer; from now on the more general one holds."""
    _may_change(actor)
    limit = TimeLimit.objects.select_for_update().narrower().filter(pk=pk).first()
    if limit is None:
        raise MoveRefused("这一条单独规定已经取消了。请刷新页面后再看。")
    limit.active = False
    limit.save(update_fields=["active"])
    TimeLimitEvent.objects.append(limit, "give_up", actor=actor, was=[limit.amount, limit.unit, limit.source], now=None)
    return limit


@transaction.atomic
def rename_topic(before: str, after: str, *, actor: User | None = None) -> None:
    """A topic is called otherwise from now on: its limits go with it, as they are."""
    for limit in TimeLimit.objects.select_for_update().filter(topic=before).order_by("pk"):
        limit.topic = after
        limit.save(update_fields=["topic"])
        said = [limit.amount, limit.unit, limit.source]
        TimeLimitEvent.objects.append(limit, "change", actor=actor, note=f"类别“{before}”改名为“{after}”", was=said, now=said)


def _may_change(actor: User) -> None:
    if not allowed(actor, Permission.MANAGE_CALENDAR):
        raise MoveRefused("您的岗位不能改办理时限。")


@transaction.atomic
def follow_preset(actor: User, name: str) -> list[TimeLimit]:
    """Take over what a preset says; the limits that changed."""
    if name not in PRESETS:
        raise MoveRefused("没有这一套时限，请刷新页面后再选。")
    changed = []
    for limit in TimeLimit.objects.general().filter(step__in=PRESETS[name].rules).order_by("pk"):
        rule, source = PRESETS[name].rules[limit.step], PRESETS[name].source_of(limit.step)
        if (limit.amount, limit.unit, limit.source) != (rule.amount, rule.unit, source):
            changed.append(change_limit(actor, limit.step, rule.amount, rule.unit, source, f"按{PRESETS[name].label}"))
    return changed
