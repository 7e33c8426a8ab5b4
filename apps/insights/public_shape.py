"""The one table of counts that is published for a quarter: places by what was reported, through which channel and by whom.

A LAB: no Django. The county and its towns carry every part; a village carries its total alone, since its counts by category are nearly always
below five and would cost the towns theirs. What could not be placed is a place of its own beside the others, or a difference would tell it.
Where there are no towns the villages lie under the county.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from apps.insights.suppression import Table

COUNTY, TOWN, VILLAGE, REST = "county", "town", "village", "rest"
ALL = "all"
UNSORTED = "none"  # the key of what has no category
NOWHERE = "*"  # behind the code of a place: what lies there, nobody knows where

_COSTS = {(COUNTY, ALL): 400.0, (COUNTY, "category"): 150.0, (TOWN, ALL): 60.0, (TOWN, "category"): 10.0, (VILLAGE, ALL): 4.0, (REST, ALL): 2.0}
_COST_COUNTY, _COST_OTHER = 100.0, 3.0


@dataclass(frozen=True)
class Place:
    """parent "": the county. population None: unknown."""

    code: str
    parent: str
    level: str
    name: str
    population: int | None = None


@dataclass(frozen=True)
class Key:
    """One value of a part: the category 教育 of the part "category"."""

    part: str
    key: str
    label: str


@dataclass(frozen=True)
class Cell:
    place: Place
    key: Key


@dataclass(frozen=True)
class Voices:
    """So many voices at the finest place that is known, with one key of every part."""

    place: str
    keys: Mapping[str, str]
    number: int


WHOLE = Key(ALL, "", "全部")


class Shape:
    """places: the county, then its towns each followed by its villages; keys: the values of every part but ALL, in their order."""

    def __init__(self, places: Iterable[Place], keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        self.places = tuple(_with_nowhere([place for place in places if not place.code.endswith(NOWHERE)]))
        if not self.places or self.places[0].parent or any(not place.parent for place in self.places[1:]):
            raise ValueError("a table of counts is of one county, and the county comes first")
        self._by_code = {place.code: place for place in self.places}
        towns = any(place.level == TOWN for place in self.places)
        self._full = {place.code for place in self.places if not place.parent or (towns and place.parent == self.places[0].code)}
        self.cells = tuple(
            Cell(place, key) for place in self.places for key in ((WHOLE, *self.keys) if place.code in self._full else (WHOLE,))
        )
        self._at = {(cell.place.code, cell.key.part, cell.key.key): at for at, cell in enumerate(self.cells)}

    @cached_property
    def sums(self) -> list[tuple[int, tuple[int, ...]]]:
        """Every sum that a reader knows: a place is what lies in it, all is what every part says."""
        parts = dict.fromkeys(key.part for key in self.keys)
        found = []
        for place in self.places:
            below = [child for child in self.places if child.parent == place.code]
            full = place.code in self._full
            if full:
                found += [(self._at[place.code, ALL, ""], tuple(self._at[place.code, k.part, k.key] for k in self.keys if k.part == part)) for part in parts]
            for key in (WHOLE, *(self.keys if full and below and below[0].code in self._full else ())):
                if below:
                    found.append((self._at[place.code, key.part, key.key], tuple(self._at[child.code, key.part, key.key] for child in below)))
        return found

    def count(self, voices: Iterable[Voices]) -> NDArray[np.int64]:
        """One number a cell. A village that is not of the table counts for its town, another place for the county, without a place in it; a
        category that is newer than the table is none."""
        counts = np.zeros(len(self.cells), np.int64)
        for each in voices:
            place: Place | None = self._leaf(each.place)
            while place is not None:
                counts[self._at[place.code, ALL, ""]] += each.number
                if place.code in self._full:
                    for part, key in each.keys.items():
                        at = self._at.get((place.code, part, key))
                        counts[self._at[place.code, part, UNSORTED] if at is None else at] += each.number
                place = self._by_code.get(place.parent)
        return counts

    def table(self, counts: NDArray[np.int64]) -> Table:
        """With what it costs to hide each cell: the county before towns, totals before parts, much before little."""
        weights = [_COSTS.get((cell.place.level, cell.key.part), _COST_OTHER if cell.place.parent else _COST_COUNTY) for cell in self.cells]
        return Table(counts, self.sums, np.array(weights) * (1 + np.log1p(counts)))

    def _leaf(self, code: str) -> Place:
        place = self._by_code.get(code) or self._by_code.get(f"{code[:9]}000", self.places[0])
        return self._by_code.get(place.code + NOWHERE, place)


def _with_nowhere(places: list[Place]) -> Iterable[Place]:
    """After the last place in a place: what lies in it, nobody knows where."""
    parents = {place.parent for place in places}
    codes = {place.code for place in places}
    if any(place.parent and place.parent not in codes for place in places):
        raise ValueError("a place lies in one that is not of the table")

    def below(place: Place) -> Iterable[Place]:
        yield place
        for child in places:
            if child.parent == place.code:
                yield from below(child)
        if place.code in parents:
            yield Place(place.code + NOWHERE, place.code, REST, "未定位到村社" if place.level == TOWN else "未定位")

    for place in places:
        if not place.parent:
            yield from below(place)
