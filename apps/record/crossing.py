"""Messages between the zones as files that a gate between the networks can carry, in whatever order, as often as it likes.

A file is lines of JSON. The first is the sender's receipt: how far he has what we sent, and which numbers are missing, so that they leave again.
Each line is `{"said": text, "signature": base64}`, signed with Ed25519 over the text's bytes exactly as they stand there, so nothing
has to be written twice in the same way. A line that is not signed by the other zone's key is not taken in; the others of its file are.
"""

import base64
import datetime as dt
import json
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.record.messages import KINDS, OFFICE, PUBLIC, Incoming, MessageRefused, Outgoing

logger = logging.getLogger(__name__)
CONTEXT = b"geo-renda message 1\n"  # a signature made here fits nowhere else
LINES, BYTES = 2000, 8 * 1024 * 1024  # of one file; a single message may be larger
LONGEST_LINE = 32 * 1024 * 1024
AGAIN = dt.timedelta(hours=24)  # what was never acknowledged leaves again
EXPORTING = 7_301_182  # the database's lock for one export at a time
SUFFIX, TAKEN, REFUSED = ".jsonl", "taken", "refused"


class CannotCross(Exception):
    """A key or a folder is missing. The message is Chinese and says what to set."""


@dataclass
class TakenIn:
    """What came of a folder: files read, messages new and known, applied, refused; faults as sentences; numbers that have not come."""

    files: int = 0
    new: int = 0
    known: int = 0
    applied: int = 0
    refused: int = 0
    waiting: int = 0
    faults: list[str] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)


def other_zone() -> str:
    if settings.ZONE not in (PUBLIC, OFFICE):
        raise CannotCross("一个进程同时服务两个区（ZONE=all），没有要跨区的报文。")
    return OFFICE if settings.ZONE == PUBLIC else PUBLIC


def own_key() -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(settings.ZONE_KEY, validate=True))
    except ValueError:
        raise CannotCross("环境变量 ZONE_KEY 没有设好：运行 manage.py zone_keys --new 得到一个。") from None


def peer_keys() -> list[Ed25519PublicKey]:
    try:
        keys = [Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True)) for key in settings.ZONE_PEER_KEYS]
    except ValueError:
        keys = []
    if not keys:
        raise CannotCross("环境变量 ZONE_PEER_KEYS 没有设好：填另一个区 manage.py zone_keys 打印的签名公钥。")
    return keys


def write(folder: Path, *, again: dt.timedelta = AGAIN, start: int = 0) -> tuple[list[Path], int]:
    """Write what has not left, what was not acknowledged within `again`, and with `start` everything from that number: the files, and
    how many messages. A file is there whole or not at all. Raises CannotCross."""
    key, to = own_key(), other_zone()
    if not folder.is_dir():
        raise CannotCross(f"没有文件夹 {folder}。")
    with _alone():  # settled before a file shows them: a number that has been seen never means another message
        Outgoing.objects.number()
    with _alone():
        now = timezone.now()
        rows = Outgoing.objects.filter(sequence__gte=start).order_by("sequence") if start else Outgoing.objects.to_write(now - again)
        files, written, lines, size = [], [], [], 0
        for row in rows.iterator(chunk_size=200):
            try:
                line = _signed(key, _letter(row, to))
            except Exception:  # one that cannot be written holds up what it is about, and nothing else
                logger.exception("跨区报文 %s 没有写出", row.pk)
                continue
            if lines and (len(lines) >= LINES or size + len(line) > BYTES):
                files.append(_file(folder, key, to, lines, now))
                lines, size = [], 0
            lines.append(line)
            size += len(line)
            written.append(row.pk)
        if lines or (not files and Incoming.objects.filter(sender=to).exists()):
            files.append(_file(folder, key, to, lines, now))
        for first in range(0, len(written), 1000):
            Outgoing.objects.filter(pk__in=written[first : first + 1000]).update(written_at=now)
    return files, len(written)


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction in which nobody else exports."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EXPORTING])
        yield


def _letter(row: Outgoing, to: str) -> dict:
    return {
        "from": settings.ZONE, "to": to, "uuid": str(row.uuid), "sequence": row.sequence, "previous": row.previous, "stream": row.stream,
        "kind": row.kind, "at": row.at.isoformat(), "data": KINDS[row.kind].fill(row.body),
    }  # fmt: skip


def _file(folder: Path, key: Ed25519PrivateKey, to: str, lines: list[bytes], now: dt.datetime) -> Path:
    received, missing = Incoming.objects.receipt(to)
    receipt = {"from": settings.ZONE, "to": to, "at": now.isoformat(), "lines": len(lines), "received": received, "missing": missing}
    path = folder / f"{settings.ZONE}-{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:12]}{SUFFIX}"
    beside = path.with_suffix(".part")
    with beside.open("wb") as out:
        out.writelines(line + b"\n" for line in (_signed(key, receipt), *lines))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
    return path


def _signed(key: Ed25519PrivateKey, said: dict) -> bytes:
    text = json.dumps(said, ensure_ascii=False)
    signature = base64.b64encode(key.sign(CONTEXT + text.encode())).decode()
    return json.dumps({"said": text, "signature": signature}, ensure_ascii=False).encode()


def read(folder: Path) -> TakenIn:
    """Take in every file of a folder, then apply what can be applied. Files read to their end move into `taken`, those with lines that
    were not taken into `refused`; one that is still being copied stays. Raises CannotCross."""
    keys, sender, result = peer_keys(), other_zone(), TakenIn()
    if not folder.is_dir():
        raise CannotCross(f"没有文件夹 {folder}。")
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        faults = len(result.faults)
        if not _read_file(path, keys, sender, result):
            continue
        result.files += 1
        settled = folder / (TAKEN if len(result.faults) == faults else REFUSED)
        settled.mkdir(exist_ok=True)
        path.replace(settled / path.name)
    _, result.missing = Incoming.objects.receipt(sender)
    result.applied, result.refused, _ = Incoming.objects.apply_ready()
    result.waiting = Incoming.objects.filter(state=Incoming.State.WAITING).count()
    return result


def _read_file(path: Path, keys: list[Ed25519PublicKey], sender: str, result: TakenIn) -> bool:
    """Take in the lines of one file; False when its end has not come yet."""
    receipt, lines = None, 0
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
            if not line.endswith(b"\n"):
                return False
            letter = _checked(line, keys, sender)
            if letter is None:
                result.faults.append(f"{path.name} 第 {number} 行：不是{'公众区' if sender == PUBLIC else '办公区'}签过名的报文，没有收。")
                lines += number > 1
            elif "received" in letter:
                receipt = letter
            else:
                lines += 1
                _take(letter, path, number, result)
    if receipt is not None:
        if lines < receipt["lines"]:
            return False
        Outgoing.objects.acknowledge(receipt["received"], receipt["missing"])
    return True


def _take(letter: dict, path: Path, number: int, result: TakenIn) -> None:
    try:
        with transaction.atomic():
            if Incoming.objects.take_in(letter["from"], letter):
                result.new += 1
            else:
                result.known += 1
    except MessageRefused as refusal:
        result.faults.append(f"{path.name} 第 {number} 行：{refusal}")


def _checked(line: bytes, keys: list[Ed25519PublicKey], sender: str) -> dict | None:
    """What a line says, if the other zone has signed it for us."""
    try:
        envelope = json.loads(line)
        text, signature = envelope["said"].encode(), base64.b64decode(envelope["signature"], validate=True)
        if not any(_verifies(key, signature, text) for key in keys):
            return None
        letter = json.loads(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return letter if letter.get("from") == sender and letter.get("to") == settings.ZONE else None


def _verifies(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, CONTEXT + text)
    except InvalidSignature:
        return False
    return True



def as_owner() -> None:
    """For the commands: the public zone's pages have the rights of geo_public, and what carries messages writes more than they may."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
