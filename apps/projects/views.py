"""Pages of key projects: all of them with their sums and map, and one project understood in ten seconds."""

import datetime as dt
import io
import json
from collections.abc import Iterable

from django.contrib.gis.geos import Point
from django.core.paginator import Paginator
from django.db.models import FloatField, Func
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Field
from apps.organisations.models import Organisation
from apps.projects import history, workflow
from apps.projects.listing import ORDERS, TONES, as_kept, asked, described, narrowed
from apps.projects.models import KeyProject, tone_of
from apps.projects.overview import GROUPINGS, sums
from apps.projects.views_nearby import mark_followed
from apps.projects.workbook import write_workbook
from apps.territory.models import AdminArea

PROJECTS_A_PAGE = 30
GROUPS_SHOWN = 60
MONTHS_SHOWN = 6
POINTS_AT_ONCE = 3000  # beyond that the map shows tiles


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_list(request: HttpRequest) -> HttpResponse:
    """/projects/?by=town&town=339901101000&field=transport&tone=late&stage=building&q=公路&lat=…&lon=… — filters stay in the address."""
    wanted, today = asked(request.GET), timezone.localdate()
    rows = narrowed(wanted)
    by = request.GET.get("by") if request.GET.get("by") in GROUPINGS else "level"
    together, groups = sums(rows, by)
    here = _here(request)
    order = rows.nearest(here).values_list("pk", "distance") if here else rows.order_by(*ORDERS.get(wanted["sort"], ORDERS[""])).values_list("pk")
    pages = Paginator(order, PROJECTS_A_PAGE)
    pages.count = together.projects  # the sums have counted them
    page = pages.get_page(request.GET.get("page"))
    page.object_list = _described(page.object_list, today)
    query = request.GET.copy()
    for name in ("page", "by"):
        query.pop(name, None)
    return render(request, "projects/project_list.html", {
        "page_obj": page, "wanted": wanted, "here": here, "query": query.urlencode(),
        "together": together, "groups": [(group, _narrowed_url(query, by, group.value)) for group in groups[:GROUPS_SHOWN]], "more_groups": max(0, len(groups) - GROUPS_SHOWN), "by": by,
        "groupings": [(name, grouping.label) for name, grouping in GROUPINGS.items() if name != "town" or AdminArea.objects.towns().exists()],
        "narrowed": any(value for name, value in wanted.items() if name != "sort"),
        "choices": _choices(wanted), "may_report": allowed(request.user, Permission.REPORT_PROGRESS),
        "map_data": {"url": f"{reverse('project_points')}?{query.urlencode()}", "wanted": {name: wanted[name] for name in ("kind", "tone") if wanted[name]}},
    })  # fmt: skip


def _described(keys: Iterable[tuple], today: dt.date) -> list[KeyProject]:
    """Those of one page, in its order: progress is worked out for them alone, not for all that a later page passes over."""
    keys = list(keys)
    found = described(KeyProject.objects.all(), today).in_bulk([pk for pk, *_ in keys])
    for pk, *away in keys:
        if away and pk in found:
            found[pk].distance = away[0]
    return [found[pk] for pk, *_ in keys if pk in found]


def _narrowed_url(query: QueryDict, by: str, value: str) -> str:
    """The same list with only the projects of one group; empty where the group is of what is not registered."""
    if not value:
        return ""
    narrower = query.copy()
    narrower[GROUPINGS[by].filter], narrower["by"] = value, by
    return f"?{narrower.urlencode()}"


def _choices(wanted: dict[str, str]) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """The filters: name, label, options, which is chosen."""
    units = Organisation.objects.filter(responsible_projects__isnull=False).distinct().order_by("name")
    found = [
        ("town", "乡镇街道", list(AdminArea.objects.towns().values_list("code", "name"))),
        ("field", "领域", [(field.code, field.label) for field in Field.objects.all()]),
        ("level", "级别", KeyProject.Level.choices),
        ("kind", "建设性质", KeyProject.Kind.choices),
        ("stage", "状态", KeyProject.Stage.choices),
        ("tone", "进度", TONES),
        ("unit", "责任单位", [(unit.code, str(unit)) for unit in units]),
    ]
    return [(name, label, options, wanted[name]) for name, label, options in found if options]


def _here(request: HttpRequest) -> Point | None:
    """The place to sort by, when the address names a sensible one."""
    try:
        lon, lat = float(request.GET["lon"]), float(request.GET["lat"])
    except (KeyError, ValueError):
        return None
    return Point(lon, lat, srid=4326) if 73 <= lon <= 136 and 3 <= lat <= 54 else None


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_points(request: HttpRequest) -> JsonResponse:
    """/projects/map.json?… — the sites of all projects of the list, [lon, lat, code, name, tone, percentage points behind plan, stage]; `more` when there are too many."""
    lon, lat = (Func("site", function=axis, output_field=FloatField()) for axis in ("ST_X", "ST_Y"))
    rows = narrowed(asked(request.GET)).order_by("code").values_list(lon, lat, "code", "name", "state_now__tone", "state_now__lag_points", "state_now__stage")
    rows = list(rows[: POINTS_AT_ONCE + 1])
    stages = dict(KeyProject.Stage.choices)
    points = [
        [round(x, 6), round(y, 6), code, name, tone or "neutral", lag if lag is None else round(lag, 1), stages.get(stage, "")]
        for x, y, code, name, tone, lag, stage in rows[:POINTS_AT_ONCE]
    ]
    return JsonResponse({"points": points, "more": len(rows) > POINTS_AT_ONCE}, headers={"Cache-Control": "private, no-store"})


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_export(request: HttpRequest) -> HttpResponse:
    """/projects/export.xlsx?… — the same list as a workbook, with its sums."""
    wanted, today = asked(request.GET), timezone.localdate()
    rows = narrowed(wanted)
    by = request.GET.get("by") if request.GET.get("by") in GROUPINGS else "level"
    buffer = io.BytesIO()
    write_workbook(buffer, as_kept(rows, today).select_related("owner").order_by(*ORDERS.get(wanted["sort"], ORDERS[""])), GROUPINGS[by].label, *sums(rows, by), today)
    response = HttpResponse(buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"重点项目{today:%Y%m%d}.xlsx")
    return response


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_detail(request: HttpRequest, code: str) -> HttpResponse:
    """/projects/ZD-014/ — one line of state, S-curve and money, subprojects as bars with plan marks, reports by month, place."""
    today = timezone.localdate()
    project = get_object_or_404(
        described(KeyProject.objects.all(), today).select_related("town", "field", "owner", "responsible").prefetch_related("contractors").defer(None).defer("geom_3857", "town__geom", "town__geom_3857"), code=code
    )
    mark_followed(request.user, [project])
    parts = list(project.subprojects.prefetch_related("reports", "plan_points"))
    for part in parts:
        part.actual, part.plan_percent = part.done(project.as_of), part.planned(project.as_of)
        part.tone = tone_of(part.plan_percent - part.actual)
        part.last_note = next((report.note for report in reversed(part.reports.all()) if report.note), "")
    curve = project.curve(today)
    months = history.months(project, curve)
    spent = [[f"{one.month:%Y-%m}", float(one.spent)] for one in reversed(months) if one.spent is not None]
    return render(request, "projects/project_detail.html", {
        "project": project, "parts": parts, "months": months, "newest": months[:MONTHS_SHOWN], "older": months[MONTHS_SHOWN:], "events": history.events(project), "seen": workflow.last_event(project),
        "photos": [link for one in months if one.report for link in one.report.photos.all()][:12],
        "curve_rows": list(zip(curve["months"], curve["plan"], curve["actual"], strict=True)), "spent": spent,
        "money": _money(project),
        "may_report": allowed(request.user, Permission.REPORT_PROGRESS) and KeyProject.objects.reportable_by(request.user).filter(pk=project.pk).exists(),
        "may_plan": allowed(request.user, Permission.PLAN_PROJECTS),
        "visits_url": _url("topic_visits", project.code),
        "around_url": _url("around", project.code) if allowed(request.user, Permission.SEE_INSIGHT) and _in_scope(request.user, project) else "",
        "project_data": {
            "shape": {"type": "Feature", "geometry": json.loads(project.geom.geojson), "properties": {"id": project.code, "name": project.name}},
            "tone": project.tone, "name": project.name, "curve": curve, "spent": spent,
        },
    })  # fmt: skip


def _money(project: KeyProject) -> dict | None:
    """The year's money against the calendar, in percent and percentage points; None when nothing is reported."""
    if not project.money_month:
        return None
    rate = float(100 * project.invested_year / project.investment_year) if project.investment_year and project.invested_year is not None else None
    pace = 100 * project.money_month.month / 12
    return {
        "rate": rate, "pace": pace, "ahead": None if rate is None else rate - pace, "behind": None if rate is None else pace - rate,
        "tone": tone_of(None if rate is None else pace - rate),
        "whole": float(100 * project.invested / project.investment_total) if project.investment_total and project.invested is not None else None,
    }  # fmt: skip


def _in_scope(user: User, project: KeyProject) -> bool:
    """Whether a page of the user's own places tells of it; what lies in no town is the county's."""
    return user.role in (Role.COUNTY_OFFICE, Role.LEADER) or bool(project.town and user.reaches(project.town.code))


def _url(name: str, code: str) -> str:
    """Another room's fragment on this page; empty where that room is not served."""
    try:
        return reverse(name, args=[code])
    except NoReverseMatch:
        return ""
