"""What a briefing is to say: place, period, filters, themes, and whether it may leave the house."""

import datetime as dt

from django import forms
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import Category
from apps.insights.forms_reports import PeriodFields
from apps.insights.report_counting import source_choices
from apps.insights.theme_models import Theme
from apps.insights.workflow_briefings import Wanted

THEMES_OFFERED, MOST_THEMES = 24, 8
LATELY = dt.timedelta(days=90)


class BriefingForm(PeriodFields):
    """Fields in the order in which they are asked."""

    title = forms.CharField(label="标题", max_length=60, required=False, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}), help_text="空着就用区域和时段，例如“2026年10月民情简报”")
    outside = forms.TypedChoiceField(
        label="给谁看", choices=[("inside", "内部：数字齐全，不外传"), ("outside", "可外发：只写已经公开的季度数字")], coerce=lambda value: value == "outside",
        widget=forms.Select(attrs={"class": "form-select"}),
    )  # fmt: skip
    categories = forms.MultipleChoiceField(label="类别", required=False, widget=forms.CheckboxSelectMultiple, help_text="一个都不选就是全部")
    sources = forms.TypedMultipleChoiceField(label="来源", required=False, coerce=int, widget=forms.CheckboxSelectMultiple, help_text="一个都不选就是全部")
    themes = forms.TypedMultipleChoiceField(label="热点主题", required=False, coerce=int, widget=forms.CheckboxSelectMultiple, help_text=f"最多 {MOST_THEMES} 个；近三个月有人说的，说得多的在前")

    field_order = ("area", "period", "on", "since", "until", "outside", "themes", "categories", "sources", "title")

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["categories"].choices = list(Category.objects.filter(level=1).order_by("order").values_list("code", "label"))
        self.fields["sources"].choices = source_choices()
        today = timezone.localdate()
        themes = Theme.objects.standing().visible_to(user).with_voices(user, since=today - LATELY, until=today).filter(lately__gt=0).order_by("-lately", "-here", "pk")
        self.fields["themes"].choices = [(theme.pk, f"{theme.name}（近三个月 {theme.lately} 件）") for theme in themes.only("name")[:THEMES_OFFERED]]

    def clean_themes(self) -> list[int]:
        themes = self.cleaned_data["themes"]
        if len(themes) > MOST_THEMES:
            raise forms.ValidationError(f"最多选 {MOST_THEMES} 个主题，现在选了 {len(themes)} 个。请去掉几个，或分成两份简报。")
        return themes

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].replace("\x00", "").split())

    def wanted(self) -> Wanted:
        cleaned, area = self.cleaned_data, self.area_chosen
        period = self.asked_period(timezone.localdate())
        title = cleaned["title"] or f"{area.name}{period.label}民情简报"[:60]
        return Wanted(title, area, period, cleaned["categories"], cleaned["sources"], cleaned["themes"], cleaned["outside"])
