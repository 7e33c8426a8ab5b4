"""The watched folder: a file is taken when it stands still, moved where it belongs, and known when it comes again."""

import os
import time
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from apps.hotline import folders, workflow
from apps.hotline.models import Intake, Record, Source
from apps.record.notices import Notice
from tests.hotline.conftest import as_csv, row


@pytest.fixture
def folder(source, users, settings, tmp_path) -> Path:
    settings.INTAKE_DIR = str(tmp_path)
    Source.objects.update(folder="热线")
    cache.clear()
    folders.watch()
    return tmp_path / "热线"


def test_taken_when_it_stands_still(folder):
    file = folder / "三月.csv"
    content = as_csv([row(1), row(2)])
    file.write_bytes(content[:100])
    assert folders.watch() == []
    file.write_bytes(content)
    assert folders.watch() == []
    (intake,) = folders.watch()
    assert (intake.state, intake.way, intake.file_name) == ("running", "folder", "三月.csv")
    assert list(folder.rglob("*")) == []  # it is stored, sealed: nothing stays in the clear
    assert workflow.run(intake.pk).taken == 2


def test_a_file_that_comes_again_is_known(folder):
    for _ in range(2):
        (folder / "三月.csv").write_bytes(as_csv([row(1)]))
        folders.watch()
        folders.watch()
    assert Intake.objects.count() == 1
    assert list(folder.rglob("*")) == []


def test_what_is_written_on_while_it_is_read_is_not_deleted(folder, monkeypatch):
    file, plain = folder / "三月.csv", workflow.receive_file
    file.write_bytes(as_csv([row(1)]))
    folders.watch()

    def slowly(*given):
        found = plain(*given)
        file.write_bytes(as_csv([row(1), row(2)]))
        return found

    monkeypatch.setattr(workflow, "receive_file", slowly)
    (first,) = folders.watch()
    monkeypatch.undo()
    folders.watch()
    (second,) = folders.watch()
    assert not file.exists() and (workflow.run(first.pk).taken, workflow.run(second.pk).taken) == (1, 1)


def test_killed_before_it_was_begun_it_is_begun_when_it_is_found_again(folder, source):
    (folder / "三月.csv").write_bytes(as_csv([row(1)]))
    workflow.receive_file(source, folder / "三月.csv", Intake.Way.FOLDER)
    folders.watch()
    assert folders.watch() == []
    assert Intake.objects.get().state == "running" and not (folder / "三月.csv").exists()


def test_unfinished_and_other_files_are_left_alone(folder):
    for name in ("x.csv.part", "~$x.xlsx", ".x.csv", "说明.docx"):
        (folder / name).write_bytes(b"x")
    (folder / "空.csv").write_bytes(b"")
    folders.watch()
    assert folders.watch() == []
    assert len([path for path in folder.iterdir() if path.is_file()]) == 5


def test_headings_never_seen_wait_for_a_person_who_is_told(folder, users):
    (folder / "新表.csv").write_bytes(as_csv([["1", "路灯坏了", "2026-03-01", "张三"]], ["工单编号", "诉求内容", "受理时间", "市民姓名"]))
    folders.watch()
    (intake,) = folders.watch()
    assert intake.state == "waiting"
    assert Notice.objects.get(recipient=users.county_office).path == f"/hotline/intakes/{intake.pk}/"


def test_what_cannot_be_read_lies_apart(folder):
    (folder / "坏.xlsx").write_bytes(b"PK\x03\x04" + bytes(50))
    folders.watch()
    (intake,) = folders.watch()
    assert intake.state == "failed" and "打不开" in intake.fault
    assert [path.name for path in (folder / folders.WRONG).iterdir()] == ["坏.xlsx"]


def test_files_in_the_clear_do_not_stay(folder):
    old, new = folder / folders.WRONG / "旧.csv", folder / folders.WRONG / "新.csv"
    old.parent.mkdir()
    for path in (old, new):
        path.write_bytes(b"x")
    long_ago = time.time() - folders.KEPT.total_seconds() - 60
    os.utime(old, (long_ago, long_ago))
    folders.watch()
    assert [path.name for path in old.parent.iterdir()] == ["新.csv"]


def test_nothing_is_watched_without_a_setting(source, settings):
    settings.INTAKE_DIR = ""
    assert folders.watch() == []


def test_the_command_takes_a_file_in_and_goes_on_with_it(town, tmp_path, monkeypatch, capsys):
    file = tmp_path / "工单.csv"
    file.write_bytes(as_csv([row(number) for number in range(1, 10)]))
    with pytest.raises(CommandError, match="--name"):
        call_command("take_in", str(file), "--source", "12345")
    with pytest.raises(CommandError, match="--accept"):
        call_command("take_in", str(file), "--source", "12345", "--name", "12345热线")
    monkeypatch.setattr(workflow, "BATCH", 4)
    plain, calls = workflow.write, []

    def killed(*given):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(workflow, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        call_command("take_in", str(file), "--source", "12345", "--accept")
    call_command("take_in", str(file), "--source", "12345", "--accept")
    assert "新收 9" in capsys.readouterr().out
    assert (Record.objects.count(), Intake.objects.count()) == (9, 1)
    call_command("take_in", str(file), "--source", "12345")
    assert "已经接收过" in capsys.readouterr().out
