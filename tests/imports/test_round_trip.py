"""What goes in comes in: every layer, in every format, in the coordinate systems that offices use."""

import datetime as dt
import json
from pathlib import Path

import pytest
from django.db import transaction

from gis_data.layers import LAYERS
from tests.imports.conftest import TODAY, Bring
from tests.imports.formats import as_excel, as_gcj02_gbk, as_shapefile, as_zone_4549, load, sample
from tests.imports.snapshot import differences, snapshot


class Undo(Exception):
    pass


def first_then(bring: Bring, files: dict[str, Path], today: dt.date) -> dict:
    """The snapshot that importing these files gives; afterwards the database is as before."""
    try:
        with transaction.atomic():
            for layer, path in files.items():
                bring(layer, path, today=today)
            result = snapshot()
            raise Undo
    except Undo:
        return result


def grown_files(grown: Path) -> tuple[dict[str, Path], dt.date]:
    """The files of a grown county, and the day it was grown for: a report of a month to come is refused."""
    manifest = json.loads((grown / "manifest.json").read_text())
    return {entry["layer"]: grown / entry["file"] for entry in manifest["layers"]}, dt.date.fromisoformat(manifest["county"]["today"])


@pytest.mark.parametrize("county", ["samples", "grown"])
@pytest.mark.parametrize(("write", "suffix", "options"), [
    (as_zone_4549, "gpkg", {}),
    (as_gcj02_gbk, "csv", {"crs": "gcj02"}),
], ids=["zone-4549", "gcj02-gbk"])  # fmt: skip
def test_every_layer_comes_back(bring: Bring, request, tmp_path: Path, county, write, suffix, options) -> None:
    files, today = ({layer: sample(layer) for layer in LAYERS}, TODAY) if county == "samples" else grown_files(request.getfixturevalue("grown"))
    expected = first_then(bring, files, today)
    assert all(expected.values()), "every kind of row is in the county"

    for name, path in files.items():
        written = write(load(path), LAYERS[name], tmp_path / f"{name}.{suffix}")
        batch = bring(name, written, today=today, **options)
        assert batch.inserted == batch.rows_read
        if suffix == "csv":
            assert batch.encoding == "gb18030"

    assert differences(expected, snapshot()) == []


@pytest.mark.parametrize("name", ["organisation", "doorplate", "station", "deputy", "case"])
def test_excel(bring: Bring, samples: None, tmp_path: Path, name: str) -> None:
    batch = bring(name, as_excel(load(sample(name)), LAYERS[name], tmp_path / "book.xlsx"))
    assert (batch.unchanged, batch.rows_read) == (batch.rows_read, len(load(sample(name))))


@pytest.mark.parametrize(("encoding", "cpg", "read_as"), [
    ("utf-8", True, "utf-8"), ("utf-8", False, "utf-8"), ("gbk", True, "gbk"), ("gbk", False, "gb18030"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["grid", "doorplate"])
def test_shapefile_in_any_encoding(bring: Bring, samples: None, tmp_path: Path, name, encoding, cpg, read_as) -> None:
    path = as_shapefile(load(sample(name)), LAYERS[name], tmp_path / "图层.shp", encoding, cpg)
    batch = bring(name, path)
    assert (batch.unchanged, batch.encoding) == (batch.rows_read, read_as)


def test_zipped_shapefile_with_gbk_member_names(bring: Bring, samples: None, tmp_path: Path) -> None:
    import zipfile

    shp = as_shapefile(load(sample("doorplate")), LAYERS["doorplate"], tmp_path / "plates.shp", "gbk", cpg=False)
    target = tmp_path / "门牌.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for part in shp.parent.glob("plates.*"):
            if part != target:
                archive.write(part, "门牌/门牌".encode("gbk").decode("cp437") + part.suffix)
    assert bring("doorplate", target).unchanged == 7


@pytest.mark.parametrize("suffix", ["fgb", "geojson", "gml", "tab"])
def test_other_formats_of_gdal(bring: Bring, samples: None, tmp_path: Path, suffix: str) -> None:
    import geopandas as gpd

    frame = load(sample("grid"))
    path = tmp_path / f"grid.{suffix}"
    gpd.GeoDataFrame(frame.drop(columns="geometry").astype(str), geometry=list(frame["geometry"]), crs=4326).to_file(path, encoding="utf-8")
    batch = bring("grid", path)
    assert batch.unchanged + batch.updated == 8  # text formats round coordinates


def test_second_import_changes_nothing(bring: Bring, samples: None) -> None:
    before = snapshot()
    for layer in LAYERS:
        batch = bring(layer, sample(layer))
        assert (batch.inserted, batch.updated, batch.unchanged) == (0, 0, batch.rows_read), layer
    assert differences(before, snapshot(), metres=0) == []
