"""When the calendar changes, limits that are running change with it, and nobody is left to find that out by himself.

A room that has limits running tells it here (`ROOMS`, from its AppConfig): one whose rows carry the last day of the step they are in
as a `Room`, one with clocks of its own in its own way (`Limits`). A limit that followed from its rule follows from it again; one that
somebody set by hand keeps its number of working days. Each row that moves gets an event.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db import models
from django.utils import timezone

from apps.accounts.models import User
from apps.record.events import Event
from apps.worktime.models import LimitBook, TimeLimit
from apps.worktime.workdays import Workdays


@dataclass(frozen=True)
class Moved:
    """A limit that is another day now."""

    title: str
    before: dt.date
    after: dt.date


@dataclass(frozen=True)
class Change:
    """The calendar as it was and as it is, and who changed it; limits: by (step, level, topic)."""

    before: Workdays
    after: Workdays
    limits: LimitBook
    actor: User
    note: str

    @property
    def first(self) -> dt.date | None:
        """The first day that is another now; last days before it stay where they are."""
        days = {*self.before.exceptions, *self.after.exceptions}
        return min((day for day in days if self.before.working(day) != self.after.working(day)), default=None)

    def again(self, due: dt.date, start: dt.date, limit: TimeLimit | None) -> dt.date:
        """Where a last day counted from `start` lies by the new calendar."""
        if limit and limit.last_day(start, self.before) == due:
            return limit.last_day(start, self.after)
        return self.after.add(start, self.before.between(start, due)) if self.before.working(due) and start < due else due


class Limits(Protocol):
    """What a room with running limits does when the calendar changes, inside the caller's transaction."""

    def recount(self, change: Change, first: dt.date) -> list[Moved]: ...


@dataclass(frozen=True)
class Room:
    """running: rows that are still open, with `due_on`; step: the limit they are under; write: sets a
    new last day and names the fields that changed; told: what else an event of this room says."""

    running: Callable[[], models.QuerySet]
    events: type[Event]
    step: Callable[[models.Model], str]
    write: Callable[[models.Model, dt.date], list[str]]
    told: Callable[[models.Model], dict]

    def recount(self, change: Change, first: dt.date) -> list[Moved]:
        moved = []
        rows = list(self.running().filter(due_on__gte=first).select_for_update(of=("self",)).order_by("pk"))
        starts = self._starts(rows)
        for row in rows:
            if row.pk in starts and (due := change.again(row.due_on, starts[row.pk], change.limits.find(self.step(row)))) != row.due_on:
                moved.append(Moved(str(row), row.due_on, due))
                self._move(row, due, starts[row.pk], change)
        return moved

    def _starts(self, rows: Iterable[models.Model]) -> dict[int, dt.date]:
        """Row -> the day its limit is counted from: that of the event by which it got the limit it has."""
        dues = {row.pk: row.due_on.isoformat() for row in rows}
        said: dict[int, tuple] = {}
        starts: dict[int, dt.date] = {}
        for subject, at, data in self.events.objects.filter(subject__in=list(dues)).order_by("subject_id", "pk").values_list("subject_id", "at", "data"):
            step = (data.get("state"), data.get("due_on"))
            if "due_on" in data and step != said.get(subject):
                said[subject] = step
                counted_from = data.get("counted_from")
                starts[subject] = dt.date.fromisoformat(counted_from) if counted_from else timezone.localdate(at)
        return {subject: start for subject, start in starts.items() if said[subject][1] == dues[subject]}

    def _move(self, row: models.Model, due: dt.date, start: dt.date, change: Change) -> None:
        before = row.due_on
        row.save(update_fields=self.write(row, due))
        self.events.objects.append(
            row, "recount", actor=change.actor, note=change.note, before=before.isoformat(), due_on=due.isoformat(), counted_from=start.isoformat(), **self.told(row)
        )


ROOMS: list[Limits] = []


def recount(actor: User, before: Workdays, after: Workdays, note: str) -> list[Moved]:
    """Move every running limit to where it lies by the new calendar; what moved. Inside the caller's transaction."""
    change = Change(before, after, TimeLimit.objects.whole_book(), actor, note)
    first = change.first
    return [moved for room in ROOMS for moved in room.recount(change, first)] if first else []
