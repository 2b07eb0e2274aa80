"""One tray a person: the first listens, every later one hands its wish over and ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from PySide6.QtCore import QLockFile, QObject, QThread
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PROBE_MS = 200
ANSWER_MS = 3_000
_LINE_LIMIT = 64
_ATTEMPTS = 20
_BETWEEN_MS = 100

Answer = Callable[[str], Mapping[str, Any]]


class Instance(QObject):
    """The tray that runs. `answer` is asked for each wish and returns what is told back."""

    def __init__(self, name: str, lock_file: str, answer: Answer) -> None:
        super().__init__()
        self._name, self._answer = name, answer
        self._lock = QLockFile(lock_file)
        # The lock of a process that has died is stale at once, and that of a living one never is.
        self._lock.setStaleLockTime(0)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)

    def begin(self) -> bool:
        """Become the one tray; False when there is one already."""
        if not self._lock.tryLock(0):
            return False
        # Whatever lies there is stale: the lock is ours, so no living tray listens on it.
        QLocalServer.removeServer(self._name)
        return self._server.listen(self._name)

    def end(self) -> None:
        """Stop listening; the next tray that starts is the one."""
        self._server.close()
        self._lock.unlock()

    def _welcome(self) -> None:
        connection = self._server.nextPendingConnection()
        connection.setReadBufferSize(_LINE_LIMIT)
        # It stays with the server: deleting it here crashes in ~QLocalSocket (PySide6 6.11), and
        # a later launch, which a person makes by hand, leaves some hundred bytes behind.
        connection.readyRead.connect(lambda: self._hear(connection))
        self._hear(connection)

    def _hear(self, connection: QLocalSocket) -> None:
        if not connection.canReadLine():
            if connection.bytesAvailable() >= _LINE_LIMIT:
                connection.abort()
            return
        wish = bytes(connection.readLine(_LINE_LIMIT).data()).decode("ascii", "replace").strip()
        connection.write(json.dumps(dict(self._answer(wish))).encode() + b"\n")
        connection.flush()
        connection.disconnectFromServer()


def hand_over(name: str, wish: str, *, patient: bool = False) -> Mapping[str, Any] | None:
    """Tell the tray that runs what is wished and return its answer; None when it does not answer.

    `patient` waits for one that has only just started.
    """
    for attempt in range(_ATTEMPTS if patient else 1):
        if attempt:
            QThread.msleep(_BETWEEN_MS)
        connection = QLocalSocket()
        connection.connectToServer(name)
        if connection.waitForConnected(PROBE_MS):
            break
    else:
        return None
    connection.write(wish.encode("ascii") + b"\n")
    connection.flush()
    received = b""
    while not received.endswith(b"\n") and connection.waitForReadyRead(ANSWER_MS):
        received += bytes(connection.readAll().data())
    connection.close()
    try:
        answer = json.loads(received)
    except ValueError:
        return None
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None
