"""The cockpit: where complaints come from, how they are handled, how the projects stand; one screen, filters in the address."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.perms import Permission, requires
from apps.cases.models import Category
from apps.insights import heat
from apps.insights.filters import PERIODS, Question, read_question
from apps.territory.models import AdminArea

THEME, THEMES = "cockpit_theme", ("light", "dark")


@require_GET
@requires(Permission.SEE_COCKPIT)
def cockpit(request: HttpRequest) -> HttpResponse:
    """/cockpit/?by=region&level=town&period=365&category=housing&measure=per_1000&compare=1&theme=dark"""
    question = read_question(request.GET, timezone.localdate())
    answer = _answer(request, question)
    theme = _theme(request)
    response = render(request, "insights/cockpit.html", {
        "question": question,
        "periods": PERIODS.items(),
        "categories": Category.objects.offered(),
        "towns": AdminArea.objects.towns().exists(),
        "theme": theme,
        "data": answer,
    })
    if request.GET.get("theme") == theme:
        response.set_cookie(THEME, theme, max_age=365 * 24 * 3600, path=request.path, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


def _theme(request: HttpRequest) -> str:
    """What the address asks for, else what this browser was last shown."""
    wanted = request.GET.get("theme") or request.COOKIES.get(THEME)
    return wanted if wanted in THEMES else THEMES[0]


@require_GET
@requires(Permission.SEE_COCKPIT)
def cockpit_data(request: HttpRequest) -> JsonResponse:
    """The same question answered as data, when a filter changes."""
    return JsonResponse(_answer(request, read_question(request.GET, timezone.localdate())))


def _answer(request: HttpRequest, question: Question) -> dict:
    user, today = request.user, timezone.localdate()
    figures = heat.figures(user, question, today)
    regions = heat.regions(user, question)
    places = heat.fullest_places(user, question)
    projects = heat.project_standing(user)
    context = {
        "question": question, "figures": figures,
        "links": {"all": question.cases_url(), "open": question.cases_url(state="open"), "late": question.cases_url(state="open", late="late")}, "regions": regions, "places": places,
        "behind": sum(row["behind"] for row in projects), "projects": sum(row["on_plan"] + row["slightly"] + row["behind"] for row in projects),
        "categories": Category.objects.filter(code__in=question.categories),
    }
    return {
        "by": question.by, "level": question.level, "measure": question.measure, "compare": question.compare,
        "period_label": question.period_label, "total": figures["total"], "regions": regions,
        **({"cells": heat.cells(user, question), "cells_url": question.cases_url(bbox="")} if question.by == "cell" else {}),
        "hot_spots": {"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [place["point"].x, place["point"].y]},
             "properties": {"id": place["village__code"], "name": place["village__name"], "count": place["n"], "url": place["url"]}}
            for place in places if place["point"]
        ]},
        "figures_html": render_to_string("insights/_figures.html", context),
        "hot_spots_html": render_to_string("insights/_places.html", context),
        "table_html": render_to_string("insights/_table.html", context),
        "trend": heat.trend(user, question),
        "projects": projects,
    }
