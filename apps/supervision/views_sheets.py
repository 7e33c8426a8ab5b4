"""Pages of the rating sheets: which are in use, and a sheet's next version."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.perms import Permission, requires
from apps.record.states import MoveRefused
from apps.supervision import workflow_sheets
from apps.supervision.forms_sheets import SheetForm
from apps.supervision.rating_sheets import RatingSheet


@require_GET
@requires(Permission.MANAGE_SHEETS)
def sheet_list(request: HttpRequest) -> HttpResponse:
    """/supervision/visits/sheets/ — one sheet for each kind of topic and field that has its own."""
    return render(request, "visits/sheet_list.html", {"sheets": RatingSheet.objects.in_use().select_related("field").prefetch_related("indicators")})


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_SHEETS)
def sheet_edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A sheet for which there is none yet, or the next version of one; what was recorded keeps the version it was recorded with."""
    sheet = get_object_or_404(RatingSheet.objects.in_use().prefetch_related("indicators"), pk=pk) if pk else None
    if request.method == "GET":
        return render(request, "visits/sheet_edit.html", {"form": SheetForm.of(sheet), "sheet": sheet})
    form = SheetForm(request.POST, sheet=sheet)
    if form.is_valid():
        try:
            if request.POST.get("verb") == "retire" and sheet:
                workflow_sheets.retire(request.user, sheet.pk)
                messages.success(request, f"“{sheet.name}”已停用，以前的评分还在。")
            else:
                saved = workflow_sheets.save(request.user, form.wanted(), sheet.pk if sheet else None)
                messages.success(request, f"已保存{saved}。新的走访用这一版，以前的评分不变。")
            return redirect("sheet_list")
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "visits/sheet_edit.html", {"form": form, "sheet": sheet}, status=422)
