"""What staged rows become here: areas, terms with their districts, grids, doorplates."""

import csv
import io

from django.db import connection

from apps.record.staging import REFUSED, SHAPE, STAGE, Merged, Stage, Target, copied, copy_in, execute, query
from apps.territory.addressing import search_key, written

RANKS = "array_position(ARRAY['province', 'city', 'county', 'town', 'village'], {})"
ADDRESS_ROWS = 20_000


def areas(stage: Stage) -> Merged:
    """Areas; the parent may stand anywhere in the same file. Without a parent column it follows from the code."""
    # The code of the nearest area above, by the bureau's own scheme: 2 province, 4 city, 6 county, 9 township, 12 village.
    execute(
        f"""
        UPDATE {STAGE} s SET parent = coalesce(
            (SELECT above FROM unnest(ARRAY[rpad(left(s.code, 9), 12, '0'), rpad(left(s.code, 6), 12, '0'), rpad(left(s.code, 4), 12, '0'),
                                            rpad(left(s.code, 2), 12, '0')]) WITH ORDINALITY a (above, step)
             WHERE above <> s.code AND (EXISTS (SELECT FROM {STAGE} p WHERE p.code = above)
                                        OR EXISTS (SELECT FROM territory_adminarea p WHERE p.code = above))
             ORDER BY step LIMIT 1))
        WHERE parent IS NULL
        """
    )
    stage.refuse("s.valid_to <= s.valid_from", "'停用日期应在启用日期之后'")
    above = f"""coalesce((SELECT p.level FROM {STAGE} p WHERE p.code = s.parent),
                         (SELECT p.level FROM territory_adminarea p WHERE p.code = s.parent))"""
    stage.refuse(f"{RANKS.format(above)} >= {RANKS.format('s.level')}", "'上级“' || s.parent || '”的层级不比本级高'")
    orphans = True
    while orphans:  # a refused parent takes what lies below it along: at most one round a level
        orphans = stage.refuse(
            f"""s.parent IS NOT NULL AND NOT EXISTS (SELECT FROM {STAGE} p WHERE p.code = s.parent)
                AND NOT EXISTS (SELECT FROM territory_adminarea p WHERE p.code = s.parent)""",
            "'上级“' || s.parent || '”不存在，也没有在本文件中被收下'",
        )
    wanted = stage.want(
        "territory_adminarea",
        "t.code = s.code",
        [
            copied("code"), copied("name"), copied("level"), copied("kind", "''"), Target("parent_id", "NULL::bigint"),
            # A 街道 has no congress (地方组织法): where the file does not say, the name does.
            copied("has_congress", "s.level IN ('province', 'city', 'county') OR (s.level = 'town' AND s.name NOT LIKE '%街道%')"),
            copied("population"), copied("former_names", "''"), copied("valid_from"), copied("valid_to"), copied("synthetic", "false"),
            Target("geom", "s.geom::geometry(MultiPolygon, 4326)", (SHAPE,)),
        ],
    )  # fmt: skip
    execute(
        f"""
        UPDATE {wanted.name} w SET parent_id = coalesce(p.id, a.id) FROM {STAGE} s
        LEFT JOIN {wanted.name} p ON p.code = s.parent LEFT JOIN territory_adminarea a ON a.code = s.parent
        WHERE s.code = w.code AND s.parent IS NOT NULL
        """
    )
    wanted.write()
    return wanted.merged()


TERM_LEVEL = "CASE a.level WHEN 'town' THEN 'township' ELSE a.level END"


def terms(stage: Stage) -> None:
    """The terms that rows of districts or deputies name: made, or given the dates that the file says.

    A new term is a draft when the file is one of drafts, when it has not begun, or when it follows a published term that has
    districts: elections end in publishing, not in an import. Terms of city and province have no districts here and nothing to publish.
    """
    stage.refuse_unknown("congress", "territory_adminarea", "行政区划")
    stage.refuse(
        "EXISTS (SELECT FROM territory_adminarea a WHERE a.code = s.congress AND a.level = 'village')",
        "'村社“' || s.congress || '”没有人民代表大会，请改正人大区划代码'",
    )
    stage.refuse("s.term_ends <= s.term_starts", "'本届止应在本届起之后'")
    stage.refuse(
        f"""(s.term_starts, s.term_ends) <> (SELECT f.term_starts, f.term_ends FROM {STAGE} f
             WHERE f.congress = s.congress AND f.term = s.term AND {_plan(stage, "f")} = {_plan(stage)} ORDER BY f.row LIMIT 1)""",
        "'同一届的起止日期与前面的行不一致'",
    )
    if stage.layer.name == "draft":
        stage.refuse(
            """EXISTS (SELECT FROM territory_term t JOIN territory_adminarea a ON a.id = t.congress_id
                       WHERE a.code = s.congress AND t.number = s.term AND t.state = 'published')""",
            "'第 ' || s.term || ' 届的选区已经公布，不能再导入草案；要更正已公布的选区，请按图层 district 导入'",
        )
    today = f"DATE '{stage.today.isoformat()}'"
    state = f"""CASE WHEN s.term_level IN ('county', 'township') AND (s.draft OR s.term_starts > {today} OR s.term_ends > {today} AND EXISTS (
        SELECT FROM territory_term p WHERE p.congress_id = s.congress_id AND p.state = 'published' AND p.number < s.term
        AND EXISTS (SELECT FROM territory_electoraldistrict d WHERE d.term_id = p.id))) THEN 'draft' ELSE 'published' END"""
    # Publishing has settled on which day one term follows the other; no file unsettles it.
    followed = "EXISTS (SELECT FROM territory_term n WHERE n.congress_id = t.congress_id AND n.number > t.number AND n.state = 'published')"
    wanted = stage.want(
        "territory_term",
        f"t.id = {_term(stage, 's.congress_id', 's.term', 's.plan')}",
        [
            Target("congress_id", "s.congress_id"), Target("level", "s.term_level"), Target("number", "s.term::smallint"),
            Target("starts", f"CASE WHEN t.published_at IS NOT NULL OR {followed} THEN t.starts ELSE s.term_starts END"),
            Target("ends", f"CASE WHEN {followed} THEN t.ends ELSE s.term_ends END"),
            Target("state", state, ONLY_NEW), Target("plan", "s.plan", ONLY_NEW), Target("approval", "''", ONLY_NEW),
        ],
        source=f"""(SELECT DISTINCT ON (x.congress, x.term, {_plan(stage, "x")}) x.congress, x.term, x.term_starts, x.term_ends, x.row,
                           {_plan(stage, "x")} AS plan, {str(stage.layer.name == "draft").lower()} AS draft, a.id AS congress_id, {TERM_LEVEL} AS term_level
                    FROM {STAGE} x JOIN territory_adminarea a ON a.code = x.congress ORDER BY x.congress, x.term, {_plan(stage, "x")}, x.row) s""",
        name="import_terms",
    )  # fmt: skip
    wanted.write()


ONLY_NEW = ("",)  # a column that no file has: rows that exist keep what they have


def _plan(stage: Stage, alias: str = "s") -> str:
    """The name of the draft that a row belongs to."""
    return f"coalesce({alias}.plan, '')" if any(column.name == "plan" for column in stage.layer.columns) else "''::text"


def _term(stage: Stage, congress: str, number: str, plan: str, district: str = "NULL") -> str:
    """The term that a row means: the published one, else the draft of that name; for a deputy's row that of the district, else any."""
    same = {"draft": f"AND meant.plan = {plan}", "district": "AND (meant.state = 'published' OR meant.plan = '')"}.get(stage.layer.name, "")
    return f"""(SELECT meant.id FROM territory_term meant
        WHERE meant.congress_id = {congress} AND meant.number = {number} AND meant.state <> 'set_aside' {same}
        ORDER BY meant.id = (SELECT d.term_id FROM territory_electoraldistrict d WHERE d.code = {district}) DESC NULLS LAST,
                 meant.state = 'published' DESC, meant.plan = {plan} DESC, meant.plan LIMIT 1)"""


def term_of_row(stage: Stage, alias: str = "s") -> str:
    """JOIN of the congress (c) and the term (m) that each row of the stage names."""
    district = f"{alias}.district" if stage.layer.name == "deputy" else "NULL"
    found = _term(stage, "c.id", f"{alias}.term", _plan(stage, alias), district)
    return f"JOIN territory_adminarea c ON c.code = {alias}.congress JOIN territory_term m ON m.id = {found}"


def districts(stage: Stage) -> Merged:
    if not stage.has(SHAPE):
        known = "EXISTS (SELECT FROM territory_electoraldistrict d WHERE d.code = s.code AND d.geom IS NOT NULL)"
        stage.refuse(f"s.basis <> 'workplace' AND NOT {known}", "'按居住划分的选区必须有范围（面）'")
    else:
        stage.refuse("s.basis <> 'workplace' AND s.geom IS NULL", "'按居住划分的选区必须有范围（面）'")
    stage.refuse_unknown_in_list("employers", "organisations_organisation", "name", "单位")
    terms(stage)
    stage.refuse(
        f"""EXISTS (SELECT FROM {STAGE} f WHERE f.congress = s.congress AND f.term = s.term AND f.number = s.number
                    AND {_plan(stage, "f")} = {_plan(stage)} AND f.row < s.row)""",
        "'本届选区序号 ' || s.number || ' 与前面的行重复'",
    )
    # The districts of a term stay what they were when the next term's come: cases and mandates lean on them.
    stage.refuse(
        f"""EXISTS (SELECT FROM territory_electoraldistrict d WHERE d.code = s.code
                    AND d.term_id <> (SELECT m.id FROM {STAGE} x {term_of_row(stage, "x")} WHERE x.row = s.row))""",
        """'选区编号“' || s.code || '”已由' || (SELECT a.name || '第' || m.number || '届' || CASE m.plan WHEN '' THEN '' ELSE '（' || m.plan || '）' END
            FROM territory_electoraldistrict d JOIN territory_term m ON m.id = d.term_id JOIN territory_adminarea a ON a.id = m.congress_id
            WHERE d.code = s.code) || '的选区使用；请换新的编号，例如在编号里写上届次和方案'""",
    )
    # A number in a published term may be taken by a district that the file does not name; a draft is replaced as a whole.
    stage.refuse(
        f"""EXISTS (SELECT FROM territory_electoraldistrict d JOIN territory_term m ON m.id = d.term_id JOIN territory_adminarea c ON c.id = m.congress_id
                    WHERE c.code = s.congress AND m.number = s.term AND m.state = 'published' AND d.number = s.number AND d.code <> s.code
                    AND NOT EXISTS (SELECT FROM {STAGE} f WHERE f.code = d.code))""",
        "'本届选区序号 ' || s.number || ' 已由另一个选区使用'",
    )
    streets = query(
        f"SELECT count(*), string_agg(DISTINCT a.name, '、') FROM {STAGE} s JOIN territory_adminarea a ON a.code = s.congress WHERE NOT a.has_congress"
    )[0]
    if streets[0]:
        stage.warnings.append(f"{streets[0]} 个选区所属的{streets[1]}不设人民代表大会，请核对人大区划代码")
    wanted = stage.want(
        "territory_electoraldistrict",
        "t.code = s.code",
        [
            copied("code"), Target("term_id", "s.term_id"), copied("number"), copied("name"), Target("seats", "s.seats::smallint"),
            copied("basis"), copied("population"), Target("geom", "s.geom::geometry(MultiPolygon, 4326)", (SHAPE,)),
        ],
        source=f"(SELECT s.*, m.id AS term_id FROM {STAGE} s {term_of_row(stage)}) s",
    )  # fmt: skip
    # Districts that change numbers among themselves would meet the unique number half-way; first they step aside. So do those of a
    # draft that the file leaves out.
    execute(
        f"""UPDATE territory_electoraldistrict t SET number = t.number + 1000000 FROM {wanted.name} w
            WHERE t.id = w.id AND (t.term_id, t.number) <> (w.term_id, w.number)"""
    )
    execute(
        f"""UPDATE territory_electoraldistrict t SET number = t.number + 1000000 FROM territory_term m
            WHERE m.id = t.term_id AND m.state = 'draft' AND t.number < 1000000 AND t.term_id IN (SELECT term_id FROM {wanted.name})
            AND t.id NOT IN (SELECT id FROM {wanted.name}) AND t.number IN (SELECT w.number FROM {wanted.name} w WHERE w.term_id = t.term_id)"""
    )
    wanted.write()
    if stage.has("employers"):
        wanted.link(
            "territory_electoraldistrict_employers", "electoraldistrict_id", "organisation_id",
            f"""SELECT w.id, o.id FROM {STAGE} s JOIN {wanted.name} w ON w.code = s.code
                CROSS JOIN unnest(string_to_array(s.employers, ';')) item JOIN organisations_organisation o ON o.code = item OR o.name = item""",
        )  # fmt: skip
    return wanted.merged()


def left_out_of_drafts(stage: Stage) -> list[int]:
    """Ids of the districts that the drafts named in the file hold and the file does not; none where rows were refused: what was to
    replace them may be among those."""
    if query(f"SELECT EXISTS (SELECT FROM {REFUSED})")[0][0]:
        return []
    rows = query(
        f"""SELECT d.id FROM territory_electoraldistrict d WHERE d.code NOT IN (SELECT code FROM {STAGE})
            AND d.term_id IN (SELECT m.id FROM {STAGE} s {term_of_row(stage)} WHERE m.state = 'draft') ORDER BY d.id"""
    )
    return [row[0] for row in rows]


def tell_of_drafts(stage: Stage, gone: int, kept: list[str]) -> None:
    """Say on the batch that the file is a draft, and what became of what it left out."""
    drafts = query(
        f"""SELECT DISTINCT c.name || '第' || m.number || '届' || CASE m.plan WHEN '' THEN '' ELSE '（' || m.plan || '）' END FROM {STAGE} s {term_of_row(stage)}
            WHERE m.state = 'draft' ORDER BY 1"""
    )
    if drafts:
        names = "、".join(name for (name,) in drafts[:5]) + (f"等 {len(drafts)} 个" if len(drafts) > 5 else "")
        stage.warnings.append(f"{names}的选区是草案，公布之前不生效。请在“换届”里比对、公布")
        if query(f"SELECT EXISTS (SELECT FROM {REFUSED})")[0][0]:
            stage.warnings.append("有的行被拒收，草案里原有的选区都保留。改正后请整份重新导入")
    if gone:
        stage.warnings.append(f"草案里原有的 {gone} 个选区不在这份文件里，已经去掉")
    if kept:
        stage.warnings.append(f"草案里有 {len(kept)} 个选区不在这份文件里，但已登记代表，没有去掉：{'、'.join(kept[:5])}{'等' if len(kept) > 5 else ''}")


def grids(stage: Stage) -> Merged:
    stage.refuse_unknown("village", "territory_adminarea", "行政区划")
    stage.refuse(
        "EXISTS (SELECT FROM territory_adminarea a WHERE a.code = s.village AND a.level <> 'village')",
        "'“' || s.village || '”不是村社，网格只能属于一个村社'",
    )
    wanted = stage.want(
        "territory_grid",
        "t.code = s.code",
        [
            copied("code"), copied("name"), Target("village_id", "a.id"), copied("population"),
            Target("geom", "s.geom::geometry(MultiPolygon, 4326)", (SHAPE,)),
        ],
        source=f"{STAGE} s JOIN territory_adminarea a ON a.code = s.village",
    )  # fmt: skip
    wanted.write()
    return wanted.merged()


# The village that covers a point; a border belongs to the lowest code.
COVERING = """(SELECT v.id FROM territory_adminarea v WHERE v.level = '{level}' AND ST_Covers(v.geom, {point}) ORDER BY v.code LIMIT 1)"""

JUST_OUTSIDE = 300  # metres: what lies so near an area belongs to it where nothing covers it, outlines being no better than that
NEAREST = f"""(SELECT v.id FROM territory_adminarea v WHERE v.level = '{{level}}' AND ST_DWithin(v.geom, {{point}}, 0.01)
    AND ST_DWithin(v.geom::geography, {{point}}::geography, {JUST_OUTSIDE})
    ORDER BY ST_Distance(v.geom::geography, {{point}}::geography), v.code LIMIT 1)"""


def doorplates(stage: Stage) -> Merged:
    """Doorplates; where the file names no village or town, the polygons do."""
    stage.refuse_unknown("town", "territory_adminarea", "行政区划")
    stage.refuse_unknown("village", "territory_adminarea", "行政区划")
    execute(
        f"""
        CREATE TEMP TABLE import_places ON COMMIT DROP AS
        SELECT p.row, p.village_id, coalesce(p.town_id, u.id, {COVERING.format(level="town", point="p.geom")}) AS town_id
        FROM (SELECT s.row, s.geom, coalesce(v.id, {COVERING.format(level="village", point="s.geom")}) AS village_id, a.id AS town_id
              FROM {STAGE} s LEFT JOIN territory_adminarea a ON a.code = s.town LEFT JOIN territory_adminarea v ON v.code = s.village) p
        LEFT JOIN territory_adminarea v ON v.id = p.village_id LEFT JOIN territory_adminarea u ON u.id = v.parent_id AND u.level = 'town'
        """
    )
    _write_addresses()
    stage.refuse(
        "EXISTS (SELECT FROM import_addresses d WHERE d.row = s.row AND (length(d.address) > 200 OR length(d.address_key) > 200))",
        "'地址合起来超过 200 个字'",
    )
    stage.refuse(
        "EXISTS (SELECT FROM import_addresses d WHERE d.row = s.row AND d.address_key IS NULL)",
        "'没有可用的地址：道路、自然村、小区和门牌号都是空的'",
    )
    blank = ("road", "number", "hamlet", "estate", "building", "unit", "room", "use")
    wanted = stage.want(
        "territory_doorplate",
        "t.code = s.code",
        [
            copied("code"), Target("town_id", "p.town_id"), Target("village_id", "p.village_id"), *(copied(name, "''") for name in blank),
            copied("status", "'active'"), Target("address", "d.address"), Target("address_key", "d.address_key"),
            Target("point", "s.geom::geometry(Point, 4326)", (SHAPE,)),
        ],
        source=f"{STAGE} s JOIN import_places p ON p.row = s.row JOIN import_addresses d ON d.row = s.row",
    )  # fmt: skip
    wanted.write()
    # A code belongs to whoever looks after the town in which its door lies.
    execute(
        f"""UPDATE territory_platecode c SET town_id = w.town_id, village_id = w.village_id FROM {wanted.name} w
            WHERE c.doorplate_id = w.id AND w.changed AND (c.town_id, c.village_id) IS DISTINCT FROM (w.town_id, w.village_id)"""
    )
    lost = query(f"SELECT count(*) FROM {wanted.name} WHERE village_id IS NULL")[0][0]
    if lost:
        stage.warnings.append(f"{lost} 个门牌不在任何村社范围内")
    return wanted.merged()


def _write_addresses() -> None:
    """Each row's written address and its search key: Python's rules for Chinese numerals are not to be told again in SQL."""
    execute("CREATE TEMP TABLE import_addresses (row integer NOT NULL, address text NOT NULL, address_key text) ON COMMIT DROP")
    parts = ("road", "number", "hamlet", "estate", "building", "unit", "room")
    listed = ", ".join(f's."{part}"' for part in parts)
    done = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT s.row, town.name, village.name, {listed} FROM {STAGE} s JOIN import_places p ON p.row = s.row
                    LEFT JOIN territory_adminarea town ON town.id = p.town_id LEFT JOIN territory_adminarea village ON village.id = p.village_id
                    WHERE s.row > %s ORDER BY s.row LIMIT {ADDRESS_ROWS}""",
                [done],
            )
            found = cursor.fetchall()
        if not found:
            break
        lines = io.StringIO()
        writer = csv.writer(lines)
        for row, town, village, *values in found:
            given = {part: value or "" for part, value in zip(parts, values, strict=True)}
            address = written(town=town or "", village=village or "", **given)
            writer.writerow((row, address or " ", search_key(address) if any(given.values()) else None))
        copy_in("import_addresses", ("row", "address", "address_key"), lines.getvalue())
        done = found[-1][0]
    execute("ANALYZE import_addresses")
    execute("ANALYZE import_places")
