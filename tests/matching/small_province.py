"""Four small counties in files, grown by seed; the last has neither doorplates nor projects."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from apps.matching.counties import OUTPUTS
from apps.matching.management.commands.match_counties import REPORT
from tests.bench.province import Size, codes, grow_county

SMALL = Size(doorplates=3_000, districts=12, township_districts=20, projects=8, vertices=30)
CODES = codes(4)


def build(source: Path) -> Path:
    for index, code in enumerate(CODES):
        plates, projects = (0, 0) if index == 3 else (SMALL.doorplates * (index + 1), SMALL.projects)
        grow_county(
            source / code,
            index,
            Size(plates, SMALL.districts, SMALL.township_districts, projects=projects, vertices=30),
        )
    return source


def tables(target: Path) -> dict[str, bytes]:
    """What a run wrote, to the byte."""
    found = {
        f"{path.parent.name}/{path.name}": path.read_bytes() for name in OUTPUTS for path in target.glob(f"*/{name}")
    }
    assert found
    return found


def report(target: Path) -> dict:
    return json.loads((target / REPORT).read_text(encoding="utf-8"))


def spoil(path: Path, change) -> None:
    """Write a file again after changing its table, keeping what it says of its geometry."""
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)
