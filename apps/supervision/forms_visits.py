"""What people type about visits: a plan, an inspection's arrangements, the record, filters. Errors say what to do; nothing typed is lost."""

import datetime as dt
import math
import uuid
from collections.abc import Sequence

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.accounts.models import User
from apps.cases.forms import FARTHEST_ACCURACY, PlainText
from apps.deputies.models import Deputy, Group
from apps.matching.datum import NAMES, WGS84
from apps.organisations.models import Organisation
from apps.record.files import MOST, Photo, UploadRefused
from apps.supervision.findings import Finding
from apps.supervision.on_site import Position
from apps.supervision.rating_sheets import Indicator, RatingSheet
from apps.supervision.topics import Topic
from apps.supervision.visit_records import Inspection, Presence, Raised, Record
from apps.supervision.visits import Visit
from apps.supervision.workflow_visits import OLDEST

MOST_FINDINGS = 5
CHINA = (73.0, 3.0, 136.0, 54.0)
CONTROL, SELECT = {"class": "form-control"}, {"class": "form-select"}


def words(label: str, length: int, *, rows: int = 0, required: bool = True, help_text: str = "", empty: str = "", **attrs) -> PlainText:
    kind = forms.Textarea if rows else forms.TextInput
    widget = kind(attrs={**CONTROL, **({"rows": rows} if rows else {}), **attrs})
    messages = {"max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简。", "required": empty}
    return PlainText(label=label, max_length=length, required=required, help_text=help_text, widget=widget, error_messages=messages)


def day(label: str, *, required: bool = True, **attrs) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={**CONTROL, "type": "date", **attrs})
    return forms.DateField(label=label, required=required, widget=widget, error_messages={"invalid": "日期读不出来，请重新选。", "required": "请选日期。"})


class SubmissionField(forms.UUIDField):
    """The number that a page is made with: what is sent with it is taken in once. A page that lost it gets a new one."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=forms.HiddenInput)

    def clean(self, value: str) -> uuid.UUID:
        try:
            return super().clean(value) or uuid.uuid4()
        except forms.ValidationError:
            return uuid.uuid4()


class PresenceForm(forms.Form):
    """A check-in: hidden fields that the phone fills, or the reason why it did not."""

    at = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-kept": ""}))
    lat = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"data-kept": ""}))
    lon = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"data-kept": ""}))
    accuracy = forms.FloatField(required=False, widget=forms.HiddenInput(attrs={"data-kept": ""}))
    datum = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-kept": ""}))
    reason = words("没有定位的原因", 120, required=False, help_text="定不了位才填，例如“山区没有信号”。", empty="")

    def presence(self) -> Presence | None:
        """None when there is neither a position nor a reason. Of a form that is valid."""
        data = self.cleaned_data
        at = _moment(data.get("at", "")) or timezone.now()
        lon, lat = data.get("lon"), data.get("lat")
        if lon is not None and lat is not None and CHINA[0] <= lon <= CHINA[2] and CHINA[1] <= lat <= CHINA[3]:
            accuracy = data.get("accuracy")
            known = accuracy is not None and math.isfinite(accuracy) and accuracy > 0
            datum = data.get("datum") if data.get("datum") in NAMES else WGS84
            return Presence(at, Position(lon, lat, min(accuracy, FARTHEST_ACCURACY) if known else None, datum))
        return Presence(at, None, data["reason"].strip()) if data.get("reason", "").strip() else None


def _moment(text: str) -> dt.datetime | None:
    try:
        read = parse_datetime(text)
    except ValueError:
        return None
    return read if read is None or read.tzinfo else timezone.make_aware(read)


class RecordForm(PresenceForm):
    """What was seen: `rating-<indicator>`, `photos`, and up to five findings `finding-<n>-text`, `-severity`, `-photos`.

    visit: the planned one that is recorded, None for a look that was not planned (then `topic` is asked). signed_in: no check-in is
    needed. writer: whose draft it was; another's is not taken.
    """

    submission = SubmissionField()
    writer = forms.CharField(required=False, widget=forms.HiddenInput)
    topic = forms.CharField(label="看的是哪一项", widget=forms.Select(attrs=SELECT), error_messages={"required": "请选看的是哪一项。"})
    visited_on = day("走访日期")
    text = words("看到的情况", 4000, rows=6, empty="请写下看到的情况，几句话就可以。", help_text="到哪看了、干到什么程度、群众怎么说。可以用键盘上的语音输入。")

    def __init__(self, data=None, files=None, *, user: User, visit: Visit | None = None, signed_in: bool = False, topics: Sequence[Topic] = (), **options) -> None:
        self.user, self.visit, self.signed_in, self.topics = user, visit, signed_in, topics
        super().__init__(data, files, **options)
        today = timezone.localdate()
        self.fields["visited_on"].widget.attrs |= {"max": f"{today:%Y-%m-%d}", "min": f"{today - OLDEST:%Y-%m-%d}"}
        if visit:
            del self.fields["topic"]
        else:
            self.fields["topic"].widget.choices = [("", "请选择"), *((str(topic.pk), topic.title) for topic in topics)]

    def clean(self) -> dict:
        data = super().clean()
        if data.get("writer") and data["writer"] != str(self.user.pk):
            raise forms.ValidationError("这份草稿是用另一个账号写的，没有收。请用写的人的账号登录后提交。")
        self.chosen = self.visit.topic if self.visit else self._topic(data.get("topic", ""))
        self.sheet = RatingSheet.objects.for_topic(self.chosen) if self.chosen else None
        self.given = self.presence()
        if not self.signed_in and self.given is None:
            self.add_error("reason", "请先点“现场签到”取得位置；定不了位的，写明原因。")
        self.ratings = self._ratings()
        self.photos = self._accepted("photos", MOST)
        self.findings = self._findings()
        return data

    def _topic(self, typed: str) -> Topic | None:
        found = Topic.objects.settled().with_facts().filter(pk=int(typed)).first() if typed.isdecimal() and len(typed) < 10 else None
        if found is None and typed:
            self.add_error("topic", "没有这一项，请重新选。")
        return found

    def _ratings(self) -> dict[int, int]:
        """Of the sheet in use; answers to lines that it no longer has are kept under their own indicator's sheet, see `Record.sheet`."""
        asked = {name.removeprefix("rating-"): value for name, value in self.data.items() if name.startswith("rating-") and value}
        wanted = [int(pk) for pk in asked if pk.isdecimal() and len(pk) < 10]
        found = list(Indicator.objects.filter(pk__in=wanted).select_related("sheet"))
        if found:  # the page may have been made with the version before
            self.sheet = found[0].sheet
        return {each.pk: int(asked[str(each.pk)]) for each in found if each.sheet_id == self.sheet.pk and asked[str(each.pk)] in {choice.value for choice in each.choices()}}

    def _findings(self) -> tuple[Raised, ...]:
        raised = []
        for number in range(MOST_FINDINGS):
            text = PlainText(required=False).clean(self.data.get(f"finding-{number}-text", "")).strip()
            severity = self.data.get(f"finding-{number}-severity", "")
            if not text:
                if self.files.getlist(f"finding-{number}-photos"):
                    self.add_error(None, f"第 {number + 1} 个问题有照片，还没有写是什么问题。")
                continue
            if len(text) > 2000:
                self.add_error(None, f"第 {number + 1} 个问题最多 2000 个字，现在有 {len(text)} 个，请精简。")
            if severity not in {str(value) for value in Finding.Severity.values}:
                self.add_error(None, f"请选第 {number + 1} 个问题的程度。")
                continue
            raised.append(Raised(text, int(severity), tuple(self._accepted(f"finding-{number}-photos", MOST))))
        return tuple(raised)

    def _accepted(self, name: str, most: int) -> list[Photo]:
        uploads: list[UploadedFile] = self.files.getlist(name)
        try:
            return Photo.objects.accept_all(uploads, by=self.user, submission=str(self.cleaned_data.get("submission", "")), most=most)
        except UploadRefused as refusal:
            self.add_error(None, str(refusal))
            return []

    def record(self) -> Record:
        data = self.cleaned_data
        return Record(
            submission=data["submission"], text=data["text"], visited_on=data["visited_on"], sheet=self.sheet, ratings=self.ratings,
            photos=tuple((photo, "") for photo in self.photos), findings=self.findings, presence=None if self.signed_in else self.given,
        )  # fmt: skip

    def written(self) -> list[dict]:
        """The finding blocks as they were typed, for the page."""
        return [
            {"number": number, "text": self.data.get(f"finding-{number}-text", ""), "severity": self.data.get(f"finding-{number}-severity", "")}
            for number in range(MOST_FINDINGS)
        ]


class PlanForm(forms.Form):
    submission = SubmissionField()
    topic = forms.CharField(label="看哪一项", widget=forms.Select(attrs=SELECT), error_messages={"required": "请选看哪一项。"})
    planned_on = day("哪天去")
    agenda = words("打算看什么", 1000, rows=3, required=False)

    def __init__(self, *args, topics: Sequence[Topic] = (), **options) -> None:
        super().__init__(*args, **options)
        self.topics = {str(topic.pk): topic for topic in topics}
        self.fields["topic"].widget.choices = [("", "请选择"), *((pk, topic.title) for pk, topic in self.topics.items())]
        self.fields["planned_on"].widget.attrs |= {"min": f"{timezone.localdate():%Y-%m-%d}"}

    def clean_topic(self) -> Topic:
        topic = self.topics.get(self.cleaned_data["topic"])
        if topic is None:
            raise forms.ValidationError("没有这一项，请重新选。")
        return topic


class InspectionForm(PlanForm):
    """What the office arranges. Deputies and units are chosen by ticking; scripts add a field to find them by name."""

    name = words("视察名称", 60, empty="请写名称，例如“城乡污水处理项目视察”。")
    planned_at = forms.TimeField(label="集合时间", required=False, widget=forms.TimeInput(format="%H:%M", attrs={**CONTROL, "type": "time"}), error_messages={"invalid": "时间读不出来，请按 09:00 这样写。"})
    meeting_place = words("集合地点", 80, required=False)
    agenda = words("议程", 1000, rows=4, required=False, help_text="一行一项，通知里会带上。")
    deputies = forms.ModelMultipleChoiceField(Deputy.objects.none(), label="参加代表", widget=forms.CheckboxSelectMultiple, error_messages={"required": "请至少选一位参加的代表。", "invalid_choice": "有一位代表已经不在任，请重新选。", "invalid_pk_value": "名单读不出来，请重新选。"})
    leader = forms.ModelChoiceField(Deputy.objects.none(), label="带队代表", widget=forms.Select(attrs=SELECT), empty_label="请选择", error_messages={"required": "请选带队代表。", "invalid_choice": "带队代表请从在任代表里选。"})
    group = forms.ModelChoiceField(Group.objects.none(), label="算作哪个代表小组的活动", required=False, widget=forms.Select(attrs=SELECT), empty_label="不算小组活动", error_messages={"invalid_choice": "没有这个小组，请重新选。"})
    accompanying = forms.ModelMultipleChoiceField(Organisation.objects.none(), label="陪同单位", required=False, widget=forms.CheckboxSelectMultiple, error_messages={"invalid_choice": "有一个单位已经不在，请重新选。", "invalid_pk_value": "单位读不出来，请重新选。"})
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        serving = Deputy.objects.serving_on(timezone.localdate())
        self.fields["deputies"].queryset = self.fields["leader"].queryset = serving
        self.fields["group"].queryset = Group.objects.all()
        self.fields["accompanying"].queryset = Organisation.objects.standing().filter(handles_cases=True)

    def wanted(self) -> Inspection:
        data = self.cleaned_data
        return Inspection(
            topic=data["topic"], name=data["name"], planned_on=data["planned_on"], planned_at=data["planned_at"], meeting_place=data["meeting_place"],
            agenda=data["agenda"], deputies=tuple(data["deputies"]), leader=data["leader"], group=data["group"], accompanying=tuple(data["accompanying"]),
        )  # fmt: skip


class VisitFilters(forms.Form):
    """The list's filters, from the address; what cannot be read narrows nothing."""

    q = forms.CharField(required=False, max_length=60)
    kind = forms.ChoiceField(required=False, choices=[("", "全部"), *Visit.Kind.choices])
    state = forms.ChoiceField(required=False, choices=[("", "全部"), *Visit.State.choices])
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    deputy = forms.CharField(required=False, max_length=30)
    topic = forms.CharField(required=False, max_length=30)
    mine = forms.BooleanField(required=False)
    sort = forms.ChoiceField(required=False, choices=[("", "最近的在前"), ("oldest", "最早的在前")])
