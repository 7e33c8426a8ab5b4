"""The fields of work that deputies and projects share, and how near two of them are."""

from django.db import migrations

FIELDS = [
    ("transport", "交通运输"), ("construction", "城乡建设"), ("water", "水利与防灾"), ("environment", "生态环境"),
    ("agriculture", "农林渔业"), ("industry", "工业与科技"), ("commerce", "商贸与市场"), ("education", "教育"),
    ("health", "医疗卫生"), ("culture_tourism", "文化旅游体育"), ("welfare", "社会保障与养老"), ("law", "法治与司法"),
    ("finance", "财政金融"), ("energy", "能源与公用事业"),
]
AFFINITIES = [
    ("transport", "construction", 0.6), ("construction", "energy", 0.4), ("water", "environment", 0.6), ("water", "agriculture", 0.6),
    ("environment", "energy", 0.4), ("agriculture", "commerce", 0.3), ("industry", "energy", 0.5), ("industry", "commerce", 0.5),
    ("industry", "environment", 0.3), ("education", "culture_tourism", 0.4), ("health", "welfare", 0.6),
    ("culture_tourism", "commerce", 0.5), ("finance", "commerce", 0.4), ("law", "welfare", 0.2), ("transport", "culture_tourism", 0.2),
    ("construction", "water", 0.4),
]


def load(apps, schema_editor):
    Field, FieldAffinity = apps.get_model("deputies", "Field"), apps.get_model("deputies", "FieldAffinity")
    fields = {code: Field.objects.create(code=code, label=label) for code, label in FIELDS}
    FieldAffinity.objects.bulk_create(
        FieldAffinity(first=fields[first], second=fields[second], closeness=closeness) for first, second, closeness in AFFINITIES
    )


class Migration(migrations.Migration):
    dependencies = [("deputies", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
