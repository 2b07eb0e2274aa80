"""The connection to the broker: snapshots come in, wishes go out, and it comes back when it is lost.

No timer runs while it is connected. What comes in bursts is looked at once in `REST_MS`.
"""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from typing import Any, cast

from PySide6.QtCore import QObject, QTimer, Signal

from ..door import BrokenLineError, Door, DoorClosedError, Json
from .channel import Channel

REST_MS = 40
"""How long the newest snapshot waits for a newer one: fast for an eye, slow for a flood."""
FIRST_PAUSE_MS = 250
LONGEST_PAUSE_MS = 30_000
WISHES_LIMIT = 16
"""How many wishes may wait for an answer; a person clicks no faster."""

Answered = Callable[[Json], None]


class Link(QObject):
    """One connection after another to the broker, for as long as the tray lives."""

    heard = Signal(object)
    """A `View`: the newest snapshot."""
    lost = Signal(object)
    """The connection ended or could not be made: a `Message`, or None where nobody knows why."""
    prompted = Signal(dict)
    """Where a person must go to sign in, as the broker tells it."""

    noticed = Signal(dict)
    """A notification that the broker leaves to the tray."""
    opened = Signal()
    """A connection was made and can be asked."""

    _reached = Signal(object, int)
    _refused = Signal(object, int)

    def __init__(self, door: Door, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._door = door
        self._channel: Channel | None = None
        self._frames = door.frames()
        self._told: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Answered] = {}
        self._attempt = 0
        self._reaching = False
        self._pause_ms = FIRST_PAUSE_MS
        self._closed = False
        self._news = False
        self._rest = self._single_shot(self._tell)
        self._again = self._single_shot(lambda: self.open(start=True))
        self._reached.connect(self._take)
        self._refused.connect(self._refuse)

    def _single_shot(self, then: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(then)
        return timer

    @property
    def connected(self) -> bool:
        return self._channel is not None

    def open(self, *, start: bool) -> None:
        """Reach the broker on a thread of its own; does nothing while that is under way."""
        self._again.stop()
        if self._channel is not None or self._reaching or self._closed:
            return
        self._reaching = True
        self._attempt += 1
        work = threading.Thread(
            target=self._reach, args=(self._attempt, start), name="sidelight-reach", daemon=True
        )
        work.start()

    def close(self) -> None:
        """Hang up for good."""
        self._closed = True
        self._again.stop()
        self._rest.stop()
        self._hang_up()

    def ask(self, method: str, params: Json | None = None, then: Answered | None = None) -> bool:
        """Ask the broker for something; False when it is not connected or too much is waiting."""
        if self._channel is None or len(self._waiting) >= WISHES_LIMIT:
            return False
        number = next(self._numbers)
        if then is not None:
            self._waiting[number] = then
        self._send({"id": number, "method": method, "params": dict(params or {})})
        return True

    def _send(self, message: Json) -> None:
        if self._channel is not None:
            self._channel.send(self._door.encode(message))

    # --- reaching, on another thread ---

    def _reach(self, attempt: int, start: bool) -> None:
        try:
            reached = self._door.reach(start=start)
        except DoorClosedError as error:
            self._refused.emit(error.message, attempt)
        except Exception as error:  # Whatever it was, the tray must go on trying.
            # Imported here because it is next to never needed and costs a megabyte.
            import logging

            log = logging.getLogger("sidelight.tray")
            log.warning("reaching the broker failed: %s", type(error).__name__)
            self._refused.emit(None, attempt)
        else:
            self._reached.emit(reached, attempt)

    def _refuse(self, message: object, attempt: int) -> None:
        if attempt == self._attempt and not self._closed:
            self._reaching = False
            self.lost.emit(message)
            self._try_again()

    def _take(self, reached: socket.socket, attempt: int) -> None:
        """Go on with the connection that was made on the other thread."""
        if attempt != self._attempt or self._closed:
            reached.close()
            return
        self._reaching = False
        self._frames = self._door.frames()
        self._told = {}
        self._channel = Channel(reached, self)
        self._channel.arrived.connect(self._read)
        self._channel.ended.connect(self._disconnected)
        self.ask("watch")
        self.opened.emit()

    # --- messages ---

    def _read(self, chunk: bytes) -> None:
        try:
            for message in self._frames.feed(chunk):
                self._hear(message)
        except BrokenLineError:
            # Nothing can be read any more where messages begin and end is unknown.
            self._disconnected()

    def _hear(self, message: Json) -> None:
        event, data = message.get("event"), message.get("data")
        if isinstance(event, str):
            if isinstance(data, dict):
                self._hear_event(event, cast("dict[str, Any]", data))
            return
        number = message.get("id")
        then = self._waiting.pop(number, None) if isinstance(number, int) else None
        if then is not None:
            then(message)

    def _hear_event(self, event: str, data: dict[str, Any]) -> None:
        if event == "prompt":
            self.prompted.emit(data)
            return
        if event == "notice":
            self.noticed.emit(data)
            return
        if event == "snapshot":
            self._told = data
        elif event == "delta" and self._told:
            self._told |= data
        else:
            return  # A newer broker may tell more than we know.
        self._pause_ms = FIRST_PAUSE_MS
        self._news = True
        if not self._rest.isActive():
            self._tell()

    def _tell(self) -> None:
        """Pass the newest snapshot on, unless it was passed on already; a next one rests first."""
        if self._news:
            # Imported here because there is nothing to read before the icon is there.
            from .view import view_of

            self._news = False
            self._rest.start(REST_MS)
            self.heard.emit(view_of(self._told))

    # --- losing and trying again ---

    def _disconnected(self) -> None:
        if self._channel is None:
            return
        self._hang_up()
        if not self._closed:
            self.lost.emit(None)
            self._try_again()

    def _hang_up(self) -> None:
        channel, self._channel = self._channel, None
        self._waiting.clear()
        self._rest.stop()
        if channel is not None:
            channel.close()
            channel.deleteLater()

    def _try_again(self) -> None:
        self._again.start(self._pause_ms)
        self._pause_ms = min(self._pause_ms * 2, LONGEST_PAUSE_MS)
