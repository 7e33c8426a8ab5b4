"""The whole product for the browser tests: a database of its own with a small grown county, a web server and a worker."""

import datetime as dt
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from geo_renda.settings import text

TREE = Path(__file__).resolve().parents[2]
WITH_US = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []  # a killed test run leaves no servers behind
PATIENCE = 60.0  # seconds until the servers are healthy


@dataclass
class Product:
    """Started by entering it, gone without a trace after leaving it. `facts` is what tests.e2e.prepare found in the county."""

    folder: Path
    suffix: str
    address: str = ""
    processes: int = 1  # of the web server
    template: Callable[[], str] = str  # makes a database that has the migrations already, and names it
    facts: dict = field(default_factory=dict)
    running: dict[str, subprocess.Popen] = field(default_factory=dict)  # web, worker
    _commands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Product":
        try:
            self._start()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in self.running.values():  # all at once: each may take seconds
            process.terminate()
        self._held.close()

    def _start(self) -> None:
        today = dt.datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
        growing = self._open("county", "-m", "gis_data.county", str(self.folder / "county"), "--scale", "town", "--today", today)
        self._held.enter_context(self._database())
        self._finish("county", growing)
        preparing = self._open("prepare", "-m", "tests.e2e.prepare", str(self.folder / "county"))
        self.facts = json.loads(self._finish("prepare", preparing).splitlines()[-1])
        port = _free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._serve("worker", "manage.py", "run_worker")
        self._serve(
            "web", "-m", "gunicorn", "geo_renda.wsgi:application", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
            "--workers", str(self.processes), "--threads", "4", "--keep-alive", "30", "--graceful-timeout", "2", "--no-control-socket",
        )  # fmt: skip
        self.await_health()

    # -- database ------------------------------------------------------------------------------------------------------------

    @property
    def _url(self) -> str:
        return text("DATABASE_URL", "postgresql:///geo_renda")

    @property
    def name(self) -> str:
        return f"e2e_{urlsplit(self._url).path.lstrip('/')}{self.suffix}"

    def _database(self) -> ExitStack:
        """A fresh database, dropped when the stack is closed; with whoever is still connected."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name))
        self._administer(drop, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(self.name), sql.Identifier(self.template() or "template1")))
        stack = ExitStack()
        stack.callback(self._administer, drop)
        return stack

    def _administer(self, *statements: sql.Composed) -> None:
        with psycopg.connect(self._url, dbname="postgres", autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    # -- processes -----------------------------------------------------------------------------------------------------------

    def _open(self, name: str, *arguments: str) -> subprocess.Popen:
        """A Python process of the tree on the tests' database; its output goes to `<folder>/<name>.log`."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")} | {
            "DATABASE_URL": self.database_url, "SECRET_KEY": "of-the-browser-tests-" + "0" * 40,
            "CONTACT_KEY": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=", "CODE_KEYS": "k" * 40, "DATA_DIR": str(self.folder),
            "ALLOWED_HOSTS": "127.0.0.1", "E2E_CLOCK": str(self._clock), "DEPUTY_BUSY_AT": "1000", "ZONE": "all", "DEBUG": "false", "HTTPS": "false", "PYTHONUTF8": "1",
        }  # fmt: skip
        command = [*WITH_US, sys.executable, *arguments]
        with self._log(name).open("a") as log:
            return subprocess.Popen(command, cwd=TREE, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _finish(self, name: str, process: subprocess.Popen) -> str:
        """Wait for a process that ends by itself; what it printed."""
        code, printed = process.wait(timeout=600), self._log(name).read_text()
        assert code == 0, printed
        return printed

    def _serve(self, name: str, *arguments: str) -> None:
        self._commands[name] = ("-m", "tests.e2e.clock", *arguments)
        self.running[name] = self._open(name, *self._commands[name])

        def stop() -> None:
            process = self.running[name]
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self._held.callback(stop)

    def kill(self, name: str) -> None:
        """As when the power goes: without a word, and everything in the process with it. A child left alone would hold the address."""
        below = children(self.running[name].pid)
        self.running[name].kill()
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.running[name].wait()

    def start_again(self, name: str) -> None:
        self.running[name] = self._open(name, *self._commands[name])

    @property
    def _clock(self) -> Path:
        return self.folder / "clock"

    @contextmanager
    def travelling(self) -> Iterator[Callable[[dt.datetime], None]]:
        """Sets the clock of web and worker, as often as wanted; afterwards it is right again."""

        def go(moment: dt.datetime) -> None:
            beside = self._clock.with_suffix(".new")
            beside.write_text(str((moment - dt.datetime.now(dt.UTC)).total_seconds()))
            beside.replace(self._clock)

        try:
            yield go
        finally:
            self._clock.unlink(missing_ok=True)

    def manage(self, *arguments: str) -> str:
        """One of the product's own commands; what it printed. AssertionError with its words when it fails."""
        self._log(arguments[0]).unlink(missing_ok=True)
        return self._finish(arguments[0], self._open(arguments[0], "manage.py", *arguments))

    @property
    def database_url(self) -> str:
        return urlsplit(self._url)._replace(path=f"/{self.name}").geturl()

    def await_health(self) -> None:
        """Until database, web and worker answer."""
        port = urlsplit(self.address).port
        answer = ""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/healthz")
                response = connection.getresponse()
                answer = response.read().decode()
                if response.status == 200:
                    return
            except OSError as error:
                answer = str(error)
            finally:
                connection.close()
            time.sleep(0.2)
        raise AssertionError(f"{answer}\n{self._log('web').read_text()}\n{self._log('worker').read_text()}")


def children(pid: int) -> list[int]:
    """Of a process that runs; none where there is no /proc."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def _free_port() -> int:
    """Below the ports that outgoing connections are given: while the server is killed nobody takes its address, nor connects to himself."""
    for port in random.sample(range(15_000, 30_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")
