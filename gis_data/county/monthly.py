"""A project's month in words: what stands, what is under way, what holds it up; and the money of all parts together."""

import datetime as dt

import pandas as pd

from gis_data.county.plan import Plan
from gis_data.county.progress import planned
from gis_data.county.projects import Project, _month

MONTHS = 4  # at least the last ones, and all of the year: its money is counted from January on
AHEAD = 25.0  # percentage points of the whole that money, for land and machines, may be ahead of the work
TOLD = 5.0  # percentage points behind plan from which a problem is named


def rows(plan: Plan, projects: list[Project], progress: pd.DataFrame) -> pd.DataFrame:
    """The layer `monthly`, in step with what the layer `progress` says of the parts."""
    rng = plan.rng("monthly")
    parts: dict[str, dict[int, dict[str, tuple[float, float]]]] = {}
    for code, number, month, percent, invested in progress[["project", "number", "month", "percent", "invested"]].itertuples(index=False):
        parts.setdefault(code, {}).setdefault(number, {})[month] = percent, invested
    found = []
    newest = _month(plan.today, -1)
    for project in projects:
        series, spent = parts.get(project.code, {}), 0.0
        pace = float(rng.uniform(0.98, 1.06))
        before = sum(said[1] for one in series.values() if (said := _last(one, f"{newest.year - 1}-12")))
        for back in range(max(MONTHS, newest.month), 0, -1):
            month = _month(plan.today, -back)
            now = {number: _last(said, f"{month:%Y-%m}") for number, said in series.items()}
            if month < project.starts or not any(now.values()):
                continue
            if month.year == newest.year:
                spent = max(spent, _spent(project, now, month, pace, before))
            invested = before + spent if month.year == newest.year else sum(said[1] for said in now.values() if said)
            problem = str(rng.choice(project.type["delay_reasons"])).replace("{n}", str(int(rng.integers(3, 29))))
            found.append({
                "project": project.code, "month": f"{month:%Y-%m}", "percent": None, "invested": round(invested, 1), "invested_year": round(spent, 1) if month.year == newest.year else None,
                "text": _words(project, now), "problems": problem if project.lag > TOLD else None, "reason": None,
            })  # fmt: skip
    return pd.DataFrame(found, columns=["project", "month", "percent", "invested", "invested_year", "text", "problems", "reason"])


def _last(said: dict[str, tuple[float, float]], month: str) -> tuple[float, float] | None:
    return next((said[known] for known in sorted(said, reverse=True) if known <= month), None)


def _spent(project: Project, now: dict[int, tuple[float, float] | None], month: dt.date, pace: float, before: float) -> float:
    """Of the year's money (万元) by the end of a month: as much as its months say, less where the work is behind; much at once where it begins."""
    close = _month(month, 1) - dt.timedelta(days=1)
    done = sum(weight * said[0] / 100 for n, (_, weight, *_) in enumerate(project.parts, start=1) if (said := now.get(n)))
    wanted = sum(weight * planned(first, last, close) / 100 for _, weight, first, last in project.parts)
    first = project.starts.month if project.starts.year == month.year else 1
    last = project.ends.month if project.ends.year == month.year else 12
    share = min(1.0, (month.month - first + 1) / (last - first + 1))
    if project.starts.year == month.year:
        share **= 0.45
    money = project.investment_year * share * pace * min(1.05, max(0.3, done / wanted) ** 0.5 if wanted else 1.0)
    return max(0.0, min(money, project.investment * min(97.0, done + AHEAD) / 100 - before))


def _words(project: Project, now: dict[int, tuple[float, float] | None]) -> str:
    done = [name for n, (name, *_) in enumerate(project.parts, start=1) if (said := now.get(n)) and said[0] >= 98]
    busy = [f"{name}完成{said[0]:.0f}%" for n, (name, *_) in enumerate(project.parts, start=1) if (said := now.get(n)) and 0.5 <= said[0] < 98]
    if len(done) == len(project.parts):
        return "各项工程基本完成，正在收尾和准备验收"
    return "，".join([*([f"{'、'.join(done)}基本完成"] if done else []), *busy]) or "施工单位进场，正在做开工准备"
