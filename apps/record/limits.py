"""How often one client, and one code, may ask: `times` requests at once, then one every `seconds / times` (`buckets`).

What is stored is a keyed hash that changes every day, and is deleted when the bucket is full again: nothing tells who asked.
Telephone networks put thousands behind one address, so reading is generous; what is tight is posting, and codes that do not exist.
"""

import ipaddress
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.record import buckets
from apps.record.buckets import Asked

LEASES_KEPT = 20_000
NOT_KEPT = {"csrfmiddlewaretoken", "password"}
NETWORK_BITS = {4: 32, 6: 64}  # a household has one IPv4 address, or one IPv6 network


@dataclass(frozen=True)
class Rate:
    """`times` in `seconds`, for each client or each code. `misses`: only answers 404 count; when they are used up nothing is
    answered. `lease`: so many are taken from the database at once and spent in this process, where counting each would cost more
    than answering."""

    name: str
    times: int
    seconds: int
    of: Literal["client", "code"] = "client"
    misses: bool = False
    lease: int = 1

    @property
    def interval(self) -> float:
        """Seconds after which one more request is allowed."""
        return self.seconds / (self.times * settings.RATE_LIMIT_TIMES)


READING = Rate("reading", 6000, 60, lease=100)  # pages, suggestions while typing, the interfaces
GUESSING = Rate("guessing", 300, 600, misses=True)  # codes that do not exist; ours are far too rare to be hit at this pace
ONE_CODE = Rate("one code", 600, 60, of="code", lease=20)  # one plate in front of a full hall
POSTING = Rate("posting", 240, 3600)  # reports, ratings: a whole telephone network may stand behind one address
LOOKING = Rate("looking", 600, 600)  # for reports like one's own, which nobody may search through
SIGNING_IN = Rate("signing in", 60, 600)


def limited(*rates: Rate, methods: tuple[str, ...] = (), data: bool = False) -> Callable:
    """Decorate a view: who asks more often than one of `rates` allows gets 429 and the seconds to wait, as JSON where the view
    answers `data`. Only `methods` count, or all. The code of a request is the view's argument `code`, or the parameter `code` or
    `text`; where there is none, nothing can be guessed."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def counted(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not settings.RATE_LIMIT_TIMES or (methods and request.method not in methods):
                return view(request, *args, **kwargs)
            subjects = {"client": client(request), "code": _code(request, kwargs)}
            counting = [rate for rate in rates if subjects[rate.of] and (subjects["code"] or not rate.misses)]
            keys = {rate: _key(rate.name, subjects[rate.of]) for rate in counting}
            if wait := _take(keys):
                return too_many(request, wait, data=data)
            response = view(request, *args, **kwargs)
            if response.status_code != 404:
                _give_back({rate: key for rate, key in keys.items() if rate.misses})
            return response

        counted.rates = (*rates, *getattr(view, "rates", ()))
        return counted

    return decorate


def spent(rate: Rate, subject: str) -> int:
    """Take one from a bucket that a view counts itself, such as a key's: 0, or the seconds to wait."""
    return math.ceil(_take({rate: _key(rate.name, subject)})) if settings.RATE_LIMIT_TIMES else 0


def too_many(request: HttpRequest, wait: float, *, data: bool = False) -> HttpResponse:
    """429 with Retry-After. What was typed into a form stays on the page and can be sent again from there."""
    seconds = max(1, math.ceil(wait))
    words = f"请过 {seconds} 秒再试。" if seconds < 120 else f"请过 {math.ceil(seconds / 60)} 分钟再试。"
    if data or "json" in request.headers.get("Accept", ""):
        response: HttpResponse = JsonResponse({"message": f"请求太频繁了，{words}"}, status=429)
    else:
        typed = [(name, value) for name, values in request.POST.lists() if name not in NOT_KEPT for value in values]
        page = {"words": words, "typed": typed, "again": request.get_full_path(), "token": get_token(request) if typed else ""}
        response = HttpResponse(render_to_string("429.html", page), status=429)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    return response


def client(request: HttpRequest) -> str:
    """The network a request comes from. Behind TRUSTED_PROXIES proxies it is what the outermost of them has seen: that many
    entries from the right of X-Forwarded-For, since whatever stands left of it anybody may write. A request with fewer entries
    has not come through all of them: its own address counts."""
    near = request.META.get("REMOTE_ADDR", "")
    passed = [entry.strip() for entry in request.headers.get("X-Forwarded-For", "").split(",") if entry.strip()]
    if 0 < settings.TRUSTED_PROXIES <= len(passed):
        return _network(passed[-settings.TRUSTED_PROXIES]) or _network(near) or "unknown"
    return _network(near) or "unknown"


def _network(written: str) -> str:
    """An address as proxies write it, with or without port, as its network; empty when it is none."""
    text = written.strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{NETWORK_BITS[address.version]}", strict=False))


def _code(request: HttpRequest, kwargs: Mapping) -> str:
    typed = str(kwargs.get("code") or request.GET.get("code") or request.GET.get("text") or "")
    return "".join(character for character in typed.upper() if character.isalnum())[:64]


def _key(name: str, subject: str) -> bytes:
    said = f"{timezone.localdate()}/{name}/{subject}"
    return salted_hmac("apps.record.limits", said, algorithm="sha256").digest()[:16]


class _Leases:
    """What this process has taken and not yet spent."""

    def __init__(self) -> None:
        self._left: dict[bytes, tuple[int, float]] = {}  # requests, and the moment at which they lapse
        self._lock = threading.Lock()

    def spend(self, key: bytes) -> bool:
        with self._lock:
            left, lapses = self._left.get(key, (0, 0.0))
            if left < 1 or lapses < time.monotonic():
                return False
            self._left[key] = (left - 1, lapses)
            return True

    def keep(self, key: bytes, requests: int, seconds: float) -> None:
        with self._lock:
            if len(self._left) >= LEASES_KEPT:
                now = time.monotonic()
                self._left = {held: lease for held, lease in self._left.items() if lease[0] and lease[1] >= now}
            if len(self._left) < LEASES_KEPT:
                left, _ = self._left.get(key, (0, 0.0))
                self._left[key] = (left + requests, time.monotonic() + seconds)

    def forget(self) -> None:
        with self._lock:
            self._left.clear()


leases = _Leases()


def _take(keys: Mapping[Rate, bytes]) -> float:
    """Take one request from every bucket; 0, or the seconds until the emptiest has one again."""
    asked = {rate: key for rate, key in keys.items() if not leases.spend(key)}
    if not asked:
        return 0.0
    waits = buckets.take([Asked(key, rate.interval * rate.lease, rate.seconds) for rate, key in asked.items()])
    for (rate, key), wait in zip(asked.items(), waits, strict=True):
        if rate.lease > 1 and not wait:
            leases.keep(key, rate.lease - 1, rate.seconds)
    return max(waits)


def _give_back(keys: Mapping[Rate, bytes]) -> None:
    if keys:
        buckets.give_back([Asked(key, rate.interval, rate.seconds) for rate, key in keys.items()])
