"""What is wrong with the districts as they stand: overlaps, gaps, what lies outside, doorplates in no district, units named twice.

Found anew whenever the layers change; the office sees it, and residents at such a place are asked instead of being sent somewhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from django.utils import timezone

from apps.record.staging import query
from apps.territory.locate import PolygonLocator
from apps.territory.models import ElectoralDistrict, Term
from apps.territory.remembered import Remembered
from gis_data.checks import Fault, faults

SIZE_SHOWN = 100.0  # m²: coordinates with seven decimals along a few kilometres of border differ by that much
DOORS_SHOWN = 200  # of a term, one by one; all are counted
KINDS = {
    "overlap": "重叠", "gap": "空隙", "outside": "超出范围", "door": "门牌不在选区", "unit": "单位列入多个选区", "nobody": "没有列出单位",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class DistrictFault:
    """One thing to be put right. at: a point (degrees) in it, shape: GeoJSON geometry; both None when it has no place."""

    id: str
    term: int
    kind: str
    words: str
    square_metres: float = 0.0
    at: tuple[float, float] | None = None
    shape: dict | None = None

    @property
    def label(self) -> str:
        return KINDS[self.kind]

    @property
    def size(self) -> str:
        return size_in_words(self.square_metres) if self.square_metres else ""


@dataclass(frozen=True, eq=False)
class CheckedTerm:
    """The districts of one congress's term, how many there are, and how many doorplates lie in none of them."""

    pk: int
    name: str
    districts: int
    doors: int
    doors_outside: int
    faults: tuple[DistrictFault, ...]


def size_in_words(square_metres: float) -> str:
    if square_metres >= 1e6:
        return f"{square_metres / 1e6:.1f} 平方公里"
    return f"{square_metres / 1e4:.1f} 公顷" if square_metres >= 1e4 else f"{square_metres:.0f} 平方米"


def checked() -> tuple[CheckedTerm, ...]:
    """All published terms that have not ended, the county's first."""
    return _checked.current()


def _read() -> tuple[CheckedTerm, ...]:
    today = timezone.localdate()
    terms = Term.objects.published().filter(ends__gt=today, level__in=("county", "township")).select_related("congress")
    return tuple(_check(term) for term in sorted(terms, key=lambda term: (term.level != Term.Level.COUNTY, term.congress.code, term.number)))


_checked = Remembered(("area", "district", "doorplate", "organisation"), _read)


def _check(term: Term) -> CheckedTerm:
    districts = list(ElectoralDistrict.objects.filter(term=term).defer("geom", "geom_3857").order_by("code"))
    shapes = dict(query("SELECT id, ST_AsBinary(geom) FROM territory_electoraldistrict WHERE term_id = %s AND geom IS NOT NULL", [term.pk]))
    placed = [district for district in districts if district.pk in shapes]
    polygons = shapely.from_wkb([bytes(shapes[district.pk]) for district in placed])
    doors, outside, strays = _doors(term, polygons)
    found = [*_shape_faults(term, placed, polygons), *_unit_faults(term, districts), *strays]
    return CheckedTerm(term.pk, str(term), len(districts), doors, outside, tuple(found))


def _shape_faults(term: Term, districts: list[ElectoralDistrict], polygons) -> Iterator[DistrictFault]:
    within = query("SELECT ST_AsBinary(geom) FROM territory_adminarea WHERE id = %s", [term.congress_id])[0][0]
    for number, fault in enumerate(faults(polygons, shapely.from_wkb(bytes(within)) if within is not None else None, SIZE_SHOWN)):
        names = [f"“{districts[position].name}”" for position in fault.positions]
        yield DistrictFault(
            f"{term.pk}-{number}", term.pk, fault.kind, _words(fault, names, term.congress.name), fault.square_metres,
            shapely.point_on_surface(fault.shape).coords[0], shapely.geometry.mapping(shapely.set_precision(fault.shape, 1e-7)),
        )  # fmt: skip


def _words(fault: Fault, names: list[str], congress: str) -> str:
    if fault.kind == "overlap":
        return f"{names[0]}和{names[1]}重叠，按编号在前的{names[0]}算"
    if fault.kind == "outside":
        return f"{names[0]}有一块在{congress}以外"
    return f"{'、'.join(names[:4])}{'等' if len(names) > 4 else ''}旁边有一块不属于任何选区" if names else "有一块不属于任何选区"


def _doors(term: Term, polygons) -> tuple[int, int, list[DistrictFault]]:
    """Doorplates of the congress's area, those in no district counted and the first of them named."""
    inside = "" if term.level == Term.Level.COUNTY else "AND town_id = %s"
    rows = query(
        f"SELECT id, ST_X(point), ST_Y(point) FROM territory_doorplate WHERE status = 'active' {inside} ORDER BY code",
        [term.congress_id] if inside else [],
    )
    if not rows or not len(polygons):
        return len(rows), 0, []
    table = np.array(rows, dtype=np.float64)
    stray = np.flatnonzero(PolygonLocator(polygons).locate(table[:, 1], table[:, 2]) < 0)
    named = dict(query("SELECT id, address FROM territory_doorplate WHERE id = ANY(%s)", [[rows[at][0] for at in stray[:DOORS_SHOWN].tolist()]]))
    shown = []
    for at in stray[:DOORS_SHOWN].tolist():
        pk, lon, lat = rows[at]
        point = {"type": "Point", "coordinates": [lon, lat]}
        shown.append(DistrictFault(f"{term.pk}-d{pk}", term.pk, "door", f"{named[pk]}不在任何选区内", at=(lon, lat), shape=point))
    return len(rows), len(stray), shown


def _unit_faults(term: Term, districts: list[ElectoralDistrict]) -> Iterator[DistrictFault]:
    """Districts by unit that name none, and units that two districts name: where would their people vote?"""
    named: dict[int, list[str]] = defaultdict(list)
    units: dict[int, str] = {}
    through = ElectoralDistrict.employers.through.objects.filter(electoraldistrict__term=term).order_by("electoraldistrict__code")
    by_id = {district.pk: district for district in districts}
    with_units = set()
    for district, organisation, name in through.values_list("electoraldistrict_id", "organisation_id", "organisation__name"):
        named[organisation].append(f"“{by_id[district].name}”")
        units[organisation] = name
        with_units.add(district)
    for district in districts:
        if district.basis != ElectoralDistrict.Basis.RESIDENCE and district.pk not in with_units:
            yield DistrictFault(f"{term.pk}-n{district.pk}", term.pk, "nobody", f"“{district.name}”{district.get_basis_display()}划分，却没有列出任何单位")
    for organisation, names in sorted(named.items(), key=lambda pair: units[pair[0]]):
        if len(names) > 1:
            yield DistrictFault(f"{term.pk}-u{organisation}", term.pk, "unit", f"{units[organisation]}同时列入{'、'.join(names)}")


def as_features(found: Iterable[DistrictFault]) -> dict:
    """The faults that have a place, for a map."""
    features = [
        {"type": "Feature", "geometry": fault.shape, "properties": {"id": fault.id, "name": fault.words, "at": fault.at}} for fault in found if fault.shape
    ]
    return {"type": "FeatureCollection", "features": features}


def outlines(term: int) -> dict:
    """The districts of a term, 10 m of detail lost, for a map."""
    rows = query(
        "SELECT code, name, ST_AsBinary(geom) FROM territory_electoraldistrict WHERE term_id = %s AND geom IS NOT NULL ORDER BY code", [term]
    )  # fmt: skip
    shapes = shapely.set_precision(shapely.simplify(shapely.from_wkb([bytes(wkb) for _, _, wkb in rows]), 1e-4), 1e-5)
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": {"code": code, "name": name, "level": "county"}}
            for (code, name, _), shape in zip(rows, shapes, strict=True)
        ],
    }
