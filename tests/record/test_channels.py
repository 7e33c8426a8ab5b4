"""Ways out of the house: mail over a real SMTP server, robots over real HTTP, each asked for by those it concerns; the outbox page."""

import base64
import email
import hashlib
import hmac
import json
import socketserver
import threading
from email import policy
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.utils import timezone

from apps.record import outbox
from apps.record.channels import NoticeWay, Robot, may_post_to
from apps.record.notices import ATTEMPTS, Delivery, Notice
from apps.record.sealing import Unreadable, seal, unseal
from apps.record.states import MoveRefused
from tests.cases.test_tellings import Gateway


def tell(*people, kind="case", title="有一件新的民情件请您办理", body="人民路路灯", path="/cases/2026-000001/") -> None:
    Notice.objects.tell(people, kind, title, body, path)


@pytest.fixture(autouse=True)
def daytime(monkeypatch):
    noon = timezone.now().replace(hour=4, minute=0)  # noon in China
    monkeypatch.setattr(timezone, "now", lambda: noon)


@pytest.fixture
def web():
    server = Gateway()
    server.answers = []
    yield server
    server.close()


@pytest.fixture
def robots(web, settings):
    settings.WEBHOOK_HOSTS = [web.url]
    settings.OFFICE_URL = "https://office.example"
    return web


@pytest.fixture
def letters(settings):
    """An SMTP server of our own, that keeps what it gets; `refuse` lets it turn away so many."""
    kept: list[bytes] = []
    refuse: list[int] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            def say(line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

            say("220 here")
            while line := self.rfile.readline():
                verb = line.decode().strip().upper()
                if verb.startswith("DATA"):
                    say("354 go on")
                    lines = []
                    while (text := self.rfile.readline()) != b".\r\n":
                        lines.append(text)
                    kept.append(b"".join(lines))
                    say("250 kept")
                elif verb.startswith("RCPT") and refuse:
                    refuse.pop()
                    say("451 later")
                elif verb.startswith("QUIT"):
                    say("221 bye")
                    return
                else:
                    say("250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.OFFICE_URL = "127.0.0.1", server.server_address[1], "https://office.example"
    yield kept, refuse
    server.shutdown()
    server.server_close()
    thread.join()


def text_of(letter: bytes) -> str:
    message = email.message_from_bytes(letter, policy=policy.default)
    return f"{message['Subject']}\n{message['To']}\n{message.get_content()}"


# --- mail ---------------------------------------------------------------------------------------------------------------------------


def test_mail_goes_to_who_wants_it(users, letters):
    kept, _ = letters
    for user in (users.deputy, users.town_clerk, users.leader):
        user.email = f"{user.username}@example.org"
        user.save()
    outbox.choose(users.county_office, role="deputy", mail=True, silent=[])
    outbox.choose_own(users.town_clerk, "yes", "clerk@example.org", ["calendar"])
    tell(users.deputy, users.town_clerk, users.leader, users.unit_officer)
    tell(users.town_clerk, kind="calendar", title="日历改了")
    assert Delivery.objects.carry_out() == 2
    said = sorted(text_of(letter).split("\n")[1] for letter in kept)
    assert said == ["clerk@example.org", "deputy@example.org"]
    assert "https://office.example/cases/2026-000001/" in text_of(kept[0]) and "人民路路灯" in text_of(kept[0])
    outbox.choose_own(users.deputy, "no", "deputy@example.org", [])
    tell(users.deputy)
    assert Delivery.objects.carry_out() == 0
    assert NoticeWay.objects.get(user=users.deputy).events.count() == 1


def test_a_server_that_refuses_is_asked_again(users, letters, monkeypatch):
    kept, refuse = letters
    outbox.choose_own(users.deputy, "yes", "d@example.org", [])
    refuse.append(1)
    tell(users.deputy)
    Delivery.objects.carry_out()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, "451" in delivery.error) == ("waiting", 1, True) and not kept
    later = delivery.due_at
    monkeypatch.setattr(timezone, "now", lambda: later)
    Delivery.objects.carry_out()
    assert Delivery.objects.get().state == "sent" and len(kept) == 1


def test_a_title_cannot_write_headers(users, letters):
    kept, _ = letters
    outbox.choose_own(users.deputy, "yes", "d@example.org", [])
    tell(users.deputy, title="标题\nBcc: all@example.org")
    Delivery.objects.carry_out()
    assert b"Bcc:" not in kept[0].split(b"\r\n\r\n")[0]


def test_without_a_server_nobody_is_sent_mail(users, settings):
    settings.EMAIL_HOST = ""
    outbox.choose_own(users.deputy, "yes", "d@example.org", [])
    tell(users.deputy)
    assert not Delivery.objects.exists()


# --- robots -------------------------------------------------------------------------------------------------------------------------


def robot(users, web, form="dingtalk", secret="", path="/robot/send?access_token=t-1", roles=("deputy",), scope="", kinds=()) -> Robot:
    return outbox.set_up(users.county_office, f"{form}{len(path)}{scope}", form, web.url + path, secret, list(roles), scope, list(kinds))


def test_dingtalk_is_signed_as_it_asks(users, robots):
    robots.answers = [(200, '{"errcode": 0, "errmsg": "ok"}')]
    seen = []
    original = robots.server.RequestHandlerClass.do_POST

    def noted(handler):
        seen.append(handler.path)
        original(handler)

    robots.server.RequestHandlerClass.do_POST = noted
    robot(users, robots, secret="SECabc")
    tell(users.deputy)
    assert Delivery.objects.carry_out() == 1
    asked = parse_qs(urlsplit(seen[0]).query)
    moment = asked["timestamp"][0]
    expected = base64.b64encode(hmac.digest(b"SECabc", f"{moment}\nSECabc".encode(), hashlib.sha256)).decode()
    assert unquote(asked["sign"][0]) == expected and asked["access_token"] == ["t-1"]
    (said,) = robots.got
    assert said["msgtype"] == "markdown" and said["markdown"]["title"] == "有一件新的民情件请您办理"
    assert "https://office.example/cases/2026-000001/" in said["markdown"]["text"] and "人民路路灯" not in json.dumps(said, ensure_ascii=False)
    assert Delivery.objects.get().state == "sent"


def test_wecom_and_a_group_hears_a_thing_once(users, robots):
    robots.answers = [(200, '{"errcode": 0}')]
    robot(users, robots, form="wecom", path="/cgi-bin/webhook/send?key=k", roles=("deputy", "leader"))
    tell(users.deputy, users.leader, users.town_clerk)
    assert Delivery.objects.carry_out() == 1
    assert robots.got == [{"msgtype": "markdown", "markdown": {"content": "有一件新的民情件请您办理\n\n[打开看](https://office.example/cases/2026-000001/)"}}]


def test_roles_scope_and_kinds(users, robots):
    robot(users, robots, roles=("town_office",), scope="339999100", kinds=("case",))
    tell(users.deputy)
    tell(users.town_clerk, kind="calendar")
    assert not Delivery.objects.exists()
    tell(users.town_clerk)
    assert Delivery.objects.count() == 1
    Delivery.objects.all().delete()
    Robot.objects.update(scope="339999200")
    tell(users.town_clerk)
    assert not Delivery.objects.exists()


def test_too_often_is_no_failure_and_a_refusal_is(users, robots, monkeypatch):
    robots.answers = [(200, '{"errcode": 130101, "errmsg": "too fast"}'), (200, '{"errcode": 310000, "errmsg": "keywords not in content"}')]
    robot(users, robots)
    tell(users.deputy)
    Delivery.objects.carry_out()
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == ("waiting", 0)
    later = waiting.due_at
    monkeypatch.setattr(timezone, "now", lambda: later)
    Delivery.objects.carry_out()
    refused = Delivery.objects.get()
    assert (refused.state, refused.attempts) == ("waiting", 1) and "310000" in refused.error and "t-1" not in refused.error


@pytest.mark.parametrize("url", ["http://oapi.dingtalk.com/robot", "https://evil.example/robot", "https://oapi.dingtalk.com.evil.example/", "https://oapi.dingtalk.com@evil.example/", "file:///etc/passwd", "https://oapi.dingtalk.com:8443/x", "//oapi.dingtalk.com/", "http://127.0.0.1:5432/"])
def test_robots_stand_on_listed_hosts_only(users, url, settings):
    assert not may_post_to(url) and may_post_to("https://oapi.dingtalk.com/robot/send?access_token=x")
    with pytest.raises(MoveRefused):
        outbox.set_up(users.county_office, "x", "dingtalk", url, "", ["deputy"], "", [])
    assert not Robot.objects.exists()


def test_a_robots_address_lies_sealed(users, robots):
    made = robot(users, robots, secret="SECabc")
    assert b"t-1" not in bytes(made.sealed) and b"SECabc" not in bytes(made.sealed)
    assert "t-1" not in json.dumps([event.data for event in made.events.all()])


# --- the pages ----------------------------------------------------------------------------------------------------------------------


def test_the_outbox_shows_what_failed_and_tries_it_again(users, robots, client):
    robot(users, robots)
    tell(users.deputy, title="送不到的一条")
    Delivery.objects.update(state="failed", attempts=ATTEMPTS, error="连不上 群。")
    client.force_login(users.county_office)
    page = client.get("/outbox/").content.decode()
    assert "送不到的一条" in page and "连不上 群。" in page and "没送达的都再发一次" in page
    assert "送不到的一条" not in client.get("/outbox/?channel=mail").content.decode()
    client.post("/outbox/again", {"delivery": Delivery.objects.get().pk})
    assert Delivery.objects.get().state == "waiting"
    robots.answers = [(200, '{"errcode": 0}')]
    Delivery.objects.carry_out()
    assert "送不到的一条" not in client.get("/outbox/").content.decode() and "送不到的一条" in client.get("/outbox/?state=sent").content.decode()
    Delivery.objects.update(state="failed")
    client.post("/outbox/again", {"channel": "mail"})
    assert Delivery.objects.get().state == "failed"
    client.post("/outbox/again", {"channel": ""})
    assert Delivery.objects.get().state == "waiting"
    client.post("/outbox/again", {"delivery": "9" * 40})


def test_ways_are_set_on_their_pages(users, robots, client):
    client.force_login(users.county_office)
    client.post("/outbox/ways/roles", {"role": ["deputy", "nonsense"]})
    assert list(NoticeWay.objects.values_list("role", "mail")) == [("deputy", True)]
    client.post("/outbox/ways/roles", {})
    assert list(NoticeWay.objects.values_list("role", "mail")) == [("deputy", False)]
    good = {"name": "联络群", "format": "dingtalk", "url": f"{robots.url}/send?access_token=t", "roles": ["deputy"], "scope": ""}
    wrong = client.post("/outbox/ways/", {**good, "url": "https://evil.example/"})
    assert wrong.status_code == 422 and "WEBHOOK_HOSTS" in wrong.content.decode() and "联络群" in wrong.content.decode()
    assert client.post("/outbox/ways/", {**good, "roles": []}).status_code == 422
    assert client.post("/outbox/ways/", good).status_code == 302
    made = Robot.objects.get()
    assert "access_token" not in client.get("/outbox/ways/").content.decode()
    robots.answers = [(200, '{"errcode": 0}'), (200, '{"errcode": 9}')]
    assert "收下了" in client.post(f"/outbox/ways/robots/{made.pk}/try", follow=True).content.decode()
    assert "没有发出" in client.post(f"/outbox/ways/robots/{made.pk}/try", follow=True).content.decode()
    client.post(f"/outbox/ways/robots/{made.pk}/stop")
    assert client.post(f"/outbox/ways/robots/{made.pk}/try").status_code == 404
    assert [event.verb for event in made.events.order_by("pk")] == ["set_up", "stop"]
    assert client.get("/outbox/messages/?way=in&state=refused").status_code == client.get("/outbox/messages/?state=waiting").status_code == 200


def test_ones_own_way(users, client):
    client.force_login(users.deputy)
    assert "按岗位的设置（现在是不发）" in client.get("/notices/ways/").content.decode()
    wrong = client.post("/notices/ways/", {"mail": "yes", "address": ""})
    assert wrong.status_code == 422 and "请填邮箱" in wrong.content.decode()
    assert client.post("/notices/ways/", {"mail": "yes", "address": "not an address"}).status_code == 422
    client.post("/notices/ways/", {"mail": "yes", "address": "me@example.org", "silent": ["calendar"]})
    way = NoticeWay.objects.get()
    users.deputy.refresh_from_db()
    assert (way.user, way.mail, way.silent, users.deputy.email) == (users.deputy, True, ["calendar"], "me@example.org")
    client.post("/notices/ways/", {"mail": "role", "address": "me@example.org"})
    way.refresh_from_db()
    assert way.mail is None


def test_only_the_countys_office_sees_what_leaves(users, client):
    for other in (users.deputy, users.leader, users.town_clerk, users.dispatcher, users.unit_officer):
        client.force_login(other)
        assert {client.get(path).status_code for path in ("/outbox/", "/outbox/ways/", "/outbox/messages/")} == {403}
        assert client.post("/outbox/again", {}).status_code == 403


# --- boxes --------------------------------------------------------------------------------------------------------------------------


def test_what_the_public_key_closes_only_the_office_opens(settings):
    from apps.record.sealing import office_public

    public, private = base64.b64encode(office_public()).decode(), settings.CONTACT_KEY
    settings.CONTACT_KEY, settings.CONTACT_PUBLIC_KEY = "", public
    closed = seal("张三 13912345678".encode())
    assert seal("张三 13912345678".encode()) != closed
    with pytest.raises(Unreadable):
        unseal(closed)
    settings.CONTACT_KEY = private
    assert unseal(closed).decode() == "张三 13912345678"
    for place in range(0, len(closed), 7):
        with pytest.raises(Unreadable):
            unseal(closed[:place] + bytes([closed[place] ^ 1]) + closed[place + 1 :])
    settings.CONTACT_KEY = base64.urlsafe_b64encode(b"x" * 32).decode()
    with pytest.raises(Unreadable):
        unseal(closed)


def test_contacts_that_were_sealed_before_are_still_read(settings):
    from cryptography.fernet import Fernet

    assert unseal(Fernet(settings.CONTACT_KEY).encrypt(b"old")) == b"old"
    with pytest.raises(Unreadable):
        unseal(Fernet(Fernet.generate_key()).encrypt(b"old"))
