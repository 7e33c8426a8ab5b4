"""民情件 of two years: background by people and season, the same matter told again, and scripted hot spots with known truth."""

import datetime as dt
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from scipy.spatial import cKDTree

from gis_data.county.areas import Land
from gis_data.county.content import material
from gis_data.county.doorplates import Doors
from gis_data.county.hot_spots import HotSpot
from gis_data.county.plan import Plan
from gis_data.county.texts import Writer

ZONE = ZoneInfo("Asia/Shanghai")
SAME_ISSUE, SAME_PERSON, RESENT = 0.16, 0.07, 0.005  # of the background: told by another person, again by the same, sent twice
HURT = 2.0  # how much more often a town complains of what it suffers from
RURAL_IN_TOWN = 0.06
EMPTY = 0.01
GROWTH = (0.75, 1.3)  # the channel becomes known: weight of the first and of the last day


@dataclass(frozen=True)
class Told:
    """One case as it was told. `x`, `y` in metres; `template` -1: a text that says nothing."""

    when: dt.datetime
    category: str
    door: int
    x: float
    y: float
    text: str
    template: int
    place: dict[str, str]
    hot_spot: str = ""


class Ground:
    """What is found around a place, in the words of those who live there."""

    def __init__(self, land: Land, doors: Doors) -> None:
        self.land, self.doors = land, doors
        self.on_road = np.array([i for i in np.flatnonzero(doors.road != "") if "-" not in doors.number[i]], int)
        self.road_tree = cKDTree(np.column_stack([doors.x, doors.y])[self.on_road]) if len(self.on_road) else None
        self.estate_tree = cKDTree([estate.gate for estate in doors.estates]) if doors.estates else None

    def words(self, door: int, x: float, y: float) -> dict[str, str]:
        """Road and number, estate, village: only what is near enough to be meant."""
        place = {"village": str(self.land.village_name[self.doors.village[door]])}
        if self.doors.estate[door]:
            place["estate"] = str(self.doors.estate[door])
        elif self.estate_tree is not None:
            gap, k = self.estate_tree.query([x, y])
            if gap < 350:
                place["estate"] = self.doors.estates[int(k)].name
        if self.road_tree is not None:
            gap, k = self.road_tree.query([x, y])
            if gap < 260:
                near = int(self.on_road[int(k)])
                place |= {"road": str(self.doors.road[near]), "number": str(self.doors.number[near]).removesuffix("号")}
        return place


def collect(plan: Plan, land: Land, doors: Doors, hot: list[HotSpot]) -> list[Told]:
    """All cases in the order in which they came."""
    teller = _Teller(plan, land, doors)
    told = [case for spot in hot for case in teller.scripted(spot)]
    told += teller.background(plan.scale.cases - len(told), hot)
    return sorted(told, key=lambda case: case.when)


class _Teller:
    """Makes cases out of places, days and templates."""

    def __init__(self, plan: Plan, land: Land, doors: Doors) -> None:
        self.plan, self.land, self.doors = plan, land, doors
        self.ground = Ground(land, doors)
        self.rng = plan.rng("cases")
        self.writer = Writer(plan.rng("texts"))
        self.hours = {name: np.array(weights, float) / sum(weights) for name, weights in material("voices")["hours"].items()}
        first = plan.today.replace(year=plan.today.year - 2, day=min(plan.today.day, 28))
        self.days = [first + dt.timedelta(days=k) for k in range((plan.today - first).days)]
        self.end = dt.datetime.combine(plan.today, dt.time(0), ZONE) - dt.timedelta(hours=1)

    def moment(self, category: str, day: dt.date, hours: tuple[int, ...] = ()) -> dt.datetime:
        """A time of day by the category's habit, or one of the given hours."""
        weight = self.hours[self.writer.categories[category]["hours"]]
        hour = int(self.rng.choice(hours)) if hours else int(self.rng.choice(24, p=weight))
        return min(dt.datetime.combine(day, dt.time(hour, int(self.rng.integers(60)), int(self.rng.integers(60))), ZONE), self.end)

    def case(self, category: str, when: dt.datetime, door: int, template: int = -1, but: int = -1, hot_spot: str = "") -> Told:
        """A case a few metres from a door, in a template that fits the place, or in the given one."""
        x, y = self.doors.x[door] + self.rng.normal(0, 6), self.doors.y[door] + self.rng.normal(0, 6)
        if not shapely.contains_xy(self.plan.outline, x, y):
            x, y = self.doors.x[door], self.doors.y[door]
        place = self.ground.words(door, x, y)
        template = template if template >= 0 else self.writer.template(category, place, but)
        return Told(when, category, door, float(x), float(y), self.writer.write(category, template, place), template, place, hot_spot)

    def background(self, count: int, hot: list[HotSpot]) -> list[Told]:
        """Cases where people live, of what their town suffers from, by season and weekday; some are the same matter again."""
        categories = list(self.writer.categories.values())
        weekday = np.array(material("voices")["weekdays"])[[day.weekday() for day in self.days]]
        growth = np.linspace(*GROWTH, len(self.days))
        month = np.array([day.month - 1 for day in self.days])
        town = self.land.village_town[self.doors.village]
        urban = np.array([place.urban for place in self.plan.towns])[town]
        habit = self.rng.lognormal(0, 0.45, len(self.land.village_code))[self.doors.village]
        kinds = {"road": self.doors.road != "", "estate": self.doors.estate != "", "village": self.doors.hamlet != "", "factory": self.doors.use == "industry"}
        share = np.array([category["share"] for category in categories])
        numbers = self.rng.multinomial(max(0, count), share / share.sum())
        told: list[Told] = []
        for category, number in zip(categories, numbers, strict=True):
            suits = np.any([kinds[kind] for kind in category["place_kinds"] if kind in kinds], axis=0)
            hurt = np.array([HURT if category["code"] in place.hot else 1.0 for place in self.plan.towns])[town]
            weight = (suits + 1e-6) * hurt * habit
            if category["code"] == "rural":
                weight = np.where(urban, weight * RURAL_IN_TOWN, weight)
            for spot in hot:
                if spot.factor < 1 and spot.category == category["code"]:
                    weight = np.where(spot.covers(self.doors.x, self.doors.y), weight * spot.factor, weight)
            chance = np.array(category["months"], float)[month] * weekday * growth
            told += self._of(category["code"], int(number), weight / weight.sum(), chance / chance.sum())
        return told

    def _of(self, category: str, number: int, weight: np.ndarray, chance: np.ndarray) -> list[Told]:
        own: list[Told] = []
        doors = self.rng.choice(len(weight), number, p=weight)
        days = self.rng.choice(len(chance), number, p=chance)
        for door, day in zip(doors, days, strict=True):
            draw = self.rng.random()
            if own and draw < SAME_ISSUE + SAME_PERSON + RESENT:
                own.append(self._again(own[int(self.rng.integers(len(own)))], draw))
                continue
            case = self.case(category, self.moment(category, self.days[day]), int(door))
            own.append(replace(case, text=self.writer.empty(), template=-1) if self.rng.random() < EMPTY else case)
        return own

    def _again(self, first: Told, draw: float) -> Told:
        """Sent twice; or told by another person near by, in other words; or again by the same person."""
        if draw < RESENT:
            return replace(first, when=min(first.when + dt.timedelta(minutes=int(self.rng.integers(1, 30))), self.end), hot_spot="")
        day = min(first.when.date() + dt.timedelta(days=int(self.rng.integers(1, 21))), self.plan.today - dt.timedelta(days=1))
        when = max(self.moment(first.category, day), min(first.when + dt.timedelta(minutes=5), self.end))
        if draw < RESENT + SAME_ISSUE:
            near = self.doors.near(first.x + self.rng.normal(0, 35), first.y + self.rng.normal(0, 35), 3)
            return self.case(first.category, when, int(self.rng.choice(near)), but=first.template)
        return self.case(first.category, when, first.door, template=first.template)

    def scripted(self, spot: HotSpot) -> list[Told]:
        """The extra cases of a hot spot, in its place, months and hours."""
        inside = np.flatnonzero(spot.covers(self.doors.x, self.doors.y))
        days = [day for day in self.days if spot.on(day)]
        if len(inside) == 0 or not days or spot.cases == 0:
            return []
        days = days[:7] if spot.one_person else days
        weight = np.array([spot.weight(day) for day in days])
        nearest = int(inside[np.argmin(np.hypot(self.doors.x[inside] - spot.x[0], self.doors.y[inside] - spot.y[0]))])
        told = []
        for k in self.rng.choice(len(days), spot.cases, p=weight / weight.sum()):
            door = nearest if spot.one_person else int(self.rng.choice(inside))
            template = int(self.rng.choice(spot.templates)) if spot.templates else -1
            told.append(self.case(spot.category, self.moment(spot.category, days[int(k)], spot.hours), door, template, hot_spot=spot.id))
        return told
