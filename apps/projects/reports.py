"""What is said of a project every month, and what has happened to it: the month's report as a whole, its photos, the history."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.projects import merging
from apps.projects.models import KeyProject
from apps.projects.standing import Standing
from apps.record.events import Event
from apps.record.files import Photo
from apps.record.staging import Merged, Stage


class ProjectReportQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        merged, said = merging.months(stage)
        ProjectEvent.objects.append_each(said)
        Standing.objects.renew(stage.today)
        return merged


class ProjectReport(models.Model):
    """项目月报: the money spent and the state in words by the end of a month; percent only where there are no subprojects to
    derive it from. `invested` counts from the beginning, `invested_year` from 1 January; this month's is their difference."""

    project = models.ForeignKey(KeyProject, verbose_name="项目", on_delete=models.CASCADE, related_name="reports")
    month = models.DateField("月份", help_text="当月第一天")
    percent = models.FloatField("累计完成%", null=True, blank=True)
    invested = models.DecimalField("开工以来累计完成投资(万元)", max_digits=14, decimal_places=2, null=True, blank=True)
    invested_year = models.DecimalField("本年累计完成投资(万元)", max_digits=14, decimal_places=2, null=True, blank=True)
    text = models.CharField("形象进度", max_length=300, blank=True)
    problems = models.CharField("存在问题", max_length=300, blank=True)
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="填报人", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField("填报时间", auto_now=True)

    objects = ProjectReportQuerySet.as_manager()

    class Meta:
        verbose_name = "项目月报"
        verbose_name_plural = "项目月报"
        ordering = ["project", "month"]
        constraints = [
            models.UniqueConstraint(fields=["project", "month"], name="projects_projectreport_once"),
            models.CheckConstraint(condition=Q(percent=None) | Q(percent__gte=0, percent__lte=100), name="projects_projectreport_percent"),
            models.CheckConstraint(condition=Q(invested=None) | Q(invested__gte=0), name="projects_projectreport_invested"),
            models.CheckConstraint(condition=Q(invested_year=None) | Q(invested_year__gte=0), name="projects_projectreport_year"),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.month:%Y-%m}"


class ReportPhoto(models.Model):
    """月报照片: a picture of the site as it was in that month."""

    report = models.ForeignKey(ProjectReport, verbose_name="月报", on_delete=models.CASCADE, related_name="photos")
    photo = models.ForeignKey(Photo, verbose_name="照片", on_delete=models.PROTECT, related_name="+")
    caption = models.CharField("说明", max_length=80, blank=True)

    class Meta:
        verbose_name = "月报照片"
        verbose_name_plural = "月报照片"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["report", "photo"], name="projects_reportphoto_once")]

    def __str__(self) -> str:
        return f"{self.report} {self.caption}"


class ProjectEvent(Event):
    """项目经过: a report taken in or put right, a plan changed, work stopped. The database refuses to change it."""

    subject = models.ForeignKey(KeyProject, verbose_name="项目", on_delete=models.PROTECT, related_name="events")

    class Meta(Event.Meta):
        abstract = False
        verbose_name = "项目经过"
        verbose_name_plural = "项目经过"

    def __str__(self) -> str:
        return f"{self.subject} {self.verb}"
