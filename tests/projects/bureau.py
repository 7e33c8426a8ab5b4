"""Monthly tables as development bureaus keep them, written for the tests: each layout as somebody would have made it."""

import io
from collections.abc import Callable

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet


def workbook(fill: Callable[[Worksheet], None], sheet: str = "Sheet1") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheet
    fill(book.active)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def plain_table(rows: list[list], title: str = "2026年2月县重点项目进展情况表", unit: str = "单位：万元") -> bytes:
    """A title over everything, a line with the unit, one row of headings."""

    def fill(sheet: Worksheet) -> None:
        sheet.append([title])
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=8)
        sheet.append([None, None, None, None, None, None, unit])
        sheet.append(["序号", "项目编号", "项目名称", "总投资", "2026年计划投资", "1-2月完成投资", "完成率", "形象进度"])
        for row in rows:
            sheet.append(row)

    return workbook(fill)


def split_table(rows: list[list], merged: bool = True) -> bytes:
    """Headings over two rows, 亿元, sections and a sum; merged cells, or cells merely left empty."""

    def fill(sheet: Worksheet) -> None:
        sheet.append(["方格县2026年1-2月重点建设项目推进情况"])
        sheet.append(["序号", "项目名称", "责任单位", "总投资（亿元）", "年度计划（亿元）", "完成投资（亿元）", None, "目前进展", "存在问题"])
        sheet.append([None, None, None, None, None, "本月", "年初至今累计", None, None])
        sheet.append(["一、省重点项目"])
        for row in rows:
            sheet.append(row)
        sheet.append(["合计", "3个", None, 3.0, 1.2, 0.1, 0.2])
        if merged:
            sheet.merge_cells("A1:I1")
            sheet.merge_cells("A4:I4")
            sheet.merge_cells("F2:G2")
            for column in "ABCDEHI":
                sheet.merge_cells(f"{column}2:{column}3")

    return workbook(fill, "2月")
