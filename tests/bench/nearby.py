"""The deputy's map with a hundred thousand key projects: whole pages, as the server answers them, from every place and with every filter."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.bench import database
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, seconds

PROJECTS, QUICK_PROJECTS = 100_000, 5_000
PAGES, QUICK_PAGES = 400, 80
CHECKED = 40
WEST, SOUTH, WIDE, HIGH = 119.0, 29.0, 2.5, 2.0  # degrees
FIELDS = ("water", "education", "transport", "construction", "")
FILL = """
    WITH n AS (SELECT n, ST_SetSRID(ST_MakePoint(%(west)s + %(wide)s * random(), %(south)s + %(high)s * random()), 4326) AS g FROM generate_series(1, %(count)s) n),
    p AS (INSERT INTO projects_keyproject (code, name, type, kind, level, field_id, responsible_id, geom, site, starts, ends, summary, demand, experts, suspended_because)
        SELECT 'P' || n, '第' || n || '号工程', '', (ARRAY['new', 'continuing', 'completing'])[1 + n %% 3], (ARRAY['county', 'city', 'province'])[1 + n %% 3],
               (SELECT id FROM deputies_field WHERE code = (%(fields)s::text[])[1 + n %% 5]), %(unit)s, g, g, '2025-01-01', '2026-12-31', '', 3, 1, '' FROM n RETURNING id),
    s AS (INSERT INTO projects_subproject (project_id, number, name, weight, starts, ends)
        SELECT id, k, '第' || k || '段', k, '2025-01-01', '2026-12-31' FROM p, generate_series(1, 2) k RETURNING id)
    INSERT INTO projects_progressreport (subproject_id, month, percent, note)
    SELECT id, month, greatest(0, least(100, 4.2 * (extract(month FROM month) + 12 * (extract(year FROM month) - 2025)) - 25 * ((id * 7919) %% 101) / 100.0 + 4)), ''
    FROM s, CAST('2026-03-01' AS date) month
"""


def _fill(data: Data) -> dict[str, Any]:
    """So many projects with parts and reports, and a deputy who signs in; what is needed of them."""
    connection = database.fresh("nearby")
    from django.contrib.gis.geos import Point
    from django.test import Client
    from django.utils import timezone

    from apps.accounts.models import Role, User
    from apps.deputies.models import Deputy, Home
    from apps.organisations.models import Organisation
    from apps.projects.standing import Standing

    count = data.size(PROJECTS, QUICK_PROJECTS)
    unit = Organisation.objects.create(code="UNIT", name="量县住建局", kind="department")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(FILL, {"west": WEST, "south": SOUTH, "wide": WIDE, "high": HIGH, "count": count, "fields": list(FIELDS), "unit": unit.pk})
        cursor.execute("ANALYZE")
    began = time.perf_counter()
    Standing.objects.renew(timezone.localdate())
    renewed = time.perf_counter() - began
    user = User.objects.create(username="deputy", role=Role.DEPUTY, scope="3399")
    deputy = Deputy.objects.create(code="D", name="量代表", sex="female", user=user, workplace=Point(WEST + 0.4 * WIDE, SOUTH + 0.6 * HIGH, srid=4326))
    Home.objects.create(deputy=deputy, point=Point(WEST + 0.5 * WIDE, SOUTH + 0.5 * HIGH, srid=4326))
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return {"client": client, "connection": connection, "renewed": renewed}


def _questions(count: int) -> list[dict[str, str]]:
    """From home and work, from anywhere, filtered by one or two things, on later pages, within a map's extent, the latest first."""
    rng, asked = np.random.default_rng(3), []
    for number in range(count):
        lon, lat = WEST + WIDE * rng.random(), SOUTH + HIGH * rng.random()
        here = {"from": "here", "lat": f"{lat:.6f}", "lon": f"{lon:.6f}"}
        asked.append([
            {}, here, {**here, "page": str(rng.integers(2, 30))}, {**here, "field": str(rng.choice(FIELDS[:4]))}, {**here, "tone": "late", "kind": "new"},
            {"from": "home", "tone": "due"}, {**here, "box": f"{lon - 0.05:.5f},{lat - 0.04:.5f},{lon + 0.05:.5f},{lat + 0.04:.5f}"}, {"sort": "late"},
        ][number % 8])  # fmt: skip
    return asked


def _pages(data: Data) -> Callable[[], Callable[[], Answer]]:
    os.environ.setdefault("RATE_LIMIT_TIMES", "0")
    there = _fill(data)
    client, asked = there["client"], _questions(data.size(PAGES, QUICK_PAGES))
    ask = lambda question: client.get("/projects/nearby/", question, headers={"HX-Request": "true"} if "box" in question else None)  # noqa: E731
    for question in asked[:16]:
        ask(question)

    def work() -> Callable[[], Answer]:
        took = np.empty(len(asked))
        for index, question in enumerate(asked):
            began = time.perf_counter()
            answer = ask(question)
            took[index] = time.perf_counter() - began
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.status_code} {question}")
        return lambda: {"took": took, "renewed": there["renewed"], **_compared(there, asked)}

    return work


def _compared(there: dict[str, Any], asked: list[dict[str, str]]) -> Answer:
    """For some of the questions, whether the page holds the projects that PostGIS finds by measuring every one of them."""
    from django.test.utils import setup_test_environment

    setup_test_environment()  # from here on answers carry what their templates were given
    wrong = 0
    for question in [one for one in asked if "lat" in one and "box" not in one][:CHECKED]:
        shown = [project.code for project in there["client"].get("/projects/nearby/", question).context["page_obj"]]
        wanted = {"field": "f.code", "tone": "s.tone", "kind": "p.kind"}
        where = " AND ".join([f"{column} = %({name})s" for name, column in wanted.items() if name in question] or ["true"])
        with there["connection"].cursor() as cursor:
            cursor.execute(
                f"""SELECT p.code FROM projects_keyproject p JOIN projects_standing s ON s.project_id = p.id LEFT JOIN deputies_field f ON f.id = p.field_id
                    WHERE {where} ORDER BY ST_Distance(p.site::geography, ST_MakePoint(%(lon)s, %(lat)s)::geography), p.code LIMIT 20 OFFSET %(skip)s""",
                {**question, "lon": float(question["lon"]), "lat": float(question["lat"]), "skip": 20 * (int(question.get("page", 1)) - 1)},
            )
            wrong += shown != [code for (code,) in cursor.fetchall()]
    return {"wrong": wrong}


def _high(measured: Mapping[str, Measured], data: Data) -> float | None:
    answer = data.answer("pages")
    return None if answer is None else float(np.quantile(answer["took"], 0.95)) * 1e3


def _check(data: Data) -> list[Check]:
    answer = data.answer("pages")
    if answer is None:
        return []
    middle, high, most = np.quantile(answer["took"], [0.5, 0.95, 1.0])
    return [
        Check("the projects that PostGIS finds by measuring all of them", int(answer["wrong"]) == 0, f"{int(answer['wrong'])} of {CHECKED} pages differ"),
        Check("a page", True, f"p50 {seconds(middle)}, p95 {seconds(high)}, longest {seconds(most)}"),
        Check("how all of them stand, worked out anew", True, seconds(float(answer["renewed"]))),
    ]


JOB = Job(
    "nearby",
    lambda data: f"pages of what is near, among {data.size(PROJECTS, QUICK_PROJECTS):,} projects",
    lambda data: data.keep(projects=np.array(data.size(PROJECTS, QUICK_PROJECTS))),
    (Contender("pages", "pages, all of them", _pages, repeats=1),),
    (Goal("pages", "p95 of a page", _high, at_most=50.0, unit="ms"),),
    _check,
)
