"""The peers' own ways in: each engine is given the data as it likes it best."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import Transformer

_EARTH = Transformer.from_crs(4979, 4978, always_xy=True)


def earth_centred(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Metres from the centre of the earth, float64 (n, 3)."""
    return np.column_stack(_EARTH.transform(lon, lat, np.zeros(len(lon))))


def morton_order(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """An order in which neighbours in a row are neighbours on the ground."""
    code = np.zeros(len(lon), np.uint64)
    for shift, values in ((0, lon), (1, lat)):
        low, high = values.min(), values.max()
        cell = ((values - low) / max(high - low, 1e-12) * 65535.0).astype(np.uint64)
        for spread, keep in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            cell = (cell | (cell << np.uint64(spread))) & np.uint64(keep)
        code |= cell << np.uint64(shift)
    return np.argsort(code, kind="stable")


def sedona() -> Any:
    import sedonadb

    return sedonadb.connect()


def sedona_places(session: Any, name: str, x: np.ndarray, y: np.ndarray, folder: Path) -> None:
    """A table of points in memory, in as many parts as it can use processors."""
    file = folder / f"{name}.parquet"
    pq.write_table(pa.table({"id": np.arange(len(x)), "x": x, "y": y}), file, row_group_size=200_000)
    session.read_parquet(str(file)).to_view(f"{name}_raw")
    session.sql(f"SELECT id, ST_Point(x, y) AS geometry FROM {name}_raw").to_memtable().to_view(name)


def sedona_polygons(session: Any, name: str, polygons: np.ndarray) -> None:
    import geopandas

    session.create_data_frame(
        geopandas.GeoDataFrame({"id": np.arange(len(polygons))}, geometry=polygons)
    ).to_memtable().to_view(name)


def sedona_rows(session: Any, query: str) -> pa.Table:
    return pa.table(session.sql(query))


def duckdb() -> Any:
    """A connection with the spatial extension of its package, so that nothing is fetched."""
    import duckdb
    import duckdb_extension_spatial

    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"})
    folder = Path(next(iter(duckdb_extension_spatial.__path__)))
    connection.execute(f"LOAD '{next(folder.rglob('*.duckdb_extension'))}'")
    return connection


def duckdb_places(connection: Any, name: str, x: np.ndarray, y: np.ndarray) -> None:
    connection.register("given", pa.table({"id": np.arange(len(x)), "x": x, "y": y}))
    connection.execute(f"CREATE TABLE {name} AS SELECT id, ST_Point(x, y) AS geometry FROM given")
    connection.unregister("given")


def duckdb_polygons(connection: Any, name: str, polygons: np.ndarray) -> None:
    connection.register("given", pa.table({"id": np.arange(len(polygons)), "wkb": list(shapely.to_wkb(polygons))}))
    connection.execute(f"CREATE TABLE {name} AS SELECT id, ST_GeomFromWKB(wkb) AS geometry FROM given")
    connection.unregister("given")
