"""What works without a network: the worker at the root, made anew by each build, on public pages only; the page it shows."""

import json

import pytest


@pytest.fixture
def manifest(tmp_path, settings):
    """A front-end build of its own."""
    settings.DJANGO_VITE = {"default": settings.DJANGO_VITE["default"] | {"manifest_path": tmp_path / "manifest.json"}}

    def build(program: str) -> None:
        (tmp_path / "sw-1.js").write_text(program, encoding="utf-8")
        (tmp_path / "manifest.json").write_text(json.dumps({"src/sw.ts": {"file": "sw-1.js"}, "made": program}), encoding="utf-8")

    return build


def test_each_build_makes_another_worker(client, manifest):
    manifest("run()")
    first = client.get("/sw.js")
    assert first.status_code == 200
    assert first["Content-Type"].startswith("text/javascript") and "no-cache" in first["Cache-Control"]
    assert first.content.decode().splitlines()[1] == "run()" and first.content.startswith(b'self.BUILD="')
    assert client.get("/sw.js").content == first.content
    manifest("run() // again")
    assert client.get("/sw.js").content.splitlines()[0] != first.content.splitlines()[0]


def test_without_a_build_there_is_no_worker(db, client, settings, tmp_path):
    settings.DJANGO_VITE = {"default": {"manifest_path": tmp_path / "none.json"}}
    assert client.get("/sw.js").status_code == 404


def test_the_offline_page_needs_no_database(client):
    response = client.get("/offline")
    assert response.status_code == 200
    assert "现在没有网络" in response.content.decode() and 'href="/report"' in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/report", "/follow", "/scan"])
def test_strangers_pages_have_the_worker(town, as_public, client, path):
    assert 'data-worker="/sw.js"' in client.get(path).content.decode()


def test_who_is_signed_in_gets_none(client, town_clerk):
    client.force_login(town_clerk)
    assert "data-worker" not in client.get("/cases/").content.decode()
    assert "data-worker" not in client.get("/").content.decode()
