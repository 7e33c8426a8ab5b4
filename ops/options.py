"""What a run was asked to do: the variables of the command line and the folders that follow from them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent


class Refused(Exception):
    """Work cannot go on; the message says in Chinese what is wrong and what to do."""


@dataclass(frozen=True)
class Options:
    """The variables of `make`, checked. Scale, county, names and seed are empty where the run leaves them open."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    scale: str = ""
    county: str = ""
    names: Path | None = None
    seed: str = ""
    database_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], tree: Path = TREE) -> "Options":
        """Read PORT, HOST, DATA_DIR, SCALE, COUNTY, NAMES, SEED, DATABASE_URL; raise Refused for a value that makes no sense."""

        def value(name: str, default: str = "") -> str:
            return environment.get(name, "").strip() or default

        port, scale, county, names, seed = (value(n) for n in ("PORT", "SCALE", "COUNTY", "NAMES", "SEED"))
        if port and not (port.isdecimal() and 0 < int(port) < 65536):
            raise Refused(f"端口 PORT={port} 不对：请填 1 到 65535 之间的整数，例如 make demo PORT=8080")
        if scale not in ("", "demo", "full"):
            raise Refused(f"规模 SCALE={scale} 不认识：请用 SCALE=demo（5 万门牌）或 SCALE=full（30 万门牌）")
        if county and not re.fullmatch(r"[0-9]{6}", county):
            raise Refused(f"县级代码 COUNTY={county} 不对：请填 6 位行政区划代码，例如 make demo COUNTY=330482")
        if names and not county:
            raise Refused("给了 NAMES 却没有 COUNTY：真实地名只能配真实的县，请同时写 COUNTY=六位代码")
        if names and not (tree / names).is_file():
            raise Refused(f"找不到地名文件 NAMES={names}：请检查路径")
        if seed and not seed.isdecimal():
            raise Refused(f"随机种子 SEED={seed} 不对：请填非负整数")
        data_dir = (tree / value("DATA_DIR", ".local")).resolve()
        if data_dir in (tree, *tree.parents, Path.home()):
            raise Refused(f"数据目录 DATA_DIR={data_dir} 里有别的东西，make reset 会清空数据目录：请另选一个专用的文件夹")
        return cls(
            data_dir=data_dir,
            host=value("HOST", cls.host),
            port=int(port or cls.port),
            scale=scale,
            county=county,
            names=(tree / names).resolve() if names else None,
            seed=seed,
            database_url=value("DATABASE_URL"),
        )

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def reach(self) -> str:
        """The host by which this machine itself reaches the server."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def address(self) -> str:
        host = f"[{self.reach}]" if ":" in self.reach else self.reach
        return f"http://{host}:{self.port}/"


def digest(text: str) -> str:
    """Twelve characters that stand for a text in file names."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
