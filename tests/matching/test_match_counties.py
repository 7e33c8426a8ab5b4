"""Many counties on real worker processes: the same tables whatever happens on the way, and no county stops another."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from distributed import Client, LocalCluster
from django.core.management import CommandError, call_command

from apps.matching.counties import OUTPUTS, Asked
from apps.matching.management.commands.match_counties import INTERRUPTED, SOME_FAILED
from apps.matching.province import Work, local_workers, why
from gis_data import compiled
from tests.bench.province import Killer, codes, grow_county
from tests.matching.small_province import CODES, SMALL, report, spoil, tables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster():
    with local_workers(2, "1GB") as found:
        yield found


def test_workers_make_the_same_tables(province: Path, alone: Path, tmp_path: Path, capsys):
    call_command("match_counties", province, tmp_path, workers=2)
    assert tables(tmp_path) == tables(alone)
    assert "4/4 个完成" in capsys.readouterr().out
    call_command("match_counties", province, tmp_path, workers=1)
    assert report(tmp_path)["counties"] == {"all": 4, "done": 4, "kept": 4, "failed": 0}


def test_an_existing_scheduler(province: Path, alone: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        compiled, "_most", None
    )  # its workers are threads of this process here, and bind it to one core
    how = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "host": "127.0.0.1", "protocol": "tcp://"}
    with LocalCluster(dashboard_address="127.0.0.1:0", **how) as existing:
        for again in (False, True):
            call_command("match_counties", province, tmp_path, scheduler=existing.scheduler_address, again=again)
            assert report(tmp_path)["counties"] == {"all": 4, "done": 4, "kept": 0, "failed": 0}
            assert tables(tmp_path) == tables(alone)


def test_workers_know_no_django_and_obey_nobody_else(cluster):
    client, _ = cluster
    assert not any(client.run(lambda: "django" in sys.modules).values())
    assert client.scheduler.address.startswith("tls://127.0.0.1:")
    with pytest.raises(OSError):
        Client(client.scheduler.address.replace("tls", "tcp"), timeout="1s", set_as_default=False)


def test_the_scheduler_need_not_have_the_program(province: Path, tmp_path: Path):
    """A scheduler reads the tasks that it hands out; one that has only Dask must be able to."""
    from distributed.protocol.pickle import dumps

    tasks = []

    class Client:
        loop = None

        def map(self, function, *args, **options):
            tasks.append(dumps(function))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        next(Work(province, tmp_path, Asked(), "run").on(Client(), CODES))
    reads = "import pickle, sys; pickle.loads(sys.stdin.buffer.read()); assert not [name for name in sys.modules if name.startswith('apps')]"
    subprocess.run([sys.executable, "-I", "-c", reads], input=tasks[0], cwd="/", check=True)


def test_a_worker_killed_while_it_writes_costs_no_result(province: Path, tmp_path: Path, cluster):
    client, losses = cluster
    asked = Asked(at_once=50)  # many small batches: the worker is killed between two of them
    one = Work(province, tmp_path / "one", asked, "one")
    many = Work(province, tmp_path / "many", asked, "many")
    assert all(outcome.summary for outcome in one.one_after_another(CODES))
    before = losses.count
    killer = Killer(list(client.run(os.getpid).values()), tmp_path / "many")
    outcomes = list(many.on(client, CODES))
    killer.join()
    assert killer.killed and killer.killed.exists(), "the file it was writing lies there half written"
    assert losses.count == before + 1
    assert sorted(outcome.code for outcome in outcomes if outcome.summary) == CODES
    assert tables(tmp_path / "many") == tables(tmp_path / "one")


def test_a_county_that_kills_every_worker_is_given_up(province: Path, tmp_path: Path, cluster):
    client, _ = cluster
    futures = client.map(lambda code: os.kill(os.getpid(), signal.SIGKILL), CODES[:1], pure=False)
    with pytest.raises(Exception) as caught:
        futures[0].result(timeout=60)
    assert "内存不够" in why(caught.value)
    assert [
        outcome.code for outcome in Work(province, tmp_path, Asked(), "run").on(client, CODES[3:]) if outcome.summary
    ] == CODES[3:]


def test_interrupted_and_run_again(copy: Path, province: Path, alone: Path, tmp_path: Path):
    """Ctrl-C in a terminal reaches the whole process group. One county waits on a pipe, so that there is something to interrupt."""
    target, pipe = tmp_path / "target", copy / CODES[2] / "doorplates.parquet"
    pipe.unlink()
    os.mkfifo(pipe)
    command = [sys.executable, str(ROOT / "manage.py"), "match_counties", str(copy), str(target), "--workers", "1"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert any("完成 3/4" in line for line in process.stderr), "it ended before"
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == INTERRUPTED, err
    assert "已中断" in err and "Traceback" not in out + err
    assert "3/4 个完成" in out
    assert not psutil.wait_procs(children, timeout=30)[1], "no worker stays behind"
    assert report(target)["interrupted"] and report(target)["left"] == [CODES[2]]
    assert not list(target.rglob("*.part"))
    pipe.unlink()
    shutil.copy(province / CODES[2] / "doorplates.parquet", pipe)
    call_command("match_counties", copy, target, workers=0)
    assert report(target)["counties"] == {"all": 4, "done": 4, "kept": 3, "failed": 0}
    assert tables(target) == tables(alone)


# --- what is wrong -------------------------------------------------------------------------------------------------------


def without_column(name: str):
    return lambda table: table.drop_columns([name])


def with_shapes(make):
    return lambda table: table.set_column(
        table.column_names.index("geometry"), "geometry", pa.array(make(table), pa.binary())
    )


def bow_tie(table: pa.Table) -> list[bytes]:
    shapes = table["geometry"].to_pylist()
    return [shapely.to_wkb(shapely.Polygon([(118.2, 27.4), (118.3, 27.5), (118.3, 27.4), (118.2, 27.5)])), *shapes[1:]]


def swapped(table: pa.Table) -> list[bytes]:
    return shapely.to_wkb(
        shapely.transform(shapely.from_wkb(table["geometry"].to_pylist()), lambda xy: xy[:, ::-1])
    ).tolist()


def with_value(name: str, value):
    return lambda table: table.set_column(
        table.column_names.index(name), name, pa.array([value, *table[name].to_pylist()[1:]])
    )


BROKEN = {
    "缺少文件 districts.parquet": lambda folder: (folder / "districts.parquet").unlink(),
    "缺少“代表”必需的列：代表编号": lambda folder: spoil(folder / "deputies.parquet", without_column("code")),
    "districts.parquet 第 1 行：面自相交": lambda folder: spoil(folder / "districts.parquet", with_shapes(bow_tie)),
    "打不开": lambda folder: (folder / "projects.parquet").write_text("项目"),
    "不是 GeoParquet": lambda folder: pq.write_table(pa.table({"code": ["1"]}), folder / "doorplates.parquet"),
    "经度和纬度写反了": lambda folder: spoil(folder / "doorplates.parquet", with_shapes(swapped)),
    "个门牌没有编号": lambda folder: spoil(folder / "doorplates.parquet", with_value("code", None)),
    "不在 districts.parquet 里": lambda folder: spoil(folder / "deputies.parquet", with_value("district", "无此选区")),
    "属于另一个县": lambda folder: spoil(folder / "districts.parquet", with_value("congress", "110101000000")),
    "不在领域表里": lambda folder: spoil(folder / "projects.parquet", with_value("field", "航天")),
    "“可承担项目数”": lambda folder: spoil(folder / "deputies.parquet", with_value("capacity", -1)),
    "出现了两次": lambda folder: spoil(folder / "projects.parquet", lambda table: pa.concat_tables([table, table])),
    "须懂行人数": lambda folder: spoil(folder / "projects.parquet", with_value("experts", 5)),
}


def test_broken_counties_stop_no_other(province: Path, alone: Path, tmp_path: Path, capsys):
    source = tmp_path / "source"
    names = dict(zip(codes(len(BROKEN) + 1), BROKEN, strict=False))
    good = codes(len(BROKEN) + 1)[-1]
    shutil.copytree(province / CODES[0], source / CODES[0])
    for code, reason in names.items():
        folder = source / code
        shutil.rmtree(folder, ignore_errors=True)
        grow_county(folder, 0, SMALL)
        BROKEN[reason](folder)
    grow_county(source / good, 0, SMALL)
    with pytest.raises(CommandError) as caught:
        call_command("match_counties", source, tmp_path / "target", workers=0)
    assert caught.value.returncode == SOME_FAILED
    failures = report(tmp_path / "target")["failures"]
    assert list(failures) == list(names)
    for code, words in names.items():
        assert all(word in failures[code] for word in words.split()), failures[code]
        assert not list((tmp_path / "target" / code).glob("*")), "nothing half done"
    assert report(tmp_path / "target")["counties"]["done"] == 1
    assert f"{next(iter(names))}：" in capsys.readouterr().out


def test_what_a_broken_file_cannot_undo(copy: Path, alone: Path, tmp_path: Path, capsys):
    """The tables of an earlier run stay until there are better ones."""
    call_command("match_counties", copy, tmp_path / "target", workers=0)
    kept = (copy / CODES[0] / "doorplates.parquet").read_bytes()
    (copy / CODES[0] / "doorplates.parquet").write_bytes(kept[: len(kept) // 2])
    with pytest.raises(CommandError):
        call_command("match_counties", copy, tmp_path / "target", workers=0)
    assert "仍是上次的结果" in capsys.readouterr().out
    assert tables(tmp_path / "target") == tables(alone)
    (tmp_path / "target" / CODES[1] / OUTPUTS[0]).write_bytes(b"other")
    (copy / CODES[0] / "doorplates.parquet").write_bytes(kept)
    call_command("match_counties", copy, tmp_path / "target", workers=0)
    assert report(tmp_path / "target")["counties"]["kept"] == 3, "a table that somebody changed is made again"
    assert tables(tmp_path / "target") == tables(alone)


@pytest.mark.parametrize(("options", "words"), [
    ({"workers": 2, "scheduler": "tcp://127.0.0.1:1"}, "不能与 --scheduler 同用"),
    ({"scheduler": "tcp://127.0.0.1:1"}, "连不上调度器"),
    ({"memory": "viel"}, "应是 600MB 以上"),
    ({"workers": -1}, "--workers 应不小于 0"),
])  # fmt: skip
def test_options_that_cannot_be(province: Path, tmp_path: Path, options: dict, words: str, monkeypatch):
    monkeypatch.setattr("apps.matching.province.PATIENCE", "1s")
    with pytest.raises(CommandError, match=words):
        call_command("match_counties", province, tmp_path, **options)


def test_folders_that_cannot_be(province: Path, tmp_path: Path):
    with pytest.raises(CommandError, match="没有文件夹"):
        call_command("match_counties", tmp_path / "none", tmp_path)
    with pytest.raises(CommandError, match="下没有县"):
        call_command("match_counties", tmp_path, tmp_path / "out")
    with pytest.raises(CommandError, match="请另选 TARGET"):
        call_command("match_counties", province, province)
