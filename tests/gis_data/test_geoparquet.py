"""Points are read as the numbers they are, however a program wrote them; what is no point, or no longitude and latitude, is refused."""

from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gis_data.geoparquet import opened, point_arrays, points, schema, wkb_points, written
from gis_data.rows import FileRefused

LON, LAT = np.array([120.1, np.nan, 120.30000000000001]), np.array([28.0, np.nan, 28.2])
PATH = Path("doorplates.parquet")


def wkb(shapes, **how) -> list[bytes | None]:
    return shapely.to_wkb(np.array(shapes, object), **how).tolist()


THREE = [shapely.Point(LON[0], LAT[0]), shapely.Point(), shapely.Point(LON[2], LAT[2])]


@pytest.mark.parametrize("column", [
    pa.array(wkb(THREE), pa.binary()),
    pa.array(wkb(THREE), pa.large_binary()),
    pa.array(wkb([THREE[0], None, THREE[2]]), pa.binary()),
    pa.array(wkb(THREE, byte_order=0), pa.binary()),
    pa.array(wkb([shapely.Point(p.x, p.y, 5) if not p.is_empty else p for p in THREE], output_dimension=3), pa.binary()),
    pa.array(wkb([THREE[2], *THREE, THREE[0]]), pa.binary()).slice(1, 3),
    pa.array([b"", *wkb(THREE)], pa.binary()).slice(1),
    wkb_points(LON, LAT),
])  # fmt: skip
def test_points_of_every_kind(column: pa.Array):
    lon, lat = point_arrays(column, "WKB", PATH)
    np.testing.assert_array_equal(lon, LON)
    np.testing.assert_array_equal(lat, LAT)


def test_points_of_the_point_encoding():
    column = pa.StructArray.from_arrays([pa.array(LON), pa.array(LAT)], ["x", "y"], mask=pa.array([False, True, False]))
    np.testing.assert_array_equal(point_arrays(column, "point", PATH), [LON, LAT])


def test_what_is_written_is_what_shapely_reads():
    lon, lat = np.random.default_rng(1).uniform((-180, -90), (180, 90), (1000, 2)).T
    shapes = shapely.from_wkb(wkb_points(lon, lat).to_pylist())
    np.testing.assert_array_equal(shapely.get_coordinates(shapes), np.column_stack([lon, lat]))


@pytest.mark.parametrize("shapes", [[shapely.box(0, 0, 1, 1)], [*THREE, shapely.MultiPoint([(1, 1)])]])
def test_other_shapes_are_refused(shapes):
    with pytest.raises(FileRefused, match="应是点"):
        point_arrays(pa.array(wkb(shapes), pa.binary()), "WKB", PATH)
    with pytest.raises(FileRefused, match="损坏"):
        point_arrays(pa.array([b"\x01\x01\x00\x00\x00short"], pa.binary()), "WKB", PATH)


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "OGC:CRS84", None])
def test_files_of_geopandas(tmp_path: Path, encoding: str, crs: str | None):
    frame = geopandas.GeoDataFrame(
        {"code": ["a", "b"]}, geometry=geopandas.points_from_xy([120.1, 120.2], [28, 28.1]), crs=crs
    )
    frame.to_parquet(tmp_path / "points.parquet", geometry_encoding=encoding)
    with opened(tmp_path / "points.parquet") as file:
        ((batch, lon, lat),) = points(file, ["code"], 10)
    assert batch.column(0).to_pylist() == ["a", "b"]
    np.testing.assert_array_equal(np.column_stack([lon, lat]), [[120.1, 28], [120.2, 28.1]])


@pytest.mark.parametrize(("crs", "words"), [("EPSG:4549", "请先换算成经纬度"), ("EPSG:4214", "北京54")])
def test_other_coordinates_are_refused(tmp_path: Path, crs: str, words: str):
    frame = geopandas.GeoDataFrame({"code": ["a"]}, geometry=geopandas.points_from_xy([500000.0], [3100000.0]), crs=crs)
    frame.to_parquet(tmp_path / "points.parquet")
    with pytest.raises(FileRefused, match=words), opened(tmp_path / "points.parquet"):
        pass


def test_a_file_that_fails_leaves_the_old_one(tmp_path: Path):
    path, of = tmp_path / "points.parquet", schema([], ["Point"])
    with written(path, of, "one") as writer:
        writer.write_table(pa.table([wkb_points(LON[:1], LAT[:1])], of))
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), written(path, of, "two") as writer:
        writer.write_table(pa.table([wkb_points(LON, LAT)], of))
        raise ZeroDivisionError
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    assert len(pq.read_table(path)) == 1
