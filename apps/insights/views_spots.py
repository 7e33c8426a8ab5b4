"""Hot spots: the places that matter most as cards, one place with what lies behind it, what is done about it, and all of it as data."""

import datetime as dt
import json
from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.cases.forms import PlainText
from apps.cases.models import OPEN_STATES, Case
from apps.cases.taxonomy import Category
from apps.cases.workflow_oversight import Body
from apps.insights import spots_behind, workflow_spots
from apps.insights.filters import named_region
from apps.insights.finding_spots import centre_of
from apps.insights.ground import BLOCKS
from apps.insights.spots import HotSpot, HotSpotRun
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.territory.county_lattice import county_lattice
from apps.territory.models import AdminArea

CARDS = 10
UNITS = 3
MOST_TO_OVERSEE = 100
STATES = {**{state.value: state.label for state in HotSpot.State}, "cold": "偏少"}
ROWS = ("category", "town", "village", "topic")
SHAPES = ("shape", "cells", "town__geom", "town__geom_3857", "village__geom", "village__geom_3857")
LONGEST = "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简后再提交。"
WORDS = {"find": "发现", "change": "状态变化", "oversee": "列为督办", "draft": "起草监督议题"}


class OverseeForm(forms.Form):
    """What a decision to oversee needs; `cases` offers the open ones behind the spot."""

    cases = forms.MultipleChoiceField(label="督办哪些民情件", error_messages={"required": "请选要督办的民情件。", "invalid_choice": "有一件已经不在办理中，请刷新页面后重新选。"})
    body = forms.ChoiceField(label="由谁决定", choices=[("", "请选择"), *Body.choices], widget=forms.Select(attrs={"class": "form-select"}), error_messages={"required": "请选是哪个机构决定督办的。", "invalid_choice": "请选是哪个机构决定督办的。"})
    decided_on = forms.DateField(label="决定日期", widget=forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d"), error_messages={"required": "请填决定日期。", "invalid": "日期请写成 2026-03-10 这样。"})
    words = PlainText(label="督办意见", max_length=250, widget=forms.Textarea(attrs={"class": "form-control", "rows": 4}), error_messages={"required": "请写明督办意见。", "max_length": LONGEST})

    def __init__(self, data, cases: Iterable[Case], **options) -> None:
        super().__init__(data, **options)
        self.fields["cases"].choices = [(case.code, case.code) for case in cases]


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def hot_spot_list(request: HttpRequest) -> HttpResponse:
    """/insight/hot-spots/?category=&state=&town=&page= — ten cards a page, what matters most first; without a state those that stand."""
    asked = {name: request.GET.get(name, "").strip()[:30] for name in ("category", "state", "town")}
    rows = _narrowed(HotSpot.objects.visible_to(request.user), asked).select_related(*ROWS).defer(*SHAPES).pressing()
    page = Paginator(rows, CARDS).get_page(request.GET.get("page"))
    _fill(page, request)
    return render(request, "insights/spots/spot_list.html", {
        "page_obj": page, "asked": asked, "run": HotSpotRun.objects.defer("cells").latest(), "running": HotSpotRun.objects.defer("cells").filter(state=HotSpotRun.State.RUNNING).first(),
        "categories": Category.objects.filter(level=1).values_list("code", "label"), "states": HotSpot.State.choices,
        "towns": AdminArea.objects.visible_to(request.user).towns().values_list("code", "name"), "narrowed": any(asked.values()),
        "may_oversee": allowed(request.user, Permission.OVERSEE_CASES), "may_draft": allowed(request.user, Permission.PROPOSE_TOPICS),
    })  # fmt: skip


def _narrowed(rows, asked: dict[str, str]):
    """What is not known narrows nothing."""
    rows = rows.filter(state=asked["state"]) if asked["state"] in HotSpot.State.values else rows.standing()
    if asked["category"] == "all":
        rows = rows.filter(category=None)
    elif asked["category"]:
        known = Category.objects.filter(level=1, code=asked["category"]).first()
        rows = rows.filter(category=known) if known else rows
    return rows.filter(towns__code=asked["town"]) if asked["town"].isdecimal() else rows


def _fill(page: Page, request: HttpRequest) -> None:
    """Each spot with its rank, what lies behind it, who holds that, and what is near by already; a few queries for all of them."""
    spots = list(page.object_list)
    behind, linked = spots_behind.standing(spots, request.user), spots_behind.linked(spots, request.user)
    units = Organisation.objects.in_bulk([unit for one in behind.values() for unit, *_ in one.units[:UNITS] if unit])
    for rank, spot in enumerate(spots, page.start_index() if spots else 1):
        spot.rank, spot.behind, spot.linked = rank, behind[spot.pk], linked[spot.pk]
        spot.holders = held_by(spot.behind, units)
    page.object_list = spots


def held_by(behind: spots_behind.Behind, units: dict[int, Organisation]) -> list[tuple[str, int, int]]:
    """(who, open, late): the units that hold most of what is open, then the rest together."""
    named = [(str(units[unit]), still_open, late) for unit, still_open, late in behind.units if unit in units][:UNITS]
    rest_open, rest_late = behind.open - sum(each[1] for each in named), behind.late - sum(each[2] for each in named)
    return [*named, *([("其他单位或尚未交办" if named else "尚未交办承办单位", rest_open, rest_late)] if rest_open else [])]


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def hot_spot(request: HttpRequest, pk: int) -> HttpResponse:
    """/insight/hot-spots/3/?page= — where, since when, the twelve periods, what lies behind it, and what can be done."""
    spot = get_object_or_404(HotSpot.objects.visible_to(request.user).select_related(*ROWS).defer(*SHAPES[2:]), pk=pk)
    cases = _to_oversee(spot, request)
    form = OverseeForm(None, cases, initial={"cases": [case.code for case in cases], "decided_on": timezone.localdate()})
    return _page(request, spot, form, cases)


def _page(request: HttpRequest, spot: HotSpot, form: OverseeForm, cases: list[Case], status: int = 200) -> HttpResponse:
    number = request.GET.get("page", "")
    rows, total = spots_behind.page_behind(spot, request.user, int(number) if number.isdecimal() and len(number) < 7 else 1)
    paginator = Paginator(range(total), spots_behind.A_PAGE)
    page = paginator.get_page(number)
    page.object_list = rows
    behind = spots_behind.standing([spot], request.user)[spot.pk]
    may_oversee = allowed(request.user, Permission.OVERSEE_CASES)
    outline = {"type": "Feature", "geometry": json.loads(spot.shape.geojson), "properties": {"name": spot.title}}
    return render(request, "insights/spots/spot.html", {
        "spot": spot, "page_obj": page, "behind": behind, "linked": spots_behind.linked([spot], request.user)[spot.pk],
        "holders": held_by(behind, Organisation.objects.in_bulk([unit for unit, *_ in behind.units[:UNITS] if unit])),
        "events": [(WORDS.get(event.verb, event.verb), _told(event), event) for event in spot.events.select_related("actor").order_by("-pk")[:20]],
        "cases": cases, "form": form, "chosen": form["cases"].value() or [], "may_oversee": may_oversee, "may_draft": allowed(request.user, Permission.PROPOSE_TOPICS),
        "project_data": {"shape": outline, "name": spot.title, "tone": "late"},
    }, status=status)  # fmt: skip


def _told(event) -> str:
    """What an event says besides its verb."""
    if event.verb == "change":
        return f"{STATES.get(event.data.get('was'), '')} → {STATES.get(event.data.get('state'), '')}"
    if event.verb == "oversee":
        return f"{event.data.get('body', '')}决定督办 {len(event.data.get('cases', []))} 件：{event.note}"
    return event.data.get("code", "") if event.verb == "draft" else STATES.get(event.data.get("state"), "")


def _to_oversee(spot: HotSpot, request: HttpRequest) -> list[Case]:
    """The open cases behind it, those that are late first."""
    if not allowed(request.user, Permission.OVERSEE_CASES):
        return []
    keys = spots_behind.cases_of(spot, request.user)
    rows = Case.objects.visible_to(request.user).filter(pk__in=keys, state__in=OPEN_STATES).select_related("town", "organisation", "category", "deputy")
    return list(rows.defer("town__geom", "town__geom_3857", "organisation__point", "deputy__workplace", "point_3857").order_by("due_on", "pk")[:MOST_TO_OVERSEE])


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.OVERSEE_CASES)
def hot_spot_oversee(request: HttpRequest, pk: int) -> HttpResponse:
    """列为督办. What was refused is said at its field, and what was typed stays; from there pages of the list lead back."""
    if request.method == "GET":
        return redirect(f"{reverse('hot_spot', args=[pk])}?{request.GET.urlencode()}")
    spot = get_object_or_404(HotSpot.objects.visible_to(request.user).select_related(*ROWS).defer(*SHAPES[2:]), pk=pk)
    cases = _to_oversee(spot, request)
    form = OverseeForm(request.POST, cases)
    if form.is_valid():
        said = form.cleaned_data
        try:
            done, stood = workflow_spots.oversee_spot(pk, request.user, said["cases"], said["body"], said["decided_on"], said["words"])
            messages.success(request, f"已对 {len(done)} 件登记督办" + (f"；另有 {len(stood)} 件此前已经督办或已答复" if stood else "") + "。办理人和代表会收到通知。")
            return redirect("hot_spot", pk)
        except MoveRefused as refusal:
            form.add_error({"note": "words"}.get(refusal.field, refusal.field) if refusal.field in ("cases", "body", "decided_on", "note") else None, str(refusal))
    return _page(request, spot, form, cases, status=422)


@never_cache
@require_POST
@requires(Permission.PROPOSE_TOPICS)
def hot_spot_topic(request: HttpRequest, pk: int) -> HttpResponse:
    """作为监督议题: leads to the draft, new or the one that stands already."""
    get_object_or_404(HotSpot.objects.visible_to(request.user), pk=pk)
    try:
        topic, new = workflow_spots.make_topic(pk, request.user)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("hot_spot", pk)
    made = "已起草监督议题。核对地点、责任单位和内容，再纳入监督。" if allowed(request.user, Permission.DRAFT_SUPERVISION) else "已提出监督议题，工委收到通知，核对后纳入监督。"
    messages.success(request, made if new else "这个热点已经起草过监督议题，没有再起草一份。")
    return redirect("topic_detail", topic.pk)


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def hot_spot_data(request: HttpRequest) -> JsonResponse:
    """/insight/hot-spots.json?category=&region= — as `apps.insights.spots` says."""
    region, place = named_region(request.GET.get("region", ""))
    run, lattice = HotSpotRun.objects.latest(), county_lattice()
    category = Category.objects.filter(level=1, code=request.GET.get("category", "")[:30]).first()
    rows = HotSpot.objects.visible_to(request.user).standing().filter(category=category).within(region).select_related(*ROWS).defer(*SHAPES).pressing()
    answer = {
        "day": run.day.isoformat() if run else None, "days": run.days if run else 0, "metres": 0, "category": category.code if category else "", "caption": "",
        "cells": _collection([]), "spots": _collection(_spot(spot) for spot in rows[:200]),
    }  # fmt: skip
    if run and lattice:
        coarse = lattice.coarser(BLOCKS)
        first = run.day - dt.timedelta(days=run.days - 1)
        about = f"{f'{place}；' if place else ''}{category.label if category else '各类诉求'}"
        answer |= {
            "metres": round(coarse.metres), "caption": f"{first:%Y年%-m月%-d日}—{run.day:%Y年%-m月%-d日}；{about}；与全县同样多的居民相比，错误发现率不超过 5%",
            "cells": _collection(_cells(run.cells.get(answer["category"], []), coarse, request.user, region)),
        }  # fmt: skip
    return JsonResponse(answer)


def _cells(rows: list[list], lattice, user, region: str) -> Iterable[dict]:
    """Squares, of those whose centre the user's scope and the region hold."""
    if not rows:
        return
    wholly = len(region) <= 6 and AdminArea.objects.visible_to(user).filter(level=AdminArea.Level.COUNTY).exists()
    seen = None if wholly else _covered(rows, lattice, user, region)
    for place, (col, row, state, count, expected, z, q) in enumerate(rows):
        if seen is None or seen[place]:
            ring = [[round(x, 6), round(y, 6)] for x, y in lattice.outline(col, row)[0].tolist()]
            told = {"state": state, "label": STATES[state], "hot": state != "cold", "count": count, "expected": expected, "z": z, "q": q}
            yield {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": told}


def _covered(rows: list[list], lattice, user, region: str) -> list[bool]:
    areas = AdminArea.objects.visible_to(user).towns().filter(geom__isnull=False, code__startswith=region[:9])
    shapes = [area.geom.prepared for area in areas]
    points = [centre_of(lattice, (row[0], row[1])) for row in rows]
    return [any(shape.covers(point) for shape in shapes) for point in points]


def _spot(spot: HotSpot) -> dict:
    told = {
        "id": spot.pk, "name": spot.name, "category": spot.category.label if spot.category else "", "state": spot.state, "label": spot.get_state_display(),
        "words": spot.reason, "since": spot.since.isoformat(), "count": spot.count, "expected": round(spot.expected, 1), "months": spot.months, "url": spot.url,
    }  # fmt: skip
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [round(spot.point.x, 6), round(spot.point.y, 6)]}, "properties": told}


def _collection(features: Iterable[dict]) -> dict:
    return {"type": "FeatureCollection", "features": list(features)}
