"""What is public of the voices, as a process remembers it: every published table with the names it was published under.

Nothing is worked out here but shares and rates of numbers that are shown; a number that is not shown stays None whatever it would be part of.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.insights import rates
from apps.insights.public_counts import PublicCount, PublicTable
from apps.insights.public_shape import ALL, Key, Place
from apps.territory.remembered import Remembered

MOST_VERSIONS = 40  # of tables remembered
Shown = int | None


@dataclass(frozen=True)
class Rate:
    """So many per 1,000 residents, and between what it is compatible with."""

    per_1000: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PublicQuarter:
    """One table in force. places: the county first; counts: (place, part, key) -> what is shown, None where it is not."""

    table: PublicTable
    places: dict[str, Place]
    keys: tuple[Key, ...]
    counts: dict[tuple[str, str, str], Shown]

    @property
    def county(self) -> Place:
        return next(iter(self.places.values()))

    def count(self, place: str, part: str = ALL, key: str = "") -> Shown:
        return self.counts.get((place, part, key))

    def below(self, place: str) -> list[Place]:
        """What lies in a place, what could not be placed last."""
        return [each for each in self.places.values() if each.parent == place]

    def labels(self, part: str) -> dict[str, str]:
        return {key.key: key.label for key in self.keys if key.part == part}

    def share(self, place: str, part: str, key: str, of: Iterable[str] = ()) -> Shown:
        """Whole percent of a part's value; of: the values that it is a share of, all where none are named. None where one of them is not shown,
        or nothing was reported."""
        some = self.count(place, part, key)
        wholes = [self.count(place, part, each) for each in of] or [self.count(place)]
        whole = None if None in wholes else sum(each or 0 for each in wholes)
        return None if some is None or not whole else round(100 * some / whole)

    def rates(self, places: list[Place], part: str = ALL, key: str = "") -> dict[str, Rate]:
        """Of the places with residents whose count is shown; by code."""
        known = [place for place in places if place.population and self.count(place.code, part, key) is not None]
        if not known:
            return {}
        counts = np.array([self.count(place.code, part, key) for place in known], float)
        people = np.array([place.population for place in known], float)
        low, high = rates.interval(counts, people, dispersion=self.table.clumping)
        return {place.code: Rate(1000 * n / p, float(a), float(b)) for place, n, p, a, b in zip(known, counts, people, low, high, strict=True)}

    @cached_property
    def period_words(self) -> str:
        first = max(self.table.quarter, self.table.since)
        return f"{self.table.words}（{first:%-m月%-d日}—{self.table.last:%-m月%-d日}）"

    @property
    def late_start(self) -> dt.date | None:
        """The first day with records where the quarter had begun before."""
        return self.table.since if self.table.since > self.table.quarter else None


def _read() -> list[PublicQuarter]:
    tables = list(PublicTable.objects.public()[:MOST_VERSIONS])
    rows: dict[int, list[PublicCount]] = {table.pk: [] for table in tables}
    for row in PublicCount.objects.filter(table__in=rows).order_by("table", "order"):
        rows[row.table_id].append(row)
    return [_quarter(table, rows[table.pk]) for table in tables]


def _quarter(table: PublicTable, rows: list[PublicCount]) -> PublicQuarter:
    places = {row.region: Place(row.region, row.parent, row.level, row.name, row.population) for row in rows}
    keys = {(row.part, row.key): Key(row.part, row.key, row.label) for row in rows if row.part != ALL}
    return PublicQuarter(table, places, tuple(keys.values()), {(row.region, row.part, row.key): row.count for row in rows})


_quarters = Remembered(("voices",), _read)


def public_quarters() -> list[PublicQuarter]:
    """The newest first; none as long as the page is closed."""
    return _quarters.current()


def read_quarter(table: PublicTable) -> PublicQuarter:
    """A table as its page would show it, open or not: the office's view of it."""
    return _quarter(table, list(table.counts.order_by("order")))
