"""The map of complaints with a million voices: every change of a filter as the page asks for it, through the product's own address, and the same
counts by plain GROUP BY in the database it keeps them in."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.bench import database
from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, faster, seconds

VOICES, QUICK_VOICES = 1_000_000, 100_000
TIMES, QUICK_TIMES = 7, 3
TOWNS, VILLAGES = 25, 400
SLOWEST = 500.0  # milliseconds
LARGEST = 100.0  # KB
PARTS = "regions,cells,trend,clock,categories,sources,states,figures"
QUESTIONS = {
    "period=730&level=village": {},
    "period=365&level=village": {"days": 365},
    "period=30&level=village": {"days": 30},
    "period=730&level=village&category=housing": {"categories": ["housing"]},
    "period=730&level=village&source=web&source=phone": {"sources": [2, 6]},
    "period=730&level=village&state=open": {"open": True},
    "period=730&level=village&hour=8&hour=9&hour=10&weekday=5&weekday=6": {"hours": [8, 9, 10], "weekdays": [6, 7]},
}
"""Of the page -> of the plain query, which counts ISO weekdays."""
PICTURES = ("by=hex&part=hexes", "by=density&part=density", "by=change&compare=year&part=change,regions", "by=cell&part=frames", "by=cell&size=100&part=cells", "compare=before&part=regions,trend")  # fmt: skip
BESIDE = (
    "by=region",
    "by=region&compare=before",
    "by=cell",
    "by=hex",
    "by=change&over=cell",
    "by=density",
)
CHANGED = 1000
CHANGE = "UPDATE insights_fact SET again = NOT again, version = %s WHERE id IN (SELECT id FROM insights_fact ORDER BY ref LIMIT %s)"

FILL = """
INSERT INTO territory_adminarea (code, name, level, kind, parent_id, has_congress, population, former_names, synthetic)
SELECT '339999' || to_char(300 + t, 'FM000') || '000', '镇' || t, 'town', '镇', %(county)s, true, 20000 + t * 500, '', true FROM generate_series(1, %(towns)s) t;
INSERT INTO territory_adminarea (code, name, level, kind, parent_id, has_congress, population, former_names, synthetic)
SELECT left(a.code, 9) || to_char(v, 'FM000'), a.name || '村' || v, 'village', '村', a.id, false, 800 + v * 37, '', true
FROM territory_adminarea a CROSS JOIN generate_series(1, %(villages)s / %(towns)s) v WHERE a.level = 'town' AND a.code >= '339999301000';
INSERT INTO insights_fact (kind, ref, day, hour, col, row, town, village, category, source, told_for, state, due_on, met_late, satisfied, again, counted, version)
SELECT 0, n, %(today)s::date - (n * 7919 %% 730)::int, (n * 31 %% 25 - 1)::int, c.x, c.y, v.parent_id, v.id, (%(categories)s::bigint[])[1 + n * 13 %% %(topics)s], 1 + n * 17 %% 6,
       n %% 9 = 0, least(n %% 12, 2), CASE WHEN n %% 12 = 0 THEN %(today)s::date - 5 + (n %% 20)::int END, CASE WHEN n %% 12 > 0 THEN n %% 10 = 0 END, 1 + n * 3 %% 3, n %% 20 = 0, n %% 50 > 0, 1
FROM generate_series(1::bigint, %(voices)s) n
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS place, * FROM territory_adminarea WHERE level = 'village' AND code >= '339999301000') v ON v.place = n * 104729 %% %(villages)s
CROSS JOIN LATERAL (SELECT (v.place %% 20 * 25 - 250 + n * 53 %% 23)::int AS x, (v.place / 20 * 25 - 250 + n * 59 %% 29)::int AS y) c;
INSERT INTO insights_factstate ("only", epoch, version) VALUES (true, gen_random_uuid(), 1);
"""  # fmt: skip


def _filled(data: Data, name: str) -> tuple[Any, Any, list[int]]:
    """The connection, the leader, and the keys of the categories that voices are about."""
    connection = database.fresh(name)
    from django.utils import timezone

    from apps.cases.models import Category
    from tests import town as toy

    town = toy.build()
    leader = toy.build_users(town).leader
    categories = list(Category.objects.exclude(level=1).order_by("pk").values_list("pk", flat=True))
    with connection.cursor() as cursor:
        values = {
            "county": town.county.pk,
            "towns": TOWNS,
            "villages": VILLAGES,
            "categories": categories,
            "topics": len(categories),
            "voices": int(data["voices"]),
            "today": timezone.localdate(),
        }
        cursor.execute(FILL, values)
        cursor.execute("VACUUM ANALYZE insights_fact")
    return connection, leader, categories


def _ours(data: Data) -> Callable[[], Answer | Callable[[], Answer]]:
    connection, leader, _ = _filled(data, "insight")
    from django.test import Client

    from apps.insights import held
    from apps.territory.remembered import Remembered

    began = time.perf_counter()
    cube = held.current()
    loaded = time.perf_counter() - began
    client = Client(HTTP_HOST="localhost", HTTP_ACCEPT_ENCODING="gzip")
    client.force_login(leader)
    addresses = [f"/insight/data?{query}&part={PARTS}" for query in QUESTIONS]
    pictures = [f"/insight/data?period=730&level=village&{query}" for query in PICTURES]
    besides = [f"/insight/beside?period=730&level=village&{query}" for query in BESIDE]
    for address in (*addresses, *pictures, *besides):
        client.get(address)
    times = data.size(TIMES, QUICK_TIMES)

    def work() -> Callable[[], Answer]:
        pages = [_asked(client, address) for address in addresses]

        def answer() -> Answer:
            took = [[_asked(client, address)[0] for _ in range(times)] for address in (*addresses, *pictures)]
            beside = [[_asked(client, address)[0] for _ in range(times)] for address in besides]
            sizes = [size for _, size, _ in (*pages, *(_asked(client, address) for address in pictures))]
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute("UPDATE insights_factstate SET version = version + 1 RETURNING version")
                (version,) = cursor.fetchone()
                cursor.execute(CHANGE, [version, CHANGED])
            written = time.perf_counter()
            Remembered.check_seconds, kept = 0.0, Remembered.check_seconds
            held.current()
            renewed = time.perf_counter()
            Remembered.check_seconds = kept
            return {
                "took": np.array(took), "beside": np.array(beside), "bytes": np.array(sizes), "counts": np.array([counts for _, _, counts in pages]), "loaded": np.array(loaded),
                "fact": np.array(cube.nbytes / len(cube)), "renewed": np.array([written - began, renewed - written]),
            }  # fmt: skip

        return answer

    return work


def _asked(client: Any, address: str) -> tuple[float, int, list[int]]:
    """Seconds, bytes on the wire, and how many in each village."""
    import gzip
    import json

    began = time.perf_counter()
    answer = client.get(address)
    took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    found = json.loads(gzip.decompress(answer.content) if answer.get("Content-Encoding") == "gzip" else answer.content)
    return (
        took,
        len(answer.content),
        [row["count"] for row in found.get("regions", ()) if row["code"] >= "339999301000"],
    )


GROUPED = (
    "SELECT v.code, count(f.id) FROM territory_adminarea v LEFT JOIN (SELECT * FROM insights_fact WHERE {where}) f ON f.village = v.id "
    "WHERE v.level = 'village' AND v.code >= '339999301000' GROUP BY v.code ORDER BY v.code",
    "SELECT floor(col / 5.0), floor(row / 5.0), count(*) FROM insights_fact WHERE {where} GROUP BY 1, 2",
    "SELECT date_trunc('month', day), count(*) FROM insights_fact WHERE {where} GROUP BY 1",
    "SELECT extract(isodow FROM day), hour, count(*) FROM insights_fact WHERE {where} GROUP BY 1, 2",
    "SELECT category, count(*) FROM insights_fact WHERE {where} GROUP BY 1",
    "SELECT source, count(*) FROM insights_fact WHERE {where} GROUP BY 1",
    "SELECT state, due_on < current_date, met_late, satisfied, again, count(*) FROM insights_fact WHERE {where} GROUP BY 1, 2, 3, 4, 5",
)


def _grouped(data: Data) -> Callable[[], Answer]:
    connection, _, _ = _filled(data, "insight_sql")
    from apps.cases.models import Category

    conditions = [_condition(filters, Category) for filters in QUESTIONS.values()]

    def work() -> Answer:
        counts = []
        with connection.cursor() as cursor:
            for where in conditions:
                for number, query in enumerate(GROUPED):
                    cursor.execute(query.format(where=where))
                    rows = cursor.fetchall()
                    if number == 0:
                        counts.append([count for _, count in rows])
        return {"counts": np.array(counts)}

    return work


def _condition(filters: Mapping[str, Any], categories: Any) -> str:
    """The filters of a question as they stand in a WHERE, of numbers only."""
    from django.utils import timezone

    parts = ["counted", f"day > DATE '{timezone.localdate()}' - {filters.get('days', 730)}"]
    if codes := filters.get("categories"):
        parts.append(
            f"category IN ({', '.join(str(pk) for pk in categories.objects.under(codes).values_list('pk', flat=True))})"
        )
    for name, column in (("sources", "source"), ("hours", "hour"), ("weekdays", "extract(isodow FROM day)")):
        if name in filters:
            parts.append(f"{column} IN ({', '.join(map(str, filters[name]))})")
    return " AND ".join([*parts, "state = 0"] if filters.get("open") else parts)


def _slowest(_: Mapping[str, Measured], data: Data) -> float | None:
    """p95 of the question that takes longest, milliseconds."""
    answer = data.answer("cube")
    return None if answer is None else float(np.quantile(answer["took"], 0.95, axis=1).max()) * 1e3


def _beside(_: Mapping[str, Measured], data: Data) -> float | None:
    """The same of what stands beside the map: caption, list, hours and steps, as they are written."""
    answer = data.answer("cube")
    return None if answer is None else float(np.quantile(answer["beside"], 0.95, axis=1).max()) * 1e3


def _largest(_: Mapping[str, Measured], data: Data) -> float | None:
    answer = data.answer("cube")
    return None if answer is None else float(answer["bytes"].max()) / 1000


def _check(data: Data) -> list[Check]:
    ours, theirs = data.answer("cube"), data.answer("sql")
    if ours is None or theirs is None:
        return []
    same = bool((ours["counts"] == theirs["counts"]).all()) and ours["counts"].sum() > 0
    written, renewed = ours["renewed"].tolist()
    return [
        Check(
            f"{len(QUESTIONS)} questions, {VILLAGES} villages: the same counts as GROUP BY",
            same,
            f"{int(ours['counts'].sum()):,} voices",
        ),
        Check(
            "a process reads them all", True, f"{seconds(float(ours['loaded']))}, {float(ours['fact']):.0f} bytes each"
        ),
        Check(
            f"{CHANGED:,} of them change",
            True,
            f"written in {seconds(written)}, counted by the process after {seconds(renewed)}",
        ),
    ]


JOB = Job(
    "insight",
    lambda data: (
        f"the map of {int(data['voices']):,} voices, {len(QUESTIONS)} filters of {len(PARTS.split(','))} charts each"
    ),
    lambda data: data.keep(voices=np.array(data.size(VOICES, QUICK_VOICES))),
    (
        Contender("cube", "Geo-Renda, /insight/data", _ours, repeats=3),
        Contender("sql", "PostgreSQL, GROUP BY over the same rows", _grouped, repeats=2),
    ),
    (
        faster("cube", "sql", "against GROUP BY, all filters", 5.0),
        Goal("cube", "slowest question, p95", _slowest, at_most=SLOWEST, unit="ms"),
        Goal("cube", "slowest page beside the map, p95", _beside, at_most=SLOWEST, unit="ms"),
        Goal("cube", "largest answer, gzip", _largest, at_most=LARGEST, unit="KB"),
    ),
    _check,
)
