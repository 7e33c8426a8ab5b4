"""The pages of projects: sums as counted by hand, one project, a month by form, a table from file to reports, plans, photos."""

import datetime as dt
import io
import re
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from apps.projects import workflow
from apps.projects.checks import Claim, PartClaim
from apps.projects.listing import asked, narrowed
from apps.projects.models import KeyProject
from apps.projects.overview import GROUPINGS, sums
from apps.projects.reports import ProjectEvent, ProjectReport, ReportPhoto
from apps.projects.standing import Standing
from apps.projects.uploads import ReportUpload
from tests.projects.bureau import plain_table
from tests.town import TODAY

pytestmark = pytest.mark.django_db
FEBRUARY = dt.date(2026, 2, 1)
ROWS = [[1, "KP-K1", "东溪防洪堤", 10000, 4000, 500, 0.125, "堤身收尾"], [2, None, "南山中心小学迁建", 10000, 4000, "800", "20%", "主体二层"]]


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *given: TODAY)


@pytest.fixture
def told(town, county_office):
    """Money of two projects in February; K2 is new; K3 has stopped."""
    KeyProject.objects.filter(code="KP-K2").update(kind="new")
    workflow.report(county_office, town.projects["K1"], Claim(FEBRUARY, invested=Decimal(3500), invested_year=Decimal(500), text="堤身收尾", problems="缺石料"), reason="首次填报")
    workflow.report(county_office, town.projects["K2"], Claim(FEBRUARY, invested_year=Decimal(800)))
    workflow.suspend(county_office, town.projects["K3"], dt.date(2026, 1, 1), "资金没有到位", 0)
    Standing.objects.renew(TODAY)
    return town


def picture() -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(buffer, "JPEG")
    return SimpleUploadedFile("现场.jpg", buffer.getvalue(), "image/jpeg")


# --- all of them ----------------------------------------------------------------------------------------------------------


def test_sums_as_counted_by_hand(told):
    together, groups = sums(KeyProject.objects.all(), "kind")
    assert (together.projects, together.plan, together.spent, together.silent) == (3, 12000, 1300, 1)
    assert (together.rate, together.pace) == (pytest.approx(100 * 1300 / 12000), pytest.approx(100 * 2 / 12))
    assert (together.fresh, together.begun) == (1, 1)
    assert {name: count for name, count in together.stages.items() if count} == {"building": 2, "suspended": 1}
    assert sum(group.projects for group in groups) == 3 and {group.label for group in groups} == {"新建", "续建"}


@pytest.mark.parametrize("by", GROUPINGS)
def test_every_grouping_adds_up_and_leads_to_its_projects(told, by):
    together, groups = sums(KeyProject.objects.all(), by)
    assert sum(group.projects for group in groups) == together.projects == 3
    for group in groups:
        found = narrowed(asked({GROUPINGS[by].filter: group.value}))
        assert found.count() == group.projects


def test_stage_in_sql_and_in_python_agree(told):
    rows = KeyProject.objects.with_progress(TODAY).with_money(TODAY)
    by_hand = {project.code: project.stage for project in rows}
    assert by_hand == {"KP-K1": "building", "KP-K2": "building", "KP-K3": "suspended"}
    for stage in KeyProject.Stage.values:
        assert set(narrowed(asked({"stage": stage})).values_list("code", flat=True)) == {code for code, now in by_hand.items() if now == stage}


@pytest.mark.parametrize("query", ["", "?by=unit", "?by=nonsense&stage=x&town=²&page=999", "?tone=late", "?unit=ORG-construction&by=town", "?lat=28.002&lon=120.005"])
def test_the_list_answers_everything_that_an_address_may_say(client, leader, told, query):
    client.force_login(leader)
    assert client.get(reverse("project_list") + query).status_code == 200


def test_the_list_says_the_sums_and_asks_the_database_a_fixed_number_of_times(client, leader, told, django_assert_max_num_queries):
    client.force_login(leader)
    with django_assert_max_num_queries(18):
        text = client.get(reverse("project_list")).content.decode()
    assert "慢 5.8 个百分点" in text and "1 个没有报投资" in text and "堤身收尾" in text and "停工" in text


def test_the_figure_of_the_late_ones_leads_to_those_of_this_list(client, leader, told):
    client.force_login(leader)
    text = client.get(reverse("project_list") + "?q=KP-K1&by=town&page=1").content.decode()
    assert 'href="?q=KP-K1&amp;by=town&amp;tone=late"' in text


def test_points_of_the_map_follow_the_filters(client, deputy, told):
    client.force_login(deputy)
    answer = client.get(reverse("project_points") + "?q=防洪堤").json()
    assert [point[2:5] for point in answer["points"]] == [["KP-K1", "东溪防洪堤", "late"]] and answer["more"] is False


def test_the_workbook_holds_the_list_and_its_sums(client, leader, told):
    client.force_login(leader)
    KeyProject.objects.filter(code="KP-K3").update(name="=cmd()")
    book = openpyxl.load_workbook(io.BytesIO(client.get(reverse("project_export") + "?by=town").content))
    rows = {row[1].value: row for row in book["项目"].iter_rows(min_row=2)}
    assert (rows["KP-K1"][14].value, rows["KP-K1"][15].value, rows["KP-K1"][16].value, rows["KP-K1"][24].value) == (None, 500, "12.5%", "堤身收尾")
    assert rows["KP-K3"][2].value == "=cmd()" and rows["KP-K3"][2].data_type == "s"
    assert [cell.value for cell in list(book["按乡镇街道"].rows)[-1]][:2] == ["合计", 3]


# --- one of them ----------------------------------------------------------------------------------------------------------


def test_a_project_is_understood_at_a_glance(client, leader, county_office, told, django_assert_max_num_queries):
    client.force_login(leader)
    with django_assert_max_num_queries(30):
        text = client.get(reverse("project_detail", args=["KP-K1"])).content.decode()
    for words in ("比计划慢", "年度投资完成 12.5%", "序时进度 16.7%", "慢 4.2 点", "堤身收尾", "存在问题：缺石料", "收入月报（2026年2月）", "首次填报"):
        assert words in text
    stopped = client.get(reverse("project_detail", args=["KP-K3"])).content.decode()
    assert "2026年1月1日起停工：资金没有到位" in stopped
    workflow.report(county_office, told.projects["K1"], Claim(dt.date(2026, 3, 1), text="堤身完工，闸门安装"))
    assert client.get(reverse("project_detail", args=["KP-K1"])).context["project"].problems == "", "the last report names none any more"


def test_a_project_whose_unit_has_ended_says_so_and_stays_usable(client, county_office, told):
    organisation = told.projects["K2"].responsible
    organisation.closed_on = dt.date(2026, 2, 1)
    organisation.save()
    client.force_login(county_office)
    assert "已于 2026年2月1日撤销，还没有接手的单位" in client.get(reverse("project_detail", args=["KP-K2"])).content.decode()
    assert client.get(reverse("report_form", args=["KP-K2"])).status_code == 200
    assert "（已撤销）" in client.get(reverse("project_list") + "?by=unit").content.decode()


# --- a month by form ------------------------------------------------------------------------------------------------------


def test_a_unit_reports_its_month_with_a_photo(client, unit_officer, town, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    client.force_login(unit_officer)
    url = reverse("report_form", args=["KP-K2"])
    page = client.get(url + "?month=2026-03").content.decode()
    assert "上次 10%（2026年2月）" in page
    sent = {"month": "2026-03", "seen": "0", "submission": "9d4b7a5e-3f0e-4b43-8a43-3c6cf4d0a3a1", "part-1": "25", "note-1": "加班", "invested": "1200", "text": "主体三层", "photos": picture()}
    assert client.post(url, sent).status_code == 302
    report = ProjectReport.objects.get()
    assert (report.month, report.invested, report.text) == (dt.date(2026, 3, 1), 1200, "主体三层")
    link = ReportPhoto.objects.get(report=report)
    assert client.get(reverse("report_photo", args=[link.pk, "small"]))["Content-Type"] == "image/jpeg"
    text = client.get(reverse("project_detail", args=["KP-K2"])).content.decode()
    assert reverse("report_photo", args=[link.pk, "small"]) in text and "主体：加班" in text


def test_what_is_asked_about_comes_back_with_all_that_was_typed(client, unit_officer, town):
    client.force_login(unit_officer)
    url = reverse("report_form", args=["KP-K2"])
    sent = {"month": "2026-03", "seen": "0", "part-1": "5", "text": "返工", "problems": "桩基缺陷"}
    answer = client.post(url, sent)
    text = answer.content.decode()
    assert answer.status_code == 409 and "比2026年2月的 10% 低" in text and "返工" in text and "桩基缺陷" in text
    assert not ProjectReport.objects.exists()
    assert client.post(url, sent | {"reason": "桩基返工，监理核减"}).status_code == 302
    assert ProjectEvent.objects.get().note == "桩基返工，监理核减"


@pytest.mark.parametrize(("sent", "words"), [
    ({}, "还没有填任何内容"), ({"part-1": "很多"}, "请填数字"), ({"part-1": "101"}, "小于或等于100"), ({"note-1": "只有说明"}, "也请填累计完成"),
])  # fmt: skip
def test_fields_say_what_is_wrong(client, unit_officer, town, sent, words):
    client.force_login(unit_officer)
    answer = client.post(reverse("report_form", args=["KP-K2"]), {"month": "2026-03", "seen": "0"} | sent)
    assert answer.status_code == 422 and words in answer.content.decode()


def test_a_unit_finds_no_form_for_anothers_project(client, unit_officer, deputy, town):
    client.force_login(unit_officer)
    assert client.get(reverse("report_form", args=["KP-K1"])).status_code == 404
    client.force_login(deputy)
    assert client.get(reverse("report_form", args=["KP-K2"])).status_code == 403


# --- a table --------------------------------------------------------------------------------------------------------------


def test_from_the_bureaus_file_to_reports(client, county_office, town):
    client.force_login(county_office)
    answer = client.post(reverse("upload_list"), {"file": SimpleUploadedFile("2月.xlsx", plain_table([*ROWS, [3, None, "不认识的项目", 1, 1, 1, 1, ""]])), "source": "县发改局"})
    upload = ReportUpload.objects.get()
    url = reverse("upload_detail", args=[upload.pk])
    assert answer.headers["Location"] == url
    page = client.get(url).content.decode()
    assert "每一列是什么" in page and "1-2月完成投资" in page
    chosen = dict(re.findall(r'<select class="form-select" name="(means-\d+|unit-\d+)".*?<option value="(\w*)" selected>', page, re.S))
    assert client.post(url, chosen | {"month": "2026-02"}).headers["Location"] == url
    page = client.get(url).content.decode()
    assert "没有叫“不认识的项目”的项目" in page and "收入 2 行" in page
    rows = reverse("upload_decide", args=[upload.pk])
    refused = client.post(rows, {"take": "1", "row-6": "1", "reason-6": "先留着"})
    assert refused.status_code == 409 and "还有 1 行待处理" in refused.content.decode() and "先留着" in refused.content.decode()
    assert client.post(rows, {"take": "1", "skip_rest": "on"}).status_code == 302
    assert ProjectReport.objects.count() == 2
    done = client.get(url).content.decode()
    assert "没有收的行" in done and "不认识的项目" in done
    assert "东溪防洪堤" not in client.get(reverse("upload_list")).content.decode().split("还没有月报的项目")[1]
    again = client.post(rows, {"take": "1"}, follow=True).content.decode()
    assert "已收入，不能再改" in again


@pytest.mark.parametrize("file", [None, SimpleUploadedFile("照片.xlsx", b"%PDF-1.4 renamed"), SimpleUploadedFile("空.xlsx", b"")])
def test_a_file_that_cannot_be_taken_is_answered_in_words(client, county_office, town, file):
    client.force_login(county_office)
    answer = client.post(reverse("upload_list"), {"source": "县发改局", **({"file": file} if file else {})})
    assert answer.status_code == 422 and "没有收" in answer.content.decode() and 'value="县发改局"' in answer.content.decode()


def test_an_upload_is_its_senders_and_the_offices(client, unit_officer, town_clerk, county_office, town):
    client.force_login(unit_officer)
    client.post(reverse("upload_list"), {"file": SimpleUploadedFile("2月.xlsx", plain_table(ROWS))})
    url = reverse("upload_detail", args=[ReportUpload.objects.get().pk])
    client.force_login(town_clerk)
    assert client.get(url).status_code == 404
    client.force_login(county_office)
    assert client.get(url).status_code == 200


def test_five_hundred_rows_are_judged_in_few_queries(client, county_office, town, django_assert_max_num_queries):
    from apps.projects import taking_in

    model = town.projects["K1"]
    KeyProject.objects.bulk_create([
        KeyProject(code=f"M{n}", name=f"第{n}号工程", kind="new", level="county", responsible=model.responsible, town=model.town, geom=model.geom, site=model.site,
                   starts=dt.date(2026, 1, 1), ends=dt.date(2027, 1, 1), investment_total=1000, investment_year=500) for n in range(500)
    ])  # fmt: skip
    Standing.objects.renew(TODAY)
    rows = [[n, None, f"第{n}号工程", 1000, 500, 60, 0.1, "土方"] for n in range(500)]
    upload, _ = taking_in.open_upload(county_office, SimpleUploadedFile("2月.xlsx", plain_table(rows)), "县发改局")
    taking_in.settle(county_office, upload, [(column.guess.means, column.guess.unit) for column in taking_in.columns_of(upload)], FEBRUARY)
    upload.refresh_from_db()
    with django_assert_max_num_queries(12):
        assert {row.status for row in taking_in.rows_of(county_office, upload)} == {"ready"}
    with django_assert_max_num_queries(40):
        assert taking_in.take_in(county_office, upload)["counts"]["ready"] == 500
    assert ProjectReport.objects.count() == 500 == ProjectEvent.objects.count()


# --- plans ----------------------------------------------------------------------------------------------------------------


def test_a_plan_is_filled_s_shaped_looked_at_and_saved(client, county_office, town):
    client.force_login(county_office)
    url = reverse("part_plan", args=["KP-K1", 1])
    page = client.get(url + "?template=s").content.decode()
    months = dict(re.findall(r'name="at-(\d{4}-\d\d)" value="([\d.]+)"', page))
    assert len(months) == 12 and float(months["2025-01"]) < 3
    sent = {"seen": "0", "name": "堤身", "weight": "60", "starts": "2025-01-01", "ends": "2026-01-01", "reason": "按批复"} | {f"at-{month}": value for month, value in months.items()}
    assert client.post(url, sent | {"reason": ""}).status_code == 422
    assert client.post(url, sent).status_code == 302
    assert town.projects["K1"].subprojects.get(number=1).plan_points.count() == 12
    text = client.get(reverse("project_detail", args=["KP-K1"])).content.decode()
    assert "调整计划：1. 堤身" in text and "按批复" in text


def test_work_stops_by_form(client, county_office, town):
    client.force_login(county_office)
    url = reverse("project_standstill", args=["KP-K1"])
    assert client.post(url, {"verb": "suspend", "seen": "0", "on": "2026-03-01"}).status_code == 422
    assert client.post(url, {"verb": "suspend", "seen": "0", "on": "2026-03-01", "because": "资金"}).status_code == 302
    assert client.post(url, {"verb": "suspend", "seen": "0", "on": "2026-03-01", "because": "资金"}).status_code == 422
    assert KeyProject.objects.get(code="KP-K1").suspended_because == "资金"


def test_a_part_by_form_keeps_its_figures_when_only_words_are_sent(client, county_office, town):
    workflow.report(county_office, town.projects["K2"], Claim(FEBRUARY, text="二层"))
    workflow.report(county_office, town.projects["K2"], Claim(FEBRUARY, parts={1: PartClaim(12.0)}), reason="核对后更正")
    assert ProjectReport.objects.get().text == "二层"
    assert town.projects["K2"].subprojects.get().reports.get(month=FEBRUARY).percent == 12
