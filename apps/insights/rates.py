"""How sure a rate is, and whether a change is more than chance: exact for counts, however small.

A LAB: arrays in, arrays out. Complaints are counted as a Poisson process: intervals are those of Garwood (1936), changes are tested
conditionally on both counts together (Przyborowski and Wilenski 1940), many tests are held to a share of false discoveries (Benjamini and
Hochberg 1995).

Complaints come in clumps: one burst pipe, thirty calls. Where their number varies `dispersion` times as much as single, independent calls
would (`clumping`), so many count as one: intervals and tests are those of the counts divided by it. Map, reports, cockpit and published
tables all measure it by villages (`held.clumping`) and allow for it, so that none calls a change what another calls chance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import betainc

Floats = NDArray[np.float64]

PER = 1000.0
SURE = 0.95
_ENOUGH = 60  # voices


def interval(
    count: ArrayLike, population: ArrayLike, sure: float = SURE, dispersion: float = 1.0
) -> tuple[Floats, Floats]:
    """(low, high) of the rate per 1,000 residents that a count is compatible with; float64, of the arrays' common shape.

    Garwood's exact interval: it covers the true rate at least `sure` of the time. NaN where the population is 0 or unknown (NaN).
    ValueError for counts below 0, a dispersion below 1 or a `sure` outside (0, 1).
    """
    counts, people = np.broadcast_arrays(_counts(count, dispersion), np.asarray(population, np.float64))
    if not 0.0 < sure < 1.0:
        raise ValueError(f"sure must lie between 0 and 1, got {sure}")
    tail = (1.0 - sure) / 2.0
    per = dispersion * PER / np.where(people > 0, people, np.nan)
    low = np.where(counts > 0, stats.gamma.ppf(tail, np.where(counts > 0, counts, 1.0)), 0.0)
    return low * per, stats.gamma.ppf(1.0 - tail, counts + 1.0) * per


def changed(before: ArrayLike, now: ArrayLike, exposure: ArrayLike = 1.0, dispersion: float = 1.0) -> Floats:
    """p: the chance of counts at least as far apart if the rate had stayed the same; two-sided, twice the smaller tail, at most 1.

    exposure: how much more the second count had to be counted over than the first (days now / days before, times residents now / before);
    NaN where either is unknown gives NaN. Nothing counted in both: 1.
    """
    first, second, share = _conditional(before, now, exposure, dispersion)
    with np.errstate(invalid="ignore"):
        as_few = np.where(first > 0, betainc(np.where(first > 0, first, 1.0), second + 1.0, 1.0 - share), 1.0)
        as_many = np.where(second > 0, betainc(np.where(second > 0, second, 1.0), first + 1.0, share), 1.0)
    return np.where(np.isnan(share), np.nan, np.minimum(1.0, 2.0 * np.minimum(as_few, as_many)))


def ratio(
    before: ArrayLike, now: ArrayLike, exposure: ArrayLike = 1.0, sure: float = SURE, dispersion: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """(ratio, low, high) of the rate now to the rate before, with Clopper and Pearson's exact bounds carried over.

    inf where there was nothing before; NaN where there is nothing at all. 1 lies outside [low, high] exactly where p < 1 - sure.
    """
    first, second, share = _conditional(before, now, exposure, dispersion)
    odds = share / (1.0 - share)
    tail = (1.0 - sure) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.where((first > 0) | (second > 0), second / first, np.nan) / odds
        low = np.where(second > 0, stats.beta.ppf(tail, np.where(second > 0, second, 1.0), first + 1.0), 0.0)
        high = np.where(first > 0, stats.beta.ppf(1.0 - tail, second + 1.0, np.where(first > 0, first, 1.0)), 1.0)
        return middle, low / (1.0 - low) / odds, high / (1.0 - high) / odds


def clumping(*tables: ArrayLike) -> float:
    """How clumped voices come: variance over mean of the counts of places (rows) in equal steps of time (columns), 1 or more; of several
    periods together.

    From differences of successive steps, so that what rises or falls slowly is no clump (von Neumann 1941), summed over all places before it
    is divided, so that small places do not water it down. 1 where fewer than `_ENOUGH` voices tell of it.
    """
    counts = [table for table in (np.asarray(each, np.float64) for each in tables) if table.shape[1] > 1]
    if sum(table.sum() for table in counts) < _ENOUGH:
        return 1.0
    varies = sum(np.square(np.diff(table, axis=1)).sum() / 2.0 for table in counts)
    return max(1.0, float(varies / sum(table.mean(axis=1).sum() * (table.shape[1] - 1) for table in counts)))


def step_of(days: int) -> int:
    """Days of a step for `clumping`, of a period of so many: weeks, or days where it has few weeks."""
    return 7 if days >= 28 else 1


def false_discoveries(p: ArrayLike) -> Floats:
    """q: the least share of false discoveries at which each test would be called; tests that are NaN take no part and stay NaN."""
    tests = np.asarray(p, np.float64)
    q = np.full(tests.shape, np.nan)
    known = np.flatnonzero(~np.isnan(tests.ravel()))
    values = tests.ravel()[known]
    order = np.argsort(values)[::-1]
    stepped = np.minimum.accumulate(values[order] * (len(values) / np.arange(len(values), 0, -1)))
    q.ravel()[known[order]] = np.minimum(stepped, 1.0)
    return q


def _conditional(
    before: ArrayLike, now: ArrayLike, exposure: ArrayLike, dispersion: float
) -> tuple[Floats, Floats, Floats]:
    """Both counts, and the share of all that would fall into the second if nothing had changed."""
    counts = (_counts(each, dispersion) for each in (before, now))
    first, second, more = np.broadcast_arrays(*counts, np.asarray(exposure, np.float64))
    if (more <= 0).any():
        raise ValueError("exposure must be above 0")
    return first, second, more / (1.0 + more)


def _counts(count: ArrayLike, dispersion: float) -> Floats:
    counts = np.asarray(count, np.float64)
    if (counts < 0).any():
        raise ValueError("counts must not be below 0")
    if not 1.0 <= dispersion < np.inf:
        raise ValueError(f"dispersion must be 1 or more, got {dispersion}")
    return counts / dispersion
