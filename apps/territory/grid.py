"""A grid of grids over polygons' edges: most places are answered by one or two look-ups, the rest by the few edges of a small cell.

A LAB, the inner part of `locate`: arrays only. The cell of a place either names the lowest polygon that covers it (wholly, with no edge
of a lower one in it), or holds a finer grid, or is a leaf: the polygons with edges in it, ascending, each with those edges. The idea is
that of S2ShapeIndex and of the adaptive cell trie (Kipf et al., arXiv 1802.09488); leaves decide as follows.

Inside or outside. A leaf has a vertical line just beyond its east side and, for each polygon, a bit. From a place one walks east to that
line and along it down to minus infinity, counting the polygon's listed edges that are crossed: an edge that ends west of the line is
crossed where it straddles the latitude (half-open, as GEOS counts) and lies to the east; one that crosses the line, where the place is
above it or on its wrong side. The bit is the parity which makes that count right at one place of the cell. Which side of an edge a place
is on is taken from doubles where Shewchuk's error bound proves it (Adaptive Precision Floating-Point Arithmetic, 1997); where it does
not, the place is handed back as doubtful.

Why the bits are right. Cells are told apart by one monotone function of a coordinate, evaluated in the same way for places and for
vertices, so that "west of the line" is exact. Where an edge crosses a line of reference is only computed approximately; an edge that
passes so near to a cell's corner of reference that this could matter is listed in that cell (lists have a margin a hundred times the
error), and the same approximate value enters its bit twice and cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.territory.cutting import FINEST, NONE, lay_out, relink
from gis_data.compiled import compiled, in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

BLOCK = 1024  # places between two passes: their cells stay in the first-level cache
_ORIENTATION_ERROR = (3.0 + 16.0 * 2.0**-53) * 2.0**-53  # Shewchuk's ccwerrboundA
_UNDERFLOW = 1e-290  # below it the bound does not hold

_MOST_CELLS = 1 << 19  # of the outermost grid: 2 MB, so that it stays in the caches near the core
_CELLS_PER_EDGE = 1.0  # of the outermost grid
_LEAF = 24  # edges that a leaf of the second level may hold
_BANDS, _BAND = 4, 1 << 12  # in how many bands the outermost grid is cut, when each has so many edges
_CELLS, _ITEMS, _ANYWAY = 32, 12, 1 << 16  # so many cells and list entries for an edge, and a few anyway; what would need more stays coarse


@dataclass(frozen=True, eq=False)
class Grid:
    """What `cutting` lays out: some 90 bytes for an edge of usual data, some hundreds where many polygons share their edges."""

    frame: Floats  # (6,) west, south, east, north, cells per degree of longitude and of latitude
    columns: int
    rows: int
    table: Ints  # cells: a polygon, NONE, or below that a link: -2 - (first cell | log2 of the side), -2 - 16 * the leaf's first group
    groups: Ints  # (groups + 1, 4) polygon, bit + 2 in a leaf's last one, first edge that ends west of the line, first that crosses it
    items: Ints  # rows of `ends`
    ends: Floats  # (e, 4)

    @classmethod
    def of(cls, ends: Floats, owner: Ints, bounds: Floats) -> Grid:
        """ends, owner, bounds: as `Edges` holds them."""
        return cls(*_cut(ends, owner, bounds), ends)

    def locate(self, lon: Floats, lat: Floats, found: Ints, start: int, stop: int) -> int:
        """Writes the lowest covering polygon of the rows start … stop - 1 to `found`, NONE, or -2 - the polygon that is in doubt.

        lon, lat: float64, contiguous, not writable. All polygons below the one in doubt do not cover the place. Returns how many are.
        """
        return _locate(
            lon, lat, found, start, stop, self.frame, self.columns, self.rows, self.table, self.groups, self.items, self.ends
        )[0]  # fmt: skip


# --- which cell, which polygon -----------------------------------------------------------------------------------------


@compiled
def _locate(lon, lat, found, start, stop, frame, columns, rows, table, groups, items, ends):
    west, south, east, north, sx, sy = frame[0], frame[1], frame[2], frame[3], frame[4], frame[5]
    nowhere = columns * rows
    cell = np.empty(BLOCK, np.int32)
    rest = np.empty(BLOCK + 1, np.int32)
    leaf = np.empty(BLOCK + 1, np.int32)
    doubtful, touched = 0, 0.0
    for first in range(start, stop, BLOCK):
        n = min(BLOCK, stop - first)
        for i in range(n):
            x, y = lon[first + i], lat[first + i]
            within = (x >= west) & (x <= east) & (y >= south) & (y <= north)
            column = np.int32((x - west) * sx if within else 0.0)
            row = np.int32((y - south) * sy if within else 0.0)
            cell[i] = row * np.int32(columns) + column if within else np.int32(nowhere)
        waiting = 0
        for i in range(n):
            code = table[cell[i]]
            found[first + i] = code
            rest[waiting] = i
            waiting += code < NONE
        in_leaf = 0
        for k in range(waiting):
            i = first + rest[k]
            code = found[i]
            fx, fy = (lon[i] - west) * sx, (lat[i] - south) * sy
            fx -= np.floor(fx)
            fy -= np.floor(fy)
            link = -2 - code
            size = link & 15
            side = np.float64(1 << size)
            fx *= side
            fy *= side
            code = table[(link - size) + (np.int64(fy) << size) + np.int64(fx)] if size else code
            found[i] = code
            leaf[in_leaf] = rest[k]
            in_leaf += code < NONE
        # A place in a leaf waits three times for memory. Here all of the block wait at once.
        for k in range(in_leaf):
            link = -2 - found[first + leaf[k]]
            rest[k] = groups[0 if link & 15 else link >> 4, 2]
        for k in range(in_leaf):
            rest[k] = items[rest[k]]
        for k in range(in_leaf):
            touched += ends[rest[k], 3]
        for k in range(in_leaf):
            i = first + leaf[k]
            code = found[i]
            if (-2 - code) & 15:
                code = _descend(lon[i], lat[i], frame, columns, table)
            if code < NONE:
                code = _in_leaf(lon[i], lat[i], (-2 - code) >> 4, groups, items, ends)
                doubtful += code < NONE
            found[i] = code
    return doubtful, touched  # the sum, so that the compiler keeps what it sums


@compiled
def _descend(x, y, frame, columns, table):
    """The code of the innermost cell of a place in the frame: a polygon, NONE or a leaf."""
    fx, fy = (x - frame[0]) * frame[4], (y - frame[1]) * frame[5]
    column, row = np.floor(fx), np.floor(fy)
    code = table[np.int64(row) * columns + np.int64(column)]
    while code < NONE and (-2 - code) & 15:
        link = -2 - code
        size = link & 15
        side = np.float64(1 << size)
        fx, fy = (fx - column) * side, (fy - row) * side  # exact
        column, row = np.floor(fx), np.floor(fy)
        code = table[(link - size) + (np.int64(row) << size) + np.int64(column)]
    return code


@compiled
def _in_leaf(x, y, group, groups, items, ends):
    """The first polygon of a leaf that covers the place, NONE, or -2 - the polygon that is in doubt."""
    while True:
        inside, doubt = groups[group, 1], False
        crossing = groups[group, 3]
        for at in range(groups[group, 2], groups[group + 1, 2]):
            edge = items[at]
            ax, ay, bx, by = ends[edge, 0], ends[edge, 1], ends[edge, 2], ends[edge, 3]
            if y < ay:
                continue
            if y >= by:
                if y == by and (x == bx or (ay == by and min(ax, bx) <= x <= max(ax, bx))):
                    return groups[group, 0]
                if at >= crossing:
                    inside ^= 1
                continue
            left, right = (ax - x) * (by - y), (ay - y) * (bx - x)
            turn, size = left - right, abs(left) + abs(right)
            if abs(turn) <= _ORIENTATION_ERROR * size or size < _UNDERFLOW:
                if ax == x and (ay == y or bx == x):
                    return groups[group, 0]
                doubt = True
            elif (turn > 0.0) != (at >= crossing and bx < ax):
                inside ^= 1
        if doubt:
            return -2 - groups[group, 0]
        if inside & 1:
            return groups[group, 0]
        if inside & 2:
            return NONE
        group += 1


# --- how it is laid out ------------------------------------------------------------------------------------------------


def _cut(ends: Floats, owner: Ints, bounds: Floats) -> tuple[Floats, int, int, Ints, Ints, Ints]:
    """frame, columns, rows, table, groups and items of `Grid`, from the `ends`, `owner` and `bounds` of `Edges`.

    The outermost grid has cells in proportion to the edges, and fewer where many boxes lie over each other; a cell is cut in proportion
    to the edges in it. So the cells follow the density of edges: villages far apart cost as little as a town.
    """
    box = bounds[~np.isnan(bounds[:, 0])]
    west, south = box[:, :2].min(axis=0, initial=360.0).tolist()
    east, north = box[:, 2:].max(axis=0, initial=-360.0).tolist()
    width, height = max(east - west, 0.0), max(north - south, 0.0)
    wanted = min(_MOST_CELLS, max(1.0, _CELLS_PER_EDGE / max(0.5 * _overlap(box, width, height), 1.0) * len(ends)))
    aspect = min(max(width / height, 1.0 / wanted), wanted) if width > 0.0 and height > 0.0 else 1.0
    columns = max(1, int(np.sqrt(wanted * aspect)))
    rows = max(1, int(wanted / columns))
    bands = _BANDS if len(ends) >= _BANDS * _BAND and rows >= _BANDS else 1
    rows -= rows % bands
    frame = np.array([west, south, east, north, _per_degree(width, columns), _per_degree(height, rows)])
    return frame, columns, rows, *_Layout(ends, owner, frame, columns, rows // bands, bands).arrays()


_NO_ITEMS = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class _Level:
    """Nodes that are still to be cut, all of one depth (`cutting` says how they are laid out)."""

    nodes: NDArray[np.int64]  # (n, 7)
    groups: Ints  # (g + 1, 4)
    items: Ints
    cells: int  # how many there will be

    @classmethod
    def outermost(cls, ends: Floats, owner: Ints, frame: Floats, columns: int, rows: int, bands: int) -> _Level:
        """One node for each of the bands, so many rows high, with the edges that reach into it; its line lies beyond them all."""
        low, high = ((ends[:, end] - frame[1]) * frame[5] for end in (1, 3))
        nodes, groups, items, n_groups, n_items = [], [], [], 0, 0
        for band in range(bands):
            near = np.flatnonzero((high > band * rows - 1.0) & (low < (band + 1) * rows + 1.0)).astype(np.int32)
            first = np.flatnonzero(np.diff(owner[near], prepend=-1)).astype(np.int32)
            end = np.append(first, len(near))[1:]
            groups.append(np.column_stack([owner[near[first]], 0 * first, n_items + first, n_items + end]).astype(np.int32))
            items.append(near)
            nodes.append((0, band, 0, 0, band * rows * columns, n_groups, n_groups + len(first)))
            n_groups, n_items = n_groups + len(first), n_items + len(near)
        groups.append(np.array([[NONE, 0, n_items, n_items]], dtype=np.int32))
        cells = -(-(bands * rows * columns + 1) // 16) * 16  # one more, for what lies outside
        return cls(np.array(nodes), np.concatenate(groups), np.concatenate(items), cells)


class _Layout:
    """The table, groups and items of a grid while it grows, level by level."""

    def __init__(self, ends: Floats, owner: Ints, frame: Floats, columns: int, rows: int, bands: int) -> None:
        self._ends, self._frame, self._columns, self._rows = ends, frame, columns, rows
        self._cells_left = _CELLS * len(owner) + _ANYWAY
        self._deepest = int(np.log2(FINEST / max(columns, rows * bands)))
        self._room = self._items_left = _ITEMS * len(owner) + _ANYWAY
        self._n_cells = self._n_groups = self._n_items = 0
        self._tables: list[Ints] = []
        self._groups: list[Ints] = []
        self._items: list[Ints] = []
        level = _Level.outermost(ends, owner, frame, columns, rows, bands)
        while len(level.nodes):
            level = self._next(level)

    def arrays(self) -> tuple[Ints, Ints, Ints]:
        """table, groups and items of `Grid`."""
        end = np.array([[NONE, 0, self._n_items, self._n_items]], dtype=np.int32)
        return np.concatenate(self._tables), np.concatenate([*self._groups, end]), np.concatenate([*self._items, _NO_ITEMS])

    def _next(self, level: _Level) -> _Level:
        table = np.full(level.cells, NONE, dtype=np.int32)
        least = _LEAF if self._tables else 0
        first_cells = np.append(level.nodes[:, 4], level.cells)
        parts: dict[int, tuple[Ints, Any]] = {}

        def work(start: int, stop: int) -> None:
            share = (stop - start) / len(level.nodes)
            part = table[first_cells[start] : first_cells[stop]]
            parts[start] = part, lay_out(
                self._ends, self._frame, level.nodes.ravel(), start, stop, level.groups.ravel(), level.items,
                self._columns, self._rows, part, least, self._deepest, int(self._cells_left * share), int(self._items_left * share),
            )  # fmt: skip

        in_threads(work, len(level.nodes), 256 if self._tables else 1)
        self._n_cells += level.cells
        self._tables.append(table)
        return self._joined([parts[start] for start in sorted(parts)])

    def _joined(self, parts: list[tuple[Ints, Any]]) -> _Level:
        """What the threads found, each counting from 0, one after the other; the next level."""
        nodes, groups, items = [], [], []
        cells = n_groups = n_items = 0
        for table, (new_nodes, new_cells, leaves, new_groups, new_items) in parts:
            new_groups = new_groups.reshape(-1, 4)[:-1]
            relink(table, self._n_cells + cells, self._n_groups)
            if len(new_nodes):
                nodes.append(np.add(new_nodes.reshape(-1, 7), (0, 0, 0, 0, cells, n_groups, n_groups)))
                groups.append(new_groups + np.array((0, 0, n_items, n_items), dtype=np.int32))
                items.append(new_items)
                cells, n_groups, n_items = cells + new_cells, n_groups + len(new_groups), n_items + len(new_items)
            if leaves:
                self._groups.append(new_groups + np.array((0, 0, self._n_items, self._n_items), dtype=np.int32))
                self._items.append(new_items)
                self._n_groups, self._n_items = self._n_groups + len(new_groups), self._n_items + len(new_items)
        groups.append(np.array([[NONE, 0, n_items, n_items]], dtype=np.int32))
        self._cells_left -= cells
        self._items_left = self._room - self._n_items
        return _Level(
            np.concatenate([*nodes, np.zeros((0, 7), dtype=np.int64)]), np.concatenate(groups), np.concatenate([*items, _NO_ITEMS]), cells
        )  # fmt: skip


def _overlap(bounds: Floats, width: float, height: float) -> float:
    """How many boxes lie over each other in the mean."""
    spans = bounds[:, 2:] - bounds[:, :2]
    wide = spans[:, 0] / width if width > 0.0 else np.ones(len(spans))
    high = spans[:, 1] / height if height > 0.0 else np.ones(len(spans))
    return float((wide * high).sum())


def _per_degree(width: float, cells: int) -> float:
    # Just short of the number of cells, so that the far border falls into the last one.
    with np.errstate(over="ignore", divide="ignore"):
        scale = float(np.float64(cells) * (1.0 - 2.0**-40) / np.float64(width)) if width > 0.0 else 0.0
    return scale if np.isfinite(scale) else 0.0
