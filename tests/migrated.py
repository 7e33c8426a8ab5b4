"""A run of several processes runs the migrations once: whoever comes first makes a database with them, the others' databases are copies of it."""

import fcntl
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from geo_renda.settings import text


def name(suffix: str) -> str:
    """Of the database that a run's processes share; suffix tells runs apart."""
    return "_".join(filter(None, ("test", settings.DATABASES["default"]["NAME"], suffix, "migrated")))


def make(database: str, folder: Path) -> None:
    """Have it there when this returns. folder: of the run, the same for all of its processes."""
    made = folder / database
    with (folder / f"{database}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            return
        told = (settings.DATABASES["default"], connection.settings_dict)
        before = [(given["NAME"], given["TEST"]) for given in told]
        for given in told:
            given["TEST"] = given["TEST"] | {"NAME": database}
        try:
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        finally:
            connection.close()
            connection.close_pool()  # a database that is in use is not copied
            for given, (plain, test) in zip(told, before, strict=True):
                given["NAME"], given["TEST"] = plain, test
        made.touch()


def drop(database: str) -> None:
    with psycopg.connect(text("DATABASE_URL", "postgresql:///geo_renda"), dbname="postgres", autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
