"""Key projects 重点项目: what is built, in parts with weights, and how far each part is. Progress against plan is derived."""

import datetime as dt

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Transform
from django.contrib.postgres.indexes import GistIndex
from django.db.models import F, Q

from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.territory.models import AdminArea


class KeyProject(models.Model):
    class Kind(models.TextChoices):
        NEW = "new", "新建"
        CONTINUING = "continuing", "续建"
        COMPLETING = "completing", "计划竣工"
        PREPARATORY = "preparatory", "前期"

    class Level(models.TextChoices):
        PROVINCE = "province", "省重点"
        CITY = "city", "市重点"
        COUNTY = "county", "县重点"

    code = models.CharField("项目编号", max_length=30, unique=True)
    name = models.CharField("项目名称", max_length=80)
    type = models.CharField("项目类型", max_length=40, blank=True)
    field = models.ForeignKey(Field, verbose_name="领域", null=True, blank=True, on_delete=models.PROTECT, related_name="projects")
    kind = models.CharField("建设性质", max_length=12, choices=Kind.choices)
    level = models.CharField("级别", max_length=10, choices=Level.choices)
    owner = models.ForeignKey(Organisation, verbose_name="业主单位", null=True, blank=True, on_delete=models.PROTECT, related_name="owned_projects")
    responsible = models.ForeignKey(Organisation, verbose_name="责任单位", on_delete=models.PROTECT, related_name="responsible_projects")
    contractors = models.ManyToManyField(Organisation, verbose_name="参建单位", blank=True, related_name="contracted_projects")
    town = models.ForeignKey(AdminArea, verbose_name="所在乡镇街道", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    geom = models.GeometryField("范围", srid=4326)
    geom_3857 = models.GeneratedField(expression=Transform("geom", 3857), output_field=models.GeometryField(srid=3857, spatial_index=False), db_persist=True)
    site = models.PointField("现场", srid=4326, help_text="量距离用的一个点")
    investment_total = models.DecimalField("总投资(万元)", max_digits=14, decimal_places=2, null=True, blank=True)
    investment_year = models.DecimalField("年度计划投资(万元)", max_digits=14, decimal_places=2, null=True, blank=True)
    starts = models.DateField("开工日期")
    ends = models.DateField("计划竣工")
    summary = models.CharField("建设内容", max_length=240, blank=True)
    demand = models.PositiveSmallIntegerField("监督小组人数", default=3)
    experts = models.PositiveSmallIntegerField("须懂行人数", default=1)

    class Meta:
        verbose_name = "重点项目"
        verbose_name_plural = "重点项目"
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(geom__isvalid=True), name="projects_project_geom_valid"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="projects_project_order"),
            models.CheckConstraint(condition=Q(experts__lte=F("demand")), name="projects_project_experts"),
        ]
        indexes = [GistIndex("geom_3857", name="projects_project_3857")]

    def __str__(self) -> str:
        return self.name


class Subproject(models.Model):
    """子项目: a part with its share of the whole and its own plan dates."""

    project = models.ForeignKey(KeyProject, verbose_name="项目", on_delete=models.CASCADE, related_name="subprojects")
    number = models.PositiveSmallIntegerField("序号")
    name = models.CharField("名称", max_length=60)
    weight = models.FloatField("权重")
    starts = models.DateField("计划开始")
    ends = models.DateField("计划完成")

    class Meta:
        verbose_name = "子项目"
        verbose_name_plural = "子项目"
        ordering = ["project", "number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="projects_subproject_once"),
            models.CheckConstraint(condition=Q(weight__gte=0), name="projects_subproject_weight"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="projects_subproject_order"),
        ]

    def __str__(self) -> str:
        return self.name

    def planned(self, on: dt.date) -> float:
        """Percent that the plan wants done on a day: straight from start to end (序时进度)."""
        return 100 * min(1.0, max(0.0, (on - self.starts).days / (self.ends - self.starts).days))


class ProgressReport(models.Model):
    """月报: how much of a subproject was done and spent by the end of a month."""

    subproject = models.ForeignKey(Subproject, verbose_name="子项目", on_delete=models.CASCADE, related_name="reports")
    month = models.DateField("月份", help_text="当月第一天")
    percent = models.FloatField("累计完成%")
    invested = models.DecimalField("累计投资(万元)", max_digits=14, decimal_places=2, null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = "进度月报"
        verbose_name_plural = "进度月报"
        ordering = ["subproject", "month"]
        constraints = [
            models.UniqueConstraint(fields=["subproject", "month"], name="projects_report_once"),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="projects_report_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.subproject} {self.month:%Y-%m} {self.percent:.0f}%"
