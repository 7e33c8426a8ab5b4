"""The machine room: what a run was asked, what is still fresh, the private cluster, processes and ports, the lock files."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import psycopg
import pytest

from ops import stamps
from ops.cluster import SOCKET, SOCKET_PATH_LIMIT, Cluster, socket_folder
from ops.daemons import Daemon, demand_free_port
from ops.demo import Demo, described
from ops.options import TREE, Options, Refused
from ops.progress import Step, carry_out
from ops.setup import compile_engine, make_keys

LOCKS = sorted((TREE / "requirements").glob("*.txt"))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_for(what, seconds=10):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)




# -- what a run was asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"PORT": "0"}, "PORT=0"),
        ({"PORT": "80a"}, "1 到 65535"),
        ({"PORT": "65536"}, "PORT=65536"),
        ({"SCALE": "huge"}, "SCALE=full"),
        ({"COUNTY": "33048"}, "6 位"),
        ({"COUNTY": "330482", "NAMES": "no/such.csv"}, "no/such.csv"),
        ({"NAMES": "README.md"}, "COUNTY"),
        ({"SEED": "-1"}, "SEED=-1"),
        ({"DATA_DIR": "."}, "DATA_DIR"),
        ({"DATA_DIR": "/"}, "DATA_DIR"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused_in_words(variables, says):
    with pytest.raises(Refused, match=re.escape(says)):
        Options.from_environment(variables)


def test_variables_left_out_or_empty_have_their_defaults(tmp_path):
    options = Options.from_environment({"PORT": "", "SCALE": ""}, tree=tmp_path)
    assert (options.port, options.host, options.scale) == (8000, "127.0.0.1", "")
    assert options.data_dir == tmp_path / ".local"
    assert options.address == "http://127.0.0.1:8000/"


def test_a_server_open_to_all_is_still_reached_by_an_address():
    assert Options.from_environment({"HOST": "0.0.0.0", "PORT": "81"}).address == "http://127.0.0.1:81/"
    assert Options.from_environment({"HOST": "::"}).address == "http://[::1]:8000/"


# -- stamps and keys ---------------------------------------------------------------------------------------------------------


def test_a_fingerprint_follows_contents_and_names_only(tmp_path):
    source = tmp_path / "source"
    (source / "dist").mkdir(parents=True)
    (source / "a.ts").write_text("one")

    def now():
        return stamps.fingerprint([source], without=frozenset({"dist"}))

    first = now()
    (source / "dist" / "out.js").write_text("built")
    os.utime(source / "a.ts", (0, 0))
    assert now() == first
    (source / "a.ts").write_text("two")
    changed = now()
    (source / "a.ts").rename(source / "b.ts")
    assert len({first, changed, now()}) == 3


def test_a_stamp_holds_for_its_own_digest_only(tmp_path):
    stamp = tmp_path / "new" / ".stamp"
    assert not stamps.holds(stamp, "abc")
    stamps.leave(stamp, "abc")
    assert stamps.holds(stamp, "abc")
    assert not stamps.holds(stamp, "abd")


def test_keys_are_made_once_and_closed_to_others(tmp_path):
    make_keys(tmp_path)
    made = (tmp_path / "env").read_text()
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600
    assert re.search(r"^CONTACT_KEY=[\w-]{43}=$", made, re.MULTILINE)
    assert re.search(r"^CODE_KEYS=[\w-]{40,}$", made, re.MULTILINE)
    make_keys(tmp_path)
    assert (tmp_path / "env").read_text() == made


def test_a_key_that_came_later_is_added_and_the_old_ones_stay(tmp_path):
    (tmp_path / "env").write_text("SECRET_KEY=old\nCONTACT_KEY=sealed")
    make_keys(tmp_path)
    assert re.fullmatch(r"SECRET_KEY=old\nCONTACT_KEY=sealed\nCODE_KEYS=[\w-]{40,}\nZONE_KEY=[\w+/=]{44}\n", (tmp_path / "env").read_text())


# -- steps -------------------------------------------------------------------------------------------------------------------


def test_a_failing_step_shows_the_end_of_its_log_and_ends_the_run(tmp_path):
    reached = []
    steps = [
        Step("fails", "会失败", lambda task: task.run([sys.executable, "-c", "print('第一行'); print('坏了'); raise SystemExit(3)"])),
        Step("after", "之后", lambda task: reached.append(task)),
    ]
    out = io.StringIO()
    with pytest.raises(Refused, match=r"(?s)第一行\n坏了.*退出码 3.*fails\.log"):
        carry_out(steps, tmp_path, out)
    assert "✗ [1/2] 会失败" in out.getvalue()
    assert not reached
    assert "坏了" in (tmp_path / "fails.log").read_text()


class Compiler:
    """A task that notes what it is asked to run instead of waiting for the compiler."""

    def __init__(self):
        self.ran = []

    def run(self, command):
        self.ran.append([str(part) for part in command][1:])


def test_the_engine_is_compiled_once_and_again_when_what_was_kept_no_longer_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "compiled"))
    task = Compiler()
    compile_engine(task)
    compile_engine(task)
    assert task.ran == [["-m", "geo_renda.compile"]]
    (tmp_path / "compiled" / ".compiled").unlink()  # as after make reset
    compile_engine(task)
    monkeypatch.setattr("ops.setup._processor", lambda: "another one")
    compile_engine(task)
    assert len(task.ran) == 3


def test_what_has_been_compiled_is_only_loaded_afterwards():
    """Every function that the engine compiles is kept once the small problem has gone through, under its present line."""
    compiled = re.compile(r"^@compiled\n(?:@.*\n)*def (\w+)", re.MULTILINE)
    program = "import sys, geo_renda.compile as engine; engine.main(); import gis_data.compiled as place; print(place.numba.config.CACHE_DIR)"
    kept = Path(subprocess.run([sys.executable, "-c", program], cwd=TREE, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    missing = []
    for file in sorted((TREE / "apps").glob("*/*.py")):
        text = file.read_text(encoding="utf-8")
        for found in compiled.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            if not any(kept.glob(f"{file.parent.name}_*/{file.stem}.{found[1]}-{line}.*.nbc")):
                missing.append(f"{file.stem}.{found[1]}")
    assert not missing


# -- cluster -----------------------------------------------------------------------------------------------------------------


def test_the_socket_lies_in_the_cluster_unless_its_path_is_too_long_or_needs_quoting(tmp_path):
    for home in (tmp_path / ("x" * 100), tmp_path / "数据", tmp_path / "with space"):
        folder = socket_folder(home)
        assert str(folder).startswith("/tmp/geo-renda-")
        assert len(os.fsencode(folder / SOCKET)) < SOCKET_PATH_LIMIT
    assert socket_folder(tmp_path.parent.parent / "c") == tmp_path.parent.parent / "c" / "socket"


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path / "数据 目录")
    yield cluster
    cluster.remove()


def test_a_cluster_keeps_its_rows_through_a_crash_and_a_stale_pid_file(cluster):
    cluster.start()
    assert (cluster.data_dir / "database_url").read_text().strip() == cluster.url
    with psycopg.connect(cluster.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT ST_Point(120, 30) AS p, similarity('代表', '代表') AS s")
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert cluster.in_use()
    wait_for(lambda: not cluster.in_use())
    assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700

    crashed = cluster.server_pid()
    os.kill(crashed, signal.SIGKILL)
    wait_for(lambda: not alive(crashed))
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n")  # as after a reboot: the number is somebody else's now
    assert cluster.server_pid() is None
    cluster.start()
    cluster.start()  # a second time is no harm
    with psycopg.connect(cluster.url) as connection:
        assert connection.execute("SELECT count(*), ST_X(min(p::text)::geometry) FROM kept").fetchone() == (1, 120.0)

    assert cluster.stop()
    assert not cluster.stop()


def test_a_removed_cluster_leaves_nothing(cluster):
    cluster.start()
    places = [cluster.home, cluster.socket_dir, cluster.link, cluster.data_dir / "database_url"]
    cluster.remove()
    assert [place for place in places if place.exists() or place.is_symlink()] == []


# -- processes and ports -----------------------------------------------------------------------------------------------------


def test_a_daemon_is_found_again_and_stopped_with_its_children(tmp_path):
    daemon = Daemon("web", tmp_path)
    daemon.start(["sh", "-c", "sleep 300 & echo $!; wait"], dict(os.environ))
    wait_for(lambda: daemon.last_words().strip().isdecimal())
    child = int(daemon.last_words())
    pid = Daemon("web", tmp_path).pid()
    assert pid is not None
    assert alive(pid)
    assert alive(child)
    assert daemon.stop()
    assert not alive(pid)
    wait_for(lambda: not alive(child))
    assert not daemon.stop()


def test_a_pid_that_now_belongs_to_another_process_is_not_ours(tmp_path):
    daemon = Daemon("worker", tmp_path)
    daemon.pid_file.write_text(f"{os.getpid()} another-boot/1\n")
    assert daemon.pid() is None
    assert not daemon.stop()


def test_a_taken_port_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"127.0.0.1:{port} 已被.*PORT={port + 1}"):
            demand_free_port("127.0.0.1", port)
    demand_free_port("127.0.0.1", port)


# -- the county that is there ------------------------------------------------------------------------------------------------


@pytest.fixture
def with_a_county(tmp_path):
    (tmp_path / "county").mkdir()
    (tmp_path / "county" / "made.json").write_text(json.dumps({"scale": "demo", "county": "330482", "names": "", "seed": ""}))

    def demo(**variables):
        options = Options.from_environment({"DATA_DIR": str(tmp_path), **variables})
        return Demo(options, held={"imported": ["area 0"], "assigned": True})

    return demo


@pytest.mark.parametrize("variables", [{}, {"COUNTY": "330482"}, {"COUNTY": "330482", "SCALE": "demo"}])
def test_a_second_run_takes_the_county_that_is_there(with_a_county, variables):
    assert with_a_county(**variables).grow(None) == "未变化"


@pytest.mark.parametrize("variables", [{"SCALE": "full"}, {"COUNTY": "330327"}, {"SEED": "7"}])
def test_another_county_is_never_mixed_into_the_first(with_a_county, variables):
    with pytest.raises(Refused, match="make reset"):
        with_a_county(**variables).grow(None)


def test_data_from_elsewhere_is_served_but_nothing_is_added(tmp_path):
    demo = Demo(Options(data_dir=tmp_path), held={"imported": ["area 0"], "assigned": False})
    assert "直接使用" in demo.grow(None)
    assert [step(None) for step in (demo.bring_in, demo.assign, demo.make_logins)] == ["不需要"] * 3


def test_a_county_is_described_by_what_it_was_grown_from():
    assert described({"scale": "full", "county": "330482", "names": "x"}) == "330482 的真实轮廓（30 万门牌，真实地名）"
    assert described({"scale": "demo", "seed": "7"}) == "虚构的示范县（5 万门牌，种子 7）"


# -- lock files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_pins_by_hash_and_names_no_source(lock):
    """Wherever it was made: no index, link or folder, no release that only one machine has."""
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    entries = "\n".join(lines).replace(" \\\n", " ").splitlines()
    assert entries
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9a-z.!]*( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+", entry), entry


def test_the_locks_hold_everything_that_the_project_asks_for():
    project = tomllib.loads((TREE / "pyproject.toml").read_text())
    wanted = {"base": project["project"]["dependencies"], **project["dependency-groups"]}
    assert sorted(wanted) == [lock.stem for lock in LOCKS]
    for name, requirements in wanted.items():
        locked = set(re.findall(r"^([a-z0-9.-]+)==", (TREE / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))
        asked = {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in requirements}
        assert asked <= locked


def test_the_front_ends_lock_names_no_registry():
    lock = json.loads((TREE / "frontend" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
