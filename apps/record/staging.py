"""Staged rows: one file's rows in a temporary table, on the way into the tables of the room that owns them.

The imports room fills a stage with rows whose values have been checked; a room's `merging.py` refuses those that refer to what
is not there and says what the others become. Everything is one set-based statement after another, so the number of queries does
not depend on the number of rows; only rows that differ are written. All temporary tables vanish with the transaction.
"""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from gis_data.layers import Layer

STAGE, REFUSED = "import_stage", "import_refused"
SQL_TYPES = {
    "text": "text", "list": "text", "int": "bigint", "float": "double precision", "bool": "boolean", "date": "date", "month": "date",
    "datetime": "timestamptz",
}  # fmt: skip
SHAPE = "geometry"  # the name under which a file's shape counts among its columns


@dataclass(frozen=True)
class Merged:
    """What became of the rows that were not refused."""

    inserted: int
    updated: int
    unchanged: int
    removed: int = 0  # rows that were there and that the file, which replaces them, does not have


@dataclass(frozen=True)
class Target:
    """One column to be written: `expression` over the stage (alias s) and what the room joined to it.

    sources: the file's columns it comes from; when the file has none of them, rows that exist keep what they have.
    Empty: always written.
    """

    name: str
    expression: str
    sources: tuple[str, ...] = ()


def copied(name: str, default: str = "", target: str = "") -> Target:
    """A column taken over as it is, with a default for empty cells."""
    value = f's."{name}"'
    return Target(target or name, f"coalesce({value}, {default})" if default else value, (name,))


def execute(sql: str, params: Sequence[Any] | dict | None = None) -> int:
    """Run one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


def query(sql: str, params: Sequence[Any] | dict | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def copy_in(table: str, columns: Sequence[str], lines: str) -> None:
    """Append CSV text (an unquoted empty cell is NULL) to a table by COPY."""
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN WITH (FORMAT csv)") as copy:
        copy.write(lines)


@dataclass
class Stage:
    """The rows of one file, in the temporary table `import_stage`: `row`, the declared columns, `geom`.

    present: declared columns that the file has, and "geometry" when it has shapes. today: the day the import counts as.
    """

    layer: Layer
    present: frozenset[str]
    today: dt.date
    warnings: list[str] = field(default_factory=list)

    def create(self) -> None:
        """Make the stage's tables; those of an import before it in the same transaction go."""
        for (table,) in query("SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND relname LIKE 'import\\_%'"):
            execute(f"DROP TABLE {table}")
        columns = ", ".join(f'"{column.name}" {SQL_TYPES[column.kind]}' for column in self.layer.columns)
        execute(f"CREATE TEMP TABLE {STAGE} (row integer NOT NULL, {columns}, geom geometry(Geometry, 4326)) ON COMMIT DROP")
        execute(f"CREATE TEMP TABLE {REFUSED} (row integer NOT NULL, reason text NOT NULL, data jsonb NOT NULL) ON COMMIT DROP")

    # --- refusing ---------------------------------------------------------------------------------------------------------

    def refuse(self, where: str, reason: str, params: dict | None = None) -> int:
        """Set aside the rows (alias s) for which `where` holds; `reason` is a SQL text over the same row. How many."""
        private = [column.name for column in self.layer.columns if column.private]
        hidden = ", ".join(f"'{name}'" for name in ("row", "geom", *private))
        return execute(
            f"""
            WITH gone AS (DELETE FROM {STAGE} s WHERE {where} RETURNING s.*)
            INSERT INTO {REFUSED} (row, reason, data)
            SELECT s.row, left({reason}, 300), jsonb_strip_nulls(to_jsonb(s) - ARRAY[{hidden}]) FROM gone s
            """,
            params,
        )

    def refuse_rows(self, reasons: dict[int, str]) -> None:
        """Set aside rows by number, each with the reason that Python found."""
        execute("CREATE TEMP TABLE import_reasons (row integer PRIMARY KEY, reason text NOT NULL) ON COMMIT DROP")
        lines = io.StringIO()
        csv.writer(lines).writerows(reasons.items())
        copy_in("import_reasons", ("row", "reason"), lines.getvalue())
        self.refuse("s.row IN (SELECT r.row FROM import_reasons r)", "(SELECT r.reason FROM import_reasons r WHERE r.row = s.row)")
        execute("DROP TABLE import_reasons")

    def refuse_repeated_keys(self) -> None:
        """A key twice in one file: which row is right is not ours to guess, so the later ones are refused."""
        key = ", ".join(f'"{name}"' for name in self.layer.key)
        labels = "、".join(self.layer.column(name).label for name in self.layer.key)
        execute(f"CREATE INDEX ON {STAGE} ({key})")
        execute(f"ANALYZE {STAGE} (row, {key})")
        same = " AND ".join(f'f."{name}" = s."{name}"' for name in self.layer.key)
        self.refuse(
            f"EXISTS (SELECT FROM {STAGE} f WHERE {same} AND f.row < s.row)",
            f"'“{labels}”与前面的行重复，只收第一次出现的一行'",
        )

    def refuse_unknown(self, name: str, table: str, what: str) -> None:
        """Rows whose column names a code that the table does not have."""
        column = self.layer.column(name)
        self.refuse(
            f"""s."{name}" IS NOT NULL AND NOT EXISTS (SELECT FROM {table} t WHERE t.code = s."{name}")""",
            f"""'{column.label}“' || s."{name}" || '”不存在，请先导入{what}，或改正编号'""",
        )

    def refuse_unknown_in_list(self, name: str, table: str, other: str, what: str) -> None:
        """Rows whose list names something that the table has neither as a code nor under `other`."""
        column = self.layer.column(name)
        strangers = f"""FROM unnest(string_to_array(s."{name}", ';')) item
            WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.code = item OR t.{other} = item)"""
        self.refuse(
            f's."{name}" IS NOT NULL AND EXISTS (SELECT {strangers})',
            f"""'{column.label}“' || (SELECT string_agg(item, '、') {strangers}) || '”不存在，请先导入{what}，或改正编号'""",
        )

    # --- writing ----------------------------------------------------------------------------------------------------------

    def want(self, table: str, key: str, columns: Sequence[Target], source: str = f"{STAGE} s", name: str = "import_wanted") -> "Wanted":
        """Compute what a table should hold: one row for each row of `source` (alias s), matched to the table (alias t) by `key`."""
        wanted = Wanted(self, table, tuple(columns), name)
        values = ", ".join(f'{column.expression} AS "{column.name}"' for column in columns)
        execute(
            f"""
            CREATE TEMP TABLE {name} ON COMMIT DROP AS
            SELECT s.row, coalesce(t.id, nextval(pg_get_serial_sequence('{table}', 'id'))) AS id,
                   t.id IS NULL AS fresh, false AS changed, {values}
            FROM {source} LEFT JOIN {table} t ON {key}
            """
        )
        execute(f"CREATE INDEX ON {name} (id)")
        execute(f"ANALYZE {name} (id)")  # statistics on shapes cost more than they gain here
        return wanted

    def has(self, *names: str) -> bool:
        return not self.present.isdisjoint(names)


@dataclass
class Wanted:
    """What rows of one table should be, in the temporary table `name`: id, fresh (not there yet), changed, the columns."""

    stage: Stage
    table: str
    columns: tuple[Target, ...]
    name: str

    def write(self) -> None:
        """Update the rows that differ, insert the fresh ones."""
        kept = [f'"{c.name}"' for c in self.columns if not c.sources or self.stage.has(*c.sources)]
        if kept:
            ours, theirs = ", ".join(f"w.{c}" for c in kept), ", ".join(f"t.{c}" for c in kept)
            execute(f"UPDATE {self.name} w SET changed = true FROM {self.table} t WHERE t.id = w.id AND ({ours}) IS DISTINCT FROM ({theirs})")
            pairs = ", ".join(f"{c} = w.{c}" for c in kept)
            execute(f"UPDATE {self.table} t SET {pairs} FROM {self.name} w WHERE t.id = w.id AND w.changed")
        every = ", ".join(f'"{c.name}"' for c in self.columns)
        execute(f"INSERT INTO {self.table} (id, {every}) SELECT id, {every} FROM {self.name} w WHERE fresh ORDER BY id")

    def link(self, table: str, ours: str, theirs: str, pairs: str) -> None:
        """Make a many-to-many table hold exactly these pairs for our rows. `pairs`: SQL giving (id, other)."""
        execute(f"CREATE TEMP TABLE import_pairs ON COMMIT DROP AS SELECT DISTINCT p.id, p.other FROM ({pairs}) p (id, other)")
        execute("ANALYZE import_pairs")
        execute(
            f"""
            WITH gone AS (
                DELETE FROM {table} l USING {self.name} w WHERE l.{ours} = w.id
                AND NOT EXISTS (SELECT FROM import_pairs p WHERE p.id = l.{ours} AND p.other = l.{theirs}) RETURNING l.{ours} AS id
            ), come AS (
                INSERT INTO {table} ({ours}, {theirs}) SELECT p.id, p.other FROM import_pairs p
                WHERE NOT EXISTS (SELECT FROM {table} l WHERE l.{ours} = p.id AND l.{theirs} = p.other) RETURNING {ours} AS id
            )
            UPDATE {self.name} w SET changed = true WHERE id IN (SELECT id FROM gone UNION ALL SELECT id FROM come)
            """
        )
        execute("DROP TABLE import_pairs")

    def merged(self) -> Merged:
        fresh, changed, same = query(
            f"""SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE changed AND NOT fresh),
                       count(*) FILTER (WHERE NOT changed AND NOT fresh) FROM {self.name}"""
        )[0]
        return Merged(fresh, changed, same)


