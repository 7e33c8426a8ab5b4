"""Earlier records and cases, held by each process for comparison and caught up with the database before they are asked."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from django.db.models import F, FloatField, Func, QuerySet

from apps.cases.models import Case
from apps.hotline.likeness import Like, Matters, Told
from apps.hotline.models import Record

NEWEST = 100_000  # records, and as many cases, that are read at first
AT_ONCE = 2_000
LOOK_BACK = 5_000  # ids: one may be given before another and written after it
SECONDS = 86_400.0
_ORDER = re.compile(r"(?<![A-Za-z0-9-])[A-Za-z0-9][A-Za-z0-9-]{6,39}(?![A-Za-z0-9-])")

COLUMNS = ("pk", "lon", "lat", "village_id", "at")


@dataclass(eq=False)
class _Followed:
    """The rows of one table that have come so far."""

    rows: QuerySet
    texts: tuple[str, ...]
    matters: Matters = field(default_factory=Matters)
    seen: set[int] = field(default_factory=set)
    latest: int = 0

    def catch_up(self) -> Iterator[tuple[int, str]]:
        """Take in what is new; gives the ids and texts of it."""
        ids = self.rows.order_by("-pk").values_list("pk", flat=True)
        newest = self.latest - LOOK_BACK if self.latest else (ids[NEWEST : NEWEST + 1].first() or 0)
        fresh = sorted(set(ids.filter(pk__gt=newest)) - self.seen)
        for chunk in _chunks(fresh):
            found = list(self._values().filter(pk__in=chunk).order_by("pk"))
            self.matters.add(np.array([row[0] for row in found], np.int64), _told(found))
            self.seen.update(row[0] for row in found)
            yield from ((row[0], text) for row in found for text in row[len(COLUMNS) :])
        if fresh:
            self.latest = max(self.latest, fresh[-1])
            self.seen = {pk for pk in self.seen if pk > self.latest - 2 * LOOK_BACK}

    def _values(self) -> QuerySet:
        axes = {
            name: Func("point", function=f"ST_{axis}", output_field=FloatField())
            for name, axis in (("lon", "X"), ("lat", "Y"))
        }
        at = "received_at" if self.rows.model is Record else "submitted_at"
        return self.rows.annotate(**axes, at=F(at)).values_list(*COLUMNS, *self.texts)


class Earlier:
    """Of one process. Threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        self._records = _Followed(Record.objects.all(), ("title", "text"))
        self._cases = _Followed(Case.objects.exclude(state=Case.State.WITHDRAWN), ("text",))
        self._orders: dict[int, int] = {}  # hash of what may be an order's number -> the case whose text has it

    def asked(self, told: Told, own: Sequence[int | None]) -> tuple[list[Like | None], list[Like | None]]:
        """The record and the case that each is most likely the same matter as. own: the ids of the records that the rows already are. A record's
        id may be -1 - row: one of these, further up."""
        mine = np.array([-1 if pk is None else pk for pk in own], np.int64)
        with self._lock:
            self._catch_up()
            return self._records.matters.like(told, mine, among=True), self._cases.matters.like(told)

    def case_that_names(self, number: str) -> int | None:
        """The case in whose text this order's number stands."""
        return self._orders.get(hash(number.upper())) if any(map(str.isdigit, number)) else None

    def _catch_up(self) -> None:
        for _ in self._records.catch_up():
            pass
        for pk, text in self._cases.catch_up():
            for number in _ORDER.findall(text):
                if sum(map(str.isdigit, number)) >= 6:
                    self._orders[hash(number.upper())] = pk


def told_by(
    texts: Sequence[str], places: Sequence[tuple[float | None, float | None, int | None]], at: Sequence[float]
) -> Told:
    """Columns of rows: lon, lat and village where known; days."""
    axes = np.array(
        [(np.nan if lon is None else lon, np.nan if lat is None else lat) for lon, lat, _ in places], float
    ).reshape(-1, 2)
    villages = np.array([-1 if village is None else village for _, _, village in places], np.int64)
    return Told(texts, axes[:, 0], axes[:, 1], villages, np.asarray(at, float))


def _told(rows: list[tuple]) -> Told:
    return told_by(
        ["\n".join(row[len(COLUMNS) :]) for row in rows],
        [row[1:4] for row in rows],
        [row[4].timestamp() / SECONDS for row in rows],
    )


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while chunk := list(islice(left, AT_ONCE)):
        yield chunk


earlier = Earlier()
