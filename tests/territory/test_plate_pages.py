"""Staff's pages of the codes on doors: found, done, refused in words, only in the own area, with a bounded number of queries."""

import io
import zipfile

import pypdfium2
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.record import issuing
from apps.territory import workflow
from apps.territory.models import CodeBatch, Doorplate, IssuedPlate, Issuer, PlateCode, PlateScan, PrintRun
from apps.territory.plates import read_scanned
from apps.territory.workflow import Place
from tests import town as toy


@pytest.fixture
def office(county_office, client: Client) -> Client:
    client.force_login(county_office)
    return client


@pytest.fixture
def clerk(town_clerk) -> Client:
    client = Client()
    client.force_login(town_clerk)
    return client


@pytest.fixture
def code(county_office, town) -> PlateCode:
    return workflow.register(county_office, Place(town.doorplates["P02"]))


def page(client: Client, name: str, /, *args, answers: int = 200, **query) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == answers
    return response.content.decode()


def post(client: Client, name: str, /, *args, answers: int = 302, **data) -> str:
    """The page that came back, or where it sent us."""
    response = client.post(reverse(name, args=args), data)
    said = response.content.decode()
    assert response.status_code == answers, said.partition("error-summary")[2][:600]
    return said if answers != 302 else response["Location"]


# -- list --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["code", "spelled", "address", "road", "doorplate"])
def test_a_code_is_found_by_what_staff_know(office, code, way):
    text = {"code": code.code.lower(), "spelled": code.spelled, "address": code.place_words, "road": "人民路12", "doorplate": code.doorplate.code}[way]
    assert code.spelled in page(office, "plate_list", q=text)
    assert code.spelled not in page(office, "plate_list", q="南山街8号")


def test_a_house_without_a_plate_is_found_by_its_words(office, county_office):
    code = workflow.register(county_office, Place(words="水井旁黄色平房", point=toy.at(0.5, 0.5)))
    assert code.spelled in page(office, "plate_list", q="水井旁") and "没有门牌" in page(office, "plate_list", q="水井旁")


def test_a_door_without_a_code_is_offered(office, code, town):
    door = town.doorplates["P06"]
    assert f"?door={door.code}" in page(office, "plate_list", q="南山街8号")
    assert "还没有码的门牌" not in page(office, "plate_list", q=code.place_words) or code.doorplate.code not in page(office, "plate_list", q=code.place_words).split("还没有码的门牌")[1].split("</section>")[0]


def test_where_there_are_no_towns_the_village_decides(office, county_office, town):
    door = town.doorplates["P02"]
    Doorplate.objects.filter(pk=door.pk).update(town=None)
    door.refresh_from_db()
    assert door.address in page(office, "plate_list", q=door.address)  # offered for registering
    code = workflow.register(county_office, Place(door))
    assert code.spelled in page(office, "plate_list")
    PlateCode.objects.filter(pk=code.pk).update(village=None)
    assert code.spelled in page(office, "plate_list")


def test_filters_narrow_and_bad_ones_are_named(office, code, county_office):
    assert code.spelled in page(office, "plate_list", status="active", town=code.town.code, printed="no")
    assert code.spelled not in page(office, "plate_list", status="void")
    assert code.spelled not in page(office, "plate_list", printed="yes")
    for bad in ({"status": "gone"}, {"town": "999"}, {"batch": "x"}, {"printed": "?"}):
        assert "没有用上" in page(office, "plate_list", **bad)
    page(office, "plate_list", q="\x00", page="99999")


def test_the_list_takes_few_queries_however_long(office, county_office, town):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(office, "plate_list")
        return len(seen)

    workflow.register(county_office, Place(town.doorplates["P01"]))
    queries()
    one = queries()
    issuing.issue([PlateCode(words=f"房 {n}", point=toy.at(0.5, 0.5), town=town.towns["A"], village=town.villages["V1"]) for n in range(60)])
    assert queries() == one <= 14
    assert "第 1 / 2 页" in page(office, "plate_list")


# -- who may -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["deputy", "dispatcher", "unit_officer", "leader"])
def test_others_see_none_of_it(request, code, who):
    client = Client()
    client.force_login(request.getfixturevalue(who))
    for name, args in (("plate_list", ()), ("plate_detail", (code.code,)), ("batch_list", ()), ("print_list", ()), ("issuer_list", ())):
        page(client, name, *args, answers=403)
    assert Client().get(reverse("plate_list")).status_code == 302


def test_a_clerk_sees_and_changes_the_own_town_only(clerk, town_clerk, county_office, town):
    theirs = workflow.register(county_office, Place(town.doorplates["P08"]))
    run = workflow.start_batch(county_office, town.county, queue=False)
    assert theirs.spelled not in page(clerk, "plate_list")
    page(clerk, "plate_detail", theirs.code, answers=404)
    page(clerk, "plate_correct", theirs.code, answers=404)
    post(clerk, "plate_act", theirs.code, "void", answers=404, reason="删")
    page(clerk, "batch_detail", run.pk, answers=404)
    page(clerk, "issuer_list", answers=403)
    assert "没有这个范围" in post(clerk, "batch_list", answers=422, area=town.county.code)
    assert PlateCode.objects.get(pk=theirs.pk).status == "active"


# -- one code ----------------------------------------------------------------------------------------------------------------


def test_registering_by_address_and_by_place(office, town):
    assert "P06" in town.doorplates
    where = post(office, "plate_new", door="南山街8号")
    made = PlateCode.objects.get()
    assert where == reverse("plate_detail", args=[made.code]) and made.doorplate == town.doorplates["P06"]
    post(office, "plate_new", words="后山脚黄色平房", lon="120.005", lat="28.005", reason="无牌")
    assert PlateCode.objects.filter(words="后山脚黄色平房", village=town.villages["V1"]).exists()


@pytest.mark.parametrize(("typed", "says"), [
    ({}, "请填门牌"), ({"door": "火星路1号"}, "没有找到"), ({"door": "人民路12号"}, "不能确定"), ({"words": "黄色平房"}, "地图上点出"),
    ({"door": "南山街8号", "words": "黄色平房"}, "去掉"), ({"words": "县外", "lon": "120.9", "lat": "28.9"}, "本县"), ({"words": "x", "lon": "nan", "lat": "28"}, "地图"),
])  # fmt: skip
def test_what_cannot_be_registered_says_what_to_do_and_keeps_what_was_typed(office, town, typed, says):
    said = post(office, "plate_new", answers=422, **typed)
    assert says in said and PlateCode.objects.count() == 0
    assert all(value in said for value in typed.values() if value != "nan")


def test_a_code_shows_what_it_is_and_what_was_done(office, code, settings):
    settings.PUBLIC_URL = "https://renda.example.gov.cn"
    PlateScan.objects.count_scan(code, code.issued_at.date())
    said = page(office, "plate_detail", code.code)
    for words in (code.spelled, code.place_words, f"https://renda.example.gov.cn/d/{code.code}", "<svg", "发码", "近 30 天 1 次", "县人大常委会工委" if "县人大常委会工委" in said else "发码"):
        assert words in said
    page(office, "plate_detail", "W7AFGMC4RSK6", answers=404)


def test_every_move_from_the_page(office, code, town, settings):
    settings.PUBLIC_URL = "https://renda.example.gov.cn"
    assert "原因" in post(office, "plate_act", code.code, "retire", answers=422)
    post(office, "plate_act", code.code, "retire", reason="拆了")
    assert read_scanned(code.code).kind == "unknown"
    assert "id=\"act-void\"" in page(office, "plate_detail", code.code) and "id=\"act-split\"" not in page(office, "plate_detail", code.code)
    post(office, "plate_act", code.code, "restore", reason="没拆")
    post(office, "plate_correct", code.code, door=town.doorplates["P01"].code, reason="贴错")
    post(office, "plate_act", code.code, "split", doors=f"{town.doorplates['P01'].code}\n{town.doorplates['P06'].code}", reason="分户")
    second = PlateCode.objects.exclude(pk=code.pk).get()
    where = post(office, "plate_act", code.code, "renew", reason="磨损")
    fresh = PlateCode.objects.leading_to(code.code)
    assert where == reverse("plate_detail", args=[fresh.code])
    assert "不是一个门牌码" in post(office, "plate_act", second.code, "lead_on", answers=422, by="222", reason="合户")
    post(office, "plate_act", second.code, "lead_on", by=fresh.spelled, reason="合户")
    post(office, "plate_act", fresh.code, "void", reason="泄露")
    assert read_scanned(second.code).plate is None
    assert "不能停用" in post(office, "plate_act", fresh.code, "retire", answers=422, reason="再停")
    assert office.post(reverse("plate_act", args=[code.code, "explode"]), {"reason": "x"}).status_code == 404


def test_a_reprint_is_a_pdf_of_that_code(office, code, settings):
    settings.PUBLIC_URL = "https://renda.example.gov.cn"
    response = office.post(reverse("plate_act", args=[code.code, "reprint"]), {"layout": "medium"})
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert code.spelled in pypdfium2.PdfDocument(response.content)[0].get_textpage().get_text_range()
    code.refresh_from_db()
    assert code.prints == 1
    assert office.post(reverse("plate_act", args=[code.code, "reprint"]), {"layout": "poster"}).status_code == 422


# -- areas -------------------------------------------------------------------------------------------------------------------


def test_an_area_from_the_order_to_the_files(office, town, settings, tmp_path):
    settings.DATA_DIR, settings.PUBLIC_URL = tmp_path, "https://renda.example.gov.cn"
    post(office, "batch_list", area=town.towns["A"].code)
    batch = CodeBatch.objects.get()
    assert "排队中" in page(office, "batch_detail", batch.pk)
    assert "HX-Refresh" not in office.get(reverse("work_progress", args=["batch", batch.pk])).headers
    workflow.issue_batch(batch.pk)
    assert office.get(reverse("work_progress", args=["batch", batch.pk]))["HX-Refresh"] == "true"
    assert "都已经有码" in post(office, "batch_list", answers=422, area=town.towns["A"].code)
    assert batch.codes.first().spelled in page(office, "plate_list", batch=batch.pk)
    post(office, "print_list", area=town.towns["A"].code, layout="sticker18", which="new")
    run = workflow.print_sheets(PrintRun.objects.get().pk)
    said = page(office, "print_detail", run.pk)
    assert "0001.pdf" in said and "全部下载" in said
    archive = zipfile.ZipFile(io.BytesIO(b"".join(office.get(reverse("print_file", args=[run.pk, "all.zip"])).streaming_content)))
    text = pypdfium2.PdfDocument(archive.read("0001.pdf"))[0].get_textpage().get_text_range()
    assert all(code.spelled in text for code in batch.codes.all())
    page(office, "print_file", run.pk, "..%2f..%2fenv", answers=404)
    page(office, "print_file", run.pk, "0002.pdf", answers=404)
    assert {door.pk for door in Doorplate.objects.active().filter(town=town.towns["A"])} == set(batch.codes.values_list("doorplate", flat=True))


def test_who_orders_sheets_sees_the_address_that_is_printed(office, settings):
    settings.PUBLIC_URL = "https://renda.example.gov.cn"
    assert "网址是 https://renda.example.gov.cn。印好后不能改" in page(office, "print_list")
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    assert "别的手机打不开" in page(office, "print_list")


def test_a_batch_is_stopped_and_gone_on_with(office, town):
    post(office, "batch_list", area=town.county.code)
    batch = CodeBatch.objects.get()
    post(office, "work_act", "batch", batch.pk, "cancel")
    assert "从停下的地方继续" in page(office, "batch_detail", batch.pk)
    post(office, "work_act", "batch", batch.pk, "cancel")
    assert "不用再停止" in page(office, "batch_detail", batch.pk)
    post(office, "work_act", "batch", batch.pk, "resume")
    assert workflow.issue_batch(batch.pk).state == "done"


# -- issuers -----------------------------------------------------------------------------------------------------------------

RULE = {"name": "样县公安局", "slug": "police", "pattern": r"https://mp\.example\.gov\.cn/q\?c=(?P<id>\d{16})", "example": "https://mp.example.gov.cn/q?c=3399010010000012", "hung": "on", "active": "on"}


def test_an_issuers_rule_is_tried_before_it_is_stored(office, town):
    tried = office.post(reverse("issuer_new"), {**RULE, "try": "1"})
    assert tried.status_code == 200 and "3399010010000012" in tried.content.decode() and "还没有保存" in tried.content.decode()
    assert not Issuer.objects.exists()
    post(office, "issuer_new", **RULE)
    issuer = Issuer.objects.get()
    IssuedPlate.objects.create(issuer=issuer, external_id="3399010010000012", doorplate=town.doorplates["P01"])
    assert town.doorplates["P01"].address in post(office, "issuer_edit", "police", answers=200, **RULE, **{"try": "1"})
    assert read_scanned(RULE["example"]).doorplate == town.doorplates["P01"]
    post(office, "issuer_edit", "police", **{**RULE, "active": "", "slug": "other"})
    issuer.refresh_from_db()
    assert (issuer.slug, issuer.active) == ("police", False) and read_scanned(RULE["example"]).kind == "unknown"
    assert "修改" in page(office, "issuer_edit", "police")


@pytest.mark.parametrize(("change", "says"), [
    ({"pattern": "("}, "规则写得不对"), ({"pattern": r"\d+"}, "括出编号"), ({"example": "别的文字"}, "读不出编号"), ({"slug": "Police_1"}, "小写字母"), ({"name": ""}, "名称"), ({"slug": "new"}, "留作他用"),
])  # fmt: skip
def test_a_rule_that_does_not_work_is_not_stored(office, town, change, says):
    said = post(office, "issuer_new", answers=422, **{**RULE, **change})
    assert says in said and not Issuer.objects.exists()


def test_a_slug_is_taken_once(office, town):
    post(office, "issuer_new", **RULE)
    assert "已经用了" in post(office, "issuer_new", answers=422, **RULE)
