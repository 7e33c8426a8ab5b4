"""选区检查: every overlap, gap and stray doorplate is found, shown and told with the import; nobody else sees the page."""

import csv
import html
import io
import json
import re

import pytest

from apps.imports import district_checks
from apps.territory.models import Doorplate, ElectoralDistrict, LayerVersion, Term
from tests.town import COUNTY, at, box

METRES_EAST, METRES_NORTH = 983.6, 1108.2


@pytest.fixture
def spoilt(town):
    """C2 reaches 0.1 units into C1, between C3 and C4 is a strip 0.2 units high with a doorplate in it, A2 leaves its town, and so on."""
    for code, edges in {"C-02": (0, 0.9, 2, 2), "C-04": (2, 1.2, 3, 2), "A-02": (0, 1, 1.1, 2)}.items():
        ElectoralDistrict.objects.filter(code=code).update(geom=box(*edges))
    Doorplate.objects.filter(code="P11").update(point=at(2.5, 1.1))
    town.districts["C5"].employers.add(town.organisations["factory"])
    ElectoralDistrict.objects.create(code="C-06", term=town.terms["county"], number=6, name="空单位选区", seats=1, basis="workplace")
    LayerVersion.raise_for("district", "doorplate")
    return town


def found(town, term):
    return next(checked for checked in district_checks.checked() if checked.pk == town.terms[term].pk)


def test_a_county_in_order_has_nothing_to_show(town):
    assert [(term.name, term.districts, term.doors_outside, term.faults) for term in district_checks.checked()] == [
        ("方格县第17届人民代表大会", 5, 0, ()), ("东溪镇第15届人民代表大会", 2, 0, ()), ("南山乡第12届人民代表大会", 1, 0, ()),
    ]  # fmt: skip


def test_every_kind_of_fault_is_found_where_it_is(spoilt):
    county = found(spoilt, "county")
    assert [(fault.kind, fault.words) for fault in county.faults] == [
        ("overlap", "“第1选区”和“第2选区”重叠，按编号在前的“第1选区”算"),
        ("gap", "“第1选区”、“第2选区”、“第3选区”、“第4选区”旁边有一块不属于任何选区"),
        ("nobody", "“空单位选区”按单位划分，却没有列出任何单位"),
        ("unit", "方格机械厂同时列入“第3选区”、“县直机关选区”"),
        ("door", "城关街道建设路8号不在任何选区内"),
    ]
    overlap, gap, *_, door = county.faults
    assert overlap.square_metres == pytest.approx(2 * METRES_EAST * 0.1 * METRES_NORTH, rel=0.01)
    assert gap.square_metres == pytest.approx(METRES_EAST * 0.2 * METRES_NORTH, rel=0.01)
    assert 120.0 < overlap.at[0] < 120.02 and 28.009 < overlap.at[1] < 28.01
    assert 120.02 < gap.at[0] < 120.03 and 28.01 < gap.at[1] < 28.012
    assert door.at == (120.025, 28.011)
    assert (county.doors, county.doors_outside) == (11, 1)
    assert [(fault.kind, fault.words) for fault in found(spoilt, "A").faults] == [("outside", "“东溪镇第2选区”有一块在东溪镇以外")]


def test_only_terms_that_are_published_and_not_over(spoilt):
    ElectoralDistrict.objects.filter(term=spoilt.terms["B"]).update(geom=box(1, 0, 2, 1.4))
    Term.objects.filter(pk=spoilt.terms["A"].pk).update(starts="2001-01-01", ends="2006-01-01")
    LayerVersion.raise_for("district")
    assert [term.pk for term in district_checks.checked()] == [spoilt.terms["county"].pk, spoilt.terms["B"].pk]
    assert [fault.kind for fault in found(spoilt, "B").faults] == ["gap", "door"]


def test_the_page_lists_them_and_hands_them_to_the_map(spoilt, county_office, client):
    client.force_login(county_office)
    body = html.unescape(client.get("/imports/districts/").content.decode())
    assert "1 个不在任何选区内" in body and "方格县第17届人民代表大会（5 处）" in body and re.search(r"21\.[89] 公顷", body)
    data = json.loads(re.search(r'id="check-data" type="application/json">(.*?)</script>', body, re.S).group(1))
    assert [feature["geometry"]["type"] for feature in data["faults"]["features"]] == ["Polygon", "Polygon", "Point"]
    assert [feature["properties"]["code"] for feature in data["districts"]["features"]] == ["C-01", "C-02", "C-03", "C-04"]
    assert set(re.findall(r'data-id="(\d+-[^"]+)"', body)) >= {feature["properties"]["id"] for feature in data["faults"]["features"]}
    only = html.unescape(client.get("/imports/districts/", {"kind": "gap"}).content.decode())
    assert "旁边有一块不属于任何选区" in only and "重叠，按编号" not in only
    other = html.unescape(client.get("/imports/districts/", {"term": spoilt.terms["A"].pk}).content.decode())
    assert "有一块在东溪镇以外" in other
    assert "没有发现问题" in client.get("/imports/districts/", {"term": spoilt.terms["B"].pk}).content.decode()


@pytest.mark.parametrize("given", [{"term": "x"}, {"term": "999999999999"}, {"kind": "<b>"}, {"page": "x"}, {"page": "99"}])
def test_odd_parameters_show_the_page(given, spoilt, county_office, client):
    client.force_login(county_office)
    assert client.get("/imports/districts/", given).status_code == 200


def test_the_download_has_every_term(spoilt, county_office, client):
    client.force_login(county_office)
    rows = list(csv.reader(io.StringIO(client.get("/imports/districts.csv").content.decode("utf-8-sig"))))
    assert rows[0] == ["届", "问题", "说明", "面积（平方米）", "经度", "纬度"] and len(rows) == 7
    assert rows[2][1] == "空隙" and rows[2][4:] == ["120.025000", "28.011000"]


@pytest.mark.parametrize("person", ["town_clerk", "leader", "deputy", "dispatcher", "unit_officer"])
def test_who_imports_no_data_sees_no_check(person, users, client):
    client.force_login(getattr(users, person))
    assert client.get("/imports/districts/").status_code == client.get("/imports/districts.csv").status_code == 403


def test_an_installation_without_districts(db, county_office, client):
    ElectoralDistrict.objects.all().update(geom=None, basis="workplace")
    LayerVersion.raise_for("district")
    client.force_login(county_office)
    assert client.get("/imports/districts/").status_code == 200


def test_few_queries_once_it_is_known(spoilt, county_office, client, django_assert_max_num_queries):
    client.force_login(county_office)
    client.get("/imports/districts/")
    with django_assert_max_num_queries(8):
        client.get("/imports/districts/")


def test_residents_at_such_places_are_asked(spoilt, client):
    gap = html.unescape(client.get("/find", {"lat": at(2.5, 1.19).y, "lon": at(2.5, 1.19).x}).content.decode())
    assert "没有划入任何选区，最近的选区约 11 米" in gap and "您登记在哪个选区" in gap
    overlap = html.unescape(client.get("/find", {"lat": at(0.5, 0.95).y, "lon": at(0.5, 0.95).x}).content.decode())
    assert "您登记在哪个选区" in overlap and COUNTY[:6] not in overlap.split("您登记在哪个选区")[0][-200:]
