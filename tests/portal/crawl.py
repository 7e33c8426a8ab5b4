"""Every page there is, found from the table of addresses: each pattern is opened with all values that its parameters can take in
the toy county (`conftest.pools`), then what its pages link to."""

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import URLPattern, URLResolver

TOKENS = re.compile(
    rb'(name="csrfmiddlewaretoken" value=")[^"]+|(name="submission" value=")[^"]+|(nonce=")[^"]+|("X-CSRFToken": ")[^"]+|(&quot;X-CSRFToken&quot;: &quot;)\w+'
)
LINKS = re.compile(r"""(?:href|action|hx-get|data-url|src)="([^"#]+)""")
OPENED = (200, 204, 301, 302, 304)
SHUT = (403, 405)  # whatever the values: not for this user, or not to be read
MOST_TRIES, MOST_OPENED, MOST_FILLED = 400, 10, 50_000


def patterns(entries: Iterable, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(path as written, pattern) of every address below these entries."""
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


def filled(written: str, pools: Mapping[str, Iterable]) -> Iterator[str]:
    """The paths that a pattern makes of the pools' values: `report/<str:code>`, or a regular expression with named groups."""
    plain = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", written).replace("^", "").replace("$", "").replace("\\Z", "")
    names = re.findall(r"<(?:\w+:)?(\w+)>", plain)
    missing = [name for name in names if name not in pools and "*" not in pools]
    assert not missing, f"{written}: no values are known for {missing}"
    for values in itertools.islice(itertools.product(*(list(pools[name if name in pools else "*"]) for name in names)), MOST_FILLED):
        path = plain
        for value in values:
            path = re.sub(r"<[^>]+>", str(value), path, count=1)
        yield f"/{path}"


class Crawler:
    """Opens pages as one user and keeps what came back, so that two worlds can be compared byte by byte."""

    def __init__(self, client: Client, missing: Mapping[str, tuple[int, bytes]] = MappingProxyType({})) -> None:
        """missing: answers of addresses that are known to lead nowhere (guesses that no value fits); they are not asked for again."""
        self.client = client
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.missing = missing

    def get(self, url: str) -> tuple[int, bytes]:
        if url in self.missing:
            self.answers[url] = self.missing[url]
        if url not in self.answers:
            response = self.client.get(url)
            body = b"".join(response.streaming_content) if response.streaming else response.content
            headers = [f"{name}: {response.headers[name]}" for name in ("Location", "ETag", "Content-Disposition") if name in response.headers]
            self.answers[url] = response.status_code, TOKENS.sub(rb"\1\2\3\4\5", body) + "\n".join(headers).encode()
        return self.answers[url]

    def open_pattern(self, written: str, pools: Mapping[str, Iterable], queries: Iterable[str] = ()) -> list[str]:
        """Open a pattern with what its pools hold, and each page that there is with the queries; those there are. Below a page that is
        known not to be there nothing is tried: the tries are for the parts of what there is."""
        there = []
        for path in itertools.islice((path for path in filled(written, pools) if not self._below_nothing(path)), MOST_TRIES):
            status = self.get(path)[0]
            if status in OPENED:
                there.append(path)
            if len(there) >= MOST_OPENED or status in SHUT:
                break
        for path, query in itertools.product(there or list(filled(written, pools))[:1], queries):
            if self.get(f"{path}?{query}")[0] in OPENED:
                there.append(f"{path}?{query}")
        return there

    def _below_nothing(self, path: str) -> bool:
        """`/cases/X/answer/1` where `/cases/X/` was not found."""
        ends = [at.start() for at in re.finditer("/", path)][2:]
        above = (shorter for end in ends if end < len(path) - 1 for shorter in (path[:end], path[: end + 1]))
        return any(self.answers[shorter][0] == 404 for shorter in above if shorter in self.answers)

    def follow(self, start: Iterable[str], most: int = 400) -> None:
        """Open what the pages link to on this site, breadth first."""
        waiting, seen = deque(start), set()
        while waiting and len(self.answers) < most:
            url = waiting.popleft()
            if url in seen or url.startswith("/static/"):
                continue
            seen.add(url)
            status, body = self.get(url)
            if status == 200 and b"<html" in body[:200]:
                waiting.extend(_links(url, body))


def _links(url: str, body: bytes) -> Iterator[str]:
    for found in LINKS.findall(body.decode(errors="replace")):
        target = urlsplit(urljoin(url, unescape(found)))
        if not target.netloc and target.scheme in ("", "http", "https") and not target.path.startswith("/accounts/logout"):
            yield target.path + (f"?{target.query}" if target.query else "")


def differences(before: Mapping[str, tuple[int, bytes]], after: Mapping[str, tuple[int, bytes]]) -> list[str]:
    """The addresses that answered otherwise, with the first place where."""
    found = [f"{url}: only in one world" for url in before.keys() ^ after.keys()]
    for url in before.keys() & after.keys():
        (status, one), (status_after, other) = before[url], after[url]
        if (status, one) != (status_after, other):
            at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
            cut = slice(max(at - 60, 0), at + 60)
            found.append(f"{url}: {status} {one[cut].decode(errors='replace')!r} became {status_after} {other[cut].decode(errors='replace')!r}")
    return sorted(found)
