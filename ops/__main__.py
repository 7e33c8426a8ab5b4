"""The commands behind the Makefile: python3 -m ops demo | stop | reset | setup | check | test | soak | bench | lock."""

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ops import bench, locks, progress, quality, setup
from ops.cluster import Cluster
from ops.demo import Demo
from ops.options import TREE, Options, Refused

LOCK = TREE / ".local" / "lock"


def demo(options: Options) -> None:
    show = Demo(options)
    with _alone(options):
        show.demand_port()
        progress.carry_out([*setup.steps(options), *show.steps()], options.log_dir)
    print(f"\n代表履职地图已就绪：{options.address}")
    if show.logins.exists():
        print(f"\n演示账号（也记在 {show.logins}）：\n{show.logins.read_text().rstrip()}")
    print("\n停止：make stop    重来：make reset    日志：" + str(options.log_dir))


def stop(options: Options) -> None:
    with _alone(options):
        stopped = Demo(options).stop()
        if Cluster(options.data_dir).stop():
            stopped.append("数据库")
    print(f"已停止：{'、'.join(stopped)}" if stopped else "没有在运行的服务")


def reset(options: Options) -> None:
    """Delete everything that a run has made, after asking; a database given by DATABASE_URL is not ours to delete."""
    if not any((options.data_dir / mark).exists() for mark in ("cluster", "env")):
        print(f"{options.data_dir} 里没有本系统的数据，无需清空")
        return
    if os.environ.get("CONFIRM") != "yes":
        question = f"将停止服务，并永久删除 {options.data_dir} 里的数据库、密钥、账号和日志。"
        if not sys.stdin.isatty():
            raise Refused(f"{question}\n确定的话请运行：make reset CONFIRM=yes")
        if input(f"{question}确定请输入 yes：").strip() != "yes":
            print("没有删除任何东西")
            return
    with _alone(options):
        Demo(options).stop()
        Cluster(options.data_dir).remove()
        for path in options.data_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != LOCK:
                path.unlink()
    print("已清空。再次运行 make demo 会从头开始")
    if options.database_url:
        print("DATABASE_URL 指定的数据库没有动：需要时请自行清空")


def set_up(options: Options) -> None:
    with _alone(options):
        progress.carry_out(setup.steps(options, setup.FOR_WORK, browser=True), options.log_dir)


def check(options: Options) -> None:
    with _database_as_found(options):
        with _alone(options):
            progress.carry_out(setup.steps(options, setup.FOR_WORK), options.log_dir)
        quality.carry_out(quality.static())


def test(options: Options) -> None:
    with _database_as_found(options):
        set_up(options)
        quality.carry_out([*quality.static(), *quality.tests()])


def soak(options: Options) -> None:
    seconds = os.environ.get("SOAK_SECONDS", "").strip() or "600"
    if not seconds.isdecimal():
        raise Refused(f"SOAK_SECONDS={seconds} 不对：请填秒数，例如 make soak SOAK_SECONDS=1800")
    with _database_as_found(options):
        set_up(options)
        quality.carry_out(quality.soak(seconds))


def measure(options: Options) -> None:
    bench.arguments(os.environ)  # refuses before anything is installed
    with _database_as_found(options):
        with _alone(options):
            progress.carry_out(bench.steps(options), options.log_dir)
        bench.run(os.environ)


def lock(options: Options) -> None:
    with _alone(options):
        progress.carry_out(locks.steps(options, upgrade=os.environ.get("UPGRADE") == "yes"), options.log_dir)


COMMANDS: dict[str, Callable[[Options], None]] = {
    "demo": demo,
    "stop": stop,
    "reset": reset,
    "setup": set_up,
    "check": check,
    "test": test,
    "soak": soak,
    "bench": measure,
    "lock": lock,
}


@contextmanager
def _database_as_found(options: Options) -> Iterator[None]:
    """Stop the private cluster afterwards if it did not run before and nobody else has come to use it meanwhile."""
    cluster = Cluster(options.data_dir)
    ran = cluster.server_pid() is not None
    try:
        yield
    finally:
        if not ran and not options.database_url:
            with _alone(options):
                if cluster.server_pid() is not None and not cluster.in_use():
                    cluster.stop()


@contextmanager
def _alone(options: Options) -> Iterator[None]:
    """Hold the tree's lock, so that of two commands at the same time one waits: they share .venv even when not a data folder."""
    try:
        options.data_dir.mkdir(parents=True, exist_ok=True)
        LOCK.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise Refused(f"不能建立数据目录 {options.data_dir}（{error.strerror}）：请用 DATA_DIR=… 换一个可写的位置") from None
    _claim(options.data_dir)
    with LOCK.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("另一个 make 命令正在运行，等它结束 …", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _claim(folder: Path) -> None:
    """Make sure that a data folder is ours alone: reset empties it, and others may not read it."""
    if folder.stat().st_uid != os.geteuid():
        raise Refused(f"数据目录 {folder} 属于另一个用户：请用那个用户运行，或用 DATA_DIR=… 换一个目录")
    mark = folder / ".geo-renda"
    if folder != LOCK.parent and not mark.exists():
        if any(folder.iterdir()):
            raise Refused(f"数据目录 {folder} 里有别的东西：请用 DATA_DIR=… 指定一个新的或空的文件夹")
        mark.touch()
    folder.chmod(0o700)  # keys, logins, logs, uploads


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"用法：python3 -m ops {' | '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        COMMANDS[arguments[0]](Options.from_environment(os.environ))
    except Refused as refusal:
        print(f"\n{refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已中断。再运行一次，会接着做剩下的部分", file=sys.stderr)
        return 130
    return 0


sys.exit(main(sys.argv[1:]))
