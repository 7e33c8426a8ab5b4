"""The deputy's map: projects near home, work, an address or where one stands; and the projects that one follows."""

import io
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.deputies.models import Deputy, Field
from apps.projects.following import Follow
from apps.projects.listing import TONES
from apps.projects.models import KeyProject
from apps.projects.nearby import FILTERS, ORDERS, Search
from apps.projects.whence import Whence, whence
from apps.projects.workbook import write_nearby
from apps.record.site import way_back

ASKED = ("from", "lat", "lon", "accuracy", "datum", "q", "doorplate")  # what of the question a filter leaves as it is
EXPORTED = 2_000  # rows: a list of what is near needs no more
FAR = 50_000.0  # metres: who is farther from the nearest project is not in the county


@require_GET
@vary_on_headers("HX-Request")
@requires(Permission.SEE_PROJECTS)
def nearby(request: HttpRequest) -> HttpResponse:
    """/projects/nearby/?from=both|home|work|here|address&lat=…&lon=…&accuracy=…&datum=…&q=…&kind=&field=&tone=&level=&box=w,s,e,n&sort=late"""
    deputy = deputy_of(request.user)
    origin = whence(request.GET, deputy)
    search, wanted = _search(request, origin)
    page, order, box = search.page(request.GET.get("page")), search.order, search.box
    mark_followed(request.user, page.object_list)
    context = {
        "page_obj": page, "origin": origin, "wanted": wanted, "order": order, "box": request.GET.get("box", "") if box else "",
        "far": bool(origin.places) and order == "near" and not box and page.number == 1 and any(p.distance and p.distance.m > FAR for p in page.object_list[:1]),
        "filtered": any(wanted.values()) or bool(box),
    }  # fmt: skip
    context["query"] = "&".join(f"{name}={quote(value)}" for name, value in request.GET.items() if value and name != "page")
    if request.headers.get("HX-Request"):
        return render(request, "projects/_nearby_results.html", context)
    return render(request, "projects/nearby.html", context | {
        "deputy": deputy,
        "choices": _choices(wanted),
        "origins": _origins(request, origin, deputy),
        "shifted": _shifted(request, origin),
        "asked": [(name, value) for name in ASKED if (value := request.GET.get(name, ""))],
        "nearby_data": _map_data(origin),
    })


@require_GET
@requires(Permission.SEE_PROJECTS)
def nearby_export(request: HttpRequest) -> HttpResponse:
    """/projects/nearby/list.xlsx?… — the same list as a workbook, the first of it."""
    origin = whence(request.GET, deputy_of(request.user))
    search, _ = _search(request, origin)
    buffer, today = io.BytesIO(), timezone.localdate()
    write_nearby(buffer, search.first(EXPORTED), origin.words, today)
    response = HttpResponse(buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"附近重点项目{today:%Y%m%d}.xlsx")
    return response


def _search(request: HttpRequest, origin: Whence) -> tuple[Search, dict[str, str]]:
    wanted = {name: request.GET.get(name, "").strip()[:20] for name in FILTERS}
    order = request.GET.get("sort") if request.GET.get("sort") in ORDERS else ORDERS[0]
    box = _box(request.GET.get("box", ""))
    return Search(origin.places, {name: value for name, value in wanted.items() if value}, box, order=order), wanted


@require_GET
@requires(Permission.SEE_PROJECTS)
def following(request: HttpRequest) -> HttpResponse:
    """/projects/following/ — the projects one follows, those farthest behind first."""
    keys = frozenset(Follow.objects.of(request.user).values_list("project", flat=True))
    deputy = deputy_of(request.user)
    origin = whence({}, deputy)
    page = Search(origin.places, {}, only=keys, order="late").page(request.GET.get("page"))
    mark_followed(request.user, page.object_list)
    return render(request, "projects/following.html", {"page_obj": page, "origin": origin, "order": "late", "nearby_data": _map_data(origin)})


@require_POST
@requires(Permission.SEE_PROJECTS)
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Follow a project, or not (`want=off`); twice is once. Answers with the button, or leads back to where it was pressed."""
    project = get_object_or_404(KeyProject.objects.only("pk", "code", "name"), code=code)
    wants = request.POST.get("want") != "off"
    if wants:
        Follow.objects.get_or_create(user=request.user, project=project)
    else:
        Follow.objects.filter(user=request.user, project=project).delete()
    if request.headers.get("HX-Request"):
        project.followed = wants
        return render(request, "projects/_follow.html", {"project": project})
    messages.success(request, f"已关注{project.name}，进度有变化或落后时会通知您。" if wants else f"不再关注{project.name}。")
    return redirect(way_back(request) or reverse("project_detail", args=[project.code]))


def deputy_of(user) -> Deputy | None:
    """Whose home and work may be measured from: the person's own, when he is a deputy."""
    if user.role != Role.DEPUTY:
        return None
    return Deputy.objects.filter(user=user).select_related("home", "station", "organisation", "residence_village").defer(
        "residence_village__geom", "residence_village__geom_3857"
    ).first()  # fmt: skip


def mark_followed(user, projects: list[KeyProject]) -> None:
    """Set `followed` on each of the projects."""
    keys = set(Follow.objects.of(user).filter(project__in=projects).values_list("project", flat=True)) if projects else set()
    for project in projects:
        project.followed = project.pk in keys


def _choices(wanted: dict[str, str]) -> list[tuple[str, str, list[tuple[str, str, bool]]]]:
    """The filters: name, label, and their options with whether they are chosen."""
    fields = [(field.code, field.label) for field in Field.objects.all()]
    offered = [
        ("tone", "进度", TONES), ("stage", "阶段", KeyProject.Stage.choices), ("field", "领域", fields), ("kind", "建设性质", KeyProject.Kind.choices),
        ("level", "级别", KeyProject.Level.choices),
    ]  # fmt: skip
    return [(name, label, [(value, words, value == wanted[name]) for value, words in options]) for name, label, options in offered]


def _map_data(origin: Whence) -> dict:
    at = origin.places[0] if origin.kind == "here" else None
    return {"places": origin.marks, "here": {"lon": at[0], "lat": at[1], "accuracy": origin.accuracy} if at else None}


def _origins(request: HttpRequest, origin: Whence, deputy: Deputy | None) -> list[dict]:
    """Where it can be measured from: only what there is."""
    kept = {name: value for name in (*FILTERS, "sort") if (value := request.GET.get(name, ""))}
    has_home, has_work = deputy is not None and hasattr(deputy, "home"), deputy is not None and deputy.workplace is not None
    offered = [("both", "住地和工作地", has_home and has_work), ("home", "住地", has_home), ("work", "工作地", has_work)]
    return [
        {"label": label, "url": f"?{urlencode({**kept, 'from': name})}", "current": origin.kind == name} for name, label, there in offered if there
    ]  # fmt: skip


def _shifted(request: HttpRequest, origin: Whence) -> list[dict]:
    """For a position from the device: the same with the shift of web maps undone, as some browsers give it."""
    given = {name: value for name, value in request.GET.items() if name not in ("datum", "page")}
    return [{"label": label, "url": f"?{urlencode({**given, 'datum': datum})}"} for datum, label in origin.shifts]


def _box(text: str) -> tuple[float, float, float, float] | None:
    """west,south,east,north in degrees; None for anything else."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    sound = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if sound else None
