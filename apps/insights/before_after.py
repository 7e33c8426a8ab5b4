"""Whether more is reported at a place after a day than before it, held against what happened at places like it in the same time.

A LAB: arrays in, numbers out; no Django, no clock, no chance.

Of the n reports at the place in both periods, as many fall into the second as elsewhere, if nothing happened: share. Other places do not keep
to their common share either; how far they stray is measured on them (as `likeness`, the correlation of two reports at one place) and granted to
this one: the reports after the day are beta-binomial (Williams 1975). With likeness 0 it is the conditional binomial test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FEW = 10  # reports in both periods together: fewer say nothing
FEW_ELSEWHERE = 30
SURE = 0.95
_MOST = (
    9.0  # squared standard deviations that one place may stray: one great event elsewhere does not hide everything here
)
_NONE = 1e-9


@dataclass(frozen=True)
class Change:
    """ratio: after to before, over the same elsewhere; inf where there was nothing before, NaN where there is nothing at all. low, high: at
    95 %. p: two-sided. expected: reports after the day if nothing had happened here."""

    ratio: float
    low: float
    high: float
    p: float
    expected: float


def changed(before: int, after: int, share: float, likeness: float = 0.0) -> Change:
    """before, after: reports in two periods of equal length; share: of the reports elsewhere the part that fell into the second.
    Raises ValueError for negative counts, a share outside (0, 1), a likeness outside [0, 1)."""
    if before < 0 or after < 0:
        raise ValueError("counts must not be below 0")
    if not 0.0 < share < 1.0 or not 0.0 <= likeness < 1.0:
        raise ValueError(f"share must lie between 0 and 1, likeness from 0 below 1, got {share}, {likeness}")
    both = before + after
    if not both:
        return Change(float("nan"), 0.0, float("inf"), 1.0, 0.0)
    if likeness > _NONE:
        strength = (1.0 - likeness) / likeness
        chance = stats.betabinom(both, share * strength, (1.0 - share) * strength)
    else:
        chance = stats.binom(both, share)
    p = min(1.0, 2.0 * min(float(chance.cdf(after)), float(chance.sf(after - 1))))
    odds = share / (1.0 - share)
    told = 1.0 / (1.0 + (both - 1) * likeness)  # what a report is worth where they come together
    tail = (1.0 - SURE) / 2.0
    low = float(stats.beta.ppf(tail, after * told, before * told + 1.0)) if after else 0.0
    high = float(stats.beta.ppf(1.0 - tail, after * told + 1.0, before * told)) if before else 1.0
    return Change(
        (after / before if before else float("inf")) / odds, low / (1.0 - low) / odds if low < 1.0 else float("inf"),
        high / (1.0 - high) / odds if high < 1.0 else float("inf"), p, both * share,
    )  # fmt: skip


def elsewhere(before: ArrayLike, after: ArrayLike, kind: ArrayLike, wanted: ArrayLike) -> tuple[float, float] | None:
    """(share, likeness) of other places, matched: kinds of places count as much as they do here.

    before, after: reports at each other place; kind: int, of what kind it is; wanted: how many reports here lie in each kind (index = kind).
    A kind with fewer than `FEW_ELSEWHERE` reports elsewhere is held against all of them. None where there are too few in all.
    """
    first, second, kinds = (np.asarray(each, np.int64) for each in (before, after, kind))
    weights: NDArray[np.float64] = np.asarray(wanted, np.float64)
    both = first + second
    if both.sum() < FEW_ELSEWHERE or not 0 < second.sum() < both.sum():
        return None
    usual = second.sum() / both.sum()
    shares = np.full(len(weights), usual)
    for which in range(len(weights)):
        some = kinds == which
        if both[some].sum() >= FEW_ELSEWHERE and 0 < second[some].sum() < both[some].sum():
            shares[which] = second[some].sum() / both[some].sum()
    share = float((shares * weights).sum() / weights.sum()) if weights.sum() else float(usual)
    own = shares[np.clip(kinds, 0, len(shares) - 1)] if len(shares) else np.full(len(kinds), usual)
    several = both > 1
    if several.sum() < 2:
        return share, 0.0
    n, expected = both[several], own[several]
    strays = np.minimum(np.square(second[several] - n * expected) / (n * expected * (1.0 - expected)), _MOST)
    likeness = float((strays.sum() - len(n)) / (n - 1).sum())
    return share, min(max(likeness, 0.0), 0.9)
