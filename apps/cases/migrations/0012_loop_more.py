from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_tellings")]
    operations = [
        migrations.AddField("case", "extension_days", models.PositiveSmallIntegerField("申请延期（工作日）", null=True, blank=True)),
    ]
