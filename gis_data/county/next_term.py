"""The next term's county districts, as two drafts: people have moved since the last division, and borders follow them.

方案一 keeps the districts and moves single villages, or parts of large ones, between neighbours until people per seat are nearly
equal again. 方案二 does the same and divides anew the towns where that comes out worst.
"""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_data.county import districts
from gis_data.county.areas import Land
from gis_data.county.districts import COUNTY_SPLIT, District
from gis_data.county.plan import Plan, Term, apportion

PLANS = {"方案一": "A", "方案二": "B"}
ANEW = 2  # towns that the second draft divides anew


def rows(plan: Plan, land: Land, current: list[District]) -> gpd.GeoDataFrame:
    """The layer `draft`. current: the county districts in force, whose employers' districts go on as they are."""
    rng = plan.rng("next-term")
    people = _people(plan, land, rng)
    seats = apportion(people.sum(axis=1), sum(d.seats for d in current if d.basis != "workplace"), 1)
    moved = [_moved(plan, land, town, people[town], int(seats[town]), current) for town in range(len(plan.towns))]
    worst = sorted(range(len(moved)), key=lambda town: -moved[town][0])[:ANEW]
    anew = [_anew(plan, land, town, people[town], int(seats[town]), rng) if town in worst else divided for town, (_, divided) in enumerate(moved)]
    frames = []
    for (name, letter), towns in zip(PLANS.items(), ([divided for _, divided in moved], anew), strict=True):
        frame = districts.rows(plan, land, _districts(plan, land, letter, towns, people, current))
        frame["plan"] = name
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _people(plan: Plan, land: Land, rng: np.random.Generator) -> np.ndarray:
    """Registered voters by home, [town, grid], five years on: the seat grows, the mountains lose, villages go their own ways."""
    people = np.zeros((len(plan.towns), len(land.grid_registered)))
    own = rng.lognormal(0, 0.06, len(land.grid_registered))
    for index, town in enumerate(plan.towns):
        mine = land.village_town[land.grid_village] == index
        growth = 1 + (0.06 if town.urban else 0.01) - 0.07 * town.relief + rng.normal(0, 0.015)
        people[index, mine] = (land.grid_registered * own)[mine] * growth
    return people


Divided = tuple[list[np.ndarray], np.ndarray]


def _moved(plan: Plan, land: Land, town: int, people: np.ndarray, seats: int, current: list[District]) -> tuple[float, Divided]:
    """The town's districts after single parts have changed sides, and how uneven they still are."""
    mine = [district for district in current if district.town == town and len(district.grids)]
    before = land.grid_registered * (land.village_town[land.grid_village] == town)
    parts = districts.parts_of(land, town, before, before.sum() / sum(d.seats for d in mine), COUNTY_SPLIT)
    parts.people = np.array([people[grids].sum() for grids in parts.grids])
    owner = {int(grid): index for index, grids in enumerate(parts.grids) for grid in grids}
    groups = [sorted({owner[int(grid)] for grid in district.grids}) for district in mine]
    taken: set[int] = set()
    for group in groups:  # a part that two districts share, its village having been cut otherwise then, stays with the first
        group[:] = [part for part in group if part not in taken]
        taken.update(group)
    uneven, groups = districts.polished(parts, [group for group in groups if group], seats)
    count = districts.seats_for(np.array([parts.people[group].sum() for group in groups]), seats)
    if count is None:
        return np.inf, _anew(plan, land, town, people, seats, plan.rng(f"next-term-{town}"))
    return uneven, ([np.concatenate([parts.grids[part] for part in group]) for group in groups], count)


def _anew(plan: Plan, land: Land, town: int, people: np.ndarray, seats: int, rng: np.random.Generator) -> Divided:
    parts = districts.parts_of(land, town, people, people.sum() / seats, COUNTY_SPLIT)
    return districts.divide(parts, seats, rng)


def _districts(plan: Plan, land: Land, letter: str, towns: list[Divided], people: np.ndarray, current: list[District]) -> list[District]:
    before = plan.county_term
    term = Term(before.number + 1, before.ends, before.ends.replace(year=before.ends.year + 5))
    found: list[District] = []

    def number() -> tuple[str, int]:
        return f"{plan.code6}-{term.number}{letter}-{len(found) + 1:03d}", len(found) + 1

    for town, (groups, seats) in enumerate(towns):
        for grids, count in districts.in_order(land, groups, seats):
            code, serial = number()
            words = districts.place_words(land, grids)
            found.append(District(code, f"第{serial}选区({words})", serial, plan.code, term, count, "residence", round(people[town, grids].sum()), grids, town))
    for district in (one for one in current if one.basis == "joint"):  # its employers go where most of its people go
        heir = max(found, key=lambda one: land.grid_registered[np.intersect1d(one.grids, district.grids)].sum())
        heir.basis, heir.employers = "joint", (*heir.employers, *district.employers)
    quota = people.sum() / sum(d.seats for d in found)
    for district in (one for one in current if one.basis == "workplace"):
        code, serial = number()
        name = f"第{serial}选区{district.name[district.name.index('('):]}"
        found.append(replace(district, code=code, name=name, number=serial, term=term, population=round(quota * district.seats)))
    return found
