"""What stands on the door and behind it: house number, building, unit, room, in one spelling, and all ways to read them. Knows no database."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from apps.territory.spelling import plain

Line = Literal["road", "estate", "hamlet", "village"]  # by what a house is numbered
BUILDING_FOR_NUMBER = 1.2  # 南门街56＃: a house, where the street has no such building

_WORD_END = {
    "number": r"号(?:门牌?|院|地块)?$",
    "building": r"(?:号?楼|幢)$",
    "unit": r"(?:号?单元|门)$",
    "room": r"(?:号?房?室|房)$",
}
_MAIN = re.compile(r"^\D{0,2}?(\d+)")
_LANE_ROAD = re.compile(r"^(.*[路街道巷])(\d+[弄巷])$")

_PIECE = re.compile(
    r"(?P<lane>\d+(?:-\d+)?)(?P<lane_word>[弄巷])"
    r"|(?P<number>[甲乙丙丁]?\d+(?:-\d+)*[A-Z]?)号(?!线)(?:门牌|门|院(?!子))?"
    r"|(?P<building>[A-Z]\d*(?:-\d+)?|\d+(?:-\d+)?[A-Z]?|[东西南北中前后甲乙丙丁]\d*)幢"
    r"|(?P<unit>[A-Z]|\d+|[东西南北中甲乙丙丁])单元"
    r"|(?P<floor>\d+)[层楼]"
    r"|(?P<room>[A-Z]?\d+[A-Z]?)(?:室|房间?)"
    r"|(?P<group>\d+)组"
    r"|(?P<phase>\d+)(?:期|区)"
    r"|(?P<bare>(?:[A-Z]?\d+[A-Z]?)(?:-[A-Z]?\d+[A-Z]?)*)"
)


@lru_cache(maxsize=50_000)
def folded(part: Literal["number", "building", "unit", "room"], value: str) -> str:
    """A doorplate's part without its word: 12-1号 -> 12-1, B栋 -> B, 二单元 -> 2, 56弄7号 -> 56弄7, "" stays."""
    text = plain(value)
    if part == "building" and text.endswith("号"):
        text = text[:-1]
    return re.sub(_WORD_END[part], "", text).removeprefix("第") or text


def main_number(folded_number: str) -> int:
    """The number by which a house stands in its row, -1 where there is none: 12-1 -> 12, 56弄7 -> 7."""
    found = _MAIN.match(folded_number.rpartition("弄")[2].rpartition("巷")[2])
    return min(int(found.group(1)), 2_000_000_000) if found else -1


def road_and_lane(road: str, number: str) -> tuple[str, str]:
    """A lane stands with the number, wherever the table has it: 解放南路56弄, 7号 -> 解放南路, 56弄7. Both in the plain spelling."""
    found = _LANE_ROAD.match(road)
    return (found.group(1), found.group(2) + folded("number", number)) if found else (road, folded("number", number))


@dataclass(frozen=True)
class Reading:
    """One way to understand what follows a name. "" is what was not said; `cost` says how unusual this way is."""

    number: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""
    cost: float = 0.0


@dataclass(frozen=True)
class Tail:
    """What follows a name: its readings, the likeliest first, the villagers' group, and what nobody understands before and behind the numbers."""

    readings: tuple[Reading, ...]
    group: str = ""
    before: str = ""
    behind: str = ""


@lru_cache(maxsize=20_000)
def read_tail(text: str, line: Line) -> Tail:
    """`text` is in the plain spelling; names that were recognised in it have been cut out as spaces."""
    said: dict[str, list[str]] = {}
    bare: list[str] = []
    rest, at, group = [], 0, ""
    for found in _PIECE.finditer(text):
        rest.append(text[at : found.start()])
        at = found.end()
        kind = found.lastgroup if found.lastgroup != "lane_word" else "lane"
        value = found.group(str(kind))
        if kind == "lane":
            said.setdefault("number", []).append(value + found.group("lane_word"))
        elif kind == "group":
            group = value
        elif kind == "bare":
            bare += (
                [value]
                if "number" not in said and "building" not in said and line != "estate" and not bare
                else value.split("-")
            )
        elif kind == "number" and said.get("number", [""])[0].endswith(("弄", "巷")):
            said["number"][0] += value
        elif kind != "phase":
            said.setdefault(str(kind), []).append(value)
    rest.append(text[at:])
    readings = _estate(said, bare) if line == "estate" else _street(said, bare)
    unique: dict[tuple[str, str, str, str], Reading] = {}
    for reading in sorted(readings, key=lambda one: one.cost):
        unique.setdefault((reading.number, reading.building, reading.unit, reading.room), reading)
    before, behind = (re.sub("[ -]", "", text) for text in (rest[0], "".join(rest[1:])))
    return Tail(tuple(unique.values()), group, before, behind)


def _one(said: dict[str, list[str]], kind: str) -> str:
    return said[kind][0] if said.get(kind) else ""


def _street(said: dict[str, list[str]], bare: list[str]) -> list[Reading]:
    """Numbered by the street: the first number is the house; dashes may join it to building, unit and room (12-3-502)."""
    numbers, building, unit, room = (
        said.get("number", []),
        _one(said, "building"),
        _one(said, "unit"),
        _one(said, "room"),
    )
    if numbers:
        number, more = numbers[0], numbers[1:]
        readings = [Reading(number, building, unit, room)]
        if more and not building:  # 553弄8号3号: the last may be a building
            readings = [Reading(number, more[0], unit, room, 0.5), Reading(number, "", unit, room, 1.0)]
        if "-" in number and not building:  # 12-3号 is a house of its own, or building 3 of number 12
            first, _, second = number.partition("-")
            readings.append(Reading(first, second, unit, room, 2.0))
        return [filled for reading in readings for filled in _behind(reading, bare)]
    if not bare:
        as_number = [Reading(building, "", unit, room, BUILDING_FOR_NUMBER)] if building else []
        return [Reading("", building, unit, room), *as_number]
    first, more = bare[0], bare[1:]
    parts = first.split("-")
    ways = [(Reading(first, building, unit, room, 0.1), more)]
    if len(parts) > 1:
        ways.append((Reading(parts[0], building, unit, room, 0.4), [*parts[1:], *more]))
    if len(parts) > 2:
        ways.append((Reading("-".join(parts[:2]), building, unit, room, 0.3), [*parts[2:], *more]))
    return [filled for reading, after in ways for filled in _behind(reading, after)]


def _estate(said: dict[str, list[str]], bare: list[str]) -> list[Reading]:
    """Numbered by building: 47-6-746 is building, unit, room; N号 in an estate is a building, or a house."""
    building, unit, room = _one(said, "building"), _one(said, "unit"), _one(said, "room")
    numbers = said.get("number", [])
    if building:
        base = Reading(numbers[0] if numbers else "", building, unit, room)
        return [*_behind(base, bare), *([Reading("", building, unit, room, 0.6)] if numbers else [])]
    if numbers:
        number = numbers[0]
        as_building = [Reading("", part, unit, room, 0.2) for part in dict.fromkeys((number, number.partition("-")[0]))]
        return [
            filled
            for reading in (*as_building, Reading(number, "", unit, room, 0.3))
            for filled in _behind(reading, bare)
        ]
    if not bare:
        return [Reading("", "", unit, room)]
    return [
        *_behind(Reading("", bare[0], unit, room, 0.1), bare[1:]),
        *([Reading("", "-".join(bare[:2]), unit, room, 1.0)] if len(bare) > 1 else []),
    ]


def _behind(reading: Reading, bare: list[str]) -> list[Reading]:
    """What bare numbers behind the house may be: building, unit and room, in that order, as far as they are not said."""
    if not bare:
        return [reading]
    free = [part for part in ("building", "unit", "room") if not getattr(reading, part)]
    values, ways = bare[: len(free)], []
    for chosen, extra in _orders(free, len(values)):
        parts = dict(zip(chosen, values, strict=True))
        odd = (
            (0 < len(parts.get("room", "")) < 3) * 2.0
            + (len(parts.get("unit", "")) > 2) * 1.5
            + (len(parts.get("building", "")) > 3) * 1.5
        )
        ways.append(Reading(**{**_parts(reading), **parts}, cost=reading.cost + extra + odd))
    return ways or [reading]


def _orders(free: list[str], count: int) -> list[tuple[tuple[str, ...], float]]:
    if count == len(free):
        return [(tuple(free), 0.1)]
    if count == 1:
        return [((part,), {"room": 0.1, "building": 0.4, "unit": 1.0}[part]) for part in free]
    if count == 2:
        return [(("building", "room"), 0.1), (("unit", "room"), 0.5), (("building", "unit"), 0.5)]
    return []


def _parts(reading: Reading) -> dict[str, str]:
    return {"number": reading.number, "building": reading.building, "unit": reading.unit, "room": reading.room}
