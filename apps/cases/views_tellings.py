"""/cases/calls/: whom to ring up today (电话告知), with what to say; what came of it. The number is seen by who has taken the call."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import workflow_tellings as workflow
from apps.cases.tellings import Telling
from apps.record.states import MoveRefused

PAGE = 30
SHOWS = [("", "现在要打的"), ("later", "稍后再打的"), ("done", "打过的")]


@never_cache
@require_GET
@requires(Permission.TELL_REPORTERS)
def telling_list(request: HttpRequest) -> HttpResponse:
    """/cases/calls/?show=later — the longest waiting first."""
    return _page(request)


@require_POST
@requires(Permission.TELL_REPORTERS)
def telling_take(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        workflow.take(pk, request.user)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("telling_list")
    return redirect(f"{request.path.removesuffix(f'{pk}/take')}#call-{pk}")


@require_POST
@requires(Permission.TELL_REPORTERS)
def telling_note(request: HttpRequest, pk: int) -> HttpResponse:
    """What came of the call: `outcome` and words; or `back`, when it was not made."""
    typed = {"pk": pk, "outcome": request.POST.get("outcome", ""), "words": request.POST.get("words", "")}
    try:
        if "back" in request.POST:
            workflow.give_back(pk, request.user)
            return redirect("telling_list")
        call = workflow.note(pk, request.user, typed["outcome"], typed["words"])
    except MoveRefused as refusal:
        return _page(request, wrong={**typed, "error": str(refusal), "field": refusal.field}, status=422 if refusal.field else 409)
    messages.success(request, _said(call))
    return redirect("telling_list")


def _said(call: Telling) -> str:
    if call.state == Telling.State.DONE:
        return "已登记：告知到本人了。"
    if call.state == Telling.State.UNREACHED:
        return "已登记，不再打了；答复一直在进度页上，反映人凭查询码看得到。"
    return f"已登记，{timezone.localtime(call.due_at):%-m月%-d日 %-H:%M} 以后再打。"


def _page(request: HttpRequest, *, wrong: dict | None = None, status: int = 200) -> HttpResponse:
    now, show = timezone.now(), request.GET.get("show", "")
    calls = Telling.objects.callable_by(request.user).select_related("case__town", "case__village", "case__station", "claimed_by", "told_by", "joiner")
    counts = {"now": calls.waiting().filter(due_at__lte=now).count(), "later": calls.waiting().filter(due_at__gt=now).count()}
    if show == "done":
        calls = calls.exclude(state=Telling.State.WAITING).order_by("-pk")
    elif show == "later":
        calls = calls.waiting().filter(due_at__gt=now).order_by("due_at", "pk")
    else:
        calls = calls.waiting().filter(due_at__lte=now).order_by("due_at", "pk")
    page = Paginator(calls, PAGE).get_page(request.GET.get("page"))
    for call in page:
        call.mine = call.state == Telling.State.WAITING and call.held_by(request.user, now)
        call.contact_shown = call.contact() if call.mine else None
        call.taken = call.is_held(now) and not call.mine
    return render(request, "cases/telling_list.html", {
        "page_obj": page, "show": show, "shows": SHOWS, "counts": counts, "outcomes": Telling.Outcome.choices, "wrong": wrong,
    }, status=status)  # fmt: skip
