"""The resident's pages, all with no more than the rights of `geo_public`: report, follow, rate; odd and hostile input."""

import re
import uuid

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client

from apps.cases import workflow
from apps.cases.models import Case, CaseEvent, Rating, ReporterContact
from apps.record.codes import grouped, new_code
from tests import town as toy
from tests.cases.conftest import a_report, brought_to
from tests.conftest import public_role

HERE = toy.at(0.6, 0.6)
OUTSIDE = toy.at(5, 5)


def filled(**changes) -> dict:
    given = {
        "submission": str(uuid.uuid4()), "text": "人民路口的路灯坏了两个月。", "lat": f"{HERE.y:.6f}", "lon": f"{HERE.x:.6f}", "place": "菜场东门",
        "name": "李梅", "phone": "13900001111", "hide_name": "on",
    }  # fmt: skip
    return {**given, **changes}


@pytest.fixture
def page(people):
    """A browser whose every request has the public role's rights only."""
    client = Client(enforce_csrf_checks=False)

    class Page:
        def get(self, *args, **kwargs):
            with public_role():
                return client.get(*args, **kwargs)

        def post(self, *args, **kwargs):
            with public_role():
                return client.post(*args, **kwargs)

    return Page()


def words(response) -> str:
    """The page as read: without tags, white space drawn together."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_resident_reports_follows_and_rates(town, people, page):
    start = page.get("/report", {"lat": HERE.y, "lon": HERE.x, "doorplate": "P02"})
    assert start.status_code == 200
    assert "先由陈安代表办理" in words(start) and "紧急情况请拨打 110、119、120" in words(start)
    assert re.search(r'name="submission" value="[0-9a-f-]{36}"', start.content.decode())

    sent = page.post("/report", filled(), follow=True)
    case = Case.objects.get()
    assert sent.redirect_chain == [(f"/report/sent/{case.follow_code}", 302)]
    said = words(sent)
    assert grouped(case.follow_code) in said and "陈安代表办理" in said and "3月17日（周二）前" in said and "还剩 5 个工作日" in said
    assert "东溪镇代表联络站" in said and "<svg" in sent.content.decode()
    assert ReporterContact.objects.get().opened().phone == "13900001111"

    assert "现在由陈安代表办理" in words(page.get(f"/follow/{case.follow_code}"))
    workflow.answer_as_deputy(case, people.deputy, "路灯已经修好。", told=True)
    answered = words(page.get(f"/follow/{case.follow_code}"))
    assert "路灯已经修好。" in answered and "办理结果满意吗" in answered and "办理人已联系您" in answered

    rated = page.post(f"/follow/{case.follow_code}/rate", {"outcome": "fairly", "service": "satisfied", "words": "修得挺快"}, follow=True)
    assert "您的评价：基本满意" in words(rated) and "办理结果满意吗" not in words(rated)
    assert dict(Rating.objects.values_list("part", "score")) == {"outcome": "fairly", "service": "satisfied"}
    assert Rating.objects.get(part="outcome").words == "修得挺快" and Case.objects.get().state == "closed"
    again = page.post(f"/follow/{case.follow_code}/rate", {"outcome": "satisfied"})
    assert again.status_code == 409 and "已经评价过了" in words(again)
    assert CaseEvent.objects.broken_chains() == []


def test_the_public_role_files_but_reads_no_contact_and_no_office_words(town, people):
    with public_role():
        workflow.submit(a_report())
    for statement in (
        "SELECT * FROM cases_reportercontact", "DELETE FROM cases_reportercontact", "UPDATE cases_reportercontact SET sealed = ''",
        "SELECT note FROM cases_caseevent", "SELECT actor_label FROM cases_caseevent", "SELECT entered_by_id FROM cases_case",
        "SELECT point FROM cases_case", "UPDATE cases_case SET answer = 'x'", "UPDATE cases_case SET text = 'x'", "DELETE FROM cases_case",
        "SELECT phone FROM deputies_contact", "SELECT point FROM deputies_home", "SELECT password FROM accounts_user",
    ):  # fmt: skip
        with public_role(), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)
    assert ReporterContact.objects.count() == 1


@pytest.mark.parametrize("state", ["with_deputy", "with_town", "with_county", "with_dispatcher", "with_unit", "answered", "closed"])
def test_every_state_reads_plainly_and_gives_nobody_away(state, town, people, page):
    case = brought_to(state, town, people)
    response = page.get(f"/follow/{case.follow_code}")
    said = words(response)
    assert response.status_code == 200 and "已收到您反映的问题" in said
    for secret in ("李梅", "13900001111", "超出代表能力", "请五个工作日内答复", "unit_officer", "承办", "交办", "主办"):
        assert secret not in said, secret
    assert response["X-Robots-Tag"] == "noindex, nofollow" and "no-store" in response["Cache-Control"]


def test_a_return_says_who_refused_but_not_what_was_written(town, people, page):
    case = workflow.return_to_dispatcher(brought_to("with_unit", town, people), people.unit_officer, "内部理由")
    said = words(page.get(f"/follow/{case.follow_code}"))
    assert "县住建局说明这件事不归它管" in said and "内部理由" not in said


def test_a_late_step_says_so(town, people, page, clock):
    case = workflow.submit(a_report())
    clock.pass_days(9)
    said = words(page.get(f"/follow/{case.follow_code}"))
    assert "已经超过原定的期限" in said and "超期 2 个工作日" in said


@pytest.mark.parametrize("shape", ["{0}", "{1}", " {2} ", "查询码：{1}", "http://testserver/follow/{0}", "{3}"])
def test_a_code_is_found_however_it_is_typed(shape, town, people, page):
    case = workflow.submit(a_report())
    wide = "".join(chr(ord(ch) + 0xFEE0) for ch in case.follow_code)
    typed = shape.format(case.follow_code, grouped(case.follow_code), case.follow_code.lower(), wide)
    response = page.get("/follow", {"code": typed})
    assert (response.status_code, response.get("Location")) == (302, f"/follow/{case.follow_code}")


def test_unknown_and_impossible_codes_get_the_same_answer(town, people, page):
    case = workflow.submit(a_report())
    unknown = case.follow_code[:-1] + ("2" if case.follow_code[-1] != "2" else "3")
    answers = set()
    for typed in (unknown, "不是查询码", "1", "A" * 150, "'; DROP TABLE cases_case; --"):
        response = page.get("/follow", {"code": typed})
        assert response.status_code == 404, typed
        answers.add(re.search(r"没有找到这个查询码。[^<]*", response.content.decode())[0])
        assert "没有找到这个查询码" in words(page.get("/follow/" + typed.replace("/", "")))
    assert len(answers) == 1
    assert page.get("/follow/%00").status_code == 404
    assert 'value="不是查询码"' in page.get("/follow", {"code": "不是查询码"}).content.decode()
    empty = page.get("/follow", {"code": "  "})
    assert empty.status_code == 422 and "请输入查询码。" in words(empty)
    for path in (f"/follow/{unknown}/rate", f"/follow/{unknown}/supply", f"/follow/{unknown}/withdraw"):
        assert page.post(path, {"outcome": "satisfied"}).status_code == 404
    assert page.get(f"/follow/{unknown}/photos/1/small").status_code == 404


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": ""}, "请写下要反映的问题。"),
        ({"text": " \n\t "}, "请写下要反映的问题。"),
        ({"text": "\x00\x01"}, "请写下要反映的问题。"),
        ({"text": "很" * 2001}, "最多 2000 个字，现在有 2001 个"),
        ({"text": "很" * 100_000}, "现在有 100000 个"),
        ({"lat": "", "lon": ""}, "请在地图上点一下问题发生的位置。"),
        ({"lat": "28.006"}, None),
        ({"lon": ""}, "请在地图上点一下问题发生的位置。"),
        ({"lat": "abc"}, "位置读不出来"),
        ({"lat": "nan"}, "位置读不出来"),
        ({"lat": "120.0", "lon": "28.0"}, "位置读不出来"),
        ({"lat": f"{OUTSIDE.y}", "lon": f"{OUTSIDE.x}"}, "不在方格县范围内"),
        ({"lat": "0", "lon": "0"}, "不在方格县范围内"),
        ({"category": "nonsense"}, "没有这一项"),
        ({"category": "a\x00b"}, "没有这一项"),
        ({"phone": "1" * 61}, "最多 60 个字"),
        ({"submission": "not-a-uuid"}, "页面放得太久"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(change, message, town, people, page):
    response = page.post("/report", filled(**change))
    if message is None:
        assert response.status_code == 302
        return
    html, said = response.content.decode(), words(response)
    assert response.status_code == 422 and message in said and "还没有提交" in said
    assert 'value="李梅"' in html and 'value="菜场东门"' in html
    if "text" not in change:
        assert "人民路口的路灯坏了两个月。" in html
    elif len(change["text"]) > 100:
        assert change["text"] in html
    assert not Case.objects.exists() and not ReporterContact.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "🚧👷🏽‍♀️路面塌了👨‍👩‍👧‍👦", "<script>alert(1)</script><img src=x onerror=alert(1)>", "{{ user }}{% load static %}{0}{case.code}",
        "Robert'); DROP TABLE cases_case;-- 100% %s \\", "𠮷野家门口 ‮反写‬ 的字", "第一行\r\n第二行\r第三行", "a\x00b\x07c",
    ],
)  # fmt: skip
def test_odd_and_hostile_text_is_kept_as_text(text, town, people, page):
    response = page.post("/report", filled(text=text, place=text[:60], name=text[:20]))
    assert response.status_code == 302
    case = Case.objects.get()
    stored = {"第一行\r\n第二行\r第三行": "第一行\n第二行\n第三行", "a\x00b\x07c": "abc", "𠮷野家门口 ‮反写‬ 的字": "𠮷野家门口 反写 的字"}.get(text, text)
    assert case.text == stored
    client = Client()
    client.force_login(people.deputy)
    for html in (
        page.get(f"/follow/{case.follow_code}").content.decode(),
        client.get(f"/cases/{case.code}/").content.decode(),
        client.get("/cases/").content.decode(),
    ):
        assert "<script>alert" not in html and "<img src=x" not in html
        if "<script>" in text:
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_moved_pin_is_no_longer_at_the_door(town, people, page):
    door = town.doorplates["P02"]
    page.post("/report", filled(lat=door.point.y, lon=door.point.x, doorplate="P02", place=""))
    assert Case.objects.get().doorplate == door
    page.post("/report", filled(lat=HERE.y + 0.003, lon=HERE.x, doorplate="P02"))
    page.post("/report", filled(doorplate="no-such-door\x00"))
    assert Case.objects.filter(doorplate=None).count() == 2


def test_the_same_form_sent_twice_is_one_case_and_another_text_is_asked_again(town, people, page):
    form = filled()
    first, second = page.post("/report", form), page.post("/report", form)
    assert first["Location"] == second["Location"] and Case.objects.count() == 1
    other = page.post("/report", {**form, "text": "另一个问题：井盖松动。"})
    html = other.content.decode()
    assert other.status_code == 422 and "请再按一次提交" in words(other) and "另一个问题：井盖松动。" in html
    fresh = re.search(r'name="submission" value="([0-9a-f-]{36})"', html)[1]
    assert fresh != form["submission"]
    assert page.post("/report", {**form, "text": "另一个问题：井盖松动。", "submission": fresh}).status_code == 302
    assert Case.objects.count() == 2


def test_what_lies_at_the_pin_in_words(town, people, page):
    assert "东溪镇溪口村 ，先由陈安代表办理" in words(page.get("/report/place", {"lat": HERE.y, "lon": HERE.x}))
    nobody = toy.at(2.5, 1.5)
    assert "先由城关街道人大工委办理" in words(page.get("/report/place", {"lat": nobody.y, "lon": nobody.x}))
    assert "不在方格县范围内" in words(page.get("/report/place", {"lat": OUTSIDE.y, "lon": OUTSIDE.x}))
    assert "请在地图上点一下" in words(page.get("/report/place"))
    assert "不在方格县范围内" in words(page.get("/report", {"lat": OUTSIDE.y, "lon": OUTSIDE.x}))
    assert page.get("/report", {"lat": "x'\x00", "lon": "<b>"}).status_code == 200


def test_a_scanned_code_is_noted_as_such(town, people, page):
    page.post("/report", filled(via="scan"))
    page.post("/report", filled(via="nonsense"))
    assert sorted(Case.objects.values_list("channel", flat=True)) == ["scan", "web"]


def test_an_imported_case_without_history_still_reads(town, people, page):
    case = workflow.submit(a_report())
    bare = Case.objects.get(pk=case.pk)
    bare.pk, bare.submission, bare.code, bare.follow_code = None, uuid.uuid4(), "M-1", new_code()
    bare.save(force_insert=True)
    assert "已收到您反映的问题" in words(page.get(f"/follow/{bare.follow_code}"))


def test_without_the_token_of_the_page_nothing_is_taken(town, people):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/report", filled()).status_code == 403
    assert not Case.objects.exists()
