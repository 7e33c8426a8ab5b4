"""民情件 of two years: background by people and season, repeats, scripted hot spots with known truth, and how each was handled."""

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import shapely

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.deputies import Person
from gis_data.county.districts import District
from gis_data.county.doorplates import Doors, address
from gis_data.county.hot_spots import HotSpot
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan
from gis_data.county.texts import Writer

ZONE = ZoneInfo("Asia/Shanghai")
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # the product's follow codes: no look-alikes, the last character checks the rest
CHANNELS = ("scan", "web", "station", "visit", "letter", "phone")
CHANNEL_SHARE = (0.31, 0.07, 0.34, 0.21, 0.03, 0.04)
HILL_CHANNEL_SHARE = (0.16, 0.03, 0.45, 0.29, 0.04, 0.03)  # the old have no phones: told at the station, or to a deputy who calls
SAME_ISSUE, SAME_PERSON, RESENT = 0.16, 0.07, 0.005
LATE = 0.025
WAITING = 0.015
UNRATED = 0.44
POOR_ANSWER = 0.06


@dataclass
class Case:
    """One case before it is handled."""

    when: dt.datetime
    category: str
    door: int
    x: float
    y: float
    text: str
    template: int
    place: dict[str, str]
    hot_spot: str = ""
    row: dict = field(default_factory=dict)


class Ground:
    """What is found around a place: road and number, estate, village, district and its deputies."""

    def __init__(self, plan: Plan, land: Land, doors: Doors, districts: list[District], people: list[Person]) -> None:
        from scipy.spatial import cKDTree

        self.plan, self.land, self.doors = plan, land, doors
        frame = doors.frame
        self.columns = {name: frame[name].to_numpy() for name in ("x", "y", "lon", "lat", "village", "road", "number", "estate")}
        self.on_road = np.flatnonzero((self.columns["road"] != "") & ~pd.Series(self.columns["number"]).str.contains("-", regex=False).to_numpy())
        self.road_tree = cKDTree(np.column_stack([self.columns["x"], self.columns["y"]])[self.on_road]) if len(self.on_road) else None
        self.estate_tree = cKDTree([e.gate for e in doors.estates]) if doors.estates else None
        self.grids = shapely.STRtree(land.grid_polygon)
        self.county_of, self.town_of = np.full(len(land.grid_code), -1), np.full(len(land.grid_code), -1)
        for i, district in enumerate(districts):
            (self.county_of if district.congress == plan.code else self.town_of)[district.grids] = i
        self.districts = districts
        self.serving: dict[str, list[Person]] = {}
        for person in people:
            for mandate in person.mandates:
                if mandate["district"] and not mandate["ended_on"]:
                    self.serving.setdefault(mandate["district"], []).append(person)

    def words(self, door: int, x: float, y: float) -> dict[str, str]:
        """The names a resident at this place would use; only what is near enough to be meant."""
        place = {"village": str(self.land.village_name[self.columns["village"][door]])}
        if self.columns["estate"][door]:
            place["estate"] = str(self.columns["estate"][door])
        elif self.estate_tree is not None:
            gap, k = self.estate_tree.query([x, y])
            if gap < 350:
                place["estate"] = self.doors.estates[int(k)].name
        if self.road_tree is not None:
            gap, k = self.road_tree.query([x, y])
            if gap < 260:
                near = self.on_road[int(k)]
                place |= {"road": str(self.columns["road"][near]), "number": str(self.columns["number"][near]).removesuffix("号")}
        return place

    def deputies(self, x: float, y: float) -> list[Person]:
        """Who serves here, township and county."""
        lon, lat = self.plan.degrees([x], [y])
        hit = self.grids.query(shapely.Point(lon[0], lat[0]), predicate="intersects")
        if len(hit) == 0:
            return []
        grid = int(min(hit))
        codes = [self.districts[i[grid]].code for i in (self.town_of, self.county_of) if i[grid] >= 0]
        return [person for code in codes for person in self.serving.get(code, [])]


def collect(plan: Plan, land: Land, doors: Doors, organisations: Organisations, districts: list[District], people: list[Person], hot: list[HotSpot]) -> tuple[pd.DataFrame, list[Case]]:
    """The layer `case`, and the cases with what is known of how they came about."""
    ground = Ground(plan, land, doors, districts, people)
    rng = plan.rng("cases")
    writer = Writer(plan.rng("texts"))
    cases: list[Case] = []
    for spot in hot:
        cases += _scripted(plan, ground, writer, spot, rng)
    cases += _background(plan, ground, writer, plan.scale.cases - len(cases), hot, rng)
    cases.sort(key=lambda case: case.when)
    return _handled(plan, ground, organisations, writer, cases, people), cases


def _moment(plan: Plan, category: dict, day: dt.date, rng: np.random.Generator, hours: list[int] | None = None) -> dt.datetime:
    """A time of day by the category's habit, or inside the given hours."""
    if hours:
        hour = int(rng.choice(hours))
    else:
        weight = np.array(material("voices")["hours"][category["hours"]], float)
        hour = int(rng.choice(24, p=weight / weight.sum()))
    moment = dt.datetime.combine(day, dt.time(hour, int(rng.integers(60)), int(rng.integers(60))), ZONE)
    return min(moment, dt.datetime.combine(plan.today, dt.time(0), ZONE) - dt.timedelta(hours=1))


def days_of(plan: Plan) -> list[dt.date]:
    """The two years before the day the county is grown."""
    first = plan.today.replace(year=plan.today.year - 2, day=min(plan.today.day, 28))
    return [first + dt.timedelta(days=k) for k in range((plan.today - first).days)]


def _make(ground: Ground, writer: Writer, category: str, when: dt.datetime, door: int, rng: np.random.Generator, but: int = -1, hot_spot: str = "", template: int | None = None) -> Case:
    x, y = (float(ground.columns[axis][door] + rng.normal(0, 7)) for axis in ("x", "y"))
    place = ground.words(door, x, y)
    chosen = writer.template(category, place, but) if template is None else template
    return Case(when, category, door, x, y, writer.write(category, chosen, place), chosen, place, hot_spot)


def _background(plan: Plan, ground: Ground, writer: Writer, count: int, hot: list[HotSpot], rng: np.random.Generator) -> list[Case]:
    """Cases where people live, of what their town suffers from, by season and weekday; some are the same matter again."""
    categories = material("categories")
    days = days_of(plan)
    weekday = np.array(material("voices")["weekdays"])[[day.weekday() for day in days]]
    growth = np.linspace(0.75, 1.3, len(days))  # the channel becomes known
    month = np.array([day.month - 1 for day in days])
    frame = ground.doors.frame
    town = ground.land.village_town[frame["village"].to_numpy()]
    habit = rng.lognormal(0, 0.45, len(ground.land.village_code))[frame["village"].to_numpy()]
    kinds = {"road": (frame["road"] != "").to_numpy(), "estate": (frame["estate"] != "").to_numpy(), "village": (frame["hamlet"] != "").to_numpy(),
             "factory": (frame["use"] == "industry").to_numpy()}  # fmt: skip
    quiet = [spot for spot in hot if spot.factor < 1]
    cases: list[Case] = []
    numbers = rng.multinomial(max(0, count), np.array([c["share"] for c in categories]) / sum(c["share"] for c in categories))
    for category, number in zip(categories, numbers, strict=True):
        suits = np.zeros(len(frame))
        for kind in category["place_kinds"]:
            suits += kinds.get(kind, kinds["road"]) * 1.0
        if not suits.any():
            suits[:] = 1.0
        hurt = np.array([2.0 if category["code"] in t.hot else 1.0 for t in plan.towns])[town]
        weight = suits * hurt * habit
        for spot in quiet:
            if spot.category == category["code"]:
                weight = weight * np.where(spot.covers(ground.columns["x"], ground.columns["y"]), spot.factor, 1.0)
        chance = np.array(category["months"], float)[month] * weekday * growth
        own: list[Case] = []
        while len(own) < number:
            draw = rng.random()
            if own and draw < SAME_ISSUE + SAME_PERSON + RESENT:
                own.append(_again(plan, ground, writer, category, own[int(rng.integers(len(own)))], draw, rng))
                continue
            day = days[int(rng.choice(len(days), p=chance / chance.sum()))]
            door = int(rng.choice(len(frame), p=weight / weight.sum()))
            own.append(_make(ground, writer, category["code"], _moment(plan, category, day, rng), door, rng))
        cases += own
    return cases


def _again(plan: Plan, ground: Ground, writer: Writer, category: dict, first: Case, draw: float, rng: np.random.Generator) -> Case:
    """The same matter from another person near by, in other words; from the same person later; or sent twice."""
    if draw < RESENT:
        when = min(first.when + dt.timedelta(minutes=int(rng.integers(1, 30))), dt.datetime.combine(plan.today, dt.time(0), ZONE) - dt.timedelta(hours=1))
        return Case(when, first.category, first.door, first.x, first.y, first.text, first.template, first.place)
    other = draw < RESENT + SAME_ISSUE
    day = min(first.when.date() + dt.timedelta(days=int(rng.integers(1, 21))), plan.today - dt.timedelta(days=1))
    when = max(_moment(plan, category, day, rng), first.when + dt.timedelta(minutes=5))
    near = ground.doors.near(first.x + rng.normal(0, 35), first.y + rng.normal(0, 35), 3)
    door = int(rng.choice(near)) if other else first.door
    return _make(ground, writer, category["code"], when, door, rng, but=first.template if other else -1, template=None if other else first.template)


def _scripted(plan: Plan, ground: Ground, writer: Writer, spot: HotSpot, rng: np.random.Generator) -> list[Case]:
    """The extra cases of a hot spot, in its place, months and hours."""
    category = writer.categories[spot.category]
    inside = np.flatnonzero(spot.covers(ground.columns["x"], ground.columns["y"]))
    days = [day for day in days_of(plan) if spot.when(day)]
    if len(inside) == 0 or not days:
        return []
    weight = np.array([spot.weight(day) for day in days])
    cases: list[Case] = []
    one = int(inside[np.argmin(np.hypot(ground.columns["x"][inside] - spot.x[0], ground.columns["y"][inside] - spot.y[0]))])
    for _ in range(spot.cases):
        day = days[int(rng.choice(len(days), p=weight / weight.sum()))]
        door = one if spot.one_person else int(rng.choice(inside))
        template = int(rng.choice(spot.templates)) if spot.templates else None
        case = _make(ground, writer, spot.category, _moment(plan, category, day, rng, spot.hours), door, rng, hot_spot=spot.id, template=template)
        cases.append(case)
    return cases


def _code(rng: np.random.Generator) -> str:
    body = "".join(ALPHABET[int(k)] for k in rng.integers(0, 31, 9))
    return body + ALPHABET[sum((i + 2) * ALPHABET.index(c) for i, c in enumerate(body)) % 31]


def _handled(plan: Plan, ground: Ground, organisations: Organisations, writer: Writer, cases: list[Case], people: list[Person]) -> pd.DataFrame:
    """Who took each case, where it was passed, when it was answered and how it was rated; nothing later than the day before `today`."""
    rng = plan.rng("handling")
    end = dt.datetime.combine(plan.today, dt.time(0), ZONE)
    energy = {id(person): float(w) for person, w in zip(people, rng.pareto(1.1, len(people)) * (rng.random(len(people)) > 0.18), strict=True)}
    speed = material("units")["notes"]["speed_days_median"]
    share = material("units")["notes"]["handling_share"]
    codes: set[str] = set()
    rows = []
    for case in cases:
        while (code := _code(rng)) in codes:
            pass
        codes.add(code)
        town = int(ground.land.village_town[ground.columns["village"][case.door]])
        deputies = ground.deputies(case.x, case.y)
        weight = np.array([energy[id(p)] for p in deputies]) + 1e-6
        deputy = deputies[int(rng.choice(len(deputies), p=weight / weight.sum()))] if deputies else None
        hilly = plan.towns[town].relief > 0.4
        channel = str(rng.choice(CHANNELS, p=HILL_CHANNEL_SHARE if hilly else CHANNEL_SHARE))
        level = str(rng.choice(["deputy", "town", "county"], p=[0.4, 0.27, 0.33]))
        units = material_units(writer.categories[case.category], level, organisations, town)
        chance = np.array([share.get(u if u in organisations.at and not u.endswith("_government") else "township", 0.04) for u in units])
        unit = None if level == "deputy" else str(rng.choice(units, p=chance / chance.sum()))
        row = {"code": code, "text": case.text, "category": case.category, "channel": channel, "level": level, "deputy": deputy.code if deputy else None, "unit": unit}
        row["place"] = _spoken(plan, ground, case, rng)
        row |= _times(case.when, end, level, speed.get(unit or "", speed["township"]), rng)
        if row["assigned_at"] is None and level == "county":
            row["unit"] = None
        if row["answered_at"] is not None:
            poor = rng.random() < POOR_ANSWER
            row["answer"] = writer.answer(case.category, "deputy" if level == "deputy" else "unit", case.place, poor)
            row |= _rated(row["answered_at"], end, poor, rng)
        for name in ("passed_at", "assigned_at", "answered_at", "rated_at"):
            moment = row.get(name)
            row[name] = moment.isoformat(timespec="seconds") if moment else None
        case.row = row
        rows.append(row | {"submitted_at": case.when.isoformat(timespec="seconds"), "x": case.x, "y": case.y})
    frame = pd.DataFrame(rows, columns=["code", "text", "category", "channel", "place", "submitted_at", "level", "deputy", "passed_at", "unit", "assigned_at",
                                        "answered_at", "answer", "rated_at", "rating", "x", "y"])  # fmt: skip
    lon, lat = plan.degrees(frame["x"], frame["y"])
    return frame.assign(lon=lon, lat=lat).drop(columns=["x", "y"])


def material_units(category: dict, level: str, organisations: Organisations, town: int) -> list[str]:
    """Units that may be given a case: the town's government at town level, the category's departments at county level."""
    if level == "town":
        return [organisations.township(town)]
    units = [organisations.unit(code, town) for code in category["units"] if code != "township"]
    return units or [organisations.township(town)]


def _spoken(plan: Plan, ground: Ground, case: Case, rng: np.random.Generator) -> str | None:
    """The place as told: the address, a neighbourhood, or nothing."""
    draw = rng.random()
    if draw < 0.08:
        return None
    full = address(plan, ground.land, ground.doors.frame.iloc[case.door])
    if draw < 0.2:
        return f"{full}{rng.choice(['对面', '旁边', '门口', '后面', '往东五十米', '桥过去左手边'])}"
    return full


def _times(when: dt.datetime, end: dt.datetime, level: str, median_days: float, rng: np.random.Generator) -> dict:
    """Passed on, assigned and answered in this order; what would lie after the end has not happened."""
    first = when + dt.timedelta(days=float(rng.lognormal(np.log(1.6), 0.7)))
    times: dict[str, dt.datetime | None] = {"passed_at": None, "assigned_at": None, "answered_at": None, "rated_at": None}
    if level == "deputy":
        times["answered_at"] = first + dt.timedelta(days=float(rng.lognormal(np.log(1.5), 0.7)))
    else:
        times["passed_at"] = first
        if level == "county":
            times["assigned_at"] = first + dt.timedelta(days=float(rng.lognormal(np.log(1.2), 0.5)))
        else:
            times["assigned_at"] = first + dt.timedelta(hours=float(rng.uniform(1, 30)))
        times["answered_at"] = times["assigned_at"] + dt.timedelta(days=float(rng.lognormal(np.log(median_days), 0.75)))
    age = (end - when).days
    forgotten = rng.random() < (0.55 if age < 25 else 0.2 if age < 60 else 0.0) or (age >= 40 and rng.random() < LATE)
    if forgotten or rng.random() < WAITING:
        times["answered_at"] = None
        if rng.random() < 0.3:
            times["assigned_at"] = None
    return {name: moment if moment is not None and moment < end else None for name, moment in times.items()}


def _rated(answered: dt.datetime, end: dt.datetime, poor: bool, rng: np.random.Generator) -> dict:
    if rng.random() < UNRATED:
        return {}
    rated = answered + dt.timedelta(days=float(rng.uniform(0.2, 7)))
    if rated >= end:
        return {}
    share = (0.08, 0.27, 0.65) if poor else (0.64, 0.27, 0.09)
    return {"rated_at": rated, "rating": str(rng.choice(["satisfied", "fairly", "unsatisfied"], p=share))}
