"""Imports as processes of their own: two at once, one interrupted, one killed, one without a database."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from apps.imports.importing import Order, bring_in
from apps.imports.models import ImportBatch
from apps.territory.models import AdminArea, Doorplate, LayerVersion
from tests.imports.conftest import ROOT, TODAY
from tests.imports.formats import sample

ROWS = 15_000


def start(*arguments: object, **environment: str) -> subprocess.Popen:
    settings = connection.settings_dict
    url = f"postgresql://{quote(settings['USER'])}:{quote(settings['PASSWORD'])}@/{settings['NAME']}?host={quote(settings['HOST'])}&port={settings['PORT']}"
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_layer", *map(str, arguments)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "DEBUG": "true", "DATABASE_URL": url, **environment},
    )  # fmt: skip


def until(process: subprocess.Popen, word: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"the import ended before it said {word}")


def until_it_waits(process: subprocess.Popen) -> None:
    """A signal that comes while the statement is only being sent would be for nothing: the server is told to give up what it has not begun."""
    with connection.cursor() as cursor:
        while process.poll() is None:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'territory_doorplate'::regclass AND NOT granted)")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("the import ended before it waited for its table")


@pytest.fixture
def plates(transactional_db: None, tmp_path: Path) -> Path:
    """The sample's areas in the database, and a file of doorplates that takes a moment."""
    assert bring_in(Order("area", sample("area"), today=TODAY)).inserted == 9
    path = tmp_path / "plates.csv"
    rows = (f"K{i},长街,{i}号,{120.401 + i % 100 / 1e4:.4f},{27.501 + i // 100 / 1e4:.4f}" for i in range(ROWS))
    path.write_text("\n".join(["code,road,number,lon,lat", *rows]), encoding="utf-8")
    return path


def test_two_imports_of_one_layer_take_turns(plates: Path) -> None:
    running = [start("doorplate", plates) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sorted(f"新增 {ROWS:,}" in out for out, _ in said) == [False, True]
    assert sorted(f"未变 {ROWS:,}" in out for out, _ in said) == [False, True]
    assert Doorplate.objects.count() == ROWS


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle(plates: Path, how: signal.Signals) -> None:
    with connection.cursor() as cursor:  # the writing waits for this lock, so that the end comes in the middle however slow we are
        cursor.execute("BEGIN; LOCK TABLE territory_doorplate IN SHARE MODE")
        with start("doorplate", plates) as process:
            try:
                until(process, "写入")
                until_it_waits(process)
                process.send_signal(how)
                _, errors = process.communicate(timeout=60)
            finally:
                process.kill()
                cursor.execute("ROLLBACK")
    assert process.returncode != 0
    assert Doorplate.objects.count() == 0 and not LayerVersion.objects.filter(layer="doorplate").exists()
    if how == signal.SIGINT:
        assert process.returncode == 130 and "导入被中断，什么也没有改变" in errors
        assert ImportBatch.objects.get(layer="doorplate").status == ImportBatch.Status.REFUSED

    again = start("doorplate", plates)
    out, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert f"新增 {ROWS:,}" in out and Doorplate.objects.count() == ROWS


def test_without_a_database(tmp_path: Path, transactional_db: None) -> None:
    process = start("area", sample("area"), DATABASE_URL=f"postgresql://nobody@/nothing?host={quote(str(tmp_path))}")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "连接不上数据库" in errors and "Traceback" not in errors
    assert AdminArea.objects.count() == 0
