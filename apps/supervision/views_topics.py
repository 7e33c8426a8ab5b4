"""Topics: what is supervised, by whom, and the matters that the office enters itself."""

from collections import defaultdict

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Deputy, Field
from apps.record.states import MoveRefused
from apps.supervision import workflow_topics as workflow
from apps.supervision.forms_topics import TopicForm
from apps.supervision.models import Team, TeamMember
from apps.supervision.topics import Topic
from apps.territory.models import AdminArea

TOPICS_A_PAGE = 30
DRAFTS = 20
VERBS = {"add": "登记", "correct": "更正", "draft": "起草", "take": "纳入监督", "decline": "不采用"}


@require_GET
@requires(Permission.SEE_PROJECTS)
def topic_list(request: HttpRequest) -> HttpResponse:
    """/supervision/topics/?kind=&town=&field=&q=&mine=1 — with the team that the list in force gives each."""
    asked = {name: request.GET.get(name, "").strip()[:40] for name in ("kind", "town", "field", "q", "mine")}
    deputy = deputy_of(request)
    topics = filtered(Topic.objects.visible_to(request.user).current(timezone.localdate().year), asked).with_facts().by_code()
    if deputy and asked["mine"]:
        topics = topics.supervised_by(deputy)
    page = Paginator(topics, TOPICS_A_PAGE).get_page(request.GET.get("page"))
    members = defaultdict(list)
    for member in TeamMember.objects.filter(team__in=Team.objects.in_force(), team__topic__in=[topic.pk for topic in page]).select_related("deputy", "team").order_by("-leader", "deputy__code"):
        members[member.team.topic_id].append(member)
    for topic in page:
        topic.members = members[topic.pk]
    return render(request, "supervision/topics/topic_list.html", {
        "page_obj": page, "asked": asked, "deputy": deputy, "may_edit": allowed(request.user, Permission.DRAFT_SUPERVISION), **choices(),
        "drafts": list(Topic.objects.visible_to(request.user).drafted().with_facts()[:DRAFTS]) if allowed(request.user, Permission.DRAFT_SUPERVISION) else [],
    })  # fmt: skip


def choices() -> dict:
    """What the filters of topics offer."""
    return {
        "kinds": Topic.Kind.choices,
        "fields": Field.objects.values_list("code", "label"),
        "towns": AdminArea.objects.towns().values_list("code", "name"),
    }


def filtered(topics, asked: dict[str, str]):
    """Those that kind, town, field and q ask for; what is not known filters nothing out."""
    if asked["kind"] in Topic.Kind.values:
        topics = topics.filter(kind=asked["kind"])
    if asked["town"].isdigit():
        topics = topics.in_town(asked["town"])
    if asked["field"]:
        topics = topics.of_field(asked["field"])
    return topics.named(asked["q"]) if asked["q"] else topics


def deputy_of(request: HttpRequest) -> Deputy | None:
    return Deputy.objects.filter(user=request.user).first() if request.user.role == Role.DEPUTY else None


@require_GET
@requires(Permission.SEE_PROJECTS)
def topic_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/topics/3/ — a matter that is no key project; a key project's own page says it all."""
    topic = get_object_or_404(Topic.objects.visible_to(request.user).with_facts(), pk=pk)
    if topic.project_id:
        return redirect(topic.url)
    team = Team.objects.in_force().filter(topic=topic).select_related("run").first()
    mark = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [topic.site.x, topic.site.y]}, "properties": {"name": topic.title}}
    return render(request, "supervision/topics/topic_detail.html", {
        "topic": topic, "team": team, "deputy": deputy_of(request),
        "members": team.members.select_related("deputy__station").order_by("-leader", "deputy__code") if team else [],
        "may_edit": allowed(request.user, Permission.DRAFT_SUPERVISION),
        "events": [(VERBS.get(event.verb, event.verb), event) for event in topic.events.select_related("actor").order_by("-pk")[:20]],
        "project_data": {"shape": mark, "name": topic.title},
    })  # fmt: skip


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def topic_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """What was drafted from a hot spot or theme: taken over, or not wanted."""
    get_object_or_404(Topic, pk=pk, project=None)
    take = request.POST.get("take") == "1"
    try:
        workflow.settle_draft(request.user, pk, take=take)
        messages.success(request, "已纳入监督。起草分配方案时可以选它。" if take else "已标为不采用。以后仍可纳入监督。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("topic_detail", pk)


@require_http_methods(["GET", "POST"])
@requires(Permission.DRAFT_SUPERVISION)
def topic_new(request: HttpRequest) -> HttpResponse:
    """/supervision/topics/new/"""
    year = timezone.localdate().year
    form = TopicForm(request.POST or None, initial={"year": year, "kind": Topic.Kind.LIVELIHOOD})
    if request.method == "POST" and form.is_valid():
        try:
            topic = workflow.add_topic(request.user, form.matter())
            messages.success(request, f"已登记“{topic}”。起草分配方案时可以选它。")
            return redirect("topic_detail", topic.pk)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "supervision/topics/topic_edit.html", {"form": form, "topic": None}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires(Permission.DRAFT_SUPERVISION)
def topic_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """/supervision/topics/3/edit/ — whoever saves second is told, and what he typed stays."""
    topic = get_object_or_404(Topic.objects.with_facts(), pk=pk, project=None)
    form = TopicForm(request.POST or None, initial=TopicForm.of(topic) | {"seen": workflow.last_event(topic)})
    if request.method == "POST" and form.is_valid():
        try:
            workflow.correct_topic(request.user, pk, form.matter(), form.cleaned_data["seen"] or 0)
            messages.success(request, "已更正。")
            return redirect("topic_detail", pk)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "supervision/topics/topic_edit.html", {"form": form, "topic": topic}, status=422 if form.errors else 200)
