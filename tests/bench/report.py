"""What came of a run, as a table for the screen and for the README."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.harness import TREE, Outcome, mark, number, seconds

README = TREE / "README.md"
START, END = "<!-- bench -->", "<!-- /bench -->"
PACKAGES = (
    "numpy", "numba", "shapely", "geopandas", "scipy", "pykdtree", "ortools", "sedonadb", "duckdb", "esda", "KDEpy",
)  # fmt: skip


def machine() -> str:
    """One line: processors, load, versions."""
    model = ""
    if (info := Path("/proc/cpuinfo")).exists():
        model = next(
            (line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")),
            "",
        )
    packages = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores{f' ({model})' if model else ''}, {load}; Python {platform.python_version()}, {packages}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: a line a contender, with the goals beside ours."""
    lines = ["| job | contender | wall | CPU | peak MB | ratio | target | |", "|---|---|--:|--:|--:|--:|--:|:-:|"]
    for outcome in outcomes:
        title = outcome.title
        for contender in outcome.job.contenders:
            if contender.key not in outcome.measured:
                continue
            measured = outcome.measured[contender.key]
            if measured.missing:
                lines.append(f"| {title} | {contender.title} | {measured.missing} | | | | | |")
            else:
                took = f"{seconds(measured.wall)} | {seconds(measured.cpu)} | {measured.peak:,.0f}"
                lines.append(f"| {title} | {contender.title} | {took} | | | |")
            title = ""
        for row in outcome.rows:
            lines.append(f"| | *{row.title}* | | | | {number(row.value, row.unit)} | {row.target} | {mark(row.met)} |")
        for check in outcome.checks:
            lines.append(f"| | *{check.title}* | | | | {check.found} | | {mark(check.right)} |")
    return "\n".join(lines)


def write(machine: str, outcomes: Sequence[Outcome]) -> None:
    """Put the table between the README's two marks."""
    text = README.read_text()
    before, rest = text.split(START, 1)
    after = rest.split(END, 1)[1]
    README.write_text(f"{before}{START}\n{table(outcomes)}\n\nOn {machine}.\n{END}{after}")
