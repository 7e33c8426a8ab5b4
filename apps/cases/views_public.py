"""The resident's pages for reporting a problem, or joining a report that is there already. No login; only rights of the public role."""

import uuid
from collections.abc import Mapping

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.cases import recipients, workflow
from apps.cases.elsewhere import elsewhere
from apps.cases.forms import LONGEST_CODE, PlaceForm, coordinate
from apps.cases.forms_report import MOST_TEXT, JoinForm, ReportForm
from apps.cases.joining import OVER, join
from apps.cases.similar import joinable_case, similar_reports
from apps.cases.sorting import guess
from apps.cases.views_follow import followed, private, unknown
from apps.matching.doors import read_door
from apps.matching.finding import OutsideCounty
from apps.record.codes import grouped
from apps.record.limits import GUESSING, LOOKING, ONE_CODE, POSTING, READING, limited
from apps.record.states import MoveRefused


@limited(READING, GUESSING, ONE_CODE)
@limited(POSTING, methods=("POST",))
@never_cache
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """/report?lat=&lon=&accuracy=&datum=&doorplate=&code=&side=&to=&via= — the place comes from the search or a scanned code and can be
    moved on the map.

    side: where the reporter is registered, asked near a border. to: the code of the deputy that it is for. What was written joins a
    case that is there already when `join` says so.
    """
    if request.method == "GET":
        return _empty_form(request)
    if request.POST.get("join"):
        return _join(request)
    form = ReportForm(request.POST)
    if form.is_valid() and form.accepts(request.FILES.getlist("photos")):
        try:
            case = workflow.submit(form.report(form.resident_channel()))
        except OutsideCounty as refusal:
            form.add_error("lat", str(refusal))
        except workflow.AlreadySent as refusal:
            form.data = {**form.data.dict(), "submission": str(uuid.uuid4())}
            form.add_error(None, str(refusal))
        else:
            return redirect("report_sent", code=case.follow_code)
    return _not_sent(request, form)


def _join(request: HttpRequest) -> HttpResponse:
    form, page = JoinForm(request.POST), ReportForm(request.POST)
    case = joinable_case(request.POST["join"])
    if case is None:
        form.add_error(None, OVER)
    elif form.is_valid() and form.accepts(request.FILES.getlist("photos")):
        try:
            joiner = join(case, form.cleaned_data["submission"], words=form.cleaned_data["text"], reporter=form.reporter(), photos=form.accepted)
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("report_sent", code=joiner.follow_code)
    page.answer_with(form)
    return _not_sent(request, page)


def _not_sent(request: HttpRequest, form: ReportForm) -> HttpResponse:
    """The form as it was filled in, with what is wrong; what it could be like is said again."""
    settled, _ = PlaceForm.understood(request.POST)
    page = {"form": form, "settled": settled, "led": form.led, **_addressee(request.POST)}
    return render(request, "cases/report.html", page, status=422)


def _empty_form(request: HttpRequest) -> HttpResponse:
    start = {name: request.GET.get(name, "") for name in ("lat", "lon", "accuracy", "datum", "doorplate", "code", "side", "to", "via")}
    settled, problem = PlaceForm.understood(start) if start["lat"] or start["lon"] or start["code"] else (None, "")
    if settled:
        start |= {"lat": coordinate(settled.place.lat), "lon": coordinate(settled.place.lon)}
    missing = bool(start["code"]) and read_door(start["code"][:LONGEST_CODE]) is None
    form = ReportForm(initial={**start, "submission": uuid.uuid4()})
    page = {"form": form, "settled": settled, "place_problem": "" if missing and not settled else problem, "code_unknown": missing, **_addressee(start)}
    return render(request, "cases/report.html", page, status=404 if missing else 200)


def _addressee(given: Mapping[str, str]) -> dict:
    """The deputy a report is for, to be named on top; or that he is not in office."""
    to = given.get("to", "").strip()
    found = recipients.named(to, timezone.localdate())
    return {"addressee": found, "addressee_gone": bool(to) and found is None}


@limited(READING, ONE_CODE)
@require_GET
def report_place(request: HttpRequest) -> HttpResponse:
    """What lies at the pin, in words, whenever it is moved. A code alone is no pin: nobody can ask here whether there is such a code."""
    given = request.GET if request.GET.get("lat") and request.GET.get("lon") else {}
    settled, problem = PlaceForm.understood(given)
    return render(request, "cases/report_place.html", {"settled": settled, "place_problem": problem})


@limited(READING, LOOKING)
@never_cache
@require_POST
def report_considered(request: HttpRequest) -> HttpResponse:
    """What is to be said of a report before it is sent: that it belongs elsewhere, what it seems to be about, that one like it is being
    worked on nearby."""
    text = request.POST.get("text", "").replace("\x00", "")[:MOST_TEXT].strip()
    place = PlaceForm({name: request.POST.get(name, "") for name in ("lat", "lon")})
    led = elsewhere(text)
    alike = similar_reports(text, place.cleaned_data["lon"], place.cleaned_data["lat"]) if text and led is None and place.is_valid() else []
    guesses = guess(text).proposals if text and led is None and not request.POST.get("category") else ()
    return render(request, "cases/report_considered.html", {"led": led, "similar": alike, "guesses": guesses})


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def report_sent(request: HttpRequest, code: str) -> HttpResponse:
    """The follow code, large; what happens next and by when; how the answer comes."""
    found = followed(code)
    if found is None:
        return unknown(request, code)
    address = request.build_absolute_uri(reverse("case_follow", args=[found.code]))
    qr = mark_safe(segno.make(address, error="m").svg_inline(scale=5, border=2))  # drawn by us from our own address
    page = {"case": found.case, "joiner": found.joiner, "follow_code": found.code, "code": grouped(found.code), "qr": qr}
    return private(render(request, "cases/report_sent.html", page))
