"""What the tray costs, measured on the real process and printed: memory, wake-ups, start, None's count."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sidelight_tray.release import is_unfit
from support.tray_process import TrayProcess, as_installed, cpu_ticks_of, switches_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

Figure = Callable[[str], None]

linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

WATCHED_S = 3.0
TIMER = """
from PySide6.QtCore import QCoreApplication, QTimer
application = QCoreApplication([])
timer = QTimer()
timer.start(100)
application.exec()
"""


TO_ICON = """
import os, sys
from sidelight_tray.tray import Tray
show = Tray.begin
def begin(tray):
    tray.link.open = lambda start: None
    show(tray)
    from PySide6 import QtCore
    print("Qt" in vars(QtCore))
    sys.stdout.flush()
    os._exit(0)
Tray.begin = begin
sys.argv = ["sidelight", "tray", "--background"]
from sidelight_client.__main__ import main
main()
"""
WIDGETS = "import PySide6.QtWidgets"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tray's code compiled, as an installer does it; all of what follows uses it."""
    folder = tmp_path_factory.mktemp("compiled")
    home = tmp_path_factory.mktemp("home")
    if sys.platform == "linux":
        cpu_s_of(TO_ICON, folder, home)
    return folder


def cpu_s_of(program: str, compiled: Path, home: Path) -> tuple[float, str]:
    """The CPU seconds a Python process takes for `program`, and what it prints."""
    import resource  # It is there on Unix alone.

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**as_installed(compiled), "SIDELIGHT_HOME": str(home), "SIDELIGHT_VAULT": "memory"},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return spent, done.stdout.strip()


@linux
def test_the_icon_is_there_soon_after_qt_itself(
    application: QApplication, private_home: Path, compiled: Path, figure: Figure
) -> None:
    """PySide6 loads its namespace `Qt` as a whole, so nothing on the way to the icon may name it."""
    tray: list[float] = []
    widgets: list[float] = []
    for _ in range(5):
        widgets.append(cpu_s_of(WIDGETS, compiled, private_home)[0])
        spent, told = cpu_s_of(TO_ICON, compiled, private_home)
        tray.append(spent)
        assert told == "False"
    ratio = min(tray) / min(widgets)
    figure(
        f"tray: {min(tray) * 1000:.0f} ms of CPU until the icon is there, {ratio:.2f} of what "
        f"importing QtWidgets takes ({min(widgets) * 1000:.0f} ms)"
    )
    assert ratio < 3


@pytest.fixture
def running(application: QApplication, private_home: Path, compiled: Path) -> Iterator[TrayProcess]:
    made = TrayProcess(private_home, compiled)
    try:
        yield made
    finally:
        errors = made.close()
    assert "Traceback" not in errors


@linux
def test_icon_only_it_is_small_and_sleeps(running: TrayProcess, figure: Figure) -> None:
    icon_s = running.until_answer()
    ready_s = running.until_state("ok")
    figure(
        f"tray: start to icon {icon_s * 1000:.0f} ms (hold 250 on a quiet machine); "
        f"to a started broker's snapshot {ready_s:.1f} s"
    )
    control = subprocess.Popen([sys.executable, "-c", TIMER])
    try:
        time.sleep(1.5)  # The broker's first words after its start belong to the start.
        pids = (running.process.pid, control.pid)
        before = [switches_of(pid) for pid in pids]
        ticks = cpu_ticks_of(running.process.pid)
        time.sleep(WATCHED_S)
        idle, timer = (
            (switches_of(pid) - was) / WATCHED_S for pid, was in zip(pids, before, strict=True)
        )
        spent = cpu_ticks_of(running.process.pid) - ticks
    finally:
        control.kill()
        control.wait()
    figure(
        f"tray without a display, idle: {idle:.2f} wake-ups/s "
        f"(a 100 ms timer beside it: {timer:.1f}/s), {spent} ticks"
    )
    assert timer > 5
    assert idle <= 0.5
    assert spent <= 1
    rss, pss = running.memory_mb()
    figure(f"tray without a display, icon only: {rss:.1f} MB RSS, {pss:.1f} MB PSS (hold 60 / 48)")
    # RSS counts whatever the kernel maps of shared libraries on the way, some MB more or less.
    assert rss <= 68
    assert pss <= 48


@linux
def test_opening_the_window_again_and_again_costs_nothing_more(
    running: TrayProcess, figure: Figure
) -> None:
    running.until_state("ok")
    began = time.monotonic()
    running.ask("show")
    figure(f"tray: the first window, its code included: {(time.monotonic() - began) * 1000:.0f} ms")
    rss, _ = running.memory_mb()
    figure(f"tray: with the window open: {rss:.1f} MB RSS")
    assert rss <= 90


def test_open_and_close_fifty_times(qt: QApplication, private_home: Path, figure: Figure) -> None:
    from sidelight_tray.heard.view import view_of
    from sidelight_tray.heard.view_usage import usage_of
    from sidelight_tray.tray import Tray
    from support.tray_door import HeldDoor, surroundings
    from support.tray_samples import NOW, decision, service, snapshot, usage

    door = HeldDoor()
    tray = Tray(surroundings(door, private_home), lambda: None, lambda: NOW)
    tray._hear(view_of(snapshot(service=service("minor"), decisions=[decision("blocked")])))
    took: list[float] = []

    def once() -> None:
        began = time.monotonic()
        tray.toggle()
        qt.processEvents()
        took.append((time.monotonic() - began) * 1000)
        tray.toggle()
        for _ in range(3):
            qt.processEvents()

    for _ in range(10):
        once()
    rounds: list[float] = []
    # What leaks does so in both rounds; a page the allocator takes once does not.
    for _ in range(2):
        gc.collect()
        before = resident_kb()
        for _ in range(50):
            once()
        gc.collect()
        rounds.append((resident_kb() - before) / 1024)
    grown = min(rounds)
    figure(f"tray: popover opens in {sorted(took[10:])[50]:.0f} ms; 50 times more: {grown:+.2f} MB")
    assert usage_of(usage()).problem == ""
    assert grown <= 1.0
    tray.end()
    door.close()


def resident_kb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal there (PEP 683)")
def test_void_calls_of_qt_leave_nones_count_alone(qt: QApplication, figure: Figure) -> None:
    from PySide6.QtCore import QObject

    thing = QObject()
    for _ in range(100):
        thing.setObjectName("warm")
    before = sys.getrefcount(None)
    for _ in range(1_000):
        thing.setObjectName("name")
    lost = before - sys.getrefcount(None)
    figure(f"tray: None's count over 1,000 void calls of Qt: {before} and {-lost:+d}")
    assert abs(lost) <= 5


@pytest.mark.parametrize(
    ("installed", "python", "unfit"),
    [
        ("6.12.0", (3, 11), True),
        ("6.12.0", (3, 10), True),
        ("6.12.0", (3, 12), False),
        ("6.11.3", (3, 11), False),
        ("6.12.1", (3, 11), False),
    ],
)
def test_the_one_bad_release_is_refused(
    installed: str, python: tuple[int, int], unfit: bool
) -> None:
    assert is_unfit(installed, python) is unfit
