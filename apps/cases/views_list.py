"""The work list: one address for every role, the same cases on its map and as tables, searches kept under a name."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.cases import listing, many, table
from apps.cases.desks import SavedFilter
from apps.cases.forms_list import FilterForm, SaveFilterForm
from apps.cases.models import Case
from apps.worktime.due import dues

NARROWING = (
    "q",
    "category",
    "town",
    "village",
    "grid",
    "unit",
    "deputy",
    "channel",
    "mark",
    "reception",
    "late",
    "hour",
    "weekday",
    "since",
    "until",
    "bbox",
)
MOST_SAVED = 12


@never_cache
@require_GET
@requires(Permission.SEE_CASES)
def case_list(request: HttpRequest) -> HttpResponse:
    """/cases/?q=&state=&category=&town=&village=&grid=&unit=&deputy=&channel=&mark=&reception=&late=&hour=&weekday=&since=&until=&bbox=&sort=&view=&page= — all may be left out."""
    form, filters = filters_of(request.GET, request.user)
    if filters.get("q") and Case.objects.visible_to(request.user).filter(code=filters["q"]).exists():
        return redirect("case_detail", filters["q"])
    cases = listing.ordered(listing.narrowed(filters, request.user), filters["sort"])
    page = listing.page_of(cases, request.GET.get("page"), at_once=listing.read_through(filters))
    return render(request, "cases/case_list.html", {
        "form": form, "filters": filters, "page_obj": page, "query": _kept(request.GET), "view": "map" if request.GET.get("view") == "map" else "list",
        "may_enter": allowed(request.user, Permission.ENTER_CASES),
        "narrowed": any(filters.get(name) for name in NARROWING), "many": many.offered(request.user), "many_units": many.units(request.user), "most_many": many.MOST,
        "saved": SavedFilter.objects.of(request.user), "most_marks": listing.MOST_MARKS,
    })  # fmt: skip


def filters_of(asked: QueryDict, user) -> tuple[FilterForm, dict]:
    """The form as shown, and what could be read of it, with this user's defaults for state and order."""
    form = FilterForm(asked, user)
    form.is_valid()
    filters = {**form.cleaned_data}
    filters["state"] = filters.get("state") or listing.default_state(user)
    filters["sort"] = filters.get("sort") or listing.default_sort(filters["state"])
    return form, filters


def _kept(asked: QueryDict) -> str:
    """The address without its page: what a search is kept as, and what the same list elsewhere is asked for with."""
    return urlencode(
        [(name, value) for name in asked for value in asked.getlist(name) if value and name not in ("page", "view")]
    )


def _listed(request: HttpRequest):
    _, filters = filters_of(request.GET, request.user)
    return listing.ordered(listing.narrowed(filters, request.user), filters["sort"])


@require_GET
@requires(Permission.SEE_CASES)
def case_export(request: HttpRequest) -> HttpResponse:
    """The same list as CSV, streamed."""
    lines = StreamingHttpResponse(table.csv_lines(_listed(request)), content_type="text/csv; charset=utf-8")
    lines["Content-Disposition"] = f'attachment; filename="minqing-{timezone.localdate():%Y%m%d}.csv"'
    return lines


@require_GET
@requires(Permission.SEE_CASES)
def case_workbook(request: HttpRequest) -> HttpResponse:
    """The same list as a workbook; of more rows than it takes, CSV has all."""
    cases = _listed(request)
    if cases.count() > table.MOST_IN_WORKBOOK:
        messages.warning(
            request, f"超过 {table.MOST_IN_WORKBOOK} 件，Excel 工作簿装不下这么多，请缩小范围，或导出 CSV。"
        )
        return redirect(f"{reverse('case_list')}?{_kept(request.GET)}")
    sheet = HttpResponse(
        table.workbook(cases), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    sheet["Content-Disposition"] = f'attachment; filename="minqing-{timezone.localdate():%Y%m%d}.xlsx"'
    return sheet


@never_cache
@require_GET
@requires(Permission.SEE_CASES)
def case_marks(request: HttpRequest) -> HttpResponse:
    """The same list as marks on a map, see `listing.marks`."""
    return HttpResponse(listing.marks(_listed(request)), content_type="application/octet-stream")


@never_cache
@require_GET
@requires(Permission.SEE_CASES)
def case_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """What a mark stands for, in words: asked for when one points at it."""
    case = get_object_or_404(
        Case.objects.visible_to(request.user).select_related(*listing.RELATED).defer(*listing.SHAPES, "point"), pk=pk
    )
    due = dues([case.due_on], timezone.localdate()).get(case.due_on)
    lines = [
        case.text[:40],
        f"{case.holder()}{'，' + due.words if due else ''}",
        f"{timezone.localtime(case.submitted_at):%-m月%-d日} · {case.where()}",
    ]
    return JsonResponse({"lines": lines, "url": reverse("case_detail", args=[case.code])})


@require_POST
@requires(Permission.SEE_CASES)
def filter_save(request: HttpRequest) -> HttpResponse:
    """Keep the search on the screen under a name; the same name again is put in its place."""
    form = SaveFilterForm(request.POST)
    back = f"{reverse('case_list')}?{form.data.get('query', '')[:600]}"
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect(back)
    name, query = form.cleaned_data["name"], _kept(QueryDict(form.cleaned_data["query"]))
    with transaction.atomic():
        others = SavedFilter.objects.select_for_update().of(request.user).exclude(name=name)
        if len(others) >= MOST_SAVED:
            messages.error(request, f"最多存 {MOST_SAVED} 组条件，请先删掉不用的。")
            return redirect(back)
        SavedFilter.objects.update_or_create(user=request.user, name=name, defaults={"query": query})
    messages.success(request, f"已存为“{name}”，下次在列表上方一点就到。")
    return redirect(f"{reverse('case_list')}?{query}")


@require_POST
@requires(Permission.SEE_CASES)
def filter_drop(request: HttpRequest, pk: int) -> HttpResponse:
    SavedFilter.objects.of(request.user).filter(pk=pk).delete()
    return redirect("case_list")
