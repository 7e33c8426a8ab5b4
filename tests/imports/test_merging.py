"""What rows become: worked out by hand on the sample county, and only what differs is written."""

import datetime as dt
import json
from pathlib import Path

import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cases import timeline
from apps.cases.models import Case, CaseEvent, Rating
from apps.deputies.models import Contact, Deputy, Group, Home, Mandate, Station
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject, ProgressReport
from apps.record.codes import new_code, read_code
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, LayerVersion, Term
from gis_data.layers import LAYERS
from tests.imports.conftest import Bring
from tests.imports.formats import load, sample, texts, write_csv

COUNTY, STREET, TOWN = "339901000000", "339901001000", "339901100000"
SOUTH_GATE, EAST_VILLAGE, WEST_VILLAGE = "339901001001", "339901100201", "339901100202"


def changed(tmp_path: Path, layer: str, change, name: str = "changed.csv") -> Path:
    """The sample of a layer as CSV, after `change(rows: dict of columns)`."""
    frame = load(sample(layer))
    columns: dict[str, list] = dict(texts(frame, LAYERS[layer]))
    if "geometry" in frame:
        columns["WKT"] = ["" if shape is None else shapely.to_wkt(shape, rounding_precision=-1) for shape in frame["geometry"]]
    change(columns)
    return write_csv(tmp_path / name, columns)


def only(columns: dict[str, list], *rows: int) -> None:
    for name in columns:
        columns[name] = [columns[name][row] for row in rows]


class TestAreas:
    def test_parents_may_come_later_in_the_file(self, samples: None) -> None:
        parents = dict(AdminArea.objects.values_list("code", "parent__code"))
        assert parents[EAST_VILLAGE] == TOWN and parents[TOWN] == COUNTY and parents[COUNTY] == "339900000000"
        county = AdminArea.objects.get(code=COUNTY)
        assert (county.former_names, county.valid_from, county.synthetic) == ("样阳县;老样县", dt.date(1990, 5, 1), True)
        assert AdminArea.objects.get(code="330000000000").geom is None

    def test_names_alone_keep_the_polygons_and_find_their_parents(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        """A list of codes and names, as a statistics bureau has it: what it does not say stays as it is."""
        columns = {"区划代码": [EAST_VILLAGE, "339901100203", "339901002000"], "名称": ["河东新村", "河中村", "城北街道"], "层级": ["村社", "village", "乡镇街道"]}
        batch = bring("area", write_csv(tmp_path / "names.csv", columns, "gbk"))
        assert (batch.inserted, batch.updated) == (2, 1)
        east = AdminArea.objects.get(code=EAST_VILLAGE)
        assert (east.name, east.population, east.parent.code) == ("河东新村", 2100, TOWN) and east.geom is not None
        assert AdminArea.objects.get(code="339901100203").parent.code == TOWN
        street = AdminArea.objects.get(code="339901002000")
        assert street.parent.code == COUNTY and not street.has_congress, "a 街道 has no congress"

    def test_refused_parent_takes_its_children_along(self, bring: Bring, db: None, tmp_path: Path) -> None:
        path = changed(tmp_path, "area", lambda columns: columns["name"].__setitem__(4, "长" * 41))
        batch = bring("area", path, done=False)
        assert (batch.inserted, batch.rejected) == (2, 7)
        assert "也没有在本文件中被收下" in batch.rejected_rows.get(data__code=SOUTH_GATE).reason

    def test_parent_must_be_higher(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        path = changed(tmp_path, "area", lambda columns: columns["parent"].__setitem__(6, WEST_VILLAGE))
        batch = bring("area", path, done=False)
        assert [row.data["code"] for row in batch.rejected_rows.all()] == [TOWN]
        assert "层级不比本级高" in batch.rejected_rows.get().reason

    def test_overlaps_gaps_and_orphans_are_told(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        def shift(columns: dict[str, list]) -> None:  # 河东村 0.001° to the west: over 南门社区, away from the county's edge
            columns["WKT"][0] = "POLYGON((120.419 27.5,120.439 27.5,120.439 27.52,120.419 27.52,120.419 27.5))"

        message = bring("area", changed(tmp_path, "area", shift)).message
        hectares = 0.001 * 0.02 * 111.32**2 * 100 * 0.887
        assert f"村社之间有 1 处重叠，最大 {hectares:.1f} 公顷（" in message
        assert f"村社之间有 1 处空隙，最大 {hectares:.1f} 公顷" in message
        assert "1 个乡镇或村社超出上级范围：河东村" in message


class TestDistricts:
    def test_terms_employers_and_units(self, samples: None) -> None:
        assert set(Term.objects.values_list("congress__code", "level", "number")) == {
            (COUNTY, "county", 17), (TOWN, "township", 15), ("339900000000", "city", 15), (COUNTY, "county", 18),
        }  # fmt: skip
        joint = ElectoralDistrict.objects.get(code="339901-17-002")
        assert set(joint.employers.values_list("code", flat=True)) == {"traffic", "water"}
        assert ElectoralDistrict.objects.get(code="339901-17-004").geom is None

    def test_employers_change(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        path = changed(tmp_path, "district", lambda columns: columns["employers"].__setitem__(1, "water；样县路桥有限公司"))
        batch = bring("district", path)
        assert (batch.updated, batch.unchanged) == (1, 5)
        assert set(ElectoralDistrict.objects.get(code="339901-17-002").employers.values_list("code", flat=True)) == {"water", "E002"}

    def test_numbers_may_be_exchanged(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        def exchange(columns: dict[str, list]) -> None:
            columns["number"][0], columns["number"][1] = columns["number"][1], columns["number"][0]

        assert bring("district", changed(tmp_path, "district", exchange)).updated == 2

    @pytest.mark.parametrize(("row", "column", "value", "reason"), [
        (1, "number", "1", "本届选区序号 1 与前面的行重复"),
        (0, "employers", "traffic;none;nowhere", "所含单位“none、nowhere”不存在"),
        (0, "congress", "339901009000", "人大区划代码“339901009000”不存在"),
        (0, "congress", SOUTH_GATE, "没有人民代表大会"),
        (0, "term_ends", "2020-01-01", "本届止应在本届起之后"),
        (1, "term_ends", "2028-01-10", "同一届的起止日期与前面的行不一致"),
        (0, "WKT", "", "按居住划分的选区必须有范围"),
        (0, "seats", "4", "“名额”“4”应在 1 到 3 之间"),
        (0, "term_starts", "2022-02-30", "不是日期"),
    ])  # fmt: skip
    def test_refused(self, bring: Bring, samples: None, tmp_path: Path, row: int, column: str, value: str, reason: str) -> None:
        batch = bring("district", changed(tmp_path, "district", lambda columns: columns[column].__setitem__(row, value)), done=False)
        assert [rejected.row for rejected in batch.rejected_rows.filter(reason__contains=reason)] == [row + 2]

    def test_a_street_has_no_congress(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        def street(columns: dict[str, list]) -> None:
            only(columns, 4)
            columns["congress"], columns["code"] = [STREET], ["S1"]

        assert "1 个选区所属的城关街道不设人民代表大会" in bring("district", changed(tmp_path, "district", street)).message

    def test_number_taken_by_a_district_outside_the_file(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        def another(columns: dict[str, list]) -> None:
            only(columns, 0)
            columns["code"] = ["339901-17-900"]

        assert "已由另一个选区使用" in bring("district", changed(tmp_path, "district", another), done=False).rejected_rows.get().reason


class TestDoorplates:
    def test_address_key_and_place(self, samples: None) -> None:
        plates = {plate.code: plate for plate in Doorplate.objects.select_related("town", "village")}
        assert plates["D0001"].address == "城关街道府前路1号"
        assert plates["D0004"].address_key == "北门街15号", "Chinese numerals are searched as digits"
        assert plates["D0007"].village.code == EAST_VILLAGE and plates["D0007"].town.code == TOWN, "by place where the file names none"
        assert (plates["D0007"].status, plates["D0006"].status) == ("active", "retired")

    def test_outside_every_village(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        path = write_csv(tmp_path / "a.csv", {"code": ["X1", "X2"], "road": ["界外路", ""], "number": ["1", ""], "lon": ["120.5", "120.405"], "lat": ["27.6", "27.505"]})
        batch = bring("doorplate", path, done=False)
        assert "1 个门牌不在任何村社范围内" in batch.message
        assert Doorplate.objects.get(code="X1").village is None and Doorplate.objects.get(code="X1").address == "界外路1号"
        assert "没有可用的地址" in batch.rejected_rows.get().reason

    def test_border_belongs_to_the_lowest_code(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        path = write_csv(tmp_path / "a.csv", {"code": ["X1"], "road": ["中路"], "lon": ["120.42"], "lat": ["27.52"]})
        bring("doorplate", path)
        assert Doorplate.objects.get(code="X1").village.code == SOUTH_GATE


class TestDeputies:
    def test_one_person_two_mandates(self, samples: None) -> None:
        wang = Deputy.objects.get(code="P001")
        assert set(wang.mandates.values_list("term__level", "district__code")) == {("county", "339901-17-003"), ("township", "339901100-15-001")}
        assert set(wang.fields.values_list("code", flat=True)) == {"transport", "construction"}
        assert (wang.organisation.code, wang.station.code, wang.group.name, wang.group_leader) == ("E001", "ST02", "河口镇第一代表小组", True)
        assert wang.contact.phone == "13800000001" and wang.residence_village.code == EAST_VILLAGE
        assert Group.objects.get(name="河口镇第一代表小组").area.code == TOWN

    def test_home_just_outside_belongs_to_the_nearest_village(self, samples: None) -> None:
        """赵四样 lives at 120.44001 E; the county ends at 120.44, one metre to the west."""
        assert Deputy.objects.get(code="P004").residence_village.code == WEST_VILLAGE

    def test_home_taken_away_and_phone_changed(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        def change(columns: dict[str, list]) -> None:
            columns["WKT"][2], columns["phone"][5] = "", "13900000009"

        batch = bring("deputy", changed(tmp_path, "deputy", change))
        assert (batch.updated, batch.unchanged) == (2, 4)
        assert not Home.objects.filter(deputy__code="P002").exists() and Deputy.objects.get(code="P002").residence_village is None
        assert Contact.objects.get(deputy__code="P005").phone == "13900000009"

    @pytest.mark.parametrize(("row", "column", "value", "reason"), [
        (1, "name", "别人", "在前面的行里是另一个人"),
        (2, "district", "", "选区编号和选举单位不能都为空"),
        (2, "district", "339901100-15-001", "不属于"),
        (2, "fields", "magic", "工作领域“magic”不存在"),
        (2, "station", "ST99", "联络站编号“ST99”不存在"),
        (2, "congress_level", "township", "人大层级与人大区划代码"),
        (3, "workplace_lat", "", "工作地经度和纬度要么都填"),
        (2, "capacity", "many", "不是整数"),
    ])  # fmt: skip
    def test_refused(self, bring: Bring, samples: None, tmp_path: Path, row: int, column: str, value: str, reason: str) -> None:
        batch = bring("deputy", changed(tmp_path, "deputy", lambda columns: columns[column].__setitem__(row, value)), done=False)
        assert [rejected.row for rejected in batch.rejected_rows.filter(reason__contains=reason)] == [row + 2]


class TestProjects:
    def test_site_town_and_defaults(self, samples: None) -> None:
        site = {project.code: project.site.coords for project in KeyProject.objects.all()}
        assert site["KP-03"] == (120.43, 27.53) and site["KP-04"] == (120.431, 27.522)
        bridge = KeyProject.objects.get(code="KP-01")
        legs = [(120.42, 27.51), (120.424, 27.512), (120.43, 27.515)]
        assert shapely.LineString(legs).distance(shapely.Point(site["KP-01"])) < 1e-9
        assert shapely.LineString(legs).project(shapely.Point(site["KP-01"])) == pytest.approx(shapely.LineString(legs).length / 2)
        assert shapely.box(120.402, 27.532, 120.404, 27.534).covers(shapely.Point(site["KP-02"]))
        assert bridge.town.code == TOWN and KeyProject.objects.get(code="KP-02").town.code == STREET
        assert set(bridge.contractors.values_list("code", flat=True)) == {"E001", "E002"}
        assert (bridge.demand, bridge.experts, str(bridge.investment_total)) == (4, 2, "12000.50")
        assert set(KeyProject.objects.exclude(code="KP-01").values_list("demand", "experts")) == {(3, 1)}
        assert set(ProgressReport.objects.values_list("month", flat=True)) == {dt.date(2025, 4, 1), dt.date(2025, 5, 1)}

    def test_site_just_outside_and_far_away(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        """A site one metre beyond the county's border belongs to the town beside it, one five kilometres away to none."""
        def move(columns: dict[str, list]) -> None:
            columns["WKT"][2], columns["site_lon"][3] = "POINT(120.44001 27.53)", "120.49"

        batch = bring("project", changed(tmp_path, "project", move))
        assert KeyProject.objects.get(code="KP-03").town.code == TOWN and KeyProject.objects.get(code="KP-04").town is None
        assert "1 个项目的现场不在任何乡镇街道范围内" in batch.message

    def test_refused(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        for layer, row, column, value, reason in [
            ("project", 0, "ends", "2025-03-01", "计划竣工应在开工日期之后"), ("project", 0, "experts", "5", "须懂行人数不能多于"),
            ("project", 0, "responsible", "nobody", "责任单位编号“nobody”不存在"), ("project", 0, "field", "magic", "领域“magic”不存在"),
            ("subproject", 0, "project", "KP-99", "项目编号“KP-99”不存在"), ("progress", 0, "number", "7", "没有序号为 7 的子项目"),
            ("progress", 0, "percent", "120", "应在 0 到 100 之间"), ("progress", 0, "month", "2025-13", "不是月份"),
        ]:  # fmt: skip
            path = changed(tmp_path, layer, lambda columns, at=(row, column, value): columns[at[1]].__setitem__(at[0], at[2]))
            assert reason in bring(layer, path, done=False).rejected_rows.get().reason


class TestOnlyWhatDiffers:
    def test_only_changed_rows_are_written(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        """PostgreSQL's own mark of the writing transaction (xmin with the row's place) stays on every row that did not change."""

        def marks() -> dict[str, str]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT code, xmin::text || ctid::text FROM territory_doorplate")
                return dict(cursor.fetchall())

        before, version = marks(), LayerVersion.objects.get(layer="doorplate").version
        batch = bring("doorplate", changed(tmp_path, "doorplate", lambda columns: columns["number"].__setitem__(3, "17号")))
        assert (batch.inserted, batch.updated, batch.unchanged) == (0, 1, 6)
        after = marks()
        assert {code for code in before if before[code] != after[code]} == {"D0004"}
        assert Doorplate.objects.get(code="D0004").address_key == "北门街17号"
        assert LayerVersion.objects.get(layer="doorplate").version == version + 1
        bring("doorplate", tmp_path / "changed.csv")
        assert LayerVersion.objects.get(layer="doorplate").version == version + 1, "nothing changed, nothing to draw anew"

    def test_columns_the_file_lacks_stay(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        bring("station", write_csv(tmp_path / "a.csv", {
            "code": ["ST01"], "name": ["新名"], "kind": ["town"], "area": [STREET], "lon": ["120.409"], "lat": ["27.512"],
        }))  # fmt: skip
        station = Station.objects.get(code="ST01")
        assert (station.name, station.duty_days, station.phone) == ("新名", "D15;LFRI", "0577-00000001")
        bring("station", write_csv(tmp_path / "b.csv", {
            "code": ["ST01"], "name": ["新名"], "kind": ["town"], "area": [STREET], "lon": ["120.409"], "lat": ["27.512"], "phone": [""],
        }))  # fmt: skip
        assert Station.objects.get(code="ST01").phone == "", "an empty cell of a column that is there empties"

    @pytest.mark.parametrize("layer", ["organisation", "doorplate", "deputy", "case"])
    def test_queries_do_not_grow_with_the_rows(self, bring: Bring, samples: None, tmp_path: Path, layer: str) -> None:
        def copies(count: int) -> Path:
            def repeat(columns: dict[str, list]) -> None:
                rows = len(columns["code"])
                only(columns, *(i % rows for i in range(count * rows)))
                columns["code"] = [f"{code}-{count}-{i // rows}" for i, code in enumerate(columns["code"])]

            return changed(tmp_path, layer, repeat, f"{count}.csv")

        counts = []
        bring(layer, copies(2))  # each import clears away the tables of the one before it
        for size in (20, 40):  # a few rows are not surveyed for a shifted grid
            with CaptureQueriesContext(connection) as captured:
                bring(layer, copies(size))
            counts.append(len(captured))
        assert counts[0] == counts[1]


class TestCases:
    def test_states_limits_and_pins(self, samples: None) -> None:
        cases = {case.code: case for case in Case.objects.all()}
        assert {code: case.state for code, case in cases.items()} == {
            "M0001": "closed", "M0002": "answered", "M0003": "with_town", "M0004": "with_deputy", "M0005": "with_dispatcher",
        }  # fmt: skip
        # 2025-05-07 is a Wednesday: the fifth working day after it is Wednesday the 14th; 2025-05-31 to 06-02 is a holiday.
        assert cases["M0003"].due_on == dt.date(2025, 5, 14)
        assert cases["M0005"].due_on == dt.date(2025, 5, 29)
        assert cases["M0002"].answered_late and not cases["M0001"].answered_late, "eighteen days where five working days are allowed"
        first = cases["M0001"]
        assert (first.town.code, first.village.code, first.grid.code) == (STREET, SOUTH_GATE, SOUTH_GATE + "001")
        assert (first.county_district.code, first.township_district) == ("339901-17-001", None), "a 街道 has no township district"
        assert cases["M0003"].township_district.code == "339901100-15-002"
        assert cases["M0002"].organisation.code == "traffic" and cases["M0002"].station.code == "ST02"
        assert Rating.objects.get().case == first and Rating.objects.get().score == "satisfied"

    def test_histories_are_chained(self, samples: None) -> None:
        assert CaseEvent.objects.broken_chains() == []
        verbs = list(CaseEvent.objects.filter(subject__code="M0002").order_by("pk").values_list("verb", flat=True))
        assert verbs == ["submit", "pass_to_county", "pass_to_dispatcher", "assign_to_unit", "answer_as_unit"]
        last = CaseEvent.objects.filter(subject__code="M0002").latest("pk")
        assert last.note == "已增设减速带和人行横道。" and last.data["late"] and last.actor_label == "交通局"

    def test_a_residents_code_is_brought_or_drawn_and_then_stays(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        drawn = dict(Case.objects.values_list("code", "follow_code"))
        assert all(read_code(code) == code for code in drawn.values()) and len(set(drawn.values())) == len(drawn)
        own, taken = new_code(), drawn["M0001"]

        def coded(columns: dict[str, list]) -> None:
            only(columns, 3, 3, 3, 3, 3)
            columns["code"] = ["M0004", "N1", "N2", "N3", "N4"]
            columns["follow_code"] = [new_code(), own, taken, own, "ABCDEFGHJK"]

        batch = bring("case", changed(tmp_path, "case", coded), done=False)
        assert (batch.inserted, batch.rejected) == (1, 3), "one with another's code, one with a code twice, one that is no code"
        assert dict(Case.objects.values_list("code", "follow_code")) == {**drawn, "N1": own}, "what a resident holds already is not changed"

    def test_history_goes_on_and_is_never_rewritten(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        def answered(columns: dict[str, list]) -> None:
            only(columns, 3)
            columns["answered_at"], columns["answer"] = ["2025-05-23 09:00"], ["已约谈摊主。"]

        batch = bring("case", changed(tmp_path, "case", answered))
        assert (batch.updated, Case.objects.get(code="M0004").state) == (1, "answered")
        assert CaseEvent.objects.filter(subject__code="M0004").count() == 2 and CaseEvent.objects.broken_chains() == []

        older = bring("case", changed(tmp_path, "case", lambda columns: only(columns, 3)))
        assert (older.unchanged, Case.objects.get(code="M0004").state) == (1, "answered"), "an older file undoes nothing"

        def rewritten(columns: dict[str, list]) -> None:
            answered(columns)
            columns["answer"] = ["从来没有这回事。"]

        batch = bring("case", changed(tmp_path, "case", rewritten), done=False)
        assert "经过不能改写" in batch.rejected_rows.get().reason
        assert Case.objects.get(code="M0004").answer == "已约谈摊主。"

    def test_what_was_pinned_stays_when_districts_change(self, bring: Bring, samples: None, tmp_path: Path) -> None:
        district = ElectoralDistrict.objects.get(code="339901-17-001")
        moved = GEOSGeometry("SRID=4326;MULTIPOLYGON(((120.3 27.3,120.31 27.3,120.31 27.31,120.3 27.31,120.3 27.3)))")
        ElectoralDistrict.objects.filter(pk=district.pk).update(geom=moved)
        batch = bring("case", changed(tmp_path, "case", lambda columns: columns["text"].__setitem__(0, "改了一个字。")))
        assert (batch.updated, batch.unchanged) == (1, 4)
        assert Case.objects.get(code="M0001").county_district == district

    @pytest.mark.parametrize(("row", "change", "reason"), [
        (0, {"answered_at": "2025-03-01"}, "时间先后不对"),
        (0, {"answer": ""}, "答复时间和答复内容要么都填"),
        (3, {"rated_at": "2025-06-01", "rating": "fairly"}, "还没有答复，不能有评价"),
        (1, {"unit": ""}, "承办单位和交办时间要么都填"),
        (3, {"passed_at": "2025-06-01"}, "分级是代表级，却有转交"),
        (3, {"category": "magic"}, "类别“magic”不存在。可用：停车与交通秩序"),
        (3, {"WKT": "POINT(120.5 27.6)"}, "不在本县任何乡镇街道范围内"),
        (3, {"deputy": "P999"}, "受理代表“P999”不存在"),
        (3, {"submitted_at": "昨天"}, "不是时间"),
    ])  # fmt: skip
    def test_refused(self, bring: Bring, samples: None, tmp_path: Path, row: int, change: dict, reason: str) -> None:
        def apply(columns: dict[str, list]) -> None:
            for name, value in change.items():
                columns[name][row] = value

        batch = bring("case", changed(tmp_path, "case", apply), done=False)
        assert [rejected.row for rejected in batch.rejected_rows.filter(reason__contains=reason)] == [row + 2]

    def test_without_towns_the_county_holds_the_case(self, bring: Bring, db: None, tmp_path: Path) -> None:
        """As in 龙港: villages lie right below the county."""
        def no_towns(columns: dict[str, list]) -> None:
            keep = [i for i, level in enumerate(columns["level"]) if level != "town"]
            only(columns, *keep)
            columns["parent"] = [COUNTY if level == "village" else parent for level, parent in zip(columns["level"], columns["parent"], strict=True)]

        def plain(columns: dict[str, list]) -> None:
            only(columns, 2, 3)
            columns["deputy"] = ["", ""]

        def answered(columns: dict[str, list]) -> None:
            plain(columns)
            columns["answered_at"], columns["answer"] = ["2025-05-23 09:00"] * 2, ["已疏通。", "已约谈摊主。"]

        bring("area", changed(tmp_path, "area", no_towns))
        bring("case", changed(tmp_path, "case", plain, "case.csv"))
        held = [(case.town.code, case.state, case.level) for case in Case.objects.order_by("code")]
        assert held == [(COUNTY, "with_county", "county"), (COUNTY, "with_county", "deputy")]
        bring("case", changed(tmp_path, "case", answered, "answered.csv"))
        steps = [[step.title for step in timeline.inside(case)] for case in Case.objects.order_by("code")]
        assert steps == [["提交", "县人大答复"]] * 2


def test_organisation_without_position(samples: None) -> None:
    assert Organisation.objects.get(code="E002").point is None
    assert Organisation.objects.get(code="traffic").area_code == COUNTY


def test_a_units_competences_are_given_or_read_from_its_name(bring: Bring, samples: None, tmp_path: Path) -> None:
    assert Organisation.objects.get(code="traffic").competent_for() == ["transport"]

    def given(columns: dict[str, list]) -> None:
        columns["competences"] = ["" for _ in columns["code"]]
        columns["competences"][columns["code"].index("traffic")] = "交警;transport"
        columns["competences"][columns["code"].index("water")] = "炼金"

    batch = bring("organisation", changed(tmp_path, "organisation", given), done=False)
    assert "职能“炼金”不存在。可用：属地镇街" in batch.rejected_rows.get().reason
    bring("organisation", changed(tmp_path, "organisation", lambda columns: (given(columns), columns["competences"].__setitem__(columns["code"].index("water"), "")), "good.csv"))
    assert set(Organisation.objects.get(code="traffic").competent_for()) == {"traffic_police", "transport"}


def test_a_case_of_the_third_level_keeps_its_second(bring: Bring, samples: None, tmp_path: Path) -> None:
    def apply(columns: dict[str, list]) -> None:
        columns["category"][0], columns["category"][1] = "路灯照明", "street_light"

    bring("case", changed(tmp_path, "case", apply))
    first, second = Case.objects.filter(code__in=["M0001", "M0002"]).order_by("code")
    assert (first.category.code, first.subcategory.code) == (second.category.code, second.subcategory.code) == ("road_facility", "street_light")
    bring("case", changed(tmp_path, "case", lambda columns: columns["text"].__setitem__(0, "改了一个字。"), "later.csv"))
    top = changed(tmp_path, "case", lambda columns: columns["category"].__setitem__(0, "城乡建设"), "top.csv")
    assert "类别“城乡建设”不存在" in bring("case", top, done=False).rejected_rows.get().reason


def test_ended_mandate_is_kept_as_ended(samples: None) -> None:
    assert Mandate.objects.get(deputy__code="P004").ended_on == dt.date(2025, 6, 30)


def test_grown_county_goes_in_whole(bring: Bring, grown: Path) -> None:
    """The synthetic county comes in by the same way as any other, without a refused row; a second time nothing changes."""
    manifest = json.loads((grown / "manifest.json").read_text())
    entries, today = manifest["layers"], dt.date.fromisoformat(manifest["county"]["today"])
    for entry in entries:
        assert bring(entry["layer"], grown / entry["file"], today=today).inserted == entry["rows"], entry["layer"]
    for entry in entries:
        assert bring(entry["layer"], grown / entry["file"], today=today).unchanged == entry["rows"], entry["layer"]
    assert CaseEvent.objects.broken_chains() == []
