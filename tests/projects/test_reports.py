"""Reports: one judgement for the form and for tables; a bureau's table mapped once, taken in whole, once; what was there is kept."""

import datetime as dt
import threading
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from apps.projects import taking_in, workflow
from apps.projects.checks import Claim, PartClaim, Past, Said, judge
from apps.projects.models import KeyProject, ProgressReport
from apps.projects.reports import ProjectEvent, ProjectReport
from apps.projects.uploads import ReportMapping, ReportUpload
from apps.record.states import MoveRefused
from gis_data.rows import FileRefused
from tests.projects.bureau import plain_table, split_table, workbook
from tests.town import TODAY

pytestmark = pytest.mark.django_db
FEBRUARY = dt.date(2026, 2, 1)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    for module in (workflow, taking_in):
        monkeypatch.setattr(module.timezone, "localdate", lambda: TODAY)


def month(number: int, year: int = 2025) -> dt.date:
    return dt.date(year, number, 1)


def project(**changes) -> KeyProject:
    return KeyProject(**{"investment_total": Decimal(10000), "investment_year": Decimal(4000), "starts": month(1), "ends": dt.date(2027, 6, 1)} | changes)


def words(past: Past, claim: Claim, level: str, **changes) -> str:
    return "；".join(doubt.words for doubt in judge(project(**changes), past, claim, TODAY).doubts if doubt.level == level)


# --- the judgement --------------------------------------------------------------------------------------------------------


PAST = Past(
    whole={month(6): Said(invested=Decimal(1000), invested_year=Decimal(1000)), month(12): Said(invested=Decimal(3000), invested_year=Decimal(3000))},
    parts={1: {month(6): (40.0, ""), month(12): (90.0, "")}}, names={1: "堤身"}, starts={1: month(1)},
)  # fmt: skip


@pytest.mark.parametrize(("claim", "level", "said"), [
    (Claim(dt.date(2026, 4, 1), text="好"), "refuse", "还没有到"),
    (Claim(FEBRUARY, parts={1: PartClaim(101.0)}), "refuse", "0 到 100%"),
    (Claim(FEBRUARY, parts={9: PartClaim(10.0)}), "refuse", "没有序号为 9"),
    (Claim(FEBRUARY, parts={1: PartClaim(85.0)}), "ask", "比2025年12月的 90% 低"),
    (Claim(month(9), parts={1: PartClaim(95.0)}), "ask", "比2025年12月已报的 90% 高"),
    (Claim(month(7), parts={1: PartClaim(80.0)}), "ask", "增加 40 个百分点"),
    (Claim(month(12), parts={1: PartClaim(91.0)}), "ask", "已经报过"),
    (Claim(FEBRUARY, invested=Decimal(2900)), "ask", "比2025年12月的 3,000 万元少"),
    (Claim(FEBRUARY, invested=Decimal(10500)), "ask", "超过总投资"),
    (Claim(FEBRUARY, invested=Decimal(32_000_000)), "refuse", "金额单位"),
    (Claim(FEBRUARY, invested=Decimal(3500), invested_year=Decimal(900)), "ask", "应是 3,900 万元"),
    (Claim(FEBRUARY, invested_year=Decimal(9000)), "note", "年度计划"),
    (Claim(FEBRUARY, invested=Decimal(3500)), "note", "缺 1 个月"),
    (Claim(FEBRUARY, percent=50.0), "note", "由子项目算出"),
    (Claim(FEBRUARY, invested_month=Decimal(100)), "note", "算不出累计"),
])  # fmt: skip
def test_what_speaks_against_a_report(claim, level, said):
    assert said in words(PAST, claim, level)


@pytest.mark.parametrize("claim", [
    Claim(month(12), parts={1: PartClaim(90.0)}, invested=Decimal(3000)), Claim(FEBRUARY, invested=Decimal(3500), parts={1: PartClaim(96.0)}),
])  # fmt: skip
def test_nothing_is_asked_of_what_is_in_order(claim):
    verdict = judge(project(), PAST, claim, TODAY)
    assert not verdict.asks and not verdict.refused and verdict.takes("")


def test_sums_follow_from_what_is_said():
    january = judge(project(), PAST, Claim(month(1, 2026), invested_month=Decimal(200)), TODAY).claim
    assert (january.invested_year, january.invested) == (200, 3200)
    assert judge(project(), PAST, Claim(FEBRUARY, invested=Decimal(3450)), TODAY).claim.invested_year == 450
    unknown = judge(project(starts=month(1, 2020)), Past(), Claim(FEBRUARY, invested_year=Decimal(450)), TODAY).claim
    assert unknown.invested is None
    assert judge(project(starts=month(1, 2020)), Past(), Claim(FEBRUARY, invested_year=Decimal(450), before=Decimal(50)), TODAY).claim.invested == 500


# --- the form's verb ------------------------------------------------------------------------------------------------------


def test_a_report_changes_progress_and_leaves_its_event(town, unit_officer):
    school = town.projects["K2"]
    claim = Claim(dt.date(2026, 3, 1), invested=Decimal(1200), text="主体三层", parts={1: PartClaim(25.0, "加班")})
    workflow.report(unit_officer, school, claim)
    now = KeyProject.objects.with_progress(TODAY).with_money(TODAY).get(pk=school.pk)
    assert (now.actual, now.invested, now.money_month) == (25, 1200, dt.date(2026, 3, 1))
    event = school.events.get()
    assert (event.verb, event.actor, event.data["month"]) == ("report", unit_officer, "2026-03")
    assert ["形象进度", "", "主体三层"] in event.data["changes"]
    workflow.report(unit_officer, school, claim)
    assert school.events.count() == 1


def test_a_correction_wants_a_reason_and_keeps_what_was_there(town, unit_officer):
    school = town.projects["K2"]
    claim = Claim(FEBRUARY, parts={1: PartClaim(8.0)})
    with pytest.raises(workflow.ReportRefused, match="已经报过"):
        workflow.report(unit_officer, school, claim)
    assert ProgressReport.objects.get(subproject__project=school).percent == 10
    workflow.report(unit_officer, school, claim, reason="监理复核后核减")
    event = school.events.get()
    assert (event.verb, event.note, event.data["changes"]) == ("correct", "监理复核后核减", [["1. 主体", "10.0%", "8.0%"]])
    assert ProjectEvent.objects.broken_chains() == []


def test_another_units_project_is_not_ours_to_report(town, unit_officer, county_office):
    with pytest.raises(MoveRefused, match="不由您的单位负责"):
        workflow.report(unit_officer, town.projects["K1"], Claim(FEBRUARY, text="好"))
    workflow.report(county_office, town.projects["K1"], Claim(FEBRUARY, text="好"))


def test_who_was_slower_is_told_and_nothing_is_overwritten(town, unit_officer, county_office):
    school = town.projects["K2"]
    workflow.report(unit_officer, school, Claim(dt.date(2026, 3, 1), text="三层"), seen=0)
    with pytest.raises(workflow.ReportRefused, match="县住建局已经报了 2026年3月"):
        workflow.report(county_office, school, Claim(dt.date(2026, 3, 1), text="二层"), reason="现场看到的", seen=0)
    assert ProjectReport.objects.get(project=school).text == "三层"
    workflow.report(county_office, school, Claim(dt.date(2026, 3, 1), text="二层"), reason="现场看到的", seen=workflow.last_event(school))
    assert ProjectReport.objects.get(project=school).text == "二层"


def test_money_in_the_database_as_in_the_judgement(town, county_office):
    dyke = town.projects["K1"]
    for claim in (Claim(month(12), invested=Decimal(3000)), Claim(month(1, 2026), invested_month=Decimal(200)), Claim(FEBRUARY, invested_year=Decimal(450))):
        workflow.report(county_office, dyke, claim, reason="补报以前的月份")
    now = KeyProject.objects.with_money(TODAY).get(pk=dyke.pk)
    assert (now.invested, now.invested_year, now.invested_month) == (3450, 450, 250)
    early = KeyProject.objects.with_money(dt.date(2026, 1, 20)).get(pk=dyke.pk)
    assert (early.invested, early.invested_year, early.invested_month) == (3200, 200, 200)


def test_money_of_parts_is_summed_where_the_project_itself_has_none(town):
    for part, (last_year, now) in zip(town.projects["K1"].subprojects.all(), ((1000, 1500), (200, 200)), strict=True):
        part.reports.filter(month=month(12)).update(invested=last_year)
        if now != last_year:
            part.reports.create(month=FEBRUARY, percent=95, invested=now)
    row = KeyProject.objects.with_money(TODAY).get(pk=town.projects["K1"].pk)
    assert (row.money_month, row.invested, row.invested_year) == (FEBRUARY, 1700, 500)


def test_only_money_is_measured_against_the_calendar(town, county_office):
    hospital = town.projects["K3"]
    hospital.subprojects.all().delete()
    workflow.report(county_office, hospital, Claim(FEBRUARY, invested_year=Decimal(400)))
    now = KeyProject.objects.with_progress(TODAY).get(pk=hospital.pk)
    assert now.actual is None and now.lag_points == pytest.approx(100 * 2 / 12 - 10)


def test_a_percent_without_subprojects_is_held_against_a_straight_plan(town, county_office):
    estate = town.projects["K3"]
    estate.subprojects.all().delete()
    workflow.report(county_office, estate, Claim(FEBRUARY, percent=20.0), reason="首次填报")
    now = KeyProject.objects.with_progress(TODAY).get(pk=estate.pk)
    days = (dt.date(2027, 6, 1) - dt.date(2025, 1, 1)).days
    assert (now.actual, now.as_of) == (20, dt.date(2026, 2, 28))
    assert now.planned == pytest.approx(100 * (dt.date(2026, 2, 28) - dt.date(2025, 1, 1)).days / days)
    assert now.curve(TODAY)["actual"][now.curve(TODAY)["months"].index("2026-02")] == 20


# --- tables ---------------------------------------------------------------------------------------------------------------


def sent(user, content: bytes, name: str = "2026年2月.xlsx") -> ReportUpload:
    return taking_in.open_upload(user, SimpleUploadedFile(name, content), "发改局")[0]


def settled(user, content: bytes, name: str = "2026年2月.xlsx") -> ReportUpload:
    upload = sent(user, content, name)
    taking_in.settle(user, upload, [(column.guess.means, column.guess.unit) for column in taking_in.columns_of(upload)], upload.month)
    upload.refresh_from_db()
    return upload


ROWS = [[1, "KP-K1", "东溪防洪堤", 10000, 4000, 500, 0.125, "堤身收尾"], [2, None, "南山中心小学迁建", 10000, 4000, "800", "20%", "主体二层"]]


def test_a_table_is_understood_and_taken_in_whole_and_once(town, county_office):
    upload = settled(county_office, plain_table(ROWS))
    assert upload.month == FEBRUARY
    assert [row.status for row in taking_in.rows_of(county_office, upload)] == ["ready", "ready"]
    result = taking_in.take_in(county_office, upload)
    assert result["counts"]["ready"] == 2
    report = ProjectReport.objects.get(project__code="KP-K2")
    assert (report.invested_year, report.text, report.reported_by) == (800, "主体二层", county_office)
    assert ProjectEvent.objects.filter(verb="report").count() == 2
    with pytest.raises(MoveRefused, match="已收入"):
        taking_in.take_in(county_office, upload)
    again, fresh = taking_in.open_upload(county_office, SimpleUploadedFile("改名.xlsx", plain_table(ROWS)), "发改局")
    assert (again.pk, fresh) == (upload.pk, False) or again.sha256 != upload.sha256  # a workbook carries the second it was written in


def test_the_same_figures_again_change_nothing(town, county_office):
    taking_in.take_in(county_office, settled(county_office, plain_table(ROWS)))
    events = ProjectEvent.objects.count()
    second = sent(county_office, plain_table([*ROWS, [3, None, "合计", 1, 1, 1, 1, ""]]))
    assert second.mapping is not None, "the headings were settled before"
    assert {row.status for row in taking_in.rows_of(county_office, second)} == {"same"}
    taking_in.take_in(county_office, second)
    assert ProjectEvent.objects.count() == events


@pytest.mark.parametrize("merged", [True, False])
def test_headings_over_two_rows_in_hundred_millions(town, county_office, merged):
    rows = [[1, "东溪防洪堤", "县水利局", 1.0, 0.4, 0.03, 0.05, "65%", "无"], [2, "城关老旧小区改造", "县住建局", 1.0, 0.4, 0.05, 0.08, "外墙开始", "管线迁改"]]
    upload = settled(county_office, split_table(rows, merged), "推进情况.xlsx")
    assert upload.month == FEBRUARY
    taking_in.take_in(county_office, upload)
    said = {report.project.code: report for report in ProjectReport.objects.select_related("project")}
    assert set(said) == {"KP-K1", "KP-K3"}
    assert (said["KP-K3"].invested_year, said["KP-K3"].text, said["KP-K3"].problems) == (800, "外墙开始", "管线迁改")
    assert (said["KP-K1"].invested_year, said["KP-K1"].text, said["KP-K1"].percent) == (500, "", None)


def test_columns_in_another_order_lose_no_project(town, county_office):
    """Words stand first here, and what they begin with is no section; notes under the table are no projects."""

    def fill(sheet):
        sheet.append(["重点项目月度调度表"])
        sheet.append(["填报单位：县发展和改革局", None, None, "截至2026年2月底"])
        sheet.append(["目前进展", "工程进度%", "今年完成投资（万元）", "项目名称"])
        sheet.append(["一、堤身封顶；二、闸门安装", "65%", "500", "东溪防洪堤"])
        sheet.append(["（一）主体二层", "约20%", 800, "南山中心小学迁建"])
        sheet.append(["填表人：陈某", None, None, "审核人：林某"])

    upload = settled(county_office, workbook(fill), "调度表.xlsx")
    assert upload.month == FEBRUARY
    assert [(row.name, row.status) for row in taking_in.rows_of(county_office, upload)] == [("东溪防洪堤", "ready"), ("南山中心小学迁建", "ready")]
    taking_in.take_in(county_office, upload)
    assert ProjectReport.objects.get(project=town.projects["K1"]).text == "一、堤身封顶；二、闸门安装"


def test_a_name_matched_by_hand_is_remembered(town, county_office):
    rows = [[1, None, "东溪镇防洪堤工程", 10000, 4000, 500, 0.1, "收尾"]]
    upload = settled(county_office, plain_table(rows))
    row = taking_in.rows_of(county_office, upload)[0]
    assert (row.status, [one.code for one in row.proposals][:1]) == ("todo", ["KP-K1"])
    with pytest.raises(MoveRefused, match="还有 1 行待处理"):
        taking_in.take_in(county_office, upload)
    taking_in.decide(county_office, upload, {row.number: {"project": "KP-K1"}})
    upload.refresh_from_db()
    taking_in.take_in(county_office, upload)
    assert ProjectReport.objects.get().project.code == "KP-K1"
    march = sent(county_office, plain_table([[1, None, "东溪镇防洪堤工程", 10000, 4000, 700, 0.1, "收尾"]], "2026年3月县重点项目进展情况表"))
    assert taking_in.rows_of(county_office, march)[0].project.code == "KP-K1"


def test_rows_are_asked_about_left_out_or_given_a_reason(town, county_office):
    taking_in.take_in(county_office, settled(county_office, plain_table(ROWS)))
    lower = [[1, "KP-K1", "东溪防洪堤", 10000, 4000, 300, 0.1, "堤身收尾"], [2, "KP-K9", "没有这个", 1, 1, 1, 1, ""], [3, "KP-K2", "南山中心小学迁建", 1, 1, "七百", "", ""], [4, "KP-K1", "东溪防洪堤", 1, 1, 300, 1, ""]]
    upload = sent(county_office, plain_table(lower))
    rows = taking_in.rows_of(county_office, upload)
    assert [row.status for row in rows] == ["todo", "todo", "refused", "refused"]
    assert "不是金额" in rows[2].faults[0] and "同一个项目" in rows[3].faults[0]
    taking_in.decide(county_office, upload, {rows[0].number: {"reason": "审计核减，见三月会议纪要"}})
    upload.refresh_from_db()
    result = taking_in.take_in(county_office, upload, skip_rest=True)
    assert (result["counts"]["ready"], result["counts"]["todo"], result["counts"]["refused"]) == (1, 1, 2)
    event = ProjectEvent.objects.filter(subject__code="KP-K1").last()
    assert (event.verb, event.note) == ("correct", "审计核减，见三月会议纪要")
    assert "发改局" in event.data["source"]


def test_a_unit_takes_in_only_its_own(town, unit_officer):
    upload = settled(unit_officer, plain_table(ROWS))
    assert [row.status for row in taking_in.rows_of(unit_officer, upload)] == ["refused", "ready"]


def test_months_in_rows_are_judged_one_after_the_other(town, county_office):
    def fill(sheet):
        sheet.append(["项目名称", "月份", "累计完成%"])
        for number, percent in ((1, 0.1), (2, 0.35), (3, 0.3)):
            sheet.append(["城关老旧小区改造", f"2026年{number}月", percent])

    town.projects["K3"].subprojects.all().delete()
    rows = taking_in.rows_of(county_office, settled(county_office, workbook(fill), "x.xlsx"))
    assert [row.status for row in rows] == ["ready", "ready", "todo"]
    assert "比2026年2月的 35% 低" in rows[2].doubts[0].words


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.xlsx", b"", "空文件"), ("a.xlsx", b"PK\x03\x04broken", "打不开"), ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "另存为 .xlsx"),
    ("a.pdf", b"%PDF-1.7", "不是表格"), ("a.csv", "甲,乙\n1,2\n".encode(), "没有找到表头"), ("a.csv", "项目名称,形象进度\n".encode("gbk"), "只有表头"),
])  # fmt: skip
def test_files_that_are_no_tables_are_refused_in_words(town, county_office, name, content, said):
    with pytest.raises(FileRefused, match=said):
        sent(county_office, content, name)
    assert not ReportUpload.objects.exists()


@pytest.mark.parametrize(("columns", "said"), [
    ([("text", "万")], "项目名称或项目编号"), ([("name", "万"), ("name", "万")], "两列"), ([("name", "万"), ("", "万")], "至少指明一列"),
])  # fmt: skip
def test_columns_that_cannot_work_are_refused(town, county_office, columns, said):
    upload = sent(county_office, plain_table(ROWS))
    with pytest.raises(MoveRefused, match=said):
        taking_in.settle(county_office, upload, columns, upload.month)
    assert not ReportMapping.objects.exists()


def test_a_dropped_file_may_come_again(town, county_office):
    content = plain_table(ROWS)
    upload = sent(county_office, content)
    taking_in.drop(county_office, upload)
    assert sent(county_office, content).pk != upload.pk


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_same_table_in_at_once(town, county_office):
    upload = settled(county_office, plain_table(ROWS))
    said, gate = [], threading.Barrier(2)

    def take() -> None:
        try:
            gate.wait()
            taking_in.take_in(county_office, ReportUpload.objects.get(pk=upload.pk))
            said.append("taken")
        except MoveRefused as refusal:
            said.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said)[0] == "taken" and "已收入" in sorted(said)[1]
    assert ProjectEvent.objects.filter(verb="report").count() == 2 == ProjectReport.objects.count()
    assert connection.is_usable()


# --- the layer ------------------------------------------------------------------------------------------------------------


def brought_in(tmp_path, rows: str):
    from apps.imports.importing import Order, bring_in

    file = tmp_path / "progress.csv"
    file.write_text(f"project,number,month,percent,note\n{rows}", encoding="utf-8")
    return bring_in(Order("progress", file, today=TODAY))


def test_the_layer_asks_for_reasons_too_and_keeps_what_was_there(town, tmp_path):
    batch = brought_in(tmp_path, "KP-K1,1,2026-01,95,\nKP-K1,1,2026-02,92,\nKP-K1,2,2026-01,25,按监理复核核减\nKP-K1,2,2025-12,28,审计核减\nKP-K1,1,2026-05,96,\nKP-K1,1,2025-03,60,\n")
    assert (batch.inserted, batch.updated, batch.rejected) == (2, 1, 3)
    reasons = "；".join(batch.rejected_rows.values_list("reason", flat=True))
    assert "比2026年1月的 95% 低" in reasons and "2026年5月还没有到" in reasons and "比以后月份已报的 40% 高" in reasons
    event = ProjectEvent.objects.get(verb="import")
    assert event.data["fresh"] == 2 and ["2. 绿化 2025年12月累计完成%", "30", "28"] in event.data["changes"]
    assert ProjectEvent.objects.broken_chains() == []
    again = brought_in(tmp_path, "KP-K1,1,2026-01,95,\nKP-K1,2,2026-01,25,按监理复核核减\nKP-K1,2,2025-12,28,审计核减\n")
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3) and ProjectEvent.objects.filter(verb="import").count() == 1


def test_months_of_whole_projects_come_in_as_a_layer(town, tmp_path):
    from apps.imports.importing import Order, bring_in

    def brought(rows: str):
        file = tmp_path / "monthly.csv"
        file.write_text(f"项目编号,月份,累计完成%,开工以来累计完成投资(万元),本年累计完成投资(万元),形象进度,更正理由\n{rows}", encoding="utf-8")
        return bring_in(Order("monthly", file, today=TODAY))

    batch = brought("KP-K1,2026-01,,3200,200,堤身收尾,\nKP-K1,2026-02,,3100,100,堤身,\nKP-K2,2026-02,12,,,二层,\nKP-K3,2026-04,,1,1,,\nKP-K3,2026-02,,100,200,,\n")
    assert (batch.inserted, batch.rejected) == (1, 4)
    reasons = "；".join(batch.rejected_rows.values_list("reason", flat=True))
    for words in ("比以前月份的 3200 万元少", "由子项目算出", "2026年4月还没有到", "多于开工以来累计 100"):
        assert words in reasons
    assert brought("KP-K1,2026-01,,3150,150,堤身收尾,审计核减\n").updated == 1
    event = ProjectEvent.objects.last()
    assert ["2026年1月开工以来累计投资", "3200.00", "3150.00"] in event.data["changes"]
    assert town.projects["K1"].state_now.invested == 3150
    assert brought("KP-K1,2026-01,,3150,150,堤身收尾,审计核减\n").unchanged == 1
