"""Themes: the early-warning list and all others, one theme with what lies behind it, and what is decided on it."""

import datetime as dt
from functools import wraps

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.cases.taxonomy import Category
from apps.insights import theme_runs, workflow_themes
from apps.insights.theme_behind import behind, voices_page
from apps.insights.theme_models import Theme, ThemeRun, sees_unplaced
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

A_PAGE = 20
MOST_WARNINGS = 30
LATELY = 28
STATES = {"": "还有诉求的", "active": "近两个月有诉求", "quiet": "已平息", "gone": "已并入或散开"}
SORTS = {"largest": "诉求最多", "latest": "最近有诉求", "newest": "最近归成"}
ORDER = {"latest": ("-last_on", "-pk"), "largest": ("-voices", "-pk"), "newest": ("-pk",)}
LEFT_OUT = ("profile", "town__geom", "town__geom_3857", "village__geom", "village__geom_3857")


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def theme_list(request: HttpRequest) -> HttpResponse:
    """/insight/themes/?q=&town=&category=&state=&sort=&page= — those that rise on top, whatever is asked below."""
    user, today = request.user, timezone.localdate()
    asked = {name: request.GET.get(name, "").strip()[:40] for name in ("q", "town", "category", "state", "sort")}
    seen = _shown(Theme.objects.visible_to(user), user, today)
    warnings = list(seen.standing().rising().order_by(F("noted_at").asc(nulls_first=True), "rise__q", "-pk")[:MOST_WARNINGS])
    page = Paginator(_filtered(seen, asked).order_by(*ORDER.get(asked["sort"], ORDER["largest"])), A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(request, "insights/themes/theme_list.html", {
        "warnings": [(theme, theme.rise_told()) for theme in warnings], "page_obj": page, "asked": asked, "states": STATES, "sorts": SORTS, "lately": LATELY,
        "towns": AdminArea.objects.visible_to(user).towns().values_list("code", "name"), "categories": Category.objects.filter(level=1).order_by("order", "code"),
        "whole": sees_unplaced(user), "may_decide": allowed(user, Permission.DRAFT_FROM_INSIGHT), **_running(),
    })  # fmt: skip


def _shown(themes, user, today: dt.date):
    """With what a row shows: two counts of the user's own scope, names of place and category."""
    yesterday = today - dt.timedelta(days=1)
    counted = themes.with_voices(user, since=yesterday - dt.timedelta(days=LATELY - 1), until=yesterday)
    return counted.select_related("town", "village", "category", "topic", "noted_by", "merged_into").defer(*LEFT_OUT)


def _filtered(themes, asked: dict[str, str]):
    """What is not known filters nothing out."""
    themes = {
        "active": lambda: themes.filter(state=Theme.State.ACTIVE),
        "quiet": lambda: themes.filter(state=Theme.State.QUIET),
        "gone": lambda: themes.filter(state__in=(Theme.State.MERGED, Theme.State.DISSOLVED)),
    }.get(asked["state"], themes.standing)()
    if asked["q"]:
        themes = themes.filter(Q(name__icontains=asked["q"]) | Q(words__icontains=asked["q"]))
    if asked["town"].isdigit():
        themes = themes.in_town(asked["town"])
    if asked["category"]:
        themes = themes.filter(category__in=Category.objects.under([asked["category"]]).values("pk"))
    return themes


def _running() -> dict:
    """The run under way, if any, and the last one that ended."""
    runs = list(ThemeRun.objects.defer("weights").order_by("-pk")[:20])
    waiting = (ThemeRun.State.QUEUED, ThemeRun.State.RUNNING)
    return {
        "run": next((run for run in runs if run.state in waiting), None),
        "last_run": next((run for run in runs if run.state not in waiting), None),
    }


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def theme_progress(request: HttpRequest) -> HttpResponse:
    """The strip that tells how far the run is; when it has ended the page is asked to come anew."""
    found = _running()
    response = render(request, "insights/themes/_progress.html", found)
    if found["run"] is None:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@requires(Permission.DRAFT_FROM_INSIGHT)
def theme_regroup(request: HttpRequest) -> HttpResponse:
    theme_runs.ask(request.user)
    messages.success(request, "已开始重新归并。可以离开本页，做完之前主题还是上一次的。")
    return redirect("theme_list")


@never_cache
@require_GET
@requires(Permission.SEE_INSIGHT)
def theme(request: HttpRequest, pk: int) -> HttpResponse:
    """/insight/themes/12/?page=2"""
    return _page(request, pk)


def _page(
    request: HttpRequest, pk: int, *, refused: str = "", typed: dict | None = None, status: int = 200
) -> HttpResponse:
    """One theme; after a refusal with what was typed and why it was not taken."""
    user, today = request.user, timezone.localdate()
    found = get_object_or_404(
        _shown(Theme.objects.visible_to(user), user, today).select_related("split_from", "named_by", "organisation"),
        pk=pk,
    )
    lying = behind(found, user, today)
    page = voices_page(found, user, request.GET.get("page"))
    data = {"cells": lying.cells, "weeks": [[monday.strftime("%-m月%-d日"), count] for monday, count in lying.weeks]}
    return render(request, "insights/themes/theme.html", {
        "theme": found, "told": found.rise_told(), "behind": lying, "page_obj": page, "data": data, "whole": sees_unplaced(user), "lately": LATELY,
        "events": found.events.select_related("actor").order_by("-pk")[:30], "parts": Theme.objects.visible_to(user).filter(split_from=found).standing(),
        "may_decide": allowed(user, Permission.DRAFT_FROM_INSIGHT) and found.state not in workflow_themes.GONE, "refused": refused, "typed": typed or {},
    }, status=status)  # fmt: skip


def _verb(view):
    """The address of a verb, asked for without one (a page further after a refusal, a reload), leads to its theme."""

    @wraps(view)
    def decided(request: HttpRequest, pk: int) -> HttpResponse:
        if request.method == "POST":
            return view(request, pk)
        return redirect(f"{reverse('theme', args=[pk])}?{request.GET.urlencode()}")

    return require_http_methods(["GET", "POST"])(requires(Permission.DRAFT_FROM_INSIGHT)(decided))


@_verb
def theme_rename(request: HttpRequest, pk: int) -> HttpResponse:
    name = request.POST.get("name", "")
    try:
        changed = workflow_themes.rename(request.user, pk, name, request.POST.get("seen", ""))
    except MoveRefused as refusal:
        return _page(request, pk, refused=str(refusal), typed={"name": name}, status=409)
    messages.success(request, f"主题现称“{changed.name}”。")
    return redirect("theme", pk)


@_verb
def theme_note(request: HttpRequest, pk: int) -> HttpResponse:
    words = request.POST.get("words", "")
    try:
        workflow_themes.note(request.user, pk, words)
    except MoveRefused as refusal:
        return _page(request, pk, refused=str(refusal), typed={"words": words}, status=409)
    messages.success(request, "已登记已阅。")
    return redirect("theme", pk)


@_verb
def theme_topic(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        topic, new = workflow_themes.make_topic(request.user, pk)
    except MoveRefused as refusal:
        return _page(request, pk, refused=str(refusal), status=409)
    if new:
        messages.success(request, "已起草监督议题。请核对地点、责任单位和内容，再纳入监督。")
    else:
        messages.info(request, "这个主题已经起草过监督议题，没有再起草。")
    return redirect(topic.url)
