"""The office's pages: one card with what can be done, for every role; coming second; entering for others."""

import uuid

import pytest
from django.test import Client

from apps.cases import workflow
from apps.cases.models import OPEN_STATES, Case, Category
from tests import town as toy
from tests.cases.conftest import a_report, brought_to
from tests.cases.test_public_pages import filled, words


@pytest.fixture
def sign_in(people):
    def signed(name: str) -> Client:
        client = Client()
        client.force_login(getattr(people, name))
        return client

    return signed


def offered(response) -> tuple[list[str], set[str]]:
    """The moves in front, and all that have a button."""
    page = response.content.decode()
    front = [part.split('"')[0] for part in page.split('class="more-moves"')[0].split('name="do" value="')[1:]]
    return front, {part.split('"')[0] for part in page.split('name="verb" value="')[1:]}


EXPECTED = {  # in front
    ("with_deputy", "deputy"): ["answer_as_deputy", "pass_to_town", "pass_to_county"],
    ("with_deputy", "mate"): [],
    ("with_deputy", "town_clerk"): ["remind"],
    ("with_town", "town_clerk"): ["answer_as_town", "pass_to_county"],
    ("with_county", "county_office"): ["answer_as_county", "pass_to_dispatcher"],
    ("with_dispatcher", "dispatcher"): ["assign_to_unit", "return_to_county"],
    ("with_unit", "unit_officer"): ["answer_as_unit", "sign", "return_to_dispatcher"],
    ("with_unit", "leader"): ["oversee"],
    ("answered", "county_office"): [],
}


@pytest.mark.parametrize(("state", "person"), EXPECTED)
def test_the_card_shows_what_this_person_can_do(state, person, town, people, sign_in):
    case = brought_to(state, town, people)
    response = sign_in(person).get(f"/cases/{case.code}/")
    front, every = offered(response)
    assert response.status_code == 200 and front == EXPECTED[state, person] and every == {move.verb for move in workflow.possible_moves(case, getattr(people, person))}
    said = words(response)
    assert case.text in said and case.holder() in said and "经过" in said
    assert ("13900001111" in said) == (case.state in OPEN_STATES and case.held_by(getattr(people, person)))


@pytest.mark.parametrize("person", ["other_deputy", "other_clerk", "unit_officer", "other_unit", "dispatcher", "stranger"])
def test_who_may_not_see_a_case_gets_404_and_not_a_word_of_it(person, town, people, sign_in):
    case = workflow.submit(a_report())
    response = sign_in(person).get(f"/cases/{case.code}/")
    assert response.status_code in (403, 404) and "路灯" not in words(response)


def test_the_button_names_the_office_it_passes_to(town, people, sign_in):
    for x, person, label in ((0.6, "deputy", "提交镇人大"), (2.4, "other_deputy", "提交街道工委")):
        place = toy.at(x, 0.6)
        case = workflow.submit(a_report(lon=place.x, lat=place.y))
        assert label in words(sign_in(person).get(f"/cases/{case.code}/"))


def test_strangers_are_sent_to_sign_in(town, people):
    case = workflow.submit(a_report())
    for path in ("/cases/", f"/cases/{case.code}/", "/cases/new/", "/cases/export.csv"):
        assert Client().get(path)["Location"].startswith("/accounts/login/"), path


def test_a_case_is_passed_from_door_to_door_by_their_pages(town, people, sign_in):
    case = workflow.submit(a_report())
    path = f"/cases/{case.code}/"
    for person, data in (
        ("deputy", {"verb": "pass_to_town", "note": "请镇里看看"}),
        ("town_clerk", {"verb": "pass_to_county"}),
        ("county_office", {"verb": "pass_to_dispatcher", "next": "/cases/?state=mine"}),
        ("dispatcher", {"verb": "assign_to_unit", "organisation": "CONSTRUCTION", "note": "请办理"}),
        ("unit_officer", {"verb": "answer_as_unit", "note": "已经修好。", "told": "on"}),
    ):
        response = sign_in(person).post(path, data, follow=True)
        assert response.status_code == 200 and "已办好" in words(response), person
        if "next" in data:
            assert response.redirect_chain == [("/cases/?state=mine", 302)]
    case.refresh_from_db()
    assert (case.state, case.answer) == ("answered", "已经修好。")
    assert case.events.last().data["told"] is True


@pytest.mark.parametrize(
    ("state", "person", "data", "status", "message"),
    [
        ("with_unit", "unit_officer", {"verb": "answer_as_unit", "note": " "}, 409, "请写下答复的内容。"),
        ("with_unit", "unit_officer", {"verb": "return_to_dispatcher"}, 409, "请写明退回的理由。"),
        ("with_dispatcher", "dispatcher", {"verb": "assign_to_unit", "note": "请办理此事"}, 409, "请选择承办单位。"),
        ("with_dispatcher", "dispatcher", {"verb": "assign_to_unit", "organisation": "FACTORY", "note": "请办理此事"}, 422, "没有这一项"),
        ("with_unit", "unit_officer", {"verb": "close_quietly", "note": "请办理此事"}, 409, "没有这一步"),
        ("with_unit", "unit_officer", {"verb": "answer_as_unit", "note": "字" * 2001}, 422, "最多 2000 个字"),
        ("with_unit", "leader", {"verb": "answer_as_unit", "note": "请办理此事"}, 409, "您的岗位不能办这一步"),
        ("with_deputy", "mate", {"verb": "answer_as_deputy", "note": "我来替他答复"}, 409, "现在不由您办理"),
    ],
)
def test_a_refused_move_says_why_and_keeps_what_was_written(state, person, data, status, message, town, people, sign_in):
    case = brought_to(state, town, people)
    response = sign_in(person).post(f"/cases/{case.code}/", data)
    assert response.status_code == status and message in words(response)
    assert data.get("note", "").strip() in response.content.decode()
    assert Case.objects.get(pk=case.pk).state == state


def test_who_comes_second_is_told_and_keeps_the_answer(town, people, sign_in):
    case = brought_to("with_unit", town, people)
    workflow.answer_as_unit(case, people.unit_officer, "同事的答复。")
    late = sign_in("unit_officer").post(f"/cases/{case.code}/", {"verb": "answer_as_unit", "note": "我写了很久的答复。"})
    assert late.status_code == 409 and "已答复" in words(late)
    assert "我写了很久的答复。" in late.content.decode() and "同事的答复。" in words(late) and offered(late) == ([], set())


def test_who_has_lost_the_case_meanwhile_keeps_the_answer(town, people, sign_in):
    case = brought_to("with_unit", town, people)
    workflow.return_to_dispatcher(case, people.unit_officer, "同事退回了")
    late = sign_in("unit_officer").post(f"/cases/{case.code}/", {"verb": "answer_as_unit", "note": "我写了很久的答复。"})
    assert late.status_code == 404 and "我写了很久的答复。" in words(late) and "路灯" not in words(late)


def test_next_leads_only_to_our_own_pages(town, people, sign_in):
    case = workflow.submit(a_report())
    response = sign_in("deputy").post(f"/cases/{case.code}/", {"verb": "pass_to_town", "next": "https://elsewhere.example/"})
    assert response["Location"] == f"/cases/{case.code}/"


def test_the_category_is_put_right_by_the_holder(town, people, sign_in):
    case = workflow.submit(a_report())
    client = sign_in("deputy")
    said = words(client.post(f"/cases/{case.code}/category", {"category": "road_facility"}, follow=True))
    assert "类别已改为“道路与市政设施”" in said and "类别改为“道路与市政设施”（原为“" in said
    assert "没有这个类别" in words(client.post(f"/cases/{case.code}/category", {"category": "x"}, follow=True))
    assert "不由您办理" in words(sign_in("leader").post(f"/cases/{case.code}/category", {"category": "other"}, follow=True))
    assert Case.objects.get().category == Category.objects.get(code="road_facility")


def test_a_deputy_and_a_clerk_enter_for_others(town, people, sign_in):
    page = sign_in("deputy").get("/cases/new/")
    assert page.status_code == 200 and 'value="visit"' in page.content.decode()
    response = sign_in("deputy").post("/cases/new/", filled(channel="visit"), follow=True)
    case = Case.objects.get()
    assert response.redirect_chain == [(f"/cases/new/entered/{case.code}", 302)] and case.code in words(response)
    assert (case.entered_by, case.channel, case.deputy.name) == (people.deputy, "visit", "陈安")
    elsewhere = toy.at(2.5, 1.5)
    away = sign_in("town_clerk").post("/cases/new/", filled(channel="phone", lat=elsewhere.y, lon=elsewhere.x), follow=True)
    assert "城关街道人大工委" in words(away) and "看这一件" not in words(away)  # out of this clerk's sight now


@pytest.mark.parametrize("change", [{}, {"channel": "scan"}, {"channel": "visit", "text": ""}, {"channel": "visit", "lat": "0", "lon": "0"}])
def test_what_is_wrong_in_an_entry_is_said_and_kept(change, town, people, sign_in):
    response = sign_in("town_clerk").post("/cases/new/", filled(**change))
    assert response.status_code == 422 and 'value="李梅"' in response.content.decode() and not Case.objects.exists()


@pytest.mark.parametrize("person", ["dispatcher", "unit_officer", "leader"])
def test_others_have_no_entry_page(person, town, people, sign_in):
    assert sign_in(person).get("/cases/new/").status_code == 403
    assert sign_in(person).post("/cases/new/", filled(channel="visit")).status_code == 403


def test_a_code_that_cannot_be_one_is_just_not_found(town, people, sign_in):
    client = sign_in("county_office")
    for code in ("nothing", "%00", "a" * 31, "%E6%B0%91", str(uuid.uuid4())):
        assert client.get(f"/cases/{code}/").status_code == 404
