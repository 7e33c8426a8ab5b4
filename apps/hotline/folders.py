"""收件文件夹: what somebody else's program puts into a folder of ours is taken in by itself.

INTAKE_DIR holds a folder for each source that names one. A file is taken when two looks a minute apart find it alike, so that none is read
while it is being written. Once it is stored, sealed, the file itself is deleted: no original stays here in the clear. One that cannot be read
lies in 有问题 for a week. A file that comes again is known.
"""

import logging
import re
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from apps.hotline import columns, workflow
from apps.hotline.models import Intake, Source
from apps.hotline.workflow import Interrupted
from apps.record.states import MoveRefused
from gis_data.rows import FileRefused

log = logging.getLogger(__name__)

WRONG = "有问题"
KEPT = timedelta(days=7)
READ = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".json", ".jsonl"}
UNFINISHED = re.compile(r"^[.~]|\.(part|tmp|crdownload|filepart|swp)$", re.I)
REMEMBERED = 24 * 3600  # seconds


def watch() -> list[Intake]:
    """Look into every folder once; the intakes of files that were taken."""
    if not settings.INTAKE_DIR:
        return []
    taken = []
    for source in Source.objects.filter(is_open=True).exclude(folder=""):
        folder = Path(settings.INTAKE_DIR) / source.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _forget(folder / WRONG)
            for path in sorted(folder.iterdir()):
                if _ready(source, path) and (intake := _take(source, path)):
                    taken.append(intake)
        except OSError as fault:
            log.error("收件文件夹 %s 打不开：%s", folder, fault.strerror)
    return taken


def _ready(source: Source, path: Path) -> bool:
    if not path.is_file() or UNFINISHED.search(path.name) or path.suffix.lower() not in READ:
        return False
    looked = path.stat()
    key, alike = f"intake-{source.pk}-{looked.st_dev}-{looked.st_ino}", (looked.st_size, looked.st_mtime_ns)
    if tuple(cache.get(key) or ()) == alike and looked.st_size:
        return True
    cache.set(key, alike, REMEMBERED)
    return False


def _take(source: Source, path: Path) -> Intake | None:
    """Sealed and stored first, then deleted: killed in between, the file is found again and known. One that was written on meanwhile stays and
    comes again: its rows are then known."""
    before = path.stat()
    try:
        intake, fresh = workflow.receive_file(source, path, Intake.Way.FOLDER)
    except FileRefused:
        _set_apart(path)
        return None
    if intake.state == Intake.State.WAITING:
        begin(intake)
    intake.refresh_from_db()
    if intake.state == Intake.State.FAILED:
        _set_apart(path)
    elif (before.st_size, before.st_mtime_ns) == ((now := path.stat()).st_size, now.st_mtime_ns):
        path.unlink()
    return intake if fresh else None


def begin(intake: Intake) -> None:
    """Start what is read as earlier files of its source were; what is not waits for a person, who is told."""
    try:
        table = workflow.table_of(intake)
    except FileRefused as refusal:
        workflow.fail(intake.pk, str(refusal))
        return
    except Interrupted as trouble:
        workflow.fail(intake.pk, trouble.words)
        return
    mapping = columns.remembered(table.headings, intake.source.mapping)
    if mapping is not None and not columns.fault(mapping, numbered=workflow.is_numbered(intake.source)):
        try:
            workflow.start(intake, None)
        except MoveRefused as refusal:
            log.warning("接收批次 %s：%s", intake.pk, refusal)
        return
    workflow.tell(intake, f"{intake.source}来了一个文件，要先确定各列", f"文件夹里的“{intake.file_name}”表头没有见过。请看一遍各列的对应，确定后自动接收，以后同样的表不再问。")


def _set_apart(path: Path) -> None:
    target = path.parent / WRONG
    target.mkdir(exist_ok=True)
    place = target / path.name
    if place.exists():
        place = target / f"{path.stem} {timezone.localtime():%Y%m%d-%H%M%S-%f}{path.suffix}"
    path.replace(place)
    place.touch()


def _forget(folder: Path) -> None:
    """Its owner has it, and nobody has looked: in the clear it does not stay."""
    before = (timezone.now() - KEPT).timestamp()
    for path in folder.glob("*"):
        if path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
