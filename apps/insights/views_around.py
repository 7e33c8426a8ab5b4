"""Complaints around key projects: where supervision should look first, and one project with every turning point of it."""

import datetime as dt
import json

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.accounts.models import User
from apps.accounts.perms import Permission, requires
from apps.cases.taxonomy import Category
from apps.insights.around import ProjectAround
from apps.insights.around_projects import (
    RINGS,
    WITHIN,
    Compared,
    Judged,
    Told,
    compare,
    judged,
    projects_with_reports,
    telling,
    turns,
)
from apps.insights.before_after import FEW
from apps.insights.ground import Ground, county_ground
from apps.insights.theme_models import sees_unplaced
from apps.insights.workflow_spots import LAYER, last_whole_day
from apps.projects.models import KeyProject
from apps.territory.models import AdminArea
from apps.territory.remembered import Remembered

A_PAGE = 30
SENSIBLE = 100  # times: beyond it an interval's upper end says only that there was next to nothing before
Verdict = ProjectAround.Verdict
TONES = {"more": "late", "fewer": "good", "same": "neutral", "few": "neutral", "short": "neutral"}
ICONS = {"more": "trending-up", "fewer": "trending-down"}


def _count() -> tuple[dt.date, Ground | None, Told | None]:
    day = last_whole_day()
    return day, county_ground(), Told.read(day)


_counted = Remembered((LAYER,), _count)
"""As of the last run: of a million voices this is seconds of reading."""


def in_scope(user: User):
    """The key projects of the towns in the user's scope; those of no town only with the whole county."""
    if sees_unplaced(user):
        return KeyProject.objects.all()
    return KeyProject.objects.filter(town__in=AdminArea.objects.visible_to(user).values("pk")) if user.scope else KeyProject.objects.none()


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def around_list(request: HttpRequest) -> HttpResponse:
    """/insight/projects/?verdict=&turn=&page= — every turning point, what supervision should look at first on top."""
    asked = {name: request.GET.get(name, "").strip()[:20] for name in ("verdict", "turn")}
    every = ProjectAround.objects.filter(project__in=in_scope(request.user).values("pk"))
    counts = dict(every.order_by().values_list("verdict").annotate(n=Count("pk")))
    rows = every
    if asked["verdict"] in Verdict.values:
        rows = rows.filter(verdict=asked["verdict"])
    if asked["turn"] in ProjectAround.Turn.values:
        rows = rows.filter(turn=asked["turn"])
    shown = rows.select_related("category", "project__town", "project__responsible", "project__state_now").defer(
        "project__geom", "project__geom_3857", "project__town__geom", "project__town__geom_3857", "project__responsible__point"
    )  # fmt: skip
    page = Paginator(shown.pressing(), A_PAGE).get_page(request.GET.get("page"))
    for row in page:
        row.tone, row.icon, row.words = TONES[row.verdict], ICONS.get(row.verdict, ""), words(row)
    return render(request, "insights/around/around_list.html", {
        "page_obj": page, "asked": asked, "verdicts": [(value, label, counts.get(value, 0)) for value, label in Verdict.choices], "turns": ProjectAround.Turn.choices,
        "day": every.values_list("day", flat=True).first(), "within": WITHIN, "few": FEW,
    })  # fmt: skip


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def around(request: HttpRequest, code: str) -> HttpResponse:
    """/insight/projects/ZD-014/?within=300|500|1000 — counted now, so that another ring can be looked at."""
    get_object_or_404(in_scope(request.user).only("pk"), code=code)
    project = get_object_or_404(projects_with_reports().select_related("state_now", "town", "responsible").defer("geom_3857", "town__geom", "town__geom_3857", "responsible__point"), code=code)
    asked = request.GET.get("within", "")
    within = int(asked) if asked in map(str, RINGS) else WITHIN
    day, ground, told = _counted.current()
    kept = {row.turn: dict(row.kinds) for row in ProjectAround.objects.filter(project=project, within=within, day=day)}
    found = judged([compare(project, turn, on, within, day, ground, told) for turn, on in turns(project) if on <= day])
    labels = dict(Category.objects.values_list("pk", "label"))
    return render(request, "insights/around/around.html", {
        "project": project, "within": within, "rings": RINGS, "few": FEW, "found": [_shown(each, kept.get(each[0][0].turn), labels) for each in found],
        "to_come": project.starts > day, "behind": _links(project, within),
        "project_data": {"shape": {"type": "Feature", "geometry": json.loads(project.geom.geojson), "properties": {}}, "name": project.name, "tone": getattr(getattr(project, "state_now", None), "tone", None) or "neutral"},
    })  # fmt: skip


def _shown(found: Judged, kept: dict | None, labels: dict[int, str]) -> dict:
    """A turning point for the page, as a whole and kind by kind. The chances are those of the list, which hold over all projects, where it is of
    this ring and day; else those of this page's own comparisons."""
    found = found if kept is None else [(one, kept.get(one.category)) for one, _ in found]
    one, q = telling(found)
    verdict = one.verdict(q)
    return {
        "turn": ProjectAround.Turn(one.turn).label, "on": one.turned_on, "since": one.since, "until": one.until, "days": one.days, "short": verdict == Verdict.SHORT,
        "verdict": Verdict(verdict).label, "tone": TONES[verdict], "icon": ICONS.get(verdict, ""), "about": labels.get(one.category, ""),
        "expected": one.change.expected if one.change else None, **_told(one, q), "rows": [_kind(each, share, labels) for each, share in found],
    }  # fmt: skip


def _kind(one: Compared, q: float | None, labels: dict[int, str]) -> dict:
    verdict = one.verdict(q)
    return {
        "name": labels.get(one.category, "各类合计"), "before": one.before, "after": one.after, "rest_before": one.rest_before, "rest_after": one.rest_after,
        "verdict": Verdict(verdict).label, "tone": TONES[verdict], "icon": ICONS.get(verdict, ""), **_told(one, q),
    }  # fmt: skip


def _told(one: Compared, q: float | None) -> dict[str, str]:
    return {"words": ratio_words(one.change.ratio, one.change.low, one.change.high) if one.change else "", "chance": chance_words(q)}


def words(row: ProjectAround) -> str:
    if row.verdict == Verdict.SHORT:
        return f"前后可比的只有 {row.days} 天"
    return ratio_words(row.ratio, row.low, row.high) if row.q is not None else ""


def ratio_words(ratio: float | None, low: float | None, high: float | None) -> str:
    """与同类地方相比为 2.3 倍（1.4—3.9）. Where the upper end is beyond all sense, only the lower one is said."""
    if ratio is None or ratio == float("inf"):
        return "之前没有反映" + (f"，至少为 {low:.1f} 倍" if low else "")
    if high is None or high > SENSIBLE:
        return f"与同类地方相比至少为 {low:.1f} 倍" if low else "之前太少，比不出几倍"
    return f"与同类地方相比为 {ratio:.1f} 倍（{low or 0:.1f}—{high:.1f}）"


def chance_words(q: float | None) -> str:
    if q is None:
        return ""
    return "几乎不可能是偶然" if q <= 0.001 else "很不可能是偶然" if q <= 0.01 else "不大可能是偶然" if q <= 0.05 else "可能只是偶然"


def _links(project: KeyProject, within: int) -> str:
    """The work list of the cases of a year in the box around the ring."""
    west, south, east, north = project.geom.extent
    lat = within / 110_000
    lon = within / 95_000
    since = timezone.localdate() - dt.timedelta(days=364)
    box = f"{west - lon:.5f},{south - lat:.5f},{east + lon:.5f},{north + lat:.5f}"
    return f"{reverse('case_list')}?state=counted&since={since:%Y-%m-%d}&bbox={box}"
