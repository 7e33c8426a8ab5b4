"""Coordinate systems: what Chinese county data arrives in, and the way from there to longitude and latitude and back.

Everything inside the product is longitude and latitude in degrees, stored as EPSG:4326 and compatible with CGCS2000: the two
differ by less than the data's accuracy, and PROJ leaves coordinates unchanged between them. Two map grids of Chinese web maps
are shifted on purpose and have no EPSG code: GCJ-02 (Amap, Tencent) and BD-09 (Baidu). Beijing 1954 and Xian 1980 lie tens of
metres to more than a hundred away, PROJ would shift them by nothing without a word, so they are refused unless the definition
carries the seven (or three) local parameters.

Sources: EPSG registry as shipped with PROJ; GCJ-02 and BD-09 as published in the eviltransform, gcoord and coordtransform
projects (there is no official text). Plain numpy and pyproj. Messages of `CrsError` are for the person who chose the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

# CGCS2000, 3-degree Gauss-Krüger, zones 25 to 45 (central meridians 75 to 135 E). The first series writes the zone
# in front of the easting (40 539 827 m), the second does not (539 827 m).
ZONE_PREFIXED = range(4513, 4534)
ZONE_BY_MERIDIAN = range(4534, 4555)

_FIRST_ZONE = 25
_LONGEST_DEFINITION = 20_000
_AXIS = 6378245.0  # Krasovsky 1940, which the GCJ-02 shift is computed on
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)  # west, south, east, north of the rectangle in which GCJ-02 shifts at all
_BAIDU = np.pi * 3000.0 / 180.0


class CrsError(ValueError):
    """A coordinate system that cannot be used; the message is Chinese and says what to do."""


@dataclass(frozen=True, eq=False)
class Crs:
    """A coordinate system that coordinates can be read from; made by `parse_crs`.

    name: as shown on screens. epsg: its code, None where it has none. shift: the web map grid, "" for a surveyed system.
    definition: what PROJ knows of a surveyed system (horizontal part only), None for a web map grid.
    """

    name: str
    epsg: int | None = None
    shift: Literal["", "gcj02", "bd09"] = ""
    definition: pyproj.CRS | None = None


def coordinates(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Two float64 arrays of one equal length; a scalar becomes one row, None becomes NaN. ValueError otherwise."""
    first, second = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (x, y))
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"coordinates must be two rows of equal length, got shapes {first.shape} and {second.shape}")
    return first, second


def on_earth(lon: Floats, lat: Floats) -> Mask:
    """Which of two arrays' rows are a place: finite, longitude within ±360 and latitude within ±90 degrees."""
    return (np.abs(lon) <= 360.0) & (np.abs(lat) <= 90.0)


# --- web map grids -----------------------------------------------------------------------------------------------------


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """GCJ-02 longitude and latitude (degrees, shape (n,)) of WGS 84 ones.

    Outside the rectangle 72.004–137.8347 E, 0.8293–55.8271 N the published algorithm changes nothing, nor do we; the same
    holds for coordinates that are not finite.
    """
    east, north = coordinates(lon, lat)
    return _shifted(east, north, _in_china(east, north), _gcj02)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """The exact inverse of `wgs84_to_gcj02`: going back gives the input to better than 1e-9 degrees (0.1 mm).

    Unchanged outside the same rectangle. In the last kilometre along its edge, far out at sea or abroad, two places share
    one GCJ-02 coordinate or none has it, and no inverse can be exact.
    """
    east, north = coordinates(lon, lat)
    return _shifted(east, north, _in_china(east, north), lambda x, y: _invert(_gcj02, x, y))


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """BD-09 longitude and latitude (degrees, shape (n,)) of GCJ-02 ones.

    Baidu shifts everywhere, also outside China; only what is no place on earth comes back unchanged.
    """
    east, north = coordinates(lon, lat)
    return _shifted(east, north, on_earth(east, north), _bd09)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """The exact inverse of `gcj02_to_bd09`, to better than 1e-9 degrees.

    The formula usually published as the inverse is an approximation, wrong by up to 2e-6 degrees (0.2 m).
    """
    east, north = coordinates(lon, lat)
    return _shifted(east, north, on_earth(east, north), lambda x, y: _invert(_bd09, x, y))


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """BD-09 of WGS 84, by way of GCJ-02 (degrees, shape (n,)); outside China only Baidu's own shift is applied."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """WGS 84 of BD-09, by way of GCJ-02: both steps are exact inverses."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _in_china(lon: Floats, lat: Floats) -> Mask:
    west, south, east, north = _CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _shifted(lon: Floats, lat: Floats, where: Mask, shift: Shift) -> tuple[Floats, Floats]:
    out_lon, out_lat = lon.copy(), lat.copy()
    out_lon[where], out_lat[where] = shift(lon[where], lat[where])
    return out_lon, out_lat


def _gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    wave = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = wave + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)
    north += 160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + north * 2.0 / 3.0
    east = wave + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)
    east += 150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + east * 2.0 / 3.0
    latitude = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
    root = np.sqrt(magic)
    north = np.degrees(north * (magic * root) / (_AXIS * (1.0 - _ECCENTRICITY_SQUARED)))
    east = np.degrees(east * root / (_AXIS * np.cos(latitude)))
    return lon + east, lat + north


def _bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(forward: Shift, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    # Both shifts change by at most a few per cent of a step, so each round gains more than a digit.
    x, y = lon, lat
    for _ in range(30):
        there_lon, there_lat = forward(x, y)
        step_lon, step_lat = there_lon - lon, there_lat - lat
        x, y = x - step_lon, y - step_lat
        if max(np.abs(step_lon).max(initial=0.0), np.abs(step_lat).max(initial=0.0)) < 1e-13:
            break
    return x, y


# --- surveyed systems --------------------------------------------------------------------------------------------------

_CODES = {"wgs84": 4326, "gps": 4326, "cgcs2000": 4490, "2000国家大地坐标系": 4490, "国家2000": 4490, "大地2000": 4490}
_GRIDS: dict[str, Literal["gcj02", "bd09"]] = {
    "gcj02": "gcj02", "火星坐标": "gcj02", "国测局坐标": "gcj02", "高德": "gcj02", "腾讯": "gcj02",
    "bd09": "bd09", "bd09ll": "bd09", "百度": "bd09", "百度坐标": "bd09",
}  # fmt: skip
_GRID_NAMES = {"gcj02": "GCJ-02（高德、腾讯）", "bd09": "BD-09（百度）"}
_OLD = re.compile(r"beijing|bj54|北京|xi'?an|西安", re.IGNORECASE)
_OLD_ELLIPSOID = re.compile(r"kra[s]+o[vw]sky|iag.?(19)?75", re.IGNORECASE)
_MODERN = re.compile(
    r"world geodetic system 1984|wgs.?(19)?84|china.?2000|cgcs.?2000|china geodetic|^itrf|^igs", re.IGNORECASE
)
_UNNAMED = re.compile(r"^(d_)?(unknown|unnamed|not.specified)", re.IGNORECASE)
_CHOICES = "EPSG 编号（如 EPSG:4549）、cgcs2000、wgs84、gcj02 或 bd09"


@lru_cache(maxsize=64)
def parse_crs(text: str) -> Crs:
    """The coordinate system that a text names.

    text: 'EPSG:4549', '4549', 'gcj02', 'bd09', 'cgcs2000', 'wgs84' (any case, with or without hyphens), a URN, the WKT of
    a .prj file or what else PROJ reads. Raises CrsError when it is empty, unknown, not usable on the earth (local site
    grids, geocentric) or an old datum without parameters.
    """
    text = text.strip()
    if not text:
        raise CrsError(f"没有指明坐标系。请填写 {_CHOICES}。")
    if len(text) > _LONGEST_DEFINITION:
        raise CrsError(f"坐标系说明过长，不像是坐标系定义。请改填 {_CHOICES}。")
    short = re.sub(r"[\s_\-]", "", text).lower()
    if grid := _GRIDS.get(short):
        return Crs(name=_GRID_NAMES[grid], shift=grid)
    if len(short) <= 20 and _OLD.match(short):
        raise _old_datum(text)
    code = _CODES.get(short) or _code(text)
    try:
        definition = pyproj.CRS.from_epsg(code) if code else pyproj.CRS.from_user_input(text)
    except CRSError:
        raise CrsError(f"不认识坐标系“{text[:60]}”。请填写 {_CHOICES}。") from None
    return _checked(definition)


def _code(text: str) -> int | None:
    found = re.fullmatch(r"(?:\+?init=)?(?:epsg:{1,2}|urn:ogc:def:crs:epsg:[\d.]*:)?(\d{1,6})", text, re.IGNORECASE)
    return int(found[1]) if found else None


def _checked(definition: pyproj.CRS) -> Crs:
    if definition.is_compound:
        definition = definition.sub_crs_list[0]
    geographic = definition.geodetic_crs
    if geographic is None or geographic.datum is None or definition.is_geocentric or definition.is_vertical:
        raise CrsError(
            f"“{definition.name}”是地方独立坐标系或非平面坐标系，无法直接上图。请先转换为 CGCS2000（如 EPSG:4549）。"
        )
    datum, ellipsoid = geographic.datum.name, geographic.ellipsoid
    assert ellipsoid is not None
    if not _has_parameters(definition):
        unnamed = _UNNAMED.search(datum)
        if _OLD.search(datum) or (unnamed and _OLD_ELLIPSOID.search(ellipsoid.name)):
            raise _old_datum(definition.name)
        like_cgcs2000 = ellipsoid.semi_major_metre == 6378137.0 and abs(ellipsoid.inverse_flattening - 298.2572) < 1e-3
        if not (_MODERN.search(datum) or (unnamed and like_cgcs2000)):
            raise CrsError(
                f"坐标系“{definition.name}”的基准（{datum}）与 CGCS2000 不一致。请先转换为 CGCS2000 或 WGS 84。"
            )
    flat = definition if definition.is_bound else definition.to_2d()
    epsg = None if definition.is_bound else flat.to_epsg()
    return Crs(name=f"EPSG:{epsg} {flat.name}" if epsg else flat.name, epsg=epsg, definition=flat)


def _has_parameters(definition: pyproj.CRS) -> bool:
    operation = definition.coordinate_operation if definition.is_bound else None
    return operation is not None and any(operation.towgs84)


def _old_datum(name: str) -> CrsError:
    return CrsError(
        f"“{name[:60]}”属于北京54或西安80坐标系，与 CGCS2000 相差几十米到一百多米，没有公开的转换参数，不能直接导入。"
        "请先请当地测绘部门转换为 CGCS2000（如 EPSG:4549），或提供带 TOWGS84 参数的坐标系定义。"
    )


def zone_for(lon: float) -> int:
    """EPSG code of the CGCS2000 3-degree zone (by central meridian, no prefix) in which a longitude lies.

    lon: degrees, 73.5 to below 136.5; a border between zones belongs to the eastern one. CrsError outside.
    """
    zone = (lon + 1.5) // 3 if np.isfinite(lon) else 0
    if not _FIRST_ZONE <= zone < _FIRST_ZONE + len(ZONE_BY_MERIDIAN):
        raise CrsError(f"经度 {lon} 不在我国 3 度带范围（东经 73.5 度至 136.5 度）内，请检查坐标。")
    return ZONE_BY_MERIDIAN[int(zone) - _FIRST_ZONE]


def to_lonlat(x: ArrayLike, y: ArrayLike, crs: Crs | str) -> tuple[Floats, Floats]:
    """Longitude and latitude in degrees, shape (n,), of coordinates in a system.

    x, y: easting and northing (or longitude and latitude), always in this order whatever the system's own axes say.
    What is not finite, or cannot be converted, comes back as NaN in both. Raises CrsError when the coordinates as a whole
    belong to the neighbouring kind of Gauss-Krüger zone or have their axes swapped.
    """
    crs = parse_crs(crs) if isinstance(crs, str) else crs
    first, second = coordinates(x, y)
    if crs.shift:
        result = (gcj02_to_wgs84 if crs.shift == "gcj02" else bd09_to_wgs84)(first, second)
    else:
        _refuse_wrong_zone(first, second, crs)
        result = _through(crs, first, second, inverse=False)
    return _both_or_nothing(*result)


def from_lonlat(lon: ArrayLike, lat: ArrayLike, crs: Crs | str) -> tuple[Floats, Floats]:
    """Easting and northing (or longitude and latitude), shape (n,), in a system; the inverse of `to_lonlat`."""
    crs = parse_crs(crs) if isinstance(crs, str) else crs
    first, second = coordinates(lon, lat)
    if crs.shift:
        result = (wgs84_to_gcj02 if crs.shift == "gcj02" else wgs84_to_bd09)(first, second)
    else:
        result = _through(crs, first, second, inverse=True)
    return _both_or_nothing(*result)


def _through(crs: Crs, x: Floats, y: Floats, inverse: bool) -> tuple[Floats, Floats]:
    assert crs.definition is not None
    if crs.epsg in (4326, 4490):
        return x.copy(), y.copy()
    return _transformer(crs).transform(x, y, direction="INVERSE" if inverse else "FORWARD")


@lru_cache(maxsize=64)
def _transformer(crs: Crs) -> pyproj.Transformer:
    assert crs.definition is not None
    geographic = crs.definition.geodetic_crs
    assert geographic is not None and geographic.datum is not None
    # The same datum on both sides, so that PROJ has no shift to choose from.
    chinese = not crs.definition.is_bound and re.search("china|cgcs", geographic.datum.name, re.IGNORECASE)
    return pyproj.Transformer.from_crs(crs.definition, 4490 if chinese else 4326, always_xy=True)


def _both_or_nothing(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    lost = ~(np.isfinite(x) & np.isfinite(y))
    x[lost] = y[lost] = np.nan
    return x, y


def _refuse_wrong_zone(x: Floats, y: Floats, crs: Crs) -> None:
    known = np.isfinite(x) & np.isfinite(y)
    if crs.epsg is None or not known.any():
        return
    east, north = x[known], y[known]
    if crs.epsg in ZONE_BY_MERIDIAN and (east > 1e7).all():
        zone = int(np.median(east) // 1e6)
        better = f"EPSG:{ZONE_PREFIXED[zone - _FIRST_ZONE]}" if zone - _FIRST_ZONE in range(21) else "带带号的坐标系"
        raise CrsError(f"横坐标带有带号 {zone}，与 EPSG:{crs.epsg}（不带带号）不符。请改用 {better}。")
    if crs.epsg in ZONE_PREFIXED and (np.abs(east) < 1e6).all():
        better = f"EPSG:{ZONE_BY_MERIDIAN[crs.epsg - ZONE_PREFIXED[0]]}"
        raise CrsError(f"横坐标没有带号，与 EPSG:{crs.epsg}（带带号）不符。请改用 {better}。")
    if crs.epsg in ZONE_BY_MERIDIAN and (east > 1e6).all() and (np.abs(north) < 1e6).all():
        raise CrsError(f"横、纵坐标可能写反了：EPSG:{crs.epsg} 的横坐标（东）应在 500000 左右。请交换两列后再导入。")
