"""A plain index beside the trigrams: for the key itself and for what begins with it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("territory", "0002_tiles")]
    operations = [
        migrations.AlterModelOptions(name="layerversion", options={"verbose_name": "图层版本", "verbose_name_plural": "图层版本"}),
        migrations.AddIndex(
            model_name="doorplate",
            index=models.Index(fields=["address_key"], name="territory_doorplate_key", opclasses=["varchar_pattern_ops"]),
        ),
    ]
