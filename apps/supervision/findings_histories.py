"""The history of a finding that was handled elsewhere, told in the verbs of our own loop from the times that a file gives.

Times must not run backwards, and nothing may be there that what came before it does not allow. Nothing here asks the database.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.cases.histories import Happened

OFFICE, DISPATCHER = "县人大常委会工委", "县政府办公室"
DueOn = Callable[[str, dt.date, int | None], dt.date]  # step, start, working days if they were given


@dataclass(frozen=True)
class Past:
    """What a file says about one finding, with the names that its events are written with. Times are aware, in Chinese time."""

    raised_at: dt.datetime
    deputy: str
    severity: int = 1
    forwarded_at: dt.datetime | None = None
    declined_at: dt.datetime | None = None
    decline_reason: str = ""
    unit: str = ""
    unit_code: str = ""
    co_units: str = ""
    assigned_at: dt.datetime | None = None
    limit_days: int | None = None
    reminded_at: dt.datetime | None = None
    overseen_at: dt.datetime | None = None
    oversight: str = ""
    answered_at: dt.datetime | None = None
    answer: str = ""
    sent_back_at: dt.datetime | None = None
    send_back_reason: str = ""
    reanswered_at: dt.datetime | None = None
    reanswer: str = ""
    closed_at: dt.datetime | None = None
    result: str = ""

    def fault(self) -> str:
        """Why this cannot have happened, in Chinese; empty when it can."""
        together = (
            ("不予转交时间", self.declined_at, "不予转交理由", self.decline_reason), ("主办单位", self.unit, "交办时间", self.assigned_at),
            ("答复时间", self.answered_at, "整改答复", self.answer), ("退回重办时间", self.sent_back_at, "退回重办理由", self.send_back_reason),
            ("再次答复时间", self.reanswered_at, "再次答复", self.reanswer), ("办结时间", self.closed_at, "确认结果", self.result),
            ("督办时间", self.overseen_at, "督办意见", self.oversight),
        )  # fmt: skip
        for one, first, other, second in together:
            if bool(first) != bool(second):
                return f"{one}和{other}要么都填，要么都不填"
        needs = (
            ("交办", self.assigned_at, "转交时间", self.forwarded_at), ("答复", self.answered_at, "交办时间", self.assigned_at),
            ("退回重办", self.sent_back_at, "答复时间", self.answered_at), ("再次答复", self.reanswered_at, "退回重办时间", self.sent_back_at),
            ("办结", self.closed_at, "答复时间", self.answered_at), ("督办", self.overseen_at, "交办时间", self.assigned_at),
            ("催办", self.reminded_at, "交办时间", self.assigned_at),
        )  # fmt: skip
        for what, at, needed, before in needs:
            if at and not before:
                return f"有{what}，却没有{needed}"
        if self.declined_at and self.forwarded_at:
            return "不予转交和转交只能有一个"
        if self.closed_at and self.sent_back_at and not self.reanswered_at:
            return "退回重办后还没有再次答复，不能办结"
        times = [at for at in (self.raised_at, self.forwarded_at or self.declined_at, self.assigned_at, self.answered_at, self.sent_back_at, self.reanswered_at, self.closed_at) if at]
        if times != sorted(times):
            return "提出、转交、交办、答复、退回、办结的时间先后不对"
        between = [at for at in (self.reminded_at, self.overseen_at) if at]
        end = self.answered_at
        if any(at < self.assigned_at or (end and at > end) for at in between):
            return "催办、督办的时间要在交办之后、第一次答复之前"
        return ""


@dataclass
class Told:
    """A finding as its history leaves it, and that history, oldest first."""

    events: list[Happened] = field(default_factory=list)
    rectify_by: dt.date | None = None
    late: bool = False
    answer: str = ""
    answered_at: dt.datetime | None = None

    @property
    def state(self) -> str:
        return self.events[-1].state

    @property
    def due_on(self) -> dt.date | None:
        return self.events[-1].due_on


def told(past: Past, due_on: DueOn) -> Told:
    """What a past without fault becomes."""
    out = Told()
    holders = {"raised": OFFICE, "with_dispatcher": DISPATCHER, "with_unit": past.unit, "answered": f"{past.deputy}代表", "closed": "已办结", "declined": "不予转交"}

    def then(verb: str, at: dt.datetime, by: str, state: str, due: dt.date | None, note: str = "", **extra: object) -> None:
        out.events.append(Happened(verb, at, by, state, holders[state], due, note, tuple(extra.items())))

    def answered(at: dt.datetime, text: str) -> None:
        late = out.rectify_by is not None and at.date() > out.rectify_by
        out.late, out.answer, out.answered_at = out.late or late, text, at
        then("answer", at, past.unit, "answered", due_on("finding_confirm", at.date(), None), text, unit=past.unit, late=late, photos=0, by_clerk=False)

    then("raise", past.raised_at, past.deputy, "raised", due_on("finding_forward", past.raised_at.date(), None), severity=past.severity, photos=0)
    if past.declined_at:
        then("decline", past.declined_at, OFFICE, "declined", None, past.decline_reason)
    if past.forwarded_at:
        then("forward", past.forwarded_at, OFFICE, "with_dispatcher", due_on("finding_assign", past.forwarded_at.date(), None))
    if past.assigned_at:
        out.rectify_by = due_on("finding_answer", past.assigned_at.date(), past.limit_days)
        then("assign", past.assigned_at, DISPATCHER, "with_unit", out.rectify_by, unit=past.unit, unit_code=past.unit_code, **{"with": past.co_units})
    for at, verb in sorted((at, verb) for at, verb in ((past.reminded_at, "remind"), (past.overseen_at, "oversee")) if at):
        if verb == "remind":
            then("remind", at, OFFICE, "with_unit", out.rectify_by, times=1)
        else:
            then("oversee", at, OFFICE, "with_unit", out.rectify_by, past.oversight, body=OFFICE, decided_on=at.date().isoformat())
    if past.answered_at:
        answered(past.answered_at, past.answer)
    if past.sent_back_at:
        out.rectify_by = due_on("finding_redo", past.sent_back_at.date(), None)
        then("send_back", past.sent_back_at, past.deputy, "with_unit", out.rectify_by, past.send_back_reason, times=1, photos=0, by_clerk=False)
    if past.reanswered_at:
        answered(past.reanswered_at, past.reanswer)
    if past.closed_at:
        then("confirm", past.closed_at, past.deputy, "closed", None, result=past.result, on_site=False, by_clerk=False)
    return out
