"""The benchmark: the engine and its peers in one run, with packages of a group that nothing else needs."""

import subprocess
from collections.abc import Mapping

from ops import setup
from ops.options import TREE, Options, Refused
from ops.progress import Step

LOCKS = ("base", "bench")


def steps(options: Options) -> list[Step]:
    """What the benchmark needs: a database for one of the peers, no browser, no front end."""
    needed = [
        package
        for package in setup.missing_packages(options, browser=False)
        if package.startswith(("python", "postgresql"))
    ]
    return [
        Step("packages", "系统软件包", lambda task: setup.install_packages(task, needed)),
        Step("python", "Python 依赖和对比的工具", lambda task: setup.install_python(task, LOCKS)),
        Step("database", "数据库", lambda _: setup.start_database(options)),
    ]


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Of the run, from QUICK and JOBS."""
    quick = environment.get("QUICK", "").strip()
    if quick not in ("", "yes"):
        raise Refused(f"QUICK={quick} 不认识：小规模请写 QUICK=yes，全部则不写")
    return [*(["--quick"] if quick else []), *environment.get("JOBS", "").split()]


def run(environment: Mapping[str, str]) -> None:
    """The run speaks for itself on the screen; Refused when an answer was wrong."""
    command = [setup.PYTHON, "-m", "tests.bench", *arguments(environment)]
    code = subprocess.run(command, cwd=TREE, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if code:
        raise Refused("性能比较没有完成，或结果不对（见上面的输出）")
