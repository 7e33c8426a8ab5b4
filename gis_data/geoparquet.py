"""GeoParquet in and out, without Django: small layers as checked rows, millions of points as arrays, a row group at a time.

A small layer is read into the same `Source` as every other format, so that its columns, values and shapes are judged alike.
Points in their millions never become objects: their WKB (or the point encoding of GeoParquet 1.1) is read as numbers in place.
What is written appears under its name only when it is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from gis_data.crs import Crs, CrsError, parse_crs
from gis_data.layers import Layer
from gis_data.rows import CHINA, FileRefused, Source, match_columns, why_outside

Floats = NDArray[np.float64]

_POINT_BYTES = 21  # WKB of a point: byte order, type, x, y
_LITTLE_ENDIAN_POINT = b"\x01\x01\x00\x00\x00"
_DEGREES = parse_crs("EPSG:4326")  # GeoParquet without a declared system is OGC:CRS84


@dataclass(frozen=True, eq=False)
class Opened:
    """An opened file. shape: the name of its geometry column; encoding: WKB or point; about: what the file says of that column."""

    path: Path
    file: pq.ParquetFile
    shape: str
    encoding: str
    crs: Crs
    about: dict[str, Any]

    @property
    def count(self) -> int:
        return self.file.metadata.num_rows

    def columns(self, layer: Layer) -> dict[str, str]:
        """Declared name -> column of the file. Raises FileRefused naming what is missing."""
        named = [name for name in self.file.schema_arrow.names if name != self.shape]
        return match_columns(named, layer, f"文件“{self.path.name}”")[0]


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """A GeoParquet file in longitude and latitude. Raises FileRefused for anything else, saying in Chinese what to do."""
    try:
        file = pq.ParquetFile(path, pre_buffer=False)
    except FileNotFoundError:
        raise FileRefused(f"缺少文件“{path.name}”。请补上；没有内容时也要有一个零行的文件。") from None
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(f"文件“{path.name}”打不开（{_short(error)}）。请重新导出为 GeoParquet。") from None
    with file:
        shape, about = _geometry(file, path)
        encoding = str(about.get("encoding", ""))
        if encoding not in ("WKB", "point"):
            raise FileRefused(f"文件“{path.name}”的图形编码“{encoding}”不受支持。请导出为 WKB 编码的 GeoParquet。")
        yield Opened(path, file, shape, encoding, _crs(about, path), about)


def _geometry(file: pq.ParquetFile, path: Path) -> tuple[str, dict[str, Any]]:
    try:
        geo = json.loads((file.schema_arrow.metadata or {})[b"geo"])
        shape = geo["primary_column"]
        about = geo["columns"][shape]
    except (KeyError, TypeError, ValueError):
        raise FileRefused(
            f"文件“{path.name}”不是 GeoParquet（没有图形列的说明）。请用 QGIS、GDAL 或 geopandas 导出。"
        ) from None
    if shape not in file.schema_arrow.names:
        raise FileRefused(f"文件“{path.name}”里没有它自己声明的图形列“{shape}”。请重新导出。")
    return shape, about


def _crs(about: dict[str, Any], path: Path) -> Crs:
    declared = about.get("crs")
    if not declared:
        return _DEGREES
    try:
        crs = parse_crs(json.dumps(declared))
    except CrsError as error:
        raise FileRefused(f"文件“{path.name}”：{error}") from None
    if crs.definition is None or not crs.definition.is_geographic:
        raise FileRefused(f"文件“{path.name}”的坐标系是“{crs.name}”。请先换算成经纬度（WGS 84 或 CGCS2000）。")
    return crs


def small(file: Opened, layer: Layer) -> Source:
    """All rows of a small layer, ready for `checks.check`; of a layer without shapes the file's shapes are not read.

    Raises FileRefused when a required column is missing.
    """
    columns = file.columns(layer)

    has_shape = layer.shape != "none"

    def rows() -> Iterator[tuple[NDArray[np.int64], dict[str, Sequence[Any]], Any]]:
        table = file.file.read([*columns.values(), *([file.shape] if has_shape else [])], use_threads=False)
        values = {name: table.column(heading).to_pylist() for name, heading in columns.items()}
        if len(table):
            yield np.arange(1, len(table) + 1), values, _shapes(table.column(file.shape), file) if has_shape else None

    return Source(layer, file.path, "", columns, [], has_shape, file.crs, True, file.count, rows())


def _shapes(column: pa.ChunkedArray, file: Opened) -> Any:
    """As `Source` takes them: WKB, or two lists of numbers."""
    if file.encoding == "point":
        return [axis.tolist() for axis in point_arrays(column.combine_chunks(), file.encoding, file.path)]
    return np.array([None, *column.to_pylist()], dtype=object)[1:]


def points(file: Opened, columns: Sequence[str], rows: int) -> Iterator[tuple[pa.RecordBatch, Floats, Floats]]:
    """So many rows at a time: the batch with these columns and the shape, and its longitudes and latitudes, float64 (n,).

    A point that is missing, empty or not finite is NaN. Raises FileRefused for other shapes, and when most of the first points lie
    outside China (axes swapped, or not degrees).
    """
    first = True
    for batch in file.file.iter_batches(batch_size=rows, columns=[*columns, file.shape], use_threads=False):
        lon, lat = point_arrays(batch.column(file.shape), file.encoding, file.path)
        if first:
            _refuse_outside(lon, lat, file.crs)
            first = False
        yield batch, lon, lat


def _refuse_outside(lon: Floats, lat: Floats, crs: Crs) -> None:
    known = np.isfinite(lon) & np.isfinite(lat)
    west, south, east, north = CHINA
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    if (known & ~inside).sum() * 2 > known.sum():
        raise FileRefused(why_outside(np.column_stack([lon[known], lat[known]]), lon[known], lat[known], crs))


def point_arrays(shapes: pa.Array, encoding: str, path: Path) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of a column of points, float64 (n,) each; NaN where there is none."""
    if encoding == "point":
        xy = [_numbers(shapes.field(name)) for name in ("x", "y")]
        if shapes.null_count:
            missing = ~shapes.is_valid().to_numpy(zero_copy_only=False)
            xy = [np.where(missing, np.nan, axis) for axis in xy]
        return xy[0], xy[1]
    plain = _plain_points(shapes)
    if plain is not None:
        return plain
    try:
        found = shapely.from_wkb(np.array([None, *shapes.to_pylist()], dtype=object)[1:])
    except shapely.errors.GEOSException:
        raise FileRefused(f"文件“{path.name}”里有损坏的图形。请重新导出。") from None
    wrong = np.flatnonzero(~np.isin(shapely.get_type_id(found), (-1, shapely.GeometryType.POINT)))
    if len(wrong):
        raise FileRefused(f"文件“{path.name}”里的图形应是点，有的却是{found[wrong[0]].geom_type}。请改正后重新导出。")
    found[shapely.is_empty(found)] = None
    return shapely.get_x(found), shapely.get_y(found)


def _numbers(values: pa.Array) -> Floats:
    return values.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _plain_points(shapes: pa.Array) -> tuple[Floats, Floats] | None:
    """Read in place where every shape is a little-endian point of two numbers, or missing; None where one is not."""
    wide = pa.types.is_large_binary(shapes.type)
    if not (wide or pa.types.is_binary(shapes.type)):
        return None
    _, starts, data = shapes.buffers()
    ends = np.frombuffer(starts, dtype=np.int64 if wide else np.int32)[shapes.offset : shapes.offset + len(shapes) + 1]
    present = np.diff(ends) == _POINT_BYTES
    if (ends[-1] - ends[0]) != _POINT_BYTES * present.sum():
        return None
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    if present.any():
        raw = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]].reshape(-1, _POINT_BYTES)
        if (raw[:, :5] != np.frombuffer(_LITTLE_ENDIAN_POINT, np.uint8)).any():
            return None
        xy = np.ascontiguousarray(raw[:, 5:]).view("<f8")
        x[present], y[present] = xy[:, 0], xy[:, 1]
    return x, y


def wkb_points(lon: Floats, lat: Floats) -> pa.Array:
    """WKB of points, as a binary column; a point of NaN is an empty one."""
    raw = np.empty((len(lon), _POINT_BYTES), np.uint8)
    raw[:, :5] = np.frombuffer(_LITTLE_ENDIAN_POINT, np.uint8)
    raw[:, 5:] = np.column_stack([lon, lat]).astype("<f8").view(np.uint8).reshape(-1, 16)
    starts = np.arange(0, (len(lon) + 1) * _POINT_BYTES, _POINT_BYTES, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), len(lon), [None, pa.py_buffer(starts), pa.py_buffer(raw)])


def schema(
    fields: Sequence[pa.Field], shapes: Sequence[str], about: dict[str, Any] | None = None, **said: str
) -> pa.Schema:
    """The schema of a GeoParquet file: these fields, then `geometry` of these types. about: of the column it was copied from.

    said: what else the file says of itself, under its own names.
    """
    copied = {key: about[key] for key in ("crs", "edges", "epoch") if about and about.get(key)}
    column = {"encoding": "WKB", "geometry_types": list(shapes), **copied}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return pa.schema([*fields, pa.field("geometry", pa.binary())], metadata={"geo": json.dumps(geo), **said})


@contextmanager
def written(path: Path, of: pa.Schema, token: str) -> Iterator[pq.ParquetWriter]:
    """A writer whose file takes its name when the block ends well; until then it is called by the token, and gone on an error."""
    part = part_of(path, token)
    try:
        # Dictionaries only where there are some, and bounds only of codes: twice as quick, and smaller.
        coded = [field.name for field in of if pa.types.is_dictionary(field.type)]
        codes = [field.name for field in of if pa.types.is_string(field.type)]
        with pq.ParquetWriter(
            part, of, compression="zstd", compression_level=1, use_dictionary=coded, write_statistics=codes
        ) as writer:
            yield writer
        put(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def part_of(path: Path, token: str) -> Path:
    """What a file is called while it is being written."""
    return path.with_name(f".{path.name}.{token}.part")


def put(part: Path, path: Path) -> None:
    """Give a file that is written its name, so that after a power cut there is the old one or the new one."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:80] if str(error) else type(error).__name__
