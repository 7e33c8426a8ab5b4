"""/representatives/: who holds which seat, by place, by district and by day. As the public role."""

import datetime as dt

import pytest
from django.db import connection

from apps.deputies.models import Deputy, Mandate, Station
from apps.matching.finding import find_at
from apps.territory.models import LayerVersion, Term
from tests.town import at

FIELDS = {
    "name", "district_name", "elected_office", "source_url", "first_name", "last_name", "party_name", "email", "url", "personal_url", "photo_url",
    "gender", "offices", "extra", "representative_set_name", "related",
}  # fmt: skip
COUNTY = "districts-339999000000-17"


@pytest.fixture
def ask(client):
    def get(path, **parameters):
        response = client.get(path, parameters)
        return response.json() if response.status_code == 200 else response.status_code

    return get


def codes(answer) -> list[str]:
    return [each["extra"]["code"] for each in answer["objects"]]


def where(x, y) -> str:
    point = at(x, y)
    return f"{point.y},{point.x}"


def test_fields(town, as_public, ask):
    first = ask("/representatives/", point=where(0.8, 0.5))["objects"][0]
    assert set(first) == FIELDS
    assert first == {
        "name": "陈安", "district_name": "第1选区", "elected_office": "方格县人大代表", "source_url": "", "first_name": "", "last_name": "陈安",
        "party_name": "", "email": "", "url": "", "personal_url": "", "photo_url": "", "gender": "M",
        "offices": [{"type": "constituency", "postal": "东溪镇代表联络站\n东溪镇人民路12号"}],
        "extra": {"code": "D1", "level": "county", "occupation": "村民"},
        "representative_set_name": "方格县第17届人民代表大会",
        "related": {"representative_set_url": "/representative-sets/congress-339999000000-17/", "boundary_url": f"/boundaries/{COUNTY}/1/"},
    }  # fmt: skip


@pytest.mark.parametrize(("x", "y"), [(0.2, 0.5), (0.5, 1.5), (1.0, 0.5), (1.5, 1.0), (2.5, 0.5), (2.5, 1.5), (3.0, 2.0)])
def test_as_the_residents_page_says(town, as_public, ask, x, y):
    place = find_at(*at(x, y).coords, on=dt.date(2026, 3, 10))
    expected = [found.deputy.code for found in (*place.deputies, *place.area_deputies)]
    assert sorted(codes(ask("/representatives/", point=where(x, y)))) == sorted(expected)


def test_by_district_boundary_and_set(town, as_public, ask):
    assert codes(ask("/representatives/", districts=f"{COUNTY}/1,{COUNTY}/3")) == ["D1", "D2", "D4"]
    assert codes(ask(f"/boundaries/{COUNTY}/2/representatives/")) == ["D3"]
    assert codes(ask("/boundaries/counties/339999000000/representatives/")) == ["D8"]
    assert codes(ask("/representatives/congress-339999200000-12/")) == ["D2", "D7"]
    assert (ask("/representatives/unknown/"), ask("/boundaries/unknown/1/representatives/"), ask("/representative-sets/unknown/")) == (404, 404, 404)


def test_who_has_no_border(town, as_public, ask):
    """D5 serves a district by workplace; D8 of the city is shown by area."""
    unit, city = ask("/representatives/", name="郑国")["objects"][0], ask("/representatives/", name="王正")["objects"][0]
    assert (unit["district_name"], "boundary_url" in unit["related"]) == ("县直机关选区", False)
    assert (city["elected_office"], city["district_name"]) == ("方州市人大代表", "方格县人民代表大会")
    assert city["related"]["boundary_url"] == "/boundaries/counties/339999000000/"


def test_filters_and_pages(town, as_public, ask):
    assert codes(ask("/representatives/", elected_office__startswith="东溪镇")) == ["D6"]
    assert codes(ask("/representatives/", gender="F")) == []
    assert codes(ask("/representatives/", name__contains="林", district_name="第1选区")) == ["D2"]
    every = ask("/representatives/", limit=4)
    assert (every["meta"]["total_count"], every["meta"]["next"]) == (9, "/representatives/?limit=4&offset=4")
    assert codes(every) + codes(ask(every["meta"]["next"])) + codes(ask("/representatives/?limit=4&offset=8")) == codes(ask("/representatives/", limit=0))
    assert ask("/representatives/", point="1") == 400


def test_on_a_day(town, ask):
    old = Term.objects.create(congress=town.county, level="county", number=16, starts=dt.date(2017, 2, 1), ends=dt.date(2022, 2, 1))
    Mandate.objects.create(deputy=town.deputies["D6"], term=old, elected_by="旧选区")
    Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=dt.date(2025, 6, 1))
    LayerVersion.raise_for("deputy")
    here = where(0.8, 0.5)
    assert "D1" not in codes(ask("/representatives/", point=here))
    assert "D1" in codes(ask("/representatives/", point=here, on="2025-05-31"))
    assert "D1" not in codes(ask("/representatives/", point=here, on="2025-06-01"))
    assert codes(ask("/representatives/", on="2020-01-01")) == ["D6"]
    assert codes(ask("/representatives/congress-339999000000-16/")) == ["D6"]  # named: as it last was
    assert ask("/representative-sets/", on="2020-01-01")["meta"]["total_count"] == 1
    assert ask("/representative-sets/congress-339999000000-16/")["related"]["boundaries_url"] == ""  # its districts are not known


def test_no_home_no_telephone(town, ask):
    """Homes may lie anywhere and telephones say anything: no byte of any answer is another."""
    urls = ["/representatives/?limit=0&pretty=1", f"/representatives/?point={where(0.8, 0.5)}", "/representative-sets/", "/boundaries/?limit=0"]
    before = [ask(url) for url in urls]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deputies_home SET point = ST_Translate(point, 0.001, 0.001)")
        cursor.execute("UPDATE deputies_contact SET phone = '13811112222'")
    Station.objects.update(phone="0577-99999999", liaison="别人")
    Deputy.objects.update(birth_year=1950, ethnicity="畲族")
    LayerVersion.raise_for("deputy", "station")
    assert [ask(url) for url in urls] == before
