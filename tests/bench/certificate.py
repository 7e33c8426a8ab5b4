"""Whether an assignment keeps the rules and its prices prove it: one pass over all pairs, sharing nothing with the engine.

The bound of any prices v >= 0, with r_i places wanted and E the price of an empty one:  sum_i T_i(v) - sum_j capacity_j * v_j, where T_i
sums the r_i least of c_ij + v_j and E over all allowed pairs. It is no more than total + E * empty, of any assignment; where this one's equals
it, none is better. (For problems without balance, locks, experts, previous or forbidden pairs, town cost, largest distance; all anchors known.)

All pairs are looked at, in blocks: the straight line between two places is never longer than the geodesic, so a pair whose straight
lines already make it dearer than the project's price cannot count; the few others are measured on the ellipsoid.
"""

from typing import Protocol

import numpy as np
from pyproj import Geod

from apps.matching.assignment import Deputies, Projects, Rules
from gis_data.compiled import compiled, in_threads
from tests.bench.peers import earth_centred

GEOD = Geod(ellps="WGS84")
BLOCK = 2048  # deputies looked at together
ROOM = 64  # pairs that a project may keep at first; more where they do not fit


class Proven(Protocol):
    """What is looked at of a solution."""

    pairs: np.ndarray
    cost: np.ndarray
    unmet: np.ndarray
    total: int
    lower_bound: int
    empty_price: int
    project_price: np.ndarray
    deputy_price: np.ndarray


def faults(projects: Projects, deputies: Deputies, rules: Rules, solution: Proven) -> list[str]:
    """What is wrong with a solution, in words; nothing where it is right and proven."""
    row, column = solution.pairs.T
    found = []
    if len(np.unique(solution.pairs, axis=0)) != len(solution.pairs):
        found.append("a pair twice")
    if (np.bincount(row, minlength=len(projects)) + solution.unmet != projects.demand).any():
        found.append("places and empty places are not the demand")
    if (np.bincount(column, minlength=len(deputies)) > deputies.capacity).any():
        found.append("more than a deputy's capacity")
    if recused(projects, deputies, row, column).any():
        found.append("a recused pair")
    price = costs(projects, deputies, rules, row, column)
    if (price != solution.cost).any() or price.sum() != solution.total:
        found.append("costs are not those of the pairs")
    empty = int(solution.unmet.sum())
    proven = bound(projects, deputies, rules, solution)
    if proven != solution.total + solution.empty_price * empty:
        found.append(f"prices prove {proven:,}, not {solution.total + solution.empty_price * empty:,}")
    if solution.lower_bound != solution.total:
        found.append(f"lower_bound {solution.lower_bound:,} is not total {solution.total:,}")
    return found


def bound(projects: Projects, deputies: Deputies, rules: Rules, solution: Proven) -> int:
    prices, empty = solution.deputy_price, solution.empty_price
    row, column = candidates(projects, deputies, rules, solution)
    row, column = (side[~recused(projects, deputies, row, column)] for side in (row, column))
    offers = np.minimum(costs(projects, deputies, rules, row, column) + prices[column], empty)
    order = np.lexsort((offers, row))
    row, offers = row[order], offers[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    taken = rank < projects.demand[row]
    filled = np.bincount(row[taken], minlength=len(projects))
    least = int(offers[taken].sum()) + empty * int((projects.demand - filled).sum())
    return least - int((deputies.capacity * prices).sum())


def candidates(projects: Projects, deputies: Deputies, rules: Rules, solution: Proven) -> tuple[np.ndarray, np.ndarray]:
    """Every pair that may cost no more than the project's dearest place, and some more."""
    site = earth_centred(projects.lon, projects.lat)
    home = np.ascontiguousarray(earth_centred(deputies.residence_lon, deputies.residence_lat).T)
    work = np.ascontiguousarray(earth_centred(deputies.workplace_lon, deputies.workplace_lat).T)
    offer = field_costs(deputies, rules) + solution.deputy_price
    weights = np.array([rules.residence_weight, rules.workplace_weight])
    # Where a place is empty nothing dearer than it can count; else nothing dearer than the dearest of the places.
    limit = np.where(projects.demand > 0, solution.project_price, -1).astype(np.float64) + 1.0
    room = ROOM
    while True:
        kept, count = np.zeros((len(projects), room), np.int32), np.zeros(len(projects), np.int64)

        def some(start: int, stop: int, kept: np.ndarray = kept, count: np.ndarray = count) -> None:
            part = slice(start, stop)
            _near(site[part], projects.field[part], limit[part], home, work, offer, weights, kept[part], count[part])

        in_threads(some, len(projects), 100)
        if count.max(initial=0) <= room:
            break
        room = int(count.max())
    rows = np.repeat(np.arange(len(projects)), count)
    return rows, kept[np.arange(room) < count[:, None]].astype(np.int64)


def costs(projects: Projects, deputies: Deputies, rules: Rules, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Whole metres of pairs, int64."""
    from_home = GEOD.inv(
        projects.lon[row], projects.lat[row], deputies.residence_lon[column], deputies.residence_lat[column]
    )[2]
    from_work = GEOD.inv(
        projects.lon[row], projects.lat[row], deputies.workplace_lon[column], deputies.workplace_lat[column]
    )[2]
    field = field_costs(deputies, rules)[projects.field[row], column]
    return np.rint(rules.residence_weight * from_home + rules.workplace_weight * from_work + field).astype(np.int64)


def field_costs(deputies: Deputies, rules: Rules) -> np.ndarray:
    """Metres for each field of a project and each deputy, float64 (fields, m)."""
    return np.array([np.where(deputies.fields, row, row.max()).min(axis=1) for row in rules.field_cost])


def recused(projects: Projects, deputies: Deputies, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    body = deputies.organisation[column]
    return ((projects.organisations[row] == body[:, None]) & (body >= 0)[:, None]).any(axis=1)


@compiled
def _near(site, fields, limit, home, work, offer, weights, kept, count):
    """Keep the deputies of each project whose straight lines, field and price come to no more than its limit, while there is room.

    home, work: float64 (3, m); offer: float64 (fields, m), what field and price come to.
    """
    over = np.empty(BLOCK)
    hx, hy, hz = home
    square = weights[0] * weights[0]
    for first in range(0, home.shape[1], BLOCK):
        size = min(BLOCK, home.shape[1] - first)
        for i in range(len(site)):
            px, py, pz, most, known = site[i, 0], site[i, 1], site[i, 2], limit[i], offer[fields[i]]
            for k in range(size):
                j = first + k
                left = max(most - known[j], 0.0)
                x, y, z = hx[j] - px, hy[j] - py, hz[j] - pz
                over[k] = square * (x * x + y * y + z * z) - left * left
            for k in range(size):
                if over[k] > 0.0:
                    continue
                j = first + k
                x, y, z = hx[j] - px, hy[j] - py, hz[j] - pz
                u, v, w = work[0, j] - px, work[1, j] - py, work[2, j] - pz
                from_home, from_work = np.sqrt(x * x + y * y + z * z), np.sqrt(u * u + v * v + w * w)
                if known[j] + weights[0] * from_home + weights[1] * from_work <= most:
                    if count[i] < kept.shape[1]:
                        kept[i, count[i]] = j
                    count[i] += 1
