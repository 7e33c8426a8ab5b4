"""From draft to published: approval with its record, withdrawal, publication, and the list to sign."""

import datetime as dt
import io
from collections.abc import Callable
from typing import BinaryIO

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.record.sheets import NoFont
from apps.record.states import MoveRefused
from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from apps.supervision.signing import write_paper, write_workbook
from apps.supervision.views import run_page, visible_run


def _revision(request: HttpRequest) -> int | None:
    """Of the run that the page showed; None: whatever it is."""
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@require_POST
@requires(Permission.APPROVE_SUPERVISION)
def run_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approved by 工委 or 主任会议: which meeting, on what day."""
    run = visible_run(request, pk)
    typed = {name: request.POST.get(name, "").strip()[:200] for name in ("body", "words", "on")}
    try:
        on = dt.date.fromisoformat(typed["on"]) if typed["on"] else None
    except ValueError:
        return run_page(request, run, "批准日期请写成 2026-03-14 这样。", typed)
    return _moved(request, run, lambda: workflow.approve(request.user, pk, _revision(request), typed["body"], typed["words"], on), typed)


@require_POST
@requires(Permission.APPROVE_SUPERVISION)
def run_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to a draft."""
    return _moved(request, visible_run(request, pk), lambda: workflow.withdraw(request.user, pk, _revision(request)))


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Deputies see it from now on. `over`: the list in force that it replaces although that came between."""
    over = request.POST.get("over", "")
    return _moved(request, visible_run(request, pk), lambda: workflow.publish(request.user, pk, _revision(request), int(over) if over.isdecimal() and len(over) < 18 else None))


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop computing."""
    return _moved(request, visible_run(request, pk), lambda: workflow.cancel(request.user, pk))


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_restart(request: HttpRequest, pk: int) -> HttpResponse:
    """Compute a cancelled or failed run again."""
    return _moved(request, visible_run(request, pk), lambda: workflow.restart(request.user, pk))


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_supplement(request: HttpRequest) -> HttpResponse:
    """A draft that fills only the empty places of the list in force."""
    try:
        run = workflow.supplement(request.user)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("run_list")
    return redirect("run_detail", run.pk)


def _moved(request: HttpRequest, run: AssignmentRun, move: Callable[[], AssignmentRun], typed: dict | None = None) -> HttpResponse:
    """To the run after its move; refused, its page as it is now, with the reason and what was typed."""
    try:
        moved = move()
    except MoveRefused as refusal:
        run.refresh_from_db()
        return run_page(request, run, str(refusal), typed)
    messages.success(request, f"“{moved}”现在是：{moved.get_state_display()}。")
    return redirect("run_detail", run.pk)


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
