"""The turnover's pages: who may see them, what they show, how publishing is refused in words without losing what was typed."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from apps.deputies.models import Deputy, Mandate
from apps.matching import workflow
from apps.territory.models import Doorplate
from apps.territory.terms import DistrictChange, Term
from tests.matching.next_term import drafted, shape
from tests.matching.test_turnover import APPROVAL, compared
from tests.town import TODAY, at, box

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: TODAY)


@pytest.fixture
def draft(town) -> Term:
    return drafted(town)


@pytest.fixture
def office(client, county_office):
    client.force_login(county_office)
    return client


def page(client, name: str, *args, **query) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_list_says_what_each_term_is(office, draft):
    said = page(office, "term_list")
    assert said.index("方格县第18届") < said.index("方格县第17届"), "drafts first"
    assert "草案" in said and "现行" in said and "还没有比对" in said
    compared(draft)
    assert "1 个门牌改属" in page(office, "term_list")
    assert "东溪镇第15届" not in page(office, "term_list", q="方格")
    assert "没有符合条件的届" in page(office, "term_list", state="set_aside")


def test_a_town_sees_its_own_terms_only(client, town_clerk, draft, town):
    client.force_login(town_clerk)
    said = page(client, "term_list")
    assert "东溪镇第15届" in said and "方格县" not in said.split("app-main")[1].split("app-footer")[0]
    assert client.get(reverse("term_detail", args=[draft.pk])).status_code == 404
    assert client.post(reverse("term_compare", args=[draft.pk])).status_code == 404
    own = Term.objects.create(congress=town.towns["A"], level="township", number=16, starts=draft.starts, ends=draft.ends, state="draft")
    assert client.post(reverse("term_compare", args=[own.pk]), {"base": ""}).status_code == 302
    assert client.post(reverse("term_publish", args=[own.pk]), {"approval": "x", "approved_on": "2026-03-01"}).status_code == 403


@pytest.mark.parametrize("who", ["deputy", "unit_officer", "dispatcher"])
def test_not_for_everybody(client, users, draft, who):
    client.force_login(getattr(users, who))
    assert client.get(reverse("term_list")).status_code == 403


def test_leaders_look_and_do_not_touch(client, leader, draft):
    client.force_login(leader)
    compared(draft)
    said = page(client, "term_detail", draft.pk)
    assert "新第1选区" in said and reverse("term_publish", args=[draft.pk]) not in said and reverse("term_compare", args=[draft.pk]) not in said
    assert client.post(reverse("term_compare", args=[draft.pk])).status_code == 403
    assert client.post(reverse("term_publish", args=[draft.pk])).status_code == 403


def test_from_comparing_to_publishing_by_the_pages(office, draft, town):
    said = page(office, "term_detail", draft.pk)
    assert "还没有比对" in said and "disabled" in said
    answer = office.post(reverse("term_compare", args=[draft.pk]), {"base": town.terms["county"].pk}, follow=True)
    assert "排队中" in answer.content.decode()
    review = draft.reviews.get()
    progress = office.get(reverse("term_progress", args=[draft.pk, review.pk]))
    assert "HX-Refresh" not in progress.headers and "排队中" in progress.content.decode()
    workflow.compute(review.pk)
    assert office.get(reverse("term_progress", args=[draft.pk, review.pk])).headers["HX-Refresh"] == "true"
    said = page(office, "term_detail", draft.pk)
    assert "11 个门牌都在、且只在一个新选区" in said and "第1选区 → 新第2选区" in said and "−11.8%" in said

    refused = office.post(reverse("term_publish", args=[draft.pk]), {"approval": "县选举委员会公告第3号", "approved_on": "2026-05-01"})
    assert refused.status_code == 422
    assert "不晚于今天" in refused.content.decode() and 'value="县选举委员会公告第3号"' in refused.content.decode(), "what was typed stays"
    refused = office.post(reverse("term_publish", args=[draft.pk]), {"approval": "", "approved_on": "gestern"})
    assert refused.status_code == 422 and "请写明由谁批准" in refused.content.decode() and "请填日期" in refused.content.decode()

    answer = office.post(reverse("term_publish", args=[draft.pk]), {"approval": APPROVAL, "approved_on": "2026-03-01"}, follow=True)
    assert "选区已公布，从 2027年02月01日起生效" in answer.content.decode()
    assert "撤回公布" in answer.content.decode() and APPROVAL in answer.content.decode()
    answer = office.post(reverse("term_publish", args=[draft.pk]), {"approval": APPROVAL, "approved_on": "2026-03-01"}, follow=True)
    assert "notice-late" in answer.content.decode() and answer.redirect_chain, "a second clerk is told that it was published before"
    answer = office.post(reverse("term_take_back", args=[draft.pk]), {"reason": ""}, follow=True)
    assert "请写明撤回的理由" in answer.content.decode()
    answer = office.post(reverse("term_take_back", args=[draft.pk]), {"reason": "界线有误"}, follow=True)
    assert "已撤回公布" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_a_stale_review_says_so(office, draft):
    compared(draft)
    draft.districts.filter(code="N1-18").update(seats=1)
    assert "比对之后选区或门牌有变化" in page(office, "term_detail", draft.pk)


def test_seats_are_typed_and_checked(office, draft):
    assert office.post(reverse("term_seats", args=[draft.pk]), {"seats": "-3"}).status_code == 422
    office.post(reverse("term_seats", args=[draft.pk]), {"seats": "7"})
    workflow.compute(draft.reviews.get().pk)
    assert "名额合计 6，与核定的 7 不符" in page(office, "term_detail", draft.pk)


def test_every_doorplate_that_changes(office, draft, town):
    draft.districts.filter(code="N1-18").update(geom=box(0, 0, 1.1, 1))
    draft.districts.filter(code="N2-18").update(geom=shape((1.1, 0, 2, 1), (0, 1, 2, 2)))
    compared(draft)
    said = page(office, "term_changes", draft.pk)
    assert "南山乡南山街8号" in said and "南山乡人民路101号" in said and "共 2 条" in said
    assert "共 1 条" in page(office, "term_changes", draft.pk, q="南山街")
    old, new = town.districts["C1"].pk, draft.districts.get(code="N2-18").pk
    assert "共 2 条" in page(office, "term_changes", draft.pk, old=old, new=new)
    assert "没有符合条件" in page(office, "term_changes", draft.pk, old="none")
    assert "没有符合条件" in page(office, "term_changes", draft.pk, new="99999999999999999999"[:18])
    table = b"".join(office.get(reverse("term_changes_csv", args=[draft.pk])).streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert rows[0][:2] == ["门牌编号", "地址"] and [row[0] for row in rows[1:]] == ["P05", "P06"]
    assert rows[1][4:] == ["C-01", "第1选区", "N2-18", "新第2选区"]
    assert office.get(reverse("term_changes", args=[town.terms["A"].pk])).status_code == 404, "nothing compared"


def test_no_formula_leaves_in_a_table(office, draft, town):
    Doorplate.objects.filter(code="P06").update(address="=1+1")
    draft.districts.filter(code="N2-18").update(name="=cmd()")
    compared(draft)
    table = b"".join(office.get(reverse("term_changes_csv", args=[draft.pk])).streaming_content).decode("utf-8-sig")
    assert "'=1+1" in table and "'=cmd()" in table
    book = load_workbook(io.BytesIO(office.get(reverse("term_workbook", args=[draft.pk])).content))
    assert book.sheetnames == ["核对", "选区", "改属汇总", "不再延续的选区", "分开的村社", "改属的单位"]
    assert book["改属汇总"]["B3"].value == "=cmd()" and book["改属汇总"]["B3"].data_type == "s"
    assert [row[2].value for row in book["选区"].iter_rows(min_row=3)] == ["新第1选区", "=cmd()", "新第3选区", "新第4选区", "新第5选区"]


def test_the_map_draws_what_the_lists_say(office, draft, town):
    compared(draft)
    data = json.loads(office.get(reverse("term_map", args=[draft.pk])).content)
    assert [f["properties"]["code"] for f in data["new"]["features"]] == ["N1-18", "N2-18", "N3-18", "N4-18"]
    assert [f["properties"]["code"] for f in data["old"]["features"]] == ["C-01", "C-02", "C-03", "C-04"]
    assert data["new"]["features"][0]["properties"]["deviation"] == pytest.approx(-0.1176, abs=1e-3)
    assert [f["geometry"]["coordinates"] for f in data["changes"]["features"]] == [[at(1.5, 0.5).x, at(1.5, 0.5).y]] and data["exact"]
    none = json.loads(office.get(reverse("term_map", args=[draft.pk]), {"old": "none"}).content)
    assert none["changes"]["features"] == []


def test_odd_filters_narrow_nothing_and_fail_nowhere(office, draft):
    compared(draft)
    for name, args, query in (("term_list", (), {"q": "\x00"}), ("term_detail", (draft.pk,), {"base": "²"}), ("term_changes", (draft.pk,), {"old": "²", "new": "x", "q": "\x00"})):
        assert office.get(reverse(name, args=args), query).status_code == 200
    assert office.post(reverse("term_compare", args=[draft.pk]), {"base": "²"}).status_code == 302
    assert office.post(reverse("term_take_back", args=[draft.pk]), {"reason": "\x00"}).status_code == 302


def test_too_many_are_counted_by_cell(office, draft, monkeypatch):
    monkeypatch.setattr("apps.matching.turnover_map.POINTS", 0)
    compared(draft)
    data = json.loads(office.get(reverse("term_map", args=[draft.pk])).content)
    assert [f["properties"]["count"] for f in data["changes"]["features"]] == [1] and not data["exact"]


def test_people_page(office, draft, town):
    assert "还没有登记新一届代表" in page(office, "term_people", draft.pk)
    for deputy, district in (("D1", "N1"), ("D6", "N1"), ("D3", "N1")):
        Mandate.objects.create(deputy=town.deputies[deputy], term=draft, district=draft.districts.get(code=f"{district}-18"))
    Mandate.objects.create(deputy=Deputy.objects.create(code="D30", name="林秀", sex="male", capacity=1), term=draft, district=draft.districts.get(code="N3-18"))
    said = page(office, "term_people", draft.pk)
    assert "姓名、性别、出生年份相同" in said and "有 2 个名额，却登记了 3 名代表" in said and "陈安" in said
    assert "新第3选区" not in page(office, "term_people", draft.pk, only="vacant").split("各选区的代表")[1].split("联络站")[0]


def test_queries_do_not_grow(office, draft, town):
    compared(draft)
    page(office, "term_changes", draft.pk)  # what a process remembers is read once
    with CaptureQueriesContext(connection) as few:
        page(office, "term_changes", draft.pk)
    review = draft.reviews.get()
    DistrictChange.objects.bulk_create(
        DistrictChange(review=review, doorplate=plate, old=town.districts["C1"], new=draft.districts.first()) for plate in town.doorplates.values()
    )
    with CaptureQueriesContext(connection) as many:
        page(office, "term_changes", draft.pk)
    assert len(many) == len(few)
    for name in ("term_list", "term_detail", "term_people"):
        with CaptureQueriesContext(connection) as captured:
            page(office, name, *([] if name == "term_list" else [draft.pk]))
        assert len(captured) <= 30, name
