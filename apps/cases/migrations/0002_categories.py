"""The categories that a case may be about, and the trigger that keeps its history append-only."""

from django.db import migrations

from apps.record.events import append_only

CATEGORIES = [
    ("parking_traffic", "停车与交通秩序", "交通运输"), ("transit", "公交与出行", "交通运输"),
    ("road_facility", "道路与市政设施", "城乡建设"), ("drainage_water", "排水内涝与供水", "城乡建设"),
    ("property", "物业与小区管理", "城乡建设"), ("housing", "征收安置与住房", "城乡建设"),
    ("rural", "农业农村与村级设施", "城乡建设"), ("safety", "消防燃气与公用安全", "城乡建设"),
    ("sanitation", "环境卫生与垃圾", "环境保护"), ("noise_fume", "噪声与油烟", "环境保护"), ("pollution", "水气土污染", "环境保护"),
    ("education", "教育与托育", "教育文体"), ("health", "医疗卫生与医保", "卫生计生"),
    ("welfare", "养老救助与社保", "劳动和社会保障"), ("labour", "劳动报酬与用工", "劳动和社会保障"), ("market", "消费与市场秩序", "商贸旅游"),
    ("other", "其他", "其他"),
]


def load(apps, schema_editor):
    Category = apps.get_model("cases", "Category")
    Category.objects.bulk_create(Category(code=code, label=label, level1=level1) for code, label, level1 in CATEGORIES)


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("record", "0001_append_only")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop), append_only("cases_caseevent")]
