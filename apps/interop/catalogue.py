"""Everything that has a border here, as sets of boundaries: the districts of one congress and term, the areas of one level.

Read once a process and kept without geometry, which stays in the database (`shapes`). A set's slug names congress and term, so
that a link keeps its meaning when districts are drawn anew. A district by workplace has no border and stands in no set.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import shapely
from django.contrib.gis.db.models.functions import AsWKB, Centroid, Envelope
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from apps.territory.models import AdminArea, ElectoralDistrict, Term
from apps.territory.remembered import Remembered

LEVELS = {  # slug and name of the set of each level
    AdminArea.Level.PROVINCE: ("provinces", "省级行政区"),
    AdminArea.Level.CITY: ("cities", "市级行政区"),
    AdminArea.Level.COUNTY: ("counties", "县级行政区"),
    AdminArea.Level.TOWN: ("towns", "乡镇街道"),
    AdminArea.Level.VILLAGE: ("villages", "村社"),
}


@dataclass(frozen=True, eq=False)
class Boundary:
    kind: Literal["district", "area"]
    pk: int
    slug: str
    external_id: str
    name: str
    metadata: dict
    starts: dt.date | None
    ends: dt.date | None  # the first day on which it is no longer in force
    extent: list[float]
    centroid: tuple[float, float]
    set: "BoundarySet" = field(init=False)

    def in_force(self, day: dt.date) -> bool:
        return (self.starts is None or self.starts <= day) and (self.ends is None or day < self.ends)

    @property
    def path(self) -> str:
        return f"{self.set.slug}/{self.slug}"

    @property
    def url(self) -> str:
        return f"{self.set.boundaries_url}{self.slug}/"


@dataclass(frozen=True, eq=False)
class BoundarySet:
    slug: str
    name: str
    singular: str
    authority: str
    domain: str
    level: str  # two boundaries of one level and beginning do not both hold a place: on a border the lowest code does
    starts: dt.date | None
    ends: dt.date | None
    updated: dt.date | None  # when the borders were last drawn, as far as it is known
    notes: str
    extra: dict
    boundaries: tuple[Boundary, ...]

    def __post_init__(self) -> None:
        for boundary in self.boundaries:
            object.__setattr__(boundary, "set", self)

    def in_force(self, day: dt.date) -> bool:
        return (self.starts is None or self.starts <= day) and (self.ends is None or day < self.ends)

    def nearest_day(self, day: dt.date) -> dt.date:
        """That day, or the set's own first or last one when it lies outside."""
        if self.starts and day < self.starts:
            return self.starts
        return self.ends - dt.timedelta(days=1) if self.ends and day >= self.ends else day

    @cached_property
    def url(self) -> str:
        return reverse("boundaries_set_detail", kwargs={"slug": self.slug})

    @cached_property
    def boundaries_url(self) -> str:
        return reverse("boundaries_boundary_list", kwargs={"set_slug": self.slug})

    @cached_property
    def extent(self) -> list[float]:
        west, south, east, north = zip(*(boundary.extent for boundary in self.boundaries), strict=True)
        return [min(west), min(south), max(east), max(north)]

    @cached_property
    def by_slug(self) -> dict[str, Boundary]:
        return {boundary.slug: boundary for boundary in self.boundaries}


class Catalogue:
    """All sets by name; boundaries by where they are found."""

    def __init__(self, sets: Iterable[BoundarySet]) -> None:
        self.sets = tuple(sorted(sets, key=lambda each: (each.name, each.slug)))
        self._by_slug = {each.slug: each for each in self.sets}
        self.by_row = {(boundary.kind, boundary.pk): boundary for each in self.sets for boundary in each.boundaries}

    def set(self, slug: str) -> BoundarySet:
        """Raises Http404."""
        if slug not in self._by_slug:
            raise Http404
        return self._by_slug[slug]

    def get(self, slug: str) -> BoundarySet | None:
        return self._by_slug.get(slug)

    def boundary(self, set_slug: str, slug: str) -> Boundary:
        """Raises Http404."""
        found = self.set(set_slug).by_slug.get(slug)
        if found is None:
            raise Http404
        return found


def district_set_slug(term: Term) -> str:
    return f"districts-{term.congress.code}-{term.number}"


def _read() -> Catalogue:
    county = AdminArea.objects.county()
    return Catalogue([*_area_sets(county), *_district_sets()])


def _district_sets() -> Iterable[BoundarySet]:
    rows = ElectoralDistrict.objects.published().filter(geom__isnull=False).select_related("term__congress").prefetch_related("employers")
    by_term = defaultdict(list)
    for row in _measured(rows):
        by_term[row.term].append(row)
    for term, districts in by_term.items():
        yield BoundarySet(
            slug=district_set_slug(term),
            name=f"{term.congress.name}第{term.number}届人大代表选区",
            singular=f"{term.congress.name}第{term.number}届人大代表选区",
            authority=f"{term.congress.name}选举委员会",
            domain=term.congress.name,
            level=f"{term.level} {term.starts}",
            starts=term.starts,
            ends=term.ends,
            updated=timezone.localdate(term.published_at) if term.published_at else term.starts,
            notes=_notes(term.congress),
            extra={"congress": term.congress.code, "term": term.number, "level": term.level},
            boundaries=tuple(_district(row) for row in districts),
        )


def _district(row: ElectoralDistrict) -> Boundary:
    metadata = {
        "code": row.code, "number": row.number, "seats": row.seats, "basis": row.basis, "population": row.population,
        "employers": sorted(employer.name for employer in row.employers.all()),
    }  # fmt: skip
    return Boundary("district", row.pk, str(row.number), row.code, row.name, metadata, row.term.starts, row.term.ends, row.extent, row.centre)


def _area_sets(county: AdminArea | None) -> Iterable[BoundarySet]:
    by_level = defaultdict(list)
    for row in _measured(AdminArea.objects.filter(geom__isnull=False).select_related("parent")):
        by_level[row.level].append(row)
    for level, areas in by_level.items():
        slug, name = LEVELS[level]
        yield BoundarySet(
            slug=slug,
            name=name,
            singular=AdminArea.Level(level).label,
            authority="",
            domain=county.name if county else "",
            level=level,
            starts=None,
            ends=None,
            updated=max((row.valid_from for row in areas if row.valid_from), default=None),
            notes=_notes(*areas),
            extra={"level": level},
            boundaries=tuple(_area(row) for row in areas),
        )


def _area(row: AdminArea) -> Boundary:
    metadata = {
        "code": row.code, "level": row.level, "kind": row.kind, "parent": row.parent.code if row.parent else "", "has_congress": row.has_congress,
        "population": row.population, "former_names": [name for name in re.split("[;；]", row.former_names) if name],
    }  # fmt: skip
    return Boundary("area", row.pk, row.code, row.code, row.name, metadata, row.valid_from, row.valid_to, row.extent, row.centre)


def _notes(*areas: AdminArea) -> str:
    return "合成数据，仅供演示。" if any(area.synthetic for area in areas) else ""


def _measured(rows):
    """The rows by code without their geometry, but with its `extent` (west, south, east, north) and `centre`, in degrees."""
    found = rows.defer("geom", "geom_3857").annotate(box_wkb=AsWKB(Envelope("geom")), centre_wkb=AsWKB(Centroid("geom"))).order_by("code")
    for row in found:
        row.extent = list(shapely.from_wkb(bytes(row.box_wkb)).bounds)
        centre = shapely.from_wkb(bytes(row.centre_wkb))
        row.centre = (centre.x, centre.y)
        yield row


_remembered = Remembered(("area", "district", "organisation"), _read)


def catalogue() -> Catalogue:
    """The catalogue of this process, no older than a second after a change of its layers."""
    return _remembered.current()
