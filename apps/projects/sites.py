"""Which of many sites are nearest, by the geodesic on WGS 84, among those that are wanted.

A LAB: arrays in, arrays out; no Django, no database. Filters change with every question, so there is no tree: the chord to every
site is a few operations, and only the sites whose chord could make them one of the first are measured exactly. Between the chord c
and the geodesic s lie, with the largest radius of curvature R = a²/b and the smallest r = b²/a, the bounds of `matching.nearest`:

    2 R asin(c / 2R)  <=  s  <=  2 r asin(c / 2r)
"""

from collections.abc import Sequence

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
LonLat = tuple[float, float]

_GEOD = pyproj.Geod(ellps="WGS84")
_LARGEST, _SMALLEST = _GEOD.a**2 / _GEOD.b, _GEOD.b**2 / _GEOD.a
_SLACK = 1e-3  # metres: what rounding may do to a chord, many times over


class Sites:
    """Sites by row; rows that are equally far, to 1 µm, keep their order."""

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        """lon, lat: degrees, arrays of one length, finite."""
        self.lon, self.lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
        self._axes = _earth_centred(self.lon, self.lat)

    def nearest(self, places: Sequence[LonLat], rows: Rows, first: int, last: int) -> tuple[Rows, Floats]:
        """Of `rows` (ascending, none twice), ordered by their distance to the nearest of the places, those from number `first`
        (from 0) to `last` (exclusive), and the metres."""
        if first >= min(last, len(rows)) or not places:
            return rows[:0], np.empty(0)
        if last < len(rows):
            axes = self._axes if len(rows) == len(self.lon) else self._axes[:, rows]
            square = np.min([_squares(axes, _earth_centred(*place)) for place in places], axis=0)
            reach = _upper(float(np.sqrt(np.partition(square, last - 1)[last - 1])))
            rows = rows[square <= (_chord_of(reach) + _SLACK) ** 2]
        metres = self.metres(places, rows)
        order = np.argsort(np.round(metres, 6), kind="stable")[first:last]
        return rows[order], metres[order]

    def metres(self, places: Sequence[LonLat], rows: Rows) -> Floats:
        """From each of the rows to the nearest of the places."""
        lon, lat = self.lon[rows], self.lat[rows]
        return np.min([_GEOD.inv(np.full_like(lon, x), np.full_like(lat, y), lon, lat)[2] for x, y in places], axis=0)

    def within(self, west: float, south: float, east: float, north: float) -> NDArray[np.bool_]:
        """Of every row, whether it lies in the box (degrees, borders included)."""
        return (self.lon >= west) & (self.lon <= east) & (self.lat >= south) & (self.lat <= north)


def _earth_centred(lon: ArrayLike, lat: ArrayLike) -> Floats:
    x, y = np.radians(lon), np.radians(lat)
    normal = _GEOD.a / np.sqrt(1 - _GEOD.es * np.sin(y) ** 2)
    return np.stack([normal * np.cos(y) * np.cos(x), normal * np.cos(y) * np.sin(x), normal * (1 - _GEOD.es) * np.sin(y)])


def _squares(axes: Floats, centre: Floats) -> Floats:
    """Of the chords from the centre; axis by axis, which is several times quicker than point by point."""
    return (axes[0] - centre[0]) ** 2 + (axes[1] - centre[1]) ** 2 + (axes[2] - centre[2]) ** 2


def _upper(chord: float) -> float:
    """The most metres that a chord may stand for."""
    return 2 * _SMALLEST * np.arcsin(min(1.0, chord / (2 * _SMALLEST)))


def _chord_of(metres: float) -> float:
    """The longest chord of a geodesic of so many metres."""
    return 2 * _LARGEST * np.sin(min(np.pi / 2, metres / (2 * _LARGEST)))
