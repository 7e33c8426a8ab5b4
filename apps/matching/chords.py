"""Inner loops over earth-centred coordinates: the tree of sites, the nearest by chord, and the geodesic a chord belongs to.

A LAB, compiled; `nearest` and `ranking` are its doors. All coordinates and chords here are in equatorial radii a of WGS 84.

The geodesic of a chord. Put a = 1, g = a²/b², ε = g - 1 = 0.00674, and let a geodesic of length s have its middle at height z,
where z' is the height's slope. On the surface x² + y² + g z² = 1 with gradient length √W, W = 1 + gε z², the normal curvature is
κ = (1 + ε z'²)/√W. By Joachimsthal's theorem W (1 + ε z'²) is constant along a geodesic, so κ goes as W^(-3/2), and z'' = -(gκ/√W) z.
Hence, in units of 1/a: |κ'| <= 1.02·1.5ε, |κ''| <= 1.03·3ε, |κ''''| <= 1.1·12ε, and the torsion |τ| <= 1.02·ε/2.

The squared chord is the double integral of cos θ(u, v), θ the angle between the tangents at u and v. With L = ∫κ between u and v,
L - (τ/κ)² L³/24 (1 + small) <= θ <= L, for the tangents draw a curve of geodesic curvature τ/κ on the unit sphere. Expanding L about
the middle (do Carmo, Differential Geometry of Curves and Surfaces, 1.6, for the frame), odd powers cancel by symmetry and

    s = (2/κ) asin(κc/2) + κκ'' c⁵/480 + error,    κ'' = -3gε (z'² - (gκ/√W) z²) κ/W + O(ε²).

Terms of the error, in units of a (s/a)⁵: torsion τ²/720 <= 2e-8; κ'²/1440 <= 8e-8; (W'/W)² in κ'' <= 4e-7; taking W at the middle of
the chord, lifted along the radius, instead of the middle of the geodesic, (ε/2)(1.5ε)/128 <= 3e-7; taking z' from the chord instead of
the tangent <= 4e-7; and (s/a)² (κ''''/53760 + κ''/1700) <= 2e-5 (s/a)². Together |error| <= 1.3e-6 (s/a)⁵ a up to 150 km, which is
0.06 µm there and a hundred thousandth of that at 15 km; measured against GeographicLib: 0.008 µm. Beyond `REACH` nothing is claimed.
Rounding adds less than 0.02 µm: coordinates, of size 1, are each right to some 1e-15.
"""

import math

import numpy as np

from apps.matching.tree import LEAF
from gis_data.compiled import compiled

AXIS, FLATTENING = 6378137.0, 1.0 / 298.257223563  # WGS 84
TIE = 1e-6  # metres; distances no farther apart are equal
SLACK = 1e-6  # metres; more than series, rounding and GeographicLib (0.015 µm) err together
REACH = 150_000.0 / AXIS  # the longest chord that `_geodesic` may be given

_SQUEEZE = (1.0 - FLATTENING) ** 2  # b²/a²
_G = 1.0 / _SQUEEZE
_EPSILON = _G - 1.0
_LARGEST_RADIUS = 1.0 / (1.0 - FLATTENING)  # a²/b
_BLOCK = 128  # queries that share one walk through the tree
_RUN = 2.0  # the square of how far from the first of them they may lie, in squares of the radius they search
_RANKS = 33  # more neighbours than this are found for each query alone
_CANDIDATES = 1024  # so many fit into the lowest bits of a key
_MASK = _CANDIDATES - 1
_NOTHING = 0x7FF0000000000000  # the bits of inf


@compiled
def _earth_centred(lon, lat):
    """Earth-centred x, y, z of degrees."""
    east, north = lon * (math.pi / 180.0), lat * (math.pi / 180.0)
    sine = math.sin(north)
    vertical = 1.0 / math.sqrt(1.0 - (1.0 - _SQUEEZE) * sine * sine)
    flat = vertical * math.cos(north)
    return flat * math.cos(east), flat * math.sin(east), vertical * _SQUEEZE * sine


@compiled
def earth_centred(lon, lat):
    """Three float64 (n,) of degrees float64 (n,)."""
    n = len(lon)
    x, y, z = np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        x[i], y[i], z[i] = _earth_centred(lon[i], lat[i])
    return x, y, z


@compiled
def _geodesic(x, y, z, to_x, to_y, to_z):
    """Metres between two places no farther apart than REACH."""
    dx, dy, dz = to_x - x, to_y - y, to_z - z
    square = dx * dx + dy * dy + dz * dz
    slope = dz * dz / max(square, 1e-300)
    stretch = 1.0 + _EPSILON * slope
    middle, lift = 0.5 * (z + to_z), 0.25 * square * stretch
    height = middle * middle * (1.0 + lift * (1.0 + lift))  # over 1 - lift; lift < 0.00014
    gain = _G * _EPSILON * height
    narrow = 1.0 - gain * (1.0 - gain * (1.0 - gain * (1.0 - gain)))  # 1 / W; gain < 0.007
    curvature = stretch * stretch * narrow  # squared
    arc = 0.25 * curvature * square
    change = curvature * narrow * (-3.0 * _G * _EPSILON / 480.0) * (slope - _G * stretch * narrow * height)
    return AXIS * math.sqrt(square) * (1.0 + arc * (1.0 / 6.0 + arc * (3.0 / 40.0 + arc * (15.0 / 336.0))) + change * square * square)


@compiled
def geodesics(here, there, count, metres):
    """Metres between the first `count` of two rows of places float64 (3, n), no farther apart than REACH, into metres."""
    for i in range(count):
        metres[i] = _geodesic(here[0, i], here[1, i], here[2, i], there[0, i], there[1, i], there[2, i])


@compiled
def _longest_chord(metres):
    """No geodesic of so many metres has a longer chord: 2 R sin(s / 2R) for the largest radius of curvature R, from above."""
    s = metres / AXIS
    half = (0.5 / _LARGEST_RADIUS * s) ** 2
    return s * (1.0 - half * (1.0 / 6.0 - half / 120.0))


@compiled
def _to_box(boxes, node, x, y, z):
    """Squared distance from a point to the box of a node."""
    dx = max(max(boxes[node, 0] - x, x - boxes[node, 3]), 0.0)
    dy = max(max(boxes[node, 1] - y, y - boxes[node, 4]), 0.0)
    dz = max(max(boxes[node, 2] - z, z - boxes[node, 5]), 0.0)
    return dx * dx + dy * dy + dz * dz


@compiled
def _sift(squares, found, top, count):
    """Restores the heap (largest first) below `top`."""
    square, point = squares[top], found[top]
    while True:
        child = 2 * top + 1
        if child >= count:
            break
        if child + 1 < count and squares[child + 1] > squares[child]:
            child += 1
        if squares[child] <= square:
            break
        squares[top], found[top] = squares[child], found[child]
        top = child
    squares[top], found[top] = square, point


@compiled
def _closest(x, y, z, points, boxes, wanted, bound, squares, found, waiting, lengths):
    """The `wanted` points of least squared distance, not above `bound`, into a heap with the largest first; how many there are."""
    count = 0
    waiting[0, 0], waiting[0, 1], waiting[0, 2] = 1, 0, len(points)
    lengths[0] = _to_box(boxes, 1, x, y, z)
    depth = 1
    while depth:
        depth -= 1
        if lengths[depth] > bound:
            continue
        node, low, high = waiting[depth, 0], waiting[depth, 1], waiting[depth, 2]
        while high - low > LEAF:
            middle = (low + high) // 2
            left, right = _to_box(boxes, 2 * node, x, y, z), _to_box(boxes, 2 * node + 1, x, y, z)
            if left <= right:
                waiting[depth, 0], waiting[depth, 1], waiting[depth, 2], lengths[depth] = 2 * node + 1, middle, high, right
                node, high, near = 2 * node, middle, left
            else:
                waiting[depth, 0], waiting[depth, 1], waiting[depth, 2], lengths[depth] = 2 * node, low, middle, left
                node, low, near = 2 * node + 1, middle, right
            depth += 1
            if near > bound:
                high = low
        for i in range(low, high):
            dx, dy, dz = points[i, 0] - x, points[i, 1] - y, points[i, 2] - z
            square = dx * dx + dy * dy + dz * dz
            if square <= bound:
                if count < wanted:
                    squares[count], found[count] = square, i
                    count += 1
                    if count == wanted:
                        for top in range(wanted // 2 - 1, -1, -1):
                            _sift(squares, found, top, wanted)
                        bound = squares[0]
                else:
                    squares[0], found[0] = square, i
                    _sift(squares, found, 0, wanted)
                    bound = squares[0]
    return count


@compiled
def _around(x, y, z, points, boxes, bound, squares, found, waiting):
    """All points of squared distance not above `bound`; how many. With empty arrays they are only counted."""
    count, room = 0, len(found)
    waiting[0, 0], waiting[0, 1], waiting[0, 2] = 1, 0, len(points)
    depth = 1
    while depth:
        depth -= 1
        node, low, high = waiting[depth, 0], waiting[depth, 1], waiting[depth, 2]
        if _to_box(boxes, node, x, y, z) > bound:
            continue
        if high - low > LEAF:
            middle = (low + high) // 2
            waiting[depth, 0], waiting[depth, 1], waiting[depth, 2] = 2 * node, low, middle
            waiting[depth + 1, 0], waiting[depth + 1, 1], waiting[depth + 1, 2] = 2 * node + 1, middle, high
            depth += 2
            continue
        for i in range(low, high):
            dx, dy, dz = points[i, 0] - x, points[i, 1] - y, points[i, 2] - z
            square = dx * dx + dy * dy + dz * dz
            if square <= bound:
                if room:
                    squares[count], found[count] = square, i
                count += 1
    return count


@compiled
def count_around(lon, lat, chord, points, boxes):
    """How many points lie within a chord of each of n places, int64 (n,)."""
    waiting = np.empty((64, 3), dtype=np.int64)
    nothing, none = np.empty(0), np.empty(0, dtype=np.int64)
    counts = np.empty(len(lon), dtype=np.int64)
    for i in range(len(lon)):
        x, y, z = _earth_centred(lon[i], lat[i])
        counts[i] = _around(x, y, z, points, boxes, chord[i] * chord[i], nothing, none, waiting)
    return counts


@compiled
def around(lon, lat, chord, points, boxes, number, counts):
    """The numbers of these points, int64 (counts.sum(),), place after place; counts as `count_around` gives them."""
    waiting = np.empty((64, 3), dtype=np.int64)
    total = counts.sum()
    found, squares = np.empty(total, dtype=np.int64), np.empty(total)
    start = 0
    for i in range(len(lon)):
        x, y, z = _earth_centred(lon[i], lat[i])
        if counts[i]:
            _around(x, y, z, points, boxes, chord[i] * chord[i], squares[start:], found[start:], waiting)
        start += counts[i]
    for i in range(total):
        found[i] = number[found[i]]
    return found


# --- nearest -----------------------------------------------------------------------------------------------------------


@compiled
def _sort_by_length(squares, found, count):
    """Ascending by squared distance (Shell's sort)."""
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap:
        for i in range(gap, count):
            square, point, j = squares[i], found[i], i
            while j >= gap and squares[j - gap] > square:
                squares[j], found[j] = squares[j - gap], found[j - gap]
                j -= gap
            squares[j], found[j] = square, point
        gap //= 3


@compiled
def _settle(x, y, z, points, best, which, count, k, limit, metres):
    """The geodesics of the nearest `count` points by chord, sorted; False where their order or the k-th place is not certain.

    best, which: squared chords ascending and points, `count` of at most k + 1; the last one, if there are k + 1, bounds all that is
    not among them.
    """
    used = min(count, k)
    for j in range(used):
        if best[j] > REACH * REACH:
            return False
        i = which[j]
        length = _geodesic(x, y, z, points[i, 0], points[i, 1], points[i, 2])
        if abs(length - limit) <= SLACK:
            return False
        rank = j
        while rank and metres[rank - 1] > length:
            metres[rank], which[rank] = metres[rank - 1], which[rank - 1]
            rank -= 1
        metres[rank], which[rank] = length, i
    for j in range(1, used):
        if metres[j] - metres[j - 1] <= TIE + SLACK:
            return False
    return count <= k or math.sqrt(best[k]) > _longest_chord(metres[k - 1] + TIE + SLACK)


@compiled
def _pick(x, y, z, aside, points, squares, found, count, wanted, worst, best, which):
    """The `wanted` candidates of least squared chord not above `worst`, ascending; how many.

    squares, found: candidates sorted by squared distance from a point that lies `aside` of here.
    """
    held, enough = 0, np.inf
    for j in range(count):
        if squares[j] > enough:
            break
        point = found[j]
        dx, dy, dz = points[point, 0] - x, points[point, 1] - y, points[point, 2] - z
        square = dx * dx + dy * dy + dz * dz
        if square > worst:
            continue
        if held < wanted:
            held += 1
        rank = held - 1
        while rank and best[rank - 1] > square:
            best[rank], which[rank] = best[rank - 1], which[rank - 1]
            rank -= 1
        best[rank], which[rank] = square, point
        if held == wanted:
            worst = best[wanted - 1]
            enough = (math.sqrt(worst) + aside) ** 2
    return held


@compiled
def _race(block, size, spread, coordinates, squares, count, wanted, best, keys):
    """For each of `size` places the `wanted` least squared chords to the candidates, ascending, into best[:, place].

    block float64 (3, _BLOCK), coordinates float64 (3, count) by squared distance from a point that lies within `spread` of the block.
    best: int64 (wanted, _BLOCK), bits of the square with the candidate's position in the lowest ones; `_NOTHING` where there are fewer.
    All places pass a candidate at once, without a branch: the loops over places are vectors to the compiler.
    """
    values = keys.view(np.float64)
    best[:, :size] = _NOTHING
    for j in range(count):
        if j >= wanted and j % 4 == 0:
            worst = best[wanted - 1, 0]
            for i in range(size):
                worst = max(worst, best[wanted - 1, i])
            keys[0] = worst
            if squares[j] > (math.sqrt(values[0]) + spread) ** 2 + 1e-24:
                break
        x, y, z = coordinates[0, j], coordinates[1, j], coordinates[2, j]
        for i in range(size):
            dx, dy, dz = x - block[0, i], y - block[1, i], z - block[2, i]
            values[i] = dx * dx + dy * dy + dz * dz
        for i in range(size):
            keys[i] = (keys[i] & ~_MASK) | j
        for rank in range(min(wanted, j + 1)):
            row = best[rank]
            for i in range(size):
                held, new = row[i], keys[i]
                row[i] = min(held, new)
                keys[i] = max(held, new)


@compiled
def _finish(block, size, coordinates, sites, best, k, wanted, limit, farthest, metres, ends, doubt):
    """The geodesics of the first k of `_race`, into metres[:k, place], and which places are not certain, into doubt.

    As `_settle`, for many places at once. Also not certain here: a place held by several sites, chords out of order.
    """
    values = best.view(np.float64)
    doubt[:size] = 0
    for rank in range(min(k, wanted)):
        row, square = metres[rank], values[rank]
        for i in range(size):  # apart from the next loop, which is a vector to the compiler only without look-ups
            j = np.uint64(best[rank, i] & _MASK)
            ends[0, i], ends[1, i], ends[2, i] = coordinates[0, j], coordinates[1, j], coordinates[2, j]
            doubt[i] |= sites[j] < 0
        for i in range(size):
            row[i] = _geodesic(block[0, i], block[1, i], block[2, i], ends[0, i], ends[1, i], ends[2, i])
        for i in range(size):
            length = row[i]
            near = square[i] <= farthest * farthest
            doubt[i] |= near & ((square[i] > REACH * REACH) | (abs(length - limit) <= SLACK))
            row[i] = length if near & (length <= limit) else np.inf
        if rank:
            before = metres[rank - 1]
            for i in range(size):
                doubt[i] |= row[i] - before[i] <= TIE + SLACK
    if wanted > k:
        row, square = metres[k - 1], values[k]
        for i in range(size):
            doubt[i] |= (row[i] < np.inf) & (math.sqrt(square[i]) <= _longest_chord(row[i] + TIE + SLACK))


@compiled
def nearest(rows, lon, lat, points, boxes, number, ends, sites, k, limit, farthest, out_sites, out_metres, out_chord):
    """Fills rows with the k nearest sites; where the order is not certain only `out_chord`.

    rows: int64, as `tree.neighbours` puts them. lon, lat: degrees. points, boxes: of `tree`. number: int64 (m,) the place at each point; its sites are sites[ends[number - 1] :
    ends[number]]. limit: metres, inclusive. farthest: the longest chord worth a look. out_sites int32 (n, k), out_metres float64 (n, k):
    -1 and inf, where not filled. out_chord float64 (n,): -1 in a row that is settled, else the chord of the k-th place, inf if it has none.

    Runs of neighbouring rows share a walk: when r is the distance from a point c to its (k+1)-th place and all queries q of the run lie
    within p of c, then the k + 1 nearest of each lie within r + 2p of c.
    """
    m, wanted = len(points), min(k + 1, len(points))
    waiting, lengths = np.empty((64, 3), dtype=np.int64), np.empty(64)
    squares, found = np.empty(m), np.empty(m, dtype=np.int64)
    best, which, metres = np.empty(wanted), np.empty(wanted, dtype=np.int64), np.empty(k)
    many = wanted <= _RANKS
    coordinates, alone = np.empty((3, _CANDIDATES)), np.empty(_CANDIDATES, dtype=np.int64)
    block, there, keys, doubt = np.empty((3, _BLOCK)), np.empty((3, _BLOCK)), np.empty(_BLOCK, dtype=np.int64), np.empty(_BLOCK, dtype=np.int64)
    all_best, all_metres = np.empty((wanted if many else 0, _BLOCK), dtype=np.int64), np.empty((k if many else 0, _BLOCK))
    places = earth_centred(lon[rows], lat[rows])
    radius, cx, cy, cz = np.inf, 0.0, 0.0, 0.0  # of the run before
    done = 0
    while done < len(rows):
        # A run grows as long as its rows lie near its first, measured by the radius of the run before.
        size, near = 0, _RUN * radius * radius if radius < np.inf else -1.0
        while size < (_BLOCK if many else 1) and done + size < len(rows):
            x, y, z = places[0][done + size], places[1][done + size], places[2][done + size]
            if size and (x - block[0, 0]) ** 2 + (y - block[1, 0]) ** 2 + (z - block[2, 0]) ** 2 > near:
                break
            block[0, size], block[1, size], block[2, size] = x, y, z
            size += 1
        old_x, old_y, old_z = cx, cy, cz
        cx, cy, cz = block[0, :size].sum() / size, block[1, :size].sum() / size, block[2, :size].sum() / size
        spread = 0.0
        for i in range(size):
            spread = max(spread, (block[0, i] - cx) ** 2 + (block[1, i] - cy) ** 2 + (block[2, i] - cz) ** 2)
        # 1e-12 (6 µm) outweighs the rounding of all these sums.
        spread = math.sqrt(spread) + 1e-12
        bound = radius + math.sqrt((cx - old_x) ** 2 + (cy - old_y) ** 2 + (cz - old_z) ** 2) + 1e-12
        bound = min(bound, farthest + spread)
        count = _closest(cx, cy, cz, points, boxes, wanted, bound * bound, squares, found, waiting, lengths)
        if count == wanted:
            radius = math.sqrt(squares[0])
            bound = min(bound, radius)
        else:
            radius = np.inf
        if size > 1:
            bound = min(bound + 2.0 * spread, farthest + spread)
            count = _around(cx, cy, cz, points, boxes, bound * bound, squares, found, waiting)
        _sort_by_length(squares, found, count)
        doubt[:size] = 1
        if many and size > 4 and wanted <= count <= _CANDIDATES:
            for j in range(count):
                point = found[j]
                coordinates[0, j], coordinates[1, j], coordinates[2, j] = points[point, 0], points[point, 1], points[point, 2]
                group = number[point]
                low = ends[group - 1] if group else 0
                alone[j] = sites[low] if ends[group] - low == 1 else -1
            _race(block, size, spread, coordinates, squares, count, wanted, all_best, keys)
            _finish(block, size, coordinates, alone, all_best, k, wanted, limit, farthest, all_metres, there, doubt)
        for i in range(size):
            row = rows[done + i]
            if not doubt[i]:
                for rank in range(min(k, wanted)):
                    if all_metres[rank, i] < np.inf:
                        out_sites[row, rank], out_metres[row, rank] = alone[all_best[rank, i] & _MASK], all_metres[rank, i]
                continue
            x, y, z = block[0, i], block[1, i], block[2, i]
            held = _pick(x, y, z, spread, points, squares, found, count, wanted, farthest * farthest, best, which)
            if not _settle(x, y, z, points, best, which, held, k, limit, metres):
                out_chord[row] = math.sqrt(best[k - 1]) if held >= k else np.inf
                continue
            place, rank = 0, 0
            while place < min(held, k) and rank < k and metres[place] <= limit:
                group = number[which[place]]
                site = ends[group - 1] if group else 0
                while rank < k and site < ends[group]:
                    out_sites[row, rank], out_metres[row, rank] = sites[site], metres[place]
                    site += 1
                    rank += 1
                place += 1
        done += size
