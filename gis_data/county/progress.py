"""Monthly progress reports: near the plan, ahead, or behind by a known number of percentage points; some missing, some corrected."""

import datetime as dt

import numpy as np
import pandas as pd

from gis_data.county.plan import Plan
from gis_data.county.projects import Project, _month

MISSING = 0.07
CORRECTED = 0.02
LATENESS = ((0.58, (-4.0, 0.5)), (0.22, (1.0, 5.0)), (0.14, (5.0, 15.0)), (0.06, (15.0, 26.0)))


def assign_lag(plan: Plan, projects: list[Project]) -> None:
    """How far behind plan each project stands (negative: ahead), by the shares above, unless a hot spot has already said."""
    rng = plan.rng("lag")
    for project in projects:
        if project.lag == 0.0:
            _, (low, high) = LATENESS[int(rng.choice(4, p=[share for share, _ in LATENESS]))]
            project.lag = round(float(rng.uniform(low, high)), 1)


def planned(starts: dt.date, ends: dt.date, day: dt.date) -> float:
    """Percent the plan wants done: straight from start to end."""
    return 100 * min(1.0, max(0.0, (day - starts).days / (ends - starts).days))


def reports(plan: Plan, projects: list[Project]) -> pd.DataFrame:
    """The layer `progress`: every subproject from the month it began to the last full month."""
    rng = plan.rng("progress")
    rows = []
    last_month = _month(plan.today, -1)
    for project in projects:
        month, number = _month(project.starts, 0), 0
        done = np.zeros(len(project.parts))
        began = project.starts
        whole = max(1, (last_month.year - began.year) * 12 + last_month.month - began.month)
        while month <= last_month:
            close = _month(month, 1) - dt.timedelta(days=1)
            # The lag grows with time; in the plum rains, the typhoon months and at New Year work slows, later it catches up.
            season = {1: 0.6, 2: 1.4, 6: 0.8, 7: 0.5, 8: 1.1, 9: 0.8}.get(month.month, 0.0) * rng.uniform(0.3, 1.6)
            lag = project.lag * min(1.0, (number + 1) / whole) + (season if month != last_month else 0.0)
            gap = {i: planned(first, last, close) for i, (_, _, first, last) in enumerate(project.parts)}
            wanted = _share_lag(project, gap, lag)
            for i, (_, weight, first, _) in enumerate(project.parts):
                if close <= first:
                    continue
                previous, note = done[i], ""
                percent = float(np.clip(wanted[i], previous, 100))
                if previous > 20 and rng.random() < CORRECTED and month != last_month:
                    percent, note = previous - rng.uniform(1, 4), "按监理复核量核减，上月计量偏多。"
                done[i] = percent
                if rng.random() < MISSING and month != last_month:
                    continue
                if not note and lag > 5 and gap[i] - percent > 4:
                    note = _why(project, rng)
                rows.append({"project": project.code, "number": i + 1, "month": f"{month:%Y-%m}", "percent": round(percent, 1),
                             "invested": round(project.investment * weight / 100 * percent / 100 * 0.96, 1), "note": note or None})  # fmt: skip
            month, number = _month(month, 1), number + 1
    return pd.DataFrame(rows, columns=["project", "number", "month", "percent", "invested", "note"])


def _share_lag(project: Project, gap: dict[int, float], lag: float) -> dict[int, float]:
    """Spread the project's lag over the parts that are under way, so that the weighted sum is off by just so much."""
    weights = [weight for _, weight, _, _ in project.parts]
    percent = dict(gap)
    left = lag * 100
    for _ in range(4):
        room = {i: (percent[i] if left > 0 else 100 - percent[i]) * weights[i] for i in percent if gap[i] > 0 and (left > 0 or percent[i] < 100)}
        total = sum(room.values())
        if total <= 0 or abs(left) < 0.01:
            break
        move = min(abs(left), total) * (1 if left > 0 else -1)
        for i, amount in room.items():
            percent[i] -= move * amount / total / weights[i]
        left -= move
    return percent


def _why(project: Project, rng: np.random.Generator) -> str:
    reason = str(rng.choice(project.type["delay_reasons"])).replace("{n}", str(int(rng.integers(3, 29))))
    return f"进度偏慢：{reason}。"


def behind(plan: Plan, projects: list[Project], table: pd.DataFrame) -> dict[str, float]:
    """By how many percentage points each project that has begun is behind its plan at the end of the last month, as reported."""
    day = _month(plan.today, 0) - dt.timedelta(days=1)
    last = {(project, number): percent for project, number, percent in zip(table["project"], table["number"], table["percent"], strict=True)}
    return {
        project.code: round(sum(weight * (planned(first, final, day) - last.get((project.code, n), 0.0)) / 100
                                for n, (_, weight, first, final) in enumerate(project.parts, start=1)), 1)
        for project in projects if project.starts < day
    }  # fmt: skip
