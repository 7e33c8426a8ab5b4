"""区域报告: /insight/reports/. What a place complained of, kept by the month or counted now, as page, XLSX and PDF; a town sees its own."""

import io

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, requires
from apps.insights import report_paper, report_workbook
from apps.insights.forms_reports import KeptForm, PeriodFields, month_before
from apps.insights.region_reports import RegionReport
from apps.insights.report_charts import months_svg
from apps.insights.report_counting import count, report_areas
from apps.insights.report_figures import LEAST, Line, Report, read
from apps.insights.report_words import MEANING, caption, points
from apps.insights.workflow_reports import Kind, keep
from apps.record.sheets import NoFont
from apps.record.states import MoveRefused
from apps.worktime.periods import Period

PAGE = 30
FILES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "pdf": "application/pdf"}


@require_GET
@requires(Permission.SEE_INSIGHT)
def region_report_list(request: HttpRequest) -> HttpResponse:
    """/insight/reports/?area=330327100000&kind=month — what is kept, the newest first; and a form to count any place and period now."""
    form = KeptForm(request.GET, user=request.user)
    form.is_valid()
    rows = RegionReport.objects.visible_to(request.user).in_force().listed()
    if area := form.cleaned_data.get("area"):
        rows = rows.filter(area__code=area)
    if kind := form.cleaned_data.get("kind"):
        rows = rows.filter(kind=kind)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return render(request, "insights/reports/list.html", {
        "form": form, "page_obj": page, "narrowed": bool(area or kind), "ask": PeriodFields(user=request.user, initial={"period": "month", "on": month_before(timezone.localdate())}),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_INSIGHT)
def region_report(request: HttpRequest, pk: int) -> HttpResponse:
    """One kept report, and the other versions of it."""
    kept = _kept(request, pk)
    versions = RegionReport.objects.listed().filter(area=kept.area, kind=kept.kind, first=kept.first).order_by("-version")
    return render(request, "insights/reports/report.html", _shown(read(kept.content)) | {
        "kept": kept, "title": str(kept), "versions": versions, "newest": kept.version == versions[0].version, "area_code": kept.area.code,
        "period": kept.period, "period_query": _period_query(kept.period),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_INSIGHT)
def region_report_file(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """/insight/reports/7.xlsx, 7.pdf"""
    kept = _kept(request, pk)
    return _file(request, read(kept.content), f"{kept}（第{kept.version}版）" if kept.version > 1 else str(kept), ending)


@require_GET
@requires(Permission.SEE_INSIGHT)
def region_report_now(request: HttpRequest) -> HttpResponse:
    """/insight/reports/now?area=330327000000&period=month&on=2026-03-10 — any place and period as things stand."""
    form = _asked(request)
    if not form.is_valid():
        return render(request, "insights/reports/ask.html", {"form": form}, status=422)
    area, today = form.area_chosen, timezone.localdate()
    period = form.asked_period(today)
    report = count(area, period, today)
    return render(request, "insights/reports/report.html", _shown(report) | {
        "form": form, "title": f"{area.name}{period.label}", "area_code": area.code, "period": period, "query": request.GET.urlencode(),
        "period_query": _period_query(period), "may_keep": period.kind in Kind.values and report.window.whole,
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_INSIGHT)
def region_report_now_file(request: HttpRequest, ending: str) -> HttpResponse:
    """/insight/reports/now.xlsx?area=…"""
    form = _asked(request)
    if not form.is_valid():
        return render(request, "insights/reports/ask.html", {"form": form}, status=422)
    area, today = form.area_chosen, timezone.localdate()
    period = form.asked_period(today)
    return _file(request, count(area, period, today), f"{area.name}{period.label}民情报告", ending)


@require_POST
@requires(Permission.SEE_INSIGHT)
def region_report_keep(request: HttpRequest) -> HttpResponse:
    """Keep a place's period as a report; where there is one already, and figures have changed, as its next version."""
    form = PeriodFields(request.POST, user=request.user)
    if not form.is_valid():
        return render(request, "insights/reports/ask.html", {"form": form}, status=422)
    area, period = form.area_chosen, form.asked_period(timezone.localdate())
    try:
        kept = keep(request.user, area, period, timezone.localdate())
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
        there = RegionReport.objects.visible_to(request.user).in_force().filter(area=area, kind=period.kind, first=period.first).first()
        return redirect("region_report", there.pk) if there else redirect("region_report_list")
    messages.success(request, f"已存为{kept}" + (f"第 {kept.version} 版，以前的版本仍可查看。" if kept.version > 1 else "。"))
    return redirect("region_report", kept.pk)


def _asked(request: HttpRequest) -> PeriodFields:
    """What the address asks for; nothing said of the place means the whole of the user's scope, of the period the last month."""
    data = request.GET.copy()
    if "area" not in data:
        first = report_areas(request.user).order_by("code").values_list("code", flat=True).first()
        data["area"] = first or ""
    data.setdefault("period", "month")
    data.setdefault("on", month_before(timezone.localdate()).isoformat())
    return PeriodFields(data, user=request.user)


def _kept(request: HttpRequest, pk: int) -> RegionReport:
    rows = RegionReport.objects.visible_to(request.user).select_related("area", "by").defer("area__geom", "area__geom_3857")
    return get_object_or_404(rows, pk=pk)


def _shown(report: Report) -> dict:
    """What the page shows of a report; the third level of categories stands in the workbook."""
    return {
        "report": report, "caption": caption(report), "points": points(report), "meaning": MEANING, "least": LEAST, "total": report.total,
        "changes": [(name, report.changes([report.whole], versus)[0]) for name, versus in (("比上期", "before"), ("比上年同期", "year"))],
        "categories": _rows(report, [line for line in report.categories if line.level < 3]), "regions": _rows(report, report.regions),
        "map_query": urlencode({"region": report.code, "since": report.window.now.first, "until": report.window.now.last}), "crossed": _crossed(report), "months": mark_safe(months_svg(report.months, report.window.now.first, report.window.now.last)),
    }  # fmt: skip


def _rows(report: Report, lines: list[Line]) -> list[dict]:
    before, year = report.changes(lines, "before"), report.changes(lines, "year")
    return [{"line": line, "tally": line.tally, "before": than, "year": than_year} for line, than, than_year in zip(lines, before, year, strict=True)]


def _crossed(report: Report) -> dict:
    """Counts by region and by the categories of level 1 that anything was said of."""
    top = [line for line in report.top if line.tally.count]
    return {"heads": top, "rows": [(region, [report.cross.get(region.code, {}).get(line.code) for line in top]) for region in report.regions]} if top and report.regions else {}


def _period_query(period: Period) -> str:
    """The same period in the address of another place's report."""
    asked = {"since": period.first, "until": period.last} if period.kind == "days" else {"on": period.first}
    return "&" + urlencode({"period": period.kind, **asked})


def _file(request: HttpRequest, report: Report, name: str, ending: str) -> HttpResponse:
    if ending not in FILES:
        raise Http404
    if ending == "xlsx":
        content = report_workbook.write(report)
    else:
        buffer = io.BytesIO()
        try:
            report_paper.write(report, name, buffer)
        except NoFont as missing:
            messages.error(request, str(missing))
            return redirect("region_report_list")
        content = buffer.getvalue()
    response = HttpResponse(content, content_type=FILES[ending])
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{ending}")
    return response
