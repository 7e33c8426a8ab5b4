"""Which deputies supervise which projects: the nearest and most convenient ones under the rules, with a proof that none are better.

A capacitated b-matching, solved exactly in whole metres: first as few places empty as possible, then (with `Rules.fair`) the worst pair
as small as possible, then the least total. All n x m pairs are measured and offered to the solver, so the certificate covers every pair by
construction; time and memory grow with n x m (about 200 bytes a pair), which suits a county and ends near 10^7 pairs.

    problem.py    what is asked, checked      costs.py     what each pair costs, who is allowed
    flow.py       the flow, prices, bound     fairness.py  the least worst pair     shortage.py  why a place is empty
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from apps.matching.costs import PairTable, price_pairs
from apps.matching.fairness import least_worst
from apps.matching.flow import Network, cheapest, empty_price, lower_bound, smallest_prices
from apps.matching.problem import Deputies, Projects, Rules, checked_pairs
from apps.matching.shortage import Reason, reasons

__all__ = ["Deputies", "ImpossibleLock", "Projects", "Reason", "Rules", "Solution", "solve"]

_DEFAULT_RULES = Rules()


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
    rounds, arcs, seconds: flows solved, pairs offered to the last of them, time taken.
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


def solve(projects: Projects, deputies: Deputies, rules: Rules = _DEFAULT_RULES) -> Solution:
    """The best assignment of deputies to projects under the rules, with its certificate.

    Same rows in, same rows out; `total` and the prices do not depend on the order of rows. ImpossibleLock (a ValueError) names locked
    pairs that cannot stand; ValueError for rows that are not there, fields that do not fit, or costs too large to be summed exactly.
    """
    started = time.perf_counter()
    table = price_pairs(projects, deputies, rules)
    locked = checked_pairs("locked", rules.locked, projects, deputies)
    _check_locks(projects, deputies, table, locked)
    network = _network(projects, deputies, table, locked, rules.balance)
    worst, worst_proof = None, np.empty(0, np.int64)
    if rules.fair:
        worst, worst_proof = _worst(network, table, locked)
        if worst is not None:
            network = replace(network, open=network.open & (table.cost <= worst))
    empty = empty_price(network)
    free = cheapest(network, empty)
    project_price, deputy_price = smallest_prices(network, free, empty)
    pairs = np.unique(np.concatenate((locked, free)), axis=0)
    unmet = projects.demand - np.bincount(pairs[:, 0], minlength=len(projects)).astype(np.int32)
    settled = _objective(table, locked, rules.balance, len(deputies))
    return Solution(
        pairs=pairs,
        cost=table.cost[pairs[:, 0], pairs[:, 1]],
        parts={name: part[pairs[:, 0], pairs[:, 1]] for name, part in table.parts.items()},
        unmet=unmet,
        reasons=reasons(projects, deputies, table, pairs, unmet),
        total=_objective(table, pairs, rules.balance, len(deputies)),
        lower_bound=settled + lower_bound(network, deputy_price, empty) - empty * int(unmet.sum()),
        empty_price=empty,
        project_price=project_price,
        deputy_price=deputy_price,
        worst=worst,
        worst_proof=worst_proof,
        rounds=1,
        arcs=int(np.count_nonzero(network.open)),
        seconds=time.perf_counter() - started,
    )


def _check_locks(projects: Projects, deputies: Deputies, table: PairTable, locked: NDArray[np.int64]) -> None:
    """ImpossibleLock for locked pairs that break what a lock cannot override."""
    row, column = locked.T
    outside = ~table.has_field[row, column]
    experts_left = projects.demand - projects.experts
    for wrong, message in (
        (table.recused[row, column], "代表与项目有回避关系"),
        (~table.measured[row, column], "项目没有位置，或代表既无居住地又无单位位置"),
        ((np.bincount(column, minlength=len(deputies)) > deputies.capacity)[column], "超过代表可承担的项目数"),
        ((np.bincount(row, minlength=len(projects)) > projects.demand)[row], "超过项目所需的代表数"),
        (
            (np.bincount(row[outside], minlength=len(projects)) > experts_left)[row] & outside,
            "占用了须由专业代表担任的名额",
        ),
    ):
        if wrong.any():
            raise ImpossibleLock(message, locked[wrong])


def _network(
    projects: Projects, deputies: Deputies, table: PairTable, locked: NDArray[np.int64], balance: int
) -> Network:
    row, column = locked.T
    outside = ~table.has_field[row, column]
    wanted = projects.demand - np.bincount(row, minlength=len(projects))
    gate = projects.demand - projects.experts - np.bincount(row[outside], minlength=len(projects))
    available = table.allowed & (wanted > 0)[:, None]
    available[row, column] = False
    load = np.bincount(column, minlength=len(deputies))
    capacity = deputies.capacity.astype(np.int64)
    return Network(table.price, available, table.has_field, wanted, np.minimum(gate, wanted), load, capacity, balance)


def _worst(network: Network, table: PairTable, locked: NDArray[np.int64]) -> tuple[int | None, NDArray[np.int64]]:
    """The least worst cost, locked pairs included, and the projects that prove it."""
    settled = table.cost[locked[:, 0], locked[:, 1]]
    found = least_worst(network, table.cost)
    if len(settled) and (found is None or settled.max() >= found[0]):
        return int(settled.max()), np.unique(locked[settled == settled.max(), 0])
    return found if found is not None else (None, np.empty(0, np.int64))


def _objective(table: PairTable, pairs: NDArray[np.int64], balance: int, deputies: int) -> int:
    """Metres of the pairs after the bonus, and of the balance their load costs."""
    load = np.bincount(pairs[:, 1], minlength=deputies)
    return int(table.price[pairs[:, 0], pairs[:, 1]].sum()) + balance * int((load * (load - 1) // 2).sum())
