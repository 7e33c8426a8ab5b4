"""How densely events lie: a Gaussian kernel density on a grid of cells.

A LAB: arrays in, arrays out; no Django, no database, nothing kept between calls, so threads may call it at the same time.

Two ways, by the bandwidth h. Wide against a cell: events are spread by cubic B-splines onto nodes h / 4 apart, laid for this sum alone, and
each cell's centre gathers the nodes around it along one axis, then along the other. A cubic B-spline keeps the mean of what it spreads and
adds the same variance (node² / 3) and no skew wherever an event lies between the nodes (Strang-Fix conditions; linear shares would add
anything from 0 to node² / 4), so gathering with h² - node² / 3 makes it good: what remains is of fourth order, 7e-5 of an event's own peak.
Narrow against a cell: every event is added to the few centres within reach, as the formula says.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis_data.compiled import compiled, in_threads

Floats = NDArray[np.float64]

REACH = 6.0  # bandwidths; beyond it an event counts as 0 instead of 1.5e-8 of its peak
NODES_PER_BANDWIDTH = 4.0
_SPLINE_VARIANCE = 1.0 / 3.0  # of a cubic B-spline, in squared nodes
_FEW_NODES = 1 << 16  # laid without asking how many cells there are
_EVENTS_PER_THREAD = 1 << 16


def density(
    x: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike | None,
    extent: tuple[float, float, float, float],
    shape: tuple[int, int],
    bandwidth: float,
) -> Floats:
    """Events per square kilometre at the centre of each cell, float64 (rows, columns), row 0 in the SOUTH, column 0 in the west.

    x, y: metres on a plane, arrays of one length (scalars are one event); an event without a place (not finite) is left out.
    weight: how many events each row stands for, finite, may be negative; None: one each.
    extent: west, south, east, north in metres, the outer edges of the grid; cells need not be square. Events beyond count as far as they
    reach. shape: rows, columns. bandwidth: standard deviation of the Gaussian in metres.

    Right to 1e-4 of the largest density there is in the plane, whatever the bandwidth, and to 1e-3 of each value up to 3 bandwidths from the
    nearest event. Takes memory by cells and bandwidth, not by events. The last bits depend on the number of processors.
    Raises ValueError for lengths, weights, extents, shapes or bandwidths that cannot be meant.
    """
    xs, ys, weights = _events(x, y, weight)
    west, south, east, north = map(float, extent)
    rows, columns = map(operator.index, shape)
    h = float(bandwidth)
    if not (west < east and south < north and np.isfinite([west, south, east, north]).all()):
        raise ValueError(f"extent must be west < east, south < north in finite metres, got {extent}")
    if rows < 1 or columns < 1:
        raise ValueError(f"shape must be at least one row and one column, got {shape}")
    if not 0.0 < h < np.inf:
        raise ValueError(f"bandwidth must be metres > 0, got {bandwidth}")
    across = west + (np.arange(columns, dtype=np.float64) + 0.5) * ((east - west) / columns)
    up = south + (np.arange(rows, dtype=np.float64) + 0.5) * ((north - south) / rows)
    node = h / NODES_PER_BANDWIDTH
    margin = REACH * h + 2.0 * node
    wide = np.ceil((across[-1] - across[0] + 2.0 * margin) / node) + 1.0
    high = np.ceil((up[-1] - up[0] + 2.0 * margin) / node) + 1.0
    if wide * high > 4.0 * rows * columns + _FEW_NODES:
        return _added_up(xs, ys, weights, across, up, h)
    corner = across[0] - margin, up[0] - margin
    nodes = _in_pieces(
        len(xs),
        (int(high), int(wide)),
        lambda start, stop, sums: _spread(
            xs[start:stop], ys[start:stop], weights[start:stop], *corner, 1.0 / node, sums
        ),
    )
    bands = _gathered(nodes, *_gatherers(up, corner[1], node, h, int(high)))
    turned = _gathered(np.ascontiguousarray(bands.T), *_gatherers(across, corner[0], node, h, int(wide)))
    return np.ascontiguousarray(turned.T)


def _events(x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Coordinates and weights as contiguous float64; no weights at all (length 0) where each counts one."""
    xs = np.ascontiguousarray(np.atleast_1d(np.asarray(x, dtype=np.float64)))
    ys = np.ascontiguousarray(np.atleast_1d(np.asarray(y, dtype=np.float64)))
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise ValueError(f"x and y must be arrays of one length, got shapes {xs.shape} and {ys.shape}")
    if weight is None:
        return xs, ys, np.empty(0)
    weights = np.ascontiguousarray(np.atleast_1d(np.asarray(weight, dtype=np.float64)))
    if weights.shape != xs.shape:
        raise ValueError(f"weight must be None or one number an event, got shape {weights.shape} for {len(xs)} events")
    wrong = np.flatnonzero(~np.isfinite(weights))
    if len(wrong):
        raise ValueError(f"weight {wrong[0]} is {weights[wrong[0]]}")
    return xs, ys, weights


def _in_pieces(events: int, shape: tuple[int, int], work: Callable[[int, int, Floats], None]) -> Floats:
    """The sum of what `work(start, stop, sums)` adds up for pieces of the events, each piece in an array of its own."""
    pieces: dict[int, Floats] = {}

    def piece(start: int, stop: int) -> None:
        sums = np.zeros(shape)
        work(start, stop, sums)
        pieces[start] = sums

    in_threads(piece, events, max(_EVENTS_PER_THREAD, shape[0] * shape[1]))
    first, *others = (pieces[start] for start in sorted(pieces))
    for other in others:
        first += other
    return first


def _gatherers(centres: Floats, corner: float, node: float, h: float, nodes: int) -> tuple[NDArray[np.int64], Floats]:
    """For each centre the first node it gathers, int64 (n,), and the weights of that one and the following, float64 (n, taps), per km."""
    taps = min(nodes, int(2.0 * REACH * NODES_PER_BANDWIDTH) + 2)
    first = np.floor((centres - REACH * h - corner) / node).astype(np.int64).clip(0, nodes - taps)
    apart = centres[:, None] - (corner + (first[:, None] + np.arange(taps)) * node)
    variance = h * h - _SPLINE_VARIANCE * node * node
    return first, np.exp(apart * apart / (-2.0 * variance)) * (1000.0 / np.sqrt(2.0 * np.pi * variance))


def _gathered(nodes: Floats, first: NDArray[np.int64], weights: Floats) -> Floats:
    """Each row of the result: the weighted sum of consecutive rows of nodes."""
    result = np.zeros((len(first), nodes.shape[1]))
    least = max(1, 1_000_000 // (weights.shape[1] * nodes.shape[1]))
    in_threads(
        lambda start, stop: _gather(nodes, first[start:stop], weights[start:stop], result[start:stop]),
        len(first),
        least,
    )
    return result


def _added_up(x: Floats, y: Floats, weights: Floats, across: Floats, up: Floats, h: float) -> Floats:
    """The exact sum over the centres within reach of each event."""
    sums = _in_pieces(
        len(x),
        (len(up), len(across)),
        lambda start, stop, sums: _add(
            x[start:stop], y[start:stop], weights[start:stop], across, up, h, REACH * h, sums
        ),
    )
    sums *= 1e6 / (2.0 * np.pi * h * h)
    return sums


@compiled
def _spread(x, y, weights, west, south, per_metre, sums):
    """Add each event to the 4 x 4 nodes around it, in the shares of cubic B-splines."""
    rows, columns = sums.shape
    for event in range(len(x)):
        across, up = (x[event] - west) * per_metre, (y[event] - south) * per_metre
        if not (1.0 <= across < columns - 2 and 1.0 <= up < rows - 2):  # out of reach, or nowhere
            continue
        column, row = int(across), int(up)
        t = across - column
        u = 1.0 - t
        w0, w1 = u * u * u / 6.0, 2.0 / 3.0 - 0.5 * t * t * (2.0 - t)
        w2, w3 = 2.0 / 3.0 - 0.5 * u * u * (2.0 - u), t * t * t / 6.0
        t = up - row
        u = 1.0 - t
        share = weights[event] if len(weights) else 1.0
        for line, part in (
            (row - 1, share * u * u * u / 6.0),
            (row, share * (2.0 / 3.0 - 0.5 * t * t * (2.0 - t))),
            (row + 1, share * (2.0 / 3.0 - 0.5 * u * u * (2.0 - u))),
            (row + 2, share * t * t * t / 6.0),
        ):
            sums[line, column - 1] += part * w0
            sums[line, column] += part * w1
            sums[line, column + 1] += part * w2
            sums[line, column + 2] += part * w3


@compiled
def _gather(nodes, first, weights, result):
    for row in range(len(first)):
        for tap in range(weights.shape[1]):
            weight = weights[row, tap]
            line = nodes[first[row] + tap]
            for column in range(nodes.shape[1]):
                result[row, column] += weight * line[column]


@compiled
def _add(x, y, weights, across, up, h, reach, sums):
    """Add each event to the centres in the square of its reach."""
    along = np.empty(len(across))
    for event in range(len(x)):
        px, py = x[event], y[event]
        if not (across[0] - reach <= px <= across[-1] + reach and up[0] - reach <= py <= up[-1] + reach):
            continue
        west, east = np.searchsorted(across, px - reach), np.searchsorted(across, px + reach, "right")
        south, north = np.searchsorted(up, py - reach), np.searchsorted(up, py + reach, "right")
        for column in range(west, east):
            apart = (across[column] - px) / h
            along[column] = np.exp(-0.5 * apart * apart)
        share = weights[event] if len(weights) else 1.0
        for row in range(south, north):
            apart = (up[row] - py) / h
            part = share * np.exp(-0.5 * apart * apart)
            for column in range(west, east):
                sums[row, column] += part * along[column]
