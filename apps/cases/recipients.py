"""Who a report goes to first: the deputies of the place, or the one it is written to, who may serve elsewhere.

Of the place's own deputies the nearest answers first. When more waits for him than one can see to, whoever of them has his turn at the place's
station today relieves him, else the nearest of all where every waiting case counts as some way further off. Where the district has no deputy, whoever
has his turn at the station takes it.
"""

import datetime as dt
import math
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Count

from apps.cases.models import Case
from apps.deputies.rota import DutyTurn
from apps.matching.finding import FoundDeputy, Place, Side, addressed, engine
from apps.territory.models import AdminArea

ADDRESSEE, LOCAL = "addressee", "local"
PER_CASE = 300.0  # metres
UNKNOWN = 20_000.0  # metres that one counts as who can be met nowhere known


@dataclass(frozen=True, eq=False)
class Recipient:
    """local: who answers first at the place, on the side that was chosen. addressee: whom the report is for, if it names somebody in office.

    elsewhere: the addressee does not serve the place, so the reporter is asked. gone: it names somebody who is not in office.
    """

    local: FoundDeputy | None
    addressee: FoundDeputy | None
    elsewhere: bool
    gone: bool

    @property
    def first(self) -> FoundDeputy | None:
        return self.addressee or self.local


def recipient(place: Place, side: Side | None, to: str) -> Recipient:
    """to: the code of the deputy it is for; empty for whoever answers first at the place."""
    here = side.deputies if side else place.deputies
    local = _first(place, side, here)
    seats = addressed(place.day, to) if to else ()
    serves = next((found for found in here if found.deputy.code == to), None)
    above = next((seat for seat in seats if seat.district is None), None)  # of city or province: serves the whole county
    addressee = serves or above or (seats[0] if seats else None)
    return Recipient(local, addressee, elsewhere=bool(seats) and not serves and not above, gone=bool(to) and not seats)


def _first(place: Place, side: Side | None, here: tuple[FoundDeputy, ...]) -> FoundDeputy | None:
    """here: the deputies of the side, nearest first."""
    if not here:
        return _on_duty(place)
    nearest = here[0]
    if len({found.deputy.pk for found in here}) == 1:
        return nearest
    loads = _loads(here)
    had = loads.get(nearest.deputy.pk, 0)
    if had < settings.DEPUTY_BUSY_AT:
        return nearest
    turn = _turn(place)
    relief = next((found for found in here if found.deputy.pk == turn and loads.get(turn, 0) < had), None)
    why = f"今天在{place.nearest_station.name}值班" if relief and place.nearest_station else ""
    if relief is None:
        metres = _metres(place, side, here)
        relief = min(here, key=lambda found: metres[found.deputy.pk] + PER_CASE * loads.get(found.deputy.pk, 0))
    if relief.deputy.pk == nearest.deputy.pk:
        return nearest
    full = f"离得最近的{nearest.deputy.name}代表手上有 {had} 件未办完，{relief.deputy.name}代表有 {loads.get(relief.deputy.pk, 0)} 件"
    return replace(relief, reasons=(*relief.reasons, *([why] if why else []), full))


def _on_duty(place: Place) -> FoundDeputy | None:
    """Whoever has his turn at the station of a place that has no deputy of its own."""
    turn = _turn(place)
    code = next((code for code, mandates in place.day.mandates_of.items() if mandates[0].deputy_id == turn), "") if turn else ""
    seat = next(iter(addressed(place.day, code)), None) if code else None
    if seat is None or place.nearest_station is None:
        return None
    return replace(seat, reasons=("此地选区没有在任代表", f"今天在{place.nearest_station.name}值班"))


def _turn(place: Place) -> int | None:
    """Id of the deputy whose turn it is today at the station of the place's town, if the rota gives anybody one."""
    if place.nearest_station is None:
        return None
    town = place.town.code[:9] if place.town.level == AdminArea.Level.TOWN else place.town.code[:6]
    there = {"rota__station": place.nearest_station.pk, "rota__station__area__code__startswith": town}
    turns = DutyTurn.objects.filter(**there, day=place.on, absent=False).order_by("order")
    return turns.values_list("deputy_id", flat=True).first()


def _metres(place: Place, side: Side | None, here: tuple[FoundDeputy, ...]) -> dict[int, float]:
    """By deputy id, to his nearest public place; the order of `here` comes from the same."""
    districts = side.districts if side else tuple(found.district for found in place.districts)
    candidates = place.day.candidates(district.pk for district in districts)
    order, metres, _ = (ranked[0] for ranked in candidates.rank(place.lon, place.lat))
    found: dict[int, float] = {one.deputy.pk: UNKNOWN for one in here}
    for index, distance in zip(order, metres, strict=True):
        pk = candidates.mandates[index].deputy_id
        found[pk] = min(found.get(pk, UNKNOWN), float(distance) if math.isfinite(distance) else UNKNOWN)
    return found


def _loads(here: tuple[FoundDeputy, ...]) -> dict[int, int]:
    """By deputy id, how many cases wait for him; served by the index on deputy and state."""
    waiting = Case.objects.filter(deputy__in={found.deputy.pk for found in here}, state=Case.State.WITH_DEPUTY)
    return dict(waiting.order_by().values_list("deputy").annotate(cases=Count("pk")))


def named(to: str, on: dt.date) -> FoundDeputy | None:
    """The deputy a report is for, before its place is known; None when he is not in office."""
    seats = addressed(engine().on(on), to) if to else ()
    return seats[0] if seats else None
