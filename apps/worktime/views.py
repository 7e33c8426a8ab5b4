"""The working calendar: /calendar/. Everybody of the offices reads them, the county's office changes them."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.perms import Permission, allowed, requires
from apps.worktime import workflow
from apps.worktime.announcement import read
from apps.worktime.models import CalendarDay, CalendarEvent, CalendarYear
from apps.worktime.yearview import months

YEARS = range(2000, 2100)
LONGEST_TEXT = 20_000
SHOWN = 100  # limits that move, on the page that asks


@require_GET
@requires(Permission.SEE_CALENDAR)
def calendar_now(request: HttpRequest) -> HttpResponse:
    return redirect("calendar_year", timezone.localdate().year)


def _year(year: int) -> int:
    if year not in YEARS:
        raise Http404
    return year


@require_GET
@requires(Permission.SEE_CALENDAR)
def calendar_year(request: HttpRequest, year: int) -> HttpResponse:
    """/calendar/2026/ — the year, its days off and make-up days, what was changed in it."""
    rows = list(CalendarDay.objects.filter(date__year=_year(year)))
    shown = months(year, {row.date: (row.working, row.name) for row in rows}, timezone.localdate())
    return render(request, "worktime/year.html", {
        "year": year, "months": shown, "days": rows, "working": sum(month.working for month in shown), "known": sorted({*CalendarDay.objects.known_years(), year}),
        "entered": CalendarYear.objects.filter(year=year).first(), "missing": not rows, "may_change": allowed(request.user, Permission.MANAGE_CALENDAR),
        "before": year - 1 if year - 1 in YEARS else None, "after": year + 1 if year + 1 in YEARS else None,
        "events": CalendarEvent.objects.filter(subject__year=year).order_by("-pk")[:20],
    })  # fmt: skip


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_CALENDAR)
def calendar_change(request: HttpRequest, year: int) -> HttpResponse:
    """/calendar/2027/change — a notice or a table of days: read, shown with all it would move, then taken over."""
    asked = request.POST if request.method == "POST" else request.GET
    one_day = ",".join(asked.get(part, "").replace("\n", " ") for part in ("day", "what", "name")).rstrip(",") if asked.get("day") else ""
    text = one_day or asked.get("text", "")[:LONGEST_TEXT].replace("\r\n", "\n")
    note, whole = asked.get("note", "").strip()[:200], asked.get("whole") == "yes"
    context = {"year": _year(year), "text": text, "note": note, "whole": whole}
    if not text.strip() or asked.get("step") == "edit":
        return render(request, "worktime/change.html", context)
    found = read(text, year)
    if found.faults:
        return render(request, "worktime/change.html", {**context, "faults": found.faults}, status=422)
    wanted = {**dict.fromkeys(found.plain), **found.exceptions()}
    if not whole:  # a day that is as in any week anyway may have been entered otherwise before
        wanted |= {day: None for day in found.days if day not in wanted}
    if request.POST.get("step") == "apply":
        changed = workflow.change_days(request.user, year, wanted, note, whole=whole)
        moved = f"{len(changed.limits)} 项正在办理的期限随之改了，各件的经过里有记录。" if changed.limits else "没有正在办理的期限受影响。"
        messages.success(request, f"已改 {len(changed.days)} 天。{moved}" if changed.days else "这些日子本来就是这样，没有改动。")
        return redirect("calendar_year", year)
    changed = workflow.rehearse(request.user, year, wanted, note, whole=whole)
    return render(request, "worktime/change.html", {**context, "changed": changed, "limits": changed.limits[:SHOWN]})
