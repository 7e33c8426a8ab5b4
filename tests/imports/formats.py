"""Layers written the way offices hold them: GeoPackage in a CGCS2000 zone, CSV in GCJ-02 with GBK text, and the other formats.

Nothing here uses the readers: what is read back was written by somebody else.
"""

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from openpyxl import Workbook

from gis_data.crs import wgs84_to_gcj02
from gis_data.layers import Layer

SAMPLES = Path(__file__).parents[2] / "gis_data" / "samples"
POSITIONS = (("workplace_lon", "workplace_lat"), ("site_lon", "site_lat"))


def sample(layer: str) -> Path:
    return next(SAMPLES.glob(f"{layer}.*"))


def load(path: Path) -> pd.DataFrame:
    """A layer as it stands in a GeoJSON, GeoPackage or CSV of ours: a column `geometry` of shapely or None, lon/lat degrees."""
    if path.suffix == ".geojson":
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        frame = pd.DataFrame([feature["properties"] for feature in features], dtype=object)
        frame["geometry"] = [shapely.geometry.shape(f["geometry"]) if f["geometry"] else None for f in features]
        return frame
    if path.suffix == ".gpkg":
        return pd.DataFrame(gpd.read_file(path)).astype({"geometry": object})
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "lon" in frame:
        points = [shapely.Point(float(x), float(y)) if x else None for x, y in zip(frame.pop("lon"), frame.pop("lat"), strict=True)]
        frame["geometry"] = points
    return frame


def moved(shapes: Any, change: Any) -> np.ndarray:
    """The shapes with every coordinate changed by `change(x, y) -> (x, y)` (arrays)."""
    shapes = np.array([None if shape is None or pd.isna(shape) else shape for shape in shapes], dtype=object)
    xy = shapely.get_coordinates(shapes)
    x, y = change(xy[:, 0], xy[:, 1])
    return shapely.set_coordinates(shapes.copy(), np.column_stack([x, y]))


def texts(frame: pd.DataFrame, layer: Layer) -> dict[str, list[str]]:
    """Attributes as text, empty where missing."""
    return {c.name: [_text(value) for value in frame[c.name]] for c in layer.columns if c.name in frame}


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_zone_4549(frame: pd.DataFrame, layer: Layer, path: Path) -> Path:
    """GeoPackage in EPSG:4549 (CGCS2000, 3-degree zone, central meridian 120 E), numbers as numbers, DBF-length names never."""
    columns: dict[str, Any] = {}
    for name, values in texts(frame, layer).items():
        kind = layer.column(name).kind
        if kind in ("int", "float"):
            columns[name] = [float(value) if value else None for value in values]
        elif kind == "bool" and all(values):
            columns[name] = [value.lower() == "true" for value in values]
        else:
            columns[name] = [value or None for value in values]
    if "geometry" not in frame:
        pd.DataFrame(columns)
        gpd.GeoDataFrame(columns, geometry=[None] * len(frame), crs=4549).to_file(path, driver="GPKG", layer=layer.name)
        return path
    to_zone = pyproj.Transformer.from_crs(4490, 4549, always_xy=True)
    shapes = moved(frame["geometry"], to_zone.transform)
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4549).to_file(path, driver="GPKG", layer=layer.name)
    return path


def as_gcj02_gbk(frame: pd.DataFrame, layer: Layer, path: Path) -> Path:
    """CSV in GBK with Chinese headings: 经度, 纬度 (or WKT) in GCJ-02, positions among the attributes as well."""
    columns = texts(frame, layer)
    for lon, lat in POSITIONS:
        if lon in columns:
            known = [i for i, value in enumerate(columns[lon]) if value]
            x, y = wgs84_to_gcj02([float(columns[lon][i]) for i in known], [float(columns[lat][i]) for i in known])
            for i, a, b in zip(known, x, y, strict=True):
                columns[lon][i], columns[lat][i] = f"{a:.9f}", f"{b:.9f}"
    headed = {layer.column(name).label: values for name, values in columns.items()}
    if "geometry" in frame:
        shapes = moved(frame["geometry"], wgs84_to_gcj02)
        if layer.shape == "point":
            headed["经度"] = ["" if shape is None else f"{shape.x:.9f}" for shape in shapes]
            headed["纬度"] = ["" if shape is None else f"{shape.y:.9f}" for shape in shapes]
        else:
            headed["WKT"] = ["" if shape is None else shapely.to_wkt(shape, rounding_precision=9) for shape in shapes]
    write_csv(path, headed, "gbk")
    return path


def write_csv(path: Path, columns: dict[str, list], encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def as_excel(frame: pd.DataFrame, layer: Layer, path: Path) -> Path:
    """An Excel book with Chinese headings, coordinates in two columns, numbers as numbers."""
    book = Workbook()
    sheet = book.active
    columns = texts(frame, layer)
    points = [shape if shape is not None and not pd.isna(shape) else None for shape in frame["geometry"]]
    sheet.append([*(layer.column(name).label for name in columns), "经度", "纬度"])
    for i, values in enumerate(zip(*columns.values(), strict=True)):
        typed = [int(v) if v and layer.column(n).kind == "int" else v or None for n, v in zip(columns, values, strict=True)]
        sheet.append([*typed, *((points[i].x, points[i].y) if points[i] is not None else (None, None))])
    book.save(path)
    return path


def as_shapefile(frame: pd.DataFrame, layer: Layer, path: Path, encoding: str, cpg: bool = True) -> Path:
    """A Shapefile with DBF names in EPSG:4490; without `cpg` nothing says what its encoding is."""
    columns = {layer.column(name).dbf: values for name, values in texts(frame, layer).items()}
    gpd.GeoDataFrame(columns, geometry=list(frame["geometry"]), crs=4490).to_file(path, driver="ESRI Shapefile", encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink(missing_ok=True)
    return path
