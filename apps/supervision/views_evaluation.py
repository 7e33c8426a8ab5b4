"""监督成效评估: /supervision/evaluation/. Nothing of it is public; a deputy sees what he supervises, a unit itself."""

import datetime as dt

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, requires
from apps.deputies.models import Deputy
from apps.supervision.evaluation import BY, LEAST, ONLY, SORTS, Asked, evaluate
from apps.supervision.evaluation_workbook import write
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea, Term
from apps.worktime.periods import KINDS, Period, around, between

PAGE = 50
BY_ROLE = {  # what each role may compare; which rows of it: `_subjects`
    Role.COUNTY_OFFICE: ("topic", "deputy", "unit"),
    Role.LEADER: ("topic", "deputy", "unit"),
    Role.TOWN_OFFICE: ("topic", "deputy"),
    Role.DEPUTY: ("topic", "deputy"),
    Role.DISPATCHER: ("unit",),
    Role.UNIT: ("unit",),
}
WIDE = (Role.COUNTY_OFFICE, Role.LEADER)


class _Counted(Paginator):
    """A paginator that was told the count and the rows of its one page."""

    def __init__(self, rows: list, count: int) -> None:
        super().__init__(rows, PAGE)
        self.count = count  # type: ignore[misc] - in place of the cached property, which would count the rows


@require_GET
@requires(Permission.SEE_EVALUATION)
def evaluation(request: HttpRequest) -> HttpResponse:
    """/supervision/evaluation/?by=unit&period=quarter&on=2026-03-10&sort=punctual — one row each, its sum above."""
    asked, faults = _asked(request)
    number = request.GET.get("page", "")
    number = max(1, int(number)) if number.isdigit() and len(number) < 7 else 1
    found = evaluate(asked, PAGE, (number - 1) * PAGE)
    if not found.rows and number > 1:
        number, found = 1, evaluate(asked, PAGE)
    chosen = request.user.role
    return render(request, "supervision/evaluation/list.html", {
        "asked": asked, "found": found, "page_obj": Page(found.rows, number, _Counted(found.rows, found.count)), "faults": faults, "least": LEAST,
        "by": [(value, BY[value]) for value in BY_ROLE[Role(chosen)]], "kinds": KINDS.items(), "only": ONLY.items(), "town": request.GET.get("town", ""),
        "towns": AdminArea.objects.filter(level="town").order_by("code").only("code", "name") if chosen in WIDE and asked.by != "unit" else [],
        "name_of": BY[asked.by], "people": "人次" if asked.by == "deputy" else "", "query": _query(request),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_EVALUATION)
def evaluation_workbook(request: HttpRequest) -> HttpResponse:
    """The same rows, all of them, with what each column counts."""
    asked, _ = _asked(request)
    response = HttpResponse(write(asked, evaluate(asked)), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"监督成效评估（{BY[asked.by]}，{asked.period.label}）.xlsx")
    return response


def _asked(request: HttpRequest) -> tuple[Asked, list[str]]:
    """What the address asks for, and what of it could not be read."""
    get, role, faults = request.GET, Role(request.user.role), []
    by = get.get("by") if get.get("by") in BY_ROLE[role] else BY_ROLE[role][0]
    period = _period(request, faults)
    town = AdminArea.objects.filter(level="town", code=get["town"]).values_list("pk", flat=True).first() if get.get("town") and role in WIDE else None
    only = get.get("only", "") if get.get("only") in ONLY else ""
    sort = get.get("sort", "") if get.get("sort") in SORTS else ""
    words = get.get("q", "").strip().replace("\x00", "")[:60]
    return Asked(by, period, _subjects(request.user, by), town, words, only, sort, government=role in (Role.UNIT, Role.DISPATCHER)), faults


def _period(request: HttpRequest, faults: list[str]) -> Period:
    get, today = request.GET, timezone.localdate()
    kind = get.get("period") if get.get("period") in KINDS else "year"
    if kind == "days":
        first, last = _day(get.get("from"), "起始日期", faults), _day(get.get("to"), "截止日期", faults)
        if first and last:
            return between(first, last)
        kind = "year"
    if kind == "term":
        term = Term.objects.current(today).filter(level=Term.Level.COUNTY).first()
        if term:
            return between(term.starts, today, "term")
        faults.append("没有在任的县级届次，按今年计算。")
        kind = "year"
    return around(kind, _day(get.get("on"), "日期", faults) or today)


def _day(text: str | None, label: str, faults: list[str]) -> dt.date | None:
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = dt.date.min
    if not 2000 <= day.year < 2100:
        faults.append(f"{label}“{text[:20]}”读不出来，没有用上。")
        return None
    return day


def _subjects(user: User, by: str) -> tuple[int, ...] | None:
    """The ids of the rows that are this user's to see; None for all."""
    if user.role in (*WIDE, Role.DISPATCHER):
        return None
    if user.role == Role.UNIT:
        return tuple(user.organisations.values_list("pk", flat=True))
    if by == "deputy":
        return tuple(Deputy.objects.visible_to(user).values_list("pk", flat=True))
    if user.role == Role.TOWN_OFFICE:
        return tuple(Topic.objects.in_town(user.scope).values_list("pk", flat=True)) if user.scope else ()
    mine = Deputy.objects.filter(user=user).first()
    return tuple(Topic.objects.supervised_by(mine).order_by("pk").values_list("pk", flat=True)) if mine else ()


def _query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


