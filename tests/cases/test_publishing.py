"""公开答复: proposed by the machine, settled and confirmed by a person, public only then, and only what he confirmed."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from apps.cases import answer_photos, workflow, workflow_publishing, workflow_ratings
from apps.cases.models import Case, CaseEvent
from apps.cases.publishing import AnswersPage, Publication, PublishedAnswer
from apps.cases.thread import CaseMessage
from apps.cases.workflow_publishing import Words, proposal, source_of
from apps.record.files import Photo
from apps.record.messages import KINDS, Outgoing
from apps.record.states import MoveRefused
from gis_data.county import scenes
from tests.cases.conftest import brought_to
from tests.conftest import public_role

TEXT = "我叫王小明，住人民路12号3幢501室，电话13900001111。路口的路灯坏了两个月。"
GOOD = Words("路口的路灯坏了", "路口的路灯坏了两个月。", "路灯已经修好。")


@pytest.fixture
def answered(town, people):
    return brought_to("answered", town, people, text=TEXT)


@pytest.fixture
def opened(people):
    return workflow_publishing.turn_page(people.county_office, on=True)


def publish(case, user, words=GOOD, **stands):
    case.refresh_from_db()
    return workflow_publishing.publish(case, user, words, **{"source": source_of(case), "version": 0, **stands})


@pytest.fixture
def office(people):
    client = Client()
    client.force_login(people.county_office)
    return client


def typed(page, **changes) -> dict:
    form = page.context["form"]
    given = {name: form[name].value() for name in ("title", "question", "answer", "source", "version")}
    return {**given, "show_village": "on", "act": "publish", **changes}


def test_the_machine_proposes_and_publishes_nothing(answered, opened):
    answered.refresh_from_db()
    words = proposal(answered).words
    assert (
        words.question == "我叫〔姓名〕，住人民路〔门牌〕，电话〔电话〕。路口的路灯坏了两个月。"
        and words.answer == "路灯已经修好。"
    )
    assert words.title == "路口的路灯坏了两个月"
    assert not PublishedAnswer.objects.exists() and not Publication.objects.exists()


def test_what_a_person_confirmed_stands_on_the_page(answered, opened, people, client):
    publish(answered, people.county_office)
    with public_role():
        page = client.get("/answers/")
        assert [answer.title for answer in page.context["page_obj"]] == ["路口的路灯坏了"]
        page = client.get(f"/answers/{page.context['page_obj'][0].pk}/").content.decode()
    assert "路灯已经修好。" in page and "东溪镇溪口村" in page and "县住建局" in page
    for secret in (answered.code, answered.follow_code, "王小明", "12号", "13900001111", "120.00"):
        assert secret not in page
    assert [event.verb for event in answered.events.order_by("-pk")[:1]] == [
        "publish_answer"
    ] and CaseEvent.objects.broken_chains() == []


def test_only_staff_of_its_level(town, people, answered):
    for user in (people.deputy, people.unit_officer, people.dispatcher, people.leader, people.other_clerk):
        with pytest.raises(MoveRefused, match="岗位"):
            publish(answered, user)
    with pytest.raises(MoveRefused, match="县级民情件"):
        publish(answered, people.town_clerk)
    own = workflow.answer_as_deputy(brought_to("with_deputy", town, people), people.deputy, "已经修好。")
    assert publish(own, people.town_clerk).confirmed_by == people.town_clerk
    with pytest.raises(MoveRefused, match="还没有答复"):
        publish(brought_to("with_unit", town, people), people.county_office)


def test_what_still_looks_personal_needs_a_second_look(answered, people):
    left = Words("路灯", "王小明女士说灯坏了。", "请打0577-68881234。")
    with pytest.raises(MoveRefused, match="王小明、0577-68881234"):
        publish(answered, people.county_office, left)
    assert not PublishedAnswer.objects.exists()
    publish(answered, people.county_office, left, kept=True)
    assert answered.events.order_by("-pk").first().data["kept"] == 2


def test_two_at_once_one_is_told(answered, people):
    answered.refresh_from_db()
    stands = {"source": source_of(answered), "version": 0}
    workflow_publishing.settle(answered, people.county_office, GOOD, **stands)
    with pytest.raises(MoveRefused, match="别人刚刚改过"):
        workflow_publishing.publish(answered, people.county_office, GOOD, **stands)
    publish(answered, people.county_office, version=1)
    with pytest.raises(MoveRefused, match="已经公开"):
        publish(answered, people.county_office, version=2)


def test_an_answer_that_changed_meanwhile_is_looked_at_again(answered, people):
    answered.refresh_from_db()
    before = source_of(answered)
    Case.objects.filter(pk=answered.pk).update(answer="下周才修。")
    with pytest.raises(MoveRefused, match="答复在您整理的时候变了"):
        publish(answered, people.county_office, source=before)


def test_taken_back_with_a_reason_it_is_gone(answered, opened, people, client):
    publication = publish(answered, people.county_office)
    with pytest.raises(MoveRefused, match="原因"):
        workflow_publishing.withdraw(answered, people.county_office, " ")
    with pytest.raises(MoveRefused, match="县级民情件"):
        workflow_publishing.withdraw(answered, people.town_clerk, "写错了")
    workflow_publishing.withdraw(answered, people.county_office, "反映人不愿意公开")
    assert client.get(f"/answers/{publication.pk}/").status_code == 404 and not PublishedAnswer.objects.exists()
    publish(answered, people.county_office, version=2)
    assert client.get(f"/answers/{publication.pk}/").status_code == 200


def test_a_case_that_goes_on_is_not_public_any_more(answered, opened, people):
    publish(answered, people.county_office)
    assert workflow_publishing.take_off_outdated() == 0
    with public_role():
        workflow_ratings.rate(Case.objects.as_followed().get(pk=answered.pk), "unsatisfied")
    assert workflow_publishing.take_off_outdated() == 1 and workflow_publishing.take_off_outdated() == 0
    assert not PublishedAnswer.objects.exists() and Publication.objects.get().state == "withdrawn"
    assert (
        "承办单位办理中" in Publication.objects.get().reason
        and answered.events.order_by("-pk").first().verb == "withdraw_publication"
    )


def test_the_page_is_off_until_the_office_turns_it_on(answered, people, client, office):
    publication = publish(answered, people.county_office)
    assert (
        client.get(f"/answers/{publication.pk}/").status_code == 404
        and "还没有公开的答复" in client.get("/answers/").content.decode()
    )
    assert office.post("/cases/publications/page", {"on": "yes"}).status_code == 302
    assert client.get(f"/answers/{publication.pk}/").status_code == 200
    assert office.post("/cases/publications/page", {"on": "no"}).status_code == 302
    assert client.get(f"/answers/{publication.pk}/").status_code == 404
    assert [event.verb for event in AnswersPage.objects.get().events.order_by("pk")] == ["open", "close"]
    clerk = Client()
    clerk.force_login(people.town_clerk)
    assert clerk.post("/cases/publications/page", {"on": "yes"}).status_code == 403


def test_the_public_role_reads_its_own_table_and_no_other(answered, opened, people):
    publish(answered, people.county_office)
    with public_role():
        assert PublishedAnswer.objects.public().count() == 1
        for hidden in (Publication.objects.values("question"), CaseMessage.objects.values("pk")):
            with pytest.raises(DatabaseError), transaction.atomic():
                hidden.first()
        for statement in (
            lambda: PublishedAnswer.objects.update(title=""),
            lambda: AnswersPage.objects.update(is_open=True),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                statement()


def test_the_desk_shows_the_original_with_marks_and_keeps_what_was_typed(answered, office):
    address = f"/cases/{answered.code}/publication"
    page = office.get(address)
    said = page.content.decode()
    assert said.count('<mark class="personal">') == 3 and page.context["remaining"] == []
    assert office.post(address, typed(page, act="settle", title="路灯")).status_code == 302
    again = office.post(address, typed(page, title="另一个标题"))
    assert (
        again.status_code == 409
        and "另一个标题" in again.content.decode()
        and "存的稿" in again.content.decode()
        and not PublishedAnswer.objects.exists()
    )
    wrong = office.post(address, typed(again, question="长" * 3001, answer=" "))
    assert (
        wrong.status_code == 422
        and "最多 3000 个字" in wrong.content.decode()
        and "这里不能空着" in wrong.content.decode()
    )
    personal = office.post(address, typed(again, question="请找王小明先生"))
    assert (
        personal.status_code == 422
        and "请找王小明先生" in personal.content.decode()
        and personal.context["remaining"] == ["王小明"]
    )
    assert office.post(address, typed(personal, question="请找王小明先生", kept="on")).status_code == 302
    assert PublishedAnswer.objects.get().question == "请找王小明先生"
    assert office.post(f"{address}/withdraw", {"reason": ""}).status_code == 422
    assert office.post(f"{address}/withdraw", {"reason": "写错了"}).status_code == 302


def test_the_list_of_what_could_be_published(answered, town, people, office):
    other = brought_to("answered", town, people)
    assert [case.pk for case in office.get("/cases/publications/").context["page_obj"]] == [other.pk, answered.pk]
    publish(answered, people.county_office)
    assert [case.pk for case in office.get("/cases/publications/?tab=published").context["page_obj"]] == [answered.pk]
    assert [case.pk for case in office.get("/cases/publications/?tab=open").context["page_obj"]] == [other.pk]
    clerk = Client()
    clerk.force_login(people.town_clerk)
    assert not clerk.get("/cases/publications/").context["page_obj"]  # of the county's level


def test_residents_search_and_narrow(answered, opened, town, people, client, django_assert_max_num_queries):
    publish(answered, people.county_office)
    other = brought_to("answered", town, people)
    publish(other, people.county_office, Words("垃圾没人清", "垃圾没人清。", "已经清了。", show_village=False))
    with public_role():
        titles = lambda address: [answer.title for answer in client.get(address).context["page_obj"]]  # noqa: E731
        assert titles("/answers/?q=路灯 修好") == ["路口的路灯坏了"] and titles("/answers/?q=路灯+垃圾") == []
        assert len(titles("/answers/?town=339999100000")) == 2 and titles("/answers/?town=339999200000") == []
        assert titles("/answers/?q=%25&page=99") == [] and len(titles("/answers/?town=x&category=y&page=x")) == 2
        client.get("/answers/")
        with django_assert_max_num_queries(12):
            assert "东溪镇 " in client.get("/answers/").content.decode().replace("东溪镇\n", "东溪镇 ")


def test_the_demo_has_conversations_and_public_answers_once(town, people, answered):
    brought_to("with_unit", town, people)
    brought_to("with_unit", town, people)
    call_command("demo_logins", stdout=io.StringIO())
    for _ in range(2):
        call_command("demo_conversations")
        assert (
            CaseMessage.objects.values("subject").distinct().count() == 2 and CaseMessage.objects.broken_chains() == []
        )
        assert [answer.title for answer in PublishedAnswer.objects.public()] == ["路口的路灯坏了两个月"]


def test_closing_the_page_reaches_the_public_zone(opened, people, settings):
    settings.ZONE = "office"
    workflow_publishing.turn_page(people.county_office, on=False)
    message = Outgoing.objects.get()
    AnswersPage.objects.update(is_open=True)
    settings.ZONE = "public"
    KINDS[message.kind].apply(message.body)
    assert not AnswersPage.objects.get().is_open


def test_words_are_found_by_the_index(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off"
        )
    assert "cases_published_words" in PublishedAnswer.objects.about("路灯坏了").order_by().explain()


def test_only_photos_that_somebody_chose_are_public(answered, opened, people, office, client):
    chosen, other = (
        Photo.objects.accept(
            SimpleUploadedFile(f"{name}.jpg", scenes.drawn(name), content_type="image/jpeg"), by=people.unit_officer
        )
        for name in ("mended", "a face")
    )
    answer_photos.keep(Case.objects.get(pk=answered.pk), [chosen, other])
    page = office.get(f"/cases/{answered.code}/publication")
    assert page.context["photos"] == [(each, False) for each in workflow_publishing.photos_of(answered)]  # nobody has
    given = {"title": GOOD.title, "question": GOOD.question, "answer": GOOD.answer}
    wrong = office.post(f"/cases/{answered.code}/publication", typed(page, **given, photos=[chosen.pk, 999]))
    assert wrong.status_code == 422 and "不属于这次答复" in wrong.content.decode()
    assert office.post(f"/cases/{answered.code}/publication", typed(page, **given, photos=[chosen.pk])).status_code == 302
    public = PublishedAnswer.objects.get()
    with public_role():
        shown = client.get(f"/answers/{public.pk}/").content.decode()
        assert f"/photos/{chosen.pk}/small" in shown and f"/photos/{other.pk}/" not in shown
        assert client.get(f"/answers/{public.pk}/photos/{chosen.pk}/full").status_code == 200
        assert client.get(f"/answers/{public.pk}/photos/{other.pk}/full").status_code == 404
    workflow_publishing.withdraw(answered, people.county_office, "反映人不愿意")
    assert client.get(f"/answers/{public.pk}/photos/{chosen.pk}/full").status_code == 404
    kept = office.get(f"/cases/{answered.code}/publication").context["photos"]
    assert [(each.photo_id, ticked) for each, ticked in kept] == [(chosen.pk, True), (other.pk, False)]
