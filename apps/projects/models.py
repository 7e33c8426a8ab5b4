"""Key projects 重点项目: what is built, in parts with weights, and how far each part is. Progress against plan is derived."""

import datetime as dt

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Distance, Transform
from django.contrib.gis.geos import Point
from django.contrib.postgres.indexes import GistIndex
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Least

from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.projects import merging
from apps.record.staging import Merged, Stage
from apps.territory.models import AdminArea

SLIGHT, SERIOUS = 3.0, 10.0  # percentage points behind plan from which a project is slow, and late


def tone_of(lag: float | None) -> str:
    """The colour of being so many percentage points behind plan."""
    if lag is None:
        return "neutral"
    return "good" if lag < SLIGHT else "due" if lag < SERIOUS else "late"


def standing_of(lag: float | None) -> str:
    """Being so many percentage points behind plan (negative: ahead) in one line, as a deputy would say it."""
    if lag is None:
        return "尚未分解子项目"
    points = round(abs(lag))
    if lag >= SLIGHT:
        return f"比计划慢 {points} 个百分点"
    return f"比计划快 {points} 个百分点" if lag <= -SLIGHT else "按计划推进"


class KeyProjectQuerySet(models.QuerySet):
    def with_progress(self, on: dt.date):
        """Annotate `actual` and `planned` (percent, weighted over subprojects) and `as_of`, the day both refer to.

        Reports come by the month: the plan is read at the end of the last month reported, so that nobody looks late
        for the days since. Written in SQL because the plan needs arithmetic on dates inside a weighted sum.
        """
        share = "sum(s.weight * {}) / nullif(sum(s.weight), 0)"
        source = """ FROM projects_subproject s LEFT JOIN LATERAL (
            SELECT r.percent FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month <= %s ORDER BY r.month DESC LIMIT 1
        ) last ON true WHERE s.project_id = projects_keyproject.id"""
        as_of = """(SELECT least(coalesce((max(r.month) + interval '1 month - 1 day')::date, %s::date), %s::date)
            FROM projects_progressreport r JOIN projects_subproject s ON s.id = r.subproject_id
            WHERE s.project_id = projects_keyproject.id AND r.month <= %s)"""
        planned = share.format(f"100.0 * least(1.0, greatest(0.0, ({as_of} - s.starts)::float / (s.ends - s.starts)))")
        return self.annotate(
            as_of=RawSQL(as_of, (on, on, on), output_field=models.DateField()),
            actual=RawSQL(f"(SELECT {share.format('coalesce(last.percent, 0)')}{source})", (on,), output_field=models.FloatField()),
            planned=RawSQL(f"(SELECT {planned} FROM projects_subproject s WHERE s.project_id = projects_keyproject.id)", (on, on, on), output_field=models.FloatField()),
            lag_points=ExpressionWrapper(F("planned") - F("actual"), output_field=models.FloatField()),
        )

    def in_tone(self, tone: str):
        """After `with_progress`: good, due or late, as `KeyProject.tone` says."""
        return {
            "good": self.filter(lag_points__lt=SLIGHT),
            "due": self.filter(lag_points__gte=SLIGHT, lag_points__lt=SERIOUS),
            "late": self.filter(lag_points__gte=SERIOUS),
        }[tone]

    def nearest(self, *points: Point):
        """Annotate `distance` to the nearest of the points, on the ellipsoid, and order by it."""
        away = [Distance("site", point, spheroid=True) for point in points]
        return self.annotate(distance=Least(*away) if len(away) > 1 else away[0]).order_by("distance", "code")

    def merge_staged(self, stage: Stage) -> Merged:
        merged = merging.projects(stage)
        Standing.objects.renew(stage.today)
        return merged


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

    objects = KeyProjectQuerySet.as_manager()

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

    # The following need `with_progress`.

    @property
    def tone(self) -> str:
        """The colour of its state: good, due (slow) or late; neutral when it has no subprojects."""
        return tone_of(self.lag_points)

    @property
    def standing(self) -> str:
        """One line of state, as a deputy would say it."""
        return standing_of(self.lag_points)

    def curve(self, today: dt.date) -> dict:
        """The S-curve: months from start to end, plan and actual percent at each month's end; actual is null where nothing is reported."""
        parts = list(self.subprojects.prefetch_related("reports"))
        weight = sum(part.weight for part in parts)
        if not weight:
            return {"months": [], "plan": [], "actual": [], "today": f"{today:%Y-%m}"}
        first, last = min(part.starts for part in parts), max(part.ends for part in parts)
        reported = [report.month for part in parts for report in part.reports.all()]
        newest = max(reported, default=None)
        months, month = [], first.replace(day=1)
        while month <= max([last, *reported]):
            months.append(month)
            month = (month + dt.timedelta(days=32)).replace(day=1)
        plan, actual = [], []
        for month in months:
            end = (month + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
            plan.append(round(sum(part.weight * part.planned(end) for part in parts) / weight, 1))
            done = sum(part.weight * part.done(month) for part in parts) / weight
            actual.append(round(done, 1) if newest and month <= newest else None)
        return {"months": [f"{month:%Y-%m}" for month in months], "plan": plan, "actual": actual, "today": f"{today:%Y-%m}"}


class SubprojectQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        merged = merging.subprojects(stage)
        Standing.objects.renew(stage.today)
        return merged


class Subproject(models.Model):
    """子项目: a part with its share of the whole and its own plan dates."""

    project = models.ForeignKey(KeyProject, verbose_name="项目", on_delete=models.CASCADE, related_name="subprojects")
    number = models.PositiveSmallIntegerField("序号")
    name = models.CharField("名称", max_length=60)
    weight = models.FloatField("权重")
    starts = models.DateField("计划开始")
    ends = models.DateField("计划完成")

    objects = SubprojectQuerySet.as_manager()

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

    def done(self, month: dt.date) -> float:
        """Percent done by the end of a month, by the last report up to it; 0 before the first."""
        return max(((report.month, report.percent) for report in self.reports.all() if report.month <= month), default=(None, 0.0))[1]


class ProgressReportQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        merged = merging.reports(stage)
        Standing.objects.renew(stage.today)
        return merged


class ProgressReport(models.Model):
    """月报: how much of a subproject was done and spent by the end of a month."""

    subproject = models.ForeignKey(Subproject, verbose_name="子项目", on_delete=models.CASCADE, related_name="reports")
    month = models.DateField("月份", help_text="当月第一天")
    percent = models.FloatField("累计完成%")
    invested = models.DecimalField("累计投资(万元)", max_digits=14, decimal_places=2, null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    objects = ProgressReportQuerySet.as_manager()

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


from apps.projects.following import Follow  # noqa: E402, F401 - tables of their own files belong to this app
from apps.projects.standing import Standing  # noqa: E402
