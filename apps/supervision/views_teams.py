"""One choice of the workbench: why this deputy, who else, and changing it with a reason."""

import json

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.record.states import MoveRefused
from apps.supervision import workflow_changes
from apps.supervision.explanation import alternatives, reasons
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.supervision.views import TOPIC, may_change, visible_run


def _member_visible(request: HttpRequest, pk: int) -> TeamMember:
    return get_object_or_404(
        TeamMember.objects.filter(team__run__in=AssignmentRun.objects.visible_to(request.user)).select_related(
            "team__run", *(f"team__{name}" for name in TOPIC), "deputy__residence_village", "deputy__organisation"
        ), pk=pk,
    )


def _why(request: HttpRequest, member: TeamMember, error: str = "", typed: dict | None = None) -> HttpResponse:
    run = member.team.run
    homes = allowed(request.user, Permission.SEE_HOMES)
    return render(request, "supervision/_why.html", {
        "member": member, "topic": member.team.topic, "reasons": reasons(run, member, homes), "homes": homes,
        "alternatives": alternatives(run, member.team.topic_id, member.deputy_id) if homes else [], "may_replace": may_change(request, run), "error": error, "typed": typed or {},
        "panel": json.dumps({"topic": member.team.topic_id, "member": member.pk, "change": may_change(request, run)}),
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
        new = workflow_changes.replace(request.user, pk, int(deputy), reason)
    except MoveRefused as refusal:
        return _why(request, member, str(refusal), {"deputy": deputy, "reason": reason})
    messages.success(request, f"{new.team.topic}：已换为{new.deputy}。")
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


@require_GET
@requires(Permission.SEE_SUPERVISION)
def team_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/teams/7 — a topic's team: who is in it, which places are empty and why."""
    teams = Team.objects.filter(run__in=AssignmentRun.objects.visible_to(request.user)).select_related("run", *TOPIC)
    return _team(request, get_object_or_404(teams, pk=pk))


@require_GET
@requires(Permission.SEE_SUPERVISION)
def team_of_topic(request: HttpRequest, pk: int, topic: int) -> HttpResponse:
    """/supervision/12/topics/3 — the same, asked for by the topic that was touched on the map."""
    return _team(request, get_object_or_404(visible_run(request, pk).teams.select_related("run", *TOPIC), topic=topic))


def _team(request: HttpRequest, team: Team) -> HttpResponse:
    members = team.members.select_related("deputy").order_by("-leader", "deputy__code")
    return render(request, "supervision/_team_panel.html", {"team": team, "members": members, "panel": json.dumps({"topic": team.topic_id, "member": None})})
