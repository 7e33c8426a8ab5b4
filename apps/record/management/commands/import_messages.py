"""Take in what the other zone has sent, from a folder that the file gate fills."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apps.record import crossing


class Command(BaseCommand):
    help = "收下另一个区送来的报文：验签，每条只收一次，同一件按先后处理；可重复运行。有不能收的行就以失败结束。"

    def add_arguments(self, parser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args, **options) -> None:
        crossing.as_owner()
        try:
            taken = crossing.read(options["folder"])
        except crossing.CannotCross as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"读了 {taken.files} 个文件：新收 {taken.new} 条，已有 {taken.known} 条；处理 {taken.applied} 条，没有接受 {taken.refused} 条，等待 {taken.waiting} 条。")
        if taken.missing:
            self.stdout.write(f"还没有收到：{'、'.join(map(str, taken.missing[:20]))}{' 等' if len(taken.missing) > 20 else ''}；回执里已请对方再发。")
        for fault in taken.faults:
            self.stderr.write(fault)
        if taken.faults:
            raise CommandError(f"有 {len(taken.faults)} 行没有收。")
