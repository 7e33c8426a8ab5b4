"""Two runs held side by side: who moves, topic by topic and deputy by deputy, and what it costs."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, allowed, requires
from apps.supervision.compare import compare
from apps.supervision.models import AssignmentRun
from apps.supervision.views import UNSOLVED

ROWS_A_PAGE = 100
OFFERED = 100  # runs in the two lists


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_compare(request: HttpRequest) -> HttpResponse:
    """/supervision/compare/?a=3&b=5&by=deputy — a is the earlier; without both, the last two."""
    runs = list(AssignmentRun.objects.visible_to(request.user).exclude(state__in=UNSOLVED).order_by("-created_at", "-pk")[:OFFERED])
    a, b = (_asked(request, name) for name in ("a", "b"))
    if a is None and b is None and len(runs) > 1:
        b, a = runs[0], next((run for run in runs if run.pk == runs[0].follows_id), runs[1])
    found = compare(a, b, timezone.localdate()) if a and b else None
    by = "deputy" if request.GET.get("by") == "deputy" else "topic"
    rows = (found.deputies if by == "deputy" else found.topics) if found else []
    return render(request, "supervision/run_compare.html", {
        "runs": runs, "a": a, "b": b, "found": found, "by": by, "page_obj": Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "homes": allowed(request.user, Permission.SEE_HOMES), "missing": not found and (request.GET.get("a") or request.GET.get("b")),
    })  # fmt: skip


def _asked(request: HttpRequest, name: str) -> AssignmentRun | None:
    text = request.GET.get(name, "")
    visible = AssignmentRun.objects.visible_to(request.user).exclude(state__in=UNSOLVED)
    return visible.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 18 else None
