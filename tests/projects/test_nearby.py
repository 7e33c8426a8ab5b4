"""The deputy's map: the order is PostGIS's on the ellipsoid, from every place one can be near to; filters, bad questions, who sees whose home."""

import io
import re

import numpy as np
import openpyxl
import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.projects.following import Follow
from apps.projects.models import KeyProject
from apps.projects.sites import Sites
from apps.projects.standing import Standing
from apps.territory.models import LayerVersion
from tests.town import TODAY, at

pytestmark = pytest.mark.django_db

PLACES = st.tuples(st.floats(73, 136), st.floats(3, 54))


@pytest.fixture
def stood(town, users):
    Standing.objects.renew(TODAY)
    return town


def names(page) -> list[str]:
    return [project.name for project in page.context["page_obj"]]


def near(client, **question):
    return client.get(reverse("project_nearby"), question)


# --- the order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spread", "places"), [(0.3, 1), (0.3, 2), (20.0, 2)])
def test_the_order_is_that_of_postgis_on_the_ellipsoid(db, spread, places):
    rng = np.random.default_rng(5)
    lon, lat = 120 + spread * rng.standard_normal(3000), 28 + spread * rng.standard_normal(3000)
    rows = np.flatnonzero(rng.random(3000) < 0.4)
    sites, anchors = Sites(lon, lat), [(120.0 + 0.2 * spread * n, 28.0) for n in range(places)]
    found = np.concatenate([sites.nearest(anchors, rows, first, first + 20)[0] for first in range(0, 100, 20)])
    metres = np.concatenate([sites.nearest(anchors, rows, first, first + 20)[1] for first in range(0, 100, 20)])
    away = ", ".join(f"ST_Distance(g, ST_MakePoint({x}, {y})::geography)" for x, y in anchors)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT row, least({away}) FROM (SELECT row, ST_MakePoint(x, y)::geography AS g FROM unnest(%s::int[], %s::float[], %s::float[]) t (row, x, y)) s
                ORDER BY 2, 1 LIMIT 100""",
            [rows.tolist(), lon[rows].tolist(), lat[rows].tolist()],
        )
        wanted = cursor.fetchall()
    assert found.tolist() == [row for row, _ in wanted]
    assert metres == pytest.approx([far for _, far in wanted], abs=1e-5)


@given(st.lists(PLACES, min_size=1, max_size=40), st.lists(PLACES, min_size=1, max_size=3), st.integers(0, 45), st.integers(1, 45))
@settings(max_examples=60, deadline=None)
def test_any_part_of_the_order_is_a_part_of_the_whole(sites, places, first, length):
    held = Sites(*np.array(sites).T)
    rows = np.arange(len(sites))
    whole = np.argsort(np.round(held.metres(places, rows), 6), kind="stable")
    found, metres = held.nearest(places, rows, first, first + length)
    assert found.tolist() == whole[first : first + length].tolist()
    assert metres == pytest.approx(held.metres(places, found), abs=1e-9)


def test_equally_far_sites_keep_their_order_and_nothing_is_no_error():
    sites = Sites([120.1, 119.9, 120.1], [28.0, 28.0, 28.0])
    rows, metres = sites.nearest([(120.0, 28.0)], np.arange(3), 0, 2)
    assert rows.tolist() == [0, 1] and metres[0] == pytest.approx(metres[1])
    assert sites.nearest([(120.0, 28.0)], np.arange(3)[:0], 0, 5)[0].tolist() == []
    assert sites.nearest([], np.arange(3), 0, 5)[0].tolist() == []


# --- the page ------------------------------------------------------------------------------------------------------------


def test_a_deputy_sees_what_is_near_home_and_work(client, deputy, stood):
    client.force_login(deputy)
    page = near(client)
    assert names(page) == ["东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造"]
    assert "离您住地或工作地由近到远" in page.content.decode()
    assert near(client, **{"from": "work"}).context["page_obj"][0].distance.m == pytest.approx(444.8, abs=1)
    kinds = {mark["properties"]["kind"] for mark in page.context["nearby_data"]["places"]["features"]}
    assert kinds == {"home", "work", "station"}


def test_where_one_stands_and_at_an_address(client, deputy, stood):
    client.force_login(deputy)
    here = at(2.4, 0.6)
    page = near(client, **{"from": "here", "lat": here.y, "lon": here.x, "accuracy": 1500})
    assert names(page)[0] == "城关老旧小区改造" and "定位误差约 1.5 公里" in page.content.decode()
    page = near(client, q="南山街8号")
    assert names(page)[0] == "南山中心小学迁建" and "离南山乡南山街8号由近到远" in page.content.decode()


def test_a_position_in_the_coordinates_of_web_maps(client, deputy, stood):
    from gis_data.crs import wgs84_to_gcj02

    client.force_login(deputy)
    site = at(1.5, 0.8)
    lon, lat = (float(value[0]) for value in wgs84_to_gcj02(site.x, site.y))
    assert near(client, lon=lon, lat=lat).context["page_obj"][0].distance.m > 300
    page = near(client, lon=lon, lat=lat, datum="gcj02")
    assert page.context["page_obj"][0].distance.m < 1
    assert [one["label"] for one in near(client, lon=lon, lat=lat).context["shifted"]] == ["GCJ-02（高德、腾讯地图等）", "BD-09（百度地图）"]
    assert "GCJ-02" in page.context["origin"].note


@pytest.mark.parametrize(
    ("question", "said"),
    [({"lat": "28.0", "lon": "abc"}, "没有得到位置"), ({"lat": "120.0", "lon": "28.0"}, "好像写反了"), ({"lat": "28"}, "没有得到位置"),
     ({"lat": "nan", "lon": "inf"}, "没有得到位置"), ({"q": "火星基地一号楼"}, "没有找到"), ({"doorplate": "nothing"}, "这个门牌已经不在了"), ({"q": "a\x00"}, "没有找到")],
)  # fmt: skip
def test_a_question_that_cannot_be_understood_is_said_and_answered_from_home(client, deputy, stood, question, said):
    client.force_login(deputy)
    page = near(client, **question)
    text = page.content.decode()
    assert page.status_code == 200 and said in text and "东溪防洪堤" in text
    assert names(page)[0] == "东溪防洪堤"


@pytest.mark.parametrize("question", [{"box": "1,2,3"}, {"box": "a,b,c,d"}, {"box": "130,1,120,2"}, {"page": "99"}, {"page": "x"}, {"sort": "nothing"}])
def test_nonsense_in_the_address_is_passed_over(client, deputy, stood, question):
    client.force_login(deputy)
    assert len(names(near(client, **question))) == 3


def test_filters_order_and_the_maps_extent(client, deputy, stood):
    client.force_login(deputy)
    assert names(near(client, field="education")) == ["南山中心小学迁建"]
    assert names(near(client, stage="waiting")) == ["城关老旧小区改造"]
    assert names(near(client, kind="new")) == [] and names(near(client, level="county", tone="nothing")) == []
    by_tone = {tone: set(names(near(client, tone=tone))) for tone in ("late", "due", "good")}
    assert by_tone == {tone: {p.name for p in KeyProject.objects.with_progress(TODAY) if p.tone == tone} for tone in by_tone}
    lags = [project.lag_points for project in near(client, sort="late").context["page_obj"]]
    assert lags == sorted(lags, reverse=True)
    west, east = at(1, 0), at(2, 2)
    assert names(near(client, box=f"{west.x},{west.y},{east.x},{east.y}")) == ["南山中心小学迁建"]


def test_htmx_gets_the_list_alone(client, deputy, stood):
    client.force_login(deputy)
    answer = client.get(reverse("project_nearby"), headers={"HX-Request": "true"})
    assert answer.content.decode().strip().startswith('<div class="map-list-items" id="nearby-results"')
    assert "HX-Request" in answer.headers["Vary"]


def test_only_a_deputy_is_near_home_and_only_to_his_own(client, users, stood):
    for user in (users.leader, users.county_office, users.unit_officer):
        client.force_login(user)
        page = near(client, **{"from": "home"})
        assert page.context["origin"].places == () and page.context["nearby_data"]["places"]["features"] == []
        assert "离您" not in page.content.decode()


def test_strangers_sign_in_and_those_without_a_role_are_refused(client, users, stood):
    for name in ("project_nearby", "project_following"):
        client.logout()
        assert client.get(reverse(name)).headers["Location"].startswith("/accounts/login/")
        client.force_login(users.stranger)
        assert client.get(reverse(name)).status_code == 403
    assert client.post(reverse("project_follow", args=["KP-K1"])).status_code == 403


def test_a_new_project_and_a_report_are_seen_at_once(client, deputy, stood):
    client.force_login(deputy)
    assert len(names(near(client))) == 3
    KeyProject.objects.get(code="KP-K3").delete()
    LayerVersion.raise_for("project")
    assert len(names(near(client))) == 2


def test_the_database_is_asked_as_much_for_many_as_for_few(client, deputy, stood, django_assert_max_num_queries):
    client.force_login(deputy)
    near(client)
    with django_assert_max_num_queries(12):
        near(client)


def test_the_list_as_a_workbook(client, deputy, stood):
    client.force_login(deputy)
    answer = client.get(reverse("project_nearby_export"), {"from": "work", "level": "county"})
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)
    assert [row[2] for row in rows] == ["项目名称", "东溪防洪堤", "南山中心小学迁建", "城关老旧小区改造"]
    assert rows[1][3] == pytest.approx(0.445, abs=0.001) and rows[1][8] == "在建"
    assert "nearby/list.xlsx?from=work&amp;level=county" in near(client, **{"from": "work", "level": "county", "kind": ""}).content.decode()


# --- following -----------------------------------------------------------------------------------------------------------


def test_following_is_once_and_is_undone(client, deputy, stood):
    client.force_login(deputy)
    url = reverse("project_follow", args=["KP-K1"])
    for _ in range(2):
        button = client.post(url, {"want": "on"}, headers={"HX-Request": "true"}).content.decode()
        assert "已关注" in button and 'value="off"' in button
    assert Follow.objects.of(deputy).count() == 1
    assert names(client.get(reverse("project_following"))) == ["东溪防洪堤"]
    assert re.search('aria-pressed="true" aria-label="已关注东溪防洪堤"', near(client).content.decode())
    client.post(url, {"want": "off"})
    assert not Follow.objects.exists()
    assert "还没有关注项目" in client.get(reverse("project_following")).content.decode()


def test_without_scripts_one_is_led_back_and_never_elsewhere(client, deputy, stood):
    client.force_login(deputy)
    url = reverse("project_follow", args=["KP-K1"])
    assert client.post(url, {"next": "/projects/nearby/?tone=late"}).headers["Location"] == "/projects/nearby/?tone=late"
    for bad in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        assert client.post(url, {"next": bad}).headers["Location"] == reverse("project_detail", args=["KP-K1"])
    assert client.post(reverse("project_follow", args=["nothing"])).status_code == 404
