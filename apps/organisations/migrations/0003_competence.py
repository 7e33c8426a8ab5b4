import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organisations", "0002_closed")]
    operations = [
        migrations.AddField(
            "organisation",
            "competences",
            django.contrib.postgres.fields.ArrayField(
                models.CharField(max_length=20), verbose_name="职能", null=True, blank=True, size=None, help_text="空：按名称识别"
            ),
        ),
    ]
