"""All places filled at once by cost scaling (Goldberg, An efficient implementation of a scaling minimum-cost flow algorithm, 1997), by OR-Tools."""

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from apps.matching import network
from apps.matching.network import Net

Ints = NDArray[np.int64]

_SOLVER_LIMIT = 2**61  # a cost times the number of nodes, by which the solver multiplies it


def cheapest(net: Net, bidder: Ints, deputy: Ints, cost: Ints, wanted: Ints) -> Ints | None:
    """Which of the pairs (bidder, deputy, cost) the cheapest flow takes, as indices; None when the numbers pass what the solver can hold.

    wanted: int64[n] places of each project. Nodes: bidders, deputies, the end.
    """
    n, b, m, empty = len(net.places), len(net.bidder), len(net.seats), int(net.counts[network.EMPTY_PRICE])
    usable = np.flatnonzero(cost < empty)
    end = b + m
    if empty * (end + 1) > _SOLVER_LIMIT:
        return None
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(bidder[usable], b + deputy[usable], np.ones(len(usable), np.int64), cost[usable])
    gated = np.flatnonzero(net.places[:, network.GATE] >= 0)
    projects = np.arange(n)
    seats, limits, prices = _seats(net)
    for tail, head, limit, price in (
        (gated, net.places[gated, network.GATE], net.places[gated, network.GATE_ROOM], np.zeros(len(gated), np.int64)),
        (b + seats, np.full(len(seats), end), limits, prices),
        (projects, np.full(n, end), wanted, np.full(n, empty)),
    ):
        solver.add_arcs_with_capacity_and_unit_cost(tail, head, limit, price)
    solver.set_nodes_supplies(np.append(projects, end), np.append(wanted, -wanted.sum()))
    if (status := solver.solve()) != solver.OPTIMAL:
        raise RuntimeError(f"min-cost flow ended with {status}")
    return usable[solver.flows(arcs) > 0]


def _seats(net: Net) -> tuple[Ints, Ints, Ints]:
    """Deputy, limit and price of each arc of free seats: one arc each without balance, one for every seat with it."""
    load, free, capacity = net.seats.T
    locked, balance = load - free, int(net.counts[network.BALANCE])
    room = np.clip(capacity - locked, 0, len(net.places))  # a pair counts once
    if balance == 0:
        deputies = np.flatnonzero(room)
        return deputies, room[deputies], np.zeros(len(deputies), np.int64)
    deputies = np.repeat(np.arange(len(room)), room)
    nth = np.arange(len(deputies)) - np.repeat(np.cumsum(room) - room, room)
    return deputies, np.ones(len(deputies), np.int64), (locked[deputies] + nth) * balance
