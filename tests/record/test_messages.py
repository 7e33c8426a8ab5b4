"""The outbox and inbox between the zones, in one process: order within a stream, what waits, what is refused, what a crash leaves."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apps.record import crossing, messages
from apps.record.messages import Incoming, Kind, MessageRefused, Outgoing


@pytest.fixture
def taken(monkeypatch) -> list[str]:
    """A kind of message that writes down what it says; “bad” is refused, “later” fails for now."""
    said: list[str] = []

    def apply(body: dict) -> None:
        if body["words"] == "bad":
            raise MessageRefused("不收这样的话。")
        if body["words"] == "later" and "ready" not in said:
            raise LookupError("还没有准备好")
        said.append(body["words"])

    monkeypatch.setattr(messages, "KINDS", {"note": Kind("note", "便条", "public", apply)})
    monkeypatch.setattr(crossing, "KINDS", messages.KINDS)
    return said


@pytest.fixture
def gate(db, tmp_path, settings):
    """One process plays both zones in turn: `send` as the public zone, `receive` as the office."""
    seeds = {zone: bytes([number]) * 32 for number, zone in enumerate(("public", "office"), start=1)}
    public = {zone: base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).decode() for zone, seed in seeds.items()}

    class Gate:
        folder = tmp_path

        def be(self, zone: str) -> None:
            other = "office" if zone == "public" else "public"
            settings.ZONE, settings.ZONE_KEY, settings.ZONE_PEER_KEYS = zone, base64.b64encode(seeds[zone]).decode(), [public[other]]

        def post(self, words: str, stream: str = "a") -> None:
            self.be("public")
            Outgoing.objects.post("note", stream, {"words": words})

        def send(self, **options) -> list:
            self.be("public")
            return crossing.write(tmp_path, **options)[0]

        def receive(self) -> crossing.TakenIn:
            self.be("office")
            return crossing.read(tmp_path)

    return Gate()


def test_nothing_is_posted_where_one_process_serves_both(db, settings, taken):
    Outgoing.objects.post("note", "a", {"words": "x"})
    assert not Outgoing.objects.exists()
    settings.ZONE, settings.ZONE_KEY = "office", ""
    with pytest.raises(ValueError, match="not sent from this zone"):
        Outgoing.objects.post("note", "a", {"words": "x"})
    with pytest.raises(crossing.CannotCross):
        crossing.own_key()


def test_in_order_within_a_stream_and_once(gate, taken):
    for words in ("一", "二", "三"):
        gate.post(words)
    gate.send()
    result = gate.receive()
    assert (taken, result.new, result.applied) == (["一", "二", "三"], 3, 3)
    assert gate.send() == [] and gate.receive().new == 0
    assert list(Incoming.objects.values_list("body", flat=True)) == [{}, {}, {}]  # what was taken in lies in one place


def test_a_refusal_stops_nobody_and_a_fault_only_its_own_stream(gate, taken):
    for words, stream in (("bad", "a"), ("好", "a"), ("later", "b"), ("之后", "b"), ("别的", "c")):
        gate.post(words, stream)
    gate.send()
    result = gate.receive()
    assert (sorted(taken), result.applied, result.refused, result.waiting) == (sorted(["好", "别的"]), 2, 1, 2)
    assert Incoming.objects.get(state="refused").reason == "不收这样的话。"
    assert "还没有准备好" in Incoming.objects.get(sequence=3).reason
    taken.append("ready")
    assert gate.receive().applied == 2 and taken[-2:] == ["later", "之后"]


def test_a_kind_that_is_not_known_yet_waits(gate, taken, monkeypatch):
    gate.post("一")
    gate.send()
    known = dict(messages.KINDS)
    messages.KINDS.clear()
    assert gate.receive().waiting == 1
    messages.KINDS.update(known)
    assert gate.receive().applied == 1


def test_a_crash_after_the_file_was_written_gives_the_same_numbers_again(gate, taken, monkeypatch):
    gate.post("一", "a")

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(crossing, "_file", dies)
        with pytest.raises(KeyboardInterrupt):
            gate.send()
    gate.post("二", "b")
    gate.send()
    assert list(Outgoing.objects.order_by("sequence").values_list("sequence", "stream")) == [(1, "a"), (2, "b")]
    assert gate.receive().applied == 2
    assert not list(gate.folder.glob("*.part"))


def test_one_that_cannot_be_written_holds_up_no_other(gate, taken, monkeypatch):
    def fill(body: dict) -> dict:
        if body["words"] == "broken":
            raise LookupError("gone")
        return body

    messages.KINDS["note"] = Kind("note", "便条", "public", messages.KINDS["note"].apply, fill)
    gate.post("broken", "a")
    gate.post("behind", "a")
    gate.post("别的", "b")
    gate.send()
    result = gate.receive()
    assert (taken, result.waiting, result.missing) == (["别的"], 1, [1])


def test_the_receipt_acknowledges_and_asks_again(gate, taken, tmp_path):
    gate.post("一")
    gate.post("二")
    gate.send()
    gate.receive()
    gate.be("office")
    crossing.write(tmp_path)  # nothing to say but the receipt
    gate.be("public")
    crossing.read(tmp_path)
    assert Outgoing.objects.filter(acknowledged_at=None).count() == 0
    again = gate.send(start=2)
    assert len(again) == 1 and len(again[0].read_text().splitlines()) == 2
    assert gate.receive().known == 1


def test_two_with_one_number_are_told_apart(gate, taken, tmp_path):
    gate.post("一")
    gate.send()
    gate.receive()
    gate.be("public")
    letter = {**crossing._letter(Outgoing.objects.get(), "office"), "uuid": "11111111-1111-1111-1111-111111111111", "data": {"words": "假的"}}
    receipt = {"from": "public", "to": "office", "at": letter["at"], "lines": 1, "received": 0, "missing": []}
    lines = [crossing._signed(crossing.own_key(), said) for said in (receipt, letter)]
    (tmp_path / "other.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    assert any("编号对不上" in fault for fault in gate.receive().faults) and "假的" not in taken


def test_signed_for_another_zone_or_purpose_is_nothing(gate, taken, tmp_path):
    gate.be("public")
    said = json.dumps({"from": "public", "to": "office"})
    bare = base64.b64encode(crossing.own_key().sign(said.encode())).decode()  # by the right key, for something else
    (tmp_path / "bare.jsonl").write_text(json.dumps({"said": said, "signature": bare}) + "\n")
    assert gate.receive().faults
