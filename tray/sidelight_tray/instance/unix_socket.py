"""How later trays reach the first one where there are Unix sockets; its folder is this person's alone."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSocketNotifier

from ..heard.channel import Channel
from .instance import LINE_LIMIT

PROBE_S = 0.2
ANSWER_S = 3.0
_BACKLOG = 8
SILENT_LIMIT = 16
"""How many may be connected without having said a line; the one that came first is let go then."""


class SocketListener(QObject):
    """A listening socket; `reply` makes the answer to a line."""

    def __init__(self, path: str, reply: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._path, self._reply = Path(path), reply
        self._socket: socket.socket | None = None
        self._notifier: QSocketNotifier | None = None
        self._visitors: list[_Visitor] = []

    def listen(self) -> bool:
        """Listen in the place of whatever a dead tray left; the caller holds the tray's lock."""
        listener = socket.socket(socket.AF_UNIX)
        try:
            self._path.unlink(missing_ok=True)
            # Born 0600: a chmod after bind would leave a moment in which others could connect.
            before = os.umask(0o177)
            try:
                listener.bind(str(self._path))
            finally:
                os.umask(before)
            listener.listen(_BACKLOG)
            listener.setblocking(False)
        except OSError:
            listener.close()
            return False
        self._socket = listener
        self._notifier = QSocketNotifier(listener.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._welcome)
        return True

    def close(self) -> None:
        """Stop listening, and let everybody go."""
        if self._socket is None or self._notifier is None:
            return
        self._notifier.setEnabled(False)
        self._socket.close()
        self._socket = None
        self._path.unlink(missing_ok=True)
        for visitor in self._visitors[:]:
            self._leave(visitor)

    def _welcome(self) -> None:
        if self._socket is None:
            return
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return  # Whoever knocked has left again.
        self._visitors.append(_Visitor(connection, self._reply, self._leave))
        if len(self._visitors) > SILENT_LIMIT:
            self._leave(self._visitors[0])

    def _leave(self, visitor: _Visitor) -> None:
        self._visitors.remove(visitor)
        visitor.channel.close()
        visitor.channel.deleteLater()


class _Visitor:
    """A later tray, which says one line, hears the answer and is let go."""

    def __init__(
        self,
        connection: socket.socket,
        reply: Callable[[bytes], bytes],
        leave: Callable[[_Visitor], None],
    ) -> None:
        self._reply, self._leave = reply, leave
        self._line = b""
        self.channel = Channel(connection)
        self.channel.arrived.connect(self._hear)
        self.channel.ended.connect(self._gone)

    def _hear(self, chunk: bytes) -> None:
        self._line += chunk
        if b"\n" in self._line[:LINE_LIMIT]:
            self.channel.send(self._reply(self._line.partition(b"\n")[0]))
            self._leave(self)
        elif len(self._line) >= LINE_LIMIT:
            self._leave(self)

    def _gone(self) -> None:
        self._leave(self)


def ask(path: str, line: bytes) -> bytes | None:
    """The answer to a line; None where nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PROBE_S)
        try:
            connection.connect(path)
        except OSError:
            return None
        received = b""
        # Whoever ends in the middle has not answered.
        with contextlib.suppress(OSError):
            connection.settimeout(ANSWER_S)
            connection.sendall(line)
            while not received.endswith(b"\n") and (chunk := connection.recv(65_536)):
                received += chunk
        return received
