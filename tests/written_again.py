"""Rows that many tests begin with, written by their builder once and from then on copied in: the same rows and objects in a tenth of the time.

The builder is trusted to depend on nothing but its code. What its rows set off by triggers is among the tables it touched, and is copied too.
"""

import io
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection, transaction

Made = TypeVar("Made")
TOUCHED = "SELECT relname, n_tup_ins - n_tup_del FROM pg_stat_xact_user_tables WHERE schemaname = 'public'"  # by this transaction
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
COUNTERS = """SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) FROM information_schema.columns
    WHERE table_schema = 'public' AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')"""


@dataclass(frozen=True)
class Kept:
    made: bytes
    tables: tuple[tuple[str, bytes], ...]  # the COPY that takes a table's rows in, and the rows


class WrittenAgain(Generic[Made]):
    """Call it as the builder it was made of. but: tables that the caller sees to."""

    def __init__(self, build: Callable[[], Made], but: frozenset[str] = frozenset()) -> None:
        self.build, self.but = build, but
        self._kept: dict[str, Kept] = {}  # by database

    def __call__(self) -> Made:
        kept = self._kept.get(connection.settings_dict["NAME"])
        if kept is None:
            return self._first()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # what triggers did is among the rows
            for statement, rows in kept.tables:
                with cursor.copy(statement) as copy:
                    copy.write(rows)
            cursor.execute("SET LOCAL session_replication_role = origin")
        return pickle.loads(kept.made)

    def _first(self) -> Made:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TOUCHED)
            before = dict(cursor.fetchall())
            made = self.build()
            cursor.execute(TOUCHED)
            touched = {table: count - before.get(table, 0) for table, count in cursor.fetchall() if table not in self.but}
            tables = [table for table, written in touched.items() if written]
            copied = [self._copied(table) for table in tables]
            if all(len(rows.splitlines()) == touched[table] for table, (_, rows) in zip(tables, copied, strict=True)):  # nothing stood there before
                self._kept[connection.settings_dict["NAME"]] = Kept(pickle.dumps(made), tuple(copied))
        return made

    @staticmethod
    def _copied(table: str) -> tuple[str, bytes]:
        rows = io.BytesIO()
        with connection.cursor() as cursor:
            cursor.execute(COLUMNS, [table])
            names = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
            with cursor.copy(f'COPY (SELECT {names} FROM "{table}") TO STDOUT') as copy:
                for block in copy:
                    rows.write(block)
        return f'COPY "{table}" ({names}) FROM STDIN', rows.getvalue()


@contextmanager
def counting_from_one() -> Iterator[None]:
    """Tables that are empty number their rows from one, so that a few small numbers name a row of every table. Afterwards none counts
    on from where rows that are kept elsewhere were numbered already."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTERS)
        counters = cursor.fetchall()
        cursor.execute(" UNION ALL ".join(f"SELECT '{sequence}' WHERE NOT EXISTS (SELECT FROM \"{table}\")" for table, _, sequence in counters))
        empty = [sequence for (sequence,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{sequence}', last_value, is_called FROM {sequence}" for sequence in empty))
        before = cursor.fetchall()
        cursor.execute("SELECT " + ", ".join(f"setval('{sequence}', 1, false)" for sequence in empty))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for name, last, called in before:
                cursor.execute(f"SELECT setval('{name}', greatest(last_value, {last}), is_called OR {called}) FROM {name}")
