"""How every project stands now, kept as rows: what tiles, filters and notices need at once is worked out when something changes.

Nothing here is typed. `renew` reads `with_progress` anew for the projects whose reports or plans were written; an hourly job does so
for those without a report, which time alone puts behind their plan.
"""

import datetime as dt
from collections.abc import Collection

from django.db import models, transaction
from django.db.models import F, Q

from apps.projects.following import Follow, Move
from apps.projects.models import KeyProject, standing_of, tone_of
from apps.territory.models import LayerVersion

FIELDS = ("actual", "planned", "lag_points", "as_of", "tone", "stage", "money_month", "invested", "invested_year")
ROUNDED = 4  # decimals: sums of floats differ in the last digits


class StandingQuerySet(models.QuerySet):
    def renew(self, on: dt.date, projects: Collection[int] | None = None) -> int:
        """Work out anew how projects (primary keys; all when None) stand on a day, tell their followers, renew the tiles.

        Call it in the transaction that wrote reports or plans, once for all of its projects. Returns how many stand differently.
        """
        with transaction.atomic():
            wanted = KeyProject.objects.all() if projects is None else KeyProject.objects.filter(pk__in=projects)
            missing = list(wanted.filter(state_now=None).order_by("pk").values_list("pk", flat=True))
            self.bulk_create([Standing(project_id=pk) for pk in missing], ignore_conflicts=True)
            # Locked first and read after: whoever comes later reads what we have written.
            kept = self.filter(project__in=wanted).order_by("project_id").select_for_update(of=("self",))
            before = {row.project_id: row for row in kept}
            changed, moves = [], []
            for project in wanted.filter(pk__in=before).with_progress(on).with_money(on).only("pk", "code", "name", "kind", "suspended_on"):
                after = Standing.of(project)
                if after.figures() != before[project.pk].figures():
                    changed.append(after)
                    moves.append(Move(project, before[project.pk], after))
            # Ten times quicker than bulk_update, which asks of every row which of all the values is its own.
            self.bulk_create(changed, batch_size=2000, update_conflicts=True, unique_fields=["project"], update_fields=FIELDS)
            self.filter(pk__in=before).exclude(renewed_on=on).update(renewed_on=on)
            Follow.objects.tell_moves(moves)
            if missing or changed:
                LayerVersion.raise_for("progress")
        return len(changed)


    def renew_due(self, on: dt.date) -> int:
        """Those that another day changes: where no month's end but the day itself was the last that counted, or nothing is known yet."""
        moving = Q(state_now__as_of=None) | Q(state_now__as_of=F("state_now__renewed_on"))
        due = KeyProject.objects.filter(Q(state_now=None) | Q(state_now__renewed_on=None) | moving & Q(state_now__renewed_on__lt=on))
        keys = list(due.values_list("pk", flat=True))
        return self.renew(on, keys) if keys else 0


class Standing(models.Model):
    """进度现状: percent done and planned, how far apart, and the colour of that, on the day both refer to; how far it has come; its money."""

    project = models.OneToOneField(KeyProject, verbose_name="项目", primary_key=True, on_delete=models.CASCADE, related_name="state_now")
    actual = models.FloatField("累计完成%", null=True)
    planned = models.FloatField("计划%", null=True)
    lag_points = models.FloatField("落后百分点", null=True)
    as_of = models.DateField("截至", null=True)
    tone = models.CharField("颜色", max_length=8, default="neutral")
    stage = models.CharField("阶段", max_length=12, choices=KeyProject.Stage.choices, default=KeyProject.Stage.WAITING, db_default=KeyProject.Stage.WAITING)
    money_month = models.DateField("投资截至月份", null=True)
    invested = models.DecimalField("开工以来累计完成投资(万元)", max_digits=14, decimal_places=2, null=True)
    invested_year = models.DecimalField("本年累计完成投资(万元)", max_digits=14, decimal_places=2, null=True)
    renewed_on = models.DateField("算于", null=True)

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = "进度现状"
        verbose_name_plural = "进度现状"

    def __str__(self) -> str:
        return f"{self.project} {self.standing}"

    @classmethod
    def of(cls, project: KeyProject) -> "Standing":
        """From a project read `with_progress` and `with_money`."""
        rounded = {name: None if (value := getattr(project, name)) is None else round(value, ROUNDED) for name in ("actual", "planned", "lag_points")}
        money = {name: getattr(project, name) for name in ("money_month", "invested", "invested_year")}
        return cls(project=project, as_of=project.as_of, tone=tone_of(project.lag_points), stage=project.stage, **rounded, **money)

    def figures(self) -> tuple:
        return tuple(getattr(self, name) for name in FIELDS)

    @property
    def standing(self) -> str:
        """One line of state, as on the project's own page."""
        return standing_of(self.lag_points)
