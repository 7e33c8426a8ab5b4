"""What every answer of this interface has in common: the paging envelope, filters, refusals, formats and the open origin.

The contract is Represent's (Open North, represent-boundaries 0.10: /boundaries/ and /representatives/): parameters, field names,
limits, status codes and the English words of a refusal are as there, since programs were written against them. One parameter is
ours: `on=YYYY-MM-DD` answers with what was in force on that day.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.record.limits import READING, limited

PAGE, MOST = 20, 1000
MOST_SHAPES = 350
FORMATS = ("json", "apibrowser", "geojson", "wkt", "kml")

MATCHES: dict[str, Callable[[str, str], bool]] = {
    "exact": lambda held, given: held == given,
    "iexact": lambda held, given: held.lower() == given.lower(),
    "contains": lambda held, given: given in held,
    "icontains": lambda held, given: given.lower() in held.lower(),
    "startswith": lambda held, given: held.startswith(given),
    "istartswith": lambda held, given: held.lower().startswith(given.lower()),
    "endswith": lambda held, given: held.endswith(given),
    "iendswith": lambda held, given: held.lower().endswith(given.lower()),
}
WORDS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}


class BadRequest(Exception):
    """What was asked cannot be understood; the message goes back as text with status 400."""


@dataclass(frozen=True)
class Text:
    """JSON that the database has already written."""

    json: str


def interface(view: Callable) -> Callable[..., HttpResponse]:
    """Make a view of one that returns data (a dict, Text or a whole response) or raises BadRequest. Anybody may read."""

    @limited(READING, data=True)
    @require_safe
    @wraps(view)
    def answered(request: HttpRequest, **named: str) -> HttpResponse:
        try:
            found = view(request, **named)
        except BadRequest as refusal:
            return HttpResponse(str(refusal), status=400, content_type="text/plain")
        return found if isinstance(found, HttpResponse) else _written(request, found)

    return answered


def _written(request: HttpRequest, found: dict | Text) -> HttpResponse:
    if request.GET.get("format") == "apibrowser":
        return _browser(request, found)
    text = found.json if isinstance(found, Text) else json.dumps(found, ensure_ascii=False, indent=4 if request.GET.get("pretty") else None)
    callback = re.sub(r"[^a-zA-Z0-9$._]", "", request.GET.get("callback", ""))
    response = HttpResponse(f"{callback}({text});" if callback else text, content_type="application/json; charset=utf-8")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=60"
    return response


def _browser(request: HttpRequest, found: dict | Text) -> HttpResponse:
    """The same for people to read."""
    data = json.loads(found.json) if isinstance(found, Text) else found
    asked = request.GET.copy()
    del asked["format"]
    address = f"{request.path}?{asked.urlencode()}" if asked else request.path
    return render(request, "interop/browser.html", {"address": address, "json": json.dumps(data, ensure_ascii=False, indent=4)})


def wanted_format(request: HttpRequest, *, others: Sequence[str] = FORMATS) -> str:
    name = request.GET.get("format", "json")
    if name not in others:
        raise BadRequest(f"Invalid format '{name}' provided. Please provide one of {', '.join(others)}.")
    return name


def asked_day(request: HttpRequest) -> dt.date | None:
    """The day of `on`, None when it is not given."""
    given = request.GET.get("on", "").strip()
    if not given:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
            raise ValueError
        return dt.date.fromisoformat(given)
    except ValueError:
        raise BadRequest(f"Invalid date '{given}' provided. Please provide a date as YYYY-MM-DD.") from None


def today() -> dt.date:
    return timezone.localdate()


def asked_point(request: HttpRequest, parameter: str) -> tuple[float, float] | None:
    """(longitude, latitude) of a parameter that says `latitude,longitude`; None when it is not given."""
    if parameter not in request.GET:
        return None
    given = request.GET[parameter]
    try:
        latitude, longitude = re.sub(r"[^\d.,-]", "", given).split(",")
        return float(longitude), float(latitude)
    except ValueError:
        raise BadRequest(f"Invalid latitude,longitude '{given}' provided.") from None


def filtered(request: HttpRequest, rows: Iterable[Any], fields: dict[str, Callable[[Any], str]]) -> list[Any]:
    """The rows whose fields are as the parameters `field` or `field__filter` say. Other parameters are none of ours."""
    tests = []
    for parameter, given in request.GET.items():
        name, *filters = parameter.split("__")
        if len(filters) > 1:
            raise BadRequest("Invalid filter value")
        kind = filters[0] if filters else "exact"
        if name in fields and (kind in MATCHES or kind == "isnull"):
            tests.append((fields[name], _test(kind, WORDS.get(given, given))))
    return [row for row in rows if all(test(read(row)) for read, test in tests)]


def _test(kind: str, given: Any) -> Callable[[str], bool]:
    """None of our fields is ever null."""
    if kind == "isnull":
        if not isinstance(given, bool):
            raise BadRequest("Invalid filter value")
        return lambda held: not given
    if given is None:
        if kind not in ("exact", "iexact"):
            raise BadRequest("Invalid filter value")
        return lambda held: False
    return lambda held: MATCHES[kind](held, str(given))


def page(request: HttpRequest, rows: Sequence[Any], write: Callable[[Any], dict]) -> dict:
    """One page of the rows in the envelope: limit 20 unless asked for, at most 1000 (which 0 means)."""
    limit, offset = _whole(request, "limit", PAGE), _whole(request, "offset", 0)
    limit = min(limit or MOST, MOST)
    meta = {
        "offset": offset,
        "limit": limit,
        "total_count": len(rows),
        "previous": _address(request, limit, offset - limit) if offset >= limit else None,
        "next": _address(request, limit, offset + limit) if offset + limit < len(rows) else None,
    }
    return {"objects": [write(row) for row in rows[offset : offset + limit]], "meta": meta}


def _whole(request: HttpRequest, name: str, default: int) -> int:
    given = request.GET.get(name, str(default))
    try:
        number = int(given)
    except ValueError:
        raise BadRequest(f"Invalid {name} '{given}' provided. Please provide a positive integer.") from None
    if number < 0:
        raise BadRequest(f"Invalid {name} '{number}' provided. Please provide a positive integer >= 0.")
    return number


def _address(request: HttpRequest, limit: int, offset: int) -> str:
    asked = request.GET.copy()
    for name in ("limit", "offset"):
        asked.pop(name, None)
    asked.update({"limit": str(limit), "offset": str(offset)})
    return f"{request.path}?{asked.urlencode()}"
