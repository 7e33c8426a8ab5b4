"""Handing many cases over at once: those that are ticked, or all that the list shows."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.accounts.perms import Permission, requires
from apps.cases import listing, many
from apps.cases.forms_list import ManyForm
from apps.cases.models import Case
from apps.cases.views_list import filters_of
from apps.record.site import way_back


@require_POST
@requires(Permission.SEE_CASES)
def case_many(request: HttpRequest) -> HttpResponse:
    """verb, note, unit, and `case` once for each ticked one, or `all` with the list's `query`. What could not be done is named with its reason."""
    back = way_back(request) or reverse("case_list")
    move = next((each for each in many.offered(request.user) if each.verb == request.POST.get("verb")), None)
    form = ManyForm(request.POST)
    cases, too_many = _chosen(request)
    problem = ""
    if move is None:
        problem = "请选要办的一步。"
    elif not form.is_valid():
        problem = " ".join(error for errors in form.errors.values() for error in errors)
    elif move.unit and form.cleaned_data["unit"] is None:
        problem = "请选择承办单位。"
    elif move.must and not form.cleaned_data["note"]:
        problem = f"请写明{move.said}。"
    elif too_many:
        problem = f"一次最多办 {many.MOST} 件，现在有 {too_many} 件。请先缩小范围，或逐页勾选。"
    elif not cases:
        problem = "没有勾选任何民情件。请先在左边勾选，再办。"
    if problem:
        return _refused(request, problem, form, back)
    outcome = many.make(move, cases, request.user, form.cleaned_data["note"], form.cleaned_data["unit"])
    if outcome.done:
        messages.success(request, f"{move.label}：已办好 {outcome.done} 件。")
    for reason, refused in outcome.refused.items():
        named = "、".join(case.code for case in refused[:10]) + (f" 等 {len(refused)} 件" if len(refused) > 10 else "")
        messages.error(request, f"没有办成 {len(refused)} 件（{named}）：{reason}")
    return redirect(back)


def _refused(request: HttpRequest, problem: str, form: ManyForm, back: str) -> HttpResponse:
    """The same form by itself, with everything that was ticked and typed."""
    kept = [(name, value) for name in ("case", "all", "query") for value in request.POST.getlist(name)[: many.MOST + 1]]
    return render(request, "cases/many_refused.html", {
        "problem": problem, "back": back, "kept": kept, "ticked": sum(name == "case" for name, _ in kept), "many": many.offered(request.user),
        "many_units": many.units(request.user), "verb": request.POST.get("verb", ""), "note": form.data.get("note", ""), "unit": form.data.get("unit", ""),
    }, status=422)  # fmt: skip


def _chosen(request: HttpRequest) -> tuple[list[Case], int]:
    """The cases that are meant, in the list's order; and how many there are when that is more than may be moved at once."""
    if request.POST.get("all"):
        _, filters = filters_of(QueryDict(request.POST.get("query", "")[:2000]), request.user)
        cases = listing.ordered(listing.narrowed(filters, request.user), filters["sort"])
    else:
        cases = (
            Case.objects.visible_to(request.user)
            .filter(code__in=[code.replace("\x00", "")[:30] for code in request.POST.getlist("case")[: many.MOST + 1]])
            .order_by("pk")
        )
    found = cases.count()
    return (list(cases.only("code")[: many.MOST]), 0) if found <= many.MOST else ([], found)
