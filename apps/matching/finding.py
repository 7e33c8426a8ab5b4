"""From a place to the districts it lies in and the deputies who answer there, best first, each with the reason in words."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from django.conf import settings

from apps.deputies.models import Deputy, Mandate, Station
from apps.matching.engine import ANCHORS, GEOD, Candidates, Day, Shapes, engine
from apps.organisations.models import Organisation
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid

__all__ = ["Across", "FoundDeputy", "FoundDistrict", "OutsideCounty", "Place", "Side", "addressed", "area_deputies", "deputies_of", "engine", "find_at", "find_in"]

ON_BORDER = 0.01  # metres
FARTHEST_DOUBT = 1000.0  # a position worse than this says nothing about borders
SIDES = 4  # more choices than anybody can weigh: then the position has to be better first

BANDS = ((500, "500米内"), (1000, "1公里内"), (3000, "3公里内"), (5000, "5公里内"), (10000, "10公里内"))
FARTHER, UNKNOWN_DISTANCE = "更远", "距离不详"
ANCHOR_WORDS = {"station": "联络站", "workplace": "工作地", "village": "所住的村（社区）"}


class OutsideCounty(Exception):
    """The place is not in the county this installation serves, or no place at all. The message is fit for the screen."""


@dataclass(frozen=True, eq=False)
class FoundDistrict:
    district: ElectoralDistrict
    level: str  # county, township
    margin_m: float  # metres to its nearest border
    employers: tuple[Organisation, ...] = ()  # whose people register there too, wherever they live


@dataclass(frozen=True, eq=False)
class Side:
    """What somebody near borders may be registered in: the districts of one side, county before township, and who serves them."""

    districts: tuple[ElectoralDistrict, ...]
    metres: float  # how far this side is; 0: the place lies there
    deputies: tuple["FoundDeputy", ...]

    @property
    def key(self) -> str:
        return "|".join(district.code for district in self.districts)

    @property
    def name(self) -> str:
        return "、".join(district.name for district in self.districts)


@dataclass(frozen=True, eq=False)
class Across:
    """A district that the place is not in, but nearly."""

    district: ElectoralDistrict
    level: str
    metres: float


@dataclass(frozen=True, eq=False)
class FoundDeputy:
    deputy: Deputy
    mandate: Mandate
    district: ElectoralDistrict | None  # None: elected by the congress below, not by a district
    level: str  # county, township, city, province
    reasons: tuple[str, ...]
    distance_band: str
    station: Station | None
    next_duty: dt.date | None


@dataclass(frozen=True, eq=False)
class Place:
    day: Day  # what is in force
    lon: float
    lat: float
    accuracy: float | None  # metres by which the position may be wrong; None: a door's own, or a pin set by hand
    doorplate: Doorplate | None
    village: AdminArea | None
    town: AdminArea  # the county where there are no towns
    grid: Grid | None
    county: AdminArea
    districts: tuple[FoundDistrict, ...]
    deputies: tuple[FoundDeputy, ...]
    area_deputies: tuple[FoundDeputy, ...]
    across: tuple[Across, ...]
    sides: tuple[Side, ...]  # near a border the side it lies on and the others, nearest first; else none
    nearest_station: Station | None

    @property
    def on(self) -> dt.date:
        return self.day.date

    def side(self, key: str) -> Side | None:
        """The side with this key, if it is one of ours."""
        return next((side for side in self.sides if side.key == key), None)

    @property
    def point(self) -> tuple[float, float]:
        return self.lon, self.lat

    @property
    def office(self) -> str:
        """Who answers where no deputy does."""
        return f"{self.town.name}人大" if self.town.has_congress else f"{self.town.name}人大工委"


def find_at(lon: float, lat: float, *, on: dt.date, doorplate: Doorplate | None = None, accuracy: float | None = None) -> Place:
    """What lies at a place (degrees) on a day. accuracy: metres by which the position may be wrong, widens `across` and `sides`.

    Raises OutsideCounty. A place in no district is found all the same, with no districts and no deputies.
    """
    return find_in(engine().on(on), lon, lat, doorplate=doorplate, accuracy=accuracy)


def find_in(day: Day, lon: float, lat: float, *, doorplate: Doorplate | None = None, accuracy: float | None = None) -> Place:
    """The same for a day that is at hand."""
    county = _demand_county(day, lon, lat)
    districts = tuple(found for level, shapes in day.districts.items() if (found := _district(day, shapes, level, lon, lat)))
    reach = reach_of(accuracy)
    across = tuple(near for level, shapes in day.districts.items() for near in _across(shapes, level, lon, lat, reach))
    deputies = _deputies(day, (found.district for found in districts), lon, lat, "您所在选区的代表")
    return Place(
        day=day,
        lon=lon,
        lat=lat,
        accuracy=accuracy,
        doorplate=doorplate,
        village=day.villages.at(lon, lat),
        town=day.towns.at(lon, lat) or county,
        grid=day.grids.at(lon, lat),
        county=county,
        districts=districts,
        deputies=deputies,
        area_deputies=area_deputies(day),
        across=across,
        sides=_sides(day, lon, lat, districts, deputies, reach) if across or any(near.margin_m < reach for near in districts) else (),
        nearest_station=_nearest_station(day, lon, lat),
    )


def reach_of(accuracy: float | None) -> float:
    """Metres from a border within which one is asked: the setting, widened by how far the position may be wrong."""
    return min(settings.BORDER_METRES + (accuracy or 0.0), FARTHEST_DOUBT)


def addressed(day: Day, code: str) -> tuple["FoundDeputy", ...]:
    """The deputy with this code, once for every seat he holds on that day; none when he holds no more, or nobody has the code."""
    return tuple(_found(day, mandate, reasons=("反映人写给这位代表",), distance_band="") for mandate in day.mandates_of.get(code, ()))


def deputies_of(day: Day, districts: Iterable[ElectoralDistrict], whose: str) -> tuple["FoundDeputy", ...]:
    """Who serves these districts, by code: for those who ask from no place. whose: why they are shown."""
    mandates = day.candidates(district.pk for district in districts).mandates
    return tuple(_found(day, mandate, reasons=(whose,), distance_band="") for mandate in mandates)


def band(metres: float) -> str:
    """A distance in coarse words: fine enough to choose by, too coarse to find a door by."""
    if not np.isfinite(metres):
        return UNKNOWN_DISTANCE
    return next((words for limit, words in BANDS if metres <= limit), FARTHER)


def _demand_county(day: Day, lon: float, lat: float) -> AdminArea:
    if not day.county.rows:
        raise OutsideCounty("系统里还没有导入本县的范围，暂时不能查找。请联系县人大常委会。")
    county = day.county.rows[0]
    if day.county.at(lon, lat) is None:
        raise OutsideCounty(f"这个位置不在{county.name}范围内{_how_far(day.county, lon, lat)}。这里只能查找{county.name}的代表，请检查位置，或在地图上点一下。")
    return county


def _how_far(county: Shapes, lon: float, lat: float) -> str:
    if not (np.isfinite(lon) and np.isfinite(lat) and abs(lat) < 85):
        return ""
    metres = _metres_to(county.polygons[0], lon, lat)
    return f"（离县界约 {metres / 1000:.0f} 公里）" if metres >= 1000 else f"（离县界约 {metres:.0f} 米）"


def _district(day: Day, shapes: Shapes, level: str, lon: float, lat: float) -> FoundDistrict | None:
    district = shapes.at(lon, lat)
    if district is None:
        return None
    return FoundDistrict(district, level, float(shapes.locator.margin(lon, lat)[0]), day.employers.get(district.pk, ()))


def _across(shapes: Shapes, level: str, lon: float, lat: float, reach: float) -> list[Across]:
    near = shapes.locator.across(lon, lat, reach)[0]
    return [Across(shapes.rows[index], level, _metres_to(shapes.polygons[index], lon, lat)) for index in near]


def _sides(
    day: Day, lon: float, lat: float, here: tuple[FoundDistrict, ...], deputies: tuple[FoundDeputy, ...], reach: float
) -> tuple[Side, ...]:
    """The cells that the districts of both levels cut a disc around the place into; one cell is one place to be registered."""
    radius = reach + max(5.0, reach / 20)
    plane = _Plane(lon, lat)
    disc = shapely.Point(0, 0).buffer(radius, quad_segs=16)
    cells: list[tuple[tuple[ElectoralDistrict, ...], shapely.Geometry]] = [((), disc)]
    for level, shapes in day.districts.items():
        near = [found.district for found in here if found.level == level]
        near += [shapes.rows[index] for index in shapes.locator.across(lon, lat, radius)[0]]
        parts = [((district,), plane.flat(plane.cut(shapes.polygon(district), radius))) for district in near]
        rest = shapely.difference(disc, shapely.union_all([shape for _, shape in parts])) if parts else disc
        pieces = [(before + after, shapely.intersection(cell, part)) for before, cell in cells for after, part in [*parts, ((), rest)]]
        cells = [(districts, cell) for districts, cell in pieces if cell.area > 1.0]
    own = tuple(found.district for found in here)
    # Borders drawn twice leave slivers between them, where nobody lives.
    others = {districts: cell for districts, cell in cells if districts and districts != own and (len(districts) >= len(own) or cell.area > 20.0)}
    measured = sorted(((shapely.distance(cell, shapely.Point(0, 0)), districts) for districts, cell in others.items()), key=lambda pair: pair[0])
    found = [Side(own, 0.0, deputies)] if own else []
    for metres, districts in measured:
        if metres > reach:
            break
        name = "、".join(district.name for district in districts)
        found.append(Side(districts, float(metres), _deputies(day, districts, lon, lat, f"“{name}”的代表")))
    return tuple(found) if len(found) > 1 or (found and not own) else ()


class _Plane:
    """Metres east and north of a place, right to a per mille at a few kilometres."""

    def __init__(self, lon: float, lat: float) -> None:
        self.here = np.array([lon, lat])
        self.scale = np.array([GEOD.inv(lon, lat, lon + 1e-4, lat)[2], GEOD.inv(lon, lat, lon, lat + 1e-4)[2]]) * 1e4

    def cut(self, shape: shapely.Geometry, metres: float) -> shapely.Geometry:
        """What of a shape lies in the square around the place; quicker than to carry a whole district along."""
        west, south = self.here - metres / self.scale
        east, north = self.here + metres / self.scale
        part = shapely.clip_by_rect(shape, west, south, east, north)
        return part if shapely.is_valid(part) else shapely.intersection(shape, shapely.box(west, south, east, north))

    def flat(self, shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(shape, lambda xy: (xy - self.here) * self.scale)


def _metres_to(polygon: shapely.Geometry, lon: float, lat: float) -> float:
    """Metres from a place to a polygon, 0 inside. The nearest point is looked for on a plane of metres around the place."""
    plane = _Plane(lon, lat)
    end = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0, 0), plane.flat(polygon)))[1] / plane.scale + plane.here
    return float(GEOD.inv(lon, lat, *end)[2])


def _deputies(day: Day, districts: Iterable[ElectoralDistrict], lon: float, lat: float, whose: str) -> tuple[FoundDeputy, ...]:
    candidates: Candidates = day.candidates(district.pk for district in districts)
    if not candidates.mandates:
        return ()
    order, metres, anchor = (ranked[0] for ranked in candidates.rank(lon, lat))
    found = []
    for place, (index, distance, kind) in enumerate(zip(order, metres, anchor, strict=True)):
        reason = _why_near(ANCHORS[kind], distance, first=place == 0, alone=len(order) == 1)
        found.append(_found(day, candidates.mandates[index], reasons=(whose, *reason), distance_band=band(distance)))
    return tuple(found)


def _why_near(anchor: str, metres: float, *, first: bool, alone: bool) -> tuple[str, ...]:
    if not np.isfinite(metres):
        return ()
    if first and not alone:
        return (f"{ANCHOR_WORDS[anchor]}离您最近",)
    return (f"{ANCHOR_WORDS[anchor]}离您{'超过10公里' if band(metres) == FARTHER else band(metres)}",)


def area_deputies(day: Day) -> tuple[FoundDeputy, ...]:
    """The deputies of city and province, who answer everywhere in the county."""
    return tuple(_found(day, mandate, reasons=(f"由{mandate.elected_by}选举产生，联系本县",), distance_band="") for mandate in day.area_mandates)


def _found(day: Day, mandate: Mandate, *, reasons: tuple[str, ...], distance_band: str) -> FoundDeputy:
    station = mandate.deputy.station
    next_duty = day.next_duty[station.pk] if station else None
    return FoundDeputy(mandate.deputy, mandate, mandate.district, mandate.term.level, reasons, distance_band, station, next_duty)


def _nearest_station(day: Day, lon: float, lat: float) -> Station | None:
    nearest = int(day.station_index.query(lon, lat)[0][0, 0])
    return day.stations[nearest] if nearest >= 0 else None
