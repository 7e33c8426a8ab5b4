"""Background work of projects: thin, calls a verb, safe to run twice."""

from django.utils import timezone
from procrastinate.contrib.django import app

from apps.projects.standing import Standing


@app.periodic(cron="7 * * * *")
@app.task(name="projects.renew_standings", queueing_lock="renew_standings")
def renew_standings(timestamp: int) -> None:
    """Time alone puts a project behind its plan."""
    Standing.objects.renew_due(timezone.localdate())
