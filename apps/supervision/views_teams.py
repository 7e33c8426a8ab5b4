"""One team of the workbench: why this deputy, who else, what it would cost; and changing it with a reason."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from apps.supervision import workflow_changes as workflow
from apps.supervision.drafting import candidates
from apps.supervision.effects import Change, Effect, effect
from apps.supervision.explanation import Alternative, alternatives, dropping, reasons, signed_metres
from apps.supervision.models import AssignmentRun, Team, TeamMember
from apps.supervision.topics import Topic
from apps.supervision.views import OUTLINES, TOPIC, may_change, run_page, visible_run

NAMED = 8  # deputies asked about by name or by place, beside those that are proposed
WORDS, UNSHOWN = ([name.removeprefix("topic__") for name in names] for names in (TOPIC, OUTLINES))  # asked of the topic itself
TYPED = ("deputy", "reason", "rearrange")


@dataclass(frozen=True)
class Offer:
    """Somebody who could take a place, as a row of the panel. change, best_change: words, "" where there is none."""

    deputy: Deputy
    change: str
    best_change: str
    moved: int | None
    load: str
    expert: bool
    told: str
    possible: bool
    asked_for: bool = False

    @classmethod
    def proposed(cls, one: Alternative) -> "Offer":
        return cls(one.deputy, "" if one.obstacle else one.change_text, one.best_change_text, one.moved, f"{one.load}/{one.capacity}", one.expert, one.told, not one.obstacle)

    @classmethod
    def named(cls, deputy: Deputy, load: int, told: Effect) -> "Offer":
        plain, best = (None if told.obstacle else told.plain_change), told.best_change
        words = told.obstacle or (told.said if told.arithmetic else "")
        return cls(
            deputy, "" if plain is None else signed_metres(plain), "" if best is None else signed_metres(best), told.moved if best is not None else None,
            f"{load}/{deputy.capacity}", False, words, plain is not None, True,
        )  # fmt: skip


def _offers(request: HttpRequest, run: AssignmentRun, topic: int, was: int | None) -> list[Offer]:
    """Those asked for by name or by dragging, then those whom the prices propose."""
    proposed = [Offer.proposed(one) for one in alternatives(run, topic, was, prices=request.method == "GET")]
    wanted = _asked_for(request, run)
    inside = set(TeamMember.objects.filter(team__run=run, team__topic=topic).values_list("deputy", flat=True))
    loads = dict(TeamMember.objects.filter(team__run=run, deputy__in=wanted).values_list("deputy").annotate(n=Count("pk")))
    kind = "replace" if was else "add"
    named = [Offer.named(one, loads.get(one.pk, 0), effect(run, Change(kind, topic, one.pk, was))) for one in wanted if one.pk not in inside]
    asked = {offer.deputy.pk for offer in named}
    return named + [offer for offer in proposed if offer.deputy.pk not in asked]


def _asked_for(request: HttpRequest, run: AssignmentRun) -> list[Deputy]:
    ids = [int(pk) for pk in request.GET.getlist("deputy") + request.POST.getlist("deputy") if pk.isdecimal() and len(pk) < 18]
    words = request.GET.get("find", "").replace("\x00", "").strip()[:30]
    people = candidates(run).order_by("code")
    found = list(people.filter(pk__in=ids)[:NAMED]) if ids else []
    return found + (list(people.filter(name__contains=words).exclude(pk__in=ids)[:NAMED]) if words else [])


def _members_visible(request: HttpRequest, pk: int) -> QuerySet[TeamMember]:
    return TeamMember.objects.filter(pk=pk, team__run__in=AssignmentRun.objects.visible_to(request.user))


def _member_visible(request: HttpRequest, pk: int) -> TeamMember | None:
    members = _members_visible(request, pk).select_related("team__run", "deputy__residence_village", "deputy__organisation")
    member = members.defer("deputy__residence_village__geom", "deputy__residence_village__geom_3857").first()
    if member:  # by itself: planning one query over all these tables takes longer than asking twice
        prefetch_related_objects([member.team], Prefetch("topic", Topic.objects.select_related(*WORDS).defer(*UNSHOWN)))
    return member


def _team_visible(request: HttpRequest, pk: int) -> Team | None:
    return Team.objects.filter(run__in=AssignmentRun.objects.visible_to(request.user)).select_related("run", *TOPIC).defer(*OUTLINES).filter(pk=pk).first()


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "")[:200] for name in TYPED}


def _chosen_from(offers: list[Offer]) -> dict[str, Any]:
    pulled = next((offer for offer in offers if offer.asked_for), None)  # one who has no room can only come if the rest rearranges
    return {
        "offers": offers, "candidates": json.dumps([offer.deputy.pk for offer in offers if offer.possible]),
        "along": bool(pulled and not pulled.possible and pulled.best_change),
    }  # fmt: skip


def _panel(request: HttpRequest, template: str, team: Team, context: dict[str, Any], member: int | None, error: str, done: str) -> HttpResponse:
    change = may_change(request, team.run)
    map_panel = {"topic": team.topic_id, "member": member, "change": change}
    shown = _chosen_from(context["offers"]) | {"run": team.run, "team": team, "topic": team.topic, "may_change": change, "error": error, "done": done, "panel": json.dumps(map_panel)}
    response = render(request, template, shown | context, status=422 if error else 200)
    if error or done:
        response["HX-Trigger"] = "run-changed"  # the table, the totals and the map may be old
    return response


def _why(request: HttpRequest, member: TeamMember, error: str = "", done: str = "") -> HttpResponse:
    run, team = member.team.run, member.team
    homes, change = allowed(request.user, Permission.SEE_HOMES), may_change(request, run)
    # Who else could come takes longer to work out than the change itself: the answer to a change does not wait for it.
    return _panel(request, "supervision/_why.html", team, {
        "member": member, "reasons": reasons(run, member, homes), "homes": homes, "typed": _typed(request),
        "offers": _offers(request, run, team.topic_id, member.deputy_id) if homes and not done else [], "later": bool(done),
        "dropping": dropping(run, member) if homes and change and not done else "",
        "load": TeamMember.objects.filter(team__run=run, deputy=member.deputy).count(), "find": request.GET.get("find", "")[:30],
    }, member.pk, error, done)  # fmt: skip


def _team(request: HttpRequest, team: Team, error: str = "", done: str = "") -> HttpResponse:
    homes = allowed(request.user, Permission.SEE_HOMES)
    members = list(team.members.select_related("deputy").order_by("-leader", "deputy__code"))
    room = len(members) < workflow.MOST
    return _panel(request, "supervision/_team_panel.html", team, {
        "members": members, "homes": homes, "typed": _typed(request), "find": request.GET.get("find", "")[:30],
        "offers": _offers(request, team.run, team.topic_id, None) if homes and room and may_change(request, team.run) else [],
    }, None, error, done)  # fmt: skip


def _gone(request: HttpRequest) -> HttpResponse:
    response = render(request, "supervision/_gone.html", {"typed": _typed(request)}, status=422 if request.method == "POST" else 200)
    response["HX-Trigger"] = "run-changed"
    return response


@require_GET
@requires(Permission.SEE_SUPERVISION)
def member_why(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/members/7/why?deputy=3&find=陈 — 为什么推荐这位代表, and who else; those asked for stand first. With offers=1 who else alone."""
    member = _member_visible(request, pk)
    if member and request.GET.get("offers"):
        homes, change = allowed(request.user, Permission.SEE_HOMES), may_change(request, member.team.run)
        offers = _offers(request, member.team.run, member.team.topic_id, member.deputy_id) if homes else []
        return render(request, "supervision/_offers.html", _chosen_from(offers) | {"may_change": change, "address": request.path, "typed": _typed(request)})
    return _why(request, member) if member else _gone(request)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def team_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/teams/7 — a topic's team: who is in it, which places are empty and why, who could come."""
    team = _team_visible(request, pk)
    return _team(request, team) if team else _gone(request)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def team_of_topic(request: HttpRequest, pk: int, topic: int) -> HttpResponse:
    """/supervision/12/topics/3 — the same, asked for by the topic that was touched on the map."""
    return _team(request, get_object_or_404(visible_run(request, pk).teams.select_related("run", *TOPIC).defer(*OUTLINES), topic=topic))


def _chosen(request: HttpRequest) -> int:
    deputy = request.POST.get("deputy", "")
    if not deputy.isdecimal() or len(deputy) > 17:
        raise MoveRefused("请先选一位代表。")
    return int(deputy)


def _revision(request: HttpRequest) -> int | None:
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def member_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace, drop, lead, lock or unlock; refused, the panel comes back with the reason and what was typed."""
    member = _members_visible(request, pk).select_related("team", "deputy").first()
    if member is None:
        return _gone(request)
    user, typed, revision = request.user, _typed(request), _revision(request)
    rearrange = bool(typed["rearrange"])
    who, team = member.deputy, member.team
    acts: dict[str, Callable[[], tuple[str, Any]]] = {
        "replace": lambda: (f"已把{who}换为{{}}。", workflow.replace(user, pk, _chosen(request), typed["reason"], revision, rearrange)),
        "drop": lambda: (f"已撤下{who}。", workflow.drop(user, pk, typed["reason"], revision, rearrange)),
        "lead": lambda: (f"已改由{who}任组长。", workflow.lead(user, pk, typed["reason"], revision)),
        "lock": lambda: (f"已锁定{who}，其余人选重排时不动。", workflow.lock(user, pk, revision)),
        "unlock": lambda: (f"已解除对{who}的锁定。", workflow.unlock(user, pk, revision)),
    }
    act = acts.get(request.POST.get("verb", ""))
    try:
        if act is None:
            raise MoveRefused("请选择要做什么：换人、撤下、指定组长或锁定。")
        words, changed = act()
    except MoveRefused as refusal:
        still = _member_visible(request, pk)
        return _why(request, still, str(refusal)) if still else _gone(request)
    request.POST = request.POST.copy()
    request.POST.clear()  # what was typed has been done
    if isinstance(changed, TeamMember):
        return _why(request, _member_visible(request, changed.pk), done=words.format(changed.deputy))
    still = _member_visible(request, pk)
    return _why(request, still, done=words) if still else _team(request, _team_visible(request, team.pk), done=words)


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def team_add(request: HttpRequest, pk: int) -> HttpResponse:
    """One more on the team, in an empty place or beyond."""
    if _team_visible(request, pk) is None:
        return _gone(request)
    typed = _typed(request)
    try:
        new = workflow.add(request.user, pk, _chosen(request), typed["reason"], _revision(request), bool(typed["rearrange"]))
    except MoveRefused as refusal:
        return _team(request, _team_visible(request, pk), str(refusal))
    request.POST = request.POST.copy()
    request.POST.clear()
    return _team(request, _team_visible(request, pk), done=f"已请{new.deputy}加入小组。")


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back the last change, as another change."""
    run = visible_run(request, pk)
    try:
        workflow.undo(request.user, pk, _revision(request))
    except MoveRefused as refusal:
        run.refresh_from_db()
        return run_page(request, run, str(refusal))
    return redirect("run_detail", pk)


@require_http_methods(["GET", "POST"])
@requires(Permission.DRAFT_SUPERVISION)
def run_rearrange(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/12/rearrange — what it does when everything that is not locked goes to its best place; posted, it is done."""
    run, error, done = visible_run(request, pk), "", ""
    if not may_change(request, run):
        return _gone(request)
    if request.method == "POST":
        try:
            workflow.rearrange(request.user, pk, request.POST.get("reason", "")[:200], _revision(request))
            done = "已重新排布其余人选，可以在上面撤销。"
        except MoveRefused as refusal:
            error = str(refusal)
        run.refresh_from_db()
    told = None if done else effect(run, Change("rearrange"))
    response = render(request, "supervision/_rearrange.html", {
        "run": run, "told": told, "change": signed_metres(told.best_change) if told and told.best_change is not None else "",
        "typed": _typed(request), "error": error, "done": done, "panel": json.dumps({"candidates": []}),
    }, status=422 if error else 200)  # fmt: skip
    if error or done:
        response["HX-Trigger"] = "run-changed"
    return response
