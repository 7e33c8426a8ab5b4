"""Limits in working days, days or months; changes of days and of limits, kept; limits for the findings of supervision."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from apps.record.events import append_only

QINGDAO, CHONGQING = "《青岛市人民代表大会代表建议、批评和意见工作条例》", "《重庆市人民代表大会代表建议批评和意见工作条例》"
LIMITS = [
    ("finding_forward", "工委转交", 3, "working_days", "预设，可改"),
    ("finding_assign", "县政府办交办", 5, "working_days", f"{QINGDAO}第十四条：五个工作日内交办"),
    ("finding_return", "承办单位退回", 5, "working_days", f"{QINGDAO}第十九条：五个工作日内说明"),
    ("finding_answer", "承办单位整改答复", 20, "working_days", "预设，可改；代表建议的法定答复期限是三个月（代表法第五十一条）"),
    ("finding_redo", "退回重办后再答复", 10, "working_days", "预设，可改"),
    ("finding_confirm", "代表现场确认", 20, "working_days", f"{CHONGQING}第二十七条：二十个工作日内评价"),
]
QUOTED = "青岛市代表建议工作条例：五个工作日内交办"


def load(apps, schema_editor):
    TimeLimit, CalendarYear, CalendarDay = (apps.get_model("worktime", name) for name in ("TimeLimit", "CalendarYear", "CalendarDay"))
    TimeLimit.objects.bulk_create(TimeLimit(step=step, label=label, amount=amount, unit=unit, source=source) for step, label, amount, unit, source in LIMITS)
    TimeLimit.objects.filter(source=QUOTED).update(source=f"{QINGDAO}第十四条：五个工作日内交办")
    TimeLimit.objects.filter(source="同上").update(source="县人大常委会代表联系选民工作办法（预设，可改）")
    years = sorted({date.year for date in CalendarDay.objects.values_list("date", flat=True)})
    CalendarYear.objects.bulk_create(CalendarYear(year=year, source=f"国务院办公厅关于{year}年部分节假日安排的通知") for year in years)


def _event(name, table, label, verbose):
    return migrations.CreateModel(
        name=name,
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("verb", models.CharField(max_length=40, verbose_name="动作")),
            ("actor_label", models.CharField(blank=True, max_length=80, verbose_name="操作人称谓")),
            ("note", models.TextField(blank=True, verbose_name="说明")),
            ("at", models.DateTimeField(verbose_name="时间")),
            ("data", models.JSONField(default=dict, verbose_name="详情")),
            ("previous_hash", models.CharField(max_length=64)),
            ("hash", models.CharField(max_length=64)),
            ("actor", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="操作人")),
            ("subject", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="events", to=f"worktime.{table}", verbose_name=label)),
        ],
        options={
            "verbose_name": verbose, "verbose_name_plural": verbose, "ordering": ["pk"], "abstract": False,
            "constraints": [models.UniqueConstraint(fields=("subject", "previous_hash"), name=f"worktime_{name.lower()}_no_fork")],
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("worktime", "0002_official_days"), ("record", "0001_append_only"), migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations: list = [
        migrations.RenameField("timelimit", "working_days", "amount"),
        migrations.AlterField("timelimit", "amount", models.PositiveSmallIntegerField(verbose_name="时限")),
        migrations.AddField(
            "timelimit", "unit",
            models.CharField(choices=[("working_days", "个工作日"), ("days", "日"), ("months", "个月")], default="working_days", max_length=12, verbose_name="单位"),
        ),
        migrations.AddConstraint("timelimit", models.CheckConstraint(condition=models.Q(("amount__gte", 1)), name="worktime_limit_positive")),
        migrations.CreateModel(
            name="CalendarYear",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField(unique=True, verbose_name="年份")),
                ("source", models.CharField(blank=True, max_length=200, verbose_name="依据")),
            ],
            options={"verbose_name": "历年", "verbose_name_plural": "历年", "ordering": ["year"]},
        ),
        _event("CalendarEvent", "calendaryear", "历年", "日历经过"),
        _event("TimeLimitEvent", "timelimit", "办理时限", "时限经过"),
        append_only("worktime_calendarevent"),
        append_only("worktime_timelimitevent"),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
