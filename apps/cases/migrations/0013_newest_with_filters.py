from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_loop_more")]
    operations = [
        migrations.RemoveIndex("case", "cases_case_newest"),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["-submitted_at", "-id"],
                name="cases_case_newest",
                include=[
                    "town",
                    "state",
                    "deputy",
                    "organisation",
                    "category",
                    "channel",
                    "dispatched_at",
                    "due_on",
                    "reminded",
                    "reopened",
                ],
            ),
        ),
    ]
