"""What the tests on real trays share: a display with a bus for each file, and a home for each test."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .desktop import Desktop, missing, x11_desktop

RealPart = Callable[[str, object, str], None]

X11 = ("Xvfb", "openbox", "dbus-daemon", "busctl", "xdotool", "import")


@pytest.fixture(scope="session")
def qt_libraries(real_part: RealPart) -> None:
    """Qt and what it loads; the pictures are read with it too."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        real_part("Qt", None, f"the tray is tested with it ({error})")


@pytest.fixture(scope="module")
def desktop(real_part: RealPart, qt_libraries: None) -> Iterator[Desktop]:
    """A display without a panel; every test starts the panels it looks at."""
    name = missing(X11)
    real_part(name or "a display", not name, "the tray is looked at on a real desktop")
    with tempfile.TemporaryDirectory(prefix="sl-x-") as folder, x11_desktop(Path(folder)) as made:
        yield made


@pytest.fixture
def part(real_part: RealPart) -> Callable[..., None]:
    """`part("tint2", ...)`: programs this test needs beyond the desktop."""

    def need(*programs: str) -> None:
        name = missing(programs)
        real_part(name or programs[0], not name, "the tray is looked at on a real desktop")

    return need
