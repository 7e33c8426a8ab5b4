"""代表—政府部门在线: who speaks, who reads, who is told and how often; what was said stays; the reporter never reads it."""

import io
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from PIL import Image

from apps.cases import workflow, workflow_thread
from apps.cases.parties import CoHandler
from apps.cases.thread import CaseMessage, ThreadReading
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from tests.cases.conftest import brought_to

WORDS = "灯杆是哪个单位装的？现场能不能一起看一下？"


def say(case, user, text=WORDS, submission=None):
    return workflow_thread.say(case, user, text, [], submission or uuid.uuid4())


def photo() -> io.BytesIO:
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "灯.jpg"
    return picture


@pytest.fixture
def case(town, people):
    return brought_to("with_unit", town, people)


@pytest.fixture
def signed_in(people):
    def client(name: str) -> Client:
        client = Client()
        client.force_login(getattr(people, name))
        return client

    return client


def test_who_speaks_for_whom(case, people):
    sides = {
        "deputy": "deputy", "unit_officer": "unit", "dispatcher": "dispatcher", "town_clerk": "office", "county_office": "office", "mate": None, "leader": None,
        "other_deputy": None, "other_unit": None, "other_clerk": None, "stranger": None,
    }  # fmt: skip
    found = {name: workflow_thread.side_of(case, user) for name, user in people}
    assert {name: side and side[0].value for name, side in found.items()} == sides
    for name in (name for name, side in sides.items() if side is None):
        with pytest.raises(MoveRefused):
            say(case, getattr(people, name))


def test_others_do_not_read(case, people, signed_in):
    say(case, people.deputy)
    for name, status in (("other_deputy", 404), ("other_unit", 404), ("other_clerk", 404), ("stranger", 403)):
        assert not CaseMessage.objects.visible_to(getattr(people, name)).exists()
        assert signed_in(name).get(f"/cases/{case.code}/thread").status_code == status
        assert signed_in(name).post(f"/cases/{case.code}/thread", {"text": "x"}).status_code == status
    assert "说一句" not in signed_in("leader").get(f"/cases/{case.code}/thread").content.decode()


def test_not_before_the_government_has_it_nor_after_the_end(town, people):
    with pytest.raises(MoveRefused, match="还没有转到政府部门"):
        say(brought_to("with_county", town, people), people.deputy)
    with pytest.raises(MoveRefused, match="已经办结"):
        say(brought_to("closed", town, people), people.deputy)


def test_a_co_handler_speaks_while_it_joins_in(case, town, people):
    joining = CoHandler.objects.create(case=case, organisation=town.organisations["town_a"])
    assert say(case, people.other_unit).data["unit"] == "东溪镇政府"
    joining.withdrawn = True
    joining.save()
    with pytest.raises(MoveRefused):
        say(case, people.other_unit)


def test_what_was_said_stays(case, people):
    say(case, people.deputy)
    say(case, people.unit_officer, "后天上午可以。")
    assert CaseMessage.objects.broken_chains() == []
    for statement in (
        "UPDATE cases_casemessage SET note = ''",
        "DELETE FROM cases_casemessage",
        "TRUNCATE cases_casemessage CASCADE",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert [message.note for message in case.messages.order_by("pk")] == [WORDS, "后天上午可以。"]


def test_sent_twice_is_said_once(case, people):
    number = uuid.uuid4()
    assert say(case, people.deputy, submission=number) == say(case, people.deputy, submission=number)
    say(case, people.deputy, "另外一句", submission=number)
    assert case.messages.count() == 2


def test_the_other_side_is_told_once_until_it_has_read(case, people):
    def told(user):
        return Notice.objects.filter(recipient=user, key__startswith="thread-").count()

    first = say(case, people.deputy)
    say(case, people.deputy, "还有一件。")
    assert (
        told(people.unit_officer) == 1
        and told(people.deputy) == told(people.county_office) == told(people.dispatcher) == 0
    )
    ThreadReading.objects.note(case, people.unit_officer, first.pk)
    ThreadReading.objects.note(case, people.unit_officer, 0)  # a page that was opened before
    assert [
        message.note for message in CaseMessage.objects.visible_to(people.unit_officer).unread_by(people.unit_officer)
    ] == ["还有一件。"]
    say(case, people.deputy, "又一件。")
    assert told(people.unit_officer) == 2
    say(case, people.county_office, "请尽快。")
    say(case, people.unit_officer, "好。")
    assert told(people.deputy) == 1 and told(people.county_office) == 1


def test_for_a_unit_that_does_not_log_in_the_dispatcher_is_told(town, people):
    case = brought_to("with_unit", town, people, unit="water")
    say(case, people.deputy)
    assert Notice.objects.filter(recipient=people.dispatcher, key__startswith="thread-").count() == 1


def test_the_page_with_a_photo(case, people, signed_in):
    deputy, unit = signed_in("deputy"), signed_in("unit_officer")
    address = f"/cases/{case.code}/thread"
    page = deputy.get(address)
    assert "还没有人说话" in page.content.decode() and page.context["form"]["submission"].value()
    assert deputy.post(address, {"text": WORDS, "submission": uuid.uuid4(), "photos": photo()}).status_code == 302
    message = case.messages.get()
    assert message.data["photos"] == [message.photos.get().photo_id]
    page = unit.get(address, headers={"HX-Request": "true"})
    assert WORDS in page.content.decode() and "<html" not in page.content.decode() and page.context["unread"] == 1
    small = f"/cases/threads/photos/{message.photos.get().pk}/small"
    assert unit.get(small).status_code == 200 and signed_in("other_unit").get(small).status_code == 404
    assert unit.post(f"{address}/read", {"upto": message.pk}, headers={"HX-Request": "true"}).status_code == 204
    assert unit.get(address).context["unread"] == 0
    assert unit.post(f"{address}/read", {"upto": "9" * 30}).status_code == 302


def test_what_is_wrong_is_said_and_the_words_are_kept(case, signed_in):
    deputy = signed_in("deputy")
    for given, said in (
        ({"text": " "}, "请写下要说的话"),
        ({"text": "长" * 1001}, "最多 1000 个字"),
        ({"text": "好", "photos": io.BytesIO(b"%PDF-1.4")}, "不是能读的照片"),
    ):
        page = deputy.post(f"/cases/{case.code}/thread", {"submission": uuid.uuid4(), **given})
        assert (
            page.status_code == 422 and said in page.content.decode() and given["text"].strip() in page.content.decode()
        )
    assert not case.messages.exists()


def test_all_threads_the_latest_first_and_what_is_new(case, town, people, signed_in, django_assert_max_num_queries):
    cases = [case, *(brought_to("with_unit", town, people, text=f"第 {number} 件") for number in range(4))]
    for each in cases:
        say(each, people.deputy)
    unit = signed_in("unit_officer")
    unit.post(f"/cases/{cases[-1].code}/thread/read", {"upto": cases[-1].messages.get().pk})
    unit.get("/cases/threads/")
    with django_assert_max_num_queries(12):
        page = unit.get("/cases/threads/")
    rows = list(page.context["page_obj"])
    assert [row["message"].subject_id for row in rows] == [each.pk for each in reversed(cases)] and [
        row["unread"] for row in rows
    ] == [0, 1, 1, 1, 1]
    assert len(unit.get("/cases/threads/?new=1").context["page_obj"]) == 4
    assert not list(signed_in("other_unit").get("/cases/threads/").context["page_obj"])


def test_the_reporter_reads_none_of_it(case, people, client, as_public):
    connection.cursor().execute("RESET ROLE")
    say(case, people.deputy)
    connection.cursor().execute("SET LOCAL ROLE geo_public")
    page = client.get(f"/follow/{case.follow_code}")
    assert page.status_code == 200 and WORDS not in page.content.decode()
    with pytest.raises(DatabaseError), transaction.atomic():
        CaseMessage.objects.exists()


def test_the_case_leads_to_its_thread(case, people, signed_in):
    assert f"/cases/{case.code}/thread" in signed_in("deputy").get(f"/cases/{case.code}/").content.decode()
    workflow.return_to_dispatcher(case, people.unit_officer, "不归我们管。")
    assert workflow_thread.side_of(case, people.unit_officer) is None
