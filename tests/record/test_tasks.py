"""A worker killed in the middle of a job: the job is done all the same, by the next worker. A database gone in the middle: by the same one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from procrastinate.contrib.django import app
from psycopg import sql

from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from tests import town as toy


def database_url(name: str) -> str:
    database = connection.settings_dict
    return f"postgresql://{database['USER']}:{database['PASSWORD']}@/{name}?host={database['HOST']}&port={database['PORT']}"


def worker() -> subprocess.Popen:
    url = database_url(connection.settings_dict["NAME"])
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "x" * 50, "CONTACT_KEY": settings.CONTACT_KEY, "CODE_KEYS": "k" * 40}
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_worker"], cwd=settings.BASE_DIR, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(condition, seconds: float = 90) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def status(task: str = "supervision.solve_run") -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE task_name = %s ORDER BY id", [task])
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def no_database():
    """Nobody gets in any more and everybody but this test is put out, as when the server is restarted."""
    mine, name = connection.connection.info.backend_pid, connection.settings_dict["NAME"]
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        try:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s", [name, mine])
            yield
        finally:
            server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
    connection.pool.check()  # what other tests have used at once lies here dead: trying one after another takes longer and longer


@pytest.fixture
def queue(transactional_db):
    """The queue's tables are not Django's: what a test leaves in them, it takes away."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_workers, procrastinate_periodic_defers CASCADE")


def test_what_comes_once_a_day_comes_before_the_office_opens():
    """The hours of a cron are UTC; the office's clock is eight hours ahead."""
    crons = {name: periodic.cron.split()[1] for (name, _), periodic in app.periodic_registry.periodic_tasks.items()}
    hours = {name: (int(hour) + 8) % 24 for name, hour in crons.items() if hour.isdigit()}
    assert len(hours) > 8 and all(hour <= 8 for hour in hours.values()), hours


def test_a_killed_workers_job_is_done_by_the_next(queue):
    town = toy.build()
    office = toy.build_users(town).county_office
    run = workflow.draft(office, AssignmentRun.Preset.NEAREST)
    with connection.cursor() as cursor:  # the solver is made to wait for this lock, so that the worker dies in the middle
        cursor.execute("BEGIN; LOCK TABLE projects_keyproject IN ACCESS EXCLUSIVE MODE")
    doomed = worker()
    try:
        assert wait_for(lambda: status() == ["doing"]), "the worker never took the job"
    finally:
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
    run.refresh_from_db()
    assert run.state != run.State.DRAFT and status() == ["doing"]
    with connection.cursor() as cursor:  # a minute passes
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")
    successor = worker()
    try:
        assert wait_for(lambda: status() == ["succeeded"], 90), f"the job is {status()}"
    finally:
        successor.terminate()
        successor.wait(20)
    run.refresh_from_db()
    assert run.state == run.State.DRAFT and run.proven


def test_a_worker_outlives_its_database(queue):
    """Cut off in the middle of a job that nobody has told to try again, and kept out for a while."""
    app.configure_task("record.deliver_notices").defer()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE record_delivery IN ACCESS EXCLUSIVE MODE")
    working = worker()
    try:
        assert wait_for(lambda: status("record.deliver_notices") == ["doing"]), "the worker never took the job"
        with no_database():
            time.sleep(1)
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
            assert status("record.deliver_notices") == ["doing"], "the worker could still tell of the end: nothing is shown"
        assert wait_for(lambda: status("record.deliver_notices") == ["succeeded"]), f"the job is {status('record.deliver_notices')}"
        assert working.poll() is None
    finally:
        working.terminate()
        assert working.wait(20) == 0


def test_one_lost_job_whose_next_waits_already_does_not_hold_up_the_others(queue):
    """Of what comes by itself only one may wait: the lost one is given up, those behind it are done."""
    app.configure_task("record.deliver_due_notices", schedule_in={"hours": 1}).defer(timestamp=1)
    with connection.cursor() as cursor:
        for task, lock in (("record.deliver_due_notices", "deliver_due_notices"), ("record.deliver_notices", None)):
            args = '{"timestamp": 0}' if lock else "{}"
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status) VALUES ('default', %s, %s, %s, 'doing')", [task, lock, args]
            )
    app.configure_task("record.retry_stalled_jobs").defer(timestamp=0)
    working = worker()
    try:
        assert wait_for(lambda: status("record.deliver_notices") == ["succeeded"]), f"the job is {status('record.deliver_notices')}"
        assert status("record.deliver_due_notices")[:2] == ["todo", "failed"]
    finally:
        working.terminate()
        working.wait(20)
