"""What a flow and its prices must always obey, looked for over all pairs there are: the bookkeeping of `Filling` taken at its word."""

import numpy as np

from apps.matching import network
from apps.matching.costs import price_pairs


def faults(filling, asked, people, rules, locked):
    """What is wrong, in words; nothing where the flow is one of least cost. asked, people, locked: the problem as it is now."""
    net, found = filling.net, []
    bidders, project_at, deputy_at = len(net.bidder), filling.project_at, filling.deputy_at
    table = price_pairs(asked, people, rules)
    inside = np.ix_(project_at, deputy_at)
    price, allowed, knows = table.price[inside], table.allowed[inside], table.has_field[inside]
    allowed[filling.project_row[locked[:, 0]], filling.deputy_row[locked[:, 1]]] = False
    held = _held(filling)
    y, v = net.price[:bidders], net.price[bidders:]
    opened = y > -network.INFINITE // 8
    for k, (i, whom) in enumerate(net.bidder):
        may = (
            allowed[i]
            & {network.ANYONE: np.ones_like(knows[i]), network.EXPERTS: knows[i], network.OTHERS: ~knows[i]}[int(whom)]
        )
        slack = price[i] + v - y[k]
        if (held[k] & ~may).any():
            found.append(f"bidder {k} holds a pair that is not allowed")
        if not opened[k] and held[k].any():
            found.append(f"bidder {k} holds pairs and was never asked")
        if opened[k] and (slack[may & ~held[k]] < 0).any():
            found.append(f"bidder {k} has overlooked a pair cheaper than its price")
        if opened[k] and (slack[held[k]] > 0).any():
            found.append(f"bidder {k} holds a pair dearer than its price")
    return (
        found
        + _seat_faults(net, held, v, np.bincount(filling.deputy_row[locked[:, 1]], minlength=len(v)))
        + _place_faults(filling, held, y, opened)
    )


def _held(filling):
    """bool[b, m], chosen pairs."""
    bidder, place = filling._listed()
    chosen = (filling.net.pool[place, 1] & network.CHOSEN) > 0
    held = np.zeros((len(filling.net.bidder), len(filling.net.seats)), bool)
    held[bidder[chosen], filling.net.pool[place[chosen], 1] // 8] = True
    return held


def _seat_faults(net, held, v, locked):
    load, free, capacity = net.seats.T
    balance = net.counts[network.BALANCE]
    rows = {
        "a load that is not what is held": held.sum(axis=0) != free,
        "a load without the locked places": load - free != locked,
        "more than the capacity": load > capacity,
        "a free seat cheaper than the price": (load < capacity) & (v > load * balance),
        "a seat dearer than the price": (free > 0) & (v < (load - 1) * balance),
    }
    links = [0] * len(v)
    for j in range(len(v)):
        link = net.head[j]
        while link >= 0:
            links[j] += bool(held[net.links[link, network.HOLDER], j])
            link = net.links[link, network.FOLLOWING]
    rows["links that are not what is held"] = np.array(links) != free
    return [f"{what}: deputies {np.flatnonzero(wrong).tolist()}" for what, wrong in rows.items() if wrong.any()]


def _place_faults(filling, held, y, opened):
    net, found = filling.net, []
    empty_price = net.counts[network.EMPTY_PRICE]
    for i, (gate, room, used, unmet) in enumerate(net.places.tolist()):
        if held[i].sum() + used + unmet != filling.wanted[filling.project_at[i]]:
            found.append(f"places of project {i} do not sum up")
        if gate >= 0 and (held[gate].sum() != used or used > room):
            found.append(f"gate of project {i} is not what passes it")
        if gate >= 0 and opened[i] and ((used < room and y[gate] < y[i]) or (used > 0 and y[i] < y[gate])):
            found.append(f"gate of project {i} against the prices")
        if y[i] > empty_price or (unmet > 0 and y[i] != empty_price):
            found.append(f"empty places of project {i} against the prices")
    return found
