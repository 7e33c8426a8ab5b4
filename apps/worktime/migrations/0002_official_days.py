"""The State Council's holidays and make-up working days of 2023–2026, and the time limits with the rule each follows."""

import csv
from pathlib import Path

from django.db import migrations

LIMITS = [
    ("with_deputy", "代表答复或转交", 5, "县人大常委会代表联系选民工作办法（预设，可改）"),
    ("with_town", "镇人大、街道工委办理", 5, "同上"),
    ("with_county", "县人大常委会工委转交", 3, "同上"),
    ("with_dispatcher", "县政府办交办", 5, "青岛市代表建议工作条例：五个工作日内交办"),
    ("with_unit", "承办单位答复", 5, "潍坊市12345条例第二十条：五个工作日"),
]


def load(apps, schema_editor):
    CalendarDay, TimeLimit = apps.get_model("worktime", "CalendarDay"), apps.get_model("worktime", "TimeLimit")
    with (Path(__file__).parent.parent / "official_days.csv").open(encoding="utf-8") as file:
        CalendarDay.objects.bulk_create(
            CalendarDay(date=row["date"], working=row["working"] == "true", name=row["name"]) for row in csv.DictReader(file)
        )
    TimeLimit.objects.bulk_create(
        TimeLimit(step=step, label=label, working_days=days, source=source) for step, label, days, source in LIMITS
    )


class Migration(migrations.Migration):
    dependencies = [("worktime", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
