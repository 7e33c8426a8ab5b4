"""A million voices counted in milliseconds: facts as columns, a question as a mask over them.

A LAB: arrays in, arrays out. A cube never changes: `renewed` gives another one, so that threads may share it. Keys of areas, categories,
units and sources are those of the database; inside they are small numbers (`Keys`), so that a fact takes 31 bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from apps.territory.lattice import Lattice

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
Dimension = Literal["town", "village", "grid", "category", "organisation", "source"]
DIMENSIONS: tuple[Dimension, ...] = ("town", "village", "grid", "category", "organisation", "source")

ROW = np.dtype(
    [
        ("id", "i8"), ("ref", "i8"), ("day", "i4"), ("due", "i4"), ("hour", "i2"), ("flags", "i2"), ("col", "i4"), ("row", "i4"),
        *((name, "i8") for name in DIMENSIONS),
    ]
)  # fmt: skip
"""A fact as it is read: days since DAY_ZERO (due: NO_DAY where there is no limit), hour -1 unknown, keys NONE, col and row NOWHERE where there
is none; flags: bits of `FLAGS`."""
NONE, NO_DAY, NOWHERE = -1, 32767, -32768
DAY_ZERO = dt.date(2000, 1, 1)  # a Saturday
FLAGS = {"kind": (0, 1), "counted": (1, 1), "told_for": (2, 1), "elder": (3, 2), "state": (5, 2), "met": (7, 2), "satisfied": (9, 2), "again": (11, 1)}
"""Name -> (first bit, bits). elder: 0 not said, 1 no, 2 yes; state: 0 open, 1 answered, 2 closed; met: 0 not answered or no limit, 1 in time,
2 late; satisfied: 0 not rated, 1 satisfied, 2 fairly, 3 unsatisfied."""
_COLUMNS = {"id": np.int32, "ref": np.int32, "hour": np.int8, "flags": np.uint16}  # all others: int16
_DENSE = 1 << 23  # cells of a rectangle that is counted as one array


def day_number(day: dt.date) -> int:
    return (day - DAY_ZERO).days


@dataclass(frozen=True, eq=False)
class Keys:
    """The keys met so far, in the order in which they came: a fact holds the place in this list, -1 for none."""

    values: Ints

    def met(self, wanted: Ints) -> Keys:
        """With those that are new."""
        new = np.setdiff1d(wanted[wanted != NONE], self.values)
        return Keys(np.append(self.values, new)) if len(new) else self

    def places(self, wanted: Ints) -> NDArray[np.int16]:
        """Of keys that have all been met."""
        if len(self.values) == 0:
            return np.full(len(wanted), -1, np.int16)
        order = np.argsort(self.values)
        found = order[np.searchsorted(self.values, wanted, sorter=order).clip(0, len(order) - 1)]
        return np.where(wanted == NONE, -1, found).astype(np.int16)

    def among(self, wanted: Collection[int]) -> Mask:
        """For each place whether its key is wanted, and one False more, which -1 falls on."""
        return np.append(np.isin(self.values, np.fromiter(wanted, np.int64, len(wanted))), False)


@dataclass(frozen=True, eq=False)
class Figures:
    """How what is counted stands: numbers of voices. rated: those with a word on the outcome; due: answered with a limit or overdue."""

    total: int
    open: int
    late_open: int
    in_time: int
    met_late: int
    satisfied: int
    fairly: int
    unsatisfied: int
    again: int
    told_for: int
    elder: int
    elder_known: int
    located: int

    @property
    def due(self) -> int:
        """Overdue work that nobody has answered yet counts against punctuality, or leaving it lying would look good."""
        return self.in_time + self.met_late + self.late_open

    @property
    def rated(self) -> int:
        return self.satisfied + self.fairly + self.unsatisfied


@dataclass(frozen=True, eq=False)
class Cube:
    """`columns`: one array a column of ROW, in the order of ids; `keys`: what the small numbers of the dimensions stand for."""

    columns: dict[str, NDArray[Any]]
    keys: dict[str, Keys]

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Cube:
        """rows: of dtype ROW, each id once."""
        empty = {name: np.zeros(0, _COLUMNS.get(name, np.int16)) for name in ROW.names or ()}
        return cls(empty, {name: Keys(np.zeros(0, np.int64)) for name in DIMENSIONS}).renewed(rows)

    def __len__(self) -> int:
        return len(self.columns["id"])

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self.columns.values())

    def renewed(self, rows: NDArray[Any]) -> Cube:
        """Another cube in which these rows stand for what was known under their ids, or are added."""
        raise NotImplementedError

    # --- which -------------------------------------------------------------------------------------------------------

    def where(
        self,
        first: dt.date | None = None,
        last: dt.date | None = None,
        *,
        towns: Collection[int] | None = None,
        villages: Collection[int] | None = None,
        grids: Collection[int] | None = None,
        categories: Collection[int] | None = None,
        organisations: Collection[int] | None = None,
        sources: Collection[int] | None = None,
        kinds: Collection[int] | None = None,
        states: Collection[int] | None = None,
        satisfied: Collection[int] | None = None,
        late_on: dt.date | None = None,
        hours: Collection[int] | None = None,
        weekdays: Collection[int] | None = None,
        box: tuple[int, int, int, int] | None = None,
        counted: bool = True,
    ) -> Mask:
        """Which facts meet all of these; None narrows nothing, an empty collection lets nothing through.

        first, last: days, both inside. Areas, categories (say those below one too), units and sources by the keys of the database. weekdays:
        0 Monday. late_on: open and past their limit on that day. box: col, row of the south-western cell and of the one beyond the
        north-eastern. counted: only voices that count.
        """
        raise NotImplementedError

    # --- how many ------------------------------------------------------------------------------------------------------

    def counts(self, mask: Mask, dimension: Dimension) -> tuple[Ints, Ints]:
        """(keys, how many) of those that occur, by key; NONE first where some have none."""
        raise NotImplementedError

    def cross(self, mask: Mask, one: Dimension, other: Dimension) -> tuple[Ints, Ints, Ints]:
        """(keys of one, keys of the other, int64 how many of each pair), each list as `counts` has it."""
        raise NotImplementedError

    def cells(self, mask: Mask, blocks: int = 1) -> tuple[Ints, Ints, Ints]:
        """(col, row, how many) of cells of `blocks` x `blocks` cells of the lattice, by row and column; the unlocated are left out."""
        raise NotImplementedError

    def grid(self, mask: Mask, blocks: int, box: tuple[int, int, int, int]) -> Ints:
        """int64 (rows, cols): how many in each cell of so many blocks; box in such cells, as for `where`; row 0 in the south."""
        raise NotImplementedError

    def hexes(self, mask: Mask, lattice: Lattice, size: float) -> tuple[Ints, Ints, Ints]:
        """(q, r, how many) of hexagons `size` metres wide, as `Lattice.hexes` counts them."""
        raise NotImplementedError

    def days(self, mask: Mask, first: dt.date, last: dt.date) -> Ints:
        """How many on each day from first to last."""
        raise NotImplementedError

    def clock(self, mask: Mask) -> Ints:
        """int64 (7, 24): by weekday, Monday first, and hour; those of unknown hour are left out."""
        raise NotImplementedError

    def flag(self, mask: Mask, name: str) -> Ints:
        """How many have each value of a flag of FLAGS."""
        raise NotImplementedError

    def figures(self, mask: Mask, today: dt.date) -> Figures:
        raise NotImplementedError

    def refs(self, mask: Mask) -> tuple[Ints, Ints]:
        """(kind, ref) of each: 0 and a case's key, 1 and a record's."""
        raise NotImplementedError
