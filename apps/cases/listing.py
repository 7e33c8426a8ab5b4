"""The work list: which cases, in which order, one page of them, all of them as marks on a map."""

import datetime as dt

from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases.models import OPEN_STATES, Case, Category, Rating
from apps.deputies.models import Deputy
from apps.territory.models import AdminArea, Grid
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
    "unsatisfied": Q(Exists(Rating.objects.filter(case=OuterRef("pk"), by=Rating.By.REPORTER, part=Rating.Part.OUTCOME, round=OuterRef("reopened"), score=Rating.Score.UNSATISFIED))),
}  # fmt: skip

# Named by code in the address. Their keys are looked up first: what the planner sees as a key, it knows the number of rows of.
NAMED = {"grid": Grid.objects.all(), "village": AdminArea.objects.all(), "deputy": Deputy.objects.all()}
SEES_BY_SCOPE = (Role.TOWN_OFFICE, Role.COUNTY_OFFICE, Role.LEADER)  # the others' cases may lie in any town


def default_state(user: User) -> str:
    """Who handles cases starts with what waits for him; who only looks starts with what is open."""
    return "open" if user.role == Role.LEADER else "mine"


def narrowed(filters: dict, user: User) -> QuerySet[Case]:
    """What the user may see, narrowed by cleaned filters; filters that are absent or empty narrow nothing."""
    today, state = timezone.localdate(), filters.get("state") or default_state(user)
    cases = Case.objects.waiting_for(user) if state == "mine" else Case.objects.visible_to(user, towns=_towns(user))
    if state == "open":
        cases = cases.open()
    elif state == "counted":
        cases = cases.counted()
    elif state not in ("mine", "all"):
        cases = cases.filter(state=state)
    if late := filters.get("late"):
        cases = {"soon": cases.due_soon, "late": cases.overdue, "very_late": cases.very_late}[late](today)
    if mark := filters.get("mark"):
        cases = cases.filter(MARKED[mark])
    simple = {
        "q": "text__contains", "town": "town", "unit": "organisation", "channel": "channel__in", "reception": "reception", "since": "submitted_at__gte", "until": "submitted_at__lt",
    }  # fmt: skip
    moments = {"since": _midnight(filters.get("since")), "until": _midnight(filters.get("until"), days=1)}
    given = {**filters, **moments}
    cases = cases.filter(**{lookup: given[name] for name, lookup in simple.items() if given.get(name)})
    for name, rows in NAMED.items():
        if codes := filters.get(name):
            keys = rows.filter(code__in=[codes] if isinstance(codes, str) else codes).values_list("pk", flat=True)
            cases = cases.filter(**{f"{name}__in": list(keys)})
    cases = _at_these_times(_about(cases, filters.get("category")), filters.get("hour"), filters.get("weekday"))
    shape: GEOSGeometry | None = filters.get("bbox")
    return cases.filter(point__coveredby=shape) if shape else cases


def _about(cases: QuerySet[Case], codes: list[str] | None) -> QuerySet[Case]:
    """Of these categories, whatever their level: a first one stands for all below it, a third one is said beside the second."""
    if not codes:
        return cases
    found = list(Category.objects.under(codes).values_list("pk", "code", "level"))
    wider = Q(category__in=[pk for pk, _, level in found if level == 2])
    closer = [pk for pk, code, level in found if level == 3 and code in codes]
    return cases.filter(wider | Q(subcategory__in=closer) if closer else wider)


def _at_these_times(cases: QuerySet[Case], hours: list[int] | None, weekdays: list[int] | None) -> QuerySet[Case]:
    """Submitted in these hours (0 to 23), on these days of the week (0: Monday)."""
    if hours:
        cases = cases.annotate(hour=ExtractHour("submitted_at")).filter(hour__in=hours)
    if weekdays:
        cases = cases.annotate(weekday=ExtractIsoWeekDay("submitted_at")).filter(
            weekday__in=[day + 1 for day in weekdays]
        )
    return cases


def _towns(user: User) -> list[int] | None:
    """Keys of the areas in an office's scope that a case may name as its town; None for those who see by something else."""
    if user.role not in SEES_BY_SCOPE:
        return None
    return list(AdminArea.objects.visible_to(user).exclude(level=AdminArea.Level.VILLAGE).values_list("pk", flat=True))


def _midnight(date: dt.date | None, days: int = 0) -> dt.datetime | None:
    """The start of a day here, so many days later: a plain comparison that an index serves."""
    return timezone.make_aware(dt.datetime.combine(date + dt.timedelta(days=days), dt.time())) if date else None


def default_sort(state: str) -> str:
    """What is open, by its limit; what is done has none."""
    return "due" if state in ("mine", "open") or state.startswith("with_") else "newest"


def ordered(cases: QuerySet[Case], sort: str) -> QuerySet[Case]:
    return cases.order_by(*ORDERS[sort])


def read_through(filters: dict) -> bool:
    """Whether no index narrows the list: the one on text knows words of three characters and more."""
    return 0 < len(filters.get("q") or "") < 3 and filters.get("state") == "all"


def page_of(cases: QuerySet[Case], number: str | None, *, at_once: bool = False) -> Page:
    """One page, its rows with what the list shows, `.due` and `.marks` in words. Far pages first find their ids, then read only their rows.
    at_once: counted in the same query, for a list that every case has to be read for."""
    paginator = Paginator(cases.values_list("pk", flat=True), PAGE)
    page = _counted(cases, paginator, number) if at_once else None
    if page is None:
        page = paginator.get_page(number)
    rows = Case.objects.select_related(*RELATED).defer(*SHAPES, "point").in_bulk(list(page.object_list))
    page.object_list = [rows[pk] for pk in page.object_list if pk in rows]
    limits = dues((case.due_on for case in page.object_list), timezone.localdate())
    for case in page.object_list:
        case.due = limits.get(case.due_on)
        case.marks = marked(case)
    return page


def _counted(cases: QuerySet[Case], paginator: Paginator, number: str | None) -> Page | None:
    """The page with the count of all; None where there is no such page."""
    wanted = int(number) if number and number.isdecimal() and len(number) < 10 else 1
    if (number and str(wanted) != number) or wanted < 1:
        return None
    found = list(
        cases.annotate(listed=Window(Count("*"))).values_list("pk", "listed")[(wanted - 1) * PAGE : wanted * PAGE]
    )
    if not found and wanted > 1:
        return None
    paginator.count = found[0][1] if found else 0
    return Page([pk for pk, _ in found], wanted, paginator)


def marked(case: Case) -> list[tuple[str, str, str]]:
    """What stands out about an open case: tone, words, icon."""
    if case.state not in OPEN_STATES:
        return []
    said = [
        (case.overseen_on is not None, "late", "督办", "gavel"), (case.paused_at is not None, "neutral", "等反映人补充", "player-pause"),
        (case.reopened > 0, "due", f"第 {case.reopened} 次重办", "refresh"), (case.reminded > 0, "due", f"催办 {case.reminded} 次", "bell-ringing"),
        (case.extension_days is not None, "due", f"申请延期 {case.extension_days} 个工作日", "clock"), (case.joint, "neutral", "联席会议", "users"),
    ]  # fmt: skip
    return [(tone, words, icon) for holds, tone, words, icon in said if holds]


def marks(cases: QuerySet[Case]) -> bytes:
    """Every case of the list as a mark for its map, 13 bytes each, at most MOST_MARKS; big-endian, one after the other:

    4 bytes "GRC1"; uint32 how many there are in all; then for each uint32 id, int32 lon, lat in millionths of a degree,
    uint8 0: no limit runs, 1: in time, 2: due within SOON working days, 3: late
    """
    today = timezone.localdate()
    soon = edges(today).soon
    try:
        sql, values = cases.values("id", "point", "due_on").query.sql_with_params()
    except EmptyResultSet:
        return b"GRC1" + bytes(4)
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
