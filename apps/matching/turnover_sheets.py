"""A review as a workbook: checks, districts, sums of what changes, villages cut, employers."""

from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from apps.territory.terms import Term, TurnoverReview

LEVELS = {"stop": "必须改正", "look": "请核对", "good": "符合"}


def write_workbook(term: Term, base: Term | None, review: TurnoverReview, file: BinaryIO) -> None:
    result = review.result
    book = Workbook()
    book.remove(book.active)
    against = f"{term.label}选区（{term.get_state_display()}），对照{base.label if base else '（无）'}，{review.finished_at:%Y-%m-%d %H:%M} 比对"
    checks = [(LEVELS[check["level"]], check["title"], check["words"]) for check in result["checks"]]
    _sheet(book, "核对", against, (("结论", 10), ("事项", 46), ("说明", 70)), checks)
    _sheet(
        book, "选区", against,
        (("序号", 6), ("选区编号", 18), ("选区", 34), ("名额", 6), ("划分方式", 12), ("人口", 10), ("推算", 6), ("每名代表人口", 12), ("偏差", 8), ("门牌", 8), ("改入门牌", 9), ("由哪个选区延续", 34)),
        [(row["number"], row["code"], row["name"], row["seats"], row["basis_label"], row["population"], "是" if row["estimated"] else "", row["per_seat"], row["deviation"],
          row["doors"], row["gained"], row["origin"] or "新设") for row in result["districts"]],
    )  # fmt: skip
    for line in book["选区"].iter_rows(min_row=3, min_col=9, max_col=9):
        line[0].number_format = "+0.0%;-0.0%;0.0%"
    _sheet(book, "改属汇总", against, (("原选区", 40), ("新选区", 40), ("门牌", 10)), [(pair["old_name"] or "不在任何选区", pair["new_name"] or "不在任何选区", pair["doors"]) for pair in result["pairs"]])
    _sheet(book, "不再延续的选区", against, (("原选区", 40), ("名额", 8), ("门牌", 10), ("多数并入", 40)), [(row["name"], row["seats"], row["doors"], row["to"]) for row in result["given_up"]])
    parts = [(row["town"], row["name"], row["doors"], "；".join(f"{name} {doors}" for name, doors in row["parts"])) for row in result["villages"]]
    _sheet(book, "分开的村社", against, (("乡镇街道", 16), ("村社", 20), ("门牌", 10), ("分在", 80)), parts)
    employers = [(row["name"], "、".join(row["old"]), "、".join(row["new"])) for row in result["employers"]]
    _sheet(book, "改属的单位", against, (("单位", 40), ("原选区", 40), ("新选区", 40)), employers)
    book.save(file)


def _sheet(book: Workbook, title: str, heading: str, columns: tuple[tuple[str, int], ...], rows: list[tuple]) -> None:
    sheet = book.create_sheet(title)
    sheet.append([heading])
    sheet.append([name for name, _ in columns])
    for row in rows:
        sheet.append(list(row))
    for index, (_, width) in enumerate(columns):
        sheet.column_dimensions[chr(ord("A") + index)].width = width
    for line in sheet.iter_rows(min_row=3):
        for cell in line:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.data_type == "f":  # a name that begins with "=" is a text, never a formula
                cell.data_type = "s"
    for cell in (*sheet[1], *sheet[2]):
        cell.font = Font(bold=True)
    sheet.freeze_panes, sheet.print_title_rows = "A3", "2:2"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def harmless(cell: object) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
