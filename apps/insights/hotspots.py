"""Where counts are higher or lower around a cell than chance would have them: Getis and Ord's local Gi* on a grid of square cells.

A LAB: arrays in, arrays out; no Django, no database, no chance but by the seed.

Gi* (Ord and Getis, Local Spatial Autocorrelation Statistics, 1995) with equal weights, a cell counting among its own neighbours:

    z = (sum in the disc - k * mean) / (s * sqrt(k * (n - k) / (n - 1)))        k cells in the disc, n cells in all

Discs are summed by rows: the run of cells that a disc cuts out of a row is the difference of two running sums. These are 64-bit integers,
so any run is exact although the running sum may wrap around. Counts that are not whole are first centred and rounded to binary fractions,
as fine as a disc of them has room for.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_ROOM = 2.0**62  # sums of a disc stay below it
_DRAWS_AT_ONCE = 1 << 19


@dataclass(frozen=True, eq=False)
class HotSpots:
    """Every cell's Gi*, float64 arrays of the grid's shape, NaN where masked.

    z: standard deviations above (hot) or below (cold) what chance would have. 0 where nothing can vary: all counts equal, one cell, or a
    disc that holds every cell.
    p: chance of a value as extreme on its own side (one-sided, as esda gives it; twice that for both sides), 0.5 where nothing can vary.
    q: the least share of false discoveries at which the cell would be called, both sides counted (Benjamini and Hochberg 1995). Discs
    overlap, so neighbours depend on each other positively, for which the procedure holds; under any dependence whatever it holds for
    q * sum(1/i for i in 1..n) (Benjamini and Yekutieli 2001).
    """

    z: Floats
    p: Floats
    q: Floats


def gi_star(
    counts: ArrayLike, radius: float, mask: ArrayLike | None = None, permutations: int = 0, seed: int | None = None
) -> HotSpots:
    """Gi* of each cell over the disc of cells no farther than `radius`, itself included.

    counts: (rows, columns), finite where not masked; fractions and negative numbers are allowed. radius: in cells, from centre to centre,
    inclusive (dx² + dy² <= radius²); may be 0, infinite or larger than the grid. mask: bool of that shape, True: the cell takes no part,
    whatever it holds. z equals esda.G_Local(star=True, transform="B") to 1e-12 (unless all counts sum to less than 0, which turns esda's sign).

    permutations: 0 takes p from the normal distribution. More: conditional permutations. A cell keeps its own count while those of its
    neighbours are drawn from all other cells without replacement, and p = (l + 1) / (permutations + 1), where l counts the draws that
    reach its sum, or the others where these are fewer, as esda folds them. A draw equal to the sum is thus on the high side only; q counts
    it on both, so that a cell of many ties is not called cold, and is at least 2 / (permutations + 1). One set of draws serves all cells;
    the same seed gives the same p.

    Raises ValueError for a grid that has not two dimensions, counts that are not finite, a mask of another shape, a negative radius.
    """
    values, part = _cells(counts, mask)
    reach, permutations = float(radius), operator.index(permutations)
    if not reach >= 0.0:
        raise ValueError(f"radius must be cells >= 0, got {radius}")
    if permutations < 0:
        raise ValueError(f"permutations must be at least 0, got {permutations}")
    cells = int(part.sum())
    widths = half_widths(part.shape, reach)
    members = disc_sums(part.astype(np.int64), widths)[part]
    own = _as_integers(values[part], int(members.max(initial=1)))
    whole = np.zeros(part.shape, np.int64)
    whole[part] = own
    sums = disc_sums(whole, widths)[part]
    varies = (members < cells) & own.any()
    z = np.zeros(cells)
    if varies.any():
        z[varies] = _standardised(sums[varies], members[varies].astype(np.float64), own.astype(np.float64))
    p = ndtr(-np.abs(z))
    both = 2.0 * p
    if permutations:
        varies &= members > 1
        p, both = _permuted(own, sums - own, members - 1, varies, permutations, np.random.default_rng(seed))
    return HotSpots(*(_laid_out(values, part) for values in (z, p, _false_discoveries(both))))


def _cells(counts: ArrayLike, mask: ArrayLike | None) -> tuple[NDArray[Any], Mask]:
    """The counts, and which cells take part."""
    values = np.asarray(counts)
    if values.ndim != 2:
        raise ValueError(f"counts must have rows and columns, got shape {values.shape}")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"counts must be real numbers, got {values.dtype}")
    part = np.ones(values.shape, bool) if mask is None else ~np.asarray(mask, dtype=bool)
    if part.shape != values.shape:
        raise ValueError(f"mask must have the shape of counts {values.shape}, got {part.shape}")
    wrong = np.argwhere(part & ~np.isfinite(values))
    if len(wrong):
        raise ValueError(
            f"count in row {wrong[0][0]}, column {wrong[0][1]} is {values[tuple(wrong[0])]}: mask it or mend it"
        )
    return values, part


# --- discs ---------------------------------------------------------------------------------------------------------------


def half_widths(shape: tuple[int, ...], reach: float) -> list[int]:
    """How far a disc reaches along the row 0, 1, 2, ... rows away from its centre, no farther than the grid."""
    rows, columns = shape
    square = reach * reach
    if not square < rows * rows + columns * columns:
        return [max(columns - 1, 0)] * rows
    return [min(math.isqrt(int(square) - away * away), columns - 1) for away in range(min(int(reach), rows - 1) + 1)]


def disc_sums(values: Ints, widths: list[int]) -> Ints:
    """The sum over the disc around each cell."""
    rows, columns = values.shape
    sums = np.zeros_like(values)
    if not values.size:
        return sums
    edge = widths[0]
    running = np.zeros((rows, edge + columns + 1 + edge), np.int64)
    np.cumsum(values, axis=1, out=running[:, edge + 1 : edge + 1 + columns])
    running[:, edge + 1 + columns :] = running[:, edge + columns, None]
    for away, width in enumerate(widths):
        run = (
            running[:, edge + width + 1 : edge + width + 1 + columns]
            - running[:, edge - width : edge - width + columns]
        )
        sums[: rows - away] += run[away:]
        if away:
            sums[away:] += run[: rows - away]
    return sums


def _as_integers(counts: NDArray[Any], most: int) -> Ints:
    """Counts less a number near their mean, in units so small, or 1, that no sum of `most` of them needs more than 62 bits; 0 where all are equal."""
    if not len(counts) or counts.min() == counts.max():
        return np.zeros(len(counts), np.int64)
    largest = max(abs(float(counts.min())), abs(float(counts.max())))
    if largest * most < _ROOM / 2.0 and (counts.dtype.kind != "f" or (counts == np.rint(counts)).all()):
        centred: Ints = counts.astype(np.int64) - round(float(counts.mean(dtype=np.float64)))
        return centred
    fractions = np.ldexp(counts.astype(np.float64), -math.frexp(largest)[1])  # below 1, so that their sum is finite
    fractions -= fractions.mean()
    room = math.frexp(_ROOM / (most * float(np.abs(fractions).max())))[1] - 1
    return np.rint(np.ldexp(fractions, room)).astype(np.int64)


# --- what chance would have ----------------------------------------------------------------------------------------------


def _standardised(sums: Ints, members: Floats, own: Floats) -> Floats:
    """z of discs of so many members, among cells of such counts."""
    cells, mean = len(own), own.mean()
    deviation = np.sqrt(np.square(own - mean).mean())
    return (sums - members * mean) / (deviation * np.sqrt(members * ((cells - members) / (cells - 1))))


def _permuted(
    own: Ints, others: Ints, neighbours: Ints, varies: Mask, permutations: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """p on the cell's own side and on both, 0.5 and 1 where nothing varies."""
    reached, passed = _draws(own, others, neighbours, varies, permutations, rng)
    folded = np.minimum(reached, permutations - reached)
    one = np.where(varies, (folded + 1.0) / (permutations + 1.0), 0.5)
    both = np.where(varies, 2.0 * (np.minimum(reached, passed) + 1.0) / (permutations + 1.0), 1.0)
    return one, both


def _draws(
    own: Ints, others: Ints, neighbours: Ints, varies: Mask, permutations: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """How many draws of `neighbours` other cells' counts sum to at least `others`, and to at most that.

    Each permutation is one sequence of cells without repetition, whose first k serve every cell with k neighbours. Where the cell itself is
    among them the next of the sequence stands in for it, which leaves k of the others, each set of them as likely as any.
    """
    reached, passed = np.zeros(len(own), np.int64), np.zeros(len(own), np.int64)
    most = int(neighbours[varies].max(initial=0))
    groups = [(k, np.flatnonzero(varies & (neighbours == k))) for k in np.unique(neighbours[varies]).tolist()]
    at_once = max(1, _DRAWS_AT_ONCE // (most + 1))
    for start in range(0, permutations if groups else 0, at_once):
        draws = min(at_once, permutations - start)
        sequence = np.stack([rng.choice(len(own), most + 1, replace=False) for _ in range(draws)])
        sums = np.zeros((draws, most + 2), np.int64)
        np.cumsum(own[sequence], axis=1, out=sums[:, 1:])
        for k, group in groups:
            ordered = np.sort(sums[:, k])
            reached[group] += draws - np.searchsorted(ordered, others[group], "left")
            passed[group] += np.searchsorted(ordered, others[group], "right")
        draw, place = np.nonzero(varies[sequence] & (np.arange(most + 1) < neighbours[sequence]))
        cell = sequence[draw, place]
        k, sought = neighbours[cell], others[cell]
        before, after = sums[draw, k], sums[draw, k + 1] - own[cell]
        np.add.at(reached, cell, (after >= sought).astype(np.int64) - (before >= sought))
        np.add.at(passed, cell, (after <= sought).astype(np.int64) - (before <= sought))
    return reached, passed


def _false_discoveries(p: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p, at most 1."""
    order = np.argsort(p)[::-1]
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(p[order] * (len(p) / np.arange(len(p), 0, -1)))
    return np.minimum(q, 1.0)


def _laid_out(values: Floats, part: Mask) -> Floats:
    grid = np.full(part.shape, np.nan)
    grid[part] = values
    return grid
