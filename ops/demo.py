"""The demonstration: a county is grown and imported once, by the product's own commands; then the servers run.

What has been imported is read from the database's own record of batches, so an interrupted run goes on where it stopped and
nothing goes in twice. `county/made.json` in the data folder only tells from what the layers beside it were grown.
"""

import datetime as dt
import hashlib
import http.client
import ipaddress
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.daemons import Daemon, demand_free_port
from ops.options import Options, Refused
from ops.progress import Step, Task
from ops.setup import PYTHON

HEALTH_PATIENCE = 90.0  # seconds
WEB_WORKERS, WEB_THREADS = 2, 4


@dataclass
class Demo:
    """One run. The steps come in the order of `steps` and learn from `held`, what the database holds."""

    options: Options
    held: dict[str, Any] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        return [
            Step("migrate", "数据库结构", self.migrate),
            Step("county", "生成示范县", self.grow),
            Step("import", "导入数据", self.bring_in),
            Step("assign", "匹配与监督分工", self.assign),
            Step("logins", "演示账号", self.make_logins),
            Step("servers", "启动服务", self.serve),
        ]

    @property
    def county(self) -> Path:
        """The grown county: its layers, manifest.json and made.json."""
        return self.options.data_dir / "county"

    @property
    def logins(self) -> Path:
        return self.options.data_dir / "logins.txt"

    @property
    def web(self) -> Daemon:
        return Daemon("web", self.options.data_dir)

    @property
    def worker(self) -> Daemon:
        return Daemon("worker", self.options.data_dir)

    def demand_port(self) -> None:
        """Say at once, not after minutes of work, that the port is taken by somebody else."""
        if self.web.pid() is None:
            demand_free_port(self.options.host, self.options.port)

    # -- steps ---------------------------------------------------------------------------------------------------------------

    def migrate(self, task: Task) -> None:
        printed = task.run([PYTHON, "-m", "ops.inside"], env=self._environment())
        self.held = json.loads(printed.splitlines()[-1])

    def grow(self, task: Task) -> str:
        """Write the county's layers; never another county beside the one that the database already holds."""
        wanted, made = wishes(self.options), self._made()
        if made is None and self.held["imported"] and not wanted:
            return "数据库里已有数据，直接使用"
        if made is not None and wanted.items() <= made.items():
            return "未变化"
        if self.held["imported"]:
            there = described(made) if made is not None else "别处导入的数据"
            raise Refused(
                f"数据库里是：{there}；这次要的是：{described((made or {}) | wanted)}。两者不能混在一起。\n"
                "要换成新的：先运行 make reset（会清空现有数据），再运行 make demo；\n"
                "要两套并存：另用一个数据目录和端口，例如 make demo DATA_DIR=.local-2 PORT=8001"
            )
        fresh = self.county.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        command: list[str | Path] = [PYTHON, "-m", "gis_data.county", fresh, "--scale", self.options.scale or "demo"]
        command += ["--today", dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date().isoformat()]
        if self.options.county:
            command += ["--county", self.options.county]
        if self.options.names:
            command += ["--names", self.options.names]
        if self.options.seed:
            command += ["--seed", self.options.seed]
        task.run(command, env=self._environment())
        made = {"scale": "demo", "county": "", "names": "", "seed": ""} | wanted
        (fresh / "made.json").write_text(json.dumps(made))
        shutil.rmtree(self.county, ignore_errors=True)
        fresh.rename(self.county)
        return described(made)

    def bring_in(self, task: Task) -> str:
        """Import the layers that the database has no finished batch of."""
        if self._made() is None:
            return "不需要"
        layers = json.loads((self.county / "manifest.json").read_text())["layers"]
        todo = [layer for layer in layers if self._mark(layer) not in self.held["imported"]]
        for number, layer in enumerate(todo, 1):
            task.say(f"{layer['layer']}（{number}/{len(todo)}）")
            self.logins.unlink(missing_ok=True)  # they are chosen by what was imported
            self._manage(task, "import_layer", layer["layer"], self.county / layer["file"], *layer.get("options", []))
            self.held["assigned"] = False
        return f"已导入 {len(todo)} 个图层" if todo else "未变化"

    def assign(self, task: Task) -> str:
        if self._made() is None:
            return "不需要"
        if self.held["assigned"]:
            return "未变化"
        task.say("门牌匹配选区")
        self._manage(task, "match_doorplates")
        task.say("给没有门牌码的门牌发码")
        unplated = self.county / "unplated.csv"
        self._manage(task, "issue_codes", *(["--places", unplated] if unplated.exists() else []))
        task.say("比对换届草案")
        self._manage(task, "compare_terms")
        task.say("就近分配")
        self._manage(task, "assign_supervisors", "--preset", "nearest", "--publish")
        task.say("推荐网格代表")
        self._manage(task, "propose_grid_members")
        task.say("代表码和联络站码")
        self._manage(task, "issue_cards")
        task.say("从已有的民情件学习分类")
        self._manage(task, "learn_categories")
        for records in json.loads(self._read("records.json") or "[]"):
            task.say(f"接收{records['name']}的记录")
            named = (f"--{name}={records[name]}" for name in ("source", "name", "kind", "channel"))
            self._manage(task, "take_in", self.county / records["file"], *named, "--accept")
        return "监督分工已发布（就近优先）"

    def _read(self, name: str) -> str:
        """A file beside the county's layers; "" where there is none."""
        path = self.county / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def make_logins(self, task: Task) -> str:
        if self._made() is None:
            return "不需要"  # somebody's own data gets no users whose passwords are printed
        if self.logins.exists() and not os.environ.get("DEMO_PASSWORD"):
            return "已有"
        made = self._manage(task, "demo_logins")
        self.logins.touch(0o600)
        self.logins.write_text(made)
        self._manage(task, "demo_rules")
        self._manage(task, "demo_loop")
        self._manage(task, "demo_conversations")
        self._manage(task, "demo_calls")
        self._manage(task, "demo_desks")
        self._manage(task, "rebuild_facts")  # what maps count: after all that adds voices, before all that reads them
        self._manage(task, "find_hot_spots")
        self._manage(task, "group_themes")
        self._manage(task, "demo_voices")
        self._manage(task, "make_reports", "--months", "6")
        self._manage(task, "demo_briefings")
        return "已建立"

    def stop(self) -> list[str]:
        """Stop the servers; the Chinese names of those that ran."""
        with ThreadPoolExecutor() as at_once:  # each takes its seconds to finish what it is doing
            ran = at_once.map(Daemon.stop, (self.web, self.worker))
        return [name for name, was_running in zip(("网站", "后台任务"), ran, strict=True) if was_running]

    def serve(self, task: Task) -> str:
        self.stop()
        demand_free_port(self.options.host, self.options.port)
        environment = self._environment()
        self.worker.start([PYTHON, "manage.py", "run_worker"], environment)
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        self.web.start(
            [
                PYTHON, "-m", "gunicorn", "geo_renda.wsgi:application", "--bind", f"{host}:{self.options.port}",
                "--worker-class", "gthread", "--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS),
                "--graceful-timeout", "5", "--keep-alive", "30", "--no-control-socket",
            ],
            environment,
        )  # fmt: skip
        try:
            self._wait_until_healthy(task)
        except BaseException:
            self.stop()
            raise
        return self.options.address

    # -- parts of steps ------------------------------------------------------------------------------------------------------

    def _wait_until_healthy(self, task: Task) -> None:
        deadline = time.monotonic() + HEALTH_PATIENCE
        answer = ""
        while time.monotonic() < deadline:
            for daemon in (self.web, self.worker):
                if daemon.pid() is None:
                    raise Refused(f"{daemon.last_words()}\n\n{daemon.name} 没有启动起来。完整日志：{daemon.log}")
            connection = http.client.HTTPConnection(self.options.reach, self.options.port, timeout=5)
            try:
                connection.request("GET", "/healthz")
                response = connection.getresponse()
                answer = f"{response.status} {response.read(2000).decode(errors='replace')}"
                if response.status == 200:
                    return
            except OSError as error:
                answer = str(error)
            finally:
                connection.close()
            task.say(f"等待 /healthz：{answer}")
            time.sleep(0.25)
        raise Refused(f"服务在 {HEALTH_PATIENCE:.0f} 秒内没有就绪：/healthz 答复 {answer}\n日志：{self.web.log}、{self.worker.log}")

    def _manage(self, task: Task, *arguments: str | Path) -> str:
        return task.run([PYTHON, "manage.py", *arguments], env=self._environment())

    def _environment(self) -> dict[str, str]:
        given = {"DATA_DIR": str(self.options.data_dir), "PORT": str(self.options.port), "WEB_THREADS": str(WEB_THREADS)}
        if not _is_loopback(self.options.host) and not os.environ.get("ALLOWED_HOSTS"):
            given["ALLOWED_HOSTS"] = "*"  # asked to listen outward: by which names it is reached is not ours to know
        return os.environ | given

    def _made(self) -> dict[str, str] | None:
        file = self.county / "made.json"
        made: dict[str, str] | None = json.loads(file.read_text()) if file.exists() else None
        return made

    def _mark(self, layer: dict[str, Any]) -> str:
        """A layer as the database's record of batches knows it."""
        return f"{layer['layer']} {hashlib.sha256((self.county / layer['file']).read_bytes()).hexdigest()}"


def wishes(options: Options) -> dict[str, str]:
    """What the run explicitly asks the county to be; empty when it will take the one that is there."""
    names = hashlib.sha256(options.names.read_bytes()).hexdigest() if options.names else ""
    asked = {"scale": options.scale, "county": options.county, "names": names, "seed": options.seed}
    return {key: value for key, value in asked.items() if value}


def described(made: dict[str, str]) -> str:
    """A county in words, from what it was or will be grown from."""
    place = f"{made['county']} 的真实轮廓" if made.get("county") else "虚构的示范县"
    size = "30 万门牌" if made.get("scale") == "full" else "5 万门牌"
    seed = f"，种子 {made['seed']}" if made.get("seed") else ""
    return f"{place}（{size}{'，真实地名' if made.get('names') else ''}{seed}）"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
