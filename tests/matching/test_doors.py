"""Any code on the door opens the page of its place; whatever else was scanned gets one answer that leads on. As the public role."""

import html
import re

import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.deputies.codes import DeputyCode, StationCode
from apps.matching.doors import read_door
from apps.record import issuing
from apps.record.codes import signed_code
from apps.territory.models import IssuedPlate, IssuedPlateScan, Issuer, PlateCode, PlateScan
from tests import town as toy
from tests.conftest import public_role

POLICE_QR = "https://mp.example.gov.cn/q?c=3399010010000012"


@pytest.fixture
def codes(town: toy.Town) -> dict[str, str]:
    """The codes of a door, a house without a plate, a place in another county, and codes that lead nowhere any more."""
    door = town.doorplates["P02"]
    rows = {
        "door": PlateCode(doorplate=door),
        "house": PlateCode(words="后山脚黄色平房", point=toy.at(0.3, 0.3)),
        "abroad": PlateCode(words="外县的房子", point=Point(121.9, 29.9, srid=4326)),
        "void": PlateCode(words="拆掉的房子", point=toy.at(0.3, 0.4), status="void"),
        "retired": PlateCode(words="空房子", point=toy.at(0.3, 0.4), status="retired"),
    }
    issuing.issue(list(rows.values()))
    old = issuing.issue([PlateCode(words="旧码", point=toy.at(0.3, 0.4), status="replaced", successor=rows["door"])])[0]
    issuer = Issuer.objects.create(slug="police", name="公安", pattern=r"https://mp\.example\.gov\.cn/q\?c=(?P<id>\d{16})", example=POLICE_QR)
    IssuedPlate.objects.create(issuer=issuer, external_id="3399010010000012", doorplate=door)
    station = issuing.issue([StationCode(station=town.stations["SA"])])[0]
    deputy = issuing.issue([DeputyCode(deputy=town.deputies["D1"])])[0]
    return {name: row.code for name, row in rows.items()} | {"old": old.code, "station": station.code, "deputy": deputy.code, "forged": signed_code()}


@pytest.fixture
def get(codes, as_public, client):
    def answer(path, **parameters):
        response = client.get(path, parameters)
        return response, html.unescape(response.content.decode())

    return answer


# -- the page behind a code ----------------------------------------------------------------------------------------------------


def test_a_door_opens_its_place_with_the_way_to_report(codes, get):
    response, body = get(f"/d/{codes['door']}")
    assert response.status_code == 200
    assert "<h1>东溪镇人民路12号</h1>" in body and "东溪镇第1选区" in body and "陈安" in body
    report = re.search(r'href="(/report\?[^"]+)"', body)[1]
    assert f"code={codes['door']}" in report and "via=scan" in report
    assert "lat=" not in report and "lon=" not in report
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]


def test_a_house_without_a_plate_is_named_in_words(codes, get):
    response, body = get(f"/d/{codes['house']}")
    assert response.status_code == 200
    assert "<h1>后山脚黄色平房</h1>" in body and "东溪镇第1选区" in body


def test_an_issuers_page_may_link_here(codes, get):
    response, body = get("/d/police/3399010010000012")
    assert response.status_code == 200
    assert "<h1>东溪镇人民路12号</h1>" in body
    assert "code=police%2F3399010010000012" in body


def test_a_replaced_code_opens_its_successor(codes, get):
    _, body = get(f"/d/{codes['old']}")
    assert "<h1>东溪镇人民路12号</h1>" in body
    assert f"code={codes['door']}" in body


def test_a_place_outside_the_county_says_so(codes, get):
    response, body = get(f"/d/{codes['abroad']}")
    assert response.status_code == 404
    assert "不在方格县范围内" in body


def test_station_and_deputy_lead_to_their_own_pages(codes, get):
    assert get(f"/d/{codes['station']}")[0]["Location"] == "/stations/S-A/"
    assert get(f"/d/{codes['deputy']}")[0]["Location"] == f"/p/{codes['deputy']}"


def test_scans_are_counted_by_day_and_code(codes, get):
    for path in (f"/d/{codes['door']}", f"/d/{codes['old']}", "/d/police/3399010010000012"):
        get(path)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    today = timezone.localdate()
    assert list(PlateScan.objects.values_list("subject__code", "day", "count")) == [(codes["door"], today, 2)]
    assert list(IssuedPlateScan.objects.values_list("subject__external_id", "day", "count")) == [("3399010010000012", today, 1)]


# -- what leads nowhere --------------------------------------------------------------------------------------------------------


def test_unknown_void_and_retired_codes_are_answered_alike(codes, client):
    answers, queries = [], []
    paths = [f"/d/{codes[name]}" for name in ("void", "retired", "forged")] + ["/d/ABCDEFGHJKMN", "/d/x", "/d/police/1", "/d/nobody/3399010010000012"]
    with public_role():
        client.get(paths[0])
        for path in paths:
            with CaptureQueriesContext(connection) as asked:
                response = client.get(path)
            headers = {**response.headers, "Expires": ""}  # which says what second it is
            answers.append((response.status_code, response.content, sorted(headers.items())))
            queries.append(sum("territory_layerversion" not in one["sql"] for one in asked))  # asked once a second, by whoever comes
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)
    assert len(set(queries[:5])) == 1 and len(set(queries[5:])) == 1


def test_the_unknown_page_leads_on(get):
    _, body = get("/d/ABCDEFGHJKMN")
    assert "没有找到这个码" in body
    for way in ('action="/find"', 'href="/scan"', 'action="/scan/read"', 'id="locate-button"', 'id="find-map"'):
        assert way in body


# -- what was scanned or typed -------------------------------------------------------------------------------------------------


def test_whatever_was_scanned_leads_to_our_own_page(codes, get):
    grouped = "-".join(codes["door"][i : i + 4] for i in (0, 4, 8)).lower()
    for text, path in (
        (f"https://renda.example.gov.cn/d/{codes['door']}", f"/d/{codes['door']}"),
        (grouped, f"/d/{codes['door']}"),
        (codes["old"], f"/d/{codes['door']}"),
        (POLICE_QR, "/d/police/3399010010000012"),
        (f"http://x/p/{codes['deputy']}", f"/p/{codes['deputy']}"),
        (codes["station"], "/stations/S-A/"),
        ("", "/scan"),
    ):
        response, _ = get("/scan/read", text=text)
        assert (response.status_code, response["Location"]) == (302, path), text


@pytest.mark.parametrize(
    "text",
    ["https://evil.example/", "//evil.example/d/x", "/\\evil.example", "javascript:alert(1)", "weixin://wxpay/bizpayurl?pr=abc", "ABCD-EFGH-JKMN", "\x00", "9" * 5000, "𠮷"],
)
def test_other_texts_are_answered_not_opened(get, text):
    response, body = get("/scan/read", text=text)
    assert (response.status_code, "没有找到这个码" in body) == ((302, False) if text == "\x00" else (404, True))
    assert response.get("Location", "/scan") == "/scan"
    assert not text or f'href="{text}' not in body


def test_what_was_typed_stays(get):
    assert 'name="text" type="text"' in (body := get("/scan/read", text="ABCD-EFGH")[1]) and 'value="ABCD-EFGH"' in body
    assert re.search(r'id="q"[^>]*value="人民路12号"', get("/scan/read", text="人民路12号")[1])


def test_reading_a_door_for_the_report(codes):
    door = read_door(codes["old"])
    assert (door.code, door.doorplate.address, door.words) == (codes["door"], "东溪镇人民路12号", "")
    assert read_door("police/3399010010000012").point == door.point
    assert read_door(codes["house"]).words == "后山脚黄色平房"
    for text in ("", "/", "police/", "police/1", codes["void"], "x" * 500, "\x00", "a/b/c", "𠮷/𠮷"):
        assert read_door(text) is None, text


# -- the page with the camera --------------------------------------------------------------------------------------------------


def test_only_the_scan_page_may_run_the_reader(get):
    response, body = get("/scan")
    policy = response["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy and "default-src 'self'" in policy
    assert 'id="scan-video"' in body and 'action="/scan/read"' in body
    assert "wasm-unsafe-eval" not in get("/")[0]["Content-Security-Policy"]
    assert "wasm-unsafe-eval" not in get("/d/ABCDEFGHJKMN")[0]["Content-Security-Policy"]


def test_home_offers_to_scan(get):
    assert 'href="/scan"' in get("/")[1]
