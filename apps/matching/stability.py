"""The fewest moves: how much of an assignment in force can stay, for how much more than the best one would cost.

Lagrange on the bonus for previous pairs (Handler and Zang 1980, "A dual algorithm for the constrained shortest path problem"): with bonus
b the engine finds the assignment of least cost - b * kept, which is on the lower hull of all (kept, cost); the hull point that the budget
still pays is found by intersecting the lines of one that fits and one that does not. Between the two, the difference of the assignments is
taken apart into paths and cycles that may be applied one by one.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from apps.matching.assignment import Solution, solve
from apps.matching.costs import price_pairs
from apps.matching.problem import LARGEST_COST, Deputies, Projects, Rules, checked_pairs

Pair = tuple[int, int]
Component = list[Pair]  # pairs that change sides together
Node = tuple[str, int]
Arcs = dict[Node, list[tuple[Node, Component]]]


@dataclass(frozen=True)
class Point:
    """What one bonus leads to: the metres a kept pair may cost more, the previous pairs left behind, the metres of the whole."""

    bonus: int
    moves: int
    cost: int


@dataclass(frozen=True, eq=False)
class Stability:
    """An assignment that keeps as many previous pairs as the budget pays, and the proof of how near that is to the most.

    pairs: int64[s, 2], rows (project, deputy), sorted, locked ones included. cost: int64[s] metres each. unmet: int32[n], places empty.
    total: metres of the pairs and the balance, without any bonus. optimum: the least such total; budget: the most it may be.
    moves: previous pairs, still possible or not, that are not among the pairs. fewest: no assignment within the budget, with as few empty
    places (with `fair`, and no pair worse than need be), leaves fewer behind; equal to moves when proven.
    bonus: metres at which the engine last stayed within the budget; the pairs may keep more than that bonus alone would.
    points: every bonus tried, ascending, the first without any: the price of stability.
    """

    pairs: NDArray[np.int64]
    cost: NDArray[np.int64]
    unmet: NDArray[np.int32]
    total: int
    optimum: int
    budget: int
    moves: int
    fewest: int
    bonus: int
    points: tuple[Point, ...]

    @property
    def proven(self) -> bool:
        return self.moves == self.fewest


def fewest_moves(projects: Projects, deputies: Deputies, rules: Rules, epsilon: float) -> Stability:
    """Keeps as many of `rules.previous` as it can for at most (1 + epsilon) times the optimum; `rules.keep_bonus` does not count.

    epsilon: >= 0, meant as the decimal it is written as, so that 0.3 of 10 m is 3 m. Raises what `solve` raises, and ValueError for an
    epsilon that is negative or not finite.
    """
    if not (np.isfinite(epsilon) and epsilon >= 0):
        raise ValueError("epsilon 应为不小于 0 的数，例如 0.02 表示总代价最多增加 2%")
    search = _Search(projects, deputies, rules, Fraction(repr(float(epsilon))))
    fits, over = search.neighbours()
    pairs = search.pairs(fits)
    if over is not None:
        pairs = _mixed(search, pairs, search.pairs(over))
    return search.summed_up(pairs, fits)


class _Search:
    """One question: the solutions met, by bonus, and what each of them proves."""

    def __init__(self, projects: Projects, deputies: Deputies, rules: Rules, epsilon: Fraction) -> None:
        self.projects, self.deputies, self.rules = projects, deputies, rules
        self.previous = _rows(checked_pairs("previous", rules.previous, projects, deputies))
        self.met: dict[int, tuple[Solution, int]] = {}
        self.optimum = self.at(0).total
        # No assignment costs as much as the empty price: a budget beyond it buys nothing more.
        self.budget = min(int(self.optimum * (1 + epsilon)), self.at(0).empty_price)

    def at(self, bonus: int) -> Solution:
        if bonus not in self.met:
            found = solve(self.projects, self.deputies, replace(self.rules, keep_bonus=bonus))
            self.met[bonus] = found, len(self.previous & _rows(found.pairs))
        return self.met[bonus][0]

    def pairs(self, bonus: int) -> set[Pair]:
        return _rows(self.at(bonus).pairs)

    def kept(self, bonus: int) -> int:
        """How many previous pairs the solution of a bonus holds."""
        self.at(bonus)
        return self.met[bonus][1]

    def cost(self, bonus: int) -> int:
        """Metres of the solution found with a bonus, without it."""
        return self.at(bonus).total + bonus * self.kept(bonus)

    def neighbours(self) -> tuple[int, int | None]:
        """The largest whole bonus whose solution fits the budget and the next one, whose does not; None when it need not be looked at.

        A bonus above what the budget leaves is worth more than all of it: if its solution fits, none within the budget keeps more.
        """
        low, high = 0, min(self.budget - self.optimum + 1, LARGEST_COST)
        if not self.previous:
            return 0, None
        if self.cost(high) <= self.budget:
            return high, None
        tries = 0
        while high - low > 1:
            rise, run = self.cost(high) - self.cost(low), self.kept(high) - self.kept(low)
            tries += 1
            # Another corner of the hull, if there is one, shows where the two lines meet; halving now and then bounds the tries.
            guess = (low + high) // 2 if tries % 4 == 0 else min(max(rise // run, low + 1), high - 1)
            if self.cost(guess) <= self.budget:
                low = guess
            else:
                high = guess
        return low, high

    def fewest(self) -> int:
        """Previous pairs that every assignment within the budget leaves behind.

        Whoever keeps k of them at a cost c <= budget has c - b * k >= lower_bound(b), hence k <= (budget - lower_bound(b)) / b.
        """
        most = ((self.budget - found.lower_bound) // bonus for bonus, (found, _) in self.met.items() if bonus)
        return len(self.previous) - min(len(self.previous), *most) if self.previous else 0

    def summed_up(self, pairs: set[Pair], bonus: int) -> Stability:
        chosen = np.array(sorted(pairs), np.int64).reshape(-1, 2)
        cost = price_pairs(self.projects, self.deputies, self.rules, *chosen.T).cost
        load = np.bincount(chosen[:, 1], minlength=len(self.deputies))
        return Stability(
            pairs=chosen,
            cost=cost,
            unmet=(self.projects.demand - np.bincount(chosen[:, 0], minlength=len(self.projects))).astype(np.int32),
            total=int(cost.sum()) + self.rules.balance * int((load * (load - 1) // 2).sum()),
            optimum=self.optimum,
            budget=self.budget,
            moves=len(self.previous - pairs),
            fewest=self.fewest(),
            bonus=bonus,
            points=tuple(Point(each, len(self.previous) - self.kept(each), self.cost(each)) for each in sorted(self.met)),
        )


def _rows(pairs: NDArray[np.int64]) -> set[Pair]:
    return {(i, j) for i, j in pairs.tolist()}


# -- between two assignments --------------------------------------------------------------------------------------------


def _mixed(search: _Search, inside: set[Pair], outside: set[Pair]) -> set[Pair]:
    """The assignment within the budget, with those steps towards the other one that keep more, the cheapest per kept pair first.

    The cost of a step depends on the loads at its ends, so it is counted anew before it is taken.
    """
    change = sorted(inside ^ outside)
    table = price_pairs(search.projects, search.deputies, search.rules, *np.array(change, np.int64).T)
    cost = dict(zip(change, table.cost.tolist(), strict=True))
    anyone = table.has_field | (search.projects.experts == 0)[[i for i, _ in change]]
    outsiders = {pair for pair, free in zip(change, anyone.tolist(), strict=True) if not free}
    chosen, load = set(inside), np.bincount([j for _, j in inside], minlength=len(search.deputies))

    def dearer(component: Component) -> int:
        """Metres that a component adds as the loads are now."""
        added, shift = 0, dict.fromkeys((j for _, j in component), 0)
        for pair in component:
            side = 1 if pair in outside else -1
            added, shift[pair[1]] = added + side * cost[pair], shift[pair[1]] + side
        return added + search.rules.balance * sum((k * (2 * int(load[j]) + k - 1)) // 2 for j, k in shift.items())

    def gained(component: Component) -> int:
        return sum(1 if pair in outside else -1 for pair in component if pair in search.previous)

    steps = [(dearer(each), gained(each), each) for each in _components(inside - outside, outside - inside, outsiders)]
    steps = sorted((each for each in steps if each[1] > 0), key=lambda each: (Fraction(each[0], each[1]), each[2]))
    left = search.budget - search.summed_up(inside, 0).total
    for _, _, component in steps:
        metres = dearer(component)
        if metres <= left:
            left -= metres
            chosen.symmetric_difference_update(component)
            load += np.bincount([j for i, j in component if (i, j) in outside], minlength=len(load))
            load -= np.bincount([j for i, j in component if (i, j) in inside], minlength=len(load))
    return chosen


def _components(lost: set[Pair], won: set[Pair], outsiders: set[Pair]) -> list[Component]:
    """The pairs that change, taken apart into simple paths and cycles; any choice of them is a possible assignment with as many places.

    outsiders: the pairs, of projects that ask for experts, whose deputy lacks the field. In the flow a lost pair leads from the project
    (an outsider's from its gate) to the deputy, a won one back. Whatever passes a node leaves its load as it is, so that loads, gates and
    demands stay between those of the two assignments. Both of these fill as many places as can be filled, hence so does every component:
    one that filled more could be applied to the first, one that filled fewer could be undone in the second.
    """
    arcs: Arcs = {}
    excess: dict[Node, int] = {}

    def lead(start: Node, end: Node, pairs: Component) -> None:
        arcs.setdefault(start, []).append((end, pairs))
        excess[start], excess[end] = excess.get(start, 0) + 1, excess.get(end, 0) - 1

    for pair in sorted(lost | won, reverse=True):
        project, deputy = ("gate" if pair in outsiders else "project", pair[0]), ("deputy", pair[1])
        lead(*((project, deputy) if pair in lost else (deputy, project)), [pair])
    for kind, i in sorted(excess):
        if kind == "gate":
            ends = (("gate", i), ("project", i)) if excess[kind, i] < 0 else (("project", i), ("gate", i))
            for _ in range(abs(excess[kind, i])):
                lead(*ends, [])
    starts = [node for node in sorted(excess) for _ in range(max(0, excess[node]))]
    components: list[Component] = []
    for start in [*starts, *sorted(arcs)]:
        _walk(start, arcs, components)
    return components


def _walk(start: Node, arcs: Arcs, components: list[Component]) -> None:
    """Follows arcs from a node until there is none, using them up; a node met again closes a cycle, the rest is a path."""
    path, place = [start], {start: 0}
    steps: list[Component] = []
    while arcs.get(path[-1]):
        node, pairs = arcs[path[-1]].pop()
        path.append(node)
        steps.append(pairs)
        if node in place:
            first = place[node]
            components.append(sorted(pair for step in steps[first:] for pair in step))
            for left in path[first + 1 : -1]:
                del place[left]
            del path[first + 1 :], steps[first:]
        else:
            place[node] = len(path) - 1
    if steps:
        components.append(sorted(pair for step in steps for pair in step))
