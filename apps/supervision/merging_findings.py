"""What staged rows become here: findings with their whole history.

As with cases, a history is never rewritten: a finding that is there already gets what has happened since, is left alone when we know
more of it than the file, and is refused when the two tell different stories.
"""

import csv
import datetime as dt
import io
from collections import defaultdict
from typing import Any

from django.utils import timezone

from apps.record.events import GENESIS
from apps.record.staging import STAGE, Merged, Stage, Target, copied, copy_in, execute, query
from apps.supervision.findings_histories import Past, Told, told
from apps.worktime.models import CalendarDay, TimeLimit

EVENTS_AT_ONCE = 5000
TIMES = ("forwarded_at", "declined_at", "assigned_at", "reminded_at", "overseen_at", "answered_at", "sent_back_at", "reanswered_at", "closed_at")
WORDS = ("decline_reason", "oversight", "answer", "send_back_reason", "reanswer", "result")

BY_ITSELF = ("fall_overdue", "recount")  # what our clock and calendar write into a history: no other system tells of it

Story = tuple[str, int, str, str, str]


def findings(stage: Stage, events: Any) -> Merged:
    """`events`: the model of a finding's events."""
    stage.refuse_unknown("deputy", "deputies_deputy", "代表")
    stage.refuse_unknown("unit", "organisations_organisation", "单位")
    stage.refuse_unknown_in_list("co_units", "organisations_organisation", "name", "单位")
    stage.refuse_unknown("visit", "supervision_visit", "走访视察")
    _find_topics(stage)
    stage.refuse(
        "s.visit IS NOT NULL AND NOT EXISTS (SELECT FROM supervision_visit v JOIN import_topics p ON p.row = s.row AND p.topic_id = v.topic_id WHERE v.code = s.visit)",
        "'走访视察“' || s.visit || '”不是这个监督事项的'",
    )
    histories = _read_histories(stage)
    fresh_from = _compare(stage, histories, events)
    _write_outcomes({row: histories[row] for row in fresh_from})
    wanted = stage.want(
        "supervision_finding",
        "t.code = s.code",
        [
            copied("code"), copied("text"), copied("severity", "1"), copied("raised_at"), copied("forwarded_at"), copied("assigned_at"), copied("limit_days"),
            copied("closed_at"), copied("result", "''"), copied("reminded_at"),
            Target("topic_id", "p.topic_id", ("topic",)), Target("town_id", "coalesce(t.town_id, p.town_id)"), Target("visit_id", "v.id", ("visit",)),
            Target("raised_by_id", "d.id", ("deputy",)), Target("follower_id", "coalesce(t.follower_id, d.id)"), Target("lead_id", "o.id", ("unit",)),
            *(Target(name, f"h.{name}") for name in ("state", "due_on", "rectify_by", "late", "answer", "answered_at", "sent_back")),
            Target("revision", "greatest(h.revision, coalesce(t.revision, 0))"),
            Target("reminders", "(s.reminded_at IS NOT NULL)::int"), Target("extensions", "coalesce(t.extensions, 0)"),
        ],
        source=f"""{STAGE} s JOIN import_finding_outcomes h ON h.row = s.row JOIN import_topics p ON p.row = s.row JOIN deputies_deputy d ON d.code = s.deputy
                   LEFT JOIN organisations_organisation o ON o.code = s.unit LEFT JOIN supervision_visit v ON v.code = s.visit""",
    )  # fmt: skip
    wanted.write()
    ids = dict(query(f"SELECT row, id FROM {wanted.name}"))
    _join_in(wanted.name)
    _append(events, {ids[row]: (histories[row], start) for row, start in fresh_from.items() if row in ids})
    known = query(f"SELECT count(*) FROM {STAGE}")[0][0] - len(ids)  # findings we know more of than the file: left as they are
    merged = wanted.merged()
    return Merged(merged.inserted, merged.updated, merged.unchanged + known)


def _find_topics(stage: Stage) -> None:
    """The topic of each row, by a key project's code or a matter's own; a key project that is no topic yet becomes one."""
    stage.refuse(
        "NOT EXISTS (SELECT FROM projects_keyproject k WHERE k.code = s.topic) AND NOT EXISTS (SELECT FROM supervision_topic o WHERE o.own_code = s.topic)",
        "'监督事项“' || s.topic || '”不存在，请先导入重点项目或监督事项，或改正编号'",
    )
    execute(
        f"""INSERT INTO supervision_topic (kind, project_id, text, own_title)
            SELECT DISTINCT 'project', k.id, '', '' FROM {STAGE} s JOIN projects_keyproject k ON k.code = s.topic
            WHERE NOT EXISTS (SELECT FROM supervision_topic o WHERE o.project_id = k.id) ON CONFLICT DO NOTHING"""
    )
    execute(
        f"""CREATE TEMP TABLE import_topics ON COMMIT DROP AS
            SELECT s.row, o.id AS topic_id, coalesce(k.town_id, o.own_town_id) AS town_id
            FROM {STAGE} s JOIN supervision_topic o ON o.id = (
                SELECT x.id FROM supervision_topic x LEFT JOIN projects_keyproject j ON j.id = x.project_id WHERE s.topic IN (j.code, x.own_code) ORDER BY x.id LIMIT 1)
            LEFT JOIN projects_keyproject k ON k.id = o.project_id"""
    )


def _read_histories(stage: Stage) -> dict[int, Told]:
    """Row -> what its times become; rows whose times cannot be are refused."""
    columns = [*TIMES, "limit_days", *WORDS]
    rows = query(
        f"""SELECT s.row, s.raised_at, d.name, s.severity, coalesce(nullif(o.short_name, ''), o.name, ''), coalesce(s.unit, ''),
                   coalesce((SELECT string_agg(coalesce(nullif(c.short_name, ''), c.name), '、' ORDER BY c.code) FROM organisations_organisation c
                             WHERE c.code = ANY (string_to_array(s.co_units, ';')) OR c.name = ANY (string_to_array(s.co_units, ';'))), ''),
                   {", ".join(f"s.{name}" for name in columns)}
            FROM {STAGE} s JOIN deputies_deputy d ON d.code = s.deputy LEFT JOIN organisations_organisation o ON o.code = s.unit ORDER BY s.row"""
    )
    pasts = {}
    for row, raised_at, deputy, severity, unit, unit_code, co_units, *values in rows:
        said = {name: timezone.localtime(v) if isinstance(v, dt.datetime) else v for name, v in zip(columns, values, strict=True)}
        said.update({name: said[name] or "" for name in WORDS})
        pasts[row] = Past(timezone.localtime(raised_at), deputy, severity or 1, unit=unit, unit_code=unit_code, co_units=co_units, **said)
    faults = {row: fault for row, past in pasts.items() if (fault := past.fault())}
    if faults:
        stage.refuse_rows(faults)
    limits = {limit.step: limit for limit in TimeLimit.objects.filter(step__startswith="finding_")}
    calendar = CalendarDay.objects.workdays()

    def due_on(step: str, start: dt.date, days: int | None) -> dt.date:
        return calendar.add(start, days) if days else limits[step].last_day(start, calendar)

    return {row: told(past, due_on) for row, past in pasts.items() if row not in faults}


def _compare(stage: Stage, histories: dict[int, Told], events: Any) -> dict[int, int]:
    """Row -> how many of its events are recorded already. Rows that tell another story are refused, rows we know more of left out."""
    rows = dict(query(f"SELECT f.id, s.row FROM {STAGE} s JOIN supervision_finding f ON f.code = s.code"))
    recorded: dict[int, list[Story]] = defaultdict(list)
    ours = events.objects.filter(subject__in=list(rows)).exclude(verb__in=BY_ITSELF).order_by("pk")
    for subject, verb, at, note, data in ours.values_list("subject", "verb", "at", "note", "data"):
        recorded[rows[subject]].append(_story(verb, at, note, data))
    known, conflicts = {}, {}
    for row, history in histories.items():
        here, there = recorded[row], [_story(event.verb, event.at, event.note, event.data) for event in history.events]
        shared = min(len(here), len(there))
        if here[:shared] != there[:shared]:
            conflicts[row] = "这个问题在系统里的经过与文件不同，经过不能改写"
        elif len(here) <= len(there):
            known[row] = shared
    if conflicts:
        stage.refuse_rows(conflicts)
    return known


def _story(verb: str, at: dt.datetime, note: str, data: dict) -> Story:
    return verb, int(at.timestamp() * 1000), note, str(data.get("unit_code", "")), str(data.get("result", ""))


def _write_outcomes(histories: dict[int, Told]) -> None:
    execute(
        """CREATE TEMP TABLE import_finding_outcomes (row integer NOT NULL, state text NOT NULL, due_on date, rectify_by date, late boolean NOT NULL,
           answer text NOT NULL, answered_at timestamptz, sent_back integer NOT NULL, revision integer NOT NULL) ON COMMIT DROP"""
    )
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_MINIMAL)
    for row, history in histories.items():
        sent_back = sum(event.verb == "send_back" for event in history.events)
        answered_at = history.answered_at.isoformat() if history.answered_at else None
        writer.writerow((row, history.state, history.due_on, history.rectify_by, history.late, f"·{history.answer}", answered_at, sent_back, len(history.events) - 1))
    names = ("row", "state", "due_on", "rectify_by", "late", "answer", "answered_at", "sent_back", "revision")
    copy_in("import_finding_outcomes", names, lines.getvalue())
    execute("UPDATE import_finding_outcomes SET answer = substr(answer, 2)")  # the mark keeps an empty text from being read as NULL
    execute("ANALYZE import_finding_outcomes")


def _join_in(wanted: str) -> None:
    """Units that join in, and decisions of oversight, of the findings that were written."""
    joined = f"""
        WITH come AS (
            INSERT INTO supervision_cohandler (finding_id, organisation_id, opinion)
            SELECT DISTINCT w.id, c.id, '' FROM {wanted} w JOIN {STAGE} s ON s.row = w.row
            JOIN organisations_organisation c ON c.code = ANY (string_to_array(s.co_units, ';')) OR c.name = ANY (string_to_array(s.co_units, ';'))
            WHERE c.code IS DISTINCT FROM s.unit
            ON CONFLICT (finding_id, organisation_id) DO NOTHING RETURNING finding_id
        ) UPDATE {wanted} w SET changed = true WHERE id IN (SELECT finding_id FROM come)"""
    execute(joined)
    overseen = f"""
        WITH come AS (
            INSERT INTO supervision_oversight (finding_id, body, decided_on, words)
            SELECT w.id, 'office', (s.overseen_at AT TIME ZONE 'Asia/Shanghai')::date, s.oversight FROM {wanted} w JOIN {STAGE} s ON s.row = w.row
            WHERE s.overseen_at IS NOT NULL ON CONFLICT (finding_id, body) DO NOTHING RETURNING finding_id
        ) UPDATE {wanted} w SET changed = true WHERE id IN (SELECT finding_id FROM come)"""
    execute(overseen)


def _append(events: Any, histories: dict[int, tuple[Told, int]]) -> None:
    """Chain the events that are new to each finding, as `append` would, but all at once."""
    last = dict(events.objects.filter(subject__in=list(histories)).order_by("subject_id", "-pk").distinct("subject_id").values_list("subject", "hash"))
    made = []
    for finding, (history, start) in histories.items():
        previous = last.get(finding, GENESIS)
        for happened in history.events[start:]:
            event = events(
                subject_id=finding, verb=happened.verb, actor_label=happened.by, note=happened.note, at=happened.at, data=happened.data, previous_hash=previous
            )
            previous = event.hash = event.digest()
            made.append(event)
    events.objects.bulk_create(made, batch_size=EVENTS_AT_ONCE)
