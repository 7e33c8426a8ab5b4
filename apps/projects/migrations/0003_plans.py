"""Plans as curves: points, and what the plan wants on a day."""

import django.db.models.deletion
from django.db import migrations, models

# `ends` before or on the day gives 100 whatever points say; points at or outside the two ends do not count (apps.projects.curves.planned).
PLANNED = """
CREATE FUNCTION projects_planned(part bigint, starts date, ends date, day date) RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN day <= starts THEN 0.0 WHEN day >= ends THEN 100.0
        WHEN part IS NULL OR NOT EXISTS (SELECT FROM projects_planpoint p WHERE p.subproject_id = part) THEN 100.0 * (day - starts)::float / (ends - starts)
        ELSE (
            WITH known AS (
                SELECT (p.month + interval '1 month - 1 day')::date AS at, p.percent FROM projects_planpoint p
                WHERE p.subproject_id = part AND (p.month + interval '1 month - 1 day')::date > starts AND (p.month + interval '1 month - 1 day')::date < ends
                UNION ALL VALUES (starts, 0.0), (ends, 100.0)
            )
            SELECT a.percent + (b.percent - a.percent) * (day - a.at)::float / (b.at - a.at)
            FROM (SELECT * FROM known WHERE at <= day ORDER BY at DESC LIMIT 1) a, (SELECT * FROM known WHERE at > day ORDER BY at LIMIT 1) b
        ) END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_tiles")]
    operations = [
        migrations.AddField("keyproject", "suspended_on", models.DateField(blank=True, null=True, verbose_name="停工日期")),
        migrations.AddField("keyproject", "suspended_because", models.CharField(blank=True, max_length=200, verbose_name="停工原因")),
        migrations.CreateModel(
            name="PlanPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(help_text="当月第一天", verbose_name="月份")),
                ("percent", models.FloatField(verbose_name="计划累计%")),
                ("subproject", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="plan_points", to="projects.subproject", verbose_name="子项目")),
            ],
            options={
                "verbose_name": "计划点",
                "verbose_name_plural": "计划点",
                "ordering": ["subproject", "month"],
                "constraints": [
                    models.UniqueConstraint(fields=("subproject", "month"), name="projects_planpoint_once"),
                    models.CheckConstraint(condition=models.Q(("percent__gte", 0), ("percent__lte", 100)), name="projects_planpoint_percent"),
                ],
            },
        ),
        migrations.RunSQL(PLANNED, "DROP FUNCTION projects_planned(bigint, date, date, date)"),
    ]
