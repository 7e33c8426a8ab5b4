"""区域报告: what a place complained of in a period, kept as it was counted on the day it was made."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from apps.record.events import Event
from apps.territory.models import AdminArea
from apps.worktime.periods import Period, around


class RegionReportQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """Reports of the places in the user's scope."""
        return self.filter(area__code__startswith=user.scope) if user.scope else self.none()

    def in_force(self) -> Self:
        """Of each place and period the last one that was made."""
        newer = self.model.objects.filter(area=models.OuterRef("area"), kind=models.OuterRef("kind"), first=models.OuterRef("first"), version__gt=models.OuterRef("version"))
        return self.filter(~models.Exists(newer))

    def listed(self) -> Self:
        """Without the figures, which only the report's own page reads."""
        return self.select_related("area", "by").defer("content", "area__geom", "area__geom_3857")


class RegionReport(models.Model):
    """One place, one period, in versions: figures once made stay; counting again makes the next version."""

    class Kind(models.TextChoices):
        MONTH = "month", "月报"
        QUARTER = "quarter", "季报"
        HALF = "half", "半年报"
        YEAR = "year", "年报"

    area = models.ForeignKey(AdminArea, verbose_name="区域", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField("报告种类", max_length=8, choices=Kind.choices)
    first = models.DateField("起始日期")
    last = models.DateField("截止日期")
    version = models.PositiveSmallIntegerField("第几版", default=1)
    content = models.JSONField("数字", help_text="apps/insights/report_figures.py 的 Report")
    made_at = models.DateTimeField("统计时间", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="统计人", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="空：按月自动统计")

    objects = RegionReportQuerySet.as_manager()

    class Meta:
        verbose_name = "区域报告"
        verbose_name_plural = "区域报告"
        ordering = ["-first", "-last", "area__code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["area", "kind", "first", "version"], name="insights_regionreport_once"),
            models.CheckConstraint(condition=Q(first__lte=models.F("last")), name="insights_regionreport_days"),
        ]
        indexes = [models.Index(fields=["-first", "kind"], name="insights_regionreport_newest")]

    def __str__(self) -> str:
        return f"{self.area}{self.period.label}{self.get_kind_display()}"

    @property
    def period(self) -> Period:
        return around(self.kind, self.first)

    @property
    def missing(self) -> list[str]:
        """Sources that had fallen silent before the period was over when this was counted."""
        return [source["label"] for source in self.content["sources"] if source.get("silent")]


class RegionReportEvent(Event):
    """One move of a report. The database refuses to change it."""

    subject = models.ForeignKey(RegionReport, verbose_name="区域报告", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "区域报告经过"
        verbose_name_plural = "区域报告经过"
