"""Catches log lines at WARNING and above, and Qt's messages, so that a surprise fails a test."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

ALLOWED: tuple[str, ...] = ()
"""Regular expressions for lines every test may cause, each with where it was seen."""

ALLOWED_FROM_QT = (
    "This plugin does not support raise()",
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support grabbing the keyboard",
    "QObject::connect: No such signal QPlatformNativeInterface::systemTrayWindowChanged(QScreen*)",
)
"""Messages that say nothing about us. The offscreen platform of PySide6 6.11 says the first
two when a window is shown, the third when a menu pops up, and the fourth when an icon is made: it
has no window manager and no tray."""


class _Recorder(logging.Handler):
    """Keeps lines as "logger LEVEL message"."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.name} {record.levelname} {record.getMessage()}"
        if record.exc_info and record.exc_info[1] is not None:
            line += f" ({record.exc_info[1]!r})"
        self.lines.append(line)


@contextmanager
def recorded() -> Generator[list[str]]:
    """The lines at WARNING and above while the block runs.

    asyncio's "Task exception was never retrieved" is one of them: it is logged at ERROR.
    """
    lines: list[str] = []
    recorder = _Recorder(lines)
    logging.getLogger().addHandler(recorder)
    try:
        yield lines
    finally:
        logging.getLogger().removeHandler(recorder)


@contextmanager
def recorded_from_qt(qt: Any) -> Generator[list[str]]:
    """Qt's messages above INFO while the block runs; `qt` is the PySide6.QtCore module."""
    lines: list[str] = []
    quiet = {qt.QtMsgType.QtDebugMsg, qt.QtMsgType.QtInfoMsg}

    def heard(kind: Any, context: Any, message: str) -> None:
        del context
        if kind not in quiet and message not in ALLOWED_FROM_QT:
            lines.append(f"{kind.name} {message}")

    before = qt.qInstallMessageHandler(heard)
    try:
        yield lines
    finally:
        qt.qInstallMessageHandler(before)
