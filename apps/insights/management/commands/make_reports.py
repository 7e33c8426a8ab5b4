"""`manage.py make_reports --months 6`: the monthly reports of the county and its towns, also of months before this was in use."""

import datetime as dt

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from apps.insights.workflow_reports import make_due


class Command(BaseCommand):
    help = "给县和各乡镇街道统计已经过完的月份（和季度、半年、年）的区域报告；已有的不动，不发通知"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--months", type=int, default=1, help="往前几个月，缺省为 1：上个月")

    def handle(self, *args, **options) -> None:
        today = timezone.localdate()
        begins, made = today.replace(day=1), 0
        for _ in range(max(1, min(options["months"], 120))):
            made += make_due(today, ended=begins, announced=False)
            begins = (begins - dt.timedelta(days=1)).replace(day=1)
        self.stdout.write(f"新统计 {made} 份报告")
