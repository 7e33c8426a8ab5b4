"""Towns, villages and grids: who gets which cells, what they are called, how many live there."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Geometry

from gis_data.county import mesh as meshes
from gis_data.county import regions, streets
from gis_data.county.content import material
from gis_data.county.mesh import Mesh
from gis_data.county.naming import village_names
from gis_data.county.plan import Plan, apportion
from gis_data.county.relief import Relief, raise_land

PEOPLE_PER_GRID = 430  # about 150 households, the size Zhejiang's counties report
MOST_GRIDS = 14  # in a village, unless a township's districts need smaller ones
CELLS_PER_GRID = 42


@dataclass
class Land:
    """The county divided. Village and grid arrays run over all of them, in code order; centres are in metres, polygons in degrees."""

    relief: Relief
    mesh: Mesh
    roads: list[streets.Road]
    seats: np.ndarray  # metres, one row a town
    grid_of_cell: np.ndarray
    village_town: np.ndarray
    village_code: np.ndarray
    village_name: np.ndarray
    village_people: np.ndarray
    village_registered: np.ndarray
    village_centre: np.ndarray
    village_polygon: np.ndarray
    grid_village: np.ndarray
    grid_code: np.ndarray
    grid_people: np.ndarray
    grid_registered: np.ndarray
    grid_centre: np.ndarray
    grid_polygon: np.ndarray
    town_polygon: np.ndarray
    county_polygon: Geometry

    @cached_property
    def grid_near(self) -> list[set[int]]:
        """For each grid, the grids it shares a stretch of border with."""
        a, b = shapely.STRtree(self.grid_polygon).query(self.grid_polygon, predicate="touches")
        upper = a < b
        a, b = a[upper], b[upper]
        line = shapely.length(shapely.intersection(self.grid_polygon[a], self.grid_polygon[b])) > 0
        near: list[set[int]] = [set() for _ in self.grid_polygon]
        for one, other in zip(a[line].tolist(), b[line].tolist(), strict=True):
            near[one].add(other)
            near[other].add(one)
        return near

    def cells_of_village(self, village: int) -> np.ndarray:
        """The mesh's cells inside a village."""
        return np.flatnonzero((self.grid_village[self.grid_of_cell] == village) & self.mesh.inside)

    def town_code(self, plan: Plan, village: int) -> str:
        """Code of the area above a village: its town, or the county where there are no towns."""
        return plan.towns[self.village_town[village]].code or plan.code


@dataclass
class _Division:
    """Labels before anything has a name: villages and grids in the order in which they were sown."""

    grid: np.ndarray  # of each cell
    village_start: np.ndarray  # cells
    village_town: np.ndarray
    people: np.ndarray
    registered: np.ndarray
    grid_start: np.ndarray
    grid_village: np.ndarray


def grow(plan: Plan) -> Land:
    """From plan to coverage."""
    seats = regions.town_seats(plan)
    relief = raise_land(plan, seats)
    roads = []
    for road in streets.lay(plan, relief, seats) + streets.riverside(plan, relief, seats):
        parts = [part for part in shapely.get_parts(road.line.intersection(plan.outline)) if part.geom_type == "LineString" and part.length > 50]
        if parts:
            roads.append(replace(road, line=max(parts, key=shapely.length)))
    built = regions.built_up(plan, relief, roads)
    region = regions.regions(plan, relief, seats, built)
    density = regions.density_of(plan, relief, seats, region, roads)
    barriers = [road.line for road in roads if road.kind != "lane"] + ([relief.river] if relief.river else [])
    mesh = meshes.divide(plan, relief, density, barriers, PEOPLE_PER_GRID / CELLS_PER_GRID)
    division = _divided(plan, mesh, regions.towns_of_cells(plan, relief, mesh, region, built))
    polygons = meshes.coverage(plan, mesh, division.grid, len(division.grid_village))
    return _named(plan, relief, mesh, roads, seats, division, polygons)


def _divided(plan: Plan, mesh: Mesh, town: np.ndarray) -> _Division:
    """Villages in towns and grids in villages, grown from sown cells by the cheapest way, each inside the one above."""
    rng = plan.rng("divide")
    sown, of_town = [], []
    for index, planned in enumerate(plan.towns):
        cells = np.flatnonzero((town == index) & mesh.inside)
        weight = mesh.people[cells] ** (0.75 if planned.urban else 0.45)
        sown.append(cells[meshes.seeds(mesh.x[cells], mesh.y[cells], weight, planned.villages, rng, 14)])
        of_town.append(np.full(planned.villages, index))
    village_start, village_town = np.concatenate(sown), np.concatenate(of_town)
    village = _filled(mesh, mesh.spread(village_start, town[mesh.edges[:, 0]] == town[mesh.edges[:, 1]]))
    people, registered = _village_people(plan, mesh, village, village_town, rng)
    per_seat = np.array([planned.registered / planned.seats if planned.seats else np.inf for planned in plan.towns])[village_town]
    wanted = np.maximum(np.clip(np.round(people / PEOPLE_PER_GRID), 2, MOST_GRIDS), np.ceil(registered / per_seat)).astype(int)
    order = np.argsort(np.where(mesh.inside, village, len(village_start)), kind="stable")
    bounds = np.searchsorted(np.where(mesh.inside, village, len(village_start))[order], np.arange(len(village_start) + 1))
    starts, of_village = [], []
    for index in range(len(village_start)):
        cells = order[bounds[index] : bounds[index + 1]]
        count = int(min(wanted[index], max(1, len(cells) // 6)))
        chosen = cells[meshes.seeds(mesh.x[cells], mesh.y[cells], np.ones(len(cells)), count, rng, 5)] if len(cells) > count else cells[:1]
        starts.append(chosen[_reading_order(mesh.x[chosen], mesh.y[chosen])])
        of_village.append(np.full(len(chosen), index))
    grid_start, grid_village = np.concatenate(starts), np.concatenate(of_village)
    grid = _filled(mesh, mesh.spread(grid_start, village[mesh.edges[:, 0]] == village[mesh.edges[:, 1]]))
    return _Division(grid, village_start, village_town, people, registered, grid_start, grid_village)


def _filled(mesh: Mesh, label: np.ndarray) -> np.ndarray:
    """Cells that nothing reached (an island, a corner beyond the outline) take the label that reaches them over the border."""
    known = np.flatnonzero(label >= 0)
    return label if len(known) == len(label) else label[known[mesh.spread(known, np.ones(len(mesh.edges), bool))]]


def _reading_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """West to east in bands from north to south, as grids are numbered."""
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


def _named(plan: Plan, relief: Relief, mesh: Mesh, roads: list[streets.Road], seats: np.ndarray, division: _Division, polygons: np.ndarray) -> Land:
    """Names and codes; villages and grids are renumbered so that everything stands in code order."""
    x, y = mesh.x[division.village_start], mesh.y[division.village_start]
    codes, names = village_names(plan, division.village_town, x, y, division.people, relief)
    order = np.argsort(codes, kind="stable")
    rank = np.argsort(order)
    by_village = np.lexsort((np.arange(len(polygons)), rank[division.grid_village]))
    grid_village = rank[division.grid_village][by_village]
    polygons, grid_start = polygons[by_village], division.grid_start[by_village]
    grid = np.argsort(by_village)[division.grid]
    codes, names, village_town = codes[order], names[order], division.village_town[order]
    people, registered = division.people[order], division.registered[order]
    serial = np.arange(len(grid_village)) - np.searchsorted(grid_village, grid_village) + 1
    cells = np.bincount(grid[mesh.inside], mesh.people[mesh.inside] + 1e-6, len(grid_village))
    grid_people, grid_registered = np.zeros(len(grid_village), int), np.zeros(len(grid_village), int)
    for v in range(len(codes)):
        mine = np.flatnonzero(grid_village == v)
        wanted = np.clip(cells[mine], 0.4 * cells[mine].mean(), 2 * cells[mine].mean())
        grid_people[mine], grid_registered[mine] = apportion(wanted, people[v]), apportion(wanted, registered[v])
    villages = np.array([_union(polygons[grid_village == v]) for v in range(len(codes))], object)
    towns = np.array([_union(villages[village_town == t]) for t in range(len(plan.towns))], object)
    return Land(
        relief=relief, mesh=mesh, roads=roads, seats=seats, grid_of_cell=grid, village_town=village_town, village_code=codes, village_name=names,
        village_people=people, village_registered=registered, village_centre=np.column_stack([x, y])[order], village_polygon=villages,
        grid_village=grid_village, grid_code=np.array([f"{codes[v]}{s:03d}" for v, s in zip(grid_village, serial, strict=True)]), grid_people=grid_people,
        grid_registered=grid_registered, grid_centre=np.column_stack([mesh.x[grid_start], mesh.y[grid_start]]), grid_polygon=polygons,
        town_polygon=towns, county_polygon=_union(towns),
    )  # fmt: skip


def _union(polygons: np.ndarray) -> Geometry:
    return shapely.coverage_union_all(polygons) if len(polygons) > 1 else polygons[0]


def area_rows(plan: Plan, land: Land) -> gpd.GeoDataFrame:
    """The layer `area`: province and city by name only, then county, towns, villages."""
    rows: list[dict[str, Any]] = []

    def add(code: str, name: str, level: str, parent: str | None, polygon: Geometry | None, **more: Any) -> None:
        rows.append({"kind": None, "has_congress": False, "population": None, "former_names": None, "valid_from": None, "valid_to": None,
                     "code": code, "name": name, "level": level, "parent": parent, "synthetic": True, "geometry": polygon, **more})  # fmt: skip

    add(*plan.province, "province", None, None, has_congress=True, synthetic=plan.fictional)
    if plan.city:
        add(*plan.city, "city", plan.province[0], None, has_congress=True, synthetic=plan.fictional)
    add(plan.code, plan.name, "county", (plan.city or plan.province)[0], land.county_polygon, kind=plan.name[-1], has_congress=True,
        population=plan.population, synthetic=plan.fictional)  # fmt: skip
    for town, polygon in zip(plan.towns, land.town_polygon, strict=True):
        if plan.town_level:
            add(town.code, town.name, "town", plan.code, polygon, kind=town.kind, has_congress=town.congress, population=town.population)
    former = {} if plan.real_names else {f"{stem}村": names for stem, names in material("villages")["former"]}
    for v, code in enumerate(land.village_code):
        name = str(land.village_name[v])
        old = former.pop(name, "")  # the first village of that name
        add(str(code), name, "village", land.town_code(plan, v), land.village_polygon[v], kind="社区" if name.endswith(("社区", "居委会")) else "村",
            population=int(land.village_people[v]), former_names=";".join(f"{part}村" for part in old.split("、")) if old else None)  # fmt: skip
    frame = gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=4490)
    return frame.assign(population=frame["population"].astype("Int64"))


def grid_rows(land: Land) -> gpd.GeoDataFrame:
    """The layer `grid`: 15 digits, village and three more, numbered west to east and north to south."""
    names = [f"{land.village_name[v]}第{int(code[-3:])}网格" for v, code in zip(land.grid_village, land.grid_code, strict=True)]
    columns = {"code": land.grid_code, "name": names, "village": land.village_code[land.grid_village], "population": land.grid_people}
    return gpd.GeoDataFrame(columns, geometry=land.grid_polygon, crs=4490)
