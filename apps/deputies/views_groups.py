"""Groups 代表小组: the list, one group with its members and leader, founding and changing it; a deputy's own."""

import csv
import io
import re

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.deputies import workflow_groups
from apps.deputies.groups import MOST
from apps.deputies.models import Deputy, Group, counted
from apps.deputies.profiles import profiles
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

GROUPS_A_PAGE = 30
CANDIDATES = 20
EVENTS_SHOWN = 30
VERBS = {"found": "设立", "rename": "改名", "join": "加入", "leave": "离开", "lead": "任小组长", "close": "撤销"}
NO_SHAPE = ("area__geom", "area__geom_3857")


def _towns(request: HttpRequest):
    return AdminArea.objects.visible_to(request.user).towns().only("code", "name")


@never_cache
@require_GET
@requires(Permission.SEE_GROUPS)
def group_list(request: HttpRequest) -> HttpResponse:
    """/groups/?town=&q= — the groups in scope with leader and members in office; for a deputy his own."""
    return _list(request)


def _asked(request: HttpRequest):
    wanted = {name: request.GET.get(name, "").strip()[:40].replace("\x00", "") for name in ("town", "q")}
    rows = Group.objects.visible_to(request.user).active().select_related("area").defer(*NO_SHAPE)
    if wanted["town"].isdigit():
        rows = rows.filter(area__code=wanted["town"])
    if wanted["q"]:
        rows = rows.filter(
            Q(name__icontains=wanted["q"])
            | Q(pk__in=Deputy.objects.filter(name__icontains=wanted["q"]).values("group"))
        )
    serving = Deputy.objects.serving_on(timezone.localdate())
    leaders = Prefetch("members", serving.filter(group_leader=True).order_by("code"), to_attr="leaders")
    count = Count("members", filter=Q(members__in=serving.values("pk")), distinct=True)
    return wanted, rows.distinct().annotate(serving=count).prefetch_related(leaders).order_by("area__code", counted("name"), "name")


def _list(request: HttpRequest, *, refusal: str = "", typed: dict | None = None, status: int = 200) -> HttpResponse:
    wanted, rows = _asked(request)
    page = Paginator(rows, GROUPS_A_PAGE).get_page(request.GET.get("page"))
    offices = allowed(request.user, Permission.ARRANGE_GROUPS)
    alone = (
        Deputy.objects.visible_to(request.user).serving_on(timezone.localdate()).filter(group=None).count()
        if offices
        else 0
    )
    return render(request, "deputies/group_list.html", {
        "page_obj": page, "wanted": wanted, "towns": _towns(request), "alone": alone, "may_arrange": offices, "refusal": refusal, "typed": typed or {},
    }, status=status)  # fmt: skip


@require_POST
@requires(Permission.ARRANGE_GROUPS)
def group_found(request: HttpRequest) -> HttpResponse:
    """A new group: `name`, `area` (a town's code, or empty for the county's)."""
    typed = {name: request.POST.get(name, "").strip()[:60].replace("\x00", "") for name in ("name", "area")}
    area = AdminArea.objects.visible_to(request.user).filter(code=typed["area"]).first() if typed["area"] else None
    try:
        if typed["area"] and area is None:
            raise MoveRefused("没有这个乡镇街道，请重新选择。")
        group = workflow_groups.found(request.user, typed["name"], area)
    except MoveRefused as refusal:
        return _list(request, refusal=str(refusal), typed=typed, status=422)
    messages.success(request, f"已设立{group.name}，请选入成员。")
    return redirect("group_detail", pk=group.pk)


@never_cache
@require_GET
@requires(Permission.SEE_GROUPS)
def group_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/groups/3/?q= — leader and members with their seats, who could join, what was changed."""
    return _detail(request, pk)


def _detail(
    request: HttpRequest, pk: int, *, refusal: str = "", typed: dict | None = None, status: int = 200
) -> HttpResponse:
    group = get_object_or_404(
        Group.objects.visible_to(request.user).select_related("area").defer(*NO_SHAPE).distinct(), pk=pk
    )
    today = timezone.localdate()
    serving = set(Deputy.objects.serving_on(today).filter(group=group).values_list("pk", flat=True))
    members = profiles(
        group.members.select_related("organisation", "residence_village")
        .defer("residence_village__geom", "residence_village__geom_3857")
        .order_by("-group_leader", "code"),
        today,
    )
    may_arrange = allowed(request.user, Permission.ARRANGE_GROUPS) and group.closed_on is None
    events = group.events.order_by("-pk")[:EVENTS_SHOWN]
    codes = {
        code
        for event in events
        for code in (*event.data.get("deputies", ()), *([event.data["now"]] if event.verb == "lead" else ()))
    }
    names = dict(Deputy.objects.filter(code__in=codes).values_list("code", "name")) if codes else {}
    for event in events:
        event.label, event.words = VERBS.get(event.verb, event.verb), _words(event, names)
    words = (typed or request.GET).get("q", "").strip()[:30].replace("\x00", "")
    return render(request, "deputies/group_detail.html", {
        "group": group, "members": [member for member in members if member.deputy.pk in serving], "gone": [member.deputy for member in members if member.deputy.pk not in serving],
        "leader": next((member.deputy for member in members if member.deputy.group_leader and member.deputy.pk in serving), None), "may_arrange": may_arrange,
        "events": events, "refusal": refusal, "typed": typed or {}, "words": words, "candidates": _candidates(request, group, words) if may_arrange else [], "most": MOST,
    }, status=status)  # fmt: skip


def _words(event, names: dict[str, str]) -> str:
    if event.verb == "rename":
        return f"{event.data['was']} → {event.data['now']}"
    if event.verb == "lead":
        return names.get(event.data["now"], event.data["now"])
    people = "、".join(names.get(code, code) for code in event.data.get("deputies", ()))
    return f"{people}，编入{event.data['to']}" if event.data.get("to") else people


def _candidates(request: HttpRequest, group: Group, words: str) -> list[Deputy]:
    """Deputies in office in the user's scope: those that were looked for, else those of the group's town that are in no group."""
    rows = Deputy.objects.filter(
        pk__in=Deputy.objects.visible_to(request.user).serving_on(timezone.localdate()).values("pk")
    ).exclude(group=group)
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(code__iexact=words))
    elif group.area:
        rows = rows.filter(group=None).of_town(group.area.code)
    else:
        rows = rows.filter(group=None)
    return list(
        rows.select_related("group", "residence_village")
        .defer("residence_village__geom", "residence_village__geom_3857")
        .order_by("code")[:CANDIDATES]
    )


@require_POST
@requires(Permission.ARRANGE_GROUPS)
def group_move(request: HttpRequest, pk: int) -> HttpResponse:
    """do=join with `ids`, leave or lead with `deputy`, rename with `name`, close."""
    typed = {
        name: request.POST.get(name, "").strip()[:60].replace("\x00", "") for name in ("do", "name", "deputy", "q")
    }
    typed["ids"] = [int(text) for text in request.POST.getlist("ids")[:MOST] if re.fullmatch(r"[0-9]{1,18}", text)]
    deputy = int(typed["deputy"]) if re.fullmatch(r"[0-9]{1,18}", typed["deputy"]) else 0
    try:
        if typed["do"] == "join":
            told = f"已编入 {len(workflow_groups.join(request.user, pk, typed['ids']))} 位代表。"
        elif typed["do"] == "leave":
            told = f"{workflow_groups.leave(request.user, pk, deputy).name}已离开本小组。"
        elif typed["do"] == "lead":
            told = f"{workflow_groups.lead(request.user, pk, deputy).name}已任小组长。"
        elif typed["do"] == "rename":
            told = f"已改名为{workflow_groups.rename(request.user, pk, typed['name']).name}。"
        elif typed["do"] == "close":
            messages.success(request, f"{workflow_groups.close(request.user, pk).name}已撤销。")
            return redirect("group_list")
        else:
            raise MoveRefused("没有这个操作。请刷新页面后再看。")
    except MoveRefused as refusal:
        return _detail(request, pk, refusal=str(refusal), typed=typed, status=422)
    messages.success(request, told)
    return redirect("group_detail", pk=pk)


@require_GET
@requires(Permission.SEE_GROUPS)
def my_group(request: HttpRequest) -> HttpResponse:
    """/groups/mine/ — a deputy's own group; for others the list."""
    group = Group.objects.filter(members__user=request.user).first()
    return redirect("group_detail", pk=group.pk) if group else redirect(reverse("group_list"))


@require_GET
@requires(Permission.SEE_GROUPS)
def group_export(request: HttpRequest) -> HttpResponse:
    """/groups/export.csv — who is in which group, leaders first. Names that begin like a formula are kept from being one."""
    _, groups = _asked(request)
    line = io.StringIO()
    line.write("\ufeff")  # Excel takes it for UTF-8
    write = csv.writer(line).writerow
    write(["代表小组", "所属区划", "代表编号", "姓名", "小组长"])
    serving = (
        Deputy.objects.serving_on(timezone.localdate())
        .filter(group__in=groups.values("pk"))
        .select_related("group__area")
        .defer("group__area__geom", "group__area__geom_3857")
    )
    for deputy in serving.order_by("group__area__code", counted("group__name"), "group__name", "-group_leader", "code"):
        cells = (
            deputy.group.name,
            deputy.group.area.name if deputy.group.area else "",
            deputy.code,
            deputy.name,
            "是" if deputy.group_leader else "",
        )
        write([f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells])
    response = HttpResponse(line.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, "代表小组.csv")
    return response
