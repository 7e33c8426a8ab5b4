"""What comes in: sending a file, settling its columns once, watching it run, and what could not be read of it."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, requires
from apps.cases.redaction import redact
from apps.hotline import columns, values, workflow
from apps.hotline.entries import Layout
from apps.hotline.models import Intake, Record, Source
from apps.hotline.pieces import SealingHandler
from apps.hotline.preview import preview
from apps.hotline.workflow import Interrupted
from apps.record.states import MoveRefused
from gis_data.rows import FileRefused
from gis_data.streams import Table, row_words

INTAKES_A_PAGE, PROBLEMS_A_PAGE = 30, 50
SHOWN_ROWS = 10
LOOKED_AT = 2_000  # rows in which words for states are looked for
MOST_WORDS, LONGEST_WORD = 30, 12
TONES = {"waiting": "due", "running": "info", "done": "good", "failed": "late", "cancelled": "neutral"}
VERBS = {
    "receive": "收到", "start": "开始接收", "go_on": "继续接收", "done": "接收完", "fail": "没有完成", "cancel": "取消", "push": "接口推送",
}  # fmt: skip


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_INTAKE)
def intake_list(request: HttpRequest) -> HttpResponse:
    """/hotline/intakes/ — what has come in, and the form that sends a file. A file is sealed while it arrives, so its handler must be set
    before anything reads the form; the token is checked right after."""
    if request.method == "POST":
        request.upload_handlers = [SealingHandler(request)]
    return _intake_list(request)


@csrf_protect
def _intake_list(request: HttpRequest) -> HttpResponse:
    refused, status = "", 200
    sources = list(Source.objects.filter(is_open=True))
    if request.method == "POST":
        upload = request.FILES.get("file")
        source = next((each for each in sources if each.code == request.POST.get("source")), None)
        try:
            if source is None:
                raise FileRefused("请先选来源。")
            if upload is None:
                raise FileRefused("请先选文件。")
            intake, fresh = workflow.receive_upload(source, upload, request.user, again="again" in request.POST)
        except FileRefused as refusal:
            refused, status = str(refusal), 422
        else:
            if not fresh:
                messages.info(request, "这个文件已经收到过，下面就是它。列对应错了要重来，上传时请勾选“收过的也重新收”。")
            return redirect("intake", intake.pk)
    page = Paginator(Intake.objects.select_related("source", "by"), INTAKES_A_PAGE).get_page(request.GET.get("page"))
    for each in page:
        _describe(each)
    return render(request, "hotline/intake_list.html", {
        "page_obj": page, "sources": sources, "refused": refused, "chosen": request.POST.get("source") or request.GET.get("source", ""),
    }, status=status)  # fmt: skip


def _describe(intake: Intake) -> None:
    intake.tone = TONES[intake.state]
    intake.percent = round(100 * intake.cursor / intake.total) if intake.total else 100 if intake.state == Intake.State.DONE else 0


def _intake_of(pk: int) -> Intake:
    intake = get_object_or_404(Intake.objects.select_related("source", "by"), pk=pk)
    _describe(intake)
    return intake


@never_cache
@require_GET
@requires(Permission.MANAGE_INTAKE)
def intake(request: HttpRequest, pk: int) -> HttpResponse:
    """/hotline/intakes/12/ — settle the columns, then its progress, then what came of it."""
    found = _intake_of(pk)
    return _columns(request, found) if found.state == Intake.State.WAITING else _result(request, found)


def _result(request: HttpRequest, found: Intake) -> HttpResponse:
    page = Paginator(found.problems.order_by("row", "pk"), PROBLEMS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "hotline/intake.html", {
        "intake": found, "page_obj": page, "summed": found.problems.values("field", "reason", "refused").annotate(count=Count("pk")).order_by("-refused", "-count")[:20],
        "events": [{"title": VERBS.get(event.verb, event.verb), "at": event.at, "by": event.actor_label, "note": event.note} for event in found.events.order_by("-pk")[:20]],
        "seconds": (found.finished_at - found.started_at).total_seconds() if found.finished_at and found.started_at else None,
        "can_go_on": found.state == Intake.State.FAILED and found.pieces.exists(),
    })  # fmt: skip


@never_cache
@require_POST
@requires(Permission.MANAGE_INTAKE)
def intake_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """What was said of each column: to look at the preview again, or to begin."""
    found = _intake_of(pk)
    if found.state != Intake.State.WAITING:
        return redirect("intake", pk)
    return _columns(request, found)


def _columns(request: HttpRequest, found: Intake) -> HttpResponse:
    try:
        with workflow.hushed():
            table = workflow.table_of(found)
            first = list(islice(table.rows(), LOOKED_AT))
    except (FileRefused, Interrupted) as refusal:
        workflow.fail(found.pk, str(refusal) if isinstance(refusal, FileRefused) else refusal.words)
        return _result(request, _intake_of(found.pk))
    remembered = columns.remembered(table.headings, found.source.mapping)
    mapping = _said(request, table.headings) if request.method == "POST" else remembered or columns.guess(table.headings)
    words = _state_words(table, first, mapping)
    states = {word: request.POST.get(f"state-{at}", "") for at, word in enumerate(words)} if request.method == "POST" else {}
    states = {word: state if state in Record.State.values else found.source.state_words.get(word) or values.guessed_state(word) or "open" for word, state in {**dict.fromkeys(words, ""), **states}.items()}
    error = ""
    if request.method == "POST" and "start" in request.POST:
        try:
            workflow.settle(found.source, mapping, states, request.user)
            workflow.start(found, request.user)
            return redirect("intake", found.pk)
        except MoveRefused as refusal:
            error = str(refusal)
    samples = preview(found.source, first[:SHOWN_ROWS], table.headings, mapping, states)
    return render(request, "hotline/intake_columns.html", {
        "intake": found, "columns": _shown(table.headings, first, mapping), "fields": [("", "不收"), *((field.name, field.label) for field in columns.FIELDS.values())],
        "states": list(enumerate(states.items())), "state_choices": Record.State.choices, "samples": samples, "error": error, "known": remembered is not None, "notes": [words for _, words in table.notes],
        "why": columns.fault(mapping, numbered=workflow.is_numbered(found.source)), "numbered": workflow.is_numbered(found.source), "fields_said": columns.FIELDS.values(),
    }, status=422 if error else 200)  # fmt: skip


def _said(request: HttpRequest, headings: list[str]) -> dict[str, str]:
    said = (request.POST.get(f"field-{place}", "") for place in range(len(headings)))
    return {heading: name if name in columns.FIELDS else "" for heading, name in zip(headings, said, strict=True)}


def _state_words(table: Table, first: list, mapping: dict[str, str]) -> list[str]:
    """The source's own words for states, as far as they are short and lead to nobody."""
    places = Layout.columns_of(table.headings, mapping).get("state", ())
    found = dict.fromkeys(word for _, cells in first for place in places if (word := values.words(cells[place])) and len(word) <= LONGEST_WORD)
    return [word for word in found if not redact(word).spans][:MOST_WORDS]


def _shown(headings: list[str], first: list, mapping: dict[str, str]) -> list[dict]:
    """For each column an example, redacted; of columns that tell of a person, or are left alone, only what kind of thing stands there."""
    shown = []
    for place, heading in enumerate(headings):
        cells = [word for _, row in first[:50] if (word := values.words(row[place]))]
        field = mapping.get(heading, "")
        example = _kind_of(cells) if field in ("", "private", "age", "address") else redact(cells[0][:200]).text[:40] if cells else ""
        shown.append({"place": place, "heading": heading, "field": field, "example": example, "unsure": not field and columns.meaning_of(heading) is None and bool(cells)})
    return shown


def _kind_of(cells: list[str]) -> str:
    if not cells:
        return "（空）"
    length = max(map(len, cells))
    if all(cell.isdigit() for cell in cells):
        return f"数字，{min(map(len, cells))}—{length} 位" if min(map(len, cells)) < length else f"数字，{length} 位"
    return f"文字，最长 {length} 个字"


@never_cache
@require_GET
@requires(Permission.MANAGE_INTAKE)
def intake_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked for while it runs; reloads the page when it is over."""
    found = _intake_of(pk)
    response = render(request, "hotline/_progress.html", {"intake": found})
    if found.state != Intake.State.RUNNING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.MANAGE_INTAKE)
def intake_act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Stop it, or go on where it stopped."""
    verbs = {"cancel": workflow.cancel, "go-on": workflow.start}
    if verb not in verbs:
        raise Http404
    try:
        verbs[verb](_intake_of(pk), request.user)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("intake", pk)


@require_GET
@requires(Permission.MANAGE_INTAKE)
def intake_problems(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """/hotline/intakes/12/problems.csv — every row that could not be read: its number, the field and why; never what it says."""
    found = _intake_of(pk)
    lines = StreamingHttpResponse(_lines(found), content_type="text/csv; charset=utf-8")
    lines["Content-Disposition"] = f'attachment; filename="problems-{found.pk}.csv"'
    return lines


def _lines(found: Intake) -> Iterator[str]:
    yield "\ufeff行号,栏目,原因,整行没有收\r\n"
    for row in found.problems.order_by("row", "pk").values_list("row", "field", "reason", "refused").iterator(chunk_size=2000):
        line = io.StringIO()
        csv.writer(line).writerow([row_words(row[0]), *row[1:3], "是" if row[3] else ""])
        yield line.getvalue()
