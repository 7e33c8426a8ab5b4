from django.db import migrations, models


class Migration(migrations.Migration):
    """The ranges of published rates allow for voices that come in clumps; tables published before keep the ranges they were read with."""

    dependencies = [("insights", "0005_public_counts")]

    operations = [
        migrations.AddField(
            "publictable", "clumping", models.FloatField("成团", default=1.0, help_text="几件诉求只当一件事：每千人的可能范围据此放宽")
        )
    ]
