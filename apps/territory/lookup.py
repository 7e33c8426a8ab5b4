"""From what somebody typed to a doorplate. The plain first step: the same key, the same house, then what begins with it,
holds it or is spelled alike. It never guesses between two houses: then the person chooses."""

from dataclasses import dataclass
from typing import Literal

from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models.functions import Length

from apps.territory.addressing import house_keys, names_elsewhere, plain, split

CHOICES = 5
SAME_KEY = 20  # more houses under one address than anybody could choose from


@dataclass(frozen=True)
class Position:
    """Where an address must be that has no doorplate: WGS 84 degrees, from what it was worked out, how far off it may be, and that in words."""

    lon: float
    lat: float
    basis: Literal["interpolated", "street", "village"]
    within_m: float
    words: str


@dataclass(frozen=True, eq=False)
class AddressLookup:
    """`exact`: one doorplate, that is the place. `likely`: up to five, best first, the person chooses. `partial`: the street or the
    village is known, the house is not; `position` says about where it is, if that can be said. `none`: nothing like it."""

    text: str
    kind: Literal["exact", "likely", "partial", "none"]
    why: Literal["same", "several", "elsewhere", "begins", "alike", "area", "unknown", "empty"]
    doorplates: tuple = ()
    total: int = 0
    position: Position | None = None
    understood: str = ""  # what of the text was recognised, as an address
    missing: str = ""  # what is not known of it, in words

    @property
    def advice(self) -> str:
        """What was found, and what to do now."""
        return {
            "same": "",
            "several": "这个地址不止一处，请选择您的门牌：",
            "elsewhere": f"没有找到“{self.text}”，其他地方有同名的门牌。如果是下面这处，请选择：",
            "begins": f"“{self.text}”共有 {self.total} 个门牌，请补上门牌号，或从下面选择：",
            "alike": f"没有找到“{self.text}”，您要找的是不是：",
            "area": f"“{self.text}”范围较大，可能分属几个选区。请补上路名和门牌号，或在地图上点一下您的位置。",
            "unknown": f"没有找到“{self.text}”。请检查路名和门牌号，例如“人民路12号”；也可以用您的位置，或在地图上点一下。",
            "empty": "请输入地址，例如“人民路12号”；也可以用您的位置，或在地图上点一下。",
        }[self.why]


class AddressQuerySet(models.QuerySet):
    """Doorplates found by an address. Uses the key's two indexes: one for what begins with it, one (trigrams) for the rest."""

    def at_address(self, text: str) -> AddressLookup:
        text = text.strip()
        areas, key = split(text)
        if not key:
            return AddressLookup(text, "none", "empty")
        plates = self.filter(status="active")
        named = self._areas_above_villages()
        towns = [pk for pk, area in named.items() if area.level == "town" and any(plain(name) in areas for name in area.names)]
        return (
            self._same_house(plates, text, areas, key, named)
            or self._beginning(plates, text, key, towns)
            or self._alike(plates, text, key, towns)
            or AddressLookup(text, "none", "area" if self._is_area(text) else "unknown")
        )

    def _same_house(self, plates, text: str, areas: str, key: str, named: dict) -> AddressLookup | None:
        keys = list(dict.fromkeys(house_keys(key)))
        rows = sorted(plates.filter(address_key__in=keys)[:SAME_KEY], key=lambda plate: (keys.index(plate.address_key), plate.code))
        rows = [plate for plate in rows if plate.address_key == rows[0].address_key]
        above = [name for area in named.values() if area.level != "town" for name in area.names]
        here = [p for p in rows if not names_elsewhere(areas, above, named[p.town_id].names if p.town_id in named else ())]
        if len(here) == 1:
            return AddressLookup(text, "exact", "same", tuple(here), 1)
        if rows:
            return AddressLookup(text, "likely", "several" if here else "elsewhere", tuple((here or rows)[:CHOICES]), len(here or rows))
        return None

    def _beginning(self, plates, text: str, key: str, towns: list[int]) -> AddressLookup | None:
        """What begins with the key, else what holds it; in the named towns when there is any."""
        for found in (plates.filter(address_key__startswith=key), plates.filter(address_key__contains=key)):
            for rows in (found.filter(town__in=towns), found) if towns else (found,):
                if total := rows.count():
                    first = rows.order_by(Length("address_key"), "address_key", "code")[:CHOICES]
                    return AddressLookup(text, "likely", "begins" if total > CHOICES else "alike", tuple(first), total)
        return None

    def _alike(self, plates, text: str, key: str, towns: list[int]) -> AddressLookup | None:
        alike = plates.filter(address_key__trigram_similar=key).annotate(similarity=TrigramSimilarity("address_key", key))
        for rows in (alike.filter(town__in=towns), alike) if towns else (alike,):
            if first := tuple(rows.order_by("-similarity", "address_key", "code")[:CHOICES]):
                return AddressLookup(text, "likely", "alike", first, len(first))
        return None

    def _is_area(self, text: str) -> bool:
        return self.model._meta.get_field("town").related_model.objects.filter(name__in={text, plain(text), split(text)[1]}).exists()

    def _areas_above_villages(self) -> dict[int, "_Area"]:
        areas = self.model._meta.get_field("town").related_model.objects.exclude(level="village")
        rows = areas.values_list("pk", "name", "former_names", "level")
        return {pk: _Area((name, *former.split(";")) if former else (name,), level) for pk, name, former, level in rows}


@dataclass(frozen=True)
class _Area:
    names: tuple[str, ...]
    level: str
