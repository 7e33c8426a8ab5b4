"""What a new set of electoral districts changes: which doorplates change district, how many people stand behind a seat, which
villages are cut, where the new districts overlap or leave a gap.

A LAB: polygons and arrays in, arrays and dataclasses out; no Django, no database. Doorplates are added block after block, so a
county's 300,000 need neither be held as rows nor counted twice; what is kept is 24 bytes a doorplate.

Every district of a new term has a new code, so "changes district" needs to say which new district continues which old one. That is
decided for the whole county at once: old and new are paired, one to one, so that as few doorplates as possible change (an
assignment problem, solved exactly); equally good pairings keep equal numbers together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from apps.territory.locate import PolygonLocator
from gis_data.checks import faults

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Keys = NDArray[np.int64]

NOWHERE = -1
LEAST = 1.0  # m²: a doorplate does not lie in less

# 选举法 第十二条: basic number, people for one more, most; below the last figure there may be fewer.
_SEATS = {"county": (140, 5_000, 450, 50_000), "township": (45, 1_500, 160, 2_000)}
_CAPPED_ABOVE = 1_550_000  # people; a county of fewer meets no cap


@dataclass(frozen=True, eq=False)
class DistrictSet:
    """The districts of one congress for one term, in the order of their codes.

    polygons: lon/lat, valid, None for a district by workplace. numbers, seats: int[n]. population: float[n], NaN where it is not
    known. employers: for each district the keys of its organisations.
    """

    polygons: Sequence[shapely.Geometry | None]
    numbers: Ints
    seats: Ints
    population: Floats
    employers: Sequence[frozenset[int]]

    def __len__(self) -> int:
        return len(self.polygons)


@dataclass(frozen=True, eq=False)
class Turnover:
    """What n doorplates inside the congress's area say of the change.

    keys, villages: int64[n] as they were added (village -1: none). old, new: int32[n] indices of districts, -1: in none.
    changed: bool[n]. matrix: int64[old + 1, new + 1] doorplates from old to new, the last row and column are "in none".
    heir: int32[old] the new district that continues an old one; origin: int32[new] the other way; -1: none.
    doubled: keys of doorplates in two new districts. outside: doorplates beyond the congress's area, which are in nothing above.
    """

    keys: Keys
    villages: Keys
    old: Ints
    new: Ints
    changed: NDArray[np.bool_]
    matrix: NDArray[np.int64]
    heir: Ints
    origin: Ints
    doubled: Keys
    outside: int

    @property
    def doors(self) -> NDArray[np.int64]:
        """Doorplates of each new district."""
        return np.asarray(self.matrix[:, :-1].sum(axis=0))

    @property
    def uncovered(self) -> Keys:
        """Doorplates in no new district."""
        return self.keys[self.new == NOWHERE]

    def split_villages(self) -> dict[int, dict[int, int]]:
        """Villages whose doorplates lie in several new districts: village key -> new district -> doorplates."""
        lying = (self.new != NOWHERE) & (self.villages != NOWHERE)
        pairs, count = np.unique(np.column_stack((self.villages[lying], self.new[lying])), axis=0, return_counts=True)
        parts: dict[int, dict[int, int]] = {}
        for (village, district), doors in zip(pairs.tolist(), count.tolist(), strict=True):
            parts.setdefault(village, {})[district] = doors
        return {village: found for village, found in parts.items() if len(found) > 1}


    def estimated(self, people: Mapping[int, int]) -> Floats:
        """People of each new district, float[new], from those of the villages (by key), shared among a village's doorplates alike.

        A village without doorplates counts nowhere; NaN for a district without doorplates.
        """
        villages, row, doors = np.unique(self.villages, return_inverse=True, return_counts=True)
        share = np.array([people.get(int(village), 0) for village in villages], float) / np.maximum(doors, 1)
        lying = self.new != NOWHERE
        found = np.bincount(self.new[lying], weights=share[row[lying]], minlength=len(self.origin))
        return np.where(self.doors > 0, found, np.nan)


class Crossing:
    """Old and new districts of one congress, through which doorplates are sent block after block.

    faults: where the new districts overlap, leave a gap or lie outside, positions being those of the new districts.
    """

    def __init__(self, old: DistrictSet, new: DistrictSet, within: shapely.Geometry | None = None) -> None:
        """within: the congress's area; doorplates beyond it are only counted. Raises ValueError for an invalid polygon."""
        self.old, self.new = old, new
        self._old, self._new = _Lying(old.polygons), _Lying(new.polygons)
        self._within = PolygonLocator([within]) if within is not None else None
        known = [index for index, polygon in enumerate(new.polygons) if polygon is not None]
        found = faults([new.polygons[index] for index in known], within, LEAST)
        self.faults = tuple(replace(fault, positions=tuple(known[position] for position in fault.positions)) for fault in found)
        self._doubled = _Lying([_surface(fault.shape) for fault in self.faults if fault.kind == "overlap"])
        self._blocks: list[tuple[Keys, Keys, Ints, Ints, NDArray[np.bool_]]] = []
        self._outside = 0

    def add(self, keys: ArrayLike, lon: ArrayLike, lat: ArrayLike, villages: ArrayLike) -> None:
        """A block of doorplates: int keys, degrees, int village keys (-1: none), arrays of one length."""
        east, north = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        inside = np.ones(len(east), bool) if self._within is None else self._within.locate(east, north) >= 0
        self._outside += int((~inside).sum())
        east, north = east[inside], north[inside]
        self._blocks.append((
            np.asarray(keys, np.int64)[inside], np.asarray(villages, np.int64)[inside],
            self._old.locate(east, north), self._new.locate(east, north), self._doubled.locate(east, north) != NOWHERE,
        ))  # fmt: skip

    def result(self) -> Turnover:
        keys, villages, old, new, doubled = (
            np.concatenate([block[part] for block in self._blocks]) if self._blocks else np.zeros(0, kind)
            for part, kind in enumerate((np.int64, np.int64, np.int32, np.int32, np.bool_))
        )
        rows, columns = len(self.old) + 1, len(self.new) + 1
        flat = (old % rows).astype(np.int64) * columns + new % columns  # -1 becomes the last
        matrix = np.bincount(flat, minlength=rows * columns).reshape(rows, columns)
        heir = continuation(self.old, self.new, matrix[:-1, :-1])
        origin = np.full(len(self.new), NOWHERE, np.int32)
        origin[heir[heir != NOWHERE]] = np.flatnonzero(heir != NOWHERE)
        stays = np.append(heir, NOWHERE)[old] == new  # from none to none is no change either
        return Turnover(keys, villages, old, new, ~stays, matrix, heir, origin, keys[doubled], self._outside)


@dataclass(frozen=True, eq=False)
class _Lying:
    """Which of some polygons a place lies in, where several are missing."""

    polygons: Sequence[shapely.Geometry | None]
    _rows: Ints = field(init=False)
    _locator: PolygonLocator = field(init=False)

    def __post_init__(self) -> None:
        rows = [index for index, polygon in enumerate(self.polygons) if polygon is not None]
        object.__setattr__(self, "_rows", np.array([*rows, NOWHERE], np.int32))
        object.__setattr__(self, "_locator", PolygonLocator([self.polygons[index] for index in rows]))

    def locate(self, lon: Floats, lat: Floats) -> Ints:
        return self._rows[self._locator.locate(lon, lat)]


def continuation(old: DistrictSet, new: DistrictSet, shared: NDArray[np.int64]) -> Ints:
    """The new district that continues each old one, int32[old], -1 where nothing does.

    shared: int64[old, new] doorplates that both hold; an employer that both hold counts as one more. Each is used once; the sum of
    what stays is the largest there is, and among the largest most keep their number.
    """
    if not len(old) or not len(new):
        return np.full(len(old), NOWHERE, np.int32)
    both = np.array([[len(a & b) for b in new.employers] for a in old.employers], np.int64) if any(old.employers) and any(new.employers) else 0
    weight = shared + both
    same = old.numbers[:, None] == new.numbers[None, :]
    worth = weight * (min(len(old), len(new)) + 1) + same * (weight > 0)  # all equal numbers together weigh less than one doorplate
    rows, columns = linear_sum_assignment(worth.astype(np.float64), maximize=True)
    heir = np.full(len(old), NOWHERE, np.int32)
    kept = weight[rows, columns] > 0
    heir[rows[kept]] = columns[kept]
    return heir


def per_seat(population: Floats, seats: Ints) -> tuple[float, Floats]:
    """People behind one seat over all districts that say how many they are, and how much each deviates from it (0.1: 10 % more
    people than the mean; NaN: not known). 选举法 第二十六条: 大体相等."""
    known = np.isfinite(population)
    mean = float(population[known].sum() / seats[known].sum()) if known.any() and population[known].sum() > 0 else float("nan")
    return mean, population / seats / mean - 1


def lawful_seats(level: Literal["county", "township"], population: int) -> int:
    """The most seats of a congress for so many people (选举法 第十二条), without the up to 5 % that a province may add."""
    base, people, most, few = _SEATS[level]
    seats = base + (population // people if population >= few else 0)
    return min(seats, most) if level == "township" or population > _CAPPED_ABOVE else seats


def _surface(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """The polygons of whatever an overlay gave."""
    parts = shapely.get_parts(shapely.get_parts(shape)).tolist()
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and not part.is_empty])
