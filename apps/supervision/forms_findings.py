"""What people type about a finding: a move, and the filters of the list. Errors say what to do; nothing typed is lost."""

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.forms import SELECT, PlainText, RowField, RowForm
from apps.cases.workflow import handling_units
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.supervision.findings import Finding, Oversight
from apps.supervision.models import TeamMember
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit
from apps.supervision.workflow_findings import LONGEST, MOST_DAYS
from apps.territory.models import AdminArea

DATE = forms.DateInput(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")


def _offer(field: RowField, rows: QuerySet) -> None:
    """Choices that depend on the finding."""
    field.rows = lambda: rows
    field.load()


def _days(label: str, **options) -> forms.IntegerField:
    wrong = f"请填 1 到 {MOST_DAYS} 之间的整数。"
    return forms.IntegerField(
        label=label, required=False, min_value=1, max_value=MOST_DAYS, widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
        error_messages={"invalid": wrong, "min_value": wrong, "max_value": wrong}, **options,
    )  # fmt: skip


class MoveForm(RowForm):
    """One box of words and what the moves need besides. Which of it is required, the verb says."""

    verb = forms.CharField(widget=forms.HiddenInput, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    note = PlainText(label="说明", required=False, max_length=LONGEST, widget=forms.Textarea(attrs={"class": "form-control", "rows": 5}),
                     error_messages={"max_length": "最多 %(limit_value)d 个字，现在有 %(show_value)d 个，请精简后再提交。"})  # fmt: skip
    lead = RowField(handling_units, empty="请选择", label="主办单位", required=False, widget=SELECT)
    co_handlers = forms.MultipleChoiceField(label="会办单位", required=False, widget=forms.CheckboxSelectMultiple)
    days = _days("整改期限（工作日）")
    more_days = _days("延长几个工作日")
    result = forms.ChoiceField(label="确认结果", required=False, choices=Finding.Result.choices, widget=forms.RadioSelect)
    visit = RowField(list, empty="没有另外登记走访", label="确认时的走访", required=False, widget=SELECT)
    into = RowField(list, empty="请选择", label="合并到", required=False, widget=SELECT)
    deputy = RowField(list, empty="请选择", label="跟进代表", required=False, widget=SELECT)
    unit = RowField(list, empty="请选择", label="哪个会办单位", required=False, widget=SELECT)
    body = forms.ChoiceField(label="决定机构", required=False, choices=Oversight.Body.choices, widget=SELECT)
    decided_on = forms.DateField(label="决定日期", required=False, widget=DATE, error_messages={"invalid": "日期请写成 2026-03-14 这样。"})

    def __init__(self, finding: Finding, user: User, verbs: set[str], *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["co_handlers"].choices = self.fields["lead"].choices[1:] if "assign" in verbs else []
        if "confirm" in verbs:
            seen = Visit.objects.visible_to(user).recorded().filter(topic=finding.topic_id)
            _offer(self.fields["visit"], seen.filter(recorded_at__gte=finding.answered_at) if finding.answered_at else seen.none())
        if "merge" in verbs:
            others = Finding.objects.visible_to(user).open().filter(topic=finding.topic_id).exclude(pk=finding.pk)
            _offer(self.fields["into"], others.order_by("raised_at"))
            self.fields["into"].choices = [(code, _shown(code, others)) for code, _ in self.fields["into"].choices]
        if "hand_to" in verbs:
            _offer(self.fields["deputy"], _near(finding))
        if "give_opinion" in verbs:
            _offer(self.fields["unit"], Organisation.objects.filter(pk__in=finding.joining.values("organisation")))

    def units(self) -> list[Organisation]:
        return list(Organisation.objects.filter(code__in=self.cleaned_data["co_handlers"]))


def _shown(code: str, others: QuerySet[Finding]) -> str:
    texts = {finding.code: f"{finding.code} {finding.text[:24]}" for finding in others}
    return texts.get(code, "请选择")


def _near(finding: Finding) -> QuerySet[Deputy]:
    """Who may follow it in another's place: deputies in office of its team, of the deputy's group, and of its town, so that somebody can."""
    team = TeamMember.objects.filter(team__run__state="published", team__topic=finding.topic_id).values("deputy")
    group = Q(group__isnull=False, group=finding.follower.group_id)
    town = Q(residence_village__parent__isnull=False, residence_village__parent=finding.town_id)
    return Deputy.objects.serving_on(timezone.localdate()).filter(Q(pk__in=team) | group | town).exclude(pk=finding.follower_id).order_by("code")


class FilterForm(RowForm):
    """The list's filters, kept in the address. What cannot be read is left out and said, so an old link still opens."""

    STATES = [("mine", "等我办理"), ("open", "未办结"), ("overseen", "督办中"), *Finding.State.choices, ("all", "全部")]

    q = PlainText(label="内容", required=False, max_length=60)
    state = forms.ChoiceField(label="状态", required=False, choices=STATES)
    late = forms.ChoiceField(label="期限", required=False, choices=[("", "不限"), ("soon", "快到期"), ("late", "已超期")])
    severity = forms.TypedChoiceField(label="程度", required=False, coerce=int, empty_value=None, choices=[("", "全部"), *Finding.Severity.choices])
    lead = RowField(handling_units, empty="全部", label="主办单位", required=False, widget=SELECT)
    town = RowField(lambda: AdminArea.objects.towns(), empty="全部", label="乡镇街道", required=False, widget=SELECT)
    topic = forms.ModelChoiceField(Topic.objects.all(), label="监督事项", required=False)
    since = forms.DateField(label="提出日期从", required=False)
    until = forms.DateField(label="到", required=False)
    sort = forms.ChoiceField(label="排序", required=False, choices=[("", "要办的按期限，其余按时间"), ("due", "期限近的在前"), ("oldest", "先提出的在前"), ("newest", "新提出的在前")])


class EndUnitForm(RowForm):
    """A unit that has ended."""

    unit = RowField(handling_units, empty="请选择", label="单位", widget=SELECT)
    closed_on = forms.DateField(label="撤销日期", widget=DATE, error_messages={"required": "请填撤销日期。", "invalid": "日期请写成 2026-03-14 这样。"})
