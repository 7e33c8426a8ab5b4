"""A server whose clock is set by a file: `python -m tests.e2e.clock manage.py …`, as the browser tests start web and worker.

The file named by E2E_CLOCK holds seconds to be added to the real time, or is not there. Only Django's clock is moved: what the database and the
queue measure is real.
"""

import datetime as dt
import os
import runpy
import sys
from pathlib import Path

from django.utils import timezone

FILE = Path(os.environ["E2E_CLOCK"])
real_now = timezone.now


def now() -> dt.datetime:
    try:
        moved = float(FILE.read_text())
    except (FileNotFoundError, ValueError):  # no file: the real time; an empty one is just being written
        moved = 0.0
    return real_now() + dt.timedelta(seconds=moved)


def main(program: list[str]) -> None:
    timezone.now = now  # before any model has taken it for a default
    if program[0] == "-m":
        sys.argv = program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = program
        sys.path.insert(0, os.getcwd())
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
