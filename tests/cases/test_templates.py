"""答复模板: one's own, the office's, the unit's; filled in for the case; changed only by whoever keeps them."""

import pytest
from django.test import Client

from apps.cases import templates_answer as templates
from apps.cases import workflow
from apps.cases.desks import AnswerTemplate, AnswerTemplateEvent, SavedFilter, filled
from apps.cases.models import Category
from apps.record.states import MoveRefused
from tests.cases.conftest import a_report, brought_to
from tests.cases.test_public_pages import words


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def titles(user, case) -> set[str]:
    return {title for _, title, _ in templates.offered(user, case)}


def test_each_begins_with_his_own_and_what_is_shared_with_him(town, people):
    case = workflow.submit(a_report())
    for name, share in (
        ("deputy", "own"),
        ("county_office", "shared"),
        ("town_clerk", "shared"),
        ("unit_officer", "shared"),
    ):
        templates.write(getattr(people, name), "answer", name, "已安排。", share)
    seen = {name: titles(user, case) for name, user in people if name not in ("leader", "stranger")}
    assert seen["deputy"] == {"deputy", "county_office"}  # the county's reaches everybody of the county
    assert seen["town_clerk"] == {"county_office", "town_clerk"} and seen["other_clerk"] == {"county_office"}
    assert seen["unit_officer"] == {"county_office", "unit_officer"} and seen["other_unit"] == {"county_office"}
    assert templates.offered(people.leader, case) == [] and templates.offered(people.stranger, case) == []


def test_only_whoever_keeps_it_changes_it(town, people):
    shared = templates.write(people.county_office, "answer", "共用", "原文", "shared")
    own = templates.write(people.deputy, "answer", "自用", "原文")
    for name in ("dispatcher", "unit_officer", "town_clerk", "leader", "mate"):
        for template in (shared, own):
            with pytest.raises(MoveRefused, match="不是您的"):
                templates.change(getattr(people, name), template.pk, "改了", "改了")
    answer = signed_in(people.unit_officer).post(f"/cases/templates/{shared.pk}", {"verb": "retire"}, follow=True)
    shared.refresh_from_db()
    assert "不是您的" in words(answer) and not shared.retired
    templates.change(people.county_office, shared.pk, "新名", "新文")
    assert [event.verb for event in AnswerTemplateEvent.objects.filter(subject=shared)] == ["write", "change"]


def test_those_who_speak_for_no_office_share_none(town, people):
    for name in ("deputy", "dispatcher"):
        with pytest.raises(MoveRefused, match="自己用"):
            templates.write(getattr(people, name), "answer", "x", "y", "shared")
    with pytest.raises(MoveRefused):
        templates.write(people.leader, "answer", "x", "y")
    assert not AnswerTemplate.objects.exists()
    assert signed_in(people.leader).get("/cases/templates/").status_code == 403


def test_words_are_filled_in_and_unknown_brackets_stay(town, people):
    case = brought_to("with_unit", town, people, category=Category.objects.get(code="road_facility"))
    case.refresh_from_db()
    text = "您{}〔日期〕反映的〔地点〕〔类别〕一事（〔编号〕），由〔承办单位〕办理，〔期限〕前答复。〔电话〕".format(
        ""
    )
    words_ = filled(text, case)
    assert (
        "3月10日" in words_
        and "县住建局" in words_
        and case.code in words_
        and words_.endswith("〔电话〕")
        and case.follow_code not in words_
    )


def test_the_page_writes_changes_retires_and_loses_nothing(town, people):
    client = signed_in(people.town_clerk)
    bad = client.post("/cases/templates/", {"title": "", "text": "打好的内容", "kind": "answer", "share": "own"})
    assert bad.status_code == 422 and "打好的内容" in bad.content.decode() and "起个名字" in words(bad)
    client.post(
        "/cases/templates/",
        {"title": "<b>查</b>", "text": "已查\x00看。'); DROP TABLE x;--", "kind": "answer", "share": "shared"},
    )
    template = AnswerTemplate.objects.get()
    assert template.text == "已查看。'); DROP TABLE x;--" and template.scope == "339999100" and template.owner is None
    assert "&lt;b&gt;" in client.get("/cases/templates/").content.decode()
    long = client.post(f"/cases/templates/{template.pk}", {"verb": "change", "title": "短", "text": "长" * 1001})
    assert long.status_code == 422 and "长" * 1001 in long.content.decode() and "现在有 1001 个" in words(long)
    client.post(f"/cases/templates/{template.pk}", {"verb": "retire"})
    assert titles(people.town_clerk, workflow.submit(a_report())) == set()
    client.post(f"/cases/templates/{template.pk}", {"verb": "take_up"})
    assert len(titles(people.town_clerk, workflow.submit(a_report()))) == 1


def test_a_template_that_was_only_put_in_is_no_answer(town, people):
    case = workflow.submit(a_report())
    client = signed_in(people.deputy)
    unfinished = {"verb": "answer_as_deputy", "note": "您反映的问题我已了解，情况如下：\n"}
    refused = client.post(f"/cases/{case.code}/", unfinished)
    assert "像是还没有写完" in words(refused) and "情况如下：" in words(refused)
    case.refresh_from_db()
    assert case.state == "with_deputy" and case.answer == ""
    client.post(f"/cases/{case.code}/", {**unfinished, "note": "情况如下：灯已经修好。"})
    case.refresh_from_db()
    assert case.state == "answered"


def test_a_search_is_kept_under_a_name_for_oneself(town, people):
    client = signed_in(people.county_office)
    client.post(
        "/cases/filters/save",
        {"name": "东溪快到期", "query": "state=open&late=soon&town=339999100000&page=3&csrfmiddlewaretoken=x"},
    )
    client.post("/cases/filters/save", {"name": "东溪快到期", "query": "state=open&late=late"})
    kept = SavedFilter.objects.get()
    assert kept.query == "state=open&late=late" and "东溪快到期" in words(client.get("/cases/"))
    other = signed_in(people.town_clerk)
    assert "东溪快到期" not in words(other.get("/cases/"))
    other.post(f"/cases/filters/{kept.pk}/drop")
    assert SavedFilter.objects.filter(pk=kept.pk).exists()
    for bad in (
        {"name": "", "query": "q=1"},
        {"name": "长" * 21, "query": "q=1"},
        {"name": "x", "query": "q=" + "1" * 700},
    ):
        assert client.post("/cases/filters/save", bad, follow=True).status_code == 200
    assert SavedFilter.objects.count() == 1
    for number in range(15):
        client.post("/cases/filters/save", {"name": f"第{number}组", "query": f"q={number}"})
    assert SavedFilter.objects.of(people.county_office).count() == 12
    client.post(f"/cases/filters/{kept.pk}/drop")
    assert not SavedFilter.objects.filter(pk=kept.pk).exists()
