"""Our /boundaries/ against Represent's own code, question by question: status, headers and every field of the answer."""

import itertools
import re

import pytest
from django.contrib.gis.geos import GEOSGeometry

from apps.territory.models import LayerVersion
from tests.contracts import peer
from tests.town import box

pytest.importorskip("boundaries", reason="represent-boundaries is not installed")

COUNTY = "districts-339999000000-17"
LISTS = ["/boundaries/", f"/boundaries/{COUNTY}/", "/boundaries/villages/", "/boundaries/unknown/"]
SETS = ["/boundary-sets/"]
DETAILS = [
    "/boundary-sets/villages/", f"/boundary-sets/{COUNTY}/", "/boundary-sets/unknown/",
    f"/boundaries/{COUNTY}/1/", f"/boundaries/{COUNTY}/99/", "/boundaries/unknown/1/", "/boundaries/villages/339999100201/",
    "/boundaries/districts-339999200000-12/1/",
]  # fmt: skip
PAGING = [
    "", "limit=2", "limit=2&offset=2", "limit=2&offset=1", "offset=100", "limit=0", "limit=2000", "limit=3&offset=3&name__contains=选区",
    "limit=-1", "offset=-1", "limit=", "limit=1.0", "offset=0x1", "limit=%207%20", "offset=", "limit=abc",
]  # fmt: skip
FILTERS = [
    "name=溪口村", "name__icontains=村", "name__startswith=第", "name__istartswith=东溪镇", "name__endswith=社区", "name__iendswith=选区", "name__iexact=溪口村",
    "name__contains=选&name__endswith=1选区", "name__search=x", "external_id=C-01", "external_id__startswith=3399991", "slug=1",
    "name__isnull=true", "name__isnull=False", "name__isnull=none", "name__isnull=x", "name__icontains=none", "name=None", "name=true",
    "name__contains__x=1", "domain=方格县", "domain__icontains=镇", "authority=x",
]  # fmt: skip
PLACES = [
    "contains=28.005,120.005", "contains=28.0041,120.0251", "contains=28.005, 120.005", "contains=lat28.005,lon120.005", "contains=0,0",
    "contains=28.005,120.005&sets=villages,towns", "sets=villages", f"sets=villages,{COUNTY}", "sets=", "sets=unknown",
    "contains=", "contains=1", "contains=1,2,3", "contains=a,b", "contains=28.005,120.005&limit=1&offset=1",
    f"intersects={COUNTY}/1", "intersects=villages/339999100201", "intersects=villages/1", "intersects=", "intersects=a/b/c",
    f"touches={COUNTY}/1", "touches=villages/339999100201&sets=villages", "touches=unknown/1", "touches=x",
]  # fmt: skip
FORMS = ["", "format=json", "format=wkt", "format=kml", "callback=a.b$_1<>", "pretty=1", "callback=f&pretty=1"]
FIELDS = ["shape", "simple_shape", "centroid"]


@pytest.fixture
def both(town, client):
    """The answers of ours and of theirs. The county gets an arm that reaches into its neighbours, so that borders overlap."""
    town.districts["C3"].geom = box(1.5, 0.2, 3, 0.8)
    town.districts["C3"].save()
    arm = "MULTIPOLYGON (((120 28.02, 120.003 28.0201, 120.006 28.02, 120.02 28.02, 120.02 28.01, 120 28.01, 120 28.02)))"
    town.districts["C2"].geom = GEOSGeometry(arm, srid=4326)
    town.districts["C2"].save()
    LayerVersion.raise_for("district")
    with peer.represent():
        yield lambda url: (peer.told(client.get(url)), peer.ask(url))


def without_ours(answer: dict) -> dict:
    """What ours says beyond theirs: who was elected there (their second application adds it), and no invented date."""
    body = answer["body"]
    if isinstance(body, dict):
        body.get("related", {}).pop("representatives_url", None)
        if "last_updated" in body:
            body.pop("last_updated")
    return answer


def differences(both, urls) -> list[str]:
    urls = list(urls)
    assert len(urls) > 5
    different = []
    for url in urls:
        ours, theirs = (without_ours(answer) for answer in both(url))
        if theirs["status"] == 500:  # a question that breaks theirs is refused by ours
            assert ours["status"] == 400, url
            continue
        if ours["status"] == 404 or theirs["status"] == 404:  # the page says it in its own words
            ours["body"] = theirs["body"] = ""
        if not peer.same(ours, theirs):
            different.append(f"{url}\nours   {ours}\ntheirs {theirs}")
    return different


def test_lists_pages_and_filters(both):
    urls = [f"{path}?{query}" for path, query in itertools.product(SETS + LISTS, PAGING + FILTERS)]
    assert "\n".join(differences(both, urls)) == ""


def test_places(both):
    urls = [f"{path}?{query}" for path, query in itertools.product(LISTS, PLACES)]
    assert "\n".join(differences(both, urls)) == ""


def test_details_and_forms(both):
    urls = [f"{path}?{query}" for path, query in itertools.product([*DETAILS, *SETS, *LISTS], ["", "pretty=1", "callback=a.b$_1<>", "format=json"])]
    assert "\n".join(differences(both, urls)) == ""


def test_shapes_of_one(both):
    paths = [f"/boundaries/{COUNTY}/1/", f"/boundaries/{COUNTY}/2/", "/boundaries/villages/339999100201/", "/boundaries/unknown/1/"]
    urls = [f"{path}{field}?{query}" for path, field, query in itertools.product(paths, FIELDS, FORMS)]
    assert "\n".join(differences(both, urls)) == ""


def test_shapes_of_many(both):
    paths = ["/boundaries/", f"/boundaries/{COUNTY}/", "/boundaries/unknown/"]
    urls = [f"{path}{field}?{query}" for path, field, query in itertools.product(paths, FIELDS, [*FORMS, *PLACES, "name__contains=村"])]
    assert "\n".join(differences(both, urls)) == ""


def test_more_shapes_than_are_given(both, monkeypatch):
    from boundaries.models import app_settings

    from apps.interop import boundaries

    monkeypatch.setattr(boundaries, "MOST_SHAPES", 2)
    monkeypatch.setattr(app_settings, "MAX_GEO_LIST_RESULTS", 2)
    urls = [f"{path}?{query}" for path, query in itertools.product(["/boundaries/", "/boundaries/shape", f"/boundaries/{COUNTY}/"], ["", "limit=1", "name=溪口村"])]
    assert "\n".join(differences(both, urls)) == ""


def test_for_people(both, client):
    for url in ("/boundaries/?format=apibrowser&limit=3", "/boundaries/villages/shape?format=apibrowser"):
        response = client.get(url)
        assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert re.search(r"<pre[^>]*>\s*\{", response.content.decode())


def test_the_comparison_can_fail(both):
    ours, theirs = both("/boundaries/villages/")
    ours["body"]["objects"][0]["name"] = "别的村"
    assert not peer.same(ours, theirs)
    assert peer.same(1.0, 1.0 + 1e-12) and not peer.same(1.0, 1.0 + 1e-7)
