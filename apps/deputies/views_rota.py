"""The office's pages of the rota: every station with who answers today, one station's month to be written; a deputy's own turns."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.perms import Permission, requires
from apps.deputies import workflow
from apps.deputies.models import Deputy, Station
from apps.deputies.rota import DutyTurn, on_duty
from apps.deputies.rotation import DAYS, PACES
from apps.deputies.sheet import Sheet
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea
from gis_data.layers import ROTA

STATIONS_A_PAGE = TURNS_A_PAGE = 30
OWN_TURNS = dt.timedelta(days=100)
CHANGES_SHOWN = 10


@require_GET
@requires(Permission.ARRANGE_DUTY)
def rota_list(request: HttpRequest) -> HttpResponse:
    """/rota/?town=&q= — the stations in scope: who answers today, who takes over, how many days of the months are filled."""
    today = timezone.localdate()
    months = [today.replace(day=1), _next(today)]
    wanted = {name: request.GET.get(name, "").strip()[:40].replace("\x00", "") for name in ("town", "q")}
    rows = Station.objects.visible_to(request.user).select_related("area").defer("area__geom", "area__geom_3857")
    if wanted["town"].isdigit():
        rows = rows.of_town(wanted["town"])
    if wanted["q"]:
        rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(code__iexact=wanted["q"]))
    filled = [Count("rotas__turns__day", filter=Q(rotas__month=month), distinct=True) for month in months]
    page = Paginator(rows.annotate(filled_now=filled[0], filled_next=filled[1]).order_by("code"), STATIONS_A_PAGE).get_page(request.GET.get("page"))
    duty = on_duty(page, today)
    for station in page:
        station.duty = duty[station.pk]
    towns = AdminArea.objects.visible_to(request.user).towns().only("code", "name")
    return render(request, "deputies/rota_list.html", {"page_obj": page, "wanted": wanted, "towns": towns, "months": months, "today": today})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.ARRANGE_DUTY)
def rota_month(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """/rota/S-A/2026-11/ — the sheet. Filling and swapping change what is on the screen; saving is a step of its own."""
    station = get_object_or_404(Station.objects.visible_to(request.user).select_related("area").defer("area__geom", "area__geom_3857"), code=code)
    sheet = Sheet.open(station, _month(month))
    if request.method == "GET":
        return _page(request, sheet, sheet.version)
    version = int(seen) if re.fullmatch(r"[0-9]{1,9}", seen := request.POST.get("version", "")) else -1
    sheet.write(*_typed(request))
    do = request.POST.get("do", "")
    if do == "guest":
        guest = request.POST.get("guest", "").strip()[:30].replace("\x00", "")
        refusal = sheet.invite(guest)
        return _page(request, sheet, version, unsaved=True, told="" if refusal else f"已把{guest}加入可选名单。", refusal=refusal, guest=guest if refusal else "")
    if do == "fill":
        count = sheet.fill(request.POST.get("begin", ""), request.POST.get("over") == "on")
        told = f"已按规则排好 {count} 天，还没有保存。" if count else "没有要排的日子：符合规则的日子都已排好。要重新排，请勾选“已排的也重排”。"
        return _page(request, sheet, version, unsaved=bool(count), told=told)
    if do == "swap":
        refusal = sheet.swap(request.POST.get("first", ""), request.POST.get("second", ""))
        return _page(request, sheet, version, unsaved=not refusal, told="" if refusal else "已对调，还没有保存。", refusal=refusal)
    return _save(request, sheet, version)


def _typed(request: HttpRequest) -> tuple[dict[str, str], list[str]]:
    """What was posted, without the characters that the database cannot hold."""
    return {name: value.replace("\x00", "") for name, value in request.POST.items()}, [code.replace("\x00", "") for code in request.POST.getlist("guests")]


def _save(request: HttpRequest, sheet: Sheet, version: int) -> HttpResponse:
    table = sheet.turns()
    if sheet.errors:
        return _page(request, sheet, version, unsaved=True, status=422)
    try:
        workflow.arrange(request.user, sheet.station, sheet.month, table, version=version, rule=vars(sheet.rule))
    except workflow.RotaChanged as refusal:
        sheet.compare(Sheet.open(sheet.station, sheet.month))
        return _page(request, sheet, sheet.version, unsaved=True, refusal=str(refusal), status=409)
    except MoveRefused as refusal:
        return _page(request, sheet, version, unsaved=True, refusal=str(refusal), status=422)
    messages.success(request, f"{sheet.month.month}月的排班已保存，联络站页面上已经更新。")
    return redirect("rota_month", code=sheet.station.code, month=f"{sheet.month:%Y-%m}")


def _page(request: HttpRequest, sheet: Sheet, version: int, *, unsaved: bool = False, told: str = "", refusal: str = "", guest: str = "", status: int = 200) -> HttpResponse:
    events = sheet.rota.events.order_by("-pk")[:CHANGES_SHOWN] if sheet.rota else []
    names = dict(Deputy.objects.filter(code__in={code for event in events for code in _codes(event)}).values_list("code", "name")) if events else {}
    page = {
        "sheet": sheet, "version": version, "unsaved": unsaved, "told": told, "refusal": refusal, "guest": guest, "days": DAYS.items(), "paces": PACES.items(),
        "before": sheet.month - dt.timedelta(days=1), "after": _next(sheet.month), "today": timezone.localdate(),
        "changes": [(event, _change(event, names)) for event in events],
    }  # fmt: skip
    return render(request, "deputies/rota_month.html", page, status=status)


def _codes(event) -> set[str]:
    return {code for when in ("was", "now") for turns in event.data.get(when, {}).values() for code, _ in turns}


def _change(event, names: dict[str, str]) -> list[str]:
    """Each day that an event changed, in words: before → after."""

    def words(turns: list) -> str:
        return "、".join(f"{names.get(code, code)}{'（请假）' if absent else ''}" for code, absent in turns) or "无人"

    days = event.data.get("now", {})
    return [f"{int(day[5:7])}月{int(day[8:])}日：{words(event.data['was'].get(day, []))} → {words(turns)}" for day, turns in sorted(days.items())]


def _month(text: str) -> dt.date:
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
    if not found:
        raise Http404
    return dt.date(int(found[1]), int(found[2]), 1)


@require_GET
@requires(Permission.ARRANGE_DUTY)
def rota_export(request: HttpRequest) -> StreamingHttpResponse:
    """/rota/export.csv?month=2026-11 — the month's turns of the stations in scope, as `import_layer rota` takes them back."""
    month = _month(request.GET.get("month", ""))
    turns = DutyTurn.objects.filter(rota__month=month, rota__station__in=Station.objects.visible_to(request.user))
    rows = turns.order_by("rota__station__code", "day", "order").values_list("rota__station__code", "day", "order", "deputy__code", "absent")
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"排班{month:%Y-%m}.csv")
    return response


def _lines(rows: Iterable[tuple]) -> Iterator[str]:
    line = io.StringIO()
    write = csv.writer(line).writerow
    line.write("\ufeff")  # Excel takes it for UTF-8
    write([column.label for column in ROTA.columns])
    for station, day, order, deputy, absent in rows:
        write([station, day.isoformat(), order, deputy, "true" if absent else "false"])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.DEPUTY_DESK)
def my_duty(request: HttpRequest) -> HttpResponse:
    """/duty/ — a deputy's own turns to come, who takes over, and the button that says: I cannot come."""
    today = timezone.localdate()
    refusal = ""
    if request.method == "POST":
        try:
            turn = workflow.excuse(request.user, int(pk) if re.fullmatch(r"[0-9]{1,18}", pk := request.POST.get("turn", "")) else 0, request.POST.get("absent") == "yes")
        except MoveRefused as error:
            refusal = str(error)
        else:
            messages.success(request, f"{turn.day.month}月{turn.day.day}日已记为{'请假，由下一位接替' if turn.absent else '到站值班'}。")
            return redirect("my_duty")
    mine = DutyTurn.objects.filter(deputy__user=request.user, day__gte=today, day__lt=today + OWN_TURNS).select_related("rota__station").order_by("day", "rota")
    page = Paginator(mine, TURNS_A_PAGE).get_page(request.GET.get("page"))
    others: dict[tuple, list[DutyTurn]] = {}
    for turn in DutyTurn.objects.filter(rota__in={turn.rota_id for turn in page}, day__in={turn.day for turn in page}).select_related("deputy").order_by("order"):
        others.setdefault((turn.rota_id, turn.day), []).append(turn)
    for turn in page:
        turn.beside = [other for other in others[turn.rota_id, turn.day] if other.pk != turn.pk]
    return render(request, "deputies/my_duty.html", {"page_obj": page, "today": today, "refusal": refusal}, status=409 if refusal else 200)


def _next(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
