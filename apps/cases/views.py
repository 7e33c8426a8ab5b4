"""One case, with what can be done now. One address for every role."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import answer_photos, beside, listing, timeline, workflow
from apps.cases.forms import CategoryForm
from apps.cases.forms_moves import ANSWERS, SHOWN_AS_REQUIRED, MoveForm, actions, make
from apps.cases.models import BorderAnswer, Case
from apps.cases.moves import FROM_ABOVE, possible_moves
from apps.matching.datum import NAMES
from apps.record.files import Photo, UploadRefused
from apps.record.site import way_back
from apps.record.states import Move, MoveRefused

WITH_PHOTOS = (*ANSWERS, "supply")


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_CASES)
def case_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One case; POST makes a move: `verb` and what it needs. `next` leads back to the list, ?do= opens one move."""
    seen = Case.objects.visible_to(request.user).filter(code=code)
    case = seen.select_related(*listing.RELATED).defer(*listing.SHAPES).first()
    if case is None:
        return render(request, "cases/case_gone.html", {"typed": request.POST.get("note", "")}, status=404)
    moves = possible_moves(case, request.user)
    verb = request.POST.get("verb", "")
    verbs = {move.verb for move in moves} | {verb}
    if request.method == "GET":
        return _detail(request, case, moves, MoveForm(case, request.user, verbs, initial={"revision": case.revision, "days": case.extension_days}))
    form = MoveForm(case, request.user, verbs, request.POST)
    if not form.is_valid():
        return _detail(request, case, moves, form, status=422)
    try:
        moved = _move(request, case, verb, form.data_of_move())
    except UploadRefused as refusal:
        form.add_error(None, str(refusal))
        return _detail(request, case, moves, form, status=422)
    except MoveRefused as refusal:
        case = seen.select_related(*listing.RELATED).defer(*listing.SHAPES).first()
        if case is None:
            return render(request, "cases/case_gone.html", {"typed": form.cleaned_data["note"]}, status=404)
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _detail(request, case, possible_moves(case, request.user), form, status=409)
    messages.success(request, f"已办好。这一件现在：{moved.holder()}{_after(verb, moved)}。")
    return redirect(way_back(request) or case_or_list(request, moved))


def _after(verb: str, case: Case) -> str:
    """What a move has left behind that the holder's name does not tell."""
    if verb == "extend":
        return f"，办理期限延到 {case.due_on}"
    if verb == "ask_extension":
        return f"，申请延期 {case.extension_days} 个工作日，等答复"
    return "，等反映人补充，期限已停" if case.paused_at else ""


def _move(request: HttpRequest, case: Case, verb: str, data: dict) -> Case:
    """With an answer, or what the reporter added, its photos, in one transaction. Those of a move that is refused belong to nothing, and go."""
    uploads = request.FILES.getlist("photos") if verb in WITH_PHOTOS else []
    sent = f"answer-{case.pk}-{case.reopened}" if verb in ANSWERS else f"{verb}-{case.pk}-{case.revision}"
    photos = Photo.objects.accept_all(uploads, by=request.user, submission=sent, most=answer_photos.MOST_PHOTOS)
    with transaction.atomic():
        moved = make(verb, case, request.user, {**data, "photos": photos})
        if verb in ANSWERS:
            answer_photos.keep(moved, photos)
    return moved


def _detail(request: HttpRequest, case: Case, moves: list[Move], form: MoveForm, *, status: int = 200) -> HttpResponse:
    held = case.held_by(request.user)
    chosen = request.POST.get("verb") or request.GET.get("do") or ""
    offered = actions(case, moves)
    around = beside.of(case, request.user, form, offered, held)
    if chosen not in {move.verb for move in moves}:
        first = [action["verb"] for action in offered if action["front"] and (action["verb"] not in FROM_ABOVE or not held)]
        # What was typed for a step that somebody else has made impossible is not put under another one.
        chosen = first[0] if first and request.method == "GET" else ""
    for name in SHOWN_AS_REQUIRED:  # only said on the page: the verbs have checked
        form.fields[name].required = True
    page = {
        **around,
        "case": case, "form": form, "held": held, "steps": timeline.inside(case), "next": way_back(request), "reporter": case.reporter_for(request.user),
        "actions": offered, "chosen": chosen, "revision": case.revision,
        "category_form": CategoryForm(current=case.category, initial={"category": case.category.code if case.category else ""}) if held else None,
        "ratings": case.ratings.order_by("round", "pk"),
        "asked_because": case.events.filter(verb="ask_extension").order_by("pk").values_list("note", flat=True).last() if case.extension_days else "",
        "border": BorderAnswer.objects.filter(case=case).first(), "datum": NAMES.get(case.datum),
        "case_data": {"point": {"lon": case.point.x, "lat": case.point.y}, "kind": "case", "name": case.place},
    }  # fmt: skip
    return render(request, "cases/case_detail.html", page, status=status)


@require_POST
@requires(Permission.SEE_CASES)
def case_category(request: HttpRequest, code: str) -> HttpResponse:
    case = get_object_or_404(Case.objects.visible_to(request.user), code=code)
    form = CategoryForm(request.POST)
    if not form.is_valid():
        messages.error(request, "没有这个类别，请重新选。")
        return redirect("case_detail", code=code)
    try:
        workflow.classify(case, request.user, form.cleaned_data["category"])
        messages.success(request, f"类别已改为“{form.cleaned_data['category']}”。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("case_detail", code=code)


def case_or_list(request: HttpRequest, case: Case) -> str:
    """The case's page, or the list when it has left this user's sight."""
    seen = Case.objects.visible_to(request.user).filter(pk=case.pk).exists()
    return reverse("case_detail", args=[case.code]) if seen else reverse("case_list")
