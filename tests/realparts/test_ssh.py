"""An editor on the far side of a real sshd, its broker on this one, and `ssh -R` in between."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.link import door, forwarded
from sidelight_client.link.reach import SOCKET_VARIABLE
from sidelight_client.testing.fake_editor import FakeEditor
from support.neovim import package_path
from support.real_server import LEDGER, TYPED, WRITTEN, RealServer, real_server

from .ssh_server import SshServer, missing, running

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]

TEXT = f"{LEDGER}\n\n{WRITTEN}{TYPED}"


@pytest.fixture(scope="module")
def sshd(real_part: Callable[[str, object, str], None]) -> Iterator[SshServer]:
    why = missing()
    real_part("sshd", not why, why)
    with tempfile.TemporaryDirectory(prefix="sl-") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of the other machine, private, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        yield Path(folder)


@pytest.fixture
def near(tmp_path: Path, private_home: Path) -> Iterator[RealServer]:
    """This machine: a broker, and a work tree that closes itself."""
    with real_server(tmp_path, private_home) as server:
        (server.workspace / ".sidelight.toml").write_text('[[place]]\nmode = "off"\n', "utf-8")
        yield server


def shim(sshd: SshServer, far: Path, path: Path) -> list[str]:
    """Starts the far side's `sidelight lsp` in the other machine's environment."""
    words = {
        "SIDELIGHT_HOME": str(far / "home"),
        "PYTHONPATH": package_path(),
        SOCKET_VARIABLE: str(path),
    }
    settings = [f"{name}={value}" for name, value in words.items()]
    remote = ["cd", str(far), "&&", "env", *settings, sys.executable, "-m", "sidelight_client"]
    return [*sshd.command(), *remote, "lsp"]


def said(sshd: SshServer, far: Path, path: Path) -> str:
    """What the far side's `sidelight lsp` says when it cannot serve."""
    ended = subprocess.run(
        shim(sshd, far, path), input=b"", capture_output=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, b"")
    return ended.stderr.decode()


async def test_an_editor_over_ssh_gets_its_suggestions_from_the_broker_at_home(
    sshd: SshServer, near: RealServer, far: Path
) -> None:
    home = Path(door.socket_path(f"{near.environment['SIDELIGHT_HOME']}/run", door.FORWARDED_NAME))
    there = far / "s"
    with sshd.forwarding(there, home):
        assert stat.S_IMODE(there.lstat().st_mode) == 0o600
        link = forwarded.connect(str(there))
        assert door.peer_uid(link) == os.geteuid()  # sshd, as who signed in.
        link.close()
        editor = await FakeEditor.start(shim(sshd, far, there))
        try:
            await editor.initialize(
                folder=near.workspace, options={"sidelight": {"messages": True}}
            )
            uri = (near.workspace / "new.py").as_uri()
            editor.open(uri, "python", TEXT)
            line, column = TEXT.count("\n"), len(TEXT.rpartition("\n")[2])
            await editor.wait_for("$/sidelight/status", lambda told: told["state"] == "ready")
            items = await editor.complete_inline(uri, line, column, invoked=True)
            # The file of the same path here lies in a closed work tree: nobody looked.
            assert items is not None
            assert items[0]["insertText"].startswith("entries:")
            found: dict[str, Any] = await editor.request(
                "workspace/executeCommand", {"command": "sidelight.usage", "arguments": []}
            )
            assert found["requests"] >= 1
        finally:
            await editor.close()
    assert not (far / "home").exists(), "nothing was started or kept on the far side"


def test_what_is_said_when_the_tunnel_or_the_broker_is_gone(sshd: SshServer, far: Path) -> None:
    there, nobody = far / "s", far / "nobody"
    assert "[remote.missing]" in said(sshd, far, there)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(there))
        there.chmod(0o600)
    # As sshd leaves it when a connection breaks.
    assert "[remote.stale]" in said(sshd, far, there)
    before = there.lstat().st_ctime_ns
    with sshd.forwarding(there, nobody, replaces=before):
        assert "[remote.nobody]" in said(sshd, far, there)
        far.chmod(0o777)
        assert "[remote.unsafe]" in said(sshd, far, there)
        far.chmod(0o700)
