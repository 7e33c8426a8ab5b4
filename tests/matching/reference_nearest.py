"""The plain twin of `apps.matching.nearest`: scipy's k-d tree for candidates and PROJ's geodesic for every pair, nothing compiled.

Bounds between a chord c and its geodesic s, with the largest radius of curvature R = a²/b and the smallest r = b²/a:

    2 R asin(c / 2R)  <=  s  <=  2 r asin(c / 2r)

Candidates are fetched until a chord is too long to compete; only then is the answer given.
"""

from __future__ import annotations

import operator

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from gis_data.crs import coordinates, on_earth

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

TIE = 1e-6  # metres; distances no farther apart are equal

_GEOD = pyproj.Geod(ellps="WGS84")
_LARGEST_RADIUS, _SMALLEST_RADIUS = _GEOD.a**2 / _GEOD.b, _GEOD.b**2 / _GEOD.a
_SLACK = 1e-6  # metres; coordinates, chord and geodesic are each rounded by some nanometres
_PAIRS_AT_ONCE = 1 << 20


class PlainIndex:
    """The k nearest sites by geodesic distance on the WGS 84 ellipsoid; distances equal to 1 µm are ties, lowest index first."""

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        """lon, lat: degrees, arrays of one length (scalars are one site), duplicates allowed, may be empty.

        Raises ValueError naming the index of a site that is not finite or lies beyond a pole.
        """
        x, y = coordinates(lon, lat)
        lost = np.flatnonzero(~on_earth(x, y))
        if len(lost):
            raise ValueError(f"site {lost[0]} has no place on earth: longitude {x[lost[0]]}, latitude {y[lost[0]]}")
        # Sites at one place (a block of flats, a village) are one node of the tree; their indices follow, ascending.
        places, of_site = np.unique(x + 1j * y, return_inverse=True)
        self._lon, self._lat = places.real.copy(), places.imag.copy()
        self._sites = np.argsort(of_site, kind="stable")
        self._ends = np.cumsum(np.bincount(of_site, minlength=len(places)))
        self._tree = cKDTree(_earth_centred(self._lon, self._lat)) if len(places) else None

    def query(
        self, lon: ArrayLike, lat: ArrayLike, k: int = 1, within: float | None = None
    ) -> tuple[NDArray[np.int32], Floats]:
        """The k nearest sites of each place and how far they are.

        lon, lat: degrees, arrays of one length n or scalars (n = 1). within: metres, inclusive. Returns int32 (n, k) site
        indices and float64 (n, k) metres, nearest first and metres never falling along a row; -1 and inf where there are
        fewer, and all along a row whose place is not finite or lies beyond a pole. Raises ValueError when k < 1 or within is
        negative or NaN.

        Ties are read from the nearest outward: all that is no more than 1 µm farther than the first of them is equal to it.
        """
        k = operator.index(k)
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        limit = np.inf if within is None else float(within)
        if not limit >= 0.0:
            raise ValueError(f"within must be metres >= 0, got {within}")
        x, y = coordinates(lon, lat)
        sites = np.full((len(x), k), -1, dtype=np.int32)
        metres = np.full((len(x), k), np.inf)
        if self._tree is None:
            return sites, metres
        rows = np.flatnonzero(on_earth(x, y))
        wanted = min(k, len(self._lon)) + 1
        while len(rows):
            piece = max(1, _PAIRS_AT_ONCE // wanted)
            pieces = [rows[start : start + piece] for start in range(0, len(rows), piece)]
            proven = [self._answer(x[some], y[some], some, k, limit, wanted, sites, metres) for some in pieces]
            rows = rows[~np.concatenate(proven)]
            wanted = min(4 * wanted, len(self._lon) + 1)
        return sites, metres

    def _answer(
        self,
        x: Floats,
        y: Floats,
        rows: Ints,
        k: int,
        limit: float,
        wanted: int,
        sites: NDArray[np.int32],
        metres: Floats,
    ) -> Mask:
        """Fills in the rows that the `wanted` nearest places by chord prove, and tells which these are."""
        assert self._tree is not None
        farthest = _chord_within(np.array([limit + _SLACK]))[0]
        chord, place = self._tree.query(_earth_centred(x, y), k=wanted, distance_upper_bound=farthest)
        # The k-th place holds at least the k-th site: nothing longer than its upper bound can come before.
        last = _longest(chord[:, min(k, wanted) - 1])
        enough = np.minimum(_chord_within(last + TIE + _SLACK), farthest)
        proven = np.isinf(chord[:, -1]) | (chord[:, -1] > enough)
        row, column = np.nonzero(np.isfinite(chord) & (chord <= enough[:, None]) & proven[:, None])
        place = place[row, column]
        _, _, distance = _GEOD.inv(x[row], y[row], self._lon[place], self._lat[place])
        near = distance <= limit
        row, site, distance = self._sites_at(row[near], place[near], distance[near], k)
        row, site, distance, rank = _ranked(row, site, distance)
        first = rank < k
        sites[rows[row[first]], rank[first]] = site[first]
        metres[rows[row[first]], rank[first]] = distance[first]
        return proven

    def _sites_at(self, row: Ints, place: Ints, distance: Floats, k: int) -> tuple[Ints, Ints, Floats]:
        """A line for every site at the places instead of one for every place; no more than the first k of a place matter."""
        if len(self._lon) == len(self._sites):
            return row, self._sites[place], distance
        start = np.where(place > 0, self._ends[place - 1], 0)
        count = np.minimum(self._ends[place] - start, k)
        line = np.repeat(np.arange(len(place)), count)
        offset = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
        return row[line], self._sites[start[line] + offset], distance[line]


def _ranked(row: Ints, site: Ints, distance: Floats) -> tuple[Ints, Ints, Floats, Ints]:
    """Lines sorted by row, then distance, ties by site; and each line's rank in its row, from 0.

    All lines of a tie are given the distance of the nearest of them.
    """
    order = np.lexsort((site, distance, row))
    row, site, distance = row[order], site[order], distance[order]
    new_row = np.diff(row, prepend=-1) != 0
    gap = np.diff(distance, prepend=0.0)
    if (~new_row & (gap > 0.0) & (gap <= TIE)).any():
        first = _first_of_ties(new_row | (gap > TIE), distance)
        tie = np.cumsum(first) - 1
        site, distance = site[np.lexsort((site, tie))], distance[first][tie]
    starts = np.flatnonzero(new_row)
    rank = np.arange(len(row)) - np.repeat(starts, np.diff(starts, append=len(row)))
    return row, site, distance, rank


def _first_of_ties(apart: Mask, distance: Floats) -> Mask:
    """Marks the first line of every tie, given which lines lie apart from the line before.

    A chain of close neighbours that is longer than a tie is cut, from its nearest end.
    """
    first = apart.copy()
    starts = np.flatnonzero(apart)
    ends = np.append(starts[1:], len(apart))
    for chain in np.flatnonzero(distance[ends - 1] - distance[starts] > TIE):
        anchor = distance[starts[chain]]
        for line in range(starts[chain] + 1, ends[chain]):
            if distance[line] - anchor > TIE:
                first[line] = True
                anchor = distance[line]
    return first


def _earth_centred(lon: Floats, lat: Floats) -> Floats:
    """Earth-centred coordinates on the ellipsoid in metres, float64 (n, 3)."""
    east, north = np.radians(lon), np.radians(lat)
    vertical = _GEOD.a / np.sqrt(1.0 - _GEOD.es * np.sin(north) ** 2)
    flat = vertical * np.cos(north)
    return np.column_stack([flat * np.cos(east), flat * np.sin(east), vertical * (1.0 - _GEOD.es) * np.sin(north)])


def _longest(chord: Floats) -> Floats:
    """The longest geodesic that a chord can belong to, metres; inf near the antipode, where the bound ends."""
    ratio = chord / (2.0 * _SMALLEST_RADIUS)
    return np.where(ratio < 0.9999, 2.0 * _SMALLEST_RADIUS * np.arcsin(np.minimum(ratio, 1.0)), np.inf)


def _chord_within(metres: Floats) -> Floats:
    """The longest chord that a geodesic of so many metres can have; inf where every chord has one as short."""
    half = np.minimum(metres / (2.0 * _LARGEST_RADIUS), np.pi / 2.0)
    return np.where(half < np.pi / 2.0, 2.0 * _LARGEST_RADIUS * np.sin(half), np.inf)
