"""代录入: what somebody told a deputy or a clerk, with or without a network; and the page that shows the follow code to who has entered it."""

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.cases import workflow
from apps.cases.forms import PlaceForm
from apps.cases.forms_entry import EntryForm
from apps.cases.models import Case
from apps.deputies.reception import ReceptionDay
from apps.matching.finding import OutsideCounty
from apps.record.codes import grouped
from apps.record.states import MoveRefused

KEPT = "entered"  # in the session: codes of cases and the follow codes to be handed to their reporters
MOST_KEPT = 30
SHOWN_FOR = 24 * 3600  # seconds


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.ENTER_CASES)
def case_new(request: HttpRequest) -> HttpResponse:
    """/cases/new/?lat=&lon=&doorplate=&channel=&reception= — all may be left out."""
    if request.method == "GET":
        return _blank_form(request)
    form = EntryForm(request.POST)
    form.user = request.user
    if form.is_valid() and form.accepts(request.FILES.getlist("photos"), by=request.user):
        try:
            case = _enter(request, form)
        except OutsideCounty as refusal:
            form.add_error("lat", str(refusal))
        except workflow.AlreadySent as refusal:
            form.data = {**form.data.dict(), "submission": str(uuid.uuid4())}
            form.add_error(None, str(refusal))
        except MoveRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            _keep(request, case)
            return redirect("case_entered", case.code)
    settled, _ = PlaceForm.understood(request.POST)
    day = (
        ReceptionDay.objects.visible_to(request.user)
        .filter(pk=form.cleaned_data.get("reception"))
        .select_related("station")
        .first()
    )
    return render(
        request,
        "cases/case_new.html",
        {"form": form, "settled": settled, "led": form.led, "day": day, "entry": True},
        status=422,
    )


def _blank_form(request: HttpRequest) -> HttpResponse:
    start = {name: request.GET.get(name, "") for name in ("lat", "lon", "doorplate")}
    settled, problem = PlaceForm.understood(start) if start["lat"] or start["lon"] else (None, "")
    asked = request.GET.get("reception", "")
    days = (
        ReceptionDay.objects.visible_to(request.user)
        .exclude(state=ReceptionDay.State.CALLED_OFF)
        .select_related("station")
        .defer("station__point")
    )
    day = days.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 10 else None
    usual = Case.Channel.VISIT if request.user.role == Role.DEPUTY else Case.Channel.STATION
    channel = (
        Case.Channel.STATION
        if day
        else request.GET.get("channel")
        if request.GET.get("channel") in Case.Channel.values
        else usual
    )
    form = EntryForm(
        initial={
            **start,
            "channel": channel,
            "submission": uuid.uuid4(),
            "reception": day and day.pk,
            "writer": request.user.pk,
        }
    )
    today = days.filter(day=timezone.localdate()).exclude(pk=day.pk if day else None) if not day else ()
    return render(
        request,
        "cases/case_new.html",
        {
            "form": form,
            "settled": settled,
            "place_problem": problem,
            "day": day,
            "today_days": list(today[:3]),
            "entry": True,
        },
    )


@transaction.atomic
def _enter(request: HttpRequest, form: EntryForm) -> Case:
    case = workflow.submit(form.report(form.cleaned_data["channel"]), actor=request.user)
    if (day := form.reception_of(request.user)) is not None:
        Case.objects.filter(pk=case.pk, reception=None).update(reception=day)
    return case


def _keep(request: HttpRequest, case: Case) -> None:
    """The follow code stands nowhere in the office but in the session of who has entered the case."""
    kept = {**request.session.get(KEPT, {}), case.code: [case.follow_code, timezone.now().timestamp()]}
    request.session[KEPT] = dict(list(kept.items())[-MOST_KEPT:])


@never_cache
@require_GET
@requires(Permission.ENTER_CASES)
def case_entered(request: HttpRequest, code: str) -> HttpResponse:
    """What to tell the reporter: the follow code, who has it now and until when. For a day, and in this session only."""
    case = get_object_or_404(
        Case.objects.filter(entered_by=request.user)
        .select_related("town", "deputy", "organisation", "reception__station")
        .defer("town__geom", "town__geom_3857"),
        code=code,
    )
    follow_code, at = request.session.get(KEPT, {}).get(code, ("", 0))
    if not follow_code or timezone.now().timestamp() - at > SHOWN_FOR:
        messages.info(request, "查询码只在录入后显示，现在不再显示。")
        return redirect("case_list")
    seen = Case.objects.visible_to(request.user).filter(pk=case.pk).exists()
    return render(request, "cases/case_entered.html", {"case": case, "follow_code": grouped(follow_code), "seen": seen})


@require_GET
@requires(Permission.ENTER_CASES)
def entry_place(request: HttpRequest) -> HttpResponse:
    """What lies at the pin, in words, whenever it is moved."""
    settled, problem = (
        PlaceForm.understood(request.GET) if request.GET.get("lat") and request.GET.get("lon") else (None, "")
    )
    return render(request, "cases/report_place.html", {"settled": settled, "place_problem": problem, "entry": True})


@require_GET
def case_blank(request: HttpRequest) -> HttpResponse:
    """The form as anybody gets it: phones of deputies keep it for where there is no network. Sending it takes a login."""
    form = EntryForm(initial={"channel": Case.Channel.VISIT, "submission": ""})
    return HttpResponse(
        render_to_string("cases/case_new.html", {"form": form, "blank": True, "action": reverse("case_new")})
    )
