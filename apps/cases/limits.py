"""Cases' limits, for the calendar to count again when it changes."""

import datetime as dt

from apps.cases.models import Case, CaseEvent
from apps.worktime.recount import Room


def _write(case: Case, due: dt.date) -> list[str]:
    case.due_on = due
    return ["due_on"]


ROOM = Room(
    running=Case.objects.open,
    events=CaseEvent,
    step=lambda case: case.state,
    write=_write,
    told=lambda case: {"state": case.state, "holder": case.holder()},
)
