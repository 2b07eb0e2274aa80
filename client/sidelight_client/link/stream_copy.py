"""The copying shim, for a door through which no descriptor can be handed: bytes both ways, bounded."""

from __future__ import annotations

import contextlib
import os
import socket
from threading import Thread

CHUNK = 1 << 16
"""The most that is held in either direction; a slow reader slows the writer down."""

_TAIL = 256
_LAST_WORD = b'"exit"'


def copy_streams(link: socket.socket, read_descriptor: int, write_descriptor: int) -> int:
    """Copy the editor's bytes to the broker and the broker's to the editor, until the broker ends.

    When the editor ends its side, the broker is told so and may still finish its answers.

    Returns:
        0 when the editor's last message was `exit`: a stream of bytes has no room for an exit
        code, and after `exit` a server has to leave (LSP 3.17, Exit Notification). Else 1.
    """
    upwards = _Upwards(link, read_descriptor)
    Thread(target=upwards.run, name="sidelight-copy", daemon=True).start()
    with contextlib.suppress(OSError):  # Either end may vanish at any moment.
        while chunk := link.recv(CHUNK):
            _write(write_descriptor, chunk)
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
    return 0 if _LAST_WORD in upwards.tail else 1


class _Upwards:
    """From the editor to the broker, on a thread of its own: pipes cannot be polled on Windows."""

    def __init__(self, link: socket.socket, descriptor: int) -> None:
        self.tail = b""
        self._link = link
        self._descriptor = descriptor

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while chunk := os.read(self._descriptor, CHUNK):
                self.tail = (self.tail + chunk[-_TAIL:])[-_TAIL:]
                self._link.sendall(chunk)
            self._link.shutdown(socket.SHUT_WR)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
