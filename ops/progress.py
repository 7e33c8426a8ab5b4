"""Numbered steps with elapsed time and what is being done; a step that fails shows the end of its log."""

import shutil
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ops.options import TREE, Refused

TAIL_LINES = 25
HEARTBEAT = 20.0  # seconds between lines where the output is not a terminal
WIDTH = 100


class Task:
    """What a step's work is given: a place to say what it is doing, and a way to run programs into the step's log."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.part = ""
        self.line = ""

    @property
    def doing(self) -> str:
        return f"{self.part} {self.line}".strip()

    def say(self, part: str) -> None:
        """Name the part of the step that begins now."""
        self.part, self.line = part, ""

    def run(self, command: Sequence[str | Path], cwd: Path = TREE, env: Mapping[str, str] | None = None) -> str:
        """Run a program, its output going to the log as it comes. Return that output; raise Refused when it fails."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        lines: list[str] = []
        with self.log.open("a") as log:
            log.write(f"$ {' '.join(map(str, command))}\n")
            log.flush()
            with subprocess.Popen(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, encoding="utf-8", errors="replace",
            ) as process:  # fmt: skip
                assert process.stdout is not None
                for line in process.stdout:
                    log.write(line)
                    log.flush()
                    lines.append(line)
                    self.line = line.strip() or self.line
        if process.returncode != 0:
            tail = "".join(lines[-TAIL_LINES:]).rstrip()
            raise Refused(f"{tail}\n\n命令失败（退出码 {process.returncode}）：{' '.join(map(str, command))}\n完整日志：{self.log}")
        return "".join(lines)


@dataclass(frozen=True)
class Step:
    """One thing to be done. `work` returns a short note for the screen, or None."""

    name: str  # of the log file
    title: str
    work: Callable[[Task], str | None]


def carry_out(steps: Sequence[Step], log_dir: Path, out: TextIO = sys.stdout) -> None:
    """Do the steps in order and show them; the first that fails ends the run with Refused."""
    for number, step in enumerate(steps, 1):
        log = log_dir / f"{step.name}.log"
        log.unlink(missing_ok=True)
        task = Task(log)
        with _Line(f"[{number}/{len(steps)}] {step.title}", task, out) as line:
            line.note = step.work(task) or ""


class _Line:
    """One step's line: redrawn in place on a terminal, a sign of life now and then elsewhere."""

    def __init__(self, title: str, task: Task, out: TextIO) -> None:
        self.title, self.task, self.out = title, task, out
        self.note = ""
        self.live = out.isatty()
        self.ended = threading.Event()
        self.painter = threading.Thread(target=self._paint, daemon=True)

    def __enter__(self) -> "_Line":
        self.began = time.monotonic()
        if not self.live:
            self._print(f"{self.title} …")
        self.painter.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.ended.set()
        self.painter.join()
        mark = "✗" if kind else "✓"
        self._print(f"{mark} {self.title}  {self._elapsed()}{'  ' + self.note if self.note else ''}")

    def _paint(self) -> None:
        while not self.ended.wait(0.2 if self.live else HEARTBEAT):
            self._print(f"  {self.title}  {self._elapsed()}  {self.task.doing}", keep=not self.live)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self.began:.1f} 秒"

    def _print(self, text: str, keep: bool = True) -> None:
        if self.live:
            columns = shutil.get_terminal_size().columns if not keep else 10_000
            self.out.write("\r\x1b[K" + _fit(text, columns - 1) + ("\n" if keep else ""))
        else:
            self.out.write(_fit(text, WIDTH) + "\n")
        self.out.flush()


def _fit(text: str, columns: int) -> str:
    """Cut a text to so many columns of a terminal, where a Chinese character takes two."""
    used = 0
    kept: list[str] = []
    for character in text:
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > columns:
            return "".join(kept[:-1]) + "…"
        kept.append(character)
    return "".join(kept)
