"""Names of places for the search box, in memory: roads, estates, villages, hamlets, with how many doorplates each has."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Min

from apps.territory.addressing import plain, search_key, split
from apps.territory.models import AdminArea, Doorplate
from apps.territory.remembered import Remembered

SHOWN = 8
WORDS = {"road": "道路", "estate": "小区", "hamlet": "自然村", "village": "村社"}


@dataclass(frozen=True)
class Suggestion:
    text: str  # what the box will hold
    note: str


@dataclass(frozen=True)
class _Name:
    key: str
    town: str
    text: str
    kind: str
    doorplates: int
    example: str = ""


def _read() -> tuple[_Name, ...]:
    """Most doorplates first, so that the first that fit are the best."""
    found: list[_Name] = []
    plates = Doorplate.objects.active()
    for kind in ("road", "estate"):
        groups = plates.exclude(**{kind: ""}).values_list("town__name", kind).annotate(count=Count("pk"), example=Min("address")).order_by()
        for town, name, count, address in groups:
            found.append(_Name(plain(name), plain(town or ""), f"{town or ''}{name}", kind, count, address))
    hamlets = plates.exclude(hamlet="").values_list("town__name", "village__name", "hamlet").annotate(count=Count("pk")).order_by()
    for town, village, name, count in hamlets:
        found.append(_Name(plain(name), plain(town or ""), f"{town or ''}{village or ''}{name}", "hamlet", count))
    counts = dict(plates.exclude(village=None).values_list("village").annotate(count=Count("pk")).order_by())
    for pk, town, name in AdminArea.objects.filter(level="village").values_list("pk", "parent__name", "name"):
        found.append(_Name(plain(name), plain(town or ""), f"{town or ''}{name}", "village", counts.get(pk, 0)))
    return tuple(sorted(found, key=lambda name: (-name.doorplates, name.text)))


_names = Remembered(("area", "doorplate"), _read)


def suggest(text: str) -> list[Suggestion]:
    """Up to eight: names that begin with what was typed, then names that hold it, then doorplates whose address begins with it."""
    areas, key = split(text)
    if not key:
        return []
    fitting = [name for name in _names.current() if (key in name.key or key in name.town + name.key) and (not areas or not name.town or name.town in areas)]
    fitting.sort(key=lambda name: not name.key.startswith(key))
    found = [Suggestion(name.text, f"{WORDS[name.kind]}，门牌 {name.doorplates} 处" if name.doorplates else WORDS[name.kind]) for name in fitting[:SHOWN]]
    if len(found) < SHOWN and any(character.isdigit() for character in key):
        plates = Doorplate.objects.active().filter(address_key__startswith=search_key(text)).order_by("address_key", "code")
        found += [Suggestion(address, "门牌") for address in _distinct(plates.values_list("address", flat=True)[: SHOWN - len(found)])]
    return found


def example() -> str:
    """An address that exists here, on the road with the most doorplates; "" before any doorplate was imported."""
    return next((name.example for name in _names.current() if name.kind == "road"), "")


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
