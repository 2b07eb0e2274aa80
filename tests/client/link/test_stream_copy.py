"""The copying shim: every byte both ways, half-closed or not, and never more than a chunk in hand."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sidelight_client.link.stream_copy import copy_streams


@dataclass
class Setting:
    """An editor on two pipes, a broker on a socket, and the copying between them."""

    editor_in: int
    editor_out: int
    broker: socket.socket
    copying: threading.Thread
    codes: list[int]
    shim_ends: list[int]

    def ended(self) -> int:
        self.copying.join(10)
        assert not self.copying.is_alive()
        return self.codes[0]


@pytest.fixture
def setting() -> Iterator[Setting]:
    shim_in, editor_out = os.pipe()
    editor_in, shim_out = os.pipe()
    broker, link = socket.socketpair()
    broker.settimeout(10)
    codes: list[int] = []
    copying = threading.Thread(target=lambda: codes.append(copy_streams(link, shim_in, shim_out)))
    copying.start()
    given = Setting(editor_in, editor_out, broker, copying, codes, [shim_in, shim_out])
    yield given
    broker.close()
    for descriptor in (editor_out, editor_in):
        with contextlib.suppress(OSError):  # The test may have closed it already.
            os.close(descriptor)
    copying.join(10)
    for thread in threading.enumerate():
        if thread.name == "sidelight-copy":
            thread.join(10)
    for descriptor in given.shim_ends:
        os.close(descriptor)


def test_bytes_pass_both_ways_unchanged(setting: Setting) -> None:
    every = bytes(range(256)) * 10
    os.write(setting.editor_out, every)
    received = b""
    while len(received) < len(every):
        received += setting.broker.recv(4096)
    assert received == every
    setting.broker.sendall(every)
    returned = b""
    while len(returned) < len(every):
        returned += os.read(setting.editor_in, 4096)
    assert returned == every


def test_the_broker_may_still_answer_after_the_editor_ended_its_side(setting: Setting) -> None:
    os.write(setting.editor_out, b"question")
    os.close(setting.editor_out)
    assert setting.broker.recv(100) == b"question"
    assert setting.broker.recv(100) == b""
    setting.broker.sendall(b"answer")
    assert os.read(setting.editor_in, 100) == b"answer"
    setting.broker.close()
    assert setting.ended() == 1


def test_a_broker_that_ends_without_exit_counts_as_dead(setting: Setting) -> None:
    os.write(setting.editor_out, b'{"method":"shutdown"}')
    assert setting.broker.recv(100)
    setting.broker.close()
    assert setting.ended() == 1


@pytest.mark.parametrize(
    "exit_message", [b'{"jsonrpc":"2.0","method":"exit"}', b'{"method": "exit"}']
)
def test_a_broker_that_ends_after_exit_ended_well(setting: Setting, exit_message: bytes) -> None:
    os.write(setting.editor_out, b"Content-Length: 33\r\n\r\n" + exit_message)
    assert setting.broker.recv(100)
    setting.broker.close()
    assert setting.ended() == 0


def test_an_editor_that_is_gone_ends_the_copying(setting: Setting) -> None:
    os.close(setting.editor_in)
    setting.broker.sendall(b"x" * 10)
    assert setting.ended() == 1
    assert setting.broker.recv(100) == b""


def test_a_broker_that_does_not_read_stops_the_editor_instead_of_filling_memory(
    setting: Setting,
) -> None:
    os.set_blocking(setting.editor_out, False)
    written, waits = 0, 0
    while waits < 20 and written < 64 << 20:
        try:
            written += os.write(setting.editor_out, b"x" * 65536)
            waits = 0
        except BlockingIOError:
            waits += 1
            setting.copying.join(0.01)
    assert written < 4 << 20
