"""民情公开 in the office: what is published of each quarter, as its page shows it before it is open; the page's switch; putting right."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.insights import workflow_public as workflow
from apps.insights.public_counts import PublicTable, VoicesPage
from apps.insights.published import read_quarter
from apps.insights.views_voices import asked_of, page_of
from apps.record.states import MoveRefused


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
        "tables": PublicTable.objects.defer("behind").select_related("by"),
    })  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.OPEN_PUBLIC_VOICES)
def voices_table(request: HttpRequest, pk: int) -> HttpResponse:
    """/insight/voices/12/ — one version as its page shows it. POST reason: count the quarter anew and publish it as the next version."""
    table = get_object_or_404(PublicTable.objects.defer("behind").select_related("by"), pk=pk)
    form = CorrectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = workflow.correct(table.quarter, request.user, form.cleaned_data["reason"])
            messages.success(request, f"已公布{made}第 {made.version} 版。")
            return redirect("voices_table", pk=made.pk)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
    quarter = read_quarter(table)
    shown = {**page_of(asked_of(request, [quarter]), [quarter]), "form": form}
    return render(request, "insights/voices_table.html", shown, status=422 if form.errors else 200)


@require_POST
@requires(Permission.OPEN_PUBLIC_VOICES)
def voices_turn(request: HttpRequest) -> HttpResponse:
    """Open the public page, or close it."""
    on = request.POST.get("on") == "yes"
    workflow.turn_page(request.user, on=on, reason=request.POST.get("reason", "").strip()[:300])
    messages.success(request, "民情公开页已开通，所有人都能看到。" if on else "民情公开页已关闭，已公布的统计暂不显示。")
    return redirect("voices_office")
