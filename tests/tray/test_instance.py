"""How a later tray speaks to the first, over a socket and over a pipe; and the channel under it."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from sidelight_tray.instance.instance import Listener

Until = Callable[..., None]

LATER = """
import importlib, sys
from PySide6.QtCore import QCoreApplication
application = QCoreApplication([])
ask = importlib.import_module(sys.argv[1]).ask
sys.stdout.buffer.write(ask(sys.argv[2], b"show\\n"))
"""

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="it knocks by Unix sockets")


def upper(line: bytes) -> bytes:
    return line.upper().strip() + b"\n"


def listener_of(kind: str, path: str) -> Listener:
    """Both kinds run here: Qt's pipe of Windows is a Unix socket elsewhere."""
    from sidelight_tray.instance import pipe as instance_pipe
    from sidelight_tray.instance import unix_socket as instance_socket

    if kind == "unix_socket":
        return instance_socket.SocketListener(path, upper)
    return instance_pipe.PipeListener(path, upper)


@pytest.fixture(params=["unix_socket", "pipe"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def listening(kind: str, qt: QApplication, private_home: Path) -> Iterator[str]:
    """The path at which a listener listens."""
    path = str(private_home / "tray.sock")
    # What a tray that was killed leaves behind is in nobody's way.
    Path(path).touch()
    listener = listener_of(kind, path)
    assert listener.listen()
    yield path
    listener.close()


def test_a_line_gets_its_answer(kind: str, listening: str, until: Until) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LATER, f"sidelight_tray.instance.{kind}", listening],
        stdout=subprocess.PIPE,
    ) as later:
        until(lambda: later.poll() is not None)
        assert later.stdout is not None
        assert later.stdout.read() == b"SHOW\n"


def test_only_this_person_may_knock(listening: str) -> None:
    assert stat.S_IMODE(Path(listening).stat().st_mode) & 0o077 == 0


def test_whoever_says_too_much_is_let_go(listening: str, until: Until) -> None:
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.connect(listening)
        visitor.sendall(b"x" * 70)
        visitor.setblocking(False)
        until(lambda: let_go(visitor))


def test_the_one_that_was_silent_longest_makes_room(qt: QApplication, until: Until) -> None:
    from sidelight_tray.instance.unix_socket import SILENT_LIMIT, SocketListener

    path = Path(os.environ["SIDELIGHT_HOME"]) / "tray.sock"
    listener = SocketListener(str(path), upper)
    assert listener.listen()
    visitors = []
    for _ in range(SILENT_LIMIT + 1):
        visitor = socket.socket(socket.AF_UNIX)
        visitor.settimeout(5)
        visitor.connect(str(path))
        visitor.setblocking(False)
        visitors.append(visitor)
        qt.processEvents()
    until(lambda: let_go(visitors[0]))
    visitors[-1].sendall(b"state\n")
    until(lambda: len(listener._visitors) == SILENT_LIMIT - 1)
    assert visitors[-1].recv(100) == b"STATE\n"
    listener.close()
    assert all(let_go(visitor) for visitor in visitors[1:-1])
    assert not path.exists()
    for visitor in visitors:
        visitor.close()


def test_where_no_socket_can_be_made_there_is_no_second_tray_to_speak_to(
    qt: QApplication, private_home: Path
) -> None:
    from sidelight_tray.instance.unix_socket import SocketListener

    assert not SocketListener(str(private_home / "missing" / "tray.sock"), upper).listen()


def let_go(visitor: socket.socket) -> bool:
    try:
        return visitor.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_what_the_other_side_does_not_read_waits_and_then_arrives_whole(
    qt: QApplication, until: Until
) -> None:
    from sidelight_tray.heard.channel import UNSENT_LIMIT, Channel

    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    channel = Channel(ours)
    sent = bytes(range(256)) * (UNSENT_LIMIT // 512)
    channel.send(sent)
    received = bytearray()

    def all_there() -> bool:
        try:
            received.extend(theirs.recv(65_536))
        except BlockingIOError:
            return False
        return len(received) == len(sent)

    until(all_there)
    assert received == sent
    assert not channel._writer.isEnabled()
    channel.close()
    theirs.close()


def test_a_peer_that_never_reads_is_given_up(qt: QApplication) -> None:
    from sidelight_tray.heard.channel import UNSENT_LIMIT, Channel

    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    ends: list[bool] = []
    channel.ended.connect(lambda: ends.append(True))
    for _ in range(8):
        channel.send(b"x" * (UNSENT_LIMIT // 4))
    assert ends == [True]
    assert not channel.is_open
    theirs.close()


def test_a_peer_that_is_gone_is_noticed_once(qt: QApplication, until: Until) -> None:
    from sidelight_tray.heard.channel import Channel

    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    arrived: list[bytes] = []
    ends: list[bool] = []
    channel.arrived.connect(arrived.append)
    channel.ended.connect(lambda: ends.append(True))
    theirs.sendall(b"the last words")
    theirs.close()
    channel.send(b"too late")
    until(lambda: ends)
    qt.processEvents()
    assert b"".join(arrived) == b"the last words"
    assert ends == [True]
