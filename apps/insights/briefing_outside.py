"""What a briefing that may leave the house says: the published table of a quarter and nothing else, so that no second table can be held
against it. What the public page does not show on its own, no briefing does.
"""

from collections.abc import Sequence

from apps.insights.briefing_content import borders
from apps.insights.briefing_parts import UNKNOWN, Classes, Content, Drawing, Shape, Table
from apps.insights.briefings import Briefing
from apps.insights.public_counts import PublicCount, PublicTable
from apps.insights.rates import interval
from apps.insights.report_figures import Line, Tally
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

SECRECY = "只含已公开的数字，可以外发"
HIDDEN = "不单列"
MEANING = (
    "数字与县里公布的民情公开统计表一致；更正以公开页上的最新版本为准。",
    "不单列：不足 5 件的，以及由它们可以推算出来的，为保护反映人不单列。不单列不是零。",
    "没有收到诉求不等于没有问题：反映少的地方，可能是渠道没有到。",
    "每千人：件数除以常住人口；括号里是 95% 的可能范围，件数越少范围越宽。",
)
Level, Part = PublicCount.Level, PublicCount.Part


def published(briefing: Briefing) -> PublicTable:
    """The table of the briefing's quarter. MoveRefused where there is none that anybody may read."""
    if briefing.kind != "quarter" or briefing.categories or briefing.sources or briefing.themes:
        raise MoveRefused("可外发的简报只写已经公开的整季度数字：请选季度，不选类别、来源和主题。")
    if briefing.area.level == AdminArea.Level.VILLAGE:
        raise MoveRefused("村社只公开总数，做不了可外发的简报。请选全县或乡镇街道。")
    table = PublicTable.objects.public().filter(quarter=briefing.first).first()
    if table is None:
        raise MoveRefused(f"{briefing.period.label}的统计表还没有公开，做不了可外发的简报。请先在民情公开页公布，或改做内部简报。")
    return table


def gather(briefing: Briefing) -> Content:
    table = published(briefing)
    rows = list(table.counts.filter(part__in=(Part.ALL, Part.CATEGORY)).order_by("order"))
    here = {(row.region, row.part, row.key): row for row in rows}
    whole = here.get((briefing.area.code, Part.ALL, ""))
    if whole is None:
        raise MoveRefused(f"公开的统计表里没有{briefing.area}，做不了可外发的简报。")
    places = [row for row in rows if row.part == Part.ALL and row.parent == briefing.area.code]
    said = f"{briefing.area}　{table.words}（{max(table.quarter, table.since):%Y年%-m月%-d日}—{table.last:%Y年%-m月%-d日}）　全部来源　{table.made_at:%Y-%m-%d} 公布，第 {table.version} 版"
    categories = [row for row in rows if row.part == Part.CATEGORY and row.region == briefing.area.code]
    parts = [*_map(table, places, said), *_tables(table, places, categories, rows, said)]
    return Content(
        title=briefing.title, caption=said, secrecy=SECRECY, points=tuple(_points(briefing, table, whole, places, categories)), figures=(("收到诉求", _number(whole)),),
        parts=tuple(parts), meaning=MEANING, first=table.quarter, last=table.last, synthetic=briefing.area.synthetic,
    )  # fmt: skip


def _points(briefing: Briefing, table: PublicTable, whole: PublicCount, places: Sequence[PublicCount], categories: Sequence[PublicCount]) -> list[str]:
    said = [f"{table.words}{briefing.area}收到诉求 {_number(whole)}。"]
    for what, name, rows in (("反映最多的类别", "label", categories), ("反映最多的地方", "name", [row for row in places if row.level != Level.REST])):
        most = sorted((row for row in rows if row.count), key=lambda row: (-(row.count or 0), row.order))[:3]
        if most:
            said.append(f"{what}：{'、'.join(f'{getattr(row, name)} {row.count} 件' for row in most)}。")
    return said


def _map(table: PublicTable, places: Sequence[PublicCount], said: str) -> list[Drawing]:
    drawn = [row for row in places if row.level != Level.REST]
    ground = borders(AdminArea(), [Line(row.region, row.name, 1, Tally()) for row in drawn]) if drawn else {}
    drawn = [row for row in drawn if row.region in ground]
    if not drawn:
        return []
    per = all(row.population for row in drawn)
    values = [None if row.count is None else 1000 * row.count / row.population if per and row.population else float(row.count) for row in drawn]
    classes = Classes.of([value for value in values if value is not None], "件/千人" if per else "件", 2 if per else 0)
    shapes = tuple(Shape(ground[row.region], classes.colour(value), row.name, (_number(row), *((_rate(table, row),) if per and row.count is not None else ())), row.name) for row, value in zip(drawn, values, strict=True))
    legend = classes.legend(unknown=False) + (((UNKNOWN, f"{HIDDEN}（不是零）"),) if None in values else ())
    return [Drawing("各处反映多少" + ("（每千人）" if per else "（件数）"), said, shapes, legend, note="反映少不等于问题少。")]


def _tables(table: PublicTable, places: Sequence[PublicCount], categories: Sequence[PublicCount], rows: Sequence[PublicCount], said: str) -> list[Table]:
    tables = [Table("按类别", said, ("类别", "件数"), tuple((row.label, _number(row)) for row in categories), frozenset({1}), (60, 30))] if categories else []
    if not places:
        return tables
    count = {(row.region, row.key): row for row in rows if row.part == Part.CATEGORY}
    by_category = [head for head in categories if any((place.region, head.key) in count for place in places)]
    heads = ("区域", "件数", "每千人（可能范围）", *(head.label for head in by_category))
    lines = tuple(
        (place.name, _number(place), _rate(table, place), *(_number(count[place.region, head.key]) if (place.region, head.key) in count else HIDDEN for head in by_category)) for place in places
    )  # fmt: skip
    wide = (34, 20, 44, *(max(20.0, 150 / max(len(by_category), 1)) for _ in by_category))
    return [*tables, Table("按区域", said, heads, lines, frozenset(range(1, len(heads))), wide)]


def _number(row: PublicCount) -> str:
    return HIDDEN if row.count is None else f"{row.count} 件"


def _rate(table: PublicTable, row: PublicCount) -> str:
    if row.count is None or not row.population:
        return "—"
    low, high = interval(row.count, row.population, dispersion=table.clumping)
    return f"{1000 * row.count / row.population:.2f}（{float(low):.2f}—{float(high):.2f}）"
