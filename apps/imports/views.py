"""What has been imported, and every row that was refused with its reason: to be read, and to be corrected in a table."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.imports import district_checks
from apps.imports.models import ImportBatch
from gis_data.layers import LAYERS

BATCHES_A_PAGE = 30
ROWS_A_PAGE = 50
TONES = {"done": "good", "refused": "late", "rehearsed": "info"}


@require_GET
@requires(Permission.IMPORT_DATA)
def import_list(request: HttpRequest) -> HttpResponse:
    """/imports/?layer=doorplate&status=refused — newest first."""
    wanted = {name: request.GET.get(name, "").strip()[:20] for name in ("layer", "status")}
    batches = ImportBatch.objects.select_related("user")
    for name, value in wanted.items():
        if value:
            batches = batches.filter(**{name: value})
    page = Paginator(batches, BATCHES_A_PAGE).get_page(request.GET.get("page"))
    for batch in page:
        _describe(batch)
    return render(request, "imports/import_list.html", {
        "page_obj": page, "wanted": wanted, "layers": LAYERS.values(), "statuses": ImportBatch.Status.choices,
    })  # fmt: skip


@require_GET
@requires(Permission.IMPORT_DATA)
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """/imports/12/ — one file, how it was read, what became of its rows."""
    batch = get_object_or_404(ImportBatch.objects.select_related("user"), pk=pk)
    _describe(batch)
    page = Paginator(batch.rejected_rows.order_by("row"), ROWS_A_PAGE).get_page(request.GET.get("page"))
    for rejected in page:
        rejected.said = [(_label(batch.layer, name), value) for name, value in rejected.data.items()]
    return render(request, "imports/import_detail.html", {"batch": batch, "page_obj": page, "notes": batch.message.splitlines()})


@require_GET
@requires(Permission.IMPORT_DATA)
def rejected_csv(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """/imports/12/rejected.csv — row, reason and what the row said, for Excel (UTF-8 with a byte order mark)."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    response = StreamingHttpResponse(_lines(batch), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
    return response


@require_GET
@requires(Permission.IMPORT_DATA)
def district_check(request: HttpRequest) -> HttpResponse:
    """/imports/districts/?term=3&kind=gap — what is wrong with the districts as they stand, as list and map."""
    terms = district_checks.checked()
    term = next((one for one in terms if str(one.pk) == request.GET.get("term")), terms[0] if terms else None)
    kind = request.GET.get("kind", "") if request.GET.get("kind") in district_checks.KINDS else ""
    counts = Counter(fault.kind for fault in term.faults) if term else Counter()
    page = Paginator([fault for fault in term.faults if not kind or fault.kind == kind] if term else [], ROWS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "imports/district_check.html", {
        "terms": terms, "term": term, "kind": kind, "page_obj": page, "doors_shown": district_checks.DOORS_SHOWN,
        "kinds": [(name, label, counts[name]) for name, label in district_checks.KINDS.items() if counts[name]],
        "data": {"faults": district_checks.as_features(page), "districts": district_checks.outlines(term.pk) if term else None},
    })  # fmt: skip


@require_GET
@requires(Permission.IMPORT_DATA)
def district_check_csv(request: HttpRequest) -> HttpResponse:
    """/imports/districts.csv — the same for all terms, for Excel (UTF-8 with a byte order mark)."""
    lines = ["\ufeff" + _line(["届", "问题", "说明", "面积（平方米）", "经度", "纬度"])]
    for term in district_checks.checked():
        for fault in term.faults:
            at = [f"{degrees:.6f}" for degrees in fault.at or ()]
            lines.append(_line([term.name, fault.label, fault.words, f"{fault.square_metres:.0f}" if fault.square_metres else "", *(at or ("", ""))]))
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="district-checks.csv"'
    return response


def _lines(batch: ImportBatch) -> Iterator[str]:
    names = [column.name for column in LAYERS[batch.layer].columns if not column.private] if batch.layer in LAYERS else []
    yield "\ufeff" + _line(["行号", "原因", *(_label(batch.layer, name) for name in names)])
    for row, reason, data in batch.rejected_rows.order_by("row").values_list("row", "reason", "data").iterator(chunk_size=2000):
        yield _line([row, reason, *(data.get(name, "") for name in names)])


def _line(cells: list) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(_harmless(cell) for cell in cells)
    return line.getvalue()


def _harmless(cell: object) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text[:1] in "=+-@\t\r" and not text.lstrip("-").replace(".", "", 1).isdigit() else text


def _describe(batch: ImportBatch) -> None:
    batch.label = LAYERS[batch.layer].label if batch.layer in LAYERS else batch.layer
    batch.tone = TONES[batch.status]


def _label(layer: str, name: str) -> str:
    return next((column.label for column in LAYERS[layer].columns if column.name == name), name) if layer in LAYERS else name
