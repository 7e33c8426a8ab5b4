"""Two zones: the public process has no office pages and only the public role's rights; the office process has no resident's pages."""

import json
import os
import subprocess
import sys

import pytest
from django.db import connection

ASK = """
import json, sys, django
django.setup()
from django.test import Client
from django.db import connection
from django.urls import NoReverseMatch, reverse
client = Client(raise_request_exception=False, HTTP_HOST="localhost")
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user")
    role = cursor.fetchone()[0]
def named(name):
    try:
        return reverse(name)
    except NoReverseMatch:
        return None
paths = ("/", "/find?q=x", "/follow", "/api/openapi.json", "/desk/", "/cases/", "/projects/", "/supervision/", "/cockpit/", "/accounts/login/")
answers = {path: (response := client.get(path)).status_code for path in paths}
print(json.dumps({"role": role, "answers": answers, "login": named("login"), "desk": named("desk"), "home": named("home")}))
"""


def ask(zone: str) -> dict:
    """What a process of that zone answers, on this test's database."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT'] or 5432}"
    environment = os.environ | {"ZONE": zone, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "geo_renda.settings"}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.django_db
def test_public_zone():
    said = ask("public")
    assert said["role"] == "geo_public"
    answers = said["answers"]
    assert (answers["/"], answers["/follow"], answers["/api/openapi.json"]) == (200, 200, 200)
    assert answers["/find?q=x"] == 404  # an empty county knows no address, and says so on its page
    office = ("/desk/", "/cases/", "/projects/", "/supervision/", "/cockpit/", "/accounts/login/")
    assert {answers[path] for path in office} == {404}
    assert (said["login"], said["desk"], said["home"]) == (None, None, "/")


@pytest.mark.django_db
def test_office_zone():
    said = ask("office")
    assert said["role"] == connection.settings_dict["USER"]
    answers = said["answers"]
    assert (answers["/"], answers["/find?q=x"], answers["/follow"]) == (302, 404, 404)
    assert answers["/accounts/login/"] == 200
    assert {answers[path] for path in ("/desk/", "/cases/", "/projects/", "/supervision/", "/cockpit/")} == {302}
    assert said["home"] is None
