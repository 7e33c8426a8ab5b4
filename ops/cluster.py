"""The private PostGIS cluster: made, started, stopped and removed here, and reached through a Unix socket only.

Run by root, the server belongs to the system user `postgres` and lives under /var/lib, because that user usually cannot reach the
tree; `<data folder>/cluster` is then a link to it. Run by anybody else, it is that folder.
"""

import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ops.options import Refused, digest

NAME = "geo_renda"  # both the database and its owner, a superuser in this cluster only
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")
OLDEST = 15
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107  # bytes, the kernel's sockaddr_un
SYSTEM_HOME = Path("/var/lib/geo-renda")

SETTINGS = """\
# Written anew at every start.
listen_addresses = ''
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 256MB
maintenance_work_mem = 128MB
work_mem = 16MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""
ACCESS = "# The socket's folder is closed to everybody else; there is no other way in.\nlocal all all trust\n"


def programs(version: str | None = None) -> Path | None:
    """The bin folder of the newest installed PostgreSQL that has PostGIS (or of just that version); None when there is none."""
    found = [
        (int(folder.name), folder / "bin")
        for folder in Path("/usr/lib/postgresql").glob("*")
        if folder.name.isdecimal()
        and int(folder.name) >= OLDEST
        and (folder / "bin/initdb").exists()
        and Path(f"/usr/share/postgresql/{folder.name}/extension/postgis.control").exists()
        and version in (None, folder.name)
    ]
    return max(found)[1] if found else None


def socket_folder(home: Path) -> Path:
    """A folder whose socket path fits the kernel's limit and needs no quoting anywhere: in `home`, else a short one in /tmp."""
    inside = home / "socket"
    fits = len(os.fsencode(inside / SOCKET)) < SOCKET_PATH_LIMIT
    if fits and re.fullmatch(r"[A-Za-z0-9/._-]+", str(inside)):
        return inside
    return Path("/tmp") / f"geo-renda-{digest(str(home))}"


@dataclass(frozen=True)
class Cluster:
    """One cluster, owned by one data folder. Callers hold the run's lock, so two runs never start or stop it at once."""

    data_dir: Path

    @property
    def link(self) -> Path:
        return self.data_dir / "cluster"

    @property
    def home(self) -> Path:
        return self.link.resolve()

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def socket_dir(self) -> Path:
        return socket_folder(self.home)

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.socket_dir))}"

    def start(self) -> None:
        """Make what is missing, start the server when it does not run, and leave its address in `<data folder>/database_url`."""
        self._claim_home()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if self.server_pid() is None:
            self._launch()
        self._prepare_database()
        (self.data_dir / "database_url").write_text(self.url + "\n")

    def stop(self) -> bool:
        """Stop the server; False when it did not run."""
        if self.server_pid() is None:
            return False
        self._as_owner("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-w", "-t", "60")
        return True

    def in_use(self) -> bool:
        """Whether anybody is connected to the running server."""
        others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        return self._sql("postgres", others) != "0"

    def remove(self) -> None:
        """Stop the server and delete everything it holds."""
        self.stop()
        for folder in (self.socket_dir, self.home, self.home.with_suffix(".old")):
            shutil.rmtree(folder, ignore_errors=True)
        if self.link.is_symlink():
            self.link.unlink()
        (self.data_dir / "database_url").unlink(missing_ok=True)

    def server_pid(self) -> int | None:
        """The running server's process. A pid file alone proves nothing: after a crash or a reboot its number may be anybody's."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            works_in = os.readlink(f"/proc/{pid}/cwd")  # the server works inside its data folder
        except (OSError, ValueError):
            return None
        return pid if Path(works_in) == self.data else None

    # -- steps of start ------------------------------------------------------------------------------------------------------

    def _claim_home(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0 and not self.link.exists():
            home = SYSTEM_HOME / digest(str(self.data_dir))
            SYSTEM_HOME.mkdir(mode=0o755, exist_ok=True)
            self.link.unlink(missing_ok=True)
            self.link.symlink_to(home)
            if home.exists():  # somebody deleted the data folder by hand: its database is put aside, not taken over
                self.stop()
                aside = home.with_suffix(".old")
                shutil.rmtree(aside, ignore_errors=True)
                home.rename(aside)
        self._own_folder(self.home)

    def _own_folder(self, folder: Path) -> None:
        """Create a 0700 folder of the server's user, or insist that it is one already (in /tmp anybody could have put it there)."""
        owner = self._owner()
        try:
            folder.mkdir(mode=0o700)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.pw_uid:
                raise Refused(f"{folder} 已存在且不属于用户 {owner.pw_name}：请删除它，或用 DATA_DIR=… 换一个数据目录") from None
            folder.chmod(0o700)

    def _initialise(self) -> None:
        fresh = self.home / "data.new"  # renamed at the end: an interrupted initdb leaves nothing that looks finished
        shutil.rmtree(fresh, ignore_errors=True)
        self._as_owner("initdb", "-D", fresh, "-U", NAME, "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-instructions")
        fresh.rename(self.data)

    def _launch(self) -> None:
        self._own_folder(self.socket_dir)
        self._write("postgresql.conf", SETTINGS.format(socket_dir=self.socket_dir))
        self._write("pg_hba.conf", ACCESS)
        # Both folders are this server's alone and it does not run: what a crash left behind only stands in the way.
        for leftover in (self.data / "postmaster.pid", self.socket_dir / SOCKET, self.socket_dir / f"{SOCKET}.lock"):
            leftover.unlink(missing_ok=True)
        self._as_owner("pg_ctl", "start", "-D", self.data, "-l", self.log, "-w", "-t", "120")

    def _write(self, name: str, text: str) -> None:
        (self.data / name).write_text(text)  # the file exists already, so it stays the server's own

    def _prepare_database(self) -> None:
        if self._sql("postgres", f"SELECT count(*) FROM pg_database WHERE datname = '{NAME}'") == "0":
            self._sql("postgres", f"CREATE DATABASE {NAME}")
        self._sql(NAME, "".join(f"CREATE EXTENSION IF NOT EXISTS {extension};" for extension in EXTENSIONS))

    # -- programs ------------------------------------------------------------------------------------------------------------

    def _sql(self, database: str, statements: str) -> str:
        return self._run(
            "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.socket_dir, "-U", NAME, "-d", database, "-c", statements,
        ).strip()  # fmt: skip

    def _as_owner(self, program: str, *arguments: str | Path) -> str:
        owner = self._owner()
        return self._run(program, *arguments, user=owner if os.geteuid() == 0 else None)

    def _run(self, program: str, *arguments: str | Path, user: pwd.struct_passwd | None = None) -> str:
        """Run one of PostgreSQL's programs and return what it prints; raise Refused with its last words when it fails."""
        command: Sequence[str | Path] = (self._programs() / program, *arguments)
        # Settings meant for somebody's own database (PGHOST, PGOPTIONS, …) must not reach this one.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"LC_ALL": "C.UTF-8"}
        identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        done = subprocess.run(
            command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, **identity,
        )  # fmt: skip
        if done.returncode != 0:
            log = self.log.read_text(errors="replace")[-1500:] if program == "pg_ctl" and self.log.exists() else ""
            raise Refused(f"PostgreSQL 的 {program} 失败：\n{done.stdout.strip()}\n{log}".rstrip())
        return str(done.stdout)

    def _programs(self) -> Path:
        marker = self.data / "PG_VERSION"
        version = marker.read_text().strip() if marker.exists() else None
        folder = programs(version)
        if folder is None:
            wanted = f"{version} 版" if version else f"{OLDEST} 版或更新"
            raise Refused(f"没有找到带 PostGIS 的 PostgreSQL（需要 {wanted}）：请先运行 make setup；换过版本时先 make reset")
        return folder

    @staticmethod
    def _owner() -> pwd.struct_passwd:
        return pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
