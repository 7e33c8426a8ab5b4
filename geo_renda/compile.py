"""Compiles the engine before anybody waits for it: one small problem goes through every compiled door, and the machine code is kept.

    python -m geo_renda.compile        a line of progress for each door; again: only loads what is kept

No Django, no database. Code is kept by the kinds of arrays it is given, so the doors are opened as the product opens them.
"""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import shapely

from apps.insights.density import density
from apps.insights.hotspots import gi_star
from apps.matching.assignment import Deputies, Projects, Rules, solve
from apps.matching.nearest import NearestIndex
from apps.matching.ranking import DistrictRanking
from apps.matching.warm import WarmAssignment
from apps.territory.locate import PolygonLocator

WEST, SOUTH, EAST, NORTH = 120.0, 27.0, 120.2, 27.2
MANY = 100_001  # places; more than one thread's share
PROJECTS, DEPUTIES, FIELDS = 60, 40, 3
CROWD, SEATS = 1_500, 300  # so many more places than seats that all are filled at once


def places(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes, degrees."""
    draw = np.random.default_rng(seed)
    return draw.uniform(WEST, EAST, count), draw.uniform(SOUTH, NORTH, count)


def districts() -> list[shapely.Geometry]:
    """Round ones, so that cells of the grid hold many edges, and one that lies over others."""
    lon, lat = places(40, seed=1)
    return [*shapely.buffer(shapely.points(lon, lat), 0.02, quad_segs=64), shapely.box(WEST, SOUTH, EAST, NORTH)]


def locating() -> None:
    locator = PolygonLocator(districts())
    for count in (1, MANY):
        lon, lat = places(count, seed=2)
        locator.locate(lon, lat)
        locator.margin(lon[:10_000], lat[:10_000])
        locator.across(lon[:5_000], lat[:5_000], within=100.0)


def nearest() -> None:
    index = NearestIndex(*places(500, seed=3))
    for count in (1, MANY):
        index.query(*places(count, seed=4), k=3, within=5_000.0)
    index.query([WEST], [-SOUTH], k=2)  # so far that PROJ decides


def ranking() -> None:
    lon, lat = (part.reshape(-1, 2) for part in places(2 * DEPUTIES, seed=5))
    rank = DistrictRanking((np.arange(1, 11) * DEPUTIES // 10, np.arange(DEPUTIES)), lon, lat).rank
    for count in (1, MANY):
        rank(np.arange(count) % 10, *places(count, seed=6), k=3)


def problem(capacity: int) -> tuple[Projects, Deputies, Rules]:
    """Experts, recusals, towns, fields, balance, a limit and last year's pairs: everything an assignment can be asked."""
    draw = np.random.default_rng(7)
    lon, lat = places(PROJECTS, seed=8)
    whole = np.ones(PROJECTS, np.int64)
    projects = Projects(
        lon, lat, draw.integers(0, FIELDS, PROJECTS), 2 * whole, whole, draw.integers(0, 5, PROJECTS), draw.integers(-1, 5, (PROJECTS, 2))
    )
    deputies = Deputies(
        *places(DEPUTIES, seed=9), *places(DEPUTIES, seed=10), draw.random((DEPUTIES, FIELDS)) < 0.5,
        np.full(DEPUTIES, capacity), draw.integers(-1, 5, DEPUTIES), draw.integers(0, 5, (DEPUTIES, 2)),
    )  # fmt: skip
    rules = Rules(field_cost=2_000 * (1 - np.eye(FIELDS)), town_cost=500, max_distance=12_000.0, balance=300)
    return projects, deputies, rules


def assigning() -> None:
    for capacity in (2, 6):  # with too few seats and with enough
        projects, deputies, rules = problem(capacity)
        previous = solve(projects, deputies, rules).pairs
        again = replace(rules, previous=previous, keep_bonus=500, forbidden=previous[::7], locked=previous[1::11])
        solve(projects, deputies, again)
        solve(projects, deputies, replace(again, fair=True))
        solve(projects, deputies, replace(rules, balance=0, anchor="nearest"))
    nobody = np.full(SEATS, -1)
    solve(
        Projects(*places(CROWD, seed=8), *np.repeat([[-1], [1], [0], [-1]], CROWD, axis=1), np.full((CROWD, 1), -1)),
        Deputies(
            *places(SEATS, seed=9), *places(SEATS, seed=10), np.zeros((SEATS, 1)), np.full(SEATS, 2), nobody, np.column_stack((nobody, nobody))
        ),
    )


def changing() -> None:
    for capacity in (2, 6):
        projects, deputies, rules = problem(capacity)
        warm = WarmAssignment(projects, deputies, rules)
        for project, deputy in warm.solution.pairs[:: PROJECTS // 4].tolist():
            warm.lock(project, deputy)
            warm.unlock(project, deputy)
            warm.add(project)
            warm.change(deputy, 0)
            warm.change(deputy, capacity + 2)
            warm.remove(project)


def heat() -> None:
    x, y = (10_000.0 * (part - part.min()) for part in places(1_000, seed=11))
    extent = 0.0, 0.0, 2_000.0, 2_000.0
    for bandwidth in (2.0, 400.0):  # narrow against a cell, and wide
        density(x, y, None, extent, (100, 100), bandwidth)
    gi_star(np.random.default_rng(12).poisson(2.0, (50, 50)), radius=3.0, permutations=9, seed=1)


DOORS: dict[str, Callable[[], None]] = {
    "地点落在哪个片区": locating,
    "最近的地点": nearest,
    "选区内代表的远近": ranking,
    "监督分工": assigning,
    "分工的逐项调整": changing,
    "热力与热点": heat,
}


def main() -> None:
    for number, (name, door) in enumerate(DOORS.items(), 1):
        print(f"{name}（{number}/{len(DOORS)}）", flush=True)
        began = time.perf_counter()
        door()
        print(f"{name} {time.perf_counter() - began:.1f} 秒", flush=True)


if __name__ == "__main__":
    main()
