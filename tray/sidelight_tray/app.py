"""Starts the tray: one process a person, with a window in the place of the icon where there is no tray."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from PySide6.QtCore import QSocketNotifier, QTimer
from PySide6.QtWidgets import QApplication

from .door import Surroundings
from .instance.instance import Instance, hand_over
from .tray import NO_TRAY_AFTER_MS, Tray


def run(around: Surroundings, *, wish: str = "", window: bool = False, quiet: bool = False) -> str:
    """Run the tray until it is ended, or pass a wish to the one that runs.

    Args:
        around: what the tray needs from outside.
        wish: `state` or `quit` for the tray that runs; empty to be the tray.
        window: open the window at once.
        quiet: open no window by itself, even where there is no tray.

    Returns:
        The code of the sentence that says what went wrong; empty where nothing did.
    """
    application = QApplication([sys.argv[0]])
    application.setApplicationName("sidelight")
    application.setApplicationDisplayName("Sidelight")
    application.setDesktopFileName("sidelight")
    application.setQuitOnLastWindowClosed(False)
    tray: Tray | None = None

    def answer(heard: str) -> Mapping[str, Any]:
        return tray.answer(heard) if tray is not None else {}

    instance = Instance(around.instance, str(around.lock_file), answer)
    if wish or not instance.begin():
        return _pass_on(around.instance, wish or "show")
    tray = Tray(around, application.quit)
    tray.begin()
    if window:
        QTimer.singleShot(0, tray.windows.show_details)
    elif not quiet:
        QTimer.singleShot(NO_TRAY_AFTER_MS, tray.explain_without_tray)
    ends = _ends_by_signal(application)
    application.exec()
    ends.setEnabled(False)
    tray.end()
    instance.end()
    return ""


def _pass_on(instance: str, wish: str) -> str:
    told = hand_over(instance, wish, patient=wish == "show")
    if told is None:
        return "tray.no_answer" if wish == "show" else "tray.not_running"
    if wish == "state":
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return ""


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler must be there for the signal's number to be written to the socket."""


def _ends_by_signal(application: QApplication) -> QSocketNotifier:
    """End on SIGTERM and Ctrl-C. Python runs its handlers only between bytecodes, and Qt's loop
    executes none, so the signal's number arrives through a socket that Qt watches: no timer.
    """
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _nothing)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read, application)

    def arrived() -> None:
        ours.recv(64)
        application.quit()

    notifier.activated.connect(arrived)
    # Both ends live as long as the notifier does.
    notifier.setProperty("sockets", (ours, theirs))
    return notifier
