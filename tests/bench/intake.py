"""Records taken in: how many a second with redacting, placing, sorting and comparing each, in how much memory; whether nothing that leads to a
person is kept; and that a run that is killed comes to the same end. On a county and an export that `gis_data.county` grows, whose truth is known.

No peer does the same. Beside it stands the same run killed (SIGKILL) in the middle and started again.
"""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.bench import database
from tests.bench.harness import TREE, Answer, Check, Contender, Data, Goal, Job, Measured

RECORDS, QUICK_RECORDS = 100_000, 1_500
LAYERS = ("area", "organisation", "district", "grid", "doorplate", "station", "deputy", "case")
TODAY = "2026-11-20"
KILLED_AT = 0.3  # of the rows


def _make(data: Data) -> None:
    from gis_data.county.__main__ import main as grow

    many = data.size(RECORDS, QUICK_RECORDS)
    grow([str(data.folder / "county"), "--scale", "town" if data.quick else "demo", "--today", TODAY, "--records", str(many)])
    data.keep(many=np.array(many))


def _imported(data: Data, name: str) -> Any:
    connection = database.fresh(name)
    from django.core.management import call_command

    for layer in LAYERS:
        file = next((data.folder / "county").glob(f"{layer}.*"))
        call_command("import_layer", layer, str(file), crs="4490" if file.suffix == ".csv" else "", verbosity=0)
    return connection


def _command(data: Data) -> list[str]:
    return ["take_in", str(data.folder / "county" / "records_12345.csv"), "--source", "12345", "--name", "12345热线", "--accept"]


def _ours(data: Data) -> Callable[[], Callable[[], Answer]]:
    _imported(data, "intake")
    from django.core.management import call_command

    from apps.hotline.models import Source
    from apps.hotline.reading import Known

    call_command("take_in", str(data.folder / "county" / "records_notes.csv"), source="warm", name="热身", kind="station", accept=True, verbosity=0)
    Known(Source.objects.get().pk)

    def work() -> Callable[[], Answer]:
        call_command(*_command(data), verbosity=0)
        return lambda: _kept(data)

    return work


def _killed(data: Data) -> Callable[[], Callable[[], Answer]]:
    """The product's own command in a process of its own; killed with what it has in hand when a part of the rows is in."""
    connection = _imported(data, "intake_killed")
    known = connection.settings_dict
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@/{known['NAME']}?host={known['HOST']}&port={known['PORT'] or 5432}"
    environment = os.environ | {"DATABASE_URL": url}
    command = [sys.executable, "manage.py", *_command(data)]
    from apps.hotline.models import Intake

    def work() -> Callable[[], Answer]:
        process = subprocess.Popen(command, cwd=TREE, env=environment, stdout=subprocess.DEVNULL)
        while process.poll() is None and not Intake.objects.filter(cursor__gte=KILLED_AT * int(data["many"])).exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        at = Intake.objects.get().cursor
        subprocess.run(command, cwd=TREE, env=environment, stdout=subprocess.DEVNULL, check=True)
        return lambda: {**_kept(data), "killed_at": at}

    return work


def _kept(data: Data) -> Answer:
    """What stands in the database, held against what was true."""
    from apps.hotline.models import Intake, IntakePiece, Record

    with (data.folder / "county" / "records_truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["number"]: row for row in csv.DictReader(file) if row["source"] == "12345"}
    intake = Intake.objects.get(source__code="12345")
    counted: dict[str, int] = dict.fromkeys(("village", "right", "point", "near", "leaks", "personal", "like", "category"), 0)
    rows = Record.objects.filter(source__code="12345").values_list("number", "title", "text", "unit_words", "village__code", "point", "like", "category")
    for number, title, text, unit, village, point, like, category in rows.iterator(chunk_size=5000):
        true = truth[number]
        personal = [word for word in true["personal"].split("|") if word]
        counted["personal"] += len(personal)
        counted["leaks"] += sum(word in f"{title}\n{text}\n{unit}" for word in personal)
        counted["village"] += village is not None
        counted["right"] += village == true["village"]
        counted["point"] += point is not None
        if point is not None:
            metres = np.hypot((point.x - float(true["lon"])) * np.cos(np.radians(point.y)), point.y - float(true["lat"])) * 111_320
            counted["near"] += bool(metres <= 300)
        counted["like"] += like is not None
        counted["category"] += category is not None
    return {**counted, "records": Record.objects.filter(source__code="12345").count(), "read": intake.read, "taken": intake.taken, "refused": intake.refused, "linked": intake.linked, "pieces": IntakePiece.objects.count()}


def _rate(measured: Mapping[str, Measured], data: Data) -> float | None:
    return None if measured["ours"].missing else int(data["many"]) / measured["ours"].wall


def _check(data: Data) -> list[Check]:
    ours, killed = data.answer("ours"), data.answer("killed")
    if ours is None:
        return []
    many, kept = int(data["many"]), max(1, int(ours["records"]))
    found = f"{int(ours['records']):,} of {many:,}, refused {int(ours['refused'])}, repeats {int(ours['like']) / kept:.1%}, linked to cases {int(ours['linked'])}"
    leaks, personal = int(ours["leaks"]), max(1, int(ours["personal"]))
    placed = f"a village {int(ours['village']) / kept:.1%}, the right one {int(ours['right']) / max(1, int(ours['village'])):.1%} of these; a point {int(ours['point']) / kept:.1%}, of these within 300 m {int(ours['near']) / max(1, int(ours['point'])):.1%}"
    checks = [
        Check("every row is taken in, the file is gone", kept == many and int(ours["pieces"]) == 0, found),
        Check("nothing that leads to a person is kept", leaks <= 0.01 * personal, f"{leaks} of {personal:,} names and numbers are left"),
        Check("where", int(ours["right"]) >= 0.6 * kept, placed),
    ]
    if killed is not None:
        same = all(int(killed[name]) == int(ours[name]) for name in ("records", "read", "taken", "refused"))
        checks.append(Check("killed and started again it comes to the same", same and 0 < int(killed["killed_at"]) < many, f"killed at row {int(killed['killed_at']):,}, {int(killed['records']):,} records"))
    return checks


JOB = Job(
    "intake",
    lambda data: f"{data.size(RECORDS, QUICK_RECORDS):,} orders of the hotline taken in from CSV",
    _make,
    (
        Contender("ours", "sealed, then redacted, placed, sorted, compared and written, batch by batch", _ours, repeats=1),
        Contender("killed", "the same, killed in the middle and started again", _killed, repeats=1),
    ),
    (
        Goal("ours", "records a second", _rate, at_least=150.0, unit="/s"),
        Goal("ours", "memory of the run", lambda measured, data: None if measured["ours"].missing else measured["ours"].peak, at_most=600.0, unit="MB"),
    ),
    _check,
)
