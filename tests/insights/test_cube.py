"""The cube against a plain loop over the same facts."""

import datetime as dt
from collections import Counter

import numpy as np
import pytest

from apps.insights.cube import DAY_ZERO, DIMENSIONS, FLAGS, NO_DAY, NONE, NOWHERE, ROW, Cube, day_number
from apps.territory.lattice import Lattice

TODAY = dt.date(2026, 3, 10)
LATTICE = Lattice(120.0, 28.0)


def facts(n: int, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = np.zeros(n, ROW)
    rows["id"] = np.sort(random.choice(10 * n, n, replace=False)) + 1
    rows["ref"] = random.integers(1, 1 << 30, n)
    rows["day"] = day_number(TODAY) - random.integers(0, 400, n)
    rows["due"] = np.where(random.random(n) < 0.5, rows["day"] + 20, NO_DAY)
    rows["hour"] = random.integers(-1, 24, n)
    flags = {
        name: random.integers(0, {"state": 3, "met": 3, "elder": 3, "satisfied": 4}.get(name, 2), n) for name in FLAGS
    }
    rows["flags"] = sum(values << FLAGS[name][0] for name, values in flags.items())
    rows["col"], rows["row"] = random.integers(-60, 60, (2, n))
    rows["col"][::7] = rows["row"][::7] = NOWHERE
    for name in DIMENSIONS:
        rows[name] = random.choice([NONE, 5, 17, 1 << 40, 903], n)
    return rows


@pytest.fixture(scope="module")
def rows():
    return facts(3000)


@pytest.fixture(scope="module")
def cube(rows):
    return Cube.of(rows[start : start + 700] for start in range(0, len(rows), 700))


def flag(row, name: str) -> int:
    bit, bits = FLAGS[name]
    return (int(row["flags"]) >> bit) & ((1 << bits) - 1)


def day(row) -> dt.date:
    return DAY_ZERO + dt.timedelta(days=int(row["day"]))


NARROWINGS = [
    ({}, lambda row: True),
    ({"first": dt.date(2026, 1, 1), "last": dt.date(2026, 2, 28)}, lambda row: dt.date(2026, 1, 1) <= day(row) <= dt.date(2026, 2, 28)),
    ({"towns": [5, 903, 12345]}, lambda row: row["town"] in (5, 903)),
    ({"villages": []}, lambda row: False),
    ({"categories": [1 << 40], "sources": [5, 17]}, lambda row: row["category"] == 1 << 40 and row["source"] in (5, 17)),
    ({"grids": [17], "organisations": [17, 5]}, lambda row: row["grid"] == 17 and row["organisation"] in (17, 5)),
    ({"kinds": [1], "states": [0, 2]}, lambda row: flag(row, "kind") == 1 and flag(row, "state") in (0, 2)),
    ({"satisfied": [3]}, lambda row: flag(row, "satisfied") == 3),
    ({"late_on": TODAY}, lambda row: flag(row, "state") == 0 and row["due"] < day_number(TODAY)),
    ({"hours": [0, 23]}, lambda row: row["hour"] in (0, 23)),
    ({"weekdays": [0, 6]}, lambda row: day(row).weekday() in (0, 6)),
    ({"box": (-10, -5, 12, 30)}, lambda row: row["col"] != NOWHERE and -10 <= row["col"] < 12 and -5 <= row["row"] < 30),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NARROWINGS)))
def test_where_is_what_a_loop_finds(rows, cube, number):
    narrowed, meets = NARROWINGS[number]
    expected = [bool(meets(row)) and flag(row, "counted") == 1 for row in rows]
    assert cube.where(**narrowed).tolist() == expected


def test_what_does_not_count_is_there_when_asked_for(rows, cube):
    assert cube.where(counted=None).sum() == len(rows)
    assert len(rows) > cube.where().sum() > 0 and (cube.where(counted=False) == ~cube.where()).all()


def test_counts_and_crossings(rows, cube):
    mask = cube.where(weekdays=[1, 2, 3])
    chosen = rows[mask]
    keys, many = cube.counts(mask, "village")
    assert dict(zip(keys.tolist(), many.tolist(), strict=True)) == Counter(chosen["village"].tolist())
    assert keys.tolist() == sorted(keys.tolist()) and keys[0] == NONE
    towns, categories, table = cube.cross(mask, "town", "category")
    pairs = Counter(zip(chosen["town"].tolist(), chosen["category"].tolist(), strict=True))
    assert all(
        table[i, j] == pairs[town, category]
        for i, town in enumerate(towns.tolist())
        for j, category in enumerate(categories.tolist())
    )
    assert table.sum() == mask.sum()


@pytest.mark.parametrize("blocks", [1, 5])
def test_cells_grid_and_frames(rows, cube, blocks):
    mask = cube.where()
    chosen = rows[mask & (rows["col"] != NOWHERE)]
    expected = Counter((int(row["col"]) // blocks, int(row["row"]) // blocks) for row in chosen)
    col, row, many = cube.cells(mask, blocks)
    assert dict(zip(zip(col.tolist(), row.tolist(), strict=True), many.tolist(), strict=True)) == expected
    west, south, east, north = -4, -3, 5, 9
    grid = cube.grid(mask, blocks, (west, south, east, north))
    assert grid.shape == (12, 9)
    assert all(grid[y, x] == expected[west + x, south + y] for y in range(12) for x in range(9))
    starts = [dt.date(2026, 1, 1), dt.date(2026, 2, 1), dt.date(2026, 3, 1)]
    framed = Counter(
        (sum(day(row) >= start for start in starts) - 1, int(row["col"]) // blocks, int(row["row"]) // blocks)
        for row in chosen
        if day(row) >= starts[0]
    )
    found = [each.tolist() for each in cube.frames(mask, blocks, starts)]
    assert dict(zip(zip(*found[:3], strict=True), found[3], strict=True)) == framed
    assert found[0] == sorted(found[0])


def test_bounds_are_those_of_the_cells(rows, cube):
    col, row, _ = cube.cells(cube.where(towns=[5]))
    assert cube.bounds(cube.where(towns=[5])) == (col.min(), row.min(), col.max() + 1, row.max() + 1)
    assert cube.bounds(cube.where(towns=[])) is None


def test_cells_far_apart_are_counted_as_well(rows):
    """A rectangle too large for one array."""
    spread = rows[:40].copy()
    spread["flags"] |= 1 << FLAGS["counted"][0]
    spread["col"], spread["row"] = np.arange(40) * 1500 - 30000, np.arange(40) % 2 * 60000 - 30000
    cube = Cube.of([np.concatenate([spread])])
    col, row, many = cube.cells(cube.where())
    assert sorted(zip(col.tolist(), row.tolist(), strict=True)) == sorted(
        zip(spread["col"].tolist(), spread["row"].tolist(), strict=True)
    )
    assert (many == 1).all()


def test_hexagons_days_clock_and_flags(rows, cube):
    mask = cube.where(kinds=[0])
    chosen = rows[mask]
    located = chosen[chosen["col"] != NOWHERE]
    q, r = LATTICE.hexes(located["col"], located["row"], 500)
    found = cube.hexes(mask, LATTICE, 500)
    assert dict(
        zip(zip(*(each.tolist() for each in found[:2]), strict=True), found[2].tolist(), strict=True)
    ) == Counter(zip(q.tolist(), r.tolist(), strict=True))
    days = cube.days(mask, dt.date(2026, 3, 1), TODAY)
    assert days.tolist() == [sum(day(row) == dt.date(2026, 3, n) for row in chosen) for n in range(1, 11)]
    clock = cube.clock(mask)
    assert clock[2, 14] == sum(day(row).weekday() == 2 and row["hour"] == 14 for row in chosen)
    assert clock.sum() == (chosen["hour"] >= 0).sum()
    assert cube.flag(mask, "satisfied").tolist() == [
        sum(flag(row, "satisfied") == value for row in chosen) for value in range(4)
    ]
    assert [each.tolist() for each in cube.refs(mask)] == [[0] * len(chosen), chosen["ref"].tolist()]


def test_steps_of_each_place(rows, cube):
    mask, first, last = cube.where(), dt.date(2026, 1, 1), dt.date(2026, 2, 3)
    chosen = rows[mask]  # 34 days: six, and four whole weeks
    expected = Counter((int(row["village"]), (day(row) - first).days - 6) for row in chosen)
    keys = [
        key
        for key in (NONE, *cube.keys["village"].values.tolist())
        if any(0 <= since < 28 for place, since in expected if place == key)
    ]
    table = cube.steps(mask, "village", first, last, 7)
    assert table.tolist() == [[sum(expected[key, 7 * step + n] for n in range(7)) for step in range(4)] for key in keys]
    assert cube.steps(cube.where(towns=[]), "village", first, last, 7).shape == (0, 4)


def test_figures_add_up(rows, cube):
    mask = cube.where()
    found = cube.figures(mask, TODAY)
    chosen = rows[mask]
    assert found.total == len(chosen)
    assert found.late_open == sum(flag(row, "state") == 0 and row["due"] < day_number(TODAY) for row in chosen)
    assert found.due == found.in_time + found.met_late + found.late_open
    assert (found.in_time, found.met_late) == tuple(
        sum(flag(row, "met") == value for row in chosen) for value in (1, 2)
    )
    assert found.rated == sum(flag(row, "satisfied") > 0 for row in chosen)
    assert (found.elder, found.elder_known) == (
        sum(flag(row, "elder") == 2 for row in chosen),
        sum(flag(row, "elder") > 0 for row in chosen),
    )
    assert found.located == cube.located(mask) == sum(row["col"] != NOWHERE for row in chosen)


def test_renewed_is_what_reading_all_again_would_be(rows, cube):
    changed, new = rows[100:140].copy(), facts(60, seed=9)
    new = new[~np.isin(new["id"], rows["id"])]  # some between those known, some after
    changed["town"], changed["col"], new["village"] = 7777, 3, 8888
    renewed = cube.renewed(np.concatenate([new, changed])[::-1])
    together = np.concatenate([np.delete(rows, range(100, 140)), changed, new])
    fresh = Cube.of([together[np.argsort(together["id"])]])
    assert len(renewed) == len(fresh)
    mask = renewed.where()
    assert mask.tolist() == fresh.where().tolist()
    for name in DIMENSIONS:
        assert [each.tolist() for each in renewed.counts(mask, name)] == [
            each.tolist() for each in fresh.counts(mask, name)
        ]
    assert [each.tolist() for each in renewed.cells(mask)] == [each.tolist() for each in fresh.cells(mask)]
    assert cube.where(towns=[7777]).sum() == 0  # the one before is as it was
    assert cube.renewed(rows[:0]) is cube


def test_nothing_at_all():
    cube = Cube.of([])
    mask = cube.where(dt.date(2026, 1, 1), TODAY, towns=[1], box=(0, 0, 9, 9))
    assert len(cube) == 0 and cube.figures(mask, TODAY).total == 0
    assert cube.clock(mask).shape == (7, 24) and cube.days(mask, TODAY, TODAY).tolist() == [0]
    assert all(
        len(each) == 0
        for each in (
            *cube.cells(mask),
            *cube.counts(mask, "town"),
            *cube.frames(mask, 1, [TODAY]),
            *cube.hexes(mask, LATTICE, 500),
        )
    )


def test_a_fact_is_narrow(cube):
    assert cube.nbytes / len(cube) == 31
