"""Districts by unit: who is registered where he works finds his deputies by the name of his employer.

A unit is named by districts 按单位 and 居住与单位联合; one that none names votes where it stands, if its people register there at all.
"""

import datetime as dt
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from apps.matching.engine import Engine, engine
from apps.matching.finding import FoundDeputy, OutsideCounty, Place, deputies_of, find_in
from apps.organisations.models import Organisation
from apps.territory.addressing import plain
from apps.territory.models import AdminArea, ElectoralDistrict, Term

CHOICES = 5
SHORTEST = 2  # characters: with fewer anything would match
Kind = Organisation.Kind
ORGANS = frozenset({Kind.CONGRESS, Kind.GOVERNMENT, Kind.DISPATCHER, Kind.DEPARTMENT, Kind.COURT})

_names: WeakKeyDictionary[Engine, list[tuple[tuple[str, ...], Organisation]]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Employer:
    """A unit with the districts that name it, who serves those, and the place where it stands (None when nobody knows)."""

    organisation: Organisation
    districts: tuple[ElectoralDistrict, ...]
    deputies: tuple[FoundDeputy, ...]
    place: Place | None
    county_organ: bool  # its people vote at county level only

    @property
    def joint(self) -> bool:
        return any(district.basis == ElectoralDistrict.Basis.JOINT for district in self.districts)

    @property
    def vacant(self) -> tuple[ElectoralDistrict, ...]:
        served = {found.district.pk for found in self.deputies if found.district}
        return tuple(district for district in self.districts if district.pk not in served)


def named(text: str) -> tuple[Organisation, ...]:
    """Units of that name, or whose name holds it or stands in it, the likeliest first; at most five. One of exactly that name is alone."""
    wanted = plain(text)
    if len(wanted) < SHORTEST:
        return ()
    current = engine()
    if current not in _names:
        _names[current] = [(_spellings(row), row) for row in current.organisations]
    exact, held = [], []
    for names, row in _names[current]:
        if wanted in names:
            exact.append(row)
        elif fits := [abs(len(name) - len(wanted)) for name in names if wanted in name or (len(name) > 3 and name in wanted)]:
            held.append((min(fits), row.code, row))
    if exact:
        return tuple(exact[:CHOICES])
    return tuple(row for *_, row in sorted(held, key=lambda fit: fit[:2])[:CHOICES])


def is_called(organisation: Organisation, text: str) -> bool:
    """Whether that is a name of the unit, and not only a part of one."""
    return plain(text) in _spellings(organisation)


def employer(organisation: Organisation, on: dt.date) -> Employer:
    """What holds for those who are registered with a unit on a day."""
    day = engine().on(on)
    county_organ = bool(day.towns.rows) and organisation.kind in ORGANS and any(organisation.area_code == row.code for row in day.county.rows)
    districts = day.districts_of.get(organisation.pk, ())
    if county_organ:
        districts = tuple(district for district in districts if district.term.level == Term.Level.COUNTY)
    at = (organisation.point.x, organisation.point.y) if organisation.point else None
    try:
        place = find_in(day, *at) if at else None
    except OutsideCounty:
        place = None
    return Employer(organisation, districts, deputies_of(day, districts, "您单位所在选区的代表"), place, county_organ)


def by_code(code: str) -> Organisation | None:
    return next((row for row in engine().organisations if row.code == code), None)


def street_without_congress(place: Place) -> AdminArea | None:
    """The 街道 the place lies in: it has no congress, so only county deputies are elected there."""
    return place.town if place.town.level == AdminArea.Level.TOWN and not place.town.has_congress else None


def _spellings(organisation: Organisation) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (plain(organisation.name), plain(organisation.short_name)) if name))
