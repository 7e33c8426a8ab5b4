"""Notices, what stands in the inbox, and their deliveries on ways out of the house."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("record", "0002_allowance"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations: list = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20, verbose_name="种类")),
                ("title", models.CharField(max_length=120, verbose_name="标题")),
                ("body", models.TextField(blank=True, verbose_name="内容")),
                ("path", models.CharField(blank=True, max_length=200, verbose_name="页面")),
                ("key", models.CharField(blank=True, max_length=120, verbose_name="去重键")),
                ("at", models.DateTimeField(verbose_name="时间")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="阅读时间")),
                ("recipient", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="notices", to=settings.AUTH_USER_MODEL, verbose_name="收件人")),
            ],
            options={"verbose_name": "通知", "verbose_name_plural": "通知", "ordering": ["-pk"]},
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(max_length=20, verbose_name="渠道")),
                ("state", models.CharField(choices=[("waiting", "待发送"), ("sent", "已发送"), ("failed", "未送达")], default="waiting", max_length=8, verbose_name="状态")),
                ("due_at", models.DateTimeField(verbose_name="不早于")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="已试次数")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="最近一次的问题")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="发送时间")),
                ("notice", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="record.notice", verbose_name="通知")),
            ],
            options={"verbose_name": "通知发送", "verbose_name_plural": "通知发送"},
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                models.F("recipient"), models.OrderBy(models.ExpressionWrapper(models.Q(("read_at", None)), models.BooleanField()), descending=True),
                models.OrderBy(models.F("id"), descending=True), name="record_notice_inbox",
            ),
        ),
        migrations.AddIndex(model_name="notice", index=models.Index(condition=models.Q(("read_at", None)), fields=["recipient"], name="record_notice_unread")),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(condition=models.Q(("key", ""), _negated=True), fields=("recipient", "key"), name="record_notice_once"),
        ),
        migrations.AddIndex(model_name="delivery", index=models.Index(condition=models.Q(("state", "waiting")), fields=["due_at"], name="record_delivery_due")),
        migrations.AddConstraint(model_name="delivery", constraint=models.UniqueConstraint(fields=("notice", "channel"), name="record_delivery_once")),
    ]
