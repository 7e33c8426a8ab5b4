"""The findings' work list: which, in which order, one page of them, and the same as CSV. And a finding's history as people read it."""

import csv
import datetime as dt
from collections.abc import Iterator

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases.timeline import Step
from apps.supervision.findings import Finding, FindingEvent, Oversight, speaking_units
from apps.worktime.due import dues

PAGE = 50
RELATED = ("topic__project", "lead", "follower", "raised_by", "town")
SHAPES = (
    "topic__own_site", "topic__project__geom", "topic__project__geom_3857", "topic__project__site", "town__geom", "town__geom_3857",
    "lead__point", "follower__workplace", "raised_by__workplace",
)  # fmt: skip
ORDERS = {"due": ("due_on", "pk"), "oldest": ("raised_at", "pk"), "newest": ("-raised_at", "-pk")}
HEADINGS = (
    "问题编号", "提出时间", "监督事项", "乡镇街道", "程度", "问题", "提出代表", "跟进代表", "状态", "现由谁办", "本环节期限", "转交时间", "交办时间",
    "主办单位", "整改期限", "延期次数", "答复时间", "逾期答复", "整改答复", "退回重办次数", "催办次数", "督办", "办结时间", "确认结果",
)  # fmt: skip


def default_state(user: User) -> str:
    """Who has something to do starts with what waits for him; leaders and towns look at what is open; a deputy at all of his."""
    return {Role.LEADER: "open", Role.TOWN_OFFICE: "open", Role.DEPUTY: "all"}.get(Role(user.role), "mine") if user.role else "open"


def narrowed(filters: dict, user: User) -> QuerySet[Finding]:
    """What the user may see, narrowed by cleaned filters; filters that are absent or empty narrow nothing."""
    found, today = Finding.objects.visible_to(user), timezone.localdate()
    state = filters.get("state") or default_state(user)
    if state == "mine":
        found = Finding.objects.waiting_for(user)
    elif state == "open":
        found = found.open()
    elif state == "overseen":
        found = found.open().filter(Exists(Oversight.objects.filter(finding=OuterRef("pk"))))
    elif state != "all":
        found = found.filter(state=state)
    if late := filters.get("late"):
        found = found.overdue(today) if late == "late" else found.due_soon(today)
    simple = {"q": "text__contains", "severity": "severity", "lead": "lead", "town": "town", "topic": "topic", "since": "raised_at__gte", "until": "raised_at__lt"}
    given = {**filters, "since": _midnight(filters.get("since")), "until": _midnight(filters.get("until"), days=1)}
    return found.filter(**{lookup: given[name] for name, lookup in simple.items() if given.get(name)})


def _midnight(date: dt.date | None, days: int = 0) -> dt.datetime | None:
    return timezone.make_aware(dt.datetime.combine(date + dt.timedelta(days=days), dt.time())) if date else None


def default_sort(state: str) -> str:
    """What is open by its limit, so that the oldest duty comes first; what is done has none."""
    return "due" if state in ("mine", "open", "overseen", "raised", "with_dispatcher", "with_unit", "answered") else "newest"


def page_of(found: QuerySet[Finding], sort: str, number: str | None):
    """One page, its rows with what the list shows and `.due` in words. Far pages first find their ids, then read only their rows."""
    page = Paginator(found.order_by(*ORDERS[sort]).values_list("pk", flat=True), PAGE).get_page(number)
    page.object_list = rows_of(list(page.object_list))
    return page


def rows_of(ids: list[int]) -> list[Finding]:
    """Findings by primary key in this order, with what lists show: `.overseen`, `.due` in words, `.by_clerk` where its holder has no account."""
    overseen = Exists(Oversight.objects.filter(finding=OuterRef("pk")))
    speaks, follows = Exists(speaking_units().filter(pk=OuterRef("lead"))), Exists(User.objects.filter(deputy=OuterRef("follower"), is_active=True))
    found = Finding.objects.select_related(*RELATED).defer(*SHAPES).annotate(overseen=overseen, unit_speaks=speaks, follower_speaks=follows).in_bulk(ids)
    rows = [found[pk] for pk in ids if pk in found]
    limits = dues((finding.due_on for finding in rows if finding.is_open), timezone.localdate())
    for finding in rows:
        finding.due = limits.get(finding.due_on) if finding.is_open else None
        finding.by_clerk = _by_clerk(finding)
    return rows


def _by_clerk(finding: Finding) -> str:
    """Who enters for a holder who cannot log in: why it waits for that clerk."""
    if finding.state == Finding.State.WITH_UNIT and not finding.unit_speaks:
        return "不上线办理，由县政府办代录"
    return "没有账号，由工委代录" if finding.state == Finding.State.ANSWERED and not finding.follower_speaks else ""


class _Echo:
    """What csv.writer writes to when each row is to be handed on instead of kept."""

    def write(self, line: str) -> str:
        return line


def csv_lines(found: QuerySet[Finding], sort: str) -> Iterator[str]:
    """The list as CSV, line by line, for Excel and WPS."""
    write = csv.writer(_Echo()).writerow
    yield "\ufeff" + write(HEADINGS)
    rows = found.order_by(*ORDERS[sort]).select_related(*RELATED).defer(*SHAPES).prefetch_related("oversights")
    for finding in rows.iterator(chunk_size=1000):
        yield write([_cell(value) for value in _row(finding)])


def _row(finding: Finding) -> tuple:
    return (
        finding.code, _moment(finding.raised_at), finding.topic, finding.town or "", finding.get_severity_display(), finding.text,
        finding.raised_by, finding.follower, finding.get_state_display(), finding.holder() if finding.is_open else "",
        finding.due_on or "", _moment(finding.forwarded_at), _moment(finding.assigned_at), finding.lead or "", finding.rectify_by or "",
        finding.extensions, _moment(finding.answered_at), "是" if finding.late else "", finding.answer, finding.sent_back,
        finding.reminders, "；".join(str(each) for each in finding.oversights.all()), _moment(finding.closed_at), finding.get_result_display(),
    )  # fmt: skip


def _moment(when: dt.datetime | None) -> str:
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M}" if when else ""


def _cell(value) -> str:
    """As text; what a spreadsheet would run as a formula is kept from running."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


# -- history -----------------------------------------------------------------------------------------------------------------------

WORDS = {
    "raise": "代表提出问题", "forward": "工委转交县政府办", "decline": "工委不予转交", "merge": "与问题 {into} 合并办理", "take_in": "问题 {other} 并入，一起办理",
    "withdraw": "代表撤回", "assign": "县政府办交办{unit}{with}", "answer": "{unit}答复整改情况{clerk}", "give_opinion": "{unit}提出会办意见{clerk}",
    "ask_extension": "{unit}申请延期 {days} 个工作日", "grant_extension": "同意延期，期限由 {before} 延到 {until}", "refuse_extension": "不同意延期",
    "return_to_dispatcher": "{unit}退回县政府办", "take_back": "从{unit}收回，重新交办", "confirm": "代表确认：{result}{clerk}",
    "send_back": "代表第 {times} 次退回重办{clerk}", "hand_to": "跟进代表由{was}改为{now}", "remind": "第 {times} 次催办{holder}", "oversee": "{body}决定督办（{decided_on}）",
    "fall_overdue": "{holder}超过期限 {due_on}", "recount": "期限改为 {due_on}（原为 {before}）",
}  # fmt: skip
ICONS = {
    "raise": "flag", "forward": "arrow-right", "assign": "send", "answer": "message-2", "decline": "x", "withdraw": "x", "merge": "arrow-merge", "take_in": "arrow-merge",
    "return_to_dispatcher": "arrow-back-up", "take_back": "arrow-back-up", "send_back": "arrow-back-up", "remind": "bell-ringing", "oversee": "gavel",
    "fall_overdue": "alert-triangle", "recount": "calendar-event", "ask_extension": "clock", "grant_extension": "clock", "refuse_extension": "clock", "give_opinion": "message-2", "hand_to": "user-check",
}  # fmt: skip


def history(finding: Finding) -> list[Step]:
    """Every move with who made it and what was said, oldest first; at the end who has it now."""
    steps = [
        Step(_words(event), event.at, by=event.actor_label, note=event.note, icon=ICONS.get(event.verb, "check"), state="late" if event.verb == "fall_overdue" else "done")
        for event in finding.events.order_by("pk")
    ]
    if finding.is_open:
        late = finding.due_on is not None and finding.due_on < timezone.localdate()
        steps.append(Step(f"现在：{finding.holder()}（{finding.get_state_display()}）", state="late" if late else "now", icon="clock"))
    return steps


def _words(event: FindingEvent) -> str:
    said = {key: value for key, value in event.data.items() if value is not None}
    said["with"] = f"，{said['with']}会办" if said.get("with") else ""
    said["clerk"] = "（代录）" if said.get("by_clerk") else ""
    if "result" in said:
        said["result"] = Finding.Result(said["result"]).label
    return WORDS.get(event.verb, event.verb).format_map(_Blank(said))


class _Blank(dict):
    """What an old event does not say is left out of the sentence."""

    def __missing__(self, key: str) -> str:
        return ""
