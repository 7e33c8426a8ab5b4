"""Background work of maps, hot spots, themes and reports: thin, calls a verb, safe to run twice. Hours of a cron are UTC: 19 is 3 at night here."""

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from apps.insights import (
    facts,
    theme_runs,
    workflow_briefings,
    workflow_corrections,
    workflow_public,
    workflow_reports,
    workflow_spots,
)


@app.periodic(cron="* * * * *")
@app.task(name="insights.refresh_facts", queueing_lock="insights_refresh_facts")
def refresh_facts(timestamp: int) -> None:
    """What residents and the hotline said a minute ago is counted."""
    facts.refresh()


@app.periodic(cron="10 19 * * *")
@app.task(name="insights.rebuild_facts", queueing_lock="insights_rebuild_facts")
def rebuild_facts(timestamp: int) -> None:
    """Once a night every fact is compared with what it is of: areas and grids may have been drawn anew."""
    facts.rebuild()


@app.periodic(cron="40 20 * * *")
@app.task(name="insights.publish_quarters", queueing_lock="insights_publish_quarters")
def publish_quarters(timestamp: int) -> None:
    """A quarter that is over long enough gets the table that everybody may read."""
    facts.refresh()
    workflow_public.publish_due(timezone.localdate())


@app.task(name=workflow_corrections.TASK, retry=RetryStrategy(max_attempts=3, wait=5), lock="insights_correct_table", pass_context=False)
def correct_table(correction: int) -> None:
    workflow_corrections.make(correction)


@app.periodic(cron="*/10 * * * *")
@app.task(name="insights.find_hot_spots", queueing_lock="insights_find_hot_spots", lock="insights_find_hot_spots")
def find_hot_spots(timestamp: int) -> None:
    """Every night, and after records have come in."""
    if workflow_spots.due():
        workflow_spots.work_out()


@app.periodic(cron="20 21 * * *")
@app.task(name="insights.make_reports", queueing_lock="insights_make_reports", lock="insights_make_reports")
def make_reports(timestamp: int) -> None:
    """On the first of a month the reports of the one before; every day after, those that could not be made then."""
    facts.refresh()
    workflow_reports.make_due(timezone.localdate())


@app.task(name=workflow_briefings.TASK, retry=RetryStrategy(max_attempts=3, wait=5), pass_context=False)
def make_briefing(briefing: int) -> None:
    workflow_briefings.make(briefing)


@app.periodic(cron="20 20 * * *")
@app.task(name="insights.clear_briefings", queueing_lock="insights_clear_briefings")
def clear_briefings(timestamp: int) -> None:
    """Files of briefings are kept for BRIEFINGS_DAYS."""
    workflow_briefings.clear_old(timezone.now())


@app.task(name=theme_runs.JOB, retry=RetryStrategy(max_attempts=3, wait=30), lock="insights_group_themes", pass_context=False)
def group_themes(run: int) -> None:
    theme_runs.carry_out(run)


@app.periodic(cron="30 19 * * *")
@app.task(name="insights.regroup_themes", queueing_lock="insights_regroup_themes")
def regroup_themes(timestamp: int) -> None:
    """All voices anew; what rises is judged as of yesterday."""
    theme_runs.ask(None)


@app.periodic(cron="*/10 * * * *")
@app.task(name="insights.watch_newcomers", queueing_lock="insights_watch_newcomers")
def watch_newcomers(timestamp: int) -> None:
    """After records have come in, and when cases have."""
    theme_runs.ask_if_newcomers()
