"""What a briefing for the office says: figures, maps and tables of a place and a period, its hot spots, and the themes that were chosen."""

import datetime as dt
from collections.abc import Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from apps.insights import briefing_found as found
from apps.insights.briefing_parts import (
    LESS,
    MORE,
    NEUTRAL,
    UNKNOWN,
    Classes,
    Content,
    Drawing,
    Shape,
    Table,
    coarser,
)
from apps.insights.briefings import Briefing
from apps.insights.report_counting import Narrowed, count
from apps.insights.report_figures import Change, Line, Report
from apps.insights.report_words import MEANING, caption, points
from apps.territory.models import AdminArea

CHANGED = {"up": (MORE, "明显上升"), "down": (LESS, "明显下降"), "same": (NEUTRAL, "变化不明显"), "few": ("#ffffff", "样本少，不判断"), "none": (UNKNOWN, "没有可比的数字")}
SECRECY = "内部资料，请勿外传"


def gather(briefing: Briefing, today: dt.date) -> Content:
    """Everything that was chosen, as things stand today."""
    report = count(briefing.area, briefing.period, today, Narrowed(tuple(briefing.categories), tuple(briefing.sources)))
    said = caption(report)
    ground = borders(briefing.area, report.regions)
    parts = (*_maps(report, ground, said), *_tables(report, said), *found.spots(briefing, ground), *found.themes(briefing, ground, report), *found.projects(briefing, ground))
    total = report.total
    return Content(
        title=briefing.title, caption=said, secrecy=SECRECY, points=tuple(points(report)), parts=parts, meaning=MEANING, months=tuple(report.months),
        first=report.window.now.first, last=report.window.now.last, synthetic=report.synthetic,
        figures=(
            ("收到诉求", f"{total.count} 件"), *((name, f"{change.words}　{change.verdict}") for name, versus in (("比上期", "before"), ("比上年同期", "year")) for change in report.changes([report.whole], versus)),
            ("按期答复", total.punctual.words), ("超期未答", f"{total.late_open} 件"), ("满意和基本满意", total.content.words), ("重复反映", f"{total.again} 件"),
        ),
    )  # fmt: skip


def borders(area: AdminArea, regions: Sequence[Line]) -> dict[str, BaseGeometry]:
    """The areas of a report's regions by code, else the place's own; what has no area is not drawn."""
    codes = [line.code for line in regions if line.code] or [area.code]
    rows = list(AdminArea.objects.filter(code__in=codes, geom__isnull=False).order_by("code").values_list("code", "geom"))
    return dict(zip((code for code, _ in rows), coarser([shapely.from_wkb(bytes(geom.wkb)) for _, geom in rows]), strict=True))


def _maps(report: Report, ground: dict[str, BaseGeometry], said: str) -> list[Drawing]:
    drawn = [line for line in report.regions if line.code in ground]
    if not drawn:
        return []
    per = all(line.population for line in drawn)
    values = [line.per_1000 if per else float(line.tally.count) for line in drawn]
    classes = Classes.of([value for value in values if value is not None], "件/千人" if per else "件", 2 if per else 0)
    shapes = tuple(Shape(ground[line.code], classes.colour(value), line.name, _said_of(line), line.name) for line, value in zip(drawn, values, strict=True))
    left = f"另有 {report.unplaced} 件没有写明地点，不在图上。" if report.unplaced else ""
    maps = [Drawing("各处反映多少" + ("（每千人）" if per else "（件数）"), said, shapes, classes.legend(unknown=False), note=f"{left}反映少不等于问题少。")]
    changes = report.changes(drawn, "before")
    if report.comparable("before"):
        toned = tuple(Shape(ground[line.code], CHANGED[change.tone][0], line.name, (change.words, change.verdict), _marked(line, change)) for line, change in zip(drawn, changes, strict=True))
        there = [CHANGED[tone] for tone in CHANGED if any(change.tone == tone for change in changes)]
        maps.append(Drawing(f"与上期（{report.window.before.words}）相比", said, toned, tuple(there), note="按日均比较；“明显”是误报控制在 5% 以内的判断。"))
    return maps


def _said_of(line: Line) -> tuple[str, ...]:
    words = [f"{line.tally.count} 件"]
    if line.rate:
        words.append(f"每千人 {line.rate_words}")
    if line.tally.punctual.whole:
        words.append(f"按期答复 {line.tally.punctual.words}")
    return tuple(words)


def _marked(line: Line, change: Change) -> str:
    return line.name + {"up": " ↑", "down": " ↓"}.get(change.tone, "")


def _tables(report: Report, said: str) -> list[Table]:
    tables = [_table(report, "按类别", "类别", [line for line in report.categories if line.level < 3 and not (line.level == 2 and not line.tally.count)], said, False)]
    if report.regions:
        tables.append(_table(report, "按区域", "区域", report.regions, said, True))
    return tables


def _table(report: Report, title: str, what: str, lines: Sequence[Line], said: str, rates: bool) -> Table:
    before, year = report.changes(lines, "before"), report.changes(lines, "year")
    rows = tuple(
        (
            ("　" if line.level == 2 else "") + line.name, str(line.tally.count), *((line.rate_words if line.code else "—",) if rates else ()),
            *(change.sentence for change in changes),
            line.tally.punctual.words, str(line.tally.late_open), line.tally.content.words, str(line.tally.again),
        )
        for line, *changes in zip(lines, before, year, strict=True)
    )  # fmt: skip
    heads = (what, "件数", *(("每千人（可能范围）",) if rates else ()), "比上期", "比上年同期", "按期答复", "超期未答", "满意", "重复")
    wide = (30.0, 13.0, *((38.0,) if rates else ()), 44.0, 44.0, 30.0, 16.0, 30.0, 12.0)
    right = frozenset({1, len(heads) - 1, len(heads) - 2, len(heads) - 3, len(heads) - 4} | ({2} if rates else set()))
    return Table(title, said, heads, rows, right, wide)
