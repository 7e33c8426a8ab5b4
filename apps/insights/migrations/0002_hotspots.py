"""Hot spots, how they were worked out, and what became of them; what is reported around key projects."""

import django.contrib.gis.db.models.fields
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "__first__"),
        ("cases", "0013_newest_with_filters"),
        ("insights", "0001_facts"),
        ("supervision", "0008_origin"),
        ("territory", "0006_issuer_hung"),
        ("projects", "0006_nearby"),
    ]

    operations = [
        migrations.CreateModel(
            name="HotSpot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "新出现"),
                            ("growing", "加剧"),
                            ("persistent", "持续"),
                            ("returning", "反复"),
                            ("fading", "减弱"),
                            ("gone", "已消退"),
                        ],
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="地点")),
                (
                    "point",
                    django.contrib.gis.db.models.fields.PointField(
                        help_text="反映最多的方格的中心", srid=4326, verbose_name="中心"
                    ),
                ),
                ("shape", django.contrib.gis.db.models.fields.MultiPolygonField(srid=4326, verbose_name="范围")),
                (
                    "cells",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=2),
                        size=None,
                        verbose_name="方格",
                    ),
                ),
                ("since", models.DateField(help_text="这一轮里最早显著的一期的第一天", verbose_name="起于")),
                ("last_hot", models.DateField(help_text="最近一个显著的一期的最后一天", verbose_name="最近显著")),
                ("months", models.PositiveSmallIntegerField(help_text="近十二期里", verbose_name="显著期数")),
                ("count", models.PositiveIntegerField(verbose_name="反映数")),
                ("expected", models.FloatField(help_text="按全县同样人口应有的反映数", verbose_name="对照数")),
                ("z", models.FloatField(verbose_name="Gi*")),
                ("q", models.FloatField(verbose_name="错误发现率")),
                ("steps", models.JSONField(default=list, verbose_name="各期")),
                ("weight", models.FloatField(default=0, help_text="排先后用", verbose_name="轻重")),
                ("day", models.DateField(verbose_name="截至")),
                ("found_at", models.DateTimeField(auto_now_add=True, verbose_name="发现时间")),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cases.category",
                        verbose_name="类别",
                    ),
                ),
                (
                    "topic",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="hot_spot",
                        to="supervision.topic",
                        verbose_name="监督议题",
                    ),
                ),
                (
                    "town",
                    models.ForeignKey(
                        blank=True,
                        help_text="反映最多处",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.adminarea",
                        verbose_name="所在乡镇街道",
                    ),
                ),
                (
                    "towns",
                    models.ManyToManyField(
                        help_text="不设乡镇的县填县",
                        related_name="+",
                        to="territory.adminarea",
                        verbose_name="涉及乡镇街道",
                    ),
                ),
                (
                    "village",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="territory.adminarea",
                        verbose_name="所在村社",
                    ),
                ),
            ],
            options={
                "verbose_name": "热点",
                "verbose_name_plural": "热点",
                "ordering": ["-weight", "pk"],
            },
        ),
        migrations.CreateModel(
            name="HotSpotEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verb", models.CharField(max_length=40, verbose_name="动作")),
                ("actor_label", models.CharField(blank=True, max_length=80, verbose_name="操作人称谓")),
                ("note", models.TextField(blank=True, verbose_name="说明")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("data", models.JSONField(default=dict, verbose_name="详情")),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="操作人",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="insights.hotspot",
                        verbose_name="热点",
                    ),
                ),
            ],
            options={
                "verbose_name": "热点经过",
                "verbose_name_plural": "热点经过",
                "ordering": ["pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HotSpotRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "进行中"), ("done", "已完成"), ("failed", "未完成")],
                        default="running",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("day", models.DateField(help_text="算到这一天为止", verbose_name="截至")),
                ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="开始时间")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="完成时间")),
                ("progress", models.PositiveSmallIntegerField(default=0, verbose_name="进度%")),
                ("progress_note", models.CharField(blank=True, max_length=120, verbose_name="进度说明")),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("residents", "村社常住人口，按门牌分到方格"),
                            ("doorplates", "门牌数"),
                            ("area", "面积"),
                        ],
                        max_length=10,
                        verbose_name="对照",
                    ),
                ),
                ("populated", models.PositiveIntegerField(default=0, verbose_name="有人居住的方格")),
                ("counted", models.PositiveIntegerField(default=0, verbose_name="参与计算的诉求")),
                ("cells", models.JSONField(default=dict, verbose_name="方格")),
            ],
            options={
                "verbose_name": "热点计算",
                "verbose_name_plural": "热点计算",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["state", "-id"], name="insights_run_latest")],
            },
        ),
        migrations.CreateModel(
            name="ProjectAround",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "turn",
                    models.CharField(
                        choices=[("started", "开工"), ("stopped", "停工"), ("finished", "完工")],
                        max_length=10,
                        verbose_name="转折",
                    ),
                ),
                ("turned_on", models.DateField(verbose_name="转折日期")),
                ("within", models.PositiveIntegerField(verbose_name="范围（米）")),
                ("days", models.PositiveIntegerField(verbose_name="前后各多少天")),
                ("before", models.PositiveIntegerField(verbose_name="之前")),
                ("after", models.PositiveIntegerField(verbose_name="之后")),
                ("rest_before", models.PositiveIntegerField(verbose_name="同类地方之前")),
                ("rest_after", models.PositiveIntegerField(verbose_name="同类地方之后")),
                ("ratio", models.FloatField(blank=True, null=True, verbose_name="变化倍数")),
                ("low", models.FloatField(blank=True, null=True, verbose_name="变化倍数下限")),
                ("high", models.FloatField(blank=True, null=True, verbose_name="变化倍数上限")),
                ("q", models.FloatField(blank=True, null=True, verbose_name="错误发现率")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("more", "明显增多"),
                            ("fewer", "明显减少"),
                            ("same", "看不出变化"),
                            ("few", "反映太少，不作判断"),
                            ("short", "时间太短，不作判断"),
                        ],
                        max_length=8,
                        verbose_name="判断",
                    ),
                ),
                ("weight", models.FloatField(default=0, help_text="排先后用", verbose_name="轻重")),
                ("day", models.DateField(verbose_name="截至")),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="projects.keyproject",
                        verbose_name="重点项目",
                    ),
                ),
            ],
            options={
                "verbose_name": "项目周边诉求",
                "verbose_name_plural": "项目周边诉求",
                "ordering": ["-weight", "project"],
            },
        ),
        migrations.AddIndex(
            model_name="hotspot",
            index=models.Index(fields=["state", "-weight"], name="insights_spot_pressing"),
        ),
        migrations.AddConstraint(
            model_name="hotspot",
            constraint=models.CheckConstraint(condition=models.Q(("q__gte", 0), ("q__lte", 1)), name="insights_spot_q"),
        ),
        migrations.AddConstraint(
            model_name="hotspotevent",
            constraint=models.UniqueConstraint(
                fields=("subject", "previous_hash"), name="insights_hotspotevent_no_fork"
            ),
        ),
        migrations.AddConstraint(
            model_name="projectaround",
            constraint=models.UniqueConstraint(fields=("project", "turn"), name="insights_around_once"),
        ),
        append_only("insights_hotspotevent"),
    ]
