"""The checks and tests. Each runs to its end and speaks for itself on the screen; a failing one does not hide the next."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.options import TREE, Refused
from ops.setup import FRONTEND, PYTHON, VENV, npm


@dataclass(frozen=True)
class Check:
    title: str
    command: Sequence[str | Path]
    folder: Path = TREE
    environment: Mapping[str, str] | None = None  # None: the run's own


def static() -> list[Check]:
    """What needs no test database and no browser."""
    tools = VENV / "bin"
    return [
        Check("代码风格 ruff", [tools / "ruff", "check", "."]),
        Check("楼层 lint-imports", [tools / "lint-imports"]),
        Check("类型 mypy", [tools / "mypy"]),
        Check("迁移 makemigrations --check", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
        *_frontend("check"),
    ]


def tests() -> list[Check]:
    return [*_frontend("test"), Check("测试 pytest", [PYTHON, "-m", "pytest", "-n", "2", "--durations", "10"])]


def soak(seconds: str) -> list[Check]:
    """People at work for so long while servers are killed; then cases under load, with a database of their own that is restarted and runs full."""
    environment = {**os.environ, "SOAK_SECONDS": seconds}
    unlimited = environment | {"RATE_LIMIT_TIMES": "0"}  # all come from one address
    return [
        Check("负载与故障", [PYTHON, "-m", "pytest", "-s", "tests/e2e/test_faults.py"], environment=unlimited),
        Check("民情件：负载与故障", [PYTHON, "-m", "pytest", "-s", "tests/e2e/test_case_faults.py"], environment=environment),
    ]


def carry_out(checks: Sequence[Check]) -> None:
    """Run all; raise Refused naming those that failed."""
    failed = []
    for number, check in enumerate(checks, 1):
        print(f"\n── [{number}/{len(checks)}] {check.title}", flush=True)
        began = time.monotonic()
        code = subprocess.run(check.command, cwd=check.folder, env=check.environment, stdin=subprocess.DEVNULL, check=False).returncode
        print(f"{'✗' if code else '✓'} {check.title}  {time.monotonic() - began:.1f} 秒", flush=True)
        if code:
            failed.append(check.title)
    if failed:
        raise Refused(f"没有通过：{'、'.join(failed)}（详情见上面各自的输出）")


def _frontend(script: str) -> list[Check]:
    scripts = json.loads((FRONTEND / "package.json").read_text()).get("scripts", {})
    if script not in scripts:
        return []
    command, environment = npm("run", script)
    return [Check(f"前端 npm run {script}", command, FRONTEND, environment)]
