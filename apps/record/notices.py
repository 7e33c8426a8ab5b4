"""What somebody is told: a row for each recipient, written in the transaction of what it tells of. If that is rolled back, nobody is told.

The row is what stands in the inbox (/notices/). Ways out of the house plug in as a `Channel`: for each of them, `tell` adds a
`Delivery` that a background job carries out, not in quiet hours, until it is sent or has failed for good.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

logger = logging.getLogger(__name__)

KINDS = {  # what it is about -> label, icon
    "case": ("民情件", "message-2"),
    "assignment": ("监督分工", "target-arrow"),
    "claim": ("认领", "hand-stop"),
    "visit": ("走访视察", "walk"),
    "finding": ("问题整改", "tool"),
    "reminder": ("催办督办", "bell-ringing"),
    "progress": ("项目进度", "chart-line"),
    "grid": ("代表网格", "grid-dots"),
    "calendar": ("工作日历", "calendar-event"),
    "insight": ("研判", "chart-dots-3"),
    "system": ("系统", "info-circle"),
}
ATTEMPTS = 5
BATCH = 2000


class Postponed(Exception):
    """The other end asks for patience: the same attempt is made after so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"对方要求过 {seconds} 秒再发。")
        self.seconds = seconds


def _every_one(notices: Sequence["Notice"]) -> Iterable[tuple[int, str]]:
    return [(notice.pk, "") for notice in notices]


@dataclass(frozen=True)
class Channel:
    """A way out of the house. send: tells a notice to one target, or raises; quiet: hours of the day from and until which it waits;
    targets: of what was told at once, the ids of those that go out this way, each with where to ("" for the recipient himself)."""

    name: str
    send: Callable[["Notice", str], None]
    quiet: tuple[int, int] = (21, 8)
    label: str = ""
    targets: Callable[[Sequence["Notice"]], Iterable[tuple[int, str]]] = _every_one

    def next_moment(self, now: dt.datetime) -> dt.datetime:
        """`now`, or the end of the quiet hours that it lies in."""
        here, (begin, end) = timezone.localtime(now), self.quiet
        silent = begin <= here.hour < end if begin < end else here.hour >= begin or here.hour < end
        if not silent:
            return now
        morning = here.replace(hour=end, minute=0, second=0, microsecond=0)
        return morning if morning > here else morning + dt.timedelta(days=1)


CHANNELS: dict[str, Channel] = {}


class NoticeQuerySet(models.QuerySet):
    def tell(self, recipients: Iterable, kind: str, title: str, body: str = "", path: str = "", key: str = "") -> int:
        """Tell users (or their ids; None is passed over) something, inside the caller's transaction; how many were told.

        kind: one of KINDS. path: the page of ours that it leads to. key: the same recipient is told the same key once only.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of notice: {kind}")
        if path and (not path.startswith("/") or path.startswith(("//", "/\\"))):
            raise ValueError(f"a notice leads to a page of ours, not to {path}")
        wanted = {getattr(each, "pk", each) for each in recipients} - {None}
        said = {"kind": kind, "title": title[:120], "body": body, "path": path, "key": key, "at": timezone.now()}
        with transaction.atomic():
            if key:  # the caller holds no lock that two who tell the same would meet at: the constraint decides
                wanted -= set(self.filter(recipient__in=wanted, key=key).values_list("recipient", flat=True))
            rows = [self.model(recipient_id=pk, **said) for pk in sorted(wanted)]
            self.bulk_create(rows, batch_size=BATCH, ignore_conflicts=bool(key))
            if CHANNELS and rows:
                self._hand_out(rows, said)
        return len(rows)

    def _hand_out(self, rows: list["Notice"], said: dict) -> None:
        told = list(self.filter(recipient__in=[row.recipient_id for row in rows], at=said["at"], kind=said["kind"], title=said["title"]).order_by("pk"))
        going = [
            Delivery(notice_id=pk, channel=name, target=target, due_at=channel.next_moment(said["at"]))
            for name, channel in CHANNELS.items() for pk, target in channel.targets(told)
        ]  # fmt: skip
        if not going:
            return
        Delivery.objects.bulk_create(going, batch_size=BATCH, ignore_conflicts=True)
        jobs.configure_task("record.deliver_notices").defer()  # by name: the task leans on this module

    def visible_to(self, user) -> "NoticeQuerySet":
        """A notice is its recipient's and nobody else's."""
        return self.filter(recipient=user)

    def unread(self) -> "NoticeQuerySet":
        return self.filter(read_at=None)

    def unread_first(self) -> "NoticeQuerySet":
        return self.annotate(is_unread=ExpressionWrapper(Q(read_at=None), models.BooleanField())).order_by("-is_unread", "-pk")

    def mark_read(self) -> int:
        return self.unread().update(read_at=timezone.now())


class Notice(models.Model):
    """通知: one thing said to one user."""

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="收件人", on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField("种类", max_length=20)
    title = models.CharField("标题", max_length=120)
    body = models.TextField("内容", blank=True)
    path = models.CharField("页面", max_length=200, blank=True)
    key = models.CharField("去重键", max_length=120, blank=True)
    at = models.DateTimeField("时间")
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "通知"
        verbose_name_plural = "通知"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["recipient", "key"], condition=~Q(key=""), name="record_notice_once")]
        indexes = [
            models.Index(F("recipient"), ExpressionWrapper(Q(read_at=None), models.BooleanField()).desc(), F("id").desc(), name="record_notice_inbox"),
            models.Index(fields=["recipient"], condition=Q(read_at=None), name="record_notice_unread"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def label(self) -> str:
        return KINDS[self.kind][0] if self.kind in KINDS else self.kind

    @property
    def icon(self) -> str:
        return KINDS[self.kind][1] if self.kind in KINDS else "bell"


class DeliveryQuerySet(models.QuerySet):
    def carry_out(self, limit: int = 200) -> int:
        """Send what is due, each in a transaction of its own; how many were tried. Workers beside each other take different rows."""
        for tried in range(limit):
            with transaction.atomic():
                due = self.filter(state=Delivery.State.WAITING, due_at__lte=timezone.now(), channel__in=CHANNELS)
                delivery = due.select_for_update(skip_locked=True, of=("self",)).select_related("notice__recipient").order_by("due_at", "pk").first()
                if delivery is None:
                    return tried
                delivery.try_once()
        return limit

    def unsent(self) -> "DeliveryQuerySet":
        return self.exclude(state=Delivery.State.SENT)

    def send_again(self) -> int:
        """Put back what had failed, from the first attempt on; how many."""
        return self.filter(state=Delivery.State.FAILED).update(state=Delivery.State.WAITING, attempts=0, due_at=timezone.now())


class Delivery(models.Model):
    """通知发送: a notice on one way out of the house, and where to ("" for its recipient)."""

    class State(models.TextChoices):
        WAITING = "waiting", "待发送"
        SENT = "sent", "已发送"
        FAILED = "failed", "未送达"

    notice = models.ForeignKey(Notice, verbose_name="通知", on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField("渠道", max_length=20)
    target = models.CharField("对象", max_length=40, blank=True, default="")
    state = models.CharField("状态", max_length=8, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField("不早于")
    attempts = models.PositiveSmallIntegerField("已试次数", default=0)
    error = models.CharField("最近一次的问题", max_length=200, blank=True)
    sent_at = models.DateTimeField("发送时间", null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "通知发送"
        verbose_name_plural = "通知发送"
        constraints = [models.UniqueConstraint(fields=["notice", "channel", "target"], name="record_delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="record_delivery_due"),
            models.Index(fields=["-id"], condition=~Q(state="sent"), name="record_delivery_unsent"),
        ]

    def __str__(self) -> str:
        return f"{self.notice} {self.label}"

    @property
    def label(self) -> str:
        return CHANNELS[self.channel].label if self.channel in CHANNELS else self.channel

    def try_once(self) -> None:
        """Send; what fails is tried again after 1, 4, 16 … minutes, and given up after ATTEMPTS."""
        now = timezone.now()
        self.attempts += 1
        try:
            with transaction.atomic():
                CHANNELS[self.channel].send(self.notice, self.target)
        except Postponed as asked:
            self.attempts -= 1
            self.error, self.due_at = str(asked), CHANNELS[self.channel].next_moment(now + dt.timedelta(seconds=asked.seconds))
        except Exception as failure:  # whatever a channel's other end does, the next notice is sent all the same
            logger.warning("通知 %s 没有从 %s 发出：%s", self.notice_id, self.channel, failure)
            self.error = str(failure)[:200]
            self.state = self.State.FAILED if self.attempts >= ATTEMPTS else self.State.WAITING
            self.due_at = CHANNELS[self.channel].next_moment(now + dt.timedelta(minutes=4 ** (self.attempts - 1)))
        else:
            self.state, self.sent_at, self.error = self.State.SENT, now, ""
        self.save()
