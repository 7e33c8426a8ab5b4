"""Pages of key projects: list and map in step, and a project with each subproject's progress against plan."""

import json

from django.contrib.gis.geos import Point
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.deputies.models import Field
from apps.projects.models import KeyProject, tone_of
from apps.territory.models import AdminArea

PROJECTS_A_PAGE = 30
ORDERS = {
    "": (F("lag_points").desc(nulls_last=True), "code"),
    "investment": (F("investment_total").desc(nulls_last=True), "code"),
    "ends": ("ends", "code"),
    "code": ("code",),
}


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_list(request: HttpRequest) -> HttpResponse:
    """/projects/?town=339901101000&field=transport&tone=late&q=公路&lat=…&lon=… — filters stay in the address."""
    wanted = {name: request.GET.get(name, "").strip()[:80] for name in ("town", "field", "tone", "level", "q", "sort")}
    rows = KeyProject.objects.with_progress(timezone.localdate()).select_related("town", "field", "responsible").defer("geom", "geom_3857", "town__geom", "town__geom_3857")
    if wanted["town"].isdigit():
        rows = rows.filter(town__code=wanted["town"])
    if wanted["field"]:
        rows = rows.filter(field__code=wanted["field"])
    if wanted["level"]:
        rows = rows.filter(level=wanted["level"])
    if wanted["q"]:
        rows = rows.filter(name__icontains=wanted["q"])
    if wanted["tone"] in ("good", "due", "late"):
        rows = rows.in_tone(wanted["tone"])
    here = _here(request)
    rows = rows.nearest(here) if here else rows.order_by(*ORDERS.get(wanted["sort"], ORDERS[""]))
    page = Paginator(rows, PROJECTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "projects/project_list.html", {
        "page_obj": page,
        "wanted": wanted,
        "here": here,
        "towns": AdminArea.objects.towns().only("code", "name"),
        "fields": Field.objects.all(),
        "levels": KeyProject.Level.choices,
        "map_data": {"projects": as_points(page), "places": {"type": "FeatureCollection", "features": []}},
    })


def _here(request: HttpRequest) -> Point | None:
    """The place to sort by, when the address names a sensible one."""
    try:
        lon, lat = float(request.GET["lon"]), float(request.GET["lat"])
    except (KeyError, ValueError):
        return None
    return Point(lon, lat, srid=4326) if 73 <= lon <= 136 and 3 <= lat <= 54 else None


def as_points(projects) -> dict:
    """GeoJSON of the projects' sites for the map beside a list."""
    return {"type": "FeatureCollection", "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [project.site.x, project.site.y]},
            "properties": {"id": project.code, "name": project.name, "tone": project.tone, "url": f"/projects/{project.code}/", "note": project.standing},
        }
        for project in projects
    ]}


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_detail(request: HttpRequest, code: str) -> HttpResponse:
    """/projects/ZD-014/ — one line of state, S-curve, subprojects as bars with plan marks, monthly reports, place."""
    today = timezone.localdate()
    project = get_object_or_404(
        KeyProject.objects.with_progress(today).select_related("town", "field", "owner", "responsible").prefetch_related("contractors"), code=code
    )
    parts = list(project.subprojects.prefetch_related("reports"))
    for part in parts:
        part.actual, part.plan_percent = part.done(project.as_of), part.planned(project.as_of)
        part.tone = tone_of(part.plan_percent - part.actual)
        part.last_note = next((report.note for report in reversed(part.reports.all()) if report.note), "")
    invested = sum(report.invested for report in (max(part.reports.all(), key=lambda r: r.month, default=None) for part in parts) if report and report.invested)
    curve = project.curve(today)
    return render(request, "projects/project_detail.html", {
        "project": project,
        "parts": parts,
        "invested": invested,
        "invested_percent": round(100 * float(invested) / float(project.investment_total)) if project.investment_total else None,
        "curve_rows": list(zip(curve["months"], curve["plan"], curve["actual"], strict=True)),
        "project_data": {
            "shape": {"type": "Feature", "geometry": json.loads(project.geom.geojson), "properties": {"id": project.code, "name": project.name}},
            "tone": project.tone, "name": project.name, "curve": curve,
        },
    })

