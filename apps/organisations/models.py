"""Organisations 单位: they handle cases, dispatch them, own and supervise projects, employ voters and deputies."""

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField

from apps.organisations import merging
from apps.organisations.competence import recognised
from apps.record.staging import Merged, Stage


class OrganisationQuerySet(models.QuerySet):
    def standing(self):
        """Those that have not ended."""
        return self.filter(closed_on__isnull=True)

    def merge_staged(self, stage: Stage) -> Merged:
        return merging.organisations(stage)


class Organisation(models.Model):
    class Kind(models.TextChoices):
        CONGRESS = "congress", "人大机关"
        GOVERNMENT = "government", "人民政府"
        DISPATCHER = "dispatcher", "交办机构"
        DEPARTMENT = "department", "政府部门"
        TOWNSHIP = "township", "乡镇街道"
        INSTITUTION = "institution", "事业单位"
        ENTERPRISE = "enterprise", "企业"
        VILLAGE = "village", "村社组织"
        ASSOCIATION = "association", "社会组织"
        SCHOOL = "school", "学校"
        HOSPITAL = "hospital", "医院"
        COURT = "court", "法院、检察院"

    code = models.CharField("单位编号", max_length=40, unique=True)
    name = models.CharField("名称", max_length=80)
    short_name = models.CharField("简称", max_length=40, blank=True)
    kind = models.CharField("类别", max_length=20, choices=Kind.choices)
    area_code = models.CharField("所在区划", max_length=12, blank=True)
    address = models.CharField("地址", max_length=120, blank=True)
    point = models.PointField("位置", srid=4326, null=True, blank=True)
    handles_cases = models.BooleanField("承办单位", default=False)
    logs_in = models.BooleanField("上线办理", default=False, help_text="否：由交办机构代录答复")
    competences = ArrayField(models.CharField(max_length=20), verbose_name="职能", null=True, blank=True, help_text="空：按名称识别")
    closed_on = models.DateField("撤销日期", null=True, blank=True, help_text="填了就不再承办任何事项")
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, verbose_name="成员", blank=True, related_name="organisations")

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = "单位"
        verbose_name_plural = "单位"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.short_name or self.name

    def competent_for(self) -> list[str]:
        """Codes of `COMPETENCES`: as entered, else as its name says."""
        return recognised(self.name, self.kind) if self.competences is None else self.competences
