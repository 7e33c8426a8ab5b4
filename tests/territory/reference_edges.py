"""Tables in which a point meets few of many polygons' edges, and bounds on metres: the inner part of the plain twin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyproj
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GEOD = pyproj.Geod(ellps="WGS84")
LEAST_METRES_PER_DEGREE = float(np.radians(GEOD.a * (1.0 - GEOD.es)))  # of latitude, at the equator


@dataclass(frozen=True, eq=False)
class Boxes:
    """Bounding boxes over a table of side x side cells; each cell lists the boxes that meet it, ascending."""

    bounds: Floats  # (m, 4) west, south, east, north; NaN for nothing
    corner: tuple[float, float]
    per_degree: tuple[float, float]
    side: int
    starts: Ints  # (side * side + 1,)
    boxes: Ints

    @classmethod
    def of(cls, bounds: Floats) -> Boxes:
        known = np.flatnonzero(~np.isnan(bounds[:, 0]))
        box = bounds[known]
        west, south = (float(low) for low in box[:, :2].min(axis=0, initial=360.0))
        east, north = (float(high) for high in box[:, 2:].max(axis=0, initial=-360.0))
        side = 2 * int(np.ceil(np.sqrt(len(known)))) or 1
        while True:
            scale = _per_bin(east - west, side), _per_bin(north - south, side)
            left, right = (_bin(box[:, i], west, scale[0], side) for i in (0, 2))
            low, high = (_bin(box[:, i], south, scale[1], side) for i in (1, 3))
            # Boxes that overlap a lot fill many cells; a coarser table stays in proportion.
            if ((right - left + 1) * (high - low + 1)).sum() <= 16 * len(known) or side == 1:
                break
            side = max(1, side // 2)
        of_row, row = spread(low, high - low + 1)
        of_cell, column = spread(left[of_row], (right - left + 1)[of_row])
        cell = row[of_cell] * side + column
        order = np.argsort(cell, kind="stable")
        starts = np.searchsorted(cell[order], np.arange(side * side + 1))
        return cls(bounds, (west, south), scale, side, starts, known[of_row[of_cell[order]]])

    def at(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """Pairs (point, box) of the boxes that hold each point, ascending; x and y finite."""
        column = _bin(x, self.corner[0], self.per_degree[0], self.side)
        cell = _bin(y, self.corner[1], self.per_degree[1], self.side) * self.side + column
        point, entry = spread(self.starts[cell], self.starts[cell + 1] - self.starts[cell])
        box = self.boxes[entry]
        west, south, east, north = self.bounds[box].T
        px, py = x[point], y[point]
        holds = (west <= px) & (px <= east) & (south <= py) & (py <= north)
        return point[holds], box[holds]

    def around(self, x: Floats, y: Floats, metres: float) -> tuple[Ints, Ints]:
        """Pairs (point, box) of the boxes that may come within so many metres of each point, ascending; x and y finite."""
        high = metres / LEAST_METRES_PER_DEGREE * (1.0 + 1e-9) + 1e-12
        wide = np.minimum(metres / scales(np.minimum(np.abs(y) + high, 90.0))[0], 720.0) * (1.0 + 1e-9) + 1e-12
        west, south, east, north = self.bounds.T
        near = (west <= (x + wide)[:, None]) & (east >= (x - wide)[:, None])
        near &= (south <= (y + high)[:, None]) & (north >= (y - high)[:, None])
        point, box = np.nonzero(near)
        return point, box


@dataclass(frozen=True, eq=False)
class Slabs:
    """Each polygon cut into horizontal slabs of equal height, each slab with the edges that reach into it."""

    first: Ints  # (m,) number of each polygon's lowest slab
    count: Ints  # (m,)
    south: Floats  # (m,)
    scale: Floats  # (m,) slabs per degree
    starts: Ints  # (slabs + 1,)
    edges: Ints

    @classmethod
    def of(cls, edges: Floats, owner: Ints, polygons: int) -> Slabs:
        south, north = np.full(polygons, np.inf), np.full(polygons, -np.inf)
        np.minimum.at(south, owner, edges[1])
        np.maximum.at(north, owner, edges[3])
        height = np.where(north > south, north - south, 0.0)
        own = np.bincount(owner, minlength=polygons)
        total = np.bincount(owner, weights=edges[3] - edges[1], minlength=polygons)
        # As many slabs as edges, fewer where edges are long, so that the table stays below four entries for an edge.
        count = np.minimum(own, (3.0 * own * height / np.where(total > 0, total, 1.0)).astype(np.int64))
        count = np.maximum(count, 1)
        scale = np.array([_per_bin(*pair) for pair in zip(height, count, strict=True)], dtype=np.float64)
        first = np.cumsum(count) - count
        south = np.where(own > 0, south, 0.0)
        low, high = (_bin(y, south[owner], scale[owner], count[owner]) for y in (edges[1], edges[3]))
        edge, slab = spread(first[owner] + low, high - low + 1)
        order = np.argsort(slab, kind="stable")
        starts = np.searchsorted(slab[order], np.arange(count.sum() + 1))
        return cls(first, count, south, scale, starts, edge[order])

    def at(self, polygon: Ints, y: Floats) -> tuple[Ints, Ints]:
        """Where the list of each row's slab starts, and how many edges it has."""
        slab = self.first[polygon] + _bin(y, self.south[polygon], self.scale[polygon], self.count[polygon])
        return self.starts[slab], self.starts[slab + 1] - self.starts[slab]

    def pairs(self, polygon: Ints, y: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, edge): the edges that may pass at each row's latitude."""
        row, entry = spread(*self.at(polygon, y))
        return row, self.edges[entry]


@dataclass(frozen=True, eq=False)
class Runs:
    """Each polygon's edges in runs of about the square root of their number, each run in its bounding box."""

    edges_of: Ints  # (m,) how many edges a polygon has
    first: Ints  # (m,) number of each polygon's first run
    count: Ints  # (m,)
    starts: Ints  # (runs,) first edge
    sizes: Ints  # (runs,)
    boxes: Floats  # (4, runs) west, south, east, north
    heads: Floats  # (2, runs) one vertex of each

    @classmethod
    def of(cls, edges: Floats, owner: Ints, polygons: int) -> Runs:
        own = np.bincount(owner, minlength=polygons)
        length = np.maximum(8, np.sqrt(own / 2.0).astype(np.int64))
        count = -(-own // length)
        first = np.cumsum(count) - count
        of_run, offset = spread(np.zeros(polygons, dtype=np.int64), count)
        starts = (np.cumsum(own) - own)[of_run] + offset * length[of_run]
        sizes = np.minimum(length[of_run], np.cumsum(own)[of_run] - starts)
        ax, ay, bx, by = edges
        west, south, east, north = (
            reduction.reduceat(values, starts) if len(starts) else np.zeros(0)
            for reduction, values in (
                (np.minimum, np.minimum(ax, bx)),
                (np.minimum, ay),
                (np.maximum, np.maximum(ax, bx)),
                (np.maximum, by),
            )
        )
        return cls(own, first, count, starts, sizes, np.stack([west, south, east, north]), edges[:2, starts])

    def pairs(self, x: Floats, y: Floats, polygon: Ints, kx: Floats, ky: Floats, limit: float) -> tuple[Ints, Ints]:
        """Pairs (row, edge) that may hold the nearest border of each row's polygon within the limit (metres)."""
        row, run = spread(self.first[polygon], self.count[polygon])
        px, py, sx, sy = x[row], y[row], kx[row], ky[row]
        west, south, east, north = self.boxes[:, run]
        least = np.hypot(
            np.maximum(np.maximum(west - px, px - east), 0.0) * sx,
            np.maximum(np.maximum(south - py, py - north), 0.0) * sy,
        )
        head = np.hypot((self.heads[0, run] - px) * sx, (self.heads[1, run] - py) * sy)
        most = np.full(len(x), np.inf)
        np.minimum.at(most, row, head)
        near = least <= widest(y, np.minimum(longest(y, most), limit))[row]
        row, run = row[near], run[near]
        again, edge = spread(self.starts[run], self.sizes[run])
        return row[again], edge


# --- metres -----------------------------------------------------------------------------------------------------------


def scales(lat: Floats) -> tuple[Floats, Floats]:
    """Metres in a degree of longitude and of latitude at a latitude on WGS 84."""
    latitude = np.radians(lat)
    w = 1.0 - GEOD.es * np.sin(latitude) ** 2
    return np.radians(GEOD.a * np.cos(latitude) / np.sqrt(w)), np.radians(GEOD.a * (1.0 - GEOD.es) / (w * np.sqrt(w)))


def longest(lat: Floats, flat: Floats) -> Floats:
    """Upper bound in metres of the true distance to what lies `flat` metres away on the projection at a latitude."""
    kx, ky = scales(lat)
    band = flat / ky
    widest, _ = scales(np.maximum(np.abs(lat) - band, 0.0))
    _, highest = scales(np.minimum(np.abs(lat) + band, 90.0))
    return flat * np.maximum(widest / kx, highest / ky)


def widest(lat: Floats, metres: Floats) -> Floats:
    """Upper bound, on the projection at a latitude, of the distance to what truly lies within so many metres."""
    kx, ky = scales(lat)
    band = metres / LEAST_METRES_PER_DEGREE
    narrowest, _ = scales(np.minimum(np.abs(lat) + band, 90.0))
    _, lowest = scales(np.maximum(np.abs(lat) - band, 0.0))
    return metres * np.maximum(kx / narrowest, ky / lowest) * (1.0 + 1e-9) + 1e-6


# --- ragged arrays ----------------------------------------------------------------------------------------------------


def _per_bin(width: float, bins: int) -> float:
    with np.errstate(over="ignore", divide="ignore"):
        scale = float(np.float64(bins) / np.float64(width)) if width > 0.0 else 0.0
    return scale if np.isfinite(scale) else 0.0


def _bin(value: Floats, origin: Floats | float, scale: Floats | float, bins: Ints | int) -> Ints:
    # Subtracting, multiplying and cutting keep the order of values, so an edge's bins are those between its ends' bins.
    return np.clip((value - origin) * scale, 0, np.asarray(bins) - 1).astype(np.int64)


def spread(start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """For each row i the numbers start[i] … start[i] + count[i] - 1, as two arrays: row, number."""
    row = np.repeat(np.arange(len(count)), count)
    return row, np.arange(len(row)) + np.repeat(start - (np.cumsum(count) - count), count)


def slices(sizes: Ints, most: int) -> Iterator[slice]:
    """Consecutive rows in pieces whose sizes sum up to no more than `most`, or single rows."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        done = ends[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(ends, done + most, side="right")))
        yield slice(start, end)
        start = end
