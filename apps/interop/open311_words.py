"""How Open311 GeoReport v2 is written: one answer as JSON or XML, refusals in its shape, times with their zone. Anybody may read from
any page.

In JSON a list is an array; in XML it is an element named after its items. A value that is not there is null, or an empty element.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from xml.etree import ElementTree

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

CONTENT = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """What was asked is refused: a status and a sentence that says what to do."""

    def __init__(self, code: int, description: str, *, wait: int = 0) -> None:
        super().__init__(description)
        self.code, self.description, self.wait = code, description, wait


@dataclass(frozen=True)
class Listing:
    """A list in an answer: `root` around elements named `item`."""

    root: str
    item: str
    rows: Sequence[Mapping]


@dataclass(frozen=True)
class Single:
    """One object in an answer."""

    root: str
    row: Mapping


ITEMS = {"endpoints": "endpoint", "formats": "format", "attributes": "attribute", "values": "value"}  # the name of what lies in a list


def answering(view: Callable) -> Callable[..., HttpResponse]:
    """Make a view of one that returns a Listing or a Single, or raises Refused. `form` is the end of the address."""

    @wraps(view)
    def answered(request: HttpRequest, form: str = "", **named: str) -> HttpResponse:
        form = form or _accepted(request)
        try:
            return written(form, view(request, **named))
        except Refused as refusal:
            return refused(form, refusal)

    return answered


def _accepted(request: HttpRequest) -> str:
    """Where the address does not say: as the client likes best, else JSON."""
    accepted = request.headers.get("Accept", "")
    return "xml" if "xml" in accepted and "json" not in accepted and "html" not in accepted else "json"


def refused(form: str, refusal: Refused) -> HttpResponse:
    response = written(form, Listing("errors", "error", [{"code": str(refusal.code), "description": refusal.description}]), status=refusal.code)
    if refusal.wait:
        response["Retry-After"] = str(refusal.wait)
    return response


def written(form: str, answer: Listing | Single, *, status: int = 200) -> HttpResponse:
    text = _json(answer) if form == "json" else _xml(answer)
    response = HttpResponse(text, status=status, content_type=CONTENT[form])
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "no-store"
    return response


def _json(answer: Listing | Single) -> str:
    return json.dumps(answer.rows if isinstance(answer, Listing) else answer.row, ensure_ascii=False)


def _xml(answer: Listing | Single) -> bytes:
    root = ElementTree.Element(answer.root)
    if isinstance(answer, Listing):
        for row in answer.rows:
            _fill(ElementTree.SubElement(root, answer.item), row)
    else:
        _fill(root, answer.row)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _fill(element: ElementTree.Element, value: object) -> None:
    if isinstance(value, Mapping):
        for name, held in value.items():
            _fill(ElementTree.SubElement(element, name), held)
    elif isinstance(value, list):
        for held in value:
            _fill(ElementTree.SubElement(element, ITEMS[element.tag]), held)
    elif value is not None:
        element.text = str(value).lower() if isinstance(value, bool) else NOT_XML.sub("", str(value))


def moment(at: dt.datetime | None) -> str | None:
    """As W3C writes it, with the zone."""
    return timezone.localtime(at).replace(microsecond=0).isoformat() if at else None


def day(on: dt.date | None) -> str | None:
    """The beginning of a day, in the same writing."""
    return moment(timezone.make_aware(dt.datetime.combine(on, dt.time()))) if on else None


def read_moment(name: str, given: str) -> dt.datetime | None:
    """What a parameter says; without a zone it is ours. Raises Refused."""
    if not given:
        return None
    try:
        if not re.match(r"\d{4}-\d\d-\d\d", given, re.ASCII):
            raise ValueError
        at = dt.datetime.fromisoformat(given.replace(" ", "+") if re.search(r"T.* \d\d:?\d\d$", given) else given)
        return at if at.tzinfo else timezone.make_aware(at)
    except (ValueError, OverflowError):
        raise Refused(400, f"{name} was not understood: give it as 2026-03-10T09:00:00+08:00") from None
