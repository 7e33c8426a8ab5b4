"""A code that nobody issued, one that is badly signed, one that was retired and one that is void are answered alike: the same bytes,
the same questions to the database, the same time. And no code is ever listed in public."""

import itertools
import re
import statistics
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.deputies.codes import DeputyCode, StationCode
from apps.record import issuing
from apps.record.codes import signed_code
from apps.territory.plates import IssuedPlate, Issuer, PlateCode
from tests import town as toy
from tests.conftest import public_role
from tests.portal.test_metamorphic import public_answers

ROUNDS = 40
TOLERANCE = 1.2  # of the lower quartiles, which a busy machine blurs least


@pytest.fixture
def kinds(furnished) -> dict[str, dict[str, str]]:
    """For every kind of code, codes that lead nowhere, by why."""
    town = furnished.town
    point = toy.at(0.3, 0.4)
    ended = ("retired", "void")
    plates = {status: issuing.issue([PlateCode(words="拆掉的房子", point=point, status=status)])[0] for status in ended}
    deputies = {status: issuing.issue([DeputyCode(deputy=town.deputies["D3"], status=status)])[0] for status in ended}
    stations = {status: issuing.issue([StationCode(station=town.stations["SS"], status=status)])[0] for status in ended}
    chain = issuing.issue([PlateCode(words="换过的", point=point, status="replaced", successor=plates["void"])])[0]
    idle = Issuer.objects.create(slug="idle", name="停用的单位", pattern=r"https://idle\.example/(?P<id>\d+)", example="https://idle.example/77", active=False)
    IssuedPlate.objects.create(issuer=idle, external_id="77", doorplate=town.doorplates["P02"])
    police = Issuer.objects.get(slug="police")
    IssuedPlate.objects.create(issuer=police, external_id="33990009", doorplate=town.doorplates["P01"], status="retired")
    unknown, badly = signed_code(), signed_code()
    nobodys = {"unknown": unknown, "badly signed": badly[:-2] + ("22" if badly[-2:] != "22" else "33"), "no code": "ABCDEFGHJKMN"}
    own = nobodys | {status: row.code for status, row in plates.items()} | {"leads to a void one": chain.code}
    return {
        "/d/{}": own | {f"{status} station's": row.code for status, row in stations.items()},
        "/p/{}": nobodys | {status: row.code for status, row in deputies.items()},
        "/p/{}/card": nobodys | {status: row.code for status, row in deputies.items()},
        "/d/police/{}": {"unknown": "33990008", "retired": "33990009", "of another shape": "3399000x"},
        "/d/idle/{}": {"unknown": "78", "issuer out of use": "77"},
        "/d/nobody/{}": {"unknown": "33990008", "known elsewhere": "33990001"},
        "/scan/read?text={}": own,
        "/report?code={}": own,
        "/follow/{}": {"unknown": "23456789AB", "no code": "23456789AC"},
    }  # fmt: skip


def asked(client: Client, path: str, code: str) -> tuple[int, bytes, dict, list[str]]:
    """Status, bytes and headers with the typed code and the page's tokens taken out, and the statements that were run (the layers'
    versions are read once a second, whatever is asked)."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(path.format(code))
    body = response.content.replace(code.encode(), b"CODE")
    body = re.sub(rb'(name="(?:submission|csrfmiddlewaretoken)" value=")[^"]+', rb"\1", body)
    headers = {name: value for name, value in response.headers.items() if name not in ("Content-Length", "Expires")}
    statements = [re.sub(r"'[^']*'|\b\d+\b", "?", query["sql"]) for query in queries if "territory_layerversion" not in query["sql"]]
    return response.status_code, body, headers, statements


def test_the_same_bytes_and_the_same_questions(kinds, as_public, client):
    for path, codes in kinds.items():
        for code in codes.values():
            client.get(path.format(code))  # what a process remembers is remembered
        answers = {why: asked(client, path, code) for why, code in codes.items()}
        first = answers.pop(next(iter(codes)))
        assert first[0] == 404, path
        for why, answer in answers.items():
            assert answer[:3] == first[:3], f"{path}: {why}"
            if path != "/follow/{}":  # a code of another form is not looked up, as anybody can tell by its check character
                assert answer[3] == first[3], f"{path}: {why}"


def test_only_their_lengths_differ_in_what_is_sent_back(kinds, as_public, client):
    for path, codes in kinds.items():
        lengths = {
            len(client.get(path.format(code)).content) - client.get(path.format(code)).content.count(code.encode()) * len(code.encode())
            for code in codes.values()
        }
        assert len(lengths) == 1, path


@pytest.mark.parametrize("path", ["/d/{}", "/p/{}", "/scan/read?text={}", "/d/police/{}"])
def test_the_same_time(kinds, as_public, client, path):
    """Quartiles of many requests taken in turn. A disturbed measurement is taken again; a real difference stays."""
    codes = kinds[path]
    for _ in range(6):
        quartiles = _quartiles(client, path, codes)
        if max(quartiles.values()) <= TOLERANCE * min(quartiles.values()):
            return
    pytest.fail(f"{path}: { ({why: f'{seconds * 1000:.2f} ms' for why, seconds in quartiles.items()}) }")


def _quartiles(client: Client, path: str, codes: dict[str, str]) -> dict[str, float]:
    taken = {why: [] for why in codes}
    for _, (why, code) in itertools.product(range(ROUNDS), codes.items()):
        began = time.perf_counter()
        client.get(path.format(code))
        taken[why].append(time.perf_counter() - began)
    return {why: statistics.quantiles(seconds)[0] for why, seconds in taken.items()}


def test_a_slower_answer_would_be_seen(kinds, as_public, client, monkeypatch):
    """Three milliseconds more for codes that were issued once."""
    from apps.record import issued

    plain, once = issued.IssuedCodeQuerySet.leading_to, {code for why, code in kinds["/d/{}"].items() if why in ("retired", "void")}

    def leaky(self, typed):
        if typed in once:
            time.sleep(0.003)
        return plain(self, typed)

    monkeypatch.setattr(issued.IssuedCodeQuerySet, "leading_to", leaky)
    quartiles = _quartiles(client, "/d/{}", kinds["/d/{}"])
    assert max(quartiles.values()) > TOLERANCE * min(quartiles.values())


def test_no_public_answer_lists_a_code(furnished):
    """Codes stand on doors and cards: no page that was not opened by one names one."""
    codes = {code for kind in ("door", "void", "deputy", "station") for code in furnished.codes[kind]} | {case.follow_code for case in furnished.cases}
    with public_role():
        answers = public_answers(furnished)
    told = []
    for url, (_, body) in answers.items():
        text = body.decode(errors="replace").replace("-", "")
        told += [f"{url} names {code}" for code in codes if code in text and not opened_by_a_code(url, codes)]
    assert told == []


def opened_by_a_code(url: str, codes: set[str]) -> bool:
    return any(code in url for code in codes) or url.startswith(("/d/", "/scan/read"))
