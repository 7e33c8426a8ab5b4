"""The plan of a subproject as points: percent wanted by the end of a month."""

from django.db import models
from django.db.models import Q

from apps.projects.models import Subproject


class PlanPoint(models.Model):
    """计划点: what percent of a subproject shall be done by the end of a month."""

    subproject = models.ForeignKey(Subproject, verbose_name="子项目", on_delete=models.CASCADE, related_name="plan_points")
    month = models.DateField("月份", help_text="当月第一天")
    percent = models.FloatField("计划累计%")

    class Meta:
        verbose_name = "计划点"
        verbose_name_plural = "计划点"
        ordering = ["subproject", "month"]
        constraints = [
            models.UniqueConstraint(fields=["subproject", "month"], name="projects_planpoint_once"),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="projects_planpoint_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.subproject} {self.month:%Y-%m} {self.percent:.0f}%"
