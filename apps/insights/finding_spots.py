"""Where hot spots are: matters by cell, category and step, judged against the residents, and gathered into places.

Judged are all categories together and each of the first level. The share of false discoveries is held over all cells and categories of a step
at once: of the places found today one in twenty may be chance, however many maps there are.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from apps.insights.excess import excess
from apps.insights.ground import Ground, county_ground
from apps.insights.rates import false_discoveries
from apps.insights.spells import STEPS, WIDEST, Spell, places, spell, states, steps_wide
from apps.insights.spot_counts import Key, Lately, first_day, matters
from apps.territory.lattice import Lattice

RADIUS = 1.5  # cells: the square of three by three, 1.5 km
CALLED = 0.05  # share of false discoveries
LEAST = 3  # matters: fewer are never called a hot spot
_EIGHT = np.ones((3, 3), bool)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Cell = tuple[int, int]  # column, row


@dataclass(frozen=True, eq=False)
class Place:
    """A hot spot as it was found. cells: the strongest first; since: the first day of the look in which its spell began; steps as
    `HotSpot.steps`; count, expected: of its last hot look; towns: keys, most reports first; villages: (key, reports)."""

    category: Key
    spell: Spell
    since: dt.date
    last_hot: dt.date
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
    """All of a run. counted: matters of the twelve steps; cells: by category, as `HotSpotRun.cells` has them."""

    ground: Ground
    day: dt.date
    counted: int
    populated: int
    cells: dict[Key, list[list]] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Judged:
    """One category, arrays (steps, rows, columns). own, own_expected: of a cell in a step; seen, seen_expected: of a cell in a look, that is the
    step and those it is looked at with; discs …: of the disc around it in a look."""

    own: Ints
    own_expected: Floats
    seen: Ints
    seen_expected: Floats
    discs: Floats
    disc_expected: Floats
    z: Floats
    q: Floats

    @property
    def hot(self) -> Bools:
        return (self.q <= CALLED) & (self.discs > self.disc_expected) & (self.discs >= LEAST)

    @property
    def cold(self) -> Bools:
        """In the last look."""
        return (self.q[-1] <= CALLED) & (self.discs[-1] < self.disc_expected[-1])


def find(day: dt.date, tell: Callable[[int, str], None] = lambda percent, note: None) -> Found | None:
    """All hot spots as of the end of a day. tell(percent, words). None where nobody is known to live anywhere."""
    tell(0, "算每个方格住多少人")
    ground = county_ground()
    if ground is None:
        return None
    tell(10, "数各期的反映")
    counts = matters(ground, day)
    counted = int(counts[None][WIDEST - 1 :].sum())
    wide = steps_wide(counted)
    judged = _judged(counts, ground, wide, lambda done: tell(20 + int(50 * done), "检验各期各类"))
    found = Found(ground, day, counted, int((ground.residents > 0).sum()))
    tell(75, "归成地点")
    lately = Lately.read(ground, day, wide)
    for key, one in judged.items():
        found.cells[key] = _cells(one, ground)
        found.places.extend(_places(key, one, found, wide, lately))
    return found


def _judged(counts: dict[Key, Ints], ground: Ground, wide: int, tell: Callable[[float], None]) -> dict[Key, Judged]:
    """Gi* of every category and look; q over all categories of a look."""
    keys = [key for key, own in counts.items() if own.any()]
    shape = (len(keys), STEPS, *ground.residents.shape)
    discs, expected, z, both = (np.full(shape, np.nan) for _ in range(4))
    seen = {key: _looks(counts[key], wide) for key in keys}
    for which, key in enumerate(keys):
        for step in range(STEPS):
            one = excess(seen[key][step], ground.residents, RADIUS)
            discs[which, step], expected[which, step], z[which, step], both[which, step] = one.observed, one.expected, one.z, one.both
        tell((which + 1) / len(keys))
    q = np.stack([false_discoveries(both[:, step]) for step in range(STEPS)], axis=1) if keys else both
    share = ground.residents / ground.residents.sum()
    own = {key: counts[key][WIDEST - 1 :] for key in keys}
    return {
        key: Judged(own[key], _spread(own[key], share), seen[key], _spread(seen[key], share), discs[which], expected[which], z[which], q[which])
        for which, key in enumerate(keys)
    }


def _looks(counts: Ints, wide: int) -> Ints:
    """Of each step and the ones before it that are looked at together."""
    looks: Ints = sum(counts[WIDEST - 1 - back : len(counts) - back] for back in range(wide))
    return looks


def _spread(counts: Ints, share: Floats) -> Floats:
    """What each cell would have if all were told alike."""
    return counts.sum(axis=(1, 2))[:, None, None] * share


def _ratio(counts: NDArray, expected: Floats) -> Floats:
    """How many times as much as expected: what a trend is read from, since it does not grow with the county's own number."""
    return np.divide(counts, expected, out=np.zeros(expected.shape), where=expected > 0)


def _cells(one: Judged, ground: Ground) -> list[list]:
    """[column, row, state, count, expected, z, q] of every cell that chance does not explain; of its disc, in its last hot look."""
    flat = (STEPS, -1)
    state = states(one.hot.reshape(flat), _ratio(one.own, one.own_expected).reshape(flat), one.cold.ravel()).reshape(ground.residents.shape)
    rows = []
    for down, across in zip(*np.nonzero(state), strict=True):
        hot = np.flatnonzero(one.hot[:, down, across])
        at = (STEPS - 1 if state[down, across] == "cold" else int(hot[-1]), down, across)
        rows.append([
            int(across) + ground.west, int(down) + ground.south, str(state[down, across]), int(one.discs[at]), round(float(one.disc_expected[at]), 1),
            round(float(one.z[at]), 2), float(f"{one.q[at]:.2g}"),
        ])  # fmt: skip
    return rows


def _places(key: Key, one: Judged, found: Found, wide: int, lately: Lately) -> list[Place]:
    """What is hot now or was until a step ago, as places. The cells beside a hot one that made it so, having more than expected, belong to the place."""
    hot = one.hot
    recent = hot[-1] | hot[-2]
    strongest = np.where(hot[-1], one.z[-1], one.z[-2])
    more = (one.seen[-2:] > one.seen_expected[-2:]).any(axis=0)
    told, free = [], ~recent
    for cells in places(recent, np.where(recent, strongest, -np.inf)):
        beside = np.zeros(recent.shape, bool)
        beside[tuple(cells.T)] = True
        beside = binary_dilation(beside, _EIGHT) & free & more
        free &= ~beside
        place = _place(key, one, np.vstack([cells, np.argwhere(beside)]), found, wide, lately, hot)
        if place.count >= LEAST:
            told.append(place)
    return told


def _place(key: Key, one: Judged, cells: Ints, found: Found, wide: int, lately: Lately, hot: Bools) -> Place:
    down, across = cells.T
    ground, day = found.ground, found.day
    own, expected = one.own[:, down, across].sum(axis=1), one.own_expected[:, down, across].sum(axis=1)
    was_hot = hot[:, down, across].any(axis=1)
    told = spell(was_hot, _ratio(own, expected))
    assert told is not None  # some cell of it was hot in one of the last two
    called = cells[hot[told.last, down, across]]
    peak = (told.last, *called[one.z[told.last, called[:, 0], called[:, 1]].argmax()])
    at = [(int(c) + ground.west, int(r) + ground.south) for r, c in cells]
    busiest = at[int(one.seen[told.last, down, across].argmax())]
    return Place(
        key, told, first_day(day, told.since - wide + 1), first_day(day, told.last + 1) - dt.timedelta(days=1), at, busiest, _steps(own, expected, was_hot, day),
        int(one.seen[told.last, down, across].sum()), float(one.seen_expected[told.last, down, across].sum()), float(one.z[peak]), float(one.q[peak]),
        *lately.areas(key, down * ground.residents.shape[1] + across),
    )  # fmt: skip


def _steps(own: Ints, expected: Floats, hot: Bools, day: dt.date) -> list[dict]:
    return [
        {
            "since": first_day(day, step).isoformat(), "until": (first_day(day, step + 1) - dt.timedelta(days=1)).isoformat(),
            "count": int(own[step]), "expected": round(float(expected[step]), 1), "hot": bool(hot[step]),
        }
        for step in range(STEPS)
    ]  # fmt: skip


def shape_of(ground: Ground, cells: list[Cell]) -> MultiPolygon:
    """The squares of these cells, joined; lon/lat degrees."""
    rings = ground.lattice.outline([col for col, _ in cells], [row for _, row in cells])
    joined = MultiPolygon([Polygon(ring.tolist()) for ring in rings], srid=4326).unary_union
    joined.srid = 4326
    return joined if isinstance(joined, MultiPolygon) else MultiPolygon(joined, srid=4326)


def centre_of(lattice: Lattice, cell: Cell) -> Point:
    lon, lat = lattice.centres(*cell)
    return Point(float(lon), float(lat), srid=4326)
