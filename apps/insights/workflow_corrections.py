"""Verbs of 统计更正: ordered, counted anew in the background, stopped, begun again.

What takes long is done outside any transaction: meanwhile the page is read, and can be closed. Only a version that is whole is written, in one
transaction with the end of its correction, so that a worker that is killed leaves what was published as it was.
"""

import datetime as dt
import time
from collections.abc import Callable

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app as jobs

from apps.accounts.models import User
from apps.accounts.perms import Permission, allowed
from apps.insights import facts, workflow_public
from apps.insights.public_counts import PublicTable, PublicTableEvent, TableCorrection
from apps.insights.workflow_public import Counted
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from apps.territory.models import AdminArea

TASK = "insights.correct_table"
WHOLE = 100
TOLD_EVERY = 0.5  # seconds
State = TableCorrection.State
AT_WORK = (State.QUEUED, State.RUNNING)


class _Stopped(Exception):
    """Somebody has stopped it, or another worker has finished it."""


@transaction.atomic
def order(actor: User, quarter: dt.date, reason: str) -> TableCorrection:
    """Have a published quarter counted anew; one at a time. The job begins with the transaction's end."""
    _demand(actor)
    if not reason.strip():
        raise MoveRefused("请写明更正的原因：群众会看到。", "reason")
    workflow_public.hold()
    table = PublicTable.objects.filter(quarter=quarter, is_current=True).first()
    if table is None:
        raise MoveRefused("这个季度还没有公布，不用更正。")
    _demand_alone(table)
    if not workflow_public.differs(quarter):
        raise MoveRefused(workflow_public.SAME)
    correction = TableCorrection.objects.create(table=table, area=AdminArea.objects.county(), reason=reason.strip()[:300], total=WHOLE, created_by=actor)
    PublicTableEvent.objects.append(table, "order", actor=actor, note=correction.reason)
    jobs.configure_task(TASK).defer(correction=correction.pk)
    return correction


def make(pk: int) -> TableCorrection:
    """Count, protect and publish. Killed in the middle, it is simply run again; stopped, nothing is published."""
    try:
        correction = _gone_on(pk, 0)
        facts.refresh()
        counted = workflow_public.counted_anew(correction.table.quarter, _teller(pk))
        return _published(pk, counted)
    except _Stopped:
        return TableCorrection.objects.get(pk=pk)
    except MoveRefused as refusal:
        return _failed(pk, str(refusal))
    except Exception:
        _failed(pk, "统计时出了故障，没有公布。请点“重新统计”；仍不行请联系管理员。")
        raise


def _teller(pk: int) -> Callable[[float], None]:
    """Notes now and then how far it is, and ends the work where it was stopped."""
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_EVERY:
            _gone_on(pk, int(share * WHOLE))
            last = time.monotonic()

    return tell


def _gone_on(pk: int, done: int) -> TableCorrection:
    if not TableCorrection.objects.filter(pk=pk, state__in=AT_WORK).update(state=State.RUNNING, done=done):
        raise _Stopped
    return TableCorrection.objects.select_related("table").defer("table__behind").get(pk=pk)


@transaction.atomic
def _published(pk: int, counted: Counted) -> TableCorrection:
    workflow_public.hold()
    correction = _locked(pk)
    if not correction.at_work:
        raise _Stopped
    table = workflow_public.write(correction.table.quarter, counted, by=correction.created_by, reason=correction.reason)
    PublicTableEvent.objects.append(table, "correct", actor=correction.created_by, note=table.reason, hidden=table.hidden)
    correction.state, correction.done, correction.made, correction.finished_at = State.DONE, WHOLE, table, timezone.now()
    correction.save()
    _tell(correction, f"{table}第 {table.version} 版已公布", "", table)
    return correction


@transaction.atomic
def _failed(pk: int, note: str) -> TableCorrection:
    correction = _locked(pk)
    if correction.at_work:
        correction.state, correction.note, correction.finished_at = State.FAILED, note[:200], timezone.now()
        correction.save()
        PublicTableEvent.objects.append(correction.table, "fail", actor_label="系统", note=note)
        _tell(correction, f"{correction.table}没有更正", note, correction.table)
    return correction


def _tell(correction: TableCorrection, words: str, note: str, table: PublicTable) -> None:
    url = reverse("voices_table", args=[table.pk])
    Notice.objects.tell([correction.created_by], "insight", words, note, url, key=f"correction-{correction.pk}-{correction.state}-{correction.finished_at:%s}")


@transaction.atomic
def cancel(actor: User, pk: int) -> TableCorrection:
    """Stop it: what is published stays as it is."""
    _demand(actor)
    correction = _locked(pk)
    if not correction.at_work:
        raise MoveRefused(f"现在是“{correction.get_state_display()}”，不用再停止。")
    correction.state, correction.finished_at = State.CANCELLED, timezone.now()
    correction.save()
    PublicTableEvent.objects.append(correction.table, "cancel", actor=actor)
    return correction


@transaction.atomic
def resume(actor: User, pk: int) -> TableCorrection:
    """Count after all, as things stand now, with the reason that was given."""
    _demand(actor)
    workflow_public.hold()
    correction = _locked(pk)
    if correction.state not in (State.CANCELLED, State.FAILED):
        raise MoveRefused(f"现在是“{correction.get_state_display()}”，不能重新统计。")
    if not correction.table.is_current:
        raise MoveRefused("这一版已经被后一版代替，请到现行的一版里更正。")
    _demand_alone(correction.table)
    correction.state, correction.note, correction.done, correction.finished_at = State.QUEUED, "", 0, None
    correction.save()
    PublicTableEvent.objects.append(correction.table, "resume", actor=actor)
    jobs.configure_task(TASK).defer(correction=correction.pk)
    return correction


def _demand(actor: User) -> None:
    if not allowed(actor, Permission.OPEN_PUBLIC_VOICES):
        raise MoveRefused("公开统计表由县人大常委会工委更正。")


def _demand_alone(table: PublicTable) -> None:
    other = TableCorrection.objects.filter(table=table, state__in=AT_WORK).select_related("created_by").first()
    if other:
        raise MoveRefused(f"{other.created_by}已经在重新统计这个季度（原因：{other.reason}）。请等它做完，或者停止后再来。")


def _locked(pk: int) -> TableCorrection:
    return TableCorrection.objects.select_for_update(of=("self",)).select_related("table", "created_by").get(pk=pk)
