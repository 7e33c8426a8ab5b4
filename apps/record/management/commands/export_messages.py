"""Write what the other zone is to hear into a folder that the file gate empties."""

import datetime as dt
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apps.record import crossing


class Command(BaseCommand):
    help = "把要送到另一个区的报文写成签名文件；没有回执的过一天再写一次，可重复运行。"

    def add_arguments(self, parser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--again", type=float, default=crossing.AGAIN.total_seconds() / 3600, metavar="小时", help="多少小时没有回执就再写一次")
        parser.add_argument("--from", type=int, default=0, dest="start", metavar="序号", help="从这个序号起全部再写一次（对方从备份恢复时用）")

    def handle(self, *args, **options) -> None:
        crossing.as_owner()
        try:
            files, messages = crossing.write(options["folder"], again=dt.timedelta(hours=options["again"]), start=options["start"])
        except crossing.CannotCross as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"写出 {messages} 条报文，{len(files)} 个文件。")
