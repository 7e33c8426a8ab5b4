"""How time grows with size, over three decades: a figure for the README, with the power that fits the larger half."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from apps.matching.assignment import solve
from apps.matching.nearest import NearestIndex
from apps.territory.locate import PolygonLocator
from tests.bench import assignment, nearest, peers, supervision
from tests.bench.districts import EXTENT, districts, places

FIGURE = Path(__file__).with_name("growth.svg")
POINTS = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
PROJECTS = [30, 100, 300, 1_000, 3_000, 10_000, 30_000]
LONGEST = 60.0  # seconds; no larger size is tried after one that took so long

Line = tuple[str, list[int], list[float]]


def draw(quick: bool, say: Callable[[str], None]) -> None:
    """Measure and write the figure; a quick run measures small sizes and writes nothing."""
    panels = []
    points, projects = (POINTS[:3], PROJECTS[:3]) if quick else (POINTS, PROJECTS)
    for title, axis, lines in (
        ("Locate: n points, 500 districts", "points", _locating(points)),
        ("Nearest: 5 of n/10 sites, n points", "points", _finding(points)),
        ("Assign: n projects, 2n deputies", "projects", _assigning(projects)),
    ):
        measured = list(lines)
        panels.append((title, axis, measured))
        for name, sizes, seconds in measured:
            say(f"  {title}: {name}: n^{_power(sizes, seconds):.2f}, {seconds[-1]:.3g} s at {sizes[-1]:,}")
    if not quick:
        _write(panels)
        say(f"  {FIGURE.relative_to(FIGURE.parent.parent.parent)}")


def _locating(sizes: list[int]) -> Iterator[Line]:
    import geopandas

    polygons = districts(500, 225, seed=1)
    locator = PolygonLocator(polygons)
    frame = geopandas.GeoDataFrame(geometry=polygons)

    def ours(n: int) -> Callable[[], Any]:
        lon, lat = places(n, polygons, seed=n)
        return lambda: locator.locate(lon, lat)

    def peer(n: int) -> Callable[[], Any]:
        points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(*places(n, polygons, seed=n)))
        return lambda: geopandas.sjoin(points, frame, predicate="within")

    yield _timed("PolygonLocator", sizes, ours)
    yield _timed("geopandas.sjoin", sizes[:-1], peer)


def _finding(sizes: list[int]) -> Iterator[Line]:
    def asked(n: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        data = nearest.scattered(n // 10, n, EXTENT)
        return (data["site_lon"], data["site_lat"]), (data["place_lon"], data["place_lat"])

    def ours(n: int) -> Callable[[], Any]:
        site, place = asked(n)
        return lambda: NearestIndex(*site).query(*place, nearest.K)

    def peer(n: int) -> Callable[[], Any]:
        site, place = asked(n)
        return lambda: cKDTree(peers.earth_centred(*site)).query(peers.earth_centred(*place), nearest.K)

    yield _timed("NearestIndex", sizes, ours)
    yield _timed("cKDTree, 1 thread", sizes, peer)


def _assigning(sizes: list[int]) -> Iterator[Line]:
    def ours(n: int) -> Callable[[], Any]:
        asked = supervision.instance(n, 2 * n, seed=3)
        return lambda: solve(*asked)

    def peer(n: int) -> Callable[[], Any]:
        projects, deputies, rules = supervision.instance(n, 2 * n, seed=3)
        graph = assignment.nearest_graph(projects, deputies, rules)
        return lambda: assignment.flow(projects, deputies, *graph)

    yield _timed("solve, proven over all pairs", sizes, ours)
    yield _timed("OR-Tools, 64 nearest, no proof", sizes, peer)


def _timed(name: str, sizes: list[int], prepare: Callable[[int], Callable[[], Any]]) -> Line:
    """Best of up to nine for each size, as many as three seconds allow; the smallest is worked once before."""
    prepare(sizes[0])()
    done, took = [], []
    for n in sizes:
        work, best, began = prepare(n), np.inf, time.perf_counter()
        for _ in range(9):
            start = time.perf_counter()
            work()
            best = min(best, time.perf_counter() - start)
            if time.perf_counter() - began > 3.0:
                break
        done.append(n)
        took.append(best)
        if best > LONGEST:
            break
    return name, done, took


def _power(sizes: list[int], seconds: list[float]) -> float:
    half = slice(min(len(sizes) // 2, len(sizes) - 2), None)
    return float(np.polyfit(np.log(sizes[half]), np.log(seconds[half]), 1)[0])


def _write(panels: list[tuple[str, str, list[Line]]]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    # Nothing in the file but the figure: no date, no versions, names that do not change from run to run.
    with pyplot.rc_context(
        {"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}
    ):
        figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
        for axis, (title, unit, lines) in zip(axes, panels, strict=True):
            for (name, sizes, seconds), color in zip(lines, ("#c8102e", "#6b7280"), strict=True):
                axis.loglog(
                    sizes, seconds, "o-", ms=4, lw=1.6, color=color, label=f"{name}  ∝ n^{_power(sizes, seconds):.2f}"
                )
            axis.set(title=title, xlabel=unit, ylabel="seconds")
            axis.set_ylim(top=10.0 * max(max(seconds) for _, _, seconds in lines))  # room for the names
            axis.grid(True, which="major", color="#e5e7eb")
            axis.set_axisbelow(True)
            axis.spines[["top", "right"]].set_visible(False)
            axis.legend(frameon=False, loc="upper left")
        figure.savefig(FIGURE, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
