"""The resident's result page: 此地所在选区, the deputies, the one who answers first on top with the reason in words."""

from dataclasses import dataclass
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from apps.matching.borders import border_notice
from apps.matching.engine import Day
from apps.matching.finding import FoundDeputy, FoundDistrict, OutsideCounty, Place, area_deputies, engine
from apps.matching.questions import BadQuestion, Question
from apps.territory import suggestions
from apps.territory.lookup import AddressLookup

POSITION = ("lat", "lon", "accuracy")


_drawn: WeakKeyDictionary[Day, SafeString] = WeakKeyDictionary()


@dataclass(frozen=True)
class Card:
    """One deputy on the page. Who holds two seats here has one card with both titles."""

    found: FoundDeputy
    titles: tuple[str, ...]


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    if not any(request.GET.get(name, "").strip() for name in ("q", "doorplate", *POSITION)):
        return redirect("home")
    today = timezone.localdate()
    try:
        question = Question.read(request.GET)
        place, lookup = question.answer(today)
    except BadQuestion as error:
        return _nothing(request, 400, message=str(error), swapped=_find_url(*error.swapped) if error.swapped else "")
    except OutsideCounty as error:
        return _nothing(request, 404, message=str(error))
    if place is None:
        return _choices(request, lookup)
    return place_page(request, place, question=question)


def place_page(request: HttpRequest, place: Place, *, question: Question | None = None, door: str = "") -> HttpResponse:
    """The page of one place: its districts, the deputies, the way to report.

    question: what was asked, when it was asked in words or by a position. door: the code (or ISSUER/ID) by which the place was
    reached; the report then carries `code=` and no position.
    """
    question = question or Question()
    cards = _cards(place.deputies)
    return render(
        request,
        "matching/place.html",
        {
            "q": question.text,
            "place": place,
            "cards": cards,
            "area_deputies": _area_deputies(engine().on(timezone.localdate())),
            "vacant": [found for found in place.districts if all(deputy.district != found.district for deputy in place.deputies)],
            "border": border_notice(place, question.accuracy),
            "rough": question.accuracy if question.accuracy and question.accuracy > 200 else None,
            "report_url": _report_url(place, door),
            "data": _map_data(place, question),
        },
        status=200 if place.districts else 404,
    )


@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """The list under the search box while somebody types."""
    text = request.GET.get("q", "").strip()[:100].replace("\x00", "")
    if not text:
        return HttpResponse("")
    return render(request, "matching/suggestions.html", {"suggestions": suggestions.suggest(text)})


def _nothing(request: HttpRequest, status: int, **context) -> HttpResponse:
    """The search box again, with all that was typed, and what to do."""
    return render(request, "matching/not_found.html", {"q": request.GET.get("q", ""), **context}, status=status)


def _choices(request: HttpRequest, lookup: AddressLookup) -> HttpResponse:
    if not lookup.doorplates:
        return _nothing(request, 404, message=lookup.advice)
    choices = [(plate, f"{reverse('find')}?{urlencode({'q': lookup.text, 'doorplate': plate.code})}") for plate in lookup.doorplates]
    return render(request, "matching/choices.html", {"q": lookup.text, "message": lookup.advice, "choices": choices})


def _cards(deputies: tuple[FoundDeputy, ...]) -> list[Card]:
    titles: dict[int, list[str]] = {}
    first: dict[int, FoundDeputy] = {}
    for found in deputies:
        first.setdefault(found.deputy.pk, found)
        titles.setdefault(found.deputy.pk, []).append(_title(found))
    return [Card(found, tuple(titles[pk])) for pk, found in first.items()]


def _area_deputies(day: Day) -> SafeString:
    """The deputies of city and province are the same for every place of the county: drawn once a day."""
    if day not in _drawn:
        _drawn[day] = render_to_string("matching/area_deputies.html", {"area_cards": _cards(area_deputies(day))})
    return _drawn[day]


def _title(found: FoundDeputy) -> str:
    title = f"{found.mandate.term.congress.name}人大代表"
    return f"{title} · {found.district.name}" if found.district else title


def _find_url(lon: float, lat: float) -> str:
    return f"{reverse('find')}?{urlencode({'lat': f'{lat:.6f}', 'lon': f'{lon:.6f}'})}"


def _report_url(place: Place, door: str) -> str:
    at = {"lat": f"{place.lat:.6f}", "lon": f"{place.lon:.6f}"} | ({"doorplate": place.doorplate.code} if place.doorplate else {})
    return f"{reverse('report')}?{urlencode(at | ({'code': door, 'via': 'scan'} if door else {}))}"


def _map_data(place: Place, question: Question) -> dict:
    """What the map draws; the same stands on the page in words."""
    day = engine().on(timezone.localdate())

    def outline(found: FoundDistrict) -> dict:
        district = found.district
        properties = {"code": district.code, "name": district.name, "level": found.level}
        return {"type": "Feature", "geometry": day.districts[found.level].outline(district), "properties": properties}

    stations = {found.station.code: found.station for found in place.deputies if found.station}
    if place.nearest_station:
        stations.setdefault(place.nearest_station.code, place.nearest_station)
    points = [(code, "station", station.name, station.point) for code, station in stations.items()]
    points += [
        (found.deputy.code, "work", f"{found.deputy.name}代表的工作地", found.deputy.workplace) for found in place.deputies if found.deputy.workplace
    ]
    if place.doorplate:
        points.append((place.doorplate.code, "doorplate", place.doorplate.address, place.doorplate.point))
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": point.coords}, "properties": {"id": code, "kind": kind, "name": name}}
        for code, kind, name, point in points
    ]
    return {
        "point": {"lon": place.lon, "lat": place.lat, "accuracy_m": question.accuracy},
        "find_url": reverse("find"),
        "districts": {"type": "FeatureCollection", "features": [outline(found) for found in reversed(place.districts)]},
        "places": {"type": "FeatureCollection", "features": features},
    }
