"""Liaison stations: one centre, one a town, some for groups of villages, some for trades; with reception days and hours."""

import numpy as np
import pandas as pd

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors, address
from gis_data.county.names import Namer
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan

WEEKDAYS = ("WMON", "WTUE", "WWED", "WTHU", "WFRI", "WSAT")


def found(plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> pd.DataFrame:
    """The layer `station`, with the columns x, y, town and village besides."""
    rng = plan.rng("stations")
    namer = Namer(plan, "liaison")
    rows: list[dict] = []

    def add(kind: str, code: str, name: str, area: str, x: float, y: float, days: str, hours: str, town: int, village: int = -1) -> None:
        door = doors.frame.iloc[int(doors.near(x, y, 1)[0])]
        rows.append({"code": code, "name": name, "kind": kind, "area": area, "address": address(plan, land, door), "duty_days": days, "duty_hours": hours,
                     "liaison": namer.person(rng.random() < 0.6, int(rng.integers(1972, 2000)))[0], "phone": f"0380-55{int(rng.integers(0, 10**6)):06d}",
                     "lon": door["lon"], "lat": door["lat"], "x": door["x"], "y": door["y"], "town": town, "village": village})  # fmt: skip

    seat = land.seats[0]
    add("centre", f"S{plan.code6}C01", f"{plan.name}人大代表中心联络站", plan.code, seat[0] + 120, seat[1] + 90, "D15;LFRI", "09:00-11:00", 0)
    for index, town in enumerate(plan.towns):
        area = town.code or plan.code
        add("town", f"S{plan.code6}T{index + 1:02d}", f"{town.name}人大代表联络站", area, *(land.seats[index] + (60, -40)), "D15;LFRI", "09:00-11:00", index)
    for serial, v in enumerate(_spread(plan, land), start=1):
        town = int(land.village_town[v])
        days = f"D15;{rng.choice(WEEKDAYS)}" if rng.random() < 0.4 else str(rng.choice(["D15", "D5", "D20", "LFRI"]))
        hours = str(rng.choice(["09:00-11:00", "09:00-11:00", "14:30-16:30", "19:00-20:30"]))
        add("village", f"S{plan.code6}V{serial:02d}", f"{land.village_name[v]}片代表联络点", str(land.village_code[v]), *land.village_centre[v], days, hours, town, int(v))
    trades = material("stations")["trades"][: 6 if plan.scale.village_stations > 10 else 1]
    for serial, trade in enumerate(trades, start=1):
        where = organisations.with_role(trade["role"])
        home = where.iloc[int(rng.integers(len(where)))] if len(where) else organisations.frame.iloc[0]
        town = max(0, int(home["town"]))
        add("trade", f"S{plan.code6}H{serial:02d}", f"{trade['name']}行业代表联络点", plan.towns[town].code or plan.code, home["x"], home["y"], "D15", "14:30-16:30", town)
    return pd.DataFrame(rows)


def _spread(plan: Plan, land: Land) -> np.ndarray:
    """Villages for the village stations: shared among towns by people, far from the town's own station and from each other."""
    from gis_data.county.plan import apportion

    chosen: list[int] = []
    share = apportion(np.array([town.population for town in plan.towns]) ** 0.6, plan.scale.village_stations)
    for index, count in enumerate(share):
        mine = np.flatnonzero(land.village_town == index)
        taken = [land.seats[index]]
        for _ in range(min(int(count), len(mine))):
            gap = np.min([np.hypot(*(land.village_centre[mine] - place).T) for place in taken], axis=0)
            best = int(mine[np.argmax(gap * np.sqrt(land.village_people[mine]))])
            chosen.append(best)
            taken.append(land.village_centre[best])
    return np.array(chosen)


def rows(stations: pd.DataFrame) -> pd.DataFrame:
    """The layer `station`."""
    return stations.drop(columns=["x", "y", "town", "village"])
