import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What is reported around projects is compared kind by kind."""

    dependencies = [("cases", "0014_linked_orders"), ("insights", "0006_public_clumping")]

    operations = [
        migrations.AddField(
            "projectaround", "category",
            models.ForeignKey("cases.category", on_delete=django.db.models.deletion.CASCADE, null=True, blank=True, related_name="+", verbose_name="类别", help_text="空：各类合计"),
        ),
        migrations.AddField("projectaround", "kinds", models.JSONField("各类", default=list)),
    ]  # fmt: skip
