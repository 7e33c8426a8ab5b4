"""Gi* of 100,000 cells over discs of radius 5; and against residents, as the product judges complaints."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from apps.insights.excess import excess
from apps.insights.hotspots import gi_star
from apps.insights.rates import false_discoveries
from tests.bench.harness import Answer, Check, Contender, Data, Job, faster

RADIUS = 5
PERMUTATIONS = 999
SMALL = (60, 50)  # cells on which permutations are compared
COUNTIES, TOLD, DISC, CALLED = (
    40,
    3000,
    1.5,
    0.05,
)  # grown counties, reports in each, radius and share of false discoveries of the product


def make(data: Data) -> None:
    rows, columns = data.size(400, 100), data.size(250, 100)
    data.keep(counts=np.random.default_rng(6).poisson(clustered(rows, columns)))


def clustered(rows: int, columns: int) -> np.ndarray:
    """How many a cell has on average: two, and up to twenty around some places."""
    random = np.random.default_rng(7)
    row, column = np.indices((rows, columns))
    mean = np.full((rows, columns), 2.0)
    for r, c in random.uniform((0, 0), (rows, columns), (10, 2)):
        mean += 20.0 * np.exp(-((row - r) ** 2 + (column - c) ** 2) / 72.0)
    return mean


def ours(data: Data) -> Callable[[], Answer]:
    counts = data["counts"]
    gi_star(counts[:9, :9], RADIUS)
    return lambda: {"z": gi_star(counts, RADIUS).z}


def esda(data: Data) -> Callable[[], Answer]:
    """The weights are built within the time, as ours are."""
    from esda import G_Local  # noqa: F401
    from libpysal.weights import DistanceBand  # noqa: F401

    counts = data["counts"]
    return lambda: {"z": _esda(counts, 0).Zs}


def permuted(data: Data) -> Callable[[], Answer]:
    counts = data["counts"]
    return lambda: {"p": gi_star(counts, RADIUS, permutations=PERMUTATIONS, seed=1).p}


def residents(data: Data) -> Callable[[], Answer]:
    """Cells of different numbers of residents, chances counted, dispersion estimated."""
    counts = data["counts"]
    people = np.random.default_rng(9).gamma(0.6, 80.0, counts.shape)
    excess(counts[:9, :9], people[:9, :9], RADIUS)

    def work() -> Callable[[], Answer]:
        excess(counts, people, RADIUS)
        plain = (
            counts.var() * counts.size / (counts.mean() * (counts.size - 1))
        )  # with which it is Gi* where all cells hold as many
        return lambda: {"z": excess(counts, np.ones(counts.shape), RADIUS, plain).z}

    return work


def _esda(counts: np.ndarray, permutations: int, seed: int | None = None) -> Any:
    from esda import G_Local
    from libpysal.weights import DistanceBand

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of deprecations inside
        places = np.argwhere(np.ones(counts.shape, bool)).astype(float)
        weights = DistanceBand(places, RADIUS, binary=True, silence_warnings=True)
        return G_Local(
            counts.ravel().astype(float),
            weights,
            transform="B",
            star=True,
            permutations=permutations,
            seed=seed,
            n_jobs=1,
        )


def check(data: Data) -> list[Check]:
    found, peer = data.answer("ours"), data.answer("esda")
    if found is None or peer is None:
        return []
    apart = float(np.abs(found["z"].ravel() - peer["z"]).max())
    checks = [Check("largest |Δz| to esda", apart <= 1e-12, f"{apart:.1e}"), _equivalent(data.size(6, 3)), _quiet()]
    if (against := data.answer("residents")) is not None:
        apart = float(np.abs(against["z"].ravel() - peer["z"]).max())
        checks.append(
            Check("against residents, where every cell has as many: |Δz| to esda", apart <= 1e-7, f"{apart:.1e}")
        )
    return checks


def _quiet() -> Check:
    """Counties in which residents report alike everywhere, and one place of 1.5 km where they report five times as much: what is called."""
    random = np.random.default_rng(10)
    false = found = plain = 0
    for _ in range(COUNTIES):
        people = random.gamma(0.6, 80.0, SMALL) + 2000.0 * np.exp(
            -(np.square(np.indices(SMALL) - [[[20]], [[25]]]).sum(axis=0)) / 30.0
        )
        share = people / people.sum()
        quiet = random.multinomial(TOLD, share.ravel()).reshape(SMALL)
        false += bool((false_discoveries(excess(quiet, people, DISC).both) <= CALLED).any())
        plain += bool((gi_star(quiet, DISC).q <= CALLED).any())
        row, column = np.argwhere((share * TOLD > 2) & (share * TOLD < 4))[0].clip(1, None)
        around = np.s_[row - 1 : row + 2, column - 1 : column + 2]
        loud = quiet.copy()
        loud[around] += random.poisson(4 * TOLD * share[around])
        found += bool((false_discoveries(excess(loud, people, DISC).both) <= CALLED)[row, column])
    told = f"{false} of {COUNTIES} quiet ones with a false spot (Gi* of the counts alone: {plain}), {found} of {COUNTIES} planted spots found"
    return Check(f"counties of {TOLD:,} reports", false <= COUNTIES * CALLED * 2.5 and found >= 0.9 * COUNTIES, told)


def _equivalent(seeds: int) -> Check:
    """p of permutations: ours is no farther from esda's than two runs of esda's own are from each other."""
    counts = np.random.default_rng(8).gamma(2.0, clustered(*SMALL))
    peers = np.array([_esda(counts, PERMUTATIONS, seed).p_sim for seed in range(seeds)])
    found = np.array([gi_star(counts, RADIUS, permutations=PERMUTATIONS, seed=seed).p.ravel() for seed in range(seeds)])
    among = [float(np.abs(a - b).mean()) for i, a in enumerate(peers) for b in peers[:i]]
    across = [float(np.abs(a - b).mean()) for a in found for b in peers]
    agree = float(np.mean([((a < 0.05) == (b < 0.05)).mean() for a in found for b in peers]))
    own = float(np.mean([((a < 0.05) == (b < 0.05)).mean() for i, a in enumerate(peers) for b in peers[:i]]))
    told = f"mean |Δp| {np.mean(across):.4f} (esda among its seeds {np.mean(among):.4f}), p < 0.05 alike {agree:.1%} ({own:.1%})"
    return Check(
        f"permutations without replacement as esda's, {SMALL[0] * SMALL[1]:,} cells",
        np.mean(across) <= 1.25 * np.mean(among),
        told,
    )


JOB = Job(
    key="hotspots",
    title=lambda data: f"hot spots Gi*, {data['counts'].size:,} cells, disc of radius {RADIUS}",
    make=make,
    contenders=(
        Contender("ours", "gi_star", ours, repeats=9),
        Contender("permuted", f"gi_star with {PERMUTATIONS} permutations", permuted, versus="permuted"),
        Contender("residents", "excess, against residents, chance of small counts counted", residents, repeats=5),
        Contender("esda", "libpysal + esda.G_Local, no permutations", esda, repeats=1),
    ),
    goals=(faster("ours", "esda", "against esda", 1000.0), faster("residents", "esda", "against residents", 100.0)),
    check=check,
)
