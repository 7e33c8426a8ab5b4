"""The list of records: which ones, one page of them, all of them as a table."""

import csv
import datetime as dt
from collections.abc import Iterator

from django.contrib.gis.geos import GEOSGeometry
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import Category
from apps.hotline.models import Record
from apps.territory.models import AdminArea, Grid

PAGE = 50
RELATED = ("source", "category", "town", "village", "organisation", "case")
SHAPES = (*(f"{area}__{shape}" for area in ("town", "village") for shape in ("geom", "geom_3857")), "organisation__point", "case__point", "case__point_3857", "case__text", "case__answer")
LINKS = {
    "linked": Q(case__isnull=False), "none": Q(case__isnull=True), "proposed": Q(proposed__isnull=False, case__isnull=True), "repeat": Q(like__isnull=False),
}  # fmt: skip
EXACT = Q(located_by__in=("coordinates", "doorplate", "road"))  # the middle of a village is nobody's place: no map counts it there
PLACES = {"located": ~Q(located_by=""), "none": Q(located_by="")}
HEADINGS = ("来源", "工单号", "受理时间", "渠道", "代录入", "状态", "期限", "答复时间", "满意度", "承办单位", "类别", "乡镇街道", "村社", "按什么定位", "标题", "内容", "关联的民情件", "重复反映")


def narrowed(filters: dict, user: User) -> QuerySet[Record]:
    """What the user may see, narrowed by cleaned filters; filters that are absent or empty narrow nothing."""
    records = Record.objects.visible_to(user)
    state = filters.get("state")
    if state == "late":
        records = records.open().filter(due_on__lt=timezone.localdate())
    elif state == "unsatisfied":
        records = records.filter(satisfied=Record.Satisfied.UNSATISFIED)
    elif state in Record.State.values:
        records = records.filter(state=state)
    if words := filters.get("q"):
        records = records.filter(Q(number__startswith=words) | Q(title__contains=words) | Q(text__contains=words))
    if codes := filters.get("category"):
        records = records.filter(category__in=list(Category.objects.under(codes).values_list("pk", flat=True)))
    if sources := filters.get("source"):
        records = records.filter(source__in=[source.pk for source in sources])
    if link := filters.get("link"):
        records = records.filter(LINKS[link])
    if place := filters.get("place"):
        records = records.filter(PLACES[place])
    given = {
        "town": filters.get("town"), "organisation": filters.get("unit"), "intake": filters.get("intake"), "received_at__gte": _midnight(filters.get("since")),
        "received_at__lt": _midnight(filters.get("until"), days=1),
    }  # fmt: skip
    records = records.filter(**{lookup: value for lookup, value in given.items() if value})
    return _at_these_times(_there(records, filters), filters)


def _there(records: QuerySet[Record], filters: dict) -> QuerySet[Record]:
    if code := filters.get("village"):
        records = records.filter(village__in=list(AdminArea.objects.filter(code=code).values_list("pk", flat=True)))
    if code := filters.get("grid"):
        grid = Grid.objects.filter(code=code).first()
        records = records.filter(EXACT, point__coveredby=grid.geom) if grid else records.none()
    shape: GEOSGeometry | None = filters.get("bbox")
    return records.filter(EXACT, point__coveredby=shape) if shape else records


def _at_these_times(records: QuerySet[Record], filters: dict) -> QuerySet[Record]:
    if hours := filters.get("hour"):
        records = records.annotate(hour=ExtractHour("received_at")).filter(timed=True, hour__in=hours)
    if weekdays := filters.get("weekday"):
        records = records.annotate(weekday=ExtractIsoWeekDay("received_at")).filter(weekday__in=[day + 1 for day in weekdays])
    return records


def _midnight(date: dt.date | None, days: int = 0) -> dt.datetime | None:
    return timezone.make_aware(dt.datetime.combine(date + dt.timedelta(days=days), dt.time())) if date else None


def page_of(records: QuerySet[Record], number: str | None) -> Page:
    """Newest first. Far pages find their ids first, then read only their rows."""
    page = Paginator(records.order_by("-received_at", "-pk").values_list("pk", flat=True), PAGE).get_page(number)
    rows = Record.objects.select_related(*RELATED).defer(*SHAPES, "point").in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list if pk in rows]
    return page


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(records: QuerySet[Record]) -> Iterator[str]:
    """The list as CSV, line by line, for Excel and WPS; what a spreadsheet would run as a formula is kept from running."""
    write = csv.writer(_Echo()).writerow
    yield "\ufeff" + write(HEADINGS)
    rows = records.order_by("-received_at", "-pk").select_related(*RELATED, "like").defer(*SHAPES, "point")
    for record in rows.iterator(chunk_size=1000):
        yield write([f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in map(str, _row(record))])


def _row(record: Record) -> tuple:
    return (
        record.source, record.number, _moment(record.received_at), record.channel, "是" if record.told_for else "", record.get_state_display(), record.due_on or "",
        _moment(record.answered_at), record.get_satisfied_display() or "", record.organisation or record.unit_words, record.category or "", record.town or "",
        record.village or "", record.get_located_by_display(), record.title, record.text, record.case.code if record.case else "", record.like.number if record.like else "",
    )  # fmt: skip


def _moment(when: dt.datetime | None) -> str:
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M}" if when else ""
