"""manage.py demo_logins: six users who can work, made once, the same password every time."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.territory.models import AdminArea


@pytest.fixture(autouse=True)
def folder(tmp_path, settings, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    return tmp_path


def run(**options):
    out = StringIO()
    call_command("demo_logins", stdout=out, **options)
    return out.getvalue()


def test_six_users_with_their_place_and_work(town, folder):
    said = run()
    record = json.loads((folder / "demo_logins.json").read_text(encoding="utf-8"))
    assert (folder / "demo_logins.json").stat().st_mode & 0o777 == 0o600
    assert said.splitlines()[0].split() == ["岗位", "用户名", "密码", "说明"]
    assert len(said.splitlines()) == 7 and said.count(record["password"]) == 6
    users = {user.username: user for user in User.objects.all()}
    assert {name: user.role for name, user in users.items()} == {
        "deputy": Role.DEPUTY, "town": Role.TOWN_OFFICE, "county": Role.COUNTY_OFFICE, "dispatcher": Role.DISPATCHER, "unit": Role.UNIT, "leader": Role.LEADER,
    }  # fmt: skip
    assert all(user.check_password(record["password"]) and not user.is_superuser and not user.is_staff for user in users.values())
    deputy = Deputy.objects.get(user=users["deputy"])
    assert deputy.code == "D1"  # of the county congress, living in a town that has one
    assert users["town"].scope == "339999100" and users["town"].reaches(deputy.residence_village.code)
    assert users["county"].scope == "339999"
    assert [str(o) for o in users["dispatcher"].organisations.all()] == ["县政府办"]
    assert users["unit"].organisations.get().handles_cases


def test_twice_is_the_same(town):
    first = run()
    password = User.objects.get(username="leader").password
    assert run() == first
    assert User.objects.count() == 6
    assert User.objects.get(username="leader").password == password  # sessions stay


def test_a_password_of_ones_own(town, monkeypatch):
    run(password="given-by-hand-1")
    assert User.objects.get(username="town").check_password("given-by-hand-1")
    monkeypatch.setenv("DEMO_PASSWORD", "from-environment-2")
    assert "from-environment-2" in run()
    assert User.objects.get(username="town").check_password("from-environment-2")


def test_a_county_without_towns_or_deputies(db, folder):
    AdminArea.objects.create(code="330383000000", name="龙港市", level="county", has_congress=True)
    said = run()
    assert "还没有导入代表，未关联" in said
    assert User.objects.get(username="town").scope == "330383"


def test_nothing_imported(db):
    with pytest.raises(CommandError, match="还没有导入行政区划"):
        run()
    assert not User.objects.exists()
