"""Allowances of clients. Unlogged: they live for minutes, and losing them in a crash costs nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("record", "0001_append_only")]
    operations = [
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("key", models.BinaryField(max_length=16, primary_key=True, serialize=False, verbose_name="键")),
                ("whole_at", models.FloatField(verbose_name="恢复时刻")),
                ("period", models.FloatField(verbose_name="周期（秒）")),
            ],
            options={"verbose_name": "访问限额", "verbose_name_plural": "访问限额"},
        ),
        migrations.RunSQL(
            sql="ALTER TABLE record_allowance SET UNLOGGED",
            reverse_sql="ALTER TABLE record_allowance SET LOGGED",
        ),
    ]
