"""What a reader of a published table might try, written without looking at how it was made: exact algebra, bounds by linear programming,
every table that could be, and differences of what is shown."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy.optimize import linprog

Sums = Sequence[tuple[int, Sequence[int]]]


def equations(n: int, sums: Sums) -> np.ndarray:
    rows = np.zeros((len(sums), n))
    for row, (total, parts) in enumerate(sums):
        rows[row, total] -= 1
        for part in parts:
            rows[row, part] += 1
    return rows


def determined(n: int, sums: Sums, hidden: np.ndarray) -> set[int]:
    """The hidden cells whose value follows from the shown ones by algebra alone: exact elimination in fractions."""
    cells = [int(cell) for cell in np.flatnonzero(hidden)]
    rows = [[Fraction(int(value)) for value in row] for row in equations(n, sums)[:, cells]]
    pivots: list[tuple[int, list[Fraction]]] = []
    for column in range(len(cells)):
        at = next((i for i, row in enumerate(rows) if row[column]), None)
        if at is None:
            continue
        pivot = rows.pop(at)
        pivot = [value / pivot[column] for value in pivot]
        rows = [[value - row[column] * p for value, p in zip(row, pivot, strict=True)] for row in rows]
        pivots = [(c, [value - old[column] * p for value, p in zip(old, pivot, strict=True)]) for c, old in pivots] + [(column, pivot)]
    return {cells[column] for column, pivot in pivots if sum(value != 0 for value in pivot) == 1}


def bounds(counts: np.ndarray, sums: Sums, hidden: np.ndarray, least: np.ndarray, targets: Sequence[int]) -> dict[int, tuple[float, float]]:
    """The least and the most that each target can be for a reader who knows every sum and that no hidden count is below `least[cell]`."""
    matrix = equations(len(counts), sums)
    given = [(float(low), None) if gone else (float(count), float(count)) for count, gone, low in zip(counts, hidden, least, strict=True)]
    found = {}
    for cell in targets:
        ends = []
        for sign in (1.0, -1.0):
            aim = np.zeros(len(counts))
            aim[cell] = sign
            answer = linprog(aim, A_eq=matrix, b_eq=np.zeros(len(sums)), bounds=given, method="highs")
            ends.append(sign * answer.fun if answer.status == 0 else sign * -np.inf)
        found[cell] = (ends[0], ends[1])
    return found


def every_table(counts: np.ndarray, sums: Sums, hidden: np.ndarray, least: int) -> np.ndarray:
    """All whole tables that publish the same numbers, one a row; only for a handful of free cells. Totals follow from their parts, so only
    cells that are no total are tried."""
    totals = {total for total, _ in sums}
    free = [int(cell) for cell in np.flatnonzero(hidden) if int(cell) not in totals]
    tried = np.meshgrid(*(np.arange(min(least, int(counts[cell])), int(counts.max()) + 6) for cell in free), indexing="ij")
    tables = np.tile(np.where(hidden, 0, counts), (tried[0].size if free else 1, 1))
    for cell, values in zip(free, tried, strict=True):
        tables[:, cell] = values.ravel()
    for total, parts in _bottom_up(sums):
        if hidden[total]:
            tables[:, total] = tables[:, list(parts)].sum(1)
    for total, parts in sums:
        tables = tables[tables[:, total] == tables[:, list(parts)].sum(1)]
    return tables


def _bottom_up(sums: Sums) -> list[tuple[int, Sequence[int]]]:
    """Sums so ordered that parts are known before their total."""
    left, known, order = list(sums), set(), []
    totals = {total for total, _ in sums}
    while left:
        ready = [each for each in left if all(part not in totals or part in known for part in each[1])]
        order += ready
        known |= {total for total, _ in ready}
        left = [each for each in left if each not in ready]
    return order
