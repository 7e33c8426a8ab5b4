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

from apps.matching.borders import UNSURE, BorderNotice, border_notice, metres_in_words
from apps.matching.datum import NAMES, WGS84
from apps.matching.employers import Employer, street_without_congress
from apps.matching.engine import Day
from apps.matching.finding import SIDES, Across, FoundDeputy, FoundDistrict, OutsideCounty, Place, area_deputies, engine
from apps.matching.questions import Answer, BadQuestion, Question
from apps.record.limits import READING, limited
from apps.territory import suggestions

POSITION = ("lat", "lon", "accuracy")
ROUGH = 200.0  # metres: a position worse than this has to be confirmed


_drawn: WeakKeyDictionary[Day, SafeString] = WeakKeyDictionary()


@dataclass(frozen=True)
class Card:
    """One deputy on the page. Who holds two seats here has one card with both titles."""

    found: FoundDeputy
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """The deputies of one side of a border, or of the place when there is none near; where to report to them."""

    name: str
    here: bool
    cards: list[Card]
    report_url: str


@limited(READING)
@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """/find?q=&lat=&lon=&accuracy=&datum=&doorplate=&unit=&on=&side=&via= — an address, a unit, a doorplate or a point."""
    if not any(request.GET.get(name, "").strip() for name in ("q", "doorplate", "unit", *POSITION)):
        return redirect("home")
    today, question = timezone.localdate(), None
    try:
        question = Question.read(request.GET)
        answer = question.answer(today)
    except BadQuestion as error:
        return _nothing(request, 400, message=str(error), swapped=_find_url(*error.swapped) if error.swapped else "")
    except OutsideCounty as error:
        return _nothing(request, 404, message=str(error), shifted=_shifted(request, question, None) if question else [])
    if answer.place:
        return place_page(request, answer.place, question=question, answer=answer)
    if answer.employer:
        return _employer_page(request, answer.employer, question)
    return _choices(request, answer)


def place_page(
    request: HttpRequest, place: Place, *, question: Question | None = None, answer: Answer | None = None, door: str = "", door_words: str = ""
) -> HttpResponse:
    """The page of one place: its districts, the deputies, the way to report. Near a border both sides stand there, and which is his is asked.

    question and answer: what was asked, when it was asked in words or by a position. door: the code (or ISSUER/ID) by which the
    place was reached; the report then carries `code=` and no position. door_words: what is written there, for a house without a doorplate.
    """
    question, answer = question or Question(), answer or Answer(place)
    border = border_notice(place)
    side = request.GET.get("side", "")[:200]
    groups = _groups(place, border, side, question, door)
    rough = place.accuracy if place.accuracy and place.accuracy > ROUGH and not place.doorplate else None
    page = {
        "q": question.text, "place": place, "door_words": door_words, "groups": groups, "border": border, "side": side,
        "sides": _sides(request, border, side), "another_day": place.on if place.on != timezone.localdate() else None,
        "area_deputies": _area_deputies(place.day), "today_url": _with(request, on=""),
        "vacant": [found for found in place.districts if all(deputy.district != found.district for deputy in place.deputies)],
        "street": street_without_congress(place), "rough": rough, "note": answer.note, "shifted": _shifted(request, question, place),
        "nearby": [(plate, _with(request, doorplate=plate.code)) for plate in answer.nearby],
        "unshifted": _unshifted(request, question), "confirm": answer.doubtful or rough or question.datum != WGS84,
        "data": _map_data(place, question),
    }  # fmt: skip
    return render(request, "matching/place.html", page, status=200 if place.districts or place.sides else 404)


def _groups(place: Place, border: BorderNotice | None, side: str, question: Question, door: str) -> list[Group]:
    sides = border.sides if border else ()
    if chosen := next((one for one in sides if one.key == side), None):
        sides = (chosen,)
    if not sides or side == UNSURE:
        return [Group("", True, _cards(place.deputies), _report_url(place, question, door, UNSURE if sides else ""))]
    return [Group(one.name, one.metres == 0, _cards(one.deputies), _report_url(place, question, door, one.key)) for one in sides]


def _sides(request: HttpRequest, border: BorderNotice | None, side: str) -> list[dict]:
    """What can be answered to 您登记在哪个选区: the sides, and that one does not know."""
    if not border or not border.sides:
        return []
    asked = [(one.key, one.name, "此地所在" if one.metres == 0 else metres_in_words(one.metres) + "外") for one in border.sides]
    return [
        {"name": name, "note": note, "url": _with(request, side=key), "chosen": key == side} for key, name, note in [*asked, (UNSURE, "不清楚", "")]
    ]  # fmt: skip


def _shifted(request: HttpRequest, question: Question, place: Place | None) -> list[dict]:
    """For a bare position: where it would be if the browser gave it in the coordinates of web maps, and whether that changes the district."""
    own = {found.district.pk for found in place.districts} if place else set()
    found = []
    for shift, there in question.shifts(place, place.day if place else engine().on(question.on or timezone.localdate())):
        districts = tuple(near.district for near in there.districts)
        found.append({
            "label": NAMES[shift.datum], "metres": metres_in_words(shift.metres), "differs": {district.pk for district in districts} != own,
            "name": "、".join(district.name for district in districts), "area": f"{there.town.name}{there.village.name if there.village else ''}",
            "url": _with(request, datum=shift.datum, side=""),
        })  # fmt: skip
    return found


def _unshifted(request: HttpRequest, question: Question) -> dict | None:
    return {"label": NAMES[question.datum], "url": _with(request, datum="", side="")} if question.position and question.datum != WGS84 else None


def _with(request: HttpRequest, **changes: str) -> str:
    """This page's own address with other parameters; an empty one is left out."""
    query = {name: value for name, value in {**request.GET.dict(), **changes}.items() if value}
    return f"{request.path}?{urlencode(query)}"


def _employer_page(request: HttpRequest, employer: Employer, question: Question) -> HttpResponse:
    """The page of a unit: the districts that name it, their deputies, and where it stands."""
    at = {"lat": f"{employer.place.lat:.6f}", "lon": f"{employer.place.lon:.6f}"} if employer.place else {}
    cards = [(card, f"{reverse('report')}?{urlencode({'to': card.found.deputy.code, **at})}") for card in _cards(employer.deputies)]
    on = question.on if question.on and question.on != timezone.localdate() else None
    place_url = _find_url(employer.place.lon, employer.place.lat) if employer.place else ""
    page = {
        "q": question.text, "employer": employer, "cards": cards, "another_day": on, "place_url": place_url, "today_url": _with(request, on=""),
        "street": street_without_congress(employer.place) if employer.place else None,
    }  # fmt: skip
    return render(request, "matching/employer.html", page)


@limited(READING)
@require_GET
def suggest(request: HttpRequest) -> HttpResponse:
    """The list under the search box while somebody types."""
    text = request.GET.get("q", "").strip()[:100].replace("\x00", "")
    if len(text) < suggestions.LEAST:
        return HttpResponse("")
    return render(request, "matching/suggestions.html", {"suggestions": suggestions.suggest(text)})


def _nothing(request: HttpRequest, status: int, **context) -> HttpResponse:
    """The search box again, with all that was typed, and what to do."""
    return render(request, "matching/not_found.html", {"q": request.GET.get("q", ""), **context}, status=status)


def _choices(request: HttpRequest, answer: Answer) -> HttpResponse:
    lookup = answer.lookup
    units = [(unit, _with(request, unit=unit.code)) for unit in answer.employers]
    if not lookup.doorplates and not units:
        return _nothing(request, 404, message=lookup.advice)
    choices = [(plate, _with(request, doorplate=plate.code)) for plate in lookup.doorplates]
    message = lookup.advice if choices else f"{lookup.advice}在下面的单位登记为选民的，也可以选择单位：" if lookup.why == "area" else f"没有地址叫“{lookup.text}”，但有这些单位。如果您在单位登记为选民，请选择："
    return render(request, "matching/choices.html", {"q": lookup.text, "message": message, "choices": choices, "units": units, "wide": lookup.why == "area"})


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


def _report_url(place: Place, question: Question, door: str, side: str) -> str:
    """Where to report what is wrong at this place. What is known of the position goes with it."""
    if door:
        at = {"code": door, "via": "scan"}
    else:
        at = {"lat": f"{place.lat:.6f}", "lon": f"{place.lon:.6f}"}
        at |= {"doorplate": place.doorplate.code} if place.doorplate else {"accuracy": f"{place.accuracy:.0f}"} if place.accuracy else {}
        at |= {"datum": question.datum} if question.datum != WGS84 and not place.doorplate else {}
    return f"{reverse('report')}?{urlencode(at | ({'side': side} if side else {}))}"


def _map_data(place: Place, question: Question) -> dict:
    """What the map draws; the same stands on the page in words."""
    day = place.day

    def outline(found: FoundDistrict | Across) -> dict:
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
        "point": {"lon": place.lon, "lat": place.lat, "accuracy_m": place.accuracy},
        "find_url": reverse("find"),
        "districts": {"type": "FeatureCollection", "features": [outline(found) for found in (*reversed(place.districts), *place.across[:SIDES])]},
        "places": {"type": "FeatureCollection", "features": features},
    }
