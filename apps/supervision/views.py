"""The assignment workbench: draft a run, watch it being solved, see each choice with its reason, change one, approve, publish."""

import io

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST
from pyproj import Geod

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed, requires
from apps.record.states import MoveRefused
from apps.supervision import workflow
from apps.supervision.explanation import alternatives, proposal, reasons, totals
from apps.supervision.instance import instance
from apps.supervision.models import AssignmentRun, TeamMember
from apps.supervision.presets import EXPLANATIONS, PRESETS
from apps.supervision.workbook import write_workbook
from apps.territory.models import AdminArea

TOPIC = [f"topic__{name}" for name in ("project__town", "project__field", "project__responsible", "own_town", "own_field", "own_responsible")]
TEAMS_A_PAGE = 150  # the workbench wants all of a county's teams beside its map
GEOD = Geod(ellps="WGS84")


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_list(request: HttpRequest) -> HttpResponse:
    """/supervision/ — runs, newest first, and the form that drafts one."""
    runs = AssignmentRun.objects.visible_to(request.user).select_related("created_by").order_by("-created_at", "-pk")
    presets = [(value, AssignmentRun.Preset(value).label, EXPLANATIONS[value], rules) for value, rules in PRESETS.items()]
    return render(request, "supervision/run_list.html", {
        "page_obj": Paginator(runs, 20).get_page(request.GET.get("page")),
        "presets": presets,
        "may_draft": allowed(request.user, Permission.DRAFT_SUPERVISION),
        "in_force": AssignmentRun.objects.in_force(),
    })


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_draft(request: HttpRequest) -> HttpResponse:
    preset = request.POST.get("preset", "")
    if preset not in PRESETS:
        messages.error(request, "请选择一种预设：就近优先、均衡或延续去年。")
        return redirect("run_list")
    run = workflow.draft(request.user, preset, request.POST.get("name", "")[:60])
    return redirect("run_detail", run.pk)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/12/ — totals, map, teams a page at a time, unmet places first."""
    run = get_object_or_404(AssignmentRun.objects.visible_to(request.user).select_related("created_by", "approved_by"), pk=pk)
    if run.state in (run.State.QUEUED, run.State.RUNNING, run.State.FAILED):
        return render(request, "supervision/run_waiting.html", {"run": run})
    homes = allowed(request.user, Permission.SEE_HOMES)
    teams = run.teams.select_related(*TOPIC).order_by("-unmet", Coalesce("topic__project__code", "topic__own_code"))
    town = request.GET.get("town", "")
    if town.isdigit():
        teams = teams.filter(Q(topic__project__town__code=town) | Q(topic__own_town__code=town))
    page = Paginator(teams, TEAMS_A_PAGE).get_page(request.GET.get("page"))
    members = _members(run, homes)
    shown = {team.pk: team for team in page}
    for team in shown.values():
        team.shown_members = []
    for member in members:
        if member.team_id in shown:
            shown[member.team_id].shown_members.append(member)
    context = {
        "run": run, "page_obj": page, "town": town, "homes": homes,
        "towns": AdminArea.objects.towns().filter(pk__in=run.teams.values(town=Coalesce("topic__project__town", "topic__own_town"))).order_by("code").values_list("code", "name"),
        "changed": sum(member.origin == TeamMember.Origin.STAFF for member in members),
        "unmet": run.teams.aggregate(places=Sum("unmet"))["places"] or 0,
        "moves": [move for move in workflow.STATES.possible(run.state, Role(request.user.role)) if move.verb in ("approve", "withdraw", "publish")],
        "may_replace": run.state == run.State.DRAFT and allowed(request.user, Permission.DRAFT_SUPERVISION),
        "events": run.events.select_related("actor").order_by("-pk")[:20],
        "assignment": _map_data(run, members, homes),
        "pairs": _pairs(members, homes, set(shown)),
    }
    if homes:
        asked = instance(run, run.solved_at.date())
        context["now_total"] = totals([(member.team.topic_id, member.deputy_id) for member in members], asked)
    return render(request, "supervision/run_detail.html", context)


def _members(run: AssignmentRun, homes: bool) -> list[TeamMember]:
    """Leaders first, then the nearest, an order that only those may see who may see homes; for all others by code."""
    return list(
        TeamMember.objects.filter(team__run=run).select_related(
            "team__topic__project", "team__run", "deputy__residence_village", "deputy__organisation", *(["deputy__home"] if homes else [])
        ).order_by("-leader", *(["cost"] if homes else []), "deputy__code")
    )


def _anchor(member: TeamMember, homes: bool) -> tuple[str, float, float] | None:
    """Where a line ends: the nearer anchor for those who may see homes; for all others the village, which says no more."""
    deputy, weights = member.deputy, member.team.run.rules
    home = member.parts.get("residence", 0) / (weights["residence_weight"] or 1)
    work = member.parts.get("workplace", 0) / (weights["workplace_weight"] or 1)
    if homes and deputy.workplace and (not home or 0 < work <= home):
        return "work", deputy.workplace.x, deputy.workplace.y
    if homes and hasattr(deputy, "home"):
        return "home", deputy.home.point.x, deputy.home.point.y
    if deputy.residence_village and deputy.residence_village.geom:
        middle = deputy.residence_village.geom.point_on_surface
        return "village", middle.x, middle.y
    return ("work", deputy.workplace.x, deputy.workplace.y) if deputy.workplace else None


def _map_data(run: AssignmentRun, members: list[TeamMember], homes: bool) -> dict:
    def points(features):
        return {"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": properties} for x, y, properties in features
        ]}

    projects = [
        (team.topic.site.x, team.topic.site.y, {"id": team.topic.code, "name": team.topic.title, "unmet": team.unmet > 0})
        for team in run.teams.select_related("topic__project")
    ]
    anchors = {}
    for member in members:
        anchor = _anchor(member, homes)
        if anchor:
            anchors[member.deputy_id, anchor[0]] = (anchor[1], anchor[2], {"id": member.deputy.code, "kind": anchor[0], "name": member.deputy.name})
    return {"projects": points(projects), "deputies": points(anchors.values())}


def _pairs(members: list[TeamMember], homes: bool, teams: set[int]) -> list[dict]:
    """The lines of the map; their length is told only to those who may see homes."""
    rows = []
    for member in members:
        anchor = _anchor(member, homes)
        if anchor and member.team_id in teams:
            site = member.team.topic.site
            rows.append({
                "id": str(member.pk), "project": member.team.topic.code, "deputy": member.deputy.code, "origin": member.origin,
                "from": [site.x, site.y], "to": [anchor[1], anchor[2]],
                **({"metres": round(GEOD.inv(site.x, site.y, anchor[1], anchor[2])[2])} if homes else {}),
            })
    return rows


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Polled every second while the run is computed; reloads the page when there is something to see."""
    run = get_object_or_404(AssignmentRun.objects.visible_to(request.user), pk=pk)
    response = render(request, "supervision/_progress.html", {"run": run})
    if run.state not in (run.State.QUEUED, run.State.RUNNING):
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.APPROVE_SUPERVISION)
def run_move(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Approve, withdraw or publish, as the state table allows."""
    verbs = {"approve": workflow.approve, "withdraw": workflow.withdraw, "publish": workflow.publish}
    if verb not in verbs:
        return HttpResponseNotFound()
    get_object_or_404(AssignmentRun.objects.visible_to(request.user), pk=pk)
    try:
        run = verbs[verb](request.user, pk)
        messages.success(request, f"“{run}”现在是：{run.get_state_display()}。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("run_detail", pk)


def _member_visible(request: HttpRequest, pk: int) -> TeamMember:
    return get_object_or_404(
        TeamMember.objects.filter(team__run__in=AssignmentRun.objects.visible_to(request.user)).select_related(
            "team__run", *(f"team__{name}" for name in TOPIC), "deputy__residence_village", "deputy__organisation"
        ), pk=pk,
    )


def _why(request: HttpRequest, member: TeamMember, error: str = "", typed: dict | None = None) -> HttpResponse:
    run = member.team.run
    homes = allowed(request.user, Permission.SEE_HOMES)
    asked = instance(run, timezone.localdate())
    proposed = proposal(run, asked) if homes else None
    may_replace = run.state == run.State.DRAFT and allowed(request.user, Permission.DRAFT_SUPERVISION)
    return render(request, "supervision/_why.html", {
        "member": member, "topic": member.team.topic, "reasons": reasons(member, asked, homes, proposed), "homes": homes,
        "alternatives": alternatives(member, asked, proposed) if homes else [], "may_replace": may_replace, "error": error, "typed": typed or {},
        "load": TeamMember.objects.filter(team__run=run, deputy=member.deputy).aggregate(n=Count("pk"))["n"],
    }, status=422 if error else 200)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def member_why(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/members/7/why — 为什么推荐这位代表, and who else."""
    return _why(request, _member_visible(request, pk))


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def member_replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Put another deputy in the place, with a reason; refused ones come back with what was typed."""
    member = _member_visible(request, pk)
    deputy, reason = request.POST.get("deputy", ""), request.POST.get("reason", "")[:200]
    try:
        if not deputy.isdigit():
            raise MoveRefused("请先选一位替换的代表。")
        new = workflow.replace(request.user, pk, int(deputy), reason)
    except MoveRefused as refusal:
        return _why(request, member, str(refusal), {"deputy": deputy, "reason": reason})
    messages.success(request, f"{new.team.topic}：已换为{new.deputy}。")
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_export(request: HttpRequest, pk: int) -> HttpResponse:
    """The signable list as XLSX: topics, teams, leaders, reasons; no homes, no metres to homes."""
    run = get_object_or_404(AssignmentRun.objects.visible_to(request.user), pk=pk)
    buffer = io.BytesIO()
    write_workbook(run, _members(run, homes=False), buffer)
    response = HttpResponse(buffer.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"{run.name}.xlsx")
    return response


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_team(request: HttpRequest, code: str) -> HttpResponse:
    """The team of a project in the published list in force: a fragment for the project's page."""
    run = AssignmentRun.objects.in_force()
    members = TeamMember.objects.filter(team__run=run, team__topic__project__code=code).select_related("deputy__station").order_by("-leader", "deputy__code") if run else []
    return render(request, "supervision/_team.html", {"run": run, "members": members})
