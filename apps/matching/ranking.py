"""The deputies of every doorplate's district, nearest first: many places at once, in the order that geodesics give.

A LAB: arrays in, arrays out; no Django, no database. A deputy is as near as the nearest of his known anchors (station, workplace, ...).
Distances are compared in whole micrometres; equal ones leave the order in which the district names its deputies.

Chords choose the first k, `chords.geodesics` measures them. A row whose distances, or whose next candidate, lie too close together for
that is ranked by PROJ's geodesics to all anchors (`ranked`), which is what every row means.
"""

from __future__ import annotations

import operator

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

from apps.matching import chords, tree
from apps.matching.chords import AXIS, REACH, SLACK, TIE
from gis_data.compiled import compiled, in_threads
from gis_data.crs import coordinates, on_earth

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GEOD = pyproj.Geod(ellps="WGS84")
_MICROMETRES = 1e6
_ROWS_AT_ONCE = 4096  # their pairs stay in the processor's cache
_ROWS_A_THREAD = 8192
_PAIRS_AT_ONCE = 1 << 20
_NOBODY, _EXACT = -1, -2  # a deputy's seat that is empty; a row that PROJ decides


def ranked(anchor_lon: Floats, anchor_lat: Floats, lon: Floats, lat: Floats) -> tuple[Ints, Floats, Ints]:
    """All m deputies of one district for each of n places, by PROJ: order (n, m), and in that order metres and nearest anchor.

    anchor_lon, anchor_lat: degrees (m, a), NaN for no such anchor. Metres are inf, and the anchor 0, where a deputy has none.
    """
    shape = (len(lon), *anchor_lon.shape)
    x, y = np.broadcast_to(lon[:, None, None], shape), np.broadcast_to(lat[:, None, None], shape)
    metres = np.full(shape, np.inf)
    known = np.broadcast_to(np.isfinite(anchor_lon), shape)
    to_x, to_y = np.broadcast_to(anchor_lon, shape)[known], np.broadcast_to(anchor_lat, shape)[known]
    metres[known] = _GEOD.inv(x[known], y[known], to_x, to_y)[2]
    anchor, nearest = metres.argmin(axis=2), metres.min(axis=2)
    order = np.argsort(np.round(nearest * _MICROMETRES), axis=1, kind="stable")
    return order, np.take_along_axis(nearest, order, 1), np.take_along_axis(anchor, order, 1)


class DistrictRanking:
    """Who serves each district and where he can be met, ready to rank; it changes nothing after it is made, so threads may share it."""

    def __init__(self, of_district: tuple[ArrayLike, ArrayLike], anchor_lon: ArrayLike, anchor_lat: ArrayLike) -> None:
        """of_district: (ends, deputies), the deputies of district d are deputies[ends[d - 1] : ends[d]], in the order of their codes;
        who serves two districts is named in both. anchor_lon, anchor_lat: degrees (m, a), one row a deputy; NaN in both for no anchor.

        Raises ValueError for shapes that do not fit, a deputy who is not there, or an anchor that is no place on earth.
        """
        self._ends, self._deputies = (np.asarray(part, dtype=np.int64).ravel() for part in of_district)
        self._lon, self._lat = (np.asarray(part, dtype=np.float64) + 0.0 for part in (anchor_lon, anchor_lat))
        self._demand_sense()
        known = np.isfinite(self._lon)
        deputy, _ = np.nonzero(known)
        place, count = tree.places(self._lon[known], self._lat[known])
        # A second anchor at the same place can never be the nearer one: it is left out, at infinity like those nobody knows.
        once = np.unique(deputy * (count + 1) + place, return_index=True)[1]
        deputy, column = (index[once] for index in np.nonzero(known))
        points, places = np.full((3, *self._lon.shape), np.inf), np.full(self._lon.shape, -1)
        points[:, deputy, column] = chords.earth_centred(self._lon[deputy, column], self._lat[deputy, column])
        places[deputy, column] = place[once]
        # Seat after seat, so that a doorplate reads one run of memory.
        self._points = np.ascontiguousarray(points[:, self._deputies].reshape(3, -1))
        self._places = np.ascontiguousarray(places[self._deputies].ravel())
        self._longest = int(np.diff(self._ends, prepend=0).max(initial=0))

    def _demand_sense(self) -> None:
        if self._lon.shape != self._lat.shape or self._lon.ndim != 2 or self._lon.shape[1] == 0:
            raise ValueError(f"anchors must be two arrays (deputies, anchors >= 1), got {self._lon.shape} and {self._lat.shape}")
        steps = np.diff(self._ends, prepend=0)
        if (steps < 0).any() or (self._ends[-1] if len(self._ends) else 0) != len(self._deputies):
            raise ValueError("the ends of the districts must rise to the number of their deputies")
        if ((self._deputies < 0) | (self._deputies >= len(self._lon))).any():
            raise ValueError(f"districts name deputies from 0 to {len(self._lon) - 1} only")
        lost = np.argwhere(~on_earth(self._lon, self._lat) & ~(np.isnan(self._lon) & np.isnan(self._lat)))
        if len(lost):
            raise ValueError(f"anchor {lost[0][1]} of deputy {lost[0][0]} has no place on earth")

    def rank(
        self, district: ArrayLike, lon: ArrayLike, lat: ArrayLike, k: int
    ) -> tuple[NDArray[np.int32], Floats, NDArray[np.int8]]:
        """The first k deputies of each place's district.

        district: integers (n,), -1 for none, as `PolygonLocator.locate` gives them. lon, lat: degrees (n,). Returns int32 (n, k) deputies,
        -1 where there are fewer; float64 (n, k) metres, inf for a deputy without known place (those come last) and where there is none;
        int8 (n, k) the nearest anchor's column, -1 where metres are inf. A place that is not on earth has nobody. Raises ValueError
        for k < 1, lengths that differ or a district that is not there.
        """
        k = operator.index(k)
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        x, y = (np.require(part, requirements=["C", "W"]) for part in coordinates(lon, lat))
        given = np.atleast_1d(np.asarray(district))
        if given.shape != x.shape:
            raise ValueError(f"districts and coordinates must be of equal length, got {given.shape} and {x.shape}")
        if len(given) and (given.dtype.kind not in "iu" or given.max() >= len(self._ends) or given.min() < -1):
            raise ValueError(f"districts are numbered from 0 to {len(self._ends) - 1}, -1 for none")
        inside = np.require(given, dtype=np.int32, requirements=["C", "W"])
        seats = np.empty((len(x), k), dtype=np.int32)
        metres, kinds = np.empty((len(x), k)), np.empty((len(x), k), dtype=np.int8)
        self._fill(inside, x, y, seats, metres, kinds)
        return seats, metres, kinds

    def _fill(self, inside: NDArray[np.int32], x: Floats, y: Floats, seats: NDArray[np.int32], metres: Floats, kinds: NDArray[np.int8]) -> None:
        k = seats.shape[1]
        width = min(k, max(self._longest, 1))

        def work(start: int, stop: int) -> None:
            here, there = np.empty((3, _ROWS_AT_ONCE * width)), np.empty((3, _ROWS_AT_ONCE * width))
            lines, rest = np.empty((_ROWS_AT_ONCE, width), dtype=np.int64), np.empty((_ROWS_AT_ONCE, width + 1))
            squares, near = np.empty(self._longest * self._lon.shape[1]), np.empty((2, self._longest))
            lengths, keys = np.empty(_ROWS_AT_ONCE * width), np.empty((2, max(self._longest, width)), dtype=np.int64)
            for first in range(start, stop, _ROWS_AT_ONCE):
                last = min(first + _ROWS_AT_ONCE, stop)
                places = chords.earth_centred(x[first:last], y[first:last])
                _choose(
                    inside[first:last], x[first:last], y[first:last], *places, self._ends, self._points, self._places, self._lon.shape[1],
                    seats[first:last], lines, rest, here, there, squares, near, keys,
                )  # fmt: skip
                chords.geodesics(here, there, (last - first) * width, lengths)
                _judge(lengths, lines, rest, self._deputies, self._places, self._lon.shape[1], seats[first:last], metres[first:last], kinds[first:last])

        in_threads(work, len(x), _ROWS_A_THREAD)
        self._decide(np.flatnonzero(seats[:, 0] == _EXACT), inside, x, y, seats, metres, kinds)

    def _decide(
        self, rows: Ints, inside: NDArray[np.int32], x: Floats, y: Floats, seats: NDArray[np.int32], metres: Floats, kinds: NDArray[np.int8]
    ) -> None:
        """Ranks rows by PROJ alone."""
        rows = rows[np.argsort(inside[rows], kind="stable")]
        for group in np.split(rows, np.flatnonzero(np.diff(inside[rows])) + 1) if len(rows) else []:
            district = inside[group[0]]
            deputies = self._deputies[self._ends[district - 1] if district else 0 : self._ends[district]]
            step = max(1, _PAIRS_AT_ONCE // (len(deputies) * self._lon.shape[1]))
            for start in range(0, len(group), step):
                some = group[start : start + step]
                order, nearest, anchor = (part[:, : seats.shape[1]] for part in ranked(self._lon[deputies], self._lat[deputies], x[some], y[some]))
                width = order.shape[1]
                seats[some], metres[some], kinds[some] = -1, np.inf, -1
                seats[some, :width], metres[some, :width] = deputies[order], nearest
                kinds[some, :width] = np.where(np.isfinite(nearest), anchor, -1)


@compiled
def _choose(inside, lon, lat, x, y, z, ends, points, places, anchors, seats, lines, rest, here, there, squares, near, keys):
    """The first deputies of each row by squared chord.

    seats int32 (n, k): row of `of_district`'s deputies, -1 for nobody. lines int64 (n, width): the column of `points` that is his nearest
    anchor, -1 for none. rest float64 (n, width + 1): the squared chord of his next anchor; in the last column that of the next deputy,
    unless he is met at the very place of the last one chosen. here, there (3, n * width): what is to be measured. squares, near, keys: room
    for all anchors and deputies of a district.

    The sort is without branches: a key is the bits of the squared chord with the deputy's number in the lowest, and passes a chain of
    minima and maxima. That chords so cut may change places does no harm: `_judge` sees it by their geodesics.
    """
    width, bits = lines.shape[1], 1
    while (1 << bits) < keys.shape[1]:
        bits += 1
    mask = (1 << bits) - 1
    all_bits, best, held = near[0].view(np.int64), keys[0], keys[1]
    for row in range(len(inside)):
        here_x, here_y, here_z, base = x[row], y[row], z[row], row * width
        seats[row] = _NOBODY
        for j in range(width):
            lines[row, j], rest[row, j] = -1, np.inf
            here[0, base + j], here[1, base + j], here[2, base + j] = here_x, here_y, here_z
            there[0, base + j], there[1, base + j], there[2, base + j] = here_x, here_y, here_z
        rest[row, width] = np.inf
        district = inside[row]
        if district < 0 or not (abs(lon[row]) <= 360.0 and abs(lat[row]) <= 90.0):
            continue
        low, high = ends[district - 1] if district else 0, ends[district]
        count, offset = high - low, low * anchors
        for line in range(count * anchors):
            dx, dy, dz = points[0, offset + line] - here_x, points[1, offset + line] - here_y, points[2, offset + line] - here_z
            squares[line] = dx * dx + dy * dy + dz * dz
        for j in range(width):
            best[j] = np.int64(0x7FFFFFFFFFFFFFFF)
        for seat in range(count):
            first, second = squares[seat * anchors], np.inf
            for line in range(seat * anchors + 1, (seat + 1) * anchors):
                square = squares[line]
                second = min(second, max(first, square))
                first = min(first, square)
            near[0, seat], near[1, seat] = first, second
            key = (all_bits[seat] & ~mask) | seat
            held[seat] = key
            for rank in range(width):
                other = best[rank]
                best[rank] = min(other, key)
                key = max(other, key)
        last = np.inf
        for rank in range(min(width, count)):
            seat = best[rank] & mask
            seats[row, rank] = low + seat
            last = near[0, seat]
            if last < np.inf:
                line = seat * anchors
                while squares[line] != last:
                    line += 1
                j = base + rank
                there[0, j], there[1, j], there[2, j] = points[0, offset + line], points[1, offset + line], points[2, offset + line]
                lines[row, rank], rest[row, rank] = offset + line, near[1, seat]
        if count > width and last < np.inf:
            least, end, alike = np.inf, best[width - 1], False
            for seat in range(count):
                passed_over = held[seat] > end
                alike |= passed_over & (near[0, seat] == last)
                least = min(least, near[0, seat] if passed_over & (near[0, seat] != last) else np.inf)
            if alike:
                for seat in range(count):
                    if held[seat] > end and near[0, seat] == last:
                        line = seat * anchors
                        while squares[line] != last:
                            line += 1
                        least = min(least, near[1, seat] if places[offset + line] == places[lines[row, width - 1]] else last)
            rest[row, width] = least


@compiled
def _judge(lengths, lines, rest, deputies, places, columns, seats, metres, anchors):
    """Seats become deputies, with their metres and anchors; `_EXACT` in the first column where their order is not certain.

    A chord longer than a geodesic of so many metres (in radii) belongs to a longer geodesic; no more is asked of what was not measured.
    """
    width = lines.shape[1]
    for row in range(len(seats)):
        metres[row] = np.inf
        anchors[row] = -1
        certain, before = True, -1
        for rank in range(width):
            line = lines[row, rank]
            if line >= 0:
                length = lengths[row * width + rank]
                reach = (length + SLACK) / AXIS
                certain &= (length <= 0.999 * REACH * AXIS) & (rest[row, rank] > reach * reach)
                if before >= 0 and places[line] != places[before]:
                    certain &= length - metres[row, rank - 1] > TIE + SLACK
                metres[row, rank], anchors[row, rank] = length, line % columns
                before = line
            if seats[row, rank] >= 0:
                seats[row, rank] = deputies[seats[row, rank]]
        if before >= 0 and before == lines[row, width - 1]:
            reach = (metres[row, width - 1] + TIE + SLACK) / AXIS
            certain &= rest[row, width] > reach * reach
        if not certain:
            seats[row, 0] = _EXACT
