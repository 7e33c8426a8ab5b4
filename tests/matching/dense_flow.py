"""The assignment as a flow of whole places: solved by OR-Tools, priced and bounded by ourselves.

    project ──► deputy with the field ──► seats of the deputy: 0, balance, 2·balance, ...
       │                    ▲
       ├──► gate ──► deputy without the field        at most demand − experts places pass a gate
       └──► empty, at `empty_price`

OR-Tools answers the flow but not the prices (its Python has no duals), so the smallest prices that explain the flow are
recovered from it, and the bound is computed from them alone: it would show if the flow were not the best.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import max_flow, min_cost_flow

_SOLVER_LIMIT = 2**61  # empty_price x nodes, which the cost-scaling solver multiplies


@dataclass(frozen=True, eq=False)
class Network:
    """What is left to decide once the locked pairs are set aside.

    price: int64[n, m], metres after the bonus. open: bool[n, m], pairs that may be chosen.
    has_field: bool[n, m]. wanted: int64[n] places. gate: int64[n], places of these open to deputies without the field, <= wanted.
    load, capacity: int64[m], places held already and held at most. balance: metres.
    """

    price: NDArray[np.int64]
    open: NDArray[np.bool_]
    has_field: NDArray[np.bool_]
    wanted: NDArray[np.int64]
    gate: NDArray[np.int64]
    load: NDArray[np.int64]
    capacity: NDArray[np.int64]
    balance: int

    @property
    def most(self) -> NDArray[np.int64]:
        """int64[m], the most places a deputy can come to hold: a pair counts once."""
        return np.minimum(self.capacity, self.load + np.count_nonzero(self.open, axis=0))


def empty_price(network: Network) -> int:
    """More than the dearest filling can cost above the cheapest. ValueError when the numbers pass what the solver can hold."""
    prices = np.where(network.open, network.price, 0)
    spread = prices.max(axis=1, initial=0) - prices.min(axis=1, initial=0)
    dearest_seat = network.balance * max(int(network.most.max(initial=1)) - 1, 0)
    price = 1 + sum(int(r) * (int(s) + dearest_seat) for r, s in zip(network.wanted, spread, strict=True))
    nodes = 2 * len(network.wanted) + len(network.load) + 2
    if price * nodes > _SOLVER_LIMIT:
        raise ValueError("费用或数量过大，无法精确求解：请检查各项费用的单位是否为米")
    return price


def cheapest(network: Network, empty: int) -> NDArray[np.int64]:
    """The chosen pairs, sorted int64[s, 2], when an empty place costs `empty`."""
    rows, columns, tails, heads, limits = _pair_arcs(network)
    n, m = network.open.shape
    sink = 2 * n + m
    gated, projects = np.flatnonzero(network.gate < network.wanted), np.flatnonzero(network.wanted)
    seats, seat_limits, seat_prices = _seats(network)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tails, heads, limits, network.price[rows, columns])
    for tail, head, limit, price in (
        (gated, n + m + gated, network.gate[gated], np.zeros(len(gated), np.int64)),
        (n + seats, np.full(len(seats), sink), seat_limits, seat_prices),
        (projects, np.full(len(projects), sink), network.wanted[projects], np.full(len(projects), empty)),
    ):
        solver.add_arcs_with_capacity_and_unit_cost(tail, head, limit, price)
    solver.set_nodes_supplies(np.append(projects, sink), np.append(network.wanted[projects], -network.wanted.sum()))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise RuntimeError(f"min-cost flow ended with {status}")
    taken = solver.flows(arcs) > 0 if len(arcs) else np.zeros(0, bool)
    return np.column_stack((rows[taken], columns[taken])).astype(np.int64)


def most_filled(network: Network) -> tuple[int, NDArray[np.int64]]:
    """How many places can be filled at all, and the rows of projects that cannot all be served (the smallest minimum cut)."""
    _, _, tails, heads, limits = _pair_arcs(network)
    n, m = network.open.shape
    source, sink = 2 * n + m, 2 * n + m + 1
    gated, projects = np.flatnonzero(network.gate < network.wanted), np.flatnonzero(network.wanted)
    room = network.most - network.load
    solver = max_flow.SimpleMaxFlow()
    for tail, head, limit in (
        (tails, heads, limits),
        (np.full(len(projects), source), projects, network.wanted[projects]),
        (gated, n + m + gated, network.gate[gated]),
        (np.arange(n, n + m), np.full(m, sink), room),
    ):
        solver.add_arcs_with_capacity(tail, head, limit)
    if solver.num_arcs() == 0:
        return 0, projects
    status = solver.solve(source, sink)
    if status != solver.OPTIMAL:
        raise RuntimeError(f"maximum flow ended with {status}")
    side = np.array(solver.get_source_side_min_cut(), dtype=np.int64)
    return solver.optimal_flow(), np.sort(side[side < n])


def smallest_prices(
    network: Network, pairs: NDArray[np.int64], empty: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The smallest prices of projects and deputies under which every project is content with its `pairs`.

    A deputy's price starts at what the last place held costs in balance. A project's price is the dearest of its places, price of the
    deputy included (`empty` when one is empty, 0 when it wants none). Whoever is open to a project and not chosen must not be cheaper than
    that, so prices rise until none is. They end rising exactly when the pairs are the cheapest: else RuntimeError.
    """
    n, m = network.open.shape
    taken = np.zeros((n, m), bool)
    taken[pairs[:, 0], pairs[:, 1]] = True
    used = np.count_nonzero(taken, axis=0)
    short = np.count_nonzero(taken, axis=1) < network.wanted
    passed = np.count_nonzero(taken & ~network.has_field, axis=1)
    closed = (network.gate < network.wanted) & (passed == network.gate)
    left_out = network.open & ~taken
    outside = ~network.has_field[pairs[:, 0], pairs[:, 1]]
    nothing = np.iinfo(np.int64).min // 4
    deputy = np.where(used > 0, (network.load + used - 1) * network.balance, 0)
    project, gate = np.full(n, nothing), np.full(n, nothing)
    for _ in range(2 * (n + m) + 2):
        seats = network.price[pairs[:, 0], pairs[:, 1]] + deputy[pairs[:, 1]]
        new_project = np.where(short, empty, nothing)
        np.maximum.at(new_project, pairs[:, 0], seats)
        behind_gate = np.full(n, nothing)
        np.maximum.at(behind_gate, pairs[outside, 0], seats[outside])
        new_gate = np.where(closed, behind_gate, new_project)
        risen = np.flatnonzero((new_project > project) | (new_gate > gate))
        project, gate = new_project, new_gate
        if len(risen) == 0:
            return np.where(network.wanted > 0, project, 0), deputy
        offers = np.where(network.has_field[risen], project[risen, None], gate[risen, None]) - network.price[risen]
        deputy = np.maximum(deputy, np.where(left_out[risen], offers, 0).max(axis=0, initial=0))
    raise RuntimeError("the prices of this assignment do not settle: it is not the cheapest")


def lower_bound(network: Network, deputy_price: NDArray[np.int64], empty: int) -> int:
    """No filling of the network costs less than this, empty places counted at `empty`; true for any prices >= 0."""
    bound = 0
    for i in np.flatnonzero(network.wanted):
        offers = network.price[i] + deputy_price
        gated = np.sort(offers[network.open[i] & ~network.has_field[i]])[: network.gate[i]]
        offered = np.sort(np.concatenate((offers[network.open[i] & network.has_field[i]], gated)))[: network.wanted[i]]
        filled = np.minimum(offered, empty)
        bound += int(filled.sum()) + empty * (int(network.wanted[i]) - len(filled))
    return bound - sum(_worth(network, deputy_price))


def _worth(network: Network, deputy_price: NDArray[np.int64]) -> list[int]:
    """What each deputy's free places are worth at these prices: the sum of max(0, price − k·balance) for load <= k < capacity."""
    worth = []
    for price, load, capacity in zip(
        deputy_price.tolist(), network.load.tolist(), network.capacity.tolist(), strict=True
    ):
        end = min(capacity, -(-price // network.balance)) if network.balance else capacity
        count = max(end - load, 0)
        worth.append(count * price - network.balance * (count * (load + load + count - 1) // 2))
    return worth


def _pair_arcs(network: Network) -> tuple[NDArray[np.int64], ...]:
    """Rows and columns of the open pairs; tails, heads and limits of their arcs. Nodes: projects, deputies, gates, then the ends."""
    n, m = network.open.shape
    rows, columns = np.nonzero(network.open)
    through_gate = (network.gate < network.wanted)[rows] & ~network.has_field[rows, columns]
    return rows, columns, np.where(through_gate, n + m + rows, rows), n + columns, np.ones(len(rows), np.int64)


def _seats(network: Network) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Deputy, limit and price of each arc of free places: one arc each without balance, one for every place with it."""
    room = np.maximum(network.most - network.load, 0)
    if network.balance == 0:
        deputies = np.flatnonzero(room)
        return deputies, room[deputies], np.zeros(len(deputies), np.int64)
    deputies = np.repeat(np.arange(len(room)), room)
    nth = np.arange(len(deputies)) - np.repeat(np.cumsum(room) - room, room)
    return deputies, np.ones(len(deputies), np.int64), (network.load[deputies] + nth) * network.balance
