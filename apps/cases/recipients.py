"""Who a report goes to first: the deputies of the place, or the one it is written to, who may serve elsewhere."""

import datetime as dt
from dataclasses import dataclass

from apps.matching.finding import FoundDeputy, Place, Side, addressed, engine

ADDRESSEE, LOCAL = "addressee", "local"


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
    local = here[0] if here else None
    seats = addressed(place.day, to) if to else ()
    serves = next((found for found in here if found.deputy.code == to), None)
    above = next((seat for seat in seats if seat.district is None), None)  # of city or province: serves the whole county
    addressee = serves or above or (seats[0] if seats else None)
    return Recipient(local, addressee, elsewhere=bool(seats) and not serves and not above, gone=bool(to) and not seats)


def named(to: str, on: dt.date) -> FoundDeputy | None:
    """The deputy a report is for, before its place is known; None when he is not in office."""
    seats = addressed(engine().on(on), to) if to else ()
    return seats[0] if seats else None
