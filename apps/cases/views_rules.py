"""交办规则: the rules for the lead unit as they are asked, a form for one, and a place to try them on a text and a point."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.cases import routing, sorting, workflow_rules
from apps.cases.forms_rules import RuleForm, TryForm
from apps.cases.rules import RoutingRule, RuleEvent
from apps.cases.taxonomy import Category
from apps.matching.finding import OutsideCounty, find_at
from apps.organisations.competence import named
from apps.record.states import MoveRefused

SHOWN_EVENTS = 20


@never_cache
@require_GET
@requires(Permission.SEE_ROUTING)
def rule_list(request: HttpRequest) -> HttpResponse:
    """The rules in their order with what keeps one from deciding, those switched off, and whose matter each category generally is."""
    rules, units = list(RoutingRule.objects.standing()), routing.Units()
    warned = routing.warnings(rules, units)
    off = RoutingRule.objects.filter(active=False).select_related("category", "lead", "town").prefetch_related("co_handlers").order_by("order", "pk")
    events = RuleEvent.objects.order_by("-pk")[:SHOWN_EVENTS]
    return render(request, "cases/rule_list.html", {
        "rules": [(rule, rule.lead or units.with_competence(rule.lead_competence, rule.town), _helping(rule), warned.get(rule.pk, [])) for rule in rules], "off": [(rule, _helping(rule)) for rule in off.defer("town__geom", "town__geom_3857")],
        "general": [_general(category, units) for category in Category.objects.offered()], "events": events,
        "may_change": allowed(request.user, Permission.MANAGE_RULES),
    })  # fmt: skip


def _helping(rule: RoutingRule) -> str:
    return "、".join([*map(str, rule.co_handlers.all()), *([named(rule.co_competences)] if rule.co_competences else [])])


def _general(category: Category, units: routing.Units) -> dict:
    """Whose matter a category generally is, and whether such a unit is there. `local` is found by the place; what is nobody's the dispatcher settles."""
    settled = category.lead_competence in ("", "local", routing.DOOR)
    lead = None if settled else units.with_competence(category.lead_competence, None)
    return {
        "category": category, "competence": named([category.lead_competence]) if category.lead_competence == "local" or lead else "", "wanted": named([category.lead_competence]), "with": named(category.co_competences),
        "lead": lead, "missing": not category.congress_only and not settled and lead is None,
    }  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_RULES)
def rule_new(request: HttpRequest) -> HttpResponse:
    """?category= begins with one."""
    if request.method == "GET":
        return _form(request, RuleForm(initial={"category": request.GET.get("category", "")}), None)
    form = RuleForm(request.POST)
    if form.is_valid():
        try:
            rule = workflow_rules.add_rule(form.draft(), request.user)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, f"已增加第 {rule.order} 条规则。正在办的民情件不受影响。")
            return redirect("rule_list")
    return _form(request, form, None, status=422)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_RULES)
def rule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(RoutingRule.objects.select_related("category", "lead", "town"), pk=pk)
    if request.method == "GET":
        return _form(request, RuleForm.of(rule), rule)
    form, status = RuleForm(request.POST), 422
    if form.is_valid():
        try:
            workflow_rules.change_rule(rule, form.draft(), request.user, version=form.cleaned_data["version"] or 0)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
            status = 422 if refusal.field else 409
        else:
            messages.success(request, "规则已改。正在办的民情件不受影响。")
            return redirect("rule_list")
    if status == 409:  # what is typed stays, and is now an answer to what stands there
        form.data = {**form.data.dict(), "version": RoutingRule.objects.values_list("version", flat=True).get(pk=pk)} | _lists(request)
    return _form(request, form, rule, status=status)


def _lists(request: HttpRequest) -> dict:
    return {name: request.POST.getlist(name) for name in ("co_handlers", "co_competences")}


def _form(request: HttpRequest, form: RuleForm, rule: RoutingRule | None, *, status: int = 200) -> HttpResponse:
    events = rule.events.order_by("-pk") if rule else []
    return render(request, "cases/rule_edit.html", {"form": form, "rule": rule, "events": events}, status=status)


@require_POST
@requires(Permission.MANAGE_RULES)
def rule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(RoutingRule, pk=pk)
    active, version = request.POST.get("active") == "on", request.POST.get("version", "")
    try:
        workflow_rules.switch_rule(rule, request.user, active=active, version=int(version) if version.isdecimal() else -1)
        messages.success(request, f"第 {rule.order} 条已{'启用' if active else '停用'}。")
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("rule_list")


@never_cache
@require_http_methods(["GET", "POST"])
@requires(Permission.SEE_ROUTING)
def rule_try(request: HttpRequest) -> HttpResponse:
    """What would become of a text at a point. Nothing is written."""
    if request.method == "GET":
        return render(request, "cases/rule_try.html", {"form": TryForm()})
    form = TryForm(request.POST)
    if not form.is_valid():
        return render(request, "cases/rule_try.html", {"form": form}, status=422)
    data, place = form.cleaned_data, None
    if data["lat"] is not None and data["lon"] is not None:
        try:
            place = find_at(data["lon"], data["lat"], on=timezone.localdate())
        except OutsideCounty as refusal:
            form.add_error("lat", str(refusal))
            return render(request, "cases/rule_try.html", {"form": form}, status=422)
    guess = sorting.guess(data["text"])
    category = data["category"] or guess.third or guess.best
    found = routing.proposal(data["text"], category, place.town if place else None)
    return render(request, "cases/rule_try.html", {
        "form": form, "place": place, "guess": guess, "chosen": data["category"], "category": category, "found": found, "others": [fit for fit in found.fits if fit.rule != found.rule],
    })  # fmt: skip
