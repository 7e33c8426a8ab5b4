"""The search box while somebody types: names and doors of this county, in memory."""

from dataclasses import dataclass

from apps.organisations.models import Organisation
from apps.territory import county_gazetteer
from apps.territory.completion import LEAST, LINE_KINDS, Completer, Completion
from apps.territory.models import Doorplate
from apps.territory.remembered import Remembered
from apps.territory.spelling import plain

__all__ = ["LEAST", "Suggestion", "example", "suggest"]

SHOWN = 8
WORDS = {
    "town": "乡镇街道",
    "village": "村社",
    "road": "道路",
    "estate": "小区",
    "hamlet": "自然村",
    "unit": "单位",
    "door": "门牌",
}


@dataclass(frozen=True)
class Suggestion:
    text: str  # what the box will hold
    note: str
    whole: bool  # an answer; otherwise the number is still to be typed


def suggest(text: str) -> list[Suggestion]:
    """Up to eight, best first; none before the second character."""
    return [Suggestion(found.text, _note(found), found.whole) for found in _completer.current().complete(text, SHOWN)]


def example() -> str:
    """An address that exists here, on the road with the most doorplates; "" before any doorplate was imported."""
    return _completer.current().example()


def _note(found: Completion) -> str:
    counted = found.doorplates and found.kind not in ("door", "unit")
    return f"{WORDS[found.kind]}，门牌 {found.doorplates} 处" if counted else WORDS[found.kind]


def _read() -> Completer:
    gazetteer = county_gazetteer.current()
    shown: dict[str, str] = {}
    for kind in LINE_KINDS:
        for name in (
            Doorplate.objects.active().exclude(**{kind: ""}).values_list(kind, flat=True).distinct().order_by(kind)
        ):
            shown.setdefault(plain(name), name)
    units = Organisation.objects.order_by("code").values_list("name", flat=True)
    return Completer(gazetteer.houses, gazetteer.areas, shown, units)


_completer = Remembered(("area", "doorplate", "organisation"), _read)
