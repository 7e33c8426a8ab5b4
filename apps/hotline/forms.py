"""What people type about records: the list's filters, a link, a source."""

import re

from django import forms
from django.contrib.gis.geos import GEOSGeometry

from apps.accounts.models import User
from apps.cases.forms import SELECT, PlainText, RowField, RowForm, text_field
from apps.cases.listing import SEES_BY_SCOPE
from apps.cases.models import Case, Category
from apps.cases.workflow import handling_units
from apps.hotline.models import Source
from apps.territory.county_lattice import on_the_map
from apps.territory.models import AdminArea

WEEKDAYS = [(str(day), f"周{name}") for day, name in enumerate("一二三四五六日")]
LINKS = [("", "不限"), ("none", "没有关联的"), ("proposed", "可能与民情件重复"), ("linked", "已关联民情件"), ("repeat", "重复反映")]
PLACES = [("", "不限"), ("located", "已定位"), ("none", "没有定位")]


class _Several(forms.SelectMultiple):
    def value_from_datadict(self, data, files, name):
        return [value for value in super().value_from_datadict(data, files, name) or () if value]


class FilterForm(RowForm):
    """Kept in the address. What cannot be read is left out and said, so an old link still opens."""

    STATES = [("all", "全部"), ("open", "办理中"), ("late", "已超期"), ("answered", "已答复"), ("closed", "已办结"), ("unsatisfied", "不满意")]

    q = PlainText(label="内容或工单号", required=False, max_length=60)
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)
    source = forms.MultipleChoiceField(label="来源", required=False, widget=_Several)
    category = forms.MultipleChoiceField(label="类别", required=False, widget=_Several)
    town = RowField(lambda: AdminArea.objects.towns(), empty="全部", label="乡镇街道", required=False, widget=SELECT)
    unit = RowField(handling_units, empty="全部", label="承办单位", required=False, widget=SELECT)
    village = PlainText(label="村社", required=False, max_length=12)
    grid = PlainText(label="网格", required=False, max_length=20)
    link = forms.ChoiceField(label="关联", required=False, choices=LINKS)
    place = forms.ChoiceField(label="定位", required=False, choices=PLACES)
    intake = forms.IntegerField(label="接收批次", required=False, min_value=1, max_value=2**31 - 1)
    hour = forms.TypedMultipleChoiceField(label="几点", required=False, coerce=int, choices=[(str(hour), str(hour)) for hour in range(24)], widget=_Several)
    weekday = forms.TypedMultipleChoiceField(label="星期", required=False, coerce=int, choices=WEEKDAYS, widget=_Several)
    since = forms.DateField(label="受理日期从", required=False)
    until = forms.DateField(label="到", required=False)
    bbox = PlainText(label="地图范围", required=False, max_length=120)

    def __init__(self, data, user: User, **options) -> None:
        super().__init__(data, **options)
        if user.role in SEES_BY_SCOPE:
            self.fields["town"].choices = [choice for choice in self.fields["town"].choices if not choice[0] or user.reaches(choice[0])]
        self.sources = {source.code: source for source in Source.objects.all()}
        self.fields["source"].choices = [(code, source.name) for code, source in self.sources.items()]
        categories = list(Category.objects.order_by("order", "pk").values_list("code", "label", "level"))
        self.fields["category"].choices = [(code, label) for code, label, _ in categories]
        asked = set(self["category"].data or ())
        self.categories = [(code, label) for code, label, level in categories if level == 2 or code in asked]

    def clean_source(self) -> list[Source]:
        return [self.sources[code] for code in self.cleaned_data["source"]]

    def clean_bbox(self) -> GEOSGeometry | None:
        """A box or a hexagon of the map."""
        try:
            return on_the_map(text) if (text := self.cleaned_data["bbox"]) else None
        except ValueError:
            raise forms.ValidationError("地图范围读不出来。") from None


class LinkForm(forms.Form):
    """Which case, and why it is the same matter."""

    case = text_field("民情件编号", 30, empty="请填民情件编号，例如 2026-000123。", autocomplete="off")
    reason = text_field("为什么是同一件事", 120, empty="请写明为什么是同一件事。")

    def __init__(self, data=None, *, user: User, **options) -> None:
        super().__init__(data, **options)
        self.user = user

    def clean_case(self) -> Case:
        code = self.cleaned_data["case"].strip().removeprefix("民情件").strip()
        case = Case.objects.visible_to(self.user).filter(code=code).first()
        if case is None:
            raise forms.ValidationError("没有这个编号的民情件，或不在您能看到的范围内。请核对编号。")
        return case


class UnlinkForm(forms.Form):
    reason = text_field("为什么不是同一件事", 120, empty="请写明为什么不是同一件事。")


class OpenCaseForm(forms.Form):
    text = text_field("内容", 2000, rows=6, empty="请写下内容。", help_text="已隐去个人信息。可以改写，补上您了解的情况。")


class SourceForm(forms.ModelForm):
    """A source as people keep it. What its columns mean is settled with its first file."""

    code = forms.CharField(
        label="代码", max_length=30, help_text="用在接口地址里，定了不改：小写字母、数字、短横线，例如 12345。", widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
        error_messages={"required": "请填代码。", "unique": "已经有来源用这个代码，请换一个。"},
    )  # fmt: skip
    name = text_field("名称", 40, empty="请填名称。", help_text="例如：12345热线、县长信箱、东溪镇联络站记录。")
    channel = text_field("渠道", 20, required=False, help_text="表里没有渠道这一列时用，例如：电话、网络留言、走访。")
    folder = text_field("收件文件夹", 60, required=False, help_text="对方程序放文件的文件夹名（在 INTAKE_DIR 之下），收下的文件随即删除，请放副本；不填就不看文件夹。")
    pushers = text_field("可推送的接口密钥", 200, required=False, help_text="“接口密钥”页上的名称，几个之间用顿号隔开；不填就不收推送。")

    class Meta:
        model = Source
        fields = ("code", "name", "kind", "channel", "crs", "folder", "pushers", "is_open")
        widgets = {"kind": SELECT, "crs": SELECT}

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        if self.instance.pk:
            self.initial["pushers"] = "、".join(self.instance.pushers)
            self.fields["code"].disabled = self.fields["kind"].disabled = True
        self.fields["name"].error_messages["unique"] = "已经有来源叫这个名称，请换一个。"
        self.fields["crs"].label = "坐标系"
        self.fields["kind"].choices = Source.Kind.choices

    def clean_code(self) -> str:
        code = self.cleaned_data["code"].strip().lower()
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", code):
            raise forms.ValidationError("只用小写字母、数字和短横线。")
        return code

    def clean_folder(self) -> str:
        folder = self.cleaned_data["folder"].strip()
        if folder and not re.fullmatch(r"[\w-]+", folder):
            raise forms.ValidationError("只写一个文件夹名：文字、数字、短横线，不要斜杠和空格。")
        if folder and Source.objects.filter(folder=folder).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("已经有来源用这个文件夹，请换一个。")
        return folder

    def clean_pushers(self) -> list[str]:
        return [name.strip() for name in re.split("[、,，;；\n]", self.cleaned_data["pushers"]) if name.strip()]


