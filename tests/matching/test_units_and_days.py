"""Districts by unit and joint ones, found by the employer's name; and the answer of another day."""

import datetime as dt
import html
import re

import pytest

from apps.deputies.models import Mandate
from apps.matching.finding import engine
from apps.organisations.models import Organisation
from apps.territory.models import ElectoralDistrict, LayerVersion, Term
from tests.matching.test_find_page import texts, where
from tests.town import TODAY, at, box


@pytest.fixture
def page(town, as_public, client):
    def get(**parameters):
        response = client.get("/find", parameters)
        return response.status_code, html.unescape(response.content.decode())

    return get


@pytest.fixture
def placed(town):
    """The factory stands in the joint district; a school that no district names stands in another."""
    Organisation.objects.filter(code="FACTORY").update(point=at(2.5, 0.2))
    Organisation.objects.create(code="SCHOOL", name="方格县实验小学", short_name="县实小", kind="school", area_code="339999100000", point=at(0.3, 0.3))
    LayerVersion.raise_for("organisation")


def test_a_joint_district_is_found_by_the_unit(placed, page):
    for q in ("方格机械厂", "机械厂", " 机械厂 ", "方格 机械厂"):
        status, body = page(q=q)
        shown = texts(body)
        assert status == 200 and "本单位所在选区" in shown and "第3选区（居住与单位联合）" in shown, q
        assert "吴敏" in shown and "您单位所在选区的代表" in shown and "以选民名单为准" in shown
        assert re.findall(r'href="(/report\?[^"]+)"', body) == ["/report?to=D4&lat=28.002000&lon=120.025000"]
    assert "城关街道是街道，不设人民代表大会" in shown


def test_and_the_joint_district_names_its_units(placed, page):
    shown = texts(page(**where(2.5, 0.2))[1])
    assert "“第3选区”由居民和单位联合组成" in shown and "方格机械厂" in shown
    assert "城关街道是街道，不设人民代表大会，在这里登记的选民只选县级人大代表" in shown
    assert "联合组成" not in texts(page(**where(0.5, 0.5))[1])


def test_staff_of_county_organs_vote_at_county_level_only(town, page):
    status, body = page(q="县人大")
    shown = texts(body)
    assert status == 200 and "县直机关选区（按单位）" in shown and "郑国" in shown
    assert "只参加县级人大代表的选举，不参加乡镇人大代表的选举" in shown
    assert "只参加县级" not in texts(page(q="机械厂")[1])


def test_a_unit_that_no_district_names_votes_where_it_stands(placed, page):
    _, body = page(q="县实小")
    shown = texts(body)
    assert "没有哪个选区单独列出这个单位" in shown and "第1选区、东溪镇第1选区" in shown and "/find?lat=28.003000&lon=120.003000" in body


def test_part_of_a_name_is_enough_and_several_are_chosen_from(placed, page):
    assert "方格县实验小学" in texts(page(q="实验小学")[1])
    status, body = page(q="局")
    assert status == 404 and "没有找到" in texts(body)  # one character fits everything
    status, body = page(q="水利局")
    assert status == 200 and "方格县水利局" in texts(body)
    status, body = page(q="人民政府")
    assert status == 200 and re.findall(r'href="[^"]*unit=([A-Z-]+)"', body) == ["TOWN-A", "TOWN-B", "GOV-OFFICE"]
    assert "请选择您的单位" in texts(body)


def test_an_address_goes_before_a_unit_and_a_town_is_no_unit(placed, page):
    assert "东溪镇人民路12号" in texts(page(q="东溪镇人民路12号")[1])
    status, body = page(q="东溪镇")
    assert status == 404 and "范围较大" in texts(body)


@pytest.fixture
def office(placed):
    """It is called by its town's name for short."""
    Organisation.objects.create(code="OFFICE", name="东溪镇政府大院", short_name="东溪镇", kind="government", area_code="339999100000", point=at(0.3, 0.3))
    LayerVersion.raise_for("organisation")


def test_a_towns_name_is_not_taken_for_its_office(office, page):
    status, body = page(q="东溪镇")
    assert status == 200 and "范围较大" in texts(body) and "东溪镇政府大院" in texts(body) and "本单位所在选区" not in body
    assert "本单位所在选区" in page(q="东溪镇政府大院")[1]


def test_a_unit_by_its_code(placed, page):
    assert "方格机械厂" in texts(page(unit="FACTORY")[1])
    status, body = page(unit="NONE")
    assert status == 400 and "没有编号为“NONE”的单位" in texts(body)
    assert page(unit="<b>")[0] == 400


def test_a_vacant_district_of_a_unit(town, client):
    Mandate.objects.filter(deputy=town.deputies["D5"]).update(ended_on=dt.date(2026, 1, 1))
    LayerVersion.raise_for("deputy")
    shown = texts(html.unescape(client.get("/find", {"q": "县人大"}).content.decode()))
    assert "县直机关选区（按单位）（暂无在任代表）" in shown


def test_units_by_the_interface(placed, as_public, client):
    body = client.get("/api/v1/employers", {"q": "机械厂"}).json()
    assert body["employers"][0]["districts"] == [
        {"level": "county", "code": "C-03", "name": "第3选区", "term": "方格县第17届人民代表大会", "basis": "joint"}
    ]
    assert [deputy["id"] for deputy in body["employers"][0]["deputies"]] == ["D4"] and body["employers"][0]["districts_where_it_stands"] == ["C-03"]
    assert client.get("/api/v1/employers", {"code": "CONGRESS"}).json()["employers"][0]["county_level_only"] is True
    assert client.get("/api/v1/employers", {"q": "没有的单位"}).status_code == 404
    refused = client.get("/api/v1/find", {"q": "机械厂"})
    assert refused.status_code == 404 and refused.json()["employers"] == [{"code": "FACTORY", "name": "方格机械厂"}]
    found = client.get("/api/v1/find", where(2.5, 0.2)).json()
    assert found["districts"][0]["basis"] == "joint" and found["districts"][0]["employers"] == [{"code": "FACTORY", "name": "方格机械厂"}]


@pytest.fixture
def next_term(town):
    """From 2097 on the whole county is one district, served by 黄杰; 陈安 left on 11 March 2026."""
    later = Term.objects.create(congress=town.county, level="county", number=18, starts=dt.date(2097, 2, 1), ends=dt.date(2099, 12, 31))
    new = ElectoralDistrict.objects.create(code="N-01", term=later, number=1, name="新第1选区", seats=1, basis="residence", geom=box(0, 0, 3, 2))
    Mandate.objects.create(deputy=town.deputies["D3"], term=later, district=new)
    Mandate.objects.filter(deputy=town.deputies["D1"]).update(ended_on=dt.date(2026, 3, 11))
    LayerVersion.raise_for("district", "deputy")


@pytest.mark.parametrize("on", ["2026-03-10", "20260310", "2026年3月10日", "2026/3/10", "２０２６-０３-１０"])
def test_a_day_has_its_own_boundaries_and_mandates(next_term, page, on):
    status, body = page(**where(0.5, 0.5), on=on)
    shown = texts(body)
    assert status == 200 and "这里显示 2026年3月10日 的选区和代表" in shown and "陈安" in shown
    assert "反映问题" not in shown  # what is reported is reported today
    assert re.search(r'<a href="/find\?lat=28.005000&lon=120.005000">看今天的', body)


def test_the_day_before_and_after_a_change(next_term, page):
    assert "陈安" not in texts(page(**where(0.5, 0.5), on="2026-03-11")[1])
    assert "第1选区" in texts(page(**where(0.5, 0.5), on="2097-01-31")[1])
    shown = texts(page(**where(0.5, 0.5), on="2097-02-01")[1])
    assert "新第1选区" in shown and "黄杰" in shown and "东溪镇第1选区" not in shown
    status, body = page(**where(0.5, 0.5), on="2021-01-01")
    assert status == 404 and "那一天不在任何选区内" in texts(body)
    assert "新第1选区" in texts(page(q="东溪镇人民路12号", on="2097-02-01")[1])


@pytest.mark.parametrize("on", ["2026-02-30", "昨天", "2026-13-01", "2026-3", "0001-01-01", "2500-01-01", "2026-03-10x", "-1", "\x00"])
def test_bad_days_are_answered(town, page, client, on):
    status, body = page(**where(0.5, 0.5), on=on)
    assert status == 400 and ("日期 on 应写成 2026-03-01 这样" in texts(body) or "只能查 1954 年到 2099 年之间" in texts(body))
    assert client.get("/api/v1/find", where(0.5, 0.5, on=on)).status_code == 400
    assert client.get("/api/v1/employers", {"q": "机械厂", "on": on}).status_code == 400


def test_days_by_the_interface(next_term, as_public, client):
    def ask(on):
        return client.get("/api/v1/find", where(0.5, 0.5, on=on)).json()

    assert ask("2026-03-10")["on"] == "2026-03-10" and ask("2026-03-10")["deputies"][0]["id"] == "D1"
    assert [district["code"] for district in ask("2097-02-01")["districts"]] == ["N-01"]
    assert "在那一天没有划入选区" in ask("2000-01-01")["message"]


def test_many_days_do_not_push_today_out_of_memory(next_term):
    """Whoever asks for one day after the other makes no work: days between two changes are one."""
    current = engine()
    today = current.on(TODAY)
    shapes = len(current._shapes)
    for step in range(400):
        current.on(dt.date(2030, 1, 1) + dt.timedelta(days=step))
        assert current.on(TODAY) is today
    assert len(current._shapes) == shapes and len(current._spans) <= 3
    assert today.next_duty[today.stations[0].pk] == dt.date(2026, 3, 15)
    assert current.on(dt.date(2030, 6, 20)).next_duty[today.stations[0].pk] == dt.date(2030, 7, 15)
