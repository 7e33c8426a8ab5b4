"""Nearby calls: who is near and free, asked in one step; and the calls that were made."""

from dataclasses import replace

from django.contrib import messages
from django.contrib.gis.geos import Point
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Deputy, Field
from apps.projects.whence import Whence, whence
from apps.record.states import MoveRefused
from apps.supervision.calls import NearbyCall
from apps.supervision.emergency import nearest_free
from apps.supervision.workflow_calls import MOST, call
from apps.territory.models import AdminArea


@require_http_methods(["GET", "POST"])
@requires(Permission.DRAFT_SUPERVISION)
def call_new(request: HttpRequest) -> HttpResponse:
    """/supervision/calls/new/?lat=&lon= or ?q=address — the nearest who have room; sent, they are told."""
    given = request.POST if request.method == "POST" else request.GET
    origin = _inside(whence(given, None))
    asked = {"deputies": [int(pk) for pk in given.getlist("deputy") if pk.isdecimal() and len(pk) < 18], "text": given.get("text", "")[:300]}
    refused = ""
    if request.method == "POST" and origin.places:
        try:
            made, untold = call(request.user, _place(origin), Point(*origin.places[0], srid=4326), asked["text"], asked["deputies"])
            messages.success(request, f"已通知 {made.deputies.count() - len(untold)} 位代表。")
            if untold:
                messages.warning(request, f"{'、'.join(map(str, untold))}没有账号，请打电话。")
            return redirect("call_detail", made.pk)
        except MoveRefused as refusal:
            refused = str(refusal)
    return render(request, "supervision/calls/call_new.html", {
        "origin": origin, "asked": asked, "refused": refused, "place": _place(origin), "field": given.get("field", ""),
        "fields": Field.objects.values_list("code", "label"), "near": _near(request, origin, given.get("field", "")),
        "nearby_data": {"places": origin.marks, "here": _here(origin)},
    }, status=422 if refused else 200)  # fmt: skip


def _inside(origin: Whence) -> Whence:
    """Nobody is asked to come to a place outside the county."""
    county = AdminArea.objects.county()
    if not origin.places or county is None or county.geom is None or county.geom.covers(Point(*origin.places[0], srid=4326)):
        return origin
    return replace(origin, places=(), problem="这个地点不在本县范围内，请在地图上重新点一下。")


def _place(origin: Whence) -> str:
    return origin.address or ("地图上的位置" if origin.places else "")


def _here(origin: Whence) -> dict | None:
    return {"lon": origin.places[0][0], "lat": origin.places[0][1], "accuracy": origin.accuracy} if origin.places else None


def _near(request: HttpRequest, origin: Whence, field: str) -> list[dict]:
    """The nearest free deputies with what speaks for them, and how to ring them."""
    if not origin.places:
        return []
    lon, lat = origin.places[0]
    found = nearest_free(lon, lat, MOST, field=field or None, homes=allowed(request.user, Permission.SEE_HOMES))
    phones = dict(Deputy.objects.filter(pk__in=[deputy.pk for deputy, _ in found]).values_list("pk", "contact__phone"))
    return [{"deputy": deputy, "words": words, "phone": phones.get(deputy.pk) or ""} for deputy, words in found]


@require_GET
@requires(Permission.SEE_SUPERVISION)
def call_list(request: HttpRequest) -> HttpResponse:
    """/supervision/calls/ — the calls that were made, newest first."""
    calls = NearbyCall.objects.visible_to(request.user).select_related("by").prefetch_related("deputies")
    return render(request, "supervision/calls/call_list.html", {
        "page_obj": Paginator(calls, 20).get_page(request.GET.get("page")), "may_call": allowed(request.user, Permission.DRAFT_SUPERVISION),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_SUPERVISION)
def call_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/calls/3/ — what is asked, where it is, of whom."""
    made = get_object_or_404(NearbyCall.objects.visible_to(request.user).select_related("by").prefetch_related("deputies"), pk=pk)
    mark = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [made.point.x, made.point.y]}, "properties": {"name": made.place}}
    return render(request, "supervision/calls/call_detail.html", {"call": made, "project_data": {"shape": mark, "name": made.place, "tone": "late"}})
