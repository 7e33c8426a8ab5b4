"""Recording a visit on a phone: the form, with or without a plan, and what the phone needs to open it without a network."""

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.perms import Permission, requires
from apps.deputies.models import Deputy
from apps.record.states import MoveRefused
from apps.supervision import workflow_visits
from apps.supervision.findings import Finding
from apps.supervision.forms_visits import RecordForm
from apps.supervision.rating_sheets import RatingSheet
from apps.supervision.topics import Topic
from apps.supervision.views_visits import asked_topic, offered_topics, visible
from apps.supervision.visits import CheckIn, Visit


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.RECORD_VISITS)
def visit_new(request: HttpRequest) -> HttpResponse:
    """/supervision/visits/new?topic=7 or ?project=ZD-014 — a look that was not planned: check-in, ratings, photos, findings, sent once."""
    chosen = asked_topic(request)
    if request.method == "GET":
        planned = Visit.objects.open().filter(kind=Visit.Kind.LOOK, deputy__user=request.user, topic=chosen).first() if chosen else None
        form = RecordForm(user=request.user, topics=offered_topics(request, chosen), initial={**_start(request), "topic": str(chosen.pk) if chosen else ""})
        return _page(request, form, chosen, planned=planned)
    form = RecordForm(request.POST, request.FILES, user=request.user, topics=offered_topics(request, chosen))
    return _recorded(request, form, lambda: workflow_visits.record_look(request.user, form.chosen, form.record()))


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_VISITS)
def visit_record(request: HttpRequest, pk: int) -> HttpResponse:
    """The record of a planned visit: its deputy's, or for an inspection its leader's or the office's."""
    visit = visible(request, pk)
    if visit.state == Visit.State.RECORDED and request.method == "GET":
        return redirect("visit_detail", pk)
    signed = _signed_in(request, visit)
    if request.method == "GET":
        if "record" not in workflow_visits.possible(request.user, visit):
            messages.error(request, f"这次{visit.get_kind_display()}现在不能由您记录。")
            return redirect("visit_detail", pk)
        return _page(request, RecordForm(user=request.user, visit=visit, signed_in=signed, initial=_start(request)), visit.topic, visit)
    form = RecordForm(request.POST, request.FILES, user=request.user, visit=visit, signed_in=signed)
    return _recorded(request, form, lambda: workflow_visits.record(request.user, pk, form.record()), visit)


def _signed_in(request: HttpRequest, visit: Visit) -> bool:
    """Whether no check-in is asked for with the record: the writer has one, or he is not one of those who go."""
    mine = visit.participant_of(request.user)
    return mine is None or CheckIn.objects.filter(participant=mine).exists()


def _start(request: HttpRequest) -> dict:
    return {"submission": workflow_visits.fresh(), "writer": str(request.user.pk), "visited_on": timezone.localdate()}


def _recorded(request: HttpRequest, form: RecordForm, save: Callable[[], Visit], visit: Visit | None = None) -> HttpResponse:
    status = 422
    if form.is_valid():
        try:
            made = save()
            raised = f"，{len(form.findings)} 个问题已交县人大常委会工委" if form.findings else ""
            messages.success(request, f"走访已记录{raised}。")
            return redirect("visit_detail", made.pk)
        except workflow_visits.AlreadyRecorded as refusal:
            problem = str(refusal)
            if visit is None:  # another number: pressed again, it is another visit
                form.data = MultiValueDict({**dict(form.data.lists()), "submission": [str(workflow_visits.fresh())]})
                problem += "如果写的是另一次走访，请再按一次提交。"
            return _page(request, form, form.chosen, visit, problem=problem, there=refusal.visit, status=409)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
            status = 409
    return _page(request, form, getattr(form, "chosen", None), visit, status=status)


def _page(request: HttpRequest, form: RecordForm, topic: Topic | None, visit: Visit | None = None, *, status: int = 200, **more) -> HttpResponse:
    page = {
        **_form_parts(form, RatingSheet.objects.for_topic(topic) if topic else None), "topic": topic, "visit": visit,
        "site": [topic.site.x, topic.site.y] if topic else None, "known": known_of(form.topics), **more,
    }  # fmt: skip
    return render(request, "visits/visit_record.html", page, status=status)


def _form_parts(form: RecordForm, shown: RatingSheet | None) -> dict:
    """The form with every sheet in use, as it was filled in; scripts show the one of the topic that is chosen."""
    sheets = [
        {"sheet": sheet, "shown": sheet == shown or (shown is None and sheet.general), "lines": [(line, form.data.get(f"rating-{line.pk}", "")) for line in sheet.indicators.all()]}
        for sheet in RatingSheet.objects.in_use().prefetch_related("indicators")
    ]  # fmt: skip
    return {"form": form, "sheets": sheets, "blocks": form.written(), "severities": Finding.Severity.choices}


def known_of(topics: Iterable[Topic]) -> list[dict]:
    """What a page knows of topics: name, place and sheet."""
    topics = list(topics)
    sheets = RatingSheet.objects.chosen_for(topics)
    return [{"id": topic.pk, "code": topic.code, "title": topic.title, "site": [round(topic.site.x, 6), round(topic.site.y, 6)], "sheet": sheets.get(topic.pk)} for topic in topics]


@require_GET
def visit_blank(request: HttpRequest) -> HttpResponse:
    """The record's form as anybody gets it, without a name or a topic: phones keep it for where there is no network.

    Open to all because nothing is in it; what it is about comes from the phone, and sending it takes a login.
    """
    form = RecordForm(user=request.user, initial={"visited_on": ""})
    return HttpResponse(render_to_string("visits/visit_record.html", {**_form_parts(form, None), "blank": True}))


@never_cache
@require_GET
@requires(Permission.RECORD_VISITS)
def visit_known(request: HttpRequest) -> JsonResponse:
    """What a deputy's own phone keeps for where there is no network: his topics and planned visits, with the sheet of each."""
    deputy = Deputy.objects.filter(user=request.user).first()
    supervised = list(Topic.objects.supervised_by(deputy).with_facts()[:200]) if deputy else []
    planned = list(Visit.objects.open().filter(participants__deputy=deputy, participants__leader=True).select_related("topic").order_by("planned_on")[:50]) if deputy else []
    topics = {topic.pk: topic for topic in [*supervised, *Topic.objects.with_facts().filter(pk__in=[visit.topic_id for visit in planned])]}
    return JsonResponse({
        "topics": known_of(topics.values()),
        "visits": [{"id": visit.pk, "topic": visit.topic_id, "name": str(visit)} for visit in planned],
    })
