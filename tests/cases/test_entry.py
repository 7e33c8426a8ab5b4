"""代录入: text, place by position or address, sent once; the follow code is shown to who has entered it and to nobody else."""

import uuid

import pytest
from django.test import Client

from apps.cases.models import Case, CaseEvent
from apps.deputies import workflow_reception
from apps.deputies.reception import ReceptionDay
from apps.deputies.workflow_reception import Plan
from apps.record.codes import grouped
from tests import town as toy
from tests.cases.conftest import TUESDAY
from tests.cases.test_public_pages import words


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def deputy(people):
    return signed_in(people.deputy)


def typed(**changes) -> dict:
    place = toy.at(0.6, 0.6)
    given = {
        "submission": str(uuid.uuid4()),
        "text": "路口的灯坏了两个月。",
        "channel": "visit",
        "lat": f"{place.y:.6f}",
        "lon": f"{place.x:.6f}",
        "hide_name": "on",
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


NOWHERE = {"lat": None, "lon": None}


def test_a_deputy_enters_and_reads_the_code_to_the_reporter(town, people, deputy):
    answer = deputy.post("/cases/new/", typed(phone="13900001111"))
    case = Case.objects.get()
    assert (
        answer.url == f"/cases/new/entered/{case.code}" and case.entered_by == people.deputy and case.channel == "visit"
    )
    assert grouped(case.follow_code) in words(deputy.get(answer.url))
    for other in (people.town_clerk, people.county_office):
        assert signed_in(other).get(answer.url).status_code == 404
    again = signed_in(people.deputy).get(answer.url, follow=True)  # another session of the same person
    assert grouped(case.follow_code) not in words(again) and "不再显示" in words(again)
    everything = "".join(
        signed_in(user).get(f"/cases/{case.code}/").content.decode()
        for _, user in people
        if user not in (people.stranger,)
    )
    assert case.follow_code not in everything and grouped(case.follow_code) not in everything


def test_the_code_is_gone_after_a_day(town, people, deputy, clock):
    answer = deputy.post("/cases/new/", typed())
    clock.pass_days(2)
    assert deputy.get(answer.url).status_code == 302


def test_sent_ten_times_it_is_one_case(town, people, deputy):
    form = typed()
    urls = {deputy.post("/cases/new/", form).url for _ in range(10)}
    assert len(urls) == 1 and Case.objects.count() == 1 and CaseEvent.objects.filter(verb="submit").count() == 1


def test_an_address_stands_for_the_position(town, people, deputy):
    deputy.post("/cases/new/", typed(**NOWHERE, address="南山街8号"))
    case = Case.objects.get()
    assert (
        case.doorplate.code == "P06"
        and case.village.name == "南山村"
        and case.point.coords == town.doorplates["P06"].point.coords
    )


def test_an_address_that_could_be_several_is_asked_for_and_nothing_is_lost(town, people, deputy):
    form = typed(**NOWHERE, address="人民路12号", name="李梅")
    asked = deputy.post("/cases/new/", form)
    page = asked.content.decode()
    assert (
        asked.status_code == 422
        and "P02" in page
        and "P07" in page
        and "李梅" in page
        and form["text"] in page
        and form["submission"] in page
    )
    assert "请在地图上点一下" not in words(asked)
    deputy.post("/cases/new/", {**form, "door": "P07"})
    assert Case.objects.get().doorplate.code == "P07"


def test_without_any_place_it_is_said_where_to_give_it(town, people, deputy):
    for changes, said in (
        ({}, "请在地图上点一下"),
        ({"address": "没有的路999号"}, "没有找到"),
        ({"door": "P12"}, "请在地图上点一下"),
    ):
        answer = deputy.post("/cases/new/", typed(**NOWHERE, **changes))
        assert answer.status_code == 422 and said in words(answer), changes
    assert not Case.objects.exists()


def test_a_position_counts_before_an_address(town, people, deputy):
    deputy.post("/cases/new/", typed(address="南山街8号"))
    assert Case.objects.get().village.name == "溪口村"


@pytest.mark.parametrize("bad", [
    {"text": ""}, {"text": "长" * 2001}, {"text": "字" * 100_000}, {"channel": ""}, {"channel": "scan"}, {"lat": "abc"}, {"lat": "91"}, {"reception": "x"}, {"submission": "x"}, {"writer": "99999"},
])  # fmt: skip
def test_what_cannot_be_taken_is_said_and_stays(town, people, deputy, bad):
    answer = deputy.post("/cases/new/", typed(**bad))
    assert answer.status_code == 422 and not Case.objects.exists()
    assert (bad.get("text") if "text" in bad else "路口的灯坏了两个月。") in answer.content.decode()


def test_odd_text_is_kept_as_text(town, people, deputy):
    deputy.post(
        "/cases/new/",
        typed(text="<script>alert(1)</script>'; DROP TABLE cases_case;-- 😀\x00\u202e", place="<b>", name="<i>x</i>"),
    )
    case = Case.objects.get()
    assert case.text == "<script>alert(1)</script>'; DROP TABLE cases_case;-- 😀"
    assert "<script>alert(1)" not in deputy.get(f"/cases/{case.code}/").content.decode()


def test_what_belongs_elsewhere_is_explained_and_a_clerk_may_say_why_not(town, people):
    clerk = signed_in(people.town_clerk)
    form = typed(text="着火了，快来救火！", channel="phone")
    refused = clerk.post("/cases/new/", form)
    assert (
        refused.status_code == 422
        and "119" in words(refused)
        and "为什么仍要录入" in words(refused)
        and not Case.objects.exists()
    )
    clerk.post("/cases/new/", {**form, "overrule": "说的是去年的事"})
    assert Case.objects.get().overruled.reason == "说的是去年的事"


def test_what_is_heard_on_a_reception_day_belongs_to_it(town, people, deputy):
    plan = Plan(TUESDAY.date(), workflow_reception.USUAL[0], workflow_reception.USUAL[1], [town.deputies["D1"].pk])
    day = workflow_reception.arrange(people.town_clerk, town.stations["SA"], plan)
    page = deputy.get(f"/cases/new/?reception={day.pk}")
    assert "接待时听到的" in words(page) and page.context["form"]["channel"].value() == "station"
    assert "今天有接待" in words(deputy.get("/cases/new/"))
    deputy.post("/cases/new/", typed(channel="station", reception=day.pk))
    assert Case.objects.get().reception == day and "录入 1 件" in words(deputy.get("/cases/receptions/"))


def test_a_reception_day_of_others_or_called_off_is_not_taken(town, people, deputy):
    plan = Plan(TUESDAY.date(), workflow_reception.USUAL[0], workflow_reception.USUAL[1], [town.deputies["D4"].pk])
    other = workflow_reception.arrange(people.other_clerk, town.stations["SS"], plan)
    deputy.post("/cases/new/", typed(reception=other.pk))
    own = workflow_reception.arrange(people.town_clerk, town.stations["SA"], plan)
    workflow_reception.call_off(people.town_clerk, own.pk, "下雨")
    deputy.post("/cases/new/", typed(reception=own.pk))
    assert list(Case.objects.values_list("reception", flat=True)) == [None, None] and ReceptionDay.objects.count() == 2


def test_who_may_enter(town, people):
    allowed = {name for name, user in people if signed_in(user).get("/cases/new/").status_code == 200}
    assert allowed == {"deputy", "mate", "other_deputy", "town_clerk", "other_clerk", "county_office"}
    assert signed_in(people.dispatcher).post("/cases/new/", typed()).status_code == 403 and not Case.objects.exists()


def test_the_blank_form_knows_nobody(town, people, deputy):
    page = deputy.get("/cases/new/blank").content.decode()
    assert (
        "data-blank" in page
        and "csrfmiddlewaretoken" not in page
        and "陈安" not in page
        and Client().get("/cases/new/blank").status_code == 200
    )
