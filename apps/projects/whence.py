"""From where it is measured what is near: home, work, where the device says one is, or an address that was typed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.deputies.models import Deputy
from apps.projects.sites import LonLat
from apps.territory.models import Doorplate
from gis_data.crs import bd09_to_wgs84, gcj02_to_wgs84
from gis_data.wording import metres_text

ROUGH = 200.0  # metres: with a position worse than this distances are only about right
WGS84 = "wgs84"
UNDO: dict[str, Callable] = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}
NAMES = {"gcj02": "GCJ-02（高德、腾讯地图等）", "bd09": "BD-09（百度地图）"}
LONGEST_ADDRESS = 100


@dataclass(frozen=True)
class Whence:
    """kind: both, home, work, here, address, or "" where nothing is known. places: WGS 84. words: of it, as a heading says it;
    problem: what was wrong with the question and what to do; choices: doorplates that the address could mean."""

    kind: str
    places: tuple[LonLat, ...] = ()
    words: str = ""
    note: str = ""
    problem: str = ""
    accuracy: float | None = None
    address: str = ""
    choices: tuple[Doorplate, ...] = ()
    marks: dict = field(default_factory=lambda: _points([]))
    shifts: tuple[tuple[str, str], ...] = ()


def whence(given: Mapping[str, str], deputy: Deputy | None) -> Whence:
    """What was asked for, else the deputy's own places. Whatever cannot be understood is said and nothing is lost of it."""
    address = given.get("q", "").replace("\x00", "").strip()[:LONGEST_ADDRESS]
    asked = given.get("from", "")
    if asked == "here" or given.get("lat") or given.get("lon"):
        return _here(given, deputy)
    if address or given.get("doorplate"):
        return _at_address(address, given.get("doorplate", "").replace("\x00", ""), deputy)
    return _own(deputy, asked if asked in ("home", "work") else "both")


def _own(deputy: Deputy | None, kind: str, **said: str) -> Whence:
    anchors = _anchors(deputy)
    chosen = {name: anchors[name] for name in ("home", "work") if name in anchors and kind in (name, "both")} or anchors
    if not chosen:
        return Whence("", **said)
    kind = "both" if len(chosen) == 2 else next(iter(chosen))
    words = {"both": "离您住地或工作地", "home": "离您住地", "work": "离您工作地"}[kind]
    return Whence(kind, tuple(chosen.values()), words, marks=_own_marks(deputy), **said)


def _anchors(deputy: Deputy | None) -> dict[str, LonLat]:
    home = getattr(deputy, "home", None)
    points = {"home": home and home.point, "work": deputy.workplace if deputy else None}
    return {name: (point.x, point.y) for name, point in points.items() if point}


def _own_marks(deputy: Deputy) -> dict:
    """The deputy's own home and work, and his station: for his own eyes only."""
    home = getattr(deputy, "home", None)
    station = deputy.station
    named = [("home", "我的居住地", home and home.point), ("work", str(deputy.organisation or "我的工作地"), deputy.workplace), ("station", str(station or ""), station and station.point)]
    return _points([(kind, name, (point.x, point.y)) for kind, name, point in named if point])


def _points(named: list[tuple[str, str, LonLat]]) -> dict:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": list(at)}, "properties": {"kind": kind, "name": name}} for kind, name, at in named
    ]}  # fmt: skip


def _here(given: Mapping[str, str], deputy: Deputy | None) -> Whence:
    lon, lat, accuracy = (_number(given.get(name, "")) for name in ("lon", "lat", "accuracy"))
    datum = given.get("datum", "")
    if lon is None or lat is None or not (73 <= lon <= 136 and 3 <= lat <= 54):
        swapped = lon is not None and lat is not None and 73 <= lat <= 136 and 3 <= lon <= 54
        problem = "经度和纬度好像写反了，请重新点“我的位置”。" if swapped else "没有得到位置，请重新点“我的位置”，或输入地址。"
        return _own(deputy, "both", problem=problem)
    if datum in UNDO:
        east, north = UNDO[datum](lon, lat)
        lon, lat = float(east[0]), float(north[0])
    accuracy = accuracy if accuracy and accuracy > 0 else None
    note = f"定位误差约 {metres_text(accuracy)}，下面的远近只作参考。" if accuracy and accuracy > ROUGH else ""
    note += f"已按 {NAMES[datum]} 坐标换算。" if datum in UNDO else ""
    others = ((WGS84, "手机给的位置"), *NAMES.items())
    shifts = tuple((name, label) for name, label in others if name != (datum if datum in UNDO else WGS84))
    return Whence("here", ((lon, lat),), "离您现在的位置", note, accuracy=accuracy, shifts=shifts)


def _at_address(address: str, doorplate: str, deputy: Deputy | None) -> Whence:
    door = Doorplate.objects.active().filter(code=doorplate).first() if doorplate else None
    if door is None and not address:
        return _own(deputy, "both", problem="这个门牌已经不在了，请重新输入地址。")
    lookup = None if door else Doorplate.objects.at_address(address)
    if lookup and lookup.kind == "exact":
        door = lookup.doorplates[0]
    if door:
        at = (door.point.x, door.point.y)
        return Whence("address", (at,), f"离{door.address}", address=address or door.address, marks=_points([("doorplate", door.address, at)]))
    if lookup.position:
        about = lookup.position
        at = (about.lon, about.lat)
        return Whence("address", (at,), f"离{lookup.understood or address}", about.words, accuracy=about.within_m, address=address, choices=lookup.doorplates, marks=_points([("doorplate", address, at)]))
    return _own(deputy, "both", problem=lookup.advice, address=address, choices=lookup.doorplates)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
