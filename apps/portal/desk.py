"""/desk/ — where a person lands after signing in: a deputy on his desk, everyone else on the list his work begins with."""

import datetime as dt

from django.contrib.gis.geos import Point
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.cases.models import Case
from apps.deputies.models import Deputy
from apps.projects.models import KeyProject
from apps.projects.views import as_points
from apps.supervision.models import AssignmentRun
from apps.worktime.due import dues

NEAREST = 12


@require_GET
@requires(Permission.SEE_CASES)
def desk(request: HttpRequest) -> HttpResponse:
    if request.user.role == Role.LEADER:
        return redirect("cockpit")
    if request.user.role != Role.DEPUTY:
        return redirect("case_list")
    deputy = Deputy.objects.filter(user=request.user).select_related("home", "station", "organisation", "residence_village").first()
    if deputy is None:
        return render(request, "portal/desk_unlinked.html", status=200)
    return _deputy_desk(request, deputy)


def _deputy_desk(request: HttpRequest, deputy: Deputy) -> HttpResponse:
    """Three numbers that lead to lists, then the nearest projects and those assigned, list and map in step."""
    today = timezone.localdate()
    waiting = Case.objects.filter(deputy=deputy, state=Case.State.WITH_DEPUTY)
    run = AssignmentRun.objects.in_force()
    assigned = _listed(deputy, today).filter(topic__teams__run=run, topic__teams__members__deputy=deputy).distinct() if run else []
    show = "assigned" if request.GET.get("show") == "assigned" else "near"
    first = list(waiting.order_by("due_on", "pk").select_related("category", "village").defer("village__geom", "village__geom_3857")[:5])
    seen = dues([case.due_on for case in first], today)
    for case in first:
        case.due = seen.get(case.due_on)
    projects = list(assigned) if show == "assigned" else list(_listed(deputy, today)[:NEAREST])
    return render(request, "portal/desk_deputy.html", {
        "deputy": deputy,
        "show": show,
        "waiting": first,
        "waiting_count": waiting.count(),
        "soon_count": waiting.due_soon(today).count(),
        "late_count": waiting.overdue(today).count(),
        "assigned_count": len(assigned),
        "projects": projects,
        "anchored": bool(_anchors(deputy)),
        "map_data": {"projects": as_points(projects), "places": _places(deputy)},
    })


def _anchors(deputy: Deputy) -> list[Point]:
    home = getattr(deputy, "home", None)
    return [point for point in (home and home.point, deputy.workplace) if point]


def _listed(deputy: Deputy, today: dt.date):
    """Projects with progress, nearest to home or work first; by code when neither is known."""
    rows = KeyProject.objects.with_progress(today).select_related("town", "field").defer("geom", "geom_3857", "town__geom", "town__geom_3857")
    anchors = _anchors(deputy)
    return rows.nearest(*anchors) if anchors else rows


def _places(deputy: Deputy) -> dict:
    """The deputy's own home and work, and his station: on his own desk only."""
    home = getattr(deputy, "home", None)
    points = [("home", "我的居住地", home and home.point), ("work", str(deputy.organisation or "我的工作地"), deputy.workplace),
              ("station", str(deputy.station or ""), deputy.station and deputy.station.point)]
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [point.x, point.y]}, "properties": {"kind": kind, "name": name}}
        for kind, name, point in points if point
    ]}
