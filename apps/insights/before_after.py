"""Whether more is reported at a place after a day than before it, held against what happened at places like it in the same time.

A LAB: arrays in, numbers out; no Django, no clock, no chance.

Of the n matters reported at the place in both periods, as many fall into the second as elsewhere, if nothing happened: share. Other places do
not keep to their common share either. How far they stray is measured on them, at places of few matters (`single`: those do not come singly)
and of many (`drift`: places have fates of their own), and granted to this one: the count after the day is beta-binomial (Williams 1975) with the
variance that other places of as many matters have. Where none strays it is the conditional binomial test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FEW = 10  # matters in both periods together: fewer say nothing
FEW_ELSEWHERE = 30
SURE = 0.95
_MOST = (
    9.0  # squared standard deviations that one place may stray: one great event elsewhere does not hide everything here
)
_NONE = 1e-9
_PLACES = 10  # other places, to tell from how far they stray
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """ratio: after to before, over the same elsewhere; inf where there was nothing before, NaN where there is nothing at all. low, high: at
    95 %. p: two-sided. expected: matters after the day if nothing had happened here."""

    ratio: float
    low: float
    high: float
    p: float
    expected: float


@dataclass(frozen=True)
class Usual:
    """What happened at places like it. share: of their matters the part that fell into the second period. Their counts vary `single` times as
    much as single, independent matters would, and by `drift` more for each further matter."""

    share: float
    single: float = 1.0
    drift: float = 0.0

    def varies(self, beside: float) -> float:
        """How many times as much as independent matters those vary that have so many others beside them; 1 or more."""
        return max(1.0, self.single + self.drift * beside)


def changed(before: int, after: int, usual: Usual, beside: float | None = None) -> Change:
    """before, after: matters in two periods of equal length. beside: how many others of its own place a matter has on average, where these are
    several places; None: all are of one. Raises ValueError for negative counts and a share outside (0, 1)."""
    share = usual.share
    if before < 0 or after < 0:
        raise ValueError("counts must not be below 0")
    if not 0.0 < share < 1.0:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    both = before + after
    if not both:
        return Change(float("nan"), 0.0, float("inf"), 1.0, 0.0)
    varies = usual.varies(both - 1 if beside is None else beside)
    likeness = min((varies - 1.0) / (both - 1), 0.99) if both > 1 else 0.0
    if likeness > _NONE:
        strength = (1.0 - likeness) / likeness
        chance = stats.betabinom(both, share * strength, (1.0 - share) * strength)
    else:
        chance = stats.binom(both, share)
    p = min(1.0, 2.0 * min(float(chance.cdf(after)), float(chance.sf(after - 1))))
    odds = share / (1.0 - share)
    told = 1.0 / (1.0 + (both - 1) * likeness)  # what a matter is worth where they do not come singly
    tail = (1.0 - SURE) / 2.0
    low = float(stats.beta.ppf(tail, after * told, before * told + 1.0)) if after else 0.0
    high = float(stats.beta.ppf(1.0 - tail, after * told + 1.0, before * told)) if before else 1.0
    return Change(
        (after / before if before else float("inf")) / odds,
        low / (1.0 - low) / odds if low < 1.0 else float("inf"),
        high / (1.0 - high) / odds if high < 1.0 else float("inf"),
        p,
        both * share,
    )


def elsewhere(before: ArrayLike, after: ArrayLike, kind: ArrayLike, wanted: ArrayLike) -> Usual | None:
    """Other places, matched: kinds of places count as much as they do here.

    before, after: matters at each other place; kind: int, of what kind it is; wanted: how many matters here lie in each kind (index = kind).
    A kind with fewer than `FEW_ELSEWHERE` matters elsewhere is held against all of them. None where there are too few in all.
    """
    first, second, kinds = (np.asarray(each, np.int64) for each in (before, after, kind))
    weights: Floats = np.asarray(wanted, np.float64)
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
    own = shares[kinds.clip(0, len(shares) - 1)]
    several = both > 1
    n, expected = both[several].astype(np.float64), own[several]
    strays = np.minimum(np.square(second[several] - n * expected) / (n * expected * (1.0 - expected)), _MOST)
    return Usual(share, *_straying(n, strays))


def _straying(matters: Floats, strays: Floats) -> tuple[float, float]:
    """(single, drift) of places with so many matters: from the half with few of them, and what the half with many has beyond that."""
    if len(matters) < _PLACES:
        return 1.0, 0.0
    few = matters <= np.median(matters)
    single = max(1.0, float(strays[few].mean()))
    many = ~few
    if not many.any():
        return single, 0.0
    return single, max(0.0, float((strays[many] - single).sum() / (matters[many] - 1.0).sum()))
