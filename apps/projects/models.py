"""Key projects 重点项目: what is built, in parts with weights, and how far each part is. Progress against plan is derived."""

import datetime as dt

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Distance, Transform
from django.contrib.gis.geos import Point
from django.contrib.postgres.indexes import GistIndex
from django.db.models import F, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Least

from apps.accounts.models import Role
from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.projects import curves, merging
from apps.record.staging import Merged, Stage
from apps.territory.models import AdminArea

FINISHED = 99.95  # percent: what rounds to 100.0
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
        """Annotate `actual` and `planned` (percent, weighted over subprojects), `as_of`, the day both refer to, and `lag_points`.

        Reports come by the month: the plan is read at the end of the last month reported, so that nobody looks late
        for the days since. A project without subprojects has the percent it was reported with, against a straight plan;
        when nothing but money is known, lag is what the year's money is behind the calendar (序时进度). In SQL because
        the plan needs arithmetic on dates inside a weighted sum.
        """
        share = "sum(s.weight * {}) / nullif(sum(s.weight), 0)"
        parts = "projects_subproject s WHERE s.project_id = projects_keyproject.id"
        whole = """FROM projects_projectreport w WHERE w.project_id = projects_keyproject.id AND w.percent IS NOT NULL AND w.month <= %s
            ORDER BY w.month DESC LIMIT 1"""
        as_of = f"""SELECT least(coalesce((max(m.month) + interval '1 month - 1 day')::date, %s::date), %s::date) FROM (
            SELECT (SELECT max(r.month) FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month <= %s) AS month FROM {parts}
            UNION ALL SELECT (SELECT w.month {whole}) WHERE NOT EXISTS (SELECT FROM {parts})) m"""
        actual = f"""SELECT coalesce((SELECT {share.format("coalesce(last.percent, 0)")} FROM projects_subproject s LEFT JOIN LATERAL (
            SELECT r.percent FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month <= %s ORDER BY r.month DESC LIMIT 1
        ) last ON true WHERE s.project_id = projects_keyproject.id), (SELECT w.percent {whole}))"""
        planned = f"""SELECT coalesce((SELECT {share.format("projects_planned(s.id, s.starts, s.ends, a.day)")} FROM {parts}),
            (SELECT projects_planned(NULL, projects_keyproject.starts, projects_keyproject.ends, a.day) FROM (SELECT {whole}) w)) FROM ({as_of}) a (day)"""
        money = """SELECT (100.0 * extract(month FROM m.month) / 12 - 100.0 * m.invested_year / nullif(projects_keyproject.investment_year, 0))::float
            FROM projects_money(projects_keyproject.id, %s) m"""
        return self.annotate(
            as_of=RawSQL(f"({as_of})", (on,) * 4, output_field=models.DateField()),
            actual=RawSQL(f"({actual})", (on, on), output_field=models.FloatField()),
            planned=RawSQL(f"({planned})", (on,) * 5, output_field=models.FloatField()),
            lag_points=Coalesce(F("planned") - F("actual"), RawSQL(f"({money})", (on,)), output_field=models.FloatField()),
        )

    def with_money(self, on: dt.date):
        """Annotate what was spent by the last month reported (万元): `invested` from the beginning, `invested_year`, `invested_month`, `money_month`."""
        money = "(SELECT m.{} FROM projects_money(projects_keyproject.id, %s) m)"
        number = models.DecimalField(max_digits=14, decimal_places=2)
        return self.annotate(
            money_month=RawSQL(money.format("month"), (on,), output_field=models.DateField()),
            **{name: RawSQL(money.format(name), (on,), output_field=number) for name in ("invested", "invested_year", "invested_month")},
        )

    def reportable_by(self, user):
        """Those whose months this person may report: the county office's all, a unit's those it owns or is responsible for."""
        if user.role == Role.COUNTY_OFFICE:
            return self
        own = user.organisations.values("pk")
        return self.filter(Q(responsible__in=own) | Q(owner__in=own))

    def as_they_stand(self):
        """The same annotations from what is kept of it (`Standing`), for pages that must be quick; nothing where nothing was worked out yet."""
        return self.annotate(**{name: F(f"state_now__{name}") for name in ("actual", "planned", "lag_points", "as_of")})

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

    def owing(self, month: dt.date):
        """Those at work by the end of a month that nothing was reported of for it."""
        whole, parts = (self.model.objects.filter(**{f"{path}reports__month": month}).values("pk") for path in ("", "subprojects__"))
        done = Q(state_now__actual__gte=FINISHED)
        return self.filter(starts__lte=curves.month_end(month), suspended_on=None).exclude(pk__in=whole).exclude(pk__in=parts).exclude(done)

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

    class Stage(models.TextChoices):
        """How far it has come: derived from reports, save that somebody must say that work has stopped."""

        PREPARATION = "preparation", "前期"
        WAITING = "waiting", "未开工"
        BUILDING = "building", "在建"
        SUSPENDED = "suspended", "停工"
        FINISHED = "finished", "完工"

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
    suspended_on = models.DateField("停工日期", null=True, blank=True)
    suspended_because = models.CharField("停工原因", max_length=200, blank=True)

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

    @property
    def stage(self) -> "KeyProject.Stage":
        """How far it has come; needs `with_progress` and `with_money`."""
        if self.actual is not None and self.actual >= FINISHED:
            return self.Stage.FINISHED
        if self.suspended_on:
            return self.Stage.SUSPENDED
        if self.actual or self.invested:
            return self.Stage.BUILDING
        return self.Stage.PREPARATION if self.kind == self.Kind.PREPARATORY else self.Stage.WAITING

    def curve(self, today: dt.date) -> dict:
        """The S-curve: months from start to end, plan and actual percent at each month's end; actual is null where nothing is reported."""
        parts = list(self.subprojects.prefetch_related("reports", "plan_points")) or [Whole(self)]
        weight = sum(part.weight for part in parts)
        reported = [report.month for part in parts for report in part.reports.all()]
        if not weight or (isinstance(parts[0], Whole) and not reported):
            return {"months": [], "plan": [], "actual": [], "today": f"{today:%Y-%m}"}
        first, last = min(part.starts for part in parts), max(part.ends for part in parts)
        newest = max(reported, default=None)
        months, month = [], min([first, *reported]).replace(day=1)
        while month <= max([last, *reported]):
            months.append(month)
            month = curves.month_start(month, 1)
        plan, actual = [], []
        for month in months:
            end = curves.month_end(month)
            plan.append(round(sum(part.weight * part.planned(end) for part in parts) / weight, 1))
            done = sum(part.weight * part.done(month) for part in parts) / weight
            actual.append(round(done, 1) if newest and month <= newest else None)
        return {"months": [f"{month:%Y-%m}" for month in months], "plan": plan, "actual": actual, "today": f"{today:%Y-%m}"}


class Whole:
    """A project without subprojects, looked at as its own only part: a straight plan, and the percent it was reported with."""

    weight = 1.0

    def __init__(self, project: KeyProject) -> None:
        self.starts, self.ends = project.starts, project.ends
        self.reports = project.reports.exclude(percent=None)

    def planned(self, on: dt.date) -> float:
        return curves.planned(self.starts, self.ends, [], on)

    def done(self, month: dt.date) -> float:
        return max(((report.month, report.percent) for report in self.reports if report.month <= month), default=(None, 0.0))[1]


class SubprojectQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        merged, said = merging.subprojects(stage)
        ProjectEvent.objects.append_each(said)
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
        """Percent that the plan wants done on a day: along its points, straight between them (序时进度)."""
        return curves.planned(self.starts, self.ends, [(point.month, point.percent) for point in self.plan_points.all()], on)

    def done(self, month: dt.date) -> float:
        """Percent done by the end of a month, by the last report up to it; 0 before the first."""
        return max(((report.month, report.percent) for report in self.reports.all() if report.month <= month), default=(None, 0.0))[1]


class ProgressReportQuerySet(models.QuerySet):
    def merge_staged(self, stage: Stage) -> Merged:
        merged, said = merging.reports(stage)
        ProjectEvent.objects.append_each(said)
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
from apps.projects.plans import PlanPoint  # noqa: E402, F401
from apps.projects.reports import ProjectEvent, ProjectReport, ReportPhoto  # noqa: E402, F401
from apps.projects.standing import Standing  # noqa: E402
from apps.projects.uploads import ReportMapping, ReportUpload  # noqa: E402, F401
