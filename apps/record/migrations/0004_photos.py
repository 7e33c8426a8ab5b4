"""Photos that people send."""

import uuid

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("record", "0003_notices"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations: list = [
        migrations.CreateModel(
            name="Photo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="文件名")),
                ("submission", models.CharField(blank=True, max_length=64, verbose_name="提交号")),
                ("sha256", models.CharField(max_length=64, verbose_name="原件摘要")),
                ("width", models.PositiveIntegerField(verbose_name="宽")),
                ("height", models.PositiveIntegerField(verbose_name="高")),
                ("bytes", models.PositiveIntegerField(verbose_name="字节")),
                ("at", models.DateTimeField(verbose_name="收到时间")),
                ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="拍摄时间（相机所记）")),
                ("taken_point", django.contrib.gis.db.models.fields.PointField(blank=True, null=True, spatial_index=False, srid=4326, verbose_name="拍摄位置（相机所记）")),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="上传人")),
            ],
            options={"verbose_name": "照片", "verbose_name_plural": "照片", "ordering": ["pk"]},
        ),
        migrations.AddConstraint(
            model_name="photo",
            constraint=models.UniqueConstraint(condition=models.Q(("submission", ""), _negated=True), fields=("by", "submission", "sha256"), name="record_photo_once"),
        ),
    ]
