"""The list of visits as a workbook: one row a visit, and a sheet with one row a rating."""

import io
from collections.abc import Iterable

from django.db.models import QuerySet
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from apps.supervision.visits import IndicatorRating, Visit

HEADINGS = (
    ("方式", 10), ("状态", 10), ("日期", 12), ("监督事项", 32), ("名称", 24), ("代表", 24), ("带队", 10), ("参加", 8), ("签到", 8), ("离现场（米）", 14),
    ("看到的情况", 60), ("照片", 8), ("发现的问题", 12), ("记录时间", 18),
)  # fmt: skip
RATED = (("日期", 12), ("监督事项", 32), ("代表", 24), ("指标", 20), ("评分", 8))


def write(visits: QuerySet[Visit]) -> bytes:
    """`visits`: as `views_visits.listed` reads them, counted."""
    rows = list(visits)
    book = Workbook()
    _fill(book.active, "走访视察", HEADINGS, (_row(visit) for visit in rows))
    ratings = IndicatorRating.objects.filter(visit__in=[visit.pk for visit in rows]).select_related("indicator").order_by("visit", "indicator__number")
    by_id = {visit.pk: visit for visit in rows}
    _fill(book.create_sheet(), "评分", RATED, (
        (by_id[each.visit_id].day, by_id[each.visit_id].topic.title, _names(by_id[each.visit_id]), each.indicator.label, each.indicator.words(each.value)) for each in ratings
    ))  # fmt: skip
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _row(visit: Visit) -> tuple:
    people = list(visit.participants.all())
    away = [each.check_in.distance_m for each in people if hasattr(each, "check_in") and each.check_in.distance_m is not None]
    return (
        visit.get_kind_display(), visit.get_state_display(), visit.day, visit.topic.title, visit.name, _names(visit),
        next((each.deputy.name for each in people if each.leader and visit.kind == Visit.Kind.INSPECTION), ""), visit.invited, visit.present,
        round(min(away)) if away else None, visit.text, visit.pictures, visit.raised, visit.recorded_at and visit.recorded_at.strftime("%Y-%m-%d %H:%M"),
    )  # fmt: skip


def _names(visit: Visit) -> str:
    return "、".join(each.deputy.name for each in visit.participants.all())


def _fill(sheet, title: str, headings: tuple[tuple[str, int], ...], rows: Iterable[tuple]) -> None:
    sheet.title = title
    sheet.append([label for label, _ in headings])
    for column, (_, width) in enumerate(headings, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.cell(1, column).font = Font(bold=True)
    for row in rows:
        # Text that begins like a formula is text: what people typed must not be computed where it is opened.
        sheet.append(list(row))
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
