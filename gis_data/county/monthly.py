"""A project's month in words: what stands, what is under way, what holds it up; and the money of all parts together."""

import pandas as pd

from gis_data.county.plan import Plan
from gis_data.county.projects import Project, _month

MONTHS = 4  # the last ones: who begins with the product has the newest reports, and older percentages
TOLD = 5.0  # percentage points behind plan from which a problem is named


def rows(plan: Plan, projects: list[Project], progress: pd.DataFrame) -> pd.DataFrame:
    """The layer `monthly`, in step with what the layer `progress` says of the parts."""
    rng = plan.rng("monthly")
    parts: dict[str, dict[int, dict[str, tuple[float, float]]]] = {}
    for code, number, month, percent, invested in progress[["project", "number", "month", "percent", "invested"]].itertuples(index=False):
        parts.setdefault(code, {}).setdefault(number, {})[month] = percent, invested
    found = []
    for project in projects:
        series = parts.get(project.code, {})
        for back in range(MONTHS, 0, -1):
            month = _month(plan.today, -back)
            now = {number: _last(said, f"{month:%Y-%m}") for number, said in series.items()}
            if month < project.starts or not any(now.values()):
                continue
            before = [_last(said, f"{month.year - 1}-12") for said in series.values()]
            spent, year = (round(sum(one[1] for one in each if one), 1) for each in (now.values(), before))
            problem = str(rng.choice(project.type["delay_reasons"])).replace("{n}", str(int(rng.integers(3, 29))))
            found.append({
                "project": project.code, "month": f"{month:%Y-%m}", "percent": None, "invested": spent, "invested_year": max(0.0, round(spent - year, 1)),
                "text": _words(project, now), "problems": problem if project.lag > TOLD else None, "reason": None,
            })  # fmt: skip
    return pd.DataFrame(found, columns=["project", "month", "percent", "invested", "invested_year", "text", "problems", "reason"])


def _last(said: dict[str, tuple[float, float]], month: str) -> tuple[float, float] | None:
    return next((said[known] for known in sorted(said, reverse=True) if known <= month), None)


def _words(project: Project, now: dict[int, tuple[float, float] | None]) -> str:
    done = [name for n, (name, *_) in enumerate(project.parts, start=1) if (said := now.get(n)) and said[0] >= 98]
    busy = [f"{name}完成{said[0]:.0f}%" for n, (name, *_) in enumerate(project.parts, start=1) if (said := now.get(n)) and 0.5 <= said[0] < 98]
    if len(done) == len(project.parts):
        return "各项工程基本完成，正在收尾和准备验收"
    return "，".join([*([f"{'、'.join(done)}基本完成"] if done else []), *busy]) or "施工单位进场，正在做开工准备"
