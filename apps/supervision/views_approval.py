"""From draft to published: approval with its record, withdrawal, publication, and the list to sign."""

import io
from collections.abc import Callable
from typing import BinaryIO

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.record.sheets import NoFont
from apps.record.states import MoveRefused
from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from apps.supervision.signing import write_paper, write_workbook
from apps.supervision.views import visible_run


@require_POST
@requires(Permission.APPROVE_SUPERVISION)
def run_move(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Approve, withdraw or publish, as the state table allows."""
    verbs = {"approve": workflow.approve, "withdraw": workflow.withdraw, "publish": workflow.publish}
    if verb not in verbs:
        return HttpResponseNotFound()
    get_object_or_404(AssignmentRun.objects.visible_to(request.user), pk=pk)
    try:
        run = verbs[verb](request.user, pk)
        messages.success(request, f"“{run}”现在是：{run.get_state_display()}。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("run_detail", pk)


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_workbook(request: HttpRequest, pk: int) -> HttpResponse:
    """The signable list as XLSX."""
    run = visible_run(request, pk)
    return _file(run, write_workbook, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@require_GET
@requires(Permission.SEE_SUPERVISION)
def run_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The signable list as PDF."""
    run = visible_run(request, pk)
    try:
        return _file(run, write_paper, "pdf", "application/pdf")
    except NoFont as missing:
        messages.error(request, str(missing))
        return redirect("run_detail", pk)


def _file(run: AssignmentRun, write: Callable[[AssignmentRun, BinaryIO], object], ending: str, kind: str) -> HttpResponse:
    buffer = io.BytesIO()
    write(run, buffer)
    response = HttpResponse(buffer.getvalue(), content_type=kind)
    response["Content-Disposition"] = content_disposition_header(True, f"{run.name}.{ending}")
    return response
