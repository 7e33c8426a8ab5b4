"""The small province and what one process makes of it, once for all tests that only read them."""

import shutil
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.matching import small_province


@pytest.fixture(scope="session")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_province.build(tmp_path_factory.mktemp("province"))


@pytest.fixture(scope="session")
def alone(province: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The province matched in one process."""
    target = tmp_path_factory.mktemp("alone")
    call_command("match_counties", province, target, workers=0)
    return target


@pytest.fixture
def copy(province: Path, tmp_path: Path) -> Path:
    """The province, to be spoilt."""
    return Path(shutil.copytree(province, tmp_path / "copy"))
