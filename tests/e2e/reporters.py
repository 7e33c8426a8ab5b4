"""Residents without a browser, many at once, each from an address of his own: what they hand in, what they were told, how long it took.

Everybody keeps trying the same report until it is answered, as a phone's queue does; what the product owes him is that the answer then holds.
"""

import http.client
import re
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

import psycopg

from tests.e2e.product import Product

PATIENCE = 60.0  # seconds until an answer must come, faults and all
PAUSE = 0.1  # seconds before somebody tries again
UNANSWERED = (OSError, http.client.HTTPException)
REVISION = re.compile(r'name="revision" value="(\d+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    text: str


@dataclass(frozen=True)
class Receipt:
    """What somebody was told: his submission number, the follow code; seconds from the first attempt, and attempts."""

    submission: str
    code: str
    seconds: float
    tries: int


@dataclass
class Reporter:
    """One resident behind one network address (127.x.y.z of this machine: the product counts by address)."""

    product: Product
    number: int
    cookies: SimpleCookie = field(default_factory=SimpleCookie)
    troubles: Counter = field(default_factory=Counter)
    _connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> "Reporter":
        return self

    def __exit__(self, *_) -> None:
        self.hang_up()

    @property
    def address(self) -> str:
        return f"127.1.{self.number // 250}.{self.number % 250 + 1}"

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        """One attempt. Raises what a broken line raises."""
        if self._connection is None:
            where = urllib.parse.urlsplit(self.product.address)
            self._connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30, source_address=(self.address, 0))
        headers = {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())}
        try:
            self._connection.request(method, path, body, headers | ({"Content-Type": kind} if kind else {}))
            answer = self._connection.getresponse()
            text = answer.read().decode(errors="replace")
        except UNANSWERED:
            self.hang_up()
            raise
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.load(value)
        return Answer(answer.status, answer.getheader("Location", ""), text)

    def until_answered(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[Answer, int]:
        """The first answer that is not “just now not”, and how many attempts it took."""
        ends, tries = time.monotonic() + PATIENCE, 0
        while time.monotonic() < ends:
            tries += 1
            try:
                answer = self.ask(method, path, body, kind)
                if answer.status not in (502, 503):
                    return answer, tries
                self.troubles[str(answer.status)] += 1
            except UNANSWERED as error:
                self.troubles[type(error).__name__] += 1
            time.sleep(PAUSE)
        raise AssertionError(f"{method} {path}: no answer in {PATIENCE:.0f} s")

    def sign_in(self, login: str) -> None:
        """The same person with an account: a clerk, a deputy."""
        answer = self.post("/accounts/login/", self.opened("/accounts/login/") | {"username": login, "password": self.product.facts["password"]})
        assert answer.status == 302, answer.text[:2000]

    def opened(self, path: str) -> dict[str, str]:
        """What the forms of a page would send by themselves: the token, and the revision where the page shows one."""
        page, _ = self.until_answered("GET", path)
        assert page.status == 200, f"{page.status} {page.location} {page.text[:2000]}"
        revision = REVISION.search(page.text)
        return {"csrfmiddlewaretoken": TOKEN.search(page.text)[1]} | ({"revision": revision[1]} if revision else {})

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self.until_answered("POST", path, urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded")[0]

    def move(self, path: str, verb: str, note: str, **more: str) -> None:
        """One step of a case, on its page as it is now."""
        answer = self.post(path, self.opened(path) | {"verb": verb, "note": note} | more)
        said = re.findall(r'role="alert".*?</p>|field-error.*?</div>', answer.text, re.DOTALL)
        assert answer.status == 302, f"{verb}: {answer.status} {said}"

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def form(self, lon: float, lat: float) -> dict[str, str]:
        """The page opened at a place, as what it would send."""
        where = {"lat": f"{lat:.6f}", "lon": f"{lon:.6f}"}
        page, _ = self.until_answered("GET", "/report?" + urllib.parse.urlencode(where))
        assert page.status == 200, page.text[:2000]
        return {**where, "csrfmiddlewaretoken": TOKEN.search(page.text)[1]}

    def send(self, form: dict[str, str], text: str, submission: str = "", photo: bytes = b"") -> tuple[Answer, int]:
        written = form | {"submission": submission or str(uuid.uuid4()), "text": text}
        if not photo:
            return self.until_answered("POST", "/report", urllib.parse.urlencode(written).encode(), "application/x-www-form-urlencoded")
        return self.until_answered("POST", "/report", *multipart(written, photo))

    def report(self, form: dict[str, str], text: str, photo: bytes = b"") -> Receipt:
        """Hands one report in; AssertionError with the page's words when it is not taken."""
        submission, began = str(uuid.uuid4()), time.perf_counter()
        answer, tries = self.send(form, text, submission, photo)
        assert answer.status == 302 and "/report/sent/" in answer.location, f"{answer.status} {answer.location}\n{answer.text[:3000]}"
        return Receipt(submission, answer.location.rstrip("/").rsplit("/", 1)[-1], time.perf_counter() - began, tries)


def multipart(fields: dict[str, str], photo: bytes) -> tuple[bytes, str]:
    """A form with one photo, and its content type."""
    mark = uuid.uuid4().hex
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode()
    return b"".join([*parts, head, photo, f"\r\n--{mark}--\r\n".encode()]), f"multipart/form-data; boundary={mark}"


@dataclass(frozen=True)
class Rush:
    """Many at once: their receipts, the seconds from the first report sent to the last one answered, what had to be tried again."""

    receipts: Sequence[Receipt]
    seconds: float
    troubles: Counter

    @property
    def each_second(self) -> float:
        return len(self.receipts) / self.seconds

    def slowest(self, share: float) -> float:
        """Seconds that this share of the reports did not exceed."""
        taken = sorted(receipt.seconds for receipt in self.receipts)
        return taken[min(len(taken) - 1, int(len(taken) * share))]

    def said(self) -> str:
        again = f"; tried again: {dict(self.troubles)}" if self.troubles else ""
        return (
            f"{len(self.receipts)} reports in {self.seconds:.1f} s: {self.each_second:.0f} reports/s, "
            f"median {1000 * self.slowest(0.5):.0f} ms, p99 {1000 * self.slowest(0.99):.0f} ms{again}"
        )


def rush(product: Product, people: int, each: int, text: Callable[[int, int], str], meanwhile: Callable[[], None] | None = None, first: int = 0) -> Rush:
    """So many people with the form open send so many reports each, beginning at the same moment. meanwhile: what happens to the servers then."""
    door = product.facts["crowded"]
    reporters = [Reporter(product, first + number) for number in range(people)]
    forms = [reporter.form(door["lon"], door["lat"]) for reporter in reporters]
    ready, receipts, failures = threading.Barrier(people + 1), [], []

    def work(reporter: Reporter, form: dict[str, str]) -> None:
        ready.wait()
        try:
            for turn in range(each):
                receipts.append(reporter.report(form, text(reporter.number, turn)))
        except BaseException as error:  # told below, in the thread that can fail a test
            failures.append(error)
        finally:
            reporter.hang_up()

    threads = [threading.Thread(target=work, args=pair) for pair in zip(reporters, forms, strict=True)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    if meanwhile:
        meanwhile()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return Rush(receipts, time.perf_counter() - began, sum((reporter.troubles for reporter in reporters), Counter()))


def kept(product: Product, words: str) -> list[tuple[str, str]]:
    """(submission, follow code) of the cases whose text begins with these words, sorted."""
    with psycopg.connect(product.database_url) as connection:
        found = connection.execute("SELECT submission::text, follow_code FROM cases_case WHERE starts_with(text, %s)", [words]).fetchall()
    return sorted(found)


def acknowledged(receipts: Sequence[Receipt]) -> list[tuple[str, str]]:
    return sorted((receipt.submission, receipt.code) for receipt in receipts)
