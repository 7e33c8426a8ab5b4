"""The worker of the queue, as it runs for real: what ends procrastinate's own worker is a database that is gone for a while, and here
that is only a reason to wait. Jobs that broke off with it are tried again. Ends when it is asked to (SIGTERM, SIGINT), after the job
at hand."""

import asyncio
import contextlib
import logging
import signal
from dataclasses import dataclass

import psycopg
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.utils import causes

logger = logging.getLogger(__name__)
GONE = (OperationalError, InterfaceError, ConnectorException, psycopg.OperationalError, psycopg.InterfaceError)
PAUSE = 2  # seconds until the database is asked again
TRIES = 8  # of a job that the database broke off: about 20 minutes
LONGEST = 300  # seconds between two of them


@dataclass(frozen=True)
class AgainWithDatabase(BaseRetryStrategy):
    """A job whose database was gone, full or restarted in the middle is put back; for what else may happen the task has said itself."""

    own: BaseRetryStrategy | None

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts < TRIES and any(isinstance(cause, GONE) for cause in causes(exception)):
            return RetryDecision(retry_in={"seconds": min(5 * 2**job.attempts, LONGEST)})
        return self.own.get_retry_decision(exception=exception, job=job) if self.own else None


def patient(jobs: App) -> None:
    """Gives every task this patience, but those that come by themselves every few minutes: of each only one may wait, the next one."""
    frequent = {periodic.task.name for periodic in jobs.periodic_registry.periodic_tasks.values() if periodic.cron.startswith("*")}
    for task in jobs.tasks.values():
        if task.name not in frequent:
            task.retry_strategy = AgainWithDatabase(task.retry_strategy)


async def work(jobs: App) -> None:
    """Works until this task is cancelled. Each time with connections of its own: a pool that has lost its database waits ever longer."""
    while True:
        connector = jobs.connector.get_worker_connector()
        try:
            with jobs.replace_connector(connector):
                await jobs.open_async()
                await jobs.run_worker_async(install_signal_handlers=False)
        except GONE as error:
            logger.warning("数据库没有应答，%d 秒后再试：%s", PAUSE, error)
        finally:
            await connector.close_async()
        await asyncio.sleep(PAUSE)


async def until_asked(jobs: App) -> None:
    working = asyncio.create_task(work(jobs))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await working


class Command(BaseCommand):
    help = "后台任务：直到收到 SIGTERM 或 Ctrl+C。数据库停过之后自己接着做。"

    def handle(self, *args, **options) -> None:
        patient(app)
        asyncio.run(until_asked(app))
