"""Monthly reports of whole projects, their history, the tables they come in, and what was spent."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from apps.record.events import append_only

# Reports of the project itself go before those of its parts, which are summed. The money before 1 January is known from any
# report of the year that says both figures, from last December's, from the parts, or is none when work began this year.
MONEY = """
CREATE FUNCTION projects_money(project bigint, day date) RETURNS TABLE (month date, invested numeric, invested_year numeric, invested_month numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH last AS (
        SELECT r.* FROM projects_projectreport r WHERE r.project_id = project AND r.month <= day AND (r.invested IS NOT NULL OR r.invested_year IS NOT NULL)
        ORDER BY r.month DESC LIMIT 1
    ), base AS (
        SELECT coalesce(
            (SELECT r.invested - r.invested_year FROM projects_projectreport r WHERE r.project_id = project
             AND r.month BETWEEN date_trunc('year', l.month) AND l.month AND r.invested - r.invested_year IS NOT NULL ORDER BY r.month DESC LIMIT 1),
            (SELECT r.invested FROM projects_projectreport r WHERE r.project_id = project AND r.month = (date_trunc('year', l.month) - interval '1 month')::date),
            (SELECT sum(y.invested) FROM projects_subproject s, LATERAL (SELECT r.invested FROM projects_progressreport r WHERE r.subproject_id = s.id
                AND r.month < date_trunc('year', l.month) AND r.invested IS NOT NULL ORDER BY r.month DESC LIMIT 1) y WHERE s.project_id = project),
            (SELECT 0 FROM projects_keyproject k WHERE k.id = project AND k.starts >= date_trunc('year', l.month))
        ) AS spent FROM last l
    ), own AS (
        SELECT l.month, coalesce(l.invested, b.spent + l.invested_year) AS invested, coalesce(l.invested_year, l.invested - b.spent) AS invested_year,
               coalesce(l.invested - p.invested, l.invested_year - CASE WHEN l.month = date_trunc('year', l.month) THEN 0 ELSE p.invested_year END) AS invested_month
        FROM last l CROSS JOIN base b
        LEFT JOIN projects_projectreport p ON p.project_id = project AND p.month = (l.month - interval '1 month')::date
    ), parts AS (
        SELECT max(n.month) AS month FROM projects_subproject s, LATERAL (
            SELECT r.month FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month <= day AND r.invested IS NOT NULL ORDER BY r.month DESC LIMIT 1) n
        WHERE s.project_id = project AND NOT EXISTS (SELECT FROM last)
    ), summed AS (
        SELECT m.month, sum(now.invested) AS invested, sum(year.invested) AS before, sum(prior.invested) AS prior, min(began.month) AS began
        FROM parts m, projects_subproject s
        LEFT JOIN LATERAL (SELECT r.invested FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month <= day AND r.invested IS NOT NULL
            ORDER BY r.month DESC LIMIT 1) now ON true
        LEFT JOIN LATERAL (SELECT r.invested FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month < date_trunc('year', m.month)
            AND r.invested IS NOT NULL ORDER BY r.month DESC LIMIT 1) year ON true
        LEFT JOIN LATERAL (SELECT r.invested FROM projects_progressreport r WHERE r.subproject_id = s.id AND r.month < m.month AND r.invested IS NOT NULL
            ORDER BY r.month DESC LIMIT 1) prior ON true
        LEFT JOIN LATERAL (SELECT min(r.month) AS month FROM projects_progressreport r WHERE r.subproject_id = s.id) began ON true
        WHERE s.project_id = project AND m.month IS NOT NULL GROUP BY m.month
    )
    SELECT * FROM own
    UNION ALL SELECT t.month, t.invested,
        t.invested - CASE WHEN t.before IS NULL AND (t.began < date_trunc('year', t.month) OR k.starts < date_trunc('year', t.month)) THEN NULL ELSE coalesce(t.before, 0) END,
        t.invested - coalesce(t.prior, 0)
    FROM summed t, projects_keyproject k WHERE k.id = project
$$;
"""
PERCENT = Q(percent=None) | Q(percent__gte=0, percent__lte=100)
PERSON = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "to": settings.AUTH_USER_MODEL}


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_plans"), ("record", "0004_photos"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="ProjectReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(help_text="当月第一天", verbose_name="月份")),
                ("percent", models.FloatField(blank=True, null=True, verbose_name="累计完成%")),
                ("invested", models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="开工以来累计完成投资(万元)")),
                ("invested_year", models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name="本年累计完成投资(万元)")),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="形象进度")),
                ("problems", models.CharField(blank=True, max_length=300, verbose_name="存在问题")),
                ("reported_at", models.DateTimeField(auto_now=True, verbose_name="填报时间")),
                ("project", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="projects.keyproject", verbose_name="项目")),
                ("reported_by", models.ForeignKey(blank=True, null=True, verbose_name="填报人", **PERSON)),
            ],
            options={
                "verbose_name": "项目月报",
                "verbose_name_plural": "项目月报",
                "ordering": ["project", "month"],
                "constraints": [
                    models.UniqueConstraint(fields=["project", "month"], name="projects_projectreport_once"),
                    models.CheckConstraint(condition=PERCENT, name="projects_projectreport_percent"),
                    models.CheckConstraint(condition=Q(invested=None) | Q(invested__gte=0), name="projects_projectreport_invested"),
                    models.CheckConstraint(condition=Q(invested_year=None) | Q(invested_year__gte=0), name="projects_projectreport_year"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProjectEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verb", models.CharField(max_length=40, verbose_name="动作")),
                ("actor_label", models.CharField(blank=True, max_length=80, verbose_name="操作人称谓")),
                ("note", models.TextField(blank=True, verbose_name="说明")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("data", models.JSONField(default=dict, verbose_name="详情")),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("actor", models.ForeignKey(null=True, verbose_name="操作人", **PERSON)),
                ("subject", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="events", to="projects.keyproject", verbose_name="项目")),
            ],
            options={
                "verbose_name": "项目经过",
                "verbose_name_plural": "项目经过",
                "ordering": ["pk"],
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("subject", "previous_hash"), name="projects_projectevent_no_fork")],
            },
        ),
        append_only("projects_projectevent"),
        migrations.CreateModel(
            name="ReportPhoto",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caption", models.CharField(blank=True, max_length=80, verbose_name="说明")),
                ("photo", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.photo", verbose_name="照片")),
                ("report", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="photos", to="projects.projectreport", verbose_name="月报")),
            ],
            options={
                "verbose_name": "月报照片",
                "verbose_name_plural": "月报照片",
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("report", "photo"), name="projects_reportphoto_once")],
            },
        ),
        migrations.CreateModel(
            name="ReportMapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=60, verbose_name="来源")),
                ("fingerprint", models.CharField(max_length=64, unique=True, verbose_name="表头指纹")),
                ("columns", models.JSONField(default=list, verbose_name="列")),
                ("aliases", models.JSONField(default=dict, verbose_name="项目别名")),
                ("settled_at", models.DateTimeField(auto_now=True, verbose_name="确定时间")),
                ("settled_by", models.ForeignKey(null=True, verbose_name="确定人", **PERSON)),
            ],
            options={"verbose_name": "月报列对应", "verbose_name_plural": "月报列对应", "ordering": ["source"]},
        ),
        migrations.CreateModel(
            name="ReportUpload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="文件名")),
                ("sha256", models.CharField(max_length=64)),
                ("source", models.CharField(max_length=60, verbose_name="来源")),
                ("sheet", models.CharField(blank=True, max_length=60, verbose_name="工作表")),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="标题")),
                ("headings", models.JSONField(default=list, verbose_name="表头")),
                ("fingerprint", models.CharField(max_length=64, verbose_name="表头指纹")),
                ("rows", models.JSONField(default=list, help_text="每行：[行号, [单元格…]]", verbose_name="行")),
                ("month", models.DateField(blank=True, null=True, verbose_name="月份")),
                ("decisions", models.JSONField(default=dict, help_text="行号 → 项目、理由、跳过", verbose_name="逐行处理")),
                ("state", models.CharField(choices=[("open", "待收入"), ("taken", "已收入"), ("dropped", "已放弃")], default="open", max_length=8, verbose_name="状态")),
                ("result", models.JSONField(default=dict, verbose_name="结果")),
                ("uploaded_at", models.DateTimeField(auto_now_add=True, verbose_name="上传时间")),
                ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="收入时间")),
                ("uploaded_by", models.ForeignKey(verbose_name="上传人", **PERSON)),
            ],
            options={
                "verbose_name": "月报文件",
                "verbose_name_plural": "月报文件",
                "ordering": ["-pk"],
                "constraints": [models.UniqueConstraint(condition=~Q(state="dropped"), fields=("sha256",), name="projects_upload_once")],
            },
        ),
        migrations.RunSQL(MONEY, "DROP FUNCTION projects_money(bigint, date)"),
    ]
