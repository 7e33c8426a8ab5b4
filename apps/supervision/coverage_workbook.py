"""Coverage as a workbook: grids, fields, matters, deputies. Distances are by village and workplace; no homes are in it."""

from collections.abc import Iterable
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from apps.deputies.models import Deputy
from apps.supervision.coverage import Coverage

Columns = tuple[tuple[str, int], ...]


def write_workbook(seen: Coverage, deputies: Iterable[Deputy], name: str, file: BinaryIO) -> None:
    book = Workbook(write_only=True)
    sums = seen.summary()
    head = (
        f"{name or '全部管辖范围'}　{seen.on:%Y年%-m月%-d日}　网格 {sums.grids} 个，{sums.covered} 个已有代表；领域需求 {sums.needed} 项，{sums.met} 项有懂行代表；"
        f"超过 {seen.far / 1000:.0f} 公里算附近没有代表"
    )
    grids = (
        (line.code, line.name, line.village.town or "", line.village.name, line.confirmed, line.waiting, line.near_words,
         "；".join(f"{field}（{'、'.join(names)}）" for field, names in line.lacking))
        for line in seen.grid_lines(seen.grid_rows(""))
    )  # fmt: skip
    _sheet(
        book,
        "网格",
        head,
        (
            ("网格编码", 20),
            ("网格名称", 26),
            ("乡镇街道", 14),
            ("村社", 16),
            ("已确认代表", 10),
            ("待确认", 8),
            ("最近的代表", 34),
            ("缺的领域", 50),
        ),
        grids,
    )
    fields, lines = seen.matrix(False)
    columns: Columns = (("乡镇街道", 16), *((field.label, 12) for field in fields))
    _sheet(
        book,
        "领域",
        head,
        columns,
        ((place, *(f"{cell.met}/{cell.needed}" if cell.needed else "" for cell in cells)) for _, place, cells in lines),
    )
    topics = (
        (line.topic.code, line.topic.title, line.town, line.field, line.near_words, line.expert_words)
        for line in seen.topic_lines()
    )
    _sheet(
        book,
        "监督事项",
        head,
        (("编号", 16), ("事项", 40), ("乡镇街道", 14), ("领域", 14), ("最近的代表", 26), ("最近的懂行代表", 30)),
        topics,
    )
    people = (
        (
            row.code,
            row.name,
            row.group.name if row.group else "",
            row.teams,
            row.capacity,
            row.held,
            f"超出 {row.over}" if row.over > 0 else "",
        )
        for row in deputies
    )
    _sheet(
        book,
        "代表",
        head,
        (("代表编号", 18), ("姓名", 10), ("代表小组", 24), ("监督事项", 10), ("可承担", 8), ("网格", 8), ("说明", 14)),
        people,
    )
    book.save(file)


def _sheet(book: Workbook, title: str, head: str, columns: Columns, rows: Iterable[tuple]) -> None:
    sheet = book.create_sheet(title)
    for index, (_, width) in enumerate(columns):
        sheet.column_dimensions[chr(ord("A") + index)].width = width
    sheet.freeze_panes, sheet.print_title_rows = "A3", "2:2"
    (
        sheet.page_setup.orientation,
        sheet.page_setup.paperSize,
        sheet.page_setup.fitToWidth,
        sheet.page_setup.fitToHeight,
    ) = "landscape", Worksheet.PAPERSIZE_A4, 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.append([_bold(sheet, head)])
    sheet.append([_bold(sheet, heading) for heading, _ in columns])
    for row in rows:
        sheet.append([_plain(sheet, value) for value in row])


def _bold(sheet, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=text)
    cell.font = Font(bold=True)
    return cell


def _plain(sheet, value):
    """The value as it is: a cell of its own for each would cost minutes for a hundred thousand rows."""
    if not isinstance(value, str) or not value.startswith("="):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"  # a name that begins with "=" is a text, never a formula
    return cell
