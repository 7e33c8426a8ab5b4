"""情况简报: one file with maps and tables, to be opened anywhere without a network; and the same as PDF."""

from django.db import models
from django.db.models import Q

from apps.record.events import Event
from apps.territory.plates import LongWork, ScopedQuerySet
from apps.worktime.periods import MONTHS, Period, around, between


class BriefingQuerySet(ScopedQuerySet):
    def listed(self):
        return self.select_related("area", "created_by").defer("area__geom", "area__geom_3857")


class Briefing(LongWork):
    """What was chosen, and how far its making is. A briefing that is done is never made anew: another one is ordered."""

    title = models.CharField("标题", max_length=60)
    kind = models.CharField("时段种类", max_length=8)
    first = models.DateField("起始日期")
    last = models.DateField("截止日期")
    categories = models.JSONField("类别", default=list, blank=True, help_text="类别代码；空：全部")
    sources = models.JSONField("来源", default=list, blank=True, help_text="来源编号；空：全部")
    themes = models.JSONField("热点主题", default=list, blank=True, help_text="主题编号")
    outside = models.BooleanField("可外发", default=False, help_text="只写已经公开的数字")
    html_bytes = models.PositiveIntegerField("网页文件字节", default=0)
    pdf_bytes = models.PositiveIntegerField("PDF 字节", default=0)

    objects = BriefingQuerySet.as_manager()

    class Meta(LongWork.Meta):
        abstract = False
        verbose_name = "情况简报"
        verbose_name_plural = "情况简报"
        constraints = [models.CheckConstraint(condition=Q(first__lte=models.F("last")), name="insights_briefing_days")]

    def __str__(self) -> str:
        return self.title

    @property
    def period(self) -> Period:
        return around(self.kind, self.first) if self.kind in MONTHS else between(self.first, self.last)


class BriefingEvent(Event):
    """One move of a briefing. The database refuses to change it."""

    subject = models.ForeignKey(Briefing, verbose_name="情况简报", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "情况简报经过"
        verbose_name_plural = "情况简报经过"
