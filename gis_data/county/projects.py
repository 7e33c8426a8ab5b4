"""Key projects: what is built where, by whom, in which parts, from when to when."""

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Geometry, LineString, Point, Polygon

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan, apportion

KINDS = ("new", "continuing", "completing", "preparatory")
KIND_SHARE = (0.3, 0.45, 0.15, 0.1)
LEVELS = ("province", "city", "county")
LEVEL_SHARE = (0.08, 0.22, 0.7)


@dataclass
class Project:
    """One project; geometry and site in metres. `parts` are (name, weight, starts, ends)."""

    code: str
    name: str
    type: dict
    kind: str
    level: str
    town: int
    geometry: Geometry
    site: Point
    starts: dt.date
    ends: dt.date
    investment: float
    owner: str
    responsible: str
    contractors: list[str]
    parts: list[tuple[str, float, dt.date, dt.date]]
    summary: str
    experts: int
    demand: int
    hot_spot: str = ""
    lag: float = 0.0  # percentage points behind plan at the last report
    hot_place: tuple[float, float] | None = None

    @property
    def investment_year(self) -> float:
        """What is planned for the year, 万元."""
        return round(self.investment * min(1.0, 365 / max(200, (self.ends - self.starts).days)), 0)


def start(plan: Plan, land: Land, doors: Doors, organisations: Organisations) -> list[Project]:
    """As many projects as the scale asks: the ones tied to hot spots first, then types in turn, each name once."""
    rng = plan.rng("projects")
    types = [t for t in material("projects")["types"] if plan.coast is not None or t["code"] not in ("seawall", "fishing_port")]
    scripted = [s for s in material("projects")["scripted"] if plan.fictional and s["town"] in {town.name for town in plan.towns}]
    by_code = {t["code"]: t for t in types}
    projects: list[Project] = []
    names: set[str] = set()
    for script in scripted:
        town = next(i for i, t in enumerate(plan.towns) if t.name == script["town"])
        project = _project(plan, land, doors, organisations, by_code[script["type"]], town, script["name"], len(projects) + 1, rng, script)
        projects.append(project)
        names.add(project.name)
    share = apportion(np.array([t.get("share", 1.0) for t in types]), plan.scale.projects - len(projects))
    people = np.array([town.population for town in plan.towns]) ** 0.5
    for kind, count in zip(types, share, strict=True):
        for _ in range(count):
            for attempt in range(80):
                weight = people * [_suits(plan, kind["code"], t) for t in range(len(plan.towns))]
                town = int(rng.choice(len(plan.towns), p=weight / weight.sum()))
                name = _name(plan, land, doors, kind, town, rng, attempt)
                if name not in names:
                    break
            else:
                name = f"{name}({len(projects) + 1}期)"
            names.add(name)
            projects.append(_project(plan, land, doors, organisations, kind, town, name, len(projects) + 1, rng))
    return projects


def _suits(plan: Plan, code: str, town: int) -> float:
    place = plan.towns[town]
    by_sea = 0 < place.relief <= 0.32
    return {
        "urban_street": 3.0 if place.urban else 0.4, "old_estate": 3.0 if place.urban else 0.1, "seawall": 5.0 if by_sea else 0.02,
        "fishing_port": 5.0 if by_sea else 0.01, "farmland": 0.05 if place.urban else 1.5 - place.relief, "rural_road": 0.2 if place.urban else 1.5,
        "industrial_park": 3.0 if place.hot[:1] == ("labour",) else 0.5, "resettlement": 3.0 if place.urban else 0.6,
    }.get(code, 1.0)  # fmt: skip


def _name(plan: Plan, land: Land, doors: Doors, kind: dict, town: int, rng: np.random.Generator, attempt: int) -> str:
    """One of the type's patterns, filled; fixed names only in the fictional county and only once."""
    patterns = [p for p in kind["name_patterns"] if "{" in p or (plan.fictional and attempt < 3)]
    patterns = patterns or ["{town}片" + kind["label"] + "工程", "{a}片" + kind["label"] + "工程"]
    pattern = str(rng.choice(patterns))
    villages = np.flatnonzero(land.village_town == town)
    a, b = (str(land.village_name[v]).removesuffix("村").removesuffix("社区") for v in rng.choice(villages, 2, replace=False))
    roads = sorted({road.name for road in land.roads if road.town == town or (plan.towns[town].urban and road.town == 0)}) or ["镇前路"]
    estates = [e.name for e in doors.estates if land.village_town[e.village] == town] or [e.name for e in doors.estates] or ["安置小区"]
    return pattern.format(a=a, b=b, town=plan.towns[town].short, road=rng.choice(roads), estate=rng.choice(estates))


def _dates(plan: Plan, kind: dict, status: str, rng: np.random.Generator) -> tuple[dt.date, dt.date]:
    """First of a month to the end of one, so that the status is true on the day the county is grown."""
    low, high = kind["duration_months"]
    months = int(rng.integers(low, high + 1))
    into = {"new": int(rng.integers(2, max(3, min(10, months // 2)))), "continuing": int(rng.integers(max(6, months // 4), max(7, int(months * 0.75)))),
            "completing": int(rng.integers(int(months * 0.8), months + 2)), "preparatory": -int(rng.integers(1, 7))}[status]  # fmt: skip
    first = _month(plan.today, -into)
    return first, _month(first, months) - dt.timedelta(days=1)


def _month(day: dt.date, shift: int) -> dt.date:
    """The first of the month so many months later."""
    index = day.year * 12 + day.month - 1 + shift
    return dt.date(index // 12, index % 12 + 1, 1)


def _subprojects(kind: dict, starts: dt.date, ends: dt.date, rng: np.random.Generator) -> list[tuple[str, float, dt.date, dt.date]]:
    """Parts one after another with overlaps, stretched to the project's dates; weights sum to 100."""
    parts = kind["subprojects"]
    weights = apportion(np.array([p["weight"] for p in parts]) * rng.uniform(0.85, 1.15, len(parts)), 100, 2)
    at, spans = 0.0, []
    for part in parts:
        spans.append((at, at + part["months"]))
        at += part["months"] * rng.uniform(0.5, 0.8)
    end = max(b for _, b in spans)
    days = (ends - starts).days
    rows = []
    for part, weight, (a, b) in zip(parts, weights, spans, strict=True):
        first = starts + dt.timedelta(days=round(days * a / end))
        rows.append((part["name"], float(weight), first, max(first + dt.timedelta(days=30), starts + dt.timedelta(days=round(days * b / end)))))
    last = max(range(len(rows)), key=lambda i: rows[i][3])
    rows[last] = (*rows[last][:3], ends)
    return [(name, weight, first, min(final, ends)) for name, weight, first, final in rows]


def _project(plan: Plan, land: Land, doors: Doors, organisations: Organisations, kind: dict, town: int, name: str, number: int,
             rng: np.random.Generator, script: dict | None = None) -> Project:  # fmt: skip
    script = script or {}
    status = script.get("kind") or str(rng.choice(KINDS, p=KIND_SHARE))
    starts, ends = _dates(plan, kind, status, rng)
    if "started_months_ago" in script:
        starts = _month(plan.today, -script["started_months_ago"])
        ends = _month(starts, script["months"]) - dt.timedelta(days=1)
    geometry, site = _shape(plan, land, doors, kind, town, name, script, rng)
    low, high = kind["investment_wan"]
    money = round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), -1)
    responsible = organisations.unit(kind["responsible_unit"], town)
    owner = str(rng.choice([organisations.township(town), "urban_invest", responsible], p=[0.45, 0.35, 0.2]))
    builders = [organisation.code for organisation in organisations.with_role("builder")]
    contractors = [str(code) for code in rng.choice(builders, min(len(builders), int(rng.integers(1, 4))), replace=False)]
    demand = 5 if money > 40_000 else int(rng.choice([3, 3, 4]))
    quantity = "，".join(f"{what}{_quantity(text, rng)}" for what, text in kind["quantities"].items())
    return Project(
        f"P{plan.code6}{number:03d}", name, kind, status, str(rng.choice(LEVELS, p=LEVEL_SHARE)), town, geometry, site, starts, ends, money, owner, responsible,
        contractors, _subprojects(kind, starts, ends, rng), f"{quantity}；包括{'、'.join(p['name'] for p in kind['subprojects'])}。", 2 if demand == 5 else 1, demand,
        script.get("hot_spot", ""), script.get("lag", 0.0), (site.x, site.y),
    )  # fmt: skip


def _quantity(text: str, rng: np.random.Generator) -> str:
    """A figure inside a range such as 4–18公里; the upper end of 2×40–2×50兆伏安."""
    head, _, tail = text.partition("–")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789."))]
    if "×" in text:
        return tail
    value = rng.uniform(float(head), float(digits))
    return (f"{value:.1f}" if "." in text or float(digits) < 20 else f"{value:.0f}") + tail[len(digits) :]


def _shape(plan: Plan, land: Land, doors: Doors, kind: dict, town: int, name: str, script: dict, rng: np.random.Generator) -> tuple[Geometry, Point]:
    """A road, a stretch of coast or a pipeline as a line; a building site as a turned rectangle; some small works as a point."""
    code = kind["code"]
    named_road = next((road for road in land.roads if road.name in name and (road.town in (town, -1) or plan.towns[town].urban)), None)
    estate = next((e for e in doors.estates if e.name in name), None)
    if script.get("estate"):
        estate = next((e for e in doors.estates if e.name == script["estate"]), estate)
    if script.get("road"):
        named_road = next((road for road in land.roads if road.name == script["road"]), named_road)
    if code == "seawall" and plan.coast is not None:
        line = _stretch(plan.coast, land.seats[town], rng.uniform(2100, 7000))
    elif kind["geometry"] == "line" and named_road is not None:
        line = named_road.line
    elif kind["geometry"] == "line":
        villages = np.flatnonzero(land.village_town == town)
        a, b = rng.choice(villages, 2, replace=False)
        line = land.relief.path((0.3 + 2 * land.relief.height) * np.exp(1.3 * land.relief.thickets), tuple(land.village_centre[a]), tuple(land.village_centre[b]))
    elif estate is not None:
        return estate.footprint, Point(estate.gate)
    else:
        return _site(plan, land, kind, town, named_road, rng)
    inside = line.intersection(plan.outline)
    pieces = [piece for piece in shapely.get_parts(inside) if piece.geom_type == "LineString"]
    line = max(pieces, key=shapely.length) if pieces else line
    return line.simplify(3), line.interpolate(0.5, normalized=True)


def _stretch(coast: LineString, near: np.ndarray, length: float) -> LineString:
    at = coast.project(Point(near))
    return shapely.ops.substring(coast, max(0, at - length / 2), min(coast.length, at + length / 2))


def _site(plan: Plan, land: Land, kind: dict, town: int, road: object, rng: np.random.Generator) -> tuple[Geometry, Point]:
    cells = land.cells_of_village(int(rng.choice(np.flatnonzero(land.village_town == town))))
    if road is not None:
        point = road.line.interpolate(rng.uniform(0.2, 0.8), normalized=True)  # type: ignore[attr-defined]
        x, y = point.x + rng.uniform(20, 60), point.y + rng.uniform(20, 60)
    else:
        weight = land.mesh.people[cells] ** 0.5 + 1e-9
        cell = int(rng.choice(cells, p=weight / weight.sum()))
        x, y = land.mesh.x[cell], land.mesh.y[cell]
    if kind["code"] in ("elderly_care", "parking_market", "power_energy") and rng.random() < 0.6:
        return Point(x, y), Point(x, y)
    size = {"farmland": 900, "industrial_park": 380, "fishing_port": 320, "sewage": 150, "hospital": 160, "school": 150}.get(kind["code"], 110)
    if kind["code"] == "farmland":
        angle = np.linspace(0, 2 * np.pi, 25)[:-1]
        radius = size / 2 * (1 + 0.28 * np.sin(2 * angle + rng.uniform(0, 6)) + rng.normal(0, 0.08, 24))
        shape = Polygon(np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)]))
    else:
        width, depth = size * rng.uniform(0.7, 1.5), size * rng.uniform(0.6, 1.1)
        turn = rng.uniform(0, np.pi)
        corners = np.array([(-width, -depth), (width, -depth), (width, depth * 0.6), (width * 0.4, depth), (-width, depth)]) / 2
        shape = Polygon(corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + (x, y))
    shape = shapely.make_valid(shape.intersection(plan.outline))
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        return Point(x, y), Point(x, y)
    return shape, shape.representative_point()


def rows(plan: Plan, projects: list[Project]) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """The layers `project` and `subproject`."""
    site_lon, site_lat = plan.degrees(np.array([p.site.x for p in projects]), np.array([p.site.y for p in projects]))
    geometry = [shapely.transform(p.geometry, lambda xy: np.column_stack(plan.degrees(xy[:, 0], xy[:, 1]))) for p in projects]
    frame = gpd.GeoDataFrame(
        [{"code": p.code, "name": p.name, "type": p.type["label"], "field": p.type["field"], "kind": p.kind, "level": p.level, "owner": p.owner,
          "responsible": p.responsible, "contractors": ";".join(p.contractors), "site_lon": site_lon[i], "site_lat": site_lat[i],
          "investment_total": p.investment, "investment_year": p.investment_year,
          "starts": p.starts.isoformat(), "ends": p.ends.isoformat(), "summary": p.summary, "experts": p.experts, "demand": p.demand}
         for i, p in enumerate(projects)], geometry=geometry, crs=4490)  # fmt: skip
    parts = [{"project": p.code, "number": n, "name": name, "weight": weight, "starts": first.isoformat(), "ends": last.isoformat()}
             for p in projects for n, (name, weight, first, last) in enumerate(p.parts, start=1)]  # fmt: skip
    return frame, pd.DataFrame(parts)
