"""From a place to the districts it lies in and the deputies who answer there, best first, each with the reason in words."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import shapely

from apps.deputies.models import Deputy, Mandate, Station
from apps.matching.engine import ANCHORS, GEOD, Candidates, Day, Shapes, engine
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid

__all__ = ["Across", "FoundDeputy", "FoundDistrict", "OutsideCounty", "Place", "area_deputies", "engine", "find_at"]

ON_BORDER = 0.01  # metres
NEAR_BORDER = 30.0
FARTHEST_DOUBT = 1000.0  # a position worse than this says nothing about borders

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
    lon: float
    lat: float
    doorplate: Doorplate | None
    village: AdminArea | None
    town: AdminArea  # the county where there are no towns
    grid: Grid | None
    county: AdminArea
    districts: tuple[FoundDistrict, ...]
    deputies: tuple[FoundDeputy, ...]
    area_deputies: tuple[FoundDeputy, ...]
    across: tuple[Across, ...]
    nearest_station: Station | None

    @property
    def point(self) -> tuple[float, float]:
        return self.lon, self.lat

    @property
    def office(self) -> str:
        """Who answers where no deputy does."""
        return f"{self.town.name}人大" if self.town.has_congress else f"{self.town.name}人大工委"


def find_at(lon: float, lat: float, *, on: dt.date, doorplate: Doorplate | None = None, accuracy: float | None = None) -> Place:
    """What lies at a place (degrees) on a day. accuracy: metres by which the position may be wrong, widens `across`.

    Raises OutsideCounty. A place in no district is found all the same, with no districts and no deputies.
    """
    day = engine().on(on)
    county = _demand_county(day, lon, lat)
    districts = tuple(found for level, shapes in day.districts.items() if (found := _district(shapes, level, lon, lat)))
    reach = min(max(NEAR_BORDER, accuracy or 0.0), FARTHEST_DOUBT)
    return Place(
        lon=lon,
        lat=lat,
        doorplate=doorplate,
        village=day.villages.at(lon, lat),
        town=day.towns.at(lon, lat) or county,
        grid=day.grids.at(lon, lat),
        county=county,
        districts=districts,
        deputies=_deputies(day, day.candidates(found.district.pk for found in districts), lon, lat),
        area_deputies=area_deputies(day),
        across=tuple(near for level, shapes in day.districts.items() for near in _across(shapes, level, lon, lat, reach)),
        nearest_station=_nearest_station(day, lon, lat),
    )


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


def _district(shapes: Shapes, level: str, lon: float, lat: float) -> FoundDistrict | None:
    district = shapes.at(lon, lat)
    return FoundDistrict(district, level, float(shapes.locator.margin(lon, lat)[0])) if district is not None else None


def _across(shapes: Shapes, level: str, lon: float, lat: float, reach: float) -> list[Across]:
    near = shapes.locator.across(lon, lat, reach)[0]
    return [Across(shapes.rows[index], level, _metres_to(shapes.polygons[index], lon, lat)) for index in near]


def _metres_to(polygon: shapely.Geometry, lon: float, lat: float) -> float:
    """Metres from a place to a polygon, 0 inside. The nearest point is looked for on a plane of metres around the place."""
    plane = np.array([GEOD.inv(lon, lat, lon + 1e-4, lat)[2], GEOD.inv(lon, lat, lon, lat + 1e-4)[2]]) * 1e4
    here = np.array([lon, lat])
    flat = shapely.transform(polygon, lambda xy: (xy - here) * plane)
    end = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0, 0), flat))[1] / plane + here
    return float(GEOD.inv(lon, lat, *end)[2])


def _deputies(day: Day, candidates: Candidates, lon: float, lat: float) -> tuple[FoundDeputy, ...]:
    if not candidates.mandates:
        return ()
    order, metres, anchor = (ranked[0] for ranked in candidates.rank(lon, lat))
    found = []
    for place, (index, distance, kind) in enumerate(zip(order, metres, anchor, strict=True)):
        reason = _why_near(ANCHORS[kind], distance, first=place == 0, alone=len(order) == 1)
        found.append(_found(day, candidates.mandates[index], reasons=("您所在选区的代表", *reason), distance_band=band(distance)))
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
