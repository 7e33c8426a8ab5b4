"""What is asked of region reports and briefings. What cannot be read is left out and said; nothing typed is lost."""

import datetime as dt

from django import forms
from django.utils import timezone

from apps.accounts.models import User
from apps.insights.region_reports import RegionReport
from apps.insights.report_counting import report_areas
from apps.territory.models import AdminArea
from apps.worktime.periods import KINDS, MONTHS, Period, around, between

PERIODS = {kind: KINDS[kind] for kind in (*MONTHS, "days")}
EARLIEST = dt.date(2000, 1, 1)
LONGEST = dt.timedelta(days=731)
DATE = {"class": "form-control", "type": "date"}


class AreaSelect(forms.Select):
    """Villages stand under their towns."""

    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-select"})


def area_choices(user: User, villages: bool = True) -> list[tuple[str, object]]:
    """The places of a user's scope for a select: county and towns, then each town's villages as a group."""
    areas = list(report_areas(user).order_by("code").values_list("code", "name", "level", "parent__name"))
    wide = [(code, name) for code, name, level, _ in areas if level != AdminArea.Level.VILLAGE]
    groups: dict[str, list[tuple[str, str]]] = {}
    for code, name, level, town in areas:
        if villages and level == AdminArea.Level.VILLAGE:
            groups.setdefault(f"{town or ''}的村社", []).append((code, name))
    return [*wide, *groups.items()]


def month_before(today: dt.date) -> dt.date:
    """The first day of the last month that is over."""
    return (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)


class PeriodFields(forms.Form):
    """A place and a period: a month, quarter, half-year or year that a day lies in, or two days."""

    area = forms.ChoiceField(label="区域", widget=AreaSelect)
    period = forms.ChoiceField(label="时段", choices=PERIODS.items(), widget=forms.Select(attrs={"class": "form-select"}))
    on = forms.DateField(label="含这一天", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    since = forms.DateField(label="从", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    until = forms.DateField(label="到", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))

    def __init__(self, *args, user: User, villages: bool = True, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["area"].choices = area_choices(user, villages)

    def clean(self) -> dict:
        cleaned = super().clean()
        for name in ("on", "since", "until"):
            if cleaned.get(name) and not EARLIEST <= cleaned[name] < dt.date(2100, 1, 1):
                self.add_error(name, "请填 2000 年以后的日期，例如 2026-03-14。")
        today = timezone.localdate()
        period = self.asked_period(today)
        if period is not None and not self.errors:
            if period.first > today:
                self.add_error("since" if period.kind == "days" else "on", f"{period.label}还没有开始，没有可以统计的。请填今天或以前的日期。")
            elif period.last - period.first > LONGEST:
                self.add_error("until", "一次最多统计两年，请把时段改短。")
        return cleaned

    def asked_period(self, today: dt.date) -> Period | None:
        """The period that was asked for; the month before today's where no day was said; None where what was said cannot be read."""
        cleaned = self.cleaned_data
        kind = cleaned.get("period")
        if kind is None:
            return None
        if kind == "days":
            if not (cleaned.get("since") and cleaned.get("until")):
                if not self.errors:
                    self.add_error("since", "自选日期要填起止两天。")
                return None
            return between(cleaned["since"], cleaned["until"])
        return around(kind, cleaned.get("on") or month_before(today))

    @property
    def area_chosen(self) -> AdminArea:
        return report_areas(self.user).get(code=self.cleaned_data["area"])


class KeptForm(forms.Form):
    """The list of kept reports, narrowed by the address."""

    area = forms.ChoiceField(label="区域", required=False, widget=AreaSelect)
    kind = forms.ChoiceField(label="种类", required=False, choices=[("", "全部"), *RegionReport.Kind.choices], widget=forms.Select(attrs={"class": "form-select"}))

    def __init__(self, data, *, user: User) -> None:
        super().__init__(data)
        self.fields["area"].choices = [("", "全部"), *area_choices(user, villages=False)]
