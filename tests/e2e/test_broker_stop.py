"""`sidelight broker --stop`: the broker that runs has left when it returns, and none is no error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.tray_process import brokers_of, end_brokers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


def sidelight(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sidelight_client", *words],
        env={**os.environ, "SIDELIGHT_HOME": str(home), "SIDELIGHT_VAULT": "memory"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_broker_has_left_when_it_returns_and_stopping_none_is_no_error(
    private_home: Path,
) -> None:
    try:
        assert sidelight(private_home, "pause", "30m").returncode == 0
        assert len(brokers_of(private_home)) == 1
        for _ in range(2):
            done = sidelight(private_home, "broker", "--stop")
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
            assert not (private_home / "run" / "broker.sock").exists()
    finally:
        end_brokers(private_home)
