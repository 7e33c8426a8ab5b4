"""A finding in the toy county, the people it passes through, and a way to bring it into any state by real moves."""

import datetime as dt

from apps.accounts.models import User
from apps.supervision import workflow_findings as workflow
from apps.supervision.findings import Finding
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit, VisitParticipant
from apps.worktime.models import TimeLimit
from tests import town as toy
from tests.cases.conftest import People

DAYS = {"finding_forward": 3, "finding_assign": 5, "finding_return": 3, "finding_answer": 10, "finding_redo": 6, "finding_confirm": 5}
WRONG = "K3至K4段边坡没有做临时覆盖，下雨后泥水流到下方菜地。"


def set_limits() -> None:
    """The steps' limits, the same whatever policy is preset."""
    for step, days in DAYS.items():
        TimeLimit.objects.update_or_create(step=step, defaults={"label": step, "amount": days, "unit": "working_days"})


def a_visit(town: toy.Town, deputy: str = "D1", project: str = "K1", **changes) -> Visit:
    """A look of one deputy at a project, recorded."""
    topic = Topic.objects.of_projects([town.projects[project]]).get()
    given = {"kind": "look", "state": "recorded", "topic": topic, "deputy": town.deputies[deputy], "planned_on": toy.TODAY, "visited_on": toy.TODAY,
             "text": "看过现场。", "recorded_at": dt.datetime(2026, 3, 10, 1, tzinfo=dt.UTC)}  # fmt: skip
    visit = Visit.objects.create(**{**given, **changes})
    VisitParticipant.objects.create(visit=visit, deputy=town.deputies[deputy], leader=True)
    return visit


def brought_to(state: str, town: toy.Town, people: People, *, unit: str = "construction", join: tuple[str, ...] = (), by: User | None = None) -> Finding:
    """A finding that has come to this state by real moves. Units that do not log in are answered for by the dispatcher."""
    finding = workflow.raise_finding(by or people.deputy, a_visit(town), WRONG, Finding.Severity.SERIOUS)
    if state == "raised":
        return finding
    finding = workflow.forward(finding, people.county_office, "请交有关单位整改。")
    if state == "with_dispatcher":
        return finding
    joining = [town.organisations[name] for name in join]
    finding = workflow.assign(finding, people.dispatcher, town.organisations[unit], co_handlers=joining, note="请按期整改。")
    if state == "with_unit":
        return finding
    answerer = people.unit_officer if unit == "construction" else people.dispatcher
    finding = workflow.answer(finding, answerer, "已覆盖防尘网并清理菜地泥水。")
    return finding if state == "answered" else workflow.confirm(finding, people.deputy, Finding.Result.PUT_RIGHT, "看过了，已经盖好。")
