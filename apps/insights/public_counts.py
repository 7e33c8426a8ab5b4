"""民情公开: the tables of counts that everybody may read, one for each calendar quarter, and the switch of their page.

`PublicTable` is a quarter as it was published: what stands in it is never changed, only followed by a version with its reason, since
everybody may have kept the one before. `PublicCount` holds nothing but what stands on the page: a count that is not shown is not there.
The public role reads these and no fact. What the counts were is kept beside them for the office (`behind`): the next version is
protected together with all that were public before it.
"""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.record.events import Event
from apps.territory.plates import LongWork


class PublicTableQuerySet(models.QuerySet):
    def public(self) -> "PublicTableQuerySet":
        """What anybody may read, the newest quarter first: nothing as long as the office has not opened the page."""
        return self.standing() if VoicesPage.objects.filter(is_open=True).exists() else self.none()

    def standing(self) -> "PublicTableQuerySet":
        """Of every quarter the version in force, without what stays in the office."""
        return self.filter(is_current=True).defer("behind", "by").order_by("-quarter")


class PublicTable(models.Model):
    """公开统计表: the counts of one quarter as they were published. `quarter` is its first day."""

    quarter = models.DateField("季度", help_text="季度的第一天")
    version = models.PositiveSmallIntegerField("版本", default=1)
    is_current = models.BooleanField("现行", default=True)
    made_at = models.DateTimeField("公布时间", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="公布人", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="空：到时自动公布")
    reason = models.CharField("更正原因", max_length=300, blank=True, default="")
    since = models.DateField("有记录的第一天", help_text="季度开始以后才有记录的，从这一天算起")
    reach = models.JSONField("渠道的覆盖", default=dict, blank=True, help_text="区划代码对应：联络站数、门牌数、有码的门牌数")
    threshold = models.PositiveSmallIntegerField("不单列的下限", default=5)
    clumping = models.FloatField("成团", default=1.0, help_text="几件诉求只当一件事：每千人的可能范围据此放宽")
    cells = models.PositiveIntegerField("统计格数", default=0)
    hidden = models.PositiveIntegerField("不单列的格数", default=0)
    behind = models.JSONField("原数", default=list, blank=True, help_text="只供办公区：更正时和以前公开的一起保护")

    objects = PublicTableQuerySet.as_manager()

    class Meta:
        verbose_name = "公开统计表"
        verbose_name_plural = "公开统计表"
        ordering = ["-quarter", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["quarter", "version"], name="insights_publictable_once"),
            models.UniqueConstraint(fields=["quarter"], condition=Q(is_current=True), name="insights_publictable_current"),
            models.CheckConstraint(condition=Q(version=1) | ~Q(reason=""), name="insights_publictable_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.words}统计"

    @property
    def last(self) -> dt.date:
        return (self.quarter + dt.timedelta(days=95)).replace(day=1) - dt.timedelta(days=1)

    @property
    def words(self) -> str:
        return f"{self.quarter.year}年第{'一二三四'[self.quarter.month // 3]}季度"

    @property
    def key(self) -> str:
        """The quarter in an address: 2026-3."""
        return f"{self.quarter.year}-{self.quarter.month // 3 + 1}"


class PublicCount(models.Model):
    """公开数: one number of a published table, with the names it was published under; `count` is empty where it is not shown."""

    class Level(models.TextChoices):
        COUNTY = "county", "全县"
        TOWN = "town", "乡镇街道"
        VILLAGE = "village", "村社"
        REST = "rest", "未定位"

    class Part(models.TextChoices):
        ALL = "all", "全部"
        CATEGORY = "category", "类别"
        CHANNEL = "channel", "渠道"
        TOLD = "told", "代录入"
        ELDER = "elder", "老年人"

    table = models.ForeignKey(PublicTable, verbose_name="公开统计表", on_delete=models.CASCADE, related_name="counts")
    region = models.CharField("区划代码", max_length=13, help_text="未定位的：上级的代码加 *")
    parent = models.CharField("上级代码", max_length=13, blank=True, default="")
    level = models.CharField("层级", max_length=8, choices=Level.choices)
    name = models.CharField("地名", max_length=40)
    population = models.PositiveIntegerField("人口", null=True, blank=True)
    part = models.CharField("分项", max_length=8, choices=Part.choices)
    key = models.CharField("代码", max_length=30, blank=True, default="")
    label = models.CharField("名称", max_length=40, blank=True, default="")
    order = models.PositiveIntegerField("次序", default=0)
    count = models.PositiveIntegerField("件数", null=True, blank=True, help_text="空：不单列")

    class Meta:
        verbose_name = "公开数"
        verbose_name_plural = "公开数"
        ordering = ["table", "order"]
        constraints = [
            models.UniqueConstraint(fields=["table", "region", "part", "key"], name="insights_publiccount_once"),
            models.CheckConstraint(condition=Q(count=None) | Q(count=0) | Q(count__gte=5), name="insights_publiccount_not_small"),
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.label}"


class PublicTableEvent(Event):
    """公开统计表经过: published, or put right and why."""

    subject = models.ForeignKey(PublicTable, verbose_name="公开统计表", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "公开统计表经过"
        verbose_name_plural = "公开统计表经过"


class TableCorrection(LongWork):
    """统计更正: a published quarter counted anew in the background, and the version that came of it. `done` is a percentage; `total` is 100. Its moves are
    events of the table that stood when it was ordered."""

    table = models.ForeignKey(PublicTable, verbose_name="更正的版本", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField("更正原因", max_length=300)
    made = models.OneToOneField(PublicTable, verbose_name="更正后的版本", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta(LongWork.Meta):
        abstract = False
        verbose_name = "统计更正"
        verbose_name_plural = "统计更正"
        constraints = [
            models.UniqueConstraint(fields=["table"], condition=Q(state__in=("queued", "running")), name="insights_correction_one"),
            models.CheckConstraint(condition=Q(state="done", made__isnull=False) | (~Q(state="done") & Q(made=None)), name="insights_correction_made"),
        ]

    def __str__(self) -> str:
        return f"{self.table}更正"


class VoicesPage(models.Model):
    """民情公开页: whether the county shows it at all; the office turns it on. One row, or none as long as nobody has."""

    is_open = models.BooleanField("已开通", default=False)

    class Meta:
        verbose_name = "民情公开页"
        verbose_name_plural = "民情公开页"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="insights_voicespage_one")]

    def __str__(self) -> str:
        return "民情公开页"


class VoicesPageEvent(Event):
    """民情公开页经过: turned on, or off and why."""

    subject = models.ForeignKey(VoicesPage, verbose_name="民情公开页", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "民情公开页经过"
        verbose_name_plural = "民情公开页经过"
