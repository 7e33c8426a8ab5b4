"""Which counts of a published table stay out of it, so that none below five can be worked out from what is shown.

A LAB: arrays in, arrays out, no Django, no clock. A table is cells and the sums among them that a reader knows (a county is its towns, all
reports are those of every category). What is shown is exact. The reader knows every sum, and that nobody hides a zero without need.

What is promised: for every small count (1 to 4) the reader must hold it possible that it is 5 or more, and that it is 1, or as many as there
are counts in it that are not 0: less than those it could not be if nothing at all were published. Not by a solver's
word: for each there are two whole tables, both with nothing below what he may assume, that publish the same numbers and have those two
values there. Their differences from the true table are the `moves` of a `Protection`; `proven` checks them by adding whole numbers.

A table that is published again (a count was put right) is protected together with those before it, since anybody may have kept them:
their cells, its own, and the differences between them, of which a small one would tell of a single report, are one table. That nothing was
added stays possible too, where not even a 0 that was shown and is none any more tells otherwise.

Complementary cells are found one small count at a time as the cheapest such move (Kelly, Golden and Assad 1992; Castro 2012 for the
order), then those that turn out not to be needed are shown again. Costs are shaken by a seed the reader does not know, or he could try
which tables lead to the pattern that he sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, coo_array, csc_array, eye_array, hstack

SMALL = 5
HIDING = 0.5  # of the work is to hide, the rest to show again what is not needed
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_ZERO_COST = 1e3  # a zero is shown wherever anything else will do
_TINY_COST = 1e-4  # hidden cells move for nearly nothing: no needless detours
_SHAKEN = 0.25
_UNBOUNDED = -(2**31)


@dataclass(frozen=True, eq=False)
class Table:
    """counts >= 0 of n cells; sums: (total, parts) as cell numbers, every one that a reader knows; cost[n] > 0: what hiding a cell costs."""

    counts: Ints
    sums: Sequence[tuple[int, Sequence[int]]]
    cost: NDArray[np.float64]

    def matrix(self) -> csc_array:
        """One row a sum, -1 for its total and 1 for its parts."""
        rows = [(row, cell, -1 if at == 0 else 1) for row, (total, parts) in enumerate(self.sums) for at, cell in enumerate((total, *parts))]
        row, cell, sign = np.array(rows, np.int64).reshape(-1, 3).T
        return csc_array(coo_array((sign, (row, cell)), shape=(len(self.sums), len(self.counts))))


@dataclass(frozen=True, eq=False)
class Earlier:
    """A version of the same table that was public before: what its counts were, and which of them were hidden."""

    counts: Ints
    hidden: Bools


@dataclass(frozen=True, eq=False)
class Protection:
    """hidden[n]: cells that are not shown; small[n]: those for their own sake. moves[k, N]: what proves it, over the cells of the table, then of
    each earlier one and of the differences to it; floor: the least that a reader may assume behind a hidden count that is not 0: 1, only where
    versions before leave no other way 0."""

    hidden: Bools
    small: Bools
    moves: Ints
    floor: int


class NoWay(ValueError):
    """What was public before leaves no way to protect this table."""


class Need(NamedTuple):
    """A reader must hold it possible that `cell` is at most `low` and that it is at least `high`."""

    cell: int
    low: int
    high: int


def protect(table: Table, earlier: Sequence[Earlier] = (), seed: int = 0, tell: Callable[[float], None] = lambda share: None) -> Protection:
    """Hide what must not be shown. Deterministic for a seed. tell: called again and again with the share that is done, 0..1; what it raises ends the
    work. ValueError where the counts are negative or are not the sums they are said to be, NoWay where what was public before leaves none."""
    counts = np.asarray(table.counts, np.int64)
    if (counts < 0).any():
        raise ValueError("counts must not be negative")
    if (table.matrix() @ counts != 0).any():
        raise ValueError("the counts do not add up")
    small = small_cells(counts, earlier)
    system = _System(table, earlier, small, seed)
    system.protect(tell)
    system.thin(tell)
    return Protection(system.chosen[: system.n], small, system.moves(), system.least_floor())


def small_cells(counts: Ints, earlier: Sequence[Earlier]) -> Bools:
    """Small counts, and counts that differ by a small number from one that was shown before."""
    small = (counts > 0) & (counts < SMALL)
    for version in earlier:
        difference = np.abs(counts - version.counts)
        small |= ~version.hidden & (difference > 0) & (difference < SMALL)
    return small


def proven(table: Table, earlier: Sequence[Earlier], found: Protection) -> bool:
    """Whether the moves prove what is promised, by whole numbers alone: each keeps every sum and every number that is or was shown, none goes
    below the floor, and each need has a move down and one up."""
    system = _System(table, earlier, found.small, 0)
    hidden = np.concatenate([found.hidden, np.zeros(system.width - system.n, bool)])
    for at, version in enumerate(earlier):
        x, d = system.blocks(at)
        hidden[x] = version.hidden
        hidden[d] = True
        if (version.hidden & ~found.hidden).any():
            return False
    values = np.vstack([system.value, system.value + found.moves])
    kept = not (system.matrix @ found.moves.T).any() and not found.moves[:, ~hidden].any()
    above = (found.floor == 1 or bool(earlier)) and (values >= system.floors[1 - found.floor]).all()
    reached = all(values[:, need.cell].min() <= need.low and values[:, need.cell].max() >= need.high for need in system.needs)
    return bool(not (small_cells(np.asarray(table.counts), earlier) & ~found.hidden).any() and kept and above and reached)


class _System:
    """The cells of the table and, where there are earlier versions, of each of them and of the differences to it: one row of whole numbers
    with everything a reader knows as equations. A cell is fixed (shown, now or once), free (hidden), or may still be hidden at its cost."""

    def __init__(self, table: Table, earlier: Sequence[Earlier], small: Bools, seed: int) -> None:
        n = self.n = len(table.counts)
        self.width = n * (1 + 2 * len(earlier))
        counts = np.asarray(table.counts, np.int64)
        self.matrix = _equations(table.matrix(), n, len(earlier))
        self.value = np.concatenate([counts, *(part for old in earlier for part in (old.counts, counts - old.counts))]).astype(np.int64)
        self.floors = [np.minimum(self.value, floor) for floor in ((1, 0) if earlier else (1,))]
        self.cost = np.full(self.width, np.inf)
        shaken = 1 + _SHAKEN * np.random.default_rng(seed).random(n)
        self.cost[:n] = np.where(small, 0.0, np.asarray(table.cost) * shaken * np.where(counts == 0, _ZERO_COST, 1.0))
        self.needs = _small_needs(counts, table.sums)
        for at, old in enumerate(earlier):
            x, d = self.blocks(at)
            self.cost[:n][old.hidden] = self.cost[x][old.hidden] = self.cost[d] = 0.0
            grew = bool((self.value[d] >= 0).all())  # then a reader will think that reports were only added
            fewest = 0 if grew else _UNBOUNDED
            for floor in self.floors:
                floor[d] = fewest
            hidden = [need for need in _small_needs(old.counts, table.sums) if old.hidden[need.cell]]
            self.needs += [Need(x.start + cell, low, high) for cell, low, high in hidden]
            known = np.where(old.hidden, fewest, np.maximum(_at_least(np.minimum(counts, 1), table.sums) - old.counts, fewest))
            self.needs += _difference_needs(d.start, self.value[d], _at_least(known, table.sums))
        self.chosen = self.cost == 0.0
        self._spare = ~self.chosen
        self._active = np.flatnonzero(np.isfinite(self.cost))
        columns = csc_array(self.matrix[:, self._active])
        self._columns = csc_array(hstack([columns, -columns]))
        self._use([])

    def blocks(self, at: int) -> tuple[slice, slice]:
        """Where the cells of an earlier version and the differences to it lie."""
        start = self.n * (1 + 2 * at)
        return slice(start, start + self.n), slice(start + self.n, start + 2 * self.n)

    def moves(self) -> Ints:
        return np.array(self._moves, np.int64).reshape(-1, self.width)

    def least_floor(self) -> int:
        """The floor that all moves keep."""
        return int(all((self.value + move >= self.floors[0]).all() for move in self._moves))

    def protect(self, tell: Callable[[float], None]) -> None:
        """Hide until every need has its moves, the hardest first."""
        wanted = sorted(self._missing(), key=lambda want: -abs(want[1]))
        for at, (cell, by) in enumerate(wanted):
            tell(HIDING * at / len(wanted))
            if self._reaches(cell, by):
                continue
            move = self._cheapest(cell, by, np.isfinite(self.cost), self.floors)
            if move is None:
                raise NoWay("what was public before does not leave this table protectable")
            self.chosen |= move != 0
            self._use([*self._moves, move])

    def thin(self, tell: Callable[[float], None]) -> None:
        """Show again what is not needed, dearest first: a cell is needed when some move through it cannot be replaced."""
        spare = np.flatnonzero(self.chosen & self._spare)
        for at, cell in enumerate(spare[np.argsort(-self.cost[spare], kind="stable")]):
            tell(HIDING + (1 - HIDING) * at / len(spare))
            self._show_again(int(cell))

    def _show_again(self, cell: int) -> None:
        without, held, floors = self.chosen.copy(), self._moves, self.floors[: 2 - self.least_floor()]
        without[cell] = False
        self._use([move for move in held if move[cell] == 0])
        for target, by in self._missing():
            if self._reaches(target, by):
                continue
            move = self._cheapest(target, by, without, floors)
            if move is None:
                self._use(held)
                return
            self._use([*self._moves, move])
        self.chosen = without

    def _use(self, moves: list[Ints]) -> None:
        nothing = np.zeros((1, self.width), np.int64)
        self._moves = moves
        self._highest, self._lowest = (f(np.vstack([nothing, *moves]), axis=0) for f in (np.max, np.min))

    def _missing(self) -> list[tuple[int, int]]:
        """(cell, by how much) of every bound that neither the true table nor a move reaches yet."""
        wanted = [(need.cell, bound - int(self.value[need.cell])) for need in self.needs for bound in (need.high, need.low)]
        return [(cell, by) for cell, by in wanted if not self._reaches(cell, by)]

    def _reaches(self, cell: int, by: int) -> bool:
        return by == 0 or bool(self._highest[cell] >= by if by > 0 else self._lowest[cell] <= by)

    def _cheapest(self, cell: int, by: int, allowed: Bools, floors: Sequence[Ints]) -> Ints | None:
        """The whole-numbered move that changes `cell` by `by`, keeps every sum and hides for the least cost; None where there is none."""
        return next((move for floor in floors if (move := self._cheapest_above(floor, cell, by, allowed)) is not None), None)

    def _cheapest_above(self, floor: Ints, cell: int, by: int, allowed: Bools) -> Ints | None:
        active = self._active
        open_now, target = allowed[active], int(np.searchsorted(active, cell))
        up = np.where(open_now, np.inf, 0.0)
        down = np.where(open_now, (self.value - floor)[active], 0).astype(float)
        up[target], down[target] = max(by, 0), max(-by, 0)
        least = np.zeros(2 * len(active))
        least[target if by > 0 else len(active) + target] = abs(by)
        if (least > np.concatenate([up, down])).any():
            return None
        cost = np.where(self.chosen[active], _TINY_COST, self.cost[active])
        constraints, bounds = LinearConstraint(self._columns, 0, 0), Bounds(least, np.concatenate([up, down]))
        for whole in (0, 1):  # nearly always the first answer is whole already
            answer = milp(np.concatenate([cost, cost]), constraints=constraints, bounds=bounds, integrality=np.full(2 * len(active), whole))
            if answer.x is None:
                return None
            move = np.zeros(self.width, np.int64)
            move[active] = np.rint(answer.x[: len(active)] - answer.x[len(active) :])
            above = self.value + move >= floor
            if move[cell] == by and above.all() and not move[active[~open_now]].any() and not (self.matrix @ move).any():
                return move
        return None


def _equations(sums: csc_array, n: int, versions: int) -> csc_array:
    """The sums of the table and of each version, and for each: the table minus the version minus the difference is nothing."""
    one = eye_array(n, format="csc", dtype=np.int64)
    rows: list[list] = [[sums, *[None] * (2 * versions)]]
    for at in range(versions):
        before, after = [None] * (2 * at), [None] * (2 * (versions - at - 1))
        rows += [[None, *before, sums, None, *after], [one, *before, -one, -one, *after]]
    return csc_array(block_array(rows, format="csc"))


def _small_needs(counts: Ints, sums: Sequence[tuple[int, Sequence[int]]]) -> list[Need]:
    least = _at_least(np.minimum(counts, 1), sums)
    return [Need(int(cell), int(least[cell]), SMALL) for cell in np.flatnonzero((counts > 0) & (counts < SMALL))]


def _at_least(least: Ints, sums: Sequence[tuple[int, Sequence[int]]]) -> Ints:
    """What each cell is at least for a reader who knows that of every one by itself, and how they add up."""
    least = least.copy()
    while True:
        before = least.copy()
        for total, parts in sums:
            least[total] = max(least[total], least[list(parts)].sum())
        if (least == before).all():
            return least


def _difference_needs(start: int, differences: Ints, least: Ints) -> list[Need]:
    """That nothing was added, or as much as may be told; the same downward. least: below it no difference can be for who has kept what was shown."""
    little = np.flatnonzero((differences != 0) & (np.abs(differences) < SMALL))
    return [Need(start + int(cell), max(0 if differences[cell] > 0 else -SMALL, int(least[cell])), SMALL if differences[cell] > 0 else 0) for cell in little]
