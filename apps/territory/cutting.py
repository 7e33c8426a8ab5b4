"""How the cells of one level of a grid are found: the compiled part of the layout that `grid` looks places up in.

A LAB, the inner part of `locate`: arrays only. A cell with edges in it is a leaf, or a node that is cut finer. A node is
seven numbers: its column and row counted in cells of its own size, how often the outermost cells were halved to get to the size of its own
cells, log2 of the side of its grid, its first cell in the table, its groups from … to. Groups, each a polygon with edges, are laid out as
in leaves, one after the other, four numbers each, with one more at the end. An edge of a node's list is known by its place k in the list;
`lines` holds its five numbers: both ends in units of the node's cells, and columns per row.
"""

from __future__ import annotations

import numpy as np

from gis_data.compiled import compiled

NONE = -1

_MARGIN = 1e-5  # of a cell; more than a hundred times what rounding can move a crossing while there are fewer than FINEST cells in a row
FINEST = 1 << 27
_FINER = 2.0  # cells per edge in a cell that is cut further


@compiled
def _grown(values, used, more):
    """The same values with room for so many more."""
    if used + more <= len(values):
        return values
    larger = np.empty(2 * (used + more), values.dtype)
    for i in range(used):
        larger[i] = values[i]
    return larger


@compiled
def _lines(ends, items, groups, g0, g1, frame, u, v, zoom, lines, group_of):
    """Writes the lines of a node's list. The same monotone function, and for places inside the same bits, as in `_locate`."""
    west, south, sx, sy = frame[0], frame[1], frame[4], frame[5]
    k = 0
    for group in range(g0, g1):
        for at in range(groups[4 * group + 2], groups[4 * group + 6]):
            edge = items[at]
            ax, ay = ((ends[edge, 0] - west) * sx - u) * zoom, ((ends[edge, 1] - south) * sy - v) * zoom
            bx, by = ((ends[edge, 2] - west) * sx - u) * zoom, ((ends[edge, 3] - south) * sy - v) * zoom
            slope = (bx - ax) / (by - ay) if by > ay else np.inf
            lines[5 * k], lines[5 * k + 1], lines[5 * k + 2], lines[5 * k + 3] = ax, ay, bx, by
            lines[5 * k + 4] = slope if abs(slope) < 1e200 else np.inf  # along a row, or nearly
            group_of[k] = group
            k += 1
    return k


@compiled
def _crossing(lines, k, y):
    """Where an edge crosses a latitude that it straddles, approximately, but never beyond its ends."""
    ax, bx, slope = lines[5 * k], lines[5 * k + 2], lines[5 * k + 4]
    x = ax + (y - lines[5 * k + 1]) * slope if slope != np.inf else ax
    return min(max(x, min(ax, bx)), max(ax, bx))


@compiled
def _most_pairs(lines, n, columns, rows):
    """An upper bound of what `_pairs` finds."""
    pairs = np.int64(0)
    for k in range(n):
        ax, bx = lines[5 * k], lines[5 * k + 2]
        wide = min(max(ax, bx), columns) - max(min(ax, bx), 0.0)
        high = min(lines[5 * k + 3], rows) - max(lines[5 * k + 1], 0.0)
        pairs += 2 * (np.int64(max(wide, 0.0)) + np.int64(max(high, 0.0))) + 8
    return pairs


@compiled
def _pairs(lines, n, columns, rows, cells, edges, starts):
    """All (cell, edge) with the edge in the cell or less than the margin aside, in the order of the list; how many."""
    pairs = 0
    for k in range(n):
        ax, ay, bx, by, slope = lines[5 * k], lines[5 * k + 1], lines[5 * k + 2], lines[5 * k + 3], lines[5 * k + 4]
        left, right = min(ax, bx), max(ax, bx)
        if not (left - _MARGIN < columns and right + _MARGIN >= 0.0 and ay - _MARGIN < rows and by + _MARGIN >= 0.0):
            continue
        for row in range(np.int64(max(ay - _MARGIN, 0.0)), np.int64(min(by + _MARGIN, rows - 1.0)) + 1):
            west, east = left, right
            if slope != np.inf:
                one = ax + (max(ay, row - _MARGIN) - ay) * slope
                other = ax + (min(by, row + 1.0 + _MARGIN) - ay) * slope
                west, east = max(min(one, other), left), min(max(one, other), right)
            if east + _MARGIN >= 0.0:
                for column in range(np.int64(max(west - _MARGIN, 0.0)), np.int64(min(east + _MARGIN, columns - 1.0)) + 1):
                    cells[pairs] = row * columns + column
                    edges[pairs] = k
                    starts[row * columns + column + 1] += 1
                    pairs += 1
    return pairs


@compiled
def _fill(full, low, high, polygon):
    for cell in range(low, high):
        if full[cell] == NONE:
            full[cell] = polygon


@compiled
def _bits(lines, group_of, groups, g0, g1, columns, rows, starts, edges, meta, cursor, due, full, toggles, flips, low, high):
    """For each polygon with edges in a cell its bit and its edges in order, and for each cell the lowest polygon that fills it.

    Along the middle of each row, from the east, a polygon's edges are crossed one by one. low, high: the cells of a row that may still
    be free of a filling polygon. due: the group that a cell's list comes to next. toggles: zeros, and zeros again afterwards.
    """
    first = 0
    for group in range(g0, g1):
        polygon, last = groups[4 * group], first + groups[4 * group + 6] - groups[4 * group + 2]
        crossing = first + groups[4 * group + 3] - groups[4 * group + 2]
        west, east, bottom, top = np.inf, -np.inf, np.inf, -np.inf
        for k in range(first, last):
            west, east = min(west, min(lines[5 * k], lines[5 * k + 2])), max(east, max(lines[5 * k], lines[5 * k + 2]))
            bottom, top = min(bottom, lines[5 * k + 1]), max(top, lines[5 * k + 3])
        c0, c1 = np.int64(min(max(west - _MARGIN, 0.0), columns)), np.int64(max(min(east + _MARGIN, columns - 1.0), -1.0))
        r0, r1 = np.int64(min(max(bottom - _MARGIN, 0.0), rows)), np.int64(max(min(top + _MARGIN, rows - 1.0), -1.0))
        for at in range(r0, r1 + 2):
            flips[at] = 0
        for k in range(first, last):
            ay, by = lines[5 * k + 1], lines[5 * k + 3]
            here = np.int64(min(max(np.floor(ay - 0.5), 0.0), rows))
            while here < rows and here + 0.5 < ay:
                here += 1
            while here < rows and here + 0.5 < by:
                x = _crossing(lines, k, here + 0.5)
                if x > 1.0:
                    toggles[here * (columns + 1) + np.int64(min(np.ceil(x) - 1.0, columns))] ^= 1
                if k >= crossing and lines[5 * k + 2] < lines[5 * k]:
                    flips[here] ^= 1
                    flips[here + 1] ^= 1
                here += 1
            if k >= crossing:
                flips[here] ^= 1
        outside = groups[4 * group + 1] & 1
        if outside:
            for row in range(min(r0, rows)):
                _fill(full, row * columns + low[row], row * columns + high[row], polygon)
                low[row] = columns
        for row in range(r0, r1 + 1):
            outside ^= flips[row]
            line = row * (columns + 1)
            inside = outside ^ toggles[line + columns]
            toggles[line + columns] = 0
            if inside:
                _fill(full, row * columns + max(c1 + 1, low[row]), row * columns + high[row], polygon)
                high[row] = min(high[row], c1 + 1)
            for column in range(c1, c0 - 1, -1):
                inside ^= toggles[line + column + 1]
                toggles[line + column + 1] = 0
                cell = row * columns + column
                if due[cell] == group:
                    if full[cell] == NONE:
                        at = _bit(lines, group_of, edges, meta, cursor[cell], starts[cell + 1], row + 0.5, column + 1.0, inside)
                        cursor[cell] = at
                        due[cell] = group_of[edges[at]] if at < starts[cell + 1] else NONE
                elif inside and full[cell] == NONE:
                    full[cell] = polygon
            inside ^= toggles[line + c0]
            toggles[line + c0] = 0
            if inside:
                _fill(full, row * columns + low[row], row * columns + min(c0, high[row]), polygon)
                low[row] = max(low[row], c0)
        if (groups[4 * group + 1] ^ (last - crossing)) & 1:
            for above in range(r1 + 1 if r1 >= 0 else 0, rows):
                _fill(full, above * columns + low[above], above * columns + high[above], polygon)
                low[above] = columns
        first = last


@compiled
def _bit(lines, group_of, edges, meta, first, last, y, line, inside):
    """Orders the edges of one polygon in one cell: those west of the line, those that cross it, those beyond it. Where they end."""
    group, bit = group_of[edges[first]], inside
    west, crossing, end = first, first, first
    while end < last and group_of[edges[end]] == group:
        k = edges[end]
        ax, bx = lines[5 * k], lines[5 * k + 2]
        if max(ax, bx) <= line:
            edges[end], edges[crossing] = edges[crossing], edges[west]
            edges[west] = k
            west += 1
            crossing += 1
        elif min(ax, bx) <= line:
            edges[end], edges[crossing] = edges[crossing], k
            crossing += 1
            if lines[5 * k + 3] <= y:
                bit ^= 1
            elif lines[5 * k + 1] <= y:
                bit ^= (_crossing(lines, k, y) > line) != (bx < ax)
        end += 1
    meta[first] = bit | (west - first) << 1 | (crossing - first) << 32
    return end


@compiled
def _same(ends, edge, items, first, last):
    """An edge of a lower polygon that is the same line, so that neighbours' borders are read from one place; else the edge itself."""
    for at in range(first, min(last, first + 4)):
        other = items[at]
        if (
            ends[edge, 0] == ends[other, 0]
            and ends[edge, 1] == ends[other, 1]
            and ends[edge, 2] == ends[other, 2]
            and ends[edge, 3] == ends[other, 3]
        ):
            return other
    return edge


@compiled
def _write(ends, groups, group_of, items, item0, edges, meta, first, last, fill, to_groups, g, to_items, t):
    """Appends what counts in a cell: its polygons with their edges, and after them, without edges, the one that fills it.

    Returns the ends of the groups and of the items, and the polygon that is all there is, or -2.
    """
    at, start, item_start = first, g, t
    while at < last:
        group = group_of[edges[at]]
        polygon, west, own = groups[4 * group], (meta[at] >> 1) & 0x7FFFFFFF, meta[at] >> 32
        if fill != NONE and polygon > fill:
            break
        if own == 0 and meta[at] & 1:
            fill = polygon
            break
        if own:
            to_groups[4 * g], to_groups[4 * g + 1], to_groups[4 * g + 2], to_groups[4 * g + 3] = polygon, meta[at] & 1, t, t + west
            g += 1
            for i in range(own):
                to_items[t + i] = _same(ends, items[item0 + edges[at + i]], to_items, item_start, t)
            t += own
        while at < last and group_of[edges[at]] == group:
            at += 1
    if g == start:
        return g, t, np.int64(fill)
    if fill != NONE:
        to_groups[4 * g], to_groups[4 * g + 1], to_groups[4 * g + 2], to_groups[4 * g + 3] = fill, 1, t, t
        g += 1
    to_groups[4 * g - 3] |= 2
    return g, t, np.int64(-2)


@compiled
def _doublings(lines, group_of, edges, first, last, row, column, always):
    """log2 of the side of the grid that a cell is cut into, 2 to 10, or 0 where cutting would gain little; and how many items that gives.

    Where many polygons' edges share the same places, smaller cells hold nearly as many of them.
    """
    overlap, groups, at = 0.0, 0, first
    while at < last:
        group = group_of[edges[at]]
        west, east, south, north = 1.0, 0.0, 1.0, 0.0
        while at < last and group_of[edges[at]] == group:
            k = 5 * edges[at]
            west, east = min(west, min(lines[k], lines[k + 2]) - column), max(east, max(lines[k], lines[k + 2]) - column)
            south, north = min(south, lines[k + 1] - row), max(north, lines[k + 3] - row)
            at += 1
        overlap += max(min(east, 1.0) - max(west, 0.0), 0.0) * max(min(north, 1.0) - max(south, 0.0), 0.0)
        groups += 1
    wanted = _FINER * (last - first) / max(0.5 * overlap, 1.0)
    size = np.int64(min(max(np.log2(wanted) / 2.0 + 0.5, 2.0), 10.0))
    if not always and wanted < 8.0 * _FINER:
        size = np.int64(0)
    return size, last - first + groups * (1 << size)


@compiled
def lay_out(ends, frame, nodes, first, last, groups, items, columns, rows, table, least, deepest, cells_left, items_left):
    """Cuts nodes first … last - 1 into cells and writes those to the table, which starts at the first node's.

    A cell with more than `least` edges becomes a node of the next level, as long as there is room for its cells and items and the outermost
    cells have not been halved more often than `deepest`. Returns the
    nodes of that level, how many cells it will have, how many leaves there are, and the groups and items of both; all counted from 0, as
    are the links.
    """
    next_nodes, out_groups, out_items = np.empty(0, np.int64), np.empty(4, np.int32), np.empty(0, np.int32)
    n_nodes, n_cells, n_leaves, promised, g, t = 0, 0, 0, 0, 0, 0
    lines, group_of = np.empty(0, np.float64), np.empty(0, np.int32)
    cells, edges, ordered, meta = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64)
    starts, cursor, due, full = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32)
    toggles, flips, low, high = np.zeros(0, np.uint8), np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64)
    for node in range(first, last):
        depth, g0, g1 = nodes[7 * node + 2], nodes[7 * node + 5], nodes[7 * node + 6]
        zoom = 2.0**depth
        if nodes[7 * node + 3]:
            columns = rows = 1 << nodes[7 * node + 3]
        count, base = columns * rows, nodes[7 * node + 4] - nodes[7 * first + 4]
        item0 = groups[4 * g0 + 2]
        n = groups[4 * g1 + 2] - item0
        if n > len(group_of):
            lines, group_of = np.empty(10 * n), np.empty(2 * n, np.int32)
        _lines(
            ends, items, groups, g0, g1, frame, nodes[7 * node] * columns / zoom, nodes[7 * node + 1] * rows / zoom, zoom, lines, group_of
        )  # fmt: skip
        room = _most_pairs(lines, n, columns, rows)
        if room > len(cells):
            cells, edges = np.empty(2 * room, np.int32), np.empty(2 * room, np.int32)
            ordered, meta = np.empty(2 * room, np.int32), np.empty(2 * room, np.int64)
        if count >= len(starts):
            starts, cursor = np.empty(2 * count + 1, np.int32), np.empty(2 * count + 1, np.int32)
            due, full = np.empty(2 * count + 1, np.int32), np.empty(2 * count + 1, np.int32)
        if rows + 2 > len(flips):
            flips, low, high = np.empty(rows + 2, np.uint8), np.empty(rows + 2, np.int64), np.empty(rows + 2, np.int64)
        if (columns + 1) * rows > len(toggles):
            toggles = np.zeros((columns + 1) * rows, np.uint8)
        for cell in range(count + 1):
            starts[cell] = 0
        pairs = _pairs(lines, n, columns, rows, cells, edges, starts)
        for cell in range(count):
            cursor[cell] = starts[cell]
            starts[cell + 1] += starts[cell]
        for pair in range(pairs):
            ordered[cursor[cells[pair]]] = edges[pair]
            cursor[cells[pair]] += 1
        for cell in range(count):
            cursor[cell] = starts[cell]
            due[cell] = group_of[ordered[starts[cell]]] if starts[cell] < starts[cell + 1] else NONE
            full[cell] = NONE
        for row in range(rows):
            low[row], high[row] = 0, columns
        _bits(lines, group_of, groups, g0, g1, columns, rows, starts, ordered, meta, cursor, due, full, toggles, flips, low, high)
        if len(out_groups) < 4 * (g + pairs + count + 1):
            out_groups = _grown(out_groups, 4 * g, 4 * (pairs + count + 1))
        if len(out_items) < t + pairs:
            out_items = _grown(out_items, t, pairs)
        if len(next_nodes) < 7 * (n_nodes + count):
            next_nodes = _grown(next_nodes, 7 * n_nodes, 7 * count)
        for row in range(rows):
            for column in range(columns):
                cell = row * columns + column
                start, stop = starts[cell], starts[cell + 1]
                if start == stop:
                    table[base + cell] = full[cell]
                    continue
                from_group = g
                g, t, whole = _write(ends, groups, group_of, items, item0, ordered, meta, start, stop, full[cell], out_groups, g, out_items, t)
                table[base + cell] = whole
                if g == from_group:
                    continue
                size, more = 0, 0
                if stop - start > least:
                    size, more = _doublings(lines, group_of, ordered, start, stop, row, column, least == 0)
                    if n_cells + (1 << 2 * size) > cells_left or promised + t + more > items_left or depth + size > deepest:
                        size = 0
                if size:
                    table[base + cell] = -2 - (n_cells + size)
                    k = 7 * n_nodes
                    next_nodes[k], next_nodes[k + 1] = nodes[7 * node] * columns + column, nodes[7 * node + 1] * rows + row
                    next_nodes[k + 2], next_nodes[k + 3], next_nodes[k + 4] = depth + size, size, n_cells
                    next_nodes[k + 5], next_nodes[k + 6] = from_group, g
                    n_cells += 1 << 2 * size
                    n_nodes += 1
                    promised += more
                else:
                    table[base + cell] = -2 - (from_group << 4)
                    n_leaves += 1
    out_groups[4 * g + 2] = out_groups[4 * g + 3] = t
    return next_nodes[: 7 * n_nodes], n_cells, n_leaves, out_groups[: 4 * g + 4], out_items[:t]


@compiled
def relink(table, cells, groups):
    """Turns links counted from 0 into links counted from there."""
    for cell in range(len(table)):
        if table[cell] < NONE:
            table[cell] -= cells if (-2 - table[cell]) & 15 else groups << 4
