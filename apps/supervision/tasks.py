"""Background work of supervision: thin, calls a verb, safe to run twice."""

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.job_context import JobContext

from apps.supervision import workflow, workflow_grids, workflow_limits


@app.task(name="supervision.solve_run", retry=RetryStrategy(max_attempts=3, wait=5), pass_context=False)
def solve_run(run: int) -> None:
    workflow.compute(run, timezone.localdate())


@app.task(name="supervision.tell_published", retry=RetryStrategy(max_attempts=5, wait=10), pass_context=False)
def tell_published(run: int) -> None:
    workflow.tell_published(run)


@app.task(name=workflow_grids.TASK, retry=RetryStrategy(max_attempts=3, wait=5), pass_context=True)
def propose_grids(context: JobContext, user: int) -> None:
    workflow_grids.propose_and_tell(user, context.job.id)


@app.periodic(cron="7 * * * *")
@app.task(name="supervision.watch_limits", queueing_lock="watch_limits")
def watch_limits(timestamp: int) -> None:
    workflow_limits.watch_limits(timezone.localdate())
