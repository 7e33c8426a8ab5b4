"""A run of the grouping killed while it writes: nothing of it is there, and whoever asks next has it done."""

import datetime as dt

from django.db import connection
from django.utils import timezone

from apps.insights import theme_runs
from apps.insights.theme_models import Theme, ThemeMember, ThemeRun
from tests import town as toy
from tests.insights.test_themes import OTHERS, WATER
from tests.insights.voices import record
from tests.record.test_tasks import queue, wait_for, worker  # noqa: F401  the queue is emptied afterwards


def jobs() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [theme_runs.JOB])
        return [status for (status,) in cursor.fetchall()]


def test_a_run_killed_while_it_writes_is_done_by_the_next(queue):  # noqa: F811
    town, now = toy.build(), timezone.now()
    for at, text in enumerate([*WATER, *WATER, *OTHERS]):
        record(town, "V1", text=text, received_at=now - dt.timedelta(days=2 + at))
    run = theme_runs.ask(None)
    with connection.cursor() as cursor:  # themes may be read but not written, so that the worker dies in the middle
        cursor.execute("BEGIN; LOCK TABLE insights_theme IN SHARE MODE")
    doomed = worker()
    try:
        assert wait_for(lambda: ThemeRun.objects.get().progress == 95), f"the run never came to its end: {jobs()}"
    finally:
        doomed.kill()
        doomed.wait()
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
    run.refresh_from_db()
    assert run.state == ThemeRun.State.RUNNING
    assert not Theme.objects.exists() and not ThemeMember.objects.exists()
    assert [theme_runs.ask(None) for _ in range(2)] == [run, run]
    assert jobs() == ["doing", "todo"]  # one that nobody is at, one that is waiting for it, however often asked for
    done = theme_runs.carry_out(run.pk)
    assert done.state == ThemeRun.State.DONE
    assert (
        done.figures["grouped"]
        == ThemeMember.objects.count()
        == sum(Theme.objects.values_list("voices", flat=True))
        >= len(WATER)
    )
    assert theme_runs.carry_out(run.pk).finished_at == done.finished_at  # the first one's job, tried again
