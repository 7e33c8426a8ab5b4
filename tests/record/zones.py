"""Two installations beside each other: a public zone and an office, each a process of its own on a database of its own."""

import base64
import json
import os
import secrets
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

DRIVER = """
import json, os, sys, traceback
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.test import Client
names = {"Client": Client, "call_command": call_command, "connection": connection}
print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    names["answer"] = None
    try:
        exec(json.loads(line), names)
        print(json.dumps(names["answer"], ensure_ascii=False), flush=True)
    except BaseException:
        print(json.dumps({"fault": traceback.format_exc()}, ensure_ascii=False), flush=True)
connection.close()
connection.close_pool()
os._exit(0)
"""


class Zone:
    """One process; `do` runs Python in it and gives back what it puts into `answer`."""

    def __init__(self, name: str, database: str, folder: Path, keys: dict[str, str]) -> None:
        settings = connection.settings_dict
        url = f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{database}?host={settings['HOST']}&port={settings['PORT'] or 5432}"
        inherited = {key: value for key, value in os.environ.items() if key not in ("PYTEST_VERSION", "PYTEST_CURRENT_TEST", "CONTACT_KEY")}
        environment = inherited | {
            "ZONE": name, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "geo_renda.settings", "DATA_DIR": str(folder), "SECRET_KEY": "s" * 50,
            "CODE_KEYS": "c" * 40, "RATE_LIMIT_TIMES": "0", **keys,
        }  # fmt: skip
        self.process = subprocess.Popen([sys.executable, "-W", "error", "-c", DRIVER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.folder = folder

    def wait(self) -> None:
        assert json.loads(self.process.stdout.readline()) == "ready"

    def do(self, code: str, /, **values):
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        self.process.stdin.write(json.dumps(given + textwrap.dedent(code)) + "\n")
        said = json.loads(self.process.stdout.readline())
        assert not (isinstance(said, dict) and "fault" in said), said["fault"]
        return said

    def carry_out(self, gate: Path) -> str:
        return self.do("import io\nsaid = io.StringIO()\ncall_command('export_messages', gate, again=0.0, stdout=said)\nanswer = said.getvalue()", gate=str(gate))

    def carry_in(self, gate: Path) -> str:
        return self.do(
            """
            import io
            from django.core.management.base import CommandError
            said = io.StringIO()
            try:
                call_command('import_messages', gate, stdout=said, stderr=said)
            except CommandError as refusal:
                said.write(f"CommandError: {refusal}")
            answer = said.getvalue()
            """,
            gate=str(gate),
        )

    def stop(self) -> None:
        self.process.communicate(timeout=20)


@contextmanager
def two_zones(folder: Path) -> Iterator[tuple[Zone, Zone]]:
    """A public zone and an office with the same empty tables as the test's own database."""
    template = connection.settings_dict["NAME"]
    connection.close()
    connection.close_pool()
    names = {zone: f"{template}_{zone}" for zone in ("public", "office")}
    settings = connection.settings_dict
    target = {"user": settings["USER"], "password": settings["PASSWORD"] or None, "host": settings["HOST"], "port": settings["PORT"] or 5432, "dbname": "postgres"}
    with psycopg.connect(**target, autocommit=True) as server:
        for name in names.values():
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        with _started(folder, names) as pair:
            yield pair
    finally:
        with psycopg.connect(**target, autocommit=True) as server:
            for name in names.values():
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def _started(folder: Path, names: dict[str, str]) -> Iterator[tuple[Zone, Zone]]:
    seeds = {zone: secrets.token_bytes(32) for zone in names}
    public = {zone: base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).decode() for zone, seed in seeds.items()}
    contact = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    zones = {}
    for zone, other in (("office", "public"), ("public", "office")):
        (folder / zone).mkdir()
        keys = {"ZONE_KEY": base64.b64encode(seeds[zone]).decode(), "ZONE_PEER_KEYS": public[other]}
        keys |= {"CONTACT_KEY": contact} if zone == "office" else {"CONTACT_PUBLIC_KEY": _contact_public(contact)}
        zones[zone] = Zone(zone, names[zone], folder / zone, keys)
    try:
        for zone in zones.values():
            zone.wait()
            zone.do("from tests import town as toy\nwith connection.cursor() as cursor:\n    cursor.execute('SET ROLE NONE')\ntoy.build_users(toy.build())")
        zones["public"].do("with connection.cursor() as cursor:\n    cursor.execute('SET ROLE geo_public')")
        yield zones["public"], zones["office"]
    finally:
        for zone in zones.values():
            zone.stop()


def _contact_public(contact_key: str) -> str:
    from apps.record.sealing import _private

    return base64.b64encode(_private(contact_key).public_key().public_bytes_raw()).decode()
