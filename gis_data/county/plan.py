"""What is to be grown: the county's codes and names, its towns with their sizes, the terms, and how much of everything."""

import datetime as dt
import zlib
from dataclasses import dataclass, field

import numpy as np
from pyproj import Transformer
from shapely import Geometry

CHINESE_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Scale:
    """How much is grown. `towns` names the towns of the fictional county that are kept; empty: all of them."""

    name: str
    doorplates: int
    cases: int
    projects: int
    village_stations: int
    towns: tuple[str, ...] = ()


SCALES = {
    "demo": Scale("demo", 50_000, 2_600, 120, 38),
    "full": Scale("full", 300_000, 2_600, 120, 38),
    "town": Scale("town", 2_000, 160, 12, 4, ("浦阳街道", "潮桥镇")),
}


@dataclass(frozen=True)
class Term:
    """One congress's five years."""

    number: int
    starts: dt.date
    ends: dt.date


def term_on(today: dt.date, number: int, first: dt.date) -> Term:
    """The five-year term in force on a day, counted on from term `number` that began on `first`."""
    passed = (today.year - first.year - ((today.month, today.day) < (first.month, first.day))) // 5
    starts = first.replace(year=first.year + 5 * passed)
    return Term(number + passed, starts, starts.replace(year=starts.year + 5))


@dataclass(frozen=True)
class VillagePlan:
    """A village that is known by name and code before the land is divided."""

    code: str
    name: str


@dataclass(frozen=True)
class TownPlan:
    """A town to be grown. `code` is empty where the county has no township level: the town is then only a way of dividing the work."""

    code: str
    name: str
    kind: str
    congress: bool
    relief: float  # 0 plain … 1 mountains
    at: tuple[float, float] | None  # metres in the local plane
    area: float  # share of the county, any unit
    population: int  # residents
    registered: int  # voters are counted by household registration
    villages: int
    named: tuple[VillagePlan, ...] = ()
    industry: tuple[str, ...] = ()
    hot: tuple[str, ...] = ()

    @property
    def urban(self) -> bool:
        return self.kind == "街道"

    @property
    def seats(self) -> int:
        """Of its congress, 选举法: 45 + 1/1,500 people, cap 160, 5 % more where people live scattered; below 2,000 people fewer."""
        if not (self.congress and self.code):
            return 0
        return min(160, int((45 + self.registered // 1_500) * 1.05)) if self.registered >= 2_000 else 40

    @property
    def short(self) -> str:
        """The name as organisations and roads carry it: 潮桥 of 潮桥镇, 岚溪 of 岚溪畲族乡."""
        name = self.name.removesuffix("(合成)")
        for suffix in ("畲族乡", "民族乡", "街道", "片区", "镇", "乡"):
            if name.endswith(suffix) and len(name) > len(suffix) + 1:
                return name[: -len(suffix)]
        return name


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before growth. `outline` is in metres of the CGCS2000 3° zone `epsg`."""

    code6: str
    name: str
    province: tuple[str, str]
    city: tuple[str, str] | None
    towns: tuple[TownPlan, ...]
    outline: Geometry
    coast: Geometry | None
    epsg: int
    fictional: bool
    real_names: bool
    seats: int
    workplace_seats: tuple[tuple[str, str, int], ...]  # town name, what is gathered in it, seats
    seed: int
    today: dt.date
    scale: Scale
    town_level: bool = True
    to_degrees: Transformer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "to_degrees", Transformer.from_crs(self.epsg, 4490, always_xy=True))

    @property
    def code(self) -> str:
        return self.code6 + "000000"

    @property
    def short(self) -> str:
        return self.name[:-1] if len(self.name) > 2 else self.name

    @property
    def population(self) -> int:
        return sum(town.population for town in self.towns)

    def rng(self, topic: str) -> np.random.Generator:
        """A generator of its own for each topic, so that a change in one leaves the others as they were."""
        return np.random.default_rng([self.seed, int(self.code6), zlib.crc32(topic.encode())])

    def degrees(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Local metres to longitude and latitude (CGCS2000), rounded to 1e-8° (1 mm)."""
        lon, lat = self.to_degrees.transform(np.asarray(x, float), np.asarray(y, float))
        return np.round(lon, 8), np.round(lat, 8)

    @property
    def county_term(self) -> Term:
        return term_on(self.today, 17, dt.date(2022, 1, 15))

    @property
    def township_term(self) -> Term:
        return term_on(self.today, 18, dt.date(2022, 1, 5))

    @property
    def city_term(self) -> Term:
        return term_on(self.today, 9, dt.date(2022, 2, 20))

    @property
    def province_term(self) -> Term:
        return term_on(self.today, 14, dt.date(2023, 1, 12))


def in_words(number: int) -> str:
    """1–99 in Chinese: 十七."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else CHINESE_DIGITS[tens] + "十")
    return head + (CHINESE_DIGITS[ones] if ones or not tens else "")


def apportion(weights: np.ndarray, total: int, least: int = 0) -> np.ndarray:
    """Whole numbers with the given sum, as near to the weights as can be (largest remainder), none below `least`."""
    weights = np.asarray(weights, float)
    spare = total - least * len(weights)
    if spare < 0:
        raise ValueError(f"{total} is too few for {len(weights)} shares of at least {least}")
    exact = weights / weights.sum() * spare
    whole = np.floor(exact).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: spare - whole.sum()]] += 1
    return whole + least
