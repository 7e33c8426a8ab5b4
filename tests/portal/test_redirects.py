"""No open redirect: whatever stands in an address, a form or a header, every answer that leads on leads to this site.

All addresses of both zones are tried with texts that browsers take for another site, in every part of the path, in every parameter
that any view reads, and in the fields of forms.
"""

import re
from itertools import product
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from geo_renda.urls import OFFICE, PUBLIC, urlpatterns
from tests.portal.crawl import patterns

ELSEWHERE = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "http:///evil.example",
    "\t//evil.example", "%2F%2Fevil.example", "javascript:alert(1)", "data:text/html,x", "https://testserver@evil.example/", "/%09/evil.example",
    "https://evil.example\\@testserver/", "https://mp.example/q?c=33990001&next=//evil.example", "//evil.example/%2e%2e", "x\r\nLocation: https://evil.example",
]  # fmt: skip
READS = re.compile(r"""(?:GET|POST|given|start|data)(?:\.get\(|\[)\s*["'](\w+)["']""")
HEADERS = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url", "Refresh", "Link")
NEXT = 5  # texts further on is what stands in the next part of a path


def parameters() -> list[str]:
    """Every name that a view or form of ours reads, and the names by which others have led people away."""
    root = Path(settings.BASE_DIR) / "apps"
    found = {name for path in root.rglob("*.py") for name in READS.findall(path.read_text(encoding="utf-8"))}
    fields = {name for path in root.rglob("forms*.py") for name in re.findall(r"^    (\w+) = forms\.", path.read_text(encoding="utf-8"), re.M)}
    return sorted(found | fields | {"next", "url", "to", "redirect", "redirect_to", "return", "continue", "goto", "text", "callback", "via"})


def leads_away(response: HttpResponse, asked: str) -> str:
    """Where an answer leads, when that is not this site."""
    for name in HEADERS:
        target = response.headers.get(name, "")
        if not target or name == "Link":
            continue
        if "\r" in target or "\n" in target:
            return f"{name}: {target!r}"
        # As browsers read: a backslash is a slash, tabs and spaces in front are nothing, more than two slashes are two.
        plain = re.sub(r"[\t\r\n]", "", target.strip()).replace("\\", "/")
        parts = urlsplit(urljoin(f"http://testserver{asked}", re.sub(r"^(\w+:)?/{3,}", r"\1//", plain)))
        if parts.scheme not in ("http", "https") or parts.netloc != "testserver":
            return f"{name}: {target!r}"
    return ""


def paths(written: str) -> list[str]:
    """A pattern with other sites in all its parts: every text stands in every part once, beside another one."""
    plain = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", written).replace("^", "").replace("$", "")
    names = re.findall(r"<[^>]+>", plain)
    found = []
    for first in range(len(ELSEWHERE) if names else 1):
        path = plain
        for part, name in enumerate(names):
            value = ELSEWHERE[(first + NEXT * part) % len(ELSEWHERE)]
            path = path.replace(name, quote(value, safe="/:\\@?=&" if "?" not in value else "/:\\@"), 1)
        found.append(f"/{path}")
    return found


@pytest.fixture
def clients(furnished) -> list[Client]:
    """A stranger, and everyone who can sign in."""
    found = [Client(raise_request_exception=False)]
    for name in ("deputy", "town_clerk", "county_office", "dispatcher", "unit_officer", "leader"):
        found.append(Client(raise_request_exception=False))
        found[-1].force_login(getattr(furnished.users, name))
    return found


def test_all_paths(furnished, clients):
    """What no view answers is the same for everybody: a stranger asks alone."""
    away, asked, seen = [], 0, 0
    for written, _ in patterns(urlpatterns):
        for path in paths(written):
            for client in clients[:2] + clients[3:4]:
                response = client.get(path)
                asked += 1
                if said := leads_away(response, path):
                    away.append(f"{path}: {said}")
                if response.wsgi_request.resolver_match is None:
                    break
                seen += 1
    assert away == []
    assert asked > 500 and seen > 500


def test_all_parameters(furnished, clients):
    """Every address that there is, with all parameters at once naming another site: with GET and with POST."""
    names, away, led_on = parameters(), [], 0
    assert {"next", "text", "code", "q", "to"} <= set(names)
    for written, pattern in patterns([*PUBLIC, *OFFICE]):
        path = _one_that_is_there(written, furnished)
        for text, client in product(ELSEWHERE[:4], clients[:1] if pattern in [p for _, p in patterns(PUBLIC)] else clients[:2] + clients[3:4]):
            given = dict.fromkeys(names, text)
            for response in (client.get(path, given), client.post(path, given)):
                led_on += response.status_code in (301, 302, 303, 307, 308)
                if said := leads_away(response, path):
                    away.append(f"{path} with {text!r}: {said}")
    assert away == []
    assert led_on > 50


def _one_that_is_there(written: str, furnished) -> str:
    plain = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", written).replace("^", "").replace("$", "")
    for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", plain):
        values = furnished.pools.get(name, ["1"])
        plain = re.sub(rf"<(?:{kind}:)?{name}>", str(values[0]), plain, count=1)
    return f"/{plain}"


@pytest.mark.parametrize("text", ELSEWHERE)
def test_a_scanned_text_never_opens_another_site(furnished, text):
    client = Client()
    for path, name in (("/scan/read", "text"), ("/follow", "code"), ("/report", "code"), ("/find", "q")):
        response = client.get(path, {name: text})
        assert leads_away(response, path) == ""
        links = re.findall(r'(?:href|action|src)="([^"]*)"', response.content.decode())
        assert not [link for link in links if "evil.example" in urlsplit(urljoin("http://testserver/", link.replace("\\", "/"))).netloc]
        assert not [link for link in links if link.lower().startswith(("javascript:", "data:text"))]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_signing_in_leads_to_this_site(furnished, text):
    client = Client()
    for given in ({"next": text}, {}):
        response = client.post(f"/accounts/login/?next={quote(text)}", {"username": "leader", "password": "only-for-the-toy-town", **given})
        assert (response.status_code, leads_away(response, "/accounts/login/")) == (302, "")
        client.logout()


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/..", "/\\evil.example", "/boundaries", "//evil.example/boundaries", "/stations", "//evil.example/%2f.."])
def test_a_slash_that_is_added(furnished, path):
    response = Client().get(path)
    assert leads_away(response, "/") == ""


def test_another_host_is_refused(furnished, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    assert Client(raise_request_exception=False).get("/", headers={"host": "evil.example"}).status_code == 400
    page = Client().get("/", headers={"X-Forwarded-Host": "evil.example"}).content.decode()
    assert "evil.example" not in page


def test_the_test_can_see():
    for text in ELSEWHERE:
        response = HttpResponse(status=302)
        response.headers._store["location"] = ("Location", text)
        seen = leads_away(response, "/scan/read")
        assert bool(seen) == (text not in ("%2F%2Fevil.example", "/%09/evil.example")), text
