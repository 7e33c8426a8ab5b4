"""What a resident asks: an address, a unit, a doorplate or a point. Whatever cannot be understood is answered with what to do."""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from apps.matching import datum as datums
from apps.matching.borders import metres_in_words
from apps.matching.employers import Employer, by_code, employer, is_called, named
from apps.matching.engine import Day
from apps.matching.finding import OutsideCounty, Place, find_at, find_in
from apps.organisations.models import Organisation
from apps.territory.addressing import plain
from apps.territory.lookup import AddressLookup
from apps.territory.models import Doorplate

LONGEST_TEXT = 100
CHINA = (73.0, 3.0, 136.0, 54.0)
DAYS = (dt.date(1954, 1, 1), dt.date(2099, 12, 31))
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")


class BadQuestion(Exception):
    """Not a place. `swapped` is the point that was probably meant, (lon, lat)."""

    def __init__(self, message: str, swapped: tuple[float, float] | None = None) -> None:
        super().__init__(message)
        self.swapped = swapped


@dataclass(frozen=True, eq=False)
class Answer:
    """A place; or a unit; or what the address could mean, with the units that could be meant. note: what the reader must be told."""

    place: Place | None = None
    lookup: AddressLookup | None = None
    employer: Employer | None = None
    employers: tuple[Organisation, ...] = ()
    note: str = ""
    doubtful: bool = False  # the pin is to be confirmed on the map

    @property
    def nearby(self) -> tuple[Doorplate, ...]:
        """Doors that could be meant where the place was only worked out."""
        return self.lookup.doorplates if self.lookup and self.lookup.kind == "partial" else ()


@dataclass(frozen=True)
class Question:
    """lon, lat: WGS 84 degrees, with the shift of `datum` undone."""

    text: str = ""
    lon: float | None = None
    lat: float | None = None
    accuracy: float | None = None
    doorplate: str = ""  # its code, when it was chosen from a list
    unit: str = ""  # an organisation's code, when it was chosen from a list
    via: str = ""  # how the position came: gps, map
    datum: str = datums.WGS84  # in what the position was given
    on: dt.date | None = None  # None: today
    side: str = ""  # near a border: which side was chosen

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Question":
        """From the parameters q, lat, lon, accuracy, datum, doorplate, unit, on, side and via. Raises BadQuestion."""
        texts = {name: given.get(name, "").strip() for name in ("q", "doorplate", "unit", "side", "via")}
        if len(texts["q"]) > LONGEST_TEXT:
            raise BadQuestion(f"地址太长了，请控制在 {LONGEST_TEXT} 个字以内，例如“人民路12号”。")
        if "\x00" in "".join(texts.values()):
            raise BadQuestion("地址里有无法识别的字符，请重新输入。")
        lon, lat = _number(given, "lon", "经度"), _number(given, "lat", "纬度")
        if (lon is None) != (lat is None):
            missing = "纬度 lat" if lat is None else "经度 lon"
            raise BadQuestion(f"位置不完整，缺少{missing}。请重新点“用我的位置”，或在地图上点一下。")
        datum = _datum(given)
        if lon is not None and lat is not None:
            _demand_position(lon, lat)
            lon, lat = datums.undone(lon, lat, datum)
        elif not (texts["q"] or texts["doorplate"] or texts["unit"]):
            raise BadQuestion(AddressLookup("", "none", "empty").advice)
        accuracy = _number(given, "accuracy", "定位误差")
        accuracy = accuracy if accuracy and accuracy > 0 else None
        return cls(texts["q"], lon, lat, accuracy, texts["doorplate"], texts["unit"], texts["via"], datum, read_day(given.get("on", "")), texts["side"])

    @property
    def position(self) -> tuple[float, float] | None:
        return (self.lon, self.lat) if self.lon is not None and self.lat is not None else None

    def answer(self, today: dt.date) -> Answer:
        """The place, the unit, or what the address could mean. A door goes before a position beside it. Raises OutsideCounty, BadQuestion."""
        on, door, lookup = self.on or today, self._plate(), None
        if self.unit and (organisation := by_code(self.unit)):
            return Answer(employer=employer(organisation, on))
        if door is None and self.text:
            lookup = Doorplate.objects.at_address(self.text)
            door = lookup.doorplates[0] if lookup.kind == "exact" else None
        if self.position:
            return replace(self._at_position(self.position, on, door), lookup=lookup)
        if door is not None:
            return Answer(find_at(door.point.x, door.point.y, on=on, doorplate=door), lookup)
        if lookup is None:
            raise BadQuestion(f"没有编号为“{plain(self.unit)[:30]}”的单位。请输入地址或单位名称。")
        return self._in_words(lookup, on)

    def _in_words(self, lookup: AddressLookup, on: dt.date) -> Answer:
        """No door: a unit of that name, else the neighbourhood of the address, else what it could mean."""
        units = named(self.text)
        called = [unit for unit in units if is_called(unit, self.text)]
        certain = [unit for unit in called if lookup.why != "area" or plain(unit.name) == plain(self.text)]  # a town's name is also its office's
        if len(certain) == 1 or (len(units) == 1 and lookup.why == "unknown"):
            return Answer(employer=employer((certain or units)[0], on), lookup=lookup)
        units = units if called or lookup.why != "area" else ()
        about = lookup.position
        if about is None or (lookup.doorplates and about.basis != "interpolated"):  # a whole street says less than a choice of its doors
            return Answer(lookup=lookup, employers=units)
        place = find_at(about.lon, about.lat, on=on, accuracy=about.within_m)
        return Answer(place, lookup, note=f"{about.words}请在地图上确认位置。", doubtful=True)

    def _at_position(self, position: tuple[float, float], on: dt.date, door: Doorplate | None) -> Answer:
        """At a position; at the door it belongs to when the two agree, or differ by the shift of web maps alone."""
        if door is None:
            return Answer(find_at(*position, on=on, accuracy=self.accuracy))
        there = (door.point.x, door.point.y)
        apart = datums.metres_between(there, position)
        shift = datums.shift_from(there, position, self.accuracy) if self.datum == datums.WGS84 else ""
        if shift or apart <= max(datums.DOOR_REACH, min(self.accuracy or 0.0, datums.VAGUE)):
            note = f"定位和门牌相差{metres_in_words(apart)}，正好是网络地图的坐标偏移（{datums.NAMES[shift]}），已按门牌的位置查找。" if shift else ""
            return Answer(find_at(*there, on=on, doorplate=door), note=note)
        note = f"您的位置离门牌“{door.address}”{metres_in_words(apart)}，下面按您的位置查找，请在地图上确认。"
        return Answer(find_at(*position, on=on, accuracy=self.accuracy), note=note, doubtful=True)

    def shifts(self, found: Place | None, day: Day) -> list[tuple[datums.Shift, Place]]:
        """Where a bare position would be if it was shifted as web maps shift it, and what lies there; only places in the county.

        None for a position that was set on our own map, has a door, or had its shift undone already.
        """
        if self.position is None or self.via == "map" or self.datum != datums.WGS84 or (found and found.doorplate):
            return []
        places = []
        for shift in datums.shifts(*self.position):
            try:
                places.append((shift, find_in(day, shift.lon, shift.lat, accuracy=self.accuracy)))
            except OutsideCounty:
                continue
        return places

    def _plate(self) -> Doorplate | None:
        if not self.doorplate:
            return None
        plate = Doorplate.objects.active().filter(code=self.doorplate).first()
        if plate is None and self.lon is None and not self.text:
            raise BadQuestion(f"没有编号为“{plain(self.doorplate)[:30]}”的门牌。请输入地址，或在地图上点一下。")
        return plate


def _number(given: Mapping[str, str], name: str, label: str) -> float | None:
    value = given.get(name, "").strip()
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadQuestion(f"{label} {name} 应是数字，例如 {'120.4031' if name == 'lon' else '27.5119' if name == 'lat' else '30'}，收到的是“{value[:20]}”。")
    return number


def _datum(given: Mapping[str, str]) -> str:
    value = given.get("datum", "").strip().lower().replace("-", "") or datums.WGS84
    if value not in datums.NAMES:
        raise BadQuestion(f"坐标系 datum 只能是 {'、'.join(datums.NAMES)}，收到的是“{value[:20]}”。")
    return value


def read_day(text: str) -> dt.date | None:
    """The day of `on`, in any of the ways that imports take; None when nothing is written. Raises BadQuestion."""
    value = unicodedata.normalize("NFKC", text).strip()
    if not value:
        return None
    try:
        match = _DAY.fullmatch(value)
        day = dt.date(*(int(part) for part in match.groups() if part)) if match else None
    except ValueError:
        day = None
    if day is None:
        raise BadQuestion(f"日期 on 应写成 2026-03-01 这样，收到的是“{value[:20]}”。请改正日期，或去掉它查今天的。")
    if not DAYS[0] <= day <= DAYS[1]:
        raise BadQuestion(f"只能查 {DAYS[0].year} 年到 {DAYS[1].year} 年之间的日期，收到的是“{value[:20]}”。")
    return day


def _demand_position(lon: float, lat: float) -> None:
    west, south, east, north = CHINA
    if west <= lat <= east and south <= lon <= north:
        raise BadQuestion(f"经纬度好像写反了：经度 {lon:g}、纬度 {lat:g}。在中国，经度在 73 到 136 之间，纬度在 3 到 54 之间。", (lat, lon))
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadQuestion(f"经度应在 -180 到 180 之间，纬度应在 -90 到 90 之间，收到的是经度 {lon:g}、纬度 {lat:g}。请在地图上点一下您的位置。")
