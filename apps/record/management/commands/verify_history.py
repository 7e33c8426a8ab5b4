"""Check that nobody has changed what was recorded: every event table, every chain."""

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from apps.record.events import Event

SHOWN = 20


class Command(BaseCommand):
    help = "核对全部经过记录的哈希链；有记录被改动、删除或插入就报出并以失败结束。"

    def handle(self, *args, **options) -> None:
        broken = 0
        for model in sorted((model for model in apps.get_models() if issubclass(model, Event)), key=lambda model: model._meta.label):
            found = model.objects.broken_chains()
            broken += len(found)
            name, count = model._meta.verbose_name, model.objects.count()
            if not found:
                self.stdout.write(f"{name}：{count} 条，完整。")
                continue
            shown = "、".join(str(pk) for pk in found[:SHOWN]) + (" 等" if len(found) > SHOWN else "")
            self.stderr.write(f"{name}：{count} 条，{len(found)} 条链断开，对象编号 {shown}。")
        if broken:
            raise CommandError(f"共 {broken} 条链与记录时不一致：请从备份核对这些对象，并查明谁改动了数据库。")
