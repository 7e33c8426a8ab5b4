"""Polygons' edges one after the other, in runs that lie in boxes, and metres from a place to the nearest of them.

A LAB, the inner part of `locate`: arrays only. An edge is the straight line between its ends in longitude and latitude, degrees; metres
are on the WGS 84 ellipsoid. Runs are ruled out by their boxes on a local metric projection at the place, whose distortion is bounded;
what remains is measured by the chord and the radius of curvature in its direction (Euler; right to 1e-7 m at ten kilometres and to 1e-4 m
at a hundred), beyond that by Vincenty's inverse formula (Survey Review 23, 1975; right to 1e-4 m anywhere).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gis_data.compiled import compiled, in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

OUTSIDE, INSIDE, DOUBTFUL = 0, 1, 2

_GEOD = pyproj.Geod(ellps="WGS84")
_A, _B, _F, _ES = _GEOD.a, _GEOD.b, _GEOD.f, _GEOD.es
_RADIANS = np.pi / 180.0
_LEAST_METRES_PER_DEGREE = _RADIANS * _A * (1.0 - _ES)  # of latitude, at the equator
_FAR = 100_000.0  # metres; up to there by chords
_ORIENTATION_ERROR = (3.0 + 16.0 * 2.0**-53) * 2.0**-53  # Shewchuk's ccwerrboundA
_UNDERFLOW = 1e-290  # below it the bound does not hold


class Near(NamedTuple):
    """Pairs of a place and a polygon, one row each, ascending."""

    place: NDArray[np.int64]
    polygon: Ints
    side: NDArray[np.int8]  # OUTSIDE, INSIDE, or DOUBTFUL: nearer to an edge than doubles can tell
    metres: Floats  # to the border; inf where it is farther than asked for
    foot_lon: Floats  # where on the border
    foot_lat: Floats


@dataclass(frozen=True, eq=False)
class Edges:
    """All edges, the lower (of equals the western) end first, so that neighbours which share one measure the same to the last bit."""

    ends: Floats  # (e, 4) ax, ay, bx, by
    owner: Ints  # (e,) polygon, ascending
    first_run: Ints  # (m + 1,) each polygon's first run
    first_edge: Ints  # (runs + 1,) each run's first edge
    boxes: Floats  # (runs, 4) west, south, east, north
    bounds: Floats  # (m, 4) the same of polygons, NaN for an empty one

    @classmethod
    def of(cls, polygons: NDArray[np.object_], bounds: Floats) -> Edges:
        """polygons: Polygon or MultiPolygon, two dimensions; runs hold about the square root of a polygon's edges."""
        parts, of_part = shapely.get_parts(polygons, return_index=True)
        rings, of_ring = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        polygon_of_ring = of_part[of_ring].astype(np.int32)
        ends, owner, first_run, first_edge, boxes = _edges(points, ring.astype(np.int32), polygon_of_ring, len(polygons))
        return cls(ends, owner, first_run, first_edge, boxes, np.ascontiguousarray(bounds))

    def nearest(self, lon: Floats, lat: Floats, polygon: Ints) -> tuple[Floats, Floats, Floats]:
        """metres, lon and lat of the nearest place on the border of each row's polygon; NaN where the polygon is below 0."""
        found = np.empty((3, len(lon)))

        def work(start: int, stop: int) -> None:
            _nearest_of_each(lon, lat, polygon, start, stop, self.ends, self.first_run, self.first_edge, self.boxes, found)

        in_threads(work, len(lon), 2048)
        return found[0], found[1], found[2]

    def around(self, lon: Floats, lat: Floats, but: Ints, within: float) -> Near:
        """The polygons whose boxes come within so many metres of each place, or hold it, except the one named in `but`."""
        parts: dict[int, Near] = {}

        def work(start: int, stop: int) -> None:
            parts[start] = Near(
                *_around(lon, lat, but, start, stop, within, self.ends, self.first_run, self.first_edge, self.boxes, self.bounds)
            )

        in_threads(work, len(lon), 256)
        if len(parts) == 1:
            return parts[0]
        return Near(*(np.concatenate(columns) for columns in zip(*(parts[start] for start in sorted(parts)), strict=True)))


@compiled
def _edges(points, ring, polygon_of_ring, polygons):
    """What `Edges` holds, from the rings' points, their rings and the rings' polygons."""
    e = 0
    for i in range(len(points) - 1):
        e += ring[i] == ring[i + 1] and (points[i, 0] != points[i + 1, 0] or points[i, 1] != points[i + 1, 1])
    ends, owner = np.empty((e, 4)), np.empty(e, np.int32)
    own, e = np.zeros(polygons, np.int64), 0
    for i in range(len(points) - 1):
        ax, ay, bx, by = points[i, 0], points[i, 1], points[i + 1, 0], points[i + 1, 1]
        if ring[i] != ring[i + 1] or (ax == bx and ay == by):
            continue
        if ay > by or (ay == by and ax > bx):
            ax, ay, bx, by = bx, by, ax, ay
        ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3] = ax, ay, bx, by
        owner[e] = polygon_of_ring[ring[i]]
        own[owner[e]] += 1
        e += 1
    first_run = np.zeros(polygons + 1, np.int32)
    for polygon in range(polygons):
        length = max(8, np.int64(np.sqrt(own[polygon] / 2.0)))
        first_run[polygon + 1] = first_run[polygon] + (own[polygon] + length - 1) // length
    runs = first_run[polygons]
    first_edge, boxes = np.empty(runs + 1, np.int32), np.empty((runs, 4))
    edge = 0
    for polygon in range(polygons):
        length, last = max(8, np.int64(np.sqrt(own[polygon] / 2.0))), edge + own[polygon]
        for run in range(first_run[polygon], first_run[polygon + 1]):
            first_edge[run] = edge
            west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
            while edge < min(first_edge[run] + length, last):
                west, east = min(west, min(ends[edge, 0], ends[edge, 2])), max(east, max(ends[edge, 0], ends[edge, 2]))
                south, north = min(south, ends[edge, 1]), max(north, ends[edge, 3])
                edge += 1
            boxes[run, 0], boxes[run, 1], boxes[run, 2], boxes[run, 3] = west, south, east, north
    first_edge[runs] = edge
    return ends, owner, first_run, first_edge, boxes


# --- metres ------------------------------------------------------------------------------------------------------------


@compiled
def _scales(lat):
    """Metres in a degree of longitude and of latitude at a latitude."""
    sine = np.sin(lat * _RADIANS)
    w = 1.0 - _ES * sine * sine
    root = np.sqrt(w)
    return _RADIANS * _A * np.cos(lat * _RADIANS) / root, _RADIANS * _A * (1.0 - _ES) / (w * root)


@compiled
def _longest(lat, flat, kx, ky):
    """Upper bound in metres of the true distance to what lies `flat` metres away on the projection at a latitude."""
    band = flat / ky
    widest, _ = _scales(max(abs(lat) - band, 0.0))
    _, highest = _scales(min(abs(lat) + band, 90.0))
    return flat * max(widest / kx, highest / ky)


@compiled
def _widest(lat, metres, kx, ky):
    """Upper bound, on the projection at a latitude, of the distance to what truly lies within so many metres."""
    band = metres / _LEAST_METRES_PER_DEGREE
    narrowest, _ = _scales(min(abs(lat) + band, 90.0))
    _, lowest = _scales(max(abs(lat) - band, 0.0))
    return metres * max(kx / narrowest, ky / lowest) * (1.0 + 1e-9) + 1e-6


@compiled
def _geodesic(lon, lat, to_lon, to_lat):
    """Metres between two places, and the direction (east, north) from the second to the first; Vincenty's inverse formula.

    NaN where it does not converge (places nearly opposite on the globe).
    """
    t1, t2 = (1.0 - _F) * np.tan(lat * _RADIANS), (1.0 - _F) * np.tan(to_lat * _RADIANS)
    cos1, cos2 = 1.0 / np.sqrt(1.0 + t1 * t1), 1.0 / np.sqrt(1.0 + t2 * t2)
    sin1, sin2 = t1 * cos1, t2 * cos2
    across = to_lon - lon
    across = (across - 360.0 * np.rint(across / 360.0)) * _RADIANS
    turn = across
    for _ in range(30):
        sine, half = np.sin(turn), np.sin(0.5 * turn)
        versine = 2.0 * half * half
        sin_sigma = np.hypot(cos2 * sine, (cos1 * sin2 - sin1 * cos2) + sin1 * cos2 * versine)
        if sin_sigma == 0.0:
            return 0.0, 0.0, 0.0
        cos_sigma = sin1 * sin2 + cos1 * cos2 * (1.0 - versine)
        sigma = np.arctan2(sin_sigma, cos_sigma)
        sin_alpha = cos1 * cos2 * sine / sin_sigma
        cos_square = 1.0 - sin_alpha * sin_alpha
        middle = cos_sigma - 2.0 * sin1 * sin2 / cos_square if cos_square > 0.0 else 0.0
        c = _F / 16.0 * cos_square * (4.0 + _F * (4.0 - 3.0 * cos_square))
        before = turn
        turn = across + (1.0 - c) * _F * sin_alpha * (
            sigma + c * sin_sigma * (middle + c * cos_sigma * (2.0 * middle * middle - 1.0))
        )
        if abs(turn - before) <= 1e-15 + 1e-12 * abs(turn):
            square = cos_square * (_A * _A - _B * _B) / (_B * _B)
            a = 1.0 + square / 16384.0 * (4096.0 + square * (-768.0 + square * (320.0 - 175.0 * square)))
            b = square / 1024.0 * (256.0 + square * (-128.0 + square * (74.0 - 47.0 * square)))
            cubic = b / 6.0 * middle * (4.0 * sin_sigma * sin_sigma - 3.0) * (4.0 * middle * middle - 3.0)
            change = b * sin_sigma * (middle + b / 4.0 * (cos_sigma * (2.0 * middle * middle - 1.0) - cubic))
            east, north = -cos1 * sine, (sin1 * cos2 - cos1 * sin2) + cos1 * sin2 * versine
            return _B * a * (sigma - change), east / sin_sigma, north / sin_sigma
    return np.nan, 0.0, 0.0


@compiled
def _on_ellipsoid(lon, lat):
    """Earth-centred coordinates in metres, and sine and cosine of the longitude and of the latitude."""
    sin_lon, cos_lon = np.sin(lon * _RADIANS), np.cos(lon * _RADIANS)
    sin_lat, cos_lat = np.sin(lat * _RADIANS), np.cos(lat * _RADIANS)
    radius = _A / np.sqrt(1.0 - _ES * sin_lat * sin_lat)
    place = radius * cos_lat * cos_lon, radius * cos_lat * sin_lon, radius * (1.0 - _ES) * sin_lat
    return place, (sin_lon, cos_lon, sin_lat, cos_lat)


@compiled
def _measured(lon, lat, place, to_lon, to_lat):
    """Metres between two places, and the direction (east, north) from the second to the first; `place` is the first, earth-centred."""
    to, (sin_lon, cos_lon, sin_lat, cos_lat) = _on_ellipsoid(to_lon, to_lat)
    dx, dy, dz = place[0] - to[0], place[1] - to[1], place[2] - to[2]
    square = dx * dx + dy * dy + dz * dz
    if square > _FAR * _FAR:
        metres, east, north = _geodesic(lon, lat, to_lon, to_lat)
        return (np.pi * _B, 0.0, 0.0) if np.isnan(metres) else (metres, east, north)
    east = cos_lon * dy - sin_lon * dx
    north = cos_lat * dz - sin_lat * (cos_lon * dx + sin_lon * dy)
    flat = east * east + north * north
    if flat == 0.0:
        return 0.0, 0.0, 0.0
    w = 1.0 - _ES * sin_lat * sin_lat
    curvature = np.sqrt(w) / _A * (north * north / flat * w / (1.0 - _ES) + east * east / flat)
    bend = square * curvature * curvature
    size = np.sqrt(flat)
    return np.sqrt(square) * (1.0 + bend / 24.0 + 3.0 / 640.0 * bend * bend), east / size, north / size


@compiled
def _to_edge(x, y, place, ax, ay, bx, by, fraction):
    """Metres to the nearest place of an edge, and that place, starting from a first guess of where on it (0 to 1) that is.

    Gauss-Newton: the foot moves along the edge by the part of the geodesic's direction that points along it. A step leaves
    about (distance / radius of the earth) of the error, so three are enough for any county.
    """
    best, lon, lat = np.inf, ax, ay
    for _ in range(4):
        # Exactly the end at 1, so that edges which meet there measure the same.
        qx = bx if fraction == 1.0 else ax + fraction * (bx - ax)
        qy = by if fraction == 1.0 else ay + fraction * (by - ay)
        metres, east, north = _measured(x, y, place, qx, qy)
        if metres < best:
            best, lon, lat = metres, qx, qy
        kx, ky = _scales(qy)
        vx, vy = (bx - ax) * kx, (by - ay) * ky
        square = vx * vx + vy * vy
        step = metres * (east * vx + north * vy) / square if square > 0.0 else 0.0
        after = min(max(fraction + step, 0.0), 1.0)
        moved = (after - fraction) * np.sqrt(square)
        if moved * moved <= 2e-9 * metres:  # what it would still gain is half its square over the distance
            break
        fraction = after
    return best, lon, lat


@compiled
def _nearest(x, y, kx, ky, polygon, limit, ends, first_run, first_edge, boxes):
    """Metres from a place to a polygon's border and where that is; inf where it is above the limit."""
    most = np.inf
    for run in range(first_run[polygon], first_run[polygon + 1]):
        edge = first_edge[run]
        dx, dy = (ends[edge, 0] - x) * kx, (ends[edge, 1] - y) * ky
        most = min(most, dx * dx + dy * dy)
    # What is truly nearest lies on the projection at most this much farther than what is nearest there, also for all shorter distances.
    most = np.sqrt(most)
    longest = _longest(y, most, kx, ky)
    stretch = _widest(y, longest, kx, ky) / max(most, 1e-6)
    reach = min(stretch * most + 1e-6, _widest(y, limit, kx, ky)) if limit < longest else stretch * most + 1e-6
    reach, nearest = reach * reach, np.inf
    for run in range(first_run[polygon], first_run[polygon + 1]):
        if _beside(x, y, kx, ky, boxes, run) <= min(reach, nearest):
            for edge in range(first_edge[run], first_edge[run + 1]):
                _, square = _foot(x, y, kx, ky, ends, edge)
                nearest = min(nearest, square)
    metres, lon, lat = np.inf, np.nan, np.nan
    if nearest > reach:
        return metres, lon, lat
    nearest = stretch * np.sqrt(nearest) + 1e-6
    reach = min(reach, nearest * nearest)
    place, _ = _on_ellipsoid(x, y)
    for run in range(first_run[polygon], first_run[polygon + 1]):
        if _beside(x, y, kx, ky, boxes, run) <= reach:
            for edge in range(first_edge[run], first_edge[run + 1]):
                fraction, square = _foot(x, y, kx, ky, ends, edge)
                if square <= reach:
                    found, at_lon, at_lat = _to_edge(x, y, place, ends[edge, 0], ends[edge, 1], ends[edge, 2], ends[edge, 3], fraction)
                    if found < metres:
                        metres, lon, lat = found, at_lon, at_lat
    return metres, lon, lat


@compiled
def _beside(x, y, kx, ky, boxes, run):
    """The square of the metres to a run's box on the projection."""
    dx = max(max(boxes[run, 0] - x, x - boxes[run, 2]), 0.0) * kx
    dy = max(max(boxes[run, 1] - y, y - boxes[run, 3]), 0.0) * ky
    return dx * dx + dy * dy


@compiled
def _foot(x, y, kx, ky, ends, edge):
    """Where on an edge (0 to 1) the nearest place lies on the projection, and the square of the metres to it."""
    ax, ay = (ends[edge, 0] - x) * kx, (ends[edge, 1] - y) * ky
    vx, vy = (ends[edge, 2] - ends[edge, 0]) * kx, (ends[edge, 3] - ends[edge, 1]) * ky
    square = vx * vx + vy * vy
    fraction = min(max(-(ax * vx + ay * vy) / square, 0.0), 1.0) if square > 0.0 else 0.0
    dx, dy = ax + fraction * vx, ay + fraction * vy
    return fraction, dx * dx + dy * dy


@compiled
def _nearest_of_each(lon, lat, polygon, start, stop, ends, first_run, first_edge, boxes, found):
    for i in range(start, stop):
        metres, foot_lon, foot_lat = np.nan, np.nan, np.nan
        if polygon[i] >= 0:
            kx, ky = _scales(lat[i])
            metres, foot_lon, foot_lat = _nearest(
                lon[i], lat[i], kx, ky, polygon[i], np.inf, ends, first_run, first_edge, boxes
            )
        found[0, i], found[1, i], found[2, i] = metres, foot_lon, foot_lat


# --- what lies around --------------------------------------------------------------------------------------------------


@compiled
def _side(x, y, polygon, ends, first_run, first_edge, boxes):
    """OUTSIDE, INSIDE, or DOUBTFUL near an edge: a ray to the east crosses the border (half-open edges, as GEOS counts them)."""
    side = OUTSIDE
    for run in range(first_run[polygon], first_run[polygon + 1]):
        if boxes[run, 1] <= y <= boxes[run, 3] and x <= boxes[run, 2]:
            for edge in range(first_edge[run], first_edge[run + 1]):
                ax, ay, bx, by = ends[edge, 0], ends[edge, 1], ends[edge, 2], ends[edge, 3]
                if ay <= y <= by:
                    left, right = (ax - x) * (by - y), (ay - y) * (bx - x)
                    turn, size = left - right, abs(left) + abs(right)
                    if abs(turn) <= _ORIENTATION_ERROR * size or size < _UNDERFLOW:
                        if min(ax, bx) <= x <= max(ax, bx):
                            return DOUBTFUL
                        # Level with an edge that lies to one side: it has no height, or its upper end is at this latitude.
                        if y < by and x < ax:
                            side ^= 1
                    elif turn > 0.0 and y < by:
                        side ^= 1
    return side


@compiled
def _enlarged(values, used):
    """The same values with room for one more."""
    if used < len(values):
        return values
    larger = np.empty(2 * used + 16, values.dtype)
    for i in range(used):
        larger[i] = values[i]
    return larger


@compiled
def _around(lon, lat, but, start, stop, within, ends, first_run, first_edge, boxes, bounds):
    """The columns of `Near`."""
    place, of_polygon, on_side = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int8)
    far, foot_lon, foot_lat = np.empty(0), np.empty(0), np.empty(0)
    n = 0
    high = within / _LEAST_METRES_PER_DEGREE * (1.0 + 1e-9) + 1e-12
    for i in range(start, stop):
        x, y = lon[i], lat[i]
        if not (abs(x) <= 360.0 and abs(y) <= 90.0):
            continue
        kx, ky = _scales(y)
        narrow, _ = _scales(min(abs(y) + high, 90.0))
        wide = (min(within / narrow, 720.0) if narrow > 0.0 else 720.0) * (1.0 + 1e-9) + 1e-12
        for polygon in range(len(bounds)):
            west, south, east, north = bounds[polygon, 0], bounds[polygon, 1], bounds[polygon, 2], bounds[polygon, 3]
            if not (west <= x + wide and east >= x - wide and south <= y + high and north >= y - high) or polygon == but[i]:
                continue
            side = OUTSIDE
            if west <= x <= east and south <= y <= north:
                side = _side(x, y, polygon, ends, first_run, first_edge, boxes)
            metres, at_lon, at_lat = 0.0, x, y
            if side != INSIDE:
                metres, at_lon, at_lat = _nearest(x, y, kx, ky, polygon, within, ends, first_run, first_edge, boxes)
            if side != OUTSIDE or metres < np.inf:
                place, of_polygon, on_side = _enlarged(place, n), _enlarged(of_polygon, n), _enlarged(on_side, n)
                far, foot_lon, foot_lat = _enlarged(far, n), _enlarged(foot_lon, n), _enlarged(foot_lat, n)
                place[n], of_polygon[n], on_side[n] = i, polygon, side
                far[n], foot_lon[n], foot_lat[n] = metres, at_lon, at_lat
                n += 1
    return place[:n], of_polygon[:n], on_side[:n], far[:n], foot_lon[:n], foot_lat[:n]
