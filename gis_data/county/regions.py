"""The first sketch, on the relief's cells: where towns have their middles, how far each reaches, how many people live where."""

import numpy as np
import shapely
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gis_data.county import mesh as meshes
from gis_data.county.mesh import Mesh
from gis_data.county.plan import Plan
from gis_data.county.relief import Relief, within
from gis_data.county.streets import Road

BY_STREET = 260.0  # metres from its own streets within which land belongs to a town
BAND = 700.0  # metres on either side of a rough border between towns in which the ground decides


def town_seats(plan: Plan) -> np.ndarray:
    """Where the towns' middles are: as planned, or spread so that each has room for its area, the first (the seat) in the middle."""
    if all(town.at is not None for town in plan.towns):
        return np.array([town.at for town in plan.towns])
    west, south, east, north = plan.outline.bounds
    step = np.sqrt(plan.outline.area / 4000)
    grid_x, grid_y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    xy = np.column_stack([grid_x.ravel(), grid_y.ravel()])
    inner = plan.outline.buffer(-min(600.0, 0.04 * np.sqrt(plan.outline.area)))
    xy = xy[shapely.contains_xy(inner if not inner.is_empty else plan.outline, xy[:, 0], xy[:, 1])]
    centre = xy[meshes.seeds(xy[:, 0], xy[:, 1], np.ones(len(xy)), len(plan.towns), plan.rng("seats"))]
    centre = centre[np.argsort(np.hypot(*(centre - xy.mean(axis=0)).T), kind="stable")]
    target = np.array([town.area for town in plan.towns]) / sum(town.area for town in plan.towns)
    handicap = np.zeros(len(centre))
    for turn in range(60):
        gap = np.hypot(xy[:, None, 0] - centre[:, 0], xy[:, None, 1] - centre[:, 1])
        owner = np.argmin(gap + handicap, axis=1)
        share = np.bincount(owner, minlength=len(centre)) / len(xy)
        handicap += gap.min(axis=1).mean() * 0.3 * 0.97**turn * np.clip(np.log((share + 1e-4) / target), -0.7, 0.7)
        for index in np.flatnonzero(share):
            centre[index] += 0.3 * (xy[owner == index].mean(axis=0) - centre[index])
    free = cKDTree(xy).query(centre)[1]
    return xy[free]


def built_up(plan: Plan, relief: Relief, roads: list[Road]) -> np.ndarray:
    """The town whose own streets a relief cell lies by, -1 elsewhere: a town keeps its streets whatever the ground says."""
    x, y = relief.centres()
    nearest = np.full(x.size, BY_STREET)
    built = np.full(x.size, -1)
    for index in range(len(plan.towns)):
        own = [road.line for road in roads if road.town == index]
        if own:
            gap = within(shapely.union_all(own), x, y, relief.cell / 3)
            built[gap < nearest] = index
            nearest = np.minimum(nearest, gap)
    return built.reshape(relief.shape)


def regions(plan: Plan, relief: Relief, seats: np.ndarray, built: np.ndarray) -> np.ndarray:
    """Which town each relief cell belongs to, grown from the seats along valleys until areas are as planned."""
    x, y = relief.centres()
    cost = (0.5 + 1.6 * relief.height) * np.exp(relief.thickets)
    if relief.river is not None:
        river = within(relief.river, x, y, relief.cell / 3) < relief.cell * 0.7
        cost = cost + 3.0 * river.reshape(relief.shape)
    graph = relief.graph(cost)
    starts = [relief.index(*seat) for seat in seats]
    distance = dijkstra(graph, directed=False, indices=starts)
    inside = relief.inside.ravel()
    distance = distance[:, inside]
    kept = np.flatnonzero(built.ravel()[inside] >= 0)
    distance[built.ravel()[inside][kept], kept] = -1e9
    target = np.array([town.area for town in plan.towns])
    target = target / target.sum()
    handicap = np.zeros(len(seats))
    typical = float(np.median(np.maximum(distance.min(axis=0), 0)))
    for turn in range(80):
        owner = np.argmin(distance + handicap[:, None], axis=0)
        share = np.bincount(owner, minlength=len(seats)) / len(owner)
        handicap += typical * 0.6 * 0.96**turn * np.clip(np.log((share + 1e-4) / target), -0.7, 0.7)
    region = np.full(relief.inside.size, -1)
    region[inside] = owner
    return region.reshape(relief.shape)


def density_of(plan: Plan, relief: Relief, seats: np.ndarray, region: np.ndarray, roads: list[Road]) -> np.ndarray:
    """Persons per km²: towns round their seats, streets and roads, clumps in the plain and the valleys; exact in total by town."""
    x, y = relief.centres()
    density = np.zeros(relief.shape)
    country = np.exp(-4.0 * relief.height) * (0.05 + relief.patches**3)
    rural = shapely.union_all([road.line for road in roads if road.kind == "rural"] or [shapely.Point(seats[0])])
    country = country * (1 + 1.5 * np.exp(-within(rural, x, y, relief.cell / 3).reshape(relief.shape) / 350))
    streets_in = [road.line for road in roads if road.kind not in ("rural",)]
    paved = within(shapely.union_all(streets_in or [shapely.Point(seats[0])]), x, y, relief.cell / 3).reshape(relief.shape)
    for index, town in enumerate(plan.towns):
        mine = region == index
        if not mine.any():
            continue
        spread = 420 * np.sqrt(max(town.population, 2000) / 20_000)
        core = np.exp(-((x - seats[index][0]) ** 2 + (y - seats[index][1]) ** 2) / (2 * spread**2)) * (0.35 + np.exp(-paved / 160))
        share = 0.85 if town.urban else 0.5 - 0.25 * town.relief
        for part, amount in ((core, share), (country, 1 - share)):
            total = part[mine].sum() * (relief.cell / 1000) ** 2
            if total > 0:
                density[mine] += part[mine] / total * town.population * amount
    return density


def towns_of_cells(plan: Plan, relief: Relief, mesh: Mesh, region: np.ndarray, built: np.ndarray) -> np.ndarray:
    """Cells take the town of the relief cell below; what is cut off from its town joins the one around it."""
    rows = np.clip(((mesh.y - relief.south) // relief.cell).astype(int), 0, relief.shape[0] - 1)
    columns = np.clip(((mesh.x - relief.west) // relief.cell).astype(int), 0, relief.shape[1] - 1)
    known = ndimage.distance_transform_edt(region < 0, return_indices=True, return_distances=False)
    filled = region[known[0], known[1]]
    raw = filled[rows, columns]
    edge = np.zeros_like(region, bool)
    for axis in (0, 1):
        change = np.diff(filled, axis=axis) != 0
        edge[tuple(slice(0, -1) if a == axis else slice(None) for a in (0, 1))] |= change
    depth = (ndimage.distance_transform_edt(~edge) * relief.cell)[rows, columns]
    sure = np.zeros(len(raw), bool)
    for index in range(len(plan.towns)):
        mine = (raw == index) & mesh.inside
        if mine.any():
            sure |= mine & ((built[rows, columns] == index) | (depth > min(BAND, 0.3 * depth[mine].max())))
    starts, labels = [], []
    for index in range(len(plan.towns)):
        cells = np.flatnonzero(sure & (raw == index) & mesh.inside)
        if len(cells) == 0:
            cells = np.flatnonzero((raw == index) & mesh.inside)
        starts.append(cells)
        labels.append(np.full(len(cells), index))
    start, label = np.concatenate(starts), np.concatenate(labels)
    return label[mesh.spread(start, np.ones(len(mesh.edges), bool))]
