"""What people type about a project's month or plan. Errors say what to do; nothing typed is lost."""

import datetime as dt
import re

from django import forms
from django.utils import timezone

from apps.projects.checks import Claim, PartClaim, Past
from apps.projects.curves import month_start, months_between, s_shaped
from apps.projects.models import KeyProject, Subproject

NUMBER = {"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}
WRONG_NUMBER = {"invalid": "请填数字，例如 62.5。", "max_digits": "数字太大，请核对单位。", "max_decimal_places": "最多两位小数。", "max_whole_digits": "数字太大，请核对单位。"}
EARLIEST_MONTHS = 24


def month_of(text: str) -> dt.date | None:
    """The first of the month that an address or a field names as 2026-02; else None."""
    match = re.fullmatch(r"(20\d{2})-(0[1-9]|1[0-2])", text)
    return dt.date(int(match[1]), int(match[2]), 1) if match else None


def _text(label: str, length: int, help_text: str = "", rows: int = 0) -> forms.CharField:
    widget = forms.Textarea({"class": "form-control", "rows": rows}) if rows else forms.TextInput({"class": "form-control", "autocomplete": "off"})
    return forms.CharField(
        label=label, max_length=length, required=False, help_text=help_text, widget=widget, error_messages={"max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简。"}
    )


def _date(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d"), error_messages={"required": f"请填{label}。", "invalid": "请填日期，例如 2026-11-20。"})


class ReportForm(forms.Form):
    """A month of a project; what is left empty is not said, and stays as it was."""

    invested = forms.DecimalField(label="开工以来累计完成投资（万元）", required=False, min_value=0, max_digits=14, decimal_places=2, widget=forms.TextInput(NUMBER), error_messages=WRONG_NUMBER)
    invested_year = forms.DecimalField(label="本年累计完成投资（万元）", required=False, min_value=0, max_digits=14, decimal_places=2, widget=forms.TextInput(NUMBER), error_messages=WRONG_NUMBER)
    percent = forms.FloatField(label="累计完成（%）", required=False, min_value=0, max_value=100, widget=forms.TextInput(NUMBER), error_messages=WRONG_NUMBER)
    text = _text("形象进度", 300, "一句话，例如：主体结构施工至三层，外墙开始砌筑", rows=2)
    problems = _text("存在问题", 300, "需要协调的事；没有可不填", rows=2)
    reason = _text("理由", 200, "比上次低、更正已报的月份、一个月增加很多时要写，会记入经过")

    def __init__(self, project: KeyProject, past: Past, month: dt.date, data=None, **options) -> None:
        self.past, self.month = past, month
        said = past.whole.get(month)
        initial = {name: getattr(said, name) for name in ("invested", "invested_year", "percent", "text", "problems")} if said else {}
        for number in past.names:
            now = past.parts.get(number, {}).get(month)
            if now:
                initial |= {f"part-{number}": now[0], f"note-{number}": now[1]}
        super().__init__(data, initial=initial, **options)
        if past.names:
            del self.fields["percent"]
        earlier = {name: [(at, getattr(each, name)) for at, each in past.whole.items() if at < month and getattr(each, name) is not None] for name in ("invested", "percent")}
        for name, unit in (("invested", " 万元"), ("percent", "%")):
            if name in self.fields and earlier[name]:
                at, value = max(earlier[name])
                self.fields[name].help_text = f"{at.year}年{at.month}月报的是 {value:,g}{unit}"
        for number, name in sorted(past.names.items()):
            known = [(at, percent) for at, (percent, _) in past.parts.get(number, {}).items() if at < month]
            hint = f"上次 {max(known)[1]:g}%（{max(known)[0]:%Y年%-m月}）" if known else "还没有报过"
            self.fields[f"part-{number}"] = forms.FloatField(label=f"{number}. {name} 累计完成（%）", required=False, min_value=0, max_value=100, help_text=hint, widget=forms.TextInput(NUMBER), error_messages=WRONG_NUMBER)
            self.fields[f"note-{number}"] = _text(f"{name}说明", 200)

    @property
    def parts(self) -> list[tuple]:
        return [(self[f"part-{number}"], self[f"note-{number}"]) for number in sorted(self.past.names)]

    def clean(self) -> dict:
        data = super().clean()
        for number in self.past.names:
            if data.get(f"note-{number}") and data.get(f"part-{number}") is None and f"part-{number}" not in self.errors:
                self.add_error(f"part-{number}", "写了说明，也请填累计完成（%）。")
        if not self.errors and not any(value not in (None, "") for name, value in data.items() if name != "reason"):
            raise forms.ValidationError("还没有填任何内容。请至少填一项进度、投资或形象进度。")
        return data

    def claim(self) -> Claim:
        data = self.cleaned_data
        parts = {number: PartClaim(data[f"part-{number}"], data[f"note-{number}"] or None) for number in self.past.names if data[f"part-{number}"] is not None}
        return Claim(self.month, data.get("percent"), data["invested"], data["invested_year"], self._words("text"), self._words("problems"), parts)

    def _words(self, name: str) -> str | None:
        """What is left empty is not said; what was there and has been emptied is taken back."""
        typed = self.cleaned_data[name]
        return typed if typed or self.initial.get(name) else None


def reportable_months(project: KeyProject, today: dt.date) -> list[dt.date]:
    """Newest first: the current month, and back to the beginning or two years."""
    current = month_start(today)
    return [month for n in range(EARLIEST_MONTHS + 1) if (month := month_start(current, -n)) >= min(month_start(project.starts), month_start(current, -1))]


class PlanForm(forms.Form):
    """A subproject and its curve: one field a month, empty where the plan runs straight on."""

    name = forms.CharField(label="名称", max_length=60, widget=forms.TextInput({"class": "form-control"}), error_messages={"required": "请填名称。"})
    weight = forms.FloatField(label="权重", min_value=0, max_value=100, help_text="各子项目权重之和不必是 100，按比例折算", widget=forms.TextInput(NUMBER), error_messages=WRONG_NUMBER | {"required": "请填权重。"})
    starts = _date("计划开始")
    ends = _date("计划完成")
    reason = _text("调整理由", 200, "例如：县政府会议纪要〔2026〕12号")

    def __init__(self, part: Subproject, data=None, template: str = "") -> None:
        initial = {"name": part.name, "weight": part.weight, "starts": part.starts, "ends": part.ends}
        points = {point.month: point.percent for point in part.plan_points.all()} if part.pk else {}
        starts, ends = self._dates(part, data)
        if template and starts and ends:
            points = dict(s_shaped(starts, ends)) if template == "s" else {}
        self.months = sorted({*(months_between(starts, ends) if starts and ends and starts < ends else []), *points})[:600]
        super().__init__(data, initial=initial | {f"at-{month:%Y-%m}": percent for month, percent in points.items()})
        for month in self.months:
            self.fields[f"at-{month:%Y-%m}"] = forms.FloatField(label=f"{month:%Y年%-m月}", required=False, min_value=0, max_value=100, widget=forms.TextInput(NUMBER), error_messages=WRONG_NUMBER)
        if part.pk:
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = "请写明调整理由，会记入经过。"

    @staticmethod
    def _dates(part: Subproject, data) -> tuple[dt.date | None, dt.date | None]:
        found = []
        for name in ("starts", "ends"):
            try:
                found.append(dt.date.fromisoformat(data[name]) if data and data.get(name) else getattr(part, name))
            except ValueError:
                found.append(None)
        return found[0], found[1]

    @property
    def points(self) -> list[tuple]:
        return [(month, self[f"at-{month:%Y-%m}"]) for month in self.months]

    def said(self) -> list[tuple[dt.date, float]]:
        return [(month, self.cleaned_data[f"at-{month:%Y-%m}"]) for month in self.months if self.cleaned_data[f"at-{month:%Y-%m}"] is not None]


class StandstillForm(forms.Form):
    on = _date("日期")
    because = _text("原因", 200)

    def __init__(self, *args, stopping: bool, **kwargs) -> None:
        super().__init__(*args, initial={"on": timezone.localdate()}, **kwargs)
        self.fields["on"].label = "停工日期" if stopping else "复工日期"
        if stopping:
            self.fields["because"].required = True
            self.fields["because"].error_messages["required"] = "请写明停工原因。"
        else:
            del self.fields["because"]
