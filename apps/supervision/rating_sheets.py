"""The sheet that a visit fills in: indicators by kind of topic and field, in versions.

A sheet that visits were recorded with is never changed: changing it makes the next version, and the old one stays with its visits.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.deputies.models import Field
from apps.record.events import Event
from apps.supervision.topics import Topic


class RatingSheetQuerySet(models.QuerySet):
    def in_use(self):
        return self.filter(replaced_at=None)

    def for_topic(self, topic: Topic) -> "RatingSheet | None":
        """The most particular sheet in use: of its field and kind, of its field, of its kind, for all."""
        fits = self.in_use().filter(Q(field=None) | Q(field=topic.field_id), topic_kind__in=["", topic.kind])
        return fits.order_by(F("field").desc(nulls_last=True), "-topic_kind").prefetch_related("indicators").first()

    def chosen_for(self, topics: Iterable[Topic]) -> dict[int, int | None]:
        """Topic id → sheet id, as `for_topic` chooses, in one query for any number of topics."""
        ranked = sorted(self.in_use(), key=lambda sheet: (sheet.field_id is None, sheet.topic_kind == ""))
        fits = lambda sheet, topic: sheet.field_id in (None, topic.field_id) and sheet.topic_kind in ("", topic.kind)  # noqa: E731
        return {topic.pk: next((sheet.pk for sheet in ranked if fits(sheet, topic)), None) for topic in topics}


class RatingSheet(models.Model):
    """查看评分表, for all topics or only those of one kind or field."""

    name = models.CharField("名称", max_length=40)
    topic_kind = models.CharField("适用事项", max_length=12, choices=Topic.Kind.choices, blank=True, default="", help_text="空：各类事项")
    field = models.ForeignKey(Field, verbose_name="适用领域", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField("版本", default=1)
    made_at = models.DateTimeField("制表时间", default=timezone.now)
    replaced_at = models.DateTimeField("停用时间", null=True, blank=True)

    objects = RatingSheetQuerySet.as_manager()

    class Meta:
        verbose_name = "查看评分表"
        verbose_name_plural = "查看评分表"
        ordering = ["topic_kind", "field", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["topic_kind", "field", "version"], nulls_distinct=False, name="supervision_sheet_version"),
            models.UniqueConstraint(fields=["topic_kind", "field"], condition=Q(replaced_at=None), nulls_distinct=False, name="supervision_sheet_one_in_use"),
        ]

    def __str__(self) -> str:
        return f"{self.name}（第{self.version}版）"

    @property
    def general(self) -> bool:
        """Whether it is the one for all topics that have none of their own."""
        return not self.topic_kind and self.field_id is None


class Indicator(models.Model):
    """查看指标: one line of a sheet, with what 1 and 5 mean in `hint`."""

    class Scale(models.TextChoices):
        SCORE = "score", "1–5 分"
        YES_NO = "yes_no", "是、否"

    sheet = models.ForeignKey(RatingSheet, verbose_name="查看评分表", on_delete=models.CASCADE, related_name="indicators")
    number = models.PositiveSmallIntegerField("序号")
    label = models.CharField("指标", max_length=30)
    hint = models.CharField("怎么看", max_length=80, blank=True)
    scale = models.CharField("评分方式", max_length=8, choices=Scale.choices, default=Scale.SCORE)

    class Meta:
        verbose_name = "查看指标"
        verbose_name_plural = "查看指标"
        ordering = ["sheet", "number"]
        constraints = [models.UniqueConstraint(fields=["sheet", "number"], name="supervision_indicator_once")]

    def __str__(self) -> str:
        return self.label

    def choices(self) -> list["Choice"]:
        """What may be answered, best first; last that it was not looked at."""
        values = (1, 0) if self.scale == self.Scale.YES_NO else (5, 4, 3, 2, 1)
        return [*(Choice(str(value), self.words(value)) for value in values), Choice("", "未查看")]

    def words(self, value: int) -> str:
        return ("否", "是")[value] if self.scale == self.Scale.YES_NO else f"{value} 分"


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


class RatingSheetEvent(Event):
    """Who made a version of a sheet, or put it out of use. The database refuses to change it."""

    subject = models.ForeignKey(RatingSheet, verbose_name="查看评分表", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "查看评分表经过"
        verbose_name_plural = "查看评分表经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
