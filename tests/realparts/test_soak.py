"""The soaks, with the figures they have to hold, as one command runs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.realparts

SOAK = Path(__file__).with_name("soak.py")
CYCLES, HARDER_CYCLES = 200, 100


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_two_hundred_sleeps_with_mixed_faults_hold_their_figures(
    node: None, figure: Callable[[str], None]
) -> None:
    command = [sys.executable, str(SOAK), "--cycles", str(CYCLES)]
    done = subprocess.run(
        [*command, "--harder-cycles", str(HARDER_CYCLES)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    figure(done.stdout)
    assert done.returncode == 0, done.stdout
