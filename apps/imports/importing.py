"""One file into one layer: read, check, stage, merge, report; all of it or nothing.

Everything up to the last statement is one transaction: an import that is refused, rehearsed, interrupted or killed changes
nothing but the list of batches. Two imports of one layer wait for each other.
"""

import csv
import datetime as dt
import hashlib
import io
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import shapely
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from apps.accounts.models import User
from apps.cases.models import Case
from apps.deputies.grid import GridMember
from apps.deputies.models import Deputy, Station
from apps.deputies.rota import DutyTurn
from apps.imports import surveys
from apps.imports.models import ImportBatch
from apps.organisations.models import Organisation
from apps.projects.models import KeyProject, ProgressReport, ProjectReport, Subproject
from apps.record.staging import REFUSED, SHAPE, STAGE, Merged, Stage, copy_in, execute, query
from apps.supervision.findings import Finding
from apps.supervision.topics import Topic
from apps.supervision.visits import Visit
from apps.territory.models import AdminArea, Doorplate, ElectoralDistrict, Grid, IssuedPlate, Issuer, LayerVersion
from gis_data.checks import Checked, check
from gis_data.layers import LAYERS, Layer
from gis_data.readers import open_source
from gis_data.rows import FileRefused, Source

OWNERS: dict[str, type[Model]] = {
    "area": AdminArea, "organisation": Organisation, "district": ElectoralDistrict, "grid": Grid, "doorplate": Doorplate,
    "issuer": Issuer, "plate": IssuedPlate,
    "station": Station, "deputy": Deputy, "rota": DutyTurn, "project": KeyProject, "subproject": Subproject, "progress": ProgressReport, "case": Case,
    "draft": ElectoralDistrict, "monthly": ProjectReport, "gridmember": GridMember, "topic": Topic, "visit": Visit, "finding": Finding,
}  # fmt: skip
LOCK = 0x6765_6F00  # with the layer's number: advisory locks of imports
MANY_ROWS = 1000  # from so many written rows on, the planner's statistics are renewed
REPAIRED_SHOWN = 20

Say = Callable[[str], None]


@dataclass
class Order:
    """What is to be imported, and how. `today`: the day it counts as; `say` is told how far it is."""

    layer: str
    path: Path
    crs: str = ""
    encoding: str = ""
    rehearse: bool = False
    today: dt.date = field(default_factory=timezone.localdate)
    user: User | None = None
    say: Say = lambda message: None


class _RolledBack(Exception):
    """Carries the way out of the transaction of an import that shall change nothing."""


def bring_in(order: Order) -> ImportBatch:
    """Import a file. The batch says what happened; it is kept also when the file was refused.

    Raises DatabaseError when the database failed or would not take the rows; nothing has changed then either.
    """
    started = time.monotonic()
    batch = ImportBatch(layer=order.layer[:20], file_name=order.path.name[:200], status=ImportBatch.Status.REFUSED, user=order.user)
    with ExitStack() as stack:
        spool = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=8 << 20))
        try:
            layer = _layer(order.layer)
            batch.sha256 = fingerprint(order.path)
            source = open_source(order.path, layer, crs=order.crs, encoding=order.encoding, stack=stack)
            batch.encoding = source.encoding[:20]
            with transaction.atomic():
                _import(order, source, batch, spool, started)
        except _RolledBack:
            with transaction.atomic():
                _keep(batch, started)
                _copy_rejects(batch, spool)
        except FileRefused as error:
            _refused(batch, str(error), started)
        except OperationalError:
            raise
        except DatabaseError as error:
            _refused(batch, f"数据库没有接受这些数据，什么也没有改变：{str(error).splitlines()[0][:200]}", started)
            raise
        except KeyboardInterrupt:
            connection.close()  # whatever the server was doing is rolled back
            _refused(batch, "导入被中断，什么也没有改变。可以重新运行。", started)
            raise
    return batch


def _refused(batch: ImportBatch, message: str, started: float) -> None:
    batch.status, batch.message = ImportBatch.Status.REFUSED, message
    batch.inserted = batch.updated = batch.unchanged = 0
    _keep(batch, started)


def _keep(batch: ImportBatch, started: float) -> None:
    batch.seconds = round(time.monotonic() - started, 3)
    batch.save(force_insert=True)


def _layer(name: str) -> Layer:
    if name not in LAYERS:
        known = "、".join(f"{layer.name}（{layer.label}）" for layer in LAYERS.values())
        raise FileRefused(f"没有“{name[:40]}”这个图层。可以导入：{known}。")
    return LAYERS[name]


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or of all files in a folder database; empty when there is nothing to read."""
    digest = hashlib.sha256()
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    try:
        for file in files:
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def _import(order: Order, source: Source, batch: ImportBatch, spool: IO[bytes], started: float) -> None:
    """Inside the transaction: stage, merge, survey, report. Leaves by _RolledBack when nothing shall stay."""
    layer = source.layer
    _take_turn(layer, order.say)
    stage = Stage(layer, frozenset(source.columns) | ({SHAPE} if source.has_shape else set()), order.today)
    stage.create()
    repaired = _fill(stage, source, batch, order.say)
    order.say("检查编号和引用……")
    stage.refuse_repeated_keys()
    surveys.refuse_shifted(stage, source.crs_given)
    order.say("写入……")
    merged: Merged = OWNERS[layer.name].objects.merge_staged(stage)
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    if merged.inserted + merged.updated + merged.removed:
        order.say("检查重叠、空隙和归属……")
        surveys.survey(stage)
    batch.inserted, batch.updated, batch.unchanged = merged.inserted, merged.updated, merged.unchanged
    batch.rejected = query(f"SELECT count(*) FROM {REFUSED}")[0][0]
    notes = list(source.notes)
    if source.unused:
        notes.append(f"没有用到的列：{'、'.join(source.unused[:20])}")
    if repaired:
        rows = "、".join(map(str, repaired[:REPAIRED_SHOWN]))
        notes.append(f"修复了 {len(repaired)} 个面（第 {rows} 行{'等' if len(repaired) > REPAIRED_SHOWN else ''}），面积变化都在 1% 以内")
    batch.crs = source.crs_name[:40]
    nothing = batch.rejected and not merged.inserted + merged.updated + merged.unchanged
    if nothing:
        notes.insert(0, "每一行都被拒收，什么也没有改变")
    batch.message = "\n".join(notes + stage.warnings)
    if order.rehearse or nothing:
        batch.status = ImportBatch.Status.REFUSED if nothing else ImportBatch.Status.REHEARSED
        with connection.cursor() as cursor, cursor.copy(f"COPY {REFUSED} (row, reason, data) TO STDOUT") as copy:
            for block in copy:
                spool.write(block)
        raise _RolledBack
    batch.status = ImportBatch.Status.DONE
    _keep(batch, started)
    execute(
        f"INSERT INTO imports_rejectedrow (batch_id, row, reason, data) SELECT %s, row, reason, data FROM {REFUSED} ORDER BY row", [batch.pk]
    )
    if merged.inserted + merged.updated:
        LayerVersion.raise_for(layer.name)
        if merged.inserted + merged.updated >= MANY_ROWS:
            execute(f"ANALYZE {OWNERS[layer.name]._meta.db_table}")


def _take_turn(layer: Layer, say: Say) -> None:
    key = LOCK + list(LAYERS).index(layer.name)
    if not query("SELECT pg_try_advisory_xact_lock(%s)", [key])[0][0]:
        say(f"另一个“{layer.label}”导入正在进行，等它结束……")
        execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _fill(stage: Stage, source: Source, batch: ImportBatch, say: Say) -> list[int]:
    """Read, check and stage all rows; the numbers of the rows whose polygon was mended. FileRefused when there are none."""
    words = choice_words(source.layer)
    repaired: list[int] = []
    for chunk in source.chunks():
        checked = check(source.layer, chunk, words)
        _stage(stage, checked)
        repaired += checked.repaired
        batch.rows_read += len(chunk)
        batch.crs = source.crs_name[:40]
        say(f"已读 {batch.rows_read:,}{f' / {source.count:,}' if source.count else ''} 行")
    if not batch.rows_read:
        raise FileRefused("文件里只有表头，没有一行数据。请重新导出后再导入。")
    return repaired


def _stage(stage: Stage, checked: Checked) -> None:
    columns: list[list] = [checked.rows.tolist(), *checked.values.values()]
    names = ["row", *checked.values]
    if checked.shapes is not None:
        names.append("geom")
        columns.append(shapely.to_wkb(shapely.set_srid(checked.shapes, 4326), hex=True, include_srid=True).tolist())
    lines = io.StringIO()
    csv.writer(lines).writerows(zip(*columns, strict=True))
    copy_in(STAGE, names, lines.getvalue())
    if checked.refused:
        lines = io.StringIO()
        csv.writer(lines).writerows((row, reason[:300], json.dumps(said, ensure_ascii=False)) for row, reason, said in checked.refused)
        copy_in(REFUSED, ("row", "reason", "data"), lines.getvalue())


def choice_words(layer: Layer) -> dict[str, dict[str, str]]:
    """For each column with choices: the words on screen, and the code that is stored for each."""
    model, words = OWNERS[layer.name], {}
    fields = {f.name: f for f in model._meta.get_fields() if getattr(f, "choices", None)}
    for column in layer.columns:
        if column.choices and column.name in fields:
            words[column.name] = {str(label): code for code, label in fields[column.name].choices if code in column.choices}
    return words


def _copy_rejects(batch: ImportBatch, spool: IO[bytes]) -> None:
    """The refused rows of an import that was rolled back, into the list that is kept."""
    spool.seek(0)
    execute("CREATE TEMP TABLE import_kept (row integer, reason text, data jsonb) ON COMMIT DROP")
    with connection.cursor() as cursor, cursor.copy("COPY import_kept (row, reason, data) FROM STDIN") as copy:
        while block := spool.read(1 << 16):
            copy.write(block)
    execute("INSERT INTO imports_rejectedrow (batch_id, row, reason, data) SELECT %s, row, reason, data FROM import_kept ORDER BY row", [batch.pk])
