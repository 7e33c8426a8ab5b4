"""What people type to move a case: one form for every move, what each of them needs, and the verb it calls.

`actions` says what a page offers: for each move its words and the fields it needs. Which of them must be filled in, the verb says, so
that a button pressed too early tells why at the field and nothing typed is lost.
"""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import workflow, workflow_limits, workflow_oversight, workflow_parts, workflow_ratings, workflow_units
from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.cases.models import Case, CoHandler, Rating, speaking_units
from apps.cases.workflow_limits import MOST_DAYS
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.record.states import Move, MoveRefused

DATE = forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")
WRONG_DAYS = f"请填 1 到 {MOST_DAYS} 之间的整数。"
LONGEST = {"max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简后再提交。"}
ANSWERS = ("answer_as_deputy", "answer_as_town", "answer_as_county", "answer_as_unit")
FIELDS = {  # move -> what it needs besides words
    **dict.fromkeys(ANSWERS, ("result", "told")),
    "assign_to_unit": ("organisation", "co_handlers"), "add_co_handler": ("organisation",), "withdraw_co_handler": ("joining",), "give_opinion": ("joining",),
    "hand_to_deputy": ("deputy",), "ask_extension": ("days",), "extend": ("days", "consent"), "split": ("parts",), "merge": ("into",),
    "oversee": ("body", "decided_on"), "rate_handling": ("score",),
}  # fmt: skip
NOTES = {  # move -> what the words are
    **dict.fromkeys(ANSWERS, "答复"), "pass_to_town": "说明", "pass_to_county": "说明", "take_over": "接手的原因", "take_over_by_county": "接手的原因",
    "hand_down": "为什么由镇人大办理", "hand_to_deputy": "为什么改由另一位代表办理", "pass_to_dispatcher": "转办意见", "return_to_county": "退回的理由",
    "assign_to_unit": "交办意见", "return_to_dispatcher": "退回的理由", "take_back": "收回的理由", "sign": "说明", "note_contact": "联系的情况",
    "give_opinion": "会办意见", "add_co_handler": "说明", "withdraw_co_handler": "说明", "ask_extension": "延期的理由", "extend": "说明", "refuse_extension": "不同意的理由",
    "pause": "要反映人补充什么（反映人会看到）", "supply": "反映人补充的内容", "resume": "为什么不再等", "split": "说明", "merge": "说明",
    "turn_away": "不予受理的理由，该找谁（反映人会看到）", "remind": "催办意见", "oversee": "督办意见", "put_on_joint_list": "说明", "take_off_joint_list": "说明",
    "rate_handling": "意见",
}  # fmt: skip
NOTE_OPTIONAL = frozenset({
    "pass_to_town", "pass_to_county", "pass_to_dispatcher", "assign_to_unit", "sign", "note_contact", "add_co_handler", "withdraw_co_handler", "extend", "split", "merge",
    "remind", "put_on_joint_list", "take_off_joint_list", "rate_handling",
})  # fmt: skip
ICONS = {
    **dict.fromkeys(ANSWERS, "message-2"), "pass_to_town": "arrow-right", "pass_to_county": "arrow-right", "pass_to_dispatcher": "arrow-right",
    "hand_down": "arrow-right", "hand_to_deputy": "user-check", "take_over": "user-check", "take_over_by_county": "user-check", "return_to_county": "arrow-back-up",
    "assign_to_unit": "send", "return_to_dispatcher": "arrow-back-up", "take_back": "arrow-back-up", "sign": "check", "note_contact": "phone",
    "give_opinion": "message-2", "add_co_handler": "plus", "withdraw_co_handler": "x", "ask_extension": "clock", "extend": "check", "refuse_extension": "x",
    "pause": "clock", "supply": "message-2", "resume": "arrow-right", "split": "sitemap", "merge": "arrow-merge", "turn_away": "x", "remind": "bell-ringing",
    "oversee": "gavel", "put_on_joint_list": "users", "take_off_joint_list": "x", "rate_handling": "star",
}  # fmt: skip
ASKS = {  # what the button asks before it is done
    **dict.fromkeys(ANSWERS, "答复会显示给反映人，提交后不能修改。确定提交吗？"),
    "pass_to_town": "提交后由镇人大、街道工委办理，您不能撤回。确定提交吗？", "pass_to_county": "提交后由县人大常委会工委办理，您不能撤回。确定提交吗？",
    "pass_to_dispatcher": "转出后由县政府办确定承办单位。确定转出吗？", "return_to_dispatcher": "退回后由县政府办重新交办。确定退回吗？",
    "return_to_county": "退回后由县人大常委会工委办理。确定退回吗？", "take_back": "收回后由您重新交办。确定收回吗？",
    "take_over": "接手后由您办理，代表不再办理这一件。确定接手吗？", "take_over_by_county": "接手后由您办理，原来的办理人不再办理这一件。确定接手吗？",
    "split": "拆分后每一件分别办理，不能再合回去。确定拆分吗？", "merge": "合并后这一件随另一件办理，不能再分开。确定合并吗？",
    "turn_away": "不予受理后这一件不再办理，理由会显示给反映人。确定吗？", "oversee": "督办决定会告诉办理人和代表。确定吗？",
}  # fmt: skip
SHOWN_AS_REQUIRED = ("organisation", "joining", "deputy", "days", "consent", "parts", "into", "body", "decided_on", "score")

Act = Callable[[Case, User, dict[str, Any]], Any]


class MoveForm(RowForm):
    """One box of words and what the moves need besides. `verbs`: those that are offered, so that only their choices are read."""

    verb = forms.CharField(widget=forms.HiddenInput, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    organisation = RowField(list, empty="请选择", label="承办单位", required=False, widget=SELECT)
    co_handlers = forms.MultipleChoiceField(label="会办单位", required=False, widget=forms.CheckboxSelectMultiple, error_messages={"invalid_choice": "没有这个单位，请重新选。"})
    joining = RowField(list, empty="请选择", label="哪个会办单位", required=False, widget=SELECT)
    deputy = RowField(list, empty="请选择", label="哪位代表", required=False, widget=SELECT)
    days = forms.IntegerField(
        label="延长几个工作日", required=False, min_value=1, max_value=MOST_DAYS, widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        error_messages={"invalid": WRONG_DAYS, "min_value": WRONG_DAYS, "max_value": WRONG_DAYS},
    )  # fmt: skip
    consent = PlainText(label="谁同意的", required=False, max_length=60, widget=forms.TextInput(attrs={"class": "form-control"}), error_messages=LONGEST)
    parts = PlainText(
        label="分成哪几件", required=False, max_length=20000, help_text="一件一段，段与段之间空一行。",
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 8}), error_messages=LONGEST,
    )  # fmt: skip
    into = PlainText(label="并入哪一件", required=False, max_length=30, help_text="填另一件的民情件编号，或从它拆分出来的一件的编号。",
                     widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}), error_messages=LONGEST)  # fmt: skip
    body = forms.ChoiceField(label="决定机构", required=False, choices=[("", "请选择"), *workflow_oversight.Body.choices], widget=SELECT)
    decided_on = forms.DateField(label="决定日期", required=False, widget=DATE, error_messages={"invalid": "日期请写成 2026-03-14 这样。"})
    score = forms.ChoiceField(label="满意度", required=False, choices=Rating.Score.choices, widget=forms.RadioSelect, error_messages={"invalid_choice": "请选一项。"})
    note = PlainText(label="说明", required=False, max_length=2000, widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}), error_messages=LONGEST)
    result = forms.ChoiceField(label="办理结果", required=False, choices=[("", "不注明"), *Case.Result.choices], widget=SELECT)
    told = forms.BooleanField(label="已把结果告诉反映人", required=False)

    def __init__(self, case: Case, user: User, verbs: set[str], *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].label = NOTES.get(self.data.get("verb", ""), self.fields["note"].label)
        needed = {name for verb in verbs for name in FIELDS.get(verb, ())}
        for name, rows in (("organisation", workflow_units.handling_units), ("joining", lambda: _joining(case, user, verbs)), ("deputy", lambda: near(case))):
            if name in needed:
                self.fields[name].rows = rows
                self.fields[name].load()
        if "co_handlers" in needed:
            self.fields["co_handlers"].choices = self.fields["organisation"].choices[1:]

    def data_of_move(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        data = self.cleaned_data
        units = list(Organisation.objects.filter(code__in=data["co_handlers"]).order_by("name")) if data["co_handlers"] else []
        return {**data, "parts": re.split(r"\n\s*\n", data["parts"]), "co_handlers": units}


def make(verb: str, case: Case, user: User, data: dict[str, Any]) -> Case:
    """Call the verb with what was typed; the case as it is then. `MoveRefused` names the field that it lacks."""
    if verb not in ACTS:
        raise MoveRefused("没有这一步，请刷新页面后再办。")
    done = ACTS[verb](case, user, data)
    return done if isinstance(done, Case) else Case.objects.get(pk=case.pk)


def actions(case: Case, moves: list[Move]) -> list[dict[str, Any]]:
    """What a page offers for these moves: verb, label, icon, what is asked before, the words' label and whether they may be empty, fields."""
    return [
        {
            "verb": move.verb, "label": label(move, case), "icon": ICONS[move.verb], "ask": ASKS.get(move.verb, ""), "note": NOTES[move.verb],
            "optional": move.verb in NOTE_OPTIONAL, "fields": FIELDS.get(move.verb, ()),
        }
        for move in moves if move.verb in ACTS
    ]  # fmt: skip


def label(move: Move, case: Case) -> str:
    """The button's word; a street has no congress, a township's is called after it."""
    if move.verb not in ("pass_to_town", "hand_down"):
        return move.label
    office = f"{case.town.name[-1]}人大" if case.town.has_congress else "街道工委"
    return f"提交{office}" if move.verb == "pass_to_town" else f"交{office}办理"


def near(case: Case) -> QuerySet[Deputy]:
    """Who may answer it in another's place: deputies in office of its districts, and of its town."""
    of_town = Deputy.objects.of_town(case.town.code).values("pk")
    districts = [pk for pk in (case.county_district_id, case.township_district_id) if pk]
    serving = Deputy.objects.serving_on(timezone.localdate())
    return serving.filter(Q(mandates__district__in=districts) | Q(pk__in=of_town)).exclude(pk=case.deputy_id or 0).distinct().order_by("code")


def _joining(case: Case, user: User, verbs: set[str]) -> QuerySet[Organisation]:
    """The units that join in: of a unit its own that are asked, of the dispatcher those whose opinion he enters, or whom he may dismiss."""
    asked = CoHandler.objects.filter(case=case, withdrawn=False) if "withdraw_co_handler" in verbs else CoHandler.objects.asked().filter(case=case)
    units = Organisation.objects.filter(pk__in=asked.values("organisation"))
    if user.role == Role.UNIT:
        units = units.filter(pk__in=user.organisations.values("pk"))
    elif "withdraw_co_handler" not in verbs:
        units = units.exclude(pk__in=speaking_units().values("pk"))
    return units.order_by("name")


def _words(verb: Callable) -> Act:
    """A move that needs nothing but words."""
    return lambda case, user, data: verb(case, user, data["note"], revision=data["revision"])


def _answer(verb: Callable) -> Act:
    def act(case: Case, user: User, data: dict[str, Any]) -> Case:
        if data["note"].rstrip().endswith(("：", ":")):  # a template that was put in and never written on
            raise MoveRefused("答复停在冒号上，像是还没有写完，请补上后面的内容。", "note")
        return verb(case, user, data["note"], told=data["told"], result=data["result"], revision=data["revision"])

    return act


def _named(data: dict[str, Any], name: str, message: str) -> Any:
    if data[name] in (None, ""):
        raise MoveRefused(message, name)
    return data[name]


def _merge(case: Case, user: User, data: dict[str, Any]) -> Case:
    into = Case.objects.visible_to(user).filter(code=_named(data, "into", "请填要并入的民情件编号。").strip()).first()
    if into is None:
        raise MoveRefused("没有这个编号的民情件，或您看不到它，请核对。", "into")
    return workflow_parts.merge(case, user, into, data["note"], revision=data["revision"])


ACTS: dict[str, Act] = {
    **{verb: _answer(getattr(workflow, verb)) for verb in ANSWERS},
    **{
        verb: _words(getattr(workflow, verb))
        for verb in ("pass_to_town", "pass_to_county", "pass_to_dispatcher", "hand_down", "return_to_county", "take_over", "take_over_by_county")
    },
    **{verb: _words(getattr(workflow_units, verb)) for verb in ("return_to_dispatcher", "take_back", "sign")},
    **{verb: _words(getattr(workflow_limits, verb)) for verb in ("note_contact", "pause", "resume", "refuse_extension")},
    **{verb: _words(getattr(workflow_oversight, verb)) for verb in ("remind", "put_on_joint_list", "take_off_joint_list")},
    "turn_away": _words(workflow_ratings.turn_away),
    "supply": lambda c, u, d: workflow_limits.supply(c, d["note"], u, photos=d.get("photos", ()), revision=d["revision"]),
    "assign_to_unit": lambda c, u, d: workflow_units.assign_to_unit(
        c, u, _named(d, "organisation", "请选择承办单位。"), d["note"], co_handlers=d["co_handlers"], revision=d["revision"]
    ),
    "add_co_handler": lambda c, u, d: workflow_units.add_co_handler(c, u, _named(d, "organisation", "请选择会办单位。"), d["note"], revision=d["revision"]),
    "withdraw_co_handler": lambda c, u, d: workflow_units.withdraw_co_handler(c, u, _named(d, "joining", "请选哪个会办单位。"), d["note"], revision=d["revision"]),
    "give_opinion": lambda c, u, d: workflow_units.give_opinion(c, u, d["note"], organisation=d["joining"], revision=d["revision"]),
    "hand_to_deputy": lambda c, u, d: workflow.hand_to_deputy(c, u, _named(d, "deputy", "请选由哪位代表办理。"), d["note"], revision=d["revision"]),
    "ask_extension": lambda c, u, d: workflow_limits.ask_extension(c, u, _named(d, "days", "请填要延长几个工作日。"), d["note"], revision=d["revision"]),
    "extend": lambda c, u, d: workflow_limits.extend(c, u, _named(d, "days", "请填延长几个工作日。"), d["consent"], d["note"], revision=d["revision"]),
    "split": lambda c, u, d: workflow_parts.split(c, u, d["parts"], d["note"], revision=d["revision"]),
    "merge": _merge,
    "oversee": lambda c, u, d: workflow_oversight.oversee(c, u, d["body"], _named(d, "decided_on", "请填决定日期。"), d["note"], revision=d["revision"]),
    "rate_handling": lambda c, u, d: workflow_ratings.rate_handling(c, u, d["score"], d["note"], revision=d["revision"]),
}
