"""Polygons for the locator's tests: a town of shared jagged borders, and shapes that are easy to get wrong."""

import numpy as np
import shapely

WEST, SOUTH = 120.3, 27.3


def jagged_town(side: int = 6, depth: int = 4, step: float = 0.01, seed: int = 1) -> list[shapely.Polygon]:
    """side x side areas, tessellating, in reading order; neighbours share every vertex of their jagged border."""
    random = np.random.default_rng(seed)
    across = np.arange(side + 1) * step
    nodes = (
        np.stack(np.meshgrid(WEST + across, SOUTH + across), axis=-1)
        + random.uniform(-0.2, 0.2, (side + 1, side + 1, 2)) * step
    )
    borders = {
        (row, column, direction): _jagged(
            nodes[row, column], nodes[row + (direction == "up"), column + (direction == "right")], depth, random
        )
        for row in range(side + 1)
        for column in range(side + 1)
        for direction in ("right", "up")
        if (column < side if direction == "right" else row < side)
    }
    areas = []
    for row in range(side):
        for column in range(side):
            ring = [
                borders[row, column, "right"][:-1],
                borders[row, column + 1, "up"][:-1],
                borders[row + 1, column, "right"][:0:-1],
                borders[row, column, "up"][:0:-1],
            ]
            areas.append(shapely.Polygon(np.vstack(ring)))
    assert shapely.is_valid(areas).all()
    return areas


def _jagged(start, end, depth, random):
    line = np.array([start, end])
    for _ in range(depth):
        along = np.diff(line, axis=0)
        middle = (line[:-1] + line[1:]) / 2 + np.column_stack([-along[:, 1], along[:, 0]]) * random.uniform(
            -0.1, 0.1, (len(along), 1)
        )
        finer = np.empty((2 * len(line) - 1, 2))
        finer[::2], finer[1::2] = line, middle
        line = finer
    return line


def awkward_shapes() -> list[shapely.Geometry]:
    """Holes, parts, slivers, long edges, touching and overlapping ones; coordinates that doubles cannot hold exactly."""

    def at(*points):
        return [(120.1 + x / 10, 27.1 + y / 10) for x, y in points]

    ring = shapely.Polygon(at((0, 0), (9, 0), (9, 9), (0, 9)), [at((3, 3), (6, 3), (6, 6), (3, 6))])
    island = shapely.Polygon(at((4, 4), (5, 4), (5, 5), (4, 5)))
    plug = shapely.Polygon(at((3, 3), (6, 3), (6, 6), (3, 6)))
    corner_to_corner = shapely.MultiPolygon(
        [shapely.Polygon(at((9, 9), (12, 9), (12, 12), (9, 12))), shapely.Polygon(at((12, 12), (14, 13), (13, 14)))]
    )
    touching_hole = shapely.Polygon(at((10, 0), (16, 0), (16, 6), (10, 6)), [at((10, 3), (12, 2), (12, 4))])
    sliver = shapely.Polygon(at((0, 10), (9, 10.000000001), (9, 10)))
    needle = shapely.Polygon(at((0, 11), (8, 13), (8, 13.0000001), (0, 11.0001)))
    comb = shapely.Polygon(at((17, 0), *[(17 + i / 10, 8 if i % 2 else 1) for i in range(1, 40)], (21, 0)))
    overlap = shapely.Polygon(at((5, 7), (11, 2), (13, 10)))
    repeated = shapely.Polygon(at((0, 14), (3, 14), (3, 14), (3, 16), (3, 17), (0, 17), (0, 14)))
    shapes = [
        ring,
        island,
        plug,
        corner_to_corner,
        touching_hole,
        sliver,
        needle,
        comb,
        overlap,
        repeated,
        shapely.Polygon(),
    ]
    assert shapely.is_valid(shapes).all()
    return shapes


def places_on_borders(shapes, count: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Vertices, and places by interpolation on edges, some of them a few units in the last place aside."""
    random = np.random.default_rng(seed)
    segments = []
    for ring in shapely.get_rings(shapely.get_parts(shapes)):
        points = shapely.get_coordinates(ring)
        segments.append(np.hstack([points[:-1], points[1:]]))
    ends = np.vstack(segments)
    ends = ends[random.integers(len(ends), size=count)]
    fraction = random.choice([0.0, 0.5, 1.0, np.nan], size=(count, 1))
    fraction = np.where(np.isnan(fraction), random.random((count, 1)), fraction)
    places = ends[:, :2] + fraction * (ends[:, 2:] - ends[:, :2])
    places += random.integers(-2, 3, size=places.shape) * np.spacing(places) * random.integers(0, 2, size=(count, 1))
    return places[:, 0], places[:, 1]
