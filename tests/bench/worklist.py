"""The work list with ten thousand open cases among a hundred thousand: its pages, its map and a hand-over of many, as each role asks for them,
through the product's own addresses, on a database of its own."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.bench import database
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, seconds

OPEN, QUICK_OPEN = 10_000, 1_000
DONE = 9  # for each open one
TIMES, QUICK_TIMES = 30, 8
PAGES = (
    "state=open",
    "state=open&page=100",
    "state=open&late=late",
    "state=all",
    "state=all&q=路灯",
    "state=open&sort=oldest",
    "",
)
ROLES = ("county_office", "town_clerk", "deputy", "dispatcher")
HANDED = 50

FILL = """
INSERT INTO cases_case (code, follow_code, submission, text, channel, place, point, town_id, state, level, deputy_id, deputy_reason, organisation_id, category_id,
                        hide_name, submitted_at, dispatched_at, due_on, answer, answered_late)
SELECT 'C' || n, 'F' || n, gen_random_uuid(), '第' || n || '件：' || (ARRAY['人民路口的路灯坏了两个月，晚上看不见', '水沟堵了，雨天漫水', '夜里施工噪声太大', '公交太少，要等一小时'])[1 + n %% 4],
       'web', '', ST_SetSRID(ST_MakePoint(120 + (n %% 300) * 0.0001, 28 + (n %% 200) * 0.0001), 4326), (%(towns)s::bigint[])[1 + n %% 3],
       CASE WHEN n > %(open)s THEN 'closed' ELSE (ARRAY['with_deputy', 'with_town', 'with_county', 'with_dispatcher', 'with_unit'])[1 + n %% 5] END,
       'deputy', (%(deputies)s::bigint[])[1 + n %% %(people)s], '', %(unit)s, (SELECT id FROM cases_category ORDER BY id LIMIT 1 OFFSET n %% 17), true,
       now() - n * interval '10 minutes', CASE WHEN n %% 5 >= 3 THEN now() END, CASE WHEN n <= %(open)s THEN current_date - 5 + n %% 20 END, '', false
FROM generate_series(1, %(all)s) AS n
"""


def _prepare(data: Data) -> Callable[[], Answer]:
    connection = database.fresh("worklist")
    from django.test import Client

    from apps.cases.models import Case
    from tests import town as toy

    town = toy.build()
    users = toy.build_users(town)
    count = int(data["open"])
    deputies = [deputy.pk for deputy in town.deputies.values()]
    with connection.cursor() as cursor:
        cursor.execute(FILL, {
            "towns": [area.pk for area in town.towns.values()], "deputies": deputies, "people": len(deputies), "unit": town.organisations["construction"].pk,
            "open": count, "all": count * (1 + DONE),
        })  # fmt: skip
        cursor.execute("VACUUM ANALYZE cases_case")
    clients = {}
    for role in ROLES:
        clients[role] = Client(HTTP_HOST="localhost")
        clients[role].force_login(getattr(users, role))
        clients[role].get("/cases/?state=open")
    times = data.size(TIMES, QUICK_TIMES)

    def work() -> Answer:
        pages = {
            (role, page): _asked(client, f"/cases/?{page}", times)
            for role, client in clients.items()
            for page in PAGES
        }
        marks = _asked(clients["county_office"], "/cases/marks?state=open", times)
        size = len(clients["county_office"].get("/cases/marks?state=open").content)
        codes = list(Case.objects.filter(state="with_county").values_list("code", flat=True)[:HANDED])
        began = time.perf_counter()
        clients["county_office"].post("/cases/many", {"verb": "pass_to_dispatcher", "case": codes})
        took = time.perf_counter() - began
        gone = Case.objects.filter(code__in=codes, state="with_dispatcher").count()
        return {
            "pages": np.array(list(pages.values())), "marks": marks, "bytes": np.array(size), "handed": np.array([took, gone]), "open": np.array(Case.objects.open().count()),
        }  # fmt: skip

    return work


def _asked(client: Any, address: str, times: int) -> np.ndarray:
    """Seconds of each answer."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        answer = client.get(address)
        took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code}")
    return np.array(took)


def _slowest(_: Mapping[str, Measured], data: Data) -> float | None:
    """p95 of the page that takes longest, milliseconds."""
    answer = data.answer("list")
    return None if answer is None else float(np.quantile(answer["pages"], 0.95, axis=1).max()) * 1e3


def _check(data: Data) -> list[Check]:
    answer = data.answer("list")
    if answer is None:
        return []
    p50, p95 = np.quantile(answer["pages"], [0.5, 0.95])
    took, gone = answer["handed"].tolist()
    return [
        Check(f"pages as {len(ROLES)} roles ask for them in {len(PAGES)} ways", int(answer["open"]) == int(data["open"]), f"p50 {seconds(p50)}, p95 {seconds(p95)}"),
        Check("all of them as marks on the map", int(answer["bytes"]) == 8 + 13 * int(data["open"]), f"p50 {seconds(np.median(answer['marks']))}, {int(answer['bytes']) / 1024:,.0f} KB"),
        Check(f"{HANDED} handed over at once, each by its own verb", int(gone) == HANDED, seconds(took)),
    ]  # fmt: skip


JOB = Job(
    "worklist",
    lambda data: (
        f"the work list, {data.size(OPEN, QUICK_OPEN):,} open cases among {data.size(OPEN, QUICK_OPEN) * (1 + DONE):,}"
    ),
    lambda data: data.keep(open=np.array(data.size(OPEN, QUICK_OPEN))),
    (Contender("list", "asked for by every role", _prepare, repeats=1),),
    (Goal("list", "p95 of the slowest page", _slowest, at_most=150.0, unit="ms"),),
    _check,
)
