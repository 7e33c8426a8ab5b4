"""Importing in tests: one call for one file, the samples as a county to start from."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.imports.importing import Order, bring_in
from apps.imports.models import ImportBatch
from gis_data.layers import LAYERS
from tests.imports.formats import sample

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2025, 6, 2)

Bring = Callable[..., ImportBatch]


@pytest.fixture
def bring(db: None) -> Bring:
    """Import a file and give its batch back; `done=True` (the default) also asserts that every row went in."""

    def run(layer: str, path: Path, *, done: bool = True, **options: object) -> ImportBatch:
        batch = bring_in(Order(layer, path, **{"today": TODAY} | options))
        if done:
            told = [f"{row.row}: {row.reason}" for row in batch.rejected_rows.all()[:5]]
            assert batch.status == ImportBatch.Status.DONE and batch.rejected == 0, (layer, batch.message, told)
        return batch

    return run


@pytest.fixture
def samples(bring: Bring) -> None:
    """The whole sample county."""
    for layer in LAYERS:
        bring(layer, sample(layer))


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small synthetic county, as its own command grows it."""
    folder = tmp_path_factory.mktemp("county") / "grown"
    subprocess.run(
        [sys.executable, "-m", "gis_data.county", folder, "--scale", "town"], check=True, cwd=ROOT, capture_output=True, env={**os.environ},
    )  # fmt: skip
    return folder
