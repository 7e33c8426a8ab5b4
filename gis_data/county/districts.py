"""Electoral districts: neighbouring villages (or parts of large ones) joined until people per seat are nearly equal."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely import Geometry

from gis_data.county.areas import Land
from gis_data.county.plan import Plan, Term, apportion

TRIES = 60
SPLIT = 3.25  # seats' worth of people above which a village is divided between districts
JOINT = 4


@dataclass
class District:
    """One district; `grids` are indices of grids, empty where it is an employers' district."""

    code: str
    name: str
    number: int
    congress: str
    term: Term
    seats: int
    basis: str
    population: int
    grids: np.ndarray
    town: int
    employers: tuple[str, ...] = ()
    polygon: Geometry | None = None
    gathers: str = ""


@dataclass
class _Parts:
    """What districts of one town are made of: whole villages, or groups of grids of a large one."""

    people: np.ndarray
    grids: list[np.ndarray]
    near: list[set[int]]
    village: np.ndarray


def _neighbours(polygons: np.ndarray) -> list[set[int]]:
    tree = shapely.STRtree(polygons)
    a, b = tree.query(polygons, predicate="touches")
    line = shapely.length(shapely.intersection(polygons[a], polygons[b])) > 0
    near: list[set[int]] = [set() for _ in polygons]
    for one, other in zip(a[line], b[line], strict=True):
        near[one].add(int(other))
    return near


def _split(land: Land, grids: np.ndarray, people: np.ndarray, count: int) -> list[np.ndarray]:
    """Grids of a large village in `count` connected groups of about equal people, cut across its longer side."""
    near = _neighbours(land.grid_polygon[grids])
    centre = land.grid_centre[grids]
    axis = np.linalg.svd(centre - centre.mean(axis=0))[2][0]
    order = list(np.argsort(centre @ axis))
    goal = people[grids].sum() / count
    groups: list[list[int]] = []
    free = set(range(len(grids)))
    for k in range(count):
        if not free:
            break
        group = [next(g for g in order if g in free)]
        free.discard(group[0])
        while k < count - 1 and people[grids[group]].sum() < 0.9 * goal:
            edge = [g for g in order if g in free and near[g] & set(group)]
            if not edge:
                break
            group.append(edge[0])
            free.discard(edge[0])
        groups.append(group)
        if k == count - 1:
            groups[-1] += sorted(free)
            free = set()
    return [grids[np.array(group)] for group in groups]


def _parts(land: Land, town: int, people: np.ndarray, quota: float) -> _Parts:
    """The town's villages, those above the limit divided."""
    groups, village = [], []
    for v in np.flatnonzero(land.village_town == town):
        grids = np.flatnonzero(land.grid_village == v)
        size = people[grids].sum() / quota
        pieces = _split(land, grids, people, int(np.ceil(size / 2.6))) if size > SPLIT and len(grids) > 1 else [grids]
        groups += pieces
        village += [v] * len(pieces)
    polygons = np.array([shapely.coverage_union_all(land.grid_polygon[g]) for g in groups], object)
    near = _neighbours(polygons)
    alone = [i for i, others in enumerate(near) if not others]
    if alone and len(groups) > 1:  # an island votes with the shore it faces
        points = shapely.get_coordinates(shapely.centroid(polygons))
        for i in alone:
            other = int(cKDTree(points).query(points[i], 2)[1][1])
            near[i].add(other)
            near[other].add(i)
    return _Parts(np.array([people[g].sum() for g in groups]), groups, near, np.array(village))


def _seats(people: np.ndarray, total: int) -> np.ndarray | None:
    """1–3 seats each with the given sum, people per seat as even as can be; None where it cannot be."""
    if not len(people) <= total <= 3 * len(people):
        return None
    quota = people.sum() / total
    seats = np.clip(np.round(people / quota), 1, 3).astype(int)
    while seats.sum() != total:
        step = 1 if seats.sum() < total else -1
        free = (seats + step >= 1) & (seats + step <= 3)
        worse = np.abs(np.log(people / (quota * np.where(free, seats + step, 1))))
        seats[np.argmin(np.where(free, worse, np.inf))] += step
    return seats


def _joined(parts: _Parts, quota: float, rng: np.random.Generator) -> list[list[int]]:
    """Grow districts one by one from the part with the fewest free neighbours, towards one, two or three seats' worth."""
    free = set(range(len(parts.people)))
    districts: list[list[int]] = []
    while free:
        start = min(free, key=lambda i: (len(parts.near[i] & free), rng.random()))
        group, people = [start], float(parts.people[start])
        free.discard(start)
        wanted = quota * rng.choice([1, 2, 2, 3, 3])
        while True:
            edge = {j for i in group for j in parts.near[i]} & free
            fitting = [j for j in edge if people + parts.people[j] <= max(wanted, quota) * 1.12 and people + parts.people[j] <= 3.3 * quota]
            if not fitting or people >= 0.88 * wanted:
                break
            best = min(fitting, key=lambda j: (len(parts.near[j] & free) - 2 * len(parts.near[j] & set(group)), rng.random()))
            group.append(best)
            people += float(parts.people[best])
            free.discard(best)
        districts.append(group)
    return _absorbed(parts, districts, quota)


def _absorbed(parts: _Parts, districts: list[list[int]], quota: float) -> list[list[int]]:
    """Those too small for a seat join the neighbour that fits best."""
    while len(districts) > 1:
        people = [parts.people[group].sum() for group in districts]
        small = min(range(len(districts)), key=lambda d: people[d])
        if people[small] >= 0.8 * quota:
            break
        owner = {i: d for d, group in enumerate(districts) for i in group}
        near = {owner[j] for i in districts[small] for j in parts.near[i]} - {small}
        if not near:
            break

        def misfit(other: int, small: int = small, people: list = people) -> float:
            both = (people[other] + people[small]) / quota
            return abs(both - round(both)) + 5 * max(0, both - 3.3)

        target = min(near, key=misfit)
        districts[target] += districts[small]
        del districts[small]
    return districts


def divide(parts: _Parts, total: int, rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """The best of many tries: groups of parts and their seats, with the least largest deviation of people per seat."""
    quota = parts.people.sum() / total
    best: tuple[float, list[list[int]], np.ndarray] | None = None
    for _ in range(TRIES):
        groups = _joined(parts, quota, rng)
        people = np.array([parts.people[group].sum() for group in groups], float)
        seats = _seats(people, total)
        if seats is None:
            continue
        worst = float(np.abs(np.log(people / (seats * quota))).max()) + 0.0004 * abs(len(groups) - total / 2.2)
        if best is None or worst < best[0]:
            best = (worst, groups, seats)
    if best is None:
        raise RuntimeError("选区无法按名额划分，请换一个 --seed")
    return [np.concatenate([parts.grids[i] for i in group]) for group in best[1]], best[2]


def county_districts(plan: Plan, land: Land) -> list[District]:
    """All seats of the county congress: by residence town by town, and employers' districts where the plan has them."""
    rng = plan.rng("county-districts")
    quota = sum(town.registered for town in plan.towns) / plan.seats
    by_town = {town.name: i for i, town in enumerate(plan.towns)}
    at_work = np.zeros(len(plan.towns))
    for town, _, seats in plan.workplace_seats:
        at_work[by_town[town]] += seats * quota
    registered = np.array([town.registered for town in plan.towns]) - at_work
    seats = apportion(registered, plan.seats - sum(w[2] for w in plan.workplace_seats), 1)
    districts, number = [], 0
    for index, town in enumerate(plan.towns):
        people = land.grid_registered * np.where(land.village_town[land.grid_village] == index, registered[index] / town.registered, 0)
        parts = _parts(land, index, people, registered[index] / seats[index])
        groups, of_group = divide(parts, int(seats[index]), rng)
        for group, count in _in_order(land, groups, of_group):
            number += 1
            districts.append(District(f"{plan.code6}-{plan.county_term.number}-{number:03d}", f"第{number}选区({_place(land, group, town.short)})", number,
                                      plan.code, plan.county_term, count, "residence", round(people[group].sum()), group, index))  # fmt: skip
    for town, gathers, count in plan.workplace_seats:
        number += 1
        districts.append(District(f"{plan.code6}-{plan.county_term.number}-{number:03d}", f"第{number}选区({gathers})", number, plan.code, plan.county_term,
                                  count, "workplace", round(quota * count), np.array([], int), by_town[town], gathers=gathers))  # fmt: skip
    return districts


def township_seats(registered: int) -> int:
    """选举法: 45 + 1/1,500 people, cap 160, 5 % more where people live scattered; below 2,000 people fewer."""
    return min(160, int((45 + registered // 1_500) * 1.05)) if registered >= 2_000 else 40


def township_districts(plan: Plan, land: Land) -> list[District]:
    """Districts of every town that has a congress."""
    rng = plan.rng("township-districts")
    districts = []
    for index, town in enumerate(plan.towns):
        if not (town.congress and town.code):
            continue
        total = township_seats(town.registered)
        parts = _parts(land, index, land.grid_registered.astype(float), town.registered / total)
        groups, seats = divide(parts, total, rng)
        for number, (group, count) in enumerate(_in_order(land, groups, seats), start=1):
            districts.append(District(
                f"{town.code[:9]}-{plan.township_term.number}-{number:03d}", f"{town.name}第{number}选区({_place(land, group, town.short)})", number, town.code,
                plan.township_term, count, "residence", int(land.grid_registered[group].sum()), group, index))  # fmt: skip
    return districts


def _in_order(land: Land, groups: list[np.ndarray], seats: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Numbered as they are read on a map: north to south in bands, west to east."""
    centre = np.array([land.grid_centre[group].mean(axis=0) for group in groups])
    bands = max(1, round(np.sqrt(len(groups))))
    row = np.empty(len(groups), int)
    row[np.argsort(-centre[:, 1], kind="stable")] = np.arange(len(groups)) * bands // len(groups)
    return [(groups[i], int(seats[i])) for i in np.lexsort((centre[:, 0], row))]


def _place(land: Land, grids: np.ndarray, town: str) -> str:
    """The villages in a few words: 上垟、河头等5村."""
    villages = list(dict.fromkeys(land.grid_village[grids]))
    villages.sort(key=lambda v: -land.grid_registered[grids][land.grid_village[grids] == v].sum())
    names = [str(land.village_name[v]).removesuffix("村").removesuffix("社区").removesuffix("居委会") for v in villages]
    if len(names) == 1:
        whole = (land.grid_village == villages[0]).sum() == len(grids)
        return f"{land.village_name[villages[0]]}" + ("" if whole else f"{min(int(code[-3:]) for code in land.grid_code[grids])}网格一带")
    return "、".join(names[:2]) + (f"等{len(names)}村社" if len(names) > 2 else "")


def rows(plan: Plan, land: Land, districts: list[District]) -> gpd.GeoDataFrame:
    """The layer `district`; fills in each district's polygon."""
    for district in districts:
        if len(district.grids):
            district.polygon = shapely.coverage_union_all(land.grid_polygon[district.grids])
    return gpd.GeoDataFrame(
        {
            "code": [d.code for d in districts], "name": [d.name for d in districts], "number": [d.number for d in districts],
            "congress": [d.congress for d in districts], "term": [d.term.number for d in districts],
            "term_starts": [d.term.starts.isoformat() for d in districts], "term_ends": [d.term.ends.isoformat() for d in districts],
            "seats": [d.seats for d in districts], "basis": [d.basis for d in districts], "population": [d.population for d in districts],
            "employers": [";".join(d.employers) or None for d in districts],
        },
        geometry=[d.polygon for d in districts], crs=4490,
    )  # fmt: skip
