"""What every test may use. Tests run on real PostGIS; the public pages' tests run as the role `geo_public`."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations

from apps.portal import tiles
from apps.record import files
from apps.record.limits import leases
from apps.territory.remembered import Remembered
from tests import migrated
from tests import town as toy

# Written by migrations and referred to by others: flushing them away would leave the next test without fields or categories.
REFERENCE = {"django_content_type", "auth_permission", "cases_category", "deputies_field", "deputies_fieldaffinity", "worktime_calendarday", "worktime_calendaryear", "worktime_timelimit", "supervision_ratingsheet", "supervision_indicator"}

# Their fixtures take seconds: a server with a browser, a grown county, two zones, workers.
TOGETHER = ("tests/e2e/", "tests/gis_data/test_county.py", "tests/gis_data/test_records.py", "tests/cases/test_crossing.py", "tests/matching/test_match_counties.py", "tests/territory/test_gazetteer.py")


def pytest_configure() -> None:
    """What a shell runs in its background ignores Ctrl-C, and so does all that it starts: a program that a test interrupts would go on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """What tests share is made once: the browser tests and the files of `TOGETHER` go to one process each, all others one by one."""
    from xdist.scheduler import LoadScopeScheduling

    class SharersTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((scope for scope in TOGETHER if nodeid.startswith(scope)), nodeid)

    return SharersTogether(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that hands out the tests takes away what the others have copied."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        migrated.drop(migrated.name(os.environ.get("PYTEST_DB_SUFFIX", "")))


@pytest.fixture(scope="session")
def migrated_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_blocker, django_db_keepdb: bool) -> str:
    """The database that the processes of a run copy theirs from; "" where there is one process, or a database is kept."""
    if not hasattr(request.config, "workerinput") or django_db_keepdb:
        return ""
    name = migrated.name(os.environ.get("PYTEST_DB_SUFFIX", ""))
    with django_db_blocker.unblock():
        migrated.make(name, tmp_path_factory.getbasetemp().parent)
    return name


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, migrated_database: str) -> None:
    """Test databases of several runs beside each other: PYTEST_DB_SUFFIX, then pytest-xdist's own suffix."""
    database = settings.DATABASES["default"]
    if suffix := os.environ.get("PYTEST_DB_SUFFIX"):
        database.setdefault("TEST", {})["NAME"] = f"test_{database['NAME']}_{suffix}"
    if migrated_database:
        database["TEST"]["TEMPLATE"] = migrated_database
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> None:
    """The test database has the public role's grants, made by the same command as the real one."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command("grant_public", verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def flush_append_only_tables() -> Iterator[None]:
    """Transactional tests empty the tables between them. TRUNCATE of two hundred tables takes its time, and append-only tables refuse it
    by trigger: the owner deletes the rows of those that have any, with triggers off; what migrating wrote stays."""

    def deletions(self, style, tables, *, reset_sequences: bool = False, allow_cascade: bool = False) -> list[str]:
        assert not reset_sequences, "numbers of rows go on counting"
        tables = [table for table in tables if table not in REFERENCE]
        with self.connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {self.quote_name(table)})" for table in tables))
            filled = [table for (table,) in cursor.fetchall()]
        return ["SET LOCAL session_replication_role = replica", *(f"DELETE FROM {self.quote_name(table)}" for table in filled)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", deletions)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)  # kinds and rights of models are still there
        yield


@pytest.fixture(autouse=True)
def quick_passwords(settings) -> None:
    """Real password hashing takes a third of a second for each login that a test makes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def fresh_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What processes remember for a second would outlive the test whose rows it was read from. Tests see a change at once; the layers'
    versions are read once in a test, or on a busy machine a page would ask one question more than the same page before."""
    monkeypatch.setattr(Remembered, "check_seconds", 0.0)
    monkeypatch.setattr(tiles, "VERSION_SECONDS", 60.0)
    monkeypatch.setattr(tiles, "_read_at", 0.0)
    Remembered.forget_all()
    leases.forget()


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photos")


@pytest.fixture(autouse=True)
def own_photos(photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos that a test sends do not lie among those of the installation."""
    monkeypatch.setattr(files, "folder", lambda: photo_folder)


@pytest.fixture
def town(db: None) -> toy.Town:
    """The toy county of tests/town.py."""
    return toy.build()


@pytest.fixture
def users(town: toy.Town) -> toy.Users:
    return toy.build_users(town)


@pytest.fixture
def deputy(users: toy.Users):
    return users.deputy


@pytest.fixture
def town_clerk(users: toy.Users):
    return users.town_clerk


@pytest.fixture
def county_office(users: toy.Users):
    return users.county_office


@pytest.fixture
def dispatcher(users: toy.Users):
    return users.dispatcher


@pytest.fixture
def unit_officer(users: toy.Users):
    return users.unit_officer


@pytest.fixture
def leader(users: toy.Users):
    return users.leader


@pytest.fixture
def stranger(users: toy.Users):
    return users.stranger


@contextmanager
def public_role() -> Iterator[None]:
    """What the block does, it does with the rights of the public pages. LOCAL: the role cannot outlive the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE geo_public")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


@pytest.fixture
def as_public(db: None) -> Iterator[None]:
    """From here to its end the test has only the rights of `geo_public`. Ask for it last, after what writes the rows."""
    with public_role():
        yield
