"""One file a layer, in import order, and a manifest. GeoPackage for areas, CSV (UTF-8, lon and lat) for points and tables."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from gis_data.layers import LAYERS

STAMP = "2026-01-01T00:00:00Z"  # instead of the clock, so that the same seed gives the same bytes


def layer(folder: Path, name: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Write one layer with exactly the columns of its declaration; the manifest's entry for it."""
    declared = [column.name for column in LAYERS[name].columns]
    missing = [column for column in declared if column not in frame]
    if missing:
        raise ValueError(f"{name}: 缺少列 {missing}")
    if isinstance(frame, gpd.GeoDataFrame):
        path = folder / f"{name}.gpkg"
        path.unlink(missing_ok=True)
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": STAMP})
        shape = "Unknown" if LAYERS[name].shape == "any" else "MultiPolygon"
        table = frame[[*declared, "geometry"]].astype({c.name: object for c in LAYERS[name].columns if c.kind in ("text", "list", "date") and c.name in frame})
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", geometry_type=shape, promote_to_multi=shape == "MultiPolygon")
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    else:
        path = folder / f"{name}.csv"
        columns = [*declared, *(("lon", "lat") if LAYERS[name].shape != "none" else ())]
        table = frame[columns].copy()
        for column in LAYERS[name].columns:
            if column.kind == "bool":
                table[column.name] = table[column.name].map({True: "true", False: "false"})
        for axis in ("lon", "lat", "workplace_lon", "workplace_lat"):
            if axis in table:
                table[axis] = table[axis].map(lambda degrees: "" if pd.isna(degrees) else f"{degrees:.8f}")
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    says_no_crs = path.suffix == ".csv" and LAYERS[name].shape != "none"
    return {"layer": name, "file": path.name, "options": ["--crs", "4490"] if says_no_crs else [], "rows": len(frame)}


def manifest(folder: Path, county: dict[str, Any], layers: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    """`manifest.json`: which county, which files in which order, and what is known to be true of them."""
    text = json.dumps({"county": county, "layers": layers, "truth": truth}, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
