"""Check that nobody has changed what was recorded: every event table, every chain."""

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from apps.record.events import Break, Event

SHOWN = 20


class Command(BaseCommand):
    help = "核对全部经过记录的哈希链；有记录被改动、删除或插入就报出并以失败结束。"

    def handle(self, *args, **options) -> None:
        broken = 0
        for model in sorted((model for model in apps.get_models() if issubclass(model, Event)), key=lambda model: model._meta.label):
            found, unguarded = [*model.objects.breaks(), *model.objects.cut_off()], model.objects.unguarded()
            broken += len(found) + len(unguarded)
            name, count = model._meta.verbose_name, model.objects.count()
            if not found and not unguarded:
                self.stdout.write(f"{name}：{count} 条，完整。")
                continue
            if unguarded:
                self.stderr.write(f"{name}：防改触发器 {'、'.join(unguarded)} 不在或已停用，数据库不再拒绝改动。")
            if found:
                self.stderr.write(f"{name}：{count} 条，{len(found)} 处与记录时不一致：")
            for each in found[:SHOWN]:
                self.stderr.write(f"  {_named(model, each)}，第 {each.event} 号记录：{each.what}。")
            if len(found) > SHOWN:
                self.stderr.write(f"  还有 {len(found) - SHOWN} 处。")
        if broken:
            raise CommandError(f"共 {broken} 处与记录时不一致：请从备份核对这些对象，并查明谁改动了数据库。")


def _named(model: type[Event], each: Break) -> str:
    """The subject in words, with its number: it may be gone itself."""
    subject = model._meta.get_field("subject").related_model.objects.filter(pk=each.subject).first()
    return f"{subject}（对象编号 {each.subject}）" if subject else f"对象编号 {each.subject}"
