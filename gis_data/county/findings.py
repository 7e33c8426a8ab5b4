"""Findings of the visits, and what became of them: passed on, assigned, put right, sent back, late, overseen, or still waiting."""

import datetime as dt

import numpy as np
import pandas as pd

from gis_data.county.cases import ZONE
from gis_data.county.content import material
from gis_data.county.handling import follow_codes
from gis_data.county.organisations import Organisations
from gis_data.county.plan import Plan
from gis_data.county.projects import Project
from gis_data.layers import LAYERS

FOUND = 0.6  # of the visits find something
GRAVE_KEPT = 0.35  # of the grave ones: not every visit finds the worst
DECLINED = 0.05
EXPLAINED = 0.17  # of those closed: explained instead of put right
SENT_BACK = 0.13
LATE = 0.16
JOINED = 0.25  # have a unit that joins in
SLOW_PAST = 40  # days after which nothing waits any more, but for what is stuck
STUCK = 0.09
FRESH = 12  # days in which some have not been passed on yet


def rows(plan: Plan, works: list[Project], organisations: Organisations, visits: pd.DataFrame) -> pd.DataFrame:
    """The layer `finding`. visits: recorded ones, with code, topic, deputy and `on`, the day; nothing is later than the beginning of `today`."""
    rng = plan.rng("findings")
    projects = {project.code: project for project in works}
    chosen = [visit for visit in visits.itertuples() if rng.random() < FOUND and visit.topic in projects]
    told = [_one(plan, rng, projects[str(visit.topic)], organisations, visit) for visit in chosen]
    told = [row for row in told if row is not None]
    frame = pd.DataFrame(told, columns=[column.name for column in LAYERS["finding"].columns]).astype({"severity": "Int64", "limit_days": "Int64"})
    frame["code"] = follow_codes(rng, len(frame))
    return frame


def _one(plan: Plan, rng: np.random.Generator, project: Project, organisations: Organisations, visit) -> dict | None:
    """What this visit found wrong, if anything of the project's type fits, with everything that has happened since."""
    content, outcome = material("supervision")["visit_findings"], material("rectification")
    fit = [i for i, item in enumerate(content) if project.type["code"] in item["types"] and (item["severity"] < 3 or rng.random() < GRAVE_KEPT)]
    if not fit:
        return None
    number = fit[int(rng.integers(len(fit)))]
    item, end = content[number], dt.datetime.combine(plan.today, dt.time(0), ZONE)
    clock = _Clock(rng, dt.datetime.combine(visit.on, dt.time(int(rng.integers(14, 18)), int(rng.integers(60))), ZONE), end)
    row: dict = {"topic": visit.topic, "visit": visit.code, "deputy": visit.deputy, "text": item["text"], "severity": item["severity"], "raised_at": clock.text()}
    age = (plan.today - visit.on).days
    stuck = rng.random() < STUCK or age < int(rng.integers(3, SLOW_PAST))
    if stuck and age < FRESH and rng.random() < 0.5:
        return row
    if rng.random() < DECLINED:
        if clock.go(0.8, 3):
            row |= {"declined_at": clock.text(), "decline_reason": _one_of(rng, outcome["declined"])}
        return row
    if not clock.go(0.6, 3):
        return row
    row["forwarded_at"] = clock.text()
    if (stuck and rng.random() < 0.2) or not clock.go(0.8, 4):
        return row
    others = [o.code for o in organisations.everyone if o.handles_cases and o.town in (-1, project.town) and o.code != project.responsible]
    row |= {"unit": project.responsible, "assigned_at": clock.text(), "limit_days": item["deadline_workdays"],
            "co_units": _one_of(rng, others) if others and rng.random() < JOINED else None}  # fmt: skip
    if not organisations.by_code[project.responsible].handles_cases:
        row["unit"] = organisations.township(project.town)
    allowed = item["deadline_workdays"] * 1.4
    if stuck:
        if clock.ahead(allowed + 2):
            row["reminded_at"] = clock.text()
            if clock.ahead(9) and rng.random() < 0.5:
                row |= {"overseen_at": clock.text(), "oversight": _one_of(rng, outcome["oversight"])}
        return row
    late = rng.random() < LATE
    if not clock.go(allowed * 1.15 if late else allowed * 0.4, allowed * 1.9 if late else allowed * 0.85):
        return row
    row |= {"answered_at": clock.text(), "answer": outcome["answers"][number]}
    if not clock.go(1, 6):
        return row
    if rng.random() < SENT_BACK:
        again = int(rng.integers(len(outcome["again"])))
        row |= {"sent_back_at": clock.text(), "send_back_reason": outcome["again"][again]}
        if not clock.go(3, 9):
            return row
        row |= {"reanswered_at": clock.text(), "reanswer": outcome["answered_again"][again]}
        if not clock.go(1, 5):
            return row
    return row | {"closed_at": clock.text(), "result": "explained" if rng.random() < EXPLAINED else "put_right"}


class _Clock:
    """Goes on by days, in office hours, and stops at the end of what has happened."""

    def __init__(self, rng: np.random.Generator, now: dt.datetime, end: dt.datetime) -> None:
        self.rng, self.now, self.end = rng, now, end

    def go(self, low: float, high: float) -> bool:
        return self.ahead(float(self.rng.uniform(low, high)))

    def ahead(self, days: float) -> bool:
        """Whether that moment has come; if so it is now."""
        then = (self.now + dt.timedelta(days=days)).replace(hour=int(self.rng.integers(9, 17)), minute=int(self.rng.integers(60)))
        while then.weekday() > 4:
            then += dt.timedelta(days=1)
        then = max(then, self.now + dt.timedelta(minutes=20))
        if then >= self.end:
            return False
        self.now = then
        return True

    def text(self) -> str:
        return self.now.isoformat(timespec="seconds")


def _one_of(rng: np.random.Generator, pool: list) -> str:
    return str(pool[int(rng.integers(len(pool)))])
