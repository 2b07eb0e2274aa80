"""VS Code, the oldest supported and the newest, with the extension as it is packaged: in a real browser."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support import code_server
from support.neovim import until
from support.vscode_window import PATIENCE_S, Server, Window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]

RealPart = Callable[[str, object, str], None]
VSIX_MAX_BYTES = 150_000
FIB = {"line": "def fib(n): return n"}
NOTHING: dict[str, dict[str, Any]] = {
    "null": {"result": None},
    "empty": {"result": {"items": []}},
    "empty list": {"result": []},
    "error": {"error": {"code": -32803, "message": "request failed"}},
}
EMPTY = NOTHING["empty"]
SETTINGS: dict[str, object] = {
    "chat.disableAIFeatures": True,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.wordBasedSuggestions": "off",
    "editor.suggestOnTriggerCharacters": False,
    "editor.autoIndent": "none",
    "editor.autoClosingBrackets": "never",
    "editor.minimap.enabled": False,
    "editor.stickyScroll.enabled": False,
    "files.autoSave": "off",
    "files.eol": "\n",
    "git.enabled": False,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.showReleaseNotes": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
}


@pytest.fixture(scope="module")
def vsix(real_part: RealPart) -> Path:
    real_part("npm", shutil.which("npm"), "it builds the extension for VS Code")
    return code_server.build_extension()


@pytest.fixture(scope="module")
def browser(real_part: RealPart) -> Generator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    real_part("chromium", program, "VS Code is looked at in a browser")
    found = importlib.util.find_spec("playwright")
    real_part("playwright", found, "it drives the browser (it is in the dev dependencies)")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=flags)
        yield running
        running.close()


@pytest.fixture(
    scope="module", params=[code_server.OLDEST, code_server.NEWEST], ids=lambda v: v.vscode
)
def version(request: pytest.FixtureRequest, real_part: RealPart) -> code_server.Version:
    wanted: code_server.Version = request.param
    why = code_server.missing(wanted)
    real_part(f"VS Code {wanted.vscode}", not why, why)
    return wanted


@pytest.fixture(scope="module")
def scene(
    version: code_server.Version, browser: Browser, vsix: Path
) -> Generator[tuple[Server, Window]]:
    """A window on a file, and the server behind it, which each test chooses."""
    homes = Path(tempfile.mkdtemp(prefix="sl-vscode-"))
    server = Server(homes)
    file = homes / "work" / "case.py"
    (file.parent / ".git").mkdir(parents=True)
    file.write_text("", encoding="utf-8")
    server.scripted({}, EMPTY)
    settings = {**SETTINGS, "sidelight.server.path": str(server.program)}
    with code_server.running(version, homes, vsix, settings) as address:
        page = browser.new_page(viewport={"width": 1100, "height": 640})
        yield server, Window(page, address, file)
        page.close()
    shutil.rmtree(homes, ignore_errors=True)


Script = Callable[..., tuple[Server, Window]]


@pytest.fixture
def scripted(scene: tuple[Server, Window]) -> Generator[Script]:
    """`scripted({TEXT: STEP})`: the window with a server that answers so where a line ends with TEXT."""
    server, window = scene

    def start(by_text: dict[str, dict[str, Any]], text: str = "") -> tuple[Server, Window]:
        server.scripted(by_text, EMPTY)
        window.begin(text)
        window.restart(server)
        window.focus()
        window.press("Control+End")
        return server, window

    yield start
    assert window.toasts() == [], "nothing pops up because of a server's answer"


# --- the package ---------------------------------------------------------------------------------


def test_the_package_holds_what_it_needs_and_is_small(vsix: Path) -> None:
    with zipfile.ZipFile(vsix) as packed:
        names = set(packed.namelist())
        manifest = json.loads(packed.read("extension/package.json"))
    assert "extension/dist/extension.js" in names
    assert not any("node_modules" in n or n.endswith((".ts", ".map")) for n in names)
    assert vsix.stat().st_size <= VSIX_MAX_BYTES
    assert manifest["engines"]["vscode"] == "^1.91.0"


def test_the_same_sources_make_the_same_bytes(vsix: Path) -> None:
    before = vsix.read_bytes()
    assert code_server.build_extension().read_bytes() == before


def test_the_parts_that_need_no_editor_do_what_they_say(vsix: Path) -> None:
    assert "fail 0" in code_server.run_extension_tests()


# --- the race matrix -----------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING)
def test_nothing_after_a_ghost_clears_the_ghost(scripted: Script, nothing: dict[str, Any]) -> None:
    _, window = scripted({"def fib(": FIB, "def fib(x": nothing})
    window.type("def fib(")
    window.wait_for_ghost("n): return n")
    window.type("x")
    until(lambda: not window.ghost(), "the ghost is gone")
    assert window.saved() == "def fib(x"


def test_a_late_answer_to_an_older_text_is_not_shown(scripted: Script) -> None:
    server, window = scripted({"def fib(": {**FIB, "hold": "first", "deaf": True}})
    window.type("def fib(")
    until(lambda: server.asked_at("def fib("), "it was asked")
    window.type("x")
    until(lambda: server.asked_at("def fib(x"), "it was asked again")
    server.release("first")
    assert window.saved() == "def fib(x"
    assert not window.ghost()


def test_answers_in_the_wrong_order_leave_the_newer_one(scripted: Script) -> None:
    first = {"line": "old = 1", "hold": "first", "deaf": True}
    second = {"line": "old = new()", "hold": "second"}
    server, window = scripted({"old": first, "old ": second})
    window.type("old")
    until(lambda: server.asked_at("old"), "it was asked")
    window.type(" ")
    until(lambda: server.asked_at("old "), "it was asked again")
    server.release("second")
    window.wait_for_ghost("= new()")
    server.release("first")
    window.press("Tab")
    assert window.saved() == "old = new()"


def test_tab_right_after_typing_through_a_ghost_doubles_nothing(scripted: Script) -> None:
    _, window = scripted({"def fib(": FIB})
    window.type("def fib(")
    window.wait_for_ghost("n): return n")
    window.type("n): ", delay_ms=0)
    window.press("Tab")
    assert window.saved().rstrip() in ("def fib(n): return n", "def fib(n):")


def test_typing_something_else_hides_the_ghost_and_tab_is_a_tab_again(scripted: Script) -> None:
    _, window = scripted({"def fib(": FIB})
    window.type("def fib(")
    window.wait_for_ghost("n): return n")
    window.type("zz")
    until(lambda: not window.ghost(), "the ghost is gone")
    window.press("Tab")
    assert window.saved().rstrip() == "def fib(zz"


def test_an_accept_keeps_the_line_endings_of_the_file(scripted: Script) -> None:
    _, window = scripted({"fib": {"line": "fib = 1\nfob = 2"}}, "a = 1\r\n")
    window.type("fib")
    window.wait_for_ghost("= 1")
    window.press("Tab")
    assert window.saved() == "a = 1\r\nfib = 1\r\nfob = 2"


def test_undo_after_an_accept_brings_back_what_was_typed(scripted: Script) -> None:
    _, window = scripted({"def fib(": FIB})
    window.type("def fib(")
    window.wait_for_ghost("n): return n")
    window.press("Tab")
    until(lambda: window.shown() == "def fib(n): return n", "it was accepted")
    window.press("Control+z")
    assert window.saved() == "def fib("


def test_two_cursors_lose_nothing_that_was_typed(scripted: Script) -> None:
    _, window = scripted({"def fib(": FIB}, "\n")
    window.press("Control+Home")
    window.command("Add Cursor Below")
    window.type("def fib(")
    window.press("Tab")
    lines = window.saved().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("def fib(") for line in lines)
    assert all(line.count("def fib(") == 1 for line in lines)
    window.press("Escape")


# --- the real server -----------------------------------------------------------------------------


LEDGER = '''"""Totals of a ledger."""


def total_of_entries(entries: list[int]) -> int:
    running_total = 0
    for entry in entries:
        running_total += entry
    return running_total


def label_of_total(running_total: int) -> str:
    smile = "😀𝄞"; label = smile + str(running_total)
    return label
'''
TYPED = "\n\ndef total_of_entries(entries: list[int]"


@pytest.fixture
def real(scene: tuple[Server, Window], private_home: Path) -> Generator[Window]:
    """The window with the real server, its broker and the embedded gateway."""
    server, window = scene
    server.real(private_home)
    window.begin(LEDGER)
    window.restart(server)
    until(lambda: "/120" in window.status(), lambda: f"ready: {window.status()}", PATIENCE_S)
    window.focus()
    window.press("Control+End")
    yield window
    server.scripted({}, EMPTY)
    window.begin("")
    window.restart(server)
    for pid in brokers(private_home):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not brokers(private_home), "the broker has ended")


def brokers(home: Path) -> list[int]:
    """The broker processes of this home."""
    found: list[int] = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"broker" in words and f"SIDELIGHT_HOME={home}".encode() in environment:
            found.append(int(process.name))
    return found


def test_typing_brings_a_suggestion_and_tab_takes_it(
    real: Window, version: code_server.Version
) -> None:
    real.type(TYPED)
    real.wait_for_ghost(") -> int:")
    real.picture(f"vscode-{version.vscode}-ghost")
    real.press("Tab")
    assert real.saved().startswith(LEDGER + TYPED + ") -> int:")
    assert real.toasts() == []


def test_a_bracket_that_the_editor_closed_does_not_stay_behind(real: Window) -> None:
    real.page.keyboard.insert_text("\n\ndef total_of_entries()")
    real.press("ArrowLeft")
    real.type("ent")
    real.wait_for_ghost("ries: list[int]")
    real.press("Tab")
    line = real.saved()[len(LEDGER) :].strip().splitlines()[0]
    assert line.startswith("def total_of_entries(entries: list[int])")
    assert line.count(")") == 1


def test_an_accept_beside_emoji_counts_columns_right(real: Window) -> None:
    real.page.keyboard.insert_text('\n\nsmile = "😀𝄞"; la')
    real.type("bel ")
    real.wait_for_ghost("= smile")
    real.press("Tab")
    line = real.saved()[len(LEDGER) :].strip().splitlines()[0]
    assert line == 'smile = "😀𝄞"; label = smile + str(running_total)'


def test_a_broker_that_was_killed_is_back_within_five_seconds_and_nobody_is_asked(
    real: Window, private_home: Path, figure: Callable[[str], None]
) -> None:
    killed_at = time.monotonic()
    for pid in brokers(private_home):
        os.kill(pid, signal.SIGKILL)
    real.type("\n\n")
    typed = iter(TYPED.strip() + ") -> int:\n    running_total = 0\n    for entry")
    while not real.ghost() and (key := next(typed, "")):
        real.type(key, delay_ms=0)
        real.page.wait_for_timeout(80)
    back_s = time.monotonic() - killed_at
    figure(f"VS Code, broker killed while typing: ghost text again after {back_s:.1f} s (hold 5 s)")
    assert real.ghost()
    assert real.toasts() == []


def test_a_blocked_number_is_underlined_explained_and_has_actions(
    real: Window, version: code_server.Version
) -> None:
    real.type('\n\nFIXTURE = {"ssn": "536-22-8765", "name": ', delay_ms=15)
    squiggle = ".squiggly-info, .squiggly-warning, .squiggly-hint"
    real.page.wait_for_selector(squiggle, state="attached", timeout=PATIENCE_S * 1000)
    real.press("ArrowLeft")
    place = real.page.locator(
        '.view-line:has-text("536-22-8765") span:has-text("536-22-8765")'
    ).last
    box = place.bounding_box()
    assert box is not None
    real.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    hover = real.page.wait_for_selector(".monaco-hover:not(.hidden)")
    assert hover is not None
    until(lambda: "sidelight" in hover.inner_text().lower(), hover.inner_text)
    real.picture(f"vscode-{version.vscode}-block")
    assert real.toasts() == []


def test_the_status_bar_tells_ready_paused_and_not_running(
    real: Window, scene: tuple[Server, Window], version: code_server.Version
) -> None:
    assert "/120" in real.status()
    real.page.click('.statusbar-item[id*="sidelight.status"]')
    real.page.wait_for_selector(
        '.quick-input-list .monaco-list-row:has-text("Pause for 30 minutes")'
    ).click()  # type: ignore[union-attr]
    until(lambda: "Paused" in real.status(), real.status)
    real.picture(f"vscode-{version.vscode}-paused")
    scene[0].broken()
    real.command("Sidelight: Restart the Server")
    until(lambda: "not running" in real.status(), real.status, PATIENCE_S)
    real.picture(f"vscode-{version.vscode}-not-running")
    until(lambda: any("Show log" in toast for toast in real.toasts()), "the log is offered")
    assert len(real.toasts()) == 1, "one message, in our words"
    real.command("Notifications: Clear All Notifications")
