"""民情公开 in the office: what is published of each quarter, as its page shows it before it is open; the page's switch; putting right."""

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.insights import workflow_corrections
from apps.insights import workflow_public as workflow
from apps.insights.public_counts import PublicTable, TableCorrection, VoicesPage
from apps.insights.published import read_quarter
from apps.insights.views_voices import asked_of, page_of
from apps.record.states import MoveRefused

TONES = {"queued": "neutral", "running": "info", "done": "good", "cancelled": "neutral", "failed": "late"}


class CorrectionForm(forms.Form):
    reason = forms.CharField(label="更正的原因", max_length=300, help_text="写给群众看：例如“补收了9月的热线记录”。不要写出差了几件：少于 5 件的差别也不公布。", widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}))


@never_cache
@require_GET
@requires(Permission.OPEN_PUBLIC_VOICES)
def voices_office(request: HttpRequest) -> HttpResponse:
    """/insight/voices/ — the page's switch and every quarter's versions."""
    page = VoicesPage.objects.filter(pk=1).first()
    return render(request, "insights/voices_office.html", {
        "page": page, "events": page.events.order_by("-pk")[:6] if page else [], "waiting": workflow.due(timezone.localdate()), "grace": workflow.GRACE.days, "patience": workflow.PATIENCE.days,
        "tables": PublicTable.objects.defer("behind").select_related("by"), "at_work": _corrections().filter(state__in=workflow_corrections.AT_WORK),
    })  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.OPEN_PUBLIC_VOICES)
def voices_table(request: HttpRequest, pk: int) -> HttpResponse:
    """/insight/voices/12/ — one version as its page shows it. POST reason: have the quarter counted anew and published as the next version."""
    table = get_object_or_404(PublicTable.objects.defer("behind").select_related("by"), pk=pk)
    form = CorrectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            correction = workflow_corrections.order(request.user, table.quarter, form.cleaned_data["reason"])
            return redirect("voices_table", pk=correction.table_id)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
    quarter = read_quarter(table)
    correction = _toned(_corrections().filter(table=table).first())
    shown = {**page_of(asked_of(request, [quarter]), [quarter]), "form": form, "correction": correction}
    return render(request, "insights/voices_table.html", shown, status=422 if form.errors else 200)


@never_cache
@require_GET
@requires(Permission.OPEN_PUBLIC_VOICES)
def correction_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Polled while a quarter is counted anew; leads to the new version, or reloads the page where there is none."""
    correction = _toned(get_object_or_404(_corrections(), pk=pk))
    response = render(request, "insights/_correction_progress.html", {"correction": correction})
    if correction.made_id:
        response["HX-Redirect"] = reverse("voices_table", args=[correction.made_id])
    elif not correction.at_work:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.OPEN_PUBLIC_VOICES)
def correction_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Stop it, or count after all."""
    verbs = {"cancel": workflow_corrections.cancel, "resume": workflow_corrections.resume}
    if verb not in verbs:
        raise Http404
    correction = get_object_or_404(_corrections(), pk=pk)
    try:
        verbs[verb](request.user, pk)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("voices_table", correction.made_id or correction.table_id)


def _corrections() -> QuerySet[TableCorrection]:
    return TableCorrection.objects.select_related("table", "created_by").defer("table__behind")


def _toned(correction: TableCorrection | None) -> TableCorrection | None:
    if correction:
        correction.tone = TONES[correction.state]
    return correction


@require_POST
@requires(Permission.OPEN_PUBLIC_VOICES)
def voices_turn(request: HttpRequest) -> HttpResponse:
    """Open the public page, or close it."""
    on = request.POST.get("on") == "yes"
    workflow.turn_page(request.user, on=on, reason=request.POST.get("reason", "").strip()[:300])
    messages.success(request, "民情公开页已开通，所有人都能看到。" if on else "民情公开页已关闭，已公布的统计暂不显示。")
    return redirect("voices_office")
