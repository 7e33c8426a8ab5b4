"""Background work of the codes on doors: thin, calls a verb, safe to run twice."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from apps.territory import workflow

RETRY = RetryStrategy(max_attempts=3, wait=5)


@app.task(name="territory.issue_batch", retry=RETRY, pass_context=False)
def issue_batch(batch: int) -> None:
    workflow.issue_batch(batch)


@app.task(name="territory.print_sheets", retry=RETRY, pass_context=False)
def print_sheets(run: int) -> None:
    workflow.print_sheets(run)
