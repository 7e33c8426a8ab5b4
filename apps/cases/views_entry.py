"""代录入: what somebody told a deputy or a clerk."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.cases import workflow
from apps.cases.forms import PlaceForm
from apps.cases.forms_report import EntryForm
from apps.cases.models import Case
from apps.cases.views import case_or_list
from apps.matching.finding import OutsideCounty
from apps.record.codes import grouped
from apps.record.states import MoveRefused


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.ENTER_CASES)
def case_new(request: HttpRequest) -> HttpResponse:
    """代录入: what somebody told a deputy or a clerk."""
    if request.method == "GET":
        channel = Case.Channel.VISIT if request.user.role == Role.DEPUTY else Case.Channel.STATION
        start = {name: request.GET.get(name, "") for name in ("lat", "lon", "doorplate")}
        settled, problem = PlaceForm.understood(start) if start["lat"] or start["lon"] else (None, "")
        form = EntryForm(initial={**start, "channel": channel, "submission": uuid.uuid4()})
        return render(request, "cases/case_new.html", {"form": form, "settled": settled, "place_problem": problem})
    form = EntryForm(request.POST)
    if form.is_valid():
        try:
            case = workflow.submit(form.report(form.cleaned_data["channel"]), actor=request.user)
        except OutsideCounty as refusal:
            form.add_error("lat", str(refusal))
        except workflow.AlreadySent as refusal:
            form.data = {**form.data.dict(), "submission": str(uuid.uuid4())}
            form.add_error(None, str(refusal))
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request,
                f"已录入为民情件 {case.code}。查询码 {grouped(case.follow_code)}，请告诉反映人，以后不再显示。现在由{case.holder()}办理。",
            )
            return redirect(case_or_list(request, case))
    settled, _ = PlaceForm.understood(request.POST)
    return render(request, "cases/case_new.html", {"form": form, "settled": settled}, status=422)
