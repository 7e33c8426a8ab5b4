"""A hundred residents at once: reports filed through a real server and its pages, each from an address of his own, on one machine with the database.

Two processes answer, as `make demo` has it on two processors; the residents are threads of this one and share the processors with them.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tests.bench.harness import Answer, Check, Contender, Data, Goal, Job, Measured, seconds

PEOPLE = 100
EACH, QUICK_EACH = 20, 3


def _rush(data: Data) -> Callable[[], Callable[[], Answer]]:
    import atexit

    from tests.e2e.product import Product
    from tests.e2e.reporters import acknowledged, kept, rush

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geo_renda.settings")
    held = ExitStack()
    atexit.register(held.close)
    folder = held.enter_context(tempfile.TemporaryDirectory(prefix="reports-"))
    product = held.enter_context(Product(Path(folder), f"_bench_{os.getpid()}", processes=2))
    rush(product, 20, 2, lambda who, turn: f"先热身 {who} {turn}：路灯不亮", first=500)

    def work() -> Callable[[], Answer]:
        done = rush(product, PEOPLE, data.size(EACH, QUICK_EACH), lambda who, turn: f"一百人 {who} 号第 {turn} 次：楼道灯不亮")
        stored = kept(product, "一百人")
        lost = len(set(acknowledged(done.receipts)) ^ set(stored)) + len(stored) - len(set(stored))
        took = np.array([receipt.seconds for receipt in done.receipts])
        return lambda: {"took": took, "wall": np.array(done.seconds), "wrong": np.array(lost), "again": np.array(done.troubles.total())}

    return work


def _each_second(measured: Mapping[str, Measured], data: Data) -> float | None:
    answer = data.answer("rush")
    return None if answer is None else len(answer["took"]) / float(answer["wall"])


def _slowest(measured: Mapping[str, Measured], data: Data) -> float | None:
    answer = data.answer("rush")
    return None if answer is None else float(np.quantile(answer["took"], 0.99)) * 1e3


def _check(data: Data) -> list[Check]:
    answer = data.answer("rush")
    if answer is None:
        return []
    count, middle = len(answer["took"]), float(np.quantile(answer["took"], 0.5))
    return [
        Check("acknowledged = stored, none twice", int(answer["wrong"]) == 0, f"{count} acknowledged, {int(answer['wrong'])} lost or doubled"),
        Check("answered at the first attempt", int(answer["again"]) == 0, f"{int(answer['again'])} tried again"),
        Check("a report among a hundred", True, f"p50 {seconds(middle)}, p99 {seconds(float(np.quantile(answer['took'], 0.99)))}"),
    ]


JOB = Job(
    "reports",
    lambda data: f"{PEOPLE} residents at once, {data.size(EACH, QUICK_EACH)} reports each",
    lambda data: data.keep(people=np.array(PEOPLE)),
    (Contender("rush", "filed through the pages of two processes", _rush, repeats=1),),
    (
        Goal("rush", "reports a second", _each_second, at_least=50.0, unit="/s"),
        Goal("rush", "p99 of a report", _slowest, at_most=3000.0, unit="ms"),
    ),
    _check,
)
