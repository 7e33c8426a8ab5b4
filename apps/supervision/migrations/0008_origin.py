"""Topics that were drafted from a hot spot or theme: what they came of, once each, and that they are drafts until the office has checked them."""

from django.db import migrations, models

KINDS = [
    ("project", "重点项目"),
    ("livelihood", "民生实事项目"),
    ("suggestion", "重点督办建议"),
    ("concern", "群众关切问题"),
]


class Migration(migrations.Migration):
    dependencies = [("supervision", "0007_calls")]
    operations = [
        migrations.AddField(
            "topic",
            "draft",
            models.CharField(
                "草稿",
                max_length=10,
                choices=[("open", "草稿"), ("declined", "不采用")],
                blank=True,
                default="",
                db_default="",
                help_text="由研判起草的，核对后才纳入监督；空：不是草稿",
            ),
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
        migrations.AlterField("topic", "kind", models.CharField("类别", max_length=10, choices=KINDS)),
        migrations.AlterField(
            "ratingsheet",
            "topic_kind",
            models.CharField(
                "适用事项", max_length=12, choices=KINDS, blank=True, default="", help_text="空：各类事项"
            ),
        ),
    ]
