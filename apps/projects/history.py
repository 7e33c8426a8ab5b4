"""One project month by month: what was done, spent and said, and what was put right afterwards."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from apps.projects.checks import spent_before
from apps.projects.curves import month_start
from apps.projects.models import KeyProject
from apps.projects.reports import ProjectReport
from apps.projects.workflow import VERBS, past_of


@dataclass
class Month:
    """percent: of the whole at the end of the month; spent: in the month; money in 万元, None where it does not follow from reports."""

    month: dt.date
    percent: float | None = None
    spent: Decimal | None = None
    invested: Decimal | None = None
    invested_year: Decimal | None = None
    text: str = ""
    problems: str = ""
    report: ProjectReport | None = None
    notes: list[tuple[str, str]] = field(default_factory=list)  # subproject, what was said of it


def months(project: KeyProject, curve: dict) -> list[Month]:
    """Every month that something was reported of, the newest first."""
    past = past_of([project.pk])[project.pk]
    rows = {row.month: row for row in project.reports.select_related("reported_by").prefetch_related("photos__photo")}
    known = sorted({*rows, *(month for series in past.parts.values() for month in series)})
    percents = dict(zip(curve["months"], curve["actual"], strict=True))
    found: list[Month] = []
    for month in known:
        row = rows.get(month)
        one = Month(month, percents.get(f"{month:%Y-%m}"), report=row)
        before = spent_before(project, past, month)
        if row:
            one.text, one.problems = row.text, row.problems
            one.invested = row.invested if row.invested is not None or before is None or row.invested_year is None else before + row.invested_year
            one.invested_year = row.invested_year if row.invested_year is not None or before is None or row.invested is None else row.invested - before
        if one.invested is None and one.invested_year is None and month in past.spent:
            one.invested, one.invested_year = past.spent[month], None if before is None else past.spent[month] - before
        last = found[-1] if found and found[-1].month == month_start(month, -1) else None
        if one.invested is not None and last and last.invested is not None:
            one.spent = one.invested - last.invested
        elif one.invested_year is not None and (month.month == 1 or (last and last.invested_year is not None)):
            one.spent = one.invested_year - (last.invested_year if last and month.month > 1 else 0)
        one.notes = [(past.names[number], series[month][1]) for number, series in sorted(past.parts.items()) if month in series and series[month][1]]
        found.append(one)
    return found[::-1]


def events(project: KeyProject, most: int = 30) -> list[dict]:
    """The newest events as a page shows them: label, who, when, why, and what changed from what to what."""
    shown = []
    for event in project.events.select_related("actor").order_by("-pk")[:most]:
        month = event.data.get("month", "")
        label = VERBS.get(event.verb, event.verb) + (f"（{month[:4]}年{int(month[5:])}月）" if month else "")
        changes = event.data.get("changes", [])
        if event.verb == "import" and event.data.get("fresh"):
            label = f"{label}：{event.data['first']} 至 {event.data['last']}，{event.data['fresh']} 行"
        if event.verb == "plan":
            changes = [[name, str(event.data["was"].get(key, "")), str(event.data["now"].get(key, ""))] for key, name in PLAN_WORDS.items() if event.data["was"].get(key) != event.data["now"].get(key) and key != "points"]
            if event.data["was"].get("points", []) != event.data["now"].get("points", []):
                changes.append(["计划曲线", _points(event.data["was"]), _points(event.data["now"])])
            label = f"{label}：{event.data['number']}. {(event.data['now'] or event.data['was'])['name']}{'' if event.data['now'] else '（删去）'}{'' if event.data['was'] else '（增加）'}"
        shown.append({"label": label, "verb": event.verb, "who": event.actor_label, "at": event.at, "note": event.note, "changes": changes, "source": event.data.get("source", "")})
    return shown


PLAN_WORDS = {"name": "名称", "weight": "权重", "starts": "计划开始", "ends": "计划完成", "points": "计划点"}


def _points(plan: dict) -> str:
    points = plan.get("points", [])
    return "、".join(f"{month} {percent:g}%" for month, percent in points[:6]) + ("……" if len(points) > 6 else "") if points else "直线"
