"""Deputies and their stations in public: a deputy's page behind his code, the lists of deputies and of stations. No login."""

import datetime as dt

import segno
from django.contrib.gis.db.models.functions import PointOnSurface
from django.contrib.gis.geos import GEOSGeometry
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.deputies.codes import DeputyCode, DeputyScan
from apps.deputies.models import Deputy, Mandate, Station
from apps.deputies.profiles import Profile, profile, profiles, successors
from apps.deputies.reception import ReceptionDay
from apps.deputies.rota import DutyTurn, on_duty
from apps.record.limits import GUESSING, ONE_CODE, READING, limited
from apps.territory.models import AdminArea, ElectoralDistrict, Term

DEPUTIES_A_PAGE = 30
STATIONS_A_PAGE = 60
DAYS_AHEAD = 14
RECEPTIONS_SHOWN = 6
OUTLINE = 0.0002  # degrees, about 20 m: how far a district's outline may be smoothed on a deputy's map
LEVELS = {"county": "县人大代表", "township": "乡镇人大代表", "above": "市、省人大代表"}


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def deputy_by_code(request: HttpRequest, code: str) -> HttpResponse:
    """/p/CODE — the deputy whose code it is, or who has taken it over. One query decides, whatever the code is."""
    found = DeputyCode.objects.select_related("deputy__station", "deputy__organisation", "deputy__group").leading_to(
        code
    )
    if found is None:
        return _unknown(request)
    DeputyScan.objects.count_scan(found, timezone.localdate())
    return _private(_deputy(request, found.deputy, code=found.code))


def _unknown(request: HttpRequest) -> HttpResponse:
    """The same for codes that nobody issued, that are void and that are no codes."""
    return _private(render(request, "deputies/code_unknown.html", status=404))


def _private(response: HttpResponse) -> HttpResponse:
    """What a code opens: search engines are to leave it alone, so that codes are not listed there."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@limited(READING, GUESSING, ONE_CODE)
@never_cache
@require_GET
def deputy_card(request: HttpRequest, code: str) -> HttpResponse:
    """/p/CODE/card — his card as a sheet to print, or to keep as a picture."""
    found = DeputyCode.objects.select_related("deputy__station").leading_to(code)
    shown = profiles([found.deputy], timezone.localdate())[0] if found else None
    if found is None or not shown.seats:
        return _unknown(request)
    address = request.build_absolute_uri(reverse("deputy_by_code", args=[found.code]))
    qr = mark_safe(
        segno.make(address, error="q").svg_inline(border=4, omitsize=True)
    )  # drawn by us from our own address
    return _private(
        render(
            request, "deputies/deputy_card.html", {"profile": shown, "deputy": found.deputy, "code": found, "qr": qr}
        )
    )


@limited(READING)
@require_GET
def deputy_page(request: HttpRequest, code: str) -> HttpResponse:
    """/deputies/D3 — the same page, from the lists."""
    return _deputy(
        request, get_object_or_404(Deputy.objects.select_related("station", "organisation", "group"), code=code)
    )


def _deputy(request: HttpRequest, deputy: Deputy, *, code: str = "") -> HttpResponse:
    today = timezone.localdate()
    shown = profile(deputy, today)
    if not shown.seats:
        return _ended(request, deputy, today)
    station = deputy.station
    return render(request, "deputies/deputy.html", {
        "profile": shown, "deputy": deputy, "station": station, "code": code, "fields": deputy.fields.all(), "today": today,
        "next_duty": station.next_duty(today) if station else None, "map_data": _deputy_map(shown),
    })  # fmt: skip


def _ended(request: HttpRequest, deputy: Deputy, today: dt.date) -> HttpResponse:
    """Out of office: who serves there now. Who never was a deputy has no page."""
    last = (
        Mandate.objects.published()
        .filter(deputy=deputy)
        .select_related("term__congress")
        .defer("term__congress__geom", "term__congress__geom_3857")
    )
    last = last.filter(term__starts__lte=today).order_by("-term__starts").first()
    if last is None:
        raise Http404
    page = {"deputy": deputy, "mandate": last, "successors": successors(deputy, today), "station": deputy.station}
    return render(request, "deputies/deputy_ended.html", page)


def _deputy_map(shown: Profile) -> dict:
    """His districts, station and workplace: what is public of where he is."""
    levels = {seat.mandate.district_id: seat.mandate.term.level for seat in shown.seats if seat.mandate.district_id}
    districts = ElectoralDistrict.objects.filter(pk__in=levels, geom__isnull=False).only("code", "name", "geom")
    deputy = shown.deputy
    places = [(deputy.station.code, "station", deputy.station.name, deputy.station.point)] if deputy.station else []
    places += [(deputy.code, "work", f"{deputy.name}代表的工作单位", deputy.workplace)] if deputy.workplace else []
    return {
        "districts": {"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": outline(row.geom), "properties": {"code": row.code, "name": row.name, "level": levels[row.pk]}} for row in districts
        ]},
        "places": _points(places),
    }  # fmt: skip


def outline(geom: GEOSGeometry) -> dict:
    """GeoJSON geometry for the screen, some metres of detail left out."""
    shape = geom.simplify(OUTLINE, preserve_topology=True)
    return {"type": shape.geom_type, "coordinates": shape.coords}


def _points(places: list[tuple]) -> dict:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": point.coords}, "properties": {"id": code, "kind": kind, "name": name, **dict(more)}}
        for code, kind, name, point, *more in places
    ]}  # fmt: skip


@limited(READING)
@require_GET
def deputy_list(request: HttpRequest) -> HttpResponse:
    """/deputies/?level=county&town=339901101000&q=陈 — everyone in office, by congress and by the town his district lies in."""
    today = timezone.localdate()
    wanted = {name: request.GET.get(name, "").strip()[:30].replace("\x00", "") for name in ("level", "town", "q")}
    seats = Mandate.objects.in_force(today)
    if wanted["level"] in LEVELS:
        above = (Term.Level.CITY, Term.Level.PROVINCE)
        seats = seats.filter(term__level__in=above if wanted["level"] == "above" else (wanted["level"],))
    town = AdminArea.objects.towns().filter(code=wanted["town"]).first() if wanted["town"].isdigit() else None
    if town:
        seats = _in_town(seats, town)
    rows = Deputy.objects.filter(pk__in=seats.values("deputy")).select_related("station").order_by("code")
    if wanted["q"]:
        districts = Mandate.objects.in_force(today).filter(district__name__icontains=wanted["q"])
        rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(pk__in=districts.values("deputy")))
    page = Paginator(rows, DEPUTIES_A_PAGE).get_page(request.GET.get("page"))
    townships = Term.objects.filter(level=Term.Level.TOWNSHIP).exists()  # 龙港市 has none
    levels = [(level, label) for level, label in LEVELS.items() if level != "township" or townships]
    return render(request, "deputies/deputy_list.html", {
        "page_obj": page, "profiles": profiles(page, today), "wanted": wanted, "levels": levels, "towns": AdminArea.objects.towns().only("code", "name"),
    })  # fmt: skip


def _in_town(seats, town: AdminArea):
    """Seats of the town's own congress, and those of county districts whose middle lies in it."""
    if town.geom is None:
        return seats.filter(term__congress=town)
    return seats.annotate(middle=PointOnSurface("district__geom")).filter(
        Q(term__congress=town) | Q(middle__coveredby=town.geom)
    )


@limited(READING)
@require_GET
def station_list(request: HttpRequest) -> HttpResponse:
    """/stations/?town=&q= — every station with who answers today; list and map in step."""
    today = timezone.localdate()
    wanted = {name: request.GET.get(name, "").strip()[:30].replace("\x00", "") for name in ("town", "q")}
    rows = Station.objects.select_related("area").defer("area__geom", "area__geom_3857").order_by("code")
    if wanted["town"].isdigit():
        rows = rows.of_town(wanted["town"])
    if wanted["q"]:
        rows = rows.filter(Q(name__icontains=wanted["q"]) | Q(address__icontains=wanted["q"]))
    page = Paginator(rows, STATIONS_A_PAGE).get_page(request.GET.get("page"))
    duty = on_duty(page, today)
    for station in page:
        station.duty, station.next = duty[station.pk], station.next_duty(today)
    places = [
        (s.code, "station", s.name, s.point, {"url": reverse("station_page", args=[s.code]), "note": _today_words(s)})
        for s in page
    ]
    return render(request, "deputies/station_list.html", {
        "page_obj": page, "wanted": wanted, "today": today, "towns": AdminArea.objects.towns().only("code", "name"), "map_data": {"places": _points(places)},
    })  # fmt: skip


def _today_words(station: Station) -> str:
    return f"今天由{station.duty.first.name}代表受理" if station.duty.first else "今天没有代表值班"


@limited(READING)
@require_GET
def station_page(request: HttpRequest, code: str) -> HttpResponse:
    """/stations/S-A/ — who answers today, who takes over, when residents are received, the rota of two weeks, the deputies."""
    station = get_object_or_404(
        Station.objects.select_related("area").defer("area__geom", "area__geom_3857"), code=code
    )
    today = timezone.localdate()
    duty = on_duty([station], today)[station.pk]
    page = Paginator(
        Deputy.objects.serving_on(today).filter(station=station).order_by("code"), DEPUTIES_A_PAGE
    ).get_page(request.GET.get("page"))
    return render(request, "deputies/station.html", {
        "station": station, "duty": duty, "today": today, "next_duty": station.next_duty(today), "page_obj": page, "profiles": profiles(page, today),
        "receptions": _receptions(station, today), "rota": _ahead(station, today), "map_data": {"places": _points([(station.code, "station", station.name, station.point)])},
    })  # fmt: skip


def _receptions(station: Station, today: dt.date) -> list[ReceptionDay]:
    """The next days on which residents are received in person, with their deputies."""
    told = (
        ReceptionDay.objects.filter(station=station)
        .coming(today)
        .only("day", "starts", "ends", "place", "topic", "station__address", "station__name")
    )
    return list(
        told.select_related("station").prefetch_related(
            Prefetch("deputies", Deputy.objects.only("name").order_by("code"))
        )[:RECEPTIONS_SHOWN]
    )


def _ahead(station: Station, today: dt.date) -> list[tuple[dt.date, bool, list[DutyTurn]]]:
    """Day, whether residents are received, and whose turns those are, for the days to come that have any."""
    until = today + dt.timedelta(days=DAYS_AHEAD)
    days: dict[dt.date, list[DutyTurn]] = {}
    for turn in (
        DutyTurn.objects.filter(rota__station=station, day__gte=today, day__lt=until)
        .select_related("deputy")
        .order_by("day", "order")
    ):
        days.setdefault(turn.day, []).append(turn)
    return [(day, station.receives_on(day), turns) for day, turns in days.items()]
