"""One Qt application for all tests of the tray, drawn into memory, and slots whose failures count.

There is no pytest-qt here: it would load Qt into every run of every test, and end the run where
Qt's system libraries are missing; what is needed of it is this file.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

Until = Callable[..., None]


@pytest.fixture(scope="session")
def application(real_part: Callable[[str, object, str], None]) -> QApplication:
    """The one application of this process; without Qt or its libraries the test skips or fails."""
    # Before anything of Qt is loaded: no display is needed, and no desktop's theme plays a part.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError as error:
        real_part("Qt", None, f"the tray is tested with it ({error})")
        raise
    made = QApplication.instance() or QApplication(["sidelight-test"])
    assert isinstance(made, QApplication)
    made.setStyle("Fusion")
    made.setQuitOnLastWindowClosed(False)
    return made


@pytest.fixture
def qt(application: QApplication) -> Iterator[QApplication]:
    """The application, and no exception in a slot: PySide6 only prints those."""
    failed: list[str] = []

    def note(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        failed.append(f"{kind.__name__}: {value}")
        before(kind, value, trace)

    before, sys.excepthook = sys.excepthook, note
    yield application
    for window in application.topLevelWidgets():
        window.close()
    settle(application)
    sys.excepthook = before
    assert failed == []


def settle(application: QApplication) -> None:
    """Let everything happen that is due, deletions included."""
    from PySide6.QtCore import QEvent

    for _ in range(3):
        application.processEvents()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def until(qt: QApplication) -> Until:
    """`until(condition)`: let the loop run until it holds; fail when it does not in time."""
    from PySide6.QtCore import QEventLoop

    def wait(condition: Callable[[], Any], within_s: float = 20.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            qt.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    return wait
