"""How inner loops are compiled: to machine code by numba, once a machine, running without the interpreter's lock.

The code is kept in `.local/compiled` (elsewhere by NUMBA_CACHE_DIR), so only the first run after a change waits for the compiler.
A compiled function calls compiled functions of its own file only: the kept code is renewed when that file changes, not when another does.
Threads are Python's own, made for one call and gone with it: numba's parallel threads do not survive a fork of the web server.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba

_TREE = Path(__file__).resolve().parent.parent

_settings: Any = numba.config
if not _settings.CACHE_DIR and os.access(_TREE, os.W_OK):
    _settings.CACHE_DIR = str(_TREE / ".local" / "compiled")

# Floating point stays as written (no fastmath): the proofs of the engine count every rounding. Division by zero gives inf or NaN, as in numpy.
compiled: Callable[[Callable[..., Any]], Any] = partial(numba.njit, cache=True, nogil=True, error_model="numpy")


_most: int | None = None


def at_most(threads: int) -> None:
    """From now on one call in this process uses no more than so many cores: for workers that share a machine."""
    global _most
    _most = max(1, threads)


def cores() -> int:
    """Processors that one call in this process may use."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return found if _most is None else min(found, _most)


def in_threads(work: Callable[[int, int], None], rows: int, least: int) -> None:
    """Call `work(start, stop)` for consecutive pieces of `rows`, one piece a core and none of fewer than `least` rows (except the only one).

    The first error of a piece is raised when all have ended.
    """
    pieces = max(1, min(cores(), rows // least))
    if pieces == 1:
        work(0, rows)
        return
    ends = [rows * piece // pieces for piece in range(pieces + 1)]
    with ThreadPoolExecutor(pieces - 1) as pool:
        rest = [pool.submit(work, start, stop) for start, stop in pairwise(ends[1:])]
        work(ends[0], ends[1])
    for piece in rest:
        piece.result()
