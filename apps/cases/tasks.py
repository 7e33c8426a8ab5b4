"""Background work of cases: thin, calls a verb, safe to run twice. Hours of a cron are UTC: 16 is midnight here."""

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from apps.accounts.models import User
from apps.cases import escalation, learning, telling_ways, told, workflow_limits, workflow_publishing, workflow_ratings


@app.periodic(cron="*/10 * * * *")
@app.task(name="cases.watch_limits", queueing_lock="cases_watch_limits")
def watch_limits(timestamp: int) -> None:
    escalation.watch(timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="cases.tell_waiting", queueing_lock="cases_tell_waiting")
def tell_waiting(timestamp: int) -> None:
    """Whoever holds a case hears what residents have done with it."""
    told.tell_waiting()


@app.periodic(cron="* * * * *")
@app.task(name="cases.take_off_outdated", queueing_lock="cases_take_off_outdated")
def take_off_outdated(timestamp: int) -> None:
    """Answers of cases that go on are not public any more."""
    workflow_publishing.take_off_outdated()


@app.periodic(cron="* * * * *")
@app.task(name="cases.tell_reporters", queueing_lock="cases_tell_reporters")
def tell_reporters(timestamp: int) -> None:
    """Residents hear what became of their cases: by message, else somebody is to ring them up."""
    telling_ways.carry_out()


@app.periodic(cron="15 0 * * *")
@app.task(name="cases.tell_of_long_waits", queueing_lock="cases_tell_of_long_waits")
def tell_of_long_waits(timestamp: int) -> None:
    """A case does not stand still for ever because nobody asks the reporter again."""
    workflow_limits.tell_of_long_waits(timezone.localdate())


@app.periodic(cron="30 16 * * *")
@app.task(name="cases.close_unrated", queueing_lock="cases_close_unrated")
def close_unrated(timestamp: int) -> None:
    workflow_ratings.close_all_unrated()


@app.task(name="cases.learn", retry=RetryStrategy(max_attempts=3, wait=60), lock="cases.learn", pass_context=False)
def learn() -> None:
    """After decisions of people, when there are enough of them."""
    if learning.due():
        learning.learn(timezone.now())


@app.periodic(cron="40 18 * * *")
@app.task(name="cases.learn_at_night", queueing_lock="cases.learn_at_night", lock="cases.learn")
def learn_at_night(timestamp: int) -> None:
    """What came by file is learned too."""
    if learning.due():
        learning.learn(timezone.now())


@app.task(name="cases.learn_now", queueing_lock="cases.learn_now", lock="cases.learn", pass_context=False)
def learn_now(user: int) -> None:
    learning.learn(timezone.now(), actor=User.objects.get(pk=user))
