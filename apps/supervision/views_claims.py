"""Claims 认领: a deputy asks for a topic on its page; the office confirms, and may put him into a draft at once."""

from collections import defaultdict

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.record.states import MoveRefused
from apps.supervision import workflow_claims as workflow
from apps.supervision.claims import Claim
from apps.supervision.models import AssignmentRun, Team
from apps.supervision.topics import Topic, supervises
from apps.supervision.views_topics import deputy_of

SHOWN = {"open": "待确认", "": "全部"}


@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_PROJECTS)
def claim_box(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/topics/3/claim — what a deputy sees under a topic: his claim, or how to claim. A fragment; others see nothing."""
    topic = get_object_or_404(Topic.objects.visible_to(request.user).with_facts(), pk=pk)
    deputy = deputy_of(request)
    if deputy is None:
        return HttpResponse("")
    refused, words = "", request.POST.get("words", "")[:200]
    if request.method == "POST":
        try:
            if request.POST.get("verb") == "take_back":
                workflow.take_back(request.user, _number(request.POST.get("claim", "")))
            else:
                workflow.claim(request.user, pk, words)
        except MoveRefused as refusal:
            refused = str(refusal)
    claim = Claim.objects.filter(topic=topic, deputy=deputy).exclude(state=Claim.State.WITHDRAWN).first()
    return render(request, "supervision/claims/_box.html", {
        "topic": topic, "claim": claim, "stake": deputy.organisation_id is not None and deputy.organisation_id in topic.recused(), "mine": supervises(deputy, topic), "refused": refused, "words": words if refused else "",
    }, status=422 if refused else 200)  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else 0


@require_GET
@requires(Permission.SEE_SUPERVISION)
def claim_list(request: HttpRequest) -> HttpResponse:
    """/supervision/claims/?state=open — for the office what waits for it, for a deputy his own."""
    return _list(request)


def _list(request: HttpRequest, refused: tuple[int, str] = (0, ""), answer: str = "") -> HttpResponse:
    office = request.user.role == Role.COUNTY_OFFICE
    state = request.GET.get("state", "open" if office else "")
    claims = Claim.objects.visible_to(request.user).select_related("deputy", "topic__project", "decided_by").order_by("-pk")
    claims = claims.waiting() if state == "open" else claims
    page = Paginator(claims, 20).get_page(request.GET.get("page"))
    places = _places([claim.topic_id for claim in page if claim.state == Claim.State.OPEN]) if office else {}
    for claim in page:
        claim.places = places.get(claim.topic_id, [])
        claim.refused, claim.typed = (refused[1], answer) if claim.pk == refused[0] else ("", "")
    context = {"page_obj": page, "office": office, "state": state, "choices": SHOWN.items()}
    return render(request, "supervision/claims/claim_list.html", context, status=409 if refused[1] else 200)


def _places(topics: list[int]) -> dict[int, list[tuple[str, str]]]:
    """By topic: where in the drafts at hand somebody could be put at once, as value and words of a choice."""
    found = defaultdict(list)
    teams = Team.objects.filter(topic__in=topics, run__state=AssignmentRun.State.DRAFT).select_related("run").prefetch_related("members__deputy").order_by("-run")
    for team in teams:
        begins = f"{team.run_id}:{team.run.revision}"
        if team.unmet:
            found[team.topic_id].append((f"{begins}:", f"放进草案“{team.run}”的空缺"))
        found[team.topic_id] += [(f"{begins}:{member.pk}", f"在草案“{team.run}”里换下{member.deputy}") for member in team.members.all() if not member.locked]
    return found


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def claim_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm or decline; `place`: run:revision:member, where to put the deputy at once."""
    answer = request.POST.get("answer", "")[:200]
    run, revision, member = ([*request.POST.get("place", "").split(":"), "", "", ""])[:3]
    try:
        claim = workflow.decide(
            request.user, pk, request.POST.get("verb") == "confirm", answer, _number(run) or None, _number(revision) if revision else None, _number(member) or None
        )
    except MoveRefused as refusal:
        return _list(request, (pk, str(refusal)), answer)
    messages.success(request, f"{claim}：{claim.get_state_display()}，已通知代表。")
    return redirect("claim_list")


@require_POST
@requires(Permission.SEE_SUPERVISION)
def claim_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The deputy's or the office's: drafts computed from now on are free of it."""
    get_object_or_404(Claim.objects.visible_to(request.user), pk=pk)
    try:
        messages.success(request, f"{workflow.take_back(request.user, pk)}：已撤回。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("claim_list")
