"""Rows on their way in: what every format is turned into, and how its columns and coordinates are understood.

Values stay text as they stand in the file (`checks.py` gives them their types), shapes come as longitude and latitude
(EPSG:4326, CGCS2000-compatible). What makes a whole file unusable is a `FileRefused`; what is wrong with one row is a fault of
that row.

Columns may be named as in `layers.py` (English), by their Chinese label or by their DBF name. Attributes that are positions
(`workplace_lon`, `site_lon` ...) are degrees: in GCJ-02 or BD-09 when the file is, otherwise CGCS2000.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_data.crs import Crs, CrsError, parse_crs, to_lonlat
from gis_data.layers import Column, Layer

CHINA = (73.0, 3.0, 136.0, 54.0)  # west, south, east, north in degrees: every coordinate of a county lies inside

_POSITIONS = (("workplace_lon", "workplace_lat"), ("site_lon", "site_lat"))


class FileRefused(ValueError):
    """A file that cannot be taken in at all. The message is Chinese and says what to do."""


@dataclass(eq=False)
class Chunk:
    """Some rows of a file.

    rows: int64[n], row numbers as a person counts them (in a table the heading is row 1; elsewhere features from 1).
    values: declared column name -> n texts or None, only for columns that the file has.
    shapes: object[n] of lon/lat geometries or None; None when the file has no shapes at all.
    faults: position in the chunk -> what is wrong with that row's shape.
    """

    rows: NDArray[np.int64]
    values: dict[str, list[str | None]]
    shapes: NDArray[np.object_] | None
    faults: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(eq=False)
class Source:
    """An opened file. `columns` are the declared columns it has, `unused` its headings that mean nothing to this layer."""

    layer: Layer
    path: Path
    encoding: str
    columns: dict[str, str]  # declared name -> heading in the file
    unused: list[str]
    has_shape: bool
    crs: Crs | None
    crs_given: bool
    count: int | None
    rows: Iterable[tuple[NDArray[np.int64], dict[str, Sequence[Any]], Any]]
    notes: list[str] = field(default_factory=list)

    @property
    def crs_name(self) -> str:
        return self.crs.name if self.crs else ""

    def chunks(self) -> Iterator[Chunk]:
        """The rows, in the order of the file. Raises FileRefused when the coordinates as a whole make no sense."""
        for numbers, raw, shapes in self.rows:
            chunk = Chunk(numbers, {name: texts(values) for name, values in raw.items()}, None)
            if self.has_shape:
                chunk.shapes = _raw_shapes(shapes, chunk.faults)
                self._place(chunk)
            if self.crs and self.crs.shift:
                self._unshift_positions(chunk)
            yield chunk

    def _place(self, chunk: Chunk) -> None:
        """Turn the chunk's shapes into longitude and latitude; coordinates are judged before any geometry is stored."""
        assert chunk.shapes is not None
        xy, owner = shapely.get_coordinates(chunk.shapes, return_index=True)
        finite = np.isfinite(xy).all(axis=1)
        if self.crs is None:
            self.crs = _guessed(xy[finite], self.notes) if finite.any() else parse_crs("EPSG:4326")
        try:
            lon, lat = to_lonlat(xy[:, 0], xy[:, 1], self.crs)
        except CrsError as error:
            raise FileRefused(str(error)) from None
        if self.crs.epsg not in (4326, 4490):
            lon, lat = np.round(lon, 9), np.round(lat, 9)  # 0.1 mm: a file that is converted again gives the same row
        west, south, east, north = CHINA
        with np.errstate(invalid="ignore"):
            inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
        if finite.any() and (finite & ~inside).sum() * 2 > finite.sum():
            raise FileRefused(why_outside(xy[finite], lon[finite], lat[finite], self.crs))
        outside = np.flatnonzero(~inside)
        positions, firsts = np.unique(owner[outside], return_index=True)
        for position, first in zip(positions.tolist(), outside[firsts].tolist(), strict=True):
            x, y = xy[first]
            chunk.faults[position] = f"坐标（{x:.10g}，{y:.10g}）不在我国范围内" if finite[first] else "坐标不是有限的数值"
        bad = np.isin(owner, list(chunk.faults))
        lon[bad] = lat[bad] = 0.0
        moved = shapely.set_coordinates(chunk.shapes.copy(), np.column_stack([lon, lat]))
        moved[list(chunk.faults)] = None
        chunk.shapes = moved

    def _unshift_positions(self, chunk: Chunk) -> None:
        """Attributes that are positions lie in the same web map grid as the shapes."""
        for lon_name, lat_name in _POSITIONS:
            if lon_name not in chunk.values or lat_name not in chunk.values:
                continue
            lon, lat = (np.array([_number(v) for v in chunk.values[name]]) for name in (lon_name, lat_name))
            new_lon, new_lat = to_lonlat(lon, lat, self.crs)  # type: ignore[arg-type]
            for name, new in ((lon_name, new_lon), (lat_name, new_lat)):
                old = chunk.values[name]
                chunk.values[name] = [f"{v:.9f}" if math.isfinite(v) else was for v, was in zip(new.tolist(), old, strict=True)]


# --- headings ------------------------------------------------------------------------------------------------------------


def heading(name: object) -> str:
    """A heading as it is compared: widths, case, blanks and byte order marks do not count."""
    return unicodedata.normalize("NFKC", str(name)).strip().strip("\ufeff").strip().casefold()


def match_columns(headings: Sequence[str], layer: Layer, where: str) -> tuple[dict[str, str], list[str]]:
    """Declared name -> heading, and the headings left over. Raises FileRefused naming what is missing and what is there."""
    known: dict[str, Column] = {}
    for pick in ("dbf", "label", "name"):
        known |= {heading(getattr(column, pick)): column for column in layer.columns}
    found: dict[str, str] = {}
    unused = []
    for name in headings:
        column = known.get(heading(name))
        if column is None:
            unused.append(name)
        elif column.name in found:
            raise FileRefused(f"“{found[column.name]}”和“{name}”两列都是“{column.label}”。请只保留一列。")
        else:
            found[column.name] = name
    missing = [column for column in layer.columns if column.required and column.name not in found]
    if missing:
        lacking = "、".join(f"{column.label}（{column.name}）" for column in missing)
        there = "、".join(shown(name, 20) for name in headings[:40]) or "没有列"
        raise FileRefused(f"{where}缺少“{layer.label}”必需的列：{lacking}。文件里有：{there}。请补上这些列，或把列名改成括号里外任一种写法。")
    return found, unused


def shown(value: object, length: int = 40) -> str:
    """A value as it is quoted in a message: printable and not too long."""
    text = str(value)
    if not text.isprintable():
        text = "".join(ch if ch.isprintable() else "�" for ch in text)
    return text if len(text) <= length else text[:length] + "…"


# --- values and shapes ---------------------------------------------------------------------------------------------------


def texts(values: Sequence[Any]) -> list[str | None]:
    """Values of any kind as text; None, NaN and blank are None. 12.0 is '12', days are ISO, lists are joined by ';'."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "iub":
            return values.astype(str).tolist()
        if values.dtype.kind == "M":
            return [None if v == "NaT" else v for v in np.datetime_as_string(values).tolist()]
        values = values.tolist()
    return [_text(value) for value in values]


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return None if math.isnan(value) else str(value)
        return str(int(value)) if value.is_integer() and abs(value) < 1e17 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, np.ndarray | list | tuple):
        return ";".join(filter(None, (_text(v) for v in value))) or None
    return str(value).strip() or None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _raw_shapes(found: Any, faults: dict[int, str]) -> NDArray[np.object_]:
    """Geometries in the file's own coordinates: from two columns of numbers, a column of WKT, or WKB as GDAL gives it."""
    if isinstance(found, list) and len(found) == 2:
        return _points(found[0], found[1], faults)
    if isinstance(found, list):
        source = np.array([value if isinstance(value, str) and value.strip() else None for value in found[0]], dtype=object)
        parse = shapely.from_wkt
    else:
        source, parse = found, shapely.from_wkb
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            shapes = parse(source, on_invalid="fix")
        except (NotImplementedError, shapely.errors.GEOSException):
            shapes = np.array([_one_shape(parse, value) for value in source], dtype=object)
    given = np.array([value is not None for value in source])
    for position in np.flatnonzero(given & shapely.is_missing(shapes)).tolist():
        faults[position] = "图形损坏：环的顶点不足、没有闭合，或不是支持的类型"
    shapes = shapely.force_2d(shapes)
    shapes[shapely.is_empty(shapes)] = None
    return shapes


def _one_shape(parse: Any, value: Any) -> Any:
    try:
        return parse(value, on_invalid="fix")
    except (NotImplementedError, shapely.errors.GEOSException):
        return None


def _points(x: Sequence[Any], y: Sequence[Any], faults: dict[int, str]) -> NDArray[np.object_]:
    both = []
    for column in (x, y):
        try:
            both.append(np.array([v if v not in (None, "") else math.nan for v in column], dtype=np.float64))
        except (TypeError, ValueError):
            both.append(np.array([_number(v) for v in column]))
    lon, lat = both
    shapes = np.full(len(lon), None, dtype=object)
    known = np.isfinite(lon) & np.isfinite(lat)
    shapes[known] = shapely.points(lon[known], lat[known])
    for position in np.flatnonzero(~known).tolist():
        given = [column[position] for column in (x, y)]
        if any(str(v or "").strip() for v in given):
            faults[position] = f"坐标不是数字：{shown(given[0], 20)}，{shown(given[1], 20)}"
    return shapes


# --- judging coordinates ---------------------------------------------------------------------------------------------------


def _guessed(xy: NDArray[np.float64], notes: list[str]) -> Crs:
    """Degrees without a declared system are taken as WGS 84; anything else must be declared."""
    x, y = xy[:, 0], xy[:, 1]
    degrees = (np.abs(x) <= 180) & (np.abs(y) <= 180)
    if degrees.mean() > 0.5:
        notes.append("文件没有声明坐标系，按经纬度（WGS 84、CGCS2000）读取")
        return parse_crs("EPSG:4326")
    raise FileRefused(
        f"文件没有声明坐标系，坐标（如 {x[0]:.10g}，{y[0]:.10g}）也不是经纬度。请用 --crs 指明，例如 --crs EPSG:4549（CGCS2000，3 度带，中央经线 120°）。"
    )


def why_outside(xy: NDArray[np.float64], lon: NDArray[np.float64], lat: NDArray[np.float64], crs: Crs) -> str:
    west, south, east, north = CHINA
    with np.errstate(invalid="ignore"):
        swapped = (lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)
    example = f"（如 {xy[0, 0]:.10g}，{xy[0, 1]:.10g}）"
    if swapped.mean() > 0.5:
        return f"经度和纬度写反了{example}：经度应在 73–136 之间，纬度应在 3–54 之间。请交换两列后再导入。"
    if crs.epsg in (4326, 4490) and np.nanmedian(np.abs(xy)) > 180:
        return f"坐标{example}不是经纬度，与坐标系“{crs.name}”不符。请用 --crs 指明投影坐标系，例如 --crs EPSG:4549。"
    return f"按坐标系“{crs.name}”换算后，多数坐标{example}不在我国范围内。请检查坐标系，并用 --crs 指明正确的坐标系。"
