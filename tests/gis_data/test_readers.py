"""Files as offices write them: formats, encodings, headings, coordinates; and memory that does not grow with the file."""

import tracemalloc
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import shapely
from openpyxl import Workbook

from gis_data.layers import LAYERS
from gis_data.readers import open_source
from gis_data.rows import Chunk, FileRefused, Source, heading, match_columns
from gis_data.tables import text_encoding

STATION, GRID, PROGRESS, DOORPLATE, DEPUTY = (LAYERS[name] for name in ("station", "grid", "progress", "doorplate", "deputy"))
HEAD = "联络站编号,名称,类型,所属区划"
ROW = "S1,一号站,village,339901001001"


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


def read(path: Path, layer=STATION, **options: str) -> tuple[Source, list[Chunk]]:
    with ExitStack() as stack:
        source = open_source(path, layer, stack=stack, **options)
        return source, list(source.chunks())


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("encoding", "found"), [
    ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030"), ("utf-16", "utf-16"),
])  # fmt: skip
def test_encoding_of_a_table(tmp_path: Path, encoding: str, found: str) -> None:
    path = table(tmp_path / "a.csv", f"{HEAD},经度,纬度\n{ROW},120.4,27.5\n", encoding)
    assert text_encoding(path) == found
    source, (chunk,) = read(path)
    assert chunk.values["name"] == ["一号站"] and source.columns["code"] == "联络站编号"


def test_neither_utf8_nor_gb18030(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"code,name\n\xff\xff\xff\n")
    with pytest.raises(FileRefused, match="既不是 UTF-8 也不是 GBK"):
        text_encoding(tmp_path / "a.csv")


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    text = f"{HEAD},lon,lat\n{ROW},120.4,27.5\n".replace(",", delimiter)
    _, (chunk,) = read(table(tmp_path / "a.txt", text))
    assert shapely.get_coordinates(chunk.shapes).tolist() == [[120.4, 27.5]]


@pytest.mark.parametrize(("x", "y"), [("lon", "lat"), ("LNG", "Latitude"), ("经度", "纬度"), ("Ｘ", "ｙ"), ("\ufefflongitude ", "LAT")])
def test_coordinate_headings(tmp_path: Path, x: str, y: str) -> None:
    source, (chunk,) = read(table(tmp_path / "a.csv", f"{x},{y},{HEAD}\n120.4,27.5,{ROW}\n"))
    assert shapely.get_coordinates(chunk.shapes).tolist() == [[120.4, 27.5]] and source.unused == []


def test_wkt_column_and_columns_of_no_use(tmp_path: Path) -> None:
    text = "网格编码,网格名称,村社代码,备注,WKT\nG1,甲,339901001001,x,\"POLYGON((120 27,121 27,121 28,120 27))\"\nG2,乙,339901001001,y,POLYGON((\n"
    source, (chunk,) = read(table(tmp_path / "a.csv", text), GRID)
    assert source.unused == ["备注"] and chunk.shapes[0].area == 0.5 and chunk.shapes[1] is None
    assert chunk.faults == {1: "图形损坏：环的顶点不足、没有闭合，或不是支持的类型"}


def test_row_numbers_are_those_a_person_sees(tmp_path: Path) -> None:
    """The heading is row 1; a blank row counts, a row of several lines is one."""
    text = f'{HEAD},lon,lat\n{ROW},120.4,27.5\n,,,,,\nS2,"两\n行",village,339901001001,120.4,27.5\nS3\n'
    _, (chunk,) = read(table(tmp_path / "a.csv", text))
    assert chunk.rows.tolist() == [2, 4, 5] and chunk.values["name"] == ["一号站", "两\n行", None]


def test_headings_by_name_label_or_dbf_name() -> None:
    found, unused = match_columns(["ＣＯＤＥ", " 名称 ", "kind", "所属区划", "duty_hours", "别的"], STATION, "文件")
    assert found == {"code": "ＣＯＤＥ", "name": " 名称 ", "kind": "kind", "area": "所属区划", "duty_hours": "duty_hours"} and unused == ["别的"]
    by_dbf, _ = match_columns([column.dbf for column in DEPUTY.columns], DEPUTY, "文件")
    assert list(by_dbf) == [column.name for column in DEPUTY.columns]
    by_label, _ = match_columns([column.label for column in DEPUTY.columns], DEPUTY, "文件")
    assert by_label.keys() == by_dbf.keys()
    assert heading("总投资（万元）") == heading("总投资(万元)")


@pytest.mark.parametrize("layer", LAYERS.values(), ids=lambda layer: layer.name)
def test_no_two_columns_of_a_layer_share_a_name(layer) -> None:
    names = [{heading(column.name), heading(column.label), heading(column.dbf)} for column in layer.columns]
    assert sum(len(name) for name in names) == len(set().union(*names))


def test_layer_without_shape_ignores_coordinates(tmp_path: Path) -> None:
    source, (chunk,) = read(table(tmp_path / "a.csv", "project,number,month,percent,lon,lat\nP,1,2025-04,5,0,0\n"), PROGRESS)
    assert chunk.shapes is None and not source.has_shape and source.unused == ["lon", "lat"]


class TestExcel:
    def book(self, tmp_path: Path, *rows: list, title: str = "Sheet") -> Path:
        book = Workbook()
        book.active.title = title
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    def test_numbers_days_and_blank_rows_before_the_heading(self, tmp_path: Path) -> None:
        import datetime as dt

        path = self.book(tmp_path, [None], ["网格编码", "网格名称", "村社代码", "人口", "wkt"],
                         [330482001, "甲", 339901001001, 12.0, "POINT(120 27)"], [dt.date(2025, 3, 1), True, 1.5, None, None])  # fmt: skip
        _, (chunk,) = read(path, GRID)
        assert chunk.rows.tolist() == [3, 4]
        assert chunk.values == {"code": ["330482001", "2025-03-01"], "name": ["甲", "true"], "village": ["339901001001", "1.5"], "population": ["12", None]}

    def test_a_number_that_excel_has_rounded_shows_as_rounded(self, tmp_path: Path) -> None:
        path = self.book(tmp_path, ["code", "name", "village", "wkt"], [330482001001000123, "甲", 1, "POINT(120 27)"])
        _, (chunk,) = read(path, GRID)
        assert chunk.values["code"] == ["3.30482001001000E+17"]

    def test_sheet_named_as_the_layer(self, tmp_path: Path) -> None:
        book = Workbook()
        book.active.append(["说明"])
        sheet = book.create_sheet("网格")
        sheet.append(["code", "name", "village", "wkt"])
        sheet.append(["1", "甲", "1", "POINT(120 27)"])
        book.save(tmp_path / "a.xlsx")
        assert read(tmp_path / "a.xlsx", GRID)[1][0].values["name"] == ["甲"]


class TestCoordinates:
    def test_table_in_a_zone(self, tmp_path: Path) -> None:
        """The county seat of 苍南: EPSG:4549 (539827.081, 3044416.296) is 120.4031 E, 27.51189 N."""
        path = table(tmp_path / "a.csv", f"{HEAD},x,y\n{ROW},539827.081,3044416.296\n")
        _, (chunk,) = read(path, crs="EPSG:4549")
        assert np.allclose(shapely.get_coordinates(chunk.shapes), [[120.4031, 27.51189]], atol=2e-8)

    def test_gcj02_moves_attributes_that_are_positions_too(self, tmp_path: Path) -> None:
        """苍南: WGS 84 (120.4031, 27.51189) is GCJ-02 (120.40747179, 27.50888185)."""
        head = ",".join(column.name for column in DEPUTY.columns if column.required)
        text = f"{head},workplace_lon,workplace_lat,lon,lat\n" + "x," * len(head.split(",")) + "120.40747179,27.50888185,120.40747179,27.50888185\n"
        _, (chunk,) = read(table(tmp_path / "a.csv", text), DEPUTY, crs="gcj02")
        assert np.allclose(shapely.get_coordinates(chunk.shapes), [[120.4031, 27.51189]], atol=1e-7)
        assert abs(float(chunk.values["workplace_lon"][0]) - 120.4031) < 1e-7

    def test_single_places_that_cannot_be(self, tmp_path: Path) -> None:
        rows = ["120.4,27.5"] * 4 + ["27.5,120.4", "nan,27.5", "x,27.5", ",", "1e400,27.5"]
        text = f"{HEAD},lon,lat\n" + "\n".join(f"{ROW},{row}" for row in rows)
        _, (chunk,) = read(table(tmp_path / "a.csv", text))
        assert sorted(chunk.faults) == [4, 5, 6, 8] and "不在我国范围内" in chunk.faults[4]
        assert [shape is None for shape in chunk.shapes] == [False] * 4 + [True] * 5

    def test_declared_system_of_the_file_is_used(self, tmp_path: Path) -> None:
        import geopandas as gpd

        frame = gpd.GeoDataFrame({"code": ["1"], "name": ["甲"], "village": ["1"]}, geometry=[shapely.box(539000, 3044000, 540000, 3045000)], crs=4549)
        frame.to_file(tmp_path / "a.gpkg")
        source, (chunk,) = read(tmp_path / "a.gpkg", GRID)
        assert source.crs.epsg == 4549 and not source.crs_given
        assert shapely.box(120.38, 27.50, 120.41, 27.53).covers(chunk.shapes[0])


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Twice the rows, the same peak: rows are handed on as they are read."""

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("code,road,number,lon,lat\n")
            file.writelines(f"K{i},长街,{i}号,120.4,27.5\n" for i in range(count))
        with ExitStack() as stack:
            source = open_source(path, DOORPLATE, stack=stack)
            tracemalloc.start()
            total = sum(len(chunk) for chunk in source.chunks())
            _, high = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert total == count
        return high

    assert peak(120_000) < 1.2 * peak(60_000)


def test_large_vector_files_come_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import geopandas as gpd

    monkeypatch.setattr("gis_data.readers.VECTOR_ROWS", 7)
    frame = gpd.GeoDataFrame({"code": [f"K{i}" for i in range(20)], "road": "长街"}, geometry=gpd.points_from_xy(np.full(20, 120.4), np.full(20, 27.5)), crs=4490)
    frame.to_file(tmp_path / "a.gpkg")
    _, chunks = read(tmp_path / "a.gpkg", DOORPLATE)
    assert [len(chunk) for chunk in chunks] == [7, 7, 6]
    assert [row for chunk in chunks for row in chunk.rows.tolist()] == list(range(1, 21))
    assert [code for chunk in chunks for code in chunk.values["code"]] == [f"K{i}" for i in range(20)]
