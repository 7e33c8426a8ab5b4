"""An address taken apart without any list of places: what each piece is follows from its words and from what stands before it."""

import re
from dataclasses import dataclass, fields

from apps.territory.doorwords import Reading
from apps.territory.prefixes import areas
from apps.territory.spelling import respelled, shaped


@dataclass(frozen=True)
class Address:
    """Each part is a verbatim piece of the text, in the order of the text and apart from the others; "" where the text has none.

    group: 村民小组. number: of the house on its road or in its village, a lane with a number (553弄) included. poi: an estate, a
    building's name or what else stands there. What is left (persons, telephones, 对面) is in no part.
    """

    province: str = ""
    city: str = ""
    county: str = ""
    town: str = ""
    village: str = ""
    hamlet: str = ""
    group: str = ""
    road: str = ""
    number: str = ""
    poi: str = ""
    building: str = ""
    unit: str = ""
    floor: str = ""
    room: str = ""

    def spelled(self) -> "Address":
        """The same in one spelling: 十二＃ -> 12, 3号楼 -> 3, 二单元 -> 2, ５０２室 -> 502, 八卦四路 -> 八卦4路."""
        return Address(**{part: respelled(part, getattr(self, part)) for part in PARTS})


PARTS = tuple(field.name for field in fields(Address))

# What is for the postman: telephones, 电联, 收, and the receiver's name in front of his telephone.
_TELEPHONE = re.compile(r"(?<!\d)(?:(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}|0\d{2,3}-?\d{7,8})(?!\d)")
_RECEIVER = re.compile(r" *[^ \d]{2,4} {9,}(?=[^ ])")
_CLOSING = re.compile(r" *(?:电联|电话|手机|联系|收件|TEL).*|(?<=[号室幢元楼\d]) *[^ \d号室幢元楼 ]{2,3}收 *$| *收 *$")
_OPENING = re.compile(
    r"(?:.*(?:地址|住址)(?= )|[^ \d]{0,4}地址|[^ \d]{0,3}住在?|我家?在|家在|位于|在)(?= *[^ ]{3})[ 是]*"
)

_ALSO_CALLED = re.compile(r"[(（](?:新|原|旧|老|现|曾)[^)）]{1,12}[)）]")  # 66号(新136号), 江滨路（原建设路）66号


LONGEST = 300  # characters that are read: an address is never longer, and what is pasted here may be


def parse(text: str) -> Address:
    """Never fails; text of any kind may be given. Needs no list of this county's places, so a village without its word (慈东) is missed."""
    text = text.strip()
    shape = text[:LONGEST]
    if "(" in shape or "（" in shape:
        shape = _ALSO_CALLED.sub(_blank, shape)
    shape = _TELEPHONE.sub(_blank, shaped(shape))
    opening = _OPENING.match(shape) or _RECEIVER.match(shape)
    begin = opening.end() if opening else 0
    if (closing := _CLOSING.search(shape, begin)) and closing.start() > begin:
        shape = shape[: closing.start()]
    found, at = areas(shape, begin)
    Reading(shape, found).read(at)
    return Address(**{part: text[begin:end] for part, (begin, end) in found.items()})


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())
