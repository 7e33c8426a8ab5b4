"""情况简报: /insight/briefings/. Choose a place, a period and themes; a job makes one file that opens without a network, and a PDF."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.insights import briefing_files, workflow_briefings
from apps.insights.briefings import Briefing
from apps.insights.forms_briefings import BriefingForm
from apps.insights.forms_reports import month_before
from apps.insights.report_counting import Narrowed
from apps.insights.theme_models import Theme
from apps.record.states import MoveRefused

PAGE = 20
TONES = {"queued": "neutral", "running": "info", "done": "good", "cancelled": "neutral", "failed": "late"}
EVENTS = {"order": "下单", "done": "做好", "fail": "没有做成", "cancel": "停止", "resume": "重新制作", "clear": "清理文件"}
KINDS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MAKE_BRIEFINGS)
def briefing_list(request: HttpRequest) -> HttpResponse:
    """/insight/briefings/ — order one, and those that were made."""
    form = BriefingForm(request.POST or None, user=request.user, initial={"period": "month", "on": month_before(timezone.localdate())})
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("briefing", workflow_briefings.order(request.user, form.wanted()).pk)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    page = Paginator(Briefing.objects.visible_to(request.user).listed(), PAGE).get_page(request.GET.get("page"))
    for briefing in page:
        briefing.tone = TONES[briefing.state]
    return render(request, "insights/briefings/list.html", {"form": form, "page_obj": page}, status=422 if form.errors else 200)


@require_GET
@requires(Permission.MAKE_BRIEFINGS)
def briefing(request: HttpRequest, pk: int) -> HttpResponse:
    """One briefing: what was chosen, how far it is, its files."""
    found = _visible(request, pk)
    files = [(ending, path.stat().st_size) for ending in KINDS if (path := briefing_files.find(pk, ending))] if found.state == Briefing.State.DONE else []
    events = [(EVENTS.get(event.verb, event.verb), event) for event in found.events.select_related("actor").order_by("-pk")]
    return render(request, "insights/briefings/detail.html", {
        "briefing": found, "files": files, "events": events, "filters": Narrowed(tuple(found.categories), tuple(found.sources)).words(),
        "kept_days": settings.BRIEFINGS_DAYS, "themes": Theme.objects.filter(pk__in=found.themes).only("name").order_by("pk"),
    })  # fmt: skip


@require_GET
@requires(Permission.MAKE_BRIEFINGS)
def briefing_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Polled while it is made; reloads the page when it is over."""
    found = _visible(request, pk)
    response = render(request, "insights/briefings/_progress.html", {"briefing": found})
    if not found.at_work:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.MAKE_BRIEFINGS)
def briefing_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Stop it, or make it after all."""
    verbs = {"cancel": workflow_briefings.cancel, "resume": workflow_briefings.resume}
    if verb not in verbs:
        raise Http404
    found = _visible(request, pk)
    try:
        verbs[verb](request.user, found.pk)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("briefing", pk)


@require_GET
@requires(Permission.MAKE_BRIEFINGS)
def briefing_file(request: HttpRequest, pk: int, ending: str) -> FileResponse:
    """/insight/briefings/3.html — always to be kept, never shown here: its scripts are its own."""
    found = _visible(request, pk)
    path = briefing_files.find(pk, ending) if found.state == Briefing.State.DONE else None
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"{found.title}.{ending}", content_type=KINDS[ending])


def _visible(request: HttpRequest, pk: int) -> Briefing:
    found = get_object_or_404(Briefing.objects.visible_to(request.user).listed(), pk=pk)
    found.tone = TONES[found.state]
    return found
