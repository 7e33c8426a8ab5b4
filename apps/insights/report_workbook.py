"""A region report as a workbook: the summary, categories of three levels, regions, both crossed, months, and what each figure means."""

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from apps.insights.report_figures import Change, Line, Report, Tally
from apps.insights.report_words import MEANING, caption, points
from apps.insights.shares import Share

FIGURES = (
    ("件数", 9), ("上期", 9), ("同来源本期", 11), ("比上期%", 9), ("判断", 12), ("上年同期", 9), ("同来源本期", 11), ("比上年%", 9), ("判断", 12),
    ("按期", 8), ("超期已答", 9), ("超期未答", 9), ("未到期", 8), ("按期率%", 9), ("满意", 8), ("基本满意", 9), ("不满意", 8), ("满意率%", 9), ("重复", 8), ("代录入", 8),
)  # fmt: skip
LEVELS = {1: "一级", 2: "二级", 3: "三级"}


def write(report: Report) -> bytes:
    book = Workbook()
    book.remove(book.active)
    said = caption(report)
    _sheet(book, "概要", said, (("要点", 110),), [(words,) for words in points(report)])
    _summary(book["概要"], report)
    changes = _changes(report, report.categories)
    _sheet(
        book, "按类别", said, (("级", 7), ("代码", 20), ("类别", 26), *FIGURES),
        [(LEVELS[line.level], line.code, line.name, *_figures(line.tally, *change)) for line, change in zip(report.categories, changes, strict=True)],
    )  # fmt: skip
    _sheet(
        book, "按区域", said, (("区划代码", 15), ("区域", 18), ("人口", 10), ("每千人", 9), ("范围下限", 9), ("范围上限", 9), *FIGURES),
        [(line.code, line.name, line.population, *_rate(line), *_figures(line.tally, *change)) for line, change in zip(report.regions, _changes(report, report.regions), strict=True)],
    )  # fmt: skip
    _sheet(book, "区域×类别", said, (("区划代码", 15), ("区域", 18), ("类别", 22), *FIGURES), _crossed(report))
    _sheet(book, "逐月", said, (("月份", 12), ("件数", 10)), [(f"{month.year}年{month.month}月", count) for month, count in report.months])
    _sheet(
        book, "来源", said, (("来源", 24), ("本期件数", 10), ("最早", 12), ("最近", 12), ("本期收全", 10), ("与上期可比", 12), ("与上年可比", 12)),
        [(source.label, source.count, source.first, source.last, "否" if source.silent else "是", "是" if source.before else "否", "是" if source.year else "否") for source in report.sources],
    )  # fmt: skip
    _sheet(book, "口径", said, (("说明", 120),), [(line,) for line in MEANING])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _summary(sheet: Worksheet, report: Report) -> None:
    total = report.total
    for name, value in (
        ("件数", total.count), ("人口", report.population), ("按期率", total.punctual.words), ("满意率", total.content.words), ("重复反映", total.again),
        ("代录入", total.told.words), ("老年人（来源说明了的）", total.elders.words), ("没有写明地点", report.unplaced), ("已关联民情件、不另计的工单", report.apart),
    ):  # fmt: skip
        sheet.append([f"{name}：{'—' if value is None else value}"])


def _changes(report: Report, lines: Sequence[Line]) -> list[tuple[Change, Change]]:
    return list(zip(report.changes(lines, "before"), report.changes(lines, "year"), strict=True))


def _crossed(report: Report) -> list[list]:
    """Only crossings that anything was said of; the tests are those of the region's row of categories."""
    names = {line.code: line.name for line in report.top}
    rows = []
    for region in report.regions:
        lines = [Line(code, names[code], 1, tally) for code, tally in report.cross.get(region.code, {}).items() if code in names and not tally.nothing]
        lines.sort(key=lambda line: list(names).index(line.code))
        rows += [[region.code, region.name, line.name, *_figures(line.tally, *change)] for line, change in zip(lines, _changes(report, lines), strict=True)]
    return rows


def _figures(tally: Tally, before: Change, year: Change) -> list:
    return [
        tally.count, tally.before, tally.like_before, before.percent, before.verdict, tally.year, tally.like_year, year.percent, year.verdict,
        tally.in_time, tally.late_done, tally.late_open, tally.waiting, _percent(tally.punctual), tally.satisfied, tally.fairly, tally.unsatisfied, _percent(tally.content),
        tally.again, tally.told_for,
    ]  # fmt: skip


def _rate(line: Line) -> tuple[float | None, ...]:
    return tuple(round(value, 2) for value in line.rate) if line.rate else (None, None, None)


def _percent(share: Share) -> float | None:
    return None if share.percent is None else round(share.percent, 1)


def _sheet(book: Workbook, title: str, said: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence]) -> None:
    sheet = book.create_sheet(title)
    sheet.append([said])
    sheet.append([heading for heading, _ in columns])
    for row in rows:
        sheet.append(list(row))
    for line in sheet.iter_rows():
        for cell in line:
            if isinstance(cell.value, str):  # a name that begins with "=" is a text, never a formula
                cell.data_type = "s"
    for number, (_, width) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.cell(2, number).font = Font(bold=True)
        sheet.cell(2, number).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes, sheet.print_title_rows = "A3", "1:2"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
