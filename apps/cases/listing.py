"""The work list: which cases, in which order, one page of them, all of them as marks on a map."""

import datetime as dt

from django.contrib.gis.geos import Polygon
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases.models import OPEN_STATES, Case
from apps.worktime.due import dues, edges

PAGE = 50
MOST_MARKS = 20_000
RELATED = ("category", "town", "village", "deputy", "organisation")
SHAPES = (  # large, and not shown beside a case
    *(f"{area}__{shape}" for area in ("town", "village") for shape in ("geom", "geom_3857")), "deputy__workplace", "organisation__point", "point_3857",
)  # fmt: skip
ORDERS = {"due": ("due_on", "pk"), "newest": ("-submitted_at", "-pk"), "oldest": ("submitted_at", "pk")}
MARKED = {
    "overseen": Q(overseen_on__isnull=False), "reminded": Q(reminded__gt=0), "paused": Q(paused_at__isnull=False), "reopened": Q(reopened__gt=0), "joint": Q(joint=True),
}  # fmt: skip


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
        cases = {"soon": cases.due_soon, "late": cases.overdue, "very_late": cases.very_late}[late](today)
    if mark := filters.get("mark"):
        cases = cases.filter(MARKED[mark])
    simple = {
        "q": "text__contains", "category": "category__code__in", "town": "town", "village": "village__code", "unit": "organisation", "deputy": "deputy__code", "channel": "channel",
        "reception": "reception", "since": "submitted_at__gte", "until": "submitted_at__lt",
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
    """One page, its rows with what the list shows, `.due` and `.marks` in words. Far pages first find their ids, then read only their rows."""
    page = Paginator(cases.values_list("pk", flat=True), PAGE).get_page(number)
    rows = Case.objects.select_related(*RELATED).defer(*SHAPES, "point").in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list if pk in rows]
    limits = dues((case.due_on for case in page.object_list), timezone.localdate())
    for case in page.object_list:
        case.due = limits.get(case.due_on)
        case.marks = marked(case)
    return page


def marked(case: Case) -> list[tuple[str, str, str]]:
    """What stands out about an open case: tone, words, icon."""
    if case.state not in OPEN_STATES:
        return []
    said = [
        (case.overseen_on is not None, "late", "督办", "gavel"), (case.paused_at is not None, "neutral", "等反映人补充", "player-pause"),
        (case.reopened > 0, "due", f"第 {case.reopened} 次重办", "refresh"), (case.reminded > 0, "due", f"催办 {case.reminded} 次", "bell-ringing"),
        (case.extension_days is not None, "due", f"申请延期 {case.extension_days} 天", "clock"), (case.joint, "neutral", "联席会议", "users"),
    ]  # fmt: skip
    return [(tone, words, icon) for holds, tone, words, icon in said if holds]


def marks(cases: QuerySet[Case]) -> bytes:
    """Every case of the list as a mark for its map, 13 bytes each, at most MOST_MARKS; big-endian, one after the other:

    4 bytes "GRC1"; uint32 how many there are in all; then for each uint32 id, int32 lon, lat in millionths of a degree,
    uint8 0: no limit runs, 1: in time, 2: due within SOON working days, 3: late
    """
    today = timezone.localdate()
    soon = edges(today).soon
    sql, values = cases.values("id", "point", "due_on").query.sql_with_params()
    # Made in PostGIS: ten thousand rows read into Python take ten times as long.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH listed AS ({sql}), counted AS (SELECT count(*) AS n FROM listed), shown AS (SELECT * FROM listed LIMIT {MOST_MARKS})
                SELECT (SELECT n FROM counted), string_agg(int4send(id::integer) || int4send(round(ST_X(point) * 1000000)::integer)
                    || int4send(round(ST_Y(point) * 1000000)::integer)
                    || set_byte('\\x00', 0, CASE WHEN due_on IS NULL THEN 0 WHEN due_on < %s THEN 3 WHEN due_on <= %s THEN 2 ELSE 1 END), '') FROM shown""",
            [*values, today, soon],
        )
        count, body = cursor.fetchone()
    return b"GRC1" + count.to_bytes(4, "big") + bytes(body or b"")
