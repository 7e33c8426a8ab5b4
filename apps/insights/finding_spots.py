"""Where hot spots are: complaints by cell, category and step of 30 days, judged against the residents, and gathered into places.

Judged are all categories together and each of the first level. The share of false discoveries is held over all cells and categories of a step
at once: of the places found today one in twenty may be chance, however many maps there are.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from numpy.typing import NDArray

from apps.cases.taxonomy import Category
from apps.insights.excess import excess
from apps.insights.facts import Fact
from apps.insights.ground import BLOCKS, Ground, county_ground
from apps.insights.rates import false_discoveries
from apps.insights.spells import Spell, places, spell, states
from apps.territory.lattice import Lattice

DAYS, STEPS = 30, 12
RADIUS = 1.5  # cells: the square of three by three, 1.5 km
CALLED = 0.05  # share of false discoveries
LEAST = 3  # reports: fewer are never called a hot spot
ALIVE = ("new", "growing", "persistent", "returning", "fading")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Key = int | None  # of a category of the first level; None: all
Cell = tuple[int, int]  # column, row


@dataclass(frozen=True, eq=False)
class Place:
    """A hot spot as it was found. cells: the strongest first; steps as `HotSpot.steps`; towns: keys, most reports first."""

    category: Key
    spell: Spell
    cells: list[Cell]
    centre: Cell
    steps: list[dict]
    count: int
    expected: float
    z: float
    q: float
    towns: list[int]
    villages: list[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Found:
    """All of a run. cells: by category, as `HotSpotRun.cells` has them."""

    ground: Ground
    day: dt.date
    counted: int
    populated: int
    cells: dict[Key, list[list]] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Judged:
    """One category: int (steps, rows, columns) own counts and expected ones, z, q; which cells are hot, and cold in the last step."""

    counts: Ints
    expected: Floats
    discs: Floats
    disc_expected: Floats
    z: Floats
    q: Floats

    @property
    def hot(self) -> NDArray[np.bool_]:
        return (self.q <= CALLED) & (self.discs > self.disc_expected) & (self.discs >= LEAST)

    @property
    def cold(self) -> NDArray[np.bool_]:
        return (self.q[-1] <= CALLED) & (self.discs[-1] < self.disc_expected[-1])


def first_day(day: dt.date, step: int = 0) -> dt.date:
    """The first day of a step; step 0 is the oldest."""
    return day - dt.timedelta(days=DAYS * (STEPS - step) - 1)


def find(day: dt.date, tell: Callable[[int, str], None] = lambda percent, note: None) -> Found | None:
    """All hot spots as of the end of a day. tell(percent, words). None where nobody is known to live anywhere."""
    tell(0, "算每个方格住多少人")
    ground = county_ground()
    if ground is None:
        return None
    tell(10, "数各期的反映")
    counts = _counts(ground, day)
    judged = _judged(counts, ground, lambda done: tell(20 + int(50 * done), "检验各期各类"))
    found = Found(ground, day, int(counts[None].sum()), int((ground.residents > 0).sum()))
    tell(75, "归成地点")
    lately = _lately(ground, day)
    for key, one in judged.items():
        found.cells[key] = _cells(one, ground)
        found.places.extend(_places(key, one, ground, day, lately))
    return found


def _counts(ground: Ground, day: dt.date) -> dict[Key, Ints]:
    """int64 (steps, rows, columns) by category of the first level, and of all of them; where nobody lives nothing is counted."""
    tops = _tops()
    table = connection.ops.quote_name(Fact._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT floor(col / %s::float)::int, floor("row" / %s::float)::int, (day - %s::date) / %s, category, count(*)
            FROM {table} WHERE counted AND col IS NOT NULL AND day BETWEEN %s AND %s GROUP BY 1, 2, 3, 4""",
            [BLOCKS, BLOCKS, first_day(day), DAYS, first_day(day), day],
        )
        rows = np.array([(*row[:3], tops.get(row[3]) or 0, row[4]) for row in cursor.fetchall()], np.int64).reshape(-1, 5)
    down, across, inside = ground.at(rows[:, 0], rows[:, 1])
    step, category, many = (rows[inside, column] for column in (2, 3, 4))
    down, across = down[inside], across[inside]
    found: dict[Key, Ints] = {}
    for key in (None, *sorted(set(tops.values()))):
        some = slice(None) if key is None else category == key
        found[key] = np.zeros((STEPS, *ground.residents.shape), np.int64)
        np.add.at(found[key], (step[some], down[some], across[some]), many[some])
        found[key] *= ground.residents > 0
    return found


def _tops() -> dict[int, int]:
    """Category -> the one of the first level above it, or itself."""
    rows = Category.objects.values_list("pk", "level", "parent", "parent__parent")
    return {pk: pk if level == 1 else parent if level == 2 else grand for pk, level, parent, grand in rows}


def _judged(counts: dict[Key, Ints], ground: Ground, tell: Callable[[float], None]) -> dict[Key, Judged]:
    """Gi* of every category and step; q over all categories of a step."""
    keys = [key for key, own in counts.items() if own.any()]
    shape = (len(keys), STEPS, *ground.residents.shape)
    discs, expected, z, both = (np.full(shape, np.nan) for _ in range(4))
    for which, key in enumerate(keys):
        for step in range(STEPS):
            one = excess(counts[key][step], ground.residents, RADIUS)
            discs[which, step], expected[which, step], z[which, step], both[which, step] = one.observed, one.expected, one.z, one.both
        tell((which + 1) / len(keys))
    q = np.stack([false_discoveries(both[:, step]) for step in range(STEPS)], axis=1) if keys else both
    share = ground.residents / ground.residents.sum()
    return {
        key: Judged(counts[key], counts[key].sum(axis=(1, 2))[:, None, None] * share, discs[which], expected[which], z[which], q[which])
        for which, key in enumerate(keys)
    }


def _cells(one: Judged, ground: Ground) -> list[list]:
    """[column, row, state, count, expected, z, q] of every cell that chance does not explain; of its own disc, in its last hot step."""
    flat = (STEPS, -1)
    state = states(one.hot.reshape(flat), _strength(one).reshape(flat), one.cold.ravel()).reshape(ground.residents.shape)
    rows = []
    for down, across in zip(*np.nonzero(state), strict=True):
        hot = np.flatnonzero(one.hot[:, down, across])
        at = (STEPS - 1 if state[down, across] == "cold" else int(hot[-1]), down, across)
        rows.append([
            int(across) + ground.west, int(down) + ground.south, str(state[down, across]), int(one.discs[at]), round(float(one.disc_expected[at]), 1),
            round(float(one.z[at]), 2), float(f"{one.q[at]:.2g}"),
        ])  # fmt: skip
    return rows


def _strength(one: Judged) -> Floats:
    """How many times as much as expected: what a trend is read from, since it does not grow with the county's own number."""
    return np.divide(one.discs, one.disc_expected, out=np.zeros_like(one.discs), where=one.disc_expected > 0)


def _places(key: Key, one: Judged, ground: Ground, day: dt.date, lately: "Lately") -> list[Place]:
    hot = one.hot
    recent = hot[-1] | hot[-2]
    strongest = np.where(hot[-1], one.z[-1], one.z[-2])
    found = []
    wide = ground.residents.shape[1]
    for place in places(recent, np.where(recent, strongest, -np.inf)):
        down, across = place.T
        own, expected = one.counts[:, down, across].sum(axis=1), one.expected[:, down, across].sum(axis=1)
        was_hot = hot[:, down, across].any(axis=1)
        told = spell(was_hot, np.divide(own, expected, out=np.zeros(STEPS), where=expected > 0))
        if told is None:
            continue
        peak = (told.last, *place[0])
        busiest = place[int(one.counts[-2:, down, across].sum(axis=0).argmax())]
        cells = [(int(c) + ground.west, int(r) + ground.south) for r, c in place]
        found.append(
            Place(
                key, told, cells, (int(busiest[1]) + ground.west, int(busiest[0]) + ground.south), _steps(own, expected, was_hot, day),
                int(own[told.last]), float(expected[told.last]), float(one.z[peak]), float(one.q[peak]), *lately.areas(key, down * wide + across),
            )
        )  # fmt: skip
    return found


def _steps(own: Ints, expected: Floats, hot: NDArray[np.bool_], day: dt.date) -> list[dict]:
    return [
        {
            "since": first_day(day, step).isoformat(), "until": (first_day(day, step + 1) - dt.timedelta(days=1)).isoformat(),
            "count": int(own[step]), "expected": round(float(expected[step]), 1), "hot": bool(hot[step]),
        }
        for step in range(STEPS)
    ]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lately:
    """Reports of the last two steps, where people live: int64 arrays; `cell` is the place in the grid's rows one after the other."""

    cell: Ints
    category: Ints
    town: Ints
    village: Ints

    def areas(self, key: Key, cells: Ints) -> tuple[list[int], list[tuple[int, int]]]:
        """Towns, and (village, reports), most reports first, of a category in some cells."""
        some = np.isin(self.cell, cells)
        if key is not None:
            some &= self.category == key
        return [town for town, _ in _ranked(self.town[some])], _ranked(self.village[some])


def _ranked(keys: Ints) -> list[tuple[int, int]]:
    found, many = np.unique(keys[keys > 0], return_counts=True)
    order = np.lexsort((found, -many))
    return list(zip(found[order].tolist(), many[order].tolist(), strict=True))


def _lately(ground: Ground, day: dt.date) -> Lately:
    tops = _tops()
    facts = Fact.objects.counted().filter(col__isnull=False, day__gte=first_day(day, STEPS - 2), day__lte=day)
    rows = np.array([(c, r, tops.get(k) or 0, t or 0, v or 0) for c, r, k, t, v in facts.values_list("col", "row", "category", "town", "village")], np.int64).reshape(-1, 5)
    down, across, inside = ground.at(rows[:, 0] // BLOCKS, rows[:, 1] // BLOCKS)
    return Lately((down * ground.residents.shape[1] + across)[inside], *(rows[inside, column] for column in (2, 3, 4)))


def shape_of(ground: Ground, cells: list[Cell]) -> MultiPolygon:
    """The squares of these cells, joined; lon/lat degrees."""
    rings = ground.lattice.outline([col for col, _ in cells], [row for _, row in cells])
    joined = MultiPolygon([Polygon(ring.tolist()) for ring in rings], srid=4326).unary_union
    joined.srid = 4326
    return joined if isinstance(joined, MultiPolygon) else MultiPolygon(joined, srid=4326)


def centre_of(lattice: Lattice, cell: Cell) -> Point:
    lon, lat = lattice.centres(*cell)
    return Point(float(lon), float(lat), srid=4326)
