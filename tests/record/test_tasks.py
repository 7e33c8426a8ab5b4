"""A worker killed in the middle of a job: the job is done all the same, by the next worker."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from apps.supervision import workflow
from apps.supervision.models import AssignmentRun
from tests import town as toy


def worker(*arguments: str) -> subprocess.Popen:
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    environment = {**os.environ, "DATABASE_URL": url, "SECRET_KEY": "x" * 50, "CONTACT_KEY": settings.CONTACT_KEY, "CODE_KEYS": "k" * 40}
    return subprocess.Popen(
        [sys.executable, "manage.py", "procrastinate", "worker", *arguments], cwd=settings.BASE_DIR, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def wait_for(condition, seconds: float = 90) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def status() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE task_name = 'supervision.solve_run' ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def queue(transactional_db):
    """The queue's tables are not Django's: what a test leaves in them, it takes away."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_workers, procrastinate_periodic_defers CASCADE")


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
