"""/api/v1/find: the same question as the page's, answered as data."""

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status

from apps.matching.finding import FoundDeputy, OutsideCounty, Place
from apps.matching.questions import BadQuestion, Question

router = Router(tags=["find"])


class Point(Schema):
    lon: float
    lat: float


class Plate(Schema):
    code: str
    address: str


class District(Schema):
    level: str
    code: str
    name: str
    term: str
    margin_m: float


class Deputy(Schema):
    id: str
    name: str
    level: str
    district: str
    reasons: list[str]
    distance_band: str


class Neighbour(Schema):
    level: str
    code: str
    name: str
    metres: float


class Found(Schema):
    point: Point
    doorplate: Plate | None
    districts: list[District]
    deputies: list[Deputy]
    across: list[Neighbour]


class Refusal(Schema):
    message: str
    candidates: list[Plate] = []


@router.get("/find", response={200: Found, 400: Refusal, 404: Refusal}, summary="此地所在选区和代表")
def find(
    request: HttpRequest,
    q: str = Query("", description="地址，例如 人民路12号"),
    lat: str = Query("", description="纬度，度（WGS 84 / CGCS2000）"),
    lon: str = Query("", description="经度，度"),
    accuracy: str = Query("", description="定位误差，米；离边界比它近的选区列在 across"),
    doorplate: str = Query("", description="门牌编号"),
):
    """Districts with the metres to their nearest border, deputies best first, and what lies across a border nearby.

    404 with a message where there is no such address, no county or no district; an address that could mean several doorplates
    answers 404 with up to five candidates.
    """
    try:
        question = Question.read({"q": q, "lat": lat, "lon": lon, "accuracy": accuracy, "doorplate": doorplate})
        place, lookup = question.answer(timezone.localdate())
    except BadQuestion as error:
        return Status(400, {"message": str(error)})
    except OutsideCounty as error:
        return Status(404, {"message": str(error)})
    if place is None:
        return Status(404, {"message": lookup.advice, "candidates": [_plate(plate) for plate in lookup.doorplates]})
    if not place.districts:
        return Status(404, {"message": f"此地还没有划入本届选区，反映问题由{place.office}受理。"})
    return Status(200, as_data(place))


def as_data(place: Place) -> dict:
    return {
        "point": {"lon": place.lon, "lat": place.lat},
        "doorplate": _plate(place.doorplate) if place.doorplate else None,
        "districts": [
            {
                "level": found.level, "code": found.district.code, "name": found.district.name, "term": str(found.district.term),
                "margin_m": round(found.margin_m, 3),
            }
            for found in place.districts
        ],
        "deputies": [_deputy(found) for found in place.deputies],
        "across": [
            {"level": near.level, "code": near.district.code, "name": near.district.name, "metres": round(near.metres, 3)} for near in place.across
        ],
    }  # fmt: skip


def _plate(plate) -> dict:
    return {"code": plate.code, "address": plate.address}


def _deputy(found: FoundDeputy) -> dict:
    return {
        "id": found.deputy.code, "name": found.deputy.name, "level": found.level, "district": found.district.code if found.district else "",
        "reasons": list(found.reasons), "distance_band": found.distance_band,
    }  # fmt: skip
