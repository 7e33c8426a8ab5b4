"""Processes that go on after `make` has ended: started, found again and stopped through their pid files."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.options import TREE, Refused

PATIENCE = 20.0  # seconds between the request to end and the end by force


@dataclass(frozen=True)
class Daemon:
    """A process group of its own, known by `<name>.pid`; its output goes to `log/<name>.log`."""

    name: str
    data_dir: Path

    @property
    def pid_file(self) -> Path:
        return self.data_dir / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        return self.data_dir / "log" / f"{self.name}.log"

    def start(self, command: Sequence[str | Path], env: Mapping[str, str]) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("w") as log:
            process = subprocess.Popen(
                command, cwd=TREE, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        process.returncode = 0  # it is meant to outlive this process, which must not warn of that
        self.pid_file.write_text(f"{process.pid} {_started(process.pid)}\n")

    def pid(self) -> int | None:
        """The running process. Its start time is compared too: after a reboot the number may be anybody's."""
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _started(int(pid)) == started else None

    def stop(self) -> bool:
        """End the process and its children; False when it did not run."""
        pid = self.pid()
        if pid is not None:
            os.killpg(pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while self.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.05)
            if self.pid() is not None:
                os.killpg(pid, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)
        return pid is not None

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:]) if self.log.exists() else ""


def _started(pid: int) -> str:
    """The boot and the tick at which a process began; empty for one that is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def demand_free_port(host: str, port: int) -> None:
    """Raise Refused when nothing could listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError:
        raise Refused(f"监听地址 HOST={host} 不认识：本机访问用 127.0.0.1，对外开放用 0.0.0.0") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise Refused(f"当前用户不能使用端口 {port}：请换 1024 以上的端口，例如 make demo PORT=8000") from None
        except OSError:
            raise Refused(f"{host}:{port} 已被别的程序占用或不可用：请关掉那个程序，或换一个端口，例如 make demo PORT={port + 1}") from None
