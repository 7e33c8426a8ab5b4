"""The work list as a table: CSV line by line for any number of rows, a workbook for a desk. No contact is among the columns."""

import csv
import datetime as dt
import io
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from apps.cases.listing import RELATED, SHAPES
from apps.cases.models import Case

MOST_IN_WORKBOOK = 10_000
HEADINGS = (
    "民情件编号", "提交时间", "状态", "现由谁办", "本环节期限", "分级", "类别", "渠道", "乡镇街道", "村社", "地点", "内容", "受理代表", "承办单位", "答复时间", "答复", "逾期答复",
)  # fmt: skip
WIDTHS = (14, 17, 14, 20, 12, 8, 14, 10, 12, 12, 24, 60, 10, 20, 17, 60, 8)


class _Echo:
    """What csv.writer writes to when each row is to be handed on instead of kept."""

    def write(self, line: str) -> str:
        return line


def csv_lines(cases: QuerySet[Case]) -> Iterator[str]:
    """The list as CSV, line by line, for Excel and WPS; no contact is among the columns."""
    write = csv.writer(_Echo()).writerow
    yield "\ufeff" + write(HEADINGS)
    for case in _read(cases):
        yield write([_cell(value) for value in _row(case)])


def _row(case: Case) -> tuple:
    return (
        case.code, _moment(case.submitted_at), case.get_state_display(), case.holder(), case.due_on or "", case.get_level_display(),
        case.category or "", case.get_channel_display(), case.town, case.village or "", case.place, case.text, case.deputy or "",
        case.organisation or "", _moment(case.answered_at), case.answer, "是" if case.answered_late else "",
    )  # fmt: skip


def _moment(when: dt.datetime | None) -> str:
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M}" if when else ""


def _cell(value) -> str:
    """As text; what a spreadsheet would run as a formula is kept from running."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def workbook(cases: QuerySet[Case]) -> bytes:
    """The first MOST_IN_WORKBOOK rows as XLSX. What people typed stays text, whatever it begins with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("民情件")
    for column, width in enumerate(WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([_heading(sheet, label) for label in HEADINGS])
    wrapped = Alignment(wrap_text=True, vertical="top")
    for case in _read(cases[:MOST_IN_WORKBOOK]):
        cells = [WriteOnlyCell(sheet, value="") for _ in HEADINGS]
        for cell, value in zip(cells, _row(case), strict=True):
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value))
            cell.data_type = "s"
            cell.alignment = wrapped
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _heading(sheet, label: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=label)
    cell.font = Font(bold=True)
    return cell


def _read(cases: QuerySet[Case]) -> Iterator[Case]:
    return cases.select_related(*RELATED).defer(*SHAPES, "point").iterator(chunk_size=1000)
