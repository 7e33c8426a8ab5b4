"""From what somebody typed to a doorplate, a short list to choose from, or about where it must be; never by itself to the wrong house."""

from dataclasses import dataclass
from typing import Literal

from django.db import models

from apps.territory import county_gazetteer
from apps.territory.gazetteer import Resolution
from apps.territory.whereabouts import Position

__all__ = ["CHOICES", "AddressLookup", "AddressQuerySet", "Position"]

CHOICES = 5
TOO_WIDE = 1_500.0  # metres: a position that is no better than that says nothing about the district


@dataclass(frozen=True, eq=False)
class AddressLookup:
    """`exact`: one doorplate, that is the place. `likely`: up to five, best first, the person chooses. `partial`: the street or the
    village is known, the house is not; `position` says about where it is, if that can be said. `none`: nothing like it."""

    text: str
    kind: Literal["exact", "likely", "partial", "none"]
    why: Literal["same", "several", "elsewhere", "alike", "number", "line", "area", "unknown", "empty"]
    doorplates: tuple = ()
    total: int = 0
    position: Position | None = None
    understood: str = ""  # what of the text was recognised, as an address
    missing: str = ""  # what is not known of it, in words

    @property
    def advice(self) -> str:
        """What was found, and what to do now."""
        choose = "，或从下面选择" if self.doorplates else ""
        alike = f"没有找到“{self.text}”，您要找的是不是："
        several = (
            f"符合的门牌有 {self.total} 处，请补上{self.missing}{choose}："
            if self.missing and self.total > CHOICES
            else "这个地址不止一处，请选择您的门牌："
        )
        return {
            "same": "",
            "several": several,
            "elsewhere": f"没有找到“{self.text}”，其他地方有同名的门牌。如果是下面这处，请选择：",
            "alike": alike,
            "number": f"找到了“{self.understood}”，没有找到{self.missing}。请核对{choose or '，也可以在地图上点一下您的位置'}。",
            "line": f"找到了“{self.understood}”，还缺{self.missing}。请补上{choose or '，也可以在地图上点一下您的位置'}。",
            "area": f"“{self.text}”范围较大，可能分属几个选区。请补上路名和门牌号，或在地图上点一下您的位置。",
            "unknown": alike if self.doorplates else f"没有找到“{self.text}”。请检查路名和门牌号，例如“人民路12号”；也可以用您的位置，或在地图上点一下。",
            "empty": "请输入地址，例如“人民路12号”；也可以用您的位置，或在地图上点一下。",
        }[self.why]


class AddressQuerySet(models.QuerySet):
    """Doorplates found by an address, through the gazetteer in memory: one query, for the rows that it names."""

    def at_address(self, text: str) -> AddressLookup:
        text = text.strip()
        found = county_gazetteer.current().resolve(text, CHOICES)
        rows = (
            {
                plate.code: plate
                for plate in self.filter(status="active", code__in=[one.code for one in found.candidates])
            }
            if found.candidates
            else {}
        )
        doorplates = tuple(rows[one.code] for one in found.candidates if one.code in rows)
        if found.kind in ("exact", "likely") and not doorplates:  # retired since the gazetteer was read
            return AddressLookup(text, "none", "unknown", understood=found.place)
        return AddressLookup(
            text, found.kind, found.why, doorplates, found.total, _narrow(found), found.place, found.missing
        )


def _narrow(found: Resolution) -> Position | None:
    position = found.position
    return position if position and position.within_m <= TOO_WIDE else None
