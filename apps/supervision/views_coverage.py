"""Coverage of the deputy grid: what is missing where, who carries too much; having deputies proposed; what one grid needs."""

import datetime as dt
import io
from typing import Any
from urllib.parse import parse_qs, urlencode

import numpy as np
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.deputies.models import Deputy, Group
from apps.record.states import MoveRefused
from apps.supervision import workflow_grids
from apps.supervision.coverage import BUSY, Coverage, loads
from apps.supervision.coverage_workbook import write_workbook
from apps.supervision.visits import Visit
from apps.territory.models import AdminArea, Grid

LINES_A_PAGE = 40
VIEWS = {"grids": "网格", "fields": "领域", "topics": "监督事项", "deputies": "代表"}
SHOWS = {
    "grids": {"none": "还没有已确认代表的", "far": "附近没有代表的", "lacking": "缺领域代表的", "": "全部网格"},
    "fields": {},
    "topics": {"far": "附近没有代表的", "expert": "附近没有懂行代表的", "": "全部事项"},
    "deputies": {"much": "任务偏多的", "nothing": "还没有网格和事项的", "": "全部代表"},
}
DISTANCES = (1, 2, 3, 5, 10)  # km
ACTIVITIES_A_YEAR = 3  # 浙江省 and others: a group is active three times a year
TOGETHER = 3  # members from which a visit counts as an activity of the group


def _asked(request: HttpRequest) -> tuple[dict[str, str], str, float]:
    """What was asked for, the town's code or "", and the distance in metres that counts as far."""
    wanted = {
        name: request.GET.get(name, "").strip()[:20].replace("\x00", "") for name in ("view", "town", "show", "far")
    }
    wanted["view"] = wanted["view"] if wanted["view"] in VIEWS else "grids"
    shows = SHOWS[wanted["view"]]
    if "show" not in request.GET or wanted["show"] not in shows:
        wanted["show"] = next(iter(shows), "")
    wanted["far"] = wanted["far"] if wanted["far"] in map(str, DISTANCES) else "3"
    return (
        wanted,
        wanted["town"].ljust(12, "0") if wanted["town"].isascii() and wanted["town"].isdigit() else "",
        1000.0 * int(wanted["far"]),
    )


@never_cache
@require_GET
@requires(Permission.SEE_GRIDS)
def coverage(request: HttpRequest) -> HttpResponse:
    """/supervision/coverage/?view=grids|fields|topics|deputies&town=&show=&far=3 — where deputies are missing, and who has too much."""
    wanted, area, far = _asked(request)
    today = timezone.localdate()
    seen = Coverage(request.user, area, today, far)
    page, matrix = None, None
    if wanted["view"] == "grids":
        page = Paginator(seen.grid_rows(wanted["show"]), LINES_A_PAGE).get_page(request.GET.get("page"))
        page.lines = seen.grid_lines(page.object_list)
    elif wanted["view"] == "topics":
        page = Paginator(seen.topic_lines(wanted["show"]), LINES_A_PAGE).get_page(request.GET.get("page"))
    elif wanted["view"] == "deputies":
        page = Paginator(loads(request.user, area, today, wanted["show"]), LINES_A_PAGE).get_page(
            request.GET.get("page")
        )
    else:
        fields, lines = seen.matrix(bool(area))
        page = Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page"))
        matrix = fields
    towns = AdminArea.objects.visible_to(request.user).towns().only("code", "name")
    return render(request, "supervision/coverage.html", {
        "page_obj": page, "wanted": wanted, "views": VIEWS.items(), "shows": SHOWS[wanted["view"]].items(), "distances": DISTANCES, "towns": towns,
        "sums": seen.summary(), "fields": matrix, "busy": BUSY, "town": next((town for town in towns if town.code == area), None),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_GRIDS)
def coverage_export(request: HttpRequest) -> HttpResponse:
    """/supervision/coverage.xlsx?town=&far=3 — all four views as sheets of one workbook."""
    _, area, far = _asked(request)
    today = timezone.localdate()
    buffer = io.BytesIO()
    town = AdminArea.objects.visible_to(request.user).filter(code=area).first() if area else None
    write_workbook(
        Coverage(request.user, area, today, far),
        loads(request.user, area, today, ""),
        town.name if town else "",
        buffer,
    )
    response = HttpResponse(
        buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    response["Content-Disposition"] = content_disposition_header(
        True, f"{town.name if town else ''}代表网格覆盖情况.xlsx"
    )
    return response


@require_POST
@requires(Permission.ARRANGE_GRIDS)
def grid_propose(request: HttpRequest) -> HttpResponse:
    """Have deputies proposed for all grids from the data as they are now, and go back to the roster, which says how it goes."""
    try:
        workflow_grids.ask(request.user)
    except MoveRefused as refusal:
        messages.info(request, str(refusal))
    asked = parse_qs(request.POST.get("query", "")[:300])
    query = {name: values[0] for name, values in asked.items() if name in ("town", "show", "q")}
    return redirect(f"{reverse('grid_list')}?{urlencode(query)}")


@never_cache
@require_GET
@requires(Permission.ARRANGE_GRIDS)
def grid_proposing(request: HttpRequest) -> HttpResponse:
    """/supervision/coverage/proposing?job=12 — a fragment: whether a proposal is under way, and what came of the one that was asked about."""
    job, now = request.GET.get("job", ""), workflow_grids.proposing()
    told: dict[str, Any] = {"proposing": now}
    if now:
        told |= {"waited": now.waited, "mine": now.args.get("user") == request.user.pk}
    elif job.isdecimal() and len(job) < 18:
        told |= {"outcome": workflow_grids.outcome(request.user, int(job)), "failed": workflow_grids.failed(int(job)), "ended": True}
    return render(request, "supervision/_proposing.html", told)


@require_GET
@requires(Permission.SEE_GRIDS)
def needs_of_grid(request: HttpRequest, code: str) -> HttpResponse:
    """A fragment for a grid's page: fields asked for there, whether somebody knows them, and who is nearest."""
    seen = (
        Grid.objects.filter(village__code__startswith=request.user.scope) if request.user.scope else Grid.objects.none()
    )
    grid = get_object_or_404(seen.select_related("village").only("code", "village__code"), code=code)
    found = Coverage(request.user, grid.village.code, timezone.localdate())
    index = next(iter(np.flatnonzero(found.keys == grid.pk).tolist()), None)
    asked = sorted((field, names) for (place, field), names in found.needs.items() if place == grid.pk)
    labels = dict(found.fields())
    needs = [(labels[field], names, (grid.pk, field) in found.met) for field, names in asked]
    return render(
        request,
        "supervision/_grid_needs.html",
        {"line": found.grid_lines([index])[0] if index is not None else None, "needs": needs},
    )


@require_GET
@requires(Permission.SEE_GROUPS)
def group_activities(request: HttpRequest, pk: int) -> HttpResponse:
    """A fragment for a group's page: what its members did together this year, held against the number that rules ask for."""
    group = get_object_or_404(Group.objects.visible_to(request.user).distinct(), pk=pk)
    year = timezone.localdate().year
    members = Deputy.objects.filter(group=group).values("pk")
    visits = Visit.objects.filter(
        state=Visit.State.RECORDED, visited_on__gte=dt.date(year, 1, 1), visited_on__lte=dt.date(year, 12, 31)
    )
    together = visits.annotate(
        ours=Count("participants", filter=Q(participants__deputy__in=members), distinct=True)
    ).filter(ours__gte=TOGETHER)
    shown = list(together.order_by("-visited_on", "-pk").select_related("topic__project")[:20])
    return render(request, "supervision/_group_activities.html", {
        "visits": shown, "count": together.count(), "year": year, "wanted": ACTIVITIES_A_YEAR, "least": TOGETHER,
    })  # fmt: skip
