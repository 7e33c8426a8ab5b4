"""The time limits: /calendar/limits/. Everybody of the offices reads them, the county's office changes them."""

from collections import defaultdict

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.perms import Permission, allowed, requires
from apps.record.states import MoveRefused
from apps.worktime import workflow
from apps.worktime.models import CalendarDay, TimeLimit, TimeLimitEvent
from apps.worktime.narrowing import Narrowing, narrowing_of, words_of
from apps.worktime.policies import GROUPS, PRESETS


@require_GET
@requires(Permission.SEE_CALENDAR)
def limit_list(request: HttpRequest) -> HttpResponse:
    """/calendar/limits/ — every limit with its source, those for one level or topic under it, and the presets to start from."""
    limits, narrower = {limit.step: limit for limit in TimeLimit.objects.general()}, defaultdict(list)
    for limit in TimeLimit.objects.narrower():
        narrower[limit.step].append((words_of(limit.step, limit.level, limit.topic), limit))
    named = {step for steps in GROUPS.values() for step in steps}
    groups = [(heading, [(limits[step], narrower[step], narrowing_of(step)) for step in steps if step in limits]) for heading, steps in GROUPS.items()]
    return render(request, "worktime/limits.html", {
        "groups": groups, "others": [limit for step, limit in limits.items() if step not in named], "presets": PRESETS.items(),
        "may_change": allowed(request.user, Permission.MANAGE_CALENDAR), "events": TimeLimitEvent.objects.select_related("subject").order_by("-pk")[:20],
        "missing": CalendarDay.objects.missing_soon(),
    })  # fmt: skip


class LimitForm(forms.ModelForm):
    class Meta:
        model = TimeLimit
        fields = ("amount", "unit", "source")
        widgets = {"amount": forms.NumberInput({"class": "form-control", "min": 1}), "unit": forms.Select({"class": "form-select"}), "source": forms.TextInput({"class": "form-control"})}
        help_texts = {"source": "文件名和条款，或“主任会议议定”。会显示在时限表里。"}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].required = True


class NarrowerForm(LimitForm):
    """A limit for one level, one topic or both; the narrowest that is set holds, a topic's before a level's."""

    def __init__(self, *args, narrowing: Narrowing, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        widget = forms.Select({"class": "form-select"})
        self.fields["level"] = forms.ChoiceField(label="分级", required=False, choices=[("", "各级"), *narrowing.levels.items()], widget=widget)
        self.fields["topic"] = forms.ChoiceField(label="类别", required=False, choices=[("", "各类"), *((topic, topic) for topic in narrowing.topics())], widget=widget)
        self.order_fields(["level", "topic", "amount", "unit", "source"])

    def clean(self) -> dict:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("level") or cleaned.get("topic")):
            self.add_error("level", "请选一个分级或类别；各级各类都一样的，直接改这一环节的时限。")
        return cleaned

    def validate_unique(self) -> None:
        """One that is there already is changed."""


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_CALENDAR)
def limit_edit(request: HttpRequest, step: str) -> HttpResponse:
    limit = get_object_or_404(TimeLimit.objects.general(), step=step)
    return _edit(request, limit, LimitForm(request.POST or None, instance=limit))


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_CALENDAR)
def limit_narrower(request: HttpRequest, step: str) -> HttpResponse:
    """/calendar/limits/with_unit/narrower?level=county&topic=… — the limit of a step for one level, topic or both."""
    general, narrowing = get_object_or_404(TimeLimit.objects.general(), step=step), narrowing_of(step)
    if narrowing is None:
        raise Http404
    level, topic = request.GET.get("level", ""), request.GET.get("topic", "")
    there = TimeLimit.objects.narrower().filter(step=step, level=level, topic=topic).first()
    shown = there or general
    first = {"level": level, "topic": topic, "amount": shown.amount, "unit": shown.unit, "source": there.source if there else ""}
    form = NarrowerForm(request.POST or None, initial=first, narrowing=narrowing)
    return _edit(request, there or TimeLimit(step=step, label=general.label), form, narrower=True)


def _edit(request: HttpRequest, limit: TimeLimit, form: LimitForm, *, narrower: bool = False) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            changed = workflow.change_limit(
                request.user, limit.step, wanted["amount"], wanted["unit"], wanted["source"], level=wanted.get("level", ""), topic=wanted.get("topic", "")
            )
        except MoveRefused as refusal:
            form.add_error("amount", str(refusal))
        else:
            whose = "" if changed.general else f"（{words_of(changed.step, changed.level, changed.topic)}）"
            messages.success(request, f"“{changed.label}”{whose}的时限现在是 {changed.words}，从今以后进入这一环节的按它算。")
            return redirect("limit_list")
    events = limit.events.order_by("-pk")[:20] if limit.pk else []
    return render(request, "worktime/limit.html", {"limit": limit, "form": form, "narrower": narrower, "events": events}, status=422 if form.errors else 200)


@require_POST
@requires(Permission.MANAGE_CALENDAR)
def limit_give_up(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        limit = workflow.give_up_limit(request.user, pk)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"“{limit.label}”（{words_of(limit.step, limit.level, limit.topic)}）不再单独规定，以后按一般的时限算。")
    return redirect("limit_list")


@require_GET
@requires(Permission.MANAGE_CALENDAR)
def preset(request: HttpRequest, name: str) -> HttpResponse:
    """/calendar/limits/presets/qingdao_2021 — what would change, with the article for each."""
    if name not in PRESETS:
        raise Http404
    chosen, limits = PRESETS[name], {limit.step: limit for limit in TimeLimit.objects.general()}
    rows = [
        (limits[step], TimeLimit(amount=rule.amount, unit=rule.unit, source=chosen.source_of(step)))
        for steps in GROUPS.values() for step in steps if (rule := chosen.rules.get(step)) and step in limits
    ]  # fmt: skip
    kept = TimeLimit.objects.narrower().filter(step__in=chosen.rules).count()
    return render(request, "worktime/preset.html", {"name": name, "preset": chosen, "rows": rows, "kept": kept})


@require_POST
@requires(Permission.MANAGE_CALENDAR)
def preset_follow(request: HttpRequest, name: str) -> HttpResponse:
    try:
        changed = workflow.follow_preset(request.user, name)
    except MoveRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"已按{PRESETS[name].label}改了 {len(changed)} 项时限。" if changed else "这些时限本来就是这样，没有改动。")
    return redirect("limit_list")
