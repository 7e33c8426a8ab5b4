"""What a deputy or a clerk types for somebody met, heard at a reception or on the telephone: text first, the place by position, address or map."""

from django import forms

from apps.accounts.models import User
from apps.cases.elsewhere import Elsewhere
from apps.cases.forms import PlainText, text_field
from apps.cases.forms_report import ReportForm
from apps.cases.models import Case
from apps.deputies.reception import ReceptionDay
from apps.territory.lookup import AddressLookup
from apps.territory.models import Doorplate

ABOUT = "about"  # where the address must be, roughly
HEARD = (Case.Channel.VISIT, Case.Channel.STATION, Case.Channel.PHONE, Case.Channel.LETTER)


class EntryForm(ReportForm):
    """代录入. `lookup`: what a typed address could mean, when it was not clear; the person chooses with `door`."""

    name = text_field("姓名或称呼", 30, required=False)
    phone = text_field(
        "联系电话或微信", 60, required=False, help_text="只用来核实情况和告诉结果，只有正在办理的人看得到。"
    )
    hide_name = forms.BooleanField(label="不向承办单位透露姓名", required=False, initial=True)
    channel = forms.ChoiceField(
        label="从哪里听到的", choices=[(channel.value, channel.label) for channel in HEARD], widget=forms.RadioSelect,
        error_messages={"required": "请选一项。", "invalid_choice": "请选一项。"},
    )  # fmt: skip
    overrule = text_field(
        "为什么仍要录入", 200, required=False, help_text="内容像是应由别处受理的，写明理由后照常录入。"
    )
    address = text_field("地址", 120, required=False, help_text="没有定位时写，例如：人民路12号。", autocomplete="off")
    door = PlainText(required=False)
    reception = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages={"invalid": "接待日读不出来，请从接待日页面重新进入。"},
    )
    writer = PlainText(required=False, widget=forms.HiddenInput)
    lookup: AddressLookup | None = None
    user: User | None = None

    def clean_writer(self) -> str:
        """Whose draft it was: one device may have several people, and what one of them wrote is not sent by another."""
        writer = self.cleaned_data["writer"]
        if writer and self.user and writer != str(self.user.pk):
            raise forms.ValidationError("这是另一位登录人写的，请由他登录后录入。")
        return writer

    def overruled(self, led: Elsewhere) -> bool:
        return bool(self.cleaned_data.get("overrule"))

    def clean(self) -> dict:
        data = self.cleaned_data
        if data.get("lat") is None and data.get("lon") is None and not data.get("code") and "lat" not in self._errors:
            self._find(data)
        cleaned = super().clean()
        self.fields["overrule"].required = self.led is not None  # said on the page, too
        if self.lookup is not None and "lat" in self._errors:
            del self._errors["lat"]
            self.add_error("address", self.lookup.advice)
        return cleaned

    def _find(self, data: dict) -> None:
        """The place from what was typed: the one house it names, or the one that was chosen; else `lookup` says what it could be."""
        chosen = (
            Doorplate.objects.active().filter(code=data["door"]).first()
            if data.get("door") not in ("", None, ABOUT)
            else None
        )
        if chosen is None and data.get("address"):
            found = Doorplate.objects.at_address(data["address"])
            if found.kind == "exact":
                chosen = found.doorplates[0]
            elif data.get("door") == ABOUT and found.position:
                data["lon"], data["lat"], data["accuracy"] = (
                    found.position.lon,
                    found.position.lat,
                    str(round(found.position.within_m)),
                )
                data["place"] = data.get("place") or data["address"]
            else:
                self.lookup = found
        if chosen is not None:
            data["lon"], data["lat"], data["doorplate"] = chosen.point.x, chosen.point.y, chosen.code

    def reception_of(self, user) -> ReceptionDay | None:
        """The day it was heard on, if it is one of the user's that has taken place."""
        pk = self.cleaned_data.get("reception")
        return (
            ReceptionDay.objects.visible_to(user).exclude(state=ReceptionDay.State.CALLED_OFF).filter(pk=pk).first()
            if pk
            else None
        )
