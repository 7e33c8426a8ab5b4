"""Tiles: what is in them, who may have them, and that nothing is computed for what the browser has already. Read by GDAL's own driver."""

import datetime
import gzip
import math

import geopandas
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from apps.accounts.perms import Permission
from apps.portal import tiles
from apps.projects.models import KeyProject, ProgressReport
from apps.projects.standing import Standing
from apps.territory.models import Doorplate, LayerVersion
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db


def tile_at(x: float, y: float, z: int) -> tuple[int, int, int]:
    """The tile that covers a place of the toy county, by the arithmetic of Web Mercator."""
    point = at(x, y)
    n = 2**z
    latitude = math.radians(point.y)
    return z, int((point.x + 180) / 360 * n), int((1 - math.asinh(math.tan(latitude)) / math.pi) / 2 * n)


def layers(body: bytes, layer: str, tmp_path) -> geopandas.GeoDataFrame:
    file = tmp_path / "0.mvt"
    file.write_bytes(body)
    return geopandas.read_file(file, layer=layer, engine="pyogrio")


@pytest.fixture(autouse=True)
def fresh_versions(monkeypatch):
    monkeypatch.setattr(tiles, "VERSION_SECONDS", 0.0)


def url(layer: str, x: float, y: float, z: int) -> str:
    return reverse("tile", args=[layer, *tile_at(x, y, z)])


def test_areas_carry_name_and_level_and_one_label_each(client, town, tmp_path):
    body = client.get(url("area", 1.5, 1, 11)).content
    rows = layers(body, "area", tmp_path)
    assert {"东溪镇", "南山乡", "城关街道", "方格县"} <= set(rows["name"])
    labels = layers(body, "area_label", tmp_path)
    assert sorted(labels[labels["level"] == "town"]["name"]) == ["东溪镇", "南山乡", "城关街道"]


def test_districts_of_a_past_term_are_not_drawn(client, town, tmp_path):
    rows = layers(client.get(url("district", 1.5, 1, 11)).content, "district", tmp_path)
    assert set(rows["code"]) == {"C-01", "C-02", "C-03", "C-04", "A-01", "A-02", "B-01"}
    today = timezone.localdate()
    type(town.terms["county"]).objects.update(starts=today.replace(year=today.year - 9), ends=today.replace(year=today.year - 4))
    LayerVersion.raise_for("district")
    assert client.get(url("district", 1.5, 1, 11)).status_code == 204


def test_doorplates_come_as_counts_below_zoom_14(client, county_office, town, tmp_path):
    Doorplate.objects.rebuild_pyramid()
    client.force_login(county_office)
    rows = layers(client.get(url("doorplate", 1.5, 1, 10)).content, "doorplate", tmp_path)
    assert rows["count"].sum() == Doorplate.objects.active().count()
    raw = layers(client.get(url("doorplate", 0.5, 0.5, 15)).content, "doorplate", tmp_path)
    assert "status" in raw.columns and len(raw) >= 2


def test_projects_and_stations(client, deputy, town, tmp_path):
    client.force_login(deputy)
    assert "东溪防洪堤" in set(layers(client.get(url("project", 0.5, 0.2, 12)).content, "project", tmp_path)["name"])
    assert "东溪镇代表联络站" in set(layers(client.get(url("station", 0.5, 0.4, 12)).content, "station", tmp_path)["name"])


def test_the_browsers_copy_is_enough_until_the_layer_changes(client, town, django_assert_num_queries):
    first = client.get(url("area", 1.5, 1, 11))
    with django_assert_num_queries(1):  # the versions, no tile
        again = client.get(url("area", 1.5, 1, 11), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    LayerVersion.raise_for("area")
    assert client.get(url("area", 1.5, 1, 11), headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_one_term_follows_another_without_a_change_of_the_layer(client, town, monkeypatch):
    today = timezone.localdate()
    first = client.get(url("district", 1.5, 1, 11))
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: today + datetime.timedelta(days=1))
    assert client.get(url("district", 1.5, 1, 11), headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_layer_with_a_permission_is_refused_in_words(client, town, deputy, leader, monkeypatch):
    monkeypatch.setitem(tiles.LAYERS, "area", tiles.TileLayer(("area",), Permission.SEE_COCKPIT))
    assert client.get(url("area", 1.5, 1, 11)).status_code == 403
    client.force_login(deputy)
    refused = client.get(url("area", 1.5, 1, 11))
    assert refused.status_code == 403 and "权限" in refused.json()["message"]
    client.force_login(leader)
    answer = client.get(url("area", 1.5, 1, 11))
    assert answer.status_code == 200 and answer.headers["Cache-Control"].startswith("private")


def test_gzip_only_for_those_who_can(client, town):
    plain = client.get(url("area", 1.5, 1, 11))
    packed = client.get(url("area", 1.5, 1, 11), headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.content) == plain.content


@pytest.mark.parametrize(("path", "status"), [("/tiles/nothing/1/0/0.mvt", 404), ("/tiles/area/3/8/0.mvt", 404), ("/tiles/area/40/0/0.mvt", 404),
                                              ("/tiles/area/6/0/0.mvt", 204), ("/tiles/project/6/0/0.mvt", 204)])
def test_what_is_not_there_or_not_yours(client, town, path, status):
    assert client.get(path).status_code == status


def test_public_tiles_work_with_the_public_role(client, town, as_public):
    assert client.get(url("area", 1.5, 1, 11)).status_code == 200
    assert client.get(url("district", 1.5, 1, 11)).status_code == 200
    assert client.get(url("station", 0.5, 0.4, 12)).status_code == 200
    assert client.get(url("doorplate", 0.5, 0.5, 15)).status_code == 200
    assert client.get(url("doorplate", 0.5, 0.5, 10)).status_code == 204  # the pyramid is built by the import
    assert client.get(url("project", 0.5, 0.2, 12)).status_code == 200


def test_health_names_what_is_missing(client, db):
    answer = client.get(reverse("health"))
    assert answer.status_code == 503
    assert answer.json()["database"] is True and answer.json()["worker"] is False
    assert "后台进程" in answer.json()["message"]


def test_projects_in_the_colour_of_how_they_stand(client, deputy, town, tmp_path):
    Standing.objects.renew(TODAY)
    assert client.get(url("progress", 0.5, 0.2, 12)).status_code == 403
    client.force_login(deputy)
    answer = client.get(url("progress", 1.5, 1, 9))
    rows = layers(answer.content, "progress", tmp_path).set_index("id")
    assert answer.headers["Cache-Control"].startswith("private")
    wanted = {project.code: project.tone for project in KeyProject.objects.with_progress(TODAY)}
    assert rows["tone"].to_dict() == wanted and rows.loc["KP-K1", "name"] == "东溪防洪堤"
    etag = answer.headers["ETag"]
    ProgressReport.objects.update(percent=100)
    Standing.objects.renew(TODAY)
    again = client.get(url("progress", 1.5, 1, 9), headers={"If-None-Match": etag})
    assert again.status_code == 200 and layers(again.content, "progress", tmp_path).set_index("id").loc["KP-K1", "tone"] == "good"


def test_where_projects_crowd_a_cell_stands_for_many_and_none_is_lost(client, deputy, town, tmp_path):
    """A whole province's projects in one tile: counted by the cell, each once, and small."""
    crowd(town, 30_000)
    client.force_login(deputy)
    total, late = 0, 0
    z, x, y = tile_at(1.5, 1, 11)
    for i, j in ((x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1), (x - 1, y), (x, y - 1), (x - 1, y - 1), (x + 1, y - 1), (x - 1, y + 1)):
        body = client.get(reverse("tile", args=["progress", z, i, j])).content
        if body:
            rows = layers(body, "progress", tmp_path)
            assert len(gzip.compress(body)) < 100_000 and len(rows) <= 1100
            total, late = total + rows["count"].sum(), late + rows.loc[rows["count"] > 1, "late"].sum()
    assert total == 30_003 and late > 9_000


def crowd(town, count: int) -> None:
    """So many projects within some kilometres, every third of them late."""
    responsible = town.organisations["water"].pk
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH p AS (INSERT INTO projects_keyproject (code, name, type, kind, level, responsible_id, geom, site, starts, ends, summary, demand, experts, suspended_because)
                   SELECT 'X' || n, '工程' || n, '', 'new', 'county', %s, g, g, '2026-01-01', '2027-01-01', '', 3, 1, ''
                   FROM (SELECT n, ST_SetSRID(ST_MakePoint(120 + 0.06 * abs(sin(n)), 28 + 0.04 * abs(cos(7 * n))), 4326) AS g FROM generate_series(1, %s) n) s RETURNING id)
               INSERT INTO projects_standing (project_id, tone) SELECT id, CASE id %% 3 WHEN 0 THEN 'late' ELSE 'good' END FROM p""",
            [responsible, count],
        )
