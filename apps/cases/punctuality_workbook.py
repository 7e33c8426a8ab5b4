"""Punctuality as a workbook: the rows, their sum, and a sheet that says how they are counted."""

import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from apps.cases.punctuality import BY, LEAST, Punctuality, table

COLUMNS = [("到期应办", 11), ("按期", 9), ("超期", 9), ("其中仍未办", 11), ("经同意延期", 11), ("暂停过", 9), ("按期率%", 10)]
MEANING = (
    "每个环节的每一事项（办理、签收、首次联系、会办意见）有一个最后一日，落在这一时段的计入，只计一次。",
    "按期：最后一日当天或以前办到的。超期：以后才办到的、由别人接手的，和到导出当天还没有办的。",
    "没有到期的、正在暂停的不计；没有办完就撤回、合并、收回而当时没有超期的不计。",
    "暂停（等反映人补充）的工作日已扣除；经同意延期的按延期后的最后一日算，另列。",
    f"到期不足 {LEAST} 项的，不算百分比。",
)


def write(found: Punctuality, by: str, period: str, narrowed: str) -> bytes:
    """period and narrowed: in words, as they stand above the table."""
    book = Workbook()
    sheet = book.active
    sheet.title = "办理时效"
    sheet.append([f"民情件办理时效（按{BY[by]}）　{period}"])
    sheet.append([narrowed or "全部"])
    columns = [(BY[by], 34), *COLUMNS]
    sheet.append([heading for heading, _ in columns])
    for values in table(found):
        sheet.append(values)
        sheet.cell(sheet.max_row, 1).data_type = "s"  # a name that begins with "=" is a text, never a formula
    sheet["A1"].font = Font(size=15, bold=True)
    sheet["A2"].data_type = "s"
    for number, (_, width) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.cell(3, number).font = sheet.cell(4, number).font = Font(bold=True)
        sheet.cell(3, number).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes, sheet.print_title_rows = "B5", "3:3"
    meaning = book.create_sheet("口径")
    meaning.column_dimensions["A"].width = 100
    for line in MEANING:
        meaning.append([line])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
