"""The README's first command: the demonstration plays the main job on a file of this repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_demonstration_shows_a_completion_a_block_a_limit_and_the_status() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "sidelight_client", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    for said in ("A completion — client/", "A block, explained", "A limit", "The status"):
        assert said in ran.stdout, ran.stdout
    assert "workspace match" in ran.stdout
    assert "Not sent" in ran.stdout
