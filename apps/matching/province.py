"""A whole province, county by county: one after another in this process, or on Dask's workers here or on many machines.

Dask hands out the counties and hands one out again when a worker dies with it; `counties.match_county` makes sure that a county done
twice is the same county. Workers need this package and the folders, no Django and no database.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import resource
import secrets
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import pyarrow as pa

from apps.matching.counties import Asked, match_county
from gis_data.compiled import at_most
from gis_data.rows import FileRefused

DEATHS = 3  # workers that may die with one county before it is given up
PATIENCE = "10s"  # with a scheduler that does not answer

_SETTINGS = {
    "distributed.scheduler.allowed-failures": DEATHS,
    "distributed.scheduler.worker-saturation": 1.0,  # a county that waits is not lost with a worker
    # No pages: the ports that they would stand on are opened all the same, anywhere on 127.0.0.1.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # A worker above its limit is ended and its county begun again; to pause it would be to wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
}


class NoCluster(ValueError):
    """Workers that cannot be had; the message is Chinese and says what to do."""


@dataclass(frozen=True)
class Outcome:
    """What became of a county. reason: Chinese, why there is no summary. peak: bytes its process held at most, so far."""

    code: str
    summary: dict[str, Any] | None
    reason: str = ""
    peak: int = 0


@dataclass(frozen=True)
class Work:
    """One run over counties. run: a word of its own, see `match_county`."""

    source: Path
    target: Path
    asked: Asked
    run: str
    again: bool = False

    def one_after_another(self, codes: Sequence[str]) -> Iterator[Outcome]:
        """All counties in this process, each with all its cores."""
        for code in codes:
            yield self.county(code, time.process_time)

    def on_a_worker(self, code: str) -> Outcome:
        """Match one county with one core: Dask counts one a thread, and the inner loops must not take the others'."""
        at_most(1)
        pa.set_cpu_count(1)
        return self.county(code, time.thread_time)

    def county(self, code: str, cpu: Callable[[], float]) -> Outcome:
        """Match one county; what is wrong with it becomes the outcome's reason. cpu: see `match_county`."""
        attempt = f"-{secrets.token_hex(4)}"
        summary, reason = None, ""
        try:
            folder, target = self.source / code, self.target / code
            summary = match_county(folder, target, self.asked, self.run, attempt, self.again, cpu)
        except Exception as error:  # one county's trouble, whatever it is, stops no other
            reason = why(error)
        return Outcome(code, summary, reason, peak_memory())

    def on(self, client: Any, codes: Sequence[str]) -> Iterator[Outcome]:
        """All counties on the workers of a `distributed.Client`, as they come; what is left is taken back when the caller stops."""
        from distributed import as_completed

        keys = {f"{code}-{self.run}": code for code in codes}
        packed = pickle.dumps(self)

        def county(code: str) -> Outcome:
            # A function without a module, and the work as bytes: the scheduler reads the tasks and need not have this package.
            import pickle

            return pickle.loads(packed).on_a_worker(code)

        futures = client.map(county, codes, key=list(keys), pure=False)
        try:
            for future in as_completed(futures, loop=client.loop):
                try:
                    outcome = future.result()
                except Exception as error:
                    outcome = Outcome(keys[future.key], None, why(error))
                # A result that is kept would be computed again if its worker died.
                future.release()
                yield outcome
        finally:
            client.cancel(futures, force=True)


def peak_memory() -> int:
    """Bytes this process has held at most."""
    try:
        # Not ru_maxrss: a process begins with what its parent held.
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def why(error: BaseException) -> str:
    """An error as a Chinese reason that says what to do."""
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    match error:
        case FileRefused():
            return str(error)
        case KilledWorker():
            return f"计算进程连续 {DEATHS + 1} 次带着这个县中途退出，多半是内存不够。请用 --memory 放宽每个进程的内存后重新运行。"
        case FutureCancelledError():
            return "与调度器失去联系。请检查调度器和网络后重新运行。"
        case MemoryError():
            return "内存不够。请用 --memory 放宽每个进程的内存后重新运行。"
        case pa.ArrowException():
            return f"文件内容损坏（{_first_line(error)}）。请重新导出。"
        case OSError():
            return f"读写文件出错：{error.strerror or _first_line(error)}（{error.filename or ''}）。请检查磁盘空间和权限。"
    return f"程序出错（{type(error).__name__}：{_first_line(error)}）。请把这一行连同数据交给维护人员。"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:120]


# --- workers -------------------------------------------------------------------------------------------------------------


class Losses:
    """Counts workers that left before they were sent away."""

    def __init__(self) -> None:
        self.count = 0
        self.closing = False


@contextmanager
def local_workers(workers: int, memory: str) -> Iterator[tuple[Any, Losses]]:
    """A client of so many processes on this machine, one core and so much memory each, and how many of them were lost.

    They listen on 127.0.0.1 only and to this process only, by certificates made for the occasion: a worker does whatever it is told.
    Ctrl-C reaches this process alone, which then ends them.
    """
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        stack.enter_context(
            dask.config.set({**_SETTINGS, "logging": {"distributed": "critical", "tornado": "critical"}})
        )
        from distributed import Client, LocalCluster
        from distributed.diagnostics.plugin import SchedulerPlugin

        class Watch(SchedulerPlugin):
            def remove_worker(self, scheduler: Any, worker: str, **said: Any) -> None:
                if not losses.closing:
                    losses.count += 1

        losses = Losses()
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="counties-", ignore_cleanup_errors=True))
        with _deaf_to_interrupts(), warnings.catch_warnings():
            # English, and nothing to be done about: a busy disk.
            warnings.filterwarnings("ignore", message="Creating scratch directories")
            cluster = stack.enter_context(LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, memory_limit=memory, host="127.0.0.1", scheduler_port=0,
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False}, local_directory=scratch, silence_logs=logging.CRITICAL,
                security=True,
            ))  # fmt: skip
            client = stack.enter_context(Client(cluster, set_as_default=False))
        cluster.scheduler.add_plugin(Watch(), name="losses")
        try:
            yield client, losses
        except BaseException:
            # They would be waited for until they end what they do, and there is nothing to be lost.
            losses.closing = True
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
                if nanny.pid:
                    os.kill(nanny.pid, signal.SIGKILL)
            raise
        finally:
            losses.closing = True


@contextmanager
def _quiet() -> Iterator[None]:
    """Connections that a worker did not live to finish are told of by nobody: what became of the counties is."""
    import distributed  # which sets the levels of its loggers, and tornado's, one by one

    talkers = {"asyncio", "tornado", distributed.__name__}
    loggers = [
        logging.getLogger(name)
        for name in {*talkers, *logging.root.manager.loggerDict}
        if name.split(".")[0] in talkers
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        gc.collect()  # asyncio complains of a task when it is thrown away
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Threads and processes begun here never see SIGINT, nor do those that they begin; this thread does again afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def workers_of(scheduler: str, source: Path, target: Path) -> Iterator[tuple[Any, int]]:
    """A client of an existing scheduler, and how many threads its workers have. Raises NoCluster."""
    from distributed import Client

    with dask.config.set(_SETTINGS):
        try:
            client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise NoCluster(f"连不上调度器 {scheduler}（{_first_line(error)}）。请检查地址和网络。") from None
        with client:
            threads = sum(client.nthreads().values())
            if not threads:
                raise NoCluster(f"调度器 {scheduler} 上没有计算进程。请先启动：dask worker {scheduler}")
            try:
                blind = [worker for worker, sees in client.run(_sees, str(source), str(target)).items() if not sees]
            except Exception as error:  # Dask passes on what a worker could not import as a bare Exception
                raise NoCluster(
                    f"计算进程用不了本系统的程序（{_first_line(error)}）。请在每台计算机上安装同一版本，并在程序文件夹里启动 dask worker。"
                ) from None
            if blind:
                raise NoCluster(
                    f"计算进程 {blind[0]} 看不到 {source} 或 {target}。各台计算机要用同一路径挂载同一份共享目录。"
                )
            yield client, threads


def _sees(*folders: str) -> bool:
    return all(Path(folder).is_dir() for folder in folders)


@contextmanager
def ended_by_one_signal() -> Iterator[None]:
    """The first Ctrl-C or SIGTERM raises KeyboardInterrupt in the block; further ones do not disturb the cleaning up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)

    def interrupt(*_: Any) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
