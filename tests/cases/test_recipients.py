"""Who gets a report: near a border by the side that was chosen, to a deputy by name, from the code on the door; and what is kept of it."""

import html
import re
import uuid

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from apps.cases import workflow
from apps.cases.models import BorderAnswer, Case
from apps.deputies.models import Mandate
from apps.record import issuing
from apps.territory.models import IssuedPlate, Issuer, LayerVersion, PlateCode
from tests import town as toy
from tests.cases.conftest import a_report
from tests.cases.test_public_pages import filled, words
from tests.conftest import public_role

NEAR = toy.at(0.98, 0.6)  # 20 m from the border between 东溪镇 and 南山乡
SOUTH, EAST = "C-01|A-01", "C-01|B-01"


@pytest.fixture
def page(town, people):
    """A resident's client, whose requests have no more than the public role's rights."""

    class Resident(Client):
        def request(self, **request):
            with public_role():
                return super().request(**request)

    return Resident()


def at(point, **more) -> dict:
    return filled(lat=f"{point.y:.6f}", lon=f"{point.x:.6f}", **more)


def shown(response) -> str:
    return html.unescape(response.content.decode())


def test_near_a_border_the_report_asks_and_goes_to_the_side_that_was_chosen(page):
    body = shown(page.get("/report", {"lat": NEAR.y, "lon": NEAR.x, "side": EAST}))
    assert "您登记在哪个选区？" in body and "不清楚" in body
    assert re.findall(r'name="side" id="[^"]+" value="([^"]+)"( checked)?', body) == [(SOUTH, ""), (EAST, " checked"), ("unsure", "")]
    assert page.post("/report", at(NEAR, side=EAST)).status_code == 302
    case = Case.objects.get()
    assert (case.county_district.code, case.township_district.code) == ("C-01", "B-01")
    assert case.deputy.code in ("D1", "D2", "D7") and "“第1选区、南山乡第1选区”的代表" in case.deputy_reason
    answer = case.border_answer
    assert (answer.reply, answer.chosen) == ("chosen", 1) and answer.margin_m == pytest.approx(19.67, abs=0.05)
    assert answer.offered == [
        {"codes": ["C-01", "A-01"], "name": "第1选区、东溪镇第1选区", "metres": 0.0},
        {"codes": ["C-01", "B-01"], "name": "第1选区、南山乡第1选区", "metres": pytest.approx(19.67, abs=0.05)},
    ]
    assert case.events.get().data["border"] == "chosen"


@pytest.mark.parametrize(("side", "reply"), [(SOUTH, "chosen"), ("unsure", "unsure"), ("", "silent")])
def test_every_answer_is_kept_with_the_case_and_told_to_the_office(side, reply, page, people):
    page.post("/report", at(NEAR, side=side))
    case = Case.objects.get()
    assert case.border_answer.reply == reply and case.township_district.code == "A-01"
    office = Client()
    office.force_login(people.deputy)
    said = words(office.get(f"/cases/{case.code}/"))
    answer = {"chosen": "反映人登记在“第1选区、东溪镇第1选区”", "unsure": "反映人不清楚", "silent": "反映人没有回答"}[reply]
    assert "位置离选区边界约 20 米，按位置是“第1选区、东溪镇第1选区”" in said and answer in said
    assert "选区确认" not in words(page.get(f"/follow/{case.follow_code}"))


def test_far_from_borders_nothing_is_asked_and_nothing_kept(page):
    page.post("/report", filled(side=EAST))
    case = Case.objects.get()
    assert case.township_district.code == "A-01" and not BorderAnswer.objects.exists() and "border" not in case.events.get().data


def test_a_side_that_is_gone_since_the_pin_was_moved_is_asked_again(page):
    response = page.post("/report", at(toy.at(1.98, 0.6), side=EAST.replace("B", "A")))
    assert response.status_code == 422 and "位置变了，请重新选您登记的选区。" in words(response)
    assert "C-01|B-01" in shown(response) and "C-03" in shown(response) and not Case.objects.exists()
    assert page.post("/report", at(toy.at(1.98, 0.6), side="C-03")).status_code == 302
    assert Case.objects.get().county_district.code == "C-03" and Case.objects.get().township_district is None


def test_a_rough_position_widens_the_question_and_is_kept(page):
    here = toy.at(0.9, 0.6)  # 98 m from the border
    assert "您登记在哪个选区" not in words(page.get("/report", {"lat": here.y, "lon": here.x}))
    rough = page.get("/report", {"lat": here.y, "lon": here.x, "accuracy": "150"})
    assert "您登记在哪个选区" in words(rough) and 'name="accuracy" value="150"' in shown(rough)
    page.post("/report", at(here, accuracy="150", side=EAST, datum="gcj02"))
    case = Case.objects.get()
    assert (case.accuracy_m, case.datum, case.border_answer.reply) == (150.0, "gcj02", "chosen")


@pytest.mark.parametrize("accuracy", ["", "-5", "nan", "inf", "viel", "0"])
def test_an_accuracy_that_is_none_counts_as_a_pin(accuracy, page):
    assert page.post("/report", filled(accuracy=accuracy, datum="beijing54")).status_code == 302
    assert (Case.objects.get().accuracy_m, Case.objects.get().datum) == (None, "")


def test_the_office_reads_how_the_place_was_known(page, people):
    page.post("/report", filled(accuracy="150", datum="gcj02"))
    office = Client()
    office.force_login(people.deputy)
    said = words(office.get(f"/cases/{Case.objects.get().code}/"))
    assert "定位，误差约 150 米" in said and "已从GCJ-02（高德、腾讯地图等）换算" in said


def test_the_answer_at_the_pin_follows_the_choice(page):
    at_pin = {"lat": NEAR.y, "lon": NEAR.x}
    assert "先由陈安代表办理" in words(page.get("/report/place", {**at_pin, "side": SOUTH}))
    assert "先由林秀代表办理" in words(page.get("/report/place", {"lat": NEAR.y, "lon": toy.at(1.5, 0.4).x, "side": ""}))


# --- to a deputy -----------------------------------------------------------------------------------------------------------


def test_a_report_to_a_deputy_of_the_place_goes_to_him(page):
    body = words(page.get("/report", {"to": "D2", "lat": toy.at(0.6, 0.6).y, "lon": toy.at(0.6, 0.6).x}))
    assert "向林秀代表反映" in body and "先由林秀代表办理" in body and "交给谁" not in body
    page.post("/report", filled(to="D2"))
    assert Case.objects.get().deputy.code == "D2"  # 陈安 would have been the nearest


def test_a_deputy_of_another_district_is_asked_about_and_the_reporter_chooses(page):
    body = words(page.get("/report", {"to": "D4", "lat": toy.at(0.6, 0.6).y, "lon": toy.at(0.6, 0.6).x}))
    assert "吴敏是第3选区的代表，这个位置不在这个选区" in body and "仍然交给吴敏代表" in body and "交给此地选区的陈安代表" in body
    undecided = page.post("/report", filled(to="D4"))
    assert undecided.status_code == 422 and "请选交给谁" in words(undecided) and "交给谁？" in words(undecided) and not Case.objects.exists()
    assert page.post("/report", filled(to="D4", recipient="addressee")).status_code == 302
    case = Case.objects.get()
    assert (case.deputy.code, case.station.code, case.county_district.code) == ("D4", "S-S", "C-01")
    assert case.deputy_reason == "反映人写给这位代表"
    page.post("/report", filled(to="D4", recipient="local"))
    assert Case.objects.exclude(pk=case.pk).get().deputy.code == "D1"


def test_a_deputy_of_the_city_serves_the_whole_county(page):
    body = words(page.get("/report", {"to": "D8", "lat": toy.at(0.6, 0.6).y, "lon": toy.at(0.6, 0.6).x}))
    assert "向王正代表反映" in body and "方州市人大代表" in body and "交给谁" not in body
    assert page.post("/report", filled(to="D8")).status_code == 302 and Case.objects.get().deputy.code == "D8"


def test_where_nobody_serves_a_named_deputy_may_take_it_or_the_office(page):
    empty = toy.at(2.5, 1.5)
    assert "交给城关街道人大工委" in words(page.get("/report/place", {"to": "D4", "lat": empty.y, "lon": empty.x}))
    page.post("/report", at(empty, to="D4", recipient="local"))
    assert Case.objects.get().state == "with_town"


@pytest.mark.parametrize("to", ["D1", "NONE", "<script>", "D1\x00", "x" * 500])
def test_who_is_not_in_office_is_said_to_be_so_and_the_place_decides(to, town, page):
    Mandate.objects.filter(deputy=town.deputies["D1"]).delete()
    LayerVersion.raise_for("deputy")
    start = page.get("/report", {"to": to})
    assert start.status_code == 200 and "现在不在任" in words(start) and b"<script>" not in start.content
    assert page.post("/report", filled(to=to)).status_code == 302
    assert Case.objects.get().deputy.code == "D6"


def test_a_report_to_a_deputy_whose_place_is_not_known_yet(page):
    start = page.get("/report", {"to": "D4"})
    assert "向吴敏代表反映" in words(start) and "交给谁" not in words(start)
    missing = page.post("/report", filled(to="D4", lat="", lon=""))
    assert missing.status_code == 422 and "请在地图上点一下问题发生的位置" in words(missing) and 'value="D4"' in shown(missing)


def test_the_chosen_side_decides_whether_the_addressee_serves(page):
    """D7 serves only across the border: who says he is registered there need not choose again."""
    assert "交给谁" in words(page.get("/report/place", {"to": "D7", "lat": NEAR.y, "lon": NEAR.x}))
    assert "交给谁" not in words(page.get("/report/place", {"to": "D7", "lat": NEAR.y, "lon": NEAR.x, "side": EAST}))
    assert page.post("/report", at(NEAR, to="D7", side=EAST)).status_code == 302
    assert Case.objects.get().deputy.code == "D7"


# --- from the code on the door ---------------------------------------------------------------------------------------------


@pytest.fixture
def codes(town):
    """A code of ours on a door, one on a house without a plate, and an issuer's plate."""
    door, hut = PlateCode(doorplate=town.doorplates["P02"]), PlateCode(words="后山机耕路尽头的管理房", point=toy.at(0.3, 1.3))
    issuing.issue([door, hut])
    police = Issuer.objects.create(slug="police", name="公安门牌", pattern=r"https://plates\.example/(?P<id>\d+)", example="https://plates.example/1")
    IssuedPlate.objects.create(issuer=police, external_id="330001", doorplate=town.doorplates["P06"])
    return {"door": door.code, "hut": hut.code, "issued": "police/330001"}


def without_place(**more) -> dict:
    return filled(lat="", lon="", place="", **more)


def test_a_scanned_door_needs_no_position_in_the_address(codes, page):
    start = page.get("/report", {"code": codes["door"], "via": "scan"})
    assert start.status_code == 200 and "东溪镇人民路12号" in words(start) and "先由陈安代表办理" in words(start)
    assert 'name="lat" value="28.005000"' in shown(start) and f'name="code" value="{codes["door"]}"' in shown(start)
    for given in (without_place(code=codes["door"]), filled(code=codes["door"], lat="28.005000", lon="120.005000", place="")):
        page.post("/report", given)
    first, second = Case.objects.order_by("pk")
    for case in (first, second):
        assert (case.doorplate.code, case.place, case.scanned, case.channel) == ("P02", "东溪镇人民路12号", codes["door"], "scan")
        assert (round(case.point.x, 6), round(case.point.y, 6)) == (120.005, 28.005)


def test_an_issuers_plate_and_a_house_without_one(codes, page, people):
    page.post("/report", without_place(code=codes["issued"]))
    case = Case.objects.get()
    assert (case.doorplate.code, case.scanned, case.channel) == ("P06", "police/330001", "scan")
    page.post("/report", without_place(code=codes["hut"]))
    case = Case.objects.exclude(pk=case.pk).get()
    assert (case.doorplate, case.place, case.scanned) == (None, "后山机耕路尽头的管理房", codes["hut"])
    assert "后山机耕路尽头的管理房" in words(page.get("/report", {"code": codes["hut"]}))
    office = Client()
    office.force_login(people.county_office)
    assert f"扫码 {codes['hut']}" in words(office.get(f"/cases/{case.code}/"))


def test_a_pin_moved_away_from_the_scanned_door_leaves_it(codes, page):
    page.post("/report", at(toy.at(0.5, 0.7), code=codes["door"]))
    case = Case.objects.get()
    assert (case.doorplate, case.scanned) == (None, codes["door"])


@pytest.mark.parametrize("code", ["NOPE", "police/999", "nobody/330001", "../../etc", "a\x00b", "x" * 4000, "/", "police/"])
def test_a_code_that_nobody_issued_is_answered_with_what_to_do(code, codes, page):
    start = page.get("/report", {"code": code})
    assert start.status_code == 404 and "没有认出这个门牌码，请在下面的地图上标出位置" in words(start)
    assert page.post("/report", without_place(code=code)).status_code == 422
    assert page.post("/report", filled(code=code)).status_code == 302
    assert (Case.objects.get().scanned, Case.objects.get().channel) == ("", "web")


def test_nobody_can_ask_at_the_pin_whether_there_is_a_code(codes, page):
    known, unknown = (page.get("/report/place", {"code": code}) for code in (codes["door"], "NOPE"))
    assert known.content == unknown.content


def test_the_public_role_adds_what_was_answered_and_reads_none(town, people):
    with public_role():
        workflow.submit(a_report(lon=NEAR.x, lat=NEAR.y, side=EAST, accuracy=20.0))
    for statement in ("SELECT reply FROM cases_borderanswer", "UPDATE cases_borderanswer SET reply = 'unsure'", "SELECT accuracy_m FROM cases_case", "SELECT scanned FROM cases_case"):
        with public_role(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)
    assert BorderAnswer.objects.get().reply == "chosen"


def test_the_same_report_sent_twice_has_one_answer(page):
    form = at(NEAR, side=EAST, submission=str(uuid.uuid4()))
    assert page.post("/report", form)["Location"] == page.post("/report", form)["Location"]
    assert BorderAnswer.objects.count() == Case.objects.count() == 1


def test_a_clerk_who_enters_for_somebody_is_asked_too(people):
    office = Client()
    office.force_login(people.county_office)
    body = shown(office.get("/cases/new/", {"lat": NEAR.y, "lon": NEAR.x}))
    assert "反映人登记在哪个选区？" in body and "您登记" not in body
    wrong = office.post("/cases/new/", at(NEAR, side=EAST, channel="phone", text=""))
    assert wrong.status_code == 422 and f'value="{EAST}" checked' in shown(wrong)
    office.post("/cases/new/", at(NEAR, side=EAST, channel="phone"))
    assert Case.objects.get().border_answer.reply == "chosen"
