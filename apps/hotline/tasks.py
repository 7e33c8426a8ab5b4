"""Background work of records: thin, calls a verb, safe to run twice. Hours of a cron are UTC: 16 is midnight here."""

import logging

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext

from apps.hotline import folders, workflow
from apps.hotline.workflow import Interrupted

logger = logging.getLogger(__name__)
ATTEMPTS = 4
TURN = 30.0  # seconds until others may go first


@app.task(name="hotline.run_intake", retry=RetryStrategy(max_attempts=ATTEMPTS, wait=10), pass_context=True)
def run_intake(context: JobContext, intake: int) -> None:
    """Goes on where it stopped. What keeps going wrong is given back to a person."""
    try:
        workflow.run(intake, seconds=TURN)
    except Interrupted as trouble:
        logger.error("接收批次 %s：%s", intake, trouble)
        if context.job.attempts + 1 < ATTEMPTS:
            raise
        workflow.fail(intake, trouble.words)


@app.periodic(cron="* * * * *")
@app.task(name="hotline.watch_folders", queueing_lock="watch_folders", lock="watch_folders")
def watch_folders(timestamp: int) -> None:
    folders.watch()
    workflow.take_up_lost()


@app.periodic(cron="41 19 * * *")
@app.task(name="hotline.drop_forgotten", queueing_lock="drop_forgotten")
def drop_forgotten(timestamp: int) -> None:
    workflow.drop_forgotten()
