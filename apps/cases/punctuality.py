"""How punctually cases were handled in any period, from the clocks of their duties.

A duty counts in the period in which its last day lies, and there once and for all: done by then it was on time; done later, taken over
by somebody else or still open it is late. One that ended undone before its last day (withdrawn, merged, taken back) and one that is not
due yet or stands still count for nothing. What a pause or an agreed extension moved lies where it was moved to. Giving a case back is a
right and not a duty, a rating is the reporter's affair: neither is counted.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncMonth

from apps.accounts.models import Role, User
from apps.cases.clocks import Clock
from apps.cases.models import Case
from apps.territory.models import AdminArea

LEAST = 5  # below that a percentage says nothing
BY = {"town": "乡镇街道", "unit": "承办单位", "deputy": "代表", "topic": "类别", "step": "环节", "month": "月份"}
DUTIES = (Clock.Kind.ANSWER, Clock.Kind.SIGN, Clock.Kind.CONTACT, Clock.Kind.OPINION)
STEPS = {**dict(Case.State.choices), "": "全部"}
KEYS = {  # by -> what groups it, what names it
    "town": ("town__code", "town__name"), "unit": ("organisation__code", "organisation__name"), "deputy": ("deputy__code", "deputy__name"),
    "topic": ("case__category__level1", "case__category__level1"), "step": ("step", "kind"), "month": ("month", "month"),
}  # fmt: skip
FILTERS = {"town": "town__code", "unit": "organisation__code", "deputy": "deputy__code", "topic": "case__category__level1", "step": "step", "kind": "kind"}


@dataclass(frozen=True)
class Counts:
    """Duties that fell due: how many, how many late, of the late still open, put off by consent, stood still for a while."""

    key: str = ""
    label: str = ""
    due: int = 0
    late: int = 0
    late_open: int = 0
    extended: int = 0
    paused: int = 0

    @property
    def on_time(self) -> int:
        return self.due - self.late

    @property
    def percent(self) -> float | None:
        """Of those due, how many were on time; None when they are too few."""
        return 100 * self.on_time / self.due if self.due >= LEAST else None

    @property
    def figure(self) -> tuple[str, str]:
        """A number and its unit, or why there is none."""
        if self.percent is None:
            return ("", "样本少") if self.due else ("", "没有到期的")
        return f"{self.percent:.1f}", "%"


@dataclass(frozen=True)
class Punctuality:
    total: Counts
    rows: list[Counts]


def counted(first: dt.date, last: dt.date, today: dt.date, user: User) -> QuerySet[Clock]:
    """The duties of a period that this user may see the figures of, each with `was_late` and `is_open`."""
    late = Q(late=True) | Q(ended_at=None, paused_on=None, due_on__lt=today) | Q(ended_at=None, paused_on__gt=F("due_on"))
    clocks = Clock.objects.filter(due_on__range=(first, last), kind__in=DUTIES).filter(Q(met_at__isnull=False) | late)
    clocks = clocks.annotate(was_late=ExpressionWrapper(late, BooleanField()), is_open=ExpressionWrapper(Q(ended_at=None), BooleanField()))
    if user.role == Role.UNIT:
        return clocks.filter(organisation__in=user.organisations.values("pk"))  # the case may be another's by now
    if user.role == Role.DISPATCHER:  # the government's side
        return clocks.filter(step__in=(Case.State.WITH_DISPATCHER, Case.State.WITH_UNIT))
    return clocks.filter(town__in=AdminArea.objects.visible_to(user).values("pk")) if user.scope else clocks.none()


def punctuality(first: dt.date, last: dt.date, by: str = "town", *, today: dt.date, user: User, **filters: str) -> Punctuality:
    """The figures of a period by one of BY, the most late first, and their sum. filters: codes, by names of FILTERS; empty ones narrow nothing."""
    clocks = counted(first, last, today, user).filter(**{FILTERS[name]: value for name, value in filters.items() if value})
    if by == "unit":
        clocks = clocks.filter(organisation__isnull=False)
    elif by == "deputy":
        clocks = clocks.filter(deputy__isnull=False)
    elif by == "month":
        clocks = clocks.annotate(month=TruncMonth("due_on"))
    sums = {
        "due": Count("pk"), "late": Count("pk", filter=Q(was_late=True)), "late_open": Count("pk", filter=Q(was_late=True, is_open=True)),
        "extended": Count("pk", filter=Q(extended_on__isnull=False)), "paused": Count("pk", filter=Q(paused_days__gt=0)),
    }  # fmt: skip
    key, name = KEYS[by]
    found = clocks.order_by().values(key, name).annotate(**sums)
    rows = [Counts(*_named(by, row[key], row[name]), **{each: row[each] for each in sums}) for row in found]
    total = Counts("", "合计", **{each: sum(getattr(row, each) for row in rows) for each in sums})
    return Punctuality(total, sorted(rows, key=(lambda row: row.key) if by == "month" else (lambda row: (-row.late, -row.due, row.label))))


def _named(by: str, key: str | dt.date | None, name: str | None) -> tuple[str, str]:
    if by == "step":
        return f"{key}:{name}", f"{STEPS[key]}：{Clock.Kind(name).label}"
    if by == "month":
        return f"{key:%Y-%m}", f"{key.year}年{key.month}月"
    return key or "", name or "未分类"


def table(found: Punctuality) -> Iterator[list]:
    """The rows as a sheet shows them, their sum first."""
    for row in (found.total, *found.rows):
        percent = None if row.percent is None else round(row.percent, 1)
        yield [row.label, row.due, row.on_time, row.late, row.late_open, row.extended, row.paused, percent]
