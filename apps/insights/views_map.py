"""民情地图: one question in the address, as a map and as what stands beside it. The page works without scripts: its list is the map in words."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib.gis.db.models.functions import Envelope
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed, requires
from apps.cases.models import Category
from apps.hotline.models import Source
from apps.insights import beside, held
from apps.insights.answers import Answer
from apps.insights.filters import (  # fmt: skip
    BY,
    COMPARISONS,
    LEVELS,
    MEASURES,
    PERIODS,
    SIZES,
    STATES,
    WEEKDAYS,
    Question,
    read_question,
)
from apps.insights.map_list import listed
from apps.insights.spots import HotSpotRun
from apps.territory.models import AdminArea

ICONS = {
    "region": "map-2",
    "cell": "grid-dots",
    "hex": "hexagons",
    "density": "chart-bubble",
    "hot": "flame",
    "change": "arrows-exchange",
}
OVERLAYS = {"spots": "热点", "projects": "重点项目"}


@require_GET
@requires(Permission.SEE_INSIGHT)
def insight_map(request: HttpRequest) -> HttpResponse:
    """/insight/?by=region&level=village&period=365&category=l1_urban&at=2026-03&step=month&breaks=natural, and all that `read_question` reads."""
    query = _meant(request.GET)
    question = Answer.to(read_question(query, timezone.localdate()), request.user).question
    told = _beside(request, query)
    regions = _regions(request.user)
    own = (
        next((region["bounds"] for region in regions), None)
        if not held.sees_all(request.user) and len(regions) == 1
        else None
    )
    return render(request, "insights/map.html", {
        "question": question, "beside": told, "bounds": own, "breaks": query.get("breaks", ""),
        "overlays": OVERLAYS.items(), "over_map": query.getlist("with"),
        "state": {name: told[name] for name in ("steps", "at", "lists", "counted", "warning")},
        "ways": [(value, label, ICONS[value]) for value, label in BY.items()], "levels": _levels(request.user), "measures": MEASURES.items(),
        "sizes": [(size, f"{size} 米") for size in SIZES], "periods": _periods(question), "before": question.against or _period_before(question),
        "comparisons": [*COMPARISONS.items(), ("custom", "另选时段")], "states": STATES.items(), "steps": beside.STEPS.items(),
        "whole": held.sees_all(request.user), "regions": regions if len(regions) > 1 else [], "tree": _tree(question.categories),
        "sources": Answer.to(question, request.user).parts(["sources"])["sources"], "weekdays": [(day, f"周{name}") for day, name in enumerate(WEEKDAYS)], "hours": range(24),
    })  # fmt: skip


@require_GET
@requires(Permission.SEE_INSIGHT)
def insight_beside(request: HttpRequest) -> JsonResponse:
    """What stands beside the map, when the question changes: caption and counts, list, hours and steps as they are put in place."""
    response = JsonResponse(_beside(request, _meant(request.GET)))
    response["Cache-Control"] = "private, no-cache"
    return response


def _meant(asked: QueryDict) -> QueryDict:
    """The address as it is meant: a difference is one from something; of the categories a chosen one narrows the one above it."""
    query = asked.copy()
    if (
        query.get("compare", "custom") != "custom"
    ):  # without scripts the days to compare with are sent whatever is chosen
        query.pop("since2", None)
        query.pop("until2", None)
    if query.get("by") == "change" and not query.get("compare") and not query.get("since2"):
        query["compare"] = "before"
    asked_for = [code for code in query.getlist("category") if "\x00" not in code]
    chosen = Category.objects.filter(code__in=asked_for).values_list("parent__code", "parent__parent__code")
    above = {code for ancestors in chosen for code in ancestors}
    query.setlist("category", [code for code in asked_for if code not in above])
    return query


# --- beside the map ------------------------------------------------------------------------------------------------------


def _beside(request: HttpRequest, query: QueryDict) -> dict[str, Any]:
    today = timezone.localdate()
    answer = Answer.to(read_question(query, today), request.user)
    kind = beside.step_of(query.get("step", ""), answer.question)
    steps = beside.steps(answer, kind)
    now = next((step for step in steps if step.key == query.get("at") and answer.question.by != "hot"), None)
    if now:
        answer = Answer.to(read_question(_narrowed(query, now.first, now.last), today), request.user)
    question = answer.question
    always = answer.always()
    caption, counted = (
        (_hot_caption(dict(question.named).get("region", answer.place)), "") if question.by == "hot" else (always["caption"], _counted(always))
    )
    warning = beside.warning(answer)
    records = allowed(request.user, Permission.SEE_RECORDS) and Source.objects.exists()

    def written(name: str, **shown: Any) -> str:
        return render_to_string(f"insights/_map_{name}.html", {"question": question, **shown}, request)

    return {
        "caption": caption, "counted": counted, "warning": warning, "level": question.level, "step": kind, "at": now.key if now else None,
        "steps": [step.told() for step in steps],
        "bars": written("bars", steps=steps, width=beside.BAR * len(steps), kind=beside.STEPS[kind], at=now),
        "numbers": written("numbers", steps=steps, kind=beside.STEPS[kind], at=now),
        "clock": written("clock", clock=beside.clock(answer)),
        "list": written("list", counted=counted, warning=warning, records=records, figures=answer.figures, **listed(answer, request.GET.get("page"))),
        "lists": {"cases": question.cases_url() if allowed(request.user, Permission.SEE_CASES) else None, "records": question.records_url() if records else None},
    }  # fmt: skip


def _narrowed(query: QueryDict, first: dt.date, last: dt.date) -> QueryDict:
    one = query.copy()
    one.pop("period", None)
    one["since"], one["until"] = first.isoformat(), last.isoformat()
    return one


def _hot_caption(place: str) -> str:
    """Hot spots have a period of their own."""
    run = HotSpotRun.objects.defer("cells").latest()
    return (
        f"{place}；热点每夜计算一次，这里是截至{run.day:%Y年%-m月%-d日}的近 {run.days} 天"
        if run
        else f"{place}；热点还没有算过"
    )


def _counted(always: dict) -> str:
    words = [f"共 {always['total']:,} 件"]
    if always["unlocated"]:
        words.append(f"其中 {always['unlocated']:,} 件没有位置，不在图上")
    if always["linked_excluded"]:
        words.append(f"另有 {always['linked_excluded']:,} 条热线记录已关联民情件，不重复计")
    return "；".join(words)


# --- the form ------------------------------------------------------------------------------------------------------------


def _levels(user: User) -> list[tuple[str, str]]:
    """Those of which the user has a map; without a level of towns the county stands for it."""
    return [
        (value, label)
        for value, label in LEVELS.items()
        if held.has_map(user, value) and not (value == "town" and held.areas("town")[0].level == "county")
    ]


def _periods(question: Question) -> list[tuple[str, str]]:
    named = [(question.period, question.period_label)] if question.period not in ("", *PERIODS) else []
    return [*named, *PERIODS.items(), ("", "自选日期")]


def _period_before(question: Question) -> tuple[dt.date, dt.date]:
    return question.first - dt.timedelta(days=question.days), question.first - dt.timedelta(days=1)


def _regions(user: User) -> list[dict[str, str]]:
    """The towns that the user may look into, and where they lie."""
    towns = (
        AdminArea.objects.visible_to(user)
        .towns()
        .exclude(geom=None)
        .annotate(frame=Envelope("geom"))
        .values_list("code", "name", "frame")
    )
    return [
        {"prefix": code[:9], "name": name, "bounds": ",".join(f"{side:.5f}" for side in frame.extent)}
        for code, name, frame in towns
    ]


def _tree(chosen: Iterable[str]) -> list[dict[str, Any]]:
    """The categories as a tree; chosen: those asked for, and what lies above them."""
    rows = {
        row.pk: {
            "code": row.code,
            "label": row.label,
            "children": [],
            "chosen": row.code in set(chosen),
            "parent": row.parent_id,
        }
        for row in Category.objects.order_by("order", "pk")
    }
    for row in rows.values():
        above = rows.get(row["parent"])
        if above:
            above["children"].append(row)
        while row["chosen"] and above:
            above["chosen"] = True
            above = rows.get(above["parent"])
    return [row for row in rows.values() if row["parent"] is None]
