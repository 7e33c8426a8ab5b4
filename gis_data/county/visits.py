"""Visits of the last months: deputies who live or work near look at a project, some go together, a few are planned."""

import datetime as dt

import numpy as np
import pandas as pd

from gis_data.county.cases import ZONE
from gis_data.county.content import material
from gis_data.county.deputies import Person
from gis_data.county.doorplates import Doors
from gis_data.county.plan import Plan
from gis_data.county.projects import Project
from gis_data.layers import LAYERS

PAST = 240  # days of visits
A_PROJECT = 2.6  # visits in that time
TOGETHER = 0.13  # of them are inspections
NEAR = 4  # the deputies among whom a visitor is found
ELSEWHERE = 0.05  # signed in away from the site
UNPLACED = 0.06  # signed in without a position
PLANNED = 0.2  # of the projects have a visit coming
SLOW, LATE = 3.0, 8.0  # percentage points behind: what is written then
LINES = ("形象进度", "施工质量", "安全文明施工", "周边群众反映")
NOT_LOOKED = 0.12


def rows(plan: Plan, doors: Doors, people: list[Person], works: list[Project]) -> pd.DataFrame:
    """The layer `visit`, earliest first. Nothing recorded is later than the day before `today`."""
    rng = plan.rng("visits")
    serving = [p for p in sorted(people, key=lambda p: p.code) if any(m.level == "county" and not m.ended_on and m.term.starts <= plan.today for m in p.mandates)]
    places = np.array([(doors.x[p.home], doors.y[p.home]) for p in serving]).reshape(-1, 2)
    made = []
    for project in works:
        site = np.array([project.site.x, project.site.y])
        order = np.lexsort((np.arange(len(serving)), np.hypot(*(places - site).T)))
        near = [serving[k] for k in order[: NEAR + 4]]
        first = max(project.starts, plan.today - dt.timedelta(days=PAST))
        for _ in range(int(rng.poisson(A_PROJECT)) if near else 0):
            span = (plan.today - first).days
            if span > 2:
                made.append(_made(plan, rng, project, near, first + dt.timedelta(days=int(rng.integers(0, span - 1)))))
        if near and rng.random() < PLANNED:
            made.append(_planned(plan, rng, project, near))
    made.sort(key=lambda row: (row["planned_on"], row["topic"], row["deputy"]))
    frame = pd.DataFrame(made, columns=[*(column.name for column in LAYERS["visit"].columns), "lon", "lat"])
    frame["code"] = [f"ZF-{number:05d}" for number in range(1, len(frame) + 1)]
    return frame


def recorded(visits: pd.DataFrame) -> pd.DataFrame:
    """Those that were made, with `on`, the day: what findings are raised from."""
    frame = visits[visits["visited_on"].notna()].copy()
    frame["on"] = [dt.date.fromisoformat(day) for day in frame["visited_on"]]
    return frame


def _made(plan: Plan, rng: np.random.Generator, project: Project, near: list[Person], day: dt.date) -> dict:
    content = material("visits")
    together = bool(rng.random() < TOGETHER)
    leader = near[int(rng.integers(min(NEAR, len(near))))]
    then = dt.datetime.combine(day, dt.time(int(rng.integers(8, 17)), int(rng.integers(60))), ZONE)
    mood = "late" if project.lag > LATE else "slow" if project.lag > SLOW else "good"
    row = {
        "kind": "inspection" if together else "look", "topic": project.code, "deputy": leader.code, "planned_on": day.isoformat(), "visited_on": day.isoformat(),
        "signed_at": then.isoformat(timespec="seconds"), "recorded_at": (then + dt.timedelta(minutes=int(rng.integers(15, 90)))).isoformat(timespec="seconds"),
        "text": _pick(rng, content["inspections"] if together else content["looks"][mood]), "ratings": _ratings(rng, project.lag), "lon": np.nan, "lat": np.nan,
    }  # fmt: skip
    if together:
        others = [near[k].code for k in rng.permutation(len(near))[: int(rng.integers(3, 6))]]
        row |= {"participants": ";".join(dict.fromkeys([leader.code, *others])), "name": f"{project.name}视察"[:60], "meeting_place": "县人大常委会", "agenda": _pick(rng, content["agendas"])}
    if rng.random() >= UNPLACED:
        spread = rng.uniform(900, 2600) if rng.random() < ELSEWHERE else abs(rng.normal(0, 70))
        angle = rng.uniform(0, 2 * np.pi)
        lon, lat = plan.degrees(np.array([project.site.x + spread * np.cos(angle)]), np.array([project.site.y + spread * np.sin(angle)]))
        row |= {"lon": float(lon[0]), "lat": float(lat[0]), "accuracy": float(round(rng.gamma(2.0, 12.0) + 4))}
    return row


def _planned(plan: Plan, rng: np.random.Generator, project: Project, near: list[Person]) -> dict:
    day = plan.today + dt.timedelta(days=int(rng.integers(1, 21)))
    leader = near[int(rng.integers(min(NEAR, len(near))))]
    return {"kind": "look", "topic": project.code, "deputy": leader.code, "planned_on": day.isoformat(), "agenda": _pick(rng, material("visits")["plans"]), "lon": np.nan, "lat": np.nan}


def _ratings(rng: np.random.Generator, lag: float) -> str:
    """Worse where the project is behind; what was not looked at is left out."""
    middle = float(np.clip(4.4 - lag / 9, 1.6, 4.6))
    said = [f"{line}={int(np.clip(round(rng.normal(middle, 0.6)), 1, 5))}" for line in LINES if rng.random() >= NOT_LOOKED]
    busy = rng.random() < (0.95 if lag <= SLOW else 0.6)
    return ";".join([*said, f"现场有人施工={'是' if busy else '否'}", f"公示牌内容属实={'是' if rng.random() < 0.85 else '否'}"])


def _pick(rng: np.random.Generator, pool: list[str]) -> str:
    return str(pool[int(rng.integers(len(pool)))])
