"""The gazetteer of the doorplates in the database: read as a stream, kept as files that all processes of this machine share.

A process asks whether its gazetteer is current by the layers' versions; the files are named by what the tables hold, so that none is ever
out of date. Who comes first builds it, the others wait for the files and map them into memory.
"""

import fcntl
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import FloatField, Func

from apps.territory.gazetteer import FORMAT, Gazetteer
from apps.territory.houses import Collector
from apps.territory.known_names import Areas
from apps.territory.remembered import Remembered

log = logging.getLogger(__name__)

FEW = 5_000  # doorplates: fewer are read sooner than files
AT_ONCE = 20_000
COLUMNS = ("code", "town_id", "village_id", "road", "number", "hamlet", "estate", "building", "unit", "room")
AREA = ("pk", "code", "name", "level", "parent__code", "former_names")


def current() -> Gazetteer:
    """Of the doorplates in use; no older than a second after an import. Threads and processes share it, none may change it."""
    return _remembered.current()


def _read() -> Gazetteer:
    areas = _areas()
    fingerprint, count = _fingerprint(areas)
    if count < FEW:
        return Gazetteer.of(_doorplates(areas), Areas.of(areas))
    folder = settings.DATA_DIR / "gazetteer"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            return _kept(folder, fingerprint, areas)
    except OSError:
        log.exception("The gazetteer cannot be kept in %s and is built for this process alone.", folder)
        return Gazetteer.of(_doorplates(areas), Areas.of(areas))


def _kept(folder: Path, fingerprint: str, areas: dict[str, list]) -> Gazetteer:
    """From its files; built and written when they are not there or cannot be read. Those of earlier days go."""
    files = folder / fingerprint
    if files.exists():
        try:
            return Gazetteer.load(files)
        except (OSError, ValueError, KeyError):
            log.exception("The gazetteer in %s cannot be read and is built anew.", files)
            shutil.rmtree(files, ignore_errors=True)
    built = Gazetteer.of(_doorplates(areas), Areas.of(areas))
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder))
    built.save(unfinished)
    unfinished.rename(files)
    for other in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)[:-3]:
        if other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
    return Gazetteer.load(files)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: two cores that build the same thing are both late."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _areas() -> dict[str, list]:
    rows = apps.get_model("territory", "AdminArea").objects.order_by("code").values_list(*AREA)
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in AREA]
    return dict(zip(("pk", "code", "name", "level", "parent", "former_names"), columns, strict=True))


def _doorplates(areas: dict[str, list]) -> Collector:
    """Straight from a cursor of the database, as they lie there: the process never holds their rows, the database sorts and joins nothing."""
    code_of = dict(zip(areas["pk"], areas["code"], strict=True))
    axes = {axis: Func("point", function=f"ST_{axis}", output_field=FloatField()) for axis in "XY"}
    plates = apps.get_model("territory", "Doorplate").objects.filter(status="active").order_by().annotate(**axes)
    rows = plates.values_list(*COLUMNS, "X", "Y").iterator(chunk_size=AT_ONCE)
    collected = Collector()
    while chunk := list(islice(rows, AT_ONCE)):
        code, towns, villages, road, number, hamlet, estate, building, unit, room, lon, lat = zip(*chunk, strict=True)
        town, village = [code_of.get(pk) for pk in towns], [code_of.get(pk) for pk in villages]
        collected.add(
            code, lon, lat, town=town, village=village, road=road, number=number, hamlet=hamlet, estate=estate, building=building, unit=unit, room=room
        )  # fmt: skip
    return collected


def _fingerprint(areas: dict[str, list]) -> tuple[str, int]:
    """Of all that goes into a gazetteer, and how many doorplates that are.

    Raw SQL: the rows are hashed where they lie (half a second for 300,000).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), coalesce(bit_xor(hashtextextended(
                concat_ws('|', code, town_id, village_id, road, number, hamlet, estate, building, unit, room, ST_X(point), ST_Y(point)), 0)), 0)
            FROM territory_doorplate WHERE status = 'active'
            """
        )
        count, rows = cursor.fetchone()
    text = repr((FORMAT, count, rows, areas))
    return hashlib.sha256(text.encode()).hexdigest()[:24], count


_remembered = Remembered(("area", "doorplate"), _read)
