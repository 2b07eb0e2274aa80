"""One tray a person: the first listens, every later one hands its wish over and ends."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from PySide6.QtCore import QLockFile, QObject

LINE_LIMIT = 64
"""The longest wish, in bytes, its end of line included."""
_ATTEMPTS = 20
_BETWEEN_S = 0.1

Answer = Callable[[str], Mapping[str, Any]]


class Listener(Protocol):
    """Where later trays knock."""

    def listen(self) -> bool:
        """Begin; False where that cannot be done."""
        ...

    def close(self) -> None: ...


class Instance(QObject):
    """The tray that runs. `answer` is asked for each wish and returns what is told back."""

    def __init__(self, name: str, lock_file: str, answer: Answer) -> None:
        super().__init__()
        self._answer = answer
        self._lock = QLockFile(lock_file)
        # The lock of a process that has died is stale at once, and that of a living one never is.
        self._lock.setStaleLockTime(0)
        self._listener = _listener(name, self._reply)

    def begin(self) -> bool:
        """Become the one tray; False when there is one already."""
        return self._lock.tryLock(0) and self._listener.listen()

    def end(self) -> None:
        """Stop listening; the next tray that starts is the one."""
        self._listener.close()
        self._lock.unlock()

    def _reply(self, line: bytes) -> bytes:
        wish = line.decode("ascii", "replace").strip()
        return json.dumps(dict(self._answer(wish))).encode() + b"\n"


def hand_over(name: str, wish: str, *, patient: bool = False) -> Mapping[str, Any] | None:
    """Tell the tray that runs what is wished and return its answer; None when it does not answer.

    `patient` waits for one that has only just started.
    """
    line = wish.encode("ascii") + b"\n"
    received: bytes | None = None
    for attempt in range(_ATTEMPTS if patient else 1):
        if attempt:
            time.sleep(_BETWEEN_S)
        received = _ask(name, line)
        if received is not None:
            break
    try:
        answer = json.loads(received or b"")
    except ValueError:
        return None
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None


def _listener(name: str, reply: Callable[[bytes], bytes]) -> Listener:
    if sys.platform == "win32":
        from .pipe import PipeListener

        return PipeListener(name, reply)
    from .unix_socket import SocketListener

    return SocketListener(name, reply)


def _ask(name: str, line: bytes) -> bytes | None:
    """The answer to a line; None where nobody listens."""
    if sys.platform == "win32":
        from . import pipe as instance_pipe

        return instance_pipe.ask(name, line)
    from . import unix_socket as instance_socket

    return instance_socket.ask(name, line)
