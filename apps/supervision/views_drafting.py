"""Drafting a run: what is supervised, who may be asked, under which rules."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.perms import Permission, requires
from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import EXPLANATIONS, PRESETS


@require_http_methods(["GET", "POST"])
@requires(Permission.DRAFT_SUPERVISION)
def run_new(request: HttpRequest) -> HttpResponse:
    """/supervision/new/ — the form that drafts a run; sent, it leads to the run being computed."""
    if request.method == "POST":
        preset = request.POST.get("preset", "")
        if preset in PRESETS:
            run = workflow.draft(request.user, preset, request.POST.get("name", "")[:60])
            return redirect("run_detail", run.pk)
        messages.error(request, "请选择一种预设：就近优先、均衡或延续去年。")
    presets = [(value, AssignmentRun.Preset(value).label, EXPLANATIONS[value], rules) for value, rules in PRESETS.items()]
    return render(request, "supervision/run_new.html", {"presets": presets})
