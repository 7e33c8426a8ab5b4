"""manage.py import_layer LAYER FILE: the one way in for every layer."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError

from apps.imports.importing import Order, bring_in
from apps.imports.models import ImportBatch
from gis_data.layers import LAYERS

REJECTS_SHOWN = 20


class Command(BaseCommand):
    help = "把一个文件导入一个图层：" + "、".join(f"{layer.name} {layer.label}" for layer in LAYERS.values())
    requires_system_checks = []  # an import needs no pages: it starts a second sooner without loading them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("layer", help="图层：" + "、".join(LAYERS))
        parser.add_argument("file", type=Path, help="GeoJSON、GeoPackage、Shapefile（.shp 或 zip）、FlatGeobuf、CSV、Excel 等")
        parser.add_argument("--crs", default="", help="坐标系：EPSG:4549、gcj02、bd09……；不写则用文件自己声明的")
        parser.add_argument("--encoding", default="", help="文字编码，如 gbk；不写则自动判断")
        parser.add_argument("--dry-run", action="store_true", help="试运行：全部检查和写入都做一遍，再全部撤回")
        parser.add_argument("--today", type=dt.date.fromisoformat, help="按哪一天计算，如 2026-03-01；不写则为今天")

    def handle(self, **options: Any) -> None:
        order = Order(options["layer"], options["file"], crs=options["crs"], encoding=options["encoding"], rehearse=options["dry_run"])
        order.say = self.progress if options["verbosity"] else order.say
        if options["today"]:
            order.today = options["today"]
        try:
            batch = bring_in(order)
        except KeyboardInterrupt:
            raise CommandError("导入被中断，什么也没有改变。可以重新运行。", returncode=130) from None
        except OperationalError as error:
            raise CommandError("连接不上数据库，或连接中断，什么也没有改变。请先启动数据库（make demo），再重新运行。", returncode=2) from error
        except DatabaseError as error:
            first = str(error).splitlines()[0]
            raise CommandError(f"数据库没有接受这些数据，什么也没有改变：{first}", returncode=2) from error
        self.clear()
        if batch.status == ImportBatch.Status.REFUSED and not batch.rejected:
            raise CommandError(batch.message, returncode=2)
        self.report(batch)
        if batch.status == ImportBatch.Status.REFUSED:
            raise CommandError("没有导入：每一行都被拒收。请按上面的原因改正后再导入。", returncode=2)

    def progress(self, message: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r\x1b[K{message}", ending="")
            self.stderr.flush()
        elif not message.startswith("已读"):
            self.stderr.write(message)

    def clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")

    def report(self, batch: ImportBatch) -> None:
        state = {"rehearsed": "试运行（没有写入）", "done": "导入完成", "refused": "没有导入"}[batch.status]
        say = self.stdout.write
        say(
            f"{LAYERS[batch.layer].label}：{state}。读到 {batch.rows_read:,} 行，新增 {batch.inserted:,}，更新 {batch.updated:,}，"
            f"未变 {batch.unchanged:,}，拒收 {batch.rejected:,}；{batch.seconds:.1f} 秒。"
        )
        if batch.crs or batch.encoding:
            say(f"坐标系：{batch.crs or '（无）'}；编码：{batch.encoding or '（无）'}")
        for line in filter(None, batch.message.splitlines()):
            say(f"注意：{line}")
        for rejected in batch.rejected_rows.all()[:REJECTS_SHOWN]:
            say(f"  第 {rejected.row} 行：{rejected.reason}")
        if batch.rejected > REJECTS_SHOWN:
            say(f"  ……共 {batch.rejected} 行，全部原因见批次 {batch.pk}")
