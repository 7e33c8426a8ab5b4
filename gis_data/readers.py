"""From a file to rows: format, encoding and coordinate system, whatever a county office keeps its layers in.

`open_source` looks at a file and says what it is; its `chunks()` then hand out the rows a few ten thousand at a time, so that
memory does not grow with the file. Everything that makes a whole file unusable is a `FileRefused` whose Chinese message says
what to do.
"""

from __future__ import annotations

import codecs
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FieldError

from gis_data.crs import Crs, CrsError, parse_crs
from gis_data.layers import Layer
from gis_data.rows import FileRefused, Source, heading, match_columns
from gis_data.tables import open_excel, open_text

VECTOR_ROWS = 50_000
PARSED_WHOLE = 400_000  # formats that GDAL parses anew for every chunk
UNPACKED_BYTES = 4 << 30

_TABLES = {".csv", ".tsv", ".txt"}
_WHOLE = {".geojson", ".json", ".kml", ".gml", ".kmz"}
_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_ZIP_MEMBERS = {".shp", ".csv", ".tsv", ".xlsx", ".geojson", ".json", ".gpkg", ".fgb", ".kml", ".gml"}


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
            return open_text(path, layer, given, encoding, stack)
        if suffix in (".xlsx", ".xlsm"):
            return open_excel(path, layer, given, stack)
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
    """Whether every text field is UTF-8. A text that was cut at the field's width may end in half a character."""
    data = path.read_bytes()
    head, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    fields, start = [], 1
    for at in range(32, head - 31, 32):
        if data[at] == 0x0D:
            break
        if data[at + 11] == ord("C"):
            fields.append((start, start + data[at + 16]))
        start += data[at + 16]
    decode = codecs.getincrementaldecoder("utf-8")
    try:
        for record in range(head, len(data) - width + 1, max(width, 1)):
            for begin, end in fields:
                decode().decode(data[record + begin : record + end].rstrip(b" \0"))
    except UnicodeDecodeError:
        return False
    return True
