"""The assignment workbench: runs, and one run as totals, map and teams; what is asked of its rules and where it stands."""

import gzip
import hashlib
from collections.abc import Iterable
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Deputy
from apps.supervision import workflow
from apps.supervision.drafting import candidates
from apps.supervision.lines import lines
from apps.supervision.models import AssignmentRun, RunEvent, Team, TeamMember
from apps.supervision.presets import fields_here
from apps.supervision.standing import standing
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea

TOPIC = [f"topic__{name}" for name in ("project__town", "project__field", "project__responsible", "own_town", "own_field", "own_responsible")]
OUTLINES = [f"topic__{name}__{column}" for name in ("project", "project__town", "own_town") for column in ("geom", "geom_3857")]  # large, and no words need them
CODE = Coalesce("topic__project__code", "topic__own_code")
TEAMS_A_PAGE = 60
UNSOLVED = frozenset({AssignmentRun.State.QUEUED, AssignmentRun.State.RUNNING, AssignmentRun.State.FAILED, AssignmentRun.State.CANCELLED})
SHOWN = {"": "全部", "unmet": "有空缺的", "changed": "人工调整的", "locked": "锁定的"}


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_list(request: HttpRequest) -> HttpResponse:
    """/supervision/ — runs, newest first."""
    runs = AssignmentRun.objects.visible_to(request.user).select_related("created_by").order_by("-created_at", "-pk")
    return render(request, "supervision/run_list.html", {
        "page_obj": Paginator(runs, 20).get_page(request.GET.get("page")),
        "may_draft": may_draft(request),
        "in_force": AssignmentRun.objects.in_force(),
    })  # fmt: skip


def visible_run(request: HttpRequest, pk: int) -> AssignmentRun:
    """404 for a run that is not there, or not for this user to see."""
    return get_object_or_404(AssignmentRun.objects.visible_to(request.user).select_related("created_by", "approved_by"), pk=pk)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/12/ — totals, map, teams a page at a time, unmet and changed ones first."""
    return run_page(request, visible_run(request, pk))


def run_page(request: HttpRequest, run: AssignmentRun, refused: str = "", typed: dict | None = None) -> HttpResponse:
    """The run's page. refused: why its next step was not taken, with what was typed for it."""
    moves = {move.verb for move in workflow.STATES.possible(run.state, Role(request.user.role))}
    status = 409 if refused else 200
    if run.state in UNSOLVED:
        return render(request, "supervision/run_waiting.html", {"run": run, "moves": moves, "refused": refused}, status=status)
    now = AssignmentRun.objects.in_force()
    return render(request, "supervision/run_detail.html", {
        "run": run, "refused": refused, "events": _told(run), "bodies": AssignmentRun.Body.choices,
        "typed": typed or {"on": timezone.localdate().isoformat(), "body": AssignmentRun.Body.COMMITTEE},
        "overtaken": now if now and run.state == run.State.APPROVED and now.pk != run.follows_id else None,
        "vacancies": workflow.vacancies(run, timezone.localdate()) if now and now.pk == run.pk and may_draft(request) else [],
        "left_out": _left_out(run), "rules": rules_told(run.rules), "begins": True, **strip(request, run), **_teams(request, run),
    }, status=status)  # fmt: skip


def _left_out(run: AssignmentRun) -> list[tuple[str, str, str]]:
    """Of a list that is not out yet: claims and earlier members that could not be kept when it was computed and have not been put in since, as
    the topic's title, the deputy's name and why."""
    told = [] if run.state == run.State.PUBLISHED else run.statistics.get("left_out", [])
    if not told:
        return []
    teams = run.teams.annotate(code=CODE).filter(code__in={code for code, _, _ in told}).select_related("topic__project").defer(*OUTLINES[:2])
    titles = {team.code: team.topic.title for team in teams}
    here = set(TeamMember.objects.filter(team__in=teams).annotate(code=Coalesce("team__topic__project__code", "team__topic__own_code")).order_by().values_list("code", "deputy__name"))
    return [(titles.get(code, code), name, why) for code, name, why in told if (code, name) not in here]


def may_draft(request: HttpRequest) -> bool:
    return allowed(request.user, Permission.DRAFT_SUPERVISION)


def rules_told(rules: dict) -> list[tuple[str, str]]:
    """Each rule of a run with its value in words."""
    told = []
    for field in fields_here():
        value = rules.get(field.name)
        if field.kind == "flag":
            said = "是" if value else "否"
        elif field.kind == "choice":
            said = dict(field.choices).get(value, "")
        else:
            said = "不另定" if value is None else f"{value:g} {field.unit}".strip()
        told.append((field.label, said))
    return told


def _told(run: AssignmentRun) -> list[RunEvent]:
    """The last moves, each with `said`, what it is called on screen."""
    events = list(run.events.select_related("actor").order_by("-pk")[:20])
    for event in events:
        move = workflow.STATES.moves.get(event.verb)
        event.said = move.label if move else "起草"
    return events


def strip(request: HttpRequest, run: AssignmentRun) -> dict:
    """What the strip of totals shows."""
    homes = allowed(request.user, Permission.SEE_HOMES)
    moves = {move.verb for move in workflow.STATES.possible(run.state, Role(request.user.role))}
    return {"standing": standing(run), "moves": moves, "may_change": may_change(request, run), "homes": homes, "now_total": run.total if run.changed_total is None else run.changed_total}


def _teams(request: HttpRequest, run: AssignmentRun) -> dict:
    """A page of teams as the filters of the address ask for them."""
    homes = allowed(request.user, Permission.SEE_HOMES)
    by_hand = TeamMember.objects.filter(team=OuterRef("pk"), origin=TeamMember.Origin.STAFF)
    first = ["-unmet", "-changed", CODE]
    teams = run.teams.select_related(*TOPIC).defer(*OUTLINES).annotate(changed=Exists(by_hand))
    if run.supplements:  # what it is about stands among many teams that only stay as they were
        teams = teams.annotate(filled=Exists(TeamMember.objects.filter(team=OuterRef("pk")).exclude(origin=TeamMember.Origin.KEPT)))
        first = ["-unmet", "-filled", CODE]
    teams = teams.order_by(*first)
    town, shown, words = request.GET.get("town", ""), request.GET.get("show", ""), request.GET.get("q", "").strip()[:40]
    if town.isdigit():
        teams = teams.filter(Q(topic__project__town__code=town) | Q(topic__own_town__code=town))
    if shown == "unmet":
        teams = teams.filter(unmet__gt=0)
    elif shown == "changed":
        teams = teams.filter(changed=True)
    elif shown == "locked":
        teams = teams.filter(Exists(TeamMember.objects.filter(team=OuterRef("pk"), locked=True)))
    if words:
        title = Q(topic__project__name__icontains=words) | Q(topic__own_title__icontains=words)
        teams = teams.filter(title | Exists(TeamMember.objects.filter(team=OuterRef("pk"), deputy__name__icontains=words)))
    page = Paginator(teams, TEAMS_A_PAGE).get_page(request.GET.get("page"))
    rows = {team.pk: team for team in page}
    for team in rows.values():
        team.shown_members = []
    for member in _members(rows, homes):
        member.team = rows[member.team_id]
        member.team.shown_members.append(member)
    return {
        "page_obj": page, "town": town, "shown": shown, "words": words, "choices": SHOWN,
        "towns": AdminArea.objects.towns().filter(pk__in=run.teams.values(town=Coalesce("topic__project__town", "topic__own_town"))).order_by("code").values_list("code", "name"),
        "may_change": may_change(request, run),
    }  # fmt: skip


def _members(teams: Iterable[int], homes: bool) -> QuerySet[TeamMember]:
    """Leaders first, then the nearest for those who may see homes: the order tells of them."""
    return TeamMember.objects.filter(team__in=teams).select_related("deputy").order_by("-leader", *(["cost"] if homes else []), "deputy__code")


def may_change(request: HttpRequest, run: AssignmentRun) -> bool:
    return run.state == run.State.DRAFT and may_draft(request)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_teams(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/12/teams?show=unmet — the table alone, for filters, pages and after a change."""
    run = visible_run(request, pk)
    response = render(request, "supervision/_pairs.html", {"run": run, "homes": allowed(request.user, Permission.SEE_HOMES), **_teams(request, run)})
    asked = {name: value for name, value in request.GET.items() if value}
    response["HX-Replace-Url"] = reverse("run_detail", args=[pk]) + (f"?{urlencode(asked)}" if asked else "")
    return response


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_strip(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/12/strip — the totals alone, after a change."""
    run = visible_run(request, pk)
    return render(request, "supervision/_strip.html", {"run": run, **strip(request, run)})


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_lines(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/12/lines — the map as bytes (see lines.py). Who may change the run sees all its deputies, others those with a topic."""
    run = visible_run(request, pk)
    inside = Deputy.objects.filter(Exists(TeamMember.objects.filter(team__run=run, deputy=OuterRef("pk"))))
    deputies = candidates(run) if may_change(request, run) else inside
    return as_bytes(request, lines(run, deputies, allowed(request.user, Permission.SEE_HOMES)))


def as_bytes(request: HttpRequest, body: bytes) -> HttpResponse:
    """Bytes for this user alone; 304 when the browser has them."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=0, must-revalidate", "Vary": "Accept-Encoding, Cookie"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, 1)
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(body, content_type="application/octet-stream", headers=headers)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def member_tip(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/members/7/tip — whose line it is, for the tip beside the pointer."""
    member = get_object_or_404(
        TeamMember.objects.filter(team__run__in=AssignmentRun.objects.visible_to(request.user)).select_related("team__topic__project", "deputy"), pk=pk
    )
    by_hand = [f"人工调整：{member.reason}"] if member.origin == TeamMember.Origin.STAFF else []
    return JsonResponse({"lines": [f"{member.team.topic} — {member.deputy}", *by_hand]})


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Polled every second while the run is computed; reloads the page when there is something to see."""
    run = visible_run(request, pk)
    moves = {move.verb for move in workflow.STATES.possible(run.state, Role(request.user.role))}
    response = render(request, "supervision/_progress.html", {"run": run, "moves": moves})
    if run.state not in (run.State.QUEUED, run.State.RUNNING):
        response["HX-Refresh"] = "true"
    return response


@require_GET
@requires(Permission.SEE_PROJECTS)
def project_team(request: HttpRequest, code: str) -> HttpResponse:
    """The team of a project in the published list in force: a fragment for the project's page."""
    team = Team.objects.in_force().filter(topic__project__code=code).select_related("run").first()
    members = team.members.select_related("deputy__station").order_by("-leader", "deputy__code") if team else []
    topic = Topic.objects.filter(project__code=code).first()
    return render(request, "supervision/_team.html", {"run": team and team.run, "members": members, "topic": topic})
