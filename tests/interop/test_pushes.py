"""Records that a program pushes: with its key, to its source, sent again without harm, nothing of a person kept."""

import json

import pytest

from apps.hotline.earlier import earlier
from apps.hotline.models import Intake, Record, Source
from apps.interop import pushes
from apps.interop.keys import give_out, stop

SAID = {"number": "LX1", "received_at": "2026-03-04 09:20", "text": "我叫赵铁柱，电话13900007777，人民路12号的路灯坏了", "address": "东溪镇人民路12号", "state": "办理中", "channel": "电话"}


@pytest.fixture
def push(client, users, town):
    earlier.forget()
    key, secret = give_out(users.county_office, "县热线平台", "值班室", 100)
    Source.objects.create(code="12345", name="12345热线", kind="hotline", mapping={"工单编号": "number", "诉求": "text", "受理时间": "received_at"}, pushers=["县热线平台"])

    def sent(body, *, source="12345", secret=secret, **more):
        body = body if isinstance(body, bytes) else json.dumps(body)
        return client.post(f"/api/v1/hotline/{source}/records", body, content_type="application/json", headers={"X-API-Key": secret, **more})

    sent.key = key
    return sent


def test_pushed_and_pushed_again(push):
    answer = push({"records": [SAID, {"工单编号": "LX2", "诉求": "井盖松动", "受理时间": "2026-03-05", "别的": {"x": 1}}, {"number": "LX3"}]})
    assert (answer.status_code, answer.json()["taken"], answer.json()["refused"]) == (200, 2, 1)
    assert answer.json()["problems"] == [{"record": 3, "field": "内容", "reason": "没有内容，也不是收过的工单", "refused": True}]
    first = Record.objects.get(number="LX1")
    assert "13900007777" not in first.text and "赵铁柱" not in first.text and first.town.name == "东溪镇"
    assert push({"records": [SAID]}).json()["unchanged"] == 1
    assert push([{"number": "LX1", "state": "已办结"}]).json()["changed"] == 1
    day = Intake.objects.get()
    assert (day.way, day.state, day.read, day.taken, day.changed, day.unchanged, day.refused) == ("push", "done", 5, 2, 1, 1, 1)


def test_without_the_right_key_nothing(push, users):
    assert push({"records": []}, secret="x").status_code == 401
    assert push({"records": []}, source="nobody").status_code == 403
    Source.objects.update(pushers=[])
    assert push({"records": []}).status_code == 403
    Source.objects.update(pushers=["县热线平台"])
    assert push({"records": []}).status_code == 200
    stop(push.key.pk, users.county_office, "换人")
    assert push({"records": []}).status_code == 401


def test_the_public_zone_takes_none(push, settings):
    settings.ZONE = "public"
    assert push({"records": []}).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"\xff", 400), (b'{"records": 3}', 400), (b'{"records": [3]}', 400), (b"[" * 9999, 400), (b"[" + b'{"number": 1},' * 1000 + b"{}]", 413), (b" " * (pushes.LARGEST + 1), 413)],
)  # fmt: skip
def test_what_is_no_batch_is_said(push, body, status):
    answer = push(body)
    assert answer.status_code == status and answer.json()["message"]


def test_a_closed_source_says_so(push):
    Source.objects.update(is_open=False)
    assert push({"records": [SAID]}).status_code == 409


def test_so_many_an_hour(push):
    push.key.per_hour = 2
    push.key.save()
    assert [push({"records": []}).status_code for _ in range(3)] == [200, 200, 429]
