"""What a limit that comes near or has passed sets off, by the rules of `escalation_rules`: somebody is told, or a case is taken over.

`watch` may run as often as one likes, beside itself, and be killed at any point: each rule does its work once for a clock and its last
day (a row of `Escalation` in the same transaction), under the cases' locks; what another worker holds is left to its next run. It keeps
still at night. Many at once for the same person become one notice.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role, User
from apps.cases import told
from apps.cases.clocks import Clock, ClockQuerySet
from apps.cases.escalation_rules import Escalation, EscalationRule
from apps.cases.models import Case, CaseEvent
from apps.cases.moves import has_town, moved
from apps.cases.workflow import step_in
from apps.deputies.models import Deputy
from apps.record.notices import Notice
from apps.worktime.due import dues
from apps.worktime.models import CalendarDay
from apps.worktime.workdays import Workdays

A, To, S = EscalationRule.Action, EscalationRule.To, Case.State
NIGHT = (21, 8)  # from and until which hour nothing is set off
AT_ONCE = 500
ONE_BY_ONE = 3  # more than so many for one person become one notice
NEAR = dt.timedelta(days=200)  # of the calendar; what is later than this is late by any rule


def quiet(now: dt.datetime) -> bool:
    """Whether it is night, when nobody is told anything."""
    return not NIGHT[1] <= timezone.localtime(now).hour < NIGHT[0]


class Audience:
    """Whom a rule tells; looked up once for each holder, office or unit, however many cases it has."""

    def __init__(self) -> None:
        self._known: dict[tuple, list[int]] = {}

    def holders(self, case: Case) -> list[int]:
        whose = {S.WITH_DEPUTY: case.deputy_id, S.WITH_UNIT: case.organisation_id}.get(S(case.state))
        return self._once(("holder", case.state, whose, case.town_id), lambda: told.holders(case))

    def of(self, rule: EscalationRule, clock: Clock) -> list[int]:
        """Never nobody, as long as the county's office has an account."""
        case = clock.case
        if rule.to == To.PERSON and rule.person.is_active:
            return [rule.person_id]
        if rule.to == To.HOLDER:
            if clock.co_handler_id:
                return self._once(("unit", clock.organisation_id), lambda: told.unit(case, clock.organisation))
            return self.holders(case)
        offices = {To.TOWN_OFFICE: told.town_office, To.DISPATCHER: told.dispatchers, To.LEADER: _leaders}
        office = offices.get(To(rule.to), told.county_office)
        return self._once((rule.to, case.town_id), lambda: office(case) or told.county_office(case))

    def _once(self, key: tuple, find: Callable[[], list[User]]) -> list[int]:
        if key not in self._known:
            self._known[key] = [user.pk for user in find()]
        return self._known[key]


def _leaders(case: Case) -> list[User]:
    return [leader for leader in User.objects.filter(role=Role.LEADER, is_active=True) if leader.reaches(case.town.code)]


def watch(now: dt.datetime) -> dict[str, int]:
    """Carry out every rule for the limits of now; how many clocks were told of and how many cases taken over. Nothing at night."""
    done = {A.TELL.value: 0, A.TAKE_OVER.value: 0}
    if quiet(now):
        return done
    today = timezone.localdate(now)
    days = CalendarDay.objects.workdays(today - NEAR, today + NEAR)
    rules = list(EscalationRule.objects.filter(active=True).select_related("person", "town").order_by("-days", "pk"))
    audience = Audience()
    for rule in rules:  # the latest first: who is told that a case is taken from him need not hear that it is late
        if rule.action == A.TAKE_OVER:
            done[rule.action] += sum(_take_over(pk, rule, now, days, audience) for pk in _due(rule, rules, today, days).values_list("pk", flat=True)[:AT_ONCE])
    for rule in rules:
        if rule.action == A.TELL:
            done[rule.action] += _tell_all(rule, rules, today, days, audience)
    return done


def _due(rule: EscalationRule, rules: list[EscalationRule], today: dt.date, days: Workdays) -> ClockQuerySet:
    """Clocks that the rule is to act on and has not, the longest overdue first."""
    first, last = _reached(rule, today, days)
    found = Clock.objects.running().filter(paused_on=None, step=rule.step, kind=rule.kind, due_on__range=(first, last))
    if rule.town_id:
        found = found.filter(case__town=rule.town_id)
    elif own := [each.town_id for each in rules if each.town_id and (each.step, each.kind, each.action) == (rule.step, rule.kind, rule.action)]:
        found = found.exclude(case__town__in=own) if rule.action == A.TAKE_OVER else found  # a town's own rule says who takes over there
    done = Escalation.objects.filter(rule=rule, due_on=F("clock__due_on"))
    return found.exclude(pk__in=done.values("clock")).order_by("due_on", "pk")


def _tell_all(rule: EscalationRule, rules: list[EscalationRule], today: dt.date, days: Workdays, audience: Audience) -> int:
    ids = list(_due(rule, rules, today, days).values_list("pk", flat=True))
    return sum(_tell(rule, ids[first : first + AT_ONCE], today, days, audience) for first in range(0, len(ids), AT_ONCE))


@transaction.atomic
def _tell(rule: EscalationRule, ids: list[int], today: dt.date, days: Workdays, audience: Audience) -> int:
    cases = Case.objects.filter(clocks__in=ids).select_related("town", "deputy", "organisation").select_for_update(of=("self",), skip_locked=True).in_bulk()
    clocks = list(Clock.objects.running().filter(pk__in=ids, case__in=cases, paused_on=None).select_related("organisation").order_by("due_on", "pk"))
    done = set(Escalation.objects.filter(rule=rule, clock__in=clocks).values_list("clock", "due_on"))
    by_person: dict[int, list[Clock]] = defaultdict(list)
    made = []
    for clock in clocks:
        if (clock.pk, clock.due_on) in done or not _still(rule, clock, today, days):
            continue
        clock.case = cases[clock.case_id]
        people = audience.of(rule, clock)
        for person in people:
            by_person[person].append(clock)
        made.append(Escalation(clock=clock, rule=rule, due_on=clock.due_on, told=len(people), at=timezone.now()))
    Escalation.objects.bulk_create(made)
    if rule.to != To.HOLDER:  # what the holder is told of himself is no news in the history
        words = f"{rule.when}，按规则告知{rule.whom}"
        CaseEvent.objects.append_each([(each.clock.case_id, "escalate", words, {"whom": rule.whom}) for each in _one_a_case(made)])
    seen = dues((clock.due_on for each in by_person.values() for clock in each), today)
    for person, theirs in by_person.items():
        for said in _notices(rule, theirs, seen):
            Notice.objects.tell([person], "reminder", **said)
    return len(made)


def _one_a_case(made: Iterable[Escalation]) -> Iterator[Escalation]:
    seen: set[int] = set()
    for each in made:
        if each.clock.case_id not in seen:
            seen.add(each.clock.case_id)
            yield each


def _reached(rule: EscalationRule, today: dt.date, days: Workdays) -> tuple[dt.date, dt.date]:
    """From and until which last days the rule applies today: to none that it would have applied to on the day it began, and before the
    last day only while that has not passed, since the rules for late ones tell of those."""
    if rule.days > 0:
        return days.back(rule.since, rule.days) + dt.timedelta(days=1), days.back(today, rule.days)
    return max(today, days.add(rule.since, -rule.days) + dt.timedelta(days=1)), days.add(today, -rule.days)


def _still(rule: EscalationRule, clock: Clock, today: dt.date, days: Workdays) -> bool:
    """Whether the rule still applies: the clock was read before the case was locked."""
    first, last = _reached(rule, today, days)
    return (clock.step, clock.kind) == (rule.step, rule.kind) and first <= clock.due_on <= last


def _notices(rule: EscalationRule, clocks: list[Clock], seen: dict) -> Iterator[dict]:
    """One notice a case for a few of them, one for all when they are many."""
    if len(clocks) > ONE_BY_ONE:
        what = "超期" if rule.days > 0 else "快到期"
        late = "late" if rule.days > 0 else "soon"
        yield {
            "title": f"{len(clocks)} 件民情件{what}（{rule.get_kind_display()}）", "body": "最早的：" + "；".join(f"{each.case.code} {seen[each.due_on].words}" for each in clocks[:ONE_BY_ONE]),
            "path": f"{reverse('case_list')}?late={late}{'' if rule.to == To.HOLDER else '&state=open'}",
        }  # fmt: skip
        return
    for clock in clocks:
        whose = "" if rule.to == To.HOLDER else f"，现由{clock.case.holder()}办理"
        yield {
            "title": f"民情件 {clock.case.code}：{clock.get_kind_display()}{seen[clock.due_on].words}{whose}"[:120], "body": clock.case.text[:100],
            "path": reverse("case_detail", args=[clock.case.code]), "key": f"case-{rule.pk}-{clock.pk}-{clock.due_on}",
        }  # fmt: skip


@transaction.atomic
def _take_over(pk: int, rule: EscalationRule, now: dt.datetime, days: Workdays, audience: Audience) -> bool:
    """Take one case from who has been silent and give it to whom the rule names; both are told. False when that is no longer so."""
    today, clock = timezone.localdate(now), Clock.objects.filter(pk=pk).first()
    case = clock and Case.objects.select_for_update(of=("self",), skip_locked=True).select_related("town", "category", "deputy", "organisation").filter(pk=clock.case_id).first()
    clock = case and Clock.objects.running().filter(pk=pk, paused_on=None).first()
    if clock is None or case.state != rule.step or not _still(rule, clock, today, days):
        return False
    if Escalation.objects.filter(rule=rule, clock=clock, due_on=clock.due_on).exists():
        return False
    silent, before = audience.holders(case), case.holder()
    named = rule.person if rule.to == To.PERSON and _fits(rule.person, case) else None
    note = f"{rule.when}没有办理{f'，由{named}接手' if named else ''}"
    verb = _verb(rule, case, named)
    if verb == "hand_to_deputy":
        case.deputy = Deputy.objects.select_related("station").get(user=named)
        case.station = case.deputy.station
        case = moved(case, verb, None, note, now, label=told.CLOCK, taken=True, was=before, deputy=str(case.deputy))
    else:
        case = step_in(case, verb, note, by=named)
    if case is None:
        return False
    told.residents(case, told.What.PASSED, f"现由{case.holder()}办理。")
    Escalation.objects.create(clock=clock, rule=rule, due_on=clock.due_on, told=len(silent), at=now)
    if rule.step != S.WITH_DEPUTY or verb == "hand_to_deputy":  # else the move itself tells the deputy
        relieved = User.objects.filter(pk__in=set(silent) - set(audience.holders(case)))
        told.tell(case, relieved, f"民情件已改由{named or case.holder()}办理", note, kind="reminder", key=f"case-relieved-{clock.pk}")
    return True


def _fits(person: User, case: Case) -> bool:
    """Whether this person can take the case from who has it: he is still here, it is his area, and it is not his already."""
    if not person.is_active:
        return False
    if person.role == Role.DEPUTY:
        return case.state == S.WITH_DEPUTY and Deputy.objects.serving_on(timezone.localdate()).filter(user=person).exclude(pk=case.deputy_id).exists()
    if person.role == Role.TOWN_OFFICE and (case.state != S.WITH_DEPUTY or not has_town(case.town)):
        return False
    return person.role in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE) and person.reaches(case.town.code)


def _verb(rule: EscalationRule, case: Case, named: User | None) -> str:
    to = Role(named.role) if named else Role.COUNTY_OFFICE if rule.to == To.COUNTY_OFFICE else Role.TOWN_OFFICE
    if to == Role.DEPUTY:
        return "hand_to_deputy"
    return "take_over" if to == Role.TOWN_OFFICE and case.state == S.WITH_DEPUTY and has_town(case.town) else "take_over_by_county"
