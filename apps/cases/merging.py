"""What staged rows become here: cases with their whole history, pinned to the place and the term in which they were filed.

A history is never rewritten: a case that is there already gets what has happened since, is left alone when we know more of it
than the file, and is refused when the two tell different stories.
"""

import csv
import datetime as dt
import io
from collections import defaultdict
from functools import cache
from typing import Any

from django.utils import timezone

from apps.cases.histories import Happened, Past, told
from apps.record.codes import new_code, read_code
from apps.record.events import GENESIS
from apps.record.staging import SHAPE, STAGE, Merged, Stage, Target, Wanted, copied, copy_in, execute, query
from apps.territory.merging import COVERING
from apps.worktime.models import CalendarDay, TimeLimit

EVENTS_AT_ONCE = 5000

Story = tuple[str, int, str, str, str, str]


def cases(stage: Stage, events: Any) -> Merged:
    """`events`: the model of a case's events."""
    stage.refuse(
        "NOT EXISTS (SELECT FROM cases_category t WHERE t.level > 1 AND s.category IN (t.code, t.label))",
        "'类别“' || s.category || '”不存在。可用：' || (SELECT string_agg(t.label, '、' ORDER BY t.id) FROM cases_category t WHERE t.level = 2)",
    )
    stage.refuse_unknown("deputy", "deputies_deputy", "代表")
    stage.refuse_unknown("unit", "organisations_organisation", "单位")
    execute(f"UPDATE {STAGE} SET level = 'deputy' WHERE level IS NULL")
    _check_follow_codes(stage)
    _find_places(stage)
    histories = _read_histories(stage)
    fresh_from = _compare(stage, histories, events)
    _write_outcomes({row: histories[row] for row in fresh_from})
    wanted = _write(stage)
    ids = dict(query(f"SELECT row, id FROM {wanted.name}"))
    _append(events, {ids[row]: (histories[row], start) for row, start in fresh_from.items() if row in ids})
    execute("SELECT cases_write_past_clocks(%s)", [[ids[row] for row in fresh_from if row in ids]])
    ratings = f"""
        WITH come AS (
            INSERT INTO cases_rating (case_id, by, part, round, words, score, at)
            SELECT w.id, 'reporter', 'outcome', 0, '', s.rating, s.rated_at FROM {STAGE} s JOIN {wanted.name} w ON w.row = s.row WHERE s.rating IS NOT NULL
            ON CONFLICT DO NOTHING RETURNING case_id
        ) UPDATE {wanted.name} w SET changed = true WHERE id IN (SELECT case_id FROM come)"""
    execute(ratings)
    known = query(f"SELECT count(*) FROM {STAGE}")[0][0] - len(ids)  # cases we know more of than the file: left as they are
    merged = wanted.merged()
    return Merged(merged.inserted, merged.updated, merged.unchanged + known)


def _check_follow_codes(stage: Stage) -> None:
    """Codes that a file brings are ours in form and nobody else's; where it brings none, one is drawn. What a resident holds already stays."""
    if not stage.has("follow_code"):
        return
    brought = query(f"SELECT row, follow_code FROM {STAGE} WHERE follow_code IS NOT NULL")
    if faults := {row: "查询码不对：请核对，或留空由系统生成" for row, code in brought if read_code(code) != code}:
        stage.refuse_rows(faults)
    stage.refuse(
        f"""s.follow_code IS NOT NULL AND (EXISTS (SELECT FROM cases_case t WHERE t.follow_code = s.follow_code AND t.code <> s.code)
            OR EXISTS (SELECT FROM cases_joiner j WHERE j.follow_code = s.follow_code)
            OR EXISTS (SELECT FROM {STAGE} o WHERE o.follow_code = s.follow_code AND o.row < s.row))""",
        "'查询码已属于另一件民情件：请核对，或留空由系统生成'",
    )


def _find_places(stage: Stage) -> None:
    """Town, village, grid and districts of each point, as they were when the case was filed."""
    district = """(SELECT d.id FROM territory_electoraldistrict d JOIN territory_term m ON m.id = d.term_id WHERE m.level = '{level}' AND m.state = 'published'
        AND m.starts <= (s.submitted_at AT TIME ZONE 'Asia/Shanghai')::date AND m.ends > (s.submitted_at AT TIME ZONE 'Asia/Shanghai')::date
        AND ST_Covers(d.geom, s.geom) ORDER BY d.code LIMIT 1)"""
    execute(
        f"""
        CREATE TEMP TABLE import_places ON COMMIT DROP AS
        SELECT p.*, coalesce(p.covering_town, CASE WHEN EXISTS (SELECT FROM territory_adminarea WHERE level = 'town' AND geom IS NOT NULL) THEN u.id
                                              ELSE {COVERING.format(level="county", point="p.geom")} END) AS town_id
        FROM (SELECT s.row, s.geom, {COVERING.format(level="town", point="s.geom")} AS covering_town,
                     {COVERING.format(level="village", point="s.geom")} AS village_id,
                     (SELECT g.id FROM territory_grid g WHERE ST_Covers(g.geom, s.geom) ORDER BY g.code LIMIT 1) AS grid_id,
                     {district.format(level="county")} AS county_district_id, {district.format(level="township")} AS township_district_id
              FROM {STAGE} s) p
        LEFT JOIN territory_adminarea v ON v.id = p.village_id LEFT JOIN territory_adminarea u ON u.id = v.parent_id AND u.level IN ('town', 'county')
        """
    )
    execute("CREATE INDEX ON import_places (row)")
    stage.refuse(
        "NOT EXISTS (SELECT FROM import_places p WHERE p.row = s.row AND p.town_id IS NOT NULL)",
        "'位置（' || round(ST_X(s.geom)::numeric, 5) || '，' || round(ST_Y(s.geom)::numeric, 5) || '）不在本县任何乡镇街道范围内'",
    )


def _read_histories(stage: Stage) -> dict[int, list[Happened]]:
    """Row -> its events; rows whose times cannot be are refused."""
    rows = query(
        f"""SELECT s.row, s.submitted_at, s.level, coalesce(d.name, ''), town.name || CASE WHEN town.has_congress THEN '人大' ELSE '人大工委' END,
                   s.passed_at, coalesce(nullif(o.short_name, ''), o.name, ''), s.assigned_at, s.answered_at, coalesce(s.answer, ''),
                   s.rated_at, coalesce(s.rating, ''),
                   coalesce(s.deputy, ''), coalesce(s.unit, ''), town.level = 'town'
            FROM {STAGE} s JOIN import_places p ON p.row = s.row JOIN territory_adminarea town ON town.id = p.town_id
            LEFT JOIN deputies_deputy d ON d.code = s.deputy LEFT JOIN organisations_organisation o ON o.code = s.unit ORDER BY s.row"""
    )
    pasts = {row: Past(*(timezone.localtime(v) if isinstance(v, dt.datetime) else v for v in values)) for row, *values in rows}
    faults = {row: fault for row, past in pasts.items() if (fault := past.fault())}
    if faults:
        stage.refuse_rows(faults)
    limits, days = {limit.step: limit for limit in TimeLimit.objects.all()}, CalendarDay.objects.workdays()
    due_on = cache(lambda step, start: limits[step].last_day(start, days))  # many cases of few days
    return {row: told(past, due_on) for row, past in pasts.items() if row not in faults}


def _compare(stage: Stage, histories: dict[int, list[Happened]], events: Any) -> dict[int, int]:
    """Row -> how many of its events are recorded already. Rows that tell another story are refused, rows we know more of left out."""
    codes = dict(query(f"SELECT c.id, s.row FROM {STAGE} s JOIN cases_case c ON c.code = s.code"))
    recorded: dict[int, list[Story]] = defaultdict(list)
    for subject, verb, at, note, data in events.objects.filter(subject__in=list(codes)).order_by("pk").values_list(
        "subject", "verb", "at", "note", "data"
    ):
        recorded[codes[subject]].append(_story(verb, at, note, data))
    known: dict[int, int] = {}
    conflicts = {}
    for row, history in histories.items():
        ours, theirs = recorded[row], [_story(event.verb, event.at, event.note, event.data) for event in history]
        shared = min(len(ours), len(theirs))
        if ours[:shared] != theirs[:shared]:
            conflicts[row] = "这件民情件在系统里的经过与文件不同，经过不能改写"
        elif len(ours) <= len(theirs):
            known[row] = shared
    if conflicts:
        stage.refuse_rows(conflicts)
    return known


def _story(verb: str, at: dt.datetime, note: str, data: dict) -> Story:
    return verb, int(at.timestamp() * 1000), note, *(str(data.get(key, "")) for key in ("deputy_code", "unit_code", "score"))


def _write_outcomes(histories: dict[int, list[Happened]]) -> None:
    execute(
        """CREATE TEMP TABLE import_outcomes (row integer NOT NULL, state text NOT NULL, due_on date, dispatched_at timestamptz,
           answered_late boolean NOT NULL, follow_code text NOT NULL) ON COMMIT DROP"""
    )
    lines = io.StringIO()
    writer = csv.writer(lines)
    for row, history in histories.items():
        dispatched = next((event.at.isoformat() for event in history if event.verb == "pass_to_dispatcher"), None)
        late = any(dict(event.extra).get("late") for event in history)
        writer.writerow((row, history[-1].state, history[-1].due_on, dispatched, late, new_code()))
    copy_in("import_outcomes", ("row", "state", "due_on", "dispatched_at", "answered_late", "follow_code"), lines.getvalue())
    execute("ANALYZE import_outcomes")


def _write(stage: Stage) -> Wanted:
    """The cases that are new or have gone on; what was pinned when a case was filed stays unless its point was wrong."""

    def pinned(name: str) -> Target:
        return Target(name, f"CASE WHEN t.id IS NOT NULL AND t.point = s.geom THEN t.{name} ELSE p.{name} END")

    wanted = stage.want(
        "cases_case",
        "t.code = s.code",
        [
            copied("code"), copied("text"), Target("category_id", "k.id"), Target("subcategory_id", "coalesce(k.third, CASE WHEN t.category_id = k.id THEN t.subcategory_id END)"), copied("channel"), copied("place", "''"), copied("submitted_at"),
            Target("follow_code", "coalesce(t.follow_code, s.follow_code, h.follow_code)"),
            Target("level", "CASE WHEN s.level = 'town' AND a.level <> 'town' THEN 'county' ELSE s.level END", ("level",)), Target("point", "s.geom::geometry(Point, 4326)", (SHAPE,)), Target("submission", "coalesce(t.submission, gen_random_uuid())"),
            Target("deputy_id", "d.id", ("deputy",)), Target("station_id", "d.station_id", ("deputy",)), Target("organisation_id", "o.id", ("unit",)),
            copied("answered_at"), copied("answer", "''"), Target("deputy_reason", "coalesce(t.deputy_reason, '')"), Target("hide_name", "coalesce(t.hide_name, true)"),
            *(pinned(name) for name in ("town_id", "village_id", "grid_id", "county_district_id", "township_district_id")),
            *(Target(name, f"h.{name}") for name in ("state", "due_on", "dispatched_at", "answered_late")),
        ],
        source=f"""{STAGE} s JOIN import_outcomes h ON h.row = s.row JOIN import_places p ON p.row = s.row JOIN territory_adminarea a ON a.id = p.town_id
                   CROSS JOIN LATERAL (
                       SELECT CASE x.level WHEN 2 THEN x.id ELSE x.parent_id END AS id, CASE x.level WHEN 3 THEN x.id END AS third
                       FROM cases_category x WHERE x.level > 1 AND s.category IN (x.code, x.label) ORDER BY x.level, x.id LIMIT 1
                   ) k
                   LEFT JOIN deputies_deputy d ON d.code = s.deputy LEFT JOIN organisations_organisation o ON o.code = s.unit""",
    )  # fmt: skip
    wanted.write()
    return wanted


def _append(events: Any, histories: dict[int, tuple[list[Happened], int]]) -> None:
    """Chain the events that are new to each case, as `CaseEvent.objects.append` would, but all at once."""
    last = dict(events.objects.filter(subject__in=list(histories)).order_by("subject_id", "-pk").distinct("subject_id").values_list("subject", "hash"))
    made = []
    for case, (history, start) in histories.items():
        previous = last.get(case, GENESIS)
        for happened in history[start:]:
            event = events(
                subject_id=case, verb=happened.verb, actor_label=happened.by, note=happened.note, at=happened.at, data=happened.data,
                previous_hash=previous,
            )  # fmt: skip
            previous = event.hash = event.digest()
            made.append(event)
    events.objects.bulk_create(made, batch_size=EVENTS_AT_ONCE)
