"""The work for one county: every doorplate's districts and nearest deputies, every project's supervisors, from files to files.

A LAB that workers without Django or a database run. Doorplates stream through in batches, so that a county of a million needs no
more memory than one of two hundred thousand. Each file appears under its name only when it is whole, and the summary last, so that a
process may die at any moment: what stands there is right, and what is missing is made again.

    <code>/doorplates.parquet     one row a doorplate, in the order of the input; nothing in it comes from a home
    <code>/assignments.parquet    one row a project and its supervisor; for the office only, since its metres tell of homes
    <code>/summary.json           counts, the certificate, and the fingerprint of what it was made from
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from apps.matching.assignment import Reason, Solution, solve
from apps.matching.county_files import (
    ANCHORS,
    DOORPLATES,
    LEVELS,
    Supervision,
    Territory,
    fingerprint,
    read_supervision,
    read_territory,
    there,
)
from apps.matching.ranking import DistrictRanking
from apps.territory.locate import PolygonLocator
from gis_data.geoparquet import opened, part_of, points, put, schema, wkb_points, written
from gis_data.rows import FileRefused

OUTPUTS = ("doorplates.parquet", "assignments.parquet")
SUMMARY = "summary.json"
PARTS = ("residence", "workplace", "field", "town")
_MADE_BY = 1  # raised when the same input would give other tables than before
_OFFICE_ONLY = 0o600

_WHY_EMPTY = {
    Reason.capacity: "代表都已排满，或代表总数不够",
    Reason.distance: "距离上限内的代表不够",
    Reason.recusal: "其余代表须回避",
    Reason.expert: "缺少懂这一领域的代表",
    Reason.position: "项目或所需代表没有位置",
}


@dataclass(frozen=True)
class Asked:
    """What is asked of every county. first: how many deputies a doorplate is given; margins: with metres to the districts' borders;
    preset: the rules of supervision; at_once: doorplates in memory at a time, and in a row group of the output."""

    first: int = 3
    margins: bool = False
    preset: str = "nearest"
    at_once: int = 200_000


@dataclass
class _Clock:
    """CPU seconds by step."""

    read: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        began = self.read()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + self.read() - began


def match_county(
    folder: Path,
    target: Path,
    asked: Asked,
    run: str,
    attempt: str = "",
    again: bool = False,
    cpu: Callable[[], float] = time.process_time,
) -> dict[str, Any]:
    """Match one county and return its summary; what is complete and made from the same files is kept as it is.

    folder: the county's input, named by its code. target: where its tables go (created). run: tells whether a summary is of this run;
    with `again` only those of this run are kept. attempt: marks the files being written, so that two workers, one of which was thought
    dead, do not write into one file. cpu: seconds of computing so far, of the thread where a process does more. Raises FileRefused with a Chinese reason when the input is not whole; what an earlier run made
    is then still there.
    """
    clock = _Clock(cpu)
    with clock("fingerprint"):
        print_of_inputs = fingerprint(folder, {"made by": _MADE_BY, **asdict(asked)})
        before = complete(target)
    if before and before["fingerprint"] == print_of_inputs and (not again or before["run"] == run):
        return {**before, "kept": before["run"] != run}
    seen, token = _times(folder), f"{run}{attempt}"
    target.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    with clock("read"):
        territory = read_territory(folder)
        supervision = read_supervision(folder, asked.preset)
    plates = _match_doorplates(territory, folder / "doorplates.parquet", target / OUTPUTS[0], asked, token, clock)
    with clock("assign"):
        supervised = _assign(supervision, target / OUTPUTS[1], token)
    if _times(folder) != seen:
        raise FileRefused("计算时有人改动了这个县的文件。请等文件不再变动后重新运行。")
    with clock("fingerprint"):
        digests = {name: _digest(target / name) for name in OUTPUTS}
    summary = {
        "code": folder.name,
        "run": run,
        "fingerprint": print_of_inputs,
        "asked": asdict(asked),
        "files": digests,
        "doorplates": plates,
        "supervision": supervised,
        "cpu_seconds": {step: round(spent, 4) for step, spent in clock.seconds.items()},
        "seconds": round(time.perf_counter() - began, 4),
    }
    part = part_of(target / SUMMARY, token)
    part.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    put(part, target / SUMMARY)
    return {**summary, "kept": False}


def complete(target: Path) -> dict[str, Any] | None:
    """The summary of a county whose tables are as it left them; None where there is none, or a table is missing or other."""
    try:
        summary = json.loads((target / SUMMARY).read_text(encoding="utf-8"))
        if all(_digest(target / name) == summary["files"][name] for name in OUTPUTS):
            return summary
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _times(folder: Path) -> list[tuple[int, int]]:
    return [
        (found.st_mtime_ns, found.st_size) for found in ((folder / f"{name}.parquet").stat() for name in there(folder))
    ]


# --- doorplates ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Matched:
    """A batch of n doorplates. districts, margins: by level, index or -1, metres or NaN. deputies: int32 (n, k) rows of
    `Territory.deputies`, nearest first, -1 where there are fewer; metres: inf without a known place; anchors: column of ANCHORS."""

    districts: dict[str, NDArray[np.int32]]
    margins: dict[str, NDArray[np.float64]]
    deputies: NDArray[np.int32]
    metres: NDArray[np.float64]
    anchors: NDArray[np.int8]


class Matcher:
    """Districts and nearest deputies of many places; threads may share one."""

    def __init__(self, territory: Territory, first: int, margins: bool) -> None:
        """Raises ValueError naming the index of a polygon that cannot be used."""
        self._territory, self._first, self._margins = territory, first, margins
        # In front, who serves no district at all.
        self._serving = [[(), *(found.tolist() for found in territory.serving[level])] for level in LEVELS]
        self._locators = {level: PolygonLocator(territory.polygons[level].tolist()) for level in LEVELS}

    def match(self, lon: NDArray[np.float64], lat: NDArray[np.float64], clock: _Clock) -> Matched:
        """lon, lat: degrees, float64 (n,); a place that is not finite lies in no district."""
        with clock("locate"):
            districts = {level: locator.locate(lon, lat) for level, locator in self._locators.items()}
        with clock("margin"):
            margins = (
                {level: locator.margin(lon, lat) for level, locator in self._locators.items()} if self._margins else {}
            )
        with clock("rank"):
            return Matched(districts, margins, *self._ranked(districts, lon, lat))

    def _ranked(
        self, districts: dict[str, NDArray[np.int32]], lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int8]]:
        """Who serves either of a place's districts, in one order; one who serves both stands there once."""
        county, township = (districts[level].astype(np.int64) + 1 for level in LEVELS)
        width = len(self._serving[1])
        pairs, pair = np.unique(county * width + township, return_inverse=True)
        serving = [sorted({*self._serving[0][one // width], *self._serving[1][one % width]}) for one in pairs.tolist()]
        ends = np.cumsum([len(deputies) for deputies in serving])
        ranking = DistrictRanking((ends, list(chain.from_iterable(serving))), self._territory.lon, self._territory.lat)
        return ranking.rank(pair, lon, lat, self._first)


def _match_doorplates(
    territory: Territory, path: Path, out: Path, asked: Asked, token: str, clock: _Clock
) -> dict[str, int]:
    """Stream a county's doorplates through and count them."""
    with clock("index"):
        matcher = Matcher(territory, asked.first, asked.margins)
    counts = {"rows": 0, "county": 0, "township": 0, "in no district": 0, "without deputy": 0}
    with opened(path) as file:
        heading = file.columns(DOORPLATES)["code"]
        columns = _columns(asked)
        with written(out, schema(columns, ["Point"], file.about), token) as writer:
            batches = points(file, [heading], asked.at_once)
            while True:
                with clock("read"):
                    batch = next(batches, None)
                if batch is None:
                    return counts
                rows, lon, lat = batch
                found = matcher.match(lon, lat, clock)
                with clock("write"):
                    _count(counts, found)
                    table = _table(rows.column(0), found, territory, asked)
                    writer.write_table(
                        pa.table([*table, wkb_points(lon, lat)], writer.schema), row_group_size=asked.at_once
                    )


def _columns(asked: Asked) -> list[pa.Field]:
    code = pa.dictionary(pa.int32(), pa.string())
    margins = [pa.field(f"{level}_margin", pa.float32()) for level in LEVELS] if asked.margins else []
    return [
        pa.field("code", pa.string()),
        *(pa.field(f"{level}_district", code) for level in LEVELS),
        *margins,
        *(
            pa.field(f"{name}_{place}", kind)
            for place in range(1, asked.first + 1)
            for name, kind in (
                ("deputy", code),
                ("metres", pa.float32()),
                ("anchor", pa.dictionary(pa.int8(), pa.string())),
            )
        ),
    ]


def _table(codes: pa.Array, found: Matched, territory: Territory, asked: Asked) -> list[pa.Array]:
    """The columns of `_columns`; nothing where there is no district, no deputy, or no known place of his."""
    deputies, anchors = pa.array(territory.deputies, pa.string()), pa.array(ANCHORS, pa.string())
    if codes.null_count:
        raise FileRefused(f"doorplates.parquet 里有 {codes.null_count} 个门牌没有编号。请补上后重新导出。")
    columns = [codes.cast(pa.string())]
    columns += [_coded(found.districts[level], pa.array(territory.codes[level], pa.string())) for level in LEVELS]
    if asked.margins:
        columns += [_number(found.margins[level], np.isnan(found.margins[level])) for level in LEVELS]
    for place in range(asked.first):
        metres = found.metres[:, place]
        columns += [
            _coded(found.deputies[:, place], deputies),
            _number(metres, ~np.isfinite(metres)),
            _coded(found.anchors[:, place], anchors),
        ]
    return columns


def _coded(rows: NDArray[Any], words: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(rows, mask=rows < 0), words)


def _number(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values.astype(np.float32), mask=missing)


def _count(counts: dict[str, int], found: Matched) -> None:
    inside = {level: rows >= 0 for level, rows in found.districts.items()}
    anywhere = np.logical_or.reduce(list(inside.values()))
    counts["rows"] += len(anywhere)
    for level, rows in inside.items():
        counts[level] += int(rows.sum())
    counts["in no district"] += int((~anywhere).sum())
    counts["without deputy"] += int((anywhere & (found.deputies[:, 0] < 0)).sum())


# --- supervision ---------------------------------------------------------------------------------------------------------


def _assign(supervision: Supervision, out: Path, token: str) -> dict[str, Any]:
    """Solve a county's supervision, write who supervises what, and return the certificate's numbers."""
    solution = solve(supervision.projects, supervision.deputies, supervision.rules)
    row, column = solution.pairs[:, 0], solution.pairs[:, 1]
    fields = [pa.field("project", pa.string()), pa.field("deputy", pa.string()), pa.field("cost", pa.int64())]
    fields += [pa.field(part, pa.float64()) for part in PARTS]
    numbers = _certificate(supervision, solution)
    of = schema(fields, ["Point"], certificate=json.dumps(numbers, ensure_ascii=False))
    projects, deputies = (
        np.array(supervision.project_codes, dtype=object),
        np.array(supervision.deputy_codes, dtype=object),
    )
    with written(out, of, token) as writer:
        part_of(out, token).chmod(_OFFICE_ONLY)
        writer.write_table(pa.table([
            pa.array(projects[row], pa.string()), pa.array(deputies[column], pa.string()), pa.array(solution.cost, pa.int64()),
            *(pa.array(solution.parts[part], pa.float64()) for part in PARTS),
            wkb_points(supervision.projects.lon[row], supervision.projects.lat[row]),
        ], of))  # fmt: skip
    return numbers


def _certificate(supervision: Supervision, solution: Solution) -> dict[str, Any]:
    empty = np.flatnonzero(solution.unmet)
    return {
        "projects": len(supervision.projects),
        "deputies": len(supervision.deputies),
        "pairs": len(solution.pairs),
        "total": int(solution.total),
        "lower_bound": int(solution.lower_bound),
        "proven": int(solution.total) == int(solution.lower_bound),
        "worst": None if solution.worst is None else int(solution.worst),
        "empty": [
            {
                "project": supervision.project_codes[at],
                "places": int(solution.unmet[at]),
                "reason": _WHY_EMPTY[Reason(solution.reasons[at])],
            }
            for at in empty
        ],
    }
