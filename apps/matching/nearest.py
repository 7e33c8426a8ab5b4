"""The nearest sites by geodesic distance, never in the wrong order.

A LAB: arrays in, arrays out; no Django, no database. `NearestIndex` changes nothing after it is made, so threads may share one.

A k-d tree on earth-centred coordinates finds candidates by their chord c; the geodesic s on WGS 84 then decides. Between both
lie proven bounds, with the largest radius of curvature R = a²/b and the smallest r = b²/a:

    2 R asin(c / 2R)  <=  s  <=  2 r asin(c / 2r)

(the upper one by Schur's comparison theorem, for s up to pi r; the lower one because the ellipsoid holds, by Blaschke's rolling
theorem, the spindle of radius R between any two of its points, which no path on its surface can cut). At 10 km the bounds part
by 36 µm, at 100 km by 36 mm, at 1,000 km by 36 m. Up to 150 km `chords` knows s itself from c, to a fraction of a micrometre. A row is
answered there when its distances lie apart by more than that, and the next chord is too long to compete; any other row (ties, far
sites, a distance on the limit) is answered by PROJ's geodesics to all sites that these bounds leave over.
"""

from __future__ import annotations

import operator

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

from apps.matching import chords, tree
from apps.matching.chords import SLACK, TIE
from gis_data.compiled import in_threads
from gis_data.crs import coordinates, on_earth

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_GEOD = pyproj.Geod(ellps="WGS84")
_LARGEST_RADIUS, _SMALLEST_RADIUS = _GEOD.a**2 / _GEOD.b, _GEOD.b**2 / _GEOD.a
_ROWS_A_THREAD = 8192
_OPEN_ROWS_A_THREAD = 1024
_ROWS_AT_ONCE = 1 << 20
_PAIRS_AT_ONCE = 1 << 20


class NearestIndex:
    """The k nearest sites by geodesic distance on the WGS 84 ellipsoid; distances equal to 1 µm are ties, lowest index first."""

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        """lon, lat: degrees, arrays of one length (scalars are one site), duplicates allowed, may be empty.

        Raises ValueError naming the index of a site that is not finite or lies beyond a pole.
        """
        x, y = coordinates(lon, lat)
        lost = np.flatnonzero(~on_earth(x, y))
        if len(lost):
            raise ValueError(f"site {lost[0]} has no place on earth: longitude {x[lost[0]]}, latitude {y[lost[0]]}")
        # Sites at one place (a block of flats, a village) are one point of the tree; their indices follow, ascending.
        x, y = x + 0.0, y + 0.0  # no -0.0, which is the same place as 0.0
        of_site, count = tree.places(x, y)
        self._sites = np.argsort(of_site, kind="stable")
        self._ends = np.cumsum(np.bincount(of_site, minlength=count))
        first = self._sites[self._ends - np.bincount(of_site, minlength=count)]
        self._lon, self._lat = x[first], y[first]
        self._points = np.column_stack(chords.earth_centred(self._lon, self._lat))
        self._number = np.arange(count)
        self._boxes = tree.tree(self._points, self._number) if count else np.empty((0, 6))

    def query(
        self, lon: ArrayLike, lat: ArrayLike, k: int = 1, within: float | None = None
    ) -> tuple[NDArray[np.int32], Floats]:
        """The k nearest sites of each place and how far they are.

        lon, lat: degrees, arrays of one length n or scalars (n = 1). within: metres, inclusive. Returns int32 (n, k) site
        indices and float64 (n, k) metres, nearest first and metres never falling along a row; -1 and inf where there are
        fewer, and all along a row whose place is not finite or lies beyond a pole. Raises ValueError when k < 1 or within is
        negative or NaN. Metres are those of GeographicLib to 0.1 µm.

        Ties are read from the nearest outward: all that is no more than 1 µm farther than the first of them is equal to it.
        """
        k = operator.index(k)
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        limit = np.inf if within is None else float(within)
        if not limit >= 0.0:
            raise ValueError(f"within must be metres >= 0, got {within}")
        x, y = (np.require(part, requirements=["C", "W"]) for part in coordinates(lon, lat))
        sites = np.full((len(x), k), -1, dtype=np.int32)
        metres = np.full((len(x), k), np.inf)
        if len(self._lon) == 0 or len(x) == 0:
            return sites, metres
        farthest = float(_chord_within(np.array([limit + SLACK]))[0])
        chord = np.full(len(x), -1.0)

        def work(start: int, stop: int) -> None:
            for first in range(start, stop, _ROWS_AT_ONCE):
                rows = tree.neighbours(x, y, first, min(first + _ROWS_AT_ONCE, stop))
                chords.nearest(
                    rows, x, y, self._points, self._boxes, self._number, self._ends, self._sites,
                    k, limit, farthest / chords.AXIS, sites, metres, chord,
                )  # fmt: skip

        in_threads(work, len(x), _ROWS_A_THREAD)
        open_rows = np.flatnonzero(chord >= 0.0)
        if len(open_rows):

            def decide(start: int, stop: int) -> None:
                rows = open_rows[start:stop]
                self._decide(x, y, rows, chord[rows] * chords.AXIS, k, limit, farthest, sites, metres)

            in_threads(decide, len(open_rows), _OPEN_ROWS_A_THREAD)
        return sites, metres

    def _decide(
        self,
        x: Floats,
        y: Floats,
        rows: Ints,
        chord: Floats,
        k: int,
        limit: float,
        farthest: float,
        sites: NDArray[np.int32],
        metres: Floats,
    ) -> None:
        """Fills in rows by PROJ's geodesics; chord: metres to the k-th place of each row, inf where there are fewer."""
        # The k-th place holds at least the k-th site: nothing longer than its upper bound can come before.
        enough = np.minimum(_chord_within(_longest(chord) + TIE + SLACK), farthest) / chords.AXIS
        counts = chords.count_around(x[rows], y[rows], enough, self._points, self._boxes)
        ends = np.cumsum(counts)
        start = 0
        while start < len(rows):
            stop = max(start + 1, int(np.searchsorted(ends, ends[start] - counts[start] + _PAIRS_AT_ONCE)))
            some = rows[start:stop]
            place = chords.around(x[some], y[some], enough[start:stop], self._points, self._boxes, self._number, counts[start:stop])
            row = np.repeat(np.arange(len(some)), counts[start:stop])
            _, _, distance = _GEOD.inv(x[some][row], y[some][row], self._lon[place], self._lat[place])
            near = distance <= limit
            row, site, distance = self._sites_at(row[near], place[near], distance[near], k)
            row, site, distance, rank = _ranked(row, site, distance)
            first = rank < k
            sites[some[row[first]], rank[first]] = site[first]
            metres[some[row[first]], rank[first]] = distance[first]
            start = stop

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


def _longest(chord: Floats) -> Floats:
    """The longest geodesic that a chord can belong to, metres; inf near the antipode, where the bound ends."""
    ratio = chord / (2.0 * _SMALLEST_RADIUS)
    return np.where(ratio < 0.9999, 2.0 * _SMALLEST_RADIUS * np.arcsin(np.minimum(ratio, 1.0)), np.inf)


def _chord_within(metres: Floats) -> Floats:
    """The longest chord that a geodesic of so many metres can have; inf where every chord has one as short."""
    half = np.minimum(metres / (2.0 * _LARGEST_RADIUS), np.pi / 2.0)
    return np.where(half < np.pi / 2.0, 2.0 * _LARGEST_RADIUS * np.sin(half), np.inf)
