"""A bureau's monthly table: sent, its columns settled once, its rows looked through, taken in as one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.projects import taking_in
from apps.projects.checks import LEAST_REASON
from apps.projects.curves import month_start
from apps.projects.forms_reports import month_of
from apps.projects.models import KeyProject
from apps.projects.taking_in import STATUSES
from apps.projects.uploads import ReportMapping, ReportUpload
from apps.record.states import MoveRefused
from gis_data.bulletins import MEANINGS, UNITS
from gis_data.rows import FileRefused

UPLOADS_A_PAGE, ROWS_A_PAGE = 30, 50
TONES = {"open": "due", "taken": "good", "dropped": "neutral"}


def _visible(request: HttpRequest):
    """The county office's all; others their own."""
    rows = ReportUpload.objects.select_related("uploaded_by")
    return rows if request.user.role == Role.COUNTY_OFFICE else rows.filter(uploaded_by=request.user)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.REPORT_PROGRESS)
def upload_list(request: HttpRequest) -> HttpResponse:
    """/projects/reports/ — tables that have come in, which projects owe a month, and the form that sends a table."""
    refused, status = "", 200
    if request.method == "POST":
        file = request.FILES.get("file")
        source = request.POST.get("source", "").replace("\x00", "").strip()[:60] or "发改部门"
        try:
            if file is None:
                raise FileRefused("请先选择月报表。")
            upload, fresh = taking_in.open_upload(request.user, file, source)
            if not _visible(request).filter(pk=upload.pk).exists():
                raise FileRefused(f"这个文件 {timezone.localtime(upload.uploaded_at):%-m月%-d日 %H:%M} 已由{upload.uploaded_by}上传（{upload.get_state_display()}），不必再传。")
            if not fresh:
                messages.info(request, f"这个文件 {timezone.localtime(upload.uploaded_at):%-m月%-d日 %H:%M} 已由{upload.uploaded_by}上传，下面就是它。")
            return redirect("upload_detail", upload.pk)
        except FileRefused as refusal:
            refused, status = str(refusal), 422
    page = Paginator(_visible(request).defer("rows", "headings", "decisions"), UPLOADS_A_PAGE).get_page(request.GET.get("page"))
    for upload in page:
        upload.tone = TONES[upload.state]
    month = month_start(timezone.localdate(), -1)
    owing = KeyProject.objects.reportable_by(request.user).owing(month).select_related("responsible").defer("geom", "geom_3857").order_by("responsible__name", "code")
    return render(request, "projects/upload_list.html", {
        "page_obj": page, "refused": refused, "source": request.POST.get("source", ""), "sources": ReportMapping.objects.values_list("source", flat=True).distinct(),
        "month": month, "owing": owing[:40], "owing_count": owing.count(),
    }, status=status)  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.REPORT_PROGRESS)
def upload_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/projects/reports/12/?show=todo — settle the columns (?columns=1 again), then row by row; after it was taken in: what was done."""
    upload = get_object_or_404(_visible(request), pk=pk)
    if request.method == "POST":
        return _settle(request, upload)
    if upload.state != ReportUpload.State.OPEN:
        return render(request, "projects/upload_done.html", {"upload": upload, "labels": [(STATUSES[name], count) for name, count in upload.result.get("counts", {}).items() if count]})
    mapping = upload.mapping
    monthless = mapping and upload.month is None and not any(column["means"] == "month" for column in mapping.columns)
    if mapping is None or monthless or request.GET.get("columns"):
        return _columns(request, upload, taking_in.columns_of(upload))
    return _rows(request, upload)


def _columns(request: HttpRequest, upload: ReportUpload, columns: list, error: str = "", month: str = "") -> HttpResponse:
    return render(request, "projects/upload_columns.html", {
        "upload": upload, "columns": columns, "meanings": MEANINGS.items(), "units": [(unit, f"{unit}元" if unit != "元" else "元") for unit in UNITS],
        "error": error, "month": month or (f"{upload.month:%Y-%m}" if upload.month else ""), "known": upload.mapping is not None,
    }, status=422 if error else 200)  # fmt: skip


def _settle(request: HttpRequest, upload: ReportUpload) -> HttpResponse:
    columns = taking_in.columns_of(upload)
    said = [(request.POST.get(f"means-{column.index}", ""), request.POST.get(f"unit-{column.index}", "万")) for column in columns]
    said = [(means if means in MEANINGS else "", unit if unit in UNITS else "万") for means, unit in said]
    typed = request.POST.get("month", "").strip()
    try:
        if typed and month_of(typed) is None:
            raise MoveRefused("月份请写成 2026-02 的样子。")
        taking_in.settle(request.user, upload, said, month_of(typed))
    except MoveRefused as refusal:
        kept = [taking_in.Column(column.index, column.heading, taking_in.Guess(means, unit), column.samples) for column, (means, unit) in zip(columns, said, strict=True)]
        return _columns(request, upload, kept, str(refusal), typed)
    return redirect("upload_detail", upload.pk)


def _rows(request: HttpRequest, upload: ReportUpload, error: str = "", typed: dict | None = None) -> HttpResponse:
    rows = taking_in.rows_of(request.user, upload)
    counts = {status: sum(row.status == status for row in rows) for status in STATUSES}
    show = request.GET.get("show", "") if request.GET.get("show") in STATUSES else ""
    chosen = [row for row in rows if not show or row.status == show]
    if not show:
        chosen.sort(key=lambda row: (row.status not in ("todo", "refused"), row.number))
    page = Paginator(chosen, ROWS_A_PAGE).get_page(request.GET.get("page"))
    for row in page:
        said = (typed or {}).get(row.number, {})
        row.typed_reason, row.typed_project = said.get("reason", row.reason), said.get("project", row.chosen)
    return render(request, "projects/upload_rows.html", {
        "upload": upload, "page_obj": page, "show": show, "error": error, "counts": [(name, label, counts[name]) for name, label in STATUSES.items() if counts[name]],
        "todo": counts["todo"], "ready": counts["ready"], "all": len(rows), "least_reason": LEAST_REASON,
    }, status=409 if error else 200)  # fmt: skip


@require_POST
@requires(Permission.REPORT_PROGRESS)
def upload_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what was typed about the rows on the page; with `take`, take everything in."""
    upload = get_object_or_404(_visible(request), pk=pk)
    typed = {}
    for name in request.POST:
        if name.startswith("row-") and name[4:].isdigit():
            number = int(name[4:])
            typed[number] = {
                "project": request.POST.get(f"project-{number}", "").replace("\x00", "").strip()[:30], "reason": request.POST.get(f"reason-{number}", "").replace("\x00", "").strip()[:200],
                "skip": f"skip-{number}" in request.POST,
            }  # fmt: skip
    try:
        taking_in.decide(request.user, upload, typed)
        if "take" in request.POST:
            upload.refresh_from_db()
            result = taking_in.take_in(request.user, upload, skip_rest="skip_rest" in request.POST)
            messages.success(request, f"已收入 {result['counts']['ready']} 行。")
    except MoveRefused as refusal:
        upload.refresh_from_db()
        if upload.state == ReportUpload.State.OPEN:
            return _rows(request, upload, str(refusal), typed)
        messages.error(request, str(refusal))
    return redirect(f"{request.path.removesuffix('rows')}{'?' + request.GET.urlencode() if request.GET else ''}")


@require_POST
@requires(Permission.REPORT_PROGRESS)
def upload_drop(request: HttpRequest, pk: int) -> HttpResponse:
    upload = get_object_or_404(_visible(request), pk=pk)
    try:
        taking_in.drop(request.user, upload)
        messages.success(request, f"“{upload}”已放弃，什么也没有收入。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("upload_list")
