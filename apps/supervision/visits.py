"""Visits: 走访查看, one deputy's look at a topic, and 视察, organised by the office with participants. What was seen, rated and photographed.

A record is never rewritten: what comes later is added to it (`workflow_visits.supplement`). Findings raised from it are the rows of
`findings`; the sheet that is filled in is `rating_sheets`.
"""

import datetime as dt

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role
from apps.deputies.models import Deputy, Group
from apps.matching.borders import metres_in_words
from apps.organisations.models import Organisation
from apps.record.codes import new_code
from apps.record.events import Event
from apps.record.files import Photo
from apps.record.staging import Merged, Stage
from apps.supervision import merging_visits
from apps.supervision.findings import Finding
from apps.supervision.models import Team
from apps.supervision.rating_sheets import Indicator, RatingSheet
from apps.supervision.topics import Topic

PROMPT = dt.timedelta(minutes=10)  # a check-in that reaches the server later than this was made without a network


class VisitQuerySet(models.QuerySet):
    def recorded(self):
        return self.filter(state=Visit.State.RECORDED)

    def open(self):
        """Planned or under way."""
        return self.filter(state__in=[Visit.State.PLANNED, Visit.State.CHECKED_IN])

    def of_deputy(self, deputy: Deputy):
        """His own looks and the inspections he takes part in."""
        return self.filter(Exists(VisitParticipant.objects.filter(visit=OuterRef("pk"), deputy=deputy)))

    def visible_to(self, user):
        """A deputy sees his own, his group's and those of the topics he supervises; the county office and leaders all; a town office
        those in its town and of its deputies; the government side those from which a finding was passed on to it."""
        if user.role in (Role.COUNTY_OFFICE, Role.LEADER):
            return self
        if user.role == Role.DEPUTY:
            mine = Deputy.objects.filter(Q(user=user) | Q(group__isnull=False, group__members__user=user))
            seen = VisitParticipant.objects.filter(visit=OuterRef("pk"), deputy__in=mine.values("pk"))
            supervised = Team.objects.in_force().filter(members__deputy__user=user)
            return self.filter(Exists(seen) | Q(topic__in=supervised.values("topic")))
        if user.role == Role.TOWN_OFFICE and user.scope:
            here = Topic.objects.in_town(user.scope).values("pk")
            return self.filter(Q(topic__in=here) | Q(deputy__in=Deputy.objects.visible_to(user).values("pk")))
        if user.role in (Role.UNIT, Role.DISPATCHER):
            return self.recorded().filter(pk__in=Finding.objects.visible_to(user).values("visit"))
        return self.none()

    def counted(self):
        """Annotate `invited`, `present` (signed in on site), `pictures` and `raised` (findings), for lists."""
        count = {"invited": "participants", "present": "participants__check_in", "pictures": "photos", "raised": "findings"}
        return self.annotate(**{name: Count(path, distinct=True) for name, path in count.items()})

    def merge_staged(self, stage: Stage) -> Merged:
        return merging_visits.visits(stage, VisitEvent)


class Visit(models.Model):
    """走访查看 `look` by one deputy, or 视察 `inspection` by several. `visited_on` is set when it is recorded."""

    class Kind(models.TextChoices):
        LOOK = "look", "走访查看"
        INSPECTION = "inspection", "视察"

    class State(models.TextChoices):
        PLANNED = "planned", "已计划"
        CHECKED_IN = "checked_in", "已签到"
        RECORDED = "recorded", "已记录"
        CANCELLED = "cancelled", "已取消"

    code = models.CharField("编号", max_length=30, unique=True, default=new_code)
    kind = models.CharField("方式", max_length=10, choices=Kind.choices)
    state = models.CharField("状态", max_length=10, choices=State.choices, default=State.PLANNED)
    topic = models.ForeignKey(Topic, verbose_name="监督事项", on_delete=models.PROTECT, related_name="visits")
    deputy = models.ForeignKey(Deputy, verbose_name="走访代表", null=True, blank=True, on_delete=models.PROTECT, related_name="looks")
    group = models.ForeignKey(Group, verbose_name="代表小组", null=True, blank=True, on_delete=models.PROTECT, related_name="inspections")
    accompanying = models.ManyToManyField(Organisation, verbose_name="陪同单位", blank=True, related_name="+")
    name = models.CharField("名称", max_length=60, blank=True)
    agenda = models.TextField("安排", max_length=1000, blank=True)
    meeting_place = models.CharField("集合地点", max_length=80, blank=True)
    planned_on = models.DateField("计划日期")
    planned_at = models.TimeField("集合时间", null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="登记人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("登记时间", default=timezone.now)
    version = models.PositiveIntegerField("版本", default=0, help_text="安排每改一次加一")
    plan_submission = models.UUIDField(unique=True, null=True, blank=True, help_text="浏览器生成：同一次提交只收一次")
    record_submission = models.UUIDField(unique=True, null=True, blank=True, help_text="浏览器生成：同一次提交只收一次")
    record_digest = models.CharField(max_length=64, blank=True, help_text="记录内容的 SHA-256：认出同一次提交")
    visited_on = models.DateField("走访日期", null=True, blank=True)
    text = models.TextField("看到的情况", max_length=4000, blank=True)
    sheet = models.ForeignKey(RatingSheet, verbose_name="查看评分表", null=True, blank=True, on_delete=models.PROTECT, related_name="visits")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="记录人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField("记录时间", null=True, blank=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = "走访视察"
        verbose_name_plural = "走访视察"
        ordering = ["-planned_on", "-pk"]
        indexes = [
            models.Index(fields=["-planned_on", "-id"], name="supervision_visit_newest"),
            models.Index(fields=["topic", "-planned_on"], name="supervision_visit_topic"),
            models.Index(fields=["deputy", "-planned_on"], name="supervision_visit_deputy"),
            models.Index(fields=["state", "visited_on"], name="supervision_visit_made"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind="look", deputy__isnull=False) | Q(kind="inspection", deputy__isnull=True), name="supervision_visit_whose"),
            models.CheckConstraint(
                condition=~Q(state="recorded") | (Q(visited_on__isnull=False, recorded_at__isnull=False) & ~Q(text="")), name="supervision_visit_recorded"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} {self.planned_on:%Y-%m-%d}"

    @property
    def day(self) -> dt.date:
        """When it was made, or is to be."""
        return self.visited_on or self.planned_on

    @property
    def url(self) -> str:
        return reverse("visit_detail", args=[self.pk])

    @property
    def appointment(self) -> str:
        """When and where to meet, in words."""
        when = f"{self.planned_on:%-m月%-d日}{f' {self.planned_at:%H:%M}' if self.planned_at else ''}"
        return f"{when}，{self.meeting_place}集合" if self.meeting_place else when

    def led_by(self, user) -> bool:
        """Whether the user makes this look, or leads this inspection."""
        return self.participants.filter(leader=True, deputy__user=user).exists()

    def participant_of(self, user) -> "VisitParticipant | None":
        return self.participants.filter(deputy__user=user).select_related("deputy", "check_in").first()


class VisitParticipant(models.Model):
    """参加人: a look has one, its own deputy, who counts as its leader; an inspection has as many as the office invites."""

    visit = models.ForeignKey(Visit, verbose_name="走访视察", on_delete=models.CASCADE, related_name="participants")
    deputy = models.ForeignKey(Deputy, verbose_name="代表", on_delete=models.PROTECT, related_name="visits")
    leader = models.BooleanField("带队", default=False)

    class Meta:
        verbose_name = "走访参加人"
        verbose_name_plural = "走访参加人"
        ordering = ["-leader", "deputy__code"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "deputy"], name="supervision_participant_once"),
            models.UniqueConstraint(fields=["visit"], condition=Q(leader=True), name="supervision_participant_one_leader"),
        ]

    def __str__(self) -> str:
        return f"{self.deputy}"


class CheckIn(models.Model):
    """现场签到: where a participant's phone was, and how sure of it; or why there is no position. Metres; a distance of 0 is inside the site."""

    participant = models.OneToOneField(VisitParticipant, verbose_name="参加人", primary_key=True, on_delete=models.CASCADE, related_name="check_in")
    at = models.DateTimeField("签到时间")
    received_at = models.DateTimeField("收到时间", default=timezone.now)
    point = models.PointField("位置", srid=4326, null=True, blank=True)
    accuracy_m = models.FloatField("定位误差（米）", null=True, blank=True)
    datum = models.CharField("换算前的坐标系", max_length=8, blank=True, default="", help_text="空：WGS 84，未换算")
    distance_m = models.FloatField("离现场（米）", null=True, blank=True)
    reason = models.CharField("没有定位的原因", max_length=120, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="代签", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "现场签到"
        verbose_name_plural = "现场签到"
        constraints = [
            models.CheckConstraint(condition=Q(point__coveredby="SRID=4326;POLYGON((73 3, 136 3, 136 54, 73 54, 73 3))"), name="supervision_checkin_in_china"),
            models.CheckConstraint(condition=Q(point__isnull=False) | ~Q(reason=""), name="supervision_checkin_why"),
            models.CheckConstraint(condition=Q(point__isnull=True) | Q(distance_m__isnull=False), name="supervision_checkin_distance"),
        ]

    def __str__(self) -> str:
        return f"{self.participant}签到"

    @property
    def late(self) -> bool:
        """Whether it waited for a network on the way to us."""
        return self.received_at - self.at > PROMPT

    @property
    def words(self) -> str:
        """How near it was and how sure that is; or why nobody knows."""
        if self.distance_m is None:
            return f"没有定位：{self.reason}"
        where = "在现场范围内" if self.distance_m == 0 else f"离现场{metres_in_words(self.distance_m)}"
        sure = f"，定位误差{metres_in_words(self.accuracy_m)}" if self.accuracy_m else ""
        freed = "，位置按网络地图的坐标偏移换算过" if self.datum else ""
        return f"{where}{sure}{freed}。"

    @property
    def on_site(self) -> bool | None:
        """Whether the phone was at the site as far as its accuracy tells; None without a position."""
        return None if self.distance_m is None else self.distance_m <= max(NEAR, min(self.accuracy_m or 0.0, VAGUE))


NEAR = 300.0  # metres from the site's shape within which one is there
VAGUE = 1000.0  # metres: a position worse than this does not show that one was there


class IndicatorRating(models.Model):
    """指标评分: one line of the sheet. `value`: 1–5, or 1 yes and 0 no; what was not looked at has no row."""

    visit = models.ForeignKey(Visit, verbose_name="走访视察", on_delete=models.CASCADE, related_name="ratings")
    indicator = models.ForeignKey(Indicator, verbose_name="指标", on_delete=models.PROTECT, related_name="ratings")
    value = models.PositiveSmallIntegerField("评分")

    class Meta:
        verbose_name = "指标评分"
        verbose_name_plural = "指标评分"
        ordering = ["visit", "indicator__number"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "indicator"], name="supervision_indicatorrating_once"),
            models.CheckConstraint(condition=Q(value__lte=5), name="supervision_indicatorrating_value"),
        ]

    def __str__(self) -> str:
        return f"{self.indicator}：{self.indicator.words(self.value)}"


class VisitPhoto(models.Model):
    """走访照片: in the order in which they were chosen."""

    visit = models.ForeignKey(Visit, verbose_name="走访视察", on_delete=models.CASCADE, related_name="photos")
    photo = models.ForeignKey(Photo, verbose_name="照片", on_delete=models.PROTECT, related_name="+")
    caption = models.CharField("说明", max_length=80, blank=True)

    class Meta:
        verbose_name = "走访照片"
        verbose_name_plural = "走访照片"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["visit", "photo"], name="supervision_visitphoto_once")]

    def __str__(self) -> str:
        return self.caption or f"{self.visit}的照片"


class VisitEvent(Event):
    """One move of a visit. The database refuses to change it."""

    subject = models.ForeignKey(Visit, verbose_name="走访视察", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "走访视察经过"
        verbose_name_plural = "走访视察经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
