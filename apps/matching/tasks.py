"""Background work of matching: thin, calls a verb, safe to run twice."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from apps.matching import workflow


@app.task(name="matching.review_turnover", retry=RetryStrategy(max_attempts=3, wait=5), pass_context=False)
def review_turnover(review: int) -> None:
    workflow.compute(review)
