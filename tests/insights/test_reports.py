"""Region reports over the toy county: counted by hand, kept in versions, made when a month is over, each office its own."""

import datetime as dt
import io
import itertools

import openpyxl
import pypdfium2
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import Category
from apps.insights import facts
from apps.insights.facts import FIRST_RECORD_SOURCE, Fact
from apps.insights.region_reports import RegionReport, RegionReportEvent
from apps.insights.report_counting import Narrowed, count
from apps.insights.report_figures import Report
from apps.insights.workflow_reports import keep, make_due, over
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.worktime.periods import around
from tests.insights import voices
from tests.town import TODAY, Town

pytestmark = pytest.mark.django_db
FEBRUARY = around("month", dt.date(2026, 2, 1))
APRIL = dt.date(2026, 4, 1)
_refs = itertools.count(1)


def facts_of(town: Town, village: str | None, day: str, times: int = 1, category: str = "housing", **changes) -> None:
    """Facts as they stand after counting: cases unless `kind` says otherwise."""
    area = town.villages[village] if village else None
    leaf = Category.objects.get(code=category).pk if category else None
    values = {
        "kind": 0, "day": dt.date.fromisoformat(day), "hour": 9, "town": area and area.parent_id, "village": area and area.pk, "category": leaf, "source": 2, "told_for": False,
        "state": Fact.State.OPEN, "again": False, "counted": True, "version": 1,
    }  # fmt: skip
    Fact.objects.bulk_create([Fact(ref=next(_refs), **(values | changes)) for _ in range(times)])


@pytest.fixture
def spoken(town: Town) -> Town:
    """February: 8 in 东溪镇 (6 housing in V1, 2 noise in V4), 3 in 城关街道, 2 nowhere; January 4; a year before 5."""
    done = {"state": Fact.State.ANSWERED}
    facts_of(town, "V1", "2026-02-03", 3, met_late=False, satisfied=1, **done)
    facts_of(town, "V1", "2026-02-28", 1, met_late=True, satisfied=3, again=True, **done)
    facts_of(town, "V1", "2026-02-10", 1, due_on=TODAY - dt.timedelta(days=1), told_for=True)
    facts_of(town, "V1", "2026-02-11", 1, due_on=TODAY)
    facts_of(town, "V4", "2026-02-01", 2, "noise_fume", elder=True)
    facts_of(town, "V3", "2026-02-14", 3, category="", elder=False)
    facts_of(town, None, "2026-02-20", 2)
    facts_of(town, "V1", "2026-02-20", 9, counted=False, kind=1, source=101)
    facts_of(town, "V1", "2026-01-31", 4)
    facts_of(town, "V3", "2025-02-05", 5)
    facts_of(town, "V3", "2025-01-05", 1)
    return town


def of(lines, name: str):
    return next(line for line in lines if line.name == name)


def test_a_county_is_counted_by_category_and_town(spoken):
    found = count(spoken.county, FEBRUARY, TODAY)
    total = found.total
    assert (total.count, total.before, total.year, found.unplaced, found.apart) == (13, 4, 5, 2, 9)
    assert [(line.name, line.tally.count) for line in found.regions] == [("城关街道", 3), ("东溪镇", 8), ("南山乡", 0), ("没有写明地点", 2)]
    here = of(found.regions, "东溪镇")
    assert (here.tally.in_time, here.tally.late_done, here.tally.late_open, here.tally.waiting) == (3, 1, 1, 3)
    assert (here.tally.satisfied, here.tally.unsatisfied, here.tally.again, here.tally.told_for, here.tally.elder, here.tally.elder_said) == (3, 1, 1, 1, 2, 2)
    assert here.rate and round(here.rate[0], 2) == 0.40  # 8 of 20,000
    housing, noise = (Category.objects.select_related("parent").get(code=code) for code in ("housing", "noise_fume"))
    assert of(found.categories, housing.label).tally.count == 8 and of(found.categories, noise.label).tally.count == 2
    assert of(found.categories, housing.parent.label).tally.before == 4 and of(found.categories, "未分类").tally.count == 3
    assert found.cross["339999100000"][noise.parent.code].count == 2
    assert dict(found.months)[dt.date(2026, 2, 1)] == 13 and dict(found.months)[dt.date(2025, 12, 1)] == 0


def test_a_town_has_its_villages_and_nothing_from_elsewhere(spoken):
    found = count(spoken.towns["A"], FEBRUARY, TODAY)
    assert [(line.name, line.tally.count) for line in found.regions] == [("溪口村", 6), ("上溪村", 2)]
    assert (found.total.count, found.unplaced, found.total.year) == (8, 0, 0)
    village = count(spoken.villages["V1"], FEBRUARY, TODAY)
    assert (village.total.count, village.regions, village.cross) == (6, [], {})


def test_filters_narrow_everything(spoken):
    found = count(spoken.county, FEBRUARY, TODAY, Narrowed(categories=("noise_fume",)))
    assert found.total.count == 2 and {line.level for line in found.categories} == {1, 2} and found.filters.startswith("类别：")
    assert count(spoken.county, FEBRUARY, TODAY, Narrowed(sources=(0,))).total.count == 13
    assert count(spoken.county, FEBRUARY, TODAY, Narrowed(sources=(101,))).total.count == 0


def test_voices_become_a_report(town):
    """From cases and records as they come in, by way of the facts; an order that stands for a case is counted there."""
    for _ in range(3):
        voices.case(town, "V1", ago=2)
    linked = voices.case(town, "V2", ago=2)
    voices.record(town, "V2", ago=2, case=linked)
    voices.record(town, None, ago=2)
    facts.refresh()
    found = count(town.county, around("month", TODAY), TODAY)
    assert (found.total.count, found.apart, found.unplaced, found.window.whole) == (5, 1, 1, False)
    assert {source.label: source.count for source in found.sources} == {"民情件": 4, "热线12345": 1}


def test_without_towns_a_county_has_villages(spoken):
    type(spoken.county).objects.filter(level="town").update(level="village")
    Fact.objects.filter(village__isnull=False).update(town=spoken.county.pk)
    found = count(spoken.county, FEBRUARY, TODAY)
    assert of(found.regions, "溪口村").tally.count == 6 and found.total.count == 13


def test_counting_takes_few_queries_however_much_there_is(spoken):
    count(spoken.county, FEBRUARY, TODAY)  # what a process remembers
    with CaptureQueriesContext(connection) as few:
        count(spoken.county, FEBRUARY, TODAY)
    for village in ("V1", "V2", "V3", "V5"):
        facts_of(spoken, village, "2026-02-15", 20, "noise_fume")
    with CaptureQueriesContext(connection) as many:
        count(spoken.county, FEBRUARY, TODAY)
    assert len(few) == len(many) <= 12


# -- kept ----------------------------------------------------------------------------------------------------------------------


def test_what_is_over_on_a_day():
    assert [period.label for period in over(dt.date(2026, 3, 10))] == ["2026年2月"]
    assert [period.kind for period in over(dt.date(2026, 4, 1))] == ["month", "quarter"]
    assert [period.kind for period in over(dt.date(2026, 1, 5))] == ["month", "quarter", "half", "year"]


def test_months_are_kept_once_and_told_to_whose_place_it_is(spoken, users):
    assert make_due(TODAY) == 4 and make_due(TODAY) == 0  # the county and three towns
    reports = {report.area.name: report for report in RegionReport.objects.select_related("area")}
    assert set(reports) == {"方格县", "东溪镇", "南山乡", "城关街道"}
    told = {(notice.recipient.username, notice.path) for notice in Notice.objects.filter(kind="insight").select_related("recipient")}
    county, own = (reverse("region_report", args=[reports[name].pk]) for name in ("方格县", "东溪镇"))
    assert told == {("county_office", county), ("leader", county), ("town_clerk", own)}
    assert RegionReportEvent.objects.filter(verb="make").count() == 4 and RegionReportEvent.objects.broken_chains() == []


def test_what_came_in_late_is_counted_again_and_told(spoken, users):
    """The hotline's file of February is read in after the reports were made."""
    hotline = voices.source()
    facts_of(spoken, "V1", "2026-01-20", 40, kind=1, source=FIRST_RECORD_SOURCE + hotline.pk)
    assert make_due(TODAY) == 4 and "热线12345的数据没有收到期末" in Notice.objects.filter(recipient=users.leader).get().body
    assert make_due(TODAY) == 0, "nothing has come yet"
    facts_of(spoken, "V1", "2026-02-27", 7, kind=1, source=FIRST_RECORD_SOURCE + hotline.pk)
    assert make_due(TODAY) == 4 and make_due(TODAY) == 0
    report = RegionReport.objects.in_force().get(area=spoken.county)
    assert (report.version, report.content["total"][0], report.missing) == (2, 20, [])
    assert Notice.objects.filter(recipient=users.leader, title="方格县2026年2月月报（第 2 版）").exists()


def test_nothing_is_reported_of_a_time_before_anything_was_counted(town, users):
    assert make_due(TODAY) == 0
    facts_of(town, "V1", "2026-03-01")
    assert make_due(TODAY) == 0


def test_the_command_looks_back(spoken):
    Fact.objects.filter(day__lt=dt.date(2026, 1, 1)).delete()
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "localdate", lambda *args: TODAY)
        call_command("make_reports", "--months", "3", stdout=out)
    assert "新统计 8 份报告" in out.getvalue()  # January and February; nothing was counted in December
    assert not Notice.objects.exists()


def test_counted_again_it_is_the_next_version_and_the_first_stays(spoken, county_office):
    first = keep(county_office, spoken.county, FEBRUARY, TODAY)
    with pytest.raises(MoveRefused, match="不用再存"):
        keep(county_office, spoken.county, FEBRUARY, TODAY)
    facts_of(spoken, "V2", "2026-02-27", 2)
    second = keep(county_office, spoken.county, FEBRUARY, TODAY)
    first.refresh_from_db()
    assert (first.version, first.content["total"][0], second.version, second.content["total"][0]) == (1, 13, 2, 15)
    assert list(RegionReport.objects.in_force()) == [second]


@pytest.mark.parametrize(("period", "words"), [(around("month", TODAY), "还没有过完"), (None, "不在您管辖")])
def test_what_cannot_be_kept(spoken, town_clerk, county_office, period, words):
    user, area = (county_office, spoken.county) if period else (town_clerk, spoken.towns["B"])
    with pytest.raises(MoveRefused, match=words):
        keep(user, area, period or FEBRUARY, TODAY)


# -- pages ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def today(monkeypatch) -> None:
    monkeypatch.setattr(timezone, "localdate", lambda *args: TODAY)


@pytest.fixture
def kept(spoken, county_office) -> Report:
    return keep(county_office, spoken.county, FEBRUARY, TODAY)


def test_pages_say_what_was_counted(kept, client, leader, today):
    client.force_login(leader)
    page = client.get(reverse("region_report", args=[kept.pk])).content.decode()
    assert "收到诉求 13 件" in page and "方格县2026年2月月报" in page and "东溪镇" in page and "统计于" in page
    listed = client.get(reverse("region_report_list")).content.decode()
    assert "方格县2026年2月月报" in listed
    now = client.get(reverse("region_report_now"), {"area": "339999100000", "period": "month", "on": "2026-02-10"}).content.decode()
    assert "东溪镇2026年2月" in now and "溪口村" in now
    assert client.get(reverse("region_report_now")).status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"area": "339999100000", "period": "month", "on": "2031-02-10"}, "还没有开始"), ({"area": "1", "period": "month"}, "区域"), ({"area": "339999100000", "period": "days"}, "自选日期要填起止两天"),
        ({"area": "339999100000", "period": "days", "since": "2020-01-01", "until": "2026-01-01"}, "最多统计两年"), ({"area": "339999100000", "period": "month", "on": "昨天"}, "日期"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(spoken, client, leader, today, query, words):
    client.force_login(leader)
    for name, more in (("region_report_now", []), ("region_report_now_file", ["xlsx"])):
        answer = client.get(reverse(name, args=more), query)
        assert answer.status_code == 422 and words in answer.content.decode()


def test_a_town_sees_its_own(kept, spoken, client, town_clerk, today):
    own = keep(town_clerk, spoken.towns["A"], FEBRUARY, TODAY)
    client.force_login(town_clerk)
    assert client.get(reverse("region_report", args=[own.pk])).status_code == 200
    for name, more in (("region_report", [kept.pk]), ("region_report_file", [kept.pk, "xlsx"]), ("region_report_file", [kept.pk, "pdf"])):
        assert client.get(reverse(name, args=more)).status_code == 404
    for area in ("339999000000", "339999200000", "339999100000\x00"):
        assert client.get(reverse("region_report_now"), {"area": area, "period": "month"}).status_code == 422
        assert client.post(reverse("region_report_keep"), {"area": area, "period": "month"}).status_code == 422
    listed = client.get(reverse("region_report_list")).content.decode()
    assert "东溪镇2026年2月" in listed and "方格县2026年2月" not in listed


@pytest.mark.parametrize("who", ["deputy", "dispatcher", "unit_officer", "stranger"])
def test_others_do_not(kept, client, users, who):
    client.force_login(getattr(users, who))
    for name, more in (("region_report_list", []), ("region_report", [kept.pk]), ("region_report_now", []), ("region_report_file", [kept.pk, "pdf"])):
        assert client.get(reverse(name, args=more)).status_code == 403


def test_the_workbook_has_every_level_and_no_formulas(spoken, client, leader, today):
    spoken.towns["A"].name = "=1+1镇"
    spoken.towns["A"].save()
    client.force_login(leader)
    answer = client.get(reverse("region_report_now_file", args=["xlsx"]), {"area": "339999000000", "period": "month", "on": "2026-02-10"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["概要", "按类别", "按区域", "区域×类别", "逐月", "来源", "口径"]
    rows = {row[1]: row for row in book["按区域"].iter_rows(min_row=3, values_only=True)}
    assert rows["=1+1镇"][6] == 8 and book["按区域"]["B4"].data_type == "s"
    assert all("2026年2月" in sheet["A1"].value for sheet in book)


def test_the_paper_says_the_same(kept, client, leader):
    client.force_login(leader)
    answer = client.get(reverse("region_report_file", args=[kept.pk, "pdf"]))
    document = pypdfium2.PdfDocument(answer.content)
    texts = [page.get_textpage().get_text_bounded() for page in document]
    assert "方格县2026年2月月报" in texts[0] and "收到诉求 13 件" in texts[0]
    assert all(f"第 {number} 页，共 {len(texts)} 页" in text for number, text in enumerate(texts, 1))
    assert "东溪镇" in "".join(texts) and "没有收到诉求不等于没有问题" in "".join(texts).replace("\r\n", "")


def test_counting_again_from_the_page(kept, spoken, client, leader, today):
    client.force_login(leader)
    asked = {"area": "339999000000", "period": "month", "on": "2026-02-01"}
    answer = client.post(reverse("region_report_keep"), asked, follow=True)
    assert "数字和已经存的那一版一样" in answer.content.decode()
    facts_of(spoken, "V2", "2026-02-27", 2)
    answer = client.post(reverse("region_report_keep"), asked, follow=True)
    assert "第 2 版" in answer.content.decode()
    old = client.get(reverse("region_report", args=[kept.pk])).content.decode()
    assert "这是第 1 版，已有更新的" in old
