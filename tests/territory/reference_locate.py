"""The plain twin of `apps.territory.locate`: numpy only, every step written out, itself checked against `shapely.covers` and geodesics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis_data.crs import coordinates, on_earth
from tests.territory.reference_edges import GEOD, Boxes, Runs, Slabs, longest, scales, slices, widest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_HALF_WAY_ROUND = 20_100_000.0  # metres; no two places are farther apart
_ORIENTATION_ERROR = (3.0 + 16.0 * 2.0**-53) * 2.0**-53  # Shewchuk's ccwerrboundA
_UNDERFLOW = 1e-290  # below it the bound does not hold
_POINTS_AT_ONCE = 1 << 16
_PAIRS_AT_ONCE = 1 << 21

OUTSIDE, ON_BORDER, INSIDE = -1, 0, 1


class PlainLocator:
    """`PolygonLocator` without a compiler."""

    def __init__(self, polygons: Sequence[shapely.Geometry]) -> None:
        shapes = np.array(list(polygons), dtype=object)
        bounds = shapely.bounds(shapes).reshape(-1, 4)
        # Own copies: the caller may prepare his, and threads must not meet on those.
        self._polygons = shapely.force_2d(shapes)
        edges, owner = _edges(self._polygons)
        self._edges = edges
        self._boxes = Boxes.of(bounds)
        self._slabs = Slabs.of(edges, owner, len(shapes))
        self._runs = Runs.of(edges, owner, len(shapes))

    def locate(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.int32]:
        """Index of the covering polygon, int32 (n,); the lowest where several cover the point (borders belong to a polygon).

        -1: none, or a coordinate that is not finite.
        """
        return self._find(*coordinates(lon, lat))[0]

    def margin(self, lon: ArrayLike, lat: ArrayLike) -> Floats:
        """Metres from each point to the nearest border of the polygon it is in, float64 (n,); NaN outside.

        Borders of holes and of all parts count. Exactly 0.0 on the border. Right to a micrometre up to some kilometres and to
        a millimetre at a hundred; points nearer to each other than 2e-9 m are one point in double precision.
        """
        x, y = coordinates(lon, lat)
        polygon, side = self._find(x, y)
        metres = np.where(side == ON_BORDER, 0.0, np.nan)
        inside = np.flatnonzero(side == INSIDE)
        metres[inside] = self._border_distance(x[inside], y[inside], polygon[inside].astype(np.int64), np.inf)
        return metres

    def across(self, lon: ArrayLike, lat: ArrayLike, within: float) -> list[NDArray[np.int32]]:
        """For each point the other polygons within so many metres (inclusive), not the one that `locate` names.

        A list of int32 arrays, nearest first, then lowest index (distances that agree to a micrometre are equal); a polygon
        that covers the point too is at distance 0. Raises ValueError when `within` is negative or NaN.
        """
        if not within >= 0.0:
            raise ValueError(f"within must be metres >= 0, got {within}")
        x, y = coordinates(lon, lat)
        located, _ = self._find(x, y)
        found: list[NDArray[np.int32]] = []
        for rows in slices(np.full(len(x), len(self._polygons)), _PAIRS_AT_ONCE):
            found += self._neighbours(x[rows], y[rows], located[rows], min(within, _HALF_WAY_ROUND))
        return found

    def _neighbours(self, x: Floats, y: Floats, located: NDArray[np.int32], within: float) -> list[NDArray[np.int32]]:
        usable = np.flatnonzero(on_earth(x, y))
        point, polygon = self._boxes.around(x[usable], y[usable], within)
        point = usable[point]
        other = polygon != located[point]
        point, polygon = point[other], polygon[other]
        metres = np.zeros(len(point))
        apart = np.flatnonzero(self._side(x[point], y[point], polygon) == OUTSIDE)
        metres[apart] = self._border_distance(x[point[apart]], y[point[apart]], polygon[apart], within)
        near = metres <= within
        point, polygon, metres = point[near], polygon[near], metres[near]
        order = np.lexsort((polygon, np.rint(metres * 1e6), point))
        ends = np.searchsorted(point, np.arange(1, len(x)))
        return np.split(polygon[order].astype(np.int32), ends)

    def _find(self, x: Floats, y: Floats) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Lowest covering polygon of each point, and on which side of its border the point is."""
        polygon = np.full(len(x), -1, dtype=np.int32)
        side = np.full(len(x), OUTSIDE, dtype=np.int8)
        usable = np.flatnonzero(on_earth(x, y))
        for piece in slices(np.ones_like(usable), _POINTS_AT_ONCE):
            rows = usable[piece]
            point, candidate = self._boxes.at(x[rows], y[rows])
            point = rows[point]
            where = self._side(x[point], y[point], candidate)
            # Candidates come in ascending order; written backwards, the lowest is written last and stays.
            hit = np.flatnonzero(where != OUTSIDE)[::-1]
            polygon[point[hit]] = candidate[hit]
            side[point[hit]] = where[hit]
        return polygon, side

    def _side(self, x: Floats, y: Floats, polygon: Ints) -> NDArray[np.int8]:
        """OUTSIDE, ON_BORDER or INSIDE for each pair of a point (inside the box) and a polygon, int8 (n,)."""
        side = np.full(len(x), OUTSIDE, dtype=np.int8)
        for rows in slices(self._slabs.at(polygon, y)[1], _PAIRS_AT_ONCE):
            side[rows] = self._side_of_some(x[rows], y[rows], polygon[rows])
        return side

    def _side_of_some(self, x: Floats, y: Floats, polygon: Ints) -> NDArray[np.int8]:
        pair, edge = self._slabs.pairs(polygon, y)
        ax, ay, bx, by = self._edges[:, edge]  # ay <= by
        px, py = x[pair], y[pair]
        left, right = (ax - px) * (by - py), (ay - py) * (bx - px)
        turn, size = left - right, np.abs(left) + np.abs(right)
        level = ay == by
        straddles = (ay <= py) & (py < by)
        none_left, none_right = (ax == px) | (by == py), (ay == py) | (bx == px)
        on_line = straddles & none_left & none_right
        on_line |= level & (ay == py) & (np.minimum(ax, bx) <= px) & (px <= np.maximum(ax, bx))
        on_line |= (bx == px) & (by == py)
        doubtful = straddles & ~on_line & ((np.abs(turn) <= _ORIENTATION_ERROR * size) | (size < _UNDERFLOW))
        crossed = np.bincount(pair[straddles & (turn > 0)], minlength=len(x)) % 2 == 1
        side = np.where(crossed, INSIDE, OUTSIDE).astype(np.int8)
        side[pair[on_line]] = ON_BORDER
        asked = np.setdiff1d(pair[doubtful], pair[on_line])
        side[asked] = _side_by_shapely(self._polygons[polygon[asked]], x[asked], y[asked])
        return side

    def _border_distance(self, x: Floats, y: Floats, polygon: Ints, limit: float) -> Floats:
        """Metres from each point to the border of its polygon, float64 (n,); may be inf where it is above the limit."""
        metres = np.full(len(x), np.inf)
        for rows in slices(self._runs.edges_of[polygon], _PAIRS_AT_ONCE):
            metres[rows] = self._border_distance_of_some(x[rows], y[rows], polygon[rows], limit)
        return metres

    def _border_distance_of_some(self, x: Floats, y: Floats, polygon: Ints, limit: float) -> Floats:
        kx, ky = scales(y)
        pair, edge = self._runs.pairs(x, y, polygon, kx, ky, limit)
        ax, ay, bx, by = self._edges[:, edge]
        px, py, sx, sy = x[pair], y[pair], kx[pair], ky[pair]
        fraction = _foot((px - ax) * sx, (py - ay) * sy, (bx - ax) * sx, (by - ay) * sy)
        flat = np.hypot((ax + fraction * (bx - ax) - px) * sx, (ay + fraction * (by - ay) - py) * sy)
        best = np.full(len(x), np.inf)
        np.minimum.at(best, pair, flat)
        keep = flat <= widest(y, np.minimum(longest(y, best), limit))[pair]
        metres = np.full(len(x), np.inf)
        np.minimum.at(
            metres, pair[keep], _geodesic_to_edges(px[keep], py[keep], self._edges[:, edge[keep]], fraction[keep])
        )
        return metres


# --- what is laid out once -----------------------------------------------------------------------------------------------


def _edges(polygons: NDArray[np.object_]) -> tuple[Floats, Ints]:
    """All edges, float64 (4, e) as ax, ay, bx, by with the lower end first, and their polygons, int64 (e,), ascending.

    One direction for every edge: neighbours that share one then measure the same distance to the last bit.
    """
    parts, of_part = shapely.get_parts(polygons, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start, end = points[:-1], points[1:]
    real = (ring[:-1] == ring[1:]) & (start != end).any(axis=1)
    start, end, owner = start[real], end[real], of_part[of_ring[ring[:-1][real]]]
    turned = (start[:, 1] > end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] > end[:, 0]))
    low, high = np.where(turned[:, None], end, start), np.where(turned[:, None], start, end)
    return np.ascontiguousarray(np.hstack([low, high]).T), owner.astype(np.int64)


# --- small geometry ------------------------------------------------------------------------------------------------------


def _side_by_shapely(polygons: NDArray[np.object_], x: Floats, y: Floats) -> NDArray[np.int8]:
    points = shapely.points(x, y)
    covered = shapely.covers(polygons, points)
    side = np.where(covered, ON_BORDER, OUTSIDE).astype(np.int8)
    side[covered] = np.where(shapely.contains(polygons[covered], points[covered]), INSIDE, ON_BORDER)
    return side


def _foot(px: Floats, py: Floats, vx: Floats, vy: Floats) -> Floats:
    """Where on a vector (0 to 1) the point nearest to p lies, both seen from the vector's start."""
    square = vx * vx + vy * vy
    return np.clip(np.divide(px * vx + py * vy, square, out=np.zeros_like(square), where=square > 0.0), 0.0, 1.0)


def _geodesic_to_edges(x: Floats, y: Floats, edges: Floats, fraction: Floats) -> Floats:
    """Metres on the ellipsoid to the nearest place of each edge, starting from a first guess of where on it that is.

    Gauss-Newton: the foot moves along the edge by the part of the geodesic's direction that points along it. A step leaves
    about (distance / radius of the earth) of the error, so three are enough for any county.
    """
    ax, ay, bx, by = edges
    best = np.full(len(x), np.inf)
    if not len(x):
        return best
    for _ in range(3):
        # Exactly the end at 1, so that edges which meet there measure the same.
        qx = np.where(fraction == 1.0, bx, ax + fraction * (bx - ax))
        qy = np.where(fraction == 1.0, by, ay + fraction * (by - ay))
        _, back, metres = GEOD.inv(x, y, qx, qy)
        best = np.minimum(best, metres)
        kx, ky = scales(qy)
        vx, vy, azimuth = (bx - ax) * kx, (by - ay) * ky, np.radians(back)
        square = vx * vx + vy * vy
        along = metres * (np.sin(azimuth) * vx + np.cos(azimuth) * vy)
        step = np.divide(along, square, out=np.zeros_like(square), where=square > 0.0)
        fraction = np.clip(fraction + step, 0.0, 1.0)
    return best
