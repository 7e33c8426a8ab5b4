"""Who is told of a limit and who takes over when nobody acts: /cases/escalation/. All offices read it, the county's office changes it."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Role, User
from apps.accounts.perms import Permission, allowed, requires
from apps.cases import workflow_escalation as workflow
from apps.cases.clocks import Clock
from apps.cases.escalation import NIGHT
from apps.cases.escalation_rules import STEPS, Escalation, EscalationRule, EscalationRuleEvent
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

PAGE = 50
EVENTS = {"lay_down": "新定：{now}", "change": "改为：{now}（原为：{was}）", "switch_on": "启用：{now}", "switch_off": "停用：{now}"}
OFFICES = (Role.TOWN_OFFICE, Role.COUNTY_OFFICE, Role.DISPATCHER, Role.LEADER)


@require_GET
@requires(Permission.SEE_CALENDAR)
def escalation_list(request: HttpRequest) -> HttpResponse:
    """/cases/escalation/ — the rules by step, how often each has done its work this month, what was changed in them."""
    since = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    done = dict(Escalation.objects.filter(at__gte=since).order_by().values_list("rule").annotate(Count("pk")))
    rules = list(EscalationRule.objects.select_related("town", "person").defer("town__geom", "town__geom_3857"))
    for rule in rules:
        rule.done = done.get(rule.pk, 0)
    groups = [(label, [rule for rule in rules if rule.step == step]) for step, label in STEPS]
    said = [(EVENTS[event.verb].format_map({"was": "", **event.data}), event) for event in EscalationRuleEvent.objects.order_by("-pk")[:20]]
    return render(request, "cases/escalation.html", {
        "groups": [group for group in groups if group[1]], "events": said, "night": NIGHT, "may_change": allowed(request.user, Permission.MANAGE_ESCALATION),
    })  # fmt: skip


@require_GET
@requires(Permission.MANAGE_ESCALATION)
def escalation_done(request: HttpRequest, pk: int) -> HttpResponse:
    """/cases/escalation/3/done — what one rule has done, the newest first."""
    rule = get_object_or_404(EscalationRule.objects.select_related("town", "person"), pk=pk)
    done = Escalation.objects.filter(rule=rule).select_related("clock__case").only("at", "due_on", "told", "clock__case__code", "clock__case__text")
    return render(request, "cases/escalation_done.html", {"rule": rule, "page_obj": Paginator(done, PAGE).get_page(request.GET.get("page"))})


class RuleForm(forms.Form):
    """A rule as people say it: before or after the last day, and so many working days."""

    step = forms.ChoiceField(label="环节", choices=STEPS)
    kind = forms.ChoiceField(label="事项", choices=Clock.Kind.choices, initial=Clock.Kind.ANSWER)
    town = forms.ModelChoiceField(AdminArea.objects.none(), label="只在", required=False, empty_label="各乡镇街道", help_text="一个乡镇街道有自己的接手规则时，那里不用一般的接手规则。")
    days = forms.IntegerField(
        label="超期几个工作日", min_value=-30, max_value=60, error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), "请填 -30 到 60 之间的整数。"),
        help_text="负数是到期前几个工作日，例如 -2；0 是最后一日当天。",
    )  # fmt: skip
    action = forms.ChoiceField(label="做什么", choices=EscalationRule.Action.choices)
    to = forms.ChoiceField(label="对谁", choices=EscalationRule.To.choices)
    person = forms.CharField(label="指定的人（登录名）", required=False, max_length=150, help_text="可以从列表里选；代表也可以填登录名。")
    backlog = forms.BooleanField(label="已经到了这一步的也办", required=False, help_text="不勾选时，只管从今天起到这一步的；以前积压的请在民情件列表里处理。")

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["town"].queryset = AdminArea.objects.filter(level="town").order_by("code").defer("geom", "geom_3857")
        for field in self.fields.values():
            kinds = {forms.ChoiceField: "form-select", forms.ModelChoiceField: "form-select", forms.BooleanField: "form-check-input"}
            field.widget.attrs["class"] = kinds.get(type(field), "form-control")
        self.fields["person"].widget.attrs.update({"list": "people", "autocomplete": "off"})

    def clean_person(self) -> User | None:
        name = self.cleaned_data["person"].replace("\x00", "").strip()
        if not name:
            return None
        person = User.objects.filter(username=name, is_active=True).first()
        if person is None:
            raise forms.ValidationError("没有这个登录名，或已停用。请核对。")
        return person

    def said(self) -> workflow.Said:
        return workflow.Said(**{name: value for name, value in self.cleaned_data.items() if name != "backlog"})


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_ESCALATION)
def escalation_new(request: HttpRequest) -> HttpResponse:
    form = RuleForm(request.POST or None, initial={"step": request.GET.get("step", "")})
    return _edit(request, form, None)


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_ESCALATION)
def escalation_change(request: HttpRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(EscalationRule, pk=pk)
    names = ("step", "kind", "town", "days", "action", "to")
    form = RuleForm(request.POST or None, initial={**{name: getattr(rule, name) for name in names}, "person": rule.person.username if rule.person else ""})
    return _edit(request, form, rule)


def _edit(request: HttpRequest, form: RuleForm, rule: EscalationRule | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            said, backlog = form.said(), form.cleaned_data["backlog"]
            done = workflow.change(request.user, rule.pk, said, backlog=backlog) if rule else workflow.lay_down(request.user, said, backlog=backlog)
        except MoveRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, f"已定：{done}。")
            return redirect("escalation_list")
    people = User.objects.filter(role__in=OFFICES, is_active=True).order_by("role", "username")[:500]
    return render(request, "cases/escalation_form.html", {"form": form, "rule": rule, "people": people}, status=422 if form.errors else 200)


@require_POST
@requires(Permission.MANAGE_ESCALATION)
def escalation_switch(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(EscalationRule, pk=pk)
    rule = workflow.switch(request.user, pk, request.POST.get("active") == "yes")
    messages.success(request, f"{'已启用' if rule.active else '已停用'}：{rule}。")
    return redirect("escalation_list")
