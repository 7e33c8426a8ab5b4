"""The lie of the land on a raster: height, the river, and what it costs to cross. Borders follow ridges, homes follow valleys."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from shapely import Geometry, LineString

from gis_data.county.plan import Plan


def noise(shape: tuple[int, int], power: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose spectrum falls with the given power (2: hills, 1: patches), scaled to mean 0 and deviation 1."""
    rows, columns = shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None] * rows, np.fft.rfftfreq(columns)[None, :] * columns)
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal(shape)) / frequency**power
    field = np.fft.irfft2(spectrum, s=shape)
    return (field - field.mean()) / field.std()


@dataclass
class Relief:
    """Fields on square cells; `height` runs from 0 (plain) to about 1 (summits)."""

    west: float
    south: float
    cell: float
    inside: np.ndarray
    height: np.ndarray
    patches: np.ndarray  # 0..1, where people would settle for no reason on the map
    thickets: np.ndarray  # about 0 ± 0.7: how hard the ground is to cross for no other reason; makes borders wander
    river: LineString | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.inside.shape

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = self.shape
        x = self.west + (np.arange(columns) + 0.5) * self.cell
        y = self.south + (np.arange(rows) + 0.5) * self.cell
        return np.meshgrid(x, y)

    def sample(self, field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """A field read between the cell centres."""
        row = (np.asarray(y) - self.south) / self.cell - 0.5
        column = (np.asarray(x) - self.west) / self.cell - 0.5
        return ndimage.map_coordinates(field, [row, column], order=1, mode="nearest")

    def index(self, x: float, y: float) -> int:
        rows, columns = self.shape
        row = int(np.clip((y - self.south) // self.cell, 0, rows - 1))
        return row * columns + int(np.clip((x - self.west) // self.cell, 0, columns - 1))

    def graph(self, cost: np.ndarray) -> sparse.csr_array:
        """Eight neighbours, each step as long as it is, times the mean cost of its two cells; outside is dear, not closed."""
        rows, columns = self.shape
        number = np.arange(rows * columns).reshape(self.shape)
        cost = np.where(self.inside, cost, cost * 8 + 4)
        heads, tails, weights = [], [], []
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            a = (slice(0, rows - down), slice(max(0, -right), columns - max(0, right)))
            b = (slice(down, rows), slice(max(0, right), columns - max(0, -right)))
            climb = np.abs(self.height[a] - self.height[b]) * 2500 / self.cell
            heads.append(number[a].ravel())
            tails.append(number[b].ravel())
            weights.append(((cost[a] + cost[b]) / 2 * (1 + climb) * np.hypot(down, right) * self.cell).ravel())
        size = rows * columns
        entries = (np.concatenate(weights), (np.concatenate(heads), np.concatenate(tails)))
        return sparse.csr_array(sparse.coo_array(entries, shape=(size, size)))

    def path(self, cost: np.ndarray, *stops: tuple[float, float]) -> LineString:
        """The cheapest way from place to place, smoothed as one line; it begins and ends exactly there."""
        graph = self.graph(cost)
        points = [np.array(stops[0], float)[None, :]]
        for start, end in pairwise(stops):
            a, b = self.index(*start), self.index(*end)
            _, before = dijkstra(graph, directed=False, indices=a, return_predecessors=True)
            cells = [b]
            while cells[-1] != a and before[cells[-1]] >= 0:
                cells.append(int(before[cells[-1]]))
            rows, columns = np.divmod(np.array(cells[::-1]), self.shape[1])
            way = np.column_stack([self.west + (columns + 0.5) * self.cell, self.south + (rows + 0.5) * self.cell])[1:-1]
            points.append(way[1::3] if len(way) > 8 else way)
        points.append(np.array(stops[-1], float)[None, :])
        return LineString(smoothed(np.vstack(points), 3))


def smoothed(points: np.ndarray, times: int) -> np.ndarray:
    """Corner cutting (Chaikin) with fixed ends."""
    for _ in range(times):
        if len(points) < 3:
            return points
        a, b = points[:-1], points[1:]
        cut = np.empty((2 * len(a), 2))
        cut[0::2], cut[1::2] = a * 0.75 + b * 0.25, a * 0.25 + b * 0.75
        points = np.vstack([points[:1], cut[1:-1], points[-1:]])
    return points


def raise_land(plan: Plan, seats: np.ndarray) -> Relief:
    """Height from the towns' own terrain, ridges by folded noise, higher along the inland border; then a river through the first seat."""
    rng = plan.rng("relief")
    west, south, east, north = plan.outline.buffer(1500).bounds
    cell = float(np.clip(np.sqrt((east - west) * (north - south) / 40_000), 40, 4_000))
    shape = (int((north - south) / cell) + 1, int((east - west) / cell) + 1)
    relief = Relief(west, south, cell, np.zeros(shape, bool), np.zeros(shape), np.zeros(shape), 0.7 * noise(shape, 1.1, rng))
    x, y = relief.centres()
    relief.inside = shapely.contains_xy(plan.outline, x.ravel(), y.ravel()).reshape(shape)
    warp = 0.12 * np.sqrt(plan.outline.area)
    wx, wy = x + warp * 0.35 * noise(shape, 2, rng), y + warp * 0.35 * noise(shape, 2, rng)
    near = np.zeros(shape)
    weight = np.zeros(shape)
    reach = 0.16 * np.sqrt(plan.outline.area)
    for (sx, sy), town in zip(seats, plan.towns, strict=True):
        kernel = 1 / (1 + (np.hypot(wx - sx, wy - sy) / reach) ** 4) + 1e-9
        near += kernel * town.relief
        weight += kernel
    ground = near / weight
    ridge = 1 - np.abs(noise(shape, 1.7, rng))
    border = ndimage.distance_transform_edt(relief.inside) * cell
    inland = np.ones(shape) if plan.coast is None else np.clip(within(plan.coast, x, y, cell / 3).reshape(shape) / 9000, 0, 1)
    rim = np.exp(-border / 1600) * inland * (0.15 + ground)
    relief.height = np.clip(ground * (0.45 + 0.45 * np.clip(ridge, -0.6, 1)) + 0.35 * rim + 0.01 * noise(shape, 1.5, rng), 0, 1.2)
    relief.patches = ndimage.gaussian_filter(rng.random(shape), 1.2)
    relief.patches = (relief.patches - relief.patches.min()) / np.ptp(relief.patches)
    relief.river = _river(plan, relief, seats)
    return relief


def _river(plan: Plan, relief: Relief, seats: np.ndarray) -> LineString:
    """From the high ground past the county seat to the coast, or to the lowest place on the border."""
    x, y = relief.centres()
    seat = seats[0]
    far = np.hypot(x - seat[0], y - seat[1])
    spring = np.argmax(np.where(relief.inside, relief.height + 0.4 * far / far.max(), -1))
    if plan.coast is not None:
        ring = shapely.get_coordinates(plan.coast)
        mouth = ring[np.argmin(np.hypot(*(ring - seat).T))]
    else:
        ring = shapely.get_coordinates(max(shapely.get_parts(plan.outline), key=shapely.area).exterior)
        mouth = ring[np.argmin(relief.sample(relief.height, ring[:, 0], ring[:, 1]) - 0.2 * np.hypot(*(ring - seat).T) / far.max())]
    cost = (0.15 + 2.5 * relief.height) * np.exp(relief.thickets)
    past = 0.45 * 1000 * np.sqrt(plan.towns[0].population / (np.pi * 9_000))
    return relief.path(cost, (float(x.flat[spring]), float(y.flat[spring])), (float(seat[0]), float(seat[1] - past)), (float(mouth[0]), float(mouth[1])))


def within(line: Geometry, x: np.ndarray, y: np.ndarray, step: float = 40.0) -> np.ndarray:
    """Distances of many points to lines, in metres, measured to points every `step` metres along them."""
    points = shapely.get_coordinates(shapely.segmentize(line, step))
    return cKDTree(points).query(np.column_stack([np.ravel(x), np.ravel(y)]))[0]
