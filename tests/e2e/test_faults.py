"""People at work while servers are killed: nothing that was acknowledged is lost, nothing is double, and all is well again after.

A few seconds here; `make soak` gives it SOAK_SECONDS and more people. Everybody keeps trying the same thing until it is answered, as a
phone's queue does; what the product owes them is that the answer then holds.
"""

import http.client
import http.cookiejar
import os
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.e2e.product import Product, children

SECONDS = float(os.environ.get("SOAK_SECONDS", "6"))
PEOPLE = 12 if SECONDS > 60 else 4
BETWEEN = 20.0 if SECONDS > 60 else 2.0  # seconds between two faults
LARGEST = 1 << 30  # bytes of memory that a web process may hold
PATIENCE = 60.0  # seconds until an answer must come, faults and all
UNANSWERED = (OSError, http.client.HTTPException)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Person:
    """A browser without a window: cookies, forms, and the patience to try again. Times are noted in seconds by kind of request."""

    def __init__(self, product: Product, times: dict[str, list[float]], troubles: Counter[str]) -> None:
        self.product, self.times, self.troubles = product, times, troubles
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def ask(self, kind: str, path: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """The path that answered and its text, however often it takes. AssertionError when the answer is a fault of ours, or none comes."""
        deadline = time.monotonic() + PATIENCE
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        while time.monotonic() < deadline:
            began = time.perf_counter()
            try:
                with self.opener.open(self.product.address + path, body, timeout=20) as answer:
                    text = answer.read().decode(errors="replace")
                self.times[kind].append(time.perf_counter() - began)
                return urllib.parse.urlsplit(answer.url).path, text
            except urllib.error.HTTPError as error:
                said = error.read().decode(errors="replace")
                assert error.code in (502, 503), f"{kind} {path}: {error.code}\n{said[:2000]}"
                self.troubles[f"{kind} {error.code}"] += 1
            except UNANSWERED as error:
                self.troubles[f"{kind} {type(error).__name__}"] += 1
            time.sleep(0.2)
        raise AssertionError(f"{kind} {path}: no answer in {PATIENCE:.0f} s")

    def report(self, door: dict) -> tuple[str, str]:
        """Files a report as a phone does, once; submission number and follow code."""
        submission = str(uuid.uuid4())
        where = {"lat": f"{door['lat']:.6f}", "lon": f"{door['lon']:.6f}"}
        _, page = self.ask("form", "/report?" + urllib.parse.urlencode(where))
        form = {**where, "submission": submission, "text": f"路灯不亮 {submission}", "csrfmiddlewaretoken": TOKEN.search(page)[1]}
        path, _ = self.ask("report", "/report", form)
        assert path.startswith("/report/sent/"), path
        return submission, path.rstrip("/").rsplit("/", 1)[-1]


@contextmanager
def at_work(tasks: list[Callable[[threading.Event], None]]) -> Iterator[None]:
    """Each task in a thread, told to stop when the block ends; the first that failed fails the test."""
    over, failures = threading.Event(), []

    def carry_out(task: Callable[[threading.Event], None]) -> None:
        try:
            task(over)
        except BaseException as error:  # told below, in the thread that can fail a test
            failures.append(error)

    threads = [threading.Thread(target=carry_out, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def memory(pid: int) -> int:
    """Bytes held; 0 when the process is gone."""
    try:
        return next(int(line.split()[1]) << 10 for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return 0


class Faults:
    """What may happen to a server, one thing after another."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.done: Counter[str] = Counter()

    def strike(self, turn: int) -> None:
        fault = (self.web_process, self.connections, self.worker, self.web)[turn % 4]
        fault()
        self.done[fault.__name__] += 1

    def web_process(self) -> None:
        for pid in children(self.product.running["web"].pid):
            os.kill(pid, 9)

    def web(self) -> None:
        self.product.kill("web")
        self.product.start_again("web")

    def worker(self) -> None:
        self.product.kill("worker")
        self.product.start_again("worker")

    def connections(self) -> None:
        with psycopg.connect(self.product.database_url, dbname="postgres", autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.product.name])


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_nothing_acknowledged_is_lost(product: Product) -> None:
    times: dict[str, list[float]] = defaultdict(list)
    troubles: Counter[str] = Counter()
    door, filed, lock = product.facts["door"], [], threading.Lock()
    pages = ["/", "/deputies/", "/stations/", f"/find?lat={door['lat']}&lon={door['lon']}", f"/api/v1/find?lat={door['lat']}&lon={door['lon']}"]

    def resident(over: threading.Event) -> None:
        person = Person(product, times, troubles)
        while not over.is_set():
            receipt = person.report(door)
            with lock:
                filed.append(receipt)
            over.wait(0.3)

    def reader(over: threading.Event) -> None:
        person, order = Person(product, times, troubles), random.Random(1)
        while not over.is_set():
            person.ask("page", order.choice(pages))
            over.wait(0.05)

    faults, largest = Faults(product), 0
    with at_work([*[resident] * (PEOPLE // 2), *[reader] * (PEOPLE - PEOPLE // 2)]):
        ends, turn = time.monotonic() + SECONDS, 0
        while time.monotonic() < ends:
            time.sleep(BETWEEN)
            largest = max(largest, *map(memory, children(product.running["web"].pid) or [0]))
            faults.strike(turn)
            turn += 1
    product.await_health()

    _print(times, troubles, faults, len(filed), largest)
    with psycopg.connect(product.database_url) as connection:
        kept = connection.execute("SELECT submission::text, follow_code FROM cases_case WHERE text LIKE '路灯不亮 ________-%'").fetchall()
        unwritten = connection.execute(
            "SELECT count(*) FROM cases_case c WHERE NOT EXISTS (SELECT FROM cases_caseevent e WHERE e.subject_id = c.id)"
        ).fetchone()
    assert filed, "nobody could file a report"
    assert sorted(kept) == sorted(filed)  # each acknowledged once, kept once
    assert unwritten == (0,)  # a case and its first event are one transaction
    assert largest < LARGEST
    product.manage("verify_history")
    person = Person(product, times, troubles)
    for _, code in filed[-3:]:
        path, _ = person.ask("follow", f"/follow/{code}")
        assert path.rstrip("/").endswith(code)


def _print(times: dict[str, list[float]], troubles: Counter[str], faults: Faults, filed: int, largest: int) -> None:
    print(f"\n{SECONDS:.0f} s, {PEOPLE} people, faults {dict(faults.done)}; {filed} reports; largest web process {largest >> 20} MB")
    for kind, taken in sorted(times.items()):
        taken.sort()
        print(f"{kind:8} {len(taken):6} answers  median {1000 * taken[len(taken) // 2]:6.0f} ms  p95 {1000 * taken[int(len(taken) * 0.95)]:6.0f} ms")
    print("tried again:", dict(troubles))
