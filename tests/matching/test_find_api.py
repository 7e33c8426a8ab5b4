"""/api/v1/find, as the role of the public pages; its documentation loads nothing from outside."""

import json
import re

import pytest

from apps.territory.models import ElectoralDistrict, LayerVersion
from tests.town import at, box


@pytest.fixture
def ask(town, as_public, client):
    def get(**parameters):
        response = client.get("/api/v1/find", parameters)
        return response.status_code, response.json()

    return get


def where(x, y, **more):
    point = at(x, y)
    return {"lat": point.y, "lon": point.x, **more}


def test_keys_and_values(ask):
    status, found = ask(**where(0.8, 0.5))
    assert status == 200
    assert set(found) == {"on", "point", "accuracy_m", "doorplate", "districts", "deputies", "across", "ask", "sides", "note"}
    assert (found["accuracy_m"], found["ask"], found["sides"], found["note"]) == (None, False, [], "")
    assert (found["point"], found["doorplate"], found["across"]) == ({"lon": 120.008, "lat": 28.005}, None, [])
    plain = {"basis": "residence", "employers": []}
    assert found["districts"] == [
        {"level": "county", "code": "C-01", "name": "第1选区", "term": "方格县第17届人民代表大会", "margin_m": pytest.approx(554.1, abs=0.2), **plain},
        {"level": "township", "code": "A-01", "name": "东溪镇第1选区", "term": "东溪镇第15届人民代表大会", "margin_m": pytest.approx(196.7, abs=0.1), **plain},
    ]
    assert found["deputies"][0] == {
        "id": "D1", "name": "陈安", "level": "county", "district": "C-01", "reasons": ["您所在选区的代表", "工作地离您最近"], "distance_band": "500米内",
    }  # fmt: skip
    assert [deputy["id"] for deputy in found["deputies"]] == ["D1", "D6", "D2"]


def test_by_address(ask):
    status, found = ask(q="东溪镇人民路12号")
    assert (status, found["doorplate"]) == (200, {"code": "P02", "address": "东溪镇人民路12号"})
    assert found["point"] == {"lon": 120.005, "lat": 28.005}


def test_across_near_a_border(ask):
    _, found = ask(**where(0.98, 0.5))
    assert found["across"] == [{"level": "township", "code": "B-01", "name": "南山乡第1选区", "metres": pytest.approx(19.67, abs=0.01)}]
    assert [near["code"] for near in ask(**where(0.9, 0.5, accuracy=120))[1]["across"]] == ["B-01"]
    _, found = ask(**where(1.0, 0.5))
    assert (found["districts"][1]["margin_m"], found["across"][0]["metres"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"lat": "x", "lon": "120"}, 400, "纬度 lat 应是数字"),
        ({"lat": "inf", "lon": "120"}, 400, "纬度 lat 应是数字"),
        ({"lat": "28"}, 400, "缺少经度 lon"),
        ({"lat": "120.005", "lon": "28.005"}, 400, "经纬度好像写反了"),
        ({}, 400, "请输入地址"),
        ({"lat": "27", "lon": "121"}, 404, "不在方格县范围内"),
        ({"q": "天上街999号"}, 404, "没有找到"),
    ],
)
def test_refusals(ask, given, status, says):
    answered, body = ask(**given)
    assert (answered, says in body["message"]) == (status, True)


def test_an_address_that_could_mean_several(ask):
    status, body = ask(q="人民路12号")
    assert (status, [plate["code"] for plate in body["candidates"]]) == (404, ["P02", "P07"])


def test_a_place_in_no_district_is_404(town, client):
    ElectoralDistrict.objects.filter(code="C-04").update(geom=box(2, 1.5, 3, 2))
    LayerVersion.raise_for("district")
    response = client.get("/api/v1/find", where(2.5, 1.2))
    assert response.status_code == 404
    assert "此地还没有划入选区" in response.json()["message"]


def test_schema_and_docs_load_nothing_from_outside(ask, client):
    schema = client.get("/api/openapi.json").json()
    assert {parameter["name"] for parameter in schema["paths"]["/api/v1/find"]["get"]["parameters"]} == {
        "q", "lat", "lon", "accuracy", "datum", "doorplate", "on",
    }  # fmt: skip
    assert schema["openapi"].startswith("3.1")
    docs = client.get("/api/docs")
    body = docs.content.decode()
    assert "default-src 'self'" in docs.headers["Content-Security-Policy"]
    assert re.findall(r'(?:src|href)="([^"]+)"', body) and not re.findall(r'(?:src|href)="(?:https?:)?//', body)
    settings = re.search(r'id="swagger-settings">(.*?)</script>', body, re.S).group(1)
    assert json.loads(settings)["url"].startswith("/api/openapi.json")
    assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", body)


def test_few_queries(ask, client, django_assert_max_num_queries):
    ask(**where(0.5, 0.5))
    with django_assert_max_num_queries(1):
        ask(**where(0.5, 0.5))
