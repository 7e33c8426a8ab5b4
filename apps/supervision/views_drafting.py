"""Drafting a run: what is supervised, who may be asked, under which rules. Nothing chosen is lost while the lists are leafed through."""

import json
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.deputies.models import Deputy, Field, Group
from apps.projects.models import KeyProject
from apps.record.states import MoveRefused
from apps.supervision import workflow
from apps.supervision.drafting import Choice, deputies_of, topics_of
from apps.supervision.lines import marks
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import EXPLANATIONS, FIELDS, PRESETS, DraftRules, fields_here, parse_rules
from apps.supervision.topics import Topic
from apps.supervision.views import as_bytes
from apps.territory.models import AdminArea


@require_http_methods(["GET", "POST"])
@requires(Permission.DRAFT_SUPERVISION)
def run_new(request: HttpRequest) -> HttpResponse:
    """/supervision/new/ — the form that drafts a run. Any button but 开始计算 shows it again with what was chosen."""
    Topic.objects.of_projects(KeyProject.objects.all())  # projects may have come since the last draft
    if "start" not in request.POST:
        return _form(request, {})
    topics, deputies = _choices(request)
    preset = request.POST.get("preset", "")
    rules, wrong = _rules(request, preset)
    if preset not in PRESETS:
        wrong["preset"] = "请选择一种预设：就近优先、均衡或延续去年。"
    if not topics.chosen.exists():
        wrong["topics"] = "没有选中任何事项，请放宽条件或勾选。"
    if not deputies.chosen.exists():
        wrong["deputies"] = "没有选中任何代表，请放宽条件或勾选。"
    if wrong:
        return _form(request, wrong)
    try:
        run = workflow.draft(
            request.user, preset, request.POST.get("name", "")[:60], rules=rules, topics=topics.ids(), deputies=deputies.ids(),
            filters={"topics": topics.asked, "deputies": deputies.asked},
        )  # fmt: skip
    except MoveRefused as refusal:
        return _form(request, {"preset": str(refusal)})
    return redirect("run_detail", run.pk)


def _choices(request: HttpRequest) -> tuple[Choice, Choice]:
    today = timezone.localdate()
    return topics_of(request.POST, today), deputies_of(request.POST, today)


def _rules(request: HttpRequest, preset: str) -> tuple[DraftRules, dict[str, str]]:
    """The preset's own numbers, unless those typed below are asked for."""
    if preset not in PRESETS:
        return DraftRules(), {}
    typed = {field.name: request.POST[field.name] for field in FIELDS if field.name in request.POST} if request.POST.get("own_numbers") else {}
    return parse_rules(preset, typed)


def _form(request: HttpRequest, wrong: dict[str, str]) -> HttpResponse:
    topics, deputies = _choices(request)
    preset = request.POST.get("preset") if request.POST.get("preset") in PRESETS else AssignmentRun.Preset.NEAREST
    own = bool(request.POST.get("own_numbers"))
    numbers = PRESETS[preset].as_json()
    rows = []
    for field in fields_here():
        given = request.POST.get(field.name, "") if own else numbers[field.name]
        rows.append({"field": field, "value": "" if given is None else given, "on": bool(given), "wrong": wrong.get(field.name, "")})
    labels = {field.name: field.label for field in FIELDS}
    return render(request, "supervision/run_new.html", {
        "presets": [(value, AssignmentRun.Preset(value).label, EXPLANATIONS[value], json.dumps(rules.as_json()), value == preset) for value, rules in PRESETS.items()],
        "name": request.POST.get("name", "")[:60], "own_numbers": own, "rule_rows": rows,
        "wrong": [(name, labels.get(name, ""), words) for name, words in wrong.items()],
        **_lists(topics, deputies),
    }, status=422 if wrong else 200)  # fmt: skip


def _lists(topics: Choice, deputies: Choice) -> dict[str, Any]:
    """What both lists and the line under them show."""
    wanted = topics.chosen.order_by().aggregate(places=Coalesce(Sum(Coalesce("project__demand", "own_demand")), 0))["places"]
    able = Deputy.objects.filter(pk__in=deputies.chosen.order_by().values("pk")).aggregate(able=Coalesce(Sum("capacity"), 0))["able"]
    return {
        "topics": topics, "topic_page": topics.page(), "topic_count": topics.chosen.count(), "wanted": wanted,
        "deputies": deputies, "deputy_page": deputies.page(), "deputy_count": deputies.chosen.count(), "able": able,
        "kinds": Topic.Kind.choices, "fields": Field.objects.values_list("code", "label"),
        "towns": AdminArea.objects.towns().values_list("code", "name"), "groups": Group.objects.values_list("pk", "name"),
    }  # fmt: skip


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_choose(request: HttpRequest, part: str) -> HttpResponse:
    """/supervision/new/topics — one of the lists anew, as the form now has it, and the line that sums up."""
    if part not in ("topics", "deputies"):
        return HttpResponseNotFound()
    return render(request, "supervision/_draft_part.html", {"part": part, **_lists(*_choices(request))})


@require_POST
@requires(Permission.DRAFT_SUPERVISION)
def run_choices_map(request: HttpRequest) -> HttpResponse:
    """/supervision/new/map — what is ticked, as bytes (see lines.py)."""
    topics, deputies = _choices(request)
    return as_bytes(request, marks(topics.chosen, Deputy.objects.filter(pk__in=deputies.ids()), allowed(request.user, Permission.SEE_HOMES)))
