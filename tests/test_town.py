"""The toy town is what its picture says, and a transactional test leaves no events behind."""

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from apps.cases.models import Category
from apps.deputies.models import Deputy
from apps.supervision.models import AssignmentRun, RunEvent
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict
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
