"""Gi* once more, cell by cell and in exact fractions, and its permutations by counting every set of neighbours there is."""

import math
from fractions import Fraction
from itertools import combinations


def discs(mask, radius):
    """For each unmasked cell (row, column) the unmasked cells of its disc, itself included."""
    rows, columns = mask.shape
    cells = [(r, c) for r in range(rows) for c in range(columns) if not mask[r, c]]
    return {
        (r, c): [(i, j) for i, j in cells if (i - r) * (i - r) + (j - c) * (j - c) <= radius * radius] for r, c in cells
    }


def standardised(counts, mask, radius):
    """z of each unmasked cell, correctly rounded but for the root."""
    around = discs(mask, radius)
    value = {cell: Fraction(counts[cell].item()) for cell in around}
    n = len(value)
    if n < 2:
        return dict.fromkeys(around, 0.0)
    mean = sum(value.values()) / n
    variance = sum((v - mean) ** 2 for v in value.values()) / n
    result = {}
    for cell, disc in around.items():
        k = len(disc)
        square = variance * k * (n - k) / (n - 1)
        above = sum(value[other] for other in disc) - k * mean
        result[cell] = math.copysign(math.sqrt(above * above / square), above) if square and above else 0.0
    return result


def one_sided(z):
    return 0.5 * math.erfc(abs(z) / math.sqrt(2.0))


def adjusted(p):
    """Benjamini and Hochberg: the least, over all p no smaller, of p n / (how many are no larger)."""
    return [min(1.0, min(b * len(p) / sum(c <= b for c in p) for b in p if b >= a)) for a in p]


def tails(counts, mask, radius):
    """For each unmasked cell the chance that the counts of its neighbours, drawn from all others, sum to at least theirs, and to at most."""
    result = {}
    for cell, disc in discs(mask, radius).items():
        neighbours = [counts[other] for other in disc if other != cell]
        others = [counts[other] for other in zip(*(~mask).nonzero(), strict=True) if other != cell]
        sums = [sum(some) for some in combinations(others, len(neighbours))]
        reached = sum(s >= sum(neighbours) for s in sums) / len(sums)
        passed = sum(s <= sum(neighbours) for s in sums) / len(sums)
        result[cell] = reached, passed
    return result
