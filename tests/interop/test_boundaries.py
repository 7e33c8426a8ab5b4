"""/boundaries/ beyond the contract (tests/contracts): days, borders, what has no border, formats of ours, cost. As the public role."""

import datetime as dt
import json

import pytest

from apps.deputies.models import Mandate
from apps.interop import shapes
from apps.interop.catalogue import catalogue
from apps.matching.finding import find_at
from apps.record import limits
from apps.territory.models import AdminArea, ElectoralDistrict, LayerVersion, Term
from tests.town import at, box

OLD, NOW = "districts-339999000000-16", "districts-339999000000-17"


@pytest.fixture
def ask(client):
    def get(path, **parameters):
        response = client.get(path, parameters)
        return response.json() if response.status_code == 200 else response.status_code

    return get


@pytest.fixture
def old_term(town):
    """The term before: one district in the west, one in the east, other than today's."""
    term = Term.objects.create(congress=town.county, level="county", number=16, starts=dt.date(2017, 2, 1), ends=dt.date(2022, 2, 1))
    for number, edges in ((1, (0, 0, 1.5, 2)), (2, (1.5, 0, 3, 2))):
        ElectoralDistrict.objects.create(
            code=f"OLD-{number}", term=term, number=number, name=f"旧第{number}选区", seats=1, basis="residence", geom=box(*edges)
        )
    LayerVersion.raise_for("district")
    return term


def held(answer) -> set[str]:
    return {each["external_id"] for each in answer["objects"]}


def where(x, y) -> str:
    point = at(x, y)
    return f"{point.y},{point.x}"


def test_a_place_lies_in_all_its_borders(town, as_public, ask):
    assert held(ask("/boundaries/", contains=where(0.8, 0.5))) == {"C-01", "A-01", "339999000000", "339999100000", "339999100201"}
    assert held(ask("/boundaries/", contains=where(2.5, 0.5))) == {"C-03", "339999000000", "339999001000", "339999001001"}  # a street has no congress
    assert held(ask("/boundaries/", contains="31.2,121.5")) == set()


@pytest.mark.parametrize("x", [0.2, 0.98, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("y", [0.0, 0.5, 1.0, 1.7])
def test_as_the_residents_page_decides_on_borders_too(town, as_public, ask, x, y):
    place = find_at(*at(x, y).coords, on=dt.date(2026, 3, 10))
    expected = {found.district.code for found in place.districts} | {place.town.code, place.village.code, place.county.code}
    assert held(ask("/boundaries/", contains=where(x, y))) == expected


def test_on_a_day(town, old_term, as_public, ask):
    place = where(1.7, 0.5)
    assert held(ask("/boundaries/", contains=place, name__contains="选区")) == {"C-01", "B-01"}
    assert held(ask("/boundaries/", contains=place, name__contains="选区", on="2020-05-01")) == {"OLD-2"}
    assert held(ask("/boundaries/", contains=place, name__contains="选区", on="2022-01-31")) == {"OLD-2"}
    assert held(ask("/boundaries/", contains=place, name__contains="选区", on="2022-02-01")) == {"C-01", "B-01"}
    sets = [each["url"] for each in ask("/boundary-sets/", on="2020-05-01")["objects"]]
    assert f"/boundary-sets/{OLD}/" in sets and f"/boundary-sets/{NOW}/" not in sets
    assert [each["name"] for each in ask("/boundary-sets/", name__contains="选区")["objects"]] == [
        "东溪镇第15届人大代表选区", "南山乡第12届人大代表选区", "方格县第17届人大代表选区",
    ]  # fmt: skip


def test_a_set_that_is_named_answers_when_it_is_over(town, old_term, as_public, ask):
    assert held(ask(f"/boundaries/{OLD}/")) == {"OLD-1", "OLD-2"}
    assert held(ask(f"/boundaries/{OLD}/", contains=where(1.7, 0.5))) == {"OLD-2"}
    assert held(ask("/boundaries/", sets=f"{OLD},{NOW}", contains=where(1.7, 0.5))) == {"OLD-2", "C-01"}
    assert held(ask(f"/boundaries/{OLD}/", on="2026-03-10")) == set()
    assert (ask(f"/boundary-sets/{OLD}/")["start_date"], ask(f"/boundary-sets/{OLD}/")["end_date"]) == ("2017-02-01", "2022-02-01")
    assert ask(f"/boundaries/{OLD}/2/")["name"] == "旧第2选区"


def test_a_draft_is_seen_by_nobody(town, ask, client):
    """Neither among the sets, nor by its name, nor on its days, nor who would sit for it; published, it is there from its first day."""
    term = Term.objects.create(congress=town.county, level="county", number=18, starts=dt.date(2097, 2, 1), ends=dt.date(2102, 2, 1), state="draft", plan="方案二")
    district = ElectoralDistrict.objects.create(code="NEW-1", term=term, number=1, name="新第1选区", seats=1, basis="residence", geom=box(0, 0, 3, 2))
    Mandate.objects.create(deputy=town.deputies["D3"], term=term, district=district)
    LayerVersion.raise_for("district", "deputy")
    new, then = "districts-339999000000-18", "2098-01-01"
    urls = [
        f"/boundary-sets/{new}/", f"/boundaries/{new}/", f"/boundaries/{new}/1/", f"/boundaries/{new}/1/shape", f"/boundaries/{new}/1/representatives/",
        "/representatives/congress-339999000000-18/", "/representative-sets/congress-339999000000-18/", f"/boundaries/?intersects={new}/1",
    ]  # fmt: skip
    assert {client.get(url).status_code for url in urls} == {404}
    lists = ["/boundary-sets/", "/boundaries/", f"/boundaries/?contains={where(0.5, 0.5)}", "/boundaries/shape", "/representatives/", "/representative-sets/"]
    drafted = [client.get(url, {"on": then, "limit": 0}).content.decode() for url in lists] + [client.get(f"{url}?limit=0").content.decode() for url in lists]
    assert not [body for body in drafted if "NEW-1" in body or "新第1选区" in body or "-18" in body]
    Term.objects.filter(pk=term.pk).update(state="published")
    LayerVersion.raise_for("district", "deputy")
    assert {client.get(url).status_code for url in urls} == {200}
    assert "NEW-1" in held(ask("/boundaries/", contains=where(0.5, 0.5), on=then)) and "NEW-1" not in held(ask("/boundaries/", contains=where(0.5, 0.5)))


def test_an_area_that_was_given_up(town, ask):
    AdminArea.objects.filter(code="339999100202").update(valid_to=dt.date(2025, 1, 1))
    LayerVersion.raise_for("area")
    AdminArea.objects.filter(code="339999100201").update(valid_from=dt.date(2019, 8, 16))
    LayerVersion.raise_for("area")
    assert ask("/boundary-sets/villages/")["last_updated"] == "2019-08-16"
    assert ask("/boundary-sets/towns/")["last_updated"] is None  # nobody has noted it
    assert len(ask("/boundaries/villages/")["objects"]) == 5
    assert len(ask("/boundaries/villages/", on="2024-12-31")["objects"]) == 6
    assert ask("/boundaries/villages/339999100202/")["end_date"] == "2025-01-01"


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "2026-2-1", "20260201", "２０２６-01-01"])
def test_a_day_that_is_none(town, as_public, client, day):
    for path in ("/boundaries/", "/boundary-sets/", "/representatives/", "/boundaries/shape"):
        response = client.get(path, {"on": day})
        assert (response.status_code, response.headers["Content-Type"]) == (400, "text/plain")
        assert response.content.decode() == f"Invalid date '{day}' provided. Please provide a date as YYYY-MM-DD."


def test_the_links_of_a_page_keep_the_day(town, old_term, as_public, ask):
    first = ask(f"/boundaries/{OLD}/", on="2020-05-01", limit=1)
    assert first["meta"]["next"] == f"/boundaries/{OLD}/?on=2020-05-01&limit=1&offset=1"
    second = ask(first["meta"]["next"])
    assert (held(first), held(second)) == ({"OLD-1"}, {"OLD-2"})
    assert second["meta"]["related"]["shapes_url"] == f"/boundaries/{OLD}/shape?on=2020-05-01&limit=1&offset=1"


def test_every_link_of_an_answer_leads_somewhere(town, as_public, client):
    seen, waiting = set(), ["/boundary-sets/?limit=2", "/representatives/?limit=3", "/representative-sets/", "/boundaries/?limit=4"]
    while waiting:
        url = waiting.pop()
        if url in seen:
            continue
        seen.add(url)
        response = client.get(url)
        assert response.status_code == 200, url
        waiting += list(links(response.json()))
    assert len(seen) > 100


def links(data):
    if isinstance(data, dict):
        for name, value in data.items():
            if value and (name.endswith("url") or name in ("next", "previous")):
                yield value
            else:
                yield from links(value)
    elif isinstance(data, list):
        for each in data:
            yield from links(each)


def test_a_district_by_workplace_has_no_border(town, as_public, ask):
    assert "C-05" not in held(ask(f"/boundaries/{NOW}/"))
    assert ask(f"/boundaries/{NOW}/5/") == 404
    assert ask(f"/boundaries/{NOW}/3/")["metadata"]["employers"] == ["方格机械厂"]


def test_geojson_features(town, as_public, ask):
    found = ask(f"/boundaries/{NOW}/shape", format="geojson")
    assert (found["type"], len(found["features"])) == ("FeatureCollection", 4)
    feature = found["features"][0]
    assert feature["id"] == f"{NOW}/1" and feature["properties"]["external_id"] == "C-01"
    assert feature["geometry"] == ask(f"/boundaries/{NOW}/1/shape")
    assert ask(f"/boundaries/{NOW}/1/centroid", format="geojson")["geometry"]["type"] == "Point"


def test_pretty_and_unknown_formats(town, as_public, client):
    assert client.get("/boundary-sets/?pretty=1").content.decode().startswith('{\n    "objects": [\n')
    for path in ("/boundaries/shape", f"/boundaries/{NOW}/1/shape"):
        refused = client.get(path, {"format": "shp"})
        assert (refused.status_code, refused.content.decode()[:31]) == (400, "Invalid format 'shp' provided. ")


def test_shapes_that_went_meanwhile(town, as_public, client, monkeypatch):
    monkeypatch.setattr(shapes, "geojson", lambda rows, field: [None] * len(rows))
    assert client.get("/boundaries/villages/shape").json() == {"objects": []}
    assert client.get("/boundaries/villages/339999100201/shape").status_code == 404


def test_reading_only(town, as_public, client):
    assert {client.post("/boundaries/").status_code, client.delete(f"/boundaries/{NOW}/1/").status_code} == {405}
    head = client.head("/boundaries/")
    assert (head.status_code, head.content) == (200, b"")


def test_names_of_strangers_stay_text(town, client):
    AdminArea.objects.filter(code="339999100201").update(name='<b>"村"&')
    LayerVersion.raise_for("area")
    assert client.get("/boundaries/villages/shape").json()["objects"][2]["name"] == '<b>"村"&'
    assert '<name>&lt;b&gt;"村"&amp;</name>' in client.get("/boundaries/villages/339999100201/shape?format=kml").content.decode()
    page = client.get("/boundaries/villages/339999100201/?format=apibrowser").content.decode()
    assert "<b>" not in page and "&lt;b&gt;" in page


def test_few_queries(town, as_public, client, django_assert_num_queries):
    client.get("/representatives/")
    catalogue()
    for path, queries in (
        ("/boundary-sets/", 1), ("/boundaries/?limit=0", 1), (f"/boundaries/?contains={where(0.5, 0.5)}", 2), ("/boundaries/shape", 2),
        (f"/boundaries/{NOW}/1/", 1), (f"/boundaries/{NOW}/1/simple_shape", 2), (f"/boundaries/?intersects={NOW}/1", 2),
        ("/representatives/?limit=0", 1), (f"/representatives/?point={where(0.5, 0.5)}", 2),
    ):  # fmt: skip
        with django_assert_num_queries(queries):  # the layers' versions are among them, which a process reads once a second
            assert client.get(path).status_code == 200


def test_no_more_than_a_client_may(town, client, monkeypatch):
    assert client.get("/boundary-sets/").status_code == 200
    monkeypatch.setattr(limits, "_take", lambda keys: 7.5)
    refused = client.get("/boundary-sets/")
    assert (refused.status_code, refused["Retry-After"], json.loads(refused.content)["message"]) == (429, "8", "请求太频繁了，请过 8 秒再试。")
