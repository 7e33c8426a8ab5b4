from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="organisation",
            name="closed_on",
            field=models.DateField(blank=True, help_text="填了就不再承办任何事项", null=True, verbose_name="撤销日期"),
        ),
    ]
