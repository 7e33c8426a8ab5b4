"""How records come in: a file is received sealed, its columns are settled, then batch after batch is read in memory and written, each in
one transaction with the place from which a restart goes on. What was read in the clear is dropped with its batch.

Links between records and cases stand in `workflow_links.py`, what is written of a batch in `writing.py`.
"""

import datetime as dt
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.models import ProcrastinateJob

from apps.accounts.models import Role, User
from apps.cases.linked import LinkedOrder
from apps.cases.redaction import redact
from apps.hotline import columns
from apps.hotline.entries import Entry, Layout, Problem, entries
from apps.hotline.models import Intake, IntakeEvent, IntakePiece, IntakeProblem, Source, SourceEvent
from apps.hotline.pieces import PIECE, Opened, SealedUpload, Sealing
from apps.hotline.reading import Known, read
from apps.hotline.writing import Counted, Units, write
from apps.record.notices import Notice
from apps.record.states import MoveRefused
from gis_data.rows import FileRefused
from gis_data.streams import Table, open_table

log = logging.getLogger(__name__)

BATCH = 500
COUNTS = ("read", "taken", "changed", "unchanged", "refused", "linked", "unlocated")
KEPT_WAITING = dt.timedelta(days=14)  # a file whose columns nobody settles is not kept longer
NOT_STORED = "数据库不能保存这一行的内容"
S = Intake.State


AWAY = (OperationalError, InterfaceError)  # the database is gone for a while: the queue waits for it, and what it says quotes no row


class Interrupted(Exception):
    """Something went wrong that is no fault of the file. Says what kind of thing, and nothing of the rows that were in hand."""

    @property
    def words(self) -> str:
        return f"程序出了意外（{self}），没有收完。"


# --- a file is received --------------------------------------------------------------------------------------------------


@transaction.atomic
def receive_upload(source: Source, upload: SealedUpload, by: User, *, again: bool = False) -> tuple[Intake, bool]:
    """The intake of a file from a page, and whether it is new: the same file of the same source is the same intake. again: unless it is done
    and is to be taken in once more, as when its columns were settled wrongly; the same orders are then renewed."""
    _accepting(source)
    if not upload.size:
        raise FileRefused(f"“{upload.name}”是空文件。请重新导出后再传。")
    if (there := _there(source, upload.digest)) and not (again and there.state == S.DONE):
        return there, False
    intake = _begun(source, Intake.Way.UPLOAD, upload.name or "", by, upload.digest)
    IntakePiece.objects.bulk_create([IntakePiece(intake=intake, number=number, sealed=sealed) for number, sealed in enumerate(upload.pieces)], batch_size=8)
    return intake, True


@transaction.atomic
def receive_file(source: Source, path: Path, way: str, by: User | None = None) -> tuple[Intake, bool]:
    """The same for a file that lies on a disk."""
    _accepting(source)
    intake = _begun(source, way, path.name, by, "")
    sealing = Sealing(lambda number, sealed: IntakePiece(intake=intake, number=number, sealed=sealed).save(force_insert=True))
    with path.open("rb") as file:
        while block := file.read(PIECE):
            sealing.write(block)
    digest = sealing.close()
    if not sealing.size:
        raise FileRefused(f"“{path.name}”是空文件。请重新导出后再传。")
    if there := _there(source, digest):
        transaction.set_rollback(True)
        return there, False
    Intake.objects.filter(pk=intake.pk).update(sha256=digest)
    intake.sha256 = digest
    return intake, True


def _accepting(source: Source) -> None:
    locked = Source.objects.select_for_update().get(pk=source.pk)
    if not locked.is_open:
        raise FileRefused(f"来源“{locked}”已停止接收。要接收，请先在来源页打开。")


def _there(source: Source, digest: str) -> Intake | None:
    return Intake.objects.filter(source=source, sha256=digest).exclude(state=S.CANCELLED).order_by("-pk").first()


def _begun(source: Source, way: str, name: str, by: User | None, digest: str) -> Intake:
    intake = Intake.objects.create(source=source, way=way, file_name=redact(Path(name).name).text[:120] or "未命名", by=by, sha256=digest)
    IntakeEvent.objects.append(intake, "receive", actor=by, state=intake.state, way=way)
    return intake


def table_of(intake: Intake) -> Table:
    """Raises FileRefused. A first row that is data is no row of headings, and must not be remembered as one."""
    settled = intake.source.mapping
    with hushed():
        table = open_table(Opened.of(intake), intake.file_name, lambda heading: heading in settled or columns.is_known(heading))
    odd = any(len(heading) > columns.LIKELY_LONG or redact(heading).spans for heading in table.headings if heading not in settled)
    named = any(heading in settled or columns.is_known(heading) or not any(map(str.isdigit, heading)) for heading in table.headings)
    if odd or not named:
        raise FileRefused("第一行像是数据，不是表头。请在表的第一行写上各列的名称后再传。")
    return table


# --- its columns are settled, and it is started --------------------------------------------------------------------------


def settle(source: Source, mapping: dict[str, str], states: dict[str, str], by: User | None) -> None:
    """What these headings mean, from now on and for every table of the source. Raises MoveRefused."""
    if why := columns.fault(mapping, numbered=is_numbered(source)):
        raise MoveRefused(why)
    with transaction.atomic():
        locked = Source.objects.select_for_update().get(pk=source.pk)
        changed = {heading: field for heading, field in mapping.items() if locked.mapping.get(heading) != field}
        words = {word: state for word, state in states.items() if locked.state_words.get(word) != state}
        if changed or words:
            locked.mapping, locked.state_words = locked.mapping | changed, locked.state_words | words
            locked.save(update_fields=["mapping", "state_words"])
            SourceEvent.objects.append(locked, "settle", actor=by, columns=changed, states=words)
    source.mapping, source.state_words = locked.mapping, locked.state_words


@transaction.atomic
def keep_source(source: Source, by: User, changed: list[str]) -> Source:
    """A new source, or one that was changed. What cases know of its orders is called by its name too."""
    before = Source.objects.select_for_update().get(pk=source.pk).name if source.pk else ""
    source.save()
    if before and before != source.name:
        LinkedOrder.objects.filter(source=before).update(source=source.name)
    SourceEvent.objects.append(source, "change" if before else "create", actor=by, name=source.name, kind=source.kind, changed=changed)
    return source


def is_numbered(source: Source) -> bool:
    """Whether its records have numbers of their own; notes of stations and meetings often have none."""
    return source.kind in (Source.Kind.HOTLINE, Source.Kind.BOARD)


@transaction.atomic
def start(intake: Intake, by: User | None, *, queue: bool = True) -> Intake:
    """Begin, or go on where it stopped. Starting what runs already changes nothing."""
    locked = Intake.objects.select_for_update(of=("self",)).get(pk=intake.pk)
    if locked.state == S.RUNNING:
        return locked
    if locked.state not in (S.WAITING, S.FAILED):
        raise MoveRefused(f"这一批{locked.get_state_display()}，不能再开始。")
    if not locked.pieces.exists():
        raise MoveRefused("文件已经清除，请重新上传。")
    verb, now = ("start" if locked.state == S.WAITING else "go_on"), timezone.now()
    locked.state, locked.fault, locked.started_at, locked.finished_at = S.RUNNING, "", locked.started_at or now, None
    locked.save(update_fields=["state", "fault", "started_at", "finished_at"])
    IntakeEvent.objects.append(locked, verb, actor=by, state=locked.state, cursor=locked.cursor)
    if queue:
        _queue(locked.pk)
    return locked


def _queue(pk: int) -> None:
    jobs.configure_task("hotline.run_intake", lock=f"intake-{pk}").defer(intake=pk)  # by name: the task leans on this module


def take_up_lost() -> int:
    """Queue again what runs and nobody is at: its job was given up while the database was away, or deleted; how many. What a command takes in
    is the command's."""
    at_it = ProcrastinateJob.objects.filter(task_name="hotline.run_intake", status__in=("todo", "doing")).values_list("args__intake", flat=True)
    lost = Intake.objects.filter(state=S.RUNNING).exclude(way=Intake.Way.COMMAND).exclude(pk__in=list(at_it)).values_list("pk", flat=True)
    for pk in lost:
        _queue(pk)
    return len(lost)


@transaction.atomic
def cancel(intake: Intake, by: User | None, note: str = "") -> Intake:
    """Stop after the batch in hand. What was taken in stays; the rest of the file is gone."""
    locked = Intake.objects.select_for_update(of=("self",)).get(pk=intake.pk)
    if locked.state not in (S.WAITING, S.RUNNING, S.FAILED):
        raise MoveRefused(f"这一批{locked.get_state_display()}，不用再取消。")
    _ended(locked, S.CANCELLED, "cancel", by, note)
    return locked


def fail(pk: int, fault: str) -> None:
    """It cannot go on by itself; the office is told and may go on with it, or cancel it."""
    with transaction.atomic():
        locked = Intake.objects.select_for_update(of=("self",)).select_related("source").get(pk=pk)
        if locked.state not in (S.RUNNING, S.WAITING):
            return
        locked.state, locked.fault, locked.finished_at = S.FAILED, fault[:300], timezone.now()
        locked.save(update_fields=["state", "fault", "finished_at"])
        IntakeEvent.objects.append(locked, "fail", state=locked.state, note=fault, cursor=locked.cursor)
        tell(locked, f"{locked.source}的一批记录没有收完", f"{fault}已收的 {locked.cursor} 行都在，可以继续或取消。")


def tell(intake: Intake, title: str, body: str) -> None:
    offices = User.objects.filter(role=Role.COUNTY_OFFICE, is_active=True).values_list("pk", flat=True)
    Notice.objects.tell(offices, "system", title, body, path=f"/hotline/intakes/{intake.pk}/")


def _ended(locked: Intake, state: str, verb: str, by: User | None = None, note: str = "") -> None:
    locked.state, locked.finished_at = state, timezone.now()
    locked.save(update_fields=["state", "finished_at"])
    locked.pieces.all().delete()
    IntakeEvent.objects.append(locked, verb, actor=by, note=note, state=state, **{name: getattr(locked, name) for name in COUNTS})


def drop_forgotten() -> int:
    """Files whose columns nobody has settled, or that failed, are not kept for ever; how many were dropped."""
    old = Intake.objects.filter(state__in=(S.WAITING, S.FAILED), made_at__lt=timezone.now() - KEPT_WAITING)
    for intake in old:
        cancel(intake, None, "两周没有处理，原文件已清除")
    return len(old)


# --- it runs -------------------------------------------------------------------------------------------------------------


def run(pk: int, say: Callable[[Intake], None] = lambda intake: None, seconds: float = math.inf) -> Intake:
    """Take in what is left of a file. Killed at any moment it is simply run again; two at once do not harm each other.

    seconds: after so long, or four times as long as it took to come to where it stopped, it lets the others in the queue go first and goes on
    behind them: a large file may take hours, and a worker does one thing at a time."""
    intake = Intake.objects.select_related("source").get(pk=pk)
    if intake.state != S.RUNNING:
        return intake
    try:
        with hushed():
            ended = _run(intake, say, seconds)
            if ended is None:
                _queue(pk)
            return _finish(pk) if ended else Intake.objects.get(pk=pk)
    except FileRefused as refusal:
        fail(pk, str(refusal))
    except Interrupted:
        if Intake.objects.filter(pk=pk, state=S.RUNNING).exists():  # else it was cancelled, and its file is gone under our hands
            raise
    return Intake.objects.get(pk=pk)


def _run(intake: Intake, say: Callable[[Intake], None], seconds: float) -> bool | None:
    """Whether it came to the end of the file; None: its time is over."""
    began = monotonic()
    table = table_of(intake)
    if intake.total is None:
        intake.total = table.count()
        _begun_with(intake, table)
    layout = layout_of(intake.source, table.headings)
    known, units = Known(intake.source_id, intake.source.crs), Units()
    rows = table.rows()
    for _ in entries(islice(rows, intake.cursor), layout):  # what was done before a restart: which numbers have come already
        pass
    until = monotonic() + max(seconds, 4 * (monotonic() - began))
    while chunk := list(islice(rows, BATCH)):
        if not _taken(intake, chunk, layout, known, units):
            return False
        say(intake)
        if monotonic() > until:
            return None
    return True


@transaction.atomic
def _begun_with(intake: Intake, table: Table) -> None:
    """How much there is, and what of the file is not read: said once, whoever comes first."""
    if Intake.objects.filter(pk=intake.pk, total=None).update(total=intake.total):
        IntakeProblem.objects.bulk_create([IntakeProblem(intake=intake, row=row, field="文件", reason=words[:120]) for row, words in table.notes])


@contextmanager
def hushed() -> Iterator[None]:
    """What goes wrong inside may quote a row that nobody has redacted: neither its message nor its traceback may reach a log or a page."""
    try:
        yield
    except (FileRefused, MoveRefused, Interrupted, *AWAY):
        raise
    except Exception as trouble:
        raise Interrupted(f"{type(trouble).__name__}（{_where(trouble)}）") from None


def _where(trouble: BaseException) -> str:
    """The innermost place in the program, without any value."""
    at = trouble.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at else ""


def layout_of(source: Source, headings: Sequence[str], now: dt.datetime | None = None) -> Layout:
    return Layout(
        Layout.columns_of(headings, source.mapping), source.state_words, timezone.get_default_timezone(), now or timezone.now(),
        lambda text: salted_hmac("apps.hotline.number", f"{source.code}\n{text}", algorithm="sha256").hexdigest(), source.channel, is_numbered(source), len(headings),
    )  # fmt: skip


def _taken(intake: Intake, chunk: list[tuple[int, Sequence[Any]]], layout: Layout, known: Known, units: Units) -> bool:
    """A batch; where the database refuses something in it, row by row, so that one row holds up nothing. False: somebody has stopped it, or
    is ahead of us."""
    pairs = list(entries(chunk, layout))
    parts = [entry for entry, _ in pairs if entry is not None]
    faults = [problem for _, problems in pairs for problem in problems]
    try:
        return _write_batch(intake, len(chunk), parts, faults, known, units)
    except (DataError, IntegrityError):
        return all(_alone(intake, entry, problems, known, units) for entry, problems in pairs)


def _alone(intake: Intake, entry: Entry | None, problems: list[Problem], known: Known, units: Units) -> bool:
    try:
        return _write_batch(intake, 1, [entry] if entry else [], problems, known, units)
    except (DataError, IntegrityError):
        return _write_batch(intake, 1, [], [Problem(entry.row if entry else 0, "", NOT_STORED)], known, units)


def _write_batch(intake: Intake, rows: int, parts: list[Entry], faults: list[Problem], known: Known, units: Units) -> bool:
    worded = [entry for entry in parts if entry.has_words]
    found = dict(zip([entry.row for entry in worded], read([entry.raw for entry in worded], known), strict=True))
    with transaction.atomic():
        locked = Intake.objects.select_for_update(of=("self",)).get(pk=intake.pk)
        if locked.state != S.RUNNING or locked.cursor != intake.cursor:
            return False
        Source.objects.select_for_update().get(pk=intake.source_id)
        done = write(intake, parts, found, units)
        _count(intake, rows, done, faults)
        Intake.objects.filter(pk=intake.pk).update(cursor=F("cursor") + rows)
    intake.cursor += rows
    return True


def _count(intake: Intake, rows: int, done: Counted, faults: list[Problem]) -> None:
    problems = [*faults, *done.problems]
    done.read, done.refused = rows, done.refused + sum(problem.refused for problem in faults)
    IntakeProblem.objects.bulk_create([IntakeProblem(intake=intake, row=each.row, field=each.field[:20], reason=each.reason[:120], refused=each.refused) for each in problems])
    Intake.objects.filter(pk=intake.pk).update(**{name: F(name) + getattr(done, name) for name in COUNTS})


@transaction.atomic
def _finish(pk: int) -> Intake:
    locked = Intake.objects.select_for_update(of=("self",)).get(pk=pk)
    if locked.state == S.RUNNING:
        locked.total = locked.cursor
        locked.save(update_fields=["total"])
        _ended(locked, S.DONE, "done")
    return locked


# --- pushed over the interface -------------------------------------------------------------------------------------------


def take_in(source: Source, rows: Sequence[tuple[int, Sequence[Any]]], headings: Sequence[str], known: Known, by: str) -> Counted:
    """Rows that a program pushes, in one transaction; all of a day stand in one intake. by: what the program is called. Where the database
    refuses something in them they are taken row by row."""
    with hushed():
        try:
            return _pushed(source, rows, headings, known, by)
        except (DataError, IntegrityError):
            done = Counted()
            for row in rows:
                try:
                    done.add(_pushed(source, [row], headings, known, by))
                except (DataError, IntegrityError):
                    done.read += 1
                    done.refuse(row[0], NOT_STORED)
            return done


def _pushed(source: Source, rows: Sequence[tuple[int, Sequence[Any]]], headings: Sequence[str], known: Known, by: str) -> Counted:
    layout, units, now = layout_of(source, headings), Units(), timezone.now()
    pairs = list(entries(rows, layout))
    parts = [entry for entry, _ in pairs if entry is not None]
    faults = [problem for _, problems in pairs for problem in problems]
    worded = [entry for entry in parts if entry.has_words]
    found = dict(zip([entry.row for entry in worded], read([entry.raw for entry in worded], known), strict=True))
    with transaction.atomic():
        _accepting(source)
        name = f"接口推送 {timezone.localdate(now):%Y-%m-%d}"
        intake, _ = Intake.objects.get_or_create(source=source, way=Intake.Way.PUSH, file_name=name, defaults={"state": S.DONE, "started_at": now})
        intake = Intake.objects.select_for_update(of=("self",)).get(pk=intake.pk)
        done = write(intake, parts, found, units)
        _count(intake, len(pairs), done, faults)
        Intake.objects.filter(pk=intake.pk).update(finished_at=now, cursor=F("cursor") + len(pairs), total=F("cursor") + len(pairs))
        IntakeEvent.objects.append(intake, "push", state=intake.state, actor_label=by, **{name: getattr(done, name) for name in COUNTS})
    done.problems = [*faults, *done.problems]
    return done
