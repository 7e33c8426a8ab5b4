"""About where a house must be that has no doorplate: between its neighbours on the same side, else on its street, else in its village.

Knows no database. `within_m` is a radius in metres that the house hardly ever lies outside of; it is measured in the tests on houses left out.
"""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from apps.territory.doornumbers import main_number
from apps.territory.houses import Houses, Ints

METRES_PER_DEGREE = 111_320.0
SAMPLE = 2_000
LEAST_M = 25.0
LANE_M = 150.0  # lanes are hardly ever longer
_LANE = re.compile(r"(\d{1,6})(?:-\d+)?[弄巷]")


@dataclass(frozen=True)
class Position:
    """WGS 84 degrees, from what it was worked out, how far off it may be, and that in words."""

    lon: float
    lat: float
    basis: Literal["interpolated", "street", "village"]
    within_m: float
    words: str


def of_rows(houses: Houses, rows: Ints, basis: Literal["street", "village"], words: str) -> Position:
    """The middle of some houses, and how far they reach."""
    sample = rows if len(rows) <= SAMPLE else rows[np.linspace(0, len(rows) - 1, SAMPLE).astype(int)]
    lon, lat = float(np.median(houses.lon[sample])), float(np.median(houses.lat[sample]))
    reach = _metres(houses, sample, lon, lat)
    return Position(lon, lat, basis, _rounded(max(LEAST_M, 1.1 * float(np.quantile(reach, 0.97)))), words)


def at_houses(houses: Houses, rows: Ints, words: str) -> Position:
    """Where the houses of the same number are, of which the one asked for is a part that is not known."""
    lon, lat = float(houses.lon[rows].mean()), float(houses.lat[rows].mean())
    return Position(
        lon, lat, "interpolated", _rounded(max(40.0, 1.5 * float(_metres(houses, rows, lon, lat).max()))), words
    )


def beside(houses: Houses, rows: Ints, part: str, number: str, name: str) -> Position | None:
    """By the numbers of a line's houses (`rows` in their order): between the neighbours, on the same side when there are any.

    None where the line's numbers say nothing about it.
    """
    lane = _LANE.match(number)
    wanted = int(lane.group(1)) if lane else main_number(number)
    if wanted < 0 or len(rows) < 2:
        return None
    if lane:
        return _lane(houses, rows, part, lane, name)
    mains = houses.part_main[houses.part[part][rows]]
    rows, mains = rows[mains >= 0], mains[mains >= 0]
    if len(rows) < 2:
        return None
    word = "幢" if part == "building" else "号"
    same = np.flatnonzero(mains == wanted)
    if len(same):
        near = houses.parts[int(houses.part[part][rows[same[0]]])]
        return at_houses(houses, rows[same], f"{name}没有 {number} {word}的门牌，按 {near} {word}的位置推算。")
    side = mains % 2 == wanted % 2
    own = _neighbours(rows[side], mains[side], wanted)
    both = _neighbours(rows, mains, wanted)
    best = min(
        (found for found in (own, both) if found),
        key=lambda found: found[3] - found[2] + (0 if found is own else 3),
        default=None,
    )
    if best is None:
        return _beyond(houses, rows, mains, wanted, word, name)
    below, above, low, high = best
    share = (wanted - low) / (high - low)
    lon = float(houses.lon[below] + share * (houses.lon[above] - houses.lon[below]))
    lat = float(houses.lat[below] + share * (houses.lat[above] - houses.lat[below]))
    apart = float(_metres(houses, np.array([below]), float(houses.lon[above]), float(houses.lat[above]))[0])
    other_side = 20.0 if best is both and low % 2 != wanted % 2 and high % 2 != wanted % 2 else 0.0
    within = max(LEAST_M, 0.6 * apart) + other_side
    spread = of_rows(houses, rows, "street", "").within_m
    if within > spread:
        return None
    return Position(
        lon,
        lat,
        "interpolated",
        _rounded(within),
        f"{name}没有 {wanted} {word}的门牌，按 {low} {word}和 {high} {word}之间推算。",
    )


def _lane(houses: Houses, rows: Ints, part: str, lane: re.Match[str], name: str) -> Position | None:
    """A lane, 166弄3号, goes off the street at its own number: among its houses, else where that number stands on the street."""
    texts = [houses.parts[int(number)] for number in houses.part[part][rows]]
    own = [text.startswith(lane.group()) for text in texts]
    if any(own):
        return at_houses(houses, rows[np.array(own)], f"{name}{lane.group()}有门牌，没有这一号，位置取{name}{lane.group()}。")
    street = rows[np.array([_LANE.match(text) is None for text in texts])]
    mouth = beside(houses, street, part, lane.group(1), name)
    if mouth is None:
        return None
    words = f"{name}没有{lane.group()}的门牌，按 {lane.group(1)} 号的位置推算。"
    return Position(mouth.lon, mouth.lat, mouth.basis, mouth.within_m + LANE_M, words)


def _neighbours(rows: Ints, mains: Ints, wanted: int) -> tuple[int, int, int, int] | None:
    at = int(np.searchsorted(mains, wanted))
    if at == 0 or at == len(rows):
        return None
    return int(rows[at - 1]), int(rows[at]), int(mains[at - 1]), int(mains[at])


def _beyond(houses: Houses, rows: Ints, mains: Ints, wanted: int, word: str, name: str) -> Position | None:
    """Before the first or behind the last number: at the end of the line, as far off as so many numbers take there."""
    end = len(rows) - 1 if wanted > mains[-1] else 0
    few = rows[-12:] if end else rows[:12]
    numbers = max(1, abs(int(mains[-1] - mains[-len(few)]) if end else int(mains[len(few) - 1] - mains[0])))
    length = float(_metres(houses, few[:1], float(houses.lon[few[-1]]), float(houses.lat[few[-1]]))[0])
    ahead = abs(wanted - int(mains[end])) * max(5.0, length / numbers)
    spread = of_rows(houses, rows, "street", "").within_m
    if ahead > spread:
        return None
    return Position(
        float(houses.lon[rows[end]]),
        float(houses.lat[rows[end]]),
        "street",
        _rounded(1.5 * ahead + 60.0),
        f"{name}没有 {wanted} {word}的门牌，按最近的 {int(mains[end])} {word}推算。",
    )


def _metres(houses: Houses, rows: Ints, lon: float, lat: float) -> NDArray[np.float64]:
    east = (houses.lon[rows] - lon) * (METRES_PER_DEGREE * np.cos(np.radians(lat)))
    return np.hypot(east, (houses.lat[rows] - lat) * METRES_PER_DEGREE)


def _rounded(metres: float) -> float:
    """Up to two digits: nobody should read more into it."""
    step = 5.0 if metres < 100 else 10.0 if metres < 1_000 else 100.0
    return float(np.ceil(metres / step) * step)
