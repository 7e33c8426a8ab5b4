"""Scripted hot spots: where, when and how much more often a category is complained of. They are the truth a detector is held to."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import shapely

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan
from gis_data.county.projects import Project

TERM_BREAKS = ((1, 20, 2, 15), (7, 1, 8, 31))  # school holidays: from month, day to month, day


@dataclass(frozen=True)
class HotSpot:
    """Circles of `radius` metres round the points (x, y), or a band along `line`; a month range counted from two years ago, or calendar months."""

    id: str
    category: str
    label: str
    why: str
    x: np.ndarray
    y: np.ndarray
    radius: float
    line: shapely.Geometry | None
    first: dt.date
    last: dt.date
    calendar: tuple[int, ...]
    hours: tuple[int, ...]
    school_days: bool
    factor: float
    cases: int
    templates: tuple[int, ...]
    one_person: bool

    def covers(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if self.line is not None:
            return shapely.distance(self.line, shapely.points(x, y)) <= self.radius
        inside = np.zeros(len(x), bool)
        for cx, cy in zip(self.x, self.y, strict=True):
            inside |= np.hypot(x - cx, y - cy) <= self.radius
        return inside

    def on(self, day: dt.date) -> bool:
        if not self.first <= day <= self.last or (self.calendar and day.month not in self.calendar):
            return False
        return not self.school_days or (day.weekday() < 5 and not any((a, b) <= (day.month, day.day) <= (c, d) for a, b, c, d in TERM_BREAKS))

    def weight(self, day: dt.date) -> float:
        """Storms come on single days, which carry most of waterlogging's cases; after the works, in the second year, few are left."""
        if self.category == "drainage_water" and self.calendar:
            return (6.0 if (day.toordinal() * 7919) % 17 < 3 else 0.3) * (1.0 if (day - self.first).days < 365 else 0.25)
        return 1.0


def script(plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> list[HotSpot]:
    """The hot spots whose places exist in this county; in a real one only those tied to kinds of streets."""
    if not plan.fictional:
        return []
    spots = []
    share = plan.scale.cases / 2_600
    for item in material("hot_spots"):
        found = _where(plan, land, doors, organisations, item["where"])
        if found is None:
            continue
        points, line = found
        first = _months_back(plan.today, 25 - item["months_between"][0])
        last = _months_back(plan.today, 24 - item["months_between"][1]) - dt.timedelta(days=1)
        spots.append(HotSpot(
            item["id"], item["category"], item["place"], item["why"], points[:, 0], points[:, 1], float(item["radius_m"]), line, first, last,
            tuple(item.get("calendar", ())), tuple(item.get("hours", ())), item.get("school_days", False), item["factor"],
            max(3, round(item["cases"] * share)) if item["cases"] else 0, tuple(item.get("templates", ())), item.get("one_person", False)))  # fmt: skip
    return spots


def _months_back(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 - months
    return dt.date(index // 12, index % 12 + 1, min(day.day, 28))


def _where(plan: Plan, land: Land, doors: Doors, organisations: Organisations, where: dict) -> tuple[np.ndarray, shapely.Geometry | None] | None:
    """Points (and a line) for a place in the script: roads' middles, estates' gates, an organisation, a stretch of road near two towns' border."""
    points: list[tuple[float, float]] = []
    line = None
    roads = {road.name: road.line for road in reversed(land.roads)}
    for name in where.get("roads", ()):
        if name in roads:
            middle = roads[name].interpolate(where.get("at", 0.5), normalized=True)
            points.append((middle.x, middle.y))
    for name in where.get("estates", ()):
        points += [tuple(e.gate) for e in doors.estates if e.name == name]
    for code in where.get("organisations", ()):
        if code in organisations.by_code:
            points.append((organisations.by_code[code].x, organisations.by_code[code].y))
    for name in where.get("towns", ()):
        points += [tuple(land.seats[i]) for i, town in enumerate(plan.towns) if town.name == name]
    if where.get("along") in roads:
        line = roads[where["along"]]
        points = points or [line.interpolate(0.5, normalized=True).coords[0]]
    if where.get("border") in roads:
        place = _border(plan, land, roads[where["border"]])
        points = [place] if place else []
    return (np.array(points, float), line) if points else None


def _border(plan: Plan, land: Land, road: shapely.LineString) -> tuple[float, float] | None:
    """Where a road crosses from one town to another, nearest to its middle."""
    along = np.linspace(0, road.length, 200)
    xy = shapely.get_coordinates(shapely.line_interpolate_point(road, along))
    lon, lat = plan.degrees(xy[:, 0], xy[:, 1])
    _, town = shapely.STRtree(land.town_polygon).query_nearest(shapely.points(lon, lat), all_matches=False)
    change = np.flatnonzero(np.diff(town) != 0)
    if len(change) == 0:
        return None
    best = change[np.argmin(np.abs(change - 100))]
    return float(xy[best, 0]), float(xy[best, 1])


def truth(plan: Plan, spots: list[HotSpot], codes: dict[str, list[str]], projects: list[Project]) -> list[dict]:
    """What a detector should find: place, radius, months, factor, the codes of the scripted cases and the projects behind them."""
    table = []
    for spot in spots:
        lon, lat = plan.degrees(spot.x, spot.y)
        mine = codes.get(spot.id, [])
        table.append({
            "id": spot.id, "category": spot.category, "place": spot.label, "why": spot.why, "points": [[float(a), float(b)] for a, b in zip(lon, lat, strict=True)],
            "along_a_line": spot.line is not None, "radius_m": spot.radius, "from": spot.first.isoformat(), "to": spot.last.isoformat(),
            "calendar_months": list(spot.calendar), "hours": list(spot.hours), "factor": spot.factor, "significant": spot.factor > 1, "cases": len(mine),
            "codes": mine, "projects": [project.code for project in projects if project.hot_spot == spot.id],
        })  # fmt: skip
    return table
