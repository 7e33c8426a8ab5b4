"""What was found in a place, for a briefing: its hot spots, the themes that were chosen, and what is reported around key projects."""

from collections.abc import Sequence

import numpy as np
import shapely
from django.db import connection
from shapely.geometry.base import BaseGeometry

from apps.insights.around import ProjectAround
from apps.insights.briefing_parts import LESS, MORE, THEMES, Drawing, Shape, Table
from apps.insights.briefings import Briefing
from apps.insights.report_counting import COUNTY, TOWN, VILLAGE
from apps.insights.report_figures import Report
from apps.insights.spots import HotSpot
from apps.insights.theme_models import Theme
from apps.territory.county_lattice import county_lattice

MOST = 10
CELLS = 10  # of 100 m: a theme's places are shown in squares of a kilometre, which are seen on a map of a county
NEAR = 0.006  # degrees: nearer than that two numbers on a map cover each other
DIAMOND = 0.0045  # degrees, from its middle to its corners
EVERYTHING = "全部类别；全部来源"
Verdict = ProjectAround.Verdict

Parts = list[Drawing | Table]


def spots(briefing: Briefing, ground: dict[str, BaseGeometry]) -> Parts:
    """The ten that matter most now, whatever the period and filters of the rest."""
    rows = HotSpot.objects.standing().pressing().select_related("category", "topic")
    if briefing.area.level != COUNTY:
        rows = rows.filter(towns=briefing.area) if briefing.area.level == TOWN else rows.filter(village=briefing.area)
    found = list(rows[:MOST])
    if not found:
        return []
    said = f"{briefing.area}　截至 {found[0].day:%Y-%m-%d}，与全县同样人口相比　全部来源"
    shapes = [
        Shape(shapely.from_wkb(bytes(spot.shape.wkb)), MORE, spot.title, (spot.get_state_display(), f"{spot.count} 桩事，一般 {spot.expected:.1f} 桩", f"起于 {spot.since:%Y-%m-%d}"))
        for spot in found
    ]  # fmt: skip
    table = tuple(
        (str(number), spot.title, spot.get_state_display(), f"{spot.since:%Y-%m-%d}", f"{spot.count}", f"{spot.expected:.1f}", f"{spot.months}", "已列监督议题" if spot.topic_id else "")
        for number, spot in enumerate(found, 1)
    )  # fmt: skip
    return [
        Drawing("热点", said, numbered(shapes), ((MORE, "明显多于全县同样人口的地方"),), tuple(ground.values()), "数字与下表对应。靠偶然就能解释的不算热点。"),
        Table("热点一览", said, ("序号", "地点和类别", "状态", "起于", "件数", "对照数", "近十二期显著", "监督"), table, frozenset({4, 5, 6}), (10, 60, 16, 22, 12, 14, 22, 24)),
    ]


def numbered(shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    """From 1 on; where two lie so close that their numbers would cover each other, the first carries both."""
    marks: list[list[int]] = []
    places = [shape.geometry.representative_point() for shape in shapes]
    for at, place in enumerate(places):
        near = next((first for first in range(at) if marks[first] and place.distance(places[first]) < NEAR), at)
        marks.append([])
        marks[near].append(at + 1)
    return tuple(Shape(shape.geometry, shape.colour, shape.name, shape.words, "、".join(map(str, mark))) for shape, mark in zip(shapes, marks, strict=True))


def themes(briefing: Briefing, ground: dict[str, BaseGeometry], report: Report) -> Parts:
    """The themes that were chosen, in the order of how much was said of them here in the period."""
    chosen = {theme.pk: theme for theme in Theme.objects.standing().filter(pk__in=briefing.themes).select_related("organisation").defer("profile")}
    cells = _theme_cells(briefing, list(chosen))
    counts = {pk: sum(n for _, _, n in cells.get(pk, ())) for pk in chosen}
    order = sorted(chosen, key=lambda pk: (-counts[pk], pk))
    if not order:
        return []
    said = f"{briefing.area}　{report.window.label}（{report.window.now.words}）　{EVERYTHING}"
    shapes: list[Shape] = []
    for number, pk in enumerate(order, 1):
        shapes += _squares(cells.get(pk, []), chosen[pk].name, THEMES[(number - 1) % len(THEMES)], str(number))
    rows = tuple(
        (
            str(number), theme.name, str(counts[pk]), f"{theme.first_on:%Y-%m-%d}", f"{theme.last_on:%Y-%m-%d}", str(theme.organisation or ""),
            f"{theme.rising_since.month}月{theme.rising_since.day}日起上升" if theme.rising_since else "", "已列监督议题" if theme.topic_id else "",
        )
        for number, pk in enumerate(order, 1) for theme in (chosen[pk],)
    )  # fmt: skip
    legend = tuple((THEMES[at % len(THEMES)], f"{at + 1} {chosen[pk].name}") for at, pk in enumerate(order))
    drawn = [Drawing("热点主题在哪里", said, tuple(shapes), legend, tuple(ground.values()), "方格边长 1 公里，数字标在说得最多的一格；没有写明地点的不在图上。")] if shapes else []
    heads = ("序号", "主题", "本期件数", "全县最早", "全县最近", "主要承办", "全县趋势", "监督")
    return [*drawn, Table("热点主题一览", said, heads, rows, frozenset({2}), (10, 60, 18, 22, 22, 44, 28, 24))]


def _squares(cells: Sequence[tuple[int | None, int | None, int]], name: str, colour: str, mark: str) -> list[Shape]:
    """A theme's squares; the mark stands in the fullest, which comes first."""
    located = [(col, row, n) for col, row, n in cells if col is not None and row is not None]
    lattice = county_lattice()
    if lattice is None or not located:
        return []
    rings = lattice.coarser(CELLS).outline(np.array([col for col, _, _ in located]), np.array([row for _, row, _ in located]))
    return [Shape(shapely.Polygon(ring), colour, name, (f"这一格 {n} 件",), "" if at else mark) for at, (ring, (_, _, n)) in enumerate(zip(rings, located, strict=True))]


def _theme_cells(briefing: Briefing, themes: list[int]) -> dict[int, list[tuple[int | None, int | None, int]]]:
    """(column, row, voices) by theme, in squares of a kilometre; without a place: None. Of the briefing's place and period.

    Raw SQL: members and facts meet by kind and key, which no foreign key says.
    """
    column = {COUNTY: "", TOWN: "AND f.town = %(area)s", VILLAGE: "AND f.village = %(area)s"}[briefing.area.level]
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


def projects(briefing: Briefing, ground: dict[str, BaseGeometry]) -> Parts:
    """Key projects around which significantly more, or less, is reported since they began, stopped or were finished."""
    rows = ProjectAround.objects.filter(verdict__in=(Verdict.MORE, Verdict.FEWER)).select_related("project__state_now")
    rows = rows.defer("project__geom", "project__geom_3857")
    if briefing.area.level != COUNTY:
        rows = rows.filter(project__town=briefing.area) if briefing.area.level == TOWN else rows.filter(project__site__coveredby=briefing.area.geom)
    found = list(rows.pressing()[:MOST])
    if not found:
        return []
    said = f"{briefing.area}　截至 {found[0].day:%Y-%m-%d}，项目周边 {found[0].within} 米内前后同样长的时间，与同类地方相比　{EVERYTHING}"
    shapes = [
        Shape(_diamond(row.project.site.x, row.project.site.y), MORE if row.verdict == Verdict.MORE else LESS, row.project.name, (f"{row.get_turn_display()}后{row.get_verdict_display()}", f"{row.before} 件 → {row.after} 件"))
        for row in found
    ]  # fmt: skip
    table = tuple(
        (
            str(number), row.project.name, f"{row.turned_on:%Y-%m-%d} {row.get_turn_display()}", str(row.before), str(row.after),
            "—" if row.ratio is None or np.isinf(row.ratio) else f"{row.ratio:.1f} 倍", row.get_verdict_display(), _standing(row),
        )
        for number, row in enumerate(found, 1)
    )  # fmt: skip
    legend = ((MORE, "明显增多"), (LESS, "明显减少"))
    return [
        Drawing("重点项目周边的诉求", said, numbered(shapes), legend, tuple(ground.values()), "数字与下表对应；前后相同、反映太少的项目不在图上。增多不等于由项目引起。"),
        Table("重点项目周边一览", said, ("序号", "项目", "转折", "之前", "之后", "与同类地方比", "判断", "进度"), table, frozenset({3, 4, 5}), (10, 60, 30, 12, 12, 24, 20, 46)),
    ]


def _standing(row: ProjectAround) -> str:
    state = getattr(row.project, "state_now", None)
    return str(state.standing) if state else ""


def _diamond(lon: float, lat: float) -> BaseGeometry:
    return shapely.Polygon([(lon - DIAMOND, lat), (lon, lat - DIAMOND), (lon + DIAMOND, lat), (lon, lat + DIAMOND)])
