"""What a row must be before it is staged: values of the declared kinds, polygons that are whole, layers that tile.

`check` turns a chunk of texts into values that a database column of the declared kind takes, and says in Chinese what is wrong
with each row that cannot go on. `repair` mends polygons and says by how much their area changed. `coverage` finds overlaps and
gaps in what should tile. Nothing here reads a file or knows a database.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_data.layers import Column, Layer
from gis_data.rows import Chunk, shown

CHINA_TIME = dt.timezone(dt.timedelta(hours=8))
AREA_TOLERANCE = 0.01  # of a polygon's area: a repair that changes more is refused
LARGEST_INT = 2**31 - 1
METRES_PER_DEGREE = 111_320.0

_TRUE = {"true", "t", "1", "yes", "y", "是", "有", "√", "真"}
_FALSE = {"false", "f", "0", "no", "n", "否", "无", "×", "假"}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?|(\d{4})(\d{2})")
_CLOCK = re.compile(r"(.+?)[ tT]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?", re.IGNORECASE)
_MIDNIGHT = re.compile(r"[ tT]00:00(:00(\.0+)?)?(Z|\+00(:?00)?|\+08(:?00)?)?$")
_EMPTY = {"null", "nan", "nat", "none", "<na>", "#n/a", "\\n"}  # how programs write an empty cell
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d{2,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Unfit(ValueError):
    """A value that its column cannot hold; the message is Chinese."""


@dataclass(eq=False)
class Checked:
    """A chunk after the checks.

    rows: int64[k] numbers of the rows that may go on, with `values` (declared name -> k texts or None, in the form the database
    takes) and `shapes` (object[k], lon/lat or None; None when the file has no shapes). refused: (row, reason, what the file
    said without private columns). repaired: rows whose polygon was mended.
    """

    rows: NDArray[np.int64]
    values: dict[str, list[str | None]]
    shapes: NDArray[np.object_] | None
    refused: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    repaired: list[int] = field(default_factory=list)


def check(layer: Layer, chunk: Chunk, words: Mapping[str, Mapping[str, str]] | None = None) -> Checked:
    """Judge every value and shape of a chunk.

    words: for a column with choices, the words on screen that stand for each stored code ('按居住' -> 'residence').
    """
    faults: dict[int, list[str]] = {position: [reason] for position, reason in chunk.faults.items()}
    values: dict[str, list[str | None]] = {}
    for name, raw in chunk.values.items():
        column = layer.column(name)
        values[name] = _check_column(column, raw, (words or {}).get(name, {}), faults)
    shapes: NDArray[np.object_] | None = None
    repaired: list[int] = []
    if chunk.shapes is not None:
        shapes, repaired = _check_shapes(layer, chunk, faults)
    keep = np.array([position for position in range(len(chunk)) if position not in faults], dtype=np.int64)
    refused = [(int(chunk.rows[at]), "；".join(faults[at]), said(layer, chunk, at)) for at in sorted(faults)]
    if faults:
        values = {name: [column[at] for at in keep.tolist()] for name, column in values.items()}
        shapes = None if shapes is None else shapes[keep]
    return Checked(chunk.rows[keep], values, shapes, refused, [int(chunk.rows[at]) for at in repaired if at not in faults])


def said(layer: Layer, chunk: Chunk, at: int) -> dict[str, str]:
    """What the file says in one row, without private columns and empty cells."""
    public = {column.name for column in layer.columns if not column.private}
    return {name: shown(column[at], 200) for name, column in chunk.values.items() if name in public and column[at] is not None}


def _check_column(column: Column, raw: Sequence[str | None], words: Mapping[str, str], faults: dict[int, list[str]]) -> list[str | None]:
    # Each distinct value is judged once: most columns hold few.
    good: dict[str | None, str | None] = {}
    bad: dict[str | None, str] = {}
    for value in set(raw):
        try:
            good[value] = read_value(column, value, words)
        except Unfit as error:
            good[value], bad[value] = None, str(error)
    if bad:
        for position, value in enumerate(raw):
            if value in bad:
                faults.setdefault(position, []).append(bad[value])
    return [good[value] for value in raw]


def read_value(column: Column, value: str | None, words: Mapping[str, str] | None = None) -> str | None:
    """One value in the form its database column takes, or None when the cell is empty. Raises Unfit."""
    value = (value or "").strip()
    if not value or value.lower() in _EMPTY:
        if column.required:
            raise Unfit(f"“{column.label}”不能为空")
        return None
    if _CONTROL.search(value):
        raise Unfit(f"“{column.label}”里有不可见字符")
    quoted = "" if column.private else f"“{shown(value)}”"
    if column.kind in ("text", "list"):
        if _ROUNDED.fullmatch(value):
            raise Unfit(f"“{column.label}”{quoted}被表格软件改成了科学计数，末位已经丢失；请把这一列设为文本后重新填写")
        value = _KINDS[column.kind](value)
        value = (words or {}).get(value, value)
        if len(value) > column.length:
            raise Unfit(f"“{column.label}”最多 {column.length} 个字，现有 {len(value)} 个")
        if column.choices and value not in column.choices:
            allowed = "、".join(sorted(words, key=lambda word: column.choices.index(words[word]))) if words else "、".join(column.choices)
            raise Unfit(f"“{column.label}”{quoted}不在可选范围内：{allowed}")
        if column.pattern and not re.search(column.pattern, value):
            rule = "应是 12 位数字" if column.pattern == r"^\d{12}$" else f"应符合 {column.pattern}"
            raise Unfit(f"“{column.label}”{quoted}{rule}")
        return value
    try:
        result = _KINDS[column.kind](unicodedata.normalize("NFKC", value))
    except (ValueError, OverflowError):
        raise Unfit(f"“{column.label}”{quoted}不是{_KIND_NAMES[column.kind]}") from None
    if column.kind in ("int", "float"):
        number = float(result)
        least, most = column.minimum, column.maximum
        if (least is not None and number < least) or (most is not None and number > most) or abs(number) > 1e15:
            limits = f"在 {least:g} 到 {most:g} 之间" if least is not None and most is not None else f"不小于 {least or 0:g}"
            raise Unfit(f"“{column.label}”{quoted}应{limits}")
    return result


def _whole(text: str) -> str:
    match = re.fullmatch(r"([+-]?[0-9]{1,10})(\.0*)?", text)
    if not match or abs(int(match[1])) > LARGEST_INT:
        raise ValueError
    return str(int(match[1]))


def _decimal(text: str) -> str:
    number = float(text)
    if not np.isfinite(number) or "_" in text:
        raise ValueError
    return repr(number)


def _truth(text: str) -> str:
    word = text.casefold()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return "true" if word in _TRUE else "false"


@lru_cache(maxsize=4096)
def _day(text: str) -> str:
    match = _DAY.fullmatch(_MIDNIGHT.sub("", text))
    if not match:
        raise ValueError
    year, month, day = (int(part) for part in match.groups() if part)
    return dt.date(year, month, day).isoformat()


def _month(text: str) -> str:
    match = _MONTH.fullmatch(text)
    if not match:
        return _day(text)[:8] + "01"
    year, month = (int(part) for part in match.groups() if part)
    return dt.date(year, month, 1).isoformat()


def _moment(text: str) -> str:
    """ISO with its offset; a time without one is Chinese time."""
    match = _CLOCK.fullmatch(text)
    if not match:
        return f"{_day(text)}T00:00:00+08:00"
    day, hour, minute, second, fraction, zone = match.groups()
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    moment = dt.datetime.combine(
        dt.date.fromisoformat(_day(day)), dt.time(int(hour), int(minute), int(second or 0), microsecond), _zone(zone)
    )
    return moment.isoformat()


def _zone(text: str | None) -> dt.timezone:
    if not text:
        return CHINA_TIME
    if text in "Zz":
        return dt.UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def _listed(text: str) -> str:
    return ";".join(dict.fromkeys(part for part in (piece.strip() for piece in re.split("[;；|]", text)) if part))


_KINDS: dict[str, Callable[[str], str]] = {
    "text": lambda text: text, "list": _listed, "int": _whole, "float": _decimal, "bool": _truth, "date": _day, "month": _month,
    "datetime": _moment,
}  # fmt: skip
_KIND_NAMES = {
    "int": "整数", "float": "数字", "bool": "“是”或“否”", "date": "日期（如 2026-03-01）", "month": "月份（如 2026-03）",
    "datetime": "时间（如 2026-03-01 09:30）",
}  # fmt: skip


# --- shapes --------------------------------------------------------------------------------------------------------------

_SHAPE_NAMES = {"point": "点", "polygon": "面"}


def _check_shapes(layer: Layer, chunk: Chunk, faults: dict[int, list[str]]) -> tuple[NDArray[np.object_], list[int]]:
    assert chunk.shapes is not None
    shapes = chunk.shapes.copy()
    repaired: list[int] = []
    missing = shapely.is_missing(shapes)
    if layer.shape_required:
        for at in np.flatnonzero(missing).tolist():
            if at not in chunk.faults:
                faults.setdefault(at, []).append("没有位置")
    kinds = shapely.get_type_id(shapes)
    if layer.shape == "point":
        single = (kinds == 4) & (shapely.get_num_geometries(shapes) == 1)  # a MultiPoint of one point is that point
        shapes[single] = shapely.get_geometry(shapes[single], 0)
        kinds[single] = 0
    wanted = {"point": (0,), "polygon": (3, 6), "any": (0, 1, 3, 5, 6)}[layer.shape]
    for at in np.flatnonzero(~missing & ~np.isin(kinds, wanted)).tolist():
        faults.setdefault(at, []).append(f"图形应是{_SHAPE_NAMES.get(layer.shape, '点、线或面')}，现在是{shapes[at].geom_type}")
    lines = np.flatnonzero(np.isin(kinds, (1, 5)))
    for at in lines[~shapely.is_valid(shapes[lines])].tolist():
        faults.setdefault(at, []).append("线的长度为零")
    surfaces = np.flatnonzero(np.isin(kinds, (3, 6)))
    if len(surfaces) and layer.shape != "point":
        mended, change, broken = repair(shapes[surfaces])
        for at, ratio, was_broken in zip(surfaces.tolist(), change.tolist(), broken.tolist(), strict=True):
            if ratio > AREA_TOLERANCE:
                faults.setdefault(at, []).append(f"面自相交或环有错，修复会使面积改变 {_percent(ratio)}（超过 1%），请在制图软件中修正")
            elif was_broken:
                repaired.append(at)
        shapes[surfaces] = mended
    return shapes, repaired


def _percent(ratio: float) -> str:
    return f"{ratio:.1%}" if np.isfinite(ratio) and ratio < 10 else "很多"


def repair(polygons: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.float64], NDArray[np.bool_]]:
    """Valid MultiPolygons in normal form, the share by which each area changed (inf: nothing is left), and which were not valid before."""
    flat = shapely.force_2d(polygons)
    broken = ~shapely.is_valid(flat)
    whole = flat.copy()
    whole[broken] = shapely.make_valid(flat[broken], method="structure", keep_collapsed=False)
    # Formats turn rings round and start them elsewhere; in normal form the same polygon is the same row.
    result = shapely.normalize(np.array([_as_multipolygon(shape) for shape in whole], dtype=object))
    before, after = shapely.area(flat), shapely.area(result)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(before > 0, np.abs(after - before) / before, np.inf)
    change[np.isnan(after) | (after == 0)] = np.inf
    return result, change, broken


def _as_multipolygon(shape: shapely.Geometry) -> shapely.MultiPolygon:
    parts = [part for part in shapely.get_parts(shape).tolist() if part.geom_type == "Polygon" and not part.is_empty]
    nested = [p for part in shapely.get_parts(shape).tolist() if part.geom_type == "MultiPolygon" for p in part.geoms]
    whole = shapely.MultiPolygon([*parts, *nested])
    if whole.is_valid:
        return whole
    union = shapely.union_all([*parts, *nested])  # GEOS leaves an edge shared by two parts as it is
    return union if union.geom_type == "MultiPolygon" else shapely.MultiPolygon([union])


# --- what should tile --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Fault:
    """One fault of polygons that should tile, lon/lat: two that overlap (their positions), a gap (the positions of its neighbours)
    or what of one lies outside (its position); m², and the shape of it."""

    kind: Literal["overlap", "gap", "outside"]
    positions: tuple[int, ...]
    square_metres: float
    shape: shapely.Geometry


@dataclass(frozen=True)
class Coverage:
    """Faults of polygons that should tile, in m², largest first: pairs that overlap (positions), holes between them, what lies
    outside (position)."""

    overlaps: tuple[tuple[int, int, float], ...]
    gaps: tuple[float, ...]
    outside: tuple[tuple[int, float], ...] = ()


def coverage(polygons: Sequence[shapely.Geometry], within: shapely.Geometry | None = None, tolerance: float = 10.0) -> Coverage:
    """What `faults` finds, without the shapes."""
    found = faults(polygons, within, tolerance)
    overlaps = tuple((fault.positions[0], fault.positions[1], fault.square_metres) for fault in found if fault.kind == "overlap")
    outside = tuple((fault.positions[0], fault.square_metres) for fault in found if fault.kind == "outside")
    return Coverage(overlaps, tuple(fault.square_metres for fault in found if fault.kind == "gap"), outside)


def faults(polygons: Sequence[shapely.Geometry], within: shapely.Geometry | None = None, tolerance: float = 10.0) -> list[Fault]:
    """Overlaps, gaps and what lies outside, of at least `tolerance` m², among valid lon/lat polygons; the largest of each kind first.

    within: what they should fill; without it only holes enclosed by them count, and nothing lies outside. Areas are by the local
    scale: right to a per mille at the size of a county.
    """
    if not len(polygons):
        return []
    shapes = np.array(list(polygons), dtype=object)
    middle = shapely.total_bounds(shapes)[[1, 3]].mean()
    scale = METRES_PER_DEGREE**2 * np.cos(np.radians(middle))
    tree = shapely.STRtree(shapes)
    found = [
        Fault("overlap", (int(a), int(b)), float(shape.area * scale), shape)
        for a, b in tree.query(shapes, predicate="intersects").T
        if a < b and (shape := shapely.intersection(shapes[a], shapes[b])).area * scale >= tolerance
    ]
    union = shapely.union_all(shapes)
    holes = shapely.get_parts(shapely.difference(within if within is not None else _filled(union), union))
    for hole in holes[shapely.area(holes) * scale >= tolerance]:
        beside = sorted(int(index) for index in tree.query(hole, predicate="intersects"))
        found.append(Fault("gap", tuple(beside), float(hole.area * scale), hole))
    if within is not None:
        for index in np.flatnonzero(~shapely.covered_by(shapes, within)).tolist():
            beyond = shapely.difference(shapes[index], within)
            if beyond.area * scale >= tolerance:
                found.append(Fault("outside", (index,), float(beyond.area * scale), beyond))
    order = ("overlap", "gap", "outside")
    return sorted(found, key=lambda fault: (order.index(fault.kind), -fault.square_metres))


def _filled(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(shape) if part.geom_type == "Polygon"])
