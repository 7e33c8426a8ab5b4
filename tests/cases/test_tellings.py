"""How residents hear what became of their case: by message where a gateway takes it, else by a call that somebody makes, and who saw the number."""

import datetime as dt
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from apps.cases import joining, telling_ways, workflow, workflow_limits, workflow_ratings
from apps.cases import workflow_tellings as calls
from apps.cases.models import Case, Reporter
from apps.cases.tellings import Telling, What, tell_reporters
from apps.cases.workflow import Report
from apps.record.notices import ATTEMPTS, Notice
from apps.record.states import MoveRefused
from tests import town as toy
from tests.cases.conftest import add_people
from tests.conftest import public_role

MOBILE = "13912345678"


@pytest.fixture
def people(town, users):
    return add_people(town, users)


def report(phone: str = MOBILE, name: str = "王五") -> Case:
    point = toy.at(0.4, 0.5)
    with public_role():
        return workflow.submit(Report(submission=uuid.uuid4(), text="路灯不亮", lon=point.x, lat=point.y, reporter=Reporter(name, phone), to="D1"))


def answered(people, phone: str = MOBILE, **said) -> Case:
    return workflow.answer_as_deputy(report(phone), people.deputy, "已换灯泡。", **said)


def call(case: Case) -> Telling:
    telling_ways.carry_out()
    return Telling.objects.calls().waiting().get(case=case)


class Gateway:
    """A gateway that writes down what it gets, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.headers: list[dict] = []
        self.answers: list[tuple[int, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = outer.answers.pop(0) if outer.answers else (200, '{"code": 0}')
                outer.got.append(json.loads(body))
                outer.headers.append(dict(self.headers))
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("Location", outer.url + "/elsewhere")
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def gateway():
    server = Gateway()
    yield server
    server.close()


@pytest.fixture
def sms(gateway, settings):
    body = {"mobile": "{to}", "sign": "人大", "params": ["{text}"], "serial": "{id}", "account": "{key}"}
    settings.GATEWAYS = {"sms": {"url": f"{gateway.url}/sms", "key": "k-1", "body": body, "success": "code=0"}, "wechat": {"url": "", "key": "", "body": {}, "success": ""}}
    return gateway


# --- by call ------------------------------------------------------------------------------------------------------------------------


def test_an_answer_is_told_by_telephone_where_nothing_else_takes_it(people):
    case = answered(people)
    waiting = call(case)
    assert (waiting.what, waiting.joiner, "已换灯泡。" in waiting.words) == ("answered", None, True)
    assert set(Telling.objects.filter(case=case, what="received").values_list("way", "state")) == {("page", "done")}
    (notice,) = Notice.objects.filter(title="有反映人等您打电话告知")
    assert (notice.recipient, notice.path) == (people.town_clerk, "/cases/calls/")
    answered(people)
    telling_ways.carry_out()
    assert Notice.objects.filter(title="有反映人等您打电话告知").count() == 1  # once a day


def test_who_left_nothing_is_not_rung_up(people):
    case = answered(people, phone="")
    telling_ways.carry_out()
    assert set(Telling.objects.filter(case=case).values_list("way", "state")) == {("page", "done")}


def test_what_was_told_in_person_is_on_record_and_not_told_again(people):
    case = answered(people, told=True)
    telling_ways.carry_out()
    told = Telling.objects.get(case=case, what="answered")
    assert (told.way, told.state, told.told_by) == ("told", "done", people.deputy)


def test_the_number_is_seen_by_who_takes_the_call_and_by_nobody_else(people, client):
    case = answered(people)
    waiting = call(case)
    client.force_login(people.town_clerk)
    assert MOBILE not in client.get("/cases/calls/").content.decode()
    taken = client.post(f"/cases/calls/{waiting.pk}/take")
    assert taken.headers["Location"] == f"/cases/calls/#call-{waiting.pk}"
    assert MOBILE in client.get("/cases/calls/").content.decode()
    assert case.events.get(verb="take_call").actor == people.town_clerk
    client.force_login(people.county_office)
    assert MOBILE not in client.get("/cases/calls/").content.decode()
    with pytest.raises(MoveRefused, match="正在打"):
        calls.take(waiting.pk, people.county_office)
    for other in (people.other_deputy, people.other_clerk):
        client.force_login(other)
        assert str(case.code) not in client.get("/cases/calls/").content.decode()
        with pytest.raises(MoveRefused, match="不由您打"):
            calls.take(waiting.pk, other)
    for other in (people.dispatcher, people.unit_officer, people.leader, people.stranger):
        client.force_login(other)
        assert client.get("/cases/calls/").status_code == client.post(f"/cases/calls/{waiting.pk}/take").status_code == 403
        with pytest.raises(MoveRefused):
            calls.note(waiting.pk, other, "reached")


def test_a_call_that_was_taken_and_left_is_free_after_half_an_hour(people, clock):
    waiting = call(answered(people))
    calls.take(waiting.pk, people.town_clerk)
    clock.now += dt.timedelta(minutes=31)
    assert calls.take(waiting.pk, people.deputy).claimed_by == people.deputy
    with pytest.raises(MoveRefused, match="我来打"):
        calls.note(waiting.pk, people.town_clerk, "reached")
    calls.give_back(waiting.pk, people.deputy)
    calls.take(waiting.pk, people.town_clerk)


def test_reached(people):
    case = answered(people)
    waiting = call(case)
    with pytest.raises(MoveRefused, match="我来打"):
        calls.note(waiting.pk, people.town_clerk, "reached")
    calls.take(waiting.pk, people.town_clerk)
    for outcome, words in (("", "x"), ("nonsense", ""), ("reached", "长" * 301)):
        with pytest.raises(MoveRefused):
            calls.note(waiting.pk, people.town_clerk, outcome, words)
    done = calls.note(waiting.pk, people.town_clerk, "reached", "他说谢谢")
    assert (done.state, done.outcome, done.told_by, done.told_at is not None) == ("done", "reached", people.town_clerk, True)
    event = case.events.get(verb="tell_by_phone")
    assert (event.note, event.data["outcome"]) == ("他说谢谢", "已告知本人")
    with pytest.raises(MoveRefused, match="不用打了"):
        calls.take(waiting.pk, people.town_clerk)


def test_no_answer_is_tried_again_and_given_up_after_three(people, clock):
    waiting = call(answered(people))  # a Tuesday at nine
    expected = ["2026-03-10T11:00", "2026-03-11T09:00"]
    for when in expected:
        calls.take(waiting.pk, people.town_clerk)
        again = calls.note(waiting.pk, people.town_clerk, "no_answer")
        assert (again.state, again.due_at.isoformat()[:16]) == ("waiting", when)
        clock.now = clock.now.replace(hour=16, minute=30)
    calls.take(waiting.pk, people.town_clerk)
    assert calls.note(waiting.pk, people.town_clerk, "no_answer").state == "unreached"
    assert telling_ways.figures() == (0, 1)


def test_a_wrong_number_is_not_tried_again(people):
    waiting = call(answered(people))
    calls.take(waiting.pk, people.town_clerk)
    assert calls.note(waiting.pk, people.town_clerk, "wrong_number").state == "unreached"


def test_nobody_is_rung_up_at_night(people, clock, client):
    clock.now = clock.now.replace(hour=21)
    case = answered(people)
    assert timezone.localtime(call(case).due_at).isoformat()[:16] == "2026-03-11T08:00"
    client.force_login(people.town_clerk)
    assert "现在没有要打的" in client.get("/cases/calls/").content.decode() and case.where() in client.get("/cases/calls/?show=later").content.decode()


def test_who_has_rated_has_read_it(people, clock):
    case = answered(people)
    waiting = call(case)
    clock.now += dt.timedelta(minutes=5)
    workflow_ratings.rate(case, "satisfied")
    telling_ways.carry_out()
    waiting.refresh_from_db()
    assert waiting.state == "dropped" and not Telling.objects.calls().waiting().exists()


def test_one_call_says_it_all(people, clock):
    case = report()
    workflow_limits.pause(case, people.deputy, "是哪一盏？")
    first = call(case)
    assert first.what == "paused"
    clock.now += dt.timedelta(minutes=5)
    workflow_limits.resume(case, people.deputy, "找到了")
    workflow.answer_as_deputy(case, people.deputy, "已换灯泡。")
    second = call(case)
    first.refresh_from_db()
    assert (first.state, second.what) == ("dropped", "answered")


def test_joiners_are_told_as_the_reporter_is(people):
    case = report()
    with public_role():
        joiner = joining.join(case, uuid.uuid4(), words="我这里也是", reporter=Reporter("", "13712345678"))
    workflow.answer_as_deputy(case, people.deputy, "已换灯泡。", told=True)
    waiting = call(case)
    assert waiting.joiner == joiner
    calls.take(waiting.pk, people.town_clerk)
    assert waiting.contact().phone == "13712345678"
    calls.note(waiting.pk, people.town_clerk, "reached")
    joiner.refresh_from_db()
    assert joiner.told


def test_what_is_rolled_back_is_told_to_nobody(people):
    case = report()
    before = Telling.objects.count()
    with pytest.raises(MoveRefused):
        workflow.answer_as_deputy(case, people.other_deputy, "不是我的")
    assert Telling.objects.count() == before
    with pytest.raises(ValueError, match="unknown thing"):
        tell_reporters(case, "gossip", "听说")


def test_the_public_zone_tells_nobody(people, settings):
    case = report()
    settings.ZONE = "public"
    assert tell_reporters(case, What.ANSWERED, "x") == 0


def test_two_who_press_at_once(people, client):
    """The second is told who has it; nothing is counted twice."""
    waiting = call(answered(people))
    calls.take(waiting.pk, people.town_clerk)
    client.force_login(people.deputy)
    page = client.post(f"/cases/calls/{waiting.pk}/take", follow=True).content.decode()
    assert "东溪镇人大正在打这个电话" in page and MOBILE not in page
    wrong = client.post(f"/cases/calls/{waiting.pk}/note", {"outcome": "reached", "words": "我写的话"})
    assert wrong.status_code == 409 and "我写的话" in wrong.content.decode()
    client.force_login(people.town_clerk)
    missing = client.post(f"/cases/calls/{waiting.pk}/note", {"words": "没选结果"})
    assert missing.status_code == 422 and "没选结果" in missing.content.decode() and "请选通话的结果" in missing.content.decode()


def test_the_page_does_not_grow_with_the_calls(people, client, django_assert_max_num_queries):
    for _ in range(12):
        answered(people)
    telling_ways.carry_out()
    client.force_login(people.town_clerk)
    client.get("/cases/calls/")
    with django_assert_max_num_queries(12):
        assert client.get("/cases/calls/").content.decode().count("我来打") == 12


def test_the_job_finds_its_rows_by_index(people):
    case = report()
    Telling.objects.bulk_create(Telling(case=case, what="received", words="x", way="page", state="done") for _ in range(3000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cases_telling")
    assert "cases_telling_due" in Telling.objects.unsettled().explain()
    assert "cases_telling_due" in Telling.objects.to_send(timezone.now()).explain()
    assert "cases_telling_calls" in Telling.objects.calls().waiting().filter(due_at__lte=timezone.now()).order_by("due_at", "pk").explain()


def test_the_demo_has_people_to_ring_up_once(people):
    workflow.answer_as_deputy(report("", ""), people.deputy, "已换灯泡。")
    Telling.objects.all().delete()
    call_command("demo_calls")
    call_command("demo_calls")
    telling_ways.carry_out()
    assert [row.contact().phone[:7] for row in Telling.objects.calls()] == ["1300000"]


# --- by message ---------------------------------------------------------------------------------------------------------------------


def test_a_mobile_number_is_sent_a_message(people, sms):
    case = answered(people, phone="１３９-1234-5678")
    telling_ways.carry_out()
    said = {row.what: row for row in Telling.objects.filter(case=case)}
    assert {row.way for row in said.values()} == {"sms"} and {row.state for row in said.values()} == {"done"}
    sent = next(each for each in sms.got if "已换灯泡" in each["params"][0])
    assert sent == {"mobile": MOBILE, "sign": "人大", "params": [said["answered"].words], "serial": str(said["answered"].reference), "account": "k-1"}
    assert {"X-Signature", "Authorization"} <= {name.title() for name in sms.headers[0]}
    telling_ways.carry_out()
    assert len(sms.got) == 2 and not Telling.objects.calls().exists()


def test_what_cannot_be_sent_becomes_a_call(people, sms, clock):
    case = answered(people)
    sms.answers = [(200, '{"code": 0}'), (500, ""), (200, '{"code": 7}'), (302, ""), (200, "not json"), (500, "")]
    for _ in range(ATTEMPTS):
        telling_ways.carry_out()
        clock.now += dt.timedelta(days=1)
    waiting = Telling.objects.get(case=case, what="answered")
    assert (waiting.way, waiting.state) == ("call", "waiting") and "500" in waiting.error
    assert len(sms.got) == 1 + ATTEMPTS  # nobody was led on to another address


def test_a_gateway_that_is_gone_becomes_a_call(people, sms, settings, clock):
    clock.now = clock.now.replace(hour=22)
    case = answered(people)
    telling_ways.carry_out()
    assert not sms.got  # not at night
    settings.GATEWAYS = {}
    clock.now += dt.timedelta(hours=12)
    telling_ways.carry_out()
    assert Telling.objects.get(case=case, what="answered").way == "call"


def test_an_open_id_goes_by_wechat_and_a_landline_by_telephone(people, sms, settings):
    settings.GATEWAYS["wechat"] = {"url": f"{sms.url}/wechat", "key": "", "body": {"touser": "{to}", "text": "{text}"}, "success": ""}
    by_wechat, by_phone = answered(people, phone="o6_bmjrPTlm6_2sgVt7hMZOPfL2M"), answered(people, phone="0577-12345678")
    telling_ways.carry_out()
    assert Telling.objects.get(case=by_wechat, what="answered").way == "wechat" and Telling.objects.get(case=by_phone, what="answered").way == "call"


def test_quotes_in_an_answer_do_not_break_the_body(people, sms):
    workflow.answer_as_deputy(report(), people.deputy, '说"好了", {key} \\ {to}')
    telling_ways.carry_out()
    assert any(each["params"][0].endswith('说"好了", {key} \\ {to}') and each["account"] == "k-1" for each in sms.got)
