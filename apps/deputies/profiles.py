"""What the public pages say about a deputy: his seats, his station, when he is there next; and who serves after him. Never a home."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from apps.deputies.models import Deputy, Mandate
from apps.deputies.rota import DutyTurn
from apps.territory.models import ElectoralDistrict

TURNS_SHOWN = 3
YEAR = dt.timedelta(days=365)
NO_SHAPES = [f"{row}__{shape}" for row in ("district", "term__congress") for shape in ("geom", "geom_3857")]


@dataclass(frozen=True, eq=False)
class Seat:
    """One mandate in words: 方格县人大代表, and what for: the district, or the area for those whom a congress has elected."""

    mandate: Mandate

    @property
    def title(self) -> str:
        return f"{self.mandate.term.congress.name}人大代表"

    @property
    def of(self) -> str:
        district = self.mandate.district
        return district.name if district else f"由{self.mandate.elected_by}选举"

    @property
    def by_area(self) -> bool:
        """Of the city or the province: no district, but everybody in the county may turn to him."""
        return self.mandate.district_id is None


@dataclass(frozen=True, eq=False)
class Profile:
    """A deputy on a day. `seats` in force then; `turns` the next ones; `served` the turns of the year before that he did not miss."""

    deputy: Deputy
    seats: tuple[Seat, ...]
    turns: tuple[DutyTurn, ...] = ()
    served: int = 0

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(seat.title if seat.by_area else f"{seat.title} · {seat.of}" for seat in self.seats)

    @property
    def has_district(self) -> bool:
        return any(not seat.by_area for seat in self.seats)


def profiles(deputies: Iterable[Deputy], on: dt.date) -> list[Profile]:
    """With their seats only, in one query."""
    deputies = list(deputies)
    seats: dict[int, list[Seat]] = defaultdict(list)
    for mandate in _mandates().in_force(on).filter(deputy__in=deputies):
        seats[mandate.deputy_id].append(Seat(mandate))
    return [Profile(deputy, tuple(seats[deputy.pk])) for deputy in deputies]


def profile(deputy: Deputy, on: dt.date) -> Profile:
    """With turns, in three queries."""
    seats = profiles([deputy], on)[0].seats
    turns = DutyTurn.objects.filter(deputy=deputy).select_related("rota__station")
    served = DutyTurn.objects.filter(deputy=deputy, day__lt=on, day__gte=on - YEAR, absent=False, order=1).count()
    return Profile(deputy, seats, tuple(turns.coming(on)[:TURNS_SHOWN]), served)


def successors(deputy: Deputy, on: dt.date) -> list[Profile]:
    """Who serves now where a deputy served last: those of the same district, or, when its term is over, of the district in force
    around the middle of the old one in the same congress; for a city or province deputy whoever now sits there in his stead."""
    last = _mandates().filter(deputy=deputy, term__starts__lte=on).order_by("-term__starts", "-term__ends")
    newest = [mandate for mandate in last if mandate.term.ends == last[0].term.ends]
    found: dict[int, Deputy] = {}
    for mandate in newest:
        for serving in _after(mandate, on):
            if serving.deputy_id != deputy.pk:
                found.setdefault(serving.deputy_id, serving.deputy)
    return profiles(found.values(), on)


def _after(mandate: Mandate, on: dt.date) -> Iterable[Mandate]:
    serving = Mandate.objects.in_force(on).select_related("deputy__station").order_by("deputy__code")
    if mandate.district_id is None:
        return []
    if mandate.term.starts <= on < mandate.term.ends:
        return serving.filter(district=mandate.district_id)
    old = ElectoralDistrict.objects.get(pk=mandate.district_id)
    if old.geom is None:  # by workplace: the district of the same name, if the new term has one
        return serving.filter(district__name=old.name, term__congress=mandate.term.congress_id)
    now = ElectoralDistrict.objects.covering(old.geom.point_on_surface, on).filter(term__congress=mandate.term.congress_id)
    return serving.filter(district__in=now)


def _mandates():
    return Mandate.objects.published().select_related("term__congress", "district").defer(*NO_SHAPES).order_by("term__level", "term__congress__code")
