"""Findings 发现的问题: what a visit found wrong, who has it now and until when, until a deputy has seen that it was put right.

`workflow_findings.py` moves them; every move is a `FindingEvent`.
"""

import datetime as dt

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.record.codes import new_code
from apps.record.events import Event
from apps.record.staging import Merged, Stage
from apps.supervision import merging_findings
from apps.supervision.models import Team
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea
from apps.worktime.due import edges

OPEN_STATES = ("raised", "with_dispatcher", "with_unit", "answered")


def speaking_units():
    """Units that answer by themselves; for all others the dispatcher enters what they say."""
    return Organisation.objects.standing().filter(logs_in=True, members__is_active=True)


class FindingQuerySet(models.QuerySet):
    def open(self):
        """Somebody still has to do something. The states are named one by one so that the index on them serves it."""
        return self.filter(state__in=OPEN_STATES)

    def overdue(self, today: dt.date):
        return self.open().filter(due_on__lt=today)

    def due_soon(self, today: dt.date):
        """Not late yet, and due within `SOON` working days."""
        return self.open().filter(edges(today).matching("soon"))

    def passed_on(self):
        """Those the government's side got: what is measured of units starts there."""
        return self.filter(forwarded_at__isnull=False)

    def put_right(self):
        return self.filter(state="closed")

    def put_right_in_time(self):
        """Closed, and no answer of the unit came after its limit."""
        return self.put_right().filter(late=False)

    def visible_to(self, user):
        """A deputy sees his own, what his were merged into, his group's and those of the topics his team supervises; a town office its town's, a unit what it
        leads or joins in, the dispatcher what was passed on, the county office and leaders their whole scope."""
        if user.role == Role.DEPUTY:
            near = Deputy.objects.filter(Q(user=user) | Q(group__members__user=user)).values("pk")
            teams = Team.objects.in_force().filter(members__deputy__user=user).values("topic")
            merged = Finding.objects.filter(Q(raised_by__user=user) | Q(follower__user=user), state="merged").values("merged_into")
            return self.filter(Q(raised_by__in=near) | Q(follower__in=near) | Q(topic__in=teams) | Q(pk__in=merged))
        if user.role == Role.UNIT:
            mine = user.organisations.values("pk")
            return self.filter(Q(lead__in=mine) | Exists(CoHandler.objects.filter(finding=OuterRef("pk"), organisation__in=mine)))
        if user.role == Role.DISPATCHER:
            return self.passed_on()
        if user.role not in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE, Role.LEADER) or not user.scope:
            return self.none()
        scope = Q(town__in=AdminArea.objects.visible_to(user).values("pk"))
        return self.filter(scope if user.role == Role.TOWN_OFFICE else scope | Q(town=None))

    def waiting_for(self, user):
        """Findings whose next move is this user's. The dispatcher also acts for units that do not log in, the county office for
        deputies who have no account."""
        visible, state = self.visible_to(user), Finding.State
        if user.role == Role.DEPUTY:
            return visible.filter(state=state.ANSWERED, follower__user=user)
        if user.role == Role.COUNTY_OFFICE:
            return visible.filter(Q(state=state.RAISED) | Q(state=state.ANSWERED) & ~Q(follower__user__is_active=True))
        if user.role == Role.DISPATCHER:
            silent = Q(state=state.WITH_UNIT) & ~Q(lead__in=speaking_units().values("pk"))
            return visible.filter(Q(state=state.WITH_DISPATCHER) | silent | Q(state=state.WITH_UNIT, extension_days__isnull=False))
        if user.role == Role.UNIT:
            mine = user.organisations.values("pk")
            asked = CoHandler.objects.filter(finding=OuterRef("pk"), organisation__in=mine, given_at=None)
            return visible.filter(Q(lead__in=mine) | Exists(asked), state=state.WITH_UNIT)
        return self.none()

    def merge_staged(self, stage: Stage) -> Merged:
        return merging_findings.findings(stage, FindingEvent)


class Finding(models.Model):
    """发现的问题. `follower` is the deputy who will look whether it was put right: the one who raised it, until he leaves office."""

    class State(models.TextChoices):
        RAISED = "raised", "待工委转交"
        WITH_DISPATCHER = "with_dispatcher", "县政府办待交办"
        WITH_UNIT = "with_unit", "承办单位整改中"
        ANSWERED = "answered", "已答复，待代表确认"
        CLOSED = "closed", "已办结"
        DECLINED = "declined", "不予转交"
        MERGED = "merged", "已合并"
        WITHDRAWN = "withdrawn", "代表已撤回"

    class Severity(models.IntegerChoices):
        MINOR = 1, "一般"
        SERIOUS = 2, "较重"
        GRAVE = 3, "严重"

    class Result(models.TextChoices):
        PUT_RIGHT = "put_right", "整改到位"
        EXPLAINED = "explained", "说明情况，代表认可"

    code = models.CharField("问题编号", max_length=30, unique=True, default=new_code)
    topic = models.ForeignKey(Topic, verbose_name="监督事项", on_delete=models.PROTECT, related_name="findings")
    visit = models.ForeignKey("supervision.Visit", verbose_name="走访视察", null=True, blank=True, on_delete=models.PROTECT, related_name="findings")
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="提出时监督事项所在")
    raised_by = models.ForeignKey(Deputy, verbose_name="提出代表", on_delete=models.PROTECT, related_name="findings_raised")
    follower = models.ForeignKey(Deputy, verbose_name="跟进代表", on_delete=models.PROTECT, related_name="findings_followed")
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="录入人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text = models.TextField("问题", max_length=2000)
    severity = models.PositiveSmallIntegerField("程度", choices=Severity.choices, default=Severity.MINOR)
    state = models.CharField("状态", max_length=20, choices=State.choices, default=State.RAISED)
    revision = models.PositiveIntegerField("修订号", default=0, help_text="每办一步加一：两个人同时办，后一个会知道")
    lead = models.ForeignKey(Organisation, verbose_name="主办单位", null=True, blank=True, on_delete=models.PROTECT, related_name="findings_led")
    co_handlers = models.ManyToManyField(Organisation, verbose_name="会办单位", through="CoHandler", related_name="findings_joined")
    raised_at = models.DateTimeField("提出时间", default=timezone.now)
    forwarded_at = models.DateTimeField("转交时间", null=True, blank=True)
    assigned_at = models.DateTimeField("交办时间", null=True, blank=True)
    limit_days = models.PositiveSmallIntegerField("整改期限（工作日）", null=True, blank=True)
    rectify_by = models.DateField("整改期限", null=True, blank=True)
    due_on = models.DateField("本环节期限", null=True, blank=True)
    extension_days = models.PositiveSmallIntegerField("申请延期（工作日）", null=True, blank=True)
    extensions = models.PositiveSmallIntegerField("延期次数", default=0)
    answer = models.TextField("整改答复", max_length=2000, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)
    late = models.BooleanField("逾期答复", default=False, help_text="有一次答复或退回超过了整改期限")
    late_with = models.ForeignKey(Organisation, verbose_name="超期的单位", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sent_back = models.PositiveSmallIntegerField("退回重办次数", default=0)
    result = models.CharField("确认结果", max_length=12, choices=Result.choices, blank=True)
    confirmed_on_visit = models.ForeignKey("supervision.Visit", verbose_name="确认时的走访", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    merged_into = models.ForeignKey("self", verbose_name="合并到", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")
    reminders = models.PositiveSmallIntegerField("催办次数", default=0)
    reminded_at = models.DateTimeField("最近催办", null=True, blank=True)
    overdue_noted = models.DateField("已记逾期的期限", null=True, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        verbose_name = "发现的问题"
        verbose_name_plural = "发现的问题"
        ordering = ["-raised_at", "-pk"]
        indexes = [
            models.Index(fields=["-raised_at", "-id"], name="supervision_finding_newest"),
            models.Index(fields=["state", "due_on"], name="supervision_finding_due"),
            models.Index(fields=["due_on", "id"], name="supervision_finding_due_first"),
            models.Index(fields=["lead", "state"], name="supervision_finding_lead"),
            models.Index(fields=["follower", "state"], name="supervision_finding_follower"),
            models.Index(fields=["town", "-raised_at"], name="supervision_finding_town"),
            GinIndex(fields=["text"], opclasses=["gin_trgm_ops"], name="supervision_finding_text"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(state__in=["with_unit", "answered", "closed"]) | Q(lead__isnull=False), name="supervision_finding_lead_named"),
            models.CheckConstraint(condition=Q(severity__range=(1, 3)), name="supervision_finding_severity"),
            models.CheckConstraint(condition=Q(state="merged", merged_into__isnull=False) | (~Q(state="merged") & Q(merged_into=None)), name="supervision_finding_merged"),
            models.CheckConstraint(condition=Q(state="closed") & ~Q(result="") | (~Q(state="closed") & Q(result="")), name="supervision_finding_result"),
        ]

    def __str__(self) -> str:
        return f"问题 {self.code}"

    def get_absolute_url(self) -> str:
        return reverse("finding_detail", args=[self.code])

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def tone(self) -> str:
        """How grave it is, as the page's marks show it."""
        return {1: "neutral", 2: "due", 3: "late"}[self.severity]

    def holder(self) -> str:
        """Who has it now, in plain words; never nobody."""
        state = self.State
        return {
            state.RAISED: "县人大常委会工委",
            state.WITH_DISPATCHER: "县政府办公室",
            state.WITH_UNIT: str(self.lead) if self.lead else "承办单位",
            state.ANSWERED: f"{self.follower}代表",
            state.MERGED: "与另一个问题一并办理",
        }.get(state(self.state), state(self.state).label)

    def held_by(self, user: User) -> bool:
        """Whether the next move is this user's."""
        return Finding.objects.waiting_for(user).filter(pk=self.pk).exists()

    def silent_unit(self) -> bool:
        """Whether the lead unit cannot log in here, so that the dispatcher enters what it says."""
        return self.lead_id is not None and not speaking_units().filter(pk=self.lead_id).exists()

    def silent_follower(self) -> bool:
        return not User.objects.filter(deputy=self.follower_id, is_active=True).exists()


class CoHandler(models.Model):
    """会办单位: a unit that joins in, and what it says."""

    finding = models.ForeignKey(Finding, verbose_name="问题", on_delete=models.CASCADE, related_name="joining")
    organisation = models.ForeignKey(Organisation, verbose_name="会办单位", on_delete=models.PROTECT, related_name="+")
    opinion = models.TextField("会办意见", max_length=1000, blank=True)
    given_at = models.DateTimeField("提出时间", null=True, blank=True)

    class Meta:
        verbose_name = "会办单位"
        verbose_name_plural = "会办单位"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["finding", "organisation"], name="supervision_cohandler_once")]

    def __str__(self) -> str:
        return str(self.organisation)


class Oversight(models.Model):
    """督办: a decision to oversee a finding that did not move, and its words. Only the congress's bodies decide it."""

    class Body(models.TextChoices):
        OFFICE = "office", "县人大常委会工委"
        COUNCIL = "council", "县人大常委会主任会议"

    finding = models.ForeignKey(Finding, verbose_name="问题", on_delete=models.CASCADE, related_name="oversights")
    body = models.CharField("决定机构", max_length=10, choices=Body.choices)
    decided_on = models.DateField("决定日期")
    words = models.TextField("督办意见", max_length=1000)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="录入人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "督办"
        verbose_name_plural = "督办"
        ordering = ["decided_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["finding", "body"], name="supervision_oversight_once")]

    def __str__(self) -> str:
        return f"{self.get_body_display()} {self.decided_on}"


class EvidencePhoto(models.Model):
    """问题照片: of what was found, of how it was put right, of what the deputy saw when he looked again."""

    class Stage(models.TextChoices):
        RAISED = "raised", "发现问题"
        ANSWERED = "answered", "整改答复"
        CHECKED = "checked", "现场确认"

    finding = models.ForeignKey(Finding, verbose_name="问题", on_delete=models.CASCADE, related_name="photos")
    photo = models.ForeignKey("record.Photo", verbose_name="照片", on_delete=models.PROTECT, related_name="evidence")
    stage = models.CharField("环节", max_length=10, choices=Stage.choices)
    round = models.PositiveSmallIntegerField("第几次", default=0, help_text="退回重办几次之后的")
    caption = models.CharField("说明", max_length=80, blank=True)

    class Meta:
        verbose_name = "问题照片"
        verbose_name_plural = "问题照片"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["finding", "photo", "stage", "round"], name="supervision_evidence_once")]

    def __str__(self) -> str:
        return f"{self.finding}{self.get_stage_display()}照片"


class FindingEvent(Event):
    """One move of a finding. The database refuses to change it."""

    subject = models.ForeignKey(Finding, verbose_name="发现的问题", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "问题经过"
        verbose_name_plural = "问题经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
