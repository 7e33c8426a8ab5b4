"""Liaison stations: one centre, one a town, some for groups of villages, some for trades; with reception days and hours."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors, address
from gis_data.county.names import Namer
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan, apportion

WEEKDAYS = ("WMON", "WTUE", "WWED", "WTHU", "WFRI", "WSAT")


@dataclass(frozen=True)
class Station:
    """One station; `role` is the workplaces a trade's station serves."""

    code: str
    name: str
    kind: str
    area: str
    address: str
    duty_days: str
    duty_hours: str
    liaison: str
    phone: str
    lon: float
    lat: float
    x: float
    y: float
    town: int
    role: str = ""


def found(plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> list[Station]:
    """All stations, the centre first."""
    rng = plan.rng("stations")
    namer = Namer(plan, "liaison")
    stations: list[Station] = []

    def add(kind: str, letter: str, serial: int, name: str, area: str, spot: np.ndarray, days: str, hours: str, town: int, village: int = -1, role: str = "") -> None:
        near = [d for d in doors.near(spot[0], spot[1], 200) if doors.village[d] == village or (village < 0 and land.village_town[doors.village[d]] == town)]
        if near:
            door = int(next((d for d in near[:80] if doors.use[d] != "residence"), near[0]))
            x, y, at = float(doors.x[door]), float(doors.y[door]), address(plan, land, doors, door)
        else:  # a village without a numbered door
            x, y, at = float(spot[0]), float(spot[1]), plan.towns[town].name + (str(land.village_name[village]) if village >= 0 else "")
        lon, lat = plan.degrees(np.array([x]), np.array([y]))
        liaison, _ = namer.person(bool(rng.random() < 0.6), int(rng.integers(1972, 2000)))
        stations.append(Station(f"S{plan.code6}{letter}{serial:02d}", name, kind, area, at, days, hours, liaison,
                                f"0380-55{int(rng.integers(0, 10**6)):06d}", float(lon[0]), float(lat[0]), x, y, town, role))  # fmt: skip

    add("centre", "C", 1, f"{plan.name}人大代表中心联络站", plan.code, land.seats[0] + np.array([120, 90]), "D15;LFRI", "09:00-11:00", 0)
    for index, town in enumerate(plan.towns):
        spot = land.seats[index] + np.array([60, -40])
        add("town" if plan.town_level else "village", "T", index + 1, f"{town.name}人大代表联络站", town.code or plan.code, spot, "D15;LFRI", "09:00-11:00", index)
    for serial, v in enumerate(_spread(plan, land), start=1):
        days = f"D15;{rng.choice(WEEKDAYS)}" if rng.random() < 0.4 else str(rng.choice(["D15", "D5", "D20", "LFRI"]))
        hours = str(rng.choice(["09:00-11:00", "09:00-11:00", "14:30-16:30", "19:00-20:30"]))
        name = f"{land.village_name[v]}片代表联络点"
        add("village", "V", serial, name, str(land.village_code[v]), land.village_centre[v], days, hours, int(land.village_town[v]), int(v))
    trades = material("stations")["trades"][: 6 if plan.scale.village_stations > 10 else 1]
    for serial, trade in enumerate(trades, start=1):
        places = organisations.with_role(trade["role"]) or organisations.everyone
        home = places[int(rng.integers(len(places)))]
        town_index = max(0, home.town)
        area = plan.towns[town_index].code or plan.code
        add("trade", "H", serial, f"{trade['name']}行业代表联络点", area, np.array([home.x, home.y]), "D15", "14:30-16:30", town_index, role=trade["role"])
    return stations


def _spread(plan: Plan, land: Land) -> np.ndarray:
    """Villages for the village stations: shared among towns by people, far from the town's own station and from each other."""
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


def rows(stations: list[Station]) -> pd.DataFrame:
    """The layer `station`."""
    return pd.DataFrame([asdict(station) for station in stations]).drop(columns=["x", "y", "town", "role"])
