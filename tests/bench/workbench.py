"""The assignment workbench and the deputy grid at the size of a large city: a run from its question to the lines on the map, changes by
hand with their effect, and who stands for which grid; through the product's own verbs and pages, on a database of its own."""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.bench import database, supervision
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, seconds

TOPICS, QUICK_TOPICS = 10_000, 600
DEPUTIES, QUICK_DEPUTIES = 20_000, 1_200
CHANGES, QUICK_CHANGES = 150, 30
ALONG, UP = 50, 40  # villages
GRIDS = (10, 5)  # of a village, along and up
WEST, SOUTH, WIDTH, HEIGHT = supervision.WEST, supervision.SOUTH, supervision.WIDTH, supervision.HEIGHT


def _box(west: float, south: float, east: float, north: float) -> Any:
    from django.contrib.gis.geos import MultiPolygon, Polygon

    return MultiPolygon(Polygon.from_bbox((west, south, east, north)), srid=4326)


def _areas(connection: Any) -> Any:
    """A county of 20 towns of 100 villages of 50 grids each; the term that sits today."""
    from apps.territory.models import AdminArea, Term

    county = AdminArea.objects.create(code="339900000000", name="量县", level="county", has_congress=True, geom=_box(WEST, SOUTH, WEST + WIDTH, SOUTH + HEIGHT))
    wide, high = WIDTH / ALONG, HEIGHT / UP
    towns = {
        (i, j): AdminArea(code=f"3399{i * 4 + j + 100:05d}000", name=f"{i}-{j}镇", level="town", parent=county,
                          geom=_box(WEST + 10 * i * wide, SOUTH + 10 * j * high, WEST + 10 * (i + 1) * wide, SOUTH + 10 * (j + 1) * high))
        for i in range(ALONG // 10) for j in range(UP // 10)
    }  # fmt: skip
    AdminArea.objects.bulk_create(towns.values())
    AdminArea.objects.bulk_create([
        AdminArea(code=f"{towns[i // 10, j // 10].code[:9]}{i % 10 * 10 + j % 10 + 200:03d}", name=f"{i}-{j}村", level="village", parent=towns[i // 10, j // 10],
                  geom=_box(WEST + i * wide, SOUTH + j * high, WEST + (i + 1) * wide, SOUTH + (j + 1) * high))
        for i in range(ALONG) for j in range(UP)
    ])  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO territory_grid (code, name, village_id, geom)
               SELECT v.code || lpad((a * %(up)s + b)::text, 3, '0'), v.name || '网格', v.id, ST_Multi(ST_MakeEnvelope(
                   ST_XMin(v.geom) + a * %(wide)s, ST_YMin(v.geom) + b * %(high)s, ST_XMin(v.geom) + (a + 1) * %(wide)s, ST_YMin(v.geom) + (b + 1) * %(high)s, 4326))
               FROM territory_adminarea v, generate_series(0, %(along)s - 1) a, generate_series(0, %(up)s - 1) b WHERE v.level = 'village'""",
            {"along": GRIDS[0], "up": GRIDS[1], "wide": wide / GRIDS[0], "high": high / GRIDS[1]},
        )
    return Term.objects.create(congress=county, level="county", number=17, starts=dt.date(2022, 1, 1), ends=dt.date(2099, 1, 1))


def _people(term: Any, n: int, m: int) -> None:
    """The same city as the engine's benchmark has."""
    from django.contrib.gis.geos import Point

    from apps.deputies.models import Deputy, Field, Home, Mandate
    from apps.organisations.models import Organisation
    from apps.projects.models import KeyProject
    from apps.territory.models import AdminArea

    projects, deputies, _ = supervision.instance(n, m, seed=7)
    bodies = Organisation.objects.bulk_create([
        Organisation(code=f"O{number}", name=f"第{number}单位", kind="enterprise") for number in range(int(deputies.organisation.max()) + 1)
    ])  # fmt: skip
    fields = list(Field.objects.order_by("pk"))[: supervision.FIELDS]
    villages = dict(AdminArea.objects.filter(level="village").values_list("name", "pk"))

    def village(lon: float, lat: float) -> int:
        i, j = int((lon - WEST) / WIDTH * ALONG), int((lat - SOUTH) / HEIGHT * UP)
        return villages[f"{min(max(i, 0), ALONG - 1)}-{min(max(j, 0), UP - 1)}村"]

    people = Deputy.objects.bulk_create([
        Deputy(code=f"D{row:05d}", name=f"代表{row}", capacity=int(deputies.capacity[row]), organisation=bodies[deputies.organisation[row]],
               residence_village_id=village(deputies.residence_lon[row], deputies.residence_lat[row]),
               workplace=Point(deputies.workplace_lon[row], deputies.workplace_lat[row], srid=4326))
        for row in range(m)
    ], batch_size=5000)  # fmt: skip
    Home.objects.bulk_create([
        Home(deputy=one, point=Point(deputies.residence_lon[row], deputies.residence_lat[row], srid=4326)) for row, one in enumerate(people)
    ], batch_size=5000)  # fmt: skip
    knows = Deputy.fields.through
    knows.objects.bulk_create([
        knows(deputy_id=people[row].pk, field_id=fields[column].pk) for row, column in zip(*np.nonzero(deputies.fields), strict=True)
    ], batch_size=10000)  # fmt: skip
    Mandate.objects.bulk_create([Mandate(deputy=one, term=term, elected_by="量县") for one in people], batch_size=10000)
    KeyProject.objects.bulk_create([
        KeyProject(code=f"P{row:05d}", name=f"第{row}号工程", kind="new", level="county", field=fields[projects.field[row]], demand=int(projects.demand[row]), experts=0,
                   responsible=bodies[projects.organisations[row, 0]], geom=(site := Point(projects.lon[row], projects.lat[row], srid=4326)), site=site,
                   starts=dt.date(2025, 1, 1), ends=dt.date(2027, 1, 1))
        for row in range(n)
    ], batch_size=5000)  # fmt: skip


def _prepare(data: Data) -> Callable[[], Callable[[], Answer]]:
    connection = database.fresh("workbench")
    from django.test import Client
    from django.utils import timezone

    from apps.accounts.models import Role, User
    from apps.supervision import workflow

    _people(_areas(connection), data.size(TOPICS, QUICK_TOPICS), data.size(DEPUTIES, QUICK_DEPUTIES))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    from apps.matching.assignment import solve

    solve(*supervision.instance(60, 100, seed=2))  # compiled
    from geo_renda import wsgi  # noqa: F401  as the server starts

    office = User.objects.create(username="office", role=Role.COUNTY_OFFICE, scope="3399")
    client = Client(SERVER_NAME="localhost")
    client.force_login(office)
    run = workflow.draft(office, "nearest", "量一量")
    took: dict[str, float] = {}

    def step(name: str, do: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        done = do()
        took[name] = time.perf_counter() - began
        return done

    def work() -> Callable[[], Answer]:
        solved = step("solved", lambda: workflow.compute(run.pk, timezone.localdate()))
        page = step("page", lambda: client.get(f"/supervision/{run.pk}/"))
        lines = step("lines", lambda: client.get(f"/supervision/{run.pk}/lines", headers={"Accept-Encoding": "gzip"}))
        if (solved.state, page.status_code, lines.status_code) != ("draft", 200, 200):
            raise RuntimeError(f"{solved.state} {solved.progress_note} {page.status_code} {lines.status_code}")
        return lambda: {
            **{name: np.array(value) for name, value in took.items()}, "bytes": len(lines.content), "proven": solved.total == solved.lower_bound,
            **_changed(client, run, data.size(CHANGES, QUICK_CHANGES)), **_grids(office),
        }  # fmt: skip

    return work


def _changed(client: Any, run: Any, count: int) -> Answer:
    """Seconds of asking why and who else, of changing with the answer's page, and what the totals say in the end."""
    from apps.supervision.explanation import alternatives
    from apps.supervision.instance import instance
    from apps.supervision.models import TeamMember
    from apps.supervision.workflow import serving_on  # noqa: F401  the verbs are loaded before the first is timed

    rng = np.random.default_rng(11)
    members = list(TeamMember.objects.filter(team__run=run).order_by("pk").values_list("pk", flat=True))
    asked, changed = [], []
    for index, key in enumerate(rng.choice(members, count, replace=False).tolist()):
        began = time.perf_counter()
        answer = client.get(f"/supervision/members/{key}/why")
        asked.append(time.perf_counter() - began)
        member = TeamMember.objects.select_related("team").get(pk=key)
        run.refresh_from_db()
        free = [one for one in alternatives(run, member.team.topic_id, member.deputy_id) if not one.obstacle]
        if answer.status_code != 200 or not free:
            raise RuntimeError(f"{answer.status_code}: nobody else could come")
        new = free[index % len(free)].deputy
        typed = {"verb": "replace", "deputy": new.pk, "reason": "住得更近", "revision": run.revision}
        began = time.perf_counter()
        answer = client.post(f"/supervision/members/{key}/change", typed, headers={"HX-Request": "true"})
        changed.append(time.perf_counter() - began)
        if answer.status_code != 200 or not TeamMember.objects.filter(team=member.team, deputy=new).exists():
            raise RuntimeError(f"{answer.status_code}: the change was refused")
    run.refresh_from_db()
    return {"asked": np.array(asked[1:]), "first": np.array(asked[0]), "changed": np.array(changed), "agrees": _total(run, instance) == run.changed_total}


def _total(run: Any, instance: Callable) -> int:
    """What the draft costs, added up from its rows by the rules' own arithmetic."""
    from django.utils import timezone

    from apps.matching.assignment import objective
    from apps.supervision.instance import run_members

    asked = instance(run, timezone.localdate())
    rows = asked.rows(run_members(run).values_list("team__topic", "deputy"))
    return int(objective(asked.priced(rows).price, rows, asked.rules.balance, len(asked.deputy_keys)))


def _grids(office: Any) -> Answer:
    """Seconds of proposing who stands for which grid, of doing so again, and how many there are."""
    from apps.deputies.grid import GridMember
    from apps.supervision.grid_needs import propose_all

    took, counts = [], []
    for _ in range(2):
        began = time.perf_counter()
        propose_all(office)
        took.append(time.perf_counter() - began)
        counts.append(GridMember.objects.count())
    return {"proposed": np.array(took), "members": np.array(counts)}


def _quantile(name: str, share: float) -> Callable[[Mapping[str, Measured], Data], float | None]:
    def value(_: Mapping[str, Measured], data: Data) -> float | None:
        answer = data.answer("run")
        return None if answer is None else float(np.quantile(answer[name], share)) * 1e3

    return value


def _check(data: Data) -> list[Check]:
    answer = data.answer("run")
    if answer is None:
        return []
    told = [f"{name} {seconds(float(answer[key]))}" for key, name in (("solved", "solved, proven and stored"), ("page", "page"), ("lines", "lines"))]
    high = [np.quantile(answer[name], [0.5, 0.95, 1.0]) for name in ("asked", "changed")]
    grids, members = answer["proposed"], answer["members"].tolist()
    words = [f"p50 {seconds(low)}, p95 {seconds(most)}, longest {seconds(longest)}" for low, most, longest in high]
    return [
        Check("a run, proven over all pairs", bool(answer["proven"]), f"{', '.join(told)} ({int(answer['bytes']) / 1024:,.0f} KB)"),
        Check("why this deputy, and who else with the effect of each", True, f"{words[0]}; the first of a process {seconds(float(answer['first']))}"),
        Check("a deputy replaced", True, words[1]),
        Check("the total as added up anew from the draft's rows", bool(answer["agrees"]), "equal" if answer["agrees"] else "another"),
        Check("proposed for all grids, and again with nothing new", members[0] == members[1] > 0, f"{members[0]:,} proposals in {seconds(grids[0])}, again {seconds(grids[1])}"),
    ]


JOB = Job(
    "workbench",
    lambda data: f"the workbench, {data.size(TOPICS, QUICK_TOPICS):,} topics x {data.size(DEPUTIES, QUICK_DEPUTIES):,} deputies, {ALONG * UP * GRIDS[0] * GRIDS[1]:,} grids",
    lambda data: data.keep(topics=np.array(data.size(TOPICS, QUICK_TOPICS))),
    (Contender("run", "from the queue to the lines on the map", _prepare, repeats=1),),
    (
        Goal("run", "a run on the map in", lambda measured, _: None if measured["run"].missing else measured["run"].wall, at_most=10.0, unit="s"),
        Goal("run", "p95 of a change by hand, with its effect", _quantile("changed", 0.95), at_most=200.0, unit="ms"),
        Goal("run", "p95 of asking why and who else, each with its effect", _quantile("asked", 0.95), at_most=500.0, unit="ms"),
    ),
    _check,
)
