"""How later trays reach the first one on Windows, where Python has no Unix sockets: a named pipe."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from .instance import LINE_LIMIT

PROBE_MS = 200
ANSWER_MS = 3_000


class PipeListener(QObject):
    """A listening pipe of this person's; `reply` makes the answer to a line."""

    def __init__(self, name: str, reply: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._name, self._reply = name, reply
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)

    def listen(self) -> bool:
        """Listen in the place of whatever a dead tray left; the caller holds the tray's lock."""
        QLocalServer.removeServer(self._name)
        return self._server.listen(self._name)

    def close(self) -> None:
        self._server.close()

    def _welcome(self) -> None:
        connection = self._server.nextPendingConnection()
        connection.setReadBufferSize(LINE_LIMIT)
        # It stays with the server: deleting it here crashes in ~QLocalSocket (PySide6 6.11), and
        # a later launch, which a person makes by hand, leaves some hundred bytes behind.
        connection.readyRead.connect(lambda: self._hear(connection))
        self._hear(connection)

    def _hear(self, connection: QLocalSocket) -> None:
        if not connection.canReadLine():
            if connection.bytesAvailable() >= LINE_LIMIT:
                connection.abort()
            return
        connection.write(self._reply(bytes(connection.readLine(LINE_LIMIT).data())))
        connection.flush()
        connection.disconnectFromServer()


def ask(name: str, line: bytes) -> bytes | None:
    """The answer to a line; None where nobody listens."""
    connection = QLocalSocket()
    connection.connectToServer(name)
    if not connection.waitForConnected(PROBE_MS):
        return None
    connection.write(line)
    connection.flush()
    received = b""
    more = True
    while more and not received.endswith(b"\n"):
        more = connection.waitForReadyRead(ANSWER_MS)
        # Also after a "no": what came together with the other side's hanging up is there.
        received += bytes(connection.readAll().data())
    connection.close()
    return received
