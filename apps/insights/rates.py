"""How sure a rate is, and whether a change is more than chance: exact for counts, however small.

A LAB: arrays in, arrays out. Complaints are counted as a Poisson process: intervals are those of Garwood (1936), changes are tested
conditionally on both counts together (Przyborowski and Wilenski 1940), many tests are held to a share of false discoveries (Benjamini and
Hochberg 1995).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]

PER = 1000.0
SURE = 0.95


def interval(count: ArrayLike, population: ArrayLike, sure: float = SURE) -> tuple[Floats, Floats]:
    """(low, high) of the rate per 1,000 residents that a count is compatible with; float64, of the arrays' common shape.

    Garwood's exact interval: it covers the true rate at least `sure` of the time. NaN where the population is 0 or unknown (NaN).
    ValueError for counts below 0 or a `sure` outside (0, 1).
    """
    counts, people = np.broadcast_arrays(_counts(count), np.asarray(population, np.float64))
    if not 0.0 < sure < 1.0:
        raise ValueError(f"sure must lie between 0 and 1, got {sure}")
    tail = (1.0 - sure) / 2.0
    per = PER / np.where(people > 0, people, np.nan)
    low = np.where(counts > 0, stats.gamma.ppf(tail, np.maximum(counts, 1)), 0.0)
    return low * per, stats.gamma.ppf(1.0 - tail, counts + 1.0) * per


def changed(before: ArrayLike, now: ArrayLike, exposure: ArrayLike = 1.0) -> Floats:
    """p: the chance of counts at least as far apart if the rate had stayed the same; two-sided, twice the smaller tail, at most 1.

    exposure: how much more the second count had to be counted over than the first (days now / days before, times residents now / before);
    NaN where either is unknown gives NaN. Nothing counted in both: 1.
    """
    first, second, share = _conditional(before, now, exposure)
    together = first + second
    below = stats.binom.cdf(second, together, share)
    above = stats.binom.sf(second - 1, together, share)
    return np.minimum(1.0, 2.0 * np.minimum(below, above))


def ratio(
    before: ArrayLike, now: ArrayLike, exposure: ArrayLike = 1.0, sure: float = SURE
) -> tuple[Floats, Floats, Floats]:
    """(ratio, low, high) of the rate now to the rate before, with Clopper and Pearson's exact bounds carried over.

    inf where there was nothing before; NaN where there is nothing at all. 1 lies outside [low, high] exactly where p < 1 - sure.
    """
    first, second, share = _conditional(before, now, exposure)
    odds = share / (1.0 - share)
    tail = (1.0 - sure) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.where((first > 0) | (second > 0), second / first, np.nan) / odds
        low = np.where(second > 0, stats.beta.ppf(tail, np.maximum(second, 1), first + 1), 0.0)
        high = np.where(first > 0, stats.beta.ppf(1.0 - tail, second + 1, np.maximum(first, 1)), 1.0)
        return middle, low / (1.0 - low) / odds, high / (1.0 - high) / odds


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


def _conditional(before: ArrayLike, now: ArrayLike, exposure: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Both counts, and the share of all that would fall into the second if nothing had changed."""
    first, second, more = np.broadcast_arrays(_counts(before), _counts(now), np.asarray(exposure, np.float64))
    if (more <= 0).any():
        raise ValueError("exposure must be above 0")
    return first, second, more / (1.0 + more)


def _counts(count: ArrayLike) -> Floats:
    counts = np.asarray(count, np.float64)
    if (counts < 0).any():
        raise ValueError("counts must not be below 0")
    return counts
