"""What is done about a case from above: 催办 by a clerk, 督办 by decision, and the list for the joint meeting (联席会议)."""

import datetime as dt

from django.db import models, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.cases import told
from apps.cases.models import Case
from apps.cases.moves import STEP, locked_for, moved, said
from apps.record.states import MoveRefused


class Body(models.TextChoices):
    """Who decides on 督办."""

    OFFICE = "office", "工委"
    CHAIRS = "chairs", "主任会议"


@transaction.atomic
def remind(case: Case, actor: User, words: str = "", *, revision: int | None = None) -> Case:
    """催办: whoever has it is reminded, at most once a day, and it is counted."""
    locked = locked_for(case, "remind", actor, revision)
    now = timezone.now()
    locked.reminded, locked.reminded_at = locked.reminded + 1, now
    return moved(locked, "remind", actor, words.strip(), now, step=False, columns=(*STEP, "reminded", "reminded_at"), times=locked.reminded)


@transaction.atomic
def oversee(case: Case, actor: User, body: str, decided_on: dt.date, words: str, *, revision: int | None = None) -> Case:
    """督办: 工委 or 主任会议 has decided to oversee it."""
    words = said(words, "请写明督办意见。", 250)
    if body not in Body.values:
        raise MoveRefused("请选是哪个机构决定督办的。", "body")
    if decided_on > timezone.localdate():
        raise MoveRefused("决定日期不能在今天以后。", "decided_on")
    locked = locked_for(case, "oversee", actor, revision)
    if decided_on < timezone.localdate(locked.submitted_at):
        raise MoveRefused("决定日期早于反映的日期，请核对。", "decided_on")
    by = Body(body).label
    if locked.oversight.startswith(f"{by}："):
        raise MoveRefused(f"{by}已于 {locked.overseen_on} 决定督办过。", "body")
    locked.overseen_on, locked.oversight = decided_on, f"{by}：{words}"
    done = moved(
        locked, "oversee", actor, words, step=False, columns=(*STEP, "overseen_on", "oversight"), body=by, decided_on=decided_on.isoformat(),
    )  # fmt: skip
    if done.state in (Case.State.WITH_UNIT, Case.State.WITH_DISPATCHER):
        told.tell(done, told.dispatchers(done), f"{by}决定督办", words, kind="reminder", key=f"case-overseen-{done.pk}-{decided_on}", but=actor.pk)
    return done


def put_on_joint_list(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    """For the next joint meeting of congress and government."""
    return _list(case, "put_on_joint_list", True, actor, note, revision)


def take_off_joint_list(case: Case, actor: User, note: str = "", *, revision: int | None = None) -> Case:
    return _list(case, "take_off_joint_list", False, actor, note, revision)


@transaction.atomic
def _list(case: Case, verb: str, listed: bool, actor: User, note: str, revision: int | None) -> Case:
    locked = locked_for(case, verb, actor, revision)
    locked.joint = listed
    return moved(locked, verb, actor, note.strip(), step=False, columns=(*STEP, "joint"))
