"""What people type about rules for the lead unit, and about a text and a place to try them on."""

import re

from django import forms
from django.db.models import Max

from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.cases.rules import RoutingRule
from apps.cases.taxonomy import LEVELS, Category
from apps.cases.workflow_rules import Draft
from apps.cases.workflow_units import handling_units
from apps.organisations.competence import COMPETENCES
from apps.territory.models import AdminArea

STEP = 10
LAST = 9999


def _choosable():
    return Category.objects.exclude(level=1).select_related("parent").order_by("order")


class CategoryField(RowField):
    """Second and third levels, the third set in under its second."""

    def load(self) -> None:
        super().load()
        rows = list(self.rows())
        groups: dict[str, list[tuple[str, str]]] = {}
        for row in rows:
            label = row.label if row.active else f"{row.label}（已停用）"
            groups.setdefault(row.level1, []).append((row.code, label if row.level == 2 else f"　{label}"))
        self.choices = [("", self.empty), *groups.items()]


class RuleForm(RowForm):
    """One rule. What is left empty among the conditions fits everything."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    category = CategoryField(_choosable, empty="不限", label="类别", required=False, widget=SELECT)
    words = PlainText(
        label="内容里有其中一个词", required=False, max_length=400, help_text="用空格或顿号隔开，例如：路灯、灯杆。",
        widget=forms.TextInput(attrs={"class": "form-control"}), error_messages={"max_length": "最多 %(limit_value)d 个字。"},
    )  # fmt: skip
    town = RowField(lambda: AdminArea.objects.towns(), empty="不限", label="在哪个乡镇街道", required=False, widget=SELECT)
    lead = RowField(handling_units, empty="按职能找", label="主办单位", required=False, widget=SELECT)
    lead_competence = forms.ChoiceField(
        label="或者：由承担这项职能的单位主办", choices=[("", "—"), *COMPETENCES.items()], required=False, widget=SELECT,
        help_text="撤并、改名以后规则仍然有用；“属地镇街”是问题所在的乡镇街道。",
    )  # fmt: skip
    co_handlers = forms.MultipleChoiceField(label="会办单位", required=False, widget=forms.SelectMultiple(attrs={"class": "form-select", "size": 6}))
    co_competences = forms.MultipleChoiceField(
        label="由承担这些职能的单位会办", choices=list(COMPETENCES.items()), required=False, widget=forms.SelectMultiple(attrs={"class": "form-select", "size": 6})
    )
    level = forms.ChoiceField(label="分级", choices=[("", "按类别和内容"), *LEVELS], required=False, widget=SELECT)
    order = forms.IntegerField(
        label="次序", min_value=1, max_value=LAST, help_text="小的先问，第一条符合的决定。", widget=forms.NumberInput(attrs={"class": "form-control"}),
        error_messages={"required": "请写次序。", "invalid": "请写整数。", "min_value": "至少是 1。", "max_value": f"最多是 {LAST}。"},
    )  # fmt: skip
    reason = PlainText(
        label="依据", required=False, max_length=200, help_text="例如：三定方案、会议纪要的名称和文号。", widget=forms.TextInput(attrs={"class": "form-control"}),
        error_messages={"max_length": "最多 %(limit_value)d 个字。"},
    )  # fmt: skip

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.units = {unit.code: unit for unit in handling_units()}
        self.fields["co_handlers"].choices = [(code, str(unit)) for code, unit in self.units.items()]
        self.fields["order"].initial = min(LAST, (RoutingRule.objects.aggregate(last=Max("order"))["last"] or 0) + STEP)

    @classmethod
    def of(cls, rule: RoutingRule) -> "RuleForm":
        return cls(initial={
            "version": rule.version, "category": rule.category.code if rule.category else "", "words": "、".join(rule.words),
            "town": rule.town.code if rule.town else "", "lead": rule.lead.code if rule.lead else "", "lead_competence": rule.lead_competence,
            "co_handlers": [unit.code for unit in rule.co_handlers.all()], "co_competences": rule.co_competences, "level": rule.level,
            "order": rule.order, "reason": rule.reason,
        })  # fmt: skip

    def clean_words(self) -> tuple[str, ...]:
        words = tuple(word for word in re.split(r"[\s、，,；;]+", self.cleaned_data["words"]) if word)
        if long := next((word for word in words if len(word) > 20), ""):
            raise forms.ValidationError(f"“{long[:20]}…”太长，一个词最多 20 个字。")
        return words

    def draft(self) -> Draft:
        data = self.cleaned_data
        return Draft(
            order=data["order"], category=data["category"], words=data["words"], town=data["town"], lead=data["lead"],
            lead_competence=data["lead_competence"], co_handlers=tuple(self.units[code] for code in data["co_handlers"]),
            co_competences=tuple(data["co_competences"]), level=data["level"], reason=data["reason"],
        )  # fmt: skip


class TryForm(RowForm):
    """A text, and where: what would become of it."""

    text = PlainText(
        label="内容", max_length=2000, widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
        error_messages={"required": "请写一段要试的内容。", "max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简后再试。"},
    )  # fmt: skip
    category = CategoryField(_choosable, empty="由系统识别", label="类别", required=False, widget=SELECT)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False, error_messages={"invalid": "位置读不出来，请在地图上重新点一下。"})
    lon = forms.FloatField(widget=forms.HiddenInput, required=False, error_messages={"invalid": "位置读不出来，请在地图上重新点一下。"})
