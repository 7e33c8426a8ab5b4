"""Positions in the shifted coordinates of web maps: some in-app browsers give GCJ-02 or BD-09 where WGS 84 is promised.

No position says which it is. But one that lies away from its own doorplate by just that shift gives itself away, and for any other
the resident can be shown where it would be with the shift undone.
"""

from collections.abc import Callable
from dataclasses import dataclass

from apps.matching.engine import GEOD
from gis_data.crs import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

WGS84 = "wgs84"
UNDO: dict[str, Callable] = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
MAKE: dict[str, Callable] = {"gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}
NAMES = {WGS84: "WGS 84", "gcj02": "GCJ-02（高德、腾讯地图等）", "bd09": "BD-09（百度地图）"}
DOOR_REACH = 50.0  # metres: nearer than this a position is at the door
LIKENESS = 60.0  # metres: how exactly a disagreement must be the shift; positions are that good in the open
VAGUE = 150.0  # metres: a position worse than this shows no shift


@dataclass(frozen=True)
class Shift:
    """A position with a shift undone: the datum it would have been in, the place (degrees) and how far that is from where it was given."""

    datum: str
    lon: float
    lat: float
    metres: float


def undone(lon: float, lat: float, datum: str) -> tuple[float, float]:
    """WGS 84 of a position given in that datum."""
    if datum not in UNDO:
        return lon, lat
    east, north = UNDO[datum](lon, lat)
    return float(east[0]), float(north[0])


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(GEOD.inv(*a, *b)[2])


def shifts(lon: float, lat: float) -> tuple[Shift, ...]:
    """Where a position would be if it was in each of the shifted datums."""
    found = []
    for datum in UNDO:
        there = undone(lon, lat, datum)
        found.append(Shift(datum, *there, metres_between((lon, lat), there)))
    return tuple(found)


def shift_from(door: tuple[float, float], position: tuple[float, float], accuracy: float | None = None) -> str:
    """The datum whose shift explains why a position lies away from its own door; empty when none does.

    Within the position's accuracy, but never more loosely than `VAGUE`: beyond that anything would look like a shift.
    """
    apart = metres_between(door, position)
    slack = min(max(LIKENESS, accuracy or 0.0), VAGUE)
    if apart <= max(DOOR_REACH, slack):
        return ""
    misses = {}
    for datum, make in MAKE.items():
        east, north = make(*door)
        misses[datum] = metres_between((float(east[0]), float(north[0])), position)
    best = min(misses, key=lambda datum: misses[datum])
    return best if misses[best] <= slack else ""
