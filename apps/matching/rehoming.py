"""Who goes, who stays and who comes when one term follows another: seats, stations and turns of duty, by the deputies' codes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.deputies.models import Deputy, Mandate, Station
from apps.deputies.rota import DutyTurn
from apps.deputies.workflow import Turn, arrange
from apps.territory.models import ElectoralDistrict
from apps.territory.terms import Term


@dataclass(frozen=True, eq=False)
class Seat:
    """A new district's seats, and who has been entered for them."""

    district: ElectoralDistrict
    holders: tuple[Mandate, ...]

    @property
    def vacant(self) -> int:
        return self.district.seats - len(self.holders)


@dataclass(eq=False)
class StationChange:
    """A station: who leaves it, who comes, who stays, and how many turns of duty those who leave still have."""

    station: Station
    leaving: list[Deputy] = field(default_factory=list)
    coming: list[Deputy] = field(default_factory=list)
    staying: int = 0
    turns: int = 0


@dataclass(frozen=True, eq=False)
class Rehoming:
    """Deputies by code: a person who sits again has the same code in both terms.

    alike: (who comes, who leaves) of one name, sex and year of birth under two codes: probably one person entered twice.
    """

    staying: tuple[tuple[Deputy, Mandate, Mandate], ...]  # with the old and the new mandate
    leaving: tuple[Mandate, ...]
    coming: tuple[Mandate, ...]
    alike: tuple[tuple[Deputy, Deputy], ...]
    seats: tuple[Seat, ...]
    stations: tuple[StationChange, ...]

    @property
    def entered(self) -> bool:
        """Whether anybody has been entered for the new term."""
        return bool(self.staying or self.coming)

    @property
    def vacant(self) -> int:
        return sum(max(seat.vacant, 0) for seat in self.seats)

    @property
    def overfull(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.vacant < 0)


def rehoming(term: Term, before: Term | None) -> Rehoming:
    """In six queries, however many deputies."""
    people = Mandate.objects.select_related("deputy__station", "district").defer(
        "district__geom", "district__geom_3857", "deputy__workplace"
    ).order_by("deputy__code")  # fmt: skip
    old = {mandate.deputy_id: mandate for mandate in people.filter(term=before, ended_on=None)} if before else {}
    new = {mandate.deputy_id: mandate for mandate in people.filter(term=term, ended_on=None)}
    leaving, coming = [m for pk, m in old.items() if pk not in new], [m for pk, m in new.items() if pk not in old]
    gone: dict[tuple, list[Deputy]] = defaultdict(list)
    for mandate in leaving:
        gone[_person(mandate.deputy)].append(mandate.deputy)
    holders: dict[int | None, list[Mandate]] = defaultdict(list)
    for mandate in new.values():
        holders[mandate.district_id].append(mandate)
    districts = ElectoralDistrict.objects.filter(term=term).defer("geom", "geom_3857").order_by("code")
    return Rehoming(
        tuple((new[pk].deputy, old[pk], new[pk]) for pk in old if pk in new),
        tuple(leaving),
        tuple(coming),
        tuple((mandate.deputy, other) for mandate in coming for other in gone[_person(mandate.deputy)]),
        tuple(Seat(district, tuple(holders[district.pk])) for district in districts),
        _stations(term, before, leaving, coming, [new[pk].deputy for pk in old if pk in new]),
    )


def _person(deputy: Deputy) -> tuple:
    return deputy.name, deputy.sex, deputy.birth_year


def _stations(term: Term, before: Term | None, leaving: list[Mandate], coming: list[Mandate], staying: list[Deputy]) -> tuple[StationChange, ...]:
    """Only those whose deputies change; who keeps a seat in another congress does not leave his station."""
    seated = seated_after(term, before, [mandate.deputy_id for mandate in leaving])
    found: dict[int, StationChange] = {}

    def at(deputy: Deputy) -> StationChange:
        return found.setdefault(deputy.station_id, StationChange(deputy.station))

    for mandate in leaving:
        if mandate.deputy.station_id and mandate.deputy_id not in seated:
            at(mandate.deputy).leaving.append(mandate.deputy)
    for mandate in coming:
        if mandate.deputy.station_id:
            at(mandate.deputy).coming.append(mandate.deputy)
    for deputy in staying:
        if deputy.station_id in found:
            found[deputy.station_id].staying += 1
    for turn in empty_turns(term, before, seated):
        found.setdefault(turn.rota.station_id, StationChange(turn.rota.station)).turns += 1
    return tuple(sorted(found.values(), key=lambda change: change.station.code))


def seated_after(term: Term, before: Term | None, deputies: Iterable[int]) -> set[int]:
    """Of these deputies (ids), those who have a seat on the day on which the term begins, the one before having ended."""
    mandates = Mandate.objects.filter(deputy__in=list(deputies)).exclude(term=before)
    mandates = mandates.filter(Q(ended_on=None) | Q(ended_on__gt=term.starts))
    in_force = Q(term__state=Term.State.PUBLISHED, term__starts__lte=term.starts, term__ends__gt=term.starts)
    return set(mandates.filter(Q(term=term) | in_force).values_list("deputy", flat=True))


def empty_turns(term: Term, before: Term | None, seated: set[int] | None = None) -> list[DutyTurn]:
    """Turns of duty from the term's first day on of those whose seat ends with the term before."""
    if before is None:
        return []
    held = set(Mandate.objects.filter(term=before).values_list("deputy", flat=True))
    seated = seated_after(term, before, held) if seated is None else seated | seated_after(term, before, held - seated)
    since = max(term.starts, timezone.localdate())
    turns = DutyTurn.objects.filter(day__gte=since, deputy__in=held - seated)
    return list(turns.select_related("rota__station").order_by("rota", "day", "order"))


def hand_turns_on(user: User, term: Term, before: Term | None) -> int:
    """Give the turns of those who leave to the station's deputies of the new term, newcomers first, one after the other; how many.

    Nothing happens before anybody has been entered for the term. The caller holds the transaction.
    """
    if not Mandate.objects.filter(term=term).exists():
        return 0
    empty = empty_turns(term, before)
    gone = {turn.deputy_id for turn in empty}
    months: dict[tuple[int, dt.date], set[dt.date]] = defaultdict(set)
    for turn in empty:
        months[turn.rota_id, turn.day.replace(day=1)].add(turn.day)
    rotas = {turn.rota_id: turn.rota for turn in empty}
    others = _successors(term, before, {rota.station_id for rota in rotas.values()})
    for (rota_id, month), days in sorted(months.items()):
        rota, ring = rotas[rota_id], others.get(rotas[rota_id].station_id, [])
        table: dict[dt.date, list[Turn]] = {}
        for day in sorted(days):
            turns = list(rota.turns.filter(day=day).select_related("deputy").order_by("order"))
            taken = {turn.deputy_id for turn in turns if turn.deputy_id not in gone}
            table[day] = []
            for turn in turns:
                if turn.deputy_id not in gone:
                    table[day].append(Turn(turn.deputy, turn.absent))
                    continue
                heir = next((deputy for deputy in ring if deputy.pk not in taken), None)
                if heir:
                    taken.add(heir.pk)
                    ring.remove(heir)
                    ring.append(heir)
                    table[day].append(Turn(heir))
        rota.refresh_from_db(fields=["version"])
        arrange(user, rota.station, month, table, version=rota.version)
    return len(empty)


def _successors(term: Term, before: Term | None, stations: set[int]) -> dict[int, list[Deputy]]:
    """Who sits in the new term, by station: newcomers before those who sat already, each by code."""
    sat = set(Mandate.objects.filter(term=before).values_list("deputy", flat=True)) if before else set()
    here = Deputy.objects.filter(station__in=stations, mandates__term=term, mandates__ended_on=None).distinct().order_by("code")
    found: dict[int, list[Deputy]] = defaultdict(list)
    for deputy in sorted(here, key=lambda deputy: deputy.pk in sat):
        found[deputy.station_id].append(deputy)
    return found
