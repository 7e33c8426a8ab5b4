"""Where a briefing's files lie: `briefings/<id>/` in the data folder, which web and worker share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

NAMES = {"html": "briefing.html", "pdf": "briefing.pdf"}


def folder(briefing: int) -> Path:
    return settings.DATA_DIR / "briefings" / str(briefing)


def keep(briefing: int, ending: str, content: bytes) -> None:
    """A file appears under its name only when it is whole."""
    place = folder(briefing)
    place.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(suffix=".new", dir=place)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.replace(fresh, place / NAMES[ending])
    except BaseException:
        os.unlink(fresh)
        raise


def find(briefing: int, ending: str) -> Path | None:
    """None when it is not there, or is no file of a briefing."""
    path = folder(briefing) / NAMES[ending] if ending in NAMES else None
    return path if path and path.is_file() else None


def kept() -> Iterator[int]:
    """The briefings that have a folder."""
    place = settings.DATA_DIR / "briefings"
    for each in place.iterdir() if place.is_dir() else ():
        if each.name.isascii() and each.name.isdigit():
            yield int(each.name)


def clear(briefing: int) -> None:
    """Its folder with all that lies in it, also what a killed process left half written."""
    shutil.rmtree(folder(briefing), ignore_errors=True)
