"""Every doorplate's districts and the deputy who answers first, with a summary of what is not as it should be."""

import csv
import sys
import time
from argparse import ArgumentParser
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.db.models import FloatField, Func
from django.utils import timezone

from apps.matching.bulk import Answers, answer_many
from apps.matching.engine import Day, engine
from apps.territory.models import Doorplate

AT_ONCE = 20_000
NEAR = 10.0  # metres
HEADINGS = ("门牌编号", "地址", "县级选区编号", "县级选区", "乡级选区编号", "乡级选区", "代表编号", "代表", "离选区边界(米)")


@dataclass
class Summary:
    doorplates: int = 0
    located: int = 0
    in_no_district: int = 0
    near_border: int = 0
    without_deputy: int = 0

    def add(self, answers: Answers) -> None:
        found = answers.found()
        self.doorplates += len(found)
        self.located += int(found.sum())
        self.in_no_district += int((~found).sum())
        self.near_border += int(answers.near_border(NEAR).sum())
        self.without_deputy += int((found & (answers.first == None)).sum())  # noqa: E711 - elementwise


class Command(BaseCommand):
    help = "把全部在用门牌匹配到县级、乡级选区和首问代表，打印汇总；--out 写出“门牌—选区—代表”表。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", metavar="CSV", help="写出对照表（UTF-8，可用 Excel 打开）")

    def handle(self, *args, out: str | None = None, **options) -> None:
        plates = Doorplate.objects.active().order_by("code")
        total = plates.count()
        if not total:
            raise CommandError("还没有在用的门牌。请先导入：manage.py import_layer doorplate 文件")
        day = engine().on(timezone.localdate())
        if not any(shapes.rows for shapes in day.districts.values()):
            raise CommandError("今天没有在届的选区。请先导入选区：manage.py import_layer district 文件，并检查届的起止日期。")
        began = time.perf_counter()
        try:
            # utf-8-sig: without the mark Excel reads Chinese as mojibake
            with open(out, "w", newline="", encoding="utf-8-sig") if out else nullcontext() as file:
                summary = self._match(plates, total, day, csv.writer(file) if file else None)
        except OSError as error:
            raise CommandError(f"不能写 {out}：{error.strerror}。请检查文件夹是否存在、是否可写。") from error
        self._print(summary, day, time.perf_counter() - began, out)

    def _match(self, plates, total: int, day: Day, table) -> Summary:
        summary = Summary()
        if table:
            table.writerow(HEADINGS)
        coordinates = (Func("point", function=name, output_field=FloatField()) for name in ("ST_X", "ST_Y"))
        rows = plates.values_list("code", "address", *coordinates).iterator(chunk_size=AT_ONCE)
        while chunk := list(islice(rows, AT_ONCE)):
            answers = answer_many(day, np.array([row[2] for row in chunk]), np.array([row[3] for row in chunk]))
            summary.add(answers)
            if table:
                table.writerows(_table_rows(chunk, answers, day))
            self._progress(summary.doorplates, total)
        return summary

    def _progress(self, done: int, total: int) -> None:
        end = "\n" if done == total else ""
        if sys.stderr.isatty():
            self.stderr.write(f"\r匹配门牌 {done}/{total}（{done / total:.0%}）", ending=end)
        elif end:
            self.stderr.write(f"匹配门牌 {done}/{total}")

    def _print(self, summary: Summary, day: Day, seconds: float, out: str | None) -> None:
        vacant = [row for shapes in day.districts.values() for row in shapes.rows if not day.mandates.get(row.pk)]
        rate = summary.doorplates / seconds if seconds else 0
        lines = [
            f"在用门牌          {summary.doorplates}",
            f"已匹配到选区      {summary.located}",
            f"不在任何选区      {summary.in_no_district}",
            f"离选区边界 10 米内 {summary.near_border}",
            f"选区无在任代表的门牌 {summary.without_deputy}",
            f"无在任代表的选区  {len(vacant)}" + (f"（{'、'.join(row.name for row in vacant[:5])}{'等' if len(vacant) > 5 else ''}）" if vacant else ""),
            f"用时 {seconds:.1f} 秒，每秒 {rate:,.0f} 个门牌",
        ]
        if out:
            lines.append(f"对照表已写入 {out}")
        self.stdout.write("\n".join(lines))


def _table_rows(chunk: list, answers: Answers, day: Day):
    names = [
        [(district.code, district.name) for district in day.districts[level].rows] + [("", "")]  # the last is for -1, no district
        for level in ("county", "township")
    ]
    indices = [answers.districts[level].tolist() for level in ("county", "township")]
    margins = np.fmin.reduce(list(answers.margins.values())).tolist()
    for row, county, township, first, margin in zip(chunk, *indices, answers.first.tolist(), margins, strict=True):
        deputy = (first.deputy.code, first.deputy.name) if first else ("", "")
        yield [*row[:2], *names[0][county], *names[1][township], *deputy, f"{margin:.1f}" if margin == margin else ""]
