"""/api/v1/find and /employers: the same questions as the page's, answered as data."""

import datetime as dt

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from ninja.decorators import decorate_view

from apps.matching.borders import border_notice
from apps.matching.employers import Employer, by_code, employer, named
from apps.matching.finding import FoundDeputy, OutsideCounty, Place
from apps.matching.questions import LONGEST_TEXT, Answer, BadQuestion, Question, read_day
from apps.organisations.models import Organisation
from apps.record.limits import READING, limited
from apps.territory.models import ElectoralDistrict

router = Router(tags=["find"])


class Point(Schema):
    lon: float
    lat: float


class Plate(Schema):
    code: str
    address: str


class Unit(Schema):
    code: str
    name: str


class District(Schema):
    level: str
    code: str
    name: str
    term: str
    margin_m: float
    basis: str
    employers: list[Unit]


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


class Side(Schema):
    key: str
    name: str
    metres: float
    districts: list[str]
    deputies: list[str]


class Found(Schema):
    on: dt.date
    point: Point
    accuracy_m: float | None
    doorplate: Plate | None
    districts: list[District]
    deputies: list[Deputy]
    across: list[Neighbour]
    ask: bool
    sides: list[Side]
    note: str


class Refusal(Schema):
    message: str
    candidates: list[Plate] = []
    employers: list[Unit] = []


class UnitDistrict(Schema):
    level: str
    code: str
    name: str
    term: str
    basis: str


class FoundUnit(Schema):
    code: str
    name: str
    county_level_only: bool
    districts: list[UnitDistrict]
    deputies: list[Deputy]
    point: Point | None
    districts_where_it_stands: list[str]


class FoundUnits(Schema):
    on: dt.date
    employers: list[FoundUnit]


@router.get("/find", response={200: Found, 400: Refusal, 404: Refusal}, summary="此地所在选区和代表")
@decorate_view(limited(READING, data=True))
def find(
    request: HttpRequest,
    q: str = Query("", description="地址，例如 人民路12号"),
    lat: str = Query("", description="纬度，度"),
    lon: str = Query("", description="经度，度"),
    accuracy: str = Query("", description="定位误差，米；离边界比它近的选区列在 across"),
    datum: str = Query("", description="经纬度的坐标系：wgs84（默认，与 CGCS2000 相同）、gcj02、bd09"),
    doorplate: str = Query("", description="门牌编号"),
    on: str = Query("", description="日期，例如 2026-03-01；默认今天"),
):
    """Districts with the metres to their nearest border, deputies best first, and what lies across a border nearby.

    `ask`: the border is nearer than the threshold or than the position is good for; `sides` are then what a resident may be
    registered in, the place's own first. `note`: what to tell the reader, for example that a position was shifted and its doorplate used.
    404 with a message where there is no such address, no county or no district; an address that could mean several doorplates
    answers 404 with up to five candidates, the name of a unit with the units: ask /employers for them.
    """
    try:
        question = Question.read({
            "q": q, "lat": lat, "lon": lon, "accuracy": accuracy, "datum": datum, "doorplate": doorplate, "on": on,
        })  # fmt: skip
        answer = question.answer(timezone.localdate())
    except BadQuestion as error:
        return Status(400, {"message": str(error)})
    except OutsideCounty as error:
        return Status(404, {"message": str(error)})
    if answer.place is None:
        return Status(404, _refusal(answer))
    if not answer.place.districts:
        return Status(404, {"message": f"此地{'还' if question.on is None else '在那一天'}没有划入选区，反映问题由{answer.place.office}受理。"})
    return Status(200, as_data(answer.place, answer.note))


@router.get("/employers", response={200: FoundUnits, 400: Refusal, 404: Refusal}, summary="单位所在选区和代表")
@decorate_view(limited(READING, data=True))
def employers(
    request: HttpRequest,
    q: str = Query("", description="单位名称或简称，例如 县实验小学"),
    code: str = Query("", description="单位编号"),
    on: str = Query("", description="日期，例如 2026-03-01；默认今天"),
):
    """Up to five units of that name, with the districts that name them (按单位, or jointly with a place) and who serves those."""
    try:
        day = read_day(on) or timezone.localdate()
    except BadQuestion as error:
        return Status(400, {"message": str(error)})
    text = q.strip().replace("\x00", "")[:LONGEST_TEXT]
    units = (by_code(code),) if code and by_code(code) else () if code else named(text)
    if not units:
        return Status(404, {"message": "没有找到这个单位。请输入单位的全称或简称。"})
    return Status(200, {"on": day, "employers": [_found_unit(employer(unit, day)) for unit in units]})


def _refusal(answer: Answer) -> dict:
    units = (answer.employer.organisation,) if answer.employer else answer.employers
    lookup = answer.lookup
    message = f"“{units[0].name}”是单位，请用 /api/v1/employers 查它的选区。" if answer.employer else lookup.advice
    return {"message": message, "candidates": [_plate(plate) for plate in lookup.doorplates], "employers": [_unit(unit) for unit in units]}


def as_data(place: Place, note: str = "") -> dict:
    return {
        "on": place.on, "note": note, "accuracy_m": place.accuracy, "ask": border_notice(place) is not None,
        "sides": [
            {
                "key": side.key, "name": side.name, "metres": round(side.metres, 3), "districts": [district.code for district in side.districts],
                "deputies": [found.deputy.code for found in side.deputies],
            }
            for side in place.sides
        ],
        "point": {"lon": place.lon, "lat": place.lat},
        "doorplate": _plate(place.doorplate) if place.doorplate else None,
        "districts": [
            {
                "level": found.level, "code": found.district.code, "name": found.district.name, "term": str(found.district.term),
                "margin_m": round(found.margin_m, 3), "basis": found.district.basis, "employers": [_unit(unit) for unit in found.employers],
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


def _unit(unit: Organisation) -> dict:
    return {"code": unit.code, "name": unit.name}


def _found_unit(found: Employer) -> dict:
    place = found.place
    return {
        **_unit(found.organisation), "county_level_only": found.county_organ, "districts": [_unit_district(district) for district in found.districts],
        "deputies": [_deputy(deputy) for deputy in found.deputies], "point": {"lon": place.lon, "lat": place.lat} if place else None,
        "districts_where_it_stands": [near.district.code for near in place.districts] if place else [],
    }  # fmt: skip


def _unit_district(district: ElectoralDistrict) -> dict:
    return {
        "level": district.term.level, "code": district.code, "name": district.name, "term": str(district.term), "basis": district.basis,
    }  # fmt: skip


def _deputy(found: FoundDeputy) -> dict:
    return {
        "id": found.deputy.code, "name": found.deputy.name, "level": found.level, "district": found.district.code if found.district else "",
        "reasons": list(found.reasons), "distance_band": found.distance_band,
    }  # fmt: skip
