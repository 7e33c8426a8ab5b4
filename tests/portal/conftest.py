"""A toy county in which every page has something to show: codes on doors, a rota, cases in several states, supervision published."""

import datetime as dt
import io
import logging
import math
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

from apps.cases import workflow as cases
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.models import Case
from apps.cases.publishing import AnswersPage, Publication, PublishedAnswer, PublishedPhoto
from apps.cases.reports import ReportPhoto
from apps.cases.taxonomy import Category
from apps.cases.workflow import Report
from apps.deputies.codes import DeputyCode, StationCode
from apps.deputies.models import Deputy, Station
from apps.deputies.rota import DutyTurn, Rota
from apps.deputies.workflow_grid import confirm_waiting
from apps.hotline.models import Intake, IntakePiece, IntakeProblem, Record, Source
from apps.hotline.workflow_links import link
from apps.imports.models import ImportBatch
from apps.insights import facts, public_voices, workflow_briefings, workflow_public, workflow_reports
from apps.insights.theme_models import Theme, ThemeEvent, ThemeMember
from apps.interop.keys import PostedRequest, give_out
from apps.projects.models import KeyProject
from apps.record import issuing, sheets
from apps.record.files import Photo
from apps.record.sealing import seal
from apps.supervision import workflow as supervision
from apps.supervision.grid_needs import propose_all
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid
from apps.territory.plates import CodeBatch, IssuedPlate, Issuer, PlateCode
from apps.worktime.periods import around
from tests import town as toy
from tests.written_again import WrittenAgain, counting_from_one

TREE = Path(__file__).resolve().parents[2]
NOON = dt.datetime(2026, 3, 10, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass
class Furnished:
    town: toy.Town
    users: toy.Users
    codes: dict[str, list[str]]  # own codes by what they are for: door, void, deputy, station; issuer ids
    cases: list[Case]
    published: AssignmentRun
    draft: AssignmentRun
    pools: dict[str, list] = field(default_factory=dict)


@pytest.fixture(scope="session")
def square_font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font of the letters that the house and its tests write, each of them a square: what is compared are letters, not strokes, and the
    real font takes most of a second to cut for every PDF that a crawl opens."""
    written = {letter for room in ("apps", "geo_renda", "tests") for path in (TREE / room).rglob("*.*") if path.suffix in (".py", ".html") for letter in path.read_text(encoding="utf-8")}
    glyphs = {f"u{ord(letter):X}": ord(letter) for letter in sorted(written) if letter >= " "}
    names = [".notdef", *glyphs]
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for corner in ((50, 800), (450, 800), (450, 0)):
        pen.lineTo(corner)
    pen.closePath()
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({code: name for name, code in glyphs.items()})
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics({name: (500 if glyphs.get(name, 0) < 0x2E80 else 1000, 50) for name in names})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    font.setupPost()
    path = tmp_path_factory.mktemp("font") / "squares.ttf"
    font.save(path)
    return path


@pytest.fixture
def furnished(db: None, monkeypatch: pytest.MonkeyPatch, settings, tmp_path: Path, square_font: Path) -> Furnished:
    settings.RATE_LIMIT_TIMES = 0
    settings.SESSION_COOKIE_AGE = 365 * 24 * 3600
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)  # thousands of guesses that lead nowhere
    monkeypatch.setattr(sheets, "FONTS", ((square_font.parent, square_font.name, square_font.name, 0),))
    return _furnish()


def _write() -> Furnished:
    with counting_from_one():
        town = toy.build(anew=True)
        users = toy.build_users(town)
        codes = _codes(town)
        rota = Rota.objects.create(station=town.stations["SA"], month=dt.date(2026, 3, 1))
        DutyTurn.objects.create(rota=rota, day=dt.date(2026, 3, 15), order=1, deputy=town.deputies["D1"])
        ImportBatch.objects.create(layer="deputy", file_name="代表名册.csv")
        filed = [cases.submit(_report(x, y, text)) for x, y, text in ((0.4, 0.5, "路灯不亮"), (1.5, 0.5, "桥面破损"), (2.5, 0.5, "井盖松动"), (2.5, 1.5, "噪声扰民"))]
        for project in town.projects.values():
            project.demand, project.experts = 2, 0
            project.save()
        published = supervision.compute(supervision.draft(users.county_office, "nearest", "去年的方案").pk, timezone.localdate())
        supervision.approve(users.leader, published.pk)
        supervision.publish(users.county_office, published.pk)
        propose_all(users.county_office)
        confirm_waiting(users.county_office, "339999100000", 10**12)
        drafted = supervision.compute(supervision.draft(users.county_office, "balanced", "今年的草案").pk, timezone.localdate())
        _answered(filed[0], users)
        _told_elsewhere(filed[1], town, users)
        february = around("month", dt.date(2026, 2, 1))
        workflow_reports.keep(users.county_office, town.county, february, NOON.date())
        workflow_briefings.order(users.county_office, workflow_briefings.Wanted("二月简报", town.county, february))
        facts.refresh()
        _grouped(filed, town)
        workflow_public.publish(public_voices.quarter_of(NOON.date()))
        workflow_public.turn_page(users.county_office, on=True)
        world = Furnished(town, users, codes, filed, AssignmentRun.objects.get(pk=published.pk), drafted)
        world.pools.update(_pools(world))
    return world


_furnish = WrittenAgain(_write)


def _codes(town: toy.Town) -> dict[str, list[str]]:
    door, void = issuing.issue([
        PlateCode(doorplate=town.doorplates["P02"]), PlateCode(words="拆掉的房子", point=toy.at(0.3, 0.4), status="void"),
    ])  # fmt: skip
    house = issuing.issue([PlateCode(words="后山脚黄色平房", point=toy.at(0.3, 0.3))])[0]
    deputies = issuing.issue([DeputyCode(deputy=town.deputies[name]) for name in ("D1", "D8")])
    station = issuing.issue([StationCode(station=town.stations["SA"])])[0]
    issuer = Issuer.objects.create(slug="police", name="公安", pattern=r"https://mp\.example/q\?c=(?P<id>\d{8})", example="https://mp.example/q?c=33990001")
    IssuedPlate.objects.create(issuer=issuer, external_id="33990001", doorplate=town.doorplates["P02"])
    CodeBatch.objects.create(area=town.county, state="done")
    return {
        "door": [door.code, house.code], "void": [void.code], "deputy": [row.code for row in deputies], "station": [station.code], "issued": ["33990001"],
    }  # fmt: skip


def _answered(case: Case, users: toy.Users) -> None:
    """A case that a program filed, with a photo, answered for everybody to read, with another."""
    asked, told = (Photo.objects.accept(SimpleUploadedFile("a.jpg", _picture(shade)), by=users.county_office) for shade in (60, 200))
    ReportPhoto.objects.create(case=case, photo=asked)
    AnswerPhoto.objects.create(case=case, photo=told)
    key, _ = give_out(users.county_office, "市民热线", "值班室", 100)
    PostedRequest.objects.create(case=case, key=key)
    AnswersPage.objects.update_or_create(pk=1, defaults={"is_open": True})
    said = {"title": "路灯不亮", "question": "路灯不亮", "answer": "已经修好。"}
    row = Publication.objects.create(case=case, state="published", source="", edited_by=users.county_office, confirmed_by=users.county_office, confirmed_at=NOON, **said)
    public = PublishedAnswer.objects.create(publication=row, town=case.town, village=case.village, answered_by="县住建局", asked_on=NOON.date(), answered_on=NOON.date(), **said)
    PublishedPhoto.objects.create(answer=public, photo=told)


def _told_elsewhere(case: Case, town: toy.Town, users: toy.Users) -> None:
    """Orders of the hotline: one linked to a case, one not; a file whose columns are to be settled, and one that was taken in."""
    source = Source.objects.create(code="12345", name="12345热线", kind="hotline", mapping={"工单编号": "number", "诉求内容": "text", "受理时间": "received_at"})
    waiting = Intake.objects.create(source=source, file_name="四月.csv", by=users.county_office)
    IntakePiece.objects.create(intake=waiting, number=0, sealed=seal("工单编号,诉求内容,受理时间,联系电话\n1,路灯不亮,2026-03-01,13800001111\n".encode()))
    done = Intake.objects.create(source=source, file_name="三月.csv", by=users.county_office, state="done", read=3, taken=2, refused=1, cursor=3, total=3, started_at=NOON, finished_at=NOON)
    IntakeProblem.objects.create(intake=done, row=4, field="受理时间", reason="读不出是哪一天")
    said = {"source": source, "intake": done, "received_at": NOON, "channel": "电话", "marks": {"电话": 1}, "category": Category.objects.offered().first()}
    first = Record.objects.create(number="LX1", title="桥面破损", text="桥面破了，联系〔电话〕", point=toy.at(1.5, 0.5), located_by="road", town=town.towns["B"], village=town.villages["V2"], **said)
    Record.objects.create(number="LX2", text="桥面还是破的", like=first, proposed=case, reason="内容相似", state="closed", satisfied="unsatisfied", answered_at=NOON, **said)
    link(first, case, users.county_office, "同一座桥")


def _picture(shade: int) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 90, 120)).save(drawn, "JPEG")
    return drawn.getvalue()


def _report(x: float, y: float, text: str) -> Report:
    point = toy.at(x, y)
    return Report(submission=uuid.uuid4(), text=text, lon=point.x, lat=point.y)


def _pools(world: Furnished) -> dict[str, list]:
    """Values for the parameters of every address: what there is in this county, and something that there is not."""
    numbers = range(1, 4)
    keys = [
        *PublishedAnswer.objects.values_list("pk", flat=True),
        *(case.pk for case in world.cases), world.published.pk, world.draft.pk, *TeamMember.objects.values_list("pk", flat=True),
        *PlateCode.objects.values_list("pk", flat=True), *DeputyCode.objects.values_list("pk", flat=True), *StationCode.objects.values_list("pk", flat=True),
        *ImportBatch.objects.values_list("pk", flat=True), *CodeBatch.objects.values_list("pk", flat=True), *Team.objects.values_list("pk", flat=True)[:2],
    ]  # fmt: skip
    own = [code for codes in world.codes.values() for code in codes]
    return {
        "pk": sorted({*keys, *numbers, *_more_keys()}),
        "code": [*own, *PostedRequest.objects.values_list("code", flat=True), *PostedRequest.objects.values_list("token", flat=True), *(case.code for case in world.cases), *(case.follow_code for case in world.cases), *Deputy.objects.values_list("code", flat=True), *Station.objects.values_list("code", flat=True), *KeyProject.objects.values_list("code", flat=True), *Grid.objects.values_list("code", flat=True)[:2]],
        "issuer": ["police", "nobody"],
        "month": ["2026-03", "2026-04"],
        "year": [2026, 2027], "step": ["with_unit", "finding_answer"], "name": ["qingdao_2021"],
        "kind": ["deputy", "station", "door"],
        "verb": ["approve"],
        "source": ["12345"],
        "layer": ["area", "district", "grid", "doorplate", "station", "project"],
        "z": [9, 12, 14], "x": [tile_of(z)[0] for z in (9, 12, 14)], "y": [tile_of(z)[1] for z in (9, 12, 14)],
        "set_slug": ["counties", "towns", "villages", "districts-339999000000-17", "districts-339999100000-15", "congress-339999000000-17", "congress-339900000000-14"],
        "slug": ["counties", "villages", "districts-339999000000-17", "congress-339999000000-17", "1", "2", "339999000000", "339999100201", "police"],
        "form": ["json", "xml"], "ending": ["xlsx", "pdf", "html"],
        "service": [Category.objects.offered().values_list("code", flat=True)[0]], "photo": list(Photo.objects.values_list("pk", flat=True)), "size": ["full", "small"],
        "geo_field": ["shape", "simple_shape", "centroid"],
        "district": list(ElectoralDistrict.objects.values_list("code", flat=True)[:2]),
        "area": list(AdminArea.objects.values_list("code", flat=True)[:3]),
        "doorplate": list(Doorplate.objects.values_list("code", flat=True)[:2]),
    }  # fmt: skip


def _grouped(filed: list[Case], town: toy.Town) -> None:
    """A theme that rises, with a case of one town and one of another; one that went into it."""
    days = {"first_on": dt.date(2026, 2, 20), "last_on": NOON.date(), "profile": b""}
    rise = {"days": 28, "until": "2026-03-09", "now": 6, "expected": 0.4, "p": 1e-4, "q": 0.002, "last_year": None, "seasonal": False}
    theme = Theme.objects.create(name="路灯 · 不亮", words=["路灯", "不亮"], voices=2, point=toy.at(0.4, 0.5), town=town.towns["A"], rising_since=days["first_on"], rise=rise, **days)
    ThemeMember.objects.bulk_create([ThemeMember(theme=theme, kind=facts.CASE, ref=case.pk, day=NOON.date(), town=case.town, likeness=0.5) for case in filed[:2]])
    ThemeEvent.objects.append(theme, "find", note="由 2 条诉求归成", voices=2)
    Theme.objects.create(name="灯坏了", state=Theme.State.MERGED, merged_into=theme, **days)


def tile_of(z: int) -> tuple[int, int]:
    """The tile that the middle of the toy county lies in."""
    point = toy.at(1.5, 1)
    north = math.asinh(math.tan(math.radians(point.y))) / math.pi
    return int((point.x + 180) / 360 * 2**z), int((1 - north) / 2 * 2**z)


def _more_keys() -> list[int]:
    """Keys of whatever else offices look at by number."""
    found: list[int] = []
    for model in apps.get_models():
        if model._meta.app_label in ("record", "territory", "deputies", "supervision", "imports", "hotline", "insights") and "event" not in model._meta.model_name:
            found += [pk for pk in model.objects.order_by("-pk").values_list("pk", flat=True)[:3] if isinstance(pk, int)]
    return found
