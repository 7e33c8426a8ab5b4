"""The resident's pages: report a problem, follow what became of it, rate the outcome. No login; only rights of the public role."""

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

from apps.cases import recipients, timeline, workflow
from apps.cases.forms import LONGEST_CODE, CodeForm, PlaceForm, RatingForm, coordinate
from apps.cases.forms_report import ReportForm
from apps.cases.models import Case
from apps.matching.doors import read_door
from apps.matching.finding import OutsideCounty
from apps.record.codes import grouped, read_code
from apps.record.limits import GUESSING, ONE_CODE, POSTING, READING, limited
from apps.record.states import MoveRefused

UNKNOWN = "没有找到这个查询码。请核对每个字，字母和数字都要对上；横线和大小写没有关系。"


@limited(READING, GUESSING, ONE_CODE)
@limited(POSTING, methods=("POST",))
@never_cache
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """/report?lat=&lon=&accuracy=&datum=&doorplate=&code=&side=&to=&via= — the place comes from the search or a scanned code and can be
    moved on the map.

    side: where the reporter is registered, asked near a border. to: the code of the deputy that it is for.
    """
    if request.method == "GET":
        return _empty_form(request)
    form = ReportForm(request.POST)
    if form.is_valid():
        try:
            case = workflow.submit(form.report(form.resident_channel()))
        except OutsideCounty as refusal:
            form.add_error("lat", str(refusal))
        except workflow.AlreadySent as refusal:
            form.data = {**form.data.dict(), "submission": str(uuid.uuid4())}
            form.add_error(None, str(refusal))
        else:
            return redirect("report_sent", code=case.follow_code)
    settled, _ = PlaceForm.understood(request.POST)
    return render(request, "cases/report.html", {"form": form, "settled": settled, **_addressee(request.POST)}, status=422)


def _empty_form(request: HttpRequest) -> HttpResponse:
    start = {name: request.GET.get(name, "") for name in ("lat", "lon", "accuracy", "datum", "doorplate", "code", "side", "to", "via")}
    settled, problem = PlaceForm.understood(start) if start["lat"] or start["lon"] or start["code"] else (None, "")
    if settled:
        start |= {"lat": coordinate(settled.place.lat), "lon": coordinate(settled.place.lon)}
    unknown = bool(start["code"]) and read_door(start["code"][:LONGEST_CODE]) is None
    form = ReportForm(initial={**start, "submission": uuid.uuid4()})
    page = {"form": form, "settled": settled, "place_problem": "" if unknown and not settled else problem, "code_unknown": unknown, **_addressee(start)}
    return render(request, "cases/report.html", page, status=404 if unknown else 200)


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


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def report_sent(request: HttpRequest, code: str) -> HttpResponse:
    """The follow code, large; what happens next and by when; how the answer comes."""
    case = _followed(code)
    if case is None:
        return _unknown(request, code)
    address = request.build_absolute_uri(reverse("case_follow", args=[case.follow_code]))
    qr = mark_safe(segno.make(address, error="m").svg_inline(scale=5, border=2))  # drawn by us from our own address
    return _private(render(request, "cases/report_sent.html", {"case": case, "code": grouped(case.follow_code), "qr": qr}))


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def follow(request: HttpRequest) -> HttpResponse:
    """The field for a code; what was typed wrongly stays in it."""
    if "code" not in request.GET:
        return render(request, "cases/follow.html", {"form": CodeForm()})
    form = CodeForm(request.GET)
    if not form.is_valid():
        return render(request, "cases/follow.html", {"form": form}, status=422)
    code = form.read()
    return redirect("case_follow", code=code) if code and _followed(code) else _unknown(request, form.cleaned_data["code"])


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def case_follow(request: HttpRequest, code: str) -> HttpResponse:
    case = _followed(code)
    return _unknown(request, code) if case is None else _followed_page(request, case, RatingForm())


@limited(POSTING, GUESSING, ONE_CODE)
@never_cache
@require_POST
def case_rate(request: HttpRequest, code: str) -> HttpResponse:
    case = _followed(code)
    if case is None:
        return _unknown(request, code)
    form = RatingForm(request.POST)
    if not form.is_valid():
        return _followed_page(request, case, form, status=422)
    try:
        workflow.rate(case, form.cleaned_data["score"])
    except MoveRefused as refusal:
        return _followed_page(request, _followed(code), RatingForm(), problem=str(refusal), status=409)
    return redirect("case_follow", code=case.follow_code)


def _followed_page(request: HttpRequest, case: Case, form: RatingForm, *, problem: str = "", status: int = 200) -> HttpResponse:
    today = timezone.localdate()
    page = {
        "case": case, "code": grouped(case.follow_code), "steps": timeline.for_resident(case, today), "form": form, "problem": problem,
        "answered": case.state in (Case.State.ANSWERED, Case.State.CLOSED), "rateable": case.state == Case.State.ANSWERED,
    }  # fmt: skip
    return _private(render(request, "cases/case_follow.html", page, status=status))


def _followed(code: str) -> Case | None:
    read = read_code(code)
    return Case.objects.followed(read).first() if read else None


def _unknown(request: HttpRequest, typed: str) -> HttpResponse:
    """The same answer for a code that cannot be one and for one that nobody has."""
    form = CodeForm({"code": typed})
    form.full_clean()
    form.add_error("code", UNKNOWN)
    return render(request, "cases/follow.html", {"form": form}, status=404)


def _private(response: HttpResponse) -> HttpResponse:
    """A page that only its code opens: search engines are to leave it alone."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
