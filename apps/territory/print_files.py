"""Where the sheets of a print run lie: `sheets/<run>/` in the data folder, one PDF a part, and all of them in one archive."""

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

ARCHIVE = "all.zip"


class PrintFiles:
    def __init__(self, run: int) -> None:
        self.folder = settings.DATA_DIR / "sheets" / str(run)

    @contextmanager
    def part(self, number: int) -> Iterator[BinaryIO]:
        """The file of one part, open for writing; it appears under its name only when it is whole."""
        with self._whole(self.folder / f"{number:04d}.pdf") as out:
            yield out

    @contextmanager
    def _whole(self, file: Path) -> Iterator[BinaryIO]:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(suffix=".new", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as out:
                yield out
            os.replace(fresh, file)
        except BaseException:
            os.unlink(fresh)
            raise

    def pack(self) -> None:
        """All parts in one archive."""
        with self._whole(self.folder / ARCHIVE) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for file in self.parts():
                archive.write(file, file.name)

    def parts(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.pdf"))

    def file(self, name: str) -> Path | None:
        """A part or the archive by its name; None when it is not there (or is no name of ours)."""
        found = {file.name: file for file in [*self.parts(), self.folder / ARCHIVE]}
        return found[name] if name in found and found[name].is_file() else None
