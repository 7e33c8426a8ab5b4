"""What a briefing for the office says: figures, maps and tables of a place and a period, its hot spots, and the themes that were chosen."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from apps.insights.briefing_parts import (
    LESS,
    MORE,
    NEUTRAL,
    THEMES,
    UNKNOWN,
    Classes,
    Content,
    Drawing,
    Shape,
    Table,
    coarser,
)
from apps.insights.briefings import Briefing
from apps.insights.report_counting import COUNTY, Narrowed, count
from apps.insights.report_figures import Change, Line, Report
from apps.insights.report_words import MEANING, caption, points
from apps.insights.spots import HotSpot
from apps.insights.theme_models import Theme
from apps.territory.county_lattice import county_lattice
from apps.territory.models import AdminArea

SPOTS = 10
CELLS = 5  # of 100 m: a theme's places are shown in squares of 500 m
CHANGED = {"up": (MORE, "明显上升"), "down": (LESS, "明显下降"), "same": (NEUTRAL, "变化不明显"), "few": ("#ffffff", "样本少，不判断"), "none": (UNKNOWN, "没有可比的数字")}
SECRECY = "内部资料，请勿外传"


def gather(briefing: Briefing, today: dt.date) -> Content:
    """Everything that was chosen, as things stand today."""
    report = count(briefing.area, briefing.period, today, Narrowed(tuple(briefing.categories), tuple(briefing.sources)))
    said = caption(report)
    ground = borders(briefing.area, report.regions)
    parts = [part for part in (*_maps(report, ground, said), *_tables(report, said), *_spots(briefing, ground, today), *_themes(briefing, ground, report)) if part]
    total = report.total
    return Content(
        title=briefing.title, caption=said, secrecy=SECRECY, points=tuple(points(report)), parts=tuple(parts), meaning=MEANING, months=tuple(report.months),
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
            *(change.words if change.tone in ("same", "none") else f"{change.words} {change.verdict}" for change in changes),
            line.tally.punctual.words, str(line.tally.late_open), line.tally.content.words, str(line.tally.again),
        )
        for line, *changes in zip(lines, before, year, strict=True)
    )  # fmt: skip
    heads = (what, "件数", *(("每千人（可能范围）",) if rates else ()), "比上期", "比上年同期", "按期答复", "超期未答", "满意", "重复")
    wide = (30.0, 13.0, *((38.0,) if rates else ()), 44.0, 44.0, 30.0, 16.0, 30.0, 12.0)
    right = frozenset({1, len(heads) - 1, len(heads) - 2, len(heads) - 3, len(heads) - 4} | ({2} if rates else set()))
    return Table(title, said, heads, rows, right, wide)


# -- hot spots -----------------------------------------------------------------------------------------------------------------


def _spots(briefing: Briefing, ground: dict[str, BaseGeometry], today: dt.date) -> list[Drawing | Table]:
    """The ten that matter most now, whatever the period and filters of the rest."""
    spots = HotSpot.objects.standing().pressing().select_related("category", "town", "village", "topic")
    if briefing.area.level != COUNTY:
        spots = spots.filter(towns=briefing.area) if briefing.area.level == AdminArea.Level.TOWN else spots.filter(village=briefing.area)
    found = list(spots[:SPOTS])
    if not found:
        return []
    said = f"{briefing.area}　截至 {found[0].day:%Y-%m-%d}，近 30 天与全县同样人口相比　全部来源"
    shapes = tuple(
        Shape(shapely.from_wkb(bytes(spot.shape.wkb)), MORE, spot.title, (spot.get_state_display(), f"{spot.count} 件，按全县水平应有 {spot.expected:.1f} 件", f"起于 {spot.since:%Y-%m-%d}"), str(number))
        for number, spot in enumerate(found, 1)
    )  # fmt: skip
    rows = tuple(
        (str(number), spot.title, spot.get_state_display(), f"{spot.since:%Y-%m-%d}", f"{spot.count}", f"{spot.expected:.1f}", f"{spot.months}", "已列监督议题" if spot.topic_id else "")
        for number, spot in enumerate(found, 1)
    )  # fmt: skip
    return [
        Drawing("热点", said, shapes, ((MORE, "明显多于全县同样人口的地方"),), tuple(ground.values()), "数字与下表对应。靠偶然就能解释的不算热点。"),
        Table("热点一览", said, ("序号", "地点和类别", "状态", "起于", "件数", "对照数", "近十二期显著", "监督"), rows, frozenset({0, 4, 5, 6}), (8, 60, 16, 20, 12, 14, 20, 24)),
    ]


# -- themes --------------------------------------------------------------------------------------------------------------------


def _themes(briefing: Briefing, ground: dict[str, BaseGeometry], report: Report) -> list[Drawing | Table]:
    """The themes that were chosen, in the order of how much was said of them here in the period."""
    chosen = {theme.pk: theme for theme in Theme.objects.standing().filter(pk__in=briefing.themes).select_related("category", "organisation", "village", "town")}
    cells = _theme_cells(briefing, list(chosen))
    counts = {pk: sum(n for _, _, n in cells.get(pk, ())) for pk in chosen}
    order = sorted(chosen, key=lambda pk: (-counts[pk], pk))
    if not order:
        return []
    said = f"{briefing.area}　{report.window.label}（{report.window.now.words}）　全部类别；全部来源"
    shapes, rows, lattice = [], [], county_lattice()
    for number, pk in enumerate(order, 1):
        theme, colour = chosen[pk], THEMES[(number - 1) % len(THEMES)]
        located = [(col, row, n) for col, row, n in cells.get(pk, ()) if col is not None]
        if lattice and located:
            rings = lattice.coarser(CELLS).outline(np.array([col for col, _, _ in located]), np.array([row for _, row, _ in located]))
            most = max(range(len(located)), key=lambda at: located[at][2])
            shapes += [Shape(shapely.Polygon(ring), colour, theme.name, (f"这一格 {n} 件",), str(number) if at == most else "") for at, (ring, (_, _, n)) in enumerate(zip(rings, located, strict=True))]
        rows.append((
            str(number), theme.name, str(counts[pk]), f"{theme.first_on:%Y-%m-%d}", f"{theme.last_on:%Y-%m-%d}", str(theme.village or theme.town or "多处"),
            str(theme.organisation or ""), f"{theme.rising_since:%m月%d日}起上升" if theme.rising_since else "", "已列监督议题" if theme.topic_id else "",
        ))  # fmt: skip
    legend = tuple((THEMES[at % len(THEMES)], f"{at + 1} {chosen[pk].name}") for at, pk in enumerate(order))
    parts: list[Drawing | Table] = [Drawing("热点话题在哪里", said, tuple(shapes), legend, tuple(ground.values()), "方格边长 500 米；没有写明地点的不在图上。")] if shapes else []
    heads = ("序号", "话题", "本期件数", "最早", "最近", "主要在", "主要承办", "趋势", "监督")
    return [*parts, Table("热点话题一览", said, heads, tuple(rows), frozenset({0, 2}), (8, 52, 16, 18, 18, 28, 34, 22, 24))]


def _theme_cells(briefing: Briefing, themes: list[int]) -> dict[int, list[tuple[int | None, int | None, int]]]:
    """(column, row, voices) by theme, in squares of 500 m; without a place: None. Of the briefing's place and period.

    Raw SQL: members and facts meet by kind and key, which no foreign key says.
    """
    column = {COUNTY: "", AdminArea.Level.TOWN: "AND f.town = %(area)s", AdminArea.Level.VILLAGE: "AND f.village = %(area)s"}[briefing.area.level]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT m.theme_id, floor(f.col / {CELLS}.0)::int, floor(f.row / {CELLS}.0)::int, count(*)
            FROM insights_thememember m JOIN insights_fact f ON f.kind = m.kind AND f.ref = m.ref
            WHERE m.theme_id = ANY(%(themes)s) AND f.counted AND f.day BETWEEN %(first)s AND %(last)s {column}
            GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3
            """,
            {"themes": themes, "first": briefing.first, "last": briefing.last, "area": briefing.area_id},
        )
        found: dict[int, list[tuple[int | None, int | None, int]]] = {}
        for theme, col, row, n in cursor.fetchall():
            found.setdefault(theme, []).append((col, row, n))
    return found
