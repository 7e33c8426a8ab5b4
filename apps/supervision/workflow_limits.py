"""A finding's limits: more time (延期), reminders (催办), oversight (督办), what the clock does by itself, and units that have ended."""

import datetime as dt

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.deputies.models import Deputy
from apps.organisations.models import Organisation
from apps.record.states import MoveRefused
from apps.supervision import findings_told as told
from apps.supervision.findings import Finding, Oversight
from apps.supervision.workflow_findings import MOST_DAYS, given_back, locked_for, moved, record, said
from apps.worktime.models import CalendarDay

REMIND_AGAIN = 2  # working days between two reminders
SENT_BACK_OFTEN = 2  # from so many on a finding may be overseen before it is late
S = Finding.State


@transaction.atomic
def ask_extension(finding: Finding, actor: User, days: int, reason: str, *, revision: int | None = None) -> Finding:
    """The unit asks for more time before its limit has passed; the dispatcher decides."""
    reason = said(reason, "请写明申请延期的理由。")
    locked = locked_for(finding, "ask_extension", actor, revision)
    if not 1 <= days <= MOST_DAYS:
        raise MoveRefused(f"延期要在 1 到 {MOST_DAYS} 个工作日之间。")
    if locked.rectify_by and timezone.localdate() > locked.rectify_by:
        raise MoveRefused(f"整改期限（{locked.rectify_by}）已过，不能再申请延期，请尽快答复。")
    if locked.extension_days:
        raise MoveRefused(f"已经申请延期 {locked.extension_days} 个工作日，请等县政府办答复。")
    locked.extension_days = days
    told.tell(locked, told.dispatchers(locked), f"{locked.lead}申请延期 {days} 个工作日", reason)
    return moved(locked, "ask_extension", actor, reason, step=False, days=days, unit=str(locked.lead))


@transaction.atomic
def grant_extension(finding: Finding, actor: User, note: str = "", *, revision: int | None = None) -> Finding:
    """More time, counted from the limit that stood. The deputy and the office are told."""
    locked = locked_for(finding, "grant_extension", actor, revision)
    if not locked.extension_days or locked.rectify_by is None:
        raise MoveRefused("没有等答复的延期申请，请刷新页面后再看。")
    days, before = locked.extension_days, locked.rectify_by
    locked.rectify_by = locked.due_on = CalendarDay.objects.add_working_days(before, days)
    locked.extension_days, locked.extensions = None, locked.extensions + 1
    everyone = [*told.unit(locked, locked.lead), *told.follower(locked), *told.office(locked)]
    told.tell(locked, everyone, f"整改期限延到 {locked.rectify_by}", note)
    return moved(locked, "grant_extension", actor, note, step=False, days=days, before=before.isoformat(), until=locked.rectify_by.isoformat())


@transaction.atomic
def refuse_extension(finding: Finding, actor: User, reason: str, *, revision: int | None = None) -> Finding:
    reason = said(reason, "请写明不同意延期的理由。")
    locked = locked_for(finding, "refuse_extension", actor, revision)
    if not locked.extension_days:
        raise MoveRefused("没有等答复的延期申请，请刷新页面后再看。")
    locked.extension_days = None
    told.tell(locked, told.unit(locked, locked.lead), f"延期没有同意，整改期限仍是 {locked.rectify_by}", reason)
    return moved(locked, "refuse_extension", actor, reason, step=False)


@transaction.atomic
def remind(finding: Finding, actor: User, words: str = "", *, revision: int | None = None) -> Finding:
    """催办: a clerk reminds whoever has it; not again within `REMIND_AGAIN` working days, and counted."""
    locked = locked_for(finding, "remind", actor, revision)
    now = timezone.now()
    if locked.reminded_at is not None:
        again = CalendarDay.objects.add_working_days(timezone.localdate(locked.reminded_at), REMIND_AGAIN)
        if timezone.localdate(now) < again:
            raise MoveRefused(f"{timezone.localdate(locked.reminded_at)} 刚催办过，{again} 起可以再催。")
    locked.reminders, locked.reminded_at = locked.reminders + 1, now
    told.tell(locked, told.holders(locked), f"催办：请尽快办理（期限 {locked.due_on}）", words, kind="reminder")
    return moved(locked, "remind", actor, words, now, step=False, times=locked.reminders)


@transaction.atomic
def oversee(finding: Finding, actor: User, body: str, decided_on: dt.date, words: str, *, revision: int | None = None) -> Finding:
    """督办: 工委 or 主任会议 has decided to oversee a finding that is overdue or was sent back again and again."""
    words = said(words, "请写明督办意见。", 1000)
    if body not in Oversight.Body.values:
        raise MoveRefused("请选是哪个机构决定督办的。", "body")
    if decided_on > timezone.localdate():
        raise MoveRefused("决定日期不能在今天以后。", "decided_on")
    locked = locked_for(finding, "oversee", actor, revision)
    overdue = locked.due_on is not None and locked.due_on < timezone.localdate()
    if not overdue and locked.sent_back < SENT_BACK_OFTEN:
        raise MoveRefused(f"还没有超期，也没有退回重办 {SENT_BACK_OFTEN} 次，先催办。")
    if locked.oversights.filter(body=body).exists():
        raise MoveRefused(f"{Oversight.Body(body).label}已经决定督办过。")
    if decided_on < timezone.localdate(locked.raised_at):
        raise MoveRefused("决定日期早于问题提出的日期，请核对。", "decided_on")
    Oversight.objects.create(finding=locked, body=body, decided_on=decided_on, words=words, entered_by=actor)
    told.tell(locked, [*told.holders(locked), *told.dispatchers(locked)], f"{Oversight.Body(body).label}决定督办", words, kind="reminder")
    told.tell(locked, told.follower(locked), f"您提出的问题已由{Oversight.Body(body).label}督办", words)
    return moved(locked, "oversee", actor, words, step=False, body=Oversight.Body(body).label, decided_on=decided_on.isoformat())


def watch_limits(today: dt.date) -> dict[str, int]:
    """What the clock does by itself, safe to run as often as one likes: tell holders of limits that come near, write down the ones
    that have passed and tell the offices, take findings from units that have ended, tell the office of deputies who have left."""
    soon = 0
    for finding in Finding.objects.due_soon(today).select_related("topic__project", "lead", "follower", "town"):
        with transaction.atomic():
            told.tell(finding, told.holders(finding), f"{finding.due_on} 到期", kind="reminder", key=f"finding-soon-{finding.pk}-{finding.due_on}")
        soon += 1
    late = sum(_note_overdue(pk, today) for pk in Finding.objects.overdue(today).filter(Q(overdue_noted=None) | ~Q(overdue_noted=F("due_on"))).values_list("pk", flat=True))
    orphaned = take_from_ended_units(today)
    return {"soon": soon, "late": late, "orphaned": orphaned, "unfollowed": _tell_of_unfollowed(today)}


@transaction.atomic
def _note_overdue(pk: int, today: dt.date) -> bool:
    """Write into the history that the step's limit has passed, once for each limit, and tell who has it and who can remind him."""
    finding = Finding.objects.select_for_update(of=("self",)).select_related("topic__project", "lead", "follower", "town").get(pk=pk)
    if not finding.is_open or finding.due_on is None or finding.due_on >= today or finding.overdue_noted == finding.due_on:
        return False
    finding.overdue_noted = finding.due_on
    record(finding, "fall_overdue", None, "", timezone.now())
    finding.save(update_fields=["overdue_noted"])
    everyone = [*told.holders(finding), *told.office(finding)] + (told.dispatchers(finding) if finding.state == S.WITH_UNIT else [])
    told.tell(finding, everyone, f"已超期：{finding.holder()}，期限 {finding.due_on}", kind="reminder", key=f"finding-late-{finding.pk}-{finding.due_on}")
    return True


def take_from_ended_units(today: dt.date) -> int:
    """Findings whose lead unit has ended go back to the dispatcher; how many."""
    ended = Finding.objects.filter(state=S.WITH_UNIT, lead__closed_on__lte=today).values_list("pk", flat=True)
    return sum(_take_from_ended(pk) for pk in ended)


@transaction.atomic
def _take_from_ended(pk: int) -> bool:
    finding = Finding.objects.select_for_update(of=("self",)).select_related("topic__project", "lead", "follower", "town").get(pk=pk)
    if finding.state != S.WITH_UNIT or finding.lead is None or not finding.lead.closed_on:
        return False
    reason = f"{finding.lead}已于 {finding.lead.closed_on} 撤销，请另定承办单位。"
    told.tell(finding, told.follower(finding), f"{finding.lead}已撤销，县政府办将另定单位")
    given_back(finding, "take_back", None, reason, "承办单位已撤销，请重新交办")
    return True


def _tell_of_unfollowed(today: dt.date) -> int:
    """Open findings whose deputy has left office: the office is told once to name another."""
    left = Finding.objects.open().exclude(follower__in=Deputy.objects.serving_on(today).values("pk"))
    found = 0
    for finding in left.select_related("topic__project", "follower", "town"):
        with transaction.atomic():
            told.tell(finding, told.office(finding), f"{finding.follower}代表已不在任，请改由另一位代表跟进", key=f"finding-left-{finding.pk}-{finding.follower_id}")
        found += 1
    return found


@transaction.atomic
def end_unit(actor: User, unit: Organisation, on: dt.date) -> int:
    """A unit has ended: it gets nothing more, and what it has goes back to the dispatcher; how many findings that were."""
    if not allowed(actor, Permission.ASSIGN_FINDINGS):
        raise MoveRefused("您的岗位不能登记单位撤销。")
    locked = Organisation.objects.select_for_update().get(pk=unit.pk)
    if locked.closed_on:
        raise MoveRefused(f"{locked}已登记于 {locked.closed_on} 撤销。")
    if on > timezone.localdate():
        raise MoveRefused("撤销日期不能在今天以后，到时再登记。")
    locked.closed_on = on
    locked.save(update_fields=["closed_on"])
    return take_from_ended_units(timezone.localdate())
