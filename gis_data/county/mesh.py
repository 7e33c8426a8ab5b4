"""The land in cells: fine where people are many, grouped by cheapest way into towns, villages and grids, drawn as one coverage.

Every border is made once, as an arc between cells of two grids, and used on both sides; villages, towns and the county
are unions of grids. So there are no gaps, no overlaps, and neighbours share every vertex.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Voronoi, cKDTree
from shapely import Geometry

from gis_data.county.plan import Plan
from gis_data.county.relief import Relief, smoothed

MARGIN = 700.0  # metres of cells beyond the outline, so that borders reach it
COARSEST = 260.0
SNAP = 0.01  # metres: the grid on which lines are noded
CROSSING = 500.0  # metres a border would rather go round than run across a river or a street


@dataclass
class Mesh:
    """Fine cells by their centres, in metres; `edges` joins neighbours, `ridges` is the border segment between them."""

    x: np.ndarray
    y: np.ndarray
    inside: np.ndarray
    people: np.ndarray
    edges: np.ndarray  # int[e, 2]
    ridges: np.ndarray  # float[e, 2, 2]; NaN where open
    cost: np.ndarray  # float[e]

    def graph(self, keep: np.ndarray, extra: np.ndarray | None = None, starts: np.ndarray | None = None) -> sparse.csr_array:
        """The kept edges as a symmetric matrix, with one more node for each start, joined to it at the given cost."""
        n = len(self.x)
        heads, tails, weights = self.edges[keep, 0], self.edges[keep, 1], self.cost[keep]
        size = n
        if starts is not None and extra is not None:
            heads = np.concatenate([heads, n + np.arange(len(starts))])
            tails = np.concatenate([tails, starts])
            weights = np.concatenate([weights, extra])
            size = n + len(starts)
        return sparse.csr_array(sparse.coo_array((weights, (heads, tails)), shape=(size, size)))

    def spread(self, starts: np.ndarray, keep: np.ndarray, handicap: np.ndarray | None = None) -> np.ndarray:
        """The start that reaches each cell most cheaply, as an index into `starts`; -1 where none does."""
        n = len(self.x)
        if handicap is None:
            _, _, source = dijkstra(self.graph(keep), directed=False, indices=starts, min_only=True, return_predecessors=True)
            order = np.full(n + 1, -1)
            order[starts] = np.arange(len(starts))
        else:
            graph = self.graph(keep, handicap + 1e-6, starts)
            _, _, source = dijkstra(graph, directed=False, indices=n + np.arange(len(starts)), min_only=True, return_predecessors=True)
            order = np.full(n + len(starts) + 1, -1)
            order[n : n + len(starts)] = np.arange(len(starts))
        return np.where(source[:n] >= 0, order[source[:n]], -1)


def leaves(plan: Plan, relief: Relief, density: np.ndarray, people: float) -> tuple[np.ndarray, np.ndarray]:
    """One jittered point in each leaf of a quadtree whose leaves hold at most `people`; the points and the leaves' sizes."""
    rng = plan.rng("mesh")
    coarsest = float(np.clip(np.sqrt(plan.outline.area) / 40, 60, max(COARSEST, np.sqrt(plan.outline.area / 30_000))))
    ground = plan.outline.buffer(max(MARGIN, 2.5 * coarsest))
    west, south, east, north = ground.bounds
    nx, ny = int((east - west) / coarsest) + 1, int((north - south) / coarsest) + 1
    gx, gy = np.meshgrid(west + (np.arange(nx) + 0.5) * coarsest, south + (np.arange(ny) + 0.5) * coarsest)
    x, y, size = gx.ravel(), gy.ravel(), coarsest
    points, sizes = [], []
    while True:
        dense = (relief.sample(density, x, y) * (size / 1000) ** 2 > people) & (size > 18)
        points.append(np.column_stack([x[~dense], y[~dense]]))
        sizes.append(np.full((~dense).sum(), size))
        if not dense.any():
            break
        quarter = size / 4
        x = (x[dense][:, None] + np.array([-quarter, quarter, -quarter, quarter])).ravel()
        y = (y[dense][:, None] + np.array([-quarter, -quarter, quarter, quarter])).ravel()
        size /= 2
    xy, leaf = np.vstack(points), np.concatenate(sizes)
    xy = xy + rng.uniform(-0.42, 0.42, xy.shape) * leaf[:, None]
    shapely.prepare(ground)
    kept = shapely.contains_xy(ground, xy[:, 0], xy[:, 1])
    return xy[kept], leaf[kept]


def divide(plan: Plan, relief: Relief, density: np.ndarray, barriers: list[Geometry], people: float) -> Mesh:
    """Cells for a density in persons per km²; crossing a barrier (river, streets) or a ridge is dear."""
    xy, leaf = leaves(plan, relief, density, people)
    voronoi = Voronoi(xy)
    edges = voronoi.ridge_points.astype(np.int64)
    corners = np.array([pair if len(pair) == 2 else (-1, -1) for pair in voronoi.ridge_vertices])
    ridges = voronoi.vertices[corners]
    ridges[(corners < 0).any(axis=1)] = np.nan
    length = np.hypot(*(xy[edges[:, 0]] - xy[edges[:, 1]]).T)
    middle = xy[edges].mean(axis=1)
    height = relief.sample(relief.height, xy[:, 0], xy[:, 1])
    climb = np.abs(np.diff(height[edges], axis=1)[:, 0])
    rough = plan.rng("mesh-cost").lognormal(0, 0.3, len(edges)) * np.exp(relief.sample(relief.thickets, *middle.T))
    cost = length * rough * (0.5 + 1.2 * height[edges].mean(axis=1)) + 9000 * climb
    pieces = shapely.linestrings(np.concatenate([np.stack([c[:-1], c[1:]], axis=1) for line in barriers if len(c := shapely.get_coordinates(line)) > 1]))
    crossing, _ = shapely.STRtree(pieces).query(shapely.linestrings(xy[edges]), predicate="intersects")
    cost[np.unique(crossing)] += CROSSING
    shapely.prepare(plan.outline)
    inside = shapely.contains_xy(plan.outline, xy[:, 0], xy[:, 1])
    sea = ~shapely.contains_xy(plan.outline, middle[:, 0], middle[:, 1])
    cost = np.where(sea, cost * 5, cost)
    cells = relief.sample(density, xy[:, 0], xy[:, 1]) * (leaf / 1000) ** 2
    return Mesh(xy[:, 0], xy[:, 1], inside, np.where(inside, cells, 0), edges, ridges, cost)


def seeds(x: np.ndarray, y: np.ndarray, weight: np.ndarray, count: int, rng: np.random.Generator, rounds: int = 8) -> np.ndarray:
    """Indices of `count` cells spread over the given ones as evenly as their weights ask (Lloyd's rounds)."""
    if count >= len(x):
        raise ValueError(f"{len(x)} cells cannot hold {count} seeds")
    xy = np.column_stack([x, y])
    weight = weight + weight.mean() * 0.02 + 1e-9
    centre = xy[rng.choice(len(x), count, replace=False, p=weight / weight.sum())]
    for _ in range(rounds):
        _, owner = cKDTree(centre).query(xy)
        total = np.bincount(owner, weight, count)
        used = total > 0
        mean = np.column_stack([np.bincount(owner, weight * xy[:, axis], count) for axis in (0, 1)])
        centre[used] = mean[used] / total[used, None]
    chosen: list[int] = []
    taken = np.zeros(len(x), bool)
    for point in centre:
        order = np.argsort(np.hypot(*(xy - point).T))
        free = int(order[~taken[order]][0])
        taken[free] = True
        chosen.append(free)
    return np.array(chosen)


def _arcs(mesh: Mesh, label: np.ndarray, rng: np.random.Generator, roughness: tuple[float, ...], cuts: int) -> list[np.ndarray]:
    """The borders between labels as lines from junction to junction, roughened where cells are large, then smoothed."""
    apart = label[mesh.edges[:, 0]] != label[mesh.edges[:, 1]]
    segments = mesh.ridges[apart]
    segments = segments[~np.isnan(segments).any(axis=(1, 2))]
    segments = segments[np.hypot(*(segments[:, 0] - segments[:, 1]).T) > 0]
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(segments)))
    arcs = []
    for line in shapely.get_parts(merged):
        points = shapely.get_coordinates(line)
        for amount in roughness:
            step = np.diff(points, axis=0)
            long = np.hypot(*step.T) > 45
            if long.any():
                normal = np.column_stack([-step[:, 1], step[:, 0]])[long]
                middle = (points[:-1] + step / 2)[long] + normal * np.clip(rng.normal(0, amount, (long.sum(), 1)), -0.3, 0.3)
                points = np.insert(points, np.flatnonzero(long) + 1, middle, axis=0)
        ring = len(points) > 3 and np.array_equal(points[0], points[-1])
        arcs.append(points if ring else smoothed(points, cuts))
    return arcs


def coverage(plan: Plan, mesh: Mesh, label: np.ndarray, count: int) -> np.ndarray:
    """One polygon (or several parts) for each label 0..count-1, in longitude and latitude; together exactly the outline.

    Rough and smooth lines can swallow a very small label; then all lines are drawn plainer, at last just as the cells are.
    """
    outline = shapely.set_precision(plan.outline, SNAP)
    shapely.prepare(outline)
    cells = cKDTree(np.column_stack([mesh.x, mesh.y]))
    for roughness, cuts, tolerance in (((0.16, 0.13), 2, 1.0), ((), 1, 0.5), ((), 0, 0.0)):
        arcs = [shapely.linestrings(arc) for arc in _arcs(mesh, label, plan.rng("arcs"), roughness, cuts)]
        lines = shapely.simplify(np.array(arcs, object), tolerance, preserve_topology=False)
        noded = shapely.union_all([shapely.boundary(outline), *lines], grid_size=SNAP)
        faces = shapely.get_parts(shapely.polygonize([noded]))
        inner = shapely.point_on_surface(faces)
        within = shapely.intersects(outline, inner)
        faces, inner = faces[within], inner[within]
        owner = _without_slivers(faces, label[cells.query(shapely.get_coordinates(inner))[1]])
        if len(np.unique(owner)) == count:
            break
    else:
        raise RuntimeError("网格划分时有网格消失，请换一个 --seed")
    flat = shapely.transform(faces, lambda xy: np.column_stack(plan.degrees(xy[:, 0], xy[:, 1])))
    order = np.argsort(owner, kind="stable")
    parts = np.split(flat[order], np.cumsum(np.bincount(owner, minlength=count))[:-1])
    return np.array([shapely.coverage_union_all(group) if len(group) > 1 else group[0] for group in parts], object)


def _without_slivers(faces: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Give a small detached piece to the neighbour it shares the longest border with; an island keeps its own label."""
    area = shapely.area(faces)
    largest = np.zeros(owner.max() + 1)
    np.maximum.at(largest, owner, area)
    tree = shapely.STRtree(faces)
    owner = owner.copy()
    for small in np.flatnonzero(area < 0.35 * largest[owner]):
        near = tree.query(faces[small], predicate="touches")
        shared = shapely.length(shapely.intersection(faces[near], faces[small]))
        if shared.max(initial=0) > 0:
            owner[small] = owner[near[int(np.argmax(shared))]]
    return owner
