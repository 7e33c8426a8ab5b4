"""Electoral districts: neighbouring villages (or parts of large ones) joined until people per seat are nearly equal."""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely import Geometry

from gis_data.county.areas import Land
from gis_data.county.plan import Plan, Term, apportion

TRIES, ROUNDS = 24, 4
POLISHED = 3  # of the tries, so many of the best are improved part by part
EVEN = 0.24  # largest deviation (logarithmic) with which one is content: about a quarter more or fewer people per seat
COUNTY_SPLIT, TOWNSHIP_SPLIT = 2.5, 1.75  # seats' worth of people above which a village may lie in several districts


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


def _split(land: Land, grids: np.ndarray, people: np.ndarray, count: int) -> list[np.ndarray]:
    """Grids of a large village in `count` connected groups of about equal people, cut across its longer side."""
    centre = land.grid_centre[grids]
    axis = np.linalg.svd(centre - centre.mean(axis=0))[2][0]
    order = [int(g) for g in grids[np.argsort(centre @ axis, kind="stable")]]
    free = set(order)
    groups: list[list[int]] = []
    for k in range(count):
        if not free:
            break
        goal = people[list(free)].sum() / (count - k)
        group = [next(g for g in order if g in free)]
        free.discard(group[0])
        while k < count - 1:
            edge = [g for g in order if g in free and land.grid_near[g] & set(group)]
            if not edge or people[group].sum() + people[edge[0]] / 2 > goal:
                break
            group.append(edge[0])
            free.discard(edge[0])
        groups.append(group)
    groups[-1] += [g for g in order if g in free]
    return [np.array(group) for group in groups]


def parts_of(land: Land, town: int, people: np.ndarray, quota: float, limit: float) -> _Parts:
    """The town's villages, those above the limit divided."""
    groups: list[np.ndarray] = []
    for v in np.flatnonzero(land.village_town == town):
        grids = np.flatnonzero(land.grid_village == v)
        size = people[grids].sum() / quota
        groups += _split(land, grids, people, min(len(grids), int(np.ceil(size / 1.3)))) if size > limit else [grids]
    owner = {int(g): i for i, group in enumerate(groups) for g in group}
    near: list[set[int]] = [{owner[j] for g in group for j in land.grid_near[int(g)] if j in owner} - {i} for i, group in enumerate(groups)]
    centre = np.array([land.grid_centre[group].mean(axis=0) for group in groups])
    for i, others in enumerate(near):  # an island votes with the shore it faces
        if not others and len(groups) > 1:
            other = int(cKDTree(centre).query(centre[i], 2)[1][1])
            near[i].add(other)
            near[other].add(i)
    return _Parts(np.array([people[g].sum() for g in groups], float), groups, near)


def seats_for(people: np.ndarray, total: int) -> np.ndarray | None:
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


def _worst(parts: _Parts, groups: list[list[int]], total: int) -> tuple[float, np.ndarray | None]:
    """How uneven a division is (largest and mean deviation of people per seat, logarithmic), and its seats."""
    people = np.array([parts.people[group].sum() for group in groups])
    seats = seats_for(people, total)
    if seats is None:
        return np.inf, None
    off = np.abs(np.log(people / seats * total / people.sum()))
    return float(off.max() + 0.2 * off.mean()), off


def _connected(parts: _Parts, group: list[int]) -> bool:
    left = set(group)
    stack = [left.pop()] if left else []
    while stack:
        reached = parts.near[stack.pop()] & left
        left -= reached
        stack += sorted(reached)
    return not left


def polished(parts: _Parts, groups: list[list[int]], total: int) -> tuple[float, list[list[int]]]:
    """Move single parts between neighbouring districts as long as that makes the division more even."""
    best, off = _worst(parts, groups, total)
    for _ in range(80):
        if off is None:
            break
        owner = {i: d for d, group in enumerate(groups) for i in group}
        for d in np.argsort(-off)[:4]:
            moves = [(i, int(d), owner[j]) for i in groups[d] for j in sorted(parts.near[i]) if owner[j] != d]
            moves += [(j, owner[j], int(d)) for i in groups[d] for j in sorted(parts.near[i]) if owner[j] != d]
            found = None
            for part, giver, taker in dict.fromkeys(moves):
                rest = [i for i in groups[giver] if i != part]
                if not rest or not _connected(parts, rest):
                    continue
                changed = [rest if k == giver else [*group, part] if k == taker else group for k, group in enumerate(groups)]
                score, again = _worst(parts, changed, total)
                if score < best - 1e-9:
                    best, found = score, (changed, again)
            if found:
                groups, off = found
                break
        else:
            break
    return best, groups


def divide(parts: _Parts, total: int, rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
    """The most even of many divisions: groups of grids and their seats."""
    quota = parts.people.sum() / total
    best, chosen = np.inf, []
    for _ in range(ROUNDS):
        tries: list[tuple[float, int, list[list[int]]]] = []
        for _ in range(TRIES):
            groups = _joined(parts, quota, rng)
            score, _ = _worst(parts, groups, total)
            if score < np.inf:
                tries.append((score + 0.002 * abs(len(groups) - total / 2.3), len(tries), groups))
        for _, _, groups in sorted(tries)[:POLISHED]:
            score, groups = polished(parts, groups, total)
            if score < best:
                best, chosen = score, groups
        if best < EVEN:
            break
    seats = seats_for(np.array([parts.people[group].sum() for group in chosen]), total) if chosen else None
    if seats is None:
        raise RuntimeError("选区无法按名额划分，请换一个 --seed")
    groups = chosen
    return [np.concatenate([parts.grids[i] for i in group]) for group in groups], seats


def county_districts(plan: Plan, land: Land) -> list[District]:
    """All seats of the county congress: by residence town by town, and employers' districts where the plan has them."""
    rng = plan.rng("county-districts")
    quota = sum(town.registered for town in plan.towns) / plan.seats
    by_town = {town.name: i for i, town in enumerate(plan.towns)}
    at_work = np.zeros(len(plan.towns))
    for name, _, count in plan.workplace_seats:
        at_work[by_town[name]] += count * quota
    registered = np.array([town.registered for town in plan.towns]) - at_work
    share = apportion(registered, plan.seats - sum(count for *_, count in plan.workplace_seats), 1)
    districts: list[District] = []

    def add(words: str, count: int, basis: str, people: float, grids: np.ndarray, town: int, gathers: str = "") -> None:
        number = len(districts) + 1
        districts.append(District(f"{plan.code6}-{plan.county_term.number}-{number:03d}", f"第{number}选区({words})", number, plan.code, plan.county_term,
                                  count, basis, round(people), grids, town, gathers=gathers))  # fmt: skip

    for index, town in enumerate(plan.towns):
        people = land.grid_registered * np.where(land.village_town[land.grid_village] == index, registered[index] / town.registered, 0)
        parts = parts_of(land, index, people, registered[index] / share[index], COUNTY_SPLIT)
        groups, seats = divide(parts, int(share[index]), rng)
        for grids, count in in_order(land, groups, seats):
            add(place_words(land, grids), count, "residence", people[grids].sum(), grids, index)
    for name, gathers, count in plan.workplace_seats:
        add(gathers if gathers.endswith("企业") else f"{gathers}单位", count, "workplace", quota * count, np.array([], int), by_town[name], gathers)
    return districts


def township_districts(plan: Plan, land: Land) -> list[District]:
    """Districts of every town that has a congress."""
    rng = plan.rng("township-districts")
    districts = []
    for index, town in enumerate(plan.towns):
        if not (town.congress and town.code):
            continue
        total = town.seats
        parts = parts_of(land, index, land.grid_registered.astype(float), town.registered / total, TOWNSHIP_SPLIT)
        groups, seats = divide(parts, total, rng)
        for number, (group, count) in enumerate(in_order(land, groups, seats), start=1):
            districts.append(District(
                f"{town.code[:9]}-{plan.township_term.number}-{number:03d}", f"{town.name}第{number}选区({place_words(land, group)})", number, town.code,
                plan.township_term, count, "residence", int(land.grid_registered[group].sum()), group, index))  # fmt: skip
    return districts


def in_order(land: Land, groups: list[np.ndarray], seats: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Numbered as they are read on a map: north to south in bands, west to east."""
    centre = np.array([land.grid_centre[group].mean(axis=0) for group in groups])
    bands = max(1, round(np.sqrt(len(groups))))
    row = np.empty(len(groups), int)
    row[np.argsort(-centre[:, 1], kind="stable")] = np.arange(len(groups)) * bands // len(groups)
    return [(groups[i], int(seats[i])) for i in np.lexsort((centre[:, 0], row))]


def place_words(land: Land, grids: np.ndarray) -> str:
    """The villages in a few words: 上垟、河头等5村."""
    villages = list(dict.fromkeys(land.grid_village[grids]))
    villages.sort(key=lambda v: -land.grid_registered[grids][land.grid_village[grids] == v].sum())
    names = [str(land.village_name[v]).removesuffix("村").removesuffix("社区").removesuffix("居委会").removesuffix("村委会") for v in villages]
    if len(names) == 1:
        numbers = sorted(int(code[-3:]) for code in land.grid_code[grids])
        whole = (land.grid_village == villages[0]).sum() == len(grids)
        return str(land.village_name[villages[0]]) + ("" if whole else "、".join(str(n) for n in numbers[:8]) + "网格")
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
