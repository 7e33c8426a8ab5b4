"""Whether something made from files is still made from the same files: a stamp beside it holds their digest."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def fingerprint(paths: Iterable[Path], without: frozenset[str] = frozenset(), salt: str = "") -> str:
    """Digest of the names and contents of files, and of all files in folders; `without` names folders to leave out."""
    total = hashlib.sha256(salt.encode())
    for path in paths:
        for file in sorted(_files(path, without)):
            total.update(f"{file.relative_to(path.parent)}\0{file.stat().st_size}\0".encode("utf-8", "surrogateescape"))
            total.update(file.read_bytes())
    return total.hexdigest()


def _files(path: Path, without: frozenset[str]) -> Iterable[Path]:
    if path.is_file():
        yield path
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if name not in without]
        yield from (Path(folder, file) for file in files)


def holds(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text() == digest


def leave(stamp: Path, digest: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)
