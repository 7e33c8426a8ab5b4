"""What staged rows become here: visits with their participants, check-ins and ratings. What has been recorded is never rewritten."""

from collections import defaultdict
from typing import Any

from apps.record.staging import STAGE, Merged, Stage, Target, copied, execute, query

UNPLACED = "导入的记录"  # why an imported check-in has no position
SHEET = """(SELECT h.id FROM supervision_ratingsheet h WHERE h.replaced_at IS NULL AND h.topic_kind IN ('', o.kind)
    AND (h.field_id IS NULL OR h.field_id = coalesce(k.field_id, o.own_field_id)) ORDER BY h.field_id NULLS LAST, h.topic_kind DESC LIMIT 1)"""
MORNING = "((s.{0} + time '10:00') AT TIME ZONE 'Asia/Shanghai')"


def visits(stage: Stage, events: Any) -> Merged:
    """`events`: the model of a visit's events."""
    _refuse(stage)
    early = query(f"SELECT count(*) FROM {STAGE} s WHERE s.visited_on > %s", (stage.today,))[0][0]
    if early:
        stage.warnings.append(f"{early} 次走访写着已经走访，日期却在 {stage.today:%Y-%m-%d} 之后，请核对年份")
    _find_topics(stage)
    rated = _read_ratings(stage)
    signed = f"coalesce(s.signed_at, {MORNING.format('visited_on')})"
    wanted = stage.want(
        "supervision_visit",
        "t.code = s.code",
        [
            copied("code"), copied("kind"), Target("topic_id", "p.topic_id", ("topic",)), Target("sheet_id", "CASE WHEN s.visited_on IS NOT NULL THEN coalesce(t.sheet_id, p.sheet_id) END"),
            Target("deputy_id", "CASE WHEN s.kind = 'look' THEN d.id END"), copied("name", "''"), copied("agenda", "''"), copied("meeting_place", "''"), copied("planned_on"),
            copied("visited_on"), copied("text", "''"), Target("state", "CASE WHEN s.visited_on IS NULL THEN 'planned' ELSE 'recorded' END"),
            Target("recorded_at", f"CASE WHEN s.visited_on IS NOT NULL THEN coalesce(s.recorded_at, {signed}) END"),
            Target("created_at", f"coalesce(t.created_at, s.recorded_at, {MORNING.format('planned_on')})"), Target("version", "coalesce(t.version, 0)"),
            Target("record_digest", "coalesce(t.record_digest, '')"),
        ],
        source=f"{STAGE} s JOIN import_visit_topics p ON p.row = s.row JOIN deputies_deputy d ON d.code = s.deputy",
    )  # fmt: skip
    wanted.write()
    _take_part(wanted.name)
    _sign_in(wanted.name, signed)
    _rate(wanted.name, rated)
    ids = [pk for (pk,) in query(f"SELECT id FROM {wanted.name} WHERE fresh OR changed ORDER BY id")]
    events.objects.append_many(ids, "import")
    return wanted.merged()


def _refuse(stage: Stage) -> None:
    stage.refuse_unknown("deputy", "deputies_deputy", "代表")
    stage.refuse_unknown_in_list("participants", "deputies_deputy", "code", "代表")
    stage.refuse("(s.visited_on IS NULL) <> (coalesce(s.text, '') = '')", "'走访日期和看到的情况要么都填（已走访），要么都不填（只是计划）'")
    stage.refuse("s.kind = 'look' AND coalesce(s.participants, s.deputy) <> s.deputy", "'走访查看只有一位代表；几位代表一起的请写成视察（inspection）'")
    stage.refuse(
        "EXISTS (SELECT FROM supervision_visit v WHERE v.code = s.code AND v.state = 'cancelled')", "'这次走访视察已经取消，不能再导入；请用新的编号'"
    )
    stage.refuse(
        "EXISTS (SELECT FROM supervision_visit v WHERE v.code = s.code AND v.state <> 'planned' AND (v.text, v.visited_on) IS DISTINCT FROM (coalesce(s.text, ''), s.visited_on))",
        "'编号“' || s.code || '”的走访视察已有签到或记录，与文件不同；记录不改写，请在系统里补充'",
    )


def _find_topics(stage: Stage) -> None:
    """The topic and sheet of each row; a key project that is no topic yet becomes one."""
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
        f"""CREATE TEMP TABLE import_visit_topics ON COMMIT DROP AS
            SELECT s.row, o.id AS topic_id, coalesce(k.geom, o.own_site) AS shape, {SHEET} AS sheet_id
            FROM {STAGE} s JOIN supervision_topic o ON o.id = (
                SELECT x.id FROM supervision_topic x LEFT JOIN projects_keyproject j ON j.id = x.project_id WHERE s.topic IN (j.code, x.own_code) ORDER BY x.id LIMIT 1)
            LEFT JOIN projects_keyproject k ON k.id = o.project_id"""
    )


def _read_ratings(stage: Stage) -> list[tuple[int, int, int]]:
    """(row, indicator, value) of each rating; rows with one that the sheet does not know are refused, with what it knows."""
    lines: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    for sheet, pk, label, scale in query("SELECT sheet_id, id, label, scale FROM supervision_indicator ORDER BY sheet_id, number"):
        lines[sheet][label] = (pk, scale)
    read, faults = [], {}
    for row, sheet, text in query(f"SELECT s.row, p.sheet_id, s.ratings FROM {STAGE} s JOIN import_visit_topics p ON p.row = s.row WHERE s.ratings IS NOT NULL ORDER BY s.row"):
        for item in filter(None, text.split(";")):
            label, _, said = (part.strip() for part in item.partition("="))
            pk, scale = lines[sheet].get(label, (0, ""))
            values = {"是": 1, "否": 0, "1": 1, "0": 0} if scale == "yes_no" else {str(value): value for value in range(1, 6)}
            if not pk or said not in values:
                faults[row] = f"评分“{item[:40]}”读不出来。可用的指标：{'、'.join(lines[sheet])}；写成“指标=4”或“指标=是”"
            else:
                read.append((row, pk, values[said]))
    if faults:
        stage.refuse_rows(faults)
    return [each for each in read if each[0] not in faults]


def _take_part(wanted: str) -> None:
    """Those of the list and who led; whoever is there already stays."""
    execute(
        f"""INSERT INTO supervision_visitparticipant (visit_id, deputy_id, leader)
            SELECT DISTINCT ON (w.id, d.id) w.id, d.id, d.code = s.deputy AND NOT EXISTS (SELECT FROM supervision_visitparticipant l WHERE l.visit_id = w.id AND l.leader)
            FROM {STAGE} s JOIN {wanted} w ON w.row = s.row
            JOIN deputies_deputy d ON d.code = s.deputy OR d.code = ANY (string_to_array(s.participants, ';'))
            ON CONFLICT (visit_id, deputy_id) DO NOTHING"""
    )


def _sign_in(wanted: str, signed: str) -> None:
    """Of recorded visits everybody was there; only of who led is it known where."""
    execute(
        f"""INSERT INTO supervision_checkin (participant_id, at, received_at, point, accuracy_m, datum, distance_m, reason)
            SELECT m.id, {signed}, {signed}, g.point, CASE WHEN g.point IS NOT NULL THEN s.accuracy END, '',
                   round(ST_Distance(p.shape::geography, g.point::geography)::numeric, 1), CASE WHEN g.point IS NULL THEN %s ELSE '' END
            FROM {STAGE} s JOIN {wanted} w ON w.row = s.row JOIN import_visit_topics p ON p.row = s.row JOIN supervision_visitparticipant m ON m.visit_id = w.id
            CROSS JOIN LATERAL (SELECT CASE WHEN m.leader THEN s.geom END AS point) g
            WHERE s.visited_on IS NOT NULL ON CONFLICT (participant_id) DO NOTHING""",
        (UNPLACED,),
    )


def _rate(wanted: str, rated: list[tuple[int, int, int]]) -> None:
    if not rated:
        return
    rows, indicators, values = zip(*rated, strict=True)
    execute(
        f"""INSERT INTO supervision_indicatorrating (visit_id, indicator_id, value)
            SELECT w.id, r.indicator, r.value FROM unnest(%s::int[], %s::bigint[], %s::int[]) r (row, indicator, value) JOIN {wanted} w ON w.row = r.row
            JOIN supervision_indicator i ON i.id = r.indicator AND i.sheet_id = w.sheet_id
            ON CONFLICT (visit_id, indicator_id) DO NOTHING""",
        (list(rows), list(indicators), list(values)),
    )
