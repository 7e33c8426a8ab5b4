"""What maps and reports count: one narrow row a voice, whether it came as a case or as a record of the hotline.

Triggers note what has changed (`Touched`); `refresh` writes it anew here, in one transaction that holds `FactState`, so versions are
committed in their order and whoever has seen version n needs only what is above it. All of it can be made anew from the cases and records.
"""

from collections.abc import Callable

from django.db import connection, models, transaction
from django.db.models import Q

from apps.territory.county_lattice import county_lattice

CASE, RECORD = 0, 1
CHANNELS = ("scan", "web", "station", "visit", "letter", "phone")
"""A case's channels; `Fact.source` is the place in this list, counted from 1."""
FIRST_RECORD_SOURCE = 100
"""`Fact.source` of a record is this and its source's key."""


class FactQuerySet(models.QuerySet):
    def counted(self):
        """Every voice once: without what was merged into another, withdrawn, or stands in two places."""
        return self.filter(counted=True)


class Fact(models.Model):
    """计数事实: one voice. Areas, category, unit and `ref` are keys without a constraint: nothing here may hold up a change of theirs."""

    class State(models.IntegerChoices):
        OPEN = 0, "办理中"
        ANSWERED = 1, "已答复"
        CLOSED = 2, "已办结"

    class Content(models.IntegerChoices):
        SATISFIED = 1, "满意"
        FAIRLY = 2, "基本满意"
        UNSATISFIED = 3, "不满意"

    kind = models.PositiveSmallIntegerField("种类", choices=[(CASE, "民情件"), (RECORD, "诉求记录")])
    ref = models.BigIntegerField("民情件或诉求记录")
    day = models.DateField("日期")
    hour = models.SmallIntegerField("时", help_text="0 到 23；-1：来源没有给出时刻")
    col = models.IntegerField("格列", null=True)
    row = models.IntegerField("格行", null=True)
    town = models.BigIntegerField("乡镇街道", null=True)
    village = models.BigIntegerField("村社", null=True)
    grid = models.BigIntegerField("网格", null=True)
    category = models.BigIntegerField("类别", null=True)
    source = models.PositiveSmallIntegerField("来源")
    told_for = models.BooleanField("代录入")
    elder = models.BooleanField("老年人", null=True)
    state = models.PositiveSmallIntegerField("状态", choices=State.choices)
    due_on = models.DateField("期限", null=True)
    met_late = models.BooleanField("逾期答复", null=True)
    satisfied = models.PositiveSmallIntegerField("满意度", null=True, choices=Content.choices)
    organisation = models.BigIntegerField("承办单位", null=True)
    again = models.BooleanField("重办或重复反映")
    counted = models.BooleanField("计数")
    version = models.BigIntegerField("版次")

    objects = FactQuerySet.as_manager()

    class Meta:
        verbose_name = "计数事实"
        verbose_name_plural = "计数事实"
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="insights_fact_once")]
        indexes = [
            models.Index(fields=["version"], name="insights_fact_version"),
            models.Index(fields=["day"], condition=Q(counted=True), name="insights_fact_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.ref}"


class FactState(models.Model):
    """计数版次: how far the facts are; the one row that every writer of facts holds until it has committed."""

    only = models.BooleanField(primary_key=True, default=True)
    epoch = models.UUIDField("重建标识", help_text="另一个：此前的版次都不作数")
    version = models.BigIntegerField("版次", default=0)
    refreshed_at = models.DateTimeField("更新时间", null=True)

    class Meta:
        verbose_name = "计数版次"
        verbose_name_plural = "计数版次"
        constraints = [models.CheckConstraint(condition=Q(only=True), name="insights_factstate_one")]

    def __str__(self) -> str:
        return f"v{self.version}"


class Touched(models.Model):
    """待计数: a case or record that has changed since the facts were last refreshed. Triggers write it."""

    kind = models.PositiveSmallIntegerField("种类")
    ref = models.BigIntegerField("民情件或诉求记录")

    class Meta:
        verbose_name = "待计数"
        verbose_name_plural = "待计数"

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


COLUMNS = (
    "day", "hour", "col", "row", "town", "village", "grid", "category", "source", "told_for", "elder", "state", "due_on", "met_late", "satisfied", "organisation", "again", "counted",
)  # fmt: skip
AT_ONCE = 20_000
_CELL = "CASE WHEN abs({axis}) < 32000 THEN {axis}::integer END"  # beyond it is no place of the county
_PLACED = "r.located_by IN ('coordinates', 'doorplate', 'road')"  # the middle of a village is nobody's place: it would be a hot spot of its own

_SELECTS = {
    CASE: f"""
        SELECT c.id, (at.local)::date, extract(hour FROM at.local), {_CELL.format(axis="cell.col")}, {_CELL.format(axis="cell.row")}, c.town_id, c.village_id, c.grid_id,
            coalesce(c.subcategory_id, c.category_id), coalesce(array_position(%(channels)s::text[], c.channel::text), 0), c.entered_by_id IS NOT NULL, NULL::boolean,
            CASE WHEN c.state IN ('with_deputy', 'with_town', 'with_county', 'with_dispatcher', 'with_unit') THEN 0 WHEN c.state = 'answered' THEN 1 ELSE 2 END,
            c.due_on, CASE WHEN c.answered_at IS NOT NULL AND c.state IN ('answered', 'closed') THEN c.answered_late END, array_position(ARRAY['satisfied', 'fairly', 'unsatisfied'], rated.score::text),
            c.organisation_id, c.reopened > 0, c.state NOT IN ('merged', 'split', 'withdrawn')
        FROM cases_case c
        CROSS JOIN LATERAL (SELECT c.submitted_at AT TIME ZONE 'Asia/Shanghai' AS local) at
        CROSS JOIN LATERAL (
            SELECT floor((ST_X(c.point) - %(lon0)s::float8) / %(lon_step)s::float8) AS col, floor((ST_Y(c.point) - %(lat0)s::float8) / %(lat_step)s::float8) AS row
        ) cell
        LEFT JOIN cases_rating rated ON rated.case_id = c.id AND rated.by = 'reporter' AND rated.part = 'outcome' AND rated.round = c.reopened AND rated.joiner_id IS NULL
        WHERE c.id = ANY(%(refs)s)""",
    RECORD: f"""
        SELECT r.id, (at.local)::date, CASE WHEN r.timed THEN extract(hour FROM at.local) ELSE -1 END, {_CELL.format(axis="cell.col")}, {_CELL.format(axis="cell.row")},
            r.town_id, r.village_id,
            (SELECT g.id FROM territory_grid g WHERE {_PLACED} AND ST_Covers(g.geom, r.point) ORDER BY g.code LIMIT 1), r.category_id,
            {FIRST_RECORD_SOURCE} + r.source_id, r.told_for, r.elder,
            array_position(ARRAY['open', 'answered', 'closed'], r.state::text) - 1, r.due_on,
            CASE WHEN r.state <> 'open' THEN (r.answered_at AT TIME ZONE 'Asia/Shanghai')::date > r.due_on END,
            array_position(ARRAY['satisfied', 'plain', 'unsatisfied'], r.satisfied::text), r.organisation_id, r.like_id IS NOT NULL,
            NOT EXISTS (SELECT 1 FROM cases_case linked WHERE linked.id = r.case_id AND linked.state <> 'withdrawn')
        FROM hotline_record r
        CROSS JOIN LATERAL (SELECT r.received_at AT TIME ZONE 'Asia/Shanghai' AS local) at
        LEFT JOIN LATERAL (
            SELECT floor((ST_X(r.point) - %(lon0)s::float8) / %(lon_step)s::float8) AS col, floor((ST_Y(r.point) - %(lat0)s::float8) / %(lat_step)s::float8) AS row
            WHERE {_PLACED}
        ) cell ON true
        WHERE r.id = ANY(%(refs)s)""",
}  # fmt: skip
_ROWS = {CASE: "cases_case", RECORD: "hotline_record"}


def refresh() -> int:
    """Write anew what has changed; how many facts that were. 0 at once while another process is at it. Safe to run twice."""
    written = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            version = _held(cursor, wait=False)
            refs = _taken(cursor) if version is not None else {}
            if not refs:
                return written
            changed = sum(_write(cursor, kind, some, version + 1) for kind, some in refs.items())
            _noted(cursor, version + 1 if changed else version)
            written += changed


def rebuild(tell: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Compare every case and record with its fact, write what differs, take away what is of nothing; how many that were. In batches, each
    in a transaction of its own, while pages go on; tell(done, of) after each."""
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT {kind}, count(*), coalesce(max(id), 0) FROM {table}" for kind, table in _ROWS.items()
            )
        )
        there = cursor.fetchall()
    done, of, written = 0, sum(count for _, count, _ in there), 0
    for kind, _, last in there:
        start = 0
        while start < last:
            with transaction.atomic(), connection.cursor() as cursor:
                version = _held(cursor, wait=True)
                cursor.execute(
                    f"SELECT id FROM {_ROWS[kind]} WHERE id > %s AND id <= %s ORDER BY id LIMIT {AT_ONCE}",
                    [start, last],
                )
                refs = [ref for (ref,) in cursor.fetchall()]
                changed = _write(cursor, kind, refs, version + 1) if refs else 0
                _noted(cursor, version + 1 if changed else version)
            start = refs[-1] if len(refs) == AT_ONCE else last
            done, written = done + len(refs), written + changed
            tell(min(done, of), of)
    return written + _sweep()


def _held(cursor, *, wait: bool) -> int | None:
    """The version so far, its row held to the end of the transaction; None where another process holds it and one does not wait."""
    cursor.execute(
        'INSERT INTO insights_factstate ("only", epoch, version) VALUES (true, gen_random_uuid(), 0) ON CONFLICT DO NOTHING'
    )
    cursor.execute(f"SELECT version FROM insights_factstate FOR UPDATE {'' if wait else 'SKIP LOCKED'}")
    row = cursor.fetchone()
    return row[0] if row else None


def _taken(cursor) -> dict[int, list[int]]:
    """Kind -> keys of what has changed, oldest first, as many as are written at once. A change that commits meanwhile leaves a note of its own."""
    cursor.execute(
        f"DELETE FROM insights_touched WHERE id IN (SELECT id FROM insights_touched ORDER BY id LIMIT {AT_ONCE}) RETURNING kind, ref"
    )
    refs: dict[int, set[int]] = {}
    for kind, ref in cursor.fetchall():
        refs.setdefault(kind, set()).add(ref)
    return {kind: sorted(some) for kind, some in refs.items()}


def _write(cursor, kind: int, refs: list[int], version: int) -> int:
    """Facts of these cases or records as they are now; how many are other than before. What is gone does not count any more."""
    lattice = county_lattice()
    place = {name: getattr(lattice, name) if lattice else None for name in ("lon0", "lat0", "lon_step", "lat_step")}
    listed, new = ", ".join(COLUMNS), ", ".join(f"excluded.{name}" for name in COLUMNS)
    held = ", ".join(f"f.{name}" for name in COLUMNS)
    cursor.execute(
        f"""INSERT INTO insights_fact AS f (kind, ref, {listed}, version)
            SELECT {kind}, read.*, {version} FROM ({_SELECTS[kind]}) read
            ON CONFLICT (kind, ref) DO UPDATE SET ({listed}, version) = ({new}, excluded.version)
            WHERE ({held}) IS DISTINCT FROM ({new})""",
        {**place, "refs": refs, "channels": list(CHANNELS)},
    )
    written = cursor.rowcount
    cursor.execute(
        f"""UPDATE insights_fact f SET counted = false, version = {version}
            WHERE kind = {kind} AND ref = ANY(%s) AND counted AND NOT EXISTS (SELECT FROM {_ROWS[kind]} t WHERE t.id = f.ref)""",
        [refs],
    )
    return written + cursor.rowcount


def _noted(cursor, version: int) -> None:
    cursor.execute("UPDATE insights_factstate SET version = %s, refreshed_at = now()", [version])


def _sweep() -> int:
    """Take away the facts of nothing; processes then read all anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        _held(cursor, wait=True)
        gone = 0
        for kind, table in _ROWS.items():
            cursor.execute(
                f"DELETE FROM insights_fact f WHERE kind = {kind} AND NOT EXISTS (SELECT FROM {table} t WHERE t.id = f.ref)"
            )
            gone += cursor.rowcount
        if gone:
            cursor.execute("UPDATE insights_factstate SET epoch = gen_random_uuid()")
    return gone
