"""Topics that were drafted from a hot spot or theme: what they came of, once each, and that they are drafts until the office has checked them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("supervision", "0007_calls")]
    operations = [
        migrations.AddField(
            "topic",
            "is_draft",
            models.BooleanField("草稿", default=False, db_default=False, help_text="由研判起草，核对后才纳入监督"),
        ),
        migrations.AddField(
            "topic",
            "origin_key",
            models.CharField(
                "由来代号",
                max_length=40,
                null=True,
                blank=True,
                unique=True,
                help_text="如 hotspot:12，同一处只起草一次",
            ),
        ),
        migrations.AddField(
            "topic", "origin_words", models.CharField("由来", max_length=200, blank=True, default="", db_default="")
        ),
        migrations.AddField(
            "topic", "origin_url", models.CharField("由来的页面", max_length=120, blank=True, default="", db_default="")
        ),
    ]
