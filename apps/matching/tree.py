"""What `chords` searches, and in which order: sites that share a place, a balanced k-d tree of the places, neighbouring queries in a row.

A LAB, compiled.
"""

import numpy as np

from gis_data.compiled import compiled

LEAF = 8  # points in a node that is not divided
_FEW = 64  # queries not worth sorting
_DIGIT = 11  # bits of a pass of the radix sort


@compiled
def places(lon, lat):
    """The different places among n sites: int64 (n,) place of each site, numbered in the order in which they first appear, and how many."""
    n = len(lon)
    size = 16
    while size < 2 * n:
        size *= 2
    table = np.full(size, -1, dtype=np.int64)
    first = np.empty(n, dtype=np.int64)
    of_site = np.empty(n, dtype=np.int64)
    bits_x, bits_y = lon.view(np.uint64), lat.view(np.uint64)
    found = 0
    for i in range(n):
        mixed = (bits_x[i] * np.uint64(0x9E3779B97F4A7C15)) ^ (bits_y[i] * np.uint64(0xC2B2AE3D27D4EB4F))
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        slot = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(size - 1))
        while table[slot] >= 0 and not (lon[first[table[slot]]] == lon[i] and lat[first[table[slot]]] == lat[i]):
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = found
            first[found] = i
            found += 1
        of_site[i] = table[slot]
    return of_site, found


@compiled
def _halve(points, number, low, high, axis):
    """Moves points so that none of the first half of [low, high) lies above any of the second along the axis (Hoare's selection)."""
    middle = (low + high) // 2
    left, right = low, high - 1
    while left < right:
        pivot = points[(left + right) // 2, axis]
        i, j = left, right
        while i <= j:
            while points[i, axis] < pivot:
                i += 1
            while points[j, axis] > pivot:
                j -= 1
            if i <= j:
                for part in range(3):
                    points[i, part], points[j, part] = points[j, part], points[i, part]
                number[i], number[j] = number[j], number[i]
                i += 1
                j -= 1
        if middle <= j:
            right = j
        elif middle >= i:
            left = i
        else:
            return


@compiled
def tree(points, number):
    """Puts points (m, 3) and their numbers into the order of a balanced k-d tree; gives the box of every node.

    float64 (nodes, 6): lowest and highest x, y, z of node i, whose children are 2i and 2i + 1; the root is 1. A node holds a run of
    points, its children the halves of the run; a run of no more than `LEAF` is not divided.
    """
    m = len(points)
    size = 2
    while size * LEAF < 2 * m:
        size *= 2
    boxes = np.empty((2 * size, 6))
    waiting = np.empty((64, 3), dtype=np.int64)
    waiting[0, 0], waiting[0, 1], waiting[0, 2] = 1, 0, m
    depth = 1
    while depth:
        depth -= 1
        node, low, high = waiting[depth, 0], waiting[depth, 1], waiting[depth, 2]
        axis, widest = 0, -1.0
        for part in range(3):
            least = most = points[low, part]
            for i in range(low + 1, high):
                least, most = min(least, points[i, part]), max(most, points[i, part])
            boxes[node, part], boxes[node, part + 3] = least, most
            if most - least > widest:
                axis, widest = part, most - least
        if high - low > LEAF:
            _halve(points, number, low, high, axis)
            middle = (low + high) // 2
            for child, start, stop in ((2 * node, low, middle), (2 * node + 1, middle, high)):
                waiting[depth, 0], waiting[depth, 1], waiting[depth, 2] = child, start, stop
                depth += 1
    return boxes


@compiled
def _in_order(keys):
    """Positions of uint32 keys, ascending (radix sort, stable)."""
    n, buckets = len(keys), 1 << _DIGIT
    order, other = np.arange(n).astype(np.int32), np.empty(n, dtype=np.int32)
    for shift in (0, _DIGIT, 2 * _DIGIT):
        starts = np.zeros(buckets + 1, dtype=np.int64)
        for i in range(n):
            starts[((keys[i] >> np.uint32(shift)) & np.uint32(buckets - 1)) + 1] += 1
        for bucket in range(buckets):
            starts[bucket + 1] += starts[bucket]
        for i in range(n):
            row = order[i]
            bucket = (keys[row] >> np.uint32(shift)) & np.uint32(buckets - 1)
            other[starts[bucket]] = row
            starts[bucket] += 1
        order, other = other, order
    return order


@compiled
def _spread(value):
    """The 16 low bits of a number, a free bit after each (Morton)."""
    value = np.uint32(value)
    value = (value | (value << np.uint32(8))) & np.uint32(0x00FF00FF)
    value = (value | (value << np.uint32(4))) & np.uint32(0x0F0F0F0F)
    value = (value | (value << np.uint32(2))) & np.uint32(0x33333333)
    return (value | (value << np.uint32(1))) & np.uint32(0x55555555)


@compiled
def neighbours(lon, lat, start, stop):
    """The rows of [start, stop) that are a place on earth, neighbours after one another (Morton order), int64."""
    rows = np.empty(stop - start, dtype=np.int64)
    count = 0
    west = south = np.inf
    east = north = -np.inf
    for row in range(start, stop):
        if abs(lon[row]) <= 360.0 and abs(lat[row]) <= 90.0:
            rows[count] = row
            count += 1
            west, east = min(west, lon[row]), max(east, lon[row])
            south, north = min(south, lat[row]), max(north, lat[row])
    rows = rows[:count]
    width = max(east - west, north - south)
    if count < _FEW or not width > 1e-12:
        return rows
    scale = 65535.0 / width
    keys = np.empty(count, dtype=np.uint32)
    for i in range(count):
        keys[i] = _spread((lon[rows[i]] - west) * scale) | (_spread((lat[rows[i]] - south) * scale) << np.uint32(1))
    return rows[_in_order(keys)]
