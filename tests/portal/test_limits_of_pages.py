"""Every public page has a limit; codes cannot be guessed; posting is tight, reading is not. Over real requests, as the public role."""

import re
import uuid

import pytest
from django.test import Client

from apps.cases.models import Case
from apps.record import buckets, limits
from apps.record.codes import new_code, signed_code
from apps.record.limits import GUESSING, ONE_CODE, POSTING, READING
from apps.record.models import Allowance
from geo_renda.urls import OFFICE, PUBLIC
from tests.portal.crawl import patterns
from tests.town import at

FREE = {"offline", "service_worker"}  # files that say nothing of the county
LISTED = {"deputy_page", "station_page"}  # their codes stand in public lists
BY_PARAMETER = {"report", "follow", "scan_read"}
POSTED = {"report", "case_rate"}


def rates(pattern) -> tuple:
    return getattr(pattern.callback, "rates", ())


@pytest.mark.parametrize(("path", "pattern"), [(path, entry) for path, entry in patterns(PUBLIC) if entry.name not in FREE], ids=lambda each: each if isinstance(each, str) else "")
def test_every_public_page_has_its_limit(path, pattern):
    assert rates(pattern), f"{path} has no @limited(…)"
    if pattern.name in BY_PARAMETER or ("code" in path and pattern.name not in LISTED):
        assert GUESSING in rates(pattern), path
        assert ONE_CODE in rates(pattern) or pattern.name == "scan_read", path
    if pattern.name in POSTED:
        assert POSTING in rates(pattern), path


def test_signing_in_has_its_limit():
    assert any(rates(pattern) for _, pattern in patterns(OFFICE) if pattern.name == "login")


@pytest.fixture
def filed(furnished, settings, monkeypatch) -> Case:
    """Limits are on; time stands still, or buckets would fill again on a slow machine."""
    monkeypatch.setattr(buckets, "NOW", "1800000000::float8")
    settings.RATE_LIMIT_TIMES = 1
    limits.leases.forget()
    return furnished.cases[0]


@pytest.fixture
def fewer(monkeypatch) -> None:
    """The same pace in less time: what holds for so many holds for more, and hundreds of requests each would take long."""
    for rate, times in ((GUESSING, 20), (POSTING, 12)):
        monkeypatch.setitem(rate.__dict__, "seconds", rate.seconds * times // rate.times)
        monkeypatch.setitem(rate.__dict__, "times", times)


def guesses(client: Client, path: str, code, count: int) -> list[int]:
    return [client.get(path.format(code())).status_code for _ in range(count)]


@pytest.mark.parametrize("path", ["/follow/{}", "/follow?code={}", "/report/sent/{}", "/p/{}", "/d/{}", "/scan/read?text={}", "/report?code={}", "/d/police/{}"])
def test_codes_cannot_be_guessed(furnished, filed, fewer, as_public, client, path):
    make = new_code if "follow" in path or "sent" in path else (lambda: uuid.uuid4().hex) if "police" in path else signed_code
    told = guesses(client, path, make, GUESSING.times + 5)
    assert told == [404] * GUESSING.times + [429] * 5
    # Not even a right one is answered now: else the refusals would tell which guess was right.
    assert client.get(f"/follow/{filed.follow_code}").status_code == 429
    assert client.get("/find", {"q": "人民路12号"}).status_code != 429  # looking for an address goes on
    assert [client.get(path).status_code for path in ("/report", "/follow", "/scan")] == [200] * 3  # so do empty forms
    assert client.get(f"/follow/{filed.follow_code}", REMOTE_ADDR="198.51.100.9").status_code == 200  # and others go on


def test_so_many_may_mistype(furnished, filed, as_public, client):
    assert (GUESSING.times, GUESSING.seconds) == (300, 600) and (POSTING.times, POSTING.seconds) == (240, 3600)
    told = guesses(client, "/d/{}", signed_code, GUESSING.times + 2)
    assert told == [404] * GUESSING.times + [429] * 2


def test_many_who_scan_are_not_kept_waiting(furnished, filed, as_public, client):
    """A hall of people behind one address of the telephone network, each with a right code."""
    door = furnished.codes["door"][0]
    told = [client.get(f"/d/{door}").status_code for _ in range(60)] + [client.get(f"/follow/{filed.follow_code}").status_code for _ in range(60)]
    assert told == [200] * 120


def test_posting_is_tight_and_keeps_what_was_typed(furnished, filed, fewer, as_public, client):
    point = at(0.4, 0.5)

    def send():
        sent = {"text": "桥下积水", "lat": point.y, "lon": point.x, "submission": uuid.uuid4(), "via": "web"}
        return client.post("/report", sent)

    answers = [send() for _ in range(POSTING.times + 1)]
    assert {response.status_code for response in answers[:-1]} == {302}
    refused = answers[-1]
    assert refused.status_code == 429 and int(refused["Retry-After"]) <= 60
    page = refused.content.decode()
    assert 'name="text" value="桥下积水"' in page and re.search(r'name="submission" value="[0-9a-f-]{36}"', page)
    assert client.get("/report").status_code == 200  # only sending is refused


def test_behind_a_proxy_each_client_counts_alone(furnished, filed, fewer, as_public, client, settings):
    settings.TRUSTED_PROXIES = 1

    def ask(address: str) -> int:
        return client.get(f"/follow/{new_code()}", headers={"X-Forwarded-For": f"6.6.6.6, {address}"}).status_code

    assert [ask("203.0.113.1") for _ in range(GUESSING.times + 1)][-1] == 429
    assert ask("203.0.113.2") == 404
    told = [client.get(f"/follow/{new_code()}", headers={"X-Forwarded-For": f"10.9.8.{n}, 203.0.113.1"}).status_code for n in range(3)]
    assert told == [429] * 3  # what a client writes into the header itself does not help him


def test_reading_is_generous_and_ends(furnished, filed, as_public, client):
    assert [client.get("/find/suggest").status_code for _ in range(100)] == [200] * 100
    Allowance.objects.update(whole_at=1_800_000_000 + READING.seconds - READING.lease * READING.interval)
    limits.leases.forget()
    assert [client.get("/find/suggest").status_code for _ in range(READING.lease + 1)] == [200] * READING.lease + [429]
    answer = client.get("/api/v1/find", {"q": "x"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (429, "application/json")
