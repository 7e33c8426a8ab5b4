"""/ , /find and its suggestions, as the role of the public pages."""

import html
import json
import re

import pytest
from django.contrib.gis.geos import MultiPolygon

from apps.deputies.models import Home, Mandate
from apps.territory.models import Doorplate, ElectoralDistrict, LayerVersion
from tests.town import at, box


@pytest.fixture
def page(town, as_public, client):
    """GET an address as a resident: status and the text that the page shows."""

    def get(path, **parameters):
        response = client.get(path, parameters)
        return response.status_code, html.unescape(response.content.decode())

    return get


def texts(body):
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<script.*?</script>", "", body, flags=re.S)).split())


def where(x, y, **more):
    point = at(x, y)
    return {"lat": f"{point.y:.6f}", "lon": f"{point.x:.6f}", **more}


def test_home(page):
    status, body = page("/")
    assert status == 200
    assert "找到您的人大代表" in body and "用我的位置" in body and "查进度" in body
    assert 'id="find-map"' in body and "data-pick" in body
    assert "您的地址，例如“东溪镇人民路1号”" in body
    assert "演示数据：方格县" in body
    config = json.loads(re.search(r'<script id="map-config" type="application/json">(.*?)</script>', body).group(1))
    assert config["bounds"] == pytest.approx([120.0, 28.0, 120.03, 28.02])
    assert config["versions"]["district"] >= 1


def test_find_by_address(page):
    status, body = page("/find", q="东溪镇人民路十二号")
    assert status == 200
    shown = texts(body)
    assert "东溪镇人民路12号" in shown and "不是这里？" in shown
    assert "此地所在选区" in shown and "第1选区" in shown and "东溪镇第1选区" in shown
    assert shown.index("陈安") < shown.index("蓝天") < shown.index("林秀")  # nearest first; the tie by code
    assert "您所在选区的代表，所住的村（社区）离您最近" in shown
    assert "东溪镇代表联络站（东溪镇人民路12号）" in shown and "09:00-11:00" in shown
    assert "联系本县的市、省人大代表（1 人）" in shown and "王正" in shown
    assert 'href="/report?lat=28.005000&lon=120.005000&doorplate=P02"' in body
    assert 'value="东溪镇人民路十二号"' in body


def test_the_map_gets_what_the_page_says(page):
    _, body = page("/find", q="东溪镇人民路12号")
    data = json.loads(re.search(r'<script id="find-data" type="application/json">(.*?)</script>', body).group(1))
    assert data["point"] == {"lon": 120.005, "lat": 28.005, "accuracy_m": None}
    assert [f["properties"]["level"] for f in data["districts"]["features"]] == ["township", "county"]
    assert {(f["properties"]["id"], f["properties"]["kind"]) for f in data["places"]["features"]} == {("S-A", "station"), ("D1", "work"), ("P02", "doorplate")}


def test_one_card_for_who_holds_two_seats(page):
    _, body = page("/find", **where(1.5, 0.5))
    assert body.count('data-id="D2"') == 1
    assert "方格县人大代表 · 第1选区" in body and "南山乡人大代表 · 南山乡第1选区" in body


def test_several_doorplates_to_choose_from(page):
    status, body = page("/find", q="人民路12号")
    assert status == 200
    assert re.findall(r'list-row-title" href="([^"]+)">([^<]+)<', body) == [
        ("/find?q=%E4%BA%BA%E6%B0%91%E8%B7%AF12%E5%8F%B7&doorplate=P02", "东溪镇人民路12号"),
        ("/find?q=%E4%BA%BA%E6%B0%91%E8%B7%AF12%E5%8F%B7&doorplate=P07", "城关街道人民路12号"),
    ]
    status, body = page("/find", q="人民路12号", doorplate="P07")
    assert status == 200 and "吴敏" in body and 'value="人民路12号"' in body


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"q": "天上街999号"}, 404, "没有找到“天上街999号”。请检查路名和门牌号"),
        ({"q": "东溪镇"}, 404, "“东溪镇”范围较大"),
        ({"lat": "28.0", "lon": "121.5"}, 404, "不在方格县范围内"),
        ({"lat": "20.0", "lon": "119.0"}, 404, "这里只能查找方格县的代表"),  # in the sea
        ({"lat": "abc", "lon": "120"}, 400, "纬度 lat 应是数字，例如 27.5119，收到的是“abc”"),
        ({"lat": "nan", "lon": "120"}, 400, "纬度 lat 应是数字"),
        ({"lat": "28.0"}, 400, "缺少经度 lon"),
        ({"lat": "95", "lon": "200"}, 400, "纬度应在 -90 到 90 之间"),
        ({"lat": "120.005", "lon": "28.005"}, 400, "经纬度好像写反了"),
        ({"q": "路" * 101}, 400, "地址太长了"),
        ({"q": "人民路\x0012号"}, 400, "无法识别的字符"),
        ({"doorplate": "NONE"}, 400, "没有编号为“NONE”的门牌"),
    ],
)
def test_bad_input_stays_on_the_page(page, given, status, says):
    answered, body = page("/find", **given)
    assert (answered, says in texts(body)) == (status, True)
    assert f'value="{given.get("q", "")}"' in body  # what was typed is still there
    assert 'id="locate-button"' in body and 'id="find-map"' in body


def test_swapped_coordinates_are_offered_the_right_way_round(page):
    _, body = page("/find", lat="120.005", lon="28.005")
    assert 'href="/find?lat=28.005000&lon=120.005000"' in body


def test_nothing_asked_leads_home(page, client):
    assert client.get("/find?q=").headers["Location"] == "/"


def test_border_notice(page):
    assert "正好在选区边界上" in texts(page("/find", **where(1.0, 0.5))[1])
    assert "您登记在哪个选区？ 以选民名单为准。 第1选区、东溪镇第1选区 此地所在 第1选区、南山乡第1选区 约 20 米外 不清楚" in texts(page("/find", **where(0.98, 0.5))[1])
    assert "位置误差约 150 米，可能不在这个选区，请在地图上确认位置。" in texts(page("/find", **where(0.9, 0.5, accuracy="150"))[1])
    assert "对面" not in texts(page("/find", **where(0.5, 0.5))[1])


def test_a_doorplate_near_a_border_shows_both_sides_and_asks(town, client):
    Doorplate.objects.filter(code="P02").update(point=at(0.98, 0.5))
    body = html.unescape(client.get("/find", {"q": "东溪镇人民路12号"}).content.decode())
    shown = texts(body)
    assert "此门牌离选区边界约 20 米。" in shown and "您登记在哪个选区？" in shown
    own, other = (shown.index(f"{name}、{place}") for name, place in (("第1选区", "东溪镇第1选区"), ("第1选区", "南山乡第1选区")))
    assert own < other < shown.index("此地所在选区")
    assert "陈安" in shown and "蓝天" in shown and "周宁" in shown  # who serves here, and who serves across
    reports = re.findall(r'href="(/report\?[^"]+)"', body)
    assert reports == [f"/report?lat=28.005000&lon=120.009800&doorplate=P02&side={side}" for side in ("C-01%7CA-01", "C-01%7CB-01")]


def test_the_side_that_was_chosen_stays_alone(page):
    _, body = page("/find", **where(0.98, 0.5, side="C-01|B-01"))
    shown = texts(body)
    assert "周宁" in shown and "蓝天" not in shown
    assert re.search(r'aria-current="true">第1选区、南山乡第1选区', body)
    assert re.findall(r'href="(/report\?[^"]+)"', body) == ["/report?lat=28.005000&lon=120.009800&side=C-01%7CB-01"]
    _, body = page("/find", **where(0.98, 0.5, side="unsure"))
    assert "蓝天" in body and "周宁" not in body
    assert re.findall(r'href="(/report\?[^"]+)"', body) == ["/report?lat=28.005000&lon=120.009800&side=unsure"]
    _, body = page("/find", **where(0.98, 0.5, side="C-99|<b>"))  # not one of the sides: asked again
    assert "蓝天" in body and "周宁" in body and "aria-current=\"true\"" not in body


def test_a_district_without_deputies_says_who_answers(page):
    status, body = page("/find", **where(2.5, 1.5))
    shown = texts(body)
    assert status == 200
    assert "第4选区 （暂无在任代表）" in shown or "第4选区（暂无在任代表）" in shown
    assert "您反映的问题由城关街道人大工委受理" in shown and "城关街道代表联络站" in shown
    assert "/report?lat=" in body


def test_a_place_in_no_district(town, client):
    ElectoralDistrict.objects.filter(code="C-04").update(geom=box(2, 1.5, 3, 2))
    LayerVersion.raise_for("district")
    response = client.get("/find", where(2.5, 1.2))
    assert response.status_code == 404
    assert "此地还没有划入本届选区" in response.content.decode()


def test_suggestions(page, client):
    assert client.get("/find/suggest?q=").content == client.get("/find/suggest?q=人").content == b""
    status, body = page("/find/suggest", q="人民")
    assert status == 200
    assert re.findall(r'data-fill="([^"]+)">[^<]+ <small>([^<]+)<', body)[:3] == [
        ("东溪镇人民路", "道路，门牌 4 处"),
        ("南山乡人民路", "道路，门牌 1 处"),
        ("城关街道人民路", "道路，门牌 1 处"),
    ]
    assert 'data-href="/find?q=%E4%B8%9C%E6%BA%AA%E9%95%87%E4%BA%BA%E6%B0%91%E8%B7%AF12%E5%8F%B7"' in page("/find/suggest", q="rm12")[1]
    assert "东溪镇人民路12号" in page("/find/suggest", q="人民路1")[1]
    assert "东溪镇" not in page("/find/suggest", q="城关街道人民")[1]
    assert "没有匹配的地址" in page("/find/suggest", q="火星")[1]
    assert "上溪村后林" in page("/find/suggest", q="后林")[1]
    for typed in ("rm", "renmin", "人m", "ren min l", "东溪rml"):
        assert "东溪镇人民路" in page("/find/suggest", q=typed)[1]


def test_hostile_text_is_text(page, client):
    assert b"<script>alert" not in client.get("/find", {"q": "<script>alert(1)</script>"}).content
    assert "没有匹配的地址" in page("/find/suggest", q="%_\\'\"人_路%1")[1]


def test_few_queries(town, as_public, client, django_assert_max_num_queries):
    client.get("/find", where(0.5, 0.5))
    with django_assert_max_num_queries(4):  # the versions that the engine, the shell and the map ask for; no rows
        client.get("/find", where(0.5, 0.5))
    client.get("/find", {"q": "东溪镇人民路12号"})
    with django_assert_max_num_queries(6):
        client.get("/find", {"q": "东溪镇人民路12号"})
    client.get("/find/suggest", {"q": "rm"})
    with django_assert_max_num_queries(3):
        client.get("/find/suggest", {"q": "rm1"})


def test_moving_a_home_inside_its_village_changes_no_public_byte(town, client):
    asked = [("/find", where(0.8, 0.5)), ("/find", where(0.2, 0.2)), ("/find", {"q": "东溪镇人民路12号"}), ("/api/v1/find", where(0.8, 0.5))]
    before = [client.get(path, given).content for path, given in asked]
    for name, home in (("D1", (0.99, 0.01)), ("D6", (0.01, 0.99))):
        Home.objects.filter(deputy=town.deputies[name]).update(point=at(*home))
    LayerVersion.raise_for("deputy")
    after = [client.get(path, given).content for path, given in asked]
    version = re.compile(rb'"versions": \{.*?\}')
    assert [version.sub(b"", body) for body in before] == [version.sub(b"", body) for body in after]


def test_a_vacant_district_among_others(town, client):
    Mandate.objects.filter(district=town.districts["A1"]).delete()
    LayerVersion.raise_for("deputy")
    shown = texts(client.get("/find", where(0.5, 0.5)).content.decode())
    assert "东溪镇第1选区（暂无在任代表）" in shown and "陈安" in shown


def test_multipolygon_districts(town, client):
    two = MultiPolygon(*(part for part in (*box(0, 1, 1, 2), *box(2, 1, 3, 2))), srid=4326)
    ElectoralDistrict.objects.filter(code="C-04").update(geom=two)
    ElectoralDistrict.objects.filter(code="C-02").update(geom=box(1, 1, 2, 2))
    LayerVersion.raise_for("district")
    assert "第4选区" in client.get("/find", where(0.5, 1.5)).content.decode()


def test_many_doorplates_one_choice_list(town, client):
    plate = town.doorplates["P01"]
    Doorplate.objects.bulk_create(
        Doorplate(code=f"X{n}", town=plate.town, road="人民路", number=f"2{n:02}号", address=f"东溪镇人民路2{n:02}号", address_key=f"人民路2{n:02}号", point=plate.point)
        for n in range(30)
    )
    body = client.get("/find", {"q": "人民路"}).content.decode()
    assert body.count("list-row-title") == 5 and "3 处同名" in body
