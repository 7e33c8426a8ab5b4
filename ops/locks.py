"""The lock files: every package with its version and the hashes of its files, and no word about where they come from."""

import sys
from pathlib import Path

from ops.options import TREE, Options
from ops.progress import Step, Task

REQUIREMENTS = TREE / "requirements"
OLDEST_PYTHON = "3.11"  # one set of versions for this and everything newer, on every platform
GROUPS = ("demo", "build", "bench", "dev")


def steps(options: Options, upgrade: bool) -> list[Step]:
    tools = options.data_dir / "tools"
    return [
        Step("lock-tools", "锁定工具", lambda task: _install(task, tools)),
        Step("lock", "锁定文件", lambda task: _compile(task, tools / "bin" / "uv", upgrade)),
    ]


def _install(task: Task, tools: Path) -> None:
    if not (tools / "bin" / "python").exists():
        task.run([sys.executable, "-m", "venv", tools])
    task.run([tools / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--upgrade", "uv"])


def _compile(task: Task, uv: Path, upgrade: bool) -> str:
    """`base` first; the groups hold to its versions, so that they can be installed together."""
    command: list[str | Path] = [
        uv, "pip", "compile", "--no-config", "--universal", "--fork-strategy", "fewest", "--python-version", OLDEST_PYTHON,
        "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock",
        *(["--upgrade"] if upgrade else []),
    ]  # fmt: skip
    task.run([*command, "pyproject.toml", "-o", "requirements/base.txt"])
    for group in GROUPS:
        task.run([*command, "--group", group, "-c", "requirements/base.txt", "-o", f"requirements/{group}.txt"])
    return f"已写入 {REQUIREMENTS.name}/"
