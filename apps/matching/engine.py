"""What place decides, held in memory: who lies where on a day, whose district that is, who serves it and how near he is.

One engine a process, renewed when the layers it rests on change (`Remembered`). Threads share it; none may change the rows in
it, which carry no geometry.
"""

import datetime as dt
import threading
from bisect import bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyproj
import shapely
from django.contrib.gis.db.models.functions import AsWKB
from django.db import connection, models, transaction
from numpy.typing import NDArray

from apps.deputies.models import Deputy, Mandate, Station
from apps.matching.nearest import NearestIndex
from apps.matching.ranking import ranked
from apps.organisations.models import Organisation
from apps.territory.locate import PolygonLocator
from apps.territory.models import AdminArea, ElectoralDistrict, Grid, Term
from apps.territory.remembered import Remembered

LAYERS = ("area", "district", "grid", "organisation", "station", "deputy")
DAYS_KEPT = 8
ANCHORS = ("station", "workplace", "village")  # the home point is no part of it: no public answer may depend on it

GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, eq=False)
class Shapes:
    """Rows of one kind with their polygons, in the order of their codes: on a border the lowest code wins."""

    rows: tuple[Any, ...]
    polygons: NDArray[np.object_]
    _outlines: dict[int, dict] = field(default_factory=dict)

    @cached_property
    def locator(self) -> PolygonLocator:
        return PolygonLocator(self.polygons)

    def at(self, lon: float, lat: float) -> Any | None:
        index = int(self.locator.locate(lon, lat)[0])
        return self.rows[index] if index >= 0 else None

    def outline(self, row: Any) -> dict:
        """GeoJSON geometry of a row for the screen: 10 m and 1 m of detail are lost."""
        if row.pk not in self._outlines:
            simple = shapely.set_precision(shapely.simplify(self.polygon(row), 1e-4, preserve_topology=True), 1e-5)
            self._outlines[row.pk] = shapely.geometry.mapping(simple)
        return self._outlines[row.pk]

    def polygon(self, row: Any) -> shapely.Geometry:
        return self.polygons[[other.pk for other in self.rows].index(row.pk)]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The mandates of one or more districts, by deputy code, and where each deputy can be met: (m, 3) degrees, NaN for none."""

    mandates: tuple[Mandate, ...]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    def rank(self, lon, lat) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp]]:
        """For n places: candidates nearest first (n, m), and in that order their metres (inf: no known place) and nearest anchor.

        Equal distances (to the micrometre) leave the order of codes.
        """
        return ranked(self.lon, self.lat, np.atleast_1d(lon), np.atleast_1d(lat))


@dataclass(frozen=True, eq=False)
class Day:
    """All that is in force on one day."""

    date: dt.date
    county: Shapes
    towns: Shapes
    villages: Shapes
    grids: Shapes
    districts: dict[str, Shapes]  # by level: county, township
    workplace_districts: tuple[ElectoralDistrict, ...]
    mandates: dict[int, tuple[Mandate, ...]]  # by district id
    area_mandates: tuple[Mandate, ...]  # city and province deputies, who have no district here
    employers: dict[int, tuple[Organisation, ...]]  # by district id: whose people register there
    stations: tuple[Station, ...]
    station_index: NearestIndex
    anchors: dict[int, NDArray[np.float64]]  # by deputy id: (3, 2) lon, lat of ANCHORS
    next_duty: dict[int, dt.date | None] = field(default_factory=dict)  # by station id: its next reception day
    _candidates: dict[tuple[int, ...], Candidates] = field(default_factory=dict)

    @cached_property
    def districts_of(self) -> dict[int, tuple[ElectoralDistrict, ...]]:
        """By organisation id: the districts that name it, by unit or jointly with a place; the county's first."""
        by_id = {row.pk: row for shapes in self.districts.values() for row in shapes.rows} | {row.pk: row for row in self.workplace_districts}
        found = defaultdict(list)
        for pk in sorted(set(self.employers) & set(by_id), key=lambda pk: (by_id[pk].term.level != Term.Level.COUNTY, by_id[pk].code)):
            for organisation in self.employers[pk]:
                found[organisation.pk].append(by_id[pk])
        return {pk: tuple(districts) for pk, districts in found.items()}

    @cached_property
    def mandates_of(self) -> dict[str, tuple[Mandate, ...]]:
        """By a deputy's code: the seats he holds."""
        found = defaultdict(list)
        for mandate in (*(one for several in self.mandates.values() for one in several), *self.area_mandates):
            found[mandate.deputy.code].append(mandate)
        return {code: tuple(sorted(mandates, key=lambda mandate: mandate.term.level)) for code, mandates in found.items()}

    def candidates(self, districts: Iterable[int]) -> Candidates:
        """Who serves any of these districts (ids); one who serves two of them stands there twice."""
        key = tuple(districts)
        if key not in self._candidates:
            mandates = [mandate for district in key for mandate in self.mandates.get(district, ())]
            mandates.sort(key=lambda mandate: mandate.deputy.code)
            places = np.array([self.anchors[mandate.deputy_id] for mandate in mandates]).reshape(-1, len(ANCHORS), 2)
            self._candidates[key] = Candidates(tuple(mandates), places[..., 0], places[..., 1])
        return self._candidates[key]


class Engine:
    """Everything read at one moment, in one snapshot of the database; `on(day)` picks what is in force."""

    def __init__(self) -> None:
        self._days: OrderedDict[dt.date, Day] = OrderedDict()
        self._spans: dict[int, Day] = {}  # all days between two turns are alike but for the next reception days
        self._shapes: dict[tuple, Shapes] = {}
        self._lock = threading.Lock()
        with transaction.atomic():
            if len(connection.savepoint_ids) == 0:  # not inside somebody's transaction: all queries see one state
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            self._read()

    def on(self, day: dt.date) -> Day:
        with self._lock:
            if day not in self._days:
                span = bisect_right(self._turns, day)
                if span not in self._spans:
                    self._spans[span] = self._compose(day)
                if len(self._days) >= DAYS_KEPT:
                    self._days.popitem(last=False)
                duty = {station.pk: station.next_duty(day) for station in self._stations}
                self._days[day] = replace(self._spans[span], date=day, next_duty=duty)
            self._days.move_to_end(day)
            return self._days[day]

    def _read(self) -> None:
        self._polygons: dict[tuple[str, int], shapely.Geometry] = {}
        self._areas = self._with_polygons("area", AdminArea.objects.all())
        terms = {term.pk: term for term in Term.objects.published()}
        self._districts = self._with_polygons("district", ElectoralDistrict.objects.filter(term__in=terms))
        self._grids = self._with_polygons("grid", Grid.objects.all())
        areas = {area.pk: area for area in self._areas}
        for term in terms.values():
            term.congress = areas[term.congress_id]
        for district in self._districts:
            district.term = terms[district.term_id]
        self._employers = self._read_employers()
        self._stations = list(Station.objects.order_by("code"))
        self._station_index = NearestIndex([station.point.x for station in self._stations], [station.point.y for station in self._stations])
        stations = {station.pk: station for station in self._stations}
        deputies = {deputy.pk: deputy for deputy in Deputy.objects.select_related("organisation", "group").order_by("code")}
        for deputy in deputies.values():
            deputy.station = stations.get(deputy.station_id)
            deputy.residence_village = areas.get(deputy.residence_village_id)
        districts = {district.pk: district for district in self._districts}
        self._mandates = list(Mandate.objects.filter(term__in=terms).order_by("deputy__code", "pk"))
        for mandate in self._mandates:
            mandate.deputy, mandate.term = deputies[mandate.deputy_id], terms[mandate.term_id]
            mandate.district = districts.get(mandate.district_id)
        self._anchors = {deputy.pk: self._places(deputy) for deputy in deputies.values()}
        changes = [day for area in self._areas for day in (area.valid_from, area.valid_to)]
        changes += [day for term in terms.values() for day in (term.starts, term.ends)] + [mandate.ended_on for mandate in self._mandates]
        self._turns = sorted({day for day in changes if day is not None})

    def _read_employers(self) -> dict[int, tuple[Organisation, ...]]:
        self.organisations = tuple(Organisation.objects.order_by("code"))
        by_id, found = {organisation.pk: organisation for organisation in self.organisations}, defaultdict(list)
        named = ElectoralDistrict.employers.through.objects.order_by("organisation__code").values_list("electoraldistrict_id", "organisation_id")
        for district, organisation in named:
            found[district].append(by_id[organisation])
        return {district: tuple(organisations) for district, organisations in found.items()}

    def _with_polygons(self, kind: str, rows: models.QuerySet) -> list:
        found = list(rows.defer("geom", "geom_3857").annotate(wkb=AsWKB("geom")).order_by("code"))
        wkb = [row.__dict__.pop("wkb") for row in found]
        shapes = shapely.from_wkb([bytes(shape) if shape is not None else None for shape in wkb])
        self._polygons.update({(kind, row.pk): shape for row, shape in zip(found, shapes, strict=True) if shape is not None})
        return found

    def _places(self, deputy: Deputy) -> NDArray[np.float64]:
        places = np.full((len(ANCHORS), 2), np.nan)
        if deputy.station:
            places[0] = deputy.station.point.coords
        if deputy.workplace:
            places[1] = deputy.workplace.coords
        village = self._polygons.get(("area", deputy.residence_village_id))
        if village is not None:
            inside = shapely.point_on_surface(village)
            places[2] = inside.x, inside.y
        return places

    def _compose(self, day: dt.date) -> Day:
        areas = [area for area in self._areas if not (area.valid_from and area.valid_from > day) and not (area.valid_to and area.valid_to <= day)]
        districts = [district for district in self._districts if district.term.starts <= day < district.term.ends]
        mandates = [m for m in self._mandates if m.term.starts <= day < m.term.ends and not (m.ended_on and m.ended_on <= day)]
        by_district = defaultdict(list)
        for mandate in mandates:
            by_district[mandate.district_id].append(mandate)
        above = by_district.pop(None, [])
        return Day(
            date=day,
            county=self._shaped("area", [area for area in areas if area.level == "county"][:1]),
            towns=self._shaped("area", [area for area in areas if area.level == "town"]),
            villages=self._shaped("area", [area for area in areas if area.level == "village"]),
            grids=self._shaped("grid", self._grids),
            districts={level: self._shaped("district", [d for d in districts if d.term.level == level]) for level in ("county", "township")},
            workplace_districts=tuple(d for d in districts if d.basis == ElectoralDistrict.Basis.WORKPLACE),
            mandates={district: tuple(found) for district, found in by_district.items()},
            area_mandates=tuple(sorted(above, key=lambda m: (m.term.level == Term.Level.PROVINCE, m.deputy.code))),
            employers=self._employers,
            stations=tuple(self._stations),
            station_index=self._station_index,
            anchors=self._anchors,
        )

    def _shaped(self, kind: str, rows: Sequence[Any]) -> Shapes:
        """The rows that have a polygon. Days that share the same rows share the same locator."""
        rows = tuple(row for row in rows if (kind, row.pk) in self._polygons)
        key = (kind, *(row.pk for row in rows))
        if key not in self._shapes:
            polygons = np.array([None, *(self._polygons[kind, row.pk] for row in rows)], dtype=object)[1:]
            self._shapes[key] = Shapes(rows, polygons)
        return self._shapes[key]


_remembered = Remembered(LAYERS, Engine)


def engine() -> Engine:
    """The engine of this process, no older than a second after a change of its layers."""
    return _remembered.current()
