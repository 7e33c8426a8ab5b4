"""One case, with what can be done now. One address for every role."""


from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import listing, timeline, workflow
from apps.cases.forms import CategoryForm, MoveForm
from apps.cases.models import BorderAnswer, Case
from apps.matching.datum import NAMES
from apps.record.states import Move, MoveRefused

ANSWERS = {"answer_as_deputy": workflow.answer_as_deputy, "answer_as_town": workflow.answer_as_town, "answer_as_unit": workflow.answer_as_unit}
HAND_OVERS = {
    "pass_to_town": workflow.pass_to_town, "pass_to_county": workflow.pass_to_county, "pass_to_dispatcher": workflow.pass_to_dispatcher,
    "take_over": workflow.take_over, "take_over_by_county": workflow.take_over_by_county, "return_to_dispatcher": workflow.return_to_dispatcher,
}  # fmt: skip
LOOKS = {  # icon, what the button asks before it is done
    "answer_as_deputy": ("message-2", "答复会显示给反映人，提交后不能修改。确定提交吗？"),
    "answer_as_town": ("message-2", "答复会显示给反映人，提交后不能修改。确定提交吗？"),
    "answer_as_unit": ("message-2", "答复会显示给反映人，提交后不能修改。确定提交吗？"),
    "pass_to_town": ("arrow-right", "提交后由镇人大、街道工委办理，您不能撤回。确定提交吗？"),
    "pass_to_county": ("arrow-right", "提交后由县人大常委会工委办理，您不能撤回。确定提交吗？"),
    "pass_to_dispatcher": ("arrow-right", "转出后由县政府办确定承办单位。确定转出吗？"),
    "assign_to_unit": ("send", ""),
    "return_to_dispatcher": ("arrow-back-up", "退回后由县政府办重新交办。确定退回吗？"),
    "take_over": ("user-check", "接手后由您办理，代表不再办理这一件。确定接手吗？"),
    "take_over_by_county": ("user-check", "接手后由您办理，原来的办理人不再办理这一件。确定接手吗？"),
}


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_CASES)
def case_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One case; POST makes a move: `verb` and what it needs. `next` leads back to the list."""
    case = Case.objects.visible_to(request.user).filter(code=code).select_related(*listing.RELATED).defer(*listing.SHAPES).first()
    if request.method == "GET":
        if case is None:
            return render(request, "cases/case_gone.html", status=404)
        return _detail(request, case, MoveForm(initial={"note": ""}))
    form = MoveForm(request.POST)
    if case is None:
        return render(request, "cases/case_gone.html", {"typed": form.data.get("note", "")}, status=404)
    if not form.is_valid():
        return _detail(request, case, form, status=422)
    try:
        moved = _make_move(case, request, form.cleaned_data)
    except MoveRefused as refusal:
        case.refresh_from_db(fields=["state", "due_on", "deputy", "organisation", "answer", "answered_at"])
        form.add_error(None, str(refusal))
        return _detail(request, case, form, status=409)
    messages.success(request, f"已办好。这一件现在：{moved.holder()}。")
    return redirect(_next(request) or case_or_list(request, moved))


def _make_move(case: Case, request: HttpRequest, data: dict) -> Case:
    verb, user = request.POST.get("verb", ""), request.user
    if verb in ANSWERS:
        return ANSWERS[verb](case, user, data["note"], told=data["told"])
    if verb in HAND_OVERS:
        return HAND_OVERS[verb](case, user, data["note"])
    if verb == "assign_to_unit":
        if data["organisation"] is None:
            raise MoveRefused("请选择承办单位。")
        return workflow.assign_to_unit(case, user, data["organisation"], data["note"])
    raise MoveRefused("没有这一步，请刷新页面后再办。")


def _detail(request: HttpRequest, case: Case, form: MoveForm, *, status: int = 200) -> HttpResponse:
    moves = workflow.possible_moves(case, request.user)
    verbs = {move.verb for move in moves}
    held, assigning = case.held_by(request.user), "assign_to_unit" in verbs
    form.fields["organisation"].required = assigning  # from here on only said on the page: the verb has checked
    page = {
        "case": case, "form": form, "held": held, "steps": timeline.inside(case), "next": _next(request), "reporter": case.reporter_for(request.user),
        "actions": [{"verb": move.verb, "label": _label(move, case), "icon": LOOKS[move.verb][0], "ask": LOOKS[move.verb][1]} for move in moves],
        "answering": bool(verbs & set(ANSWERS)), "assigning": assigning, "taking_over": bool(verbs & set(workflow.TAKE_OVERS)),
        "category_form": CategoryForm(initial={"category": case.category.code if case.category else ""}) if held else None,
        "ratings": case.ratings.all(), "border": BorderAnswer.objects.filter(case=case).first(), "datum": NAMES.get(case.datum), "case_data": {"point": {"lon": case.point.x, "lat": case.point.y}, "kind": "case", "name": case.place},
    }  # fmt: skip
    return render(request, "cases/case_detail.html", page, status=status)


def _label(move: Move, case: Case) -> str:
    """The button's word; a street has no congress, a township's is called after it."""
    if move.verb != "pass_to_town":
        return move.label
    return f"提交{case.town.name[-1]}人大" if case.town.has_congress else "提交街道工委"


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


def _next(request: HttpRequest) -> str:
    """Where to go after the move, if it is a page of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()) else ""
