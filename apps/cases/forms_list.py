"""What people type around the work list: its filters, a saved search, a move for many at once."""

from django import forms
from django.contrib.gis.geos import GEOSGeometry

from apps.accounts.models import User
from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.cases.listing import SEES_BY_SCOPE
from apps.cases.models import Case, Category
from apps.cases.workflow import handling_units
from apps.organisations.models import Organisation
from apps.territory.county_lattice import on_the_map
from apps.territory.models import AdminArea

DATE = {"invalid": "日期请写成 2026-03-14 这样。"}


class _SeveralChoices(forms.SelectMultiple):
    def value_from_datadict(self, data, files, name):
        return [value for value in super().value_from_datadict(data, files, name) or () if value]


class FilterForm(RowForm):
    """The work list's filters, kept in the address. What cannot be read is left out and said, so an old link still opens."""

    STATES = [
        ("mine", "等我办理"),
        ("open", "未办完"),
        *Case.State.choices,
        ("counted", "全部，不重复计"),
        ("all", "全部"),
    ]
    MARKS = [
        ("", "不限"),
        ("overseen", "督办"),
        ("reminded", "催办过"),
        ("paused", "等反映人补充"),
        ("reopened", "重办"),
        ("joint", "联席会议"),
        ("unsatisfied", "反映人不满意"),
    ]

    q = PlainText(label="内容或编号", required=False, max_length=60)
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)
    category = forms.MultipleChoiceField(label="类别", required=False, widget=_SeveralChoices)
    town = RowField(lambda: AdminArea.objects.towns(), empty="全部", label="乡镇街道", required=False, widget=SELECT)
    village = PlainText(label="村社", required=False, max_length=12)
    grid = PlainText(label="网格", required=False, max_length=20)
    unit = RowField(
        lambda: Organisation.objects.filter(handles_cases=True).order_by("name"),
        empty="全部",
        label="承办单位",
        required=False,
        widget=SELECT,
    )
    deputy = PlainText(label="受理代表", required=False, max_length=30)
    channel = forms.MultipleChoiceField(
        label="渠道", required=False, choices=Case.Channel.choices, widget=_SeveralChoices
    )
    mark = forms.ChoiceField(label="标记", required=False, choices=MARKS)
    reception = forms.IntegerField(label="接待日", required=False, min_value=1, max_value=2**31 - 1)
    late = forms.ChoiceField(
        label="期限",
        required=False,
        choices=[("", "不限"), ("soon", "快到期"), ("late", "已超期"), ("very_late", "严重超期")],
    )
    hour = forms.TypedMultipleChoiceField(
        label="几点",
        required=False,
        coerce=int,
        choices=[(str(hour), str(hour)) for hour in range(24)],
        widget=_SeveralChoices,
    )
    weekday = forms.TypedMultipleChoiceField(
        label="星期",
        required=False,
        coerce=int,
        choices=[(str(day), f"周{name}") for day, name in enumerate("一二三四五六日")],
        widget=_SeveralChoices,
    )
    since = forms.DateField(label="提交日期从", required=False)
    until = forms.DateField(label="到", required=False)
    bbox = PlainText(label="地图范围", required=False, max_length=120)
    sort = forms.ChoiceField(
        label="排序",
        required=False,
        choices=[
            ("", "要办的按期限，其余按时间"),
            ("due", "期限近的在前"),
            ("oldest", "早提交的在前"),
            ("newest", "新提交的在前"),
        ],
    )

    def __init__(self, data, user: User, **options) -> None:
        super().__init__(data, **options)
        if user.role in SEES_BY_SCOPE:
            self.fields["town"].choices = [
                choice for choice in self.fields["town"].choices if not choice[0] or user.reaches(choice[0])
            ]
        categories = list(Category.objects.order_by("level", "order", "pk").values_list("code", "label", "level"))
        self.fields["category"].choices = [(code, label) for code, label, _ in categories]
        asked = set(self["category"].data or ())
        self.categories = [(code, label) for code, label, level in categories if level == 2 or code in asked]

    def clean_bbox(self) -> GEOSGeometry | None:
        """A box or a hexagon of the map."""
        try:
            return on_the_map(text) if (text := self.cleaned_data["bbox"]) else None
        except ValueError:
            raise forms.ValidationError("地图范围读不出来。") from None


class SaveFilterForm(forms.Form):
    """A name for the search that is on the screen."""

    name = PlainText(label="名称", max_length=20, error_messages={"required": "请给这组条件起个名字。", "max_length": "名称最多 20 个字。"},
                     widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}))  # fmt: skip
    query = PlainText(
        required=False,
        max_length=600,
        widget=forms.HiddenInput,
        error_messages={"max_length": "条件太长，存不下，请减少几项。"},
    )


class ManyForm(RowForm):
    """One move for all that are ticked."""

    note = PlainText(
        label="说明",
        required=False,
        max_length=500,
        error_messages={"max_length": "说明最多 500 个字，现在有 %(show_value)d 个。"},
    )
    unit = RowField(handling_units, empty="请选择", label="承办单位", required=False, widget=SELECT)
