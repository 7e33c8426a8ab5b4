"""What is reported around each key project, before and after it began, stopped or was finished, held against the rest of the county."""

from django.contrib.gis.db import models

from apps.cases.taxonomy import Category
from apps.projects.models import KeyProject


class ProjectAroundQuerySet(models.QuerySet):
    def pressing(self):
        """Where supervision should look first."""
        return self.order_by("-weight", "project__code")


class ProjectAround(models.Model):
    """项目周边诉求: one turning point of one project, and the kind of matters that says most of it (`category`; none: all together). `kinds`: the
    key of every kind that was tested and its q. `before`, `after`: reports within `within` metres of it in the `days` before `turned_on` and
    in as many from that day; `rest_before`, `rest_after`: in places like it elsewhere. `ratio`: after to before, held against the change there,
    between `low` and `high` at 95 %; nothing where there are too few to tell."""

    class Turn(models.TextChoices):
        STARTED = "started", "开工"
        STOPPED = "stopped", "停工"
        FINISHED = "finished", "完工"

    class Verdict(models.TextChoices):
        MORE = "more", "明显增多"
        FEWER = "fewer", "明显减少"
        SAME = "same", "看不出变化"
        FEW = "few", "反映太少，不作判断"
        SHORT = "short", "时间太短，不作判断"

    project = models.ForeignKey(KeyProject, verbose_name="重点项目", on_delete=models.CASCADE, related_name="+")
    turn = models.CharField("转折", max_length=10, choices=Turn.choices)
    turned_on = models.DateField("转折日期")
    within = models.PositiveIntegerField("范围（米）")
    days = models.PositiveIntegerField("前后各多少天")
    category = models.ForeignKey(Category, verbose_name="类别", null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="空：各类合计")
    kinds = models.JSONField("各类", default=list)
    before = models.PositiveIntegerField("之前")
    after = models.PositiveIntegerField("之后")
    rest_before = models.PositiveIntegerField("同类地方之前")
    rest_after = models.PositiveIntegerField("同类地方之后")
    ratio = models.FloatField("变化倍数", null=True, blank=True)
    low = models.FloatField("变化倍数下限", null=True, blank=True)
    high = models.FloatField("变化倍数上限", null=True, blank=True)
    q = models.FloatField("错误发现率", null=True, blank=True)
    verdict = models.CharField("判断", max_length=8, choices=Verdict.choices)
    weight = models.FloatField("轻重", default=0, help_text="排先后用")
    day = models.DateField("截至")

    objects = ProjectAroundQuerySet.as_manager()

    class Meta:
        verbose_name = "项目周边诉求"
        verbose_name_plural = "项目周边诉求"
        ordering = ["-weight", "project"]
        constraints = [models.UniqueConstraint(fields=["project", "turn"], name="insights_around_once")]

    def __str__(self) -> str:
        return f"{self.project} {self.get_turn_display()}前后"
