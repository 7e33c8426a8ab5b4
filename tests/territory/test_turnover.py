"""The turnover laboratory against brute force: every count again with shapely alone, every pairing against all pairings."""

from itertools import pairwise, permutations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.territory.turnover import Crossing, DistrictSet, continuation, lawful_seats, per_seat

WEST, SOUTH, STEP = 120.0, 28.0, 0.01


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(WEST + west * STEP, SOUTH + south * STEP, WEST + east * STEP, SOUTH + north * STEP)


def districts(*polygons, seats=None, population=None, employers=None, numbers=None) -> DistrictSet:
    count = len(polygons)
    return DistrictSet(
        polygons, np.array(numbers or range(1, count + 1), np.int32), np.array(seats or [1] * count, np.int32),
        np.array(population or [np.nan] * count, float), employers or [frozenset()] * count,
    )  # fmt: skip


def crossed(old: DistrictSet, new: DistrictSet, places, within=None, block: int = 3):
    """All places (x, y in steps; key = position; village = column) through a crossing, in blocks."""
    crossing = Crossing(old, new, within)
    for start in range(0, len(places), block):
        part = places[start : start + block]
        keys = range(start, start + len(part))
        crossing.add(list(keys), [WEST + x * STEP for x, _ in part], [SOUTH + y * STEP for _, y in part], [int(x) for x, _ in part])
    return crossing.result()


def test_a_border_that_moves_by_hand():
    """Two districts side by side; the border moves from x = 2 to x = 3. The place between changes, the others stay with their heirs."""
    old = districts(box(0, 0, 2, 2), box(2, 0, 4, 2))
    new = districts(box(0, 0, 3, 2), box(3, 0, 4, 2))
    result = crossed(old, new, [(0.5, 1), (1.5, 1), (2.5, 1), (3.5, 0.5), (3.5, 1.5)])
    assert result.heir.tolist() == [0, 1] and result.origin.tolist() == [0, 1]
    assert result.keys[result.changed].tolist() == [2]
    assert result.matrix.tolist() == [[2, 0, 0], [1, 2, 0], [0, 0, 0]]
    assert result.doors.tolist() == [3, 2] and result.outside == 0


def test_new_numbers_alone_move_nobody():
    old = districts(box(0, 0, 2, 2), box(2, 0, 4, 2), numbers=[1, 2])
    new = districts(box(2, 0, 4, 2), box(0, 0, 2, 2), numbers=[1, 2])
    result = crossed(old, new, [(1, 1), (3, 1)])
    assert result.heir.tolist() == [1, 0] and not result.changed.any()


def test_into_none_out_of_none_and_outside():
    old = districts(box(0, 0, 1, 1), None)
    new = districts(box(0, 0, 1, 0.5), None)
    result = crossed(old, new, [(0.5, 0.2), (0.5, 0.8), (1.5, 0.5), (5, 5)], within=box(0, 0, 2, 1))
    assert result.old.tolist() == [0, 0, -1] and result.new.tolist() == [0, -1, -1]
    assert result.changed.tolist() == [False, True, False]
    assert result.uncovered.tolist() == [1, 2] and result.outside == 1


def test_in_two_new_districts():
    new = districts(box(0, 0, 2, 1), box(1.5, 0, 3, 1))
    result = crossed(new, new, [(1, 0.5), (1.7, 0.5), (2.5, 0.5)])
    assert result.doubled.tolist() == [1]
    touching = districts(box(0, 0, 2, 1), box(2, 0, 3, 1))
    assert crossed(touching, touching, [(2, 0.5)]).doubled.tolist() == [], "a shared border is no overlap"


def test_villages_that_are_cut():
    new = districts(box(0, 0, 1.5, 2), box(1.5, 0, 4, 2))
    result = crossed(new, new, [(0.5, 1), (1.2, 1), (1.4, 1), (1.8, 1), (2.5, 1)])
    assert result.split_villages() == {1: {0: 2, 1: 1}}


def test_people_by_doorplates_where_nobody_counted_them():
    """Village 1 has 300 people and three doorplates, two of them in the first district; village 2 has no people on record."""
    new = districts(box(0, 0, 1.5, 2), box(1.5, 0, 4, 2), box(4, 0, 5, 2))
    result = crossed(new, new, [(1.1, 1), (1.2, 1), (1.8, 1), (2.5, 1)])
    estimated = result.estimated({1: 300})
    assert estimated[:2].tolist() == [200, 100] and np.isnan(estimated[2])


def test_employers_tell_which_workplace_district_goes_on():
    old = districts(None, None, employers=[frozenset({1, 2}), frozenset({3})], numbers=[8, 9])
    new = districts(None, None, None, employers=[frozenset({3, 4}), frozenset({5}), frozenset({1, 2})], numbers=[8, 9, 10])
    assert continuation(old, new, np.zeros((2, 3), np.int64)).tolist() == [2, 0]


def test_nothing_before_and_nothing_after():
    some = districts(box(0, 0, 1, 1))
    none = districts()
    assert crossed(none, some, [(0.5, 0.5)]).changed.tolist() == [True]
    assert crossed(some, none, [(0.5, 0.5)]).uncovered.tolist() == [0]
    assert crossed(some, some, []).matrix.sum() == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_pairing_is_the_best_of_all(rows: int, columns: int, seed: int):
    rng = np.random.default_rng(seed)
    shared = rng.integers(0, 4, (rows, columns))
    old, new = districts(*[None] * rows, numbers=rng.permutation(rows).tolist()), districts(*[None] * columns, numbers=rng.permutation(columns).tolist())
    heir = continuation(old, new, shared)

    def worth(pairs) -> tuple[int, int]:
        return sum(int(shared[i, j]) for i, j in pairs), sum(shared[i, j] > 0 and old.numbers[i] == new.numbers[j] for i, j in pairs)

    few, many = min(rows, columns), max(rows, columns)
    every = [list(enumerate(p)) if rows <= columns else [(i, j) for j, i in enumerate(p)] for p in permutations(range(many), few)]
    assert worth([(i, int(j)) for i, j in enumerate(heir) if j >= 0]) == max(worth(pairs) for pairs in every)
    assert len({j for j in heir.tolist() if j >= 0}) == (heir >= 0).sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_counts_against_shapely_alone(seed: int):
    """Random strips of a square, some missing: every place decided again by shapely.covers, on edges too."""
    rng = np.random.default_rng(seed)

    def strips() -> DistrictSet:
        edges = np.unique(np.concatenate(([0, 12], rng.integers(1, 12, 4))))
        cut = [box(a, 0, b, 6) if rng.random() < 0.85 else None for a, b in pairwise(edges)]
        return districts(*cut)

    old, new = strips(), strips()
    places = [(float(x), float(y)) for x, y in np.column_stack((rng.integers(0, 49, 60) / 4, rng.integers(0, 25, 60) / 4))]
    result = crossed(old, new, places, block=17)

    def lies(where: DistrictSet, x: float, y: float) -> int:
        point = shapely.Point(WEST + x * STEP, SOUTH + y * STEP)
        return next((i for i, polygon in enumerate(where.polygons) if polygon is not None and shapely.covers(polygon, point)), -1)

    pairs = [(lies(old, *place), lies(new, *place)) for place in places]
    assert list(zip(result.old.tolist(), result.new.tolist(), strict=True)) == pairs
    expected = np.zeros((len(old) + 1, len(new) + 1), int)
    for a, b in pairs:
        expected[a, b] += 1
    assert (result.matrix == expected).all()
    assert result.changed.tolist() == [b != (result.heir[a] if a >= 0 else -1) for a, b in pairs]


def test_faults_name_the_new_districts():
    """A district by workplace stands between the two that overlap: positions are those of the whole set."""
    new = districts(box(0, 0, 2, 1), None, box(1, 0, 3, 1), box(3.5, 0, 4, 1))
    found = Crossing(districts(), new, box(0, 0, 4, 1)).faults
    assert [(fault.kind, fault.positions) for fault in found] == [("overlap", (0, 2)), ("gap", (2, 3))]
    assert found[0].square_metres == pytest.approx(983.6 * 1108.2, rel=5e-3)


def test_people_behind_a_seat():
    mean, deviation = per_seat(np.array([3000.0, 8000.0, np.nan]), np.array([1, 2, 3]))
    assert mean == pytest.approx(11_000 / 3)
    assert deviation[:2].tolist() == pytest.approx([3000 / mean - 1, 4000 / mean - 1]) and np.isnan(deviation[2])
    assert np.isnan(per_seat(np.array([np.nan]), np.array([1]))[0])


@pytest.mark.parametrize(("level", "people", "seats"), [
    ("county", 843_959, 308), ("county", 671_326, 274), ("county", 792_101, 298), ("county", 49_999, 140), ("county", 1_550_000, 450),
    ("county", 2_000_000, 450), ("township", 1_999, 45), ("township", 2_000, 46), ("township", 30_000, 65), ("township", 500_000, 160),
])  # fmt: skip
def test_seats_by_law(level: str, people: int, seats: int):
    assert lawful_seats(level, people) == seats
