"""Towns, villages and grids: who gets which cells, what they are called, how many live there."""

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage
from shapely import Geometry

from gis_data.county import mesh as meshes
from gis_data.county import streets
from gis_data.county.content import material
from gis_data.county.mesh import Mesh
from gis_data.county.plan import Plan, apportion
from gis_data.county.relief import Relief, raise_land, within

PEOPLE_PER_GRID = 430  # about 150 households, the size Zhejiang's counties report
CELLS_PER_GRID = 42


@dataclass
class Land:
    """The county divided. Village and grid arrays run over all of them, in code order; polygons are in degrees."""

    relief: Relief
    mesh: Mesh
    roads: list[streets.Road]
    seats: np.ndarray  # metres, one row a town
    density: np.ndarray  # persons per km², on the relief's cells
    grid_of_cell: np.ndarray
    village_town: np.ndarray
    village_code: np.ndarray
    village_name: np.ndarray
    village_people: np.ndarray
    village_registered: np.ndarray
    village_centre: np.ndarray  # metres
    village_polygon: np.ndarray
    grid_village: np.ndarray
    grid_code: np.ndarray
    grid_people: np.ndarray
    grid_registered: np.ndarray
    grid_polygon: np.ndarray
    grid_centre: np.ndarray
    town_polygon: np.ndarray
    county_polygon: Geometry

    def cells_of_village(self, village: int) -> np.ndarray:
        return np.flatnonzero((self.grid_village[self.grid_of_cell] == village) & self.mesh.inside)

    def town_code(self, plan: Plan, village: int) -> str:
        return plan.towns[self.village_town[village]].code or plan.code


def town_seats(plan: Plan) -> np.ndarray:
    """Where the towns' middles are: as planned, or spread over the outline, the first (the seat) in the middle of the land."""
    if all(town.at is not None for town in plan.towns):
        return np.array([town.at for town in plan.towns])
    rng = plan.rng("seats")
    west, south, east, north = plan.outline.bounds
    step = np.sqrt(plan.outline.area / 4000)
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    x, y = x.ravel(), y.ravel()
    inner = plan.outline.buffer(-min(600.0, 0.04 * np.sqrt(plan.outline.area)))
    inside = shapely.contains_xy(inner if not inner.is_empty else plan.outline, x, y)
    x, y = x[inside], y[inside]
    chosen = meshes.seeds(x, y, np.ones(len(x)), len(plan.towns), rng)
    points = np.column_stack([x, y])[chosen]
    middle = np.array([x.mean(), y.mean()])
    return points[np.argsort(np.hypot(*(points - middle).T))]


def grow(plan: Plan) -> Land:
    """From plan to coverage."""
    seats = town_seats(plan)
    relief = raise_land(plan, seats)
    roads = streets.lay(plan, relief, seats) + streets.riverside(plan, relief, seats)
    roads = [replace(road, line=clipped) for road in roads if (clipped := _longest(road.line.intersection(plan.outline))) is not None]
    regions, handicap = _regions(plan, relief, seats)
    density = _density(plan, relief, seats, regions, roads)
    barriers = shapely.union_all([road.line for road in roads if road.kind != "lane"] + ([relief.river] if relief.river else []))
    mesh = meshes.divide(plan, relief, density, barriers, PEOPLE_PER_GRID / CELLS_PER_GRID)
    return _divided(plan, relief, mesh, roads, seats, density, regions)


def _longest(line: Geometry) -> Geometry | None:
    parts = [part for part in shapely.get_parts(line) if part.geom_type == "LineString" and part.length > 50]
    return max(parts, key=shapely.length) if parts else None


def _regions(plan: Plan, relief: Relief, seats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which town each relief cell belongs to, grown from the seats along valleys until areas are as planned."""
    x, y = relief.centres()
    rough = plan.rng("regions").lognormal(0, 0.25, relief.shape)
    cost = (0.5 + 1.6 * relief.height) * ndimage.gaussian_filter(rough, 1)
    graph = relief.graph(cost)
    if relief.river is not None:
        river = within(relief.river, x.ravel(), y.ravel()) < relief.cell * 0.7
        cost = cost + 3.0 * river.reshape(relief.shape)
        graph = relief.graph(cost)
    from scipy.sparse.csgraph import dijkstra

    starts = [relief.index(*seat) for seat in seats]
    distance = dijkstra(graph, directed=False, indices=starts)
    inside = relief.inside.ravel()
    distance = distance[:, inside]
    target = np.array([town.area for town in plan.towns])
    target = target / target.sum()
    handicap = np.zeros(len(seats))
    typical = np.sqrt(inside.sum() / len(seats)) * relief.cell
    for turn in range(60):
        owner = np.argmin(distance + handicap[:, None], axis=0)
        share = np.bincount(owner, minlength=len(seats)) / len(owner)
        handicap += typical * 0.5 * 0.94**turn * np.clip(np.log((share + 1e-4) / target), -0.6, 0.6)
        handicap = np.minimum(handicap, handicap.min() + 6 * typical)
    region = np.full(relief.inside.size, -1)
    region[inside] = owner
    return region.reshape(relief.shape), handicap - handicap.min()


def _density(plan: Plan, relief: Relief, seats: np.ndarray, regions: np.ndarray, roads: list[streets.Road]) -> np.ndarray:
    """Persons per km²: towns round their seats, streets and roads, clumps in the plain and the valleys; exact in total by town."""
    x, y = relief.centres()
    density = np.zeros(relief.shape)
    country = np.exp(-4.0 * relief.height) * (0.05 + relief.patches**3)
    rural = shapely.union_all([road.line for road in roads if road.kind == "rural"] or [shapely.Point(seats[0])])
    country = country * (1 + 1.5 * np.exp(-within(rural, x.ravel(), y.ravel()).reshape(relief.shape) / 350))
    streets_in = [road.line for road in roads if road.kind not in ("rural",)]
    paved = within(shapely.union_all(streets_in or [shapely.Point(seats[0])]), x.ravel(), y.ravel()).reshape(relief.shape)
    for index, town in enumerate(plan.towns):
        mine = regions == index
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


def _divided(plan: Plan, relief: Relief, mesh: Mesh, roads: list, seats: np.ndarray, density: np.ndarray, regions: np.ndarray) -> Land:
    """Towns, villages, grids: three times the same growth, each inside the one before."""
    rng = plan.rng("divide")
    everywhere = np.ones(len(mesh.edges), bool)
    town = _towns(plan, relief, mesh, regions)
    same = town[mesh.edges[:, 0]] == town[mesh.edges[:, 1]]
    starts, owner_town = [], []
    for index, planned in enumerate(plan.towns):
        cells = np.flatnonzero((town == index) & mesh.inside)
        weight = mesh.people[cells] ** (0.75 if planned.urban else 0.45)
        chosen = meshes.seeds(mesh.x[cells], mesh.y[cells], weight, planned.villages, rng, 14)
        starts.append(cells[_reading_order(mesh.x[cells[chosen]], mesh.y[cells[chosen]])] if False else cells[chosen])
        owner_town.append(np.full(planned.villages, index))
    start, village_town = np.concatenate(starts), np.concatenate(owner_town)
    village = mesh.spread(start, same)
    village = _filled(mesh, village, everywhere)
    people, registered = _village_people(plan, mesh, village, village_town, rng)
    counts = np.clip(np.round(people / PEOPLE_PER_GRID), 2, 14).astype(int)
    grid_starts, grid_village = [], []
    order = np.argsort(village, kind="stable")
    bounds = np.searchsorted(village[order], np.arange(len(start) + 1))
    for index in range(len(start)):
        cells = order[bounds[index] : bounds[index + 1]]
        cells = cells[mesh.inside[cells]]
        count = min(counts[index], max(1, len(cells) // 6))
        counts[index] = count
        chosen = cells[meshes.seeds(mesh.x[cells], mesh.y[cells], np.ones(len(cells)), count, rng, 5)] if len(cells) > count else cells[:1]
        grid_starts.append(chosen[_reading_order(mesh.x[chosen], mesh.y[chosen])])
        grid_village.append(np.full(len(chosen), index))
    starts_of_grids, grid_village = np.concatenate(grid_starts), np.concatenate(grid_village)
    grid = mesh.spread(starts_of_grids, village[mesh.edges[:, 0]] == village[mesh.edges[:, 1]])
    grid = _filled(mesh, grid, everywhere)
    polygons = meshes.coverage(plan, mesh, grid, len(starts_of_grids))
    return _named(plan, relief, mesh, roads, seats, density, grid, polygons, start, village_town, people, registered, grid_village, starts_of_grids)


def _towns(plan: Plan, relief: Relief, mesh: Mesh, regions: np.ndarray) -> np.ndarray:
    """Cells take the town of the relief cell below; what is cut off from its town joins the one around it."""
    rows = np.clip(((mesh.y - relief.south) // relief.cell).astype(int), 0, relief.shape[0] - 1)
    columns = np.clip(((mesh.x - relief.west) // relief.cell).astype(int), 0, relief.shape[1] - 1)
    known = ndimage.distance_transform_edt(regions < 0, return_indices=True, return_distances=False)
    filled = regions[known[0], known[1]]
    core = np.ones_like(regions, bool)
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        core &= np.roll(filled, shift, axis) == filled
    raw = filled[rows, columns]
    sure = core[rows, columns]
    starts, labels = [], []
    for index in range(len(plan.towns)):
        cells = np.flatnonzero(sure & (raw == index) & mesh.inside)
        if len(cells) == 0:
            cells = np.flatnonzero((raw == index) & mesh.inside)
        starts.append(cells)
        labels.append(np.full(len(cells), index))
    start, label = np.concatenate(starts), np.concatenate(labels)
    return label[mesh.spread(start, np.ones(len(mesh.edges), bool))]


def _filled(mesh: Mesh, label: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Cells that nothing reached (an island, a corner beyond the outline) take the label that reaches them over the border."""
    if (label >= 0).all():
        return label
    known = np.flatnonzero(label >= 0)
    return label[known[mesh.spread(known, keep)]]


def _reading_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """West to east in bands from north to south, as grids are numbered."""
    if len(x) < 3:
        return np.lexsort((x, -y))
    bands = max(1, round(np.sqrt(len(x))))
    row = np.empty(len(x), int)
    row[np.argsort(-y, kind="stable")] = np.arange(len(x)) * bands // len(x)
    return np.lexsort((x, row))


def _village_people(plan: Plan, mesh: Mesh, village: np.ndarray, village_town: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Residents and registered people, exact in total by town; sizes vary, but no village is a town of its own."""
    count = len(village_town)
    living = np.bincount(village[mesh.inside], mesh.people[mesh.inside], count)
    people, registered = np.zeros(count, int), np.zeros(count, int)
    for index, town in enumerate(plan.towns):
        mine = np.flatnonzero(village_town == index)
        mean = town.population / len(mine)
        wanted = np.clip(living[mine], 0.35 * mean, 2.2 * mean) * rng.lognormal(0, 0.12, len(mine))
        people[mine] = apportion(wanted, town.population, min(60, town.population // len(mine)))
        at_home = people[mine] * rng.lognormal(0, 0.04, len(mine))
        registered[mine] = apportion(at_home, town.registered, min(50, town.registered // len(mine)))
    return people, registered


def _named(plan: Plan, relief: Relief, mesh: Mesh, roads: list, seats: np.ndarray, density: np.ndarray, grid: np.ndarray, polygons: np.ndarray,
           start: np.ndarray, village_town: np.ndarray, people: np.ndarray, registered: np.ndarray, grid_village: np.ndarray, grid_start: np.ndarray) -> Land:  # fmt: skip
    """Names and codes; villages are renumbered so that everything stands in code order."""
    from gis_data.county.naming import village_names

    x, y = mesh.x[start], mesh.y[start]
    codes, names = village_names(plan, village_town, x, y, people, relief)
    order = np.argsort(codes, kind="stable")
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    by_village = np.lexsort((np.arange(len(grid_village)), rank[grid_village]))
    grid_village = rank[grid_village][by_village]
    new_number = np.empty(len(by_village), int)
    new_number[by_village] = np.arange(len(by_village))
    grid, polygons, grid_start = new_number[grid], polygons[by_village], grid_start[by_village]
    codes, names = codes[order], names[order]
    village_town, people, registered = village_town[order], people[order], registered[order]
    serial = np.arange(len(grid_village)) - np.searchsorted(grid_village, grid_village) + 1
    grid_code = np.array([f"{codes[v]}{s:03d}" for v, s in zip(grid_village, serial, strict=True)])
    cells = np.bincount(grid[mesh.inside], mesh.people[mesh.inside] + 1e-6, len(grid_village))
    grid_people, grid_registered = np.zeros(len(grid_village), int), np.zeros(len(grid_village), int)
    for index in range(len(codes)):
        mine = np.flatnonzero(grid_village == index)
        wanted = np.clip(cells[mine], 0.4 * cells[mine].mean(), 2 * cells[mine].mean())
        grid_people[mine] = apportion(wanted, people[index])
        grid_registered[mine] = apportion(wanted, registered[index])
    villages = np.array([_union(polygons[grid_village == v]) for v in range(len(codes))], object)
    towns = np.array([_union(villages[village_town == t]) for t in range(len(plan.towns))], object)
    return Land(
        relief=relief, mesh=mesh, roads=roads, seats=seats, density=density, grid_of_cell=grid, village_town=village_town, village_code=codes,
        village_name=names, village_people=people, village_registered=registered, village_centre=np.column_stack([x, y])[order],
        village_polygon=villages, grid_village=grid_village, grid_code=grid_code, grid_people=grid_people, grid_registered=grid_registered,
        grid_polygon=polygons, grid_centre=np.column_stack([mesh.x[grid_start], mesh.y[grid_start]]), town_polygon=towns, county_polygon=_union(towns),
    )  # fmt: skip


def _union(polygons: np.ndarray) -> Geometry:
    return shapely.coverage_union_all(polygons) if len(polygons) > 1 else polygons[0]


def area_rows(plan: Plan, land: Land) -> gpd.GeoDataFrame:
    """The layer `area`: province and city by name only, then county, towns, villages."""
    none = {"kind": None, "population": None, "former_names": None, "valid_from": None, "valid_to": None}
    rows = [{**none, "code": plan.province[0], "name": plan.province[1], "level": "province", "parent": None, "has_congress": True,
             "synthetic": plan.fictional, "geometry": None}]  # fmt: skip
    above = plan.province[0]
    if plan.city:
        rows.append({**rows[0], "code": plan.city[0], "name": plan.city[1], "level": "city", "parent": above})
        above = plan.city[0]
    rows.append({**rows[0], "code": plan.code, "name": plan.name, "level": "county", "kind": plan.name[-1], "parent": above,
                 "population": plan.population, "geometry": land.county_polygon})  # fmt: skip
    if plan.town_level:
        for town, polygon in zip(plan.towns, land.town_polygon, strict=True):
            rows.append({**none, "code": town.code, "name": town.name, "level": "town", "kind": town.kind, "parent": plan.code, "has_congress": town.congress,
                         "population": town.population, "synthetic": True, "geometry": polygon})  # fmt: skip
    former = {} if plan.real_names else {stem: names for stem, names in material("villages")["former"]}
    for v, code in enumerate(land.village_code):
        name = str(land.village_name[v])
        old = former.pop(name.removesuffix("村"), None)
        rows.append({**none, "code": code, "name": name, "level": "village", "kind": "社区" if name.endswith(("社区", "居委会")) else "村",
                     "parent": land.town_code(plan, v), "has_congress": False, "population": int(land.village_people[v]),
                     "former_names": ";".join(f"{part}村" for part in old.split("、")) if old else None, "synthetic": True,
                     "geometry": land.village_polygon[v]})  # fmt: skip
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=4490)
    frame["population"] = frame["population"].astype("Int64")
    return frame.sort_values("level", key=lambda s: s.map({"province": 0, "city": 1, "county": 2, "town": 3, "village": 4}), kind="stable", ignore_index=True)


def grid_rows(plan: Plan, land: Land) -> gpd.GeoDataFrame:
    """The layer `grid`: 15 digits, village and three more, numbered west to east and north to south."""
    serial = np.char.replace(land.grid_code.astype(str), "", "")
    names = [f"{land.village_name[v]}第{int(code[-3:])}网格" for v, code in zip(land.grid_village, serial, strict=True)]
    return gpd.GeoDataFrame(
        {"code": land.grid_code, "name": names, "village": land.village_code[land.grid_village], "population": land.grid_people},
        geometry=land.grid_polygon, crs=4490,
    )  # fmt: skip
