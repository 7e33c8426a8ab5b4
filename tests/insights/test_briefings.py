"""Briefings: what they say, that nothing in them loads or runs but what is in them, who may have them, and what may leave the house."""

import base64
import datetime as dt
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from apps.insights import briefing_files, briefing_page, workflow_briefings
from apps.insights.around import ProjectAround
from apps.insights.briefing_content import gather
from apps.insights.briefing_found import numbered
from apps.insights.briefing_outside import gather as gather_outside
from apps.insights.briefing_parts import Drawing, Shape, Table
from apps.insights.briefings import Briefing, BriefingEvent
from apps.insights.facts import Fact
from apps.insights.public_counts import PublicCount, PublicTable, VoicesPage
from apps.insights.spots import HotSpot
from apps.insights.theme_models import Theme, ThemeMember
from apps.insights.workflow_briefings import Wanted, cancel, make, order, resume
from apps.projects.models import KeyProject
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.worktime.periods import around, between
from tests.insights.test_reports import facts_of
from tests.town import TODAY, Town, at, box

pytestmark = pytest.mark.django_db
FEBRUARY, WINTER = around("month", dt.date(2026, 2, 1)), around("quarter", dt.date(2025, 11, 1))
HOSTILE = "</script><img src=x onerror=alert(1)>`${1}'\"&"


class Loads(HTMLParser):
    """Every address that a page would load by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.found += [f"{tag} {name}={value}" for name, value in attrs if name in ("src", "href", "srcset", "data", "poster", "action", "background", "style") or name.startswith("on")]


@pytest.fixture
def leaflet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """The front end as it is built, or a stand-in where it is not: what is looked at here is what stands around it."""
    settings.DATA_DIR = tmp_path
    if not finders.find("export/leaflet.js"):
        (tmp_path / "leaflet.js").write_text("var L = {}; // </script>")
        (tmp_path / "leaflet.css").write_text(".a { background-image: url(images/layers.png); }")
        monkeypatch.setattr(finders, "find", lambda name: str(tmp_path / Path(name).name))


@pytest.fixture
def spoken(town: Town, leaflet) -> Town:
    facts_of(town, "V1", "2026-02-03", 12)
    facts_of(town, "V1", "2026-01-03", 2)
    facts_of(town, "V1", "2025-12-20")
    facts_of(town, "V3", "2026-02-03", 3, "noise_fume")
    facts_of(town, None, "2026-02-20", 2)
    spot = HotSpot.objects.create(
        state="new", name="溪口村一带", town=town.towns["A"], village=town.villages["V1"], point=at(0.5, 0.5), shape=box(0.4, 0.4, 0.6, 0.6), cells=[[1, 1]], since=dt.date(2026, 1, 5),
        last_hot=TODAY, months=2, count=12, expected=3.2, z=4.0, q=0.001, day=TODAY,
    )  # fmt: skip
    spot.towns.add(town.towns["A"])
    theme = Theme.objects.create(name="路灯不亮", voices=12, first_on=dt.date(2026, 1, 3), last_on=dt.date(2026, 2, 3), town=town.towns["A"], profile=b"")
    for number, fact in enumerate(Fact.objects.filter(village=town.villages["V1"].pk, day=dt.date(2026, 2, 3))):
        Fact.objects.filter(pk=fact.pk).update(col=number, row=number % 2)
        ThemeMember.objects.create(theme=theme, kind=fact.kind, ref=fact.ref, day=fact.day, town=town.towns["A"], likeness=1.0)
    return town


def wanted(town: Town, **changes) -> Wanted:
    return Wanted(**({"title": "二月简报", "area": town.county, "period": FEBRUARY, "themes": list(Theme.objects.values_list("pk", flat=True))} | changes))


def briefing_of(town: Town, **changes) -> Briefing:
    asked = wanted(town, **changes)
    return Briefing(
        title=asked.title, area=asked.area, kind=asked.period.kind, first=asked.period.first, last=asked.period.last, themes=list(asked.themes), outside=asked.outside,
        categories=list(asked.categories), sources=list(asked.sources),
    )  # fmt: skip


def part(content, title: str):
    return next(each for each in content.parts if each.title.startswith(title))


def test_it_says_what_the_report_says(spoken):
    content = gather(briefing_of(spoken), TODAY)
    assert content.points[0].startswith("2026年2月方格县收到诉求 17 件") and dict(content.figures)["收到诉求"] == "17 件"
    towns = part(content, "各处反映多少")
    assert {shape.name: shape.words[0] for shape in towns.shapes} == {"东溪镇": "12 件", "南山乡": "0 件", "城关街道": "3 件"} and "另有 2 件没有写明地点" in towns.note
    assert part(content, "与上期").shapes[1].mark == "东溪镇 ↑"
    assert part(content, "热点一览").rows[0][1] == "溪口村一带 各类诉求"
    (row,) = part(content, "热点主题一览").rows
    assert (row[1], row[2]) == ("路灯不亮", "12") and len(part(content, "热点主题在哪里").shapes) == 2  # twelve cells in a row are two squares of a kilometre
    assert all("2026年2月1日—2026年2月28日" in each.caption for each in content.parts if "热点" not in each.title or "主题" in each.title)
    assert all(each.caption for each in content.parts)


def test_projects_around_which_more_is_reported(spoken):
    values = {"turn": "started", "turned_on": dt.date(2025, 9, 1), "within": 500, "days": 90, "rest_before": 50, "rest_after": 50, "day": TODAY}
    ProjectAround.objects.create(project=spoken.projects["K1"], before=5, after=20, ratio=4.0, low=1.5, high=9.0, q=0.01, verdict="more", weight=2, **values)
    ProjectAround.objects.create(project=spoken.projects["K3"], before=5, after=5, verdict="same", weight=1, **values)
    content = gather(briefing_of(spoken), TODAY)
    ((_, name, turned, before, after, ratio, verdict, _),) = part(content, "重点项目周边一览").rows
    assert (name, turned, before, after, ratio, verdict) == ("东溪防洪堤", "2025-09-01 开工", "5", "20", "4.0 倍", "明显增多")
    assert not any("重点项目" in each.title for each in gather(briefing_of(spoken, area=spoken.towns["S"]), TODAY).parts)


def test_a_village_s_briefing_has_the_projects_in_it_and_no_others(spoken):
    """Not those whose town nobody knows, as all are where there are no towns."""
    values = {"turn": "started", "turned_on": dt.date(2025, 9, 1), "within": 500, "days": 90, "rest_before": 50, "rest_after": 50, "day": TODAY, "before": 5, "after": 20, "ratio": 4.0, "low": 1.5, "high": 9.0, "q": 0.01, "verdict": "more"}
    for number, project in enumerate(spoken.projects.values()):
        ProjectAround.objects.create(project=project, weight=number, **values)
    KeyProject.objects.update(town=None)
    for village in spoken.villages.values():
        inside = {project.name for project in spoken.projects.values() if village.geom.covers(project.site)}
        listed = [each for each in gather(briefing_of(spoken, area=village), TODAY).parts if each.title == "重点项目周边一览"]
        assert {row[1] for table in listed for row in table.rows} == inside
    assert len(part(gather(briefing_of(spoken), TODAY), "重点项目周边一览").rows) == len(spoken.projects)


def test_numbers_that_would_cover_each_other_stand_together():
    places = [(120.0, 28.0), (120.5, 28.0), (120.001, 28.001)]
    shapes = [Shape(shapely.Point(place).buffer(0.01), "#ffffff", "") for place in places]
    assert [shape.mark for shape in numbered(shapes)] == ["1、3", "2", ""]


def test_a_town_s_briefing_holds_nothing_from_elsewhere(spoken):
    content = gather(briefing_of(spoken, area=spoken.towns["S"]), TODAY)
    assert "收到诉求 3 件" in content.points[0] and not any(each.title == "热点" for each in content.parts)
    assert part(content, "热点主题一览").rows[0][2] == "0" and {shape.name for shape in part(content, "各处反映多少").shapes} == {"城东社区", "城北社区"}


def test_nothing_loads_and_no_name_becomes_markup(spoken):
    type(spoken.county).objects.filter(pk=spoken.towns["A"].pk).update(name=HOSTILE[:40])
    Theme.objects.update(name=HOSTILE)
    HotSpot.objects.update(name=HOSTILE)
    page = briefing_page.write(gather(briefing_of(spoken, title=HOSTILE), TODAY)).decode()
    assert len(page.encode()) < briefing_page.MOST_BYTES
    seen = Loads()
    seen.feed(page)
    assert seen.found == [] and "img" not in seen.tags and seen.tags.count("script") == 2
    assert not re.search(r"url\((?!#|data:)", page) and "@import" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#x27;", "'")
    assert policy.startswith("default-src 'none'") and "http" not in policy
    for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
    assert HOSTILE not in page and "&lt;/script&gt;" in page


def test_made_in_the_background_and_told(spoken, county_office, client):
    made = make(order(county_office, wanted(spoken)).pk)
    assert (made.state, made.done, made.note) == ("done", made.total, "")
    page, paper = (briefing_files.find(made.pk, ending).read_bytes() for ending in ("html", "pdf"))
    assert (len(page), len(paper)) == (made.html_bytes, made.pdf_bytes)
    texts = [sheet.get_textpage().get_text_bounded() for sheet in pypdfium2.PdfDocument(io.BytesIO(paper))]
    assert "二月简报" in texts[0] and "内部资料，请勿外传" in texts[0] and "路灯不亮" in "".join(texts)
    assert make(made.pk).finished_at == made.finished_at  # run again it does nothing
    assert Notice.objects.filter(recipient=county_office, path=reverse("briefing", args=[made.pk])).count() == 1
    assert list(BriefingEvent.objects.values_list("verb", flat=True)) == ["order", "done"]
    client.force_login(county_office)
    answer = client.get(reverse("briefing_file", args=[made.pk, "html"]))
    assert answer["Content-Disposition"].startswith("attachment") and b"".join(answer.streaming_content) == page
    assert "网页文件" in client.get(reverse("briefing", args=[made.pk])).content.decode()


def test_stopped_or_killed_it_leaves_no_file_and_can_be_made_after_all(spoken, county_office, monkeypatch):
    briefing = order(county_office, wanted(spoken))
    cancel(county_office, briefing.pk)
    assert make(briefing.pk).state == "cancelled" and briefing_files.find(briefing.pk, "html") is None
    resume(county_office, briefing.pk)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(briefing_page, "write", lambda content: (_ for _ in ()).throw(SystemExit))
        make(briefing.pk)
    briefing.refresh_from_db()
    assert briefing.state == "running" and briefing_files.find(briefing.pk, "html") is None
    assert make(briefing.pk).state == "done"
    with pytest.raises(MoveRefused, match="不能重新制作"):
        resume(county_office, briefing.pk)


def test_old_files_are_taken_away_and_what_was_chosen_stays(spoken, county_office, client, settings):
    old, fresh = (make(order(county_office, wanted(spoken)).pk) for _ in range(2))
    Briefing.objects.filter(pk=old.pk).update(finished_at=timezone.now() - dt.timedelta(days=settings.BRIEFINGS_DAYS + 1))
    for gone in (old.pk, 999_999):  # half written by a process that was killed; of a database that was reset
        briefing_files.folder(gone).mkdir(parents=True, exist_ok=True)
        (briefing_files.folder(gone) / "x.new").write_text("")
    assert workflow_briefings.clear_old(timezone.now()) == 1 and workflow_briefings.clear_old(timezone.now()) == 0
    assert list(briefing_files.kept()) == [fresh.pk]
    client.force_login(county_office)
    assert client.get(reverse("briefing_file", args=[old.pk, "html"])).status_code == 404
    page = client.get(reverse("briefing", args=[old.pk])).content.decode()
    assert "已经清理" in page and "清理文件" in page


def test_what_goes_wrong_is_said(spoken, county_office, monkeypatch):
    briefing = order(county_office, wanted(spoken))
    monkeypatch.setattr(briefing_page, "MOST_BYTES", 1000)
    failed = make(briefing.pk)
    assert failed.state == "failed" and "超过了 8 MB" in failed.note
    monkeypatch.undo()
    resume(county_office, briefing.pk)
    monkeypatch.setattr(workflow_briefings, "_gathered", lambda briefing: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make(briefing.pk)
    briefing.refresh_from_db()
    assert briefing.state == "failed" and "重新制作" in briefing.note


# -- pages ---------------------------------------------------------------------------------------------------------------------


def test_ordered_on_the_page(spoken, client, town_clerk, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *args: TODAY)
    client.force_login(town_clerk)
    theme = Theme.objects.get()
    assert "路灯不亮（近三个月 12 件）" in client.get(reverse("briefing_list")).content.decode()
    refused = client.post(reverse("briefing_list"), {"area": "339999200000", "period": "month", "outside": "inside", "title": "写好的标题"})
    assert refused.status_code == 422 and "写好的标题" in refused.content.decode() and not Briefing.objects.exists()
    answer = client.post(reverse("briefing_list"), {"area": "339999100000", "period": "month", "on": "2026-02-02", "outside": "inside", "themes": [theme.pk]}, follow=True)
    briefing = Briefing.objects.get()
    assert (briefing.title, briefing.themes, briefing.area_id) == ("东溪镇2026年2月民情简报", [theme.pk], spoken.towns["A"].pk) and "排队中" in answer.content.decode()
    assert "排队中" in client.get(reverse("briefing_progress", args=[briefing.pk])).content.decode()
    client.post(reverse("briefing_act", args=[briefing.pk, "cancel"]))
    assert client.get(reverse("briefing_progress", args=[briefing.pk]))["HX-Refresh"] == "true"


def test_a_town_has_its_own_and_others_none(spoken, users, client):
    county, own = order(users.county_office, wanted(spoken)), order(users.town_clerk, wanted(spoken, area=spoken.towns["A"]))
    with pytest.raises(MoveRefused, match="不在您管辖"):
        order(users.town_clerk, wanted(spoken))
    client.force_login(users.town_clerk)
    assert client.get(reverse("briefing", args=[own.pk])).status_code == 200
    assert [client.get(reverse(name, args=args)).status_code for name, args in (("briefing", [county.pk]), ("briefing_progress", [county.pk]), ("briefing_file", [county.pk, "html"]))] == [404] * 3
    assert client.post(reverse("briefing_act", args=[county.pk, "cancel"])).status_code == 404
    for who in (users.deputy, users.unit_officer, users.dispatcher, users.stranger):
        client.force_login(who)
        assert client.get(reverse("briefing_list")).status_code == 403


# -- what may leave the house --------------------------------------------------------------------------------------------------


@pytest.fixture
def published(spoken, settings) -> PublicTable:
    """A quarter as it is public: 东溪镇 12, of which a category of 5; 南山乡 not shown on its own."""
    VoicesPage.objects.create(pk=1, is_open=True)
    table = PublicTable.objects.create(quarter=dt.date(2025, 10, 1), since=dt.date(2025, 10, 1))
    rows = [
        ("339999000000", "", "county", "方格县", "all", "", "全部", 30), ("339999000000", "", "county", "方格县", "category", "city", "城乡建设", 12),
        ("339999100000", "339999000000", "town", "东溪镇", "all", "", "全部", 12), ("339999100000", "339999000000", "town", "东溪镇", "category", "city", "城乡建设", 5),
        ("339999200000", "339999000000", "town", "南山乡", "all", "", "", None), ("339999000000*", "339999000000", "rest", "未定位", "all", "", "", 0),
    ]  # fmt: skip
    names = ("region", "parent", "level", "name", "part", "key", "label", "count")
    PublicCount.objects.bulk_create([PublicCount(table=table, order=order, population=20_000, **dict(zip(names, row, strict=True))) for order, row in enumerate(rows)])
    return table


def test_what_leaves_the_house_is_the_published_table_and_nothing_else(published, spoken):
    facts_of(spoken, "V2", "2025-11-05", 3)  # what is behind the numbers is not looked at
    content = gather_outside(briefing_of(spoken, period=WINTER, themes=[], outside=True))
    said = part(content, "按区域")
    assert said.rows == (("东溪镇", "12 件", "0.60（0.31—1.05）", "5 件"), ("南山乡", "不单列", "—", "不单列"), ("未定位", "0 件", "0.00（0.00—0.18）", "不单列"))
    assert content.points == ("2025年第四季度方格县收到诉求 30 件。", "反映最多的类别：城乡建设 12 件。", "反映最多的地方：东溪镇 12 件。")
    assert "不单列（不是零）" in {words: colour for colour, words in part(content, "各处反映多少").legend}
    assert {type(each) for each in content.parts} == {Drawing, Table} and not content.months and "可以外发" in content.secrecy
    assert "3 件" not in briefing_page.write(content).decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "请选季度"), ({"period": WINTER, "categories": ["housing"]}, "不选类别"), ({"period": around("quarter", TODAY)}, "还没有公开"),
        ({"period": WINTER, "area": "V1"}, "村社只公开总数"), ({"period": between(WINTER.first, WINTER.last)}, "请选季度"),
    ],
)  # fmt: skip
def test_nothing_else_may_leave(published, spoken, county_office, changes, words):
    area = spoken.villages[changes.pop("area")] if "area" in changes else spoken.county
    with pytest.raises(MoveRefused, match=words):
        order(county_office, wanted(spoken, **({"themes": [], "area": area, "outside": True} | changes)))


def test_taken_off_before_it_was_made_it_is_not_made(published, spoken, county_office):
    briefing = order(county_office, wanted(spoken, period=WINTER, themes=[], outside=True))
    VoicesPage.objects.update(is_open=False)
    failed = make(briefing.pk)
    assert failed.state == "failed" and "还没有公开" in failed.note and briefing_files.find(briefing.pk, "html") is None


def test_a_place_of_many_parts_is_drawn(spoken):
    type(spoken.county).objects.filter(pk=spoken.towns["A"].pk).update(geom=MultiPolygon(box(0, 0, 0.4, 1)[0], box(0.6, 0, 1, 1)[0], srid=4326))
    assert len(briefing_page.write(gather(briefing_of(spoken), TODAY))) > 1000
