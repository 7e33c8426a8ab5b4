"""A stopped database: every page says so in Chinese with what to do, and none of them waits for it twice."""

import json
import os
import subprocess
import sys

from django.test import RequestFactory

from apps.portal.views import failed

ASK = """
import json, django
from concurrent.futures import ThreadPoolExecutor
from django.conf import settings
settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 1
django.setup()
from django.test import Client
def get(path):
    response = Client(raise_request_exception=False, HTTP_HOST="localhost").get(path)
    return path, [response.status_code, response.content.decode(), response.headers.get("Retry-After")]
with ThreadPoolExecutor(4) as pool:
    print(json.dumps(dict(pool.map(get, ("/", "/find?q=x", "/api/v1/find?q=x", "/healthz")))))
"""


def test_a_stopped_database_is_503_with_words(tmp_path):
    environment = os.environ | {"DATABASE_URL": f"postgresql://nobody@/nothing?host={tmp_path}", "DJANGO_SETTINGS_MODULE": "geo_renda.settings"}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=120, check=True)
    answers = json.loads(done.stdout.splitlines()[-1])
    for path in ("/", "/find?q=x"):
        status, body, retry = answers[path]
        assert (status, retry) == (503, "60")
        assert "暂时不能访问" in body
    assert (answers["/api/v1/find?q=x"][0], json.loads(answers["/api/v1/find?q=x"][1])) == (503, {"message": "数据库暂时没有应答，请稍后再试。"})
    assert answers["/healthz"][0] == 503 and "数据库没有应答" in json.loads(answers["/healthz"][1])["message"]


def test_another_error_is_500():
    try:
        raise RuntimeError
    except RuntimeError:
        page, data = failed(RequestFactory().get("/find")), failed(RequestFactory().get("/api/v1/find"))
    assert (page.status_code, data.status_code) == (500, 500)
    assert "text/html" in page.headers["Content-Type"] and "message" in json.loads(data.content)
