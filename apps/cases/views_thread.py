"""代表—政府部门在线: what is said on a case, beside it and as a page of its own; all threads with what is new in them."""

from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import workflow_thread as workflow
from apps.cases.forms_publishing import SayForm
from apps.cases.models import Case
from apps.cases.thread import CaseMessage, MessagePhoto, ThreadReading
from apps.record.files import Photo, UploadRefused
from apps.record.states import MoveRefused

PAGE = 30
SHOWN = 50  # messages of a thread; the ones before are one tap away


@never_cache
@require_GET
@requires(Permission.SEE_CASES)
def thread_list(request: HttpRequest) -> HttpResponse:
    """/cases/threads/?new=1&page= — every case on which something was said, the latest first; new: only where something waits to be read."""
    visible = CaseMessage.objects.visible_to(request.user)
    unread, only_new = visible.unread_by(request.user), bool(request.GET.get("new"))
    said = (
        (unread if only_new else visible)
        .order_by()
        .values("subject")
        .annotate(last=Max("pk"), many=Count("pk"))
        .order_by("-last")
    )
    page = Paginator(said, PAGE).get_page(request.GET.get("page"))
    last = CaseMessage.objects.select_related("subject__town", "subject__category").defer(
        "subject__town__geom", "subject__town__geom_3857"
    )
    messages = last.in_bulk([row["last"] for row in page])
    waiting = unread.filter(subject__in=[row["subject"] for row in page]).counted_by_case()
    for row in page:
        row["message"], row["unread"] = messages[row["last"]], waiting.get(row["subject"], 0)
    return render(request, "cases/thread_list.html", {"page_obj": page, "only_new": only_new})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_CASES)
def case_thread(request: HttpRequest, code: str) -> HttpResponse:
    """What is said on a case; POST says something. Asked for by htmx it is the part that stands on the case's page."""
    case = get_object_or_404(Case.objects.visible_to(request.user).select_related("deputy", "organisation"), code=code)
    if request.method == "GET":
        return _thread(request, case, SayForm(initial={"submission": workflow.fresh()}))
    form = SayForm(request.POST)
    if not form.is_valid():
        return _thread(request, case, form, status=422)
    try:
        number = form.cleaned_data["submission"]
        photos = Photo.objects.accept_all(
            request.FILES.getlist("photos"), by=request.user, submission=f"thread-{number}", most=workflow.MOST_PHOTOS
        )
        workflow.say(case, request.user, form.cleaned_data["text"], photos, number)
    except UploadRefused as refusal:
        return _thread(request, case, form, photo_problem=str(refusal), status=422)
    except MoveRefused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return _thread(request, case, form, status=422)
    if "HX-Request" in request.headers:
        return _thread(request, case, SayForm(initial={"submission": workflow.fresh()}), said=True)
    return redirect("case_thread", code=code)


@require_POST
@requires(Permission.SEE_CASES)
def thread_read(request: HttpRequest, code: str) -> HttpResponse:
    """He has seen the messages up to `upto`: sent by the page once they are in sight, or by its button."""
    case = get_object_or_404(Case.objects.visible_to(request.user).only("pk"), code=code)
    upto = request.POST.get("upto", "")
    newest = (
        case.messages.filter(pk__lte=int(upto)).order_by("-pk").values_list("pk", flat=True).first()
        if upto.isdecimal() and len(upto) < 19
        else None
    )
    if newest:
        ThreadReading.objects.note(case, request.user, newest)
    return HttpResponse(status=204) if "HX-Request" in request.headers else redirect("case_thread", code=code)


@require_GET
@requires(Permission.SEE_CASES)
def thread_photo(request: HttpRequest, pk: int, size: str) -> HttpResponse:
    """A photo, for those who see the case it was sent on."""
    seen = CaseMessage.objects.visible_to(request.user).values("pk")
    return get_object_or_404(
        MessagePhoto.objects.filter(message__in=seen).select_related("photo"), pk=pk
    ).photo.response(request, size)


def _thread(
    request: HttpRequest, case: Case, form: SayForm, *, photo_problem: str = "", said: bool = False, status: int = 200
) -> HttpResponse:
    recent = case.messages.order_by("-pk").prefetch_related("photos")
    everything = bool(request.GET.get("all"))
    shown = list(recent if everything else recent[: SHOWN + 1])
    unread = set(CaseMessage.objects.filter(subject=case).unread_by(request.user).values_list("pk", flat=True))
    page = {
        "case": case, "form": form, "photo_problem": photo_problem, "said": said, "open": workflow.is_open(case), "most": workflow.MOST_PHOTOS,
        "side": workflow.side_of(case, request.user), "messages_shown": _lines(shown if everything else shown[:SHOWN], unread, request),
        "more": not everything and len(shown) > SHOWN, "unread": len(unread), "newest": shown[0].pk if shown else None,
    }  # fmt: skip
    template = "cases/_thread.html" if "HX-Request" in request.headers else "cases/thread.html"
    return render(request, template, page, status=status)


SIDES = {"deputy": "代表", "unit": "承办单位", "dispatcher": "县政府办", "office": "人大"}


def _lines(newest_first: list[CaseMessage], unread: set[int], request: HttpRequest) -> list[dict]:
    """Oldest first, with who spoke for whom."""
    return [
        {
            "message": message, "side": message.data.get("side", ""), "who": message.data.get("unit") or SIDES.get(message.data.get("side", ""), ""),
            "own": message.actor_id == request.user.pk, "new": message.pk in unread,
        }
        for message in reversed(newest_first)
    ]  # fmt: skip
