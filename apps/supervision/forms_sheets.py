"""A rating sheet as it is typed: its name, what it is for, and up to twelve indicators in order."""

from django import forms

from apps.deputies.models import Field
from apps.supervision.forms_visits import SELECT, words
from apps.supervision.rating_sheets import Indicator, RatingSheet
from apps.supervision.topics import Topic
from apps.supervision.workflow_sheets import Line, Wanted

MOST_LINES = 12


class SheetForm(forms.Form):
    """Lines are `label-<n>`, `hint-<n>`, `scale-<n>`; empty ones are left out. sheet: the one that is followed, whose purpose stays."""

    name = words("名称", 40, empty="请写名称。")
    topic_kind = forms.ChoiceField(label="用于", required=False, choices=[("", "各类事项"), *Topic.Kind.choices], widget=forms.Select(attrs=SELECT))
    field = forms.ModelChoiceField(Field.objects.all(), label="领域", required=False, empty_label="各领域", widget=forms.Select(attrs=SELECT))

    def __init__(self, *args, sheet: RatingSheet | None = None, **options) -> None:
        super().__init__(*args, **options)
        self.sheet = sheet
        if sheet:
            del self.fields["topic_kind"], self.fields["field"]

    @classmethod
    def of(cls, sheet: RatingSheet | None) -> "SheetForm":
        typed = {"name": sheet.name} if sheet else {}
        for number, indicator in enumerate(sheet.indicators.all() if sheet else (), 1):
            typed |= {f"label-{number}": indicator.label, f"hint-{number}": indicator.hint, f"scale-{number}": indicator.scale}
        return cls(sheet=sheet, initial=typed)

    def lines(self) -> list[dict]:
        """Every line of the page, the empty ones too, as typed."""
        typed = self.data if self.is_bound else self.initial
        return [
            {"number": n, "label": typed.get(f"label-{n}", ""), "hint": typed.get(f"hint-{n}", ""), "scale": typed.get(f"scale-{n}", "score")}
            for n in range(1, MOST_LINES + 1)
        ]

    def clean(self) -> dict:
        self.made = []
        for line in self.lines():
            label, hint = line["label"].strip(), line["hint"].strip()
            if not label and hint:
                self.add_error(None, f"第 {line['number']} 行有说明，没有写指标。")
            if len(label) > 30 or len(hint) > 80:
                self.add_error(None, f"第 {line['number']} 行太长：指标最多 30 个字，说明最多 80 个字。")
            elif label:
                self.made.append(Line(label, hint, line["scale"] if line["scale"] in Indicator.Scale.values else Indicator.Scale.SCORE))
        labels = [line.label for line in self.made]
        if not labels:
            self.add_error(None, "请至少写一个指标。")
        if len(set(labels)) < len(labels):
            self.add_error(None, "有两个指标写得一样，请改一个。")
        return super().clean()

    def wanted(self) -> Wanted:
        data = self.cleaned_data
        return Wanted(data["name"], data.get("topic_kind", ""), data.get("field"), tuple(self.made))
