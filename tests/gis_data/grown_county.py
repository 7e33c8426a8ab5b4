"""A grown county read back from its files, and what every county must keep: declarations, references, tiling, doors, districts."""

import csv
import datetime as dt
import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_data.county.__main__ import main
from gis_data.layers import LAYERS, Column

TODAY = dt.date(2026, 11, 20)

REFERENCES = [
    ("area", "parent", "area"), ("organisation", "area", "area"), ("district", "congress", "area"), ("grid", "village", "area"),
    ("doorplate", "town", "area"), ("doorplate", "village", "area"), ("station", "area", "area"), ("deputy", "organisation", "organisation"),
    ("deputy", "congress", "area"), ("deputy", "district", "district"), ("deputy", "station", "station"), ("project", "owner", "organisation"),
    ("project", "responsible", "organisation"), ("subproject", "project", "project"), ("progress", "project", "project"),
    ("case", "deputy", "deputy"), ("case", "unit", "organisation"), ("draft", "congress", "area"),
    ("gridmember", "grid", "grid"), ("gridmember", "deputy", "deputy"), ("topic", "responsible", "organisation"), ("topic", "owner", "organisation"),
]  # fmt: skip


class County:
    """The files of one county, read back as an importer would read them: every value a text, "" where there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.shapes: dict[str, np.ndarray] = {}
        self.layers: dict[str, pd.DataFrame] = {}
        for entry in self.manifest["layers"]:
            path = folder / entry["file"]
            if path.suffix == ".gpkg":
                frame = gpd.read_file(path)
                assert frame.crs.to_epsg() == 4490
                self.shapes[entry["layer"]] = frame.geometry.to_numpy()
                table = pd.DataFrame(frame.drop(columns="geometry"))
                self.layers[entry["layer"]] = table.map(as_text)
            else:
                with path.open(encoding="utf-8", newline="") as file:
                    self.layers[entry["layer"]] = pd.DataFrame(list(csv.DictReader(file)))

    def __getitem__(self, layer: str) -> pd.DataFrame:
        return self.layers[layer]

    def points(self, layer: str) -> np.ndarray:
        return shapely.points(self[layer]["lon"].astype(float), self[layer]["lat"].astype(float))

    def polygons(self, level: str) -> np.ndarray:
        return self.shapes["area"][(self["area"]["level"] == level).to_numpy()]


def as_text(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def grown(folder: Path, *arguments: str) -> County:
    assert main([str(folder), "--today", TODAY.isoformat(), *arguments]) == 0
    return County(folder)


def kept_by(column: Column, value: str) -> bool:
    """Whether a text is a value of the declared column."""
    if value == "":
        return not column.required
    if column.choices and value not in column.choices:
        return False
    if column.pattern and not re.match(column.pattern, value):
        return False
    match column.kind:
        case "text" | "list":
            return len(value) <= column.length
        case "bool":
            return value in ("true", "false")
        case "date":
            return bool(dt.date.fromisoformat(value))
        case "month":
            return bool(re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value))
        case "datetime":
            return dt.datetime.fromisoformat(value).utcoffset() == dt.timedelta(hours=8)
        case _:
            number = float(value)
            return (column.minimum is None or number >= column.minimum) and (column.maximum is None or number <= column.maximum) and (
                column.kind == "float" or number.is_integer())  # fmt: skip


def check_declarations(county: County) -> None:
    for name, layer in LAYERS.items():
        frame = county[name]
        assert set(frame.columns) - {"lon", "lat"} == {column.name for column in layer.columns}
        for column in layer.columns:
            wrong = [value for value in frame[column.name].unique() if not kept_by(column, value)]
            assert not wrong, f"{name}.{column.name}: {wrong[:3]}"
        assert not frame.duplicated(list(layer.key)).any(), name


def check_references(county: County) -> None:
    for layer, column, target in REFERENCES:
        missing = set(county[layer][column]) - {""} - set(county[target]["code"])
        assert not missing, f"{layer}.{column}: {sorted(missing)[:3]}"
    for layer, column in (("district", "employers"), ("draft", "employers"), ("project", "contractors")):
        codes = {code for text in county[layer][column] for code in text.split(";") if code}
        assert codes <= set(county["organisation"]["code"])
    parts = set(zip(county["subproject"]["project"], county["subproject"]["number"], strict=True))
    assert set(zip(county["progress"]["project"], county["progress"]["number"], strict=True)) <= parts


def check_tessellation(county: County) -> None:
    """No gap, no overlap, every vertex shared; what is above is the union of what is below."""
    grids, villages, whole = county.shapes["grid"], county.polygons("village"), county.polygons("county")[0]
    assert shapely.is_valid(grids).all()
    assert shapely.coverage_is_valid(grids)
    assert shapely.coverage_is_valid(villages)
    assert shapely.equals(shapely.normalize(shapely.coverage_union_all(grids)), shapely.normalize(whole))
    for parts in (grids, villages, county.polygons("town")):
        if len(parts):
            assert shapely.area(parts).sum() == pytest.approx(whole.area, rel=1e-12)
    codes = county["area"].loc[county["area"]["level"] == "village", "code"].to_numpy()
    for code, village in list(zip(codes, villages, strict=True))[:: max(1, len(codes) // 40)]:
        own = grids[(county["grid"]["village"] == code).to_numpy()]
        assert shapely.equals(shapely.coverage_union_all(own), village)


def check_doorplates(county: County, count: int) -> None:
    doors = county["doorplate"]
    assert len(doors) == count
    villages = county["area"][county["area"]["level"] == "village"]
    order = villages["code"].to_numpy()
    where = dict(zip(order, county.polygons("village"), strict=True))
    polygons = np.array([where[code] for code in doors["village"]])
    shapely.prepare(polygons)
    assert shapely.contains(polygons, county.points("doorplate")).all()
    parent = dict(zip(villages["code"], villages["parent"], strict=True))
    assert ((doors["village"].map(parent) == doors["town"]) | (doors["town"] == "")).all()
    assert not doors.duplicated(["village", "road", "number", "hamlet", "estate", "building", "unit", "room", "lon", "lat"]).any()


def check_districts(county: County, congress: str, total: int) -> None:
    """Seats add up, 1–3 each, people per seat within a third of the mean; the polygons tile the congress's area."""
    mine = (county["district"]["congress"] == congress).to_numpy()
    districts = county["district"][mine]
    seats, people = districts["seats"].astype(int), districts["population"].astype(int)
    assert seats.sum() == total
    assert seats.between(1, 3).all()
    per_seat = people / seats / (people.sum() / total)
    assert per_seat.between(0.75, 4 / 3).all(), per_seat.describe()
    polygons = np.array([shape for shape in county.shapes["district"][mine] if shape is not None])
    assert ((districts["basis"] == "workplace").to_numpy() == shapely.is_missing(county.shapes["district"][mine])).all()
    assert shapely.coverage_is_valid(polygons)
    area = county.shapes["area"][(county["area"]["code"] == congress).to_numpy()][0]
    assert shapely.area(polygons).sum() == pytest.approx(area.area, rel=1e-12)
