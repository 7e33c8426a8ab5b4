"""What staff type about codes on doors. Errors say what to do; nothing typed is lost."""

from django import forms
from django.contrib.gis.geos import Point
from django.db.models import QuerySet

from apps.accounts.models import User
from apps.record.codes import read_signed
from apps.record.sheets import LAYOUTS
from apps.territory.models import AdminArea, Doorplate
from apps.territory.plate_merging import fault
from apps.territory.plates import Issuer, PlateCode, PrintRun
from apps.territory.workflow import Place

CONTROL = forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
REASON = "例如：牌子丢失、贴错了门。会记进经过。"
WAYS = 5  # doorplates named when an address is not one door


def door_of(text: str) -> Doorplate:
    """The doorplate that a clerk's text means: its number, or an address of exactly one. ValidationError names those it may be."""
    if door := Doorplate.objects.filter(code=text).first():
        return door
    looked_up = Doorplate.objects.at_address(text)
    if looked_up.kind == "exact":
        return looked_up.doorplates[0]
    if not looked_up.doorplates:
        raise forms.ValidationError(f"没有找到门牌“{text}”。请填门牌编号，或写全路名和门牌号。")
    named = "；".join(f"{door.address}（{door.code}）" for door in looked_up.doorplates[:WAYS])
    raise forms.ValidationError(f"“{text}”不能确定是哪一个门牌，请填括号里的编号：{named}")


class SearchForm(forms.Form):
    """The list's filters, all from the address."""

    q = forms.CharField(label="码、地址或门牌编号", max_length=80, required=False)
    status = forms.ChoiceField(label="状态", choices=[("", "全部"), *PlateCode.Status.choices], required=False)
    town = forms.ModelChoiceField(AdminArea.objects.none(), to_field_name="code", required=False)
    batch = forms.IntegerField(min_value=1, required=False)
    printed = forms.ChoiceField(label="印制", choices=[("", "全部"), ("no", "还没印过"), ("yes", "印过")], required=False)

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["town"].queryset = AdminArea.objects.towns().visible_to(user).defer("geom", "geom_3857")


class PlaceForm(forms.Form):
    """Where a code leads: a doorplate, or a point with words."""

    door = forms.CharField(label="门牌", max_length=120, required=False, widget=CONTROL, help_text="门牌编号，或写全地址，例如“人民路12号”")
    words = forms.CharField(label="没有门牌时：地点描述", max_length=200, required=False, widget=CONTROL, help_text="让人找得到，例如“后山脚黄色平房，水井旁”")
    lon = forms.FloatField(label="经度", required=False, min_value=73, max_value=136, widget=forms.HiddenInput)
    lat = forms.FloatField(label="纬度", required=False, min_value=3, max_value=54, widget=forms.HiddenInput)
    reason = forms.CharField(label="原因", max_length=200, widget=CONTROL, help_text=REASON)

    def __init__(self, *args, reasoned: bool = True, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = reasoned
        if not reasoned:
            self.fields["reason"].label, self.fields["reason"].help_text = "说明", ""

    def clean_door(self) -> Doorplate | None:
        text = self.cleaned_data["door"].strip()
        return door_of(text) if text else None

    def clean(self) -> dict:
        data = super().clean()
        if "door" in self.errors:
            return data
        door, words, lon, lat = (data.get(name) for name in ("door", "words", "lon", "lat"))
        if door and words:
            self.add_error("words", "已经填了门牌，请去掉这里的描述，或去掉门牌。")
        elif not door and not words:
            self.add_error("door", "请填门牌；没有门牌的，请写地点描述并在地图上点出位置。")
        elif not door and (lon is None or lat is None):
            self.add_error("words", "请在地图上点出这处住所的位置。")
        data["place"] = Place(door) if door else Place(words=words or "", point=Point(lon, lat, srid=4326) if lon is not None and lat is not None else None)
        return data


class SplitForm(forms.Form):
    """The doorplates that a house became, one a line; the code stays at the first."""

    doors = forms.CharField(
        label="拆分后的门牌，一行一个", max_length=2000, help_text="原码留在第一行的门牌，其余各发一个新码",
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )  # fmt: skip
    reason = forms.CharField(label="原因", max_length=200, widget=CONTROL, help_text=REASON)

    def clean_doors(self) -> list[Place]:
        return [Place(door_of(line.strip())) for line in self.cleaned_data["doors"].splitlines() if line.strip()]


class ReasonForm(forms.Form):
    reason = forms.CharField(label="原因", max_length=200, widget=CONTROL, help_text=REASON)


class LeadOnForm(ReasonForm):
    by = forms.CharField(label="换发成哪个码", max_length=40, widget=CONTROL, help_text="另一个在用的码；扫旧码会转到它")

    field_order = ("by", "reason")

    def clean_by(self) -> str:
        if not (code := read_signed(self.cleaned_data["by"])):
            raise forms.ValidationError("这不是一个门牌码，请核对每一位。")
        return code


SELECT = forms.Select(attrs={"class": "form-select"})
LAYOUT_CHOICES = [(layout.name, layout.label) for layout in LAYOUTS.values()]


class ReprintForm(forms.Form):
    layout = forms.ChoiceField(label="版式", choices=LAYOUT_CHOICES, initial="small", widget=SELECT)
    reason = forms.CharField(label="说明", max_length=200, required=False, widget=CONTROL)


class AreaForm(forms.Form):
    """An area in the user's scope: the county, a town or a village."""

    area = forms.ModelChoiceField(
        AdminArea.objects.none(), label="范围", to_field_name="code", empty_label="请选择", widget=SELECT,
        error_messages={"invalid_choice": "没有这个范围，请重新选。", "required": "请选一个范围。"},
    )  # fmt: skip

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = _areas(user)


def _areas(user: User) -> QuerySet[AdminArea]:
    return AdminArea.objects.filter(level__in=("county", "town", "village")).visible_to(user).order_by("code").defer("geom", "geom_3857")


class PrintForm(AreaForm):
    layout = forms.ChoiceField(label="版式", choices=LAYOUT_CHOICES, widget=SELECT)
    which = forms.ChoiceField(label="哪些码", choices=PrintRun.Which.choices, widget=SELECT)


class IssuerForm(forms.ModelForm):
    class Meta:
        model = Issuer
        fields = ("name", "slug", "pattern", "example", "hung", "active")
        widgets = {"name": CONTROL, "slug": CONTROL, "pattern": CONTROL, "example": CONTROL}
        help_texts = {"pattern": "对上整段文字的正则表达式，编号用 (?P<id>…) 括出，例如 https://mp\\.example\\.gov\\.cn/q\\?c=(?P<id>\\d{16})"}

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].error_messages["unique"] = "这个代号已经用了，请换一个。"
        if self.instance.pk:  # it stands in addresses that others link to
            self.fields["slug"].disabled = True

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if slug != slug.lower() or "_" in slug:
            raise forms.ValidationError("代号只能用小写字母、数字和连字符。")
        if slug == "new":  # its page would be the one that registers another
            raise forms.ValidationError("“new”留作他用，请换一个代号。")
        return slug

    def clean(self) -> dict:
        data = super().clean()
        if data.get("pattern") and data.get("example") and (reason := fault(data["pattern"], data["example"])):
            self.add_error("pattern", reason)
        return data
