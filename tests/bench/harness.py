"""How the benchmark measures: each contender in a process of its own, on data written once, and what came of it as rows.

A job is a module here with `JOB`. A contender's `prepare(data)` imports, loads and lays out what is not to be counted, calls the work once on
a little (so that nothing is compiled later), and returns the work: a call without arguments that returns its answer as named arrays, or a
call that makes the answer when the time is over. The work is run a few times; the best wall time counts, with its processor time, and the
highest memory above what was there when it began.
"""

from __future__ import annotations

import gc
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

Answer = Mapping[str, Any]
TREE = Path(__file__).resolve().parent.parent.parent


class Data:
    """A folder of arrays by name, and whether the run is the quick one."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder, self.quick = folder, quick

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def __getitem__(self, name: str) -> Any:
        return np.load(self.folder / f"{name}.npy")

    def __contains__(self, name: str) -> bool:
        return (self.folder / f"{name}.npy").exists()

    def keep(self, **arrays: Any) -> None:
        for name, array in arrays.items():
            np.save(self.folder / f"{name}.npy", array)

    def keep_polygons(self, polygons: list[shapely.Polygon]) -> None:
        pq.write_table(pa.table({"wkb": list(shapely.to_wkb(polygons))}), self.folder / "polygons.parquet")

    def polygons(self) -> Any:
        return shapely.from_wkb(pq.read_table(self.folder / "polygons.parquet")["wkb"].to_numpy(zero_copy_only=False))

    def answer(self, contender: str) -> dict[str, Any] | None:
        """What a contender answered, or None where it could not run."""
        file = self.folder / f"answer-{contender}.npz"
        if not file.exists():
            return None
        with np.load(file) as arrays:
            return dict(arrays)


@dataclass(frozen=True)
class Contender:
    key: str
    title: str
    prepare: Callable[[Data], Callable[[], Answer | Callable[[], Answer]]]
    repeats: int = 3
    scale: float = 1.0  # its work is so many times smaller than the others': its time is multiplied
    versus: str = ""  # the contender of ours that its ratio refers to; the job's first where nothing is said
    only_full: bool = False


@dataclass(frozen=True)
class Measured:
    """What a contender took, seconds and megabytes; `missing` says why there is nothing."""

    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    missing: str = ""


@dataclass(frozen=True)
class Goal:
    """Ours against a peer (wall time of the peer over ours), or a number against its limit."""

    ours: str
    title: str
    reached: Callable[[Mapping[str, Measured], Data], float | None]  # None: cannot be told, a peer is missing
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"


def faster(ours: str, peer: str, title: str, at_least: float) -> Goal:
    """The usual goal: so many times faster than a peer."""

    def ratio(measured: Mapping[str, Measured], _: Data) -> float | None:
        missing = any(key not in measured or measured[key].missing for key in (ours, peer))
        return None if missing else measured[peer].wall / measured[ours].wall

    return Goal(ours, title, ratio, at_least=at_least)


@dataclass(frozen=True)
class Check:
    """Whether an answer is right, in words and numbers."""

    title: str
    right: bool
    found: str


@dataclass(frozen=True)
class Job:
    key: str
    title: Callable[[Data], str]
    make: Callable[[Data], None]
    contenders: tuple[Contender, ...]
    goals: tuple[Goal, ...]
    check: Callable[[Data], list[Check]]
    only_full: bool = False


@dataclass(frozen=True)
class Row:
    """What became of a goal."""

    title: str
    ours: str
    value: float | None
    target: str
    met: bool | None
    unit: str


@dataclass
class Outcome:
    job: Job
    title: str
    measured: dict[str, Measured] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def ratio(self, contender: Contender) -> float | None:
        """How many times longer a contender took than ours that it stands beside."""
        ours = contender.versus or self.job.contenders[0].key
        pair = self.measured.get(ours), self.measured.get(contender.key)
        if contender.key == ours or pair[0] is None or pair[1] is None or pair[0].missing or pair[1].missing:
            return None
        return pair[1].wall / pair[0].wall

    def faults(self) -> list[str]:
        """Answers that are wrong, and contenders of ours that gave none."""
        ours = {goal.ours for goal in self.job.goals}
        failed = [
            f"{key}: {self.measured[key].missing}" for key in ours & self.measured.keys() if self.measured[key].missing
        ]
        return [*failed, *(check.title for check in self.checks if not check.right)]


def carry_out(job: Job, folder: Path, quick: bool, say: Callable[[str], None]) -> Outcome:
    """Make the data, let every contender work, judge and check."""
    data = Data(folder, quick)
    job.make(data)
    outcome = Outcome(job, job.title(data))
    for contender in job.contenders:
        if quick and contender.only_full:
            continue
        began = time.monotonic()
        measured = _apart(job, contender, data)
        outcome.measured[contender.key] = measured
        told = measured.missing or f"{seconds(measured.wall)}, {seconds(measured.cpu)} CPU, {measured.peak:,.0f} MB"
        say(f"  {contender.title}: {told}  [{time.monotonic() - began:.0f} s]")
    outcome.rows = [_judged(goal, outcome.measured, data) for goal in job.goals]
    outcome.checks = job.check(data)
    for check in outcome.checks:
        say(f"  {'✓' if check.right else '✗'} {check.title}: {check.found}")
    for row in outcome.rows:
        say(f"  {mark(row.met)} {row.title}: {number(row.value, row.unit)}, target {row.target}")
    return outcome


def _judged(goal: Goal, measured: Mapping[str, Measured], data: Data) -> Row:
    value = goal.reached(measured, data)
    limit = goal.at_least if goal.at_least is not None else goal.at_most
    sign = "≥" if goal.at_least is not None else "≤"
    told = value is not None and limit is not None and not data.quick  # what is asked is asked at full size
    met = (value >= limit if goal.at_least is not None else value <= limit) if told else None
    return Row(goal.title, goal.ours, value, f"{sign} {number(limit, goal.unit)}", met, goal.unit)


def mark(met: bool | None) -> str:
    return {True: "✓", False: "✗", None: "–"}[met]


def number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text}{unit}" if unit in ("x", "%") else f"{text} {unit}"


def seconds(value: float) -> str:
    return f"{value * 1e3:.3g} ms" if value < 1.0 else f"{value:.3g} s"


# --- the process of one contender ----------------------------------------------------------------------------------------


def _apart(job: Job, contender: Contender, data: Data) -> Measured:
    command = [
        sys.executable,
        "-m",
        "tests.bench.harness",
        job.key,
        contender.key,
        str(data.folder),
        str(int(data.quick)),
    ]
    done = subprocess.run(command, cwd=TREE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return Measured(missing=f"failed with exit code {done.returncode}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _work(job: Job, contender: Contender, data: Data) -> Measured:
    try:
        work = contender.prepare(data)
    except ImportError as error:
        return Measured(missing=f"not installed ({error})")
    gc.collect()
    before, best, answer = _start_of_peak(), (float("inf"), 0.0), {}
    began = time.monotonic()
    for _ in range(contender.repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
        answer = dict(result() if callable(result) else result)
        if time.monotonic() - began > 30.0:
            break
    peak = max(0.0, _peak() - before)
    np.savez(data.folder / f"answer-{contender.key}.npz", **answer)
    return Measured(best[0] * contender.scale, best[1] * contender.scale, peak)


def _start_of_peak() -> float:
    """Forget the highest memory so far, where the kernel can; what is in use now, MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak() -> float:
    try:
        return _status("VmHWM")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024.0
    raise OSError(name)


def job_named(key: str) -> Job:
    job: Job = importlib.import_module(f"tests.bench.{key}").JOB
    return job


def main(arguments: list[str]) -> None:
    key, contender, folder, quick = arguments
    job = job_named(key)
    chosen = next(one for one in job.contenders if one.key == contender)
    print(json.dumps(asdict(_work(job, chosen, Data(Path(folder), quick == "1")))))


if __name__ == "__main__":
    main(sys.argv[1:])
