"""A case's history as people read it: each event a line, in office words for those who work on it, in plain words for the resident."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.cases.models import Case, CaseEvent, Rating


@dataclass(frozen=True)
class Step:
    """One line of a timeline. `state` is done, now, late or next, as the page's marks show it; `by` and `note` only inside."""

    title: str
    at: dt.datetime | None = None
    text: str = ""
    by: str = ""
    note: str = ""
    state: str = "done"
    icon: str = "check"


OFFICE = {
    "submit": "提交", "answer_as_deputy": "代表答复", "pass_to_town": "代表提交镇人大", "pass_to_county": "提交县人大", "take_over": "{holder}接手",
    "take_over_by_county": "县人大接手", "answer_as_town": "镇人大答复", "answer_as_county": "县人大答复", "pass_to_dispatcher": "转县政府办", "assign_to_unit": "交办{unit}", "return_to_dispatcher": "{unit}退回县政府办",
    "answer_as_unit": "承办单位答复", "rate": "反映人评价：{score}", "recount": "期限改为 {due_on}（原为 {before}）", "classify": "类别改为“{category}”（原为“{before}”）",
}  # fmt: skip
PLAIN = {
    "submit": "已收到您反映的问题", "answer_as_deputy": "代表已答复", "pass_to_town": "已转给{holder}办理", "pass_to_county": "已转给{holder}",
    "take_over": "已改由{holder}办理", "take_over_by_county": "已改由{holder}办理", "answer_as_town": "已答复", "answer_as_county": "已答复", "pass_to_dispatcher": "已转给{holder}，由它确定办理单位",
    "assign_to_unit": "已转给{unit}办理", "return_to_dispatcher": "{unit}说明这件事不归它管，{holder}正在另行安排",
    "answer_as_unit": "办理单位已答复", "rate": "您的评价：{score}",
}  # fmt: skip
ICONS = {
    "submit": "send", "rate": "star", "return_to_dispatcher": "arrow-back-up", "classify": "tag", "recount": "calendar-event", "pass_to_town": "arrow-right", "take_over": "user-check", "take_over_by_county": "user-check",
    "pass_to_county": "arrow-right", "pass_to_dispatcher": "arrow-right", "assign_to_unit": "arrow-right",
}  # fmt: skip
BLANK = {"unit": "承办单位", "holder": "有关部门", "score": "", "category": "", "before": ""}


def inside(case: Case) -> list[Step]:
    """Every move with who made it and what was said, oldest first: for those who may see the case."""
    return [
        Step(_words(OFFICE, event), event.at, by=event.actor_label, note=event.note, icon=ICONS.get(event.verb, "check")) for event in case.events.order_by("pk")
    ]


def for_resident(case: Case, today: dt.date) -> list[Step]:
    """What a resident reads: no names of others, no notes between offices; at the end who has it now, or what comes next."""
    events = case.events.only("verb", "at", "data").order_by("pk")
    steps = [Step(_words(PLAIN, event), event.at, text=_told(event), icon=ICONS.get(event.verb, "check")) for event in events if event.verb in PLAIN]
    if not any(step.title == PLAIN["submit"] for step in steps):  # taken over from another system, without its history
        steps.insert(0, Step(PLAIN["submit"], case.submitted_at, icon=ICONS["submit"]))
    return [*steps, *_now(case, today)]


def _now(case: Case, today: dt.date) -> Iterable[Step]:
    if case.state == Case.State.CLOSED:
        return
    if case.state == Case.State.ANSWERED:
        yield Step("请您评价", text="满意不满意，都请告诉我们。", state="now", icon="star")
        return
    late = case.due_on is not None and case.due_on < today
    yield Step(f"现在由{case.holder()}办理", text="已经超过原定的期限。" if late else "", state="late" if late else "now", icon="clock")
    yield Step("答复您", state="next", icon="message-2")


def _told(event: CaseEvent) -> str:
    return "办理人已联系您，告诉了结果。" if event.data.get("told") else ""


def _words(words: dict[str, str], event: CaseEvent) -> str:
    data = {key: value for key, value in event.data.items() if value}
    if "score" in data:
        data["score"] = Rating.Score(data["score"]).label
    return words.get(event.verb, event.verb).format_map({**BLANK, **data})
