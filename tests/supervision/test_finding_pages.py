"""The findings' pages: whose list shows what, moves made on them, what is refused in words, photos for those who may see them, queries counted."""

import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from apps.accounts.models import Role
from apps.supervision import workflow_findings as workflow
from apps.supervision.findings import Finding
from tests import town as toy
from tests.cases.conftest import People, add_people
from tests.cases.conftest import clock as clock  # the fixture, under its own name
from tests.supervision.findings_case import WRONG, a_visit, brought_to, set_limits


@pytest.fixture
def people(town: toy.Town, users: toy.Users) -> People:
    set_limits()
    return add_people(town, users)


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user, finding: Finding, verb: str, **data):
    said = {"verb": verb, "revision": finding.revision, **data}
    return client_of(user).post(finding.get_absolute_url(), said)


def a_photo(name: str = "现场.jpg") -> io.BytesIO:
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), (120, 90, 60)).save(picture, "JPEG")
    picture.seek(0)
    picture.name = name
    return picture


def test_each_sees_what_waits_for_him(town, people) -> None:
    brought_to("raised", town, people), brought_to("with_dispatcher", town, people)
    brought_to("with_unit", town, people), brought_to("answered", town, people)
    waiting = {name: client_of(user).get(reverse("finding_list") + "?state=mine") for name, user in people if user.role}
    counts = {name: page.context["page_obj"].paginator.count for name, page in waiting.items()}
    assert counts == {
        "deputy": 1, "mate": 0, "other_deputy": 0, "town_clerk": 0, "other_clerk": 0, "county_office": 1, "dispatcher": 1, "unit_officer": 1, "other_unit": 0, "leader": 0,
    }  # fmt: skip
    assert client_of(people.leader).get(reverse("finding_list")).context["page_obj"].paginator.count == 4
    assert client_of(people.stranger).get(reverse("finding_list")).status_code == 403
    assert Client().get(reverse("finding_list")).status_code == 302


def test_a_row_says_why_it_waits_for_a_clerk(town, people) -> None:
    brought_to("answered", town, people), brought_to("with_unit", town, people)
    mine = reverse("finding_list") + "?state=mine"
    assert "由工委代录" not in client_of(people.county_office).get(mine).content.decode()
    people.deputy.is_active = False
    people.deputy.save()
    assert "代表（没有账号，由工委代录）" in client_of(people.county_office).get(mine).content.decode()
    assert "由县政府办代录" not in client_of(people.unit_officer).get(mine).content.decode()
    people.unit_officer.organisations.update(logs_in=False)
    assert "（不上线办理，由县政府办代录）" in client_of(people.dispatcher).get(mine).content.decode()


def test_filters_that_cannot_be_read_are_said(town, people) -> None:
    brought_to("raised", town, people)
    page = client_of(people.county_office).get(reverse("finding_list") + "?state=all&severity=x&since=soon&q=边坡&topic=zz")
    assert page.status_code == 200 and page.context["page_obj"].paginator.count == 1
    assert "没有用上" in page.content.decode()
    for query, count in {"q=边坡": 1, "q=路灯": 0, "severity=2": 1, "severity=1": 0, "late=late": 0, "lead=CONSTRUCTION": 0, "sort=newest": 1, "since=2030-01-01": 0}.items():
        assert client_of(people.county_office).get(reverse("finding_list") + f"?state=all&{query}").context["page_obj"].paginator.count == count, query


def test_the_loop_on_its_pages(town, people, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    finding = brought_to("raised", town, people)
    assert client_of(people.dispatcher).get(finding.get_absolute_url()).status_code == 404
    assert post(people.county_office, finding, "forward", note="请交办").status_code == 302
    finding.refresh_from_db()
    refused = post(people.dispatcher, finding, "assign", note="请十日内办结")
    assert 'href="#id_lead"' in refused.content.decode() and 'id="id_lead_error"' in refused.content.decode()  # said at its field
    assert refused.status_code == 409 and "请选择主办单位" in refused.content.decode() and "请十日内办结" in refused.content.decode()
    assert post(people.dispatcher, finding, "assign", lead="CONSTRUCTION", co_handlers=["TOWN-A"], days="7").status_code == 302
    finding.refresh_from_db()
    assert (finding.lead.code, finding.limit_days, [part.organisation.code for part in finding.joining.all()]) == ("CONSTRUCTION", 7, ["TOWN-A"])
    assert post(people.other_unit, finding, "give_opinion", note="配合").status_code == 302
    finding.refresh_from_db()
    assert post(people.unit_officer, finding, "answer", note="已盖好", photos=a_photo()).status_code == 302
    finding.refresh_from_db()
    evidence = finding.photos.get()
    photo = reverse("finding_photo", args=[evidence.pk, "small"])
    assert client_of(people.deputy).get(photo)["Content-Type"] == "image/jpeg"
    assert client_of(people.other_deputy).get(photo).status_code == 404
    visit = a_visit(town, recorded_at=finding.answered_at)
    page = post(people.deputy, finding, "confirm")  # no result chosen
    assert page.status_code == 409 and 'id="id_result_error"' in page.content.decode() and 'href="#id_result"' in page.content.decode()
    assert page.content.decode().index("已盖好") < page.content.decode().index('id="move-form"')  # what is judged stands above
    assert post(people.deputy, finding, "confirm", result="put_right", visit=visit.code, note="看过").status_code == 302
    finding.refresh_from_db()
    assert (finding.state, finding.confirmed_on_visit) == ("closed", visit)
    for name, user in people:
        page = client_of(user).get(finding.get_absolute_url())
        assert page.status_code == {"other_deputy": 404, "other_clerk": 404, "stranger": 403}.get(name, 200), name
    sheet = client_of(people.dispatcher).get(reverse("finding_sheet", args=[finding.code])).content.decode()
    assert "监督问题交办单" in sheet and WRONG in sheet and "方格县住房和城乡建设局" in sheet


def test_what_was_typed_is_not_lost(town, people, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    finding = brought_to("with_unit", town, people)
    fake = io.BytesIO(b"%PDF-1.7 not a photo")
    fake.name = "照片.jpg"
    page = post(people.unit_officer, finding, "answer", note="我们已经盖好了网", photos=fake)
    assert page.status_code == 409 and "我们已经盖好了网" in page.content.decode() and "照片.jpg" in page.content.decode()
    assert Finding.objects.get().state == "with_unit"
    workflow.take_back(finding, people.dispatcher, "另派")
    page = post(people.unit_officer, finding, "answer", note="我们已经盖好了网")
    assert page.status_code == 404 and "我们已经盖好了网" in page.content.decode()
    again = brought_to("with_unit", town, people)
    page = post(people.unit_officer, again, "answer", note="长" * 2001)
    assert page.status_code == 422 and "最多 2000 个字" in page.content.decode()
    stale = client_of(people.unit_officer).post(again.get_absolute_url(), {"verb": "answer", "note": "旧页面上写的", "revision": again.revision - 1})
    assert stale.status_code == 409 and "刚刚有人办过" in stale.content.decode() and "旧页面上写的" in stale.content.decode()
    assert f'name="revision" value="{again.revision}"' in stale.content.decode()
    assert post(people.unit_officer, again, "no_such_move").status_code == 409


def test_words_for_a_step_that_has_gone_stand_under_no_other(town, people) -> None:
    finding = brought_to("raised", town, people)
    workflow.forward(finding, people.county_office, "")
    page = post(people.county_office, finding, "forward", note="请一并看看").content.decode()
    assert "请一并看看" in page and "请先选办哪一步" in page and 'name="do"' in page
    steps = re.findall(r'<input type="radio" name="do"[^>]*>', page)
    assert steps and not [step for step in steps if "checked" in step]
    plain = client_of(people.county_office).get(finding.get_absolute_url()).content.decode()
    assert "checked" in "".join(re.findall(r'<input type="radio" name="do"[^>]*>', plain))


def test_several_are_passed_on_each_by_itself(town, people) -> None:
    first, second, gone = (brought_to("raised", town, people) for _ in range(3))
    workflow.withdraw(gone, people.deputy, "看错了")
    page = client_of(people.county_office).post(reverse("finding_forward"), {"finding": [first.code, second.code, gone.code, "ZZ"], "note": "请一并交办"}, follow=True)
    said = [str(message) for message in page.context["messages"]]
    assert said[0] == "已转交县政府办 2 件。" and "代表已撤回" in said[1]
    assert Finding.objects.filter(state="with_dispatcher").count() == 2
    assert client_of(people.dispatcher).post(reverse("finding_forward"), {"finding": [first.code]}).status_code == 403


def test_a_unit_that_has_ended_is_written_down_on_its_page(town, people) -> None:
    finding = brought_to("with_unit", town, people)
    url = reverse("finding_units")
    assert client_of(people.county_office).get(url).status_code == 403
    page = client_of(people.dispatcher).get(url).content.decode()
    assert "方格县住房和城乡建设局" in page
    alone = page.count("还没有账号，由县政府办代录")
    people.unit_officer.organisations.clear()
    assert client_of(people.dispatcher).get(url).content.decode().count("还没有账号，由县政府办代录") == alone + 1
    assert client_of(people.dispatcher).post(url, {"unit": "CONSTRUCTION", "closed_on": "2099-01-01"}).status_code == 422
    done = client_of(people.dispatcher).post(url, {"unit": "CONSTRUCTION", "closed_on": "2026-03-10"}, follow=True)
    assert "1 个问题回到县政府办" in done.content.decode()
    finding.refresh_from_db()
    assert finding.state == "with_dispatcher"


def test_the_list_as_a_table_runs_no_formulas(town, people) -> None:
    visit = a_visit(town)
    workflow.raise_finding(people.deputy, visit, "=HYPERLINK(1)", 1)
    lines = b"".join(client_of(people.county_office).get(reverse("finding_export") + "?state=all").streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[0].startswith("问题编号,") and "'=HYPERLINK(1)" in lines[1]


@pytest.mark.parametrize("role", [Role.DEPUTY, Role.COUNTY_OFFICE, Role.DISPATCHER, Role.UNIT])
def test_the_number_of_queries_does_not_grow_with_the_list(town, people, django_assert_max_num_queries, role) -> None:
    user = {Role.DEPUTY: people.deputy, Role.COUNTY_OFFICE: people.county_office, Role.DISPATCHER: people.dispatcher, Role.UNIT: people.unit_officer}[role]
    for state in ("raised", "with_dispatcher", "with_unit", "answered", "closed") * 2:
        brought_to(state, town, people)
    client = client_of(user)
    client.get(reverse("finding_list"))
    with django_assert_max_num_queries(22):
        client.get(reverse("finding_list") + "?state=all")
    seen = Finding.objects.visible_to(user).filter(state="answered").first()
    if seen:
        with django_assert_max_num_queries(34):
            client.get(seen.get_absolute_url())


def test_a_topics_page_shows_its_findings_open_ones_first(town, people, clock) -> None:
    closed, late = brought_to("closed", town, people), brought_to("with_unit", town, people)
    clock.pass_days(40)
    part = client_of(people.county_office).get(reverse("topic_findings", args=["KP-K1"])).content.decode()
    assert part.index(late.code) < part.index(closed.code) and "未办结 1 个" in part and "有超期未办结的" in part
    assert "没有发现问题" in client_of(people.county_office).get(reverse("topic_findings", args=["KP-K2"])).content.decode()
    assert "没有发现问题" in client_of(people.other_deputy).get(reverse("topic_findings", args=["KP-K1"])).content.decode()
