"""Small counts stay hidden from readers who do their sums: attacked by algebra, by linear programming, by trying every table, by differences."""

from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.insights.suppression import Earlier, Protection, Table, protect, proven
from tests.insights import attacks


def flat(*rows: list[int]) -> Table:
    """Rows by columns with all margins: the numbers, row totals, column totals, the grand total."""
    inner = np.array(rows, np.int64)
    r, c = inner.shape
    cell = np.arange(r * c).reshape(r, c)
    row_total, column_total, grand = r * c + np.arange(r), r * c + r + np.arange(c), r * c + r + c
    counts = np.concatenate([inner.ravel(), inner.sum(1), inner.sum(0), [inner.sum()]])
    sums = [(int(row_total[i]), cell[i].tolist()) for i in range(r)] + [(int(column_total[j]), cell[:, j].tolist()) for j in range(c)]
    sums += [(int(grand), row_total.tolist()), (int(grand), column_total.tolist())]
    cost = np.concatenate([np.full(r * c, 10.0), np.full(r, 60.0), np.full(c, 60.0), [400.0]])
    return Table(counts, sums, cost)


def nested(tree: list[list[list[int]]], beside: list[list[int]]) -> Table:
    """County → towns → villages by columns with all margins, and beside it another split of every town's total in two."""
    columns = len(tree[0][0])
    counts: list[int] = []
    sums: list[tuple[int, list[int]]] = []
    cost: list[float] = []

    def put(values: list[int], weight: float) -> list[int]:
        first = len(counts)
        counts.extend([sum(values), *values])
        cost.extend([weight * 4, *[weight] * len(values)])
        here = list(range(first, first + len(values) + 1))
        sums.append((here[0], here[1:]))
        return here

    town_rows, split_rows = [], []
    for villages, share in zip(tree, beside, strict=True):
        rows = [put(village, 2.0) for village in villages]
        town = put([sum(village[column] for village in villages) for column in range(columns)], 10.0)
        for column in range(columns + 1):
            sums.append((town[column], [row[column] for row in rows]))
        first = len(counts)
        told = min(share[0], counts[town[0]])
        counts.extend([told, counts[town[0]] - told])
        cost.extend([3.0, 3.0])
        sums.append((town[0], [first, first + 1]))
        town_rows.append(town)
        split_rows.append([first, first + 1])
    county = put([sum(counts[town[column + 1]] for town in town_rows) for column in range(columns)], 150.0)
    for column in range(columns + 1):
        sums.append((county[column], [town[column] for town in town_rows]))
    for side in (0, 1):
        counts.append(sum(counts[row[side]] for row in split_rows))
        cost.append(100.0)
        sums.append((len(counts) - 1, [row[side] for row in split_rows]))
    sums.append((county[0], [len(counts) - 2, len(counts) - 1]))
    return Table(np.array(counts, np.int64), sums, np.array(cost))


def attacked(table: Table, found: Protection) -> None:
    """No attack tells a small count, nor that it is small."""
    small = [int(cell) for cell in np.flatnonzero((table.counts > 0) & (table.counts < 5))]
    assert found.hidden[small].all()
    assert not attacks.determined(len(table.counts), table.sums, found.hidden) & set(small)
    assert found.floor == 1
    least = np.minimum(table.counts, 1)
    nothing = attacks.bounds(table.counts, table.sums, np.ones_like(found.hidden), least, small)  # were no number published at all
    for cell, (low, high) in attacks.bounds(table.counts, table.sums, found.hidden, least, small).items():
        assert low <= nothing[cell][0] + 1e-6 and high >= 5 - 1e-6, (cell, int(table.counts[cell]), low, high)


# --- by hand ----------------------------------------------------------------------------------------------------------------------------


def test_nothing_small_nothing_hidden():
    found = protect(flat([10, 20], [30, 0]))
    assert not found.hidden.any() and proven(flat([10, 20], [30, 0]), [], found)


def test_one_small_count_takes_three_others_with_it():
    """In a square table a lone hidden count follows from its row: a rectangle of four is the least that hides it."""
    table = flat([3, 20, 30], [25, 40, 50], [60, 70, 80])
    found = protect(table)
    hidden = found.hidden[:9].reshape(3, 3)
    assert hidden[0, 0] and hidden.sum() == found.hidden.sum() == 4 and set(hidden.sum(0)) == set(hidden.sum(1)) == {0, 2}
    attacked(table, found)


def test_two_ones_alone_in_their_row_do_not_hide_each_other():
    """1 + 1 = 2: whoever knows that no zero is hidden would know both. Something larger goes with them."""
    table = flat([1, 1, 40], [30, 25, 50])
    found = protect(table)
    assert found.hidden[2]
    attacked(table, found)


def test_two_fours_are_not_enough_for_each_other_nor_told_small():
    table = flat([4, 0, 4], [30, 25, 50])
    attacked(table, protect(table))


def test_a_small_total_of_several_does_not_weaken_the_rest():
    """Four in all of 1, 1 and 2 can be no less than three for whoever knows that no zero is hidden; the others stay as safe as without it."""
    table = flat([1, 1, 2], [30, 25, 50], [60, 1, 80])
    found = protect(table)
    assert proven(table, [], found)
    attacked(table, found)


def test_a_whole_county_of_three():
    """Next to nothing was reported: even the county's total is small, and what is hidden could be anything."""
    table = flat([1, 0], [0, 2])
    found = protect(table)
    assert found.hidden[-1]
    attacked(table, found)


def test_totals_that_do_not_add_up_are_refused():
    table = flat([10, 20], [30, 40])
    table.counts[-1] += 1
    with pytest.raises(ValueError, match="add up"):
        protect(table)
    with pytest.raises(ValueError, match="negative"):
        protect(Table(np.array([-1, -1]), [(0, [1])], np.ones(2)))


def test_the_proof_sees_what_is_not_protected():
    """The checker is no rubber stamp: a pattern with a hole, or moves that are not there, do not pass."""
    table = flat([3, 20, 30], [25, 40, 50], [60, 70, 80])
    found = protect(table)
    assert proven(table, [], found)
    lone = found.hidden.copy()
    lone[np.flatnonzero(lone)[-1]] = False
    assert not proven(table, [], Protection(lone, found.small, found.moves, found.floor))
    assert not proven(table, [], Protection(found.hidden, found.small, found.moves[:1], found.floor))
    assert not proven(table, [], Protection(found.hidden, found.small, found.moves + 1, found.floor))
    assert not proven(table, [], Protection(np.zeros_like(found.hidden), found.small, found.moves[:0], found.floor))


def test_the_attacks_find_what_only_the_small_count_hides():
    """Against hiding small counts alone all attacks succeed: they are worth something."""
    table = flat([3, 20, 30], [25, 40, 50], [60, 70, 80])
    naive = (table.counts > 0) & (table.counts < 5)
    assert attacks.determined(len(table.counts), table.sums, naive) == {0}
    assert attacks.bounds(table.counts, table.sums, naive, np.ones(16), [0])[0] == pytest.approx((3, 3))
    pair = flat([1, 1, 40], [30, 25, 50])  # a second column hidden beside it, and still told by the floor
    pattern = np.zeros(len(pair.counts), bool)
    pattern[[0, 1, 3, 4]] = True
    assert not attacks.determined(len(pair.counts), pair.sums, pattern)
    assert attacks.bounds(pair.counts, pair.sums, pattern, np.ones(12), [0])[0] == pytest.approx((1, 1))


# --- any table --------------------------------------------------------------------------------------------------------------------------

counts = st.one_of(st.integers(0, 4), st.integers(0, 12), st.integers(5, 300))
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@quick
@given(st.integers(2, 4).flatmap(lambda columns: st.lists(st.lists(counts, min_size=columns, max_size=columns), min_size=2, max_size=4)), st.integers(0, 99))
def test_flat_tables_stand_every_attack(rows, seed):
    table = flat(*rows)
    found = protect(table, seed=seed)
    assert proven(table, [], found)
    attacked(table, found)


@quick
@given(st.lists(st.lists(st.lists(counts, min_size=2, max_size=2), min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_nested_and_linked_tables_stand_every_attack(tree, data):
    table = nested(tree, data.draw(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=1), min_size=len(tree), max_size=len(tree))))
    found = protect(table, seed=1)
    assert proven(table, [], found)
    attacked(table, found)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), min_size=2, max_size=2))
def test_every_whole_table_that_could_be(rows):
    """All of them, written out: a small count is never the same in all; among them it is 5 or more, and as few as if nothing were published."""
    table = flat(*rows)
    found = protect(table)
    possible = attacks.every_table(table.counts, table.sums, found.hidden, found.floor)
    unpublished = attacks.every_table(table.counts, table.sums, np.ones_like(found.hidden), found.floor)
    assert (possible == table.counts).all(1).any()
    for cell in np.flatnonzero((table.counts > 0) & (table.counts < 5)):
        assert possible[:, cell].min() == unpublished[:, cell].min() and possible[:, cell].max() >= 5


@quick
@given(st.lists(st.lists(counts, min_size=3, max_size=3), min_size=3, max_size=3))
def test_no_difference_of_two_shown_numbers_is_small(rows):
    """The county without one town, a town without one category: what two shown numbers differ by is 0, or five and more."""
    table = flat(*rows)
    found = protect(table)
    below = {cell: {cell} for cell in range(len(table.counts))}
    for total, parts in table.sums:
        below[total] = below[total] | set().union(*(below[part] for part in parts))
    shown = np.flatnonzero(~found.hidden)
    for one, other in product(shown, shown):
        if other in below[one]:
            assert not 0 < table.counts[one] - table.counts[other] < 5


def test_the_pattern_is_the_seeds():
    table = flat([3, 20, 30], [25, 21, 50], [60, 70, 24])
    assert (protect(table, seed=7).hidden == protect(table, seed=7).hidden).all()
    assert len({tuple(protect(table, seed=seed).hidden) for seed in range(12)}) > 1


# --- published again --------------------------------------------------------------------------------------------------------------------


def both(first: Table, found: Protection, second: Table, again: Protection) -> tuple[np.ndarray, list, np.ndarray]:
    """Two versions and their difference as the one table that a reader of both holds."""
    n = len(first.counts)
    sums = [*first.sums, *((total + n, [part + n for part in parts]) for total, parts in second.sums)]
    sums += [(n + cell, [cell, 2 * n + cell]) for cell in range(n)]
    hidden = np.concatenate([found.hidden, again.hidden, np.ones(n, bool)])
    return np.concatenate([first.counts, second.counts, second.counts - first.counts]), sums, hidden


@settings(quick, max_examples=6)
@given(st.lists(st.lists(counts, min_size=3, max_size=3), min_size=3, max_size=3), st.lists(st.integers(0, 8), min_size=9, max_size=9), st.data())
def test_a_second_version_tells_nothing_small_of_the_first_nor_of_what_was_added(rows, added, data):
    """A reader who kept the first version, and takes it that reports were only added."""
    later = (np.array(rows) + np.array(added).reshape(3, 3) * np.array(data.draw(st.lists(st.integers(0, 1), min_size=9, max_size=9))).reshape(3, 3)).tolist()
    first, second = flat(*rows), flat(*later)
    found = protect(first, seed=3)
    earlier = [Earlier(first.counts, found.hidden)]
    again = protect(second, earlier, seed=4)
    assert proven(second, earlier, again)
    assert (again.hidden | ~found.hidden).all(), "what was hidden stays hidden"
    joined, sums, hidden = both(first, found, second, again)
    n = len(first.counts)
    small = [int(c) for c in np.flatnonzero((joined > 0) & (joined < 5))]
    assert not attacks.determined(len(joined), sums, hidden) & set(small)
    assert again.floor == 1
    least = np.minimum(joined, 1)
    least[2 * n :] = 0
    alone = attacks.bounds(joined, sums, np.concatenate([found.hidden, np.ones(2 * n, bool)]), least, small)  # with the first version only
    for cell, (low, high) in attacks.bounds(joined, sums, hidden, least, small).items():
        assert low <= alone[cell][0] + 1e-6 and high >= 5 - 1e-6, (cell, int(joined[cell]), low, high)


def test_an_unchanged_neighbour_does_not_tell_what_was_hidden():
    """Version 1 hides 3 and 40 behind their sum. Were the 40 shown once the 3 has become 9, version 1 would be told."""
    first, second = flat([3, 40, 30], [25, 41, 50]), flat([9, 40, 30], [25, 41, 50])
    found = protect(first, seed=1)
    again = protect(second, [Earlier(first.counts, found.hidden)], seed=1)
    assert (again.hidden[found.hidden]).all()
    assert not protect(second, seed=1).hidden.any(), "alone it would hide nothing"


def test_one_report_more_is_not_told():
    """105 where 104 stood is one report: the new number is not shown."""
    first, second = flat([104, 40], [25, 41]), flat([105, 40], [25, 41])
    again = protect(second, [Earlier(first.counts, protect(first).hidden)])
    assert again.hidden[0] and again.hidden[-1]
