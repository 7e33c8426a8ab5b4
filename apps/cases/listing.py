"""The work list: which cases, in which order, one page of them, and the same as CSV."""

import csv
import datetime as dt
from collections.abc import Iterator

from django.contrib.gis.geos import Polygon
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases.models import Case
from apps.worktime.due import dues

PAGE = 50
RELATED = ("category", "town", "village", "deputy", "organisation")
SHAPES = (  # large, and not shown beside a case
    *(f"{area}__{shape}" for area in ("town", "village") for shape in ("geom", "geom_3857")), "deputy__workplace", "organisation__point", "point_3857",
)  # fmt: skip
ORDERS = {"due": ("due_on", "pk"), "newest": ("-submitted_at", "-pk")}
HEADINGS = (
    "查询码", "提交时间", "状态", "现由谁办", "本环节期限", "分级", "类别", "渠道", "乡镇街道", "村社", "地点", "内容", "受理代表", "承办单位", "答复时间", "答复", "逾期答复",
)  # fmt: skip


def default_state(user: User) -> str:
    """Who handles cases starts with what waits for him; who only looks starts with what is open."""
    return "open" if user.role == Role.LEADER else "mine"


def narrowed(filters: dict, user: User) -> QuerySet[Case]:
    """What the user may see, narrowed by cleaned filters; filters that are absent or empty narrow nothing."""
    cases, today = Case.objects.visible_to(user), timezone.localdate()
    state = filters.get("state") or default_state(user)
    if state == "mine":
        cases = Case.objects.waiting_for(user)
    elif state == "open":
        cases = cases.open()
    elif state != "all":
        cases = cases.filter(state=state)
    if late := filters.get("late"):
        cases = cases.overdue(today) if late == "late" else cases.due_soon(today)
    simple = {
        "q": "text__contains", "category": "category__code__in", "town": "town", "village": "village__code",
        "since": "submitted_at__gte", "until": "submitted_at__lt",
    }  # fmt: skip
    moments = {"since": _midnight(filters.get("since")), "until": _midnight(filters.get("until"), days=1)}
    given = {**filters, **moments}
    cases = cases.filter(**{lookup: given[name] for name, lookup in simple.items() if given.get(name)})
    box: Polygon | None = filters.get("bbox")
    return cases.filter(point__coveredby=box) if box else cases


def _midnight(date: dt.date | None, days: int = 0) -> dt.datetime | None:
    """The start of a day here, so many days later: a plain comparison that an index serves."""
    return timezone.make_aware(dt.datetime.combine(date + dt.timedelta(days=days), dt.time())) if date else None


def default_sort(state: str) -> str:
    """What is open, by its limit; what is done has none."""
    return "due" if state in ("mine", "open") or state.startswith("with_") else "newest"


def ordered(cases: QuerySet[Case], sort: str) -> QuerySet[Case]:
    return cases.order_by(*ORDERS[sort])


def page_of(cases: QuerySet[Case], number: str | None):
    """One page, its rows with what the list shows and `.due` in words. Far pages first find their ids, then read only their rows."""
    page = Paginator(cases.values_list("pk", flat=True), PAGE).get_page(number)
    rows = Case.objects.select_related(*RELATED).defer(*SHAPES, "point").in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list if pk in rows]
    limits = dues((case.due_on for case in page.object_list), timezone.localdate())
    for case in page.object_list:
        case.due = limits.get(case.due_on)
    return page


class _Echo:
    """What csv.writer writes to when each row is to be handed on instead of kept."""

    def write(self, line: str) -> str:
        return line


def csv_lines(cases: QuerySet[Case]) -> Iterator[str]:
    """The list as CSV, line by line, for Excel and WPS; no contact is among the columns."""
    write = csv.writer(_Echo()).writerow
    yield "\ufeff" + write(HEADINGS)
    for case in cases.select_related(*RELATED).defer(*SHAPES, "point").iterator(chunk_size=1000):
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
