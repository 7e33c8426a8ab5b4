"""The county's outline: the fictional one grown from a sketch by midpoint displacement, as coasts and ridges are fractal."""

import numpy as np
import shapely
from shapely import Geometry, LineString, MultiPolygon, Polygon

# Kilometres east and north of the county's middle; a border along ridges in the west, a bay with a river mouth in the east.
INLAND = [
    (19.2, 13.4), (16.0, 12.6), (13.6, 15.2), (10.4, 14.2), (8.2, 11.8), (4.6, 12.4), (2.6, 15.6), (-1.6, 16.8), (-5.2, 14.2), (-7.6, 11.2),
    (-11.4, 12.4), (-14.2, 16.4), (-18.6, 14.6), (-20.2, 10.4), (-23.8, 7.6), (-22.4, 3.4), (-18.8, 0.6), (-19.6, -3.2), (-23.2, -6.6),
    (-21.0, -11.0), (-16.4, -12.2), (-12.6, -9.8), (-9.4, -12.6), (-5.8, -15.8), (-1.4, -14.4), (1.2, -10.8), (5.2, -11.6), (8.0, -15.4),
    (12.2, -16.6), (15.0, -14.2), (17.2, -15.4),
]
COAST = [
    (17.2, -15.4), (19.4, -13.4), (22.6, -11.6), (21.4, -8.8), (23.6, -6.8), (20.4, -5.6), (17.6, -6.4), (15.8, -4.2), (13.6, -2.0), (11.6, -0.6),
    (13.2, 0.8), (15.6, 1.2), (17.0, 3.2), (19.8, 2.6), (21.2, 4.6), (24.6, 4.2), (26.2, 7.0), (23.4, 8.6), (24.2, 11.0), (20.8, 11.2), (19.2, 13.4),
]
ISLANDS = [(27.4, 2.2, 0.9), (28.9, 4.4, 0.5), (26.6, -4.4, 0.6)]  # east, north, radius
MIDDLE = (120.80, 29.07)  # degrees: a neutral place in the zone of the 120° meridian
INLAND_ROUGHNESS = 0.17
COAST_ROUGHNESS = 0.21
FINEST = 0.06  # km: edges shorter than this are not broken again


def displaced(points: np.ndarray, roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Break every edge at its middle, moved sideways by up to `roughness` of its length, until edges are short."""
    for level in range(12):
        edge = np.diff(points, axis=0)
        length = np.hypot(*edge.T)
        long = length > FINEST
        if not long.any():
            break
        normal = np.column_stack([-edge[:, 1], edge[:, 0]])
        most = roughness * (1.25 if level < 2 else 1.0)
        shift = np.clip(rng.normal(0, most * 0.62, len(edge)), -most, most)
        middle = points[:-1] + edge / 2 + normal * shift[:, None]
        points = np.insert(points, np.flatnonzero(long) + 1, middle[long], axis=0)
    return points


def fictional(area_km2: float, rng: np.random.Generator) -> tuple[Geometry, LineString, float]:
    """The outline and the coast line in km around the middle, and the factor by which the sketch was scaled to the area."""
    for _ in range(60):
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
    ring = displaced(np.vstack([ring, ring[:1]]) + np.array([east, north]), COAST_ROUGHNESS, rng)
    island = Polygon(ring)
    return island if island.is_valid else Polygon(island.convex_hull)
