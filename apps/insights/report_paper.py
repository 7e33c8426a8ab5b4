"""A region report as PDF: what it says, its categories, its regions, what each figure means."""

from collections.abc import Sequence
from typing import BinaryIO

from apps.insights.paper import Column, Paper
from apps.insights.report_figures import THEN, Line, Report
from apps.insights.report_words import MEANING, caption, points

FIGURES = [
    Column("件数", 13, True), Column("比上期", 41), Column("比上年同期", 41), Column("按期", 27, True), Column("超期未答", 16, True), Column("满意", 27, True), Column("重复", 12, True),
]  # fmt: skip


def write(report: Report, title: str, out: BinaryIO) -> int:
    """The number of pages. NoFont when there is no Chinese font."""
    paper = Paper(title, f"{title}　统计于 {report.counted_at:%Y-%m-%d %H:%M}")
    paper.text([caption(report)], small=True)
    if report.synthetic:
        paper.text(["示范数据，全部为合成。"], small=True)
    paper.heading("要点")
    paper.text(points(report), mark="·")
    lines = [line for line in report.categories if line.level < 3]
    paper.heading("按类别")
    table(paper, "类别", report, lines, indented=True)
    if report.regions:
        paper.heading("按区域")
        table(paper, "区域", report, report.regions, rates=True)
        crossed(paper, report)
    paper.heading("口径")
    paper.text(MEANING, small=True, mark="·")
    return paper.write(out)


def table(paper: Paper, what: str, report: Report, lines: Sequence[Line], indented: bool = False, rates: bool = False) -> None:
    """One row a line, with what it is compared with."""
    first = [Column(what, paper.width - sum(column.width for column in FIGURES) - (38 if rates else 0))] + ([Column("每千人（可能范围）", 38, True)] if rates else [])
    before, year = (report.changes(lines, versus) for versus in THEN)
    rows, tones = [], []
    for line, *changes in zip(lines, before, year, strict=True):
        tally = line.tally
        name = [("　" if indented and line.level > 1 else "") + line.name] + ([line.rate_words if line.code else "—"] if rates else [])
        rows.append([*name, str(tally.count), *(change.sentence for change in changes), tally.punctual.words, str(tally.late_open), tally.content.words, str(tally.again)])
        tones.append([*("" for _ in name), "", *(change.tone for change in changes), "", "", "", ""])
    paper.table([*first, *FIGURES], rows, tones, bold=lambda number: indented and lines[number].level == 1)


def crossed(paper: Paper, report: Report) -> None:
    """Counts by region and category of level 1, as many categories side by side as the page is wide."""
    top = [line for line in report.top if not line.tally.nothing]
    if not top:
        return
    paper.heading("区域与类别")
    width = (paper.width - 34) / max(len(top), 6)
    columns = [Column("区域", 34), *(Column(line.name, width, True) for line in top)]
    rows = [[region.name, *(str(row[line.code].count) if line.code in row else "0" for line in top)] for region in report.regions for row in [report.cross.get(region.code, {})]]
    paper.table(columns, rows)
