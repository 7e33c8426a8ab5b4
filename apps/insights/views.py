"""The cockpit: one screen of what came in, how it is handled and what is supervised. It keeps itself up to date by one light question."""

import hashlib

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.cases.models import CaseEvent
from apps.deputies.grid import GridMemberEvent
from apps.deputies.reception import ReceptionEvent
from apps.insights.cockpit import Cockpit
from apps.insights.facts import FactState
from apps.insights.filters import PERIODS, Question, read_question
from apps.insights.spots import HotSpotEvent
from apps.projects.models import ProjectEvent
from apps.supervision.findings import FindingEvent
from apps.supervision.visits import VisitEvent

THEME, THEMES = "cockpit_theme", ("light", "dark")
FIRST_PERIOD = "30"
OLDEST = 60  # seconds after which an answer is made anew even if nothing is known to have changed
HAPPENINGS = (CaseEvent, VisitEvent, FindingEvent, ProjectEvent, ReceptionEvent, GridMemberEvent, HotSpotEvent)


@require_GET
@requires(Permission.SEE_COCKPIT)
def cockpit(request: HttpRequest) -> HttpResponse:
    """/cockpit/?period=30|90|365|730&theme=light|dark&wall=1 — wall: for the large screen, without navigation."""
    question, theme = _question(request), _theme(request)
    response = render(request, "insights/cockpit.html", {
        "question": question, "periods": PERIODS.items(), "theme": theme, "wall": _wall(request), "data": _answer(request, question, _version(request, question)),
    })  # fmt: skip
    if request.GET.get("theme") == theme:
        response.set_cookie(THEME, theme, max_age=365 * 24 * 3600, path=request.path, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


@require_GET
@requires(Permission.SEE_COCKPIT)
def cockpit_data(request: HttpRequest) -> HttpResponse:
    """The same as data, when the period changes and again and again while the page is open: 304 while nothing has happened."""
    question = _question(request)
    version = _version(request, question)  # before what it stands for is read
    etag = f'"{version}"'
    response = get_conditional_response(request, etag=etag) or JsonResponse(_answer(request, question, version))
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _question(request: HttpRequest) -> Question:
    """Of the address only the period is meant: whoever asks more is on the map."""
    query = request.GET.copy()
    for name in set(query) - {"period", "since", "until"}:
        del query[name]
    if "since" not in query:
        query["period"] = query.get("period") if query.get("period") in PERIODS else FIRST_PERIOD
    query["compare"] = "before"
    return read_question(query, timezone.localdate())


def _theme(request: HttpRequest) -> str:
    """What the address asks for, else what this browser was last shown; the wall is dark."""
    wanted = request.GET.get("theme") or ("dark" if _wall(request) else request.COOKIES.get(THEME))
    return wanted if wanted in THEMES else THEMES[0]


def _wall(request: HttpRequest) -> bool:
    return request.GET.get("wall") == "1"


def _version(request: HttpRequest, question: Question) -> str:
    """Another one as soon as something happened that a number could be of, and every minute."""
    # Raw SQL: the last row of each history in one question, each from its primary key.
    lasts = ", ".join(f"(SELECT max(id) FROM {model._meta.db_table})" for model in HAPPENINGS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (SELECT epoch || '-' || version FROM {FactState._meta.db_table}), {lasts}")
        happened = cursor.fetchone()
    user, minute = request.user, int(timezone.now().timestamp()) // OLDEST
    said = [user.pk, user.role, user.scope, question.first, question.last, minute, *happened]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:24]


def _answer(request: HttpRequest, question: Question, version: str) -> dict:
    seen = Cockpit(request.user, question)
    spots = seen.spots()
    shown = {"spots": spots, "limits": seen.limits, "shares": seen.shares(), "most": max((row["open"] for row in seen.limits), default=0)}
    return {
        "version": version, "period_label": question.period_label, "at": f"{timezone.localtime():%-m月%-d日 %H:%M:%S}",
        "numbers_html": render_to_string("insights/cockpit/_numbers.html", {"numbers": seen.numbers()}),
        "spots_html": render_to_string("insights/cockpit/_spots.html", shown), "limits_html": render_to_string("insights/cockpit/_limits.html", shown),
        "shares_html": render_to_string("insights/cockpit/_shares.html", shown), "spots": _marks(spots), "regions": seen.regions(), "trend": seen.trend(),
        "content": seen.content(), "rising": seen.rising(), "projects": seen.projects(), "activity": seen.activity_months(),
    }  # fmt: skip


def _marks(spots: list) -> dict:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [spot.point.x, spot.point.y]}, "properties": {"id": str(spot.pk), "name": spot.title, "count": spot.count}}
        for spot in spots
    ]}  # fmt: skip
