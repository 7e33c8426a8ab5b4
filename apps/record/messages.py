"""What crosses between the zones: signed messages, each taken in once, in the order of what they are about.

A room registers its kinds (`KINDS`) and posts within the transaction of what it tells of; where one process serves both zones
(ZONE=all) nothing is posted. `crossing` carries them as files. Messages of one stream (one case) are taken in one after the other; one that is
missing holds up its own stream and no other. What the receiver refuses is kept with the reason.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, Max, OuterRef, Q
from django.utils import timezone

PUBLIC, OFFICE = "public", "office"
MOST_MISSING = 1000  # numbers in one receipt


class MessageRefused(Exception):
    """It cannot be taken in, now or later. The message is Chinese and fit for the outbox page. answer: what is done about it, once
    what had been begun is undone."""

    def __init__(self, message: str, answer: Callable[[], None] = lambda: None) -> None:
        super().__init__(message)
        self.answer = answer


@dataclass(frozen=True)
class Kind:
    """sender: the zone it comes from. apply: takes its body in, inside a transaction, or raises MessageRefused; it must bear
    being called for something that it has done. fill: what is looked up when the message leaves, from what was posted."""

    name: str
    label: str
    sender: str
    apply: Callable[[dict], None]
    fill: Callable[[dict], dict] = dict


KINDS: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    KINDS.update({kind.name: kind for kind in kinds})


class OutgoingQuerySet(models.QuerySet):
    def post(self, kind: str, stream: str, body: dict) -> None:
        """Leave a message for the other zone, inside the caller's transaction. The caller holds the lock of what it is about."""
        if settings.ZONE not in (PUBLIC, OFFICE):
            return
        if KINDS[kind].sender != settings.ZONE:
            raise ValueError(f"{kind} is not sent from this zone")
        self.bulk_create([self.model(kind=kind, stream=stream, body=body)])

    def number(self) -> None:
        """Give what is new its place in the row of all messages, without a gap. One at a time: the caller holds the lock of the export."""
        last = self.aggregate(last=Max("sequence"))["last"] or 0
        fresh = list(self.filter(sequence=None).order_by("pk"))
        if not fresh:
            return
        before = dict(
            self.filter(stream__in={row.stream for row in fresh}, sequence__isnull=False).values_list("stream").annotate(last=Max("sequence"))
        )
        for sequence, row in enumerate(fresh, start=last + 1):
            row.sequence, row.previous = sequence, before.get(row.stream, 0)
            before[row.stream] = sequence
        self.bulk_update(fresh, ["sequence", "previous"], batch_size=500)

    def to_write(self, again_before: dt.datetime) -> "OutgoingQuerySet":
        """What has not left, and what left before a moment and was never acknowledged."""
        return self.filter(acknowledged_at=None).filter(Q(written_at=None) | Q(written_at__lt=again_before)).order_by("sequence")

    def acknowledge(self, upto: int, missing: list[int]) -> None:
        """The other zone has everything up to a number, except what it says is missing: that leaves again."""
        held = self.filter(sequence__lte=upto, acknowledged_at=None).exclude(sequence__in=missing)
        held.update(acknowledged_at=timezone.now())
        self.filter(sequence__in=missing).update(written_at=None, acknowledged_at=None)


class Outgoing(models.Model):
    """跨区报文（发出）: one thing that the other zone is to hear."""

    uuid = models.UUIDField("编号", unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("种类", max_length=30)
    stream = models.CharField("所属", max_length=64)
    body = models.JSONField("内容")
    at = models.DateTimeField("时间", default=timezone.now)
    sequence = models.PositiveBigIntegerField("序号", null=True, unique=True)
    previous = models.PositiveBigIntegerField("同一件的上一个序号", null=True)
    written_at = models.DateTimeField("写出时间", null=True)
    acknowledged_at = models.DateTimeField("对方收到时间", null=True)

    objects = OutgoingQuerySet.as_manager()

    class Meta:
        verbose_name = "跨区报文（发出）"
        verbose_name_plural = "跨区报文（发出）"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["stream", "sequence"], name="record_outgoing_stream"),
            models.Index(fields=["written_at"], condition=Q(acknowledged_at=None), name="record_outgoing_waiting"),
            models.Index(fields=["id"], condition=Q(sequence=None), name="record_outgoing_new"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.sequence or '未编号'}"

    @property
    def label(self) -> str:
        return KINDS[self.kind].label if self.kind in KINDS else self.kind


class IncomingQuerySet(models.QuerySet):
    def take_in(self, sender: str, letter: dict) -> bool:
        """Keep a message whose signature was checked; False when it is here already. Nothing is applied yet."""
        row = self.model(
            uuid=letter["uuid"], sender=sender, sequence=letter["sequence"], previous=letter["previous"], stream=letter["stream"],
            kind=letter["kind"], body=letter["data"], sent_at=dt.datetime.fromisoformat(letter["at"]),
        )  # fmt: skip
        before = self.filter(Q(uuid=row.uuid) | Q(sender=sender, sequence=row.sequence)).values_list("uuid", "sequence").first()
        if before is not None:
            if (str(before[0]), before[1]) != (row.uuid, row.sequence):
                raise MessageRefused(f"第 {row.sequence} 号已经收过另一条，编号对不上，没有收。")
            return False
        self.bulk_create([row], ignore_conflicts=True)
        return True

    def ready(self) -> "IncomingQuerySet":
        """Waiting, and the one before it of the same stream is settled."""
        settled = self.model.objects.filter(sender=OuterRef("sender"), sequence=OuterRef("previous")).exclude(state=Incoming.State.WAITING)
        return self.filter(Q(previous=0) | Exists(settled), state=Incoming.State.WAITING).order_by("sequence")

    def apply_ready(self) -> tuple[int, int, int]:
        """Apply what can be applied, each in a transaction of its own: how many were applied, refused, and failed for now."""
        done, failed = {True: 0, False: 0}, set()
        while (row := self.ready().exclude(pk__in=failed).first()) is not None:
            try:
                with transaction.atomic():
                    locked = self.select_for_update(skip_locked=True).filter(pk=row.pk, state=Incoming.State.WAITING).first()
                    if locked is None:
                        failed.add(row.pk)
                        continue
                    done[locked.apply()] += 1
            except Exception as fault:  # whatever it is, the other streams go on, and this one is tried again
                self.filter(pk=row.pk).update(reason=f"暂时没有收下：{type(fault).__name__} {fault}"[:300])
                failed.add(row.pk)
        return done[True], done[False], len(failed)

    def receipt(self, sender: str, most: int = MOST_MISSING) -> tuple[int, list[int]]:
        """Up to which number everything has come, except those that are missing below it."""
        rows = self.filter(sender=sender)
        counted = rows.aggregate(last=Max("sequence"), many=Count("pk"))
        if (last := counted["last"] or 0) == counted["many"]:
            return last, []
        known = set(rows.values_list("sequence", flat=True))
        missing = [number for number in range(1, last) if number not in known]
        return (last, missing) if len(missing) <= most else (missing[most - 1], missing[:most])


class Incoming(models.Model):
    """跨区报文（收到）: a message of the other zone, and what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", "待处理"
        APPLIED = "applied", "已处理"
        REFUSED = "refused", "没有接受"

    uuid = models.UUIDField("编号", unique=True)
    sender = models.CharField("发出方", max_length=10)
    sequence = models.PositiveBigIntegerField("序号")
    previous = models.PositiveBigIntegerField("同一件的上一个序号")
    stream = models.CharField("所属", max_length=64)
    kind = models.CharField("种类", max_length=30)
    body = models.JSONField("内容")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField("说明", max_length=300, blank=True, default="")
    sent_at = models.DateTimeField("发出时间")
    received_at = models.DateTimeField("收到时间", default=timezone.now)
    settled_at = models.DateTimeField("处理时间", null=True)

    objects = IncomingQuerySet.as_manager()

    class Meta:
        verbose_name = "跨区报文（收到）"
        verbose_name_plural = "跨区报文（收到）"
        ordering = ["sequence"]
        constraints = [models.UniqueConstraint(fields=["sender", "sequence"], name="record_incoming_once")]
        indexes = [models.Index(fields=["sequence"], condition=Q(state="waiting"), name="record_incoming_waiting")]

    def __str__(self) -> str:
        return f"{self.label} {self.sequence}"

    @property
    def label(self) -> str:
        return KINDS[self.kind].label if self.kind in KINDS else self.kind

    def apply(self) -> bool:
        """Hand it to its room; whether it was accepted. Inside the caller's transaction."""
        kind = KINDS.get(self.kind)
        if kind is None:  # the other zone is newer: it waits until this one is, too
            raise LookupError(f"不认识“{self.kind}”这种报文，本区的版本可能旧了")
        try:
            if kind.sender != self.sender:
                raise MessageRefused(f"“{kind.label}”不能由{self.sender}区发出。")
            with transaction.atomic():
                kind.apply(self.body)
        except MessageRefused as refusal:
            self.state, self.reason = self.State.REFUSED, str(refusal)[:300]
            refusal.answer()
        else:
            self.state, self.reason = self.State.APPLIED, ""
        self.settled_at, self.body = timezone.now(), {} if self.state == self.State.APPLIED else self.body
        self.save(update_fields=["state", "reason", "settled_at", "body"])
        return self.state == self.State.APPLIED
