"""The clocks of a case: for each duty of a step a row from when, until when, met when, and how long it stood still.

A verb that begins a step calls `begin`, one that does a duty `meet`; `pause` and `resume` stop and start them all in working days.
`Case.due_on` is the last day of the step itself (the clock of kind answer); none while the case waits for its reporter or is answered.
What a clock says is never written again once it has ended: past punctuality is read from these rows.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from apps.cases.models import Case
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea
from apps.worktime.due import Due, dues
from apps.worktime.models import CalendarDay, LimitBook, TimeLimit
from apps.worktime.workdays import Workdays

S = Case.State


class ClockQuerySet(models.QuerySet):
    def running(self):
        """Not ended; one that stands still is among them."""
        return self.filter(ended_at=None)

    def overdue(self, today: dt.date):
        """Running, not standing still, and past their last day."""
        return self.running().filter(paused_on=None, due_on__lt=today)

    def unrated(self, today: dt.date):
        """Answered cases whose time for a rating is over."""
        return self.overdue(today).filter(kind=Clock.Kind.RATE)


class Clock(models.Model):
    """期限时钟: one duty of one step of a case, and whose duty it is."""

    class Kind(models.TextChoices):
        SIGN = "sign", "签收"
        RETURN = "return", "退回"
        CONTACT = "contact", "首次联系"
        ANSWER = "answer", "办理"
        OPINION = "opinion", "会办意见"
        RATE = "rate", "评价"

    case = models.ForeignKey(Case, verbose_name="民情件", on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField("事项", max_length=8, choices=Kind.choices)
    step = models.CharField("环节", max_length=20, help_text="民情件当时的状态")
    round = models.PositiveSmallIntegerField("第几次重办", default=0)
    town = models.ForeignKey(AdminArea, verbose_name="乡镇街道", on_delete=models.PROTECT, related_name="+", help_text="与民情件的相同")
    deputy = models.ForeignKey(
        Deputy, verbose_name="代表", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    organisation = models.ForeignKey(
        Organisation, verbose_name="单位", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    co_handler = models.ForeignKey(
        "cases.CoHandler", verbose_name="会办", null=True, blank=True, on_delete=models.CASCADE, related_name="clocks"
    )
    started_on = models.DateField("起算日")
    base_on = models.DateField("未扣暂停的最后一日", help_text="按时限或经同意延期定的")
    due_on = models.DateField("最后一日")
    extended_on = models.DateField("延期日", null=True, blank=True)
    pauses = models.JSONField("暂停", default=list, help_text="[起, 止]，延期以后的")
    paused_on = models.DateField("停在", null=True, blank=True)
    paused_days = models.PositiveSmallIntegerField("暂停工作日", default=0)
    met_at = models.DateTimeField("办到时间", null=True, blank=True)
    ended_at = models.DateTimeField("停止时间", null=True, blank=True)
    late = models.BooleanField("超期", default=False)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = "期限时钟"
        verbose_name_plural = "期限时钟"
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["case"], condition=Q(ended_at=None), name="cases_clock_running"),
            models.Index(
                fields=["due_on", "kind", "step"], condition=Q(ended_at=None, paused_on=None), name="cases_clock_due"
            ),
            models.Index(fields=["due_on"], name="cases_clock_period"),
            models.Index(fields=["town", "due_on"], name="cases_clock_town"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind"], condition=Q(ended_at=None, co_handler=None), name="cases_clock_once"
            ),
            models.UniqueConstraint(fields=["co_handler"], condition=Q(ended_at=None), name="cases_clock_opinion_once"),
            models.CheckConstraint(condition=Q(due_on__gte=F("started_on")), name="cases_clock_forward"),
            models.CheckConstraint(condition=Q(met_at=None) | Q(ended_at__isnull=False), name="cases_clock_met_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_kind_display()} {self.due_on}"

    def stop(self, now: dt.datetime, *, met: bool) -> None:
        """End it, unsaved. It is late when it ended after its last day, or stood still from after it."""
        self.ended_at, self.met_at = now, now if met else None
        self.late = (self.paused_on or timezone.localdate(now)) > self.due_on
        self.paused_on = None

    def hold(self, today: dt.date) -> None:
        """Stand still from today on, unsaved."""
        self.paused_on = today

    def go_on(self, today: dt.date, days: Workdays) -> None:
        """Run again from today, unsaved, with as many working days left as when it was stopped; one that was late stays so."""
        begin, self.paused_on = self.paused_on, None
        if begin is None or begin == today:
            return
        self.pauses = [*self.pauses, [begin.isoformat(), today.isoformat()]]
        self.paused_days += days.between(begin, today)
        self.due_on = days.stood_still(self.due_on, begin, today)

    def set_until(self, due: dt.date, today: dt.date) -> None:
        """Another last day by consent, unsaved; pauses before it are in it already."""
        self.base_on = self.due_on = due
        self.extended_on, self.pauses = today, []


ENDING = ("ended_at", "met_at", "late", "paused_on")
STANDING = ("paused_on", "pauses", "paused_days", "due_on")

LIMITS: dict[
    str, dict[str, str]
] = {  # state -> kind -> the limit it is under; a limit that has no row counts for nobody
    S.WITH_DEPUTY: {Clock.Kind.ANSWER: S.WITH_DEPUTY, Clock.Kind.CONTACT: "deputy_contact"},
    S.WITH_TOWN: {Clock.Kind.ANSWER: S.WITH_TOWN},
    S.WITH_COUNTY: {Clock.Kind.ANSWER: S.WITH_COUNTY},
    S.WITH_DISPATCHER: {Clock.Kind.ANSWER: S.WITH_DISPATCHER},
    S.WITH_UNIT: {
        Clock.Kind.ANSWER: S.WITH_UNIT,
        Clock.Kind.SIGN: "unit_sign",
        Clock.Kind.RETURN: "unit_return",
        Clock.Kind.CONTACT: "unit_contact",
    },
    S.ANSWERED: {Clock.Kind.RATE: "case_rate"},
}
REDO, OPINION, EXTENDED = "case_redo", "cohandler_opinion", "unit_extend"
REDONE = (S.WITH_DEPUTY, S.WITH_TOWN, S.WITH_UNIT)  # who answers again has a limit of his own for it
DONE_BY_MOVING = {Clock.Kind.ANSWER, Clock.Kind.SIGN, Clock.Kind.RATE}  # who passes on or answers has done these too


def limit_of(clock: Clock, case: Case, book: LimitBook) -> TimeLimit | None:
    """The limit that a clock of this case is under."""
    topic = _topic(case)
    if clock.kind == Clock.Kind.OPINION:
        return book.find(OPINION, case.level, topic)
    redo = book.find(REDO, case.level, topic) if clock.kind == Clock.Kind.ANSWER and clock.round and clock.step in REDONE else None
    return redo or book.find(LIMITS.get(clock.step, {}).get(clock.kind, ""), case.level, topic)


def plan(case: Case, now: dt.datetime) -> list[Clock]:
    """The clocks of the step that the case (saved or not) is in, unsaved; sets `case.due_on`."""
    today = timezone.localdate(now)
    wanted = dict(LIMITS.get(case.state, {}))
    if case.reopened and case.state in REDONE:
        wanted[REDO] = REDO
    book = TimeLimit.objects.book(wanted.values(), today) if wanted else LimitBook.empty()
    level, topic = case.level, _topic(case) if book.narrowed else ""
    due = {kind: book.due(step, today, level, topic) for kind, step in wanted.items()}
    if redo := due.pop(REDO, None):
        due[Clock.Kind.ANSWER] = redo
    case.due_on = due.get(Clock.Kind.ANSWER)
    return [
        Clock(
            case=case, kind=kind, step=case.state, round=case.reopened, town_id=case.town_id, started_on=today, base_on=last, due_on=last,
            deputy_id=case.deputy_id if case.state == S.WITH_DEPUTY else None, organisation_id=case.organisation_id if case.state == S.WITH_UNIT else None,
        )
        for kind, last in due.items() if last
    ]  # fmt: skip


def begin(case: Case, now: dt.datetime, *, planned: list[Clock] | None = None, taken: bool = False) -> Case:
    """A step begins: what ran before ends, what is now to be done by when is written down; `case.due_on` is set, the verb saves it.

    planned: what `plan` gave when the case was not saved yet (nothing runs then). taken: somebody else stepped in for who held it.
    """
    if planned is None:
        _end_running(case, now, met=frozenset() if taken else DONE_BY_MOVING)
        planned = plan(case, now)
    Clock.objects.bulk_create(planned)
    return case


def begin_opinion(co_handler, now: dt.datetime) -> dt.date | None:
    """A co-handler is asked for an opinion; the last day for it, which the verb keeps. None where no limit is set."""
    today, case = timezone.localdate(now), co_handler.case
    book = TimeLimit.objects.book([OPINION], today)
    due = book.due(OPINION, today, case.level, _topic(case) if book.narrowed else "")
    if due:
        Clock.objects.create(
            case=case, kind=Clock.Kind.OPINION, step=case.state, round=case.reopened, town_id=case.town_id, started_on=today, base_on=due, due_on=due,
            organisation_id=co_handler.organisation_id, co_handler=co_handler,
        )  # fmt: skip
    return due


def meet(case: Case, kind: str, now: dt.datetime, *, co_handler=None) -> bool:
    """A duty is done; whether it was late. False too when nothing of this kind runs."""
    clock = _running(case).filter(kind=kind, co_handler=co_handler).first()
    if clock is None:
        return False
    clock.stop(now, met=True)
    clock.save(update_fields=ENDING)
    if kind == Clock.Kind.ANSWER:
        case.due_on = None
    return clock.late


def withdraw_opinion(co_handler, now: dt.datetime) -> None:
    """A co-handler is no longer asked."""
    _stop(list(Clock.objects.running().filter(co_handler=co_handler)), now, frozenset())


def is_late(case: Case, now: dt.datetime) -> bool:
    """Whether the step that the case is in is past its last day; one that stands still is what it was when it was stopped."""
    today = timezone.localdate(now)
    clock = _running(case).filter(kind=Clock.Kind.ANSWER).only("due_on", "paused_on").first()
    return clock is not None and (clock.paused_on or today) > clock.due_on


def pause(case: Case, now: dt.datetime) -> Case:
    """Everything that runs stands still; there is no last day meanwhile."""
    _running(case).filter(paused_on=None).update(paused_on=timezone.localdate(now))
    case.due_on = None
    return case


def resume(case: Case, now: dt.datetime) -> Case:
    """Everything runs on with the working days it had left; `case.due_on` is set again."""
    today, clocks = timezone.localdate(now), list(_running(case))
    days = _calendar([clock.due_on for clock in clocks], today)
    for clock in clocks:
        clock.go_on(today, days)
        if clock.kind == Clock.Kind.ANSWER:
            case.due_on = clock.due_on
    Clock.objects.bulk_update(clocks, STANDING)
    return case


def extend(case: Case, kind: str, due: dt.date, now: dt.datetime, *, co_handler=None) -> Case:
    """By consent a duty may take until `due`; `case.due_on` follows when it is the step's own. `MoveRefused` for a day that is no extension."""
    today, clock = timezone.localdate(now), _running(case).filter(kind=kind, co_handler=co_handler).first()
    if clock is None or clock.paused_on:
        raise MoveRefused("现在没有正在走的期限，不能延期。", "days")
    if due <= max(clock.due_on, today):
        raise MoveRefused(f"现在的期限是 {clock.due_on}，延到的日期要在它和今天以后。", "days")
    latest = latest_extension(case, clock)
    if latest and due > latest:
        raise MoveRefused(f"按规定最多延到 {latest}。", "days")
    clock.set_until(due, today)
    clock.save(update_fields=["base_on", "due_on", "extended_on", "pauses"])
    if kind == Clock.Kind.ANSWER:
        case.due_on = due
    return case


def latest_extension(case: Case, clock: Clock | None = None) -> dt.date | None:
    """The last day that a unit's answer may be put off to, counted from the start of its step without what stood still; None where no limit is set."""
    clock = clock or _running(case).filter(kind=Clock.Kind.ANSWER).first()
    if clock is None or clock.step != S.WITH_UNIT or clock.kind != Clock.Kind.ANSWER:
        return None
    book = TimeLimit.objects.book([EXTENDED], clock.started_on)
    latest = book.due(EXTENDED, clock.started_on, case.level, _topic(case) if book.narrowed else "")
    return book.days.add(latest, clock.paused_days) if latest else None


@dataclass(frozen=True)
class Shown:
    """A duty that runs: whose, unless it is the holder's; `due` unless it stands still, then `left` says how much is left."""

    label: str
    whose: str
    due: Due | None
    left: str


def shown(case: Case, today: dt.date) -> list[Shown]:
    """What runs, the next last day first."""
    running = _running(case).exclude(kind=Clock.Kind.RATE).select_related("organisation").defer("organisation__point").order_by("due_on", "pk")
    clocks = list(running)
    seen = dues((clock.due_on for clock in clocks if clock.paused_on is None), today)
    days = _calendar([clock.due_on for clock in clocks], today) if any(clock.paused_on for clock in clocks) else Workdays({})
    found = []
    for clock in clocks:
        label = "可以退回" if clock.kind == Clock.Kind.RETURN else clock.get_kind_display()
        left = max(days.between(clock.paused_on, clock.due_on), 0) if clock.paused_on else 0
        stands = f"已停，还有 {left} 个工作日" if clock.paused_on and clock.due_on >= clock.paused_on else "已停，停时已超期"
        found.append(Shown(label, str(clock.organisation) if clock.co_handler_id else "", None if clock.paused_on else seen[clock.due_on], stands))
    return [each for each in found if each.label != "可以退回" or (each.due and each.due.stage not in ("late", "very_late"))]


def end(case: Case, now: dt.datetime) -> Case:
    """The case has left the loop (withdrawn, merged, split, closed): nothing runs any more, and what was not done stays undone."""
    _end_running(case, now, met=frozenset())
    case.due_on = None
    return case


def _running(case: Case) -> ClockQuerySet:
    return Clock.objects.running().filter(case=case.pk)


def _end_running(case: Case, now: dt.datetime, *, met: frozenset[str] | set[str]) -> None:
    _stop(list(_running(case)), now, met)


def _stop(clocks: list[Clock], now: dt.datetime, met: frozenset[str] | set[str]) -> None:
    for clock in clocks:
        clock.stop(now, met=clock.kind in met)
    if clocks:
        Clock.objects.bulk_update(clocks, ENDING)


def _calendar(dates: list[dt.date], today: dt.date) -> Workdays:
    """Enough of the calendar to move these last days on to after today."""
    first, last = min([*dates, today]), max([*dates, today])
    return CalendarDay.objects.workdays(
        first - dt.timedelta(days=366), last + (last - first) * 3 + dt.timedelta(days=60)
    )


def _topic(case: Case) -> str:
    return case.category.level1 if case.category_id else ""
