"""A case's time: waiting for the reporter (the clocks stand still), more time by consent, and the first contact with him."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import clocks, told
from apps.cases.clocks import Clock
from apps.cases.models import Case
from apps.cases.moves import GRANTORS, PUBLIC_STEP, S, is_late, locked_for, moved, said
from apps.cases.reports import ReportPhoto
from apps.cases.workflow_ratings import locked_by_resident
from apps.record.files import Photo
from apps.record.states import MoveRefused
from apps.worktime.models import CalendarDay

LONG_WAIT = 14  # days
MOST_DAYS = 120  # working days, half a year: what an extension may be at most


@transaction.atomic
def note_contact(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    """The reporter has been met or rung up for the first time."""
    locked = locked_for(case, "note_contact", actor, revision)
    now = timezone.now()
    locked.contacted_at = now
    late = clocks.meet(locked, Clock.Kind.CONTACT, now)
    return moved(locked, "note_contact", actor, note.strip(), now, step=False, late=late)


@transaction.atomic
def pause(case: Case, actor: User, question: str, *, revision: int | None = None) -> Case:
    """The reporter is asked for something without which it cannot go on; until then all clocks stand still."""
    question = said(question, "请写明要反映人补充什么，反映人会看到。", 300)
    locked = locked_for(case, "pause", actor, revision)
    now = timezone.now()
    locked.paused_at, locked.pause_reason = now, question
    clocks.pause(locked, now)
    done = moved(locked, "pause", actor, "", now, step=False, question=question)
    told.asked(done, question)
    return done


@transaction.atomic
def supply(case: Case, words: str, actor: User | None = None, *, photos: Sequence[Photo] = (), revision: int | None = None) -> Case:
    """What the reporter adds, on his page or told to an office; the clocks run on. photos: those that no row holds yet."""
    words = said(words or ("（照片）" if photos else ""), "请写下补充的内容。", 1000)
    if actor is None:
        locked = locked_by_resident(case)
        if locked.paused_at is None:
            raise MoveRefused("现在没有等您补充的问题，请刷新页面后再看。")
    else:
        locked = locked_for(case, "supply", actor, revision)
    ReportPhoto.objects.bulk_create([ReportPhoto(case_id=locked.pk, photo=photo) for photo in photos])
    return _go_on(locked, "supply", actor, words, **({"photos": [photo.pk for photo in photos]} if photos else {}))


@transaction.atomic
def resume(case: Case, actor: User, reason: str, *, revision: int | None = None) -> Case:
    """Nobody waits for the reporter any more: by the holder, or by an office above him."""
    reason = said(reason, "请写明为什么不再等反映人补充。")
    return _go_on(locked_for(case, "resume", actor, revision), "resume", actor, reason)


@transaction.atomic
def ask_extension(case: Case, actor: User, days: int, reason: str, *, revision: int | None = None) -> Case:
    """Whoever has it asks for more time before its limit has passed; somebody above him decides."""
    reason = said(reason, "请写明申请延期的理由。")
    locked = locked_for(case, "ask_extension", actor, revision)
    _check_days(locked, days)
    locked.extension_days = days
    grantors = {S.WITH_DEPUTY: told.town_office, S.WITH_TOWN: told.county_office, S.WITH_UNIT: told.dispatchers}[S(locked.state)]
    told.tell(locked, grantors(locked), f"{locked.holder()}申请延期 {days} 个工作日", reason, but=actor.pk)
    return moved(locked, "ask_extension", actor, reason, step=False, days=days)


@transaction.atomic
def extend(case: Case, actor: User, days: int, consent: str, note: str = "", *, revision: int | None = None) -> Case:
    """More time, counted from the limit that stood. consent: who agreed to it."""
    consent = said(consent, "请写明是谁同意延期的。", 60, "consent")
    locked = locked_for(case, "extend", actor, revision)
    _check_days(locked, days)
    before, now = locked.due_on, timezone.now()
    clocks.extend(locked, Clock.Kind.ANSWER, CalendarDay.objects.add_working_days(before, days), now)
    locked.extension_days = None
    done = moved(locked, "extend", actor, note.strip(), now, step=False, days=days, before=before.isoformat(), consent=consent)
    told.residents(done, told.What.PASSED, f"办理期限延到 {done.due_on}。")
    return done


@transaction.atomic
def refuse_extension(case: Case, actor: User, reason: str, *, revision: int | None = None) -> Case:
    reason = said(reason, "请写明不同意延期的理由。")
    locked = locked_for(case, "refuse_extension", actor, revision)
    locked.extension_days = None
    return moved(locked, "refuse_extension", actor, reason, step=False)


def tell_of_long_waits(today: dt.date) -> int:
    """Cases that have waited for their reporter for long: once a week whoever holds one is told, and the office that may go on; how many."""
    waiting = Case.objects.open().filter(paused_at__date__lt=today - dt.timedelta(days=LONG_WAIT))
    year, week, _ = today.isocalendar()
    count = 0
    for case in waiting.select_related("town", "category", "deputy", "organisation").order_by("pk").iterator(chunk_size=500):
        users = [*told.holders(case), *(told.town_office(case) if case.state == S.WITH_DEPUTY else told.county_office(case))]
        told.tell(case, users, f"等反映人补充已超过 {LONG_WAIT} 天，请联系反映人，或决定不再等", kind="reminder", key=f"case-waits-{case.pk}-{year}-{week}")
        count += 1
    return count


def _go_on(locked: Case, verb: str, actor: User | None, words: str, **data) -> Case:
    now = timezone.now()
    since, locked.paused_at, locked.pause_reason = locked.paused_at, None, ""
    clocks.resume(locked, now)
    return moved(
        locked, verb, actor, words, now, step=False, label="" if actor else told.REPORTER, columns=PUBLIC_STEP,
        paused_on=timezone.localdate(since).isoformat() if since else "", **data,
    )  # fmt: skip


def _check_days(locked: Case, days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise MoveRefused(f"延期要在 1 到 {MOST_DAYS} 个工作日之间。", "days")
    if locked.due_on is None or S(locked.state) not in GRANTORS:
        raise MoveRefused("这一步没有期限，不用延期。")
    if is_late(locked, timezone.now()):
        raise MoveRefused(f"期限（{locked.due_on}）已过，不能再延期，请尽快办理。")
