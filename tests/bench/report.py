"""What came of a run: the whole of it for the screen and for BENCHMARKS.md, what was asked for also for the README."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.harness import TREE, Outcome, mark, number, seconds

README, WHOLE = TREE / "README.md", TREE / "BENCHMARKS.md"
FIRST = "\n| "  # where the tables of that page begin
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
    """Markdown: a line for each contender, with how many times longer than ours it took; then what was asked and what was checked."""
    lines = ["| | wall | CPU | peak MB | ours, times faster | asked | |", "|---|--:|--:|--:|--:|--:|:-:|"]
    for outcome in outcomes:
        lines.append(f"| **{outcome.title}** | | | | | | |")
        for contender in outcome.job.contenders:
            measured = outcome.measured.get(contender.key)
            if measured is None:
                continue
            if measured.missing:
                lines.append(f"| {contender.title} | {measured.missing} | | | | | |")
                continue
            ratio = outcome.ratio(contender)
            took = f"{seconds(measured.wall)} | {seconds(measured.cpu)} | {measured.peak:,.0f}"
            lines.append(f"| {contender.title} | {took} | {'' if ratio is None else number(ratio, 'x')} | | |")
        for row in outcome.rows:
            lines.append(f"| *{row.title}* | | | | {number(row.value, row.unit)} | {row.target} | {mark(row.met)} |")
        for check in outcome.checks:
            lines.append(
                f"| *{check.title.replace('|', chr(92) + '|')}*: {check.found.replace('|', chr(92) + '|')} | | | | | | {mark(check.right)} |"
            )
    return "\n".join(lines)


def listed(figures: Sequence[tuple[str, str]]) -> str:
    """Markdown: the figures of the province."""
    return "\n".join(["| a province | |", "|---|---|", *(f"| {title} | {figure} |" for title, figure in figures)])


def asked(outcomes: Sequence[Outcome]) -> str:
    """Markdown: the figures that were asked for, and whether they are reached."""
    lines = ["| | measured | asked | |", "|---|--:|--:|:-:|"]
    for outcome in outcomes:
        if outcome.rows:
            lines.append(f"| **{outcome.title}** | | | |")
        lines += [f"| {row.title} | {number(row.value, row.unit)} | {row.target} | {mark(row.met)} |" for row in outcome.rows]
    return "\n".join(lines)


def write(machine: str, outcomes: Sequence[Outcome], figures: Sequence[tuple[str, str]]) -> None:
    """What was asked for goes between the README's two marks, all of it below the first words of BENCHMARKS.md."""
    words = WHOLE.read_text().split(FIRST, 1)[0]
    WHOLE.write_text(f"{words}\n{table(outcomes)}\n\n{listed(figures)}\n\nOn {machine}.\n")
    text = README.read_text()
    before, rest = text.split(START, 1)
    after = rest.split(END, 1)[1]
    README.write_text(f"{before}{START}\n{asked(outcomes)}\n\nOn {machine}.\n{END}{after}")
