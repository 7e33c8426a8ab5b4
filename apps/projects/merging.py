"""What staged rows become here: key projects with their site and town, subprojects, monthly reports."""

from apps.record.staging import SHAPE, STAGE, Merged, Stage, Target, Wanted, copied, execute, query
from apps.territory.merging import COVERING, NEAREST

# The one point that distances are measured from: as the file says, else on the surface, at the middle of the longest line, the point.
SITE = """CASE WHEN s.site_lon IS NOT NULL THEN ST_SetSRID(ST_MakePoint(s.site_lon, s.site_lat), 4326)
    WHEN ST_Dimension(s.geom) = 2 THEN ST_PointOnSurface(s.geom)
    WHEN ST_Dimension(s.geom) = 1 THEN (SELECT ST_LineInterpolatePoint(d.geom, 0.5) FROM ST_Dump(s.geom) d ORDER BY ST_Length(d.geom) DESC, d.path LIMIT 1)
    ELSE ST_GeometryN(s.geom, 1) END"""

IN_MONTH = "to_char(w.month, ' YYYY年FMMM月')"


def projects(stage: Stage) -> Merged:
    for name in ("owner", "responsible"):
        stage.refuse_unknown(name, "organisations_organisation", "单位")
    stage.refuse_unknown_in_list("contractors", "organisations_organisation", "name", "单位")
    stage.refuse(
        "s.field IS NOT NULL AND NOT EXISTS (SELECT FROM deputies_field t WHERE s.field IN (t.code, t.label))",
        "'领域“' || s.field || '”不存在。可用：' || (SELECT string_agg(t.label, '、' ORDER BY t.id) FROM deputies_field t)",
    )
    stage.refuse("s.ends <= s.starts", "'计划竣工应在开工日期之后'")
    stage.refuse("coalesce(s.experts, least(1, coalesce(s.demand, 3))) > coalesce(s.demand, 3)", "'须懂行人数不能多于监督小组人数'")
    stage.refuse("(s.site_lon IS NULL) <> (s.site_lat IS NULL)", "'现场经度和纬度要么都填，要么都不填'")
    stage.refuse("s.site_lon IS NOT NULL AND NOT (s.site_lon BETWEEN 73 AND 136 AND s.site_lat BETWEEN 3 AND 54)", "'现场坐标不在我国范围内'")
    execute(f"CREATE TEMP TABLE import_sites ON COMMIT DROP AS SELECT s.row, ({SITE})::geometry(Point, 4326) AS site FROM {STAGE} s")
    at_site = {"level": "town", "point": "p.site"}
    wanted = stage.want(
        "projects_keyproject",
        "t.code = s.code",
        [
            copied("code"), copied("name"), copied("type", "''"), Target("field_id", "f.id", ("field",)), copied("kind"), copied("level"),
            Target("owner_id", "o.id", ("owner",)), Target("responsible_id", "r.id"),
            Target("town_id", f"coalesce({COVERING.format(**at_site)}, {NEAREST.format(**at_site)})"), Target("geom", "s.geom", (SHAPE,)), Target("site", "p.site"),
            Target("investment_total", "round(s.investment_total::numeric, 2)", ("investment_total",)),
            Target("investment_year", "round(s.investment_year::numeric, 2)", ("investment_year",)),
            copied("starts"), copied("ends"), copied("summary", "''"), Target("demand", "coalesce(s.demand, 3)", ("demand",)),
            Target("experts", "coalesce(s.experts, least(1, coalesce(s.demand, 3)))", ("experts", "demand")), Target("suspended_because", "''", ("suspended_because",)),
        ],
        source=f"""{STAGE} s JOIN import_sites p ON p.row = s.row JOIN organisations_organisation r ON r.code = s.responsible
                   LEFT JOIN organisations_organisation o ON o.code = s.owner
                   LEFT JOIN deputies_field f ON f.id = (SELECT min(x.id) FROM deputies_field x WHERE s.field IN (x.code, x.label))""",
    )  # fmt: skip
    wanted.write()
    if stage.has("contractors"):
        wanted.link(
            "projects_keyproject_contractors", "keyproject_id", "organisation_id",
            f"""SELECT w.id, o.id FROM {STAGE} s JOIN {wanted.name} w ON w.row = s.row
                CROSS JOIN unnest(string_to_array(s.contractors, ';')) item JOIN organisations_organisation o ON o.code = item OR o.name = item""",
        )  # fmt: skip
    lost = query(f"SELECT count(*) FROM {wanted.name} WHERE town_id IS NULL")[0][0]
    if lost and query("SELECT EXISTS (SELECT FROM territory_adminarea WHERE level = 'town')")[0][0]:
        stage.warnings.append(f"{lost} 个项目的现场不在任何乡镇街道范围内")
    return wanted.merged()


def subprojects(stage: Stage) -> tuple[Merged, list[tuple[int, str, str, dict]]]:
    """What became of the rows, and an event for each project whose plan was changed: what was there."""
    stage.refuse_unknown("project", "projects_keyproject", "重点项目")
    stage.refuse("s.ends <= s.starts", "'计划完成应在计划开始之后'")
    wanted = stage.want(
        "projects_subproject",
        "t.project_id = s.project_id AND t.number = s.number",
        [
            Target("project_id", "s.project_id"), Target("number", "s.number::smallint"), copied("name"), copied("weight"), copied("starts"),
            copied("ends"),
        ],
        source=f"(SELECT x.*, k.id AS project_id FROM {STAGE} x JOIN projects_keyproject k ON k.code = x.project) s",
    )  # fmt: skip
    execute(f"SELECT FROM projects_keyproject WHERE id IN (SELECT project_id FROM {wanted.name}) ORDER BY id FOR NO KEY UPDATE")
    names = {"name": "名称", "weight": "权重", "starts": "计划开始", "ends": "计划完成"}
    corrected = _corrected(stage, wanted, names, "w.number || '. '", "", "w.project_id")
    wanted.write()
    return wanted.merged(), [(pk, "import_plan", "", {"changes": changes}) for pk, changes in sorted(corrected.items())]


def reports(stage: Stage) -> tuple[Merged, list[tuple[int, str, str, dict]]]:
    """What became of the rows, and an event for each project: how many months came in, and what was there where a row was changed."""
    stage.refuse_unknown("project", "projects_keyproject", "重点项目")
    part = "JOIN projects_keyproject k ON k.code = {0}.project JOIN projects_subproject u ON u.project_id = k.id AND u.number = {0}.number"
    stage.refuse(
        "NOT EXISTS (SELECT FROM projects_subproject u JOIN projects_keyproject k ON k.id = u.project_id WHERE k.code = s.project AND u.number = s.number)",
        "'项目“' || s.project || '”没有序号为 ' || s.number || ' 的子项目，请先导入子项目'",
    )
    stage.refuse("s.month > %(today)s", "to_char(s.month, 'YYYY年FMMM月') || '还没有到，请核对月份'", {"today": stage.today})
    _refuse_going_back(stage, part)
    wanted = stage.want(
        "projects_progressreport",
        "t.subproject_id = s.subproject_id AND t.month = s.month",
        [
            Target("subproject_id", "s.subproject_id"), copied("month"), copied("percent"),
            Target("invested", "round(s.invested::numeric, 2)", ("invested",)), copied("note", "''"),
        ],
        source=f"(SELECT x.*, u.id AS subproject_id FROM {STAGE} x {part.format('x')}) s",
    )  # fmt: skip
    execute(f"""SELECT FROM projects_keyproject WHERE id IN (SELECT u.project_id FROM {wanted.name} w JOIN projects_subproject u ON u.id = w.subproject_id)
                ORDER BY id FOR NO KEY UPDATE""")
    names = {"percent": "累计完成%", "invested": "累计投资(万元)", "note": "说明"}
    parts = "JOIN projects_subproject u ON u.id = w.subproject_id"
    corrected = _corrected(stage, wanted, names, f"u.number || '. ' || u.name || {IN_MONTH}", parts, "u.project_id")
    wanted.write()
    return wanted.merged(), _events(wanted, corrected, parts, "u.project_id")


def months(stage: Stage) -> tuple[Merged, list[tuple[int, str, str, dict]]]:
    """Reports of whole projects, with their events as above."""
    stage.refuse_unknown("project", "projects_keyproject", "重点项目")
    stage.refuse("s.month > %(today)s", "to_char(s.month, 'YYYY年FMMM月') || '还没有到，请核对月份'", {"today": stage.today})
    stage.refuse("s.invested_year > s.invested + 0.01", "'本年累计 ' || s.invested_year || ' 万元，多于开工以来累计 ' || s.invested || ' 万元'")
    stage.refuse(
        "s.percent IS NOT NULL AND EXISTS (SELECT FROM projects_subproject u JOIN projects_keyproject k ON k.id = u.project_id WHERE k.code = s.project)",
        "'项目有子项目，累计完成%由子项目算出，请空着这一格，另按图层 progress 导入子项目的月报'",
    )
    earlier = f"""SELECT max(x.invested) FROM (
        SELECT r.invested FROM projects_projectreport r JOIN projects_keyproject k ON k.id = r.project_id WHERE k.code = s.project AND r.month < s.month
        UNION ALL SELECT o.invested FROM {STAGE} o WHERE o.project = s.project AND o.month < s.month) x"""
    stage.refuse(
        f"coalesce(s.reason, '') = '' AND s.invested < ({earlier}) - 0.01",
        f"'开工以来累计 ' || s.invested || ' 万元，比以前月份的 ' || ({earlier}) || ' 万元少，请在“更正理由”里写明原因'",
    )
    money = [Target(name, f"round(s.{name}::numeric, 2)", (name,)) for name in ("invested", "invested_year")]
    wanted = stage.want(
        "projects_projectreport",
        "t.project_id = s.project_id AND t.month = s.month",
        [Target("project_id", "s.project_id"), copied("month"), copied("percent"), *money, copied("text", "''"), copied("problems", "''"), Target("reported_at", "coalesce(t.reported_at, now())")],
        source=f"(SELECT x.*, k.id AS project_id FROM {STAGE} x JOIN projects_keyproject k ON k.code = x.project) s",
    )  # fmt: skip
    execute(f"SELECT FROM projects_keyproject WHERE id IN (SELECT project_id FROM {wanted.name}) ORDER BY id FOR NO KEY UPDATE")
    names = {"percent": "累计完成%", "invested": "开工以来累计投资", "invested_year": "本年累计投资", "text": "形象进度", "problems": "存在问题"}
    corrected = _corrected(stage, wanted, names, f"ltrim({IN_MONTH})", "", "w.project_id")
    wanted.write()
    return wanted.merged(), _events(wanted, corrected, "", "w.project_id")


def _refuse_going_back(stage: Stage, part: str) -> None:
    """Percent only grows from month to month, in the file and in what is there, unless the note says why not."""
    execute(
        f"""
        CREATE TEMP TABLE import_steps ON COMMIT DROP AS
        WITH given AS (
            SELECT s.row, u.id AS part, s.month, s.percent, t.percent AS was FROM {STAGE} s {part.format("s")}
            LEFT JOIN projects_progressreport t ON t.subproject_id = u.id AND t.month = s.month
        ), known AS (
            SELECT * FROM given UNION ALL
            SELECT NULL, r.subproject_id, r.month, r.percent, r.percent FROM projects_progressreport r
            WHERE r.subproject_id IN (SELECT part FROM given) AND NOT EXISTS (SELECT FROM given g WHERE g.part = r.subproject_id AND g.month = r.month)
        )
        SELECT row, percent, was, lag(percent) OVER w AS earlier, lag(month) OVER w AS since, lead(percent) OVER w AS later, lead(row) OVER w AS later_row
        FROM known WINDOW w AS (PARTITION BY part ORDER BY month)
        """
    )
    execute("CREATE INDEX ON import_steps (row)")
    steps = "SELECT FROM import_steps x WHERE x.row = s.row AND x.percent IS DISTINCT FROM x.was"
    stage.refuse(
        f"coalesce(s.note, '') = '' AND EXISTS ({steps} AND x.percent < x.earlier - 0.05)",
        """(SELECT '累计完成 ' || x.percent || '% 比' || to_char(x.since, 'YYYY年FMMM月') || '的 ' || x.earlier || '% 低，请在“说明”里写明原因'
            FROM import_steps x WHERE x.row = s.row)""",
    )
    stage.refuse(
        f"coalesce(s.note, '') = '' AND EXISTS ({steps} AND x.later_row IS NULL AND x.percent > x.later + 0.05)",
        "(SELECT '累计完成 ' || x.percent || '% 比以后月份已报的 ' || x.later || '% 高，请在“说明”里写明原因' FROM import_steps x WHERE x.row = s.row)",
    )


def _corrected(stage: Stage, wanted: Wanted, names: dict[str, str], what: str, joined: str, project: str) -> dict[int, list[list[str]]]:
    """For each project what rows that are there will change: which, what it was, what it becomes."""
    found: dict[int, list[list[str]]] = {}
    for name, label in names.items():
        if not stage.has(name):
            continue
        rows = query(
            f"""SELECT {project}, {what}, coalesce(t."{name}"::text, ''), coalesce(w."{name}"::text, '')
                FROM {wanted.name} w JOIN {wanted.table} t ON t.id = w.id {joined} WHERE NOT w.fresh AND t."{name}" IS DISTINCT FROM w."{name}" ORDER BY 1, 2"""
        )
        for pk, row, was, now in rows:
            found.setdefault(pk, []).append([f"{row}{label}", was, now])
    return found


def _events(wanted: Wanted, corrected: dict[int, list[list[str]]], joined: str, project: str) -> list[tuple[int, str, str, dict]]:
    fresh = query(
        f"""SELECT {project}, count(*), to_char(min(w.month), 'YYYY-MM'), to_char(max(w.month), 'YYYY-MM') FROM {wanted.name} w {joined}
            WHERE w.fresh GROUP BY 1"""
    )
    said = {pk: {"fresh": count, "first": first, "last": last} for pk, count, first, last in fresh}
    return [(pk, "import", "", said.get(pk, {}) | ({"changes": corrected[pk]} if pk in corrected else {})) for pk in sorted({*said, *corrected})]
