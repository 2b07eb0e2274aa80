"""Emacs with eglot and with lsp-mode, each with the configuration that ships."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from support import client_profiles
from support.neovim import CHECKOUT
from support.real_server import CONTINUES, FINDING, TYPED, real_server

pytestmark = pytest.mark.editors

FOLDER = CHECKOUT / "installers" / "emacs"
SCRIPT = CHECKOUT / "tests" / "support" / "eglot_script.el"
LSP_MODE_SCRIPT = SCRIPT.with_name("lsp_mode_script.el")
PACKAGES = Path("/usr/share/emacs/site-lisp/elpa-src")

RealPart = Callable[[str, object, str], None]


def emacs(*words: str, environment: Mapping[str, str]) -> str:
    """What Emacs prints; without a screen, and with Debian's packages but nobody's configuration."""
    # -Q would hide Debian's packages as well.
    quiet = ["--batch", "-q", "-l", "package", "--eval", "(package-initialize)"]
    done = subprocess.run(
        ["emacs", *quiet, *words],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def needs(real_part: RealPart) -> Callable[[str], None]:
    def need(package: str) -> None:
        real_part("emacs", shutil.which("emacs"), "the configuration for it is tried")
        real_part(f"elpa-{package}", any(PACKAGES.glob(f"{package}-[0-9]*")), "it is the client")

    return need


def test_eglot_gets_the_suggestion(
    tmp_path: Path, private_home: Path, needs: Callable[[str], None]
) -> None:
    needs("eglot")
    with real_server(tmp_path, private_home) as server:
        script = {
            "SCRIPT_CONFIGURATION": str(FOLDER / "sidelight-eglot.el"),
            "SCRIPT_FOLDER": f"{server.workspace}/",
            "SCRIPT_FILE": str(server.file),
            "SCRIPT_TYPED": TYPED,
        }
        told = emacs("-l", str(SCRIPT), environment={**server.environment, **script})
        assert CONTINUES in told.partition("offered: ")[2]
        assert server.problems() == []
        client_profiles.keep("eglot", server.kept)


def test_lsp_mode_gets_the_suggestion_the_explanation_and_its_actions(
    tmp_path: Path, private_home: Path, needs: Callable[[str], None]
) -> None:
    needs("lsp-mode")
    with real_server(tmp_path, private_home) as server:
        script = {
            "SCRIPT_CONFIGURATION": str(FOLDER / "sidelight-lsp-mode.el"),
            "SCRIPT_FOLDER": f"{server.workspace}/",
            "SCRIPT_FILE": str(server.file),
            "SCRIPT_TYPED": TYPED,
            "SCRIPT_FINDING": FINDING,
        }
        told = emacs("-l", str(LSP_MODE_SCRIPT), environment={**server.environment, **script})
        said = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
        assert CONTINUES in said["offered"]
        assert "refused" in said["diagnostic"]
        assert "Redact and retry" in said["actions"]
        # lsp-mode tells of capabilities that the protocol has not, or has under other names.
        assert [one for one in server.problems() if "initialize.capabilities" not in one] == []
        client_profiles.keep("lsp-mode", server.kept)
