"""Made-up districts and places to measure with: Voronoi cells with fractal borders that tile a rectangle, and clustered points.

The same seed gives the same rows. Neighbours share every vertex of their border, so that the cells tile without gaps or overlaps.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi

Floats = NDArray[np.float64]

EXTENT = (119.0, 27.0, 121.5, 29.0)  # west, south, east, north, degrees: some 250 x 220 km
ROUGHNESS = 0.8  # how much of the room that a border has it takes
_TOWNS = 300
_CLUSTERED = 0.7


def districts(
    count: int, median_vertices: int, seed: int, extent: tuple[float, float, float, float] = EXTENT
) -> list[shapely.Polygon]:
    """So many valid polygons in lon/lat degrees, each one ring, in no order of place; about so many vertices each (the median).

    A border runs between the two triangles that its straight line makes with the neighbouring sites. Triangles of different borders
    have no point inside each other, so that no two borders cross.
    """
    random = np.random.default_rng(seed)
    west, south, east, north = extent
    sites = random.uniform((west, south), (east, north), (count, 2))
    mirrored = [sites]  # the borders to the mirrored sites are the rectangle
    for axis, line in ((0, west), (0, east), (1, south), (1, north)):
        mirror = sites.copy()
        mirror[:, axis] = 2 * line - mirror[:, axis]
        mirrored.append(mirror)
    cells = Voronoi(np.vstack(mirrored))
    inside = (cells.ridge_points < count).any(axis=1)
    points, vertices = cells.ridge_points[inside], np.array([cells.ridge_vertices[i] for i in np.flatnonzero(inside)])
    corners = cells.vertices[vertices]
    length = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    own = [
        np.bincount(points[:, side][points[:, side] < count], length[points[:, side] < count], count) for side in (0, 1)
    ]
    pieces = np.maximum(1, np.rint(length * median_vertices / np.median(own[0] + own[1]))).astype(np.int64)
    borders: list[dict[int, tuple[int, Floats]]] = [{} for _ in range(count)]
    for (one, other), (start, end), (a, b), n in zip(points, vertices, corners, pieces, strict=True):
        border = _fractal(a, b, cells.points[one], int(n), random)
        for site in (one, other):
            if site < count:
                # Seen from its site every border runs counter-clockwise, so that each starts at another vertex.
                (ax, ay), (bx, by) = a - cells.points[site], b - cells.points[site]
                ahead = ax * by - ay * bx > 0
                borders[site][start if ahead else end] = (end, border) if ahead else (start, border[::-1])
    return [_ring(of_one) for of_one in borders]


def places(n: int, polygons: list[shapely.Polygon], seed: int) -> tuple[Floats, Floats]:
    """lon, lat of n places in random order: 70 % around 300 towns of different size, the rest all over the polygons' rectangle."""
    random = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(polygons)
    size = np.array([east - west, north - south])
    towns = random.uniform((west, south), (east, north), (_TOWNS, 2))
    spread = random.uniform(0.002, 0.012, _TOWNS)
    weight = random.pareto(1.5, _TOWNS) + 0.2
    town = random.choice(_TOWNS, n, p=weight / weight.sum())
    place = towns[town] + random.standard_normal((n, 2)) * spread[town, None] * size
    anywhere = random.random(n) >= _CLUSTERED
    place[anywhere] = random.uniform((west, south), (east, north), (int(anywhere.sum()), 2))
    return np.ascontiguousarray(place[:, 0]), np.ascontiguousarray(place[:, 1])


def _fractal(a: Floats, b: Floats, site: Floats, pieces: int, random: np.random.Generator) -> Floats:
    """A line of so many pieces from a to b, float64 (pieces + 1, 2), displaced sideways by noise of all wavelengths."""
    along = np.linspace(0.0, 1.0, pieces + 1)
    noise = np.zeros(pieces + 1)
    for octave in range(1, max(2, pieces.bit_length() + 1)):
        nodes = random.uniform(-1.0, 1.0, 2**octave + 1)
        noise += np.interp(along, np.linspace(0.0, 1.0, len(nodes)), nodes) * 0.7**octave
    chord = b - a
    square = chord @ chord
    if square == 0.0:
        return np.array([a, b])
    aside = np.array([-chord[1], chord[0]]) / np.sqrt(square)
    foot, height = (site - a) @ chord / square, abs((site - a) @ aside)
    room = np.sqrt(square) * np.minimum(along, 1.0 - along)
    if foot > 0.0:
        room = np.minimum(room, height * along / foot)
    if foot < 1.0:
        room = np.minimum(room, height * (1.0 - along) / (1.0 - foot))
    line = a + along[:, None] * chord + (ROUGHNESS * room * np.clip(noise, -1.0, 1.0))[:, None] * aside
    line[0], line[-1] = a, b
    return line


def _ring(borders: dict[int, tuple[int, Floats]]) -> shapely.Polygon:
    first = vertex = next(iter(borders))
    parts = []
    while True:
        vertex, border = borders[vertex]
        parts.append(border[:-1])
        if vertex == first:
            return shapely.Polygon(np.vstack(parts))
