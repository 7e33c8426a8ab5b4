"""Open311 GeoReport v2: services, reports in, reviewed answers out. https://wiki.open311.org/GeoReport_v2/

What anybody may read are the answers that a person has reviewed for everybody (公开答复), placed at their village and not at the door.
Who holds a key files reports through the same verb as the page does, and follows his own by the number he was given. A report
that is sent again, with the same `Idempotency-Key` or from the same device with the same words, is the same report.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.contrib.gis.db.models.functions import Transform
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from apps.cases import workflow
from apps.cases.forms_report import ReportForm
from apps.cases.models import OPEN_STATES, Case
from apps.cases.publishing import Publication, PublishedAnswer
from apps.cases.taxonomy import Category
from apps.interop.catalogue import Catalogue, catalogue
from apps.interop.keys import ApiKey, PostedRequest
from apps.interop.open311_words import Listing, Refused, Single, answering, day, moment, read_moment
from apps.matching.finding import OutsideCounty
from apps.matching.questions import BadQuestion, Question
from apps.record.codes import grouped
from apps.record.limits import GUESSING, ONE_CODE, READING, Rate, limited, spent
from apps.record.site import site_of
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea, Doorplate

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = dt.date(2026, 11, 22)
DAYS, MOST, PAGE = 90, 1000, 100
MOST_IDS = 100
OWN = (  # the public role may read no more of a case
    "code", "text", "place", "state", "submitted_at", "due_on", "answered_at", "answer", "category", "town__name", "town__has_congress", "village__name",
    "deputy", "organisation", "posted_request__code", "category__label", "category__code", "category__level", "category__level1", "category__parent",
)  # fmt: skip
PLACE, HIDE_NAME = "PLACE", "HIDE_NAME"
ATTRIBUTES = [
    {
        "variable": True, "code": PLACE, "datatype": "string", "required": False, "datatype_description": "例如：菜场东门口、3 幢楼下。", "order": 1,
        "description": "地点补充说明",
    },
    {
        "variable": True, "code": HIDE_NAME, "datatype": "singlevaluelist", "required": False, "datatype_description": "不选就是不透露。", "order": 2,
        "description": "是否向承办单位透露姓名", "values": [{"key": "yes", "name": "不透露"}, {"key": "no", "name": "可以透露"}],
    },
]  # fmt: skip


@limited(READING, data=True)
@require_safe
@answering
def discovery(request: HttpRequest) -> Single:
    base = f"{site_of(request)}/open311/v2"
    endpoint = {
        "specification": SPECIFICATION, "url": base, "changeset": day(CHANGESET), "type": "production", "formats": ["application/json", "text/xml"],
    }  # fmt: skip
    return Single("discovery", {
        "changeset": day(CHANGESET),
        "contact": f"{_county().name}人大常委会：接口密钥由县人大常委会工委发放；同一个 Idempotency-Key 的来件只收一次。",
        "key_service": "向县人大常委会工委申请接口密钥（api_key）。",
        "endpoints": [endpoint],
    })  # fmt: skip


@limited(READING, data=True)
@require_safe
@answering
def services(request: HttpRequest) -> Listing:
    _demand_jurisdiction(request.GET)
    return Listing("services", "service", [_service(category) for category in _offered()])


@limited(READING, data=True)
@require_safe
@answering
def service(request: HttpRequest, service: str) -> Single:
    _demand_jurisdiction(request.GET)
    if not _offered().filter(code=service).exists():
        raise Refused(404, f"service_code {service[:40]} was not found")
    return Single("service_definition", {"service_code": service, "attributes": ATTRIBUTES})


@csrf_exempt
@limited(READING, data=True)
@answering
def requests(request: HttpRequest) -> Listing:
    if request.method == "POST":
        return _file(request)
    if request.method not in ("GET", "HEAD"):
        raise Refused(405, "GET and POST are understood here")
    _demand_jurisdiction(request.GET)
    key = _key(request.GET, required=False)
    if ids := request.GET.get("service_request_id", "").split(",") if request.GET.get("service_request_id") else []:
        found = [row for code in ids[:MOST_IDS] if (row := _one(code.strip(), key))]
    else:
        found = _listed(request.GET, key)
    return Listing("service_requests", "request", found)


@limited(READING, GUESSING, ONE_CODE, data=True)
@require_safe
@answering
def one_request(request: HttpRequest, code: str) -> Listing:
    _demand_jurisdiction(request.GET)
    found = _one(code, _key(request.GET, required=False))
    if found is None:
        raise Refused(404, f"service_request_id {code[:40]} was not found")
    return Listing("service_requests", "request", [found])


@limited(READING, GUESSING, ONE_CODE, data=True)
@require_safe
@answering
def token(request: HttpRequest, code: str) -> Listing:
    """The number that goes with a token."""
    _demand_jurisdiction(request.GET)
    posted = PostedRequest.objects.filter(token=code).values_list("code", flat=True).first()
    if posted is None:
        raise Refused(404, f"token {code[:40]} was not found")
    return Listing("service_requests", "request", [{"service_request_id": posted, "token": code}])


# --- filing ---------------------------------------------------------------------------------------------------------------------


def _file(request: HttpRequest) -> Listing:
    given = request.POST
    _demand_jurisdiction(given)
    key = _key(given, required=True)
    if wait := spent(Rate("api key", key.per_hour, 3600), str(key.pk)):
        raise Refused(429, f"this key may file {key.per_hour} reports an hour; please wait", wait=wait)
    form = ReportForm(_as_typed(given, key, request.headers.get("Idempotency-Key", "")))
    if not form.is_valid():
        raise Refused(400, "; ".join(error for errors in form.errors.values() for error in errors if error))
    try:
        with transaction.atomic():
            case = workflow.submit(form.report(Case.Channel.WEB))
            posted = PostedRequest.objects.filter(case_id=case.pk).only("code", "token").first()
            if posted is None:
                posted = PostedRequest(case_id=case.pk, key_id=key.pk, device=given.get("device_id", "")[:120])
                posted.save(force_insert=True)
    except OutsideCounty as refusal:
        raise Refused(400, str(refusal)) from None
    except workflow.AlreadySent:
        raise Refused(409, "this Idempotency-Key was used for another report") from None
    except MoveRefused as refusal:
        raise Refused(400, str(refusal)) from None
    notice = f"已收到，现在由{case.holder()}办理。查询码 {grouped(case.follow_code)}，请转告反映人：{site_of(request)}{reverse('case_follow', args=[case.follow_code])}"
    number = {"token": posted.token} if key.by_token else {"service_request_id": posted.code}
    return Listing("service_requests", "request", [{**number, "service_notice": notice, "account_id": None}])


def _as_typed(given: Mapping[str, str], key: ApiKey, once: str) -> dict[str, str]:
    """The report as the page's form takes it, so that both are held to the same rules. Raises Refused."""
    category = _offered().filter(code=given.get("service_code", "")).first()
    if category is None:
        raise Refused(400, "service_code is missing or unknown: see services")
    lon, lat, doorplate = _where(given)
    name = "".join(given.get(part, "").strip() for part in ("last_name", "first_name"))
    media = given.get("media_url", "").strip()
    if media and not (urlsplit(media).scheme in ("http", "https") and urlsplit(media).netloc and len(media) <= 500):
        raise Refused(400, "media_url is not an address of http or https")
    words = given.get("description", "").strip()
    return {
        "submission": str(_submission(given, key, once)), "text": f"{words}\n（附图：{media}）" if words and media else words, "category": category.code,
        "lat": lat, "lon": lon, "doorplate": doorplate, "place": given.get(f"attribute[{PLACE}]", ""), "name": name[:30],
        "phone": " ".join(part for part in (given.get("phone", "").strip(), given.get("email", "").strip()) if part)[:60],
        **({} if given.get(f"attribute[{HIDE_NAME}]", "yes") == "no" else {"hide_name": "on"}),
    }  # fmt: skip


def _where(given: Mapping[str, str]) -> tuple[str, str, str]:
    """Longitude and latitude as given, and the door: from lat and long, address_id or address_string. Raises Refused."""
    if given.get("lat") and given.get("long"):
        return given["long"], given["lat"], given.get("address_id", "")
    if given.get("address_id"):
        door = Doorplate.objects.active().filter(code=given["address_id"]).first()
        if door is None:
            raise Refused(400, "address_id is unknown")
        return str(door.point.x), str(door.point.y), door.code
    if not given.get("address_string"):
        raise Refused(400, "give lat and long, or address_string, or address_id")
    try:
        answer = Question.read({"q": given["address_string"]}).answer(timezone.localdate())
    except (BadQuestion, OutsideCounty) as refusal:
        raise Refused(400, str(refusal)) from None
    if answer.place is None or answer.doubtful:
        raise Refused(400, "address_string does not lead to one door: give more of it, or lat and long")
    lon, lat = answer.place.point
    return str(lon), str(lat), answer.place.doorplate.code if answer.place.doorplate else ""


def _submission(given: Mapping[str, str], key: ApiKey, once: str) -> uuid.UUID:
    """The same for what is sent again: with the client's own key, else by everything that was said, on one day."""
    if once:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"open311 {key.pk} {once}")
    said = "\x1f".join(f"{name}={value}" for name, value in sorted(given.items()) if name != "api_key")
    return uuid.uuid5(uuid.NAMESPACE_URL, f"open311 {key.pk} {timezone.localdate()} {said}")


def _key(given: Mapping[str, str], *, required: bool) -> ApiKey | None:
    key = ApiKey.objects.holder_of(given.get("api_key", ""))
    if key is None and (required or given.get("api_key")):
        raise Refused(403, "api_key is missing or not valid")
    return key


# --- reading --------------------------------------------------------------------------------------------------------------------


def _listed(given: Mapping[str, str], key: ApiKey | None) -> list[dict]:
    """Newest first: the reviewed, and with a key those that came with it; of the last 90 days unless another span is given."""
    first, last = _span(given)
    size, page = min(_whole(given, "page_size", PAGE if "page" in given else MOST), MOST), _whole(given, "page", 1)
    codes = [code for code in given.get("service_code", "").split(",") if code]
    states = set(given.get("status", "open,closed").split(","))
    if not states <= {"open", "closed"}:
        raise Refused(400, "status is open, closed or both")
    upto = page * size
    rows: list[tuple[dt.datetime, dict]] = []
    if "closed" in states:
        published = PublishedAnswer.objects.public().filter(asked_on__range=(timezone.localdate(first), timezone.localdate(last)))
        if codes:
            published = published.filter(category__in=Category.objects.under(codes))
        found = list(published.order_by("-asked_on", "-pk")[:upto])
        places = catalogue()
        numbers = dict(Publication.objects.filter(pk__in=[row.pk for row in found], case__posted_request__isnull=False).order_by("pk").values_list("pk", "case__posted_request__code"))
        rows += [(timezone.make_aware(dt.datetime.combine(row.asked_on, dt.time())), _as_published(row, numbers, places)) for row in found]
    if key is not None:
        own = _own(key).filter(submitted_at__range=(first, last), state__in=_states(states))
        if codes:
            own = own.filter(category__in=Category.objects.under(codes))
        seen = {row["service_request_id"] for _, row in rows}
        rows += [(case.submitted_at, shown) for case in own.order_by("-submitted_at")[:upto] if (shown := _as_own(case))["service_request_id"] not in seen]
    rows.sort(key=lambda pair: pair[0], reverse=True)
    return [row for _, row in rows[upto - size : upto]]


def _span(given: Mapping[str, str]) -> tuple[dt.datetime, dt.datetime]:
    longest = dt.timedelta(days=DAYS)
    first, last = read_moment("start_date", given.get("start_date", "")), read_moment("end_date", given.get("end_date", ""))
    last = last or (first + longest if first else timezone.now())
    first = first or last - longest
    if first > last or last - first > longest + dt.timedelta(days=1):
        raise Refused(400, f"start_date and end_date span {DAYS} days at the most")
    return first, last


def _whole(given: Mapping[str, str], name: str, default: int) -> int:
    number = given.get(name, str(default))
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= 100_000):
        raise Refused(400, f"{name} is a number from 1 on")
    return int(number)


def _one(code: str, key: ApiKey | None) -> dict | None:
    """By number: a reviewed one, or one's own."""
    posted = PostedRequest.objects.filter(code=code).only("case_id", "key_id").first()
    if posted is not None and key is not None and posted.key_id == key.pk:
        case = _own(key).filter(pk=posted.case_id).first()
        return _as_own(case) if case else None
    if posted is not None:
        row = PublishedAnswer.objects.public().filter(publication__case_id=posted.case_id).first()
    else:
        row = PublishedAnswer.objects.public().filter(pk=code).first() if code.isascii() and code.isdigit() and len(code) < 19 else None
    return _as_published(row, {row.pk: code}, catalogue()) if row else None


def _own(key: ApiKey) -> QuerySet[Case]:
    own = Case.objects.filter(posted_request__key_id=key.pk).select_related("category__parent", "town", "village", "posted_request")
    return own.annotate(at=Transform("point_3857", 4326)).only(*OWN)


def _states(wanted: set[str]) -> list[str]:
    return [state for state in Case.State if ("open" if state in OPEN_STATES else "closed") in wanted]


def _as_published(row: PublishedAnswer, numbers: Mapping[int, str], places: Catalogue) -> dict:
    """At its village: where exactly it was is not public."""
    area = places.by_row.get(("area", row.village_id or row.town_id))
    lon, lat = area.centroid if area else (None, None)
    return {
        "service_request_id": numbers.get(row.pk, str(row.pk)), "status": "closed", "status_notes": row.answer, **_called(row.category),
        "description": row.question, "agency_responsible": row.answered_by, "service_notice": row.title, "requested_datetime": day(row.asked_on),
        "updated_datetime": moment(row.published_at), "expected_datetime": None, "address": row.where(), "address_id": None, "zipcode": None,
        "lat": lat, "long": lon, "media_url": None,
    }  # fmt: skip


def _as_own(case: Case) -> dict:
    """What its sender sent, and how it stands: no more than the page behind its follow code."""
    answered = bool(case.answer)
    return {
        "service_request_id": case.posted_request.code, "status": "open" if case.state in OPEN_STATES else "closed",
        "status_notes": case.answer if answered else case.get_state_display(), **_called(case.category), "description": case.text,
        "agency_responsible": case.holder() if case.state in OPEN_STATES else None, "service_notice": None,
        "requested_datetime": moment(case.submitted_at), "updated_datetime": moment(case.answered_at or case.submitted_at), "expected_datetime": day(case.due_on),
        "address": case.where(), "address_id": None, "zipcode": None, "lat": round(case.at.y, 6), "long": round(case.at.x, 6), "media_url": None,
    }  # fmt: skip


def _called(category: Category | None) -> dict:
    """By the service that it belongs to: people choose of the second level."""
    service = category.parent if category is not None and category.level == 3 else category
    return {"service_name": str(service or "未分类"), "service_code": service.code if service else None}


def _service(category: Category) -> dict:
    return {
        "service_code": category.code, "service_name": category.label, "description": f"{category.level1}：{category.label}", "metadata": True,
        "type": "realtime", "keywords": ",".join(category.words), "group": category.level1,
    }  # fmt: skip


def _offered() -> QuerySet[Category]:
    return Category.objects.offered()


def _county() -> AdminArea:
    county = AdminArea.objects.county()
    if county is None:
        raise Refused(404, "there is no jurisdiction here yet")
    return county


def _demand_jurisdiction(given: Mapping[str, str]) -> None:
    """There is one; who names another is at the wrong door."""
    asked = given.get("jurisdiction_id", "")
    if asked and asked != _county().code:
        raise Refused(404, f"jurisdiction_id {asked[:40]} was not found; here it is {_county().code}")
