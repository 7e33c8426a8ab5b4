"""告知: how residents hear what became of their case when they do not look at its page. Losing the follow code must not lose the answer.

`tell_reporters` leaves a row for the reporter and each joiner in the transaction of what it tells of, whoever made the move: it reads
no contact, so the public role may call it. A job in the office then settles each row's way by the contact that was left: SMS or
WeChat where an adapter is set (`record.gateways`) and takes it, else a call (电话告知) for what people must know, else nothing but
the page. A message that cannot be sent becomes a call. The contact is opened only to send, and for the one who has taken the call.
"""

import datetime as dt
import logging
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import Role
from apps.cases.models import Case, Reporter, ReporterContact
from apps.cases.parties import Joiner
from apps.deputies.models import Deputy
from apps.record.notices import Channel
from apps.record.sealing import Unreadable
from apps.territory.models import AdminArea

logger = logging.getLogger(__name__)

BATCH = 500
SHOWN = 12  # on a case's page
CALLS = 3  # in vain, then nobody is rung up any more
HELD_MINUTES = 30  # a call that somebody has taken is his for so long
DAYTIME = Channel("", lambda notice: None, quiet=(20, 8))  # nobody is rung up or written to at night


class What(models.TextChoices):
    RECEIVED = "received", "已收到"
    PASSED = "passed", "已转交"
    PAUSED = "paused", "请您补充"
    ANSWERED = "answered", "已答复"
    REOPENED = "reopened", "重新办理"
    MERGED = "merged", "合并办理"
    CLOSED = "closed", "已办结"


CALLED = (What.PAUSED, What.ANSWERED, What.MERGED)  # what somebody is rung up for; the rest stands on the page


class TellingQuerySet(models.QuerySet):
    def calls(self) -> "TellingQuerySet":
        return self.filter(way=Telling.Way.CALL)

    def waiting(self) -> "TellingQuerySet":
        return self.filter(state=Telling.State.WAITING)

    def callable_by(self, user) -> "TellingQuerySet":
        """Calls that are this user's to make: a town's office those of its town, the county's those of its scope (where there are
        no towns, or nobody sits there), a deputy those of the cases he answers. The government side rings nobody up."""
        calls = self.calls()
        if user.role == Role.DEPUTY:
            return calls.filter(case__deputy__in=Deputy.objects.filter(user=user).values("pk"))
        if user.role in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE) and user.scope:
            return calls.filter(case__town__in=AdminArea.objects.visible_to(user).values("pk"))
        return self.none()

    def shown(self) -> "TellingQuerySet":
        """On the case's page, the latest first."""
        return self.select_related("told_by").order_by("-pk")[:SHOWN]

    def unsettled(self) -> "TellingQuerySet":
        return self.waiting().filter(way="")

    def to_send(self, now: dt.datetime) -> "TellingQuerySet":
        return self.waiting().filter(way__in=(Telling.Way.SMS, Telling.Way.WECHAT), due_at__lte=now)


class Telling(models.Model):
    """告知: one thing that one resident is to hear, and how he heard it."""

    class Way(models.TextChoices):
        SMS = "sms", "短信"
        WECHAT = "wechat", "微信"
        CALL = "call", "电话告知"
        TOLD = "told", "办理人当面或电话告知"
        PAGE = "page", "只在进度页上"

    class State(models.TextChoices):
        WAITING = "waiting", "待告知"
        DONE = "done", "已告知"
        UNREACHED = "unreached", "没有联系上"
        DROPPED = "dropped", "不必再告知"

    class Outcome(models.TextChoices):
        REACHED = "reached", "已告知本人"
        NO_ANSWER = "no_answer", "没有接听"
        WRONG_NUMBER = "wrong_number", "号码不对"

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.PROTECT, related_name="tellings")
    joiner = models.ForeignKey(Joiner, verbose_name="共同反映人", null=True, blank=True, on_delete=models.PROTECT, related_name="tellings")
    what = models.CharField("事由", max_length=10, choices=What.choices)
    words = models.TextField("要告知的话")
    at = models.DateTimeField("时间", default=timezone.now)
    way = models.CharField("方式", max_length=10, choices=Way.choices, blank=True, default="", help_text="空：还没有定")
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField("不早于", default=timezone.now)
    attempts = models.PositiveSmallIntegerField("已试次数", default=0)
    reference = models.UUIDField("发送编号", default=uuid.uuid4, editable=False)
    error = models.CharField("最近一次的问题", max_length=200, blank=True, default="")
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="正在打电话的人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField("开始打电话的时间", null=True, blank=True)
    outcome = models.CharField("结果", max_length=14, choices=Outcome.choices, blank=True, default="")
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="告知人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    told_at = models.DateTimeField("告知时间", null=True, blank=True)

    objects = TellingQuerySet.as_manager()

    class Meta:
        verbose_name = "告知反映人"
        verbose_name_plural = "告知反映人"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting", way="call"), name="cases_telling_calls"),
            models.Index(fields=["due_at"], condition=Q(state="waiting") & ~Q(way="call"), name="cases_telling_due"),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.get_what_display()}"

    def contact(self) -> Reporter | None:
        """Who is to be told and how, in the clear; None when nothing was left or it cannot be opened."""
        if self.joiner_id is None:
            row = ReporterContact.objects.filter(case_id=self.case_id).first()
            sealed = bytes(row.sealed) if row else b""
        else:
            sealed = bytes(self.joiner.contact)
        if not sealed:
            return None
        try:
            return ReporterContact(sealed=sealed).opened()
        except Unreadable as fault:
            logger.error("告知 %s：%s", self.pk, fault)
            return None

    def held_by(self, user, now: dt.datetime) -> bool:
        """Whether this user has taken the call and still has it."""
        return self.claimed_by_id == user.pk and self.is_held(now)

    def is_held(self, now: dt.datetime) -> bool:
        return self.claimed_at is not None and now - self.claimed_at < dt.timedelta(minutes=HELD_MINUTES)


def tell_reporters(case: Case, what: str, words: str, *, joiners: str | None = None, told_by=None, joiner: Joiner | None = None) -> int:
    """Leave a telling for the reporter and every joiner, in the caller's transaction; how many. The caller need read no contact.

    what: one of `What`; words: plain Chinese as they will be read out or sent. told_by: the user who has told the reporter himself.
    joiners: the words for those who joined, None: the same, "": they are not told. joiner: tell this one only. In the public zone nobody is told: the office tells when it hears of it.
    """
    if what not in What.values:
        raise ValueError(f"unknown thing to tell: {what}")
    if settings.ZONE == "public":
        return 0
    now = timezone.now()
    joined = [] if joiners == "" else Joiner.objects.filter(case_id=case.pk).order_by("pk").values_list("pk", flat=True)
    people = [(joiner.pk, words)] if joiner else [(None, words), *((pk, joiners or words) for pk in joined)]
    rows = [Telling(case_id=case.pk, joiner_id=pk, what=what, words=said, at=now, due_at=now) for pk, said in people]
    if told_by is not None and joiner is None:
        rows[0].way, rows[0].state, rows[0].told_by, rows[0].told_at = Telling.Way.TOLD, Telling.State.DONE, told_by, now
        rows[0].outcome = Telling.Outcome.REACHED
    Telling.objects.bulk_create(rows, batch_size=BATCH)
    return len(rows)
