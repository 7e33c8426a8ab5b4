"""What people type around a case's thread and its public answer. Errors stand at their field; nothing typed is lost."""

import uuid
from collections.abc import Iterable

from django import forms

from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.cases.models import Category
from apps.cases.publishing import TITLE, WORDS
from apps.cases.workflow_publishing import Words
from apps.cases.workflow_thread import LONGEST
from apps.territory.models import AdminArea

TOO_LONG = "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简。"


def _words(
    label: str,
    longest: int,
    rows: int = 0,
    *,
    required: bool = True,
    empty: str = "这里不能空着。",
    help_text: str = "",
) -> PlainText:
    widget = (
        forms.Textarea(attrs={"class": "form-control", "rows": rows})
        if rows
        else forms.TextInput(attrs={"class": "form-control"})
    )
    return PlainText(
        label=label,
        max_length=longest,
        required=required,
        widget=widget,
        help_text=help_text,
        error_messages={"max_length": TOO_LONG, "required": empty},
    )


class SayForm(forms.Form):
    """One message on a case."""

    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)
    text = _words("说一句", LONGEST, rows=3, required=False)

    def clean_submission(self) -> uuid.UUID:
        return self.cleaned_data["submission"] or uuid.uuid4()


class PublicationForm(forms.Form):
    """The words that everybody may read, as a person settles them beside the original."""

    title = _words("标题", TITLE, help_text="一句话说清是什么事。")
    question = _words("反映的问题", WORDS, rows=9)
    answer = _words("答复", WORDS, rows=9)
    show_village = forms.BooleanField(label="写明村、社区", required=False)
    photos = forms.TypedMultipleChoiceField(
        label="照片", coerce=int, required=False, error_messages={"invalid_choice": "选中的照片里有不属于这次答复的，请重新选。"}
    )
    source = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    kept = forms.BooleanField(label="上面这些我看过了，可以公开", required=False)

    def __init__(self, *args, photos: Iterable[int] = (), **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["photos"].choices = [(pk, pk) for pk in photos]

    def words(self) -> Words:
        data = self.cleaned_data
        return Words(data["title"], data["question"], data["answer"], data["show_village"], tuple(data["photos"]))


class ReasonForm(forms.Form):
    reason = _words("原因", 300, rows=2, empty="请写明原因。")


class AnswersForm(RowForm):
    """What residents look for among the public answers. What cannot be read is left out, so an old link still opens."""

    q = PlainText(
        label="内容",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "search"}),
    )
    category = RowField(
        lambda: Category.objects.offered(), group="level1", empty="全部", label="类别", required=False, widget=SELECT
    )
    town = RowField(lambda: AdminArea.objects.towns(), empty="全部", label="乡镇街道", required=False, widget=SELECT)
