"""The list of projects as a workbook: one sheet with a row a project, one with the sums."""

import datetime as dt
from collections.abc import Iterable
from typing import BinaryIO

from django.db.models import QuerySet
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from apps.projects.models import KeyProject
from apps.projects.overview import Sums

PROJECTS = [
    ("序号", 6), ("项目编号", 14), ("项目名称", 34), ("级别", 9), ("建设性质", 10), ("状态", 8), ("乡镇街道", 14), ("领域", 10), ("责任单位", 22), ("业主单位", 22), ("开工日期", 11),
    ("计划竣工", 11), ("总投资(万元)", 12), ("年度计划(万元)", 12), ("本月完成(万元)", 12), ("本年累计(万元)", 12), ("完成率", 9), ("序时进度", 9), ("相差(百分点)", 10),
    ("开工以来(万元)", 12), ("累计完成%", 10), ("计划%", 9), ("落后(百分点)", 10), ("截至", 11), ("形象进度", 40), ("存在问题", 34),
]  # fmt: skip
NEARBY = [
    ("序号", 6), ("项目编号", 14), ("项目名称", 34), ("距离(公里)", 10), ("乡镇街道", 14), ("领域", 10), ("级别", 9), ("建设性质", 10), ("状态", 8), ("累计完成%", 10), ("计划%", 9), ("落后(百分点)", 10),
    ("截至", 11),
]  # fmt: skip
SUMS = [("", 24), ("项目", 8), ("总投资(万元)", 14), ("年度计划(万元)", 14), ("本年完成(万元)", 14), ("完成率", 9), ("序时进度", 9), ("相差(百分点)", 11), ("未报投资", 9), ("新建", 7), ("已开工", 8), ("开工率", 9), ("按计划", 8), ("略慢", 8), ("落后", 8)]


def write_workbook(file: BinaryIO, projects: QuerySet[KeyProject], by: str, together: Sums, groups: list[Sums], on: dt.date) -> None:
    book = Workbook(write_only=True)
    _sheet(book, "项目", PROJECTS, (_project(number, project) for number, project in enumerate(projects.iterator(chunk_size=1000), start=1)))
    _sheet(book, f"按{by}", [(by, SUMS[0][1]), *SUMS[1:]], (_sums(each) for each in [*groups, together]))
    book.properties.title = f"重点项目 {on:%Y-%m-%d}"
    book.save(file)


def write_nearby(file: BinaryIO, projects: Iterable[KeyProject], measured: str, on: dt.date) -> None:
    """Projects `as_they_stand` with their `distance`; measured: from where, in words."""
    book = Workbook(write_only=True)
    _sheet(book, "附近重点项目", NEARBY, (
        [number, each.code, each.name, round(each.distance.km, 3) if each.distance else None, each.town.name if each.town else "", each.field.label if each.field else "",
         each.get_level_display(), each.get_kind_display(), each.state_now.get_stage_display() if hasattr(each, "state_now") else "", _tenth(each.actual),
         _tenth(each.planned), _tenth(each.lag_points), each.as_of]
        for number, each in enumerate(projects, start=1)
    ))  # fmt: skip
    book.properties.title = f"附近重点项目 {on:%Y-%m-%d}{f'（{measured}）' if measured else ''}"
    book.save(file)


def _project(number: int, project: KeyProject) -> list:
    rate = project.invested_year / project.investment_year if project.invested_year is not None and project.investment_year else None
    pace = project.money_month.month / 12 if project.money_month else None
    return [
        number, project.code, project.name, project.get_level_display(), project.get_kind_display(), project.stage.label, project.town.name if project.town else "",
        project.field.label if project.field else "", project.responsible.name, project.owner.name if project.owner else "", project.starts, project.ends,
        project.investment_total, project.investment_year, project.invested_month, project.invested_year, _share(rate), _share(pace),
        None if rate is None or pace is None else round(100 * (float(rate) - pace), 1), project.invested, _tenth(project.actual), _tenth(project.planned),
        _tenth(project.lag_points), project.as_of, project.words or "", project.problems or "",
    ]  # fmt: skip


def _sums(each: Sums) -> list:
    return [
        each.label, each.projects, each.total, each.plan, each.spent, _share(None if each.rate is None else each.rate / 100),
        _share(None if each.pace is None else each.pace / 100), _tenth(each.ahead), each.silent, each.fresh, each.begun,
        _share(None if each.begun_rate is None else each.begun_rate / 100), each.good, each.due, each.late,
    ]  # fmt: skip


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _share(value) -> str | None:
    return None if value is None else f"{float(value):.1%}"


def _sheet(book: Workbook, title: str, columns: list[tuple[str, int]], rows) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for index, (_, width) in enumerate(columns):
        sheet.column_dimensions[_letter(index)].width = width
    heads = []
    for name, _ in columns:
        cell = WriteOnlyCell(sheet, value=name)
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="center")
        heads.append(cell)
    sheet.append(heads)
    for row in rows:
        sheet.append([_harmless(sheet, value) for value in row])


def _harmless(sheet, value):
    """Text that begins like a formula stays text."""
    if isinstance(value, str) and value[:1] in "=+-@":
        cell = WriteOnlyCell(sheet, value=value)
        cell.data_type = "s"
        return cell
    return value


def _letter(index: int) -> str:
    return chr(65 + index) if index < 26 else "A" + chr(65 + index - 26)
