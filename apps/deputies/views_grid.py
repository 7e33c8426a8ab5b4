"""The office's pages of the deputy grid: map and roster by village, one grid, the workbook to sign; a deputy's own grids."""

import io
import re
from collections import defaultdict
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.gis.db.models import Extent
from django.core.paginator import Paginator
from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.deputies import workflow_grid
from apps.deputies.grid import GridMember, GridMemberEvent, area_prefix
from apps.deputies.grid_roster import write_roster
from apps.deputies.models import Deputy, Field
from apps.deputies.profiles import profiles
from apps.deputies.views import outline
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea, Grid

VILLAGES_A_PAGE = 6
GRIDS_A_PAGE = 40
MOST_AT_ONCE = 2000
EVENTS_SHOWN = 30
CANDIDATES = 8
NO_SHAPE = ("geom", "geom_3857")
SHOWS = {"": "全部", "waiting": "有待确认的", "none": "还没有代表的"}
VERBS = {
    "propose": "按资料推荐", "confirm": "确认", "decline": "列为不采用", "add": "人工添加", "end": "结束", "rebase": "依据改变", "doubt": "与资料不再相符",
    "fit": "与资料相符", "import": "导入",
}  # fmt: skip


@never_cache
@require_GET
@requires(Permission.SEE_GRIDS)
def grid_list(request: HttpRequest) -> HttpResponse:
    """/grids/?town=&show=waiting|none&q= — the villages in scope, each with its grids and their deputies; the map beside."""
    return _list(request, _wanted(request.GET))


def _wanted(asked) -> dict[str, str]:
    return {name: asked.get(name, "").strip()[:40].replace("\x00", "") for name in ("town", "show", "q", "page")}


def _villages(user, wanted: dict[str, str]) -> QuerySet[AdminArea]:
    """Villages with grids that fit the filter."""
    rows = (
        AdminArea.objects.filter(level=AdminArea.Level.VILLAGE)
        .visible_to(user)
        .select_related("parent")
        .defer(*NO_SHAPE, "parent__geom", "parent__geom_3857")
    )
    if wanted["town"].isdigit():
        rows = rows.filter(code__startswith=area_prefix(wanted["town"].ljust(12, "0")))
    grids = Grid.objects.filter(village=OuterRef("pk"))
    members = GridMember.objects.open().filter(grid__village=OuterRef("pk"))
    rows = rows.filter(Exists(grids))
    if wanted["show"] == "waiting":
        rows = rows.filter(Exists(members.waiting()))
    elif wanted["show"] == "none":
        rows = rows.filter(Exists(grids.exclude(pk__in=GridMember.objects.confirmed().values("grid"))))
    if wanted["q"]:  # each list by itself: a search that leans on the village's row would look through all grids for every village
        named = Grid.objects.filter(Q(name__icontains=wanted["q"]) | Q(code=wanted["q"])).values("village")
        people = GridMember.objects.open().filter(deputy__in=Deputy.objects.filter(name__icontains=wanted["q"]).values("pk")).values("grid__village")
        rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(pk__in=named) | Q(pk__in=people))
    return rows.order_by("code")


def _list(
    request: HttpRequest, wanted: dict[str, str], *, refusal: str = "", typed: dict | None = None, status: int = 200
) -> HttpResponse:
    user = request.user
    page = Paginator(_villages(user, wanted), VILLAGES_A_PAGE).get_page(wanted["page"])
    page.object_list = list(page.object_list)  # or the search would be made again inside the next query
    members = (
        GridMember.objects.open().exclude(state=GridMember.State.DECLINED).in_order().select_related("deputy", "field")
    )
    grids: dict[int, list[Grid]] = defaultdict(list)
    for grid in (
        Grid.objects.filter(village__in=page.object_list)
        .defer(*NO_SHAPE)
        .order_by("code")
        .prefetch_related(Prefetch("members", members, to_attr="standing"))
    ):
        grids[grid.village_id].append(grid)
    for village in page:
        village.listed = grids[village.pk]
        village.waiting = sum(member.state == "proposed" for grid in village.listed for member in grid.standing)
        village.shared = _shared(village.listed)
    area = wanted["town"].ljust(12, "0") if wanted["town"].isdigit() else ""
    there = GridMember.objects.visible_to(user).under(area)
    sums = there.aggregate(
        covered=Count("grid", distinct=True, filter=Q(state="confirmed")), deputies=Count("deputy", distinct=True, filter=Q(state="confirmed")),
        waiting=Count("pk", filter=Q(state="proposed")), newest=Max("pk", filter=Q(state="proposed")),
    )  # fmt: skip
    inside = (
        Grid.objects.filter(village__code__startswith=area_prefix(area) if area else user.scope)
        if area or user.scope
        else Grid.objects.none()
    )
    sums["grids"] = inside.filter(village__code__startswith=user.scope).count()
    towns = AdminArea.objects.visible_to(user).towns().only("code", "name")
    fit = AdminArea.objects.filter(code=area).aggregate(box=Extent("geom"))["box"] if area else None
    return render(request, "deputies/grid_list.html", {
        "page_obj": page, "wanted": wanted, "towns": towns, "shows": SHOWS.items(), "sums": sums, "empty": sums["grids"] - sums["covered"], "area": area,
        "town": next((town for town in towns if town.code == area), None), "may_arrange": allowed(user, Permission.ARRANGE_GRIDS), "refusal": refusal,
        "typed": typed or {"ids": [], "reason": ""}, "map_data": {"fit": fit}, "query": urlencode({name: text for name, text in wanted.items() if text}),
    }, status=status)  # fmt: skip


def _shared(grids: list[Grid]) -> list[GridMember]:
    """Whoever stands at all of a village's grids for the same reason, taken out of them and said once; `pks`: the rows that he stands for."""
    rows: dict[tuple, list[GridMember]] = defaultdict(list)
    for member in (member for grid in grids for member in grid.standing):
        rows[member.deputy_id, member.state, member.basis, member.field_id, member.reason, member.fits].append(member)
    shared = [same for same in rows.values() if 1 < len(grids) == len(same)]
    for same in rows.values():
        for member in same:
            member.pks = ",".join(str(one.pk) for one in same) if same in shared else str(member.pk)
    everywhere = {same[0].deputy_id for same in shared}
    for grid in grids:
        grid.standing = [member for member in grid.standing if member.deputy_id not in everywhere]
    return [same[0] for same in shared]


def _ids(texts: list[str]) -> list[int]:
    """Numbers, single or joined by commas as a village's own are; what is none is passed over."""
    numbers = ",".join(texts[:MOST_AT_ONCE]).split(",")
    return [int(text) for text in numbers[:MOST_AT_ONCE] if re.fullmatch(r"[0-9]{1,18}", text)]


@require_POST
@requires(Permission.ARRANGE_GRIDS)
def grid_decide(request: HttpRequest) -> HttpResponse:
    """The list's form: do=confirm or decline for the ticked `ids`, or area=CODE: all that waits there, as far as the page showed it."""
    wanted = _wanted(request.POST)
    verb, area, reason = (request.POST.get(name, "").strip().replace("\x00", "") for name in ("do", "area", "reason"))
    ids = _ids(request.POST.getlist("ids"))
    try:
        if area:
            newest = _ids([request.POST.get("newest", "")]) or [0]
            told = workflow_grid.confirm_waiting(request.user, area[:12], newest[0])
            left = f" 页面打开后又有 {told.passed} 条新的推荐，请看过再确认。" if told.passed else ""
        else:
            if not ids:
                raise MoveRefused("请先勾选要办理的代表。")
            told = workflow_grid.decide(request.user, verb, ids, reason)
            left = f" 另有 {told.passed} 条刚才已由别人处理，没有改动。" if told.passed else ""
    except MoveRefused as refusal:
        return _list(request, wanted, refusal=str(refusal), typed={"ids": ids, "reason": reason[:200]}, status=422)
    messages.success(request, f"已{'列为不采用' if verb == 'decline' and not area else '确认'} {told.done} 条。{left}")
    return redirect(f"{reverse('grid_list')}?{urlencode({name: text for name, text in wanted.items() if text})}")


@never_cache
@require_GET
@requires(Permission.SEE_GRIDS)
def grid_detail(request: HttpRequest, code: str) -> HttpResponse:
    """/grids/339999100201001/?q=陈 — one grid: its deputies, what waits, what was decided against, adding by hand, what happened."""
    return _detail(request, code)


def _detail(
    request: HttpRequest, code: str, *, refusal: str = "", typed: dict | None = None, status: int = 200
) -> HttpResponse:
    seen = (
        Grid.objects.filter(village__code__startswith=request.user.scope) if request.user.scope else Grid.objects.none()
    )
    grid = get_object_or_404(
        seen.select_related("village__parent").defer(
            "village__geom", "village__geom_3857", "village__parent__geom", "village__parent__geom_3857"
        ),
        code=code,
    )
    rows = list(
        GridMember.objects.filter(grid=grid).in_order().select_related("deputy__organisation", "field", "decided_by")
    )
    titles = {
        shown.deputy.pk: shown.titles
        for shown in profiles({row.deputy for row in rows if row.state != "ended"}, timezone.localdate())
    }
    for row in rows:
        row.titles = titles.get(row.deputy_id, ())
    by_state = {state: [row for row in rows if row.state == state] for state in GridMember.State.values}
    events = (
        GridMemberEvent.objects.filter(subject__grid=grid)
        .select_related("subject__deputy")
        .order_by("-pk")[:EVENTS_SHOWN]
    )
    for event in events:
        event.label = VERBS.get(event.verb, event.verb)
    words = (typed or request.GET).get("q", "").strip()[:30].replace("\x00", "")
    return render(request, "deputies/grid_detail.html", {
        "grid": grid, "rows": by_state, "events": events, "bases": GridMember.Basis.choices, "fields": Field.objects.all(), "refusal": refusal,
        "typed": typed or {}, "words": words, "candidates": _candidates(words, rows) if words else [], "may_arrange": allowed(request.user, Permission.ARRANGE_GRIDS),
        "map_data": {"fit": grid.geom.extent, "grid": grid.code},
    }, status=status)  # fmt: skip


def _candidates(words: str, rows: list[GridMember]) -> list[Deputy]:
    """Deputies in office by name or code who do not stand at the grid yet."""
    standing = {row.deputy_id for row in rows if row.state == GridMember.State.CONFIRMED}
    found = (
        Deputy.objects.serving_on(timezone.localdate())
        .filter(Q(name__icontains=words) | Q(code__iexact=words))
        .exclude(pk__in=standing)
    )
    return list(
        found.select_related("organisation", "residence_village")
        .defer("residence_village__geom", "residence_village__geom_3857")
        .order_by("code")[:CANDIDATES]
    )


@require_POST
@requires(Permission.ARRANGE_GRIDS)
def grid_move(request: HttpRequest, code: str) -> HttpResponse:
    """One grid's form: do=confirm or decline with `ids` and `reason`, or do=add with `deputy`, `basis`, `field` and `reason`."""
    typed = {
        name: request.POST.get(name, "").strip()[:200].replace("\x00", "")
        for name in ("do", "reason", "deputy", "basis", "field", "q")
    }
    typed["ids"] = _ids(request.POST.getlist("ids"))
    try:
        if typed["do"] == "add":
            row = _add(request, code, typed)
            messages.success(request, f"{row.deputy.name}已是本网格的代表。")
        else:
            mine = GridMember.objects.filter(grid__code=code, pk__in=typed["ids"]).values_list("pk", flat=True)
            workflow_grid.decide(request.user, typed["do"], list(mine), typed["reason"])
            messages.success(request, "已记下。")
    except MoveRefused as refusal:
        return _detail(request, code, refusal=str(refusal), typed=typed, status=422)
    return redirect("grid_detail", code=code)


def _add(request: HttpRequest, code: str, typed: dict) -> GridMember:
    grid = Grid.objects.select_related("village").defer(*NO_SHAPE).filter(code=code).first()
    deputy = Deputy.objects.filter(code=typed["deputy"]).first()
    if grid is None or deputy is None:
        raise MoveRefused("请先按姓名查找，再选一位代表。")
    field = Field.objects.filter(code=typed["field"]).first()
    return workflow_grid.add(request.user, grid, deputy, typed["basis"], typed["reason"], field)


@require_GET
@requires(Permission.SEE_GRIDS)
def grid_export(request: HttpRequest) -> HttpResponse:
    """/grids/roster.xlsx?town= — the confirmed deputies of every grid in scope, with room to sign."""
    wanted = _wanted(request.GET)
    area = wanted["town"].ljust(12, "0") if wanted["town"].isdigit() else ""
    buffer = io.BytesIO()
    town = AdminArea.objects.visible_to(request.user).filter(code=area).first() if area else AdminArea.objects.county()
    write_roster(request.user, area, town.name if town else "", timezone.localdate(), buffer)
    response = HttpResponse(
        buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    response["Content-Disposition"] = content_disposition_header(True, f"{town.name if town else ''}代表网格名册.xlsx")
    return response


@never_cache
@require_GET
@requires(Permission.DEPUTY_DESK)
def my_grids(request: HttpRequest) -> HttpResponse:
    """/grids/mine/ — the grids a deputy stands for, by village, and who stands beside him."""
    left = ("grid__geom_3857", "grid__village__geom", "grid__village__geom_3857")
    mine = (
        GridMember.objects.visible_to(request.user)
        .select_related("grid__village", "field")
        .defer(*left)
        .order_by("grid__code")
    )
    page = Paginator(mine, GRIDS_A_PAGE).get_page(request.GET.get("page"))
    beside: dict[int, list[Deputy]] = defaultdict(list)
    for row in (
        GridMember.objects.confirmed()
        .filter(grid__in={row.grid_id for row in page})
        .exclude(deputy__user=request.user)
        .in_order()
        .select_related("deputy")
    ):
        beside[row.grid_id].append(row.deputy)
    for row in page:
        row.beside = beside[row.grid_id]
    return render(request, "deputies/my_grids.html", {"page_obj": page, "map_data": {"own": {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": outline(row.grid.geom), "properties": {"id": row.grid.code, "name": row.grid.name}} for row in page
    ]}}})  # fmt: skip
