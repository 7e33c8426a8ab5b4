"""The demonstration: a county is grown and imported once, by the product's own commands; then the servers run."""

import hashlib
import http.client
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from ops.daemons import Daemon, demand_free_port
from ops.options import TREE, Options, Refused
from ops.progress import Step, Task
from ops.setup import PYTHON

HEALTH_PATIENCE = 90.0  # seconds
WEB_WORKERS, WEB_THREADS = 2, 4
AFTER_IMPORT = (("match_doorplates",), ("assign_supervisors", "--preset", "nearest", "--publish"))


def steps(options: Options) -> list[Step]:
    demo = Demo(options)
    return [
        Step("migrate", "数据库结构", demo.migrate),
        Step("county", "生成示范县", demo.grow),
        Step("import", "导入数据", demo.bring_in),
        Step("engine", "匹配与督办分配", demo.assign),
        Step("logins", "演示账号", demo.make_logins),
        Step("servers", "启动服务", demo.serve),
    ]


def daemons(options: Options) -> tuple[Daemon, Daemon]:
    return Daemon("web", options.data_dir), Daemon("worker", options.data_dir)


@dataclass(frozen=True)
class Demo:
    options: Options

    @property
    def folder(self) -> Path:
        """The grown county: its layers, manifest.json, and made.json which says from what it was grown."""
        return self.options.data_dir / "county"

    @property
    def logins(self) -> Path:
        return self.options.data_dir / "logins.txt"

    # -- steps ---------------------------------------------------------------------------------------------------------------

    def migrate(self, task: Task) -> None:
        for command in (("migrate", "--noinput"), ("createcachetable",), ("grant_public",), ("collectstatic", "--noinput")):
            task.say(command[0])
            self._manage(task, *command)

    def grow(self, task: Task) -> str:
        """Write the county's layers; refuse to mix another county into what the database already holds."""
        wanted, made = self._wanted(), self._read("made.json")
        if made == wanted:
            return "未变化"
        if self._imported(task):
            held = f"{_described(made)}" if made else "不是由这个数据目录导入的数据"
            raise Refused(
                f"数据库里已有{held}，与这次要的{_described(wanted)}不同，不能混在一起。\n"
                "要换一个县或规模：先 make reset（会清空数据），再 make demo；或者另用一个数据目录：make demo DATA_DIR=…"
            )
        # TODO-marker
        command: list[str | Path] = [PYTHON, "-m", "gis_data.county", self.folder, "--scale", wanted["scale"]]
        for option in ("county", "seed"):
            command += [f"--{option}", wanted[option]] if wanted[option] else []
        command += ["--names", self.options.names] if self.options.names else []
        task.run(command, env=self._environment())
        self._write("made.json", wanted)
        return _described(wanted)
