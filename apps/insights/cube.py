"""A million voices counted in milliseconds: facts as columns, a question as a mask over them.

A LAB: arrays in, arrays out. A cube never changes: `renewed` gives another one, so that threads may share it. Keys of areas, categories,
units and sources are those of the database; inside they are small numbers (`Keys`), so that a fact takes 31 bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
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
FLAGS = {
    "kind": (0, 1),
    "counted": (1, 1),
    "told_for": (2, 1),
    "elder": (3, 2),
    "state": (5, 2),
    "met": (7, 2),
    "satisfied": (9, 2),
    "again": (11, 1),
}
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
    def of(cls, pieces: Iterable[NDArray[Any]]) -> Cube:
        """pieces: rows of dtype ROW, each id once and all of them ascending; only one piece lies in memory in full."""
        keys: dict[str, Keys] = {name: Keys(np.zeros(0, np.int64)) for name in DIMENSIONS}
        columns: dict[str, list[NDArray[Any]]] = {
            name: [np.zeros(0, _COLUMNS.get(name, np.int16))] for name in ROW.names or ()
        }
        for rows in pieces:
            keys, narrow = _narrowed(rows, keys)
            for name, values in narrow.items():
                columns[name].append(values)
        return cls({name: np.concatenate(parts) for name, parts in columns.items()}, keys)

    def __len__(self) -> int:
        return len(self.columns["id"])

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in self.columns.values())

    def renewed(self, rows: NDArray[Any]) -> Cube:
        """Another cube in which these rows stand for what was known under their ids, or are added."""
        if len(rows) == 0:
            return self
        rows = rows[np.argsort(rows["id"], kind="stable")]
        place = np.searchsorted(self.columns["id"], rows["id"])
        known = np.append(self.columns["id"], -1)[place] == rows["id"]
        keys, narrow = _narrowed(rows, self.keys)
        moved = place[known] + np.cumsum(~known)[known]  # each new row before a known one moves it by one
        columns = {}
        for name, column in self.columns.items():
            column = np.insert(column, place[~known], narrow[name][~known])
            column[moved] = narrow[name][known]
            columns[name] = column
        return Cube(columns, keys)

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
        counted: bool | None = True,
    ) -> Mask:
        """Which facts meet all of these; None narrows nothing, an empty collection lets nothing through.

        first, last: days, both inside. Areas, categories (say those below one too), units and sources by the keys of the database. weekdays:
        0 Monday. late_on: open and past their limit on that day. box: col, row of the south-western cell and of the one beyond the
        north-eastern. counted: only voices that count; False: only the others; None: all.
        """
        mask = np.ones(len(self), np.bool_) if counted is None else self._is("counted", int(counted))
        day = self.columns["day"]
        if first is not None:
            mask &= day >= day_number(first)
        if last is not None:
            mask &= day <= day_number(last)
        dimensions: dict[Dimension, Collection[int] | None] = {
            "town": towns, "village": villages, "grid": grids, "category": categories, "organisation": organisations, "source": sources,
        }  # fmt: skip
        for name, wanted in dimensions.items():
            if wanted is not None:
                mask &= self.keys[name].among(wanted)[self.columns[name]]
        for flag, values in (("kind", kinds), ("state", states), ("satisfied", satisfied)):
            if values is not None:
                mask &= _table(values, 1 << FLAGS[flag][1])[self._flag(flag)]
        if late_on is not None:
            mask &= self._late(late_on)
        if hours is not None:
            mask &= _table(hours, 25)[self.columns["hour"]]  # -1, unknown: the last, which is no hour
        if weekdays is not None:
            mask &= _table(weekdays, 7)[_weekday(day)]
        return mask & self._within(*box) if box is not None else mask

    def _flag(self, name: str) -> NDArray[Any]:
        bit, bits = FLAGS[name]
        return (self.columns["flags"] >> bit) & ((1 << bits) - 1)

    def _is(self, name: str, value: int) -> Mask:
        bit, bits = FLAGS[name]
        return (self.columns["flags"] & (((1 << bits) - 1) << bit)) == value << bit

    def _late(self, today: dt.date) -> Mask:
        return self._is("state", 0) & (self.columns["due"] < day_number(today))

    def _located(self) -> Mask:
        return self.columns["col"] != NOWHERE

    def _within(self, west: int, south: int, east: int, north: int) -> Mask:
        col, row = self.columns["col"], self.columns["row"]
        return self._located() & (col >= west) & (col < east) & (row >= south) & (row < north)

    # --- how many ------------------------------------------------------------------------------------------------------

    def counts(self, mask: Mask, dimension: Dimension) -> tuple[Ints, Ints]:
        """(keys, how many) of those that occur, by key; NONE first where some have none."""
        keys, order = self._ordered(dimension)
        found = np.bincount(self.columns[dimension][mask] + 1, minlength=len(keys))[order]
        return keys[order][found > 0], found[found > 0]

    def cross(self, mask: Mask, one: Dimension, other: Dimension) -> tuple[Ints, Ints, Ints]:
        """(keys of one, keys of the other, int64 how many of each pair), each list as `counts` has it."""
        (ones, by_one), (others, by_other) = self._ordered(one), self._ordered(other)
        pair = (self.columns[one][mask].astype(np.int64) + 1) * len(others) + self.columns[other][mask] + 1
        found = np.bincount(pair, minlength=len(ones) * len(others)).reshape(len(ones), len(others))[by_one][
            :, by_other
        ]
        rows, columns = found.any(axis=1), found.any(axis=0)
        return ones[by_one][rows], others[by_other][columns], found[rows][:, columns]

    def _ordered(self, dimension: Dimension) -> tuple[Ints, Ints]:
        """What the numbers of a dimension, plus one, stand for, and their order."""
        keys = np.concatenate([[NONE], self.keys[dimension].values])
        return keys, np.argsort(keys)

    def cells(self, mask: Mask, blocks: int = 1) -> tuple[Ints, Ints, Ints]:
        """(col, row, how many) of cells of `blocks` x `blocks` cells of the lattice, by row and column; the unlocated are left out."""
        some = mask & self._located()
        col, row = (self.columns[axis][some].astype(np.int32) // blocks for axis in ("col", "row"))
        return _counted(col, row)

    def grid(self, mask: Mask, blocks: int, box: tuple[int, int, int, int]) -> Ints:
        """int64 (rows, cols): how many in each cell of so many blocks; box in such cells, as for `where`; row 0 in the south."""
        west, south, east, north = box
        some = mask & self._within(*(edge * blocks for edge in box))
        col, row = (self.columns[axis][some].astype(np.int64) // blocks for axis in ("col", "row"))
        wide, high = east - west, north - south
        return np.bincount((row - south) * wide + col - west, minlength=wide * high).reshape(high, wide)

    def hexes(self, mask: Mask, lattice: Lattice, size: float) -> tuple[Ints, Ints, Ints]:
        """(q, r, how many) of hexagons `size` metres wide, as `Lattice.hexes` counts them."""
        col, row, many = self.cells(mask)
        return _counted(*lattice.hexes(col, row, size), many)

    def frames(self, mask: Mask, blocks: int, starts: Sequence[dt.date]) -> tuple[Ints, Ints, Ints, Ints]:
        """(frame, col, row, how many): `cells` of each step of time, by step; a step lasts until the next begins, the last for ever, and what
        is before the first is left out."""
        days = np.array([day_number(day) for day in starts])
        some = mask & self._located() & (self.columns["day"] >= days[0])
        day = self.columns["day"][some].astype(np.int64) - days[0]
        frame = np.searchsorted(days - days[0], np.arange(day.max(initial=0) + 1), "right")[day] - 1
        col, row = (self.columns[axis][some].astype(np.int32) // blocks for axis in ("col", "row"))
        if len(col) == 0:
            return (np.zeros(0, np.int64),) * 4
        low, high = int(col.min()), int(col.max()) + 1
        at, rows, many = _counted(frame.astype(np.int64) * (high - low) + (col - low), row)
        order = np.lexsort((at % (high - low), rows, at // (high - low)))
        return at[order] // (high - low), at[order] % (high - low) + low, rows[order], many[order]

    def days(self, mask: Mask, first: dt.date, last: dt.date) -> Ints:
        """How many on each day from first to last."""
        start, length = day_number(first), (last - first).days + 1
        at = self.columns["day"][mask].astype(np.int64) - start
        return np.bincount(at[(at >= 0) & (at < length)], minlength=length)

    def steps(self, mask: Mask, dimension: Dimension, first: dt.date, last: dt.date, length: int) -> Ints:
        """int64 (places, steps): how many of each key that occurs, in whole steps of so many days up to the last; days left over at the
        beginning are not in."""
        number = ((last - first).days + 1) // length
        step = (self.columns["day"][mask].astype(np.int64) - day_number(last) - 1) // length + number
        within = (step >= 0) & (step < number)
        places = len(self.keys[dimension].values) + 1
        at = (self.columns[dimension][mask][within].astype(np.int64) + 1) * number + step[within]
        table = np.bincount(at, minlength=places * number).reshape(places, number)
        return table[table.any(axis=1)]

    def clock(self, mask: Mask) -> Ints:
        """int64 (7, 24): by weekday, Monday first, and hour; those of unknown hour are left out."""
        some = mask & (self.columns["hour"] >= 0)
        at = _weekday(self.columns["day"][some]).astype(np.int64) * 24 + self.columns["hour"][some]
        return np.bincount(at, minlength=168).reshape(7, 24)

    def bounds(self, mask: Mask) -> tuple[int, int, int, int] | None:
        """The box (as for `where`) of all cells with a voice; None where there is none."""
        some = mask & self._located()
        if not some.any():
            return None
        col, row = self.columns["col"][some], self.columns["row"][some]
        return int(col.min()), int(row.min()), int(col.max()) + 1, int(row.max()) + 1

    def located(self, mask: Mask) -> int:
        """How many have a cell."""
        return int((mask & self._located()).sum())

    def flag(self, mask: Mask, name: str) -> Ints:
        """How many have each value of a flag of FLAGS."""
        return np.bincount(self._flag(name)[mask], minlength=1 << FLAGS[name][1])

    def figures(self, mask: Mask, today: dt.date) -> Figures:
        """How those stand that the mask lets through; overdue as of today."""
        state, met, satisfied = (self.flag(mask, name) for name in ("state", "met", "satisfied"))
        elder = self.flag(mask, "elder")
        return Figures(
            total=int(mask.sum()), open=int(state[0]), late_open=int((mask & self._late(today)).sum()), in_time=int(met[1]), met_late=int(met[2]),
            satisfied=int(satisfied[1]), fairly=int(satisfied[2]), unsatisfied=int(satisfied[3]), again=int(self.flag(mask, "again")[1]),
            told_for=int(self.flag(mask, "told_for")[1]), elder=int(elder[2]), elder_known=int(elder[1] + elder[2]), located=self.located(mask),
        )  # fmt: skip

    def refs(self, mask: Mask) -> tuple[Ints, Ints]:
        """(kind, ref) of each: 0 and a case's key, 1 and a record's."""
        return self._flag("kind")[mask].astype(np.int64), self.columns["ref"][mask].astype(np.int64)


def _narrowed(rows: NDArray[Any], keys: dict[str, Keys]) -> tuple[dict[str, Keys], dict[str, NDArray[Any]]]:
    """The keys with those that are new, and the rows as columns."""
    keys = {name: known.met(rows[name]) for name, known in keys.items()}
    return keys, {
        name: keys[name].places(rows[name]) if name in keys else rows[name].astype(_COLUMNS.get(name, np.int16))
        for name in ROW.names or ()
    }


def _table(wanted: Collection[int], length: int) -> Mask:
    table = np.zeros(length, np.bool_)
    table[[value for value in wanted if 0 <= value < length]] = True
    return table


def _weekday(day: NDArray[np.int16]) -> NDArray[np.int16]:
    return (day + np.int16(5)) % np.int16(7)


def _counted(x: NDArray[Any], y: NDArray[Any], weights: Ints | None = None) -> tuple[Ints, Ints, Ints]:
    """Each pair that occurs, by y and x, and how often or how much."""
    if len(x) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    west, south = int(x.min()), int(y.min())
    wide, high = int(x.max()) - west + 1, int(y.max()) - south + 1
    at = (y.astype(np.int64) - south) * wide + (x - west)
    if wide * high <= _DENSE:
        many = np.bincount(at, weights).astype(np.int64)
        pairs = np.flatnonzero(many)
        many = many[pairs]
    else:
        pairs, inverse = np.unique(at, return_inverse=True)
        many = np.bincount(inverse, weights).astype(np.int64)
    return pairs % wide + west, pairs // wide + south, many
