"""When the calendar changes, limits that are running change with it, and nobody is left to find that out by himself.

A room whose rows carry the last day of the step they are in tells it here (`ROOMS`, from its AppConfig). A limit that followed from
its rule follows from it again; one that somebody set by hand keeps its number of working days. Each row that moves gets an event.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from apps.record.events import Event
from apps.worktime.models import TimeLimit
from apps.worktime.workdays import Workdays


@dataclass(frozen=True)
class Room:
    """running: rows that are still open, with `due_on`; step: the limit they are under; write: sets a
    new last day and names the fields that changed; told: what else an event of this room says."""

    running: Callable[[], models.QuerySet]
    events: type[Event]
    step: Callable[[models.Model], str]
    write: Callable[[models.Model, dt.date], list[str]]
    told: Callable[[models.Model], dict]


@dataclass(frozen=True)
class Moved:
    """A limit that is another day now."""

    title: str
    before: dt.date
    after: dt.date


ROOMS: list[Room] = []


def recount(actor, before: Workdays, after: Workdays, note: str) -> list[Moved]:
    """Move every running limit to where it lies by the new calendar; what moved. Inside the caller's transaction."""
    changed = {day for day in {*before.exceptions, *after.exceptions} if before.working(day) != after.working(day)}
    if not changed:
        return []
    limits = {limit.step: limit for limit in TimeLimit.objects.general()}
    moved = []
    for room in ROOMS:
        rows = list(room.running().filter(due_on__gte=min(changed)).select_for_update(of=("self",)).order_by("pk"))
        starts = _starts(room, rows)
        for row in rows:
            if row.pk in starts and (due := _again(row.due_on, starts[row.pk], limits.get(room.step(row)), before, after)) != row.due_on:
                moved.append(Moved(str(row), row.due_on, due))
                _move(room, row, due, starts[row.pk], actor, note)
    return moved


def _again(due: dt.date, start: dt.date, limit: TimeLimit | None, before: Workdays, after: Workdays) -> dt.date:
    if limit and limit.last_day(start, before) == due:
        return limit.last_day(start, after)
    return after.add(start, before.between(start, due)) if before.working(due) and start < due else due


def _starts(room: Room, rows: Iterable[models.Model]) -> dict[int, dt.date]:
    """Row -> the day its limit is counted from: that of the event by which it got the limit it has."""
    dues = {row.pk: row.due_on.isoformat() for row in rows}
    said: dict[int, tuple] = {}
    starts: dict[int, dt.date] = {}
    for subject, at, data in room.events.objects.filter(subject__in=list(dues)).order_by("subject_id", "pk").values_list("subject_id", "at", "data"):
        step = (data.get("state"), data.get("due_on"))
        if "due_on" in data and step != said.get(subject):
            said[subject] = step
            counted_from = data.get("counted_from")
            starts[subject] = dt.date.fromisoformat(counted_from) if counted_from else timezone.localdate(at)
    return {subject: start for subject, start in starts.items() if said[subject][1] == dues[subject]}


def _move(room: Room, row: models.Model, due: dt.date, start: dt.date, actor, note: str) -> None:
    before = row.due_on
    row.save(update_fields=room.write(row, due))
    room.events.objects.append(
        row, "recount", actor=actor, note=note, before=before.isoformat(), due_on=due.isoformat(), counted_from=start.isoformat(), **room.told(row)
    )
