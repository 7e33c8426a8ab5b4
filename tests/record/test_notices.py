"""What people are told: once, with what it tells of, to nobody else; and the ways out of the house."""

import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.accounts.models import User
from apps.record import notices
from apps.record.notices import ATTEMPTS, Channel, Delivery, Notice

SHANGHAI = ZoneInfo("Asia/Shanghai")


def tell(*recipients, title="您有一项监督任务", **more) -> int:
    return Notice.objects.tell(recipients, "assignment", title, **more)


def test_each_recipient_once(users):
    assert tell(users.deputy, users.deputy.pk, users.leader, None) == 2
    assert list(Notice.objects.order_by("recipient").values_list("recipient", flat=True)) == sorted([users.deputy.pk, users.leader.pk])


def test_the_same_key_is_told_once_to_each(users):
    assert tell(users.deputy, key="run:1") == 1
    assert tell(users.deputy, users.leader, key="run:1", title="又说一遍") == 1
    assert set(Notice.objects.values_list("recipient", "title")) == {(users.deputy.pk, "您有一项监督任务"), (users.leader.pk, "又说一遍")}
    assert tell(users.deputy) == tell(users.deputy) == 1  # without a key always


@pytest.mark.django_db(transaction=True)
def test_two_at_once_tell_the_same_key_once():
    reader = User.objects.create(username="one", role="deputy")
    barrier = threading.Barrier(6)

    def run():
        barrier.wait(5)
        try:
            tell(reader, key="due:7")
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert Notice.objects.count() == 1


def test_what_is_rolled_back_is_told_to_nobody(users):
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(users.deputy)
        raise RuntimeError
    assert not Notice.objects.exists()


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "desk/"])
def test_leads_to_our_own_pages_only(users, path):
    with pytest.raises(ValueError, match="page of ours"):
        tell(users.deputy, path=path)


def test_unknown_kinds_are_refused(users):
    with pytest.raises(ValueError, match="unknown kind"):
        Notice.objects.tell([users.deputy], "gossip", "听说")


# --- the inbox ----------------------------------------------------------------------------------------------------------------


def test_nobody_reads_what_was_said_to_others(users, client):
    tell(users.deputy, title="只给代表看", path="/desk/")
    notice = Notice.objects.get()
    client.force_login(users.leader)
    assert "只给代表看" not in client.get("/notices/").content.decode()
    assert client.get(f"/notices/{notice.pk}/").status_code == 404
    client.post("/notices/read", {"notice": notice.pk})
    client.post("/notices/read", {"newest": notice.pk})
    notice.refresh_from_db()
    assert notice.read_at is None


def test_opening_reads_and_leads_on(users, client):
    tell(users.deputy, path="/projects/?show=assigned")
    tell(users.deputy, title="没有页面的")
    client.force_login(users.deputy)
    with_page, without = Notice.objects.order_by("pk")
    assert client.get(f"/notices/{with_page.pk}/").headers["Location"] == "/projects/?show=assigned"
    assert Notice.objects.unread().count() == 2  # a browser that looks ahead, a link in a message: nobody has read it
    assert client.post(f"/notices/{with_page.pk}/").headers["Location"] == "/projects/?show=assigned"
    assert client.post(f"/notices/{without.pk}/").headers["Location"] == "/notices/"
    first = Notice.objects.get(pk=with_page.pk).read_at
    client.post(f"/notices/{with_page.pk}/")
    assert Notice.objects.get(pk=with_page.pk).read_at == first is not None  # when it was first read


def test_unread_first_then_the_newest(users, client):
    for n in range(70):
        tell(users.deputy, title=f"第{n:02}条")
    Notice.objects.filter(title__gte="第10条").mark_read()
    client.force_login(users.deputy)
    shown = [notice.title for notice in client.get("/notices/").context["page_obj"]]
    assert shown == [f"第{n:02}条" for n in (*range(9, -1, -1), *range(69, 49, -1))]
    assert [n.title for n in client.get("/notices/?show=unread").context["page_obj"]] == shown[:10]
    assert client.get("/notices/?kind=finding").context["page_obj"].paginator.count == 0
    assert client.get("/notices/?kind=nonsense&page=xx").context["page_obj"].paginator.count == 70


def test_all_read_up_to_what_stood_on_the_page(users, client):
    for n in range(3):
        tell(users.deputy, title=f"第{n}条")
    client.force_login(users.deputy)
    newest = client.get("/notices/").context["newest"]
    tell(users.deputy, title="刚刚来的")
    client.post("/notices/read?show=unread", {"newest": newest})
    assert list(Notice.objects.unread().values_list("title", flat=True)) == ["刚刚来的"]


def test_the_bell_counts_and_costs_one_query(users, client, django_assert_max_num_queries):
    client.force_login(users.deputy)
    assert "bell-count" not in client.get("/notices/").content.decode()
    for _ in range(3):
        tell(users.deputy)
    tell(users.leader)
    with django_assert_max_num_queries(9):
        page = client.get("/notices/").content.decode()
    assert '<span class="visually-hidden">，未读 </span>3</span>' in page


def test_counting_reads_the_index(users):
    Notice.objects.bulk_create(Notice(recipient=users.leader, kind="system", title="读过", at=timezone.now(), read_at=timezone.now()) for _ in range(3000))
    tell(users.leader)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE record_notice")
    assert "record_notice_" in Notice.objects.visible_to(users.leader).unread().explain()
    assert "record_notice_inbox" in str(Notice.objects.visible_to(users.leader).unread_first()[:30].explain())


# --- ways out of the house ------------------------------------------------------------------------------------------------------


@pytest.fixture
def posted(monkeypatch) -> list[str]:
    """A channel that writes on a list and fails for whoever is named 'fails'."""
    sent: list[str] = []

    def send(notice: Notice, target: str) -> None:
        if "fails" in notice.title:
            raise OSError("对方没有应答")
        sent.append(f"{notice.recipient.username}: {notice.title}")

    monkeypatch.setattr(notices, "CHANNELS", {"post": Channel("post", send, quiet=(21, 8))})
    return sent


def at(monkeypatch, text: str) -> None:
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def test_no_channel_no_delivery(users):
    tell(users.deputy)
    assert not Delivery.objects.exists()


def test_sent_once_however_often_the_job_runs(users, posted, monkeypatch):
    at(monkeypatch, "2026-03-10T10:00")
    tell(users.deputy, users.leader, key="a")
    tell(users.deputy, users.leader, key="a")
    assert ProcrastinateJob.objects.filter(task_name="record.deliver_notices").count() == 1
    assert Delivery.objects.carry_out() == 2
    assert Delivery.objects.carry_out() == 0
    assert sorted(posted) == ["deputy: 您有一项监督任务", "leader: 您有一项监督任务"]


@pytest.mark.parametrize(("told", "due"), [("2026-03-10T21:00", "2026-03-11T08:00"), ("2026-03-11T02:30", "2026-03-11T08:00"), ("2026-03-11T08:00", "2026-03-11T08:00"), ("2026-03-11T20:59", "2026-03-11T20:59")])
def test_quiet_hours(users, posted, monkeypatch, told, due):
    at(monkeypatch, told)
    tell(users.deputy)
    assert timezone.localtime(Delivery.objects.get().due_at).isoformat()[:16] == due
    assert Delivery.objects.carry_out() == (told == due)
    at(monkeypatch, due)
    Delivery.objects.carry_out()
    assert len(posted) == 1


def test_what_fails_is_tried_again_and_given_up_and_hinders_nobody(users, posted, monkeypatch):
    at(monkeypatch, "2026-03-10T10:00")
    tell(users.deputy, title="this fails")
    tell(users.leader)
    assert Delivery.objects.carry_out() == 2 and len(posted) == 1
    failing = Delivery.objects.get(notice__title="this fails")
    assert (failing.state, failing.attempts, failing.error) == ("waiting", 1, "对方没有应答")
    for day in range(11, 20):
        at(monkeypatch, f"2026-03-{day}T10:00")
        Delivery.objects.carry_out()
    failing.refresh_from_db()
    assert (failing.state, failing.attempts) == ("failed", ATTEMPTS)
    assert Delivery.objects.carry_out() == 0
