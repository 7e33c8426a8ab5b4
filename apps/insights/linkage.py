"""LAB. Average linkage without all pairs: each unit's nearest others by their words, place and days, and the units that are to be one.

A unit is a text or a group of texts: the sum of its texts' vectors (each of length 1), how many there are, and where and when they lie. The mean
nearness of all pairs between two units is the product of their sums over the product of their counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from gis_data.compiled import compiled, in_threads

if TYPE_CHECKING:
    from apps.insights.themes import Circumstances

Floats = NDArray[np.float64]

NEAR = 700.0  # metres: what lies so far apart is still as near as 0.6 of what lies together
VAGUE = 0.15  # a place that is known only to some kilometres says less: to this power of the share of the area
FAR = 0.05  # what is left of the words' likeness between places that are far apart
UNPLACED = 0.5  # and where one of the places is not known, if any are
SEASON = 90.0  # days, as NEAR
LONG_AGO = 0.75  # as FAR
MOST = 40  # nearest others kept of a unit
AT_LEAST = 256  # units for a thread


@dataclass(frozen=True, eq=False)
class Placed:
    """Where and when units lie, one row a unit: mean place and day with their variances (metres², days²), the share of texts that have a place."""

    count: Floats
    east: Floats
    north: Floats
    spread: Floats
    share: Floats
    day: Floats
    lasting: Floats
    unplaced: float

    @classmethod
    def of(cls, seen: Circumstances, unplaced: float | None = None) -> Placed:
        """One row a text. unplaced: as it was among the texts that these join; else told from whether any has a place."""
        known = np.isfinite(seen.within) & np.isfinite(seen.east) & np.isfinite(seen.north)
        one, none = np.ones(len(known)), np.zeros(len(known))
        return cls(
            one,
            np.where(known, seen.east, 0.0),
            np.where(known, seen.north, 0.0),
            np.where(known, np.square(np.where(known, seen.within, 0.0)), 0.0),
            known.astype(float),
            seen.day.astype(float),
            none,
            unplaced if unplaced is not None else UNPLACED if known.any() else 1.0,
        )

    def taken(self, rows: NDArray) -> Placed:
        columns = ("count", "east", "north", "spread", "share", "day", "lasting")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def alone(self) -> Placed:
        """The same places, each unit counted as one."""
        return replace(self, count=np.ones(len(self.count)))

    def joined(self, to: NDArray) -> Placed:
        """Units that go to the same number as one; numbers from 0 without gaps."""
        groups = int(to.max(initial=-1)) + 1

        def summed(values: Floats) -> Floats:
            return np.bincount(to, values, groups).astype(float)

        count, located = summed(self.count), summed(self.count * self.share)
        sure = np.maximum(located, 1e-9)
        east, north = (summed(self.count * self.share * axis) / sure for axis in (self.east, self.north))
        apart = (np.square(self.east - east[to]) + np.square(self.north - north[to])) / 2  # on each axis
        day = summed(self.count * self.day) / np.maximum(count, 1e-9)
        return Placed(
            count,
            east,
            north,
            summed(self.count * self.share * (self.spread + apart)) / sure,
            located / np.maximum(count, 1e-9),
            day,
            summed(self.count * (self.lasting + np.square(self.day - day[to]))) / np.maximum(count, 1e-9),
            self.unplaced,
        )

    def closeness(self, other: Placed) -> Floats:
        """0..1 for each row of both: what place and days leave of the likeness of words."""
        metres = NEAR * NEAR + self.spread + other.spread
        apart = np.square(self.east - other.east) + np.square(self.north - other.north)
        near = (NEAR * NEAR / metres) ** VAGUE * np.exp(-apart / (2 * metres))
        both = self.share * other.share
        place = both * (FAR + (1 - FAR) * near) + (1 - both) * min(self.unplaced, other.unplaced)
        days = SEASON * SEASON + self.lasting + other.lasting
        return place * (LONG_AGO + (1 - LONG_AGO) * np.exp(-np.square(self.day - other.day) / (2 * days)))


def nearest(units: sparse.csr_matrix, placed: Placed, least: float) -> sparse.csr_matrix:
    """The mean nearness of units that have at least `least`, symmetric; of each unit its MOST nearest, and those that have it among theirs."""
    count = units.shape[0]
    turned = units.tocsc()
    turned.sort_indices()
    others = np.full((count, MOST), -1, np.int32)
    values = np.zeros((count, MOST), np.float32)
    where = np.column_stack(
        [placed.count, placed.east, placed.north, placed.spread, placed.share, placed.day, placed.lasting]
    )
    first, buckets = units.indptr.astype(np.int64), units.indices.astype(np.int32)
    columns, rows = turned.indptr.astype(np.int64), turned.indices.astype(np.int32)
    weights, turned_weights = units.data.astype(np.float32), turned.data.astype(np.float32)

    def work(start: int, stop: int) -> None:
        _nearest(
            first,
            buckets,
            weights,
            columns,
            rows,
            turned_weights,
            where,
            placed.unplaced,
            least,
            start,
            stop,
            others,
            values,
        )

    in_threads(work, count, AT_LEAST)
    row, place = np.nonzero(others >= 0)
    found = sparse.csr_matrix((values[row, place].astype(float), (row, others[row, place])), shape=(count, count))
    return found.maximum(found.T).tocsr()


def joined(near: sparse.csr_matrix, count: Floats, level: float) -> NDArray[np.int64]:
    """Number of the group of each unit, from 0, in the order of their first units: average linkage cut at `level`.

    Units that are each other's nearest are joined, all such pairs at once, until none is at least as near as `level`: the same groups as joining
    one pair after the other, the nearest first. Pairs that are not in `near` count as 0. Of equally near ones the first is taken.
    """
    label, count = np.arange(near.shape[0]), np.asarray(count, float)
    sums = sparse.diags(count) @ near @ sparse.diags(count)
    while True:
        sums = sums.tocsr()
        sums.sort_indices()
        row = np.repeat(np.arange(sums.shape[0]), np.diff(sums.indptr))
        mean = sums.data / (count[row] * count[sums.indices])
        good = (mean >= level) & (row != sums.indices)
        row, other, mean = row[good], sums.indices[good], mean[good]
        if not len(row):
            break
        order = np.lexsort((other, -mean, row))
        row, other = row[order], other[order]
        one = np.concatenate([[True], row[1:] != row[:-1]])
        best = np.full(len(count), -1)
        best[row[one]] = other[one]
        mutual = (best >= 0) & (best[best] == np.arange(len(best)))
        if not mutual.any():
            break
        root = np.where(mutual, np.minimum(best, np.arange(len(best))), np.arange(len(best)))
        _, to = np.unique(root, return_inverse=True)
        into = sparse.csr_matrix((np.ones(len(to)), (to, np.arange(len(to)))))
        sums, count, label = into @ sums @ into.T, np.bincount(to, count).astype(float), to[label]
    return label


@compiled
def _closeness(a, b, where, unplaced):
    metres = NEAR * NEAR + where[a, 3] + where[b, 3]
    east, north = where[a, 1] - where[b, 1], where[a, 2] - where[b, 2]
    near = (NEAR * NEAR / metres) ** VAGUE * np.exp(-(east * east + north * north) / (2.0 * metres))
    both = where[a, 4] * where[b, 4]
    place = both * (FAR + (1.0 - FAR) * near) + (1.0 - both) * unplaced
    days = SEASON * SEASON + where[a, 6] + where[b, 6]
    apart = where[a, 5] - where[b, 5]
    return place * (LONG_AGO + (1.0 - LONG_AGO) * np.exp(-apart * apart / (2.0 * days)))


@compiled
def _nearest(first, buckets, weights, columns, rows, turned, where, unplaced, least, start, stop, others, values):
    """Rows start..stop of `others` and `values`: the nearest units of each, in no order."""
    count, most = len(first) - 1, others.shape[1]
    products = np.zeros(count, np.float32)
    touched = np.empty(count, np.int32)
    for unit in range(start, stop):
        seen = 0
        for at in range(first[unit], first[unit + 1]):
            bucket, weight = buckets[at], weights[at]
            for held in range(columns[bucket], columns[bucket + 1]):
                other = rows[held]
                if products[other] == 0.0:
                    touched[seen] = other
                    seen += 1
                products[other] += weight * turned[held]
        kept = 0
        lowest = np.int64(0)
        for place in range(seen):
            other = touched[place]
            value = products[other] / (where[unit, 0] * where[other, 0])
            products[other] = 0.0
            if other == unit or value < least:
                continue
            value *= _closeness(unit, other, where, unplaced)
            if value < least:
                continue
            if kept < most:
                others[unit, kept], values[unit, kept] = other, value
                kept += 1
                if kept == most:
                    lowest = np.argmin(values[unit])
            elif value > values[unit, lowest]:
                others[unit, lowest], values[unit, lowest] = other, value
                lowest = np.argmin(values[unit])
