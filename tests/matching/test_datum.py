"""Positions in the shifted coordinates of web maps: noticed beside their own door, undone on request, offered to be confirmed."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.matching.datum import metres_between, shift_from, shifts, undone
from apps.territory.models import Doorplate
from gis_data.crs import wgs84_to_bd09, wgs84_to_gcj02
from tests.matching.test_find_page import texts
from tests.town import at

MAKE = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
LON, LAT = st.floats(115.0, 122.0), st.floats(27.0, 31.0)


def shifted(point, datum):
    lon, lat = MAKE[datum](point.x, point.y)
    return {"lon": f"{lon[0]:.6f}", "lat": f"{lat[0]:.6f}"}


@pytest.fixture
def page(town, as_public, client):
    def get(**parameters):
        response = client.get("/find", parameters)
        return response.status_code, html.unescape(response.content.decode())

    return get


@given(LON, LAT, st.sampled_from(sorted(MAKE)), st.floats(0, 40), st.floats(0, 360))
@settings(max_examples=200, deadline=None)
def test_a_door_and_its_shifted_position_are_recognised(lon, lat, datum, metres, bearing):
    from apps.matching.engine import GEOD

    east, north = MAKE[datum](lon, lat)
    there = GEOD.fwd(float(east[0]), float(north[0]), bearing, metres)[:2]
    assert shift_from((lon, lat), there, 20.0) == datum


@given(LON, LAT, st.floats(0, 360), st.one_of(st.floats(0, 250), st.floats(1600, 50_000)))
@settings(max_examples=200, deadline=None)
def test_what_is_not_the_shift_is_not_taken_for_it(lon, lat, bearing, metres):
    """Around here GCJ-02 lies 400 to 700 m away, BD-09 up to 1.5 km: nothing nearer or farther is either of them."""
    from apps.matching.engine import GEOD

    assert shift_from((lon, lat), GEOD.fwd(lon, lat, bearing, metres)[:2], 20.0) == ""


def test_as_far_away_in_another_direction_is_no_shift(town):
    from apps.matching.engine import GEOD

    lon, lat = at(0.5, 0.5).coords
    east, north = wgs84_to_gcj02(lon, lat)
    bearing, _, metres = GEOD.inv(lon, lat, float(east[0]), float(north[0]))
    for turn in (45, 90, 180, 270):
        assert shift_from((lon, lat), GEOD.fwd(lon, lat, bearing + turn, metres)[:2], 20.0) == ""
    assert shift_from((lon, lat), GEOD.fwd(lon, lat, bearing + 90, metres)[:2], 5000.0) == ""  # a vague position proves nothing


def test_undone_is_exact_and_the_distances_are_true():
    lon, lat = 120.4031, 27.51189
    for datum, make in MAKE.items():
        east, north = make(lon, lat)
        assert metres_between(undone(float(east[0]), float(north[0]), datum), (lon, lat)) < 0.01
    assert undone(lon, lat, "wgs84") == (lon, lat)
    gcj, bd = shifts(lon, lat)
    assert (gcj.datum, bd.datum) == ("gcj02", "bd09") and gcj.metres == pytest.approx(546, abs=3) and bd.metres > gcj.metres


@pytest.mark.parametrize("datum", sorted(MAKE))
def test_an_address_and_a_shifted_position_give_the_door(datum, page):
    door = Doorplate.objects.get(code="P10").point  # BD-09 moves over a kilometre east: from here it stays in the county
    for asked in ({"q": "岭头村茶亭7号"}, {"doorplate": "P10"}):
        status, body = page(**asked, **shifted(door, datum), accuracy="20", via="gps")
        shown = texts(body)
        assert status == 200 and "岭头村茶亭7号" in shown and "正好是网络地图的坐标偏移" in shown and "已按门牌的位置查找" in shown
        assert f'"lon": {door.x}' in body and "doorplate=P10" in body and "accuracy" not in re.search(r'href="(/report[^"]+)"', body).group(1)


def test_a_position_far_from_the_address_goes_before_it_and_says_so(page):
    status, body = page(q="东溪镇人民路12号", lat=f"{at(1.5, 1.5).y:.6f}", lon=f"{at(1.5, 1.5).x:.6f}")
    shown = texts(body)
    assert status == 200 and "您的位置离门牌“东溪镇人民路12号”约 1.5 公里" in shown and "请在地图上确认" in shown
    assert "南山乡岭头村" in shown and "doorplate=P02" not in body


def test_a_position_at_its_address_is_the_door(page):
    point = at(0.51, 0.5)
    _, body = page(q="东溪镇人民路12号", lat=f"{point.y:.6f}", lon=f"{point.x:.6f}", accuracy="15")
    assert '"lon": 120.005' in body and "坐标偏移" not in texts(body)


def test_a_bare_position_can_be_moved_back_and_the_pin_confirmed(page):
    true = at(0.5, 0.8)
    given = shifted(true, "gcj02")
    _, body = page(**given, accuracy="20", via="gps")
    shown = texts(body)
    assert "位置偏了约" in shown
    link = re.search(r'<a href="([^"]+datum=gcj02[^"]*)"', body).group(1)
    assert f"lat={given['lat']}" in link and "via=gps" in link
    _, body = page(**given, accuracy="20", via="gps", datum="gcj02")
    shown = texts(body)
    assert "坐标偏移换算，图钉已移动，请在地图上确认" in shown and "换回原来的位置" in shown and "位置偏了" not in shown
    assert "东溪镇溪口村" in shown and re.search(r"<details[^>]* open>", body)
    lat, lon = (float(re.search(rf"/report\?[^\"]*{name}=([\d.]+)", body).group(1)) for name in ("lat", "lon"))
    assert metres_between((lon, lat), true.coords) < 0.2 and "datum=gcj02" in body
    assert "datum=" not in re.search(r'<a href="([^"]+)">换回原来的位置', body).group(1)


def test_it_is_told_when_the_shift_would_change_the_district(page):
    inside = shifted(at(1.8, 0.2), "gcj02")  # read as WGS 84 it lies half a kilometre east, beyond the border of the next town
    assert "换算后选区会不同" in texts(page(**inside, via="gps")[1])
    assert "第1选区、南山乡第1选区" in texts(page(**inside, via="gps")[1])


def test_a_pin_set_on_our_own_map_is_never_doubted(page):
    assert "位置偏了" not in texts(page(**shifted(at(0.5, 0.8), "gcj02"), via="map")[1])


def test_outside_the_county_only_by_the_shift(page):
    status, body = page(**shifted(at(2.9, 0.5), "gcj02"), via="gps")
    shown = texts(body)
    assert status == 404 and "不在方格县范围内" in shown and "城关街道城东社区" in shown and "datum=gcj02" in body


def test_the_interface_takes_a_datum(town, as_public, client):
    point = at(0.5, 0.8)
    found = client.get("/api/v1/find", {**shifted(point, "bd09"), "datum": "BD-09"}).json()
    assert metres_between((found["point"]["lon"], found["point"]["lat"]), point.coords) < 0.2
    refused = client.get("/api/v1/find", {**shifted(point, "bd09"), "datum": "beijing54"})
    assert refused.status_code == 400 and "坐标系 datum 只能是 wgs84、gcj02、bd09" in refused.json()["message"]
    noted = client.get("/api/v1/find", {"q": "东溪镇人民路12号", **shifted(at(0.5, 0.5), "gcj02")}).json()
    assert noted["doorplate"]["code"] == "P02" and "坐标偏移" in noted["note"]
