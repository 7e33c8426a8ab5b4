"""manage.py take_in FILE --source CODE: a file of records, taken in here and now. Interrupted, the same command goes on where it stopped."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.hotline import columns, workflow
from apps.hotline.models import Intake, Source, SourceEvent
from apps.hotline.workflow import AWAY, Interrupted
from apps.record.states import MoveRefused
from gis_data.rows import FileRefused


class Command(BaseCommand):
    help = "接收一个诉求记录文件（CSV、Excel、JSON）：逐行在内存里去掉个人信息、定位、分类，再保存"
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="来源的代码")
        parser.add_argument("--name", default="", help="没有这个来源时新建：名称")
        parser.add_argument("--kind", default=Source.Kind.HOTLINE, choices=Source.Kind.values, help="新建时：种类")
        parser.add_argument("--channel", default="", help="新建时：表里没有渠道时用的渠道")
        parser.add_argument("--accept", action="store_true", help="表头没有见过时，照猜的对应接收")

    def handle(self, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"找不到文件“{path}”。")
        try:
            intake, fresh = workflow.receive_file(self._source(options), path, Intake.Way.COMMAND)
            if not fresh and intake.state == Intake.State.DONE:
                self.stdout.write(f"这个文件已经接收过（第 {intake.pk} 批）。")
                return
            self._settle(intake, accept=options["accept"])
            intake = workflow.start(intake, None, queue=False)
            began, self.shown = time.monotonic(), 0.0
            intake = workflow.run(intake.pk, self._progress if options["verbosity"] else lambda intake: None)
        except (FileRefused, MoveRefused) as refusal:
            raise CommandError(str(refusal)) from None
        except (Interrupted, *AWAY) as trouble:
            raise CommandError(f"程序出了意外（{trouble}），已收的都在。请再运行一次同样的命令，接着收。") from None
        self._report(intake, time.monotonic() - began)

    def _source(self, options: dict[str, Any]) -> Source:
        source = Source.objects.filter(code=options["source"]).first()
        if source is None:
            if not options["name"]:
                raise CommandError(f"没有代码为“{options['source']}”的来源。要新建，请加 --name。")
            source = Source.objects.create(code=options["source"], name=options["name"], kind=options["kind"], channel=options["channel"])
            SourceEvent.objects.append(source, "create", name=source.name, kind=source.kind)
        return source

    def _settle(self, intake: Intake, *, accept: bool) -> None:
        headings = workflow.table_of(intake).headings
        known = columns.remembered(headings, intake.source.mapping)
        if known is None and not accept:
            guessed = "，".join(f"{heading}→{columns.FIELDS[name].label if name else '不收'}" for heading, name in columns.guess(headings).items())
            raise CommandError(f"这样的表头没有见过。猜的对应是：{guessed}。照此接收请加 --accept；要改，请在网页上确定。")
        workflow.settle(intake.source, known or columns.guess(headings), {}, None)

    def _progress(self, intake: Intake) -> None:
        if time.monotonic() - self.shown > 1 and self.stderr.isatty():
            self.shown = time.monotonic()
            self.stderr.write(f"\r\x1b[K{intake.cursor} / {intake.total} 行", ending="")
            self.stderr.flush()

    def _report(self, intake: Intake, seconds: float) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")
        if intake.state == Intake.State.FAILED:
            raise CommandError(intake.fault)
        self.stdout.write(
            f"{intake.get_state_display()}：读了 {intake.read} 行，新收 {intake.taken}，更新 {intake.changed}，没有变化 {intake.unchanged}，没读懂 {intake.refused}，"
            f"关联民情件 {intake.linked}，没有定位 {intake.unlocated}；用时 {seconds:.1f} 秒。"
        )
        said = Counter(intake.problems.values_list("field", "reason"))
        for (label, reason), count in said.most_common(20):
            self.stdout.write(f"  {label or '整行'}：{reason}（{count} 行）")
