"""The county's outline: the fictional one grown from a sketch by midpoint displacement, as coasts and ridges are fractal."""

import numpy as np
import shapely
from shapely import Geometry, LineString, MultiPolygon, Polygon

# Kilometres east and north of the county's middle; a border along ridges in the west, a bay with a river mouth in the east.
INLAND = [
    (18.4, 12.6), (12.2, 14.4), (5.0, 12.9), (-2.4, 15.4), (-9.2, 13.2), (-15.5, 15.0), (-21.0, 10.2), (-22.6, 3.4),
    (-20.2, -3.6), (-22.0, -9.2), (-15.6, -13.4), (-8.8, -12.1), (-3.0, -14.6), (4.2, -12.8), (10.4, -15.2), (16.4, -14.2),
]
COAST = [
    (16.4, -14.2), (19.6, -12.6), (22.4, -9.8), (20.3, -7.0), (17.3, -6.2), (15.4, -3.6), (13.2, -1.6), (11.9, -0.5),
    (13.4, 0.9), (16.0, 1.8), (18.6, 3.2), (20.2, 5.2), (23.6, 5.6), (25.0, 8.2), (21.6, 9.4), (20.6, 11.4), (18.4, 12.6),
]
ISLANDS = [(26.4, 2.6, 0.9), (28.0, 4.6, 0.5), (25.2, -3.4, 0.6)]  # east, north, radius
MIDDLE = (120.80, 29.07)  # degrees: a neutral place in the zone of the 120° meridian
INLAND_ROUGHNESS = 0.17
COAST_ROUGHNESS = 0.21
FINEST = 0.06  # km: edges shorter than this are not broken again


def displaced(points: np.ndarray, roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Break every edge at its middle, moved sideways by up to `roughness` of its length, until edges are short."""
    while True:
        edge = np.diff(points, axis=0)
        length = np.hypot(*edge.T)
        long = length > FINEST
        if not long.any():
            return points
        normal = np.column_stack([-edge[:, 1], edge[:, 0]])
        shift = np.clip(rng.normal(0, roughness * 0.62, len(edge)), -roughness, roughness)
        middle = points[:-1] + edge / 2 + normal * shift[:, None]
        points = np.insert(points, np.flatnonzero(long) + 1, middle[long], axis=0)


def fictional(area_km2: float, rng: np.random.Generator) -> tuple[Geometry, LineString, float]:
    """The outline and the coast line in km around the middle, and the factor by which the sketch was scaled to the area."""
    for _ in range(40):
        inland, coast = np.array(INLAND), np.array(COAST)
        inland[1:-1] += rng.normal(0, 0.55, inland[1:-1].shape)
        coast[1:-1] += rng.normal(0, 0.25, coast[1:-1].shape)
        scale = np.sqrt(area_km2 / shapely.area(Polygon(np.vstack([inland, coast]))))
        inland = displaced(inland * scale, INLAND_ROUGHNESS, rng)
        shore = displaced(coast * scale, COAST_ROUGHNESS, rng)
        main = Polygon(np.vstack([inland[:-1], shore[:-1]]))
        if main.is_valid:
            break
    else:
        raise RuntimeError("无法生成不自交的县界，请换一个 --seed")
    islands = [_island(east * scale, north * scale, radius * scale, rng) for east, north, radius in ISLANDS]
    whole = MultiPolygon([main, *(island for island in islands if island.disjoint(main))])
    factor = np.sqrt(area_km2 / whole.area)
    grow = lambda geometry: shapely.transform(geometry, lambda xy: xy * factor)  # noqa: E731
    return grow(whole), grow(LineString(shore)), float(scale * factor)


def _island(east: float, north: float, radius: float, rng: np.random.Generator) -> Polygon:
    angle = np.linspace(0, 2 * np.pi, 9)[:-1]
    ring = np.column_stack([np.cos(angle) * 1.35, np.sin(angle)]) * radius * rng.uniform(0.7, 1.25, (8, 1))
    ring = displaced(np.vstack([ring, ring[:1]]) + (east, north), COAST_ROUGHNESS, rng)
    island = Polygon(ring)
    return island if island.is_valid else Polygon(island.convex_hull)
