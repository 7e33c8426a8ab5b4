"""What a resident asks: an address, a doorplate or a point. Whatever cannot be understood is answered with what to do."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from apps.matching.finding import Place, find_at
from apps.territory.addressing import plain
from apps.territory.lookup import AddressLookup
from apps.territory.models import Doorplate

LONGEST_TEXT = 100
CHINA = (73.0, 3.0, 136.0, 54.0)


class BadQuestion(Exception):
    """Not a place. `swapped` is the point that was probably meant, (lon, lat)."""

    def __init__(self, message: str, swapped: tuple[float, float] | None = None) -> None:
        super().__init__(message)
        self.swapped = swapped


@dataclass(frozen=True)
class Question:
    text: str = ""
    lon: float | None = None
    lat: float | None = None
    accuracy: float | None = None
    doorplate: str = ""  # its code, when it was chosen from a list

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Question":
        """From the parameters q, lat, lon, accuracy and doorplate. Raises BadQuestion."""
        text, doorplate = given.get("q", "").strip(), given.get("doorplate", "").strip()
        if len(text) > LONGEST_TEXT:
            raise BadQuestion(f"地址太长了，请控制在 {LONGEST_TEXT} 个字以内，例如“人民路12号”。")
        if "\x00" in text + doorplate:
            raise BadQuestion("地址里有无法识别的字符，请重新输入。")
        lon, lat = _number(given, "lon", "经度"), _number(given, "lat", "纬度")
        if (lon is None) != (lat is None):
            missing = "纬度 lat" if lat is None else "经度 lon"
            raise BadQuestion(f"位置不完整，缺少{missing}。请重新点“用我的位置”，或在地图上点一下。")
        if lon is not None and lat is not None:
            _demand_position(lon, lat)
        elif not text and not doorplate:
            raise BadQuestion(AddressLookup("", "none", "empty").advice)
        accuracy = _number(given, "accuracy", "定位误差")
        return cls(text, lon, lat, accuracy if accuracy and accuracy > 0 else None, doorplate)

    def answer(self, on: dt.date) -> tuple[Place | None, AddressLookup | None]:
        """The place, or what the address could mean. A given point goes before the address. Raises OutsideCounty, BadQuestion."""
        plate = self._plate()
        if self.lon is not None and self.lat is not None:
            return find_at(self.lon, self.lat, on=on, doorplate=plate, accuracy=self.accuracy), None
        lookup = None
        if plate is None:
            lookup = Doorplate.objects.at_address(self.text)
            if lookup.kind != "exact":
                return None, lookup
            plate = lookup.doorplates[0]
        return find_at(plate.point.x, plate.point.y, on=on, doorplate=plate), lookup

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


def _demand_position(lon: float, lat: float) -> None:
    west, south, east, north = CHINA
    if west <= lat <= east and south <= lon <= north:
        raise BadQuestion(f"经纬度好像写反了：经度 {lon:g}、纬度 {lat:g}。在中国，经度在 73 到 136 之间，纬度在 3 到 54 之间。", (lat, lon))
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise BadQuestion(f"经度应在 -180 到 180 之间，纬度应在 -90 到 90 之间，收到的是经度 {lon:g}、纬度 {lat:g}。请在地图上点一下您的位置。")
