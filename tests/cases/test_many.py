"""One move for many cases: each by its own verb; what could not be moved is named with its reason, and nothing typed is lost."""

import struct

import pytest
from django.test import Client

from apps.cases import listing, many, workflow
from apps.cases.models import Case, CaseEvent
from tests.cases.conftest import a_report, brought_to
from tests.cases.test_public_pages import words


@pytest.fixture
def office(people):
    client = Client()
    client.force_login(people.county_office)
    return client


def test_all_that_are_ticked_go_each_by_its_own_verb(town, people, office):
    waiting = [brought_to("with_county", town, people, to="D1") for _ in range(3)]
    left, gone = brought_to("with_deputy", town, people, to="D1"), brought_to("answered", town, people, to="D1")
    answer = office.post(
        "/cases/many",
        {
            "verb": "pass_to_dispatcher",
            "note": "请阅处",
            "case": [case.code for case in (*waiting, left, gone)],
            "next": "/cases/?state=open",
        },
        follow=True,
    )
    assert answer.redirect_chain[0][0] == "/cases/?state=open"
    assert (
        set(Case.objects.filter(state="with_dispatcher")) == set(waiting)
        and Case.objects.get(pk=left.pk).state == "with_deputy"
    )
    said = words(answer)
    assert "已办好 3 件" in said and left.code in said and gone.code in said and "没有办成 1 件" in said
    assert {
        (event.verb, event.note) for event in CaseEvent.objects.filter(subject__in=waiting, verb="pass_to_dispatcher")
    } == {("pass_to_dispatcher", "请阅处")}


def test_what_one_does_not_see_is_not_touched(town, people):
    case = brought_to("with_town", town, people)
    client = Client()
    client.force_login(people.other_clerk)
    answer = client.post("/cases/many", {"verb": "pass_to_county", "case": [case.code, "nonsense", "\x00"]})
    assert answer.status_code == 422 and Case.objects.get(pk=case.pk).state == "with_town"


@pytest.mark.parametrize(("typed", "said"), [
    ({}, "请选要办的一步"), ({"verb": "answer_as_unit"}, "请选要办的一步"), ({"verb": "assign_to_unit", "note": "打好的字"}, "请选择承办单位"),
    ({"verb": "assign_to_unit", "unit": "CONGRESS", "note": "打好的字"}, "没有这一项"), ({"verb": "assign_to_unit", "unit": "CONSTRUCTION", "note": "长" * 501}, "最多 500"),
    ({"verb": "assign_to_unit", "unit": "CONSTRUCTION"}, "没有勾选"),
])  # fmt: skip
def test_what_is_missing_is_said_and_what_was_typed_stays(town, people, typed, said):
    case = brought_to("with_dispatcher", town, people)
    client = Client()
    client.force_login(people.dispatcher)
    answer = client.post("/cases/many", {**typed, **({} if "没有勾选" in said else {"case": case.code})})
    page = answer.content.decode()
    assert (
        answer.status_code == 422
        and said in words(answer)
        and typed.get("note", "") in page
        and (case.code in page or "没有勾选" in said)
    )
    assert Case.objects.get(pk=case.pk).state == "with_dispatcher"


def test_all_of_a_search_may_be_moved_up_to_a_bound(town, people, monkeypatch):
    for number in range(4):
        workflow.pass_to_county(workflow.submit(a_report(text=f"第{number}件{'水' if number else ''}", to="D1")), people.deputy)
    client = Client()
    client.force_login(people.county_office)
    client.post("/cases/many", {"verb": "pass_to_dispatcher", "all": "1", "query": "q=水"})
    assert Case.objects.filter(state="with_dispatcher").count() == 3
    monkeypatch.setattr(many, "MOST", 0)
    answer = client.post("/cases/many", {"verb": "pass_to_dispatcher", "all": "1", "query": ""})
    assert "一次最多办 0 件，现在有 1 件" in words(answer) and Case.objects.filter(state="with_county").count() == 1


def test_a_role_is_offered_what_it_may_do_at_all(town, people):
    offered = {name: {move.verb for move in many.offered(user)} for name, user in people}
    assert (
        offered["leader"] == offered["stranger"] == set()
        and "assign_to_unit" in offered["dispatcher"]
        and "assign_to_unit" not in offered["county_office"]
    )
    assert "remind" in offered["county_office"] and "pass_to_town" in offered["deputy"]


def test_reminding_many_tells_each_holder_once_a_day(town, people, office):
    cases = [brought_to("with_unit", town, people, to="D1") for _ in range(2)]
    for _ in range(2):
        answer = office.post(
            "/cases/many", {"verb": "remind", "note": "请抓紧", "case": [case.code for case in cases]}, follow=True
        )
    assert list(Case.objects.values_list("reminded", flat=True)) == [1, 1] and "今天已经催办过" in words(answer)


def test_marks_are_the_same_cases_as_the_list(town, people, office, clock):
    late = workflow.submit(a_report(text="早"))
    clock.pass_days(30)
    fresh = workflow.submit(a_report(text="晚"))
    done = brought_to("answered", town, people, to="D1")
    body = office.get("/cases/marks?state=all&sort=due").content
    assert body[:4] == b"GRC1" and struct.unpack(">I", body[4:8]) == (3,)
    marks = {row[0]: row[1:] for row in struct.iter_unpack(">IiiB", body[8:])}
    case = Case.objects.get(pk=late.pk)
    assert (
        marks[late.pk] == (round(case.point.x * 1e6), round(case.point.y * 1e6), 3)
        and marks[fresh.pk][2] == 1
        and set(marks) == {late.pk, fresh.pk, done.pk}
    )
    assert (
        len(office.get("/cases/marks?state=open&q=早").content) == 8 + 13
        and len(office.get("/cases/marks?state=open&q=没有的").content) == 8
    )
    other = Client()
    other.force_login(people.other_clerk)
    assert (
        len(other.get("/cases/marks?state=all").content) == 8
        and other.get(f"/cases/marks/{late.pk}").status_code == 404
    )
    told = office.get(f"/cases/marks/{late.pk}").json()
    assert told["url"] == f"/cases/{late.code}/" and "早" in told["lines"][0] and "13900001111" not in str(told)


def test_more_than_the_map_takes_is_said(town, people, office, monkeypatch):
    for _ in range(3):
        workflow.submit(a_report())
    monkeypatch.setattr(listing, "MOST_MARKS", 2)
    body = office.get("/cases/marks?state=open").content
    assert struct.unpack(">I", body[4:8]) == (3,) and len(body) == 8 + 2 * 13


def test_the_workbook_holds_the_same_rows_as_text(town, people, office, monkeypatch):
    import io

    from openpyxl import load_workbook

    from apps.cases import table

    workflow.submit(a_report(text="=1+1"))
    workflow.submit(a_report(text="别的\x0b事"))
    answer = office.get("/cases/export.xlsx?state=open")
    rows = list(load_workbook(io.BytesIO(answer.content)).active.values)
    texts = {row[rows[0].index("内容")] for row in rows[1:]}
    assert texts == {"=1+1", "别的事"} and b"13900001111" not in answer.content and "查询码" not in rows[0]
    monkeypatch.setattr(table, "MOST_IN_WORKBOOK", 1)
    assert "导出 CSV" in words(office.get("/cases/export.xlsx?state=open", follow=True))


def test_a_number_leads_straight_to_its_case(town, people, office):
    case = workflow.submit(a_report())
    assert office.get("/cases/", {"q": case.code}).url == f"/cases/{case.code}/"
    other = Client()
    other.force_login(people.other_clerk)
    assert other.get("/cases/", {"q": case.code}).status_code == 200
