"""What people type when they report, and when they join a report that is there already."""

import uuid
from collections.abc import Iterable

from django import forms
from django.core.files.uploadedfile import UploadedFile

from apps.cases.elsewhere import Elsewhere, elsewhere
from apps.cases.forms import SELECT, PlaceForm, PlainText, RowField, text_field
from apps.cases.models import Case, Category, Rating, Reporter
from apps.cases.reports import MOST_PHOTOS
from apps.cases.workflow import Report
from apps.cases.workflow_ratings import LONGEST_WORDS
from apps.matching.datum import UNDO as SHIFTED
from apps.matching.finding import OutsideCounty
from apps.record.files import Photo, UploadRefused

MOST_TEXT, MOST_JOINING = 2000, 500  # characters


class SentOnce(forms.Form):
    """What is sent once however often it arrives: it has a number from the page, and photos that are kept under that number."""

    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)
    accepted: tuple[Photo, ...] = ()
    photo_error = ""

    def clean_submission(self) -> uuid.UUID:
        return self.cleaned_data["submission"] or uuid.uuid4()

    def accepts(self, uploads: Iterable[UploadedFile], by=None) -> bool:
        """Whether all photos could be taken, of a form that is valid; else why not stands in `photo_error`. by: None for a resident."""
        try:
            photos = Photo.objects.accept_all(uploads, by=by, submission=str(self.cleaned_data["submission"]), most=MOST_PHOTOS)
        except UploadRefused as refusal:
            self.photo_error = str(refusal)
            self.add_error(None, self.photo_error)
            return False
        self.accepted = tuple(photos)
        return True


class ReportForm(SentOnce, PlaceForm):
    """反映问题: what, where, and how to tell the reporter."""

    via = PlainText(required=False, widget=forms.HiddenInput)
    text = text_field("什么问题", MOST_TEXT, rows=6, help_text="什么事、有多久了、希望怎么办。请不要写身份证号、银行卡号。", empty="请写下要反映的问题。")
    category = RowField(
        lambda: Category.objects.offered(), group="level1", empty="不确定，由工作人员来分", label="属于哪一类", required=False, widget=SELECT
    )
    place = text_field("地点补充说明", 120, required=False, help_text="例如：菜场东门口、3 幢楼下。")
    name = text_field("怎么称呼您", 30, required=False, autocomplete="name")
    phone = text_field("联系电话或微信", 60, required=False, help_text="只用来核实情况和告诉您结果，只有正在办理的人看得到。", autocomplete="tel")
    hide_name = forms.BooleanField(label="不向承办单位透露我的姓名", required=False, initial=True)
    not_urgent = forms.BooleanField(label="不是正在发生的紧急情况，仍要反映", required=False)
    led: Elsewhere | None = None  # where its words point to, if not here

    def clean(self) -> dict:
        """What was chosen must still be there to be chosen: the pin may have been moved since. What belongs elsewhere is not taken."""
        data = super().clean()
        self.led = elsewhere(data["text"]) if data.get("text") else None
        if self.led and not self.overruled(self.led):
            self.add_error("text", self.led.door.why)
        if data.get("lat") is None or data.get("lon") is None or "lat" in self._errors:
            return data
        try:
            settled = self.settled
        except OutsideCounty as refusal:
            self.add_error("lat", str(refusal))
            return data
        if settled.side_lost:
            self.add_error("lat", "位置变了，请重新选您登记的选区。")
        if settled.undecided:
            self.add_error("lat", f"{settled.recipient.addressee.deputy.name}代表不在这个位置的选区，请选交给谁。")
        return data

    def overruled(self, led: Elsewhere) -> bool:
        """Whether it is to be taken all the same. Only he knows whether it is happening now; what is a court case he need not know."""
        return led.urgent and self.cleaned_data["not_urgent"]

    def answer_with(self, other: forms.Form) -> None:
        """Show another form's errors instead of its own: what was written was meant for that one."""
        self.full_clean()
        self._errors.clear()
        for name, errors in other.errors.items():
            self.add_error(name if name in self.fields else None, errors)

    def report(self, channel: str) -> Report:
        data, settled = self.cleaned_data, self.settled
        return Report(
            submission=data["submission"], text=data["text"], lon=data["lon"], lat=data["lat"], channel=channel,
            place=data["place"] or settled.door_words[:120], doorplate=settled.place.doorplate, category=data["category"],
            reporter=Reporter(data["name"], data["phone"]), hide_name=data["hide_name"], accuracy=settled.place.accuracy,
            datum=data["datum"] if data["datum"] in SHIFTED and not settled.place.doorplate else "", side=data["side"],
            scanned=self.scanned.code if self.scanned else "", to=data["to"] if settled.first is settled.recipient.addressee else "",
            photos=self.accepted, overruled=self.led, why=data.get("overrule", ""),
        )  # fmt: skip

    def resident_channel(self) -> str:
        return Case.Channel.SCAN if self.scanned or self.cleaned_data["via"] == "scan" else Case.Channel.WEB


class JoinForm(SentOnce):
    """我也遇到: what was written becomes a word more on the case that is there already."""

    join = PlainText(max_length=200)
    text = text_field("什么问题", MOST_JOINING, required=False)
    name = text_field("怎么称呼您", 30, required=False)
    phone = text_field("联系电话或微信", 60, required=False)

    def reporter(self) -> Reporter:
        return Reporter(self.cleaned_data["name"], self.cleaned_data["phone"])


class RatingForm(forms.Form):
    """满意吗: the outcome, the deputy's service, and why."""

    MISSING = {"required": "请选一项。", "invalid_choice": "请选一项。"}

    outcome = forms.ChoiceField(label="您反映的问题，办理结果满意吗？", choices=Rating.Score.choices, error_messages=MISSING)
    service = forms.ChoiceField(label="代表的服务满意吗？", choices=Rating.Score.choices, required=False, error_messages=MISSING)
    words = text_field("想说的话", LONGEST_WORDS, rows=3, required=False)


class SupplyForm(forms.Form):
    """What the reporter was asked for. of: which part of a case that was split; photos: how many came with it."""

    of = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    words = text_field("您的补充", 1000, rows=4, required=False, help_text="写几句，或者拍张照片。")

    def __init__(self, *args, photos: int = 0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.photos = photos

    def clean_words(self) -> str:
        if not self.cleaned_data["words"] and not self.photos:
            raise forms.ValidationError("请写下补充的内容，或选一张照片。")
        return self.cleaned_data["words"]


class WithdrawForm(forms.Form):
    words = text_field("为什么撤回", LONGEST_WORDS, required=False)
