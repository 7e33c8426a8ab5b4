"""The role of the public pages has the rights of the list and no others."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from apps.cases.models import ReporterContact
from apps.portal.grants import GRANTS, ROLE

NEVER = {
    "deputies_home", "deputies_contact", "accounts_user", "organisations_organisation_members", "supervision_assignmentrun", "supervision_team",
    "supervision_teammember", "supervision_runevent", "imports_importbatch", "imports_rejectedrow", "procrastinate_jobs",
    "record_notice", "record_delivery", "record_incoming", "record_robot", "record_noticeway", "interop_apikeyevent", "insights_fact", "insights_publictableevent", "insights_voicespageevent", "hotline_record",
}  # fmt: skip


COLUMN_RIGHTS = ("SELECT", "INSERT", "UPDATE")


def columns() -> dict[str, set[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'spatial_ref_sys'"""
        )  # PostGIS lets everybody read its coordinate systems
        found: dict[str, set[str]] = {}
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
        return found


def listed() -> set[tuple[str, str, str]]:
    """The list, one entry a column (* where the right is not of columns)."""
    every = columns()
    wanted = set()
    for table, rights in GRANTS.items():
        for given in rights:
            right, _, some = given.partition(" (")
            names = {name.strip() for name in some.rstrip(")\n ").split(",")} if some else every[table] if right in COLUMN_RIGHTS else {"*"}
            wanted |= {(table, right, name) for name in names}
    return wanted


def held() -> set[tuple[str, str, str]]:
    """What the role can do, asked of the database for every table and every column."""
    every = [(table, column) for table, names in columns().items() for column in names]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT t, r, c FROM unnest(%s::text[], %s::text[]) x(t, c), unnest(%s::text[]) r
               WHERE has_column_privilege(%s, quote_ident(t), c, r)
               UNION SELECT t, r, '*' FROM unnest(%s::text[]) t, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) r WHERE has_table_privilege(%s, quote_ident(t), r)""",
            [[t for t, _ in every], [c for _, c in every], list(COLUMN_RIGHTS), ROLE, list(columns()), ROLE],
        )
        return set(cursor.fetchall())


def test_rights_are_exactly_the_list(db):
    assert held() == listed()
    assert not NEVER & {table for table, _, _ in held()}


def test_a_right_that_crept_in_is_taken_back(db):
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON deputies_home TO {ROLE}")
        cursor.execute(f"GRANT SELECT (phone) ON deputies_contact TO {ROLE}")
        cursor.execute(f"REVOKE SELECT ON deputies_station FROM {ROLE}")
    assert held() != listed()
    out = StringIO()
    call_command("grant_public", stdout=out)
    assert held() == listed()
    assert f"{len(GRANTS)} 张表" in out.getvalue()


@pytest.mark.parametrize("table", sorted(NEVER))
def test_never_readable(town, as_public, table):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table}")


def test_a_reporters_contact_goes_in_and_never_out(town, as_public):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        list(ReporterContact.objects.all())
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ReporterContact.objects.update(sealed=b"")


def test_where_and_when_a_photo_was_taken_stays_inside(town, as_public):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT taken_at, taken_point FROM record_photo")
