"""The oldest and the newest Neovim that are supported pass the same tests as the one from PyPI."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.debian_unpack import WHY_NEEDED, NotToBeHadError, missing_tools, unpack
from support.neovim import VARIABLE, package_path

pytestmark = [pytest.mark.editors, pytest.mark.timeout(150)]

TESTS = (
    "test_neovim_ghost.py",
    "test_neovim_races.py",
    "test_neovim_parts.py",
    "test_neovim_config.py",
    *(
        f"test_neovim_plugin.py::{name}"
        for name in (
            "test_the_status_line_says_what_the_server_said_last",
            "test_a_command_goes_to_the_server",
            "test_checkhealth_names_server_session_and_keys",
        )
    ),
)
"""What depends on the version: drawing, keys, who overtakes whom, commands and the health check."""

RealPart = Callable[[str, object, str], None]


@pytest.mark.parametrize(("wanted", "release"), [("0.10", "trixie"), ("0.12", "forky")])
def test_another_version_of_neovim_passes_the_same_tests(
    wanted: str, release: str, real_part: RealPart, figure: Callable[[str], None]
) -> None:
    missing = missing_tools()
    real_part(", ".join(missing) or "apt", not missing, WHY_NEEDED)
    try:
        neovim = unpack("neovim", release, programs=["nvim"])
    except NotToBeHadError as why:
        pytest.skip(f"Neovim {wanted} is not tested: {why}")
    if not neovim.version.startswith(f"{wanted}."):
        # A release moves on; that is no fault of ours, so it is told and no failure, also in CI.
        pytest.skip(f"Neovim {wanted} is not tested: {release} has {neovim.version} now")
    environment = os.environ | {
        VARIABLE: str(neovim.program("nvim")),
        "PYTHONPATH": package_path(),
    }
    del environment["SIDELIGHT_TEST_RUN"]
    here = Path(__file__).parent
    words = ["-q", "-p", "no:cacheprovider", "--no-header", *(str(here / name) for name in TESTS)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=here.parents[1],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout.strip().splitlines()
    assert done.returncode == 0, f"Neovim {neovim.version}\n" + "\n".join(told[-60:])
    figure(f"Neovim {neovim.version}: {told[-1].strip('= ')}")
