"""/representatives/ and /representative-sets/: who holds which seat, for programs that know Represent.

A set is one congress in one term. A deputy of the city or the province has no district of his own: his boundary is the county, by
whose congress he was elected. Nothing here comes from where a deputy lives.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.http import Http404, HttpRequest
from django.urls import reverse

from apps.deputies.models import Mandate
from apps.interop.boundaries import holding
from apps.interop.catalogue import Boundary, BoundarySet, Catalogue, catalogue, district_set_slug
from apps.interop.envelope import asked_day, asked_point, filtered, interface, page, today
from apps.territory.models import Term
from apps.territory.remembered import Remembered

GENDERS = {"male": "M", "female": "F"}
NO_DISTRICT = (Term.Level.CITY, Term.Level.PROVINCE)


@dataclass(frozen=True, eq=False)
class RepresentativeSet:
    """One congress in one term."""

    term: Term

    @cached_property
    def slug(self) -> str:
        return f"congress-{self.term.congress.code}-{self.term.number}"

    @property
    def name(self) -> str:
        return str(self.term)

    @cached_property
    def url(self) -> str:
        return reverse("representatives_representative_set_detail", kwargs={"slug": self.slug})

    def in_force(self, day: dt.date) -> bool:
        return self.term.starts <= day < self.term.ends

    def nearest_day(self, day: dt.date) -> dt.date:
        return min(max(day, self.term.starts), self.term.ends - dt.timedelta(days=1))


@dataclass(frozen=True, eq=False)
class Representative:
    """One seat and who holds it. boundary: the district's, which has none when it is by workplace; the county's for those whom its
    congress elected."""

    mandate: Mandate
    set: RepresentativeSet
    boundary: Boundary | None

    def in_force(self, day: dt.date) -> bool:
        return self.set.in_force(day) and not (self.mandate.ended_on and self.mandate.ended_on <= day)

    @property
    def name(self) -> str:
        return self.mandate.deputy.name

    @property
    def district_name(self) -> str:
        return self.mandate.district.name if self.mandate.district else self.mandate.elected_by

    @property
    def elected_office(self) -> str:
        return f"{self.mandate.term.congress.name}人大代表"

    @property
    def gender(self) -> str:
        return GENDERS.get(self.mandate.deputy.sex, "")

    @cached_property
    def data(self) -> dict:
        deputy, station = self.mandate.deputy, self.mandate.deputy.station
        related = {"representative_set_url": self.set.url}
        return {
            "name": self.name,
            "district_name": self.district_name,
            "elected_office": self.elected_office,
            "source_url": "",
            "first_name": "",
            "last_name": self.name,
            "party_name": "",
            "email": "",
            "url": "",
            "personal_url": "",
            "photo_url": "",
            "gender": self.gender,
            "offices": [{"type": "constituency", "postal": "\n".join(filter(None, (station.name, station.address)))}] if station else [],
            "extra": {"code": deputy.code, "level": self.mandate.term.level, "occupation": deputy.occupation},
            "representative_set_name": self.set.name,
            "related": related | ({"boundary_url": self.boundary.url} if self.boundary else {}),
        }


FILTERS = {
    "name": lambda row: row.name,
    "first_name": lambda row: "",
    "last_name": lambda row: row.name,
    "gender": lambda row: row.gender,
    "district_name": lambda row: row.district_name,
    "elected_office": lambda row: row.elected_office,
    "party_name": lambda row: "",
}


class Seats:
    """Every seat of every term, lowest level first, then by the deputies' codes; `known`: the borders they were read with."""

    def __init__(self, known: Catalogue, mandates: Iterable[Mandate]) -> None:
        self.known = known
        sets: dict[int, RepresentativeSet] = {}
        self.rows = tuple(
            Representative(mandate, sets.setdefault(mandate.term_id, RepresentativeSet(mandate.term)), _boundary(known, mandate)) for mandate in mandates
        )
        self.sets = tuple(sorted(sets.values(), key=lambda each: (each.name, each.slug)))

    def set(self, slug: str) -> RepresentativeSet:
        """Raises Http404."""
        found = next((each for each in self.sets if each.slug == slug), None)
        if found is None:
            raise Http404
        return found


def _boundary(known: Catalogue, mandate: Mandate) -> Boundary | None:
    if mandate.district_id:
        return known.by_row.get(("district", mandate.district_id))
    counties = known.get("counties") if mandate.term.level in NO_DISTRICT else None
    return counties.boundaries[0] if counties else None


def _read() -> Seats:
    order = {level: rank for rank, level in enumerate(("county", "township", "city", "province"))}
    mandates = Mandate.objects.published().select_related("deputy__station", "term__congress", "district")
    mandates = mandates.defer("district__geom", "district__geom_3857", "term__congress__geom", "term__congress__geom_3857")
    return Seats(catalogue(), sorted(mandates, key=lambda mandate: (order[mandate.term.level], mandate.deputy.code, mandate.pk)))


_remembered = Remembered(("area", "district", "organisation", "deputy", "station"), _read)


@interface
def representative_list(request: HttpRequest, set_slug: str = "", slug: str = "") -> dict:
    """All seats, those of one set, or (with both slugs, of a boundary) those elected there."""
    seats, day = _remembered.current(), asked_day(request)
    if slug:
        boundary = seats.known.boundary(set_slug, slug)
        rows = [row for row in seats.rows if row.boundary is boundary and row.in_force(day or row.set.nearest_day(today()))]
    elif set_slug:
        named = seats.set(set_slug)
        on = day or named.nearest_day(today())
        rows = [row for row in seats.rows if row.set is named and row.in_force(on)]
    else:
        rows = [row for row in seats.rows if row.in_force(day or today())]
    rows = filtered(request, rows, FILTERS)
    if "districts" in request.GET:
        wanted = set(request.GET["districts"].split(","))
        rows = [row for row in rows if row.boundary and row.boundary.path in wanted]
    point = asked_point(request, "point")
    if point is not None:
        on = day or today()
        there = set(holding(seats.known, [boundary for boundary in seats.known.by_row.values() if boundary.in_force(on)], *point))
        rows = [row for row in rows if row.boundary in there]
    return page(request, rows, lambda row: row.data)


@interface
def set_list(request: HttpRequest) -> dict:
    seats, day = _remembered.current(), asked_day(request) or today()
    return page(request, [each for each in seats.sets if each.in_force(day)], lambda each: _set_as_data(seats.known, each))


@interface
def set_detail(request: HttpRequest, slug: str) -> dict:
    seats = _remembered.current()
    return _set_as_data(seats.known, seats.set(slug))


def _set_as_data(known: Catalogue, each: RepresentativeSet) -> dict:
    borders = _borders_of(known, each)
    return {
        "name": each.name,
        "url": each.url,
        "data_url": "",
        "data_about_url": "",
        "related": {
            "boundary_set_url": borders.url if borders else "",
            "boundaries_url": borders.boundaries_url if borders else "",
            "representatives_url": reverse("representatives_representative_list", kwargs={"set_slug": each.slug}),
        },
    }


def _borders_of(known: Catalogue, each: RepresentativeSet) -> BoundarySet | None:
    return known.get("counties") if each.term.level in NO_DISTRICT else known.get(district_set_slug(each.term))
