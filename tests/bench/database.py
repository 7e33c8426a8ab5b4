"""A database of its own for a contender that measures the product with its pages: empty but for what migrations write, gone with the process."""

import atexit
import os
from typing import Any


def fresh(name: str) -> Any:
    """Sets Django up on it; returns its connection."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geo_renda.settings")
    import django

    django.setup()
    from django.db import connection

    kept = connection.settings_dict["NAME"]
    connection.settings_dict.setdefault("TEST", {})["NAME"] = f"bench_{name}_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    atexit.register(connection.creation.destroy_test_db, kept, verbosity=0)
    return connection
