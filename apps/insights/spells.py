"""How hot cells came about over time, and which of them are one place.

A LAB: arrays in, arrays out; no Django, no clock.

Words are those of emerging hot spot analysis, fewer of them, told of steps of equal length, the last of which has just ended:

    new         hot in the last step, and never before
    growing     hot in the last steps, four of them at least, and rising over them (Mann 1945, Kendall 1975, one-sided 5 %)
    persistent  hot in the last steps, two of them at least, without a trend
    returning   hot in the last step, not in the one before, but earlier
    fading      hot in the last steps and falling over them, or until the step before the last
    gone        was hot, but not in the last two steps
    cold        less than chance would have in the last step
    ""          nothing that chance does not explain
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import label

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS, STEPS = 30, 12
"""Days of a step, and how many steps are looked back."""
WIDEST = 3  # steps that are looked at together where little is reported
ENOUGH = 500  # matters in the county that a look should have
TREND = 0.05
APART = 3.0  # cells: peaks of one place are no farther from each other
_EIGHT = np.ones((3, 3), int)


def steps_wide(matters: int) -> int:
    """How many steps are looked at together in a county of so many matters in all of them: enough to tell anything, at most three."""
    return min(WIDEST, max(1, math.ceil(ENOUGH * STEPS / max(matters, 1))))


@dataclass(frozen=True)
class Spell:
    """state: as above. since: the first step of the spell that goes on, or of the last one. last: its last hot step. hot_steps: of all."""

    state: str
    since: int
    last: int
    hot_steps: int


def spell(hot: ArrayLike, values: ArrayLike) -> Spell | None:
    """What became of one place. hot: bool (steps,), oldest first; values: how much above what is expected, (steps,). None: never hot."""
    steps, strength = np.asarray(hot, bool), np.asarray(values, np.float64)
    if steps.ndim != 1 or steps.shape != strength.shape:
        raise ValueError(f"hot and values must be one row each of one length, got {steps.shape} and {strength.shape}")
    if not steps.any():
        return None
    last = int(np.flatnonzero(steps)[-1])
    first = last
    while first > 0 and steps[first - 1]:
        first -= 1
    return Spell(_state(steps, strength, first, last), first, last, int(steps.sum()))


def _state(hot: Bools, values: Floats, first: int, last: int) -> str:
    now = len(hot) - 1
    if last < now:
        return "fading" if last == now - 1 else "gone"
    if first == last:
        return "returning" if hot[:first].any() else "new"
    rising, falling = trend(values[first:])
    return "growing" if rising <= TREND else "fading" if falling <= TREND else "persistent"


def states(hot: ArrayLike, values: ArrayLike, cold: ArrayLike) -> NDArray[np.str_]:
    """The state of each cell: hot, values (steps, cells), cold (cells,), whether it is cold in the last step."""
    steps, strength, low = np.asarray(hot, bool), np.asarray(values, np.float64), np.asarray(cold, bool)
    found = np.where(low, "cold", np.full(low.shape, "", "U10"))
    for cell in np.flatnonzero(steps.any(axis=0)):
        told = spell(steps[:, cell], strength[:, cell])
        if told and not (told.state == "gone" and low[cell]):
            found[cell] = told.state
    return found


def trend(values: ArrayLike) -> tuple[float, float]:
    """(p of a rise, p of a fall) by Mann and Kendall, one-sided, exact: the share of all orders with as many pairs rising (falling).
    Ties count on neither side, which makes both larger than they need be."""
    row = np.asarray(values, np.float64)
    later, earlier = np.triu_indices(len(row), 1)[::-1]
    up, down = int((row[later] > row[earlier]).sum()), int((row[later] < row[earlier]).sum())
    orders = _inversions(len(row))
    everything = sum(orders)
    return sum(orders[up:]) / everything, sum(orders[down:]) / everything


@cache
def _inversions(length: int) -> list[int]:
    """How many orders of so many values have 0, 1, 2, … rising pairs."""
    orders = [1]
    for added in range(2, length + 1):
        orders = [sum(orders[max(0, pairs - added + 1) : pairs + 1]) for pairs in range(len(orders) + added - 1)]
    return orders


def places(cells: ArrayLike, strength: ArrayLike) -> list[Ints]:
    """Cells that belong together, each place an int64 (n, 2) of (row, column), the strongest cell first, places by the strength of that.

    cells: bool (rows, columns); strength: of that shape. Cells that touch, corners too, are one place; a large one falls apart around its
    peaks, which lie more than `APART` cells from each other: each cell goes with the nearest, ties with the stronger.
    """
    part, height = np.asarray(cells, bool), np.asarray(strength, np.float64)
    groups, _ = label(part, structure=_EIGHT)
    rows, columns = np.nonzero(part)
    order = np.lexsort((columns, rows, -height[rows, columns]))
    at = np.column_stack([rows, columns])[order].astype(np.int64)
    group = groups[at[:, 0], at[:, 1]]
    found: list[Ints] = []
    for which in dict.fromkeys(group.tolist()):
        members = at[group == which]
        peaks = members[:1]
        for cell in members[1:]:
            if (np.square(peaks - cell).sum(axis=1) > APART * APART).all():
                peaks = np.vstack([peaks, cell])
        nearest = np.square(members[:, None] - peaks[None]).sum(axis=2).argmin(axis=1)
        found += [members[nearest == peak] for peak in range(len(peaks))]
    return sorted(found, key=lambda place: (-height[place[0, 0], place[0, 1]], place[0].tolist()))


def continued(before: list[set[tuple[int, int]]], now: list[set[tuple[int, int]]]) -> list[int | None]:
    """Which earlier place each of today's goes on, by the most shared cells; each earlier one goes on in one at most. Cells: (column, row)."""
    shared = sorted(
        ((len(old & new), -i, -j) for j, new in enumerate(now) for i, old in enumerate(before) if old & new),
        reverse=True,
    )
    follows: list[int | None] = [None] * len(now)
    taken: set[int] = set()
    for _, i, j in shared:
        if follows[-j] is None and -i not in taken:
            follows[-j] = -i
            taken.add(-i)
    return follows
