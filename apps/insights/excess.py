"""Gi* for a county whose cells hold different numbers of residents, with the chance of small counts worked out as it is.

A LAB: arrays in, arrays out; no Django, no clock, no chance.

`gi_star` asks where more is reported than in the average cell: of complaints that is mostly where people live. Here a cell's share of the
residents takes the place of its share of the cells:

    z = (sum in the disc - expected) / sqrt(dispersion * expected * (1 - share))        expected = share of the residents * all reports

which is Gi* itself where every cell has as many residents (then dispersion is s² n / (mean (n - 1)); the tests hold it to 1e-9). The normal
distribution says far too often that three reports in a hamlet cannot be chance, so p is counted: from the binomial distribution, and where
reports come in clumps (dispersion above 1) from the negative binomial one of that variance, whose sums are of the same kind again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammainc

from apps.insights.hotspots import disc_sums, half_widths

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_UNITS = 2.0**50  # residents as whole numbers: running sums of them stay exact
_ROUNDING = 1e-9
_CREDIBLE = 0.25
_TAIL = 0.1  # of a block's distribution, that is looked at to see how clumped reports come
_SPREADS = np.geomspace(1.0, 20.0, 61)
_PLAIN = 1e-3  # a dispersion so near to 1 is 1


@dataclass(frozen=True, eq=False)
class Excess:
    """Of each cell, arrays of the grid's shape, NaN where nobody lives.

    observed, expected: reports in the disc, and how many as many residents have in the county. z: standard deviations above or below.
    p: chance of as many or more (where above what is expected) or as few or fewer; `both`: of as much on either side, twice the smaller
    of the two, at most 1. dispersion: the variance of a block's reports over what single, independent reports have.
    """

    observed: Floats
    expected: Floats
    z: Floats
    p: Floats
    both: Floats
    dispersion: float


def excess(counts: ArrayLike, residents: ArrayLike, radius: float, dispersion: float | None = None) -> Excess:
    """Where more or less is reported than as many residents report elsewhere, over discs of cells no farther than `radius` (in cells).

    counts: int (rows, columns); what is reported in a cell of no residents takes no part. residents: finite, 0 or more, of that shape, in any
    unit. dispersion: None estimates it (at least 1), hot cells notwithstanding; a number is taken as it is, for p at least as 1.
    Raises ValueError for shapes that differ, negative or fractional counts, negative residents, a negative radius.
    """
    people = np.asarray(residents, np.float64)
    here = np.asarray(counts)
    if here.ndim != 2 or people.shape != here.shape:
        raise ValueError(f"counts and residents must be grids of one shape, got {here.shape} and {people.shape}")
    if not np.isfinite(people).all() or (people < 0).any():
        raise ValueError("residents must be finite and not negative")
    if (here < 0).any() or (here != np.rint(here)).any():
        raise ValueError("counts must be whole numbers, 0 or more")
    if not radius >= 0:
        raise ValueError(f"radius must be cells >= 0, got {radius}")
    lived_in = people > 0
    reported: Ints = np.where(lived_in, here, 0).astype(np.int64)
    shares = people / people.sum() if lived_in.any() else people
    widths = half_widths(here.shape, float(radius))
    in_disc = disc_sums(reported, widths)
    total = int(reported.sum())
    share = disc_sums(np.rint(shares * _UNITS).astype(np.int64), widths) / _UNITS
    share[share > 1.0 - _ROUNDING] = 1.0  # the disc holds everybody
    spread = clumping(reported, shares * total, 1 + 2 * int(widths[0])) if dispersion is None else float(dispersion)
    expected = share * total
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (in_disc - expected) / np.sqrt(spread * expected * (1.0 - share))
    z = np.where(np.isfinite(z), z, 0.0)
    at_least, at_most = tails(in_disc, total, share, spread)
    both = np.minimum(1.0, 2.0 * np.minimum(at_least, at_most))
    p = np.where(in_disc >= expected, at_least, at_most)
    observed, hoped, z, p, both = (
        np.where(lived_in, each, np.nan) for each in (in_disc.astype(np.float64), expected, z, p, both)
    )
    return Excess(observed, hoped, z, p, both, spread)


def tails(observed: ArrayLike, total: int, share: ArrayLike, dispersion: float = 1.0) -> tuple[Floats, Floats]:
    """(chance of at least, chance of at most) so many of `total` reports, where `share` of the residents live."""
    some, part = np.broadcast_arrays(np.asarray(observed, np.float64), np.asarray(share, np.float64))
    clumped = dispersion * (1.0 - part)  # variance over mean
    above = np.where(some > 0, _at_least(np.maximum(some, 1.0), total, part, clumped), 1.0)
    below = 1.0 - np.where(some < total, _at_least(np.minimum(some + 1.0, max(total, 1)), total, part, clumped), 0.0)
    return above, np.clip(below, 0.0, 1.0)


def _at_least(some: Floats, total: int, share: Floats, clumped: Floats) -> Floats:
    """Chance of `some` (1 or more) or more."""
    mean = share * total
    with np.errstate(divide="ignore", invalid="ignore"):
        single = betainc(some, np.maximum(total - some + 1.0, 1e-9), share)
        over = np.maximum(clumped - 1.0, _PLAIN)
        clumps = betainc(some, mean / over, over / (1.0 + over))
    chance = np.where(clumped > 1.0 + _PLAIN, clumps, single)
    return np.where(mean > 0, np.where(share >= 1.0, 1.0, chance), 0.0)


def clumping(counts: Ints, expected: Floats, side: int) -> float:
    """How clumped reports come: the least dispersion, 1 or more, with which it is credible that as many blocks of side x side cells lie in the
    upper tenth of their own distribution as do. Blocks far above it weigh no more than if they were just in it, so hot spots do not hide
    themselves; a county of few blocks says little, and nothing is read into it."""
    reports, mean = (_blocks(values, side) for values in (counts, expected))
    reports, mean = reports[mean > 0], mean[mean > 0]
    if not len(mean):
        return 1.0
    threshold = _upper(mean)
    above = float((reports >= threshold).sum())
    if not above:
        return 1.0
    over = np.maximum(_SPREADS - 1.0, _PLAIN)[:, None]
    expected_above = betainc(threshold, mean / over, over / (1.0 + over)).sum(axis=1)
    credible = np.flatnonzero(gammainc(above, expected_above) >= _CREDIBLE)
    # The more clumped, the more blocks of many and the fewer of any: the share rises, then falls. Its least solution, or its top.
    return float(_SPREADS[credible[0] if len(credible) else int(expected_above.argmax())])


def _blocks(values: NDArray[np.generic], side: int) -> Floats:
    """Sums of whole blocks, the last ones filled up with nothing."""
    rows, columns = values.shape
    filled = np.zeros((-(-rows // side) * side, -(-columns // side) * side))
    filled[:rows, :columns] = values
    return filled.reshape(filled.shape[0] // side, side, -1, side).sum(axis=(1, 3)).ravel()


def _upper(mean: Floats) -> Floats:
    """The least count, 2 or more, that a Poisson distribution reaches with a chance of no more than a tenth."""
    threshold = np.maximum(2.0, np.ceil(mean))
    for _ in range(10_000):
        too_likely = gammainc(threshold, mean) > _TAIL
        if not too_likely.any():
            break
        threshold[too_likely] += 1.0
    return threshold
