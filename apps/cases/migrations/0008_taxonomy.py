"""The categories as a tree of three levels with the words they are known by, versions of what was learned, and rules for the lead unit."""

import json
from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from apps.record.events import append_only

TREE = Path(__file__).resolve().parents[3] / "gis_data" / "content" / "taxonomy.json"
# Rows that other programs write by SQL need not know these columns.
DEFAULTS = {"category_source": "''", "level_proposed": "''", "level_reason": "''"}


def plant(registry, schema_editor) -> None:
    """Write the tree over the categories that are there; one that a county has besides goes to the end, under the last first level."""
    category = registry.get_model("cases", "Category")
    order, planted = 0, set()

    def put(node: dict, level: int, parent, level1: str):
        nonlocal order
        order += 1
        planted.add(node["code"])
        values = {
            "label": node["label"], "level": level, "parent": parent, "level1": level1, "order": order, "words": node.get("words", []),
            "handled_at": node.get("level", ""), "congress_only": node.get("congress_only", False), "lead_competence": node.get("lead", ""),
            "co_competences": node.get("with", []),
        }  # fmt: skip
        row, _ = category.objects.update_or_create(code=node["code"], defaults=values)
        for child in node.get("children", []):
            put(child, level + 1, row, level1)
        return row

    for top in json.loads(TREE.read_text(encoding="utf-8")):
        last = put(top, 1, None, top["label"])
    for row in category.objects.exclude(code__in=planted):
        order += 1
        category.objects.filter(pk=row.pk).update(level=2, parent=last, level1=last.label, order=order)


EVENT = [
    ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
    ("verb", models.CharField("动作", max_length=40)),
    ("actor_label", models.CharField("操作人称谓", max_length=80, blank=True)),
    ("note", models.TextField("说明", blank=True)),
    ("at", models.DateTimeField("时间")),
    ("data", models.JSONField("详情", default=dict)),
    ("previous_hash", models.CharField(max_length=64)),
    ("hash", models.CharField(max_length=64)),
    ("actor", models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name="操作人", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+")),
]


def event_model(name: str, words: str, subject: str, subject_words: str) -> list:
    link = models.ForeignKey(f"cases.{subject}", verbose_name=subject_words, on_delete=django.db.models.deletion.PROTECT, related_name="events")
    options = {"verbose_name": words, "verbose_name_plural": words, "ordering": ["pk"], "abstract": False}
    unique = models.UniqueConstraint(fields=("subject", "previous_hash"), name=f"cases_{name.lower()}_no_fork")
    return [
        migrations.CreateModel(name, [(label, field.clone()) for label, field in EVENT] + [("subject", link)], options),
        migrations.AddConstraint(name.lower(), unique),
        append_only(f"cases_{name.lower()}"),
    ]


def codes(words: str) -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(models.CharField(max_length=20), verbose_name=words, default=list, blank=True, size=None)


LEVELS = [("deputy", "代表级"), ("town", "镇级"), ("county", "县级")]
SOURCES = [("person", "工作人员确定"), ("machine", "系统识别"), ("reporter", "反映人选的"), ("", "未注明")]


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0007_reports"),
        ("organisations", "0003_competence"),
        ("territory", "0006_issuer_hung"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions("category", {"ordering": ["order", "pk"], "verbose_name": "类别", "verbose_name_plural": "类别"}),
        migrations.AddField("category", "level", models.PositiveSmallIntegerField("层级", default=2, choices=[(1, "一级"), (2, "二级"), (3, "三级")])),
        migrations.AddField(
            "category", "parent",
            models.ForeignKey("cases.category", verbose_name="上级类别", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="children"),
        ),
        migrations.AddField("category", "order", models.PositiveSmallIntegerField("次序", default=0)),
        migrations.AddField("category", "words", codes("识别用词")),
        migrations.AddField("category", "handled_at", models.CharField("一般由哪一级办理", max_length=10, choices=LEVELS, blank=True, default="")),
        migrations.AddField(
            "category", "lead_competence", models.CharField("一般由承担这项职能的单位主办", max_length=20, blank=True, default="", help_text="交办规则没有另定时")
        ),
        migrations.AddField("category", "co_competences", codes("一般由承担这些职能的单位会办")),
        migrations.AddField("category", "congress_only", models.BooleanField("只由人大办理", default=False, help_text="法院、检察院的事，不转政府部门")),
        migrations.RunPython(plant, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "category",
            models.CheckConstraint(condition=Q(level=1, parent=None) | (~Q(level=1) & Q(parent__isnull=False)), name="cases_category_parent"),
        ),
        migrations.AddField(
            "case", "subcategory",
            models.ForeignKey("cases.Category", verbose_name="三级类别", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="+"),
        ),
        migrations.AddField("case", "category_source", models.CharField("类别由谁定", max_length=10, choices=SOURCES, blank=True, default="")),
        migrations.AddField("case", "category_confidence", models.FloatField("识别把握", null=True, blank=True, help_text="0 到 1；只在系统识别时有")),
        migrations.AddField("case", "level_proposed", models.CharField("建议分级", max_length=10, choices=LEVELS, blank=True, default="")),
        migrations.AddField("case", "level_reason", models.CharField("建议分级的理由", max_length=120, blank=True, default="")),
        *(migrations.RunSQL(f"ALTER TABLE cases_case ALTER {name} SET DEFAULT {value}", f"ALTER TABLE cases_case ALTER {name} DROP DEFAULT")
          for name, value in DEFAULTS.items()),
        migrations.CreateModel(
            "ModelVersion",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("made_at", models.DateTimeField("训练时间")),
                ("cases", models.PositiveIntegerField("学了多少件")),
                ("held_out", models.PositiveIntegerField("留出检验多少件")),
                ("figures", models.JSONField("检验结果", default=dict)),
                ("first", models.BinaryField("一级分类", null=True, help_text="空：年代久远，已清理")),
                ("second", models.BinaryField("二级分类", null=True)),
                ("active", models.BooleanField("在用", default=False)),
            ],
            {"verbose_name": "分类模型", "verbose_name_plural": "分类模型", "ordering": ["-pk"]},
        ),
        migrations.AddConstraint(
            "modelversion", models.UniqueConstraint(condition=Q(active=True), fields=("active",), name="cases_modelversion_one_active")
        ),
        *event_model("ModelEvent", "分类模型经过", "ModelVersion", "分类模型"),
        migrations.CreateModel(
            "RoutingRule",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("order", models.PositiveIntegerField("次序", help_text="小的先问")),
                ("words", codes("内容里有其中一个词")),
                ("lead_competence", models.CharField("由承担这项职能的单位主办", max_length=20, blank=True, default="")),
                ("co_competences", codes("由承担这些职能的单位会办")),
                ("level", models.CharField("分级", max_length=10, choices=LEVELS, blank=True, default="", help_text="空：按类别和内容")),
                ("reason", models.CharField("依据", max_length=200, blank=True, default="")),
                ("active", models.BooleanField("启用", default=True)),
                ("version", models.PositiveIntegerField("修订号", default=0)),
                ("category", models.ForeignKey("cases.Category", verbose_name="类别", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="+")),
                ("co_handlers", models.ManyToManyField("organisations.Organisation", verbose_name="会办单位", blank=True, related_name="+")),
                ("lead", models.ForeignKey("organisations.Organisation", verbose_name="主办单位", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="+")),
                ("town", models.ForeignKey("territory.AdminArea", verbose_name="乡镇街道", null=True, blank=True, on_delete=django.db.models.deletion.PROTECT, related_name="+")),
            ],
            {"verbose_name": "交办规则", "verbose_name_plural": "交办规则", "ordering": ["order", "pk"]},
        ),
        migrations.AddConstraint(
            "routingrule",
            models.CheckConstraint(condition=Q(lead__isnull=False, lead_competence="") | (Q(lead=None) & ~Q(lead_competence="")), name="cases_routingrule_one_lead"),
        ),
        *event_model("RuleEvent", "交办规则经过", "RoutingRule", "交办规则"),
    ]  # fmt: skip
