"""门牌码 for staff: search, one code with its history and what can be done with it, whole areas, sheets, issuers."""

import datetime as dt

import segno
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.record import issuing
from apps.record.codes import grouped
from apps.record.site import only_here, site_of
from apps.record.states import MoveRefused
from apps.territory import workflow
from apps.territory.models import CodeBatch, IssuedPlate, Issuer, PlateCode, PrintRun
from apps.territory.patterns import read_id
from apps.territory.plate_forms import (
    AreaForm,
    IssuerForm,
    LeadOnForm,
    PlaceForm,
    PrintForm,
    ReasonForm,
    ReprintForm,
    SearchForm,
    SplitForm,
)
from apps.territory.plate_listing import SHAPES, doors_without_code, narrowed, page_of
from apps.territory.plates import LongWork
from apps.territory.print_files import ARCHIVE, PrintFiles

WORKS_A_PAGE = 20
HISTORY = 100
SCAN_DAYS = 30
TONES = {
    "active": "good", "replaced": "info", "retired": "neutral", "void": "late",
    "queued": "neutral", "running": "info", "done": "good", "cancelled": "neutral", "failed": "late",
}  # fmt: skip
EVENTS = {
    "issue": "发码", "correct": "更正地点", "split": "拆分", "replace": "换发", "succeed": "接替旧码", "retire": "停用", "restore": "恢复", "void": "作废", "print": "印制",
    "start": "开始", "done": "完成", "cancel": "停止", "resume": "继续", "fail": "没有做成", "register": "登记", "change": "修改",
}  # fmt: skip


def _posted(request: HttpRequest):
    return request.POST if request.method == "POST" else None


@require_GET
@requires(Permission.MANAGE_CODES)
def plate_list(request: HttpRequest) -> HttpResponse:
    """/plates/?q=人民路12号&status=active — newest first."""
    form = SearchForm(request.GET, user=request.user)
    form.is_valid()  # a filter that cannot be read narrows nothing, and the page says so
    text = (form.cleaned_data.get("q") or "").strip()
    page = page_of(narrowed(form.cleaned_data, request.user), request.GET.get("page"))
    for code in page.object_list:
        code.tone = TONES[code.status]
    return render(request, "territory/plate_list.html", {
        "form": form, "filters": form.cleaned_data, "page_obj": page, "doors": doors_without_code(text, request.user),
        "may_keep_issuers": allowed(request.user, Permission.MANAGE_ISSUERS),
    })  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_CODES)
def plate_new(request: HttpRequest) -> HttpResponse:
    """/plates/new?door=D0001 — register one code."""
    form = PlaceForm(_posted(request), reasoned=False, initial={"door": request.GET.get("door", "")[:120]})
    if request.method == "POST" and form.is_valid():
        try:
            code = workflow.register(request.user, form.cleaned_data["place"], form.cleaned_data["reason"])
            messages.success(request, f"已发码 {code.spelled}。")
            return redirect("plate_detail", code.code)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "territory/plate_place.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_CODES)
def plate_correct(request: HttpRequest, code: str) -> HttpResponse:
    """/plates/W7AFGMC4RSK6/correct — the code stays, the place it leads to was wrong."""
    row = _code_of(request, code)
    was = {"door": row.doorplate.code} if row.doorplate else {"words": row.words, "lon": row.point.x, "lat": row.point.y}
    form = PlaceForm(_posted(request), initial=was)
    if request.method == "POST" and form.is_valid():
        try:
            workflow.correct(request.user, row, form.cleaned_data["place"], form.cleaned_data["reason"])
            messages.success(request, "地点已更正。")
            return redirect("plate_detail", code)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "territory/plate_place.html", {"form": form, "code": row}, status=422 if form.errors else 200)


# -- one code ----------------------------------------------------------------------------------------------------------------

FORMS = {
    "split": SplitForm, "renew": ReasonForm, "lead_on": LeadOnForm, "retire": ReasonForm, "restore": ReasonForm, "void": ReasonForm,
    "reprint": ReprintForm,
}  # fmt: skip
NEEDS = {"renew": "replace", "lead_on": "replace", "split": "correct", "reprint": "print"}  # the move of the state table behind a verb


def _code_of(request: HttpRequest, code: str) -> PlateCode:
    rows = PlateCode.objects.visible_to(request.user).select_related("doorplate", "town", "village", "successor", "batch").defer(*SHAPES)
    return get_object_or_404(rows, code=code)


@require_GET
@requires(Permission.MANAGE_CODES)
def plate_detail(request: HttpRequest, code: str) -> HttpResponse:
    """/plates/W7AFGMC4RSK6/"""
    return _detail(request, _code_of(request, code))


def _detail(request: HttpRequest, code: PlateCode, verb: str = "", failed=None) -> HttpResponse:
    moves = issuing.possible(code)
    forms = {name: form(auto_id=f"{name}_%s") for name, form in FORMS.items() if NEEDS.get(name, name) in moves}
    if failed is not None:
        forms[verb] = failed
    address = f"{site_of(request)}/d/{code.code}"
    since = timezone.localdate() - dt.timedelta(days=SCAN_DAYS)
    point, code.tone = code.place, TONES[code.status]
    return render(request, "territory/plate_detail.html", {
        "code": code, "forms": forms, "moves": moves, "address": address, "events": _told(code.events),
        "qr": mark_safe(segno.make(address, error="q").svg_inline(scale=4, border=4)),
        "scans": code.scans.filter(day__gt=since).aggregate(n=Sum("count"))["n"] or 0, "scan_days": SCAN_DAYS,
        "predecessors": code.predecessors.only("code")[:20],
        "case": {"point": {"lon": point.x, "lat": point.y}, "kind": "doorplate", "name": code.place_words},
    }, status=422 if failed is not None else 200)  # fmt: skip


def _told(events) -> list:
    """The latest events of a history, newest first, each with its words."""
    rows = list(events.select_related("actor").order_by("-pk")[:HISTORY])
    for event in rows:
        event.words = EVENTS.get(event.verb, event.verb)
        event.details = _details(event)
    return rows


def _details(event) -> str:
    data = event.data
    if event.verb == "correct":
        return f"从“{data['was']}”改为“{data['now']}”"
    if event.verb == "split":
        return f"另发 {'、'.join(grouped(code, 4) for code in data.get('into', ()))}"
    codes = {"successor": "换发为", "predecessor": "接替", "instead_of": "接替", "split_from": "拆分自"}
    return "，".join(f"{label} {grouped(data[name], 4)}" for name, label in codes.items() if name in data)


@require_POST
@requires(Permission.MANAGE_CODES)
def plate_act(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Do one thing with a code; refused ones come back with what was typed."""
    if verb not in FORMS:
        raise Http404
    row = _code_of(request, code)
    form = FORMS[verb](request.POST, auto_id=f"{verb}_%s")
    if not form.is_valid():
        return _detail(request, row, verb, form)
    try:
        return _act(request, row, verb, form.cleaned_data)
    except MoveRefused as refusal:
        form.add_error(None, str(refusal))
        return _detail(request, row, verb, form)


def _act(request: HttpRequest, code: PlateCode, verb: str, data: dict) -> HttpResponse:
    user, reason = request.user, data["reason"]
    if verb == "reprint":
        pdf = workflow.reprint(user, code, data["layout"], site_of(request), reason)
        return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": content_disposition_header(True, f"{code}.pdf")})
    shown = code
    if verb == "split":
        made = workflow.split(user, code, data["doors"], reason)
        messages.success(request, f"已拆分，新发 {len(made) - 1} 个码：{'、'.join(row.spelled for row in made[1:])}。")
    elif verb == "renew":
        shown = workflow.renew(user, code, reason)
    elif verb == "lead_on":
        workflow.lead_on(user, code, data["by"], reason)
    else:
        workflow.change_status(user, verb, code, reason)
    if verb != "split":
        messages.success(request, {
            "renew": f"已换发新码 {shown.spelled}，扫旧码会转到它。", "lead_on": "扫这个码会转到新码。",
            "retire": "已停用，扫它等于没有这个码。", "restore": "已恢复使用。", "void": "已作废，不能再恢复。",
        }[verb])  # fmt: skip
    return redirect("plate_detail", shown.code)


# -- whole areas -------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_CODES)
def batch_list(request: HttpRequest) -> HttpResponse:
    """/plates/batches/ — give codes to an area, and what was given."""
    form = AreaForm(_posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("batch_detail", workflow.start_batch(request.user, form.cleaned_data["area"]).pk)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return _works(request, CodeBatch, "territory/batch_list.html", form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_CODES)
def print_list(request: HttpRequest) -> HttpResponse:
    """/plates/prints/ — order sheets, and those that were made."""
    form = PrintForm(_posted(request), user=request.user, initial={"area": request.GET.get("area", "")[:12]})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            return redirect("print_detail", workflow.start_print(request.user, data["area"], data["layout"], data["which"], site_of(request)).pk)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    site = site_of(request)
    return _works(request, PrintRun, "territory/print_list.html", form, site=site, only_here=only_here(site))


def _works(request: HttpRequest, model, template: str, form, **more) -> HttpResponse:
    rows = model.objects.visible_to(request.user).select_related("area", "created_by").defer("area__geom", "area__geom_3857")
    page = Paginator(rows, WORKS_A_PAGE).get_page(request.GET.get("page"))
    for work in page:
        _describe(work)
    may_keep = allowed(request.user, Permission.MANAGE_ISSUERS)
    return render(request, template, {"form": form, "page_obj": page, "may_keep_issuers": may_keep, **more}, status=422 if form.errors else 200)


def _describe(work) -> None:
    work.tone = TONES[work.state]
    if isinstance(work, PrintRun):
        work.layout_label = dict(ReprintForm.base_fields["layout"].choices).get(work.layout, work.layout)


def _work_of(request: HttpRequest, model, pk: int):
    work = get_object_or_404(model.objects.visible_to(request.user).select_related("area", "created_by").defer("area__geom", "area__geom_3857"), pk=pk)
    _describe(work)
    return work


@require_GET
@requires(Permission.MANAGE_CODES)
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _work_of(request, CodeBatch, pk)
    return render(request, "territory/batch_detail.html", {"work": batch, "kind": "batch", "events": _told(batch.events), "seconds": _seconds(batch)})


@require_GET
@requires(Permission.MANAGE_CODES)
def print_detail(request: HttpRequest, pk: int) -> HttpResponse:
    run = _work_of(request, PrintRun, pk)
    files = PrintFiles(run.pk)
    return render(request, "territory/print_detail.html", {
        "work": run, "kind": "print", "events": _told(run.events), "parts": [(file.name, file.stat().st_size) for file in files.parts()],
        "archive": ARCHIVE if files.file(ARCHIVE) and run.state == run.State.DONE else "",
    })  # fmt: skip


def _seconds(work) -> float | None:
    return (work.finished_at - work.created_at).total_seconds() if work.finished_at else None


WORKS = {"batch": CodeBatch, "print": PrintRun}


def _kind(kind: str) -> type[LongWork]:
    if kind not in WORKS:
        raise Http404
    return WORKS[kind]


@require_GET
@requires(Permission.MANAGE_CODES)
def work_progress(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Polled while it runs; reloads the page when it is over."""
    work = _work_of(request, _kind(kind), pk)
    response = render(request, "territory/_progress.html", {"work": work, "kind": kind})
    if not work.at_work:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.MANAGE_CODES)
def work_act(request: HttpRequest, kind: str, pk: int, verb: str) -> HttpResponse:
    """Stop it, or go on."""
    verbs = {"cancel": workflow.cancel, "resume": workflow.resume}
    if verb not in verbs:
        raise Http404
    work = _work_of(request, _kind(kind), pk)
    try:
        verbs[verb](request.user, work)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{kind}_detail", pk)


@require_GET
@requires(Permission.MANAGE_CODES)
def print_file(request: HttpRequest, pk: int, name: str) -> FileResponse:
    """/plates/prints/3/0001.pdf"""
    run = _work_of(request, PrintRun, pk)
    file = PrintFiles(run.pk).file(name)
    if file is None:
        raise Http404
    return FileResponse(file.open("rb"), as_attachment=True, filename=f"印制单{run.pk}-{file.name}")


# -- issuers -----------------------------------------------------------------------------------------------------------------


@require_GET
@requires(Permission.MANAGE_ISSUERS)
def issuer_list(request: HttpRequest) -> HttpResponse:
    issuers = Paginator(Issuer.objects.annotate(listed=Count("plates")).order_by("slug"), WORKS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "territory/issuer_list.html", {"page_obj": issuers})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE_ISSUERS)
def issuer_edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """/plates/issuers/police/ — an issuer's rule, tried on its example (and any other text) before it is stored."""
    issuer = get_object_or_404(Issuer, slug=slug) if slug else Issuer()
    form = IssuerForm(_posted(request), instance=issuer)
    tried = None
    if request.method == "POST" and form.is_valid():
        if "try" not in request.POST:
            workflow.keep_issuer(request.user, form.save(commit=False))
            messages.success(request, f"“{issuer.name}”的规则已保存。")
            return redirect("issuer_list")
        found = read_id(form.cleaned_data["pattern"], form.cleaned_data["example"].strip())
        plate = IssuedPlate.objects.filter(issuer__slug=form.cleaned_data["slug"], external_id=found).select_related("doorplate").first()
        tried = {"id": found, "plate": plate}
    return render(request, "territory/issuer_edit.html", {
        "form": form, "slug": slug, "tried": tried, "events": _told(issuer.events) if slug else [],
        "listed": issuer.plates.count() if slug else 0,
    }, status=422 if form.errors else 200)  # fmt: skip
