"""What people type about a case: a report, a move, a code. Errors say what to do; nothing typed is lost."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from django import forms
from django.contrib.gis.geos import Point
from django.db.models import QuerySet
from django.utils import timezone

from apps.cases.models import Category
from apps.cases.recipients import ADDRESSEE, LOCAL, Recipient, recipient
from apps.matching.borders import UNSURE, BorderNotice, border_notice
from apps.matching.doors import read_door
from apps.matching.finding import FoundDeputy, OutsideCounty, Place, find_at
from apps.record.codes import read_code
from apps.territory.models import Doorplate

# Invisible characters that change how a text reads (direction overrides) or that the database refuses (NUL).
INVISIBLE = dict.fromkeys([*range(0x09), *range(0x0B, 0x20), 0x7F, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
LONGEST_CODE = 120
FARTHEST_ACCURACY = 100_000.0  # metres
DOORPLATE_REACH = 0.0005  # degrees, about 50 m: a pin moved further is no longer at that door


SELECT = forms.Select(attrs={"class": "form-select"})


class PlainText(forms.CharField):
    """Text as typed, with one kind of line end and without invisible control characters."""

    def to_python(self, value):
        text = super().to_python(str(value).replace("\r\n", "\n").replace("\r", "\n").translate(INVISIBLE) if value else value)
        return "" if text in self.empty_values else text


class RowField(forms.TypedChoiceField):
    """One row out of few, chosen by its code; all are read once, so that no typed text reaches the database."""

    def __init__(self, rows: Callable[[], QuerySet], *, group: str = "", empty: str = "", **options) -> None:
        self.rows, self.group, self.empty = rows, group, empty
        messages = {"invalid_choice": "没有这一项，请重新选。", "required": "请选一项。"}
        super().__init__(empty_value=None, error_messages=messages, **options)

    def load(self) -> None:
        """Read the rows; each form calls it for its own copy of the field."""
        rows = list(self.rows())
        found = {row.code: row for row in rows}
        choices = [(row.code, str(row)) for row in rows]
        if self.group:
            named = [(getattr(row, self.group), (row.code, str(row))) for row in rows]
            choices = [(name, [choice for _, choice in pairs]) for name, pairs in groupby(named, key=lambda pair: pair[0])]
        self.coerce = found.__getitem__
        self.choices = [("", self.empty), *choices] if not self.required or self.empty else choices


class RowForm(forms.Form):
    """A form whose row fields are filled when it is made."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, RowField):
                field.load()


def text_field(label: str, length: int, *, rows: int = 0, required: bool = True, help_text: str = "", empty: str = "", **attrs) -> PlainText:
    kind = forms.Textarea if rows else forms.TextInput
    widget = kind(attrs={"class": "form-control", **({"rows": rows} if rows else {}), **attrs})
    messages = {"max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简后再提交。", "required": empty}
    return PlainText(label=label, max_length=length, required=required, help_text=help_text, widget=widget, error_messages=messages)


class PlaceForm(RowForm):
    """A point, and the door it belongs to: hidden fields that the map fills, or the code on the door; near a border, which side."""

    lat = forms.FloatField(label="位置", widget=forms.HiddenInput, required=False, error_messages={"invalid": "位置读不出来，请在地图上重新点一下。"})
    lon = forms.FloatField(widget=forms.HiddenInput, required=False, error_messages={"invalid": ""})
    doorplate = PlainText(required=False, widget=forms.HiddenInput)
    accuracy = PlainText(required=False, widget=forms.HiddenInput)
    datum = PlainText(required=False, widget=forms.HiddenInput)
    code = PlainText(required=False, widget=forms.HiddenInput)
    to = PlainText(required=False, widget=forms.HiddenInput)
    side = PlainText(required=False)
    recipient = PlainText(required=False)

    def clean(self) -> dict:
        data = super().clean()
        self.scanned = read_door(data["code"][:LONGEST_CODE]) if data.get("code") else None
        if self.scanned and not self.data.get("lat") and not self.data.get("lon"):
            data["lon"], data["lat"] = self.scanned.point.coords
        lat, lon = data.get("lat"), data.get("lon")
        if lat is None or lon is None:
            self._errors.pop("lon", None)
            if "lat" not in self._errors:
                self.add_error("lat", "请在地图上点一下问题发生的位置。")
        elif not (-90 <= lat <= 90 and -180 <= lon <= 180):
            self.add_error("lat", "位置读不出来，请在地图上重新点一下。")
        return data

    def door(self) -> Doorplate | None:
        """The door that was named or scanned, if the pin is still there."""
        data = self.cleaned_data
        door = Doorplate.objects.active().filter(code=data["doorplate"]).first() if data.get("doorplate") else None
        door = door or (self.scanned.doorplate if self.scanned else None)
        return door if door and self._at(door.point) else None

    def door_words(self) -> str:
        """What stands at a scanned house that has no doorplate, if the pin is still there."""
        return self.scanned.words if self.scanned and self._at(self.scanned.point) else ""

    def accuracy_m(self) -> float | None:
        """Metres by which the position may be wrong; a door's is good, and so is a pin set by hand."""
        try:
            metres = float(self.cleaned_data.get("accuracy") or "nan")
        except ValueError:
            return None
        return min(metres, FARTHEST_ACCURACY) if metres > 0 and math.isfinite(metres) and not self.door() and not self.door_words() else None

    @cached_property
    def settled(self) -> "Settled":
        """What lies at the pin, and who a report goes to; of a form that is valid. Raises OutsideCounty."""
        data = self.cleaned_data
        place = find_at(data["lon"], data["lat"], on=timezone.localdate(), doorplate=self.door(), accuracy=self.accuracy_m())
        chosen = place.side(data.get("side", ""))
        goes_to = recipient(place, chosen, data.get("to", ""))
        return Settled(place, border_notice(place), data.get("side", ""), goes_to, data.get("recipient", ""), self.door_words())

    @classmethod
    def understood(cls, given: Mapping[str, str]) -> tuple["Settled | None", str]:
        """What lies at the pin of these parameters, or why nothing does."""
        form = cls(given)
        if not form.is_valid():
            return None, form.errors["lat"][0]
        try:
            return form.settled, ""
        except OutsideCounty as refusal:
            return None, str(refusal)

    def _at(self, point: Point) -> bool:
        return max(abs(point.x - self.cleaned_data["lon"]), abs(point.y - self.cleaned_data["lat"])) <= DOORPLATE_REACH


def coordinate(degrees: float) -> str:
    """As it stands in addresses and hidden fields: six decimals are 0.1 m."""
    return f"{degrees:.6f}"


@dataclass(frozen=True, eq=False)
class Settled:
    """What lies at the pin: the place, the border beside it and the side that was chosen, who the report goes to, what was chosen of that."""

    place: Place
    border: BorderNotice | None
    side: str
    recipient: Recipient
    chosen: str
    door_words: str

    @property
    def first(self) -> FoundDeputy | None:
        """Who gets it as things stand."""
        return self.recipient.local if self.chosen == LOCAL and self.recipient.elsewhere else self.recipient.first

    @property
    def side_lost(self) -> bool:
        """A side was chosen that is not there any more, since the pin was moved."""
        known = {one.key for one in self.border.sides} | {UNSURE} if self.border else set()
        return bool(self.side) and bool(known) and self.side not in known

    @property
    def undecided(self) -> bool:
        """It is for a deputy who does not serve the place, and nobody has said whether it shall go to him all the same."""
        return self.recipient.elsewhere and self.chosen not in (ADDRESSEE, LOCAL)


class CategoryForm(RowForm):
    """What a case is about. current: what it is said to be now, though that may be offered no more."""

    category = RowField(lambda: Category.objects.offered(), group="level1", label="类别", widget=SELECT)

    def __init__(self, *args, current: Category | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["category"]
        if current is None or not current.active:
            field.choices = [("", f"{current}（已停用）" if current else "请选择"), *field.choices]


class CodeForm(forms.Form):
    """A follow code, however it is typed."""

    code = PlainText(label="查询码", max_length=200, error_messages={"required": "请输入查询码。", "max_length": "查询码没有这么长，请看清后再输。"},
                     widget=forms.TextInput(attrs={"class": "form-control code", "autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}))  # fmt: skip

    def read(self) -> str | None:
        """The code in what was typed; a pasted address or “查询码：…” is no obstacle."""
        last = self.cleaned_data["code"].rstrip("/").rpartition("/")[2]
        return read_code("".join(ch for ch in last if not "\u4e00" <= ch <= "\u9fff"))
