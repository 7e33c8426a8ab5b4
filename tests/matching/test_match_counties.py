"""A small province, matched on real worker processes: the same tables whatever happens on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from django.core.management import CommandError, call_command
from pyproj import Geod

from apps.matching.assignment import solve
from apps.matching.bulk import answer_many
from apps.matching.costs import price_pairs
from apps.matching.counties import OUTPUTS, Asked, match_county
from apps.matching.county_files import ANCHORS, LEVELS, read_supervision
from apps.matching.engine import Engine
from apps.matching.management.commands.match_counties import INTERRUPTED, REPORT, SOME_FAILED
from apps.matching.province import Work, local_workers, why
from apps.supervision.instance import instance
from apps.supervision.models import AssignmentRun
from apps.supervision.presets import PRESETS
from apps.territory.models import Doorplate
from gis_data.geoparquet import schema, wkb_points
from tests import town as toy
from tests.bench.province import Killer, Size, codes, grow_county

ROOT = Path(__file__).resolve().parents[2]
SMALL = Size(doorplates=3_000, districts=12, township_districts=20, projects=8, vertices=30)
CODES = codes(4)

@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four counties of different size; the last has neither doorplates nor projects."""
    source = tmp_path_factory.mktemp("province")
    for index, code in enumerate(CODES):
        plates, projects = (0, 0) if index == 3 else (SMALL.doorplates * (index + 1), SMALL.projects)
        grow_county(source / code, index, Size(plates, SMALL.districts, SMALL.township_districts, projects=projects, vertices=30))
    return source


@pytest.fixture(scope="module")
def alone(province: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes of the province."""
    target = tmp_path_factory.mktemp("alone")
    call_command("match_counties", province, target, workers=0)
    return target


@pytest.fixture(scope="module")
def cluster():
    with local_workers(2, "1GB") as found:
        yield found


@pytest.fixture
def copy(province: Path, tmp_path: Path) -> Path:
    """The province, to be spoilt."""
    return Path(shutil.copytree(province, tmp_path / "copy"))


def tables(target: Path) -> dict[str, bytes]:
    found = {f"{path.parent.name}/{path.name}": path.read_bytes() for name in OUTPUTS for path in target.glob(f"*/{name}")}
    assert found
    return found


def report(target: Path) -> dict:
    return json.loads((target / REPORT).read_text(encoding="utf-8"))


def spoil(path: Path, change) -> None:
    """Write a file again after changing its table, keeping what it says of its geometry."""
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)


# --- what is written -----------------------------------------------------------------------------------------------------


def test_doorplates_as_brute_force_finds_them(province: Path, alone: Path):
    folder = province / CODES[0]
    districts = pq.read_table(folder / "districts.parquet").to_pylist()
    deputies = pq.read_table(folder / "deputies.parquet").to_pylist()
    plates = pq.read_table(folder / "doorplates.parquet").to_pylist()
    found = pq.read_table(alone / CODES[0] / "doorplates.parquet").to_pylist()
    assert [row["code"] for row in found] == [row["code"] for row in plates]
    assert [row["geometry"] for row in found] == [row["geometry"] for row in plates]
    points = shapely.from_wkb([row["geometry"] for row in plates])
    theirs = {level: np.full(len(points), None, object) for level in LEVELS}
    for row in sorted(districts, key=lambda row: row["code"], reverse=True):
        level = "county" if row["congress"].endswith("000000") else "township"
        theirs[level][shapely.covers(shapely.from_wkb(row["geometry"]), points)] = row["code"]
    for level in LEVELS:
        assert [row[f"{level}_district"] for row in found] == theirs[level].tolist()
    assert sum(code is not None for code in theirs["county"]) > 0.9 * len(points)
    geod = Geod(ellps="WGS84")
    for at in range(0, len(points), 7):
        serving = {d["code"]: d for d in deputies if d["district"] and d["district"] in (theirs["county"][at], theirs["township"][at])}
        ranked = []
        for code, deputy in sorted(serving.items()):
            away = [
                (geod.inv(points[at].x, points[at].y, deputy[f"{name}_lon"], deputy[f"{name}_lat"])[2], name)
                for name in ANCHORS if deputy[f"{name}_lon"] is not None
            ]  # fmt: skip
            metres, anchor = min(away, key=lambda pair: pair[0])
            ranked.append((round(metres, 6), code, anchor))
        ranked.sort()
        ranked += [(None, None, None)] * 3
        for place, (metres, code, anchor) in enumerate(ranked[:3], 1):
            row = found[at]
            assert (row[f"deputy_{place}"], row[f"anchor_{place}"]) == (code, anchor)
            assert row[f"metres_{place}"] == (None if metres is None else pytest.approx(metres, rel=1e-6))


def test_tables_are_geoparquet(alone: Path):
    import geopandas

    frame = geopandas.read_parquet(alone / CODES[0] / "doorplates.parquet")
    assert (frame.crs.to_string(), len(frame)) == ("OGC:CRS84", SMALL.doorplates)
    teams = geopandas.read_parquet(alone / CODES[0] / "assignments.parquet")
    assert set(teams.geom_type) == {"Point"}


def test_supervision_is_proven_and_stands_on_the_files(province: Path, alone: Path):
    for code in CODES[:3]:
        path = alone / code / "assignments.parquet"
        said = json.loads(pq.read_schema(path).metadata[b"certificate"])
        assert said["proven"] and said["total"] == said["lower_bound"] > 0
        supervision = read_supervision(province / code, "nearest")
        table = price_pairs(supervision.projects, supervision.deputies, supervision.rules)
        load = dict.fromkeys(supervision.deputy_codes, 0)
        for row in pq.read_table(path).to_pylist():
            i, j = supervision.project_codes.index(row["project"]), supervision.deputy_codes.index(row["deputy"])
            assert table.allowed[i, j]
            assert row["cost"] == table.cost[i, j] == round(sum(row[part] for part in ("residence", "workplace", "field", "town")))
            load[row["deputy"]] += 1
        assert max(load.values()) > 0 and (np.array(list(load.values())) <= supervision.deputies.capacity).all()
        assert path.stat().st_mode & 0o077 == 0, "only the office may read metres that tell of homes"


def test_moving_homes_changes_no_byte_of_the_doorplates(copy: Path, alone: Path, tmp_path: Path):
    path = copy / CODES[0] / "deputies.parquet"
    spoil(path, lambda table: table.set_column(
        table.column_names.index("geometry"), "geometry",
        wkb_points(np.random.default_rng(1).uniform(118, 119, len(table)), np.full(len(table), 28.0)),
    ))  # fmt: skip
    match_county(copy / CODES[0], tmp_path / CODES[0], Asked(), "run")
    before, after = alone / CODES[0], tmp_path / CODES[0]
    assert (before / OUTPUTS[0]).read_bytes() == (after / OUTPUTS[0]).read_bytes()
    assert (before / OUTPUTS[1]).read_bytes() != (after / OUTPUTS[1]).read_bytes()


def test_margins_and_more_deputies(province: Path, tmp_path: Path):
    call_command("match_counties", province, tmp_path, workers=0, margins=True, first=5, preset="balanced")
    found = pq.read_table(tmp_path / CODES[1] / "doorplates.parquet")
    inside = np.array([code is not None for code in found["county_district"].to_pylist()])
    margin = np.array(found["county_margin"].to_pylist(), float)
    assert (np.isfinite(margin) == inside).all() and (margin[inside] >= 0).all()
    assert "deputy_5" in found.column_names
    assert report(tmp_path)["supervision"]["proven"] == 4


def test_a_county_with_nothing_in_it(alone: Path):
    said = report(alone)["by_county"][CODES[3]]
    assert said["doorplates"]["rows"] == 0 and said["supervision"]["pairs"] == 0 and said["supervision"]["proven"]
    assert [len(pq.read_table(alone / CODES[3] / name)) for name in OUTPUTS] == [0, 0]


def test_a_real_county_gets_the_answers_of_its_own_database(town: toy.Town, tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "target"
    call_command("export_county", source, on=toy.TODAY)
    call_command("match_counties", source, target, workers=0, first=2)
    assert (source / "339999" / "deputies.parquet").stat().st_mode & 0o077 == 0
    found = pq.read_table(target / "339999" / "doorplates.parquet").to_pylist()
    plates = list(Doorplate.objects.active().order_by("code"))
    day = Engine().on(toy.TODAY)
    answers = answer_many(day, np.array([plate.point.x for plate in plates]), np.array([plate.point.y for plate in plates]))
    assert len(found) == 11
    for at, (plate, row) in enumerate(zip(plates, found, strict=True)):
        assert row["code"] == plate.code
        for level in LEVELS:
            index = answers.districts[level][at]
            assert row[f"{level}_district"] == (day.districts[level].rows[index].code if index >= 0 else None)
        assert row["deputy_1"] == (answers.first[at].deputy.code if answers.first[at] else None)
        assert row["deputy_1"] != row["deputy_2"] or row["deputy_1"] is None, "one person with two mandates is named once"
    run = AssignmentRun.objects.create(name="草案", preset="nearest", rules=PRESETS["nearest"].as_json(), created_by=None)
    theirs, ours = instance(run, toy.TODAY), read_supervision(source / "339999", "nearest")
    assert (ours.project_codes, ours.deputy_codes) == ([p.code for p in theirs.project_rows], [d.code for d in theirs.deputy_rows])
    assert (price_pairs(ours.projects, ours.deputies, ours.rules).cost == theirs.table.cost).all()
    assert (price_pairs(ours.projects, ours.deputies, ours.rules).allowed == theirs.table.allowed).all()
    solution = solve(theirs.projects, theirs.deputies, theirs.rules)
    assert report(target)["by_county"]["339999"]["supervision"]["total"] == solution.total


# --- on workers ----------------------------------------------------------------------------------------------------------


def test_workers_make_the_same_tables(province: Path, alone: Path, tmp_path: Path, cluster, capsys):
    client, _ = cluster
    assert not any(client.run(lambda: "django" in sys.modules).values())
    call_command("match_counties", province, tmp_path, scheduler=client.scheduler.address)
    assert tables(tmp_path) == tables(alone)
    assert "4/4 个完成" in capsys.readouterr().out
    call_command("match_counties", province, tmp_path, scheduler=client.scheduler.address)
    assert report(tmp_path)["counties"] == {"all": 4, "done": 4, "kept": 4, "failed": 0}
    call_command("match_counties", province, tmp_path, scheduler=client.scheduler.address, again=True)
    assert report(tmp_path)["counties"]["kept"] == 0
    assert tables(tmp_path) == tables(alone)


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
    assert [outcome.code for outcome in Work(province, tmp_path, Asked(), "run").on(client, CODES[3:]) if outcome.summary] == CODES[3:]


def test_interrupted_and_run_again(copy: Path, province: Path, alone: Path, tmp_path: Path):
    """Ctrl-C in a terminal reaches the whole process group. One county waits on a pipe, so that there is something to interrupt."""
    target, pipe = tmp_path / "target", copy / CODES[2] / "doorplates.parquet"
    pipe.unlink()
    os.mkfifo(pipe)
    command = [sys.executable, str(ROOT / "manage.py"), "match_counties", str(copy), str(target), "--workers", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        until = time.monotonic() + 60
        others = [target / code / "summary.json" for code in CODES if code != CODES[2]]
        while not all(path.exists() for path in others) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == INTERRUPTED, err
    assert "已中断" in err and "Traceback" not in out + err
    assert "3/4 个完成" in out
    assert not psutil.wait_procs(children, timeout=5)[1], "no worker stays behind"
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
    return lambda table: table.set_column(table.column_names.index("geometry"), "geometry", pa.array(make(table), pa.binary()))


def bow_tie(table: pa.Table) -> list[bytes]:
    shapes = table["geometry"].to_pylist()
    return [shapely.to_wkb(shapely.Polygon([(118.2, 27.4), (118.3, 27.5), (118.3, 27.4), (118.2, 27.5)])), *shapes[1:]]


def swapped(table: pa.Table) -> list[bytes]:
    return shapely.to_wkb(shapely.transform(shapely.from_wkb(table["geometry"].to_pylist()), lambda xy: xy[:, ::-1])).tolist()


def with_value(name: str, value):
    return lambda table: table.set_column(table.column_names.index(name), name, pa.array([value, *table[name].to_pylist()[1:]]))


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


# --- memory --------------------------------------------------------------------------------------------------------------

MEASURE = """
import sys
from pathlib import Path
from apps.matching.counties import Asked, match_county
from apps.matching.province import peak_memory
source, target = map(Path, sys.argv[1:])
for code, at_once in (("330101", 20_000), ("330102", 20_000), ("330102", 400_000)):
    match_county(source / code, target / code, Asked(at_once=at_once), str(at_once))
    print(peak_memory())
"""


def test_memory_does_not_grow_with_a_county(tmp_path: Path):
    """Ten times the doorplates, in one row group as other programs write them: what is held stays a batch."""
    for index, (code, plates) in enumerate(zip(codes(2), (40_000, 400_000), strict=True)):
        folder = tmp_path / "source" / code
        grow_county(folder, index, Size(0, 8, 8, projects=4, vertices=30))
        random = np.random.default_rng(index)
        corner = np.array([118.2 + 0.36 * index, 27.4])
        lon, lat = (corner + random.uniform(0, 0.36, (plates, 2))).T
        of = schema([pa.field("code", pa.string())], ["Point"])
        numbers = pa.array(np.arange(plates)).cast(pa.string())
        pq.write_table(pa.table([numbers, wkb_points(lon, lat)], of), folder / "doorplates.parquet", row_group_size=plates)
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "source"), str(tmp_path / "target")], cwd=ROOT, capture_output=True, text=True, check=True
    )
    small, large, at_once = (int(line) / 1e6 for line in run.stdout.split())
    assert (large - small) * 2 < at_once - small, f"{small:.0f} MB, then {large:.0f} MB; all at once {at_once:.0f} MB"
