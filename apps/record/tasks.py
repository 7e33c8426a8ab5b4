"""What keeps the queue honest: a job whose worker died goes back into it, so that nothing waits for ever on a killed process.
And what keeps no trace of who asked: allowances are deleted when they are whole again. Hours of a cron are UTC: 19 is 3 at night here."""

import logging
from pathlib import Path

from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.job_context import JobContext
from procrastinate.jobs import Status

from apps.record import buckets, crossing
from apps.record.files import Photo
from apps.record.notices import Delivery

logger = logging.getLogger(__name__)
SILENT_SECONDS = 60
JOB_HOURS = 14 * 24  # that a job which is over stays on the record of the queue


@app.periodic(cron="* * * * *")
@app.task(name="record.retry_stalled_jobs", queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Every task is safe to run twice. A worker that has not been heard for a minute is taken for dead; and as one does a single job
    at a time, whatever else lies with this one was left when the database went away before it could be told of the end."""
    manager = context.app.job_manager
    silent = await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS)
    left = await manager.list_jobs_async(status=Status.DOING.value, worker_id=context.job.worker_id) if context.job.worker_id else []
    for job in [*silent, *(job for job in left if job.id != context.job.id)]:
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # of those that come by themselves the next one waits already
            await manager.finish_job(job, Status.FAILED, delete_job=False)


@app.periodic(cron="50 19 * * *")
@app.task(name="record.forget_jobs", queueing_lock="forget_jobs", pass_context=True)
async def forget_jobs(context: JobContext, timestamp: int) -> None:
    """Dozens begin each minute: the queue would outgrow all else."""
    await context.app.job_manager.delete_old_jobs(JOB_HOURS, include_failed=True, include_cancelled=True, include_aborted=True)


@app.periodic(cron="* * * * *")
@app.task(name="record.forget_allowances", queueing_lock="forget_allowances")
def forget_allowances(timestamp: int) -> None:
    buckets.forget_whole()


@app.task(name="record.deliver_notices")
def deliver_notices() -> None:
    Delivery.objects.carry_out()


@app.periodic(cron="* * * * *")
@app.task(name="record.deliver_due_notices", queueing_lock="deliver_due_notices")
def deliver_due_notices(timestamp: int) -> None:
    """What waited for the end of quiet hours, or for another attempt."""
    Delivery.objects.carry_out()


@app.periodic(cron="17 19 * * *")
@app.task(name="record.clean_up_photos", queueing_lock="clean_up_photos")
def clean_up_photos(timestamp: int) -> None:
    Photo.objects.clean_up()


@app.periodic(cron="* * * * *")
@app.task(name="record.carry_messages", queueing_lock="carry_messages", lock="carry_messages")
def carry_messages(timestamp: int) -> None:
    """Where the file gate's folders are named, messages are written and taken in every minute."""
    if settings.MESSAGES_IN:
        taken = crossing.read(Path(settings.MESSAGES_IN))
        for fault in taken.faults:
            logger.error("跨区报文：%s", fault)
    if settings.MESSAGES_OUT:
        crossing.write(Path(settings.MESSAGES_OUT))
