"""Whatever is asked, an answer comes: a compiled loop that never ended would hold its process, so the problems have one of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def batch(patience):
    return subprocess.run(
        [sys.executable, "-m", "tests.matching.batch", str(patience)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("patience", [150, 0])
def test_every_problem_ends(patience):
    """By paths, and filled at once. And the answers are the same to the byte in another process, where hashes are seeded otherwise."""
    first, again = batch(patience), batch(patience)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert first.stdout == again.stdout != ""
