"""What staged rows become here: stations, deputies with their mandates, homes, contacts, groups and fields, and turns of the rota."""

from apps.record.staging import SHAPE, STAGE, Merged, Stage, Target, Wanted, copied, execute, query
from apps.territory.merging import COVERING, NEAREST, ONLY_NEW, TERM_LEVEL, term_of_row, terms

# The town that a group is called after: a 街道 has no congress whose deputies would tell.
NAMED_AFTER = "(SELECT t.id FROM territory_adminarea t WHERE t.level = 'town' AND t.valid_to IS NULL AND starts_with({name}, t.name) ORDER BY length(t.name) DESC, t.code LIMIT 1)"


def stations(stage: Stage) -> Merged:
    stage.refuse_unknown("area", "territory_adminarea", "行政区划")
    blank = ("address", "duty_days", "duty_hours", "liaison", "phone")
    wanted = stage.want(
        "deputies_station",
        "t.code = s.code",
        [
            copied("code"), copied("name"), copied("kind"), Target("area_id", "a.id"), *(copied(name, "''") for name in blank),
            Target("point", "s.geom::geometry(Point, 4326)", (SHAPE,)),
        ],
        source=f"{STAGE} s JOIN territory_adminarea a ON a.code = s.area",
    )  # fmt: skip
    wanted.write()
    return wanted.merged()


def deputies(stage: Stage) -> Merged:
    """One row is one mandate; rows of the same code are one person, described by the first of them."""
    _check(stage)
    terms(stage)
    stage.refuse(
        """s.district IS NOT NULL AND NOT EXISTS (SELECT FROM territory_electoraldistrict d JOIN territory_term m ON m.id = d.term_id
            JOIN territory_adminarea c ON c.id = m.congress_id
            WHERE d.code = s.district AND c.code = s.congress AND m.number = s.term AND m.state <> 'set_aside')""",
        "'选区“' || s.district || '”不属于' || s.congress || '第' || s.term || '届'",
    )
    people = _people(stage)
    mandates = stage.want(
        "deputies_mandate",
        "t.deputy_id = s.deputy_id AND t.term_id = s.term_id",
        [
            Target("deputy_id", "s.deputy_id"), Target("term_id", "s.term_id"), Target("district_id", "d.id", ("district",)),
            copied("elected_by", "''"), copied("reelected", "false"), copied("ended_on"),
        ],
        source=f"""(SELECT s.*, p.id AS deputy_id, m.id AS term_id FROM {STAGE} s JOIN {people.name} p ON p.code = s.code {term_of_row(stage)}) s
                   LEFT JOIN territory_electoraldistrict d ON d.code = s.district""",
        name="import_mandates",
    )  # fmt: skip
    mandates.write()
    execute(f"UPDATE {mandates.name} w SET changed = true FROM {people.name} p WHERE p.id = w.deputy_id AND p.changed")
    return mandates.merged()


def _check(stage: Stage) -> None:
    stage.refuse("s.district IS NULL AND s.elected_by IS NULL", "'选区编号和选举单位不能都为空：县乡代表填选区，省市代表填选举单位'")
    stage.refuse(
        f"EXISTS (SELECT FROM territory_adminarea a WHERE a.code = s.congress AND {TERM_LEVEL} <> s.congress_level)",
        "'人大层级与人大区划代码“' || s.congress || '”的层级不符'",
    )
    stage.refuse_unknown("district", "territory_electoraldistrict", "选区")
    stage.refuse_unknown("organisation", "organisations_organisation", "单位")
    stage.refuse_unknown("station", "deputies_station", "联络站")
    stage.refuse_unknown_in_list("fields", "deputies_field", "label", "领域")
    stage.refuse("(s.workplace_lon IS NULL) <> (s.workplace_lat IS NULL)", "'工作地经度和纬度要么都填，要么都不填'")
    stage.refuse(
        "s.workplace_lon IS NOT NULL AND NOT (s.workplace_lon BETWEEN 73 AND 136 AND s.workplace_lat BETWEEN 3 AND 54)",
        "'工作地坐标不在我国范围内'",
    )
    stage.refuse(
        f"s.name <> (SELECT f.name FROM {STAGE} f WHERE f.code = s.code ORDER BY f.row LIMIT 1)",
        "'代表编号“' || s.code || '”在前面的行里是另一个人'",
    )


def _people(stage: Stage) -> Wanted:
    execute(
        f"""INSERT INTO deputies_group (name, area_id)
            SELECT DISTINCT ON (s."group") s."group", coalesce(a.id, {NAMED_AFTER.format(name='s."group"')}) FROM {STAGE} s
            LEFT JOIN territory_adminarea a ON a.code = s.congress AND s.congress_level = 'township'
            WHERE s."group" IS NOT NULL ORDER BY s."group", a.code NULLS LAST
            ON CONFLICT (name) DO UPDATE SET closed_on = NULL WHERE deputies_group.closed_on IS NOT NULL"""
    )
    at_home = {"level": "village", "point": "s.geom"}
    village = f"CASE WHEN s.geom IS NOT NULL THEN coalesce({COVERING.format(**at_home)}, {NEAREST.format(**at_home)}) END"
    blank = ("sex", "ethnicity", "occupation", "occupation_group")
    workplace = "ST_SetSRID(ST_MakePoint(s.workplace_lon, s.workplace_lat), 4326)::geometry(Point, 4326)"
    people = stage.want(
        "deputies_deputy",
        "t.code = s.code",
        [
            copied("code"), copied("name"), *(copied(name, "''") for name in blank), copied("birth_year"), copied("official", "false"),
            copied("county_leader", "false"), copied("capacity"), Target("organisation_id", "o.id", ("organisation",)),
            Target("workplace", workplace, ("workplace_lon", "workplace_lat")), Target("residence_village_id", village, (SHAPE,)),
            Target("station_id", "h.id", ("station",)), Target("group_id", "g.id", ("group",)), copied("group_leader", "false"),
        ],
        source=f"""(SELECT DISTINCT ON (code) * FROM {STAGE} ORDER BY code, row) s
                   LEFT JOIN organisations_organisation o ON o.code = s.organisation LEFT JOIN deputies_station h ON h.code = s.station
                   LEFT JOIN deputies_group g ON g.name = s."group" """,
        name="import_people",
    )  # fmt: skip
    people.write()
    if stage.has("fields"):
        people.link(
            "deputies_deputy_fields", "deputy_id", "field_id",
            f"""SELECT p.id, f.id FROM {STAGE} s JOIN {people.name} p ON p.row = s.row
                CROSS JOIN unnest(string_to_array(s.fields, ';')) item JOIN deputies_field f ON f.code = item OR f.label = item""",
        )  # fmt: skip
    if stage.has(SHAPE):
        _keep_beside(people, "deputies_home", "point", "s.geom::geometry(Point, 4326)")
    if stage.has("phone"):
        _keep_beside(people, "deputies_contact", "phone", "s.phone")
    lost = query(f"SELECT count(*) FROM {people.name} p JOIN {STAGE} s ON s.row = p.row WHERE s.geom IS NOT NULL AND p.residence_village_id IS NULL")[0][0]
    if lost:
        stage.warnings.append(f"{lost} 名代表的居住地不在本县任何村社范围内")
    _warn_of_leaders(stage, people)
    return people


def _warn_of_leaders(stage: Stage, people: Wanted) -> None:
    led_twice = query(
        f"""SELECT string_agg(name, '、') FROM (SELECT g.name FROM deputies_group g JOIN deputies_deputy d ON d.group_id = g.id AND d.group_leader
            WHERE g.id IN (SELECT group_id FROM {people.name}) GROUP BY g.id HAVING count(*) > 1 ORDER BY g.name LIMIT 20) twice"""
    )[0][0]
    if led_twice:
        stage.warnings.append(f"有不止一位小组长的代表小组：{led_twice}。请在“代表小组”里确定一位")


def _keep_beside(people: Wanted, table: str, column: str, value: str) -> None:
    """Homes and contacts, in tables of their own: one row beside the person, or none when the cell is empty."""
    execute(
        f"""
        WITH wanted AS (SELECT p.id, {value} AS value FROM {people.name} p JOIN {STAGE} s ON s.row = p.row),
        gone AS (DELETE FROM {table} h USING wanted w WHERE h.deputy_id = w.id AND w.value IS NULL RETURNING h.deputy_id AS id),
        kept AS (
            INSERT INTO {table} (deputy_id, {column}) SELECT id, value FROM wanted WHERE value IS NOT NULL
            ON CONFLICT (deputy_id) DO UPDATE SET {column} = excluded.{column} WHERE {table}.{column} IS DISTINCT FROM excluded.{column}
            RETURNING deputy_id AS id
        )
        UPDATE {people.name} p SET changed = true WHERE id IN (SELECT id FROM gone UNION ALL SELECT id FROM kept)
        """
    )


def turns(stage: Stage) -> Merged:
    """Turns of the rota; the months they lie in are made where they are not there yet. A month that changes gets a new version."""
    stage.refuse_unknown("station", "deputies_station", "联络站")
    stage.refuse_unknown("deputy", "deputies_deputy", "代表")
    stage.refuse(
        f"EXISTS (SELECT FROM {STAGE} f WHERE f.station = s.station AND f.day = s.day AND f.deputy = s.deputy AND f.row < s.row)",
        "'代表“' || s.deputy || '”当天在前面的行里已经排过一次'",
    )
    stage.refuse(
        f"""EXISTS (SELECT FROM deputies_dutyturn t JOIN deputies_rota r ON r.id = t.rota_id JOIN deputies_station h ON h.id = r.station_id
            JOIN deputies_deputy d ON d.id = t.deputy_id
            WHERE h.code = s.station AND t.day = s.day AND d.code = s.deputy AND t."order" <> s."order"
            AND NOT EXISTS (SELECT FROM {STAGE} f WHERE f.station = s.station AND f.day = s.day AND f."order" = t."order"))""",
        "'代表“' || s.deputy || '”当天已排在别的次序：请在同一个文件里写出那个次序改由谁值班'",
    )
    retired = query(
        f"""SELECT count(*) FROM {STAGE} s WHERE NOT EXISTS (SELECT FROM deputies_mandate m JOIN territory_term e ON e.id = m.term_id
            JOIN deputies_deputy d ON d.id = m.deputy_id
            WHERE d.code = s.deputy AND e.state = 'published' AND e.starts <= s.day AND e.ends > s.day AND (m.ended_on IS NULL OR m.ended_on > s.day))"""
    )[0][0]
    if retired:
        stage.warnings.append(f"{retired} 个班次的代表当天不在任，届时由下一位接替")
    execute(
        f"""INSERT INTO deputies_rota (station_id, month, version, rule)
            SELECT DISTINCT h.id, date_trunc('month', s.day)::date, 0, '{{}}'::jsonb FROM {STAGE} s JOIN deputies_station h ON h.code = s.station
            ON CONFLICT (station_id, month) DO NOTHING"""
    )
    # Whoever changes one of these months on its page waits until we are done, and is then told that it has changed.
    execute(
        f"""SELECT FROM deputies_rota r WHERE (r.station_id, r.month) IN (SELECT h.id, date_trunc('month', s.day)::date
            FROM {STAGE} s JOIN deputies_station h ON h.code = s.station) ORDER BY r.id FOR UPDATE"""
    )
    wanted = stage.want(
        "deputies_dutyturn",
        't.rota_id = s.rota_id AND t.day = s.day AND t."order" = s."order"',
        [Target("rota_id", "s.rota_id"), copied("day"), copied("order"), Target("deputy_id", "d.id"), copied("absent", "false")],
        source=f"""(SELECT s.*, r.id AS rota_id FROM {STAGE} s JOIN deputies_station h ON h.code = s.station
                    JOIN deputies_rota r ON r.station_id = h.id AND r.month = date_trunc('month', s.day)::date) s
                   JOIN deputies_deputy d ON d.code = s.deputy""",
    )  # fmt: skip
    wanted.write()
    execute(f"UPDATE deputies_rota SET version = version + 1 WHERE id IN (SELECT rota_id FROM {wanted.name} WHERE fresh OR changed)")
    return wanted.merged()


def grid_members(stage: Stage) -> Wanted:
    """Who stands for a grid, as an office already keeps it: confirmed unless the file says otherwise. One open row a grid and deputy."""
    stage.refuse_unknown("grid", "territory_grid", "网格")
    stage.refuse_unknown("deputy", "deputies_deputy", "代表")
    stage.refuse_unknown_in_list("field", "deputies_field", "label", "领域")
    wanted = stage.want(
        "deputies_gridmember",
        "t.grid_id = s.grid_id AND t.deputy_id = s.deputy_id AND t.state <> 'ended'",
        [
            Target("grid_id", "s.grid_id"), Target("deputy_id", "s.deputy_id"), copied("basis"), Target("field_id", "f.id", ("field",)),
            Target("origin", "'data'", ONLY_NEW), Target("state", "coalesce(s.state, 'confirmed')", ("state",)), copied("reason", "''"),
            Target("fits", "true", ONLY_NEW), Target("since", f"coalesce(s.since, t.since, DATE '{stage.today.isoformat()}')"),
        ],
        source=f"""(SELECT s.*, g.id AS grid_id, d.id AS deputy_id FROM {STAGE} s JOIN territory_grid g ON g.code = s.grid JOIN deputies_deputy d ON d.code = s.deputy) s
                   LEFT JOIN deputies_field f ON f.code = s.field OR f.label = s.field""",
    )  # fmt: skip
    wanted.write()
    return wanted
