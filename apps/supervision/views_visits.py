"""Pages of visits: the list, one visit with its moves, planning and organising. Recording is in `views_recording.py`."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Deputy
from apps.projects.models import KeyProject
from apps.record.files import Photo, UploadRefused
from apps.record.states import MoveRefused
from apps.supervision import visits_workbook, workflow_visits
from apps.supervision.findings import Finding
from apps.supervision.forms_visits import InspectionForm, PlanForm, PresenceForm, VisitFilters
from apps.supervision.models import Team
from apps.supervision.topics import Topic
from apps.supervision.visit_records import Presence
from apps.supervision.visits import Visit, VisitParticipant, VisitPhoto

PAGE = 30
EXPORTED = 5000  # rows of one workbook
OFFERED = 2000  # topics in one field
ORDERS = {"": ("-planned_on", "-pk"), "oldest": ("planned_on", "pk")}
TOPIC_FACTS = ("topic__project", "topic__own_town", "topic__project__town")
SHAPES = ("topic__project__geom", "topic__project__geom_3857", *(f"{town}__{shape}" for town in ("topic__own_town", "topic__project__town") for shape in ("geom", "geom_3857")))


def listed(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    """With everything that a list shows, in a fixed number of queries."""
    people = Prefetch("participants", VisitParticipant.objects.select_related("deputy", "check_in"))
    return rows.select_related("deputy", "recorded_by", "group", *TOPIC_FACTS).defer(*SHAPES, "deputy__workplace").prefetch_related(people)


def narrowed(request: HttpRequest) -> tuple[QuerySet[Visit], dict]:
    """What the user may see, narrowed by the filters of the address."""
    form = VisitFilters(request.GET)
    form.is_valid()
    wanted = {name: value for name, value in form.cleaned_data.items() if value not in ("", None, False)}
    rows = Visit.objects.visible_to(request.user)
    if q := wanted.get("q"):
        rows = rows.filter(Q(topic__in=Topic.objects.named(q).values("pk")) | Q(name__icontains=q) | Q(participants__deputy__name=q)).distinct()
    if code := wanted.get("topic"):
        rows = rows.filter(Q(topic__project__code=code) | Q(topic__own_code=code))
    if code := wanted.get("deputy"):
        rows = rows.filter(participants__deputy__code=code)
    if wanted.get("mine"):
        rows = rows.filter(participants__deputy__user=request.user)
    simple = {"kind": "kind", "state": "state", "since": "planned_on__gte", "until": "planned_on__lte"}
    rows = rows.filter(**{lookup: wanted[name] for name, lookup in simple.items() if name in wanted})
    return rows.order_by(*ORDERS[wanted.get("sort", "")]), wanted


@require_GET
@requires(Permission.SEE_VISITS)
def visit_list(request: HttpRequest) -> HttpResponse:
    """/supervision/visits/?kind=&state=&q=&since=&until=&deputy=&topic=&mine=&sort= — newest first, or oldest."""
    rows, wanted = narrowed(request)
    page = Paginator(rows.values_list("pk", flat=True), PAGE).get_page(request.GET.get("page"))
    found = {visit.pk: visit for visit in listed(Visit.objects.filter(pk__in=list(page.object_list)).counted())}
    page.object_list = [found[pk] for pk in page.object_list if pk in found]
    return render(request, "visits/visit_list.html", {
        "page_obj": page, "wanted": wanted, "kinds": Visit.Kind.choices, "states": Visit.State.choices, "query": urlencode(request.GET),
        "deputy": Deputy.objects.filter(code=wanted["deputy"]).first() if "deputy" in wanted else None,
        "may_record": allowed(request.user, Permission.RECORD_VISITS), "may_organise": allowed(request.user, Permission.ORGANISE_INSPECTIONS),
        "may_manage_sheets": allowed(request.user, Permission.MANAGE_SHEETS),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_VISITS)
def visit_export(request: HttpRequest) -> HttpResponse:
    """The list as filtered, as XLSX; positions stay behind, distances are told."""
    rows, _ = narrowed(request)
    response = HttpResponse(visits_workbook.write(listed(rows.counted())[:EXPORTED]), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"走访视察{timezone.localdate():%Y%m%d}.xlsx")
    return response


@require_GET
@requires(Permission.SEE_VISITS)
def topic_visits(request: HttpRequest, code: str) -> HttpResponse:
    """The latest visits of a topic, by the code of its project or its own: a fragment for the pages about it."""
    rows = Visit.objects.visible_to(request.user).filter(Q(topic__project__code=code) | Q(topic__own_code=code))
    return render(request, "visits/_of_topic.html", {
        "code": code, "visits": listed(rows.counted())[:5], "count": rows.count(), "may_record": allowed(request.user, Permission.RECORD_VISITS),
    })


def visible(request: HttpRequest, pk: int) -> Visit:
    return get_object_or_404(listed(Visit.objects.visible_to(request.user)), pk=pk)


@require_GET
@requires(Permission.SEE_VISITS)
def visit_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return visit_page(request, visible(request, pk))


def visit_page(request: HttpRequest, visit: Visit, *, problem: str = "", typed: dict | None = None, status: int = 200) -> HttpResponse:
    """One visit: what was arranged, who signed in where, what was seen, and the moves that this user may make."""
    user = request.user
    participants = list(visit.participants.all())
    ratings = {rating.indicator_id: rating for rating in visit.ratings.select_related("indicator")}
    sheet = visit.sheet
    events = list(visit.events.select_related("actor"))
    return render(request, "visits/visit_detail.html", {
        "visit": visit, "participants": participants, "signed": sum(hasattr(each, "check_in") for each in participants),
        "rated": [(indicator, indicator.words(ratings[indicator.pk].value) if indicator.pk in ratings else "") for indicator in sheet.indicators.all()] if sheet else [],
        "photos": list(visit.photos.select_related("photo")), "supplements": [event for event in events if event.verb == "supplement"],
        "findings": Finding.objects.visible_to(user).filter(visit=visit).select_related("lead"), "events": events,
        "moves": workflow_visits.possible(user, visit), "mine": next((each for each in participants if each.deputy.user_id == user.pk), None),
        "presence": PresenceForm(), "office": user.role == Role.COUNTY_OFFICE, "accompanying": visit.accompanying.all(), "problem": problem, "typed": typed or {},
        "absent": [each for each in participants if not hasattr(each, "check_in")], "map_data": _map_data(visit, participants, user),
    }, status=status)  # fmt: skip


def _map_data(visit: Visit, participants: list[VisitParticipant], user) -> dict:
    """The site, and where people signed in: one's own place, and everybody's for the county office."""
    site = visit.topic.site
    seen = [each for each in participants if hasattr(each, "check_in") and each.check_in.point and (user.role == Role.COUNTY_OFFICE or each.deputy.user_id == user.pk)]
    return {
        "site": [site.x, site.y], "name": visit.topic.title,
        "signed": [{"lon": each.check_in.point.x, "lat": each.check_in.point.y, "accuracy": each.check_in.accuracy_m, "name": each.deputy.name} for each in seen],
    }  # fmt: skip


@require_GET
@requires(Permission.SEE_VISITS)
def visit_photo(request: HttpRequest, pk: int, photo: int, size: str) -> HttpResponse:
    """A photo of a visit, for those who may see the visit."""
    link = VisitPhoto.objects.filter(visit__in=Visit.objects.visible_to(request.user), visit=pk, photo=photo).select_related("photo").first()
    if link is None:
        raise Http404
    return link.photo.response(request, size)


# --- planning -----------------------------------------------------------------------------------------------------------------


def asked_topic(request: HttpRequest) -> Topic | None:
    """The topic that ?topic=PK or ?project=CODE names; a published project becomes one when it is first visited."""
    pk, code = request.GET.get("topic", ""), request.GET.get("project", "")[:30]
    if pk.isdecimal() and len(pk) < 10:
        return Topic.objects.settled().with_facts().filter(pk=pk).first()
    project = KeyProject.objects.filter(code=code).first() if code else None
    return Topic.objects.of_projects([project]).with_facts().get() if project else None


def offered_topics(request: HttpRequest, chosen: Topic | None) -> list[Topic]:
    """What a form offers: a deputy's supervised ones first, then all that are current."""
    current = Topic.objects.current(timezone.localdate().year).with_facts().by_code()
    deputy = Deputy.objects.filter(user=request.user).first()
    first = list(Topic.objects.supervised_by(deputy).with_facts()) if deputy else []
    return list({topic.pk: topic for topic in [*([chosen] if chosen else []), *first, *current[:OFFERED]]}.values())


@require_http_methods(["GET", "POST"])
@requires(Permission.RECORD_VISITS)
def visit_plan(request: HttpRequest) -> HttpResponse:
    """/supervision/visits/plan?topic= — a deputy means to go and see."""
    chosen = asked_topic(request)
    topics = offered_topics(request, chosen)
    if request.method == "GET":
        form = PlanForm(topics=topics, initial={"topic": str(chosen.pk) if chosen else "", "submission": workflow_visits.fresh()})
        return render(request, "visits/visit_plan.html", {"form": form})
    form = PlanForm(request.POST, topics=topics)
    if form.is_valid():
        data = form.cleaned_data
        try:
            visit = workflow_visits.plan_look(request.user, data["topic"], data["planned_on"], data["agenda"], data["submission"])
            messages.success(request, f"已计划{visit.planned_on:%-m月%-d日}走访{visit.topic}。到现场后打开这一页签到、记录。")
            return redirect("visit_detail", visit.pk)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "visits/visit_plan.html", {"form": form}, status=422)


@require_http_methods(["GET", "POST"])
@requires(Permission.ORGANISE_INSPECTIONS)
def visit_organise(request: HttpRequest) -> HttpResponse:
    """/supervision/visits/organise?topic= — the office arranges an inspection."""
    chosen = asked_topic(request)
    team = list(Deputy.objects.filter(team_memberships__team__in=Team.objects.in_force().filter(topic=chosen))) if chosen else []
    start = {"topic": str(chosen.pk) if chosen else "", "submission": workflow_visits.fresh(), "deputies": team, "name": f"{chosen.title}视察"[:60] if chosen else ""}
    return _inspection_form(request, chosen, start, lambda form: workflow_visits.organise(request.user, form.wanted(), form.cleaned_data["submission"]))


@require_http_methods(["GET", "POST"])
@requires(Permission.ORGANISE_INSPECTIONS)
def visit_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Arrange an inspection anew; whoever saves over somebody else's change is told."""
    visit = visible(request, pk)
    people = list(visit.participants.all())
    start = {
        **{name: getattr(visit, name) for name in ("name", "planned_on", "planned_at", "meeting_place", "agenda", "group", "version")},
        "topic": str(visit.topic_id), "deputies": [each.deputy for each in people], "leader": next((each.deputy for each in people if each.leader), None),
        "accompanying": list(visit.accompanying.all()), "submission": workflow_visits.fresh(),
    }  # fmt: skip
    save = lambda form: workflow_visits.change(request.user, visit.pk, form.cleaned_data.get("version") or 0, form.wanted())  # noqa: E731
    return _inspection_form(request, visit.topic, start, save, visit)


def _inspection_form(request: HttpRequest, chosen: Topic | None, start: dict, save: Callable[[InspectionForm], Visit], visit: Visit | None = None) -> HttpResponse:
    topics = offered_topics(request, chosen)
    form = InspectionForm(request.POST, topics=topics) if request.method == "POST" else InspectionForm(topics=topics, initial=start)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                saved = save(form)
                silent = "、".join(each.deputy.name for each in saved.participants.select_related("deputy") if each.deputy.user_id is None)
                messages.success(request, "已保存，并通知了参加的代表。" + (f"没有账号、要电话通知的：{silent}。" if silent else ""))
                return redirect("visit_detail", saved.pk)
            except MoveRefused as refusal:
                form.add_error(None, str(refusal))
        status = 422
    ticked, joined = ({str(getattr(value, "pk", value)) for value in form[name].value() or []} for name in ("deputies", "accompanying"))
    return render(request, "visits/visit_organise.html", {
        "form": form, "visit": visit, "ticked": ticked, "people": _people(form), "joined": joined, "units": form.fields["accompanying"].queryset,
    }, status=status)


def _people(form: InspectionForm) -> list[Deputy]:
    return list(form.fields["deputies"].queryset.select_related("residence_village__parent", "group").defer(
        *(f"residence_village__{path}{shape}" for path in ("", "parent__") for shape in ("geom", "geom_3857"))
    ).order_by("residence_village__code", "code"))  # fmt: skip


# --- moves --------------------------------------------------------------------------------------------------------------------


@require_POST
@requires(Permission.SEE_VISITS)
def visit_check_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign in on site; the county office signs for a deputy who cannot."""
    visit = visible(request, pk)
    form = PresenceForm(request.POST)
    if not form.is_valid():
        return visit_page(request, visit, problem="没有签上：" + "；".join(error for errors in form.errors.values() for error in errors), status=422)
    code = request.POST.get("deputy", "")[:30]
    deputy = Deputy.objects.serving_on(timezone.localdate()).filter(code=code).first() if code else None
    presence = form.presence() or Presence(timezone.now())
    try:
        made = workflow_visits.check_in(request.user, visit.pk, presence, deputy)
    except MoveRefused as refusal:
        return visit_page(request, visit, problem=str(refusal), typed=request.POST.dict(), status=409)
    messages.success(request, f"{made.participant}已签到。{made.words}")
    return redirect("visit_detail", pk)


@require_POST
@requires(Permission.SEE_VISITS)
def visit_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    visit = visible(request, pk)
    try:
        workflow_visits.cancel(request.user, pk, request.POST.get("reason", "")[:200])
    except MoveRefused as refusal:
        return visit_page(request, visit, problem=str(refusal), typed=request.POST.dict(), status=409)
    messages.success(request, "已取消。")
    return redirect("visit_detail", pk)


@require_POST
@requires(Permission.SEE_VISITS)
def visit_supplement(request: HttpRequest, pk: int) -> HttpResponse:
    """Add words and photos to a record."""
    visit = visible(request, pk)
    text = request.POST.get("text", "").strip()[:2000]
    try:
        if "supplement" not in workflow_visits.possible(request.user, visit):
            raise MoveRefused("这次走访现在不能由您补充。请刷新页面后再看。")
        photos = Photo.objects.accept_all(request.FILES.getlist("photos"), by=request.user, submission=f"supplement-{pk}")
        workflow_visits.supplement(request.user, pk, text, tuple((photo, "") for photo in photos))
    except (MoveRefused, UploadRefused) as refusal:
        return visit_page(request, visit, problem=str(refusal), typed=request.POST.dict(), status=422)
    messages.success(request, "已补充到记录里。")
    return redirect("visit_detail", pk)
