"""电话告知: taking a call, and what came of it. Who has taken it sees the number; every look at one and every outcome is an event of the case."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.cases.models import Case, CaseEvent
from apps.cases.tellings import CALLS, DAYTIME, Telling, What
from apps.record.states import MoveRefused
from apps.worktime.models import CalendarDay

AGAIN_AFTER = dt.timedelta(hours=2)
LAST_HOUR, FIRST_HOUR = 18, 9
LONGEST_NOTE = 300
Outcome, State = Telling.Outcome, Telling.State


@transaction.atomic
def take(pk: int, actor: User) -> Telling:
    """This user makes the call now, and sees the number; nobody else for half an hour. `MoveRefused` when somebody has it."""
    call = _locked(pk, actor)
    now = timezone.now()
    if call.is_held(now) and call.claimed_by_id != actor.pk:
        raise MoveRefused(f"{call.claimed_by}正在打这个电话。")
    if not call.held_by(actor, now):
        call.claimed_by, call.claimed_at = actor, now
        call.save(update_fields=["claimed_by", "claimed_at"])
        CaseEvent.objects.append(call.case, "take_call", actor=actor, whom=whom(call))
    return call


@transaction.atomic
def give_back(pk: int, actor: User) -> Telling:
    """Not called after all: somebody else may."""
    call = _locked(pk, actor)
    if call.claimed_by_id == actor.pk:
        call.claimed_at = None
        call.save(update_fields=["claimed_at"])
    return call


@transaction.atomic
def note(pk: int, actor: User, outcome: str, words: str = "") -> Telling:
    """What came of the call. No answer: again in two hours, or on the next working day; after three in vain nobody is rung up any more."""
    if outcome not in Outcome.values:
        raise MoveRefused("请选通话的结果。", "outcome")
    words = words.strip()
    if len(words) > LONGEST_NOTE:
        raise MoveRefused(f"最多 {LONGEST_NOTE} 个字，现在有 {len(words)} 个，请精简后再提交。", "words")
    call = _locked(pk, actor)
    now = timezone.now()
    if call.claimed_by_id != actor.pk or call.claimed_at is None:
        raise MoveRefused("请先按“我来打”，再登记结果。")
    call.outcome, call.attempts, call.claimed_at, call.told_by = outcome, call.attempts + 1, None, actor
    if outcome == Outcome.REACHED:
        call.state, call.told_at = State.DONE, now
        if call.joiner and call.what == What.ANSWERED:
            call.joiner.told = True
            call.joiner.save(update_fields=["told"])
    elif outcome == Outcome.WRONG_NUMBER or call.attempts >= CALLS:
        call.state = State.UNREACHED
    else:
        call.due_at = _again(now)
    call.save()
    CaseEvent.objects.append(call.case, "tell_by_phone", actor=actor, note=words, at=now, whom=whom(call), outcome=call.get_outcome_display(), about=call.get_what_display())
    return call


def whom(call: Telling) -> str:
    return "共同反映人" if call.joiner_id else "反映人"


def _locked(pk: int, actor: User) -> Telling:
    """The call and its case, locked; `MoveRefused` unless it waits and is this user's to make."""
    if not allowed(actor, Permission.TELL_REPORTERS):
        raise MoveRefused("您的岗位不打这个电话。")
    seen = Telling.objects.callable_by(actor).filter(pk=pk).values_list("case", flat=True).first()
    if seen is None:
        raise MoveRefused("这个电话不由您打，或者已经不用打了。")
    Case.objects.select_for_update(of=("self",)).get(pk=seen)  # the case before its call, as everywhere
    call = Telling.objects.select_for_update(of=("self",)).select_related("case", "joiner", "claimed_by").get(pk=pk)
    if call.state != State.WAITING:
        raise MoveRefused(f"这个电话已经不用打了：{call.get_state_display()}。")
    return call


def _again(now: dt.datetime) -> dt.datetime:
    later = timezone.localtime(now + AGAIN_AFTER)
    if later.date() == timezone.localdate(now) and later.hour < LAST_HOUR:
        return DAYTIME.next_moment(later)
    day = CalendarDay.objects.add_working_days(timezone.localdate(now), 1)
    return timezone.make_aware(dt.datetime.combine(day, dt.time(FIRST_HOUR)))
