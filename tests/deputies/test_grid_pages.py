"""The pages of the deputy grid as offices of two scopes, a leader and a deputy use them; how many queries they take."""

import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from apps.deputies.grid import GridMember
from apps.deputies.models import Deputy, Mandate
from apps.deputies.workflow_grid import confirm_waiting, propose
from apps.territory.models import Grid
from tests.deputies.test_grid import member, rows
from tests.town import box


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def clerk(town_clerk) -> Client:
    return signed_in(town_clerk)


@pytest.fixture
def office(county_office) -> Client:
    return signed_in(county_office)


@pytest.fixture(autouse=True)
def proposed(town, county_office):
    propose(county_office)


def test_roster_by_village(clerk, office):
    body = clerk.get("/grids/").content.decode()
    assert "溪口村第一网格" in body and "陈安" in body and "住在本村社" in body and "3 条推荐待确认" in body and "南山村" not in body
    body = office.get("/grids/?town=339999001000").content.decode()
    assert "城东社区" in body and "郑国" in body and "在本网格工作" in body and "溪口村" not in body
    assert "岭头村" in (found := office.get("/grids/?q=周宁").content.decode()) and "溪口村" not in found
    assert "没有符合条件的村社" in office.get("/grids/?q=不存在").content.decode()


def test_ticked_ones_are_confirmed_or_declined(clerk, town):
    ids = [member(town, "V1", "D1").pk, member(town, "V1", "D6").pk]
    page = clerk.post("/grids/decide", {"do": "decline", "ids": ids, "reason": " ", "q": "溪口"})
    body = page.content.decode()
    assert page.status_code == 422 and "写明不采用的理由" in body and all(f'value="{pk}" checked' in body for pk in ids) and 'value="溪口"' in body
    assert clerk.post("/grids/decide", {"do": "decline", "ids": ids[1], "reason": "常年在外", "q": "溪口"}).headers["Location"] == "/grids/?q=%E6%BA%AA%E5%8F%A3"
    assert "已确认 1 条" in clerk.post("/grids/decide", {"do": "confirm", "ids": ids[0]}, follow=True).content.decode()
    assert rows(town, state="confirmed") == {("V1", "D1", "residence")} and rows(town, state="declined") == {("V1", "D6", "residence")}
    assert clerk.post("/grids/decide", {"do": "confirm", "ids": member(town, "V2", "D2").pk}).status_code == 422, "not of this town"
    for wrong in ({}, {"do": "confirm"}, {"do": "x", "ids": ids}, {"ids": "9" * 30, "do": "confirm"}, {"area": "\x00", "newest": "x"}):
        assert clerk.post("/grids/decide", wrong).status_code == 422


def test_a_whole_village_as_the_page_showed_it(clerk, town, county_office):
    body = clerk.get("/grids/").content.decode()
    newest = body.split('name="newest" value="')[1].split('"')[0]
    Deputy.objects.filter(code="D4").update(residence_village=town.villages["V1"])
    propose(county_office)
    told = clerk.post("/grids/decide", {"area": town.villages["V1"].code, "newest": newest}, follow=True).content.decode()
    assert "已确认 2 条" in told and "又有 1 条新的推荐" in told and ("V1", "D4", "residence") in rows(town, state="proposed")


def test_who_stands_at_all_grids_of_a_village_is_said_once(clerk, town, county_office):
    Grid.objects.create(code="339999100201002", name="溪口村第二网格", village=town.villages["V1"], geom=box(0.9, 0.9, 1, 1))
    propose(county_office)
    body = clerk.get("/grids/?q=溪口").content.decode()
    pks = ",".join(map(str, GridMember.objects.filter(deputy=town.deputies["D6"]).order_by("grid__code").values_list("pk", flat=True)))
    assert "2 个网格都有" in body and body.count("蓝天") == 1 and f'value="{pks}"' in body and "还没有代表</span>" not in body
    clerk.post("/grids/decide", {"do": "confirm", "ids": [pks]})
    assert GridMember.objects.confirmed().filter(deputy=town.deputies["D6"]).count() == 2


def test_one_grid(clerk, office, town):
    path = f"/grids/{town.grids['V1'].code}/"
    assert "待确认" in clerk.get(path).content.decode()
    assert clerk.get(f"/grids/{town.grids['V2'].code}/").status_code == 404 and clerk.get("/grids/none/").status_code == 404
    body = office.get(f"{path}?q=林").content.decode()
    assert "林秀" in body and "南山村" in body
    page = office.post(f"{path}move", {"do": "add", "deputy": "D2", "basis": "field", "field": "education", "reason": "", "q": "林"})
    assert page.status_code == 422 and "写明添加的理由" in page.content.decode() and 'value="D2" required checked' in page.content.decode()
    office.post(f"{path}move", {"do": "add", "deputy": "D2", "basis": "field", "field": "education", "reason": "结对帮扶"})
    body = office.get(path).content.decode()
    assert "懂教育" in body and "人工添加：结对帮扶" in body
    row = member(town, "V1", "D2")
    office.post(f"{path}move", {"do": "decline", "ids": row.pk, "reason": "期满"})
    body = office.get(path).content.decode()
    assert "不采用（1）" in body and "期满" in body and "人工添加" in body
    other = member(town, "V2", "D2").pk
    assert office.post(f"{path}move", {"do": "confirm", "ids": other}).status_code == 422, "a row of another grid"


def test_leaders_look_and_deputies_see_their_own(town, leader, deputy, county_office):
    confirm_waiting(county_office, "339999000000", 10**12)
    looking = signed_in(leader)
    body = looking.get("/grids/").content.decode()
    assert "陈安" in body and "按资料推荐" not in body and "type=\"checkbox\"" not in body
    assert looking.post("/grids/decide", {}).status_code == 403 and looking.post("/supervision/coverage/propose").status_code == 403
    own = signed_in(deputy)
    body = own.get("/grids/mine/").content.decode()
    assert "溪口村第一网格" in body and "同网格代表：蓝天" in body and "城东" not in body
    assert own.get("/grids/").status_code == 403 and own.get("/grids/roster.xlsx").status_code == 403


def test_the_roster_to_sign(clerk, office, town, county_office):
    confirm_waiting(county_office, town.villages["V1"].code, 10**12)
    Deputy.objects.filter(code="D1").update(name="=1+1")
    sheet = load_workbook(io.BytesIO(office.get("/grids/roster.xlsx").content)).active
    told = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=4)]
    assert sheet["A1"].value == "方格县代表网格名册" and "网格 6 个，1 个已有代表，5 个还没有代表" in sheet["A2"].value
    assert [line[4] for line in told if line[1] == "溪口村"] == ["=1+1", "蓝天"] and sheet.cell(5, 5).data_type == "s"
    assert [line[4] for line in told if line[1] == "南山村"] == ["还没有代表"]
    assert "代表签名" in [cell.value for cell in sheet[3]] and "审核人（签名）：" in [line[0] for line in told]
    own = load_workbook(io.BytesIO(clerk.get("/grids/roster.xlsx?town=339999200000").content)).active
    assert "网格 0 个" in own["A2"].value, "a clerk gets nothing of another town"


@pytest.mark.parametrize("path", ["/grids/", "/grids/?show=waiting", "/grids/?show=none&q=网格", "/grids/339999001001001/", "/grids/mine/"])
def test_queries_do_not_grow(path, town, office, deputy, county_office):
    client = signed_in(deputy) if "mine" in path else office
    confirm_waiting(county_office, town.villages["V1"].code, 10**12)
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(12):
        more = Deputy.objects.create(code=f"X{number}", name="甲乙", residence_village=town.villages[f"V{number % 6 + 1}"])
        Mandate.objects.create(deputy=more, term=town.terms["county"], district=town.districts["C1"])
        Grid.objects.create(code=f"3399990010019{number:02}", name="小网格", village=town.villages["V3"], geom=box(2.9, 0.9, 3, 1))
    propose(county_office)
    confirm_waiting(county_office, "339999100000", 10**12)
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) <= len(few) + 1, [query["sql"][:150] for query in many]
    assert len(many) < 24 and GridMember.objects.count() > 20
