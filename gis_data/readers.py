"""From a file to rows: format, encoding, column names and coordinate system, whatever a county office keeps its layers in.

`open_source` looks at a file and says what it is; its `chunks()` then hand out the rows a few ten thousand at a time. Values
stay text as they stand in the file (`checks.py` gives them their types), shapes come as longitude and latitude (EPSG:4326,
CGCS2000-compatible). Everything that makes a whole file unusable is a `FileRefused` whose Chinese message says what to do;
what is wrong with one row is a fault of that row.

Columns may be named as in `layers.py` (English), by their Chinese label or by their DBF name. Attributes that are positions
(`workplace_lon`, `site_lon` ...) are degrees: in GCJ-02 or BD-09 when the file is, otherwise CGCS2000.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import math
import shutil
import tempfile
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from gis_data.crs import Crs, CrsError, parse_crs, to_lonlat
from gis_data.layers import Column, Layer

CHINA = (73.0, 3.0, 136.0, 54.0)  # west, south, east, north in degrees: every coordinate of a county lies inside
TABLE_ROWS = 20_000
VECTOR_ROWS = 50_000
PARSED_WHOLE = 400_000  # formats that GDAL parses anew for every chunk
UNPACKED_BYTES = 4 << 30
CELL_CHARACTERS = 64 << 20
EXACT_IN_EXCEL = 10**15

_LON_NAMES = {"lon", "lng", "long", "longitude", "x", "经度", "东经", "x坐标", "横坐标"}
_LAT_NAMES = {"lat", "latitude", "y", "纬度", "北纬", "y坐标", "纵坐标"}
_WKT_NAMES = {"wkt", "geom", "geometry", "the_geom", "几何", "图形", "范围wkt"}
_TABLES = {".csv", ".tsv", ".txt"}
_WHOLE = {".geojson", ".json", ".kml", ".gml", ".kmz"}
_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_POSITIONS = (("workplace_lon", "workplace_lat"), ("site_lon", "site_lat"))
_ZIP_MEMBERS = {".shp", ".csv", ".tsv", ".xlsx", ".geojson", ".json", ".gpkg", ".fgb", ".kml", ".gml"}


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
            raise FileRefused(_why_outside(xy[finite], lon[finite], lat[finite], self.crs))
        for position in np.unique(owner[~inside]).tolist():
            first = np.flatnonzero((owner == position) & ~inside)[0]
            x, y = xy[first]
            chunk.faults[position] = (
                f"坐标（{x:.10g}，{y:.10g}）不在我国范围内" if finite[first] else "坐标不是有限的数值"
            )
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


# --- opening -------------------------------------------------------------------------------------------------------------


def open_source(path: Path | str, layer: Layer, *, crs: str = "", encoding: str = "", stack: ExitStack) -> Source:
    """Look at a file and make it ready to be read as a layer.

    crs, encoding: what the caller knows better than the file; empty to find out. stack: closes files and removes what was
    unpacked. Raises FileRefused.
    """
    path = Path(path)
    folder = path.is_dir() and path.suffix.lower() == ".gdb"
    if not path.exists():
        raise FileRefused(f"找不到文件“{path}”。请检查路径和文件名。")
    if not path.is_file() and not folder:
        raise FileRefused(f"“{path}”是文件夹，不是文件。请指明其中的一个文件。")
    if not folder and path.stat().st_size == 0:
        raise FileRefused(f"文件“{path.name}”是空的。请重新导出后再导入。")
    if encoding:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise FileRefused(f"不认识编码“{encoding}”。常用的有 utf-8、gbk、gb18030。") from None
    try:
        given = parse_crs(crs) if crs else None
        if path.suffix.lower() == ".zip":
            path = _unpacked(path, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="layer-"))))
        suffix = path.suffix.lower()
        if suffix in _TABLES:
            return _open_text(path, layer, given, encoding, stack)
        if suffix in (".xlsx", ".xlsm"):
            return _open_excel(path, layer, given, stack)
        if suffix == ".xls":
            raise FileRefused("这是旧版 Excel 文件（.xls）。请在 Excel 或 WPS 中另存为 .xlsx 后再导入。")
        return _open_vector(path, layer, given, encoding)
    except CrsError as error:
        raise FileRefused(str(error)) from None


def _unpacked(path: Path, target: Path) -> Path:
    """The one layer of a zip archive, unpacked under plain names: members may be named in GBK or lead outside."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
            heads = [m for m in members if Path(m.filename).suffix.lower() in _ZIP_MEMBERS]
            names = "、".join(_member_name(m) for m in heads[:8])
            if len(heads) != 1:
                found = f"有 {len(heads)} 个图层：{names}" if heads else "没有能读的图层"
                raise FileRefused(f"压缩包里{found}。请每个压缩包只放一个图层（如 .shp 及其 .dbf、.shx、.prj）。")
            head = heads[0]
            stem, suffix = head.filename[: -len(Path(head.filename).suffix)], Path(head.filename).suffix.lower()
            wanted = [m for m in members if m is head or (suffix == ".shp" and m.filename[: -len(Path(m.filename).suffix)] == stem)]
            wanted = [m for m in wanted if m is head or Path(m.filename).suffix.lower() in _SHAPEFILE_PARTS]
            if sum(m.file_size for m in wanted) > UNPACKED_BYTES:
                raise FileRefused("压缩包解开后超过 4 GB。请拆成几个文件再导入。")
            for member in wanted:
                with archive.open(member) as packed, (target / f"layer{Path(member.filename).suffix.lower()}").open("wb") as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
            return target / f"layer{suffix}"
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        reason = "加了密码" if "password" in str(error) else "已损坏或不是 zip 格式"
        raise FileRefused(f"压缩包“{path.name}”打不开：{reason}。请重新压缩（不加密码）后再导入。") from None


def _member_name(member: zipfile.ZipInfo) -> str:
    """A member's name as its author wrote it: archives made on Chinese Windows name their members in GBK."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


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
    text = "".join(ch if ch.isprintable() else "�" for ch in str(value))
    return text if len(text) <= length else text[:length] + "…"


# --- tables: CSV and Excel -------------------------------------------------------------------------------------------------


def _open_text(path: Path, layer: Layer, crs: Crs | None, encoding: str, stack: ExitStack) -> Source:
    encoding = encoding or text_encoding(path)
    csv.field_size_limit(CELL_CHARACTERS)
    file = stack.enter_context(path.open(encoding=encoding, newline=""))
    try:
        first = next((line for line in iter(lambda: file.readline(1 << 20), "") if line.strip()), "")
        delimiter = max("\t,;，|", key=first.count)
        file.seek(0)
        records = _csv_records(csv.reader(file, delimiter=delimiter, strict=False), path.name)
        return _open_records(records, path, layer, crs, encoding.replace("-sig", ""))
    except UnicodeError:
        raise _undecodable(path.name, encoding) from None


def _undecodable(name: str, encoding: str) -> FileRefused:
    return FileRefused(f"文件“{name}”不是 {encoding} 编码的文本。请用 --encoding 指明编码（如 gbk），或另存为 UTF-8 后再导入。")


def text_encoding(path: Path) -> str:
    """BOM, else strict UTF-8 over the whole file, else GB 18030 (of which GBK and GB 2312 are parts). FileRefused if neither."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise FileRefused(f"文件“{path.name}”既不是 UTF-8 也不是 GBK 文本，可能不是表格文件。请另存为 CSV（UTF-8）后再导入。")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                if "\0" in decoder.decode(block):
                    return False
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _csv_records(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    number = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise FileRefused(f"文件“{name}”第 {number} 行不是合格的 CSV（{error}）。请检查引号和换行。") from None
        if record is None:
            return
        yield number, record


def _open_excel(path: Path, layer: Layer, crs: Crs | None, stack: ExitStack) -> Source:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except Exception:  # openpyxl lets whatever its zip and XML readers raise through
            raise FileRefused(f"Excel 文件“{path.name}”打不开：已损坏、加了密码，或不是 .xlsx。请重新另存后再导入。") from None
    stack.callback(book.close)
    named = [sheet for sheet in book.worksheets if sheet.title in (layer.name, layer.label)]
    sheets = named or [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise FileRefused(f"Excel 文件“{path.name}”里没有工作表。")
    records = ((number, list(record)) for number, record in enumerate(sheets[0].iter_rows(values_only=True), 1))
    source = _open_records(records, path, layer, crs, "")
    if not named and len(sheets) > 1:
        source.notes.append(f"文件有 {len(sheets)} 张工作表，只读了“{sheets[0].title}”")
    return source


def _open_records(records: Iterator[tuple[int, list]], path: Path, layer: Layer, crs: Crs | None, encoding: str) -> Source:
    """A table: the first row that is not blank is the heading, coordinates stand in two columns or one of WKT."""
    head = next((record for _, record in records if any(str(v or "").strip() for v in record)), None)
    if head is None:
        raise FileRefused(f"文件“{path.name}”里没有内容。请重新导出后再导入。")
    names = [str(value or "").strip().strip("\ufeff") for value in head]
    columns, unused = match_columns([name for name in names if name], layer, f"文件“{path.name}”")
    spots = {name: names.index(title) for name, title in columns.items()}
    # Only headings that no declared column has claimed can be coordinates.
    free = {heading(name): position for position, name in enumerate(names) if name in unused}
    lon, lat, wkt = (next((free[n] for n in free if n in group), None) for group in (_LON_NAMES, _LAT_NAMES, _WKT_NAMES))
    has_points = lon is not None and lat is not None
    has_shape = layer.shape != "none" and (wkt is not None or has_points)
    if not has_shape and layer.shape_required:
        there = "、".join(shown(name, 20) for name in names if name)
        raise FileRefused(f"“{layer.label}”必须有位置：请加上“经度”“纬度”两列，或一列 WKT。文件里有：{there}。")
    taken = {lon, lat, wkt} if has_shape else set()
    unused = [name for name in unused if free[heading(name)] not in taken]
    use_points = has_points and (wkt is None or layer.shape == "point")
    shape_spots = (lon, lat) if use_points else (wkt,)
    rows = _table_rows(records, len(names), spots, shape_spots if has_shape else (), path.name)
    return Source(layer, path, encoding, columns, unused, has_shape, crs, crs is not None, None, rows)


def _table_rows(records: Iterator[tuple[int, list]], width: int, spots: dict[str, int], shape_spots: tuple, name: str) -> Iterator:
    try:
        while block := list(islice(records, TABLE_ROWS)):
            kept = [(number, record) for number, record in block if any(v not in (None, "") for v in record)]
            if not kept:
                continue
            padded = [record if len(record) >= width else record + [None] * (width - len(record)) for _, record in kept]
            by_column = list(zip(*(record[:width] for record in padded), strict=True))
            shapes = [by_column[spot] for spot in shape_spots]
            yield np.array([number for number, _ in kept]), {key: by_column[spot] for key, spot in spots.items()}, shapes
    except UnicodeError:
        raise _undecodable(name, "所选") from None


# --- what GDAL reads -------------------------------------------------------------------------------------------------------


def _open_vector(path: Path, layer: Layer, crs: Crs | None, encoding: str) -> Source:
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(4096)
        if b"<OGRVRTDataSource" in start or b"<VRTDataset" in start:
            raise FileRefused("虚拟图层（VRT）只是指向别处的说明，不是数据。请导出为 GeoPackage 后再导入。")
    if path.suffix.lower() == ".shp":
        encoding = encoding or _dbf_encoding(path)
    inner = _inner_layer(path, layer)
    info = _gdal(lambda: pyogrio.read_info(path, layer=inner, encoding=encoding or None), path)
    headings = [str(name) for name in info["fields"]]
    columns, unused = match_columns(headings, layer, f"文件“{path.name}”")
    has_shape = layer.shape != "none" and info["geometry_type"] is not None
    if not has_shape and layer.shape_required:
        raise FileRefused(f"文件“{path.name}”里没有图形，而“{layer.label}”必须有位置。请导出带图形的图层。")
    if has_shape and crs is None and info["crs"]:
        crs, given = parse_crs(info["crs"]), False
    else:
        given = crs is not None
    count = int(info["features"])
    if count == 0:
        raise FileRefused(f"文件“{path.name}”里一行数据也没有。请重新导出后再导入。")
    size = PARSED_WHOLE if path.suffix.lower() in _WHOLE else VECTOR_ROWS
    rows = _vector_rows(path, inner, encoding, columns, has_shape, count, size)
    return Source(layer, path, encoding or str(info["encoding"] or ""), columns, unused, has_shape, crs, given, count, rows)


def _vector_rows(path: Path, inner: str | None, encoding: str, columns: dict[str, str], has_shape: bool, count: int, size: int) -> Iterator:
    start = 0
    while start < max(count, 1):
        def read(start: int = start) -> Any:
            return pyogrio.raw.read(
                path, layer=inner, encoding=encoding or None, columns=list(columns.values()), read_geometry=has_shape,
                force_2d=True, skip_features=start, max_features=size, datetime_as_string=True,
            )  # fmt: skip

        meta, _, shapes, data = _gdal(read, path)
        got = len(data[0]) if data else len(shapes)
        if not got:
            return
        by_heading = dict(zip(meta["fields"], data, strict=True))
        yield np.arange(start + 1, start + got + 1), {name: by_heading[title] for name, title in columns.items()}, shapes
        start += got


def _inner_layer(path: Path, layer: Layer) -> str | None:
    """Which of a file's layers is meant: the only one, or the one that is named as ours."""
    names = [str(name) for name, _ in _gdal(lambda: pyogrio.list_layers(path), path)]
    if len(names) <= 1:
        return names[0] if names else None
    named = [name for name in names if heading(name) in (heading(layer.name), heading(layer.label))]
    if len(named) != 1:
        raise FileRefused(f"文件“{path.name}”里有 {len(names)} 个图层：{'、'.join(names[:12])}。请把要导入的一个命名为“{layer.name}”，或单独导出。")
    return named[0]


def _gdal(read: Any, path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL's remarks on single records come back as faults of those rows
        try:
            return read()
        except UnicodeDecodeError:
            raise FileRefused(f"文件“{path.name}”的文字不是 UTF-8。请用 --encoding 指明编码（如 gbk）。") from None
        except (DataSourceError, DataLayerError, FieldError, ValueError, RuntimeError):
            raise FileRefused(
                f"文件“{path.name}”读不了：已损坏，或不是能识别的格式。可用 GeoJSON、GeoPackage、Shapefile、FlatGeobuf、CSV、Excel。"
            ) from None


def _dbf_encoding(path: Path) -> str:
    """.cpg, else strict UTF-8 over the raw DBF text, else GB 18030: without .cpg GDAL would silently read Latin-1."""
    parts = {part.suffix.lower(): part for part in path.parent.glob(f"{path.stem}.*")}
    for suffix in (".dbf", ".shx"):
        if suffix not in parts:
            raise FileRefused(f"Shapefile 缺少 {path.stem}{suffix}。请把 .shp、.dbf、.shx、.prj 放在一起（或打成一个 zip）再导入。")
    if ".cpg" in parts:
        declared = parts[".cpg"].read_text(encoding="ascii", errors="ignore").strip()
        try:
            return codecs.lookup({"936": "gbk", "65001": "utf-8"}.get(declared, declared)).name
        except LookupError:
            pass
    return "utf-8" if _decodes_dbf(parts[".dbf"]) else "gb18030"


def _decodes_dbf(path: Path) -> bool:
    data = path.read_bytes()
    head, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    names = data[32:head]
    records = (data[start : start + width] for start in range(head, len(data), width or 1))
    try:
        names.split(b"\r")[0].replace(b"\0", b"").decode("ascii", "ignore")
        for record in records:
            # A writer that cut a text at the field's width may have cut a character in two; each field is judged apart.
            record.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


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
    for position in np.flatnonzero(np.equal(shapes, None) & ~np.equal(source, None)).tolist():
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


def _why_outside(xy: NDArray[np.float64], lon: NDArray[np.float64], lat: NDArray[np.float64], crs: Crs) -> str:
    west, south, east, north = CHINA
    with np.errstate(invalid="ignore"):
        swapped = (lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)
    example = f"（如 {xy[0, 0]:.10g}，{xy[0, 1]:.10g}）"
    if swapped.mean() > 0.5:
        return f"经度和纬度写反了{example}：经度应在 73–136 之间，纬度应在 3–54 之间。请交换两列后再导入。"
    if crs.epsg in (4326, 4490) and np.nanmedian(np.abs(xy)) > 180:
        return f"坐标{example}不是经纬度，与坐标系“{crs.name}”不符。请用 --crs 指明投影坐标系，例如 --crs EPSG:4549。"
    return f"按坐标系“{crs.name}”换算后，多数坐标{example}不在我国范围内。请检查坐标系，并用 --crs 指明正确的坐标系。"
