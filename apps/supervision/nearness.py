"""Who is near a place: deputies in office by village and workplace, never by home, so that every answer may be seen by all offices."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import shapely
from django.db.models import FloatField, Func
from numpy.typing import NDArray

from apps.deputies.models import Deputy
from apps.matching.engine import Day, engine
from apps.matching.nearest import NearestIndex
from apps.territory.models import Term

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def degrees(axis: str, column: str) -> Func:
    """ST_X or ST_Y of a column of points, for many rows: a geometry for each would cost most of the time."""
    return Func(column, function=axis, output_field=FloatField())


@dataclass(frozen=True, eq=False)
class Sites:
    """Where some of the deputies can be met: an index over their villages and workplaces."""

    who: Ints  # row of `Crowd.deputies` for every site
    index: NearestIndex

    def nearest(self, lon: Floats, lat: Floats, k: int = 1) -> tuple[Ints, Floats]:
        """(n, k) rows of deputies and metres, each deputy once, nearest first; -1 and inf where there are fewer."""
        site, metres = self.index.query(lon, lat, 2 * k)  # a deputy has two places at most
        who = np.where(site >= 0, self.who[site] if len(self.who) else -1, -1)
        again = np.zeros(who.shape, bool)
        for column in range(1, who.shape[1]):
            again[:, column] = (who[:, column, None] == who[:, :column]).any(axis=1)
        order = np.argsort(again | (who < 0), axis=1, kind="stable")[:, :k]
        rows, far = np.take_along_axis(who, order, 1), np.take_along_axis(metres, order, 1)
        lost = np.take_along_axis(again, order, 1)
        return np.where(lost, -1, rows).astype(np.int64), np.where(lost, np.inf, far)


@dataclass(frozen=True, eq=False)
class Crowd:
    """The deputies in office on a day, by code, and where each can be met: (m, 2) degrees of workplace and village, NaN for none.

    county: he sits above a township, so that the whole county is his. towns: (m,) the town of a township seat, -1 for none.
    """

    deputies: tuple[Deputy, ...]
    lon: Floats
    lat: Floats
    county: NDArray[np.bool_]
    towns: Ints

    @cached_property
    def row(self) -> dict[int, int]:
        return {deputy.pk: row for row, deputy in enumerate(self.deputies)}

    def sites(self, chosen: NDArray[np.bool_]) -> Sites:
        there = chosen[:, None] & np.isfinite(self.lon)
        who, which = np.nonzero(there)
        return Sites(who, NearestIndex(self.lon[who, which], self.lat[who, which]))

    def nearest_for(self, lon: Floats, lat: Floats, town: Ints) -> tuple[Ints, Floats]:
        """(n,) the nearest who may serve there, and metres: whoever sits above a township, and the township deputies of the place's own town."""
        rows, metres = (column[:, 0] for column in self.sites(self.county).nearest(lon, lat))
        for place in np.unique(self.towns[self.towns >= 0]):
            here = town == place
            if here.any():
                own, far = (
                    column[:, 0]
                    for column in self.sites((self.towns == place) & ~self.county).nearest(lon[here], lat[here])
                )
                nearer = far < metres[here]
                rows[here], metres[here] = np.where(nearer, own, rows[here]), np.where(nearer, far, metres[here])
        return rows, metres


@dataclass(frozen=True, eq=False)
class Ground:
    """The grids of a day, their keys and villages, a place inside each (lon, lat degrees), the town each lies in, and who is nearest (row of
    the crowd, metres)."""

    grids: tuple
    keys: Ints
    villages: Ints
    lon: Floats
    lat: Floats
    town: Ints
    who: Ints
    metres: Floats

    @cached_property
    def row(self) -> dict[int, int]:
        return {grid.pk: row for row, grid in enumerate(self.grids)}


def crowd(on: dt.date) -> Crowd:
    return _crowd(engine().on(on))


def ground(on: dt.date) -> Ground:
    return _ground(engine().on(on))


@lru_cache(maxsize=2)
def _crowd(day: Day) -> Crowd:
    county, town, people = set(), {}, {}
    for mandate in (*(one for several in day.mandates.values() for one in several), *day.area_mandates):
        people[mandate.deputy_id] = mandate.deputy
        if mandate.term.level == Term.Level.TOWNSHIP:
            town[mandate.deputy_id] = mandate.term.congress_id
        else:
            county.add(mandate.deputy_id)
    deputies = sorted(people.values(), key=lambda deputy: deputy.code)
    places = np.array([day.anchors[deputy.pk][1:] for deputy in deputies]).reshape(
        -1, 2, 2
    )  # without the station: it is nobody's own place
    return Crowd(
        tuple(deputies), places[..., 0], places[..., 1],
        np.array([deputy.pk in county for deputy in deputies], bool), np.array([town.get(deputy.pk, -1) for deputy in deputies], np.int64),
    )  # fmt: skip


@lru_cache(maxsize=2)
def _ground(day: Day) -> Ground:
    grids, inside = day.grids.rows, shapely.point_on_surface(day.grids.polygons)
    parents = {village.pk: village.parent_id or -1 for village in day.villages.rows}
    lon, lat = (np.asarray(axis(inside), float).reshape(-1) for axis in (shapely.get_x, shapely.get_y))
    keys, villages = (np.array([getattr(grid, name) for grid in grids], np.int64) for name in ("pk", "village_id"))
    town = np.array([parents.get(village, -1) for village in villages.tolist()], np.int64)
    who, metres = _crowd(day).nearest_for(lon, lat, town)
    return Ground(grids, keys, villages, lon, lat, town, who, metres)


def grids_at(on: dt.date, lon: Sequence[float], lat: Sequence[float]) -> list[int | None]:
    """The id of the grid that covers each place, None outside all; on a border the lowest code."""
    grids = engine().on(on).grids
    found = grids.locator.locate(np.asarray(lon, float), np.asarray(lat, float))
    return [grids.rows[row].pk if row >= 0 else None for row in found]
