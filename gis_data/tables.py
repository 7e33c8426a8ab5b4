"""Tables: CSV in whatever encoding and delimiter, and Excel, with coordinates in two columns or one of WKT."""

from __future__ import annotations

import codecs
import csv
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl

from gis_data.crs import Crs
from gis_data.layers import Layer
from gis_data.rows import FileRefused, Source, heading, match_columns, shown

TABLE_ROWS = 20_000
CELL_CHARACTERS = 64 << 20
EXACT_IN_EXCEL = 10**15

_LON_NAMES = {"lon", "lng", "long", "longitude", "x", "经度", "东经", "x坐标", "横坐标"}
_LAT_NAMES = {"lat", "latitude", "y", "纬度", "北纬", "y坐标", "纵坐标"}
_WKT_NAMES = {"wkt", "geom", "geometry", "the_geom", "几何", "图形", "范围wkt"}


def open_text(path: Path, layer: Layer, crs: Crs | None, encoding: str, stack: ExitStack) -> Source:
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


def open_excel(path: Path, layer: Layer, crs: Crs | None, stack: ExitStack) -> Source:
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
    records = ((number, [_cell(v) for v in record]) for number, record in enumerate(sheets[0].iter_rows(values_only=True), 1))
    source = _open_records(records, path, layer, crs, "")
    if not named and len(sheets) > 1:
        source.notes.append(f"文件有 {len(sheets)} 张工作表，只读了“{sheets[0].title}”")
    return source


def _cell(value: Any) -> Any:
    """A cell as it is; a number beyond what Excel keeps exactly is shown as what it is, a rounded one."""
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= EXACT_IN_EXCEL:
        return f"{value:.14E}"
    return value


def _open_records(records: Iterator[tuple[int, list]], path: Path, layer: Layer, crs: Crs | None, encoding: str) -> Source:
    """A table: the first row that is not blank is the heading, coordinates stand in two columns or one of WKT."""
    head = next((record for _, record in records if any(str(v or "").strip().strip("\ufeff") for v in record)), None)
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
