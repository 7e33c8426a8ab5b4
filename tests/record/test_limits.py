"""Rate limits: how many are let through, who counts as one client, what is stored, and what those who are refused read."""

import datetime as dt
import json
import shutil
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from apps.record import buckets, limits, tasks
from apps.record.limits import Rate, client, limited
from apps.record.models import Allowance

ask = RequestFactory()
FEW = Rate("few", 3, 30)
MISSES = Rate("misses", 3, 30, misses=True)


def answers(view, times: int, **meta) -> list[int]:
    return [view(ask.get("/x", **meta)).status_code for _ in range(times)]


def found(request, **_):
    return HttpResponse("there")


def missing(request, **_):
    return HttpResponse("not there", status=404)


@pytest.fixture
def nothing_counted(db) -> None:
    """Requests that tests with transactions of their own have made are counted for good."""
    Allowance.objects.all().delete()


@pytest.mark.usefixtures("nothing_counted")
class TestCounting:
    def test_so_many_and_no_more(self):
        view = limited(FEW)(found)
        assert answers(view, 5) == [200, 200, 200, 429, 429]
        assert answers(view, 1, REMOTE_ADDR="10.0.0.9") == [200]

    def test_the_bucket_fills_again_evenly(self):
        view = limited(FEW)(found)
        answers(view, 3)
        refused = view(ask.get("/x"))
        assert 9 <= int(refused["Retry-After"]) <= 10
        Allowance.objects.update(whole_at=limits_now() + 20)  # ten seconds later
        assert answers(view, 2) == [200, 429]
        Allowance.objects.update(whole_at=0)
        assert answers(view, 4) == [200, 200, 200, 429]

    def test_the_promised_time_is_kept(self, monkeypatch):
        """The clock is the test's: on a busy machine ten requests would take as long as one of them takes to be given back."""
        monkeypatch.setattr(buckets, "NOW", "1800000000::float8")
        view = limited(Rate("quick", 10, 2))(found)
        assert answers(view, 10) == [200] * 10
        refused = view(ask.get("/x"))
        assert refused["Retry-After"] == "1"
        monkeypatch.setattr(buckets, "NOW", "1800000000.25::float8")
        assert answers(view, 2) == [200, 429]

    def test_refused_requests_do_not_lengthen_the_wait(self):
        view = limited(FEW)(found)
        answers(view, 3)
        before = Allowance.objects.get().whole_at
        answers(view, 20)
        assert Allowance.objects.get().whole_at == before

    def test_rates_of_one_name_count_together_and_others_apart(self):
        first, second, third = limited(FEW)(found), limited(FEW)(missing), limited(Rate("others", 1, 30))(found)
        assert answers(first, 2) + answers(second, 2) == [200, 200, 404, 429]
        assert answers(third, 1) == [200]

    def test_only_the_named_methods(self):
        view = limited(FEW, methods=("POST",))(found)
        assert answers(view, 9) == [200] * 9
        assert [view(ask.post("/x")).status_code for _ in range(4)] == [200, 200, 200, 429]

    def test_misses_count_and_hits_do_not(self):
        seen = []

        def view(request, code):
            seen.append(code)
            return found(request) if code == "GOOD" else missing(request)

        guarded = limited(MISSES)(view)
        hits = [guarded(ask.get("/x"), code="GOOD").status_code for _ in range(20)]
        assert hits == [200] * 20
        guesses = [guarded(ask.get("/x"), code=f"BAD{number}").status_code for number in range(5)]
        assert guesses == [404, 404, 404, 429, 429]
        assert guarded(ask.get("/x"), code="GOOD").status_code == 429  # else the answer would tell which codes exist
        assert seen.count("GOOD") == 20

    def test_a_page_not_found_by_exception_is_a_miss_too(self):
        def view(request, code):
            raise Http404

        guarded = limited(MISSES)(view)
        for _ in range(3):
            with pytest.raises(Http404):
                guarded(ask.get("/x"), code="BAD")
        assert guarded(ask.get("/x"), code="BAD").status_code == 429

    @pytest.mark.parametrize("parameter", ["code", "text"])
    def test_without_a_code_there_is_nothing_to_guess(self, parameter):
        view = limited(MISSES)(missing)
        assert [view(ask.get("/x", {parameter: "BAD"})).status_code for _ in range(4)] == [404, 404, 404, 429]
        assert answers(view, 9) == [404] * 9  # the empty form stays open to all behind that address

    def test_of_one_code_however_it_is_written_and_whoever_asks(self):
        view = limited(Rate("a code", 3, 30, of="code"))(found)
        typed = ["abcd-efgh", "ABCDEFGH", "Abcd EfGh", "ABCD-EFGH"]
        told = [view(ask.get("/x", REMOTE_ADDR=f"10.0.{n}.1"), code=code).status_code for n, code in enumerate(typed)]
        assert told == [200, 200, 200, 429]
        assert view(ask.get("/x"), code="OTHER").status_code == 200
        assert view(ask.get("/x", {"code": "abcdefgh"})).status_code == 429
        assert answers(view, 9) == [200] * 9  # no code at all

    def test_a_lease_is_spent_here_and_settled_in_the_database(self, django_assert_num_queries):
        view = limited(Rate("leased", 20, 60, lease=5))(found)
        with django_assert_num_queries(4):
            assert answers(view, 20) == [200] * 20
        assert answers(view, 1) == [429]

    def test_more_by_setting_and_none(self, settings):
        settings.RATE_LIMIT_TIMES = 2
        assert answers(limited(FEW)(found), 7) == [200] * 6 + [429]
        settings.RATE_LIMIT_TIMES = 0
        assert answers(limited(FEW)(found), 20) == [200] * 20

    def test_as_the_public_role(self, as_public):
        assert answers(limited(FEW, MISSES)(found), 4) == [200, 200, 200, 429]


def limits_now() -> float:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {buckets.NOW}")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_moment_get_no_more():
    """Forty threads with forty connections, three requests each: as many pass as the bucket holds."""
    view = limited(Rate("crowd", 50, 3600))(found)
    told, start = [], threading.Barrier(40)

    def run():
        start.wait()
        told.extend(answers(view, 3))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told.count(200), told.count(429)) == (50, 70)


@pytest.fixture
def server(tmp_path, settings):
    """A Redis of its own, on a socket in the test's folder."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("redis-server is not installed")
    path = Path(tempfile.mkdtemp()) / "s"  # a socket's path is short
    process = subprocess.Popen([program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    settings.REDIS_URL = f"unix://{path}"
    yield process
    process.terminate()
    process.wait(10)
    buckets._redis.cache_clear()


class TestRedis:
    """The same, counted in a real Redis; the database is not asked (these tests may not touch it)."""

    def test_so_many_and_no_more(self, server):
        view = limited(FEW)(found)
        assert answers(view, 5) == [200, 200, 200, 429, 429]
        assert answers(view, 1, REMOTE_ADDR="10.0.0.9") == [200]
        assert 9 <= int(view(ask.get("/x"))["Retry-After"]) <= 10

    def test_it_fills_again_and_forgets(self, server):
        view = limited(Rate("quick", 5, 1))(found)
        assert answers(view, 6) == [200] * 5 + [429]
        held = redis.Redis.from_url(settings.REDIS_URL)
        assert len(held.keys()) == 1 and b"127" not in held.keys()[0]
        time.sleep(0.3)
        assert answers(view, 1) == [200]
        time.sleep(1.3)
        assert held.keys() == []

    def test_misses(self, server):
        guarded = limited(MISSES)(lambda request, code: found(request) if code == "GOOD" else missing(request))
        assert [guarded(ask.get("/x"), code="GOOD").status_code for _ in range(9)] == [200] * 9
        assert [guarded(ask.get("/x"), code="BAD").status_code for _ in range(4)] == [404, 404, 404, 429]

    def test_many_at_the_same_moment_get_no_more(self, server):
        view = limited(Rate("crowd", 50, 3600))(found)
        with ThreadPoolExecutor(40) as at_once:
            told = [status for some in at_once.map(lambda _: answers(view, 3), range(40)) for status in some]
        assert (told.count(200), told.count(429)) == (50, 70)

    def test_a_server_that_is_gone_stops_nobody(self, server, caplog):
        view = limited(FEW)(found)
        assert answers(view, 4) == [200, 200, 200, 429]
        server.kill()
        server.wait(10)
        assert answers(view, 4) == [200] * 4
        assert "Redis 没有应答" in caplog.text


@pytest.mark.usefixtures("nothing_counted")
class TestWhatIsStored:
    def test_nothing_that_leads_back_and_not_for_long(self):
        limited(FEW, Rate("a code", 3, 30, of="code"))(found)(ask.get("/x", REMOTE_ADDR="203.0.113.77"), code="QX7M2")
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM record_allowance")
            rows = cursor.fetchall()
        assert [len(bytes(row[0])) for row in rows] == [16, 16]
        assert b"203" not in b"".join(bytes(row[0]) for row in rows)
        tasks.forget_allowances(0)
        assert Allowance.objects.count() == 2
        Allowance.objects.update(whole_at=limits_now() - 1)
        tasks.forget_allowances(0)
        assert not Allowance.objects.exists()

    def test_the_same_client_is_another_row_tomorrow(self, monkeypatch):
        keys = set()
        for day in (dt.date(2026, 3, 10), dt.date(2026, 3, 11)):
            monkeypatch.setattr(limits.timezone, "localdate", lambda day=day: day)
            keys.add(limits._key("few", "203.0.113.77/32"))
        assert len(keys) == 2

    def test_the_key_of_the_installation_is_in_it(self, settings):
        mine = limits._key("few", "203.0.113.77/32")
        settings.SECRET_KEY = "another" * 10
        assert limits._key("few", "203.0.113.77/32") != mine


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "expected"),
    [
        (0, "1.2.3.4", "198.51.100.7", "198.51.100.7/32"),  # nobody in front: the header is anybody's
        (1, "1.2.3.4", "10.0.0.1", "1.2.3.4/32"),
        (1, "9.9.9.9, 1.2.3.4", "10.0.0.1", "1.2.3.4/32"),  # what the client wrote itself stands left
        (2, "9.9.9.9, 1.2.3.4, 10.0.0.2", "10.0.0.1", "1.2.3.4/32"),
        (2, "1.2.3.4", "10.0.0.1", "10.0.0.1/32"),  # has not come through both
        (1, "", "10.0.0.1", "10.0.0.1/32"),
        (1, "unknown", "10.0.0.1", "10.0.0.1/32"),
        (1, "1.2.3.4:5678", "10.0.0.1", "1.2.3.4/32"),
        (1, '"[2001:db8:1:2:3:4:5:6]:443"', "10.0.0.1", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::1", "10.0.0.1", "2001:db8:1:2::/64"),
        (1, "::ffff:1.2.3.4", "10.0.0.1", "1.2.3.4/32"),
        (1, "fe80::1%eth0", "10.0.0.1", "fe80::/64"),
        (0, "", "2001:db8:1:2:aaaa::9", "2001:db8:1:2::/64"),
        (0, "", "", "unknown"),  # a Unix socket
    ],
)
def test_who_the_client_is(settings, proxies, forwarded, remote, expected):
    settings.TRUSTED_PROXIES = proxies
    meta = {"REMOTE_ADDR": remote} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert client(ask.get("/", **meta)) == expected


@pytest.mark.django_db
class TestWhatIsSaid:
    def refused(self, request):
        return limits.too_many(request, 41.2)

    def test_a_page_in_chinese(self):
        said = self.refused(ask.get("/d/ABC?q=1"))
        assert (said.status_code, said["Retry-After"], said["Cache-Control"]) == (429, "42", "no-store")
        page = said.content.decode()
        assert "请过 42 秒再试" in page and 'href="/d/ABC?q=1"' in page and "<form" not in page

    def test_what_was_typed_can_be_sent_again(self):
        page = self.refused(ask.post("/report", {"text": '路灯坏了"><script>', "password": "s3cret", "csrfmiddlewaretoken": "old"})).content.decode()
        assert 'name="text" value="路灯坏了&quot;&gt;&lt;script&gt;"' in page and '<form method="post" action="/report">' in page
        assert "s3cret" not in page and 'value="old"' not in page

    def test_data_for_programs(self):
        for said in (limits.too_many(ask.get("/x", headers={"accept": "application/json"}), 41.2), limits.too_many(ask.get("/x"), 41.2, data=True)):
            assert json.loads(said.content) == {"message": "请求太频繁了，请过 42 秒再试。"}

    def test_long_waits_in_minutes(self):
        assert "请过 10 分钟再试" in limits.too_many(ask.get("/"), 599).content.decode()
