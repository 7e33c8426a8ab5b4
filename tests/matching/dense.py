"""The assignment as one flow over all n x m pairs, each measured by the geodesic: what `solve` must equal where that still fits.

It shares with the product the costs of pairs (held against a second writing by `reference`) and nothing of the search.
"""

from dataclasses import dataclass, replace

import numpy as np

from apps.matching.assignment import Deputies, Projects, Rules
from apps.matching.costs import price_pairs
from apps.matching.problem import checked_pairs
from tests.matching.dense_flow import Network, cheapest, empty_price, lower_bound, most_filled, smallest_prices


@dataclass(frozen=True, eq=False)
class Answer:
    """As `Solution` names them."""

    pairs: np.ndarray
    unmet: np.ndarray
    total: int
    lower_bound: int
    empty_price: int
    project_price: np.ndarray
    deputy_price: np.ndarray
    worst: int | None


def solve(projects: Projects, deputies: Deputies, rules: Rules, empty: int | None = None) -> Answer:
    """The best assignment under rules whose locks can stand. empty: the price of an empty place, by default one that is dear enough.

    The smallest prices are the same for all best assignments, and depend on the price of an empty place where one is empty: there they
    can be compared only at the same price.
    """
    table = price_pairs(projects, deputies, rules)
    locked = checked_pairs("locked", rules.locked, projects, deputies)
    network = _network(projects, deputies, table, locked, rules.balance)
    worst = (
        _least_worst(network, table.cost, int(table.cost[locked[:, 0], locked[:, 1]].max(initial=-1)))
        if rules.fair
        else None
    )
    if worst is not None:
        network = replace(network, open=network.open & (table.cost <= worst))
    empty = empty_price(network) if empty is None else empty
    free = cheapest(network, empty)
    project_price, deputy_price = smallest_prices(network, free, empty)
    pairs = np.unique(np.concatenate((locked, free)), axis=0)
    unmet = projects.demand - np.bincount(pairs[:, 0], minlength=len(projects))
    settled = _objective(table.price, locked, rules.balance, len(deputies))
    return Answer(
        pairs=pairs,
        unmet=unmet,
        total=_objective(table.price, pairs, rules.balance, len(deputies)),
        lower_bound=settled + lower_bound(network, deputy_price, empty) - empty * int(unmet.sum()),
        empty_price=empty,
        project_price=project_price,
        deputy_price=deputy_price,
        worst=worst,
    )


def _network(projects, deputies, table, locked, balance):
    row, column = locked.T
    outside = ~table.has_field[row, column]
    wanted = projects.demand - np.bincount(row, minlength=len(projects))
    gate = projects.demand - projects.experts - np.bincount(row[outside], minlength=len(projects))
    available = table.allowed & (wanted > 0)[:, None]
    available[row, column] = False
    load = np.bincount(column, minlength=len(deputies))
    capacity = deputies.capacity.astype(np.int64)
    return Network(table.price, available, table.has_field, wanted, np.minimum(gate, wanted), load, capacity, balance)


def _least_worst(network: Network, cost: np.ndarray, settled: int) -> int | None:
    """The smallest metres such that pairs no dearer fill as many places as all do, by bisection; settled: of the locked pairs, -1: none."""
    full, _ = most_filled(network)
    levels = np.unique(cost[network.open])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        filled, _ = most_filled(replace(network, open=network.open & (cost <= levels[middle])))
        low, high = (low, middle) if filled == full else (middle + 1, high)
    worst = max(settled, int(levels[low]) if full else -1)
    return worst if worst >= 0 else None


def _objective(price, pairs, balance, deputies):
    load = np.bincount(pairs[:, 1], minlength=deputies)
    return int(price[pairs[:, 0], pairs[:, 1]].sum()) + balance * int((load * (load - 1) // 2).sum())
