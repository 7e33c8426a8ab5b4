"""The toy town is what its picture says, and a transactional test leaves no events behind."""

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from apps.cases.models import Category
from apps.deputies.models import Deputy
from apps.supervision.models import AssignmentRun, RunEvent
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict
from tests import town as toy
from tests.town import TODAY, at


def test_villages_fill_the_county(town):
    assert town.county.geom.area == pytest.approx(sum(v.geom.area for v in AdminArea.objects.filter(level="village")))
    assert [v.name for v in AdminArea.objects.filter(level="village", geom__covers=at(1.5, 1.5))] == ["岭头村"]


def test_districts_as_drawn(town):
    assert [d.code for d in ElectoralDistrict.objects.covering(at(1.5, 0.5), TODAY)] == ["B-01", "C-01"]
    assert [d.name for d in Deputy.objects.serving(town.districts["B1"], TODAY)] == ["林秀", "周宁"]
    assert Doorplate.objects.active().count() == 11


def test_public_role_reads_what_is_listed_and_nothing_else(town, users, as_public):
    assert Deputy.objects.count() == 8
    for table in ("deputies_home", "deputies_contact", "accounts_user", "supervision_assignmentrun", "cases_reportercontact"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_flush_empties_append_only_tables(round_):
    assert not RunEvent.objects.exists()
    with transaction.atomic():
        run = AssignmentRun.objects.create(name="方案", preset="nearest")
        RunEvent.objects.append(run, "create")
    assert Category.objects.exists()
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("TRUNCATE supervision_runevent")


def test_rows_copied_in_are_those_that_the_builder_writes(db):
    """All but the numbers of rows; and they are copied, not built each time."""
    seen = []
    for build in (toy._write, toy._rows, toy._rows):
        with transaction.atomic():
            made = build()
            seen.append(_plain_rows())
            assert made.deputies["D1"].pk == Deputy.objects.get(code="D1").pk and made.deputies["D1"].residence_village == made.villages["V1"]
            transaction.set_rollback(True)
    assert seen[0] == seen[1] == seen[2] and len(seen[0]) > 12
    assert connection.settings_dict["NAME"] in toy._rows._kept


def _plain_rows() -> dict[str, list[tuple]]:
    """Of every table of the house that has rows: its columns that hold no row's number, sorted."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        named = [field.column for field in model._meta.local_concrete_fields if not field.primary_key and not field.is_relation]
        if model._meta.managed and model._meta.app_label in ("territory", "deputies", "organisations", "projects") and model._meta.db_table != "territory_layerversion":
            shown = ", ".join(f'"{name}"::text' for name in named) or "count(*) OVER ()::text"
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {shown} FROM {model._meta.db_table}")
                found[model._meta.db_table] = sorted(cursor.fetchall(), key=str)
    return {table: rows for table, rows in found.items() if rows}
