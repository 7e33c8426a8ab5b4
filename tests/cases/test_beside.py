"""What stands beside a case: photos with the answer, words to begin with, who could lead, what it may be about, others like it."""

import io
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from apps.cases import templates_answer, workflow, workflow_limits, workflow_parts, workflow_units
from apps.cases.answer_photos import AnswerPhoto
from apps.cases.joining import join
from apps.cases.models import Case, Reporter
from apps.cases.similar import open_cases
from tests.cases.conftest import a_report, brought_to
from tests.cases.test_public_pages import words
from tests.conftest import public_role


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def picture(colour: str = "red", name: str = "p.jpg") -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "JPEG")
    file.seek(0)
    file.name = name
    return file


@pytest.fixture(autouse=True)
def fresh_index() -> None:
    open_cases.forget()


def test_an_answer_takes_photos_that_the_reporter_and_the_office_see(town, people):
    case = workflow.submit(a_report())
    deputy = signed_in(people.deputy)
    deputy.post(
        f"/cases/{case.code}/", {"verb": "answer_as_deputy", "note": "修好了。", "photos": [picture(), picture("blue")]}
    )
    kept = list(AnswerPhoto.objects.filter(case=case))
    assert len(kept) == 2 and Case.objects.get().state == "answered"
    inside = f"/cases/{case.code}/answer/{kept[0].photo_id}/small"
    assert deputy.get(inside).status_code == signed_in(people.town_clerk).get(inside).status_code == 200
    assert signed_in(people.other_clerk).get(inside).status_code == 404 and Client().get(inside).status_code == 302
    with public_role():
        outside = Client().get(f"/follow/{case.follow_code}/answer/{kept[0].photo_id}/full")
        assert outside.status_code == 200 and outside["Content-Type"] == "image/jpeg"
        assert f"/answer/{kept[0].photo_id}/" in Client().get(f"/follow/{case.follow_code}").content.decode()
        assert Client().get(f"/follow/{case.code}/answer/{kept[0].photo_id}/full").status_code == 404


def test_a_photo_that_is_none_holds_the_answer_back_and_loses_no_word(town, people):
    case = workflow.submit(a_report())
    fake = io.BytesIO(b"<script>alert(1)</script>")
    fake.name = "x.jpg"
    answer = signed_in(people.deputy).post(
        f"/cases/{case.code}/", {"verb": "answer_as_deputy", "note": "写了很久的答复。", "photos": [fake]}
    )
    assert answer.status_code == 422 and "写了很久的答复。" in answer.content.decode() and "x.jpg" in words(answer)
    assert Case.objects.get().state == "with_deputy" and not AnswerPhoto.objects.exists()


def test_of_two_who_answer_at_once_only_ones_photos_are_kept(town, people):
    case = brought_to("with_unit", town, people)
    unit, dispatcher = signed_in(people.unit_officer), signed_in(people.dispatcher)
    unit.post(f"/cases/{case.code}/", {"verb": "answer_as_unit", "note": "一", "photos": [picture()]})
    late = dispatcher.post(
        f"/cases/{case.code}/", {"verb": "answer_as_unit", "note": "二", "photos": [picture("blue")]}
    )
    assert late.status_code == 409 and AnswerPhoto.objects.count() == 1


def test_words_to_begin_with_are_offered_filled_in(town, people):
    case = workflow.submit(a_report())
    templates_answer.write(people.deputy, "answer", "已联系", "您{}反映的问题已联系。〔日期〕".format(""))
    page = signed_in(people.deputy).get(f"/cases/{case.code}/")
    assert "您反映的问题已联系。3月10日" in page.content.decode()
    assert 'id="note-template"' not in signed_in(people.leader).get(f"/cases/{case.code}/").content.decode()


def test_the_dispatcher_reads_who_could_lead_and_why(town, people):
    case = brought_to("with_dispatcher", town, people)
    page = signed_in(people.dispatcher).get(f"/cases/{case.code}/")
    proposal = page.context["proposal"]
    assert proposal.reason in words(page)
    assert page.context["form"]["organisation"].value() == (proposal.lead.code if proposal.lead else None)


def test_others_like_it_are_shown_to_who_sees_them_and_lead_to_merging(town, people):
    first = workflow.submit(a_report(text="人民路口的路灯坏了两个月，晚上看不见路。", to="D1"))
    second = workflow.submit(a_report(text="人民路口路灯坏了，晚上看不见路，两个月了。", to="D1"))
    other = workflow.submit(a_report(text="幼儿园招生名额太少，报不上名。", to="D1"))
    page = signed_in(people.deputy).get(f"/cases/{second.code}/similar").content.decode()
    assert first.code in page and f'data-into="{first.code}"' in page and other.code not in page
    assert signed_in(people.other_clerk).get(f"/cases/{second.code}/similar").status_code == 404
    assert "data-into" not in signed_in(people.leader).get(f"/cases/{second.code}/similar").content.decode()


def test_a_page_about_a_case_costs_few_queries(town, people):
    case = brought_to("with_dispatcher", town, people)
    client = signed_in(people.dispatcher)
    client.get(f"/cases/{case.code}/")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/cases/{case.code}/")
    assert len(queries) <= 55, [query["sql"][:120] for query in queries]


def test_who_shares_in_a_case_stands_on_its_page(town, people):
    case = brought_to("with_dispatcher", town, people)
    case = workflow_units.assign_to_unit(
        case, people.dispatcher, town.organisations["construction"], co_handlers=[town.organisations["town_a"]]
    )
    join(case, uuid.uuid4(), words="我家门口也黑着", reporter=Reporter("赵六", "13700002222"))
    workflow_units.give_opinion(case, people.other_unit, "路灯杆可以配合迁移。")
    for person in (people.unit_officer, people.dispatcher, people.county_office, people.leader, people.deputy):
        page = signed_in(person).get(f"/cases/{case.code}/").content.decode()
        assert "路灯杆可以配合迁移。" in page and "我家门口也黑着" in page
        assert "赵六" not in page and "13700002222" not in page
        assert not any(code in page for code in (case.follow_code, *case.joiners.values_list("follow_code", flat=True)))


def test_parts_and_merged_ones_lead_to_each_other_where_they_may_be_seen(town, people):
    case = brought_to("with_dispatcher", town, people)
    lamp, road = workflow_parts.split(case, people.dispatcher, ["路灯坏了。", "路面有坑。"])
    workflow_units.assign_to_unit(lamp, people.dispatcher, town.organisations["construction"])
    whole = signed_in(people.county_office).get(f"/cases/{case.code}/").content.decode()
    assert f'href="/cases/{lamp.code}/"' in whole and f'href="/cases/{road.code}/"' in whole
    part = signed_in(people.unit_officer).get(f"/cases/{lamp.code}/").content.decode()
    assert f"拆自 {case.code}" in part and f'href="/cases/{case.code}/"' not in part  # not the unit's to see
    first, second = brought_to("with_deputy", town, people), brought_to("with_deputy", town, people)
    workflow_parts.merge(second, people.deputy, first)
    deputy = signed_in(people.deputy)
    assert f'href="/cases/{second.code}/"' in deputy.get(f"/cases/{first.code}/").content.decode()
    assert f'href="/cases/{first.code}/"' in deputy.get(f"/cases/{second.code}/").content.decode()


def test_whoever_grants_more_time_sees_how_much_is_asked(town, people):
    case = brought_to("with_unit", town, people)
    workflow_limits.ask_extension(case, people.unit_officer, 3, "等材料")
    page = signed_in(people.dispatcher).get(f"/cases/{case.code}/")
    assert "申请延期 3 个工作日" in words(page) and page.context["form"]["days"].value() == 3
    assert page.context["chosen"] == "extend"
    assert "理由：等材料" in words(page)
    assert "申请延期 3 个工作日" in words(signed_in(people.dispatcher).get("/cases/"))


def test_the_dispatcher_is_told_that_he_writes_for_a_silent_unit(town, people):
    case = brought_to("with_unit", town, people)
    assert "不上线办理" not in words(signed_in(people.unit_officer).get(f"/cases/{case.code}/"))
    people.unit_officer.is_active = False
    people.unit_officer.save(update_fields=["is_active"])
    assert "不上线办理：签收、答复、退回由您照它的意见录入" in words(
        signed_in(people.dispatcher).get(f"/cases/{case.code}/")
    )
