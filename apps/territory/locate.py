"""Which polygon a place lies in, how far its border is, and what lies across it.

A LAB: shapely polygons and arrays in, arrays out; no Django, no database. `PolygonLocator` copies what it needs into arrays
when it is made and changes nothing afterwards, so that threads may share one. It never prepares a geometry: GEOS crashes when
threads share a prepared one (libgeos/geos issue 825).

How it decides: `grid` looks a place up in a grid of grids and crosses the few edges that are left in its cell. Where doubles cannot prove
on which side of an edge a place is, `shapely.covers` itself decides that point and polygon.

How it measures: an edge is the straight line between its ends in longitude and latitude, the line that `covers` decides by. `edges` finds
the nearest place on the border; the geodesic to it is measured on the WGS 84 ellipsoid by `pyproj.Geod`. (PostGIS `geography` joins the
ends by a geodesic instead: on an east-west edge of 10 km the two lines part by a metre.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

from apps.territory.edges import DOUBTFUL, INSIDE, Edges
from apps.territory.grid import NONE, Grid
from gis_data.compiled import in_threads
from gis_data.crs import coordinates

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_GEOD = pyproj.Geod(ellps="WGS84")
_HALF_WAY_ROUND = 20_100_000.0  # metres; no two places are farther apart
_CLOSE = 1e-6  # metres; only what is nearer to an edge can be on it
_POINTS_A_THREAD = 1 << 15
_POLYGONS_A_THREAD = 256


class PolygonLocator:
    """Which polygon covers each point, exactly as `shapely.covers` decides. Callers pass polygons sorted by code.

    Points are given as `lon, lat` in degrees, arrays of one length or scalars (a scalar is one point); what is returned has one
    row per point. A coordinate that is not finite lies nowhere. Longitudes are not wrapped: 480 is not 120.
    """

    def __init__(self, polygons: Sequence[shapely.Geometry]) -> None:
        """polygons: Polygon or MultiPolygon, lon/lat degrees, holes and overlaps allowed, an empty one covers nothing.

        Raises ValueError naming the index of a polygon that is missing, invalid, of another type or not in degrees.
        """
        shapes = np.array(list(polygons), dtype=object)
        bounds = _checked_bounds(shapes)
        # Own copies: the caller may prepare his, and threads must not meet on those.
        self._polygons = shapely.force_2d(shapes)
        self._edges = Edges.of(self._polygons, bounds)
        self._grid = Grid.of(self._edges.ends, self._edges.owner, bounds)

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> Ints:
        """Index of the covering polygon, int32 (n,); the lowest where several cover the point (borders belong to a polygon).

        -1: none, or a coordinate that is not finite.
        """
        return self._located(*_rows(lon, lat))

    def margin(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Metres from each point to the nearest border of the polygon it is in, float64 (n,); NaN outside.

        Borders of holes and of all parts count. Exactly 0.0 on the border. Right to a micrometre up to some kilometres and to
        a millimetre at a hundred; points nearer to each other than 2e-9 m are one point in double precision.
        """
        x, y = _rows(lon, lat)
        polygon = self._located(x, y)
        metres, foot_lon, foot_lat = self._edges.nearest(x, y, polygon)
        inside = np.flatnonzero(polygon != NONE)
        metres[inside] = _geodesics(x[inside], y[inside], foot_lon[inside], foot_lat[inside])
        close = np.flatnonzero(metres < _CLOSE)
        on_border = ~shapely.contains(self._polygons[polygon[close]], shapely.points(x[close], y[close]))
        metres[close[on_border]] = 0.0
        return metres

    def across(self, lon: ArrayLike, lat: ArrayLike, within: float) -> list[Ints]:
        """For each point the other polygons within so many metres (inclusive), not the one that `locate` names.

        A list of int32 arrays, nearest first, then lowest index (distances that agree to a micrometre are equal); a polygon
        that covers the point too is at distance 0. Raises ValueError when `within` is negative or NaN.
        """
        if not within >= 0.0:
            raise ValueError(f"within must be metres >= 0, got {within}")
        x, y = _rows(lon, lat)
        near = self._edges.around(x, y, self._located(x, y), min(float(within), _HALF_WAY_ROUND))
        place, polygon = near.place, near.polygon
        covers = near.side == INSIDE
        asked = np.flatnonzero(near.side == DOUBTFUL)
        covers[asked] = shapely.covers(self._polygons[polygon[asked]], shapely.points(x[place[asked]], y[place[asked]]))
        metres = near.metres
        apart = np.flatnonzero(~covers & np.isfinite(metres))
        metres[apart] = _geodesics(x[place[apart]], y[place[apart]], near.foot_lon[apart], near.foot_lat[apart])
        metres[covers] = 0.0
        found = np.flatnonzero(metres <= within)
        order = found[np.lexsort((polygon[found], np.rint(metres[found] * 1e6), place[found]))]
        ends = np.searchsorted(place[order], np.arange(1, len(x)))
        return np.split(polygon[order], ends) if len(x) else []

    def _located(self, x: Floats, y: Floats) -> Ints:
        found = np.empty(len(x), dtype=np.int32)
        doubtful: list[int] = []
        in_threads(lambda start, stop: doubtful.append(self._grid.locate(x, y, found, start, stop)), len(x), _POINTS_A_THREAD)
        if any(doubtful):
            self._ask_shapely(x, y, found)
        return found

    def _ask_shapely(self, x: Floats, y: Floats, found: Ints) -> None:
        """Decides the rows that hold -2 - a polygon: none below that one covers the point."""
        rows = np.flatnonzero(found < NONE)
        candidate = -2 - found[rows]
        while len(rows):
            covered = shapely.covers(self._polygons[candidate], shapely.points(x[rows], y[rows]))
            found[rows[covered]] = candidate[covered]
            rows, candidate = rows[~covered], candidate[~covered]
            candidate = self._next_candidate(x[rows], y[rows], candidate)
            found[rows[candidate == NONE]] = NONE
            rows, candidate = rows[candidate != NONE], candidate[candidate != NONE]

    def _next_candidate(self, x: Floats, y: Floats, after: Ints) -> Ints:
        """The next polygon whose box holds each point, NONE when there is no other."""
        west, south, east, north = self._edges.bounds.T
        following = np.full(len(x), NONE, dtype=np.int32)
        for row, (lon, lat, last) in enumerate(zip(x, y, after, strict=True)):
            later = slice(last + 1, None)
            holds = (west[later] <= lon) & (lon <= east[later]) & (south[later] <= lat) & (lat <= north[later])
            if holds.any():
                following[row] = last + 1 + holds.argmax()
        return following


def _rows(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """`coordinates`, contiguous and not writable: the one kind of array that the compiled functions are compiled for."""
    x, y = (np.ascontiguousarray(values)[:] for values in coordinates(lon, lat))
    x.flags.writeable = y.flags.writeable = False
    return x, y


def _geodesics(x: Floats, y: Floats, to_x: Floats, to_y: Floats) -> Floats:
    metres = np.empty(len(x))

    def work(start: int, stop: int) -> None:
        piece = slice(start, stop)
        metres[piece] = _GEOD.inv(x[piece], y[piece], to_x[piece], to_y[piece])[2]

    in_threads(work, len(x), 2048)
    return metres


def _checked_bounds(shapes: NDArray[np.object_]) -> Floats:
    """Bounding boxes, float64 (m, 4): west, south, east, north; NaN for an empty polygon. ValueError names the first bad one."""
    missing = np.flatnonzero([shape is None for shape in shapes])
    if len(missing):
        raise ValueError(f"polygon {missing[0]} is missing")
    kinds = shapely.get_type_id(shapes)
    other = np.flatnonzero(~np.isin(kinds, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)))
    if len(other):
        raise ValueError(f"polygon {other[0]} is a {shapes[other[0]].geom_type}, not a Polygon or MultiPolygon")
    valid = np.empty(len(shapes), dtype=bool)

    def work(start: int, stop: int) -> None:
        valid[start:stop] = shapely.is_valid(shapes[start:stop])

    in_threads(work, len(shapes), _POLYGONS_A_THREAD)
    invalid = np.flatnonzero(~valid)
    if len(invalid):
        raise ValueError(f"polygon {invalid[0]} is invalid: {shapely.is_valid_reason(shapes[invalid[0]])}")
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    far = np.flatnonzero((np.abs(bounds) > (360.0, 90.0, 360.0, 90.0)).any(axis=1))
    if len(far):
        raise ValueError(f"polygon {far[0]} is not in degrees: its bounds are {bounds[far[0]].tolist()}")
    return bounds
