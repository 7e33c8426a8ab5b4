"""Kernel density of a million events on 512 x 512 cells, bandwidth 1.5 km."""

from collections.abc import Callable

import numpy as np

from apps.insights.density import density
from tests.bench.harness import Answer, Check, Contender, Data, Job, faster

SIDE = 200_000.0  # metres
CELLS = 512
BANDWIDTH = 1500.0
CHECKED = 200


def make(data: Data) -> None:
    """Seven in ten events around forty towns, none within a cell of the border, so that every tool takes them all."""
    random, count = np.random.default_rng(9), data.size(1_000_000, 200_000)
    towns = random.uniform(0.0, SIDE, (40, 2))
    at = towns[random.integers(0, 40, count)] + random.normal(0.0, 4000.0, (count, 2))
    anywhere = random.random(count) < 0.3
    at[anywhere] = random.uniform(0.0, SIDE, (int(anywhere.sum()), 2))
    x, y = np.clip(at, 500.0, SIDE - 500.0).T.copy()
    data.keep(x=x, y=y)


def ours(data: Data) -> Callable[[], Answer]:
    x, y = data["x"], data["y"]

    def work(events: int) -> Answer:
        return {"density": density(x[:events], y[:events], None, (0.0, 0.0, SIDE, SIDE), (CELLS, CELLS), BANDWIDTH)}

    work(200_000)
    return lambda: work(len(x))


def kdepy(data: Data) -> Callable[[], Answer]:
    """On the same nodes, the centres of our cells; in kilometres, since it cuts the kernel where it falls below a fixed number."""
    from KDEpy import FFTKDE

    places, nodes = np.column_stack([data["x"], data["y"]]) / 1000.0, centres() / 1000.0
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)

    def work() -> Answer:
        chance = FFTKDE(kernel="gaussian", bw=BANDWIDTH / 1000.0).fit(places).evaluate(grid)
        return {"density": chance.reshape(CELLS, CELLS).T * len(places)}

    return work


def centres() -> np.ndarray:
    return (np.arange(CELLS) + 0.5) * (SIDE / CELLS)


def check(data: Data) -> list[Check]:
    """Against the sum over all events, at the peak and at cells drawn by how dense they are."""
    found = data.answer("ours")
    if found is None:
        return []
    x, y, grid, random = data["x"], data["y"], found["density"], np.random.default_rng(10)
    cells = np.append(random.choice(grid.size, CHECKED, p=grid.ravel() / grid.sum()), grid.argmax())
    row, column = np.unravel_index(cells, grid.shape)
    exact = np.array(
        [
            np.exp(((x - cx) ** 2 + (y - cy) ** 2) / (-2.0 * BANDWIDTH**2)).sum()
            for cx, cy in zip(centres()[column], centres()[row], strict=True)
        ]
    )
    exact *= 1e6 / (2.0 * np.pi * BANDWIDTH**2)
    checks = []
    for key, title in (("ours", "error against the exact sum, share of the peak"), ("kdepy", "the same, KDEpy")):
        answer = data.answer(key)
        if answer is not None:
            error = float(np.abs(answer["density"][row, column] - exact).max() / exact.max())
            checks.append(Check(title, key != "ours" or error <= 1e-3, f"{error:.2e}"))
    return checks


JOB = Job(
    key="density",
    title=lambda data: f"density, {len(data['x']):,} events, {CELLS}² cells, h = 1.5 km",
    make=make,
    contenders=(
        Contender("ours", "density", ours, repeats=9),
        Contender("kdepy", "KDEpy FFTKDE", kdepy, repeats=5),
    ),
    goals=(faster("ours", "kdepy", "against KDEpy", 3.0),),
    check=check,
)
