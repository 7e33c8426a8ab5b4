"""我也遇到: somebody joins a case that is there already, instead of reporting the same thing again.

He gets a follow code of his own, is told as the reporter is, and may rate. It is done with the rights of the public role.
"""

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.cases import told
from apps.cases.models import OPEN_STATES, Case, Joiner, Reporter, ReporterContact
from apps.cases.moves import record
from apps.cases.reports import ReportPhoto
from apps.cases.tellings import What, tell_reporters
from apps.cases.workflow import NOBODY
from apps.cases.workflow_ratings import locked_by_resident
from apps.record.files import Photo
from apps.record.states import MoveRefused

OVER = "这件事刚刚已经有了结果，不能再加入。您写的还在，请选“都不是”后提交。"


def join(case: Case, submission: uuid.UUID, *, words: str = "", reporter: Reporter = NOBODY, photos: tuple[Photo, ...] = ()) -> Joiner:
    """Join an open case; the same submission is taken in only once. `MoveRefused` when it is no longer open, or its number has been used."""
    try:
        with transaction.atomic():
            return _join(case, submission, words.strip(), reporter, photos)
    except IntegrityError:
        earlier = _sent(submission)
        if earlier is None:
            raise
        return earlier


def _join(case: Case, submission: uuid.UUID, words: str, reporter: Reporter, photos: tuple[Photo, ...]) -> Joiner:
    locked = locked_by_resident(case)
    if earlier := _sent(submission):
        return earlier
    if locked.state not in (*OPEN_STATES, Case.State.SPLIT):
        raise MoveRefused(OVER)
    if Case.objects.filter(submission=submission).exists():
        raise MoveRefused("您刚才已经提交过了，请打开查询页看进度。")
    now = timezone.now()
    sealed = ReporterContact.seal(reporter) if reporter != NOBODY else b""
    joiner = Joiner(case=locked, submission=submission, words=words, contact=sealed, joined_at=now)
    joiner.save(force_insert=True)
    ReportPhoto.objects.bulk_create([ReportPhoto(case=locked, joiner=joiner, photo=photo) for photo in photos])
    told.of(record(locked, "join", None, "", now, label=told.JOINER), locked)
    tell_reporters(locked, What.RECEIVED, f"{told.JOINED}已并入正在办理的一件，{told.goes_on(locked)}。", joiner=joiner)
    return joiner


def _sent(submission: uuid.UUID) -> Joiner | None:
    return Joiner.objects.filter(submission=submission).only("follow_code", "case").first()
