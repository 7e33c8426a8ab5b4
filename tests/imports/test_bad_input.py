"""Files that cannot go in: each is refused with words that say what to do, and nothing has changed."""

import io
import json
import random
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.imports.importing import Order, bring_in
from apps.imports.models import ImportBatch
from apps.territory.models import AdminArea, Doorplate, Grid, LayerVersion
from gis_data.layers import LAYERS
from tests.imports.conftest import TODAY, Bring
from tests.imports.formats import as_gcj02_gbk, as_shapefile, as_zone_4549, load, sample, write_csv

STATION = {"code": ["S1"], "name": ["一号站"], "kind": ["village"], "area": ["339901001001"]}


def refused(layer: str, path: Path, **options: object) -> str:
    batch = bring_in(Order(layer, path, today=TODAY, **options))
    assert batch.status == ImportBatch.Status.REFUSED
    assert (batch.inserted, batch.updated, batch.unchanged) == (0, 0, 0)
    assert ImportBatch.objects.filter(pk=batch.pk).exists(), "a refused import is on the list too"
    return batch.message


def csv_of(path: Path, **columns: list) -> Path:
    return write_csv(path, {**STATION, **columns})


class TestFiles:
    def test_unknown_layer(self, db: None, tmp_path: Path) -> None:
        message = refused("rivers", csv_of(tmp_path / "a.csv"))
        assert "没有“rivers”这个图层" in message and "doorplate（门牌）" in message

    def test_no_such_file(self, db: None, tmp_path: Path) -> None:
        assert "找不到文件" in refused("station", tmp_path / "nothing.csv")

    def test_folder(self, db: None, tmp_path: Path) -> None:
        assert "是文件夹" in refused("station", tmp_path)

    @pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.gpkg", "a.xlsx", "a.zip", "a.shp"])
    def test_empty_file(self, db: None, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        assert "是空的" in refused("station", tmp_path / name)

    @pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.gpkg", "a.xlsx", "a.zip", "a.shp", "a.fgb", "a.dat"])
    def test_ten_megabytes_of_garbage(self, db: None, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(random.Random(1).randbytes(10 << 20))
        message = refused("station", tmp_path / name)
        assert len(message) < 400 and ("再导入" in message or "可用" in message or "打在一起" in message or "放在一起" in message)

    @pytest.mark.parametrize("body", ["", "\n\n  \n", "\ufeff"])
    def test_blank_table(self, db: None, tmp_path: Path, body: str) -> None:
        (tmp_path / "a.csv").write_text("\n" + body, encoding="utf-8")
        assert "没有内容" in refused("station", tmp_path / "a.csv")

    def test_heading_without_rows(self, db: None, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("code,name,kind,area,lon,lat\n", encoding="utf-8")
        assert "没有一行数据" in refused("station", tmp_path / "a.csv")

    def test_feature_collection_without_features(self, db: None, tmp_path: Path) -> None:
        (tmp_path / "a.geojson").write_text('{"type":"FeatureCollection","features":[]}')
        message = refused("station", tmp_path / "a.geojson")
        assert "缺少" in message or "没有" in message

    def test_missing_columns_are_named_and_so_are_those_there(self, db: None, tmp_path: Path) -> None:
        write_csv(tmp_path / "a.csv", {"编号": ["1"], "名称": ["x"], "lon": ["120"], "lat": ["27"]})
        message = refused("station", tmp_path / "a.csv")
        assert all(word in message for word in ("联络站编号（code）", "类型（kind）", "所属区划（area）", "文件里有：编号、名称、lon、lat"))
        assert "名称（name）" not in message

    def test_two_columns_for_one(self, db: None, tmp_path: Path) -> None:
        assert "两列都是“名称”" in refused("station", csv_of(tmp_path / "a.csv", 名称=["y"], lon=["120.4"], lat=["27.5"]))

    def test_no_coordinates(self, db: None, tmp_path: Path) -> None:
        assert "请加上“经度”“纬度”两列" in refused("station", csv_of(tmp_path / "a.csv"))

    def test_broken_quotes(self, db: None, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "a.csv", lon=["120.4"], lat=["27.5"])
        path.write_bytes(path.read_bytes() + b'S2,"' + b"x" * (65 << 20))
        assert "不是合格的 CSV" in refused("station", path)

    def test_wrong_encoding_asked_for(self, db: None, tmp_path: Path) -> None:
        path = as_gcj02_gbk(load(sample("station")), LAYERS["station"], tmp_path / "a.csv")
        assert "不是 utf-8 编码" in refused("station", path, encoding="utf-8")
        assert "不认识编码“klingon”" in refused("station", path, encoding="klingon")

    def test_old_excel(self, db: None, tmp_path: Path) -> None:
        (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0")
        assert "另存为 .xlsx" in refused("station", tmp_path / "a.xls")

    def test_zip_without_and_with_too_many_layers(self, db: None, tmp_path: Path) -> None:
        for names, said in ((["readme.txt"], "没有能读的图层"), (["a.geojson", "b.geojson"], "有 2 个图层")):
            with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
                for name in names:
                    archive.writestr(name, "{}")
            assert said in refused("station", tmp_path / "a.zip")

    def test_zip_that_leads_outside(self, db: None, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("../../escaped.geojson", sample("station").read_text(encoding="utf-8"))
        refused_or_done = bring_in(Order("station", tmp_path / "a.zip", today=TODAY))
        assert refused_or_done.rejected == 3, "read, and refused row by row since there are no areas"
        assert not (tmp_path.parent.parent / "escaped.geojson").exists()

    def test_shapefile_without_its_table(self, db: None, tmp_path: Path) -> None:
        shp = as_shapefile(load(sample("grid")), LAYERS["grid"], tmp_path / "a.shp", "utf-8")
        shp.with_suffix(".dbf").unlink()
        assert "缺少 a.dbf" in refused("grid", shp)

    def test_several_layers_none_named(self, db: None, tmp_path: Path) -> None:
        import geopandas as gpd

        frame = gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([120], [27]), crs=4490)
        for name in ("one", "two"):
            frame.to_file(tmp_path / "a.gpkg", layer=name)
        assert "有 2 个图层：one、two" in refused("station", tmp_path / "a.gpkg")

    def test_virtual_layer_is_not_followed(self, db: None, tmp_path: Path) -> None:
        (tmp_path / "a.geojson").write_text("<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>")
        assert "虚拟图层" in refused("station", tmp_path / "a.geojson")


class TestCoordinates:
    def test_projected_without_a_system(self, db: None, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "a.csv", x=["539827.081"], y=["3044416.296"])
        assert "请用 --crs 指明，例如 --crs EPSG:4549" in refused("station", path)

    def test_swapped_axes(self, db: None, tmp_path: Path) -> None:
        assert "经度和纬度写反了" in refused("station", csv_of(tmp_path / "a.csv", lon=["27.5"], lat=["120.4"]))

    def test_swapped_axes_in_a_zone(self, db: None, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "a.csv", x=["3044416.296"], y=["539827.081"])
        assert "写反了" in refused("station", path, crs="EPSG:4549")

    def test_zone_number_in_front(self, db: None, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "a.csv", x=["40539827.081"], y=["3044416.296"])
        assert "EPSG:4528" in refused("station", path, crs="EPSG:4549")

    def test_projected_numbers_that_claim_to_be_degrees(self, db: None, tmp_path: Path) -> None:
        frame = load(sample("station"))
        written = as_zone_4549(frame, LAYERS["station"], tmp_path / "a.gpkg")
        assert "不是经纬度" in refused("station", written, crs="EPSG:4490")

    @pytest.mark.parametrize("crs", ["beijing54", "EPSG:4214", "西安80", "EPSG:2437"])
    def test_old_datums(self, db: None, tmp_path: Path, crs: str) -> None:
        assert "北京54或西安80" in refused("station", csv_of(tmp_path / "a.csv", lon=["120.4"], lat=["27.5"]), crs=crs)

    def test_unknown_system(self, db: None, tmp_path: Path) -> None:
        assert "不认识坐标系“EPSG:999999”" in refused("station", csv_of(tmp_path / "a.csv", lon=["120.4"], lat=["27.5"]), crs="EPSG:999999")

    def test_the_whole_file_abroad(self, db: None, tmp_path: Path) -> None:
        assert "不在我国范围内" in refused("station", csv_of(tmp_path / "a.csv", lon=["2.35"], lat=["48.85"]))

    def test_web_map_shift_is_noticed(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        """The grids of the sample lie 1 km wide in their villages: a shift of 500 m puts a good part outside."""
        path = as_gcj02_gbk(load(sample("grid")), LAYERS["grid"], tmp_path / "a.csv")
        message = refused("grid", path)
        assert "像是 GCJ02" in message and "--crs gcj02" in message
        assert bring("grid", path, crs="gcj02").rejected == 0
        assert bring("grid", path, crs="EPSG:4490").rejected == 0, "who says so explicitly is believed"


class TestRows:
    """Single rows that cannot go in are set aside, the others go in."""

    def stations(self, tmp_path: Path, rows: list[tuple]) -> Path:
        return write_csv(tmp_path / "a.csv", dict(zip(("code", "name", "kind", "area", "lon", "lat", "phone"), map(list, zip(*rows, strict=True)), strict=True)))

    def test_each_row_with_its_reason(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        area = "339901001001"
        good = [(f"N{i}", f"好站{i}", "village", area, "120.404", "27.504", "") for i in range(12)]
        bad = [
            ("", "无编号", "village", area, "120.404", "27.504", ""),
            ("B1", "长" * 61, "village", area, "120.404", "27.504", ""),
            ("B2", "类型不对", "palace", area, "120.404", "27.504", ""),
            ("B3", "区划不对", "village", "33990100100", "120.404", "27.504", ""),
            ("B4", "没有这个区划", "village", "339901001099", "120.404", "27.504", ""),
            ("B5", "没有位置", "village", area, "", "", ""),
            ("B6", "坐标不是数字", "village", area, "东经120度", "27.504", ""),
            ("B7", "坐标缺一半", "village", area, "120.404", "", ""),
            ("B8", "在海外", "village", area, "12.0", "27.504", ""),
            ("B9", "不是有限数", "village", area, "inf", "27.504", ""),
            ("N3", "编号重复", "village", area, "120.404", "27.504", ""),
            ("1.23E+15", "被改成科学计数", "village", area, "120.404", "27.504", ""),
            ("B\x01", "看不见的字", "village", area, "120.404", "27.504", ""),
        ]
        batch = bring("station", self.stations(tmp_path, good + bad), done=False)
        assert (batch.status, batch.inserted, batch.rejected) == ("done", len(good), len(bad))
        reasons = {row.row - 2 - len(good): row.reason for row in batch.rejected_rows.all()}
        expected = [
            "“联络站编号”不能为空", "最多 60 个字，现有 61 个", "“palace”不在可选范围内：中心联络站、", "应是 12 位数字",
            "“339901001099”不存在，请先导入行政区划", "没有位置", "坐标不是数字：东经120度，27.504", "坐标不是数字", "不在我国范围内", "坐标",
            "与前面的行重复", "科学计数", "不可见字符",
        ]  # fmt: skip
        assert [part for number, part in enumerate(expected) if part not in reasons[number]] == []
        said = batch.rejected_rows.get(reason__contains="palace").data
        assert said == {"code": "B2", "name": "类型不对", "kind": "palace", "area": area}

    def test_private_columns_and_homes_are_not_kept(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        frame = load(sample("deputy"))
        frame["district"] = "nowhere"
        frame["elected_by"] = None
        write_csv(tmp_path / "a.csv", {**{c: ["" if v is None else v for v in frame[c]] for c in frame.columns if c != "geometry"},
                                       "lon": ["120.425123"] * 6, "lat": ["27.5"] * 6})  # fmt: skip
        batch = bring("deputy", tmp_path / "a.csv", done=False)
        assert batch.rejected == 6
        kept = json.dumps([[row.data, row.reason] for row in batch.rejected_rows.all()], ensure_ascii=False)
        assert "王一样" in kept and "1380000000" not in kept and "120.425123" not in kept

    def test_all_rows_bad_is_a_refusal_with_its_rows(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        path = self.stations(tmp_path, [("X1", "站", "palace", "339901001001", "120.4", "27.5", "")])
        with pytest.raises(CommandError, match="每一行都被拒收") as error:
            call_command("import_layer", "station", str(path), stdout=io.StringIO(), stderr=io.StringIO())
        assert error.value.returncode == 2
        assert ImportBatch.objects.latest("pk").rejected_rows.count() == 1

    def test_broken_rings(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        """A slight fold is mended and told; a bow tie, a line for a ring and a point are refused."""
        west, south = 120.40, 27.50

        def ring(*points: tuple[float, float]) -> dict:
            return {"type": "Polygon", "coordinates": [[[west + x, south + y] for x, y in points]]}

        spike = ring((0, 0), (0.01, 0), (0.01, 0.02), (0.0100001, 0.02), (0.01, 0.02), (0, 0.02), (0, 0))
        unclosed = ring((0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01))
        bow_tie = ring((0, 0), (0.01, 0.01), (0.01, 0), (0, 0.01), (0, 0))
        too_few = ring((0, 0), (0.01, 0))
        three_d = {"type": "Polygon", "coordinates": [[[west, south, 5], [west + 0.01, south, 5], [west + 0.01, south + 0.01, 6], [west, south, 5]]]}
        point = {"type": "Point", "coordinates": [west, south]}
        shapes = [spike, unclosed, three_d, bow_tie, too_few, point, None]
        features = [
            {"type": "Feature", "properties": {"code": f"R{i}", "name": f"网格{i}", "village": "339901001001"}, "geometry": shape}
            for i, shape in enumerate(shapes)
        ]
        (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        batch = bring("grid", tmp_path / "a.geojson", done=False)
        assert set(Grid.objects.filter(code__startswith="R").values_list("code", flat=True)) == {"R0", "R1", "R2"}
        assert "修复了 1 个面（第 1 行）" in batch.message
        assert Grid.objects.get(code="R0").geom.num_coords == 5
        reasons = {row.row: row.reason for row in batch.rejected_rows.all()}
        assert "面积改变" in reasons[4] and "面积改变" in reasons[5] and "图形应是面，现在是Point" in reasons[6] and "没有位置" in reasons[7]


class TestNothingHalfDone:
    def test_failure_in_the_middle_of_the_file(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        """The first twenty thousand rows are read and staged before the file turns out to be unreadable."""
        plates, version = Doorplate.objects.count(), LayerVersion.objects.get(layer="doorplate").version
        path = tmp_path / "a.csv"
        lines = ["code,road,number,lon,lat", *(f"L{i},长路,{i}号,120.405,27.505" for i in range(25_000))]
        path.write_bytes("\n".join(lines).encode() + b"\nZ," + b"\xff\xff\xff\xff,1,120.4,27.5\n")
        assert "不是" in refused("doorplate", path, encoding="utf-8")
        assert Doorplate.objects.count() == plates
        assert LayerVersion.objects.get(layer="doorplate").version == version

    def test_dry_run_says_the_same_and_writes_nothing(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        frame = load(sample("station"))
        frame["name"] = [*frame["name"][:2], "长" * 61]
        frame["code"] = ["ST01", "NEW", "ST03"]
        path = as_gcj02_gbk(frame, LAYERS["station"], tmp_path / "a.csv")
        before = dict(LayerVersion.objects.values_list("layer", "version"))
        rehearsed = bring("station", path, crs="gcj02", rehearse=True, done=False)
        assert rehearsed.status == ImportBatch.Status.REHEARSED
        assert dict(LayerVersion.objects.values_list("layer", "version")) == before
        from apps.deputies.models import Station

        assert not Station.objects.filter(code="NEW").exists()
        done = bring("station", path, crs="gcj02", done=False)
        counts = ("rows_read", "inserted", "updated", "unchanged", "rejected", "message", "crs", "encoding", "sha256")
        assert [getattr(rehearsed, name) for name in counts] == [getattr(done, name) for name in counts]
        assert list(rehearsed.rejected_rows.values_list("row", "reason", "data")) == list(done.rejected_rows.values_list("row", "reason", "data"))
        assert Station.objects.filter(code="NEW").exists()

    def test_command_reports_and_exits_with_two(self, db: None, tmp_path: Path) -> None:
        out = io.StringIO()
        call_command("import_layer", "area", str(sample("area")), stdout=out, stderr=io.StringIO())
        assert "行政区划：导入完成。读到 9 行，新增 9，更新 0，未变 0，拒收 0" in out.getvalue()
        with pytest.raises(CommandError, match="找不到文件") as error:
            call_command("import_layer", "area", str(tmp_path / "none"), stdout=out, stderr=io.StringIO())
        assert error.value.returncode == 2
        assert AdminArea.objects.count() == 9
