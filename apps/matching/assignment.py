"""Which deputies supervise which projects: the nearest and most convenient ones under the rules, with a proof that none are better.

A capacitated b-matching, solved exactly in whole metres: first as few places empty as possible, then (with `Rules.fair`) the worst pair
as small as possible, then the least total. Pairs are looked up as they are needed, so that most of the n x m are never measured; the
prices prove that none of those could improve the answer.

    problem.py   what is asked, checked     costs.py    what a pair costs, who is allowed     layout.py, boxes.py   the problem as arrays
    network.py   the flow, compiled         filling.py  filled, corrected, priced, proven     fairness.py           the least worst pair
    shortage.py  why a place is empty       warm.py     one change at a time                  stability.py          the fewest moves
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.matching.costs import price_pairs
from apps.matching.fairness import least_worst
from apps.matching.filling import Filling, Watch
from apps.matching.problem import Deputies, Projects, Rules, checked_pairs
from apps.matching.shortage import Reason, reasons

__all__ = ["Deputies", "ImpossibleLock", "Projects", "Reason", "Rules", "Solution", "solve"]

DEFAULT_RULES = Rules()


class ImpossibleLock(ValueError):
    """Locked pairs that no assignment may hold: recused, unmeasurable, or more than capacity, demand or the expert places leave.

    pairs: int64[k, 2], the rows (project, deputy) concerned, so that a caller can name them.
    """

    def __init__(self, message: str, pairs: NDArray[np.int64]) -> None:
        self.pairs = pairs
        named = "、".join(f"({project}, {deputy})" for project, deputy in pairs[:10])
        super().__init__(
            f"锁定的（项目, 代表）无法成立，{message}，请解除锁定或改动数据：{named}{'等' if len(pairs) > 10 else ''}"
        )


@dataclass(frozen=True, eq=False)
class Solution:
    """An assignment and its proof.

    pairs: int64[s, 2], rows (project, deputy), sorted, locked ones included. cost: int64[s] metres, rint of the sum of parts, without
    bonus and balance. parts: float64[s] metres of residence, workplace, field and town.
    unmet: int32[n], places left empty. reasons: object[n] of Reason.
    total: metres with bonus and balance, without empty places. lower_bound: no assignment with as few empty places (with `fair`, of pairs
    no worse than `worst`) costs less; equal to total when proven.
    empty_price: metres, more than any rearrangement can save. project_price: int64[n]; deputy_price: int64[m], the smallest prices that
    prove it. With r_i places wanted and g_i open to deputies without the field, both after the locked pairs, and l_j places locked:

        locked + sum_i T_i(v) - sum_j sum_{l_j <= k < capacity_j} max(0, v_j - k * balance)  <=  total + empty_price * sum(unmet)

    where locked is the cost of the locked pairs after the bonus plus balance * l_j * (l_j - 1) / 2 of each deputy, and T_i the cheapest
    way to fill r_i places with allowed pairs that are not locked, at c_ij + v_j, or leave them empty at empty_price, at most g_i of them
    without the field. project_price is the dearest of the project's places at c_ij + v_j, empty_price when one is empty, 0 when r_i = 0.
    worst: with `fair`, the largest of cost (None without `fair`, or without pairs). worst_proof: int64[k], projects that cannot all be
    served with pairs one metre below it: they alone would leave more than sum(unmet) places empty, or hold a locked pair that dear.
    rounds, arcs, seconds: how often a project's list of pairs grew, how many pairs were listed at the end, time taken.
    """

    pairs: NDArray[np.int64]
    cost: NDArray[np.int64]
    parts: dict[str, NDArray[np.float64]]
    unmet: NDArray[np.int32]
    reasons: NDArray[np.object_]
    total: int
    lower_bound: int
    empty_price: int
    project_price: NDArray[np.int64]
    deputy_price: NDArray[np.int64]
    worst: int | None
    worst_proof: NDArray[np.int64]
    rounds: int
    arcs: int
    seconds: float


def solve(projects: Projects, deputies: Deputies, rules: Rules = DEFAULT_RULES, watch: Watch | None = None) -> Solution:
    """The best assignment of deputies to projects under the rules, with its certificate.

    Same rows in, same rows out; `total` and the prices do not depend on the order of rows. ImpossibleLock (a ValueError) names locked
    pairs that cannot stand; ValueError for rows that are not there, fields that do not fit, or costs too large to be summed exactly.
    watch: told between rounds how far it is, `fill`, `scale`, `fair` or `prove` and the share done of that; what it raises ends the solving.
    """
    started = time.perf_counter()
    filling, locked = prepared(projects, deputies, rules)
    filling.watch = watch
    filling.fill()
    worst, worst_proof = None, np.empty(0, np.int64)
    if rules.fair:
        settled = price_pairs(projects, deputies, rules, locked[:, 0], locked[:, 1]).cost
        worst, worst_proof = least_worst(filling, int(settled.max(initial=-1)))
        if worst is not None and not len(worst_proof):
            worst_proof = np.unique(locked[settled == worst, 0])
    filling.told("prove", 0.0)
    return summed_up(projects, deputies, rules, locked, filling, worst, worst_proof, started)


def prepared(projects: Projects, deputies: Deputies, rules: Rules, spare: int = 0) -> tuple[Filling, NDArray[np.int64]]:
    """A flow with nothing filled yet, and the locked pairs, sorted; raises what `solve` raises. spare: places that may be added later."""
    locked, previous, forbidden = (
        checked_pairs(name, getattr(rules, name), projects, deputies) for name in ("locked", "previous", "forbidden")
    )
    check_locks(projects, deputies, rules, locked)
    return Filling(projects, deputies, rules, locked, previous, forbidden, spare), locked


def summed_up(
    projects: Projects,
    deputies: Deputies,
    rules: Rules,
    locked: NDArray[np.int64],
    filling: Filling,
    worst: int | None,
    worst_proof: NDArray[np.int64],
    started: float,
) -> Solution:
    """The solution a filled flow stands for."""
    project_price, deputy_price, bound = filling.prices()
    pairs = np.unique(np.concatenate((locked, filling.pairs())), axis=0)
    table = price_pairs(projects, deputies, rules, pairs[:, 0], pairs[:, 1])
    unmet = filling.unmet.astype(np.int32)
    settled = price_pairs(projects, deputies, rules, locked[:, 0], locked[:, 1]).price
    return Solution(
        pairs=pairs,
        cost=table.cost,
        parts=table.parts,
        unmet=unmet,
        reasons=reasons(projects, deputies, rules, pairs, unmet),
        total=objective(table.price, pairs, rules.balance, len(deputies)),
        lower_bound=objective(settled, locked, rules.balance, len(deputies))
        + bound
        - filling.empty_price * int(unmet.sum()),
        empty_price=filling.empty_price,
        project_price=project_price,
        deputy_price=deputy_price,
        worst=worst,
        worst_proof=worst_proof,
        rounds=filling.rounds,
        arcs=filling.arcs,
        seconds=time.perf_counter() - started,
    )


def check_locks(projects: Projects, deputies: Deputies, rules: Rules, locked: NDArray[np.int64]) -> None:
    """ImpossibleLock for locked pairs that break what a lock cannot override."""
    row, column = locked.T
    table = price_pairs(projects, deputies, rules, row, column)
    outside = ~table.has_field
    experts_left = projects.demand - projects.experts
    for wrong, message in (
        (table.recused, "代表与项目有回避关系"),
        (~table.measured, "项目没有位置，或代表既无居住地又无单位位置"),
        ((np.bincount(column, minlength=len(deputies)) > deputies.capacity)[column], "超过代表可承担的项目数"),
        ((np.bincount(row, minlength=len(projects)) > projects.demand)[row], "超过项目所需的代表数"),
        (
            (np.bincount(row[outside], minlength=len(projects)) > experts_left)[row] & outside,
            "占用了须由专业代表担任的名额",
        ),
    ):
        if wrong.any():
            raise ImpossibleLock(message, locked[wrong])


def objective(price: NDArray[np.int64], pairs: NDArray[np.int64], balance: int, deputies: int) -> int:
    """Metres of the pairs after the bonus, and of the balance their load costs."""
    load = np.bincount(pairs[:, 1], minlength=deputies)
    return int(price.sum()) + balance * int((load * (load - 1) // 2).sum())
