"""The material in `gis_data/content/`: names, trades and texts the county is written with. Plausible inventions, not statistics."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "content"


@cache
def material(name: str) -> Any:
    """One file of the material, parsed. Callers read it and never change it."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
