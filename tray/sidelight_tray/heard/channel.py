"""A connection on which bytes come and go without anybody waiting: a socket that Qt's loop watches.

Qt has classes of its own for this, in QtNetwork. Loading that brings OpenSSL and Kerberos along,
6 MB and 15 ms, and the tray would use none of it.
"""

from __future__ import annotations

import socket

from PySide6.QtCore import QObject, QSocketNotifier, Signal

_READ_BYTES = 65_536
UNSENT_LIMIT = 1 << 20
"""How many bytes may wait for a peer that does not read; it is given up beyond that."""


class Channel(QObject):
    """Owns a connected socket. After `ended` or `close` nothing arrives any more."""

    arrived = Signal(object)
    """Some `bytes`."""
    ended = Signal()
    """The other side is gone, or has not read for too long."""

    def __init__(self, connection: socket.socket, parent: QObject | None = None) -> None:
        super().__init__(parent)
        connection.setblocking(False)
        self._connection = connection
        self._unsent = b""
        kinds = QSocketNotifier.Type
        self._reader = QSocketNotifier(connection.fileno(), kinds.Read, self)
        self._reader.activated.connect(self._read)
        self._writer = QSocketNotifier(connection.fileno(), kinds.Write, self)
        self._writer.setEnabled(False)
        self._writer.activated.connect(self._write)

    @property
    def is_open(self) -> bool:
        return self._connection.fileno() >= 0

    def send(self, data: bytes) -> None:
        """Send `data` now, or as soon as the other side takes it."""
        self._unsent += data
        self._write()

    def close(self) -> None:
        """Hang up; calling it twice does no harm."""
        self._reader.setEnabled(False)
        self._writer.setEnabled(False)
        self._connection.close()

    def _read(self) -> None:
        if not self.is_open:
            return
        try:
            received = self._connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if received:
            self.arrived.emit(received)
        else:
            self._end()

    def _write(self) -> None:
        if not self.is_open:
            return
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            # What has arrived before is still read; its end is noticed there.
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        self._writer.setEnabled(bool(self._unsent))
        if len(self._unsent) > UNSENT_LIMIT:
            self._end()

    def _end(self) -> None:
        self.close()
        self.ended.emit()
