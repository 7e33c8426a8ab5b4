"""Supervision by proximity: an assignment run gives every topic a team of deputies; a published run is never edited."""

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.db.models.functions import Coalesce

from apps.accounts.models import Role
from apps.deputies.models import Deputy
from apps.record.events import Event


class AssignmentRunQuerySet(models.QuerySet):
    def published(self):
        return self.filter(state=AssignmentRun.State.PUBLISHED)

    def in_force(self):
        """The latest published run, or None."""
        return self.published().order_by("-published_at").first()

    def visible_to(self, user):
        """Drafts are the county office's and the leaders'; everyone else sees what was published."""
        return self if user.role in (Role.COUNTY_OFFICE, Role.LEADER) else self.published()


class AssignmentRun(models.Model):
    """分配方案: one proposal of who supervises what, with the certificate that it is the best under its rules."""

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "计算中"
        FAILED = "failed", "未算成"
        CANCELLED = "cancelled", "已取消"
        DRAFT = "draft", "草案"
        APPROVED = "approved", "已批准"
        PUBLISHED = "published", "已发布"

    class Preset(models.TextChoices):
        NEAREST = "nearest", "就近优先"
        BALANCED = "balanced", "均衡"
        CONTINUITY = "continuity", "延续去年"

    class Body(models.TextChoices):
        COMMITTEE = "committee", "县人大常委会工委"
        MEETING = "meeting", "主任会议"

    name = models.CharField("名称", max_length=60)
    preset = models.CharField("预设", max_length=12, choices=Preset.choices)
    rules = models.JSONField("规则", default=dict)
    asked_topics = ArrayField(models.BigIntegerField(), verbose_name="所选事项", null=True, blank=True)  # ids; NULL: all of the year
    asked_deputies = ArrayField(models.BigIntegerField(), verbose_name="所选代表", null=True, blank=True)  # ids; NULL: all who may
    filters = models.JSONField("筛选条件", default=dict, help_text="起草时页面上所选，原样保存")
    follows = models.ForeignKey("self", verbose_name="上一方案", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="起草时在用的方案")
    supplements = models.BooleanField("补选", default=False, help_text="只补上一方案的空缺，其余不动")
    state = models.CharField("状态", max_length=12, choices=State.choices, default=State.QUEUED)
    revision = models.PositiveIntegerField("修订号", default=0, help_text="每调整一次加一；两人同时改时先到者成")
    progress = models.PositiveSmallIntegerField("进度%", default=0)
    progress_note = models.CharField("进度说明", max_length=120, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="起草人", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("起草时间", auto_now_add=True)
    solved_at = models.DateTimeField("算成时间", null=True, blank=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="批准人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField("批准时间", null=True, blank=True)
    approval_body = models.CharField("批准机关", max_length=10, choices=Body.choices, blank=True)
    approval_words = models.CharField("批准依据", max_length=200, blank=True, help_text="如“县十七届人大常委会第三十次主任会议”")
    approved_on = models.DateField("批准日期", null=True, blank=True)
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    total = models.BigIntegerField("总代价(米)", null=True, blank=True)
    lower_bound = models.BigIntegerField("下界(米)", null=True, blank=True)
    changed_total = models.BigIntegerField("调整后总代价(米)", null=True, blank=True)
    statistics = models.JSONField("统计", default=dict)

    objects = AssignmentRunQuerySet.as_manager()

    class Meta:
        verbose_name = "分配方案"
        verbose_name_plural = "分配方案"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def proven(self) -> bool:
        return self.total is not None and self.total == self.lower_bound


class TeamQuerySet(models.QuerySet):
    def in_force(self):
        """Those of the latest published run."""
        return self.filter(run=AssignmentRun.objects.in_force())


class Team(models.Model):
    """监督小组: the deputies of one topic in one run; `unmet` places stayed empty for `unmet_reason`."""

    run = models.ForeignKey(AssignmentRun, verbose_name="方案", on_delete=models.CASCADE, related_name="teams")
    topic = models.ForeignKey("supervision.Topic", verbose_name="监督事项", on_delete=models.PROTECT, related_name="teams")
    carried = models.BooleanField("沿用", default=False, help_text="这次没有选这个事项，上一方案的小组照旧")
    unmet = models.PositiveSmallIntegerField("空缺", default=0)
    unmet_reason = models.CharField("空缺原因", max_length=20, blank=True)

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = "监督小组"
        verbose_name_plural = "监督小组"
        ordering = [Coalesce("topic__project__code", "topic__own_code")]
        constraints = [models.UniqueConstraint(fields=["run", "topic"], name="supervision_team_once")]

    def __str__(self) -> str:
        return f"{self.topic}监督小组"


class TeamMember(models.Model):
    """One deputy on one team. Costs are whole metres; the parts say why he was near enough."""

    class Origin(models.TextChoices):
        SOLVER = "solver", "系统推荐"
        STAFF = "staff", "人工调整"
        CLAIM = "claim", "代表认领"
        KEPT = "kept", "沿用"

    team = models.ForeignKey(Team, verbose_name="小组", on_delete=models.CASCADE, related_name="members")
    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.PROTECT, related_name="team_memberships")
    leader = models.BooleanField("组长", default=False)
    cost = models.IntegerField("代价(米)")
    parts = models.JSONField("组成", default=dict)
    origin = models.CharField("来源", max_length=8, choices=Origin.choices, default=Origin.SOLVER)
    locked = models.BooleanField("锁定", default=False)
    reason = models.CharField("调整理由", max_length=200, blank=True)

    class Meta:
        verbose_name = "小组成员"
        verbose_name_plural = "小组成员"
        ordering = ["-leader", "cost"]
        constraints = [
            models.UniqueConstraint(fields=["team", "deputy"], name="supervision_member_once"),
            models.UniqueConstraint(fields=["team"], condition=Q(leader=True), name="supervision_one_leader"),
            models.CheckConstraint(condition=~Q(origin="staff") | ~Q(reason=""), name="supervision_change_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.deputy}"

    @property
    def merits(self) -> list[str]:
        """What speaks for the choice, in words that say nothing of where exactly the deputy lives."""
        return [
            *(["住在或工作在本镇街"] if self.team.topic.town_id and not self.parts.get("town") else []),
            *(["懂行"] if self.team.topic.field_id and not self.parts.get("field") else []),
        ] or ["附近仍有余力的代表"]


class RunEvent(Event):
    """One move of a run. The database refuses to change it."""

    subject = models.ForeignKey(AssignmentRun, verbose_name="方案", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "方案经过"
        verbose_name_plural = "方案经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"


from apps.supervision import calls, claims, findings, rating_sheets, topics, visits  # noqa: E402, F401  its models are this room's too, and lean on the ones above
