"""How punctually cases are handled: /cases/punctuality/. Nothing of it is public; a town sees its own, a unit itself."""

import datetime as dt

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from apps.accounts.models import Role
from apps.accounts.perms import Permission, requires
from apps.cases.limits import topics
from apps.cases.models import OPEN_STATES, Case
from apps.cases.punctuality import BY, DUTIES, LEAST, Punctuality, punctuality
from apps.cases.punctuality_workbook import write
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.territory.models import AdminArea
from apps.worktime.periods import KINDS, Period, around, between

PAGE = 50
PERIODS = {kind: KINDS[kind] for kind in ("month", "quarter", "half", "year", "days")}
BY_ROLE = {  # what each role may compare
    Role.COUNTY_OFFICE: tuple(BY), Role.LEADER: tuple(BY), Role.TOWN_OFFICE: ("deputy", "unit", "topic", "step", "month"),
    Role.DISPATCHER: ("unit", "topic", "step", "month"), Role.UNIT: ("step", "topic", "month"),
}  # fmt: skip
WIDE = (Role.COUNTY_OFFICE, Role.LEADER)


class AskedForm(forms.Form):
    """What the address asks for; what cannot be read is left out and said, so an old link still opens."""

    by = forms.ChoiceField(label="按", required=False)
    period = forms.ChoiceField(label="时段", required=False, choices=PERIODS.items())
    on = forms.DateField(label="含这一天", required=False)
    since = forms.DateField(label="从", required=False)
    until = forms.DateField(label="到", required=False)
    town = forms.ChoiceField(label="乡镇街道", required=False)
    unit = forms.ChoiceField(label="承办单位", required=False)
    topic = forms.ChoiceField(label="类别", required=False)
    step = forms.ChoiceField(label="环节", required=False, choices=[("", "全部"), *((state, Case.State(state).label) for state in OPEN_STATES)])
    kind = forms.ChoiceField(label="事项", required=False, choices=[("", "全部"), *((kind.value, kind.label) for kind in DUTIES)])
    deputy = forms.CharField(label="代表", required=False, max_length=30)

    def __init__(self, data, *, role: str) -> None:
        super().__init__(data)
        self.fields["by"].choices = [(each, BY[each]) for each in BY_ROLE[Role(role)]]
        self.fields["town"].choices = [("", "全部"), *AdminArea.objects.filter(level="town").order_by("code").values_list("code", "name")]
        self.fields["unit"].choices = [("", "全部"), *Organisation.objects.filter(handles_cases=True).order_by("name").values_list("code", "name")]
        self.fields["topic"].choices = [("", "全部"), *((topic, topic) for topic in topics())]
        if role not in WIDE:
            del self.fields["town"]
        if role == Role.UNIT:
            del self.fields["unit"]
        if role in (Role.UNIT, Role.DISPATCHER):
            del self.fields["deputy"]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            if isinstance(field, forms.DateField):
                field.widget.input_type = "date"
                field.widget.format = "%Y-%m-%d"


@require_GET
@requires(Permission.SEE_PUNCTUALITY)
def punctuality_list(request: HttpRequest) -> HttpResponse:
    """/cases/punctuality/?by=unit&period=quarter&on=2026-03-10&topic=… — one row each, their sum above."""
    form = AskedForm(request.GET, role=request.user.role)
    by, period, narrowed, found = _asked(request, form)
    page = Paginator(found.rows, PAGE).get_page(request.GET.get("page"))
    deputy = Deputy.objects.filter(code=narrowed["deputy"]).only("name").first() if narrowed.get("deputy") else None
    faults = [f"{form.fields[name].label}：{error}" for name, errors in form.errors.items() for error in errors]
    return render(request, "cases/punctuality.html", {
        "form": form, "by": by, "by_name": BY[by], "period": period, "found": found, "page_obj": page, "faults": faults, "least": LEAST, "deputy": deputy,
        "drill": {"town": "town", "unit": "unit", "deputy": "deputy", "topic": "topic"}.get(by, ""), "narrowed": any(narrowed.values()), "query": request.GET.urlencode(),
    }, status=422 if faults else 200)  # fmt: skip


@require_GET
@requires(Permission.SEE_PUNCTUALITY)
def punctuality_workbook(request: HttpRequest) -> HttpResponse:
    """The same rows, all of them, with how they are counted."""
    form = AskedForm(request.GET, role=request.user.role)
    by, period, narrowed, found = _asked(request, form)
    words = "　".join(f"{form.fields[name].label}：{dict(getattr(form.fields[name], 'choices', ())).get(value, value)}" for name, value in narrowed.items() if value)
    response = HttpResponse(write(found, by, f"{period.first} 至 {period.last}", words), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response["Content-Disposition"] = content_disposition_header(True, f"民情件办理时效（按{BY[by]}，{period.label}）.xlsx")
    return response


def _asked(request: HttpRequest, form: AskedForm) -> tuple[str, Period, dict[str, str], Punctuality]:
    form.is_valid()
    given, today = form.cleaned_data, timezone.localdate()
    by = given.get("by") or BY_ROLE[Role(request.user.role)][0]
    period = _period(given, today)
    narrowed = {name: given.get(name) or "" for name in ("town", "unit", "deputy", "topic", "step", "kind")}
    return by, period, narrowed, punctuality(period.first, period.last, by, today=today, user=request.user, **narrowed)


def _period(given: dict, today: dt.date) -> Period:
    kind = given.get("period") or "month"
    if kind != "days":
        return around(kind, given.get("on") or today)
    month = around("month", today)
    return between(given.get("since") or month.first, given.get("until") or month.last)
