"""A project's month by web form, its plan, its standstill, and its photos."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.projects import workflow
from apps.projects.curves import month_start
from apps.projects.forms_reports import PlanForm, ReportForm, StandstillForm, month_of, reportable_months
from apps.projects.models import KeyProject, Subproject
from apps.projects.reports import ReportPhoto
from apps.record.files import Photo, UploadRefused
from apps.record.states import MoveRefused


def _number(text: str) -> int:
    """The last event that a form knew of; a field that somebody has tampered with knows of none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.REPORT_PROGRESS)
def report_form(request: HttpRequest, code: str) -> HttpResponse:
    """/projects/ZD-014/report/?month=2026-02 — what was done and spent; the same checks as for tables."""
    project = get_object_or_404(KeyProject.objects.reportable_by(request.user).select_related("responsible").defer("geom", "geom_3857"), code=code)
    today = timezone.localdate()
    months = reportable_months(project, today)
    sent = request.POST if request.method == "POST" else request.GET
    month = month_of(sent.get("month", "")) or (month_start(today, -1) if month_start(today, -1) in months else months[0])
    past = workflow.past_of([project.pk])[project.pk]
    form = ReportForm(project, past, month, request.POST if request.method == "POST" else None)
    seen, verdict, status = workflow.last_event(project), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                photos = Photo.objects.accept_all(request.FILES.getlist("photos"), by=request.user, submission=_submission(request.POST.get("submission", "")))
                taken = workflow.report(request.user, project, form.claim(), reason=form.cleaned_data["reason"], seen=_number(request.POST.get("seen", "")), photos=photos)
                if taken.changes or photos:
                    messages.success(request, f"{month.year}年{month.month}月的月报已收入。")
                else:
                    messages.info(request, f"与{month.year}年{month.month}月已报的相同，没有变化。")
                return redirect("project_detail", code)
            except UploadRefused as refusal:
                form.add_error(None, str(refusal))
            except workflow.ReportRefused as refusal:
                verdict, status = refusal.verdict, 409
                form.add_error("reason" if verdict.asks and not verdict.refused else None, str(refusal) + ("。请核对；确实如此，请写明理由再提交。" if verdict.asks and not verdict.refused else ""))
    return render(request, "projects/report_form.html", {
        "project": project, "form": form, "month": month, "months": months, "seen": seen, "verdict": verdict, "repeated": month in past.whole or any(month in series for series in past.parts.values()),
        "submission": request.POST.get("submission") or uuid.uuid4(), "photos_lost": bool(request.FILES),
    }, status=status)  # fmt: skip


def _submission(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


@require_GET
@requires(Permission.SEE_PROJECTS)
def report_photo(request: HttpRequest, pk: int, size: str) -> HttpResponse:
    """/projects/photos/7/small — who may see projects may see what their sites look like."""
    link = get_object_or_404(ReportPhoto.objects.select_related("photo"), pk=pk)
    return link.photo.response(request, size)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.PLAN_PROJECTS)
def part_plan(request: HttpRequest, code: str, number: int = 0) -> HttpResponse:
    """/projects/ZD-014/parts/2/ — a subproject's weight, dates and curve; ?template=s fills an S-shaped one in. 0: a new one."""
    project = get_object_or_404(KeyProject.objects.defer("geom", "geom_3857"), code=code)
    if number:
        part = get_object_or_404(project.subprojects.prefetch_related("plan_points"), number=number)
    else:
        part = Subproject(project=project, starts=project.starts, ends=project.ends)
    asked = request.POST if request.method == "POST" else None
    template = request.POST.get("template", "") if asked else request.GET.get("template", "")
    form = PlanForm(part, asked if not template else None, template)
    status = 200
    if asked and not template:
        status = 422
        if form.is_valid():
            try:
                said = {name: form.cleaned_data[name] for name in ("name", "weight", "starts", "ends", "reason")}
                workflow.set_plan(request.user, part, points=form.said(), seen=_number(request.POST.get("seen", "")), **said)
                messages.success(request, f"“{part.name}”的计划已保存。")
                return redirect("project_detail", code)
            except MoveRefused as refusal:
                form.add_error(None, str(refusal))
    return render(request, "projects/part_plan.html", {
        "project": project, "part": part, "number": number, "form": form, "seen": workflow.last_event(project), "template": template,
        "may_remove": bool(number) and not part.reports.exists(),
    }, status=status)  # fmt: skip


@require_POST
@requires(Permission.PLAN_PROJECTS)
def part_remove(request: HttpRequest, code: str, number: int) -> HttpResponse:
    part = get_object_or_404(Subproject.objects.select_related("project"), project__code=code, number=number)
    try:
        workflow.remove_part(request.user, part, request.POST.get("reason", "").replace("\x00", "")[:200], _number(request.POST.get("seen", "")))
        messages.success(request, f"“{part.name}”已删去。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("project_detail", code)


@require_http_methods(["GET", "POST"])
@requires(Permission.PLAN_PROJECTS)
def standstill(request: HttpRequest, code: str) -> HttpResponse:
    """/projects/ZD-014/standstill/ — say that work has stopped, or goes on again."""
    project = get_object_or_404(KeyProject.objects.defer("geom", "geom_3857"), code=code)
    stopping = project.suspended_on is None
    form = StandstillForm(request.POST if request.method == "POST" else None, stopping=stopping)
    status = 200
    if request.method == "POST":
        status = 422
        if request.POST.get("verb") != ("suspend" if stopping else "resume"):
            form.add_error(None, "项目的状态刚刚变了，请看过再提交。")
        elif form.is_valid():
            seen = _number(request.POST.get("seen", ""))
            try:
                if stopping:
                    workflow.suspend(request.user, project, form.cleaned_data["on"], form.cleaned_data["because"], seen)
                else:
                    workflow.resume(request.user, project, form.cleaned_data["on"], seen)
                messages.success(request, "已登记停工。" if stopping else "已登记复工。")
                return redirect("project_detail", code)
            except MoveRefused as refusal:
                form.add_error(None, str(refusal))
    return render(request, "projects/standstill.html", {"project": project, "form": form, "stopping": stopping, "seen": workflow.last_event(project)}, status=status)

