"""Own codes for all doors of an area that have none, and for houses without a plate. Interrupted, it goes on when run again."""

import csv
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

from django.contrib.gis.geos import Point
from django.core.management.base import BaseCommand, CommandError

from apps.record import issuing
from apps.record.states import MoveRefused
from apps.territory import workflow
from apps.territory.models import AdminArea, CodeBatch, PlateCode
from apps.territory.workflow import Place

COLUMNS = ("words", "lon", "lat")


class Command(BaseCommand):
    help = "给一个范围内没有码的门牌发码；--places 另给没有门牌的住所发码。中断后再运行，从停下的地方继续。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--area", metavar="区划代码", help="县、乡镇或村的 12 位代码；不填为全县")
        parser.add_argument("--places", metavar="CSV", type=Path, help="没有门牌的住所：words（地点描述）、lon、lat（经纬度）")

    def handle(self, *args, area: str | None = None, places: Path | None = None, **options) -> None:
        if places:
            self._issue_places(_read(places))
        self._issue_doors(_area(area))

    def _issue_places(self, rows: list[Place]) -> None:
        """A house that has a code already (same words, same point) is left alone."""
        there = set(PlateCode.objects.filter(doorplate=None).values_list("words", "point"))
        codes, refused = [], []
        for number, place in enumerate(rows, 2):
            try:
                fields = place.fields()
            except MoveRefused as refusal:
                refused.append(f"第 {number} 行：{refusal}")
                continue
            if (fields["words"], fields["point"]) not in there:
                codes.append(PlateCode(**fields))
        if refused:
            raise CommandError("\n".join(["没有发码，请先改好这些行：", *refused[:20]]))
        issuing.issue(codes, note="没有门牌的住所")
        self.stdout.write(f"没有门牌的住所：新发 {len(codes)} 个码，已有 {len(rows) - len(codes)} 个")

    def _issue_doors(self, area: AdminArea) -> None:
        batch = CodeBatch.objects.filter(area=area, state__in=("queued", "running")).first()
        try:
            batch = batch or workflow.start_batch(None, area, queue=False)
        except MoveRefused as refusal:
            self.stdout.write(str(refusal))
            return
        began, before = time.perf_counter(), batch.done
        try:
            batch = workflow.issue_batch(batch.pk, self._say)
        except KeyboardInterrupt:
            raise CommandError("已停下。已发的码都在；再运行一次，从停下的地方继续。") from None
        seconds = time.perf_counter() - began
        self.stdout.write(f"{area} 第 {batch.pk} 批：{batch.get_state_display()}，发 {batch.done - before} 个码，用时 {seconds:.1f} 秒")

    def _say(self, batch: CodeBatch) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r发码 {batch.done}/{batch.total}（{batch.percent}%）", ending="" if batch.at_work else "\n")


def _area(code: str | None) -> AdminArea:
    area = AdminArea.objects.filter(code=code, level__in=("county", "town", "village")).first() if code else AdminArea.objects.county()
    if area is None:
        raise CommandError(f"没有区划 {code}。请填县、乡镇或村的 12 位代码。" if code else "还没有行政区。请先导入：manage.py import_layer area 文件")
    return area


def _read(path: Path) -> list[Place]:
    """The places of a file. CommandError when it is not such a file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (table.fieldnames or ())]:
                raise CommandError(f"{path} 缺少列：{'、'.join(missing)}")
            return [Place(words=row["words"] or "", point=Point(float(row["lon"]), float(row["lat"]), srid=4326)) for row in table]
    except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise CommandError(f"读不了 {path}：{error}。请用 UTF-8 编码的 CSV，经纬度写成数字。") from None
