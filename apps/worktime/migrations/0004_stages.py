"""Limits may be narrowed to one level or topic; the stages inside a step of a case have their own: signing, giving back, first contact,
a co-handler's opinion, an extension, doing it again, the reporter's rating."""

from django.db import migrations, models

QINGDAO, CHONGQING = (
    "《青岛市人民代表大会代表建议、批评和意见工作条例》",
    "《重庆市人民代表大会代表建议批评和意见工作条例》",
)
LIMITS = [
    ("deputy_contact", "代表首次联系反映人", 3, "预设，可改"),
    ("unit_sign", "承办单位签收", 1, "预设，可改；12345 热线一般为一个工作日"),
    ("unit_return", "承办单位退回", 5, f"{QINGDAO}第十九条：五个工作日内说明"),
    ("unit_contact", "承办单位首次联系反映人", 3, "预设，可改"),
    ("cohandler_opinion", "会办单位提出意见", 3, "预设，可改"),
    ("unit_extend", "经同意延长后，自交办起最长", 20, "预设，可改"),
    ("case_redo", "不满意退回重办后再答复", 5, "预设，可改"),
    ("case_rate", "反映人评价", 20, f"参照{CHONGQING}第二十七条：二十个工作日内评价"),
]


def load(apps, schema_editor):
    TimeLimit = apps.get_model("worktime", "TimeLimit")
    TimeLimit.objects.bulk_create(
        TimeLimit(step=step, label=label, amount=amount, unit="working_days", source=source)
        for step, label, amount, source in LIMITS
    )


class Migration(migrations.Migration):
    dependencies = [("worktime", "0003_policies")]
    operations = [
        migrations.AddField(
            "timelimit",
            "level",
            models.CharField(blank=True, default="", help_text="空：各级一样", max_length=20, verbose_name="分级"),
        ),
        migrations.AddField(
            "timelimit",
            "topic",
            models.CharField(blank=True, default="", help_text="空：各类一样", max_length=40, verbose_name="类别"),
        ),
        migrations.AddField(
            "timelimit",
            "active",
            models.BooleanField(
                default=True, help_text="只有单独规定可以取消；取消的留着，改动经过挂在它上面", verbose_name="有效"
            ),
        ),
        migrations.AlterField("timelimit", "step", models.CharField(max_length=40, verbose_name="环节")),
        migrations.AddConstraint(
            "timelimit", models.UniqueConstraint(fields=("step", "level", "topic"), name="worktime_limit_once")
        ),
        migrations.AddConstraint(
            "timelimit",
            models.CheckConstraint(
                condition=models.Q(
                    ("active", True), models.Q(("level", ""), ("topic", ""), _negated=True), _connector="OR"
                ),
                name="worktime_limit_general_stays",
            ),
        ),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
