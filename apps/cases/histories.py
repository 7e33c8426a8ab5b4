"""The history of a case that was handled elsewhere, told in the verbs of our own loop from the times that the file gives.

A file knows when a case was filed, passed on, assigned, answered and rated; the steps between follow from its level. What a town
does with its own unit stays inside the town: only county matters go through the government's dispatcher. Where there are no towns
their place is the county office's, as in `workflow.submit`. Times must not run backwards. Nothing here asks the database.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

REPORTER, DISPATCHER, COUNTY_OFFICE = "反映人", "县政府办公室", "县人大常委会工委"

DueOn = Callable[[str, dt.date], dt.date]


@dataclass(frozen=True)
class Past:
    """What a file says about one case, with the names that its events are written with. Times are aware, in Chinese time."""

    submitted_at: dt.datetime
    level: str
    deputy: str = ""
    town_office: str = ""
    passed_at: dt.datetime | None = None
    unit: str = ""
    assigned_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    answer: str = ""
    rated_at: dt.datetime | None = None
    rating: str = ""
    deputy_code: str = ""
    unit_code: str = ""
    has_town: bool = True

    def fault(self) -> str:
        """Why this cannot have happened, in Chinese; empty when it can."""
        if self.level == "deputy" and (self.passed_at or self.assigned_at or self.unit):
            return "分级是代表级，却有转交或交办：请把分级改为镇级或县级"
        if self.level == "county" and bool(self.unit) != bool(self.assigned_at):
            return "承办单位和交办时间要么都填，要么都不填"
        if bool(self.answered_at) != bool(self.answer):
            return "答复时间和答复内容要么都填，要么都不填"
        if bool(self.rated_at) != bool(self.rating):
            return "评价时间和满意度要么都填，要么都不填"
        if self.rated_at and not self.answered_at:
            return "还没有答复，不能有评价"
        if self.answered_at and self.level == "county" and not self.unit:
            return "县级民情件已答复，但没有承办单位"
        times = [at for at in (self.submitted_at, self.passed_at, self.assigned_at, self.answered_at, self.rated_at) if at]
        return "" if times == sorted(times) else "提交、转交、交办、答复、评价的时间先后不对"


@dataclass(frozen=True)
class Happened:
    """One event: the state it led to, and the last day of the step that then began."""

    verb: str
    at: dt.datetime
    by: str
    state: str
    holder: str
    due_on: dt.date | None
    note: str = ""
    extra: tuple[tuple[str, object], ...] = ()

    @property
    def data(self) -> dict:
        due = self.due_on.isoformat() if self.due_on else None
        return {"state": self.state, "holder": self.holder, "due_on": due, **dict(self.extra)}


def told(past: Past, due_on: DueOn) -> list[Happened]:
    """The events of a past without fault, oldest first."""
    holders = {
        "with_deputy": f"{past.deputy}代表", "with_town": past.town_office, "with_county": COUNTY_OFFICE, "with_dispatcher": DISPATCHER,
        "with_unit": past.unit, "answered": "已答复，等反映人评价", "closed": "已办结",
    }  # fmt: skip
    events: list[Happened] = []

    def then(verb: str, at: dt.datetime, by: str, state: str, note: str = "", **extra: object) -> None:
        due = due_on(state, at.date()) if state.startswith("with_") else None
        events.append(Happened(verb, at, by, state, holders[state], due, note, tuple(extra.items())))

    office, to_office = ("with_town", "pass_to_town") if past.has_town else ("with_county", "pass_to_county")
    first = "with_deputy" if past.deputy else office
    then("submit", past.submitted_at, REPORTER, first, deputy_code=past.deputy_code)
    passed = past.passed_at or past.assigned_at or past.submitted_at
    if past.level == "county":
        if first != "with_county":
            then("pass_to_county", passed, holders[first], "with_county")
        if past.passed_at or past.assigned_at:
            then("pass_to_dispatcher", passed, COUNTY_OFFICE, "with_dispatcher")
    elif past.level == "town" and first == "with_deputy":
        then(to_office, passed, holders[first], office)
    if past.level == "county" and past.assigned_at:
        then("assign_to_unit", past.assigned_at, DISPATCHER, "with_unit", unit=past.unit, unit_code=past.unit_code)
    if past.answered_at:
        last = events[-1]
        verb = {"with_deputy": "answer_as_deputy", "with_unit": "answer_as_unit", "with_county": "answer_as_county"}.get(last.state, "answer_as_town")
        late = last.due_on is not None and past.answered_at.date() > last.due_on
        then(verb, past.answered_at, last.holder, "answered", past.answer, told=False, late=late)
    if past.rated_at:
        then("rate", past.rated_at, REPORTER, "closed", score=past.rating)
    return events
