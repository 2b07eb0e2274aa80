"""The shell a shim becomes: it ends with the session's code, with the broker, and as signals want it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import Self

import pytest

from sidelight_client.link import shell_wait
from sidelight_client.link.frames import encode
from sidelight_client.link.wire import event

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shim copies there")

BECOME = """
import socket, sys
from sidelight_client.link.shell_wait import become_shell
become_shell(socket.socket(fileno=int(sys.argv[1])))
"""

SHELLS = [
    [shell] for name in ("sh", "dash", "bash") if (shell := shutil.which(name)) is not None
] + [[shell, "sh"] for name in ("busybox",) if (shell := shutil.which(name)) is not None]
"""Of systems, one or the other is `/bin/sh`."""


class Shim:
    """A process that becomes a shell, and the broker's end of its socket."""

    def __init__(self) -> None:
        self.broker, self._theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-c", BECOME, str(self._theirs.fileno())],
            pass_fds=[self._theirs.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.broker.close()
        self._theirs.close()
        self.process.kill()
        self.process.wait(20)

    def wait_until_it_reads(self) -> None:
        """Wait until it has taken a message that means nothing to it."""
        self.broker.sendall(encode(event("snapshot", {})))
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            try:
                self._theirs.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            time.sleep(0.01)
        raise TimeoutError


def test_it_ends_with_the_code_of_the_session_and_with_none_of_another_message() -> None:
    with Shim() as shim:
        shim.broker.sendall(encode(event("snapshot", {"code": 9})))
        shim.broker.sendall(encode(event("exit", {"code": 5})))
        assert shim.process.wait(20) == 5


def test_a_broker_that_dies_makes_the_editor_start_anew() -> None:
    with Shim() as shim:
        shim.broker.close()
        assert shim.process.wait(20) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_as_it_ends_an_interpreter(number: signal.Signals) -> None:
    with Shim() as shim:
        shim.wait_until_it_reads()
        shim.process.send_signal(number)
        expected = 130 if number is signal.SIGINT else -signal.SIGTERM
        assert shim.process.wait(20) == expected


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"event": "exit", "data": {"code": 0}}, 0),
        ({"event": "exit", "data": {"code": 17}}, 17),
        ({"event": "exit", "data": {"code": None}}, 1),
        ({"event": "exit", "data": {}}, 1),
        ({"event": "status", "data": {"exit": "$(exit 3)`exit 3`"}}, 1),
    ],
)
def test_every_shell_reads_a_message_alike(
    shell: list[str], said: dict[str, object], code: int
) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        line = json.dumps(said, separators=separators) + "\n"
        done = subprocess.run(
            [*shell, "-c", shell_wait.SCRIPT],
            input=line.encode(),
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_without_a_shell_everything_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    before = os.fstat(0)
    with ours, theirs:
        monkeypatch.setattr(shell_wait, "_SHELL", "/nonexistent/sh")
        shell_wait.become_shell(ours)

        def forbidden(*_: object) -> None:
            raise PermissionError

        monkeypatch.undo()
        monkeypatch.setattr(os, "execv", forbidden)
        shell_wait.become_shell(ours)
    assert os.fstat(0) == before
