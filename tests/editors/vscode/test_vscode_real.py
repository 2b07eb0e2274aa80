"""VS Code with everything real behind it, as a person uses it: keys, and what is on the screen."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import code_server
from support.neovim import until
from support.real_server import LEDGER_WITH_ASTRAL, brokers_of
from support.vscode_window import MENU, PANE, PATIENCE_S, STATUS_BAR, Server, Window

from .conftest import TYPED

IN_THE_MENU = ("Why nothing here?", "What was sent?", "Usage", "Sign out", "Restart", "Show log")

pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]


def test_typing_brings_a_suggestion_and_tab_takes_it(
    real: Window, version: code_server.Version
) -> None:
    real.type(TYPED)
    real.wait_for_ghost(") -> int:")
    real.picture(f"vscode-{version.vscode}-ghost")
    if version is code_server.NEWEST:
        real.picture_for_the_page("vscode-ghost", PANE)
        real.picture_for_the_page("vscode-ready", STATUS_BAR)
    real.press("Tab")
    assert real.saved().startswith(LEDGER_WITH_ASTRAL + TYPED + ") -> int:")
    assert real.toasts() == []


def test_a_bracket_that_the_editor_closed_does_not_stay_behind(real: Window) -> None:
    real.page.keyboard.insert_text("\n\ndef total_of_entries()")
    real.press("ArrowLeft")
    real.type("ent")
    real.wait_for_ghost("ries: list[int]")
    real.press("Tab")
    line = real.saved()[len(LEDGER_WITH_ASTRAL) :].strip().splitlines()[0]
    assert line.startswith("def total_of_entries(entries: list[int])")
    assert line.count(")") == 1


def test_an_accept_beside_emoji_counts_columns_right(real: Window) -> None:
    real.page.keyboard.insert_text('\n\nsmile = "😀𝄞"; la')
    real.type("bel ")
    real.wait_for_ghost("= smile")
    real.press("Tab")
    line = real.saved()[len(LEDGER_WITH_ASTRAL) :].strip().splitlines()[0]
    assert line == 'smile = "😀𝄞"; label = smile + str(running_total)'


def test_a_broker_that_was_killed_is_back_within_five_seconds_and_nobody_is_asked(
    real: Window,
    scene: tuple[Server, Window],
    private_home: Path,
    figure: Callable[[str], None],
) -> None:
    server, before = scene[0], len(scene[0].sessions())
    killed_at = time.monotonic()
    for pid in brokers_of(private_home):
        os.kill(pid, signal.SIGKILL)
    real.type("\n\n")
    typed = iter(TYPED.strip() + ") -> int:\n    running_total = 0\n    for entry")
    served_s = 0.0
    while not real.ghost() and (key := next(typed, "")):
        real.type(key, delay_ms=0)
        if served_s:  # Whoever sees no ghost asks for one; what typing alone brings has its price.
            real.api.command("editor.action.inlineSuggest.trigger")
        elif len(server.sessions()) > before and server.has_document():
            served_s = time.monotonic() - killed_at
        real.page.wait_for_timeout(80)
    back_s = time.monotonic() - killed_at
    figure(
        f"VS Code, broker killed while typing: served again after {served_s:.1f} s,"
        f" ghost text after {back_s:.1f} s of at most 5 s"
    )
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
    if version is code_server.NEWEST:
        real.picture_for_the_page("vscode-block", PANE)
    assert real.toasts() == []


def chosen_logs(window: Window) -> list[str]:
    """What the panel shows the log of; more than one where several panels list logs."""
    script = "lists => lists.map(list => list.selectedOptions[0]?.textContent ?? '')"
    found: list[str] = window.page.eval_on_selector_all(".part.panel select", script)
    return found


def test_the_status_bar_tells_ready_paused_and_not_running(
    real: Window, scene: tuple[Server, Window], version: code_server.Version
) -> None:
    assert "/120" in real.status()
    real.page.click('.statusbar-item[id*="sidelight.status"]')
    pause = real.page.wait_for_selector(f'{MENU} .monaco-list-row:has-text("Pause for 30 minutes")')
    assert pause is not None
    lines = real.page.locator(MENU).first.inner_text()
    assert [title for title in IN_THE_MENU if title not in lines] == []
    if version is code_server.NEWEST:
        real.picture_for_the_page("vscode-menu", MENU)
    pause.click()
    until(lambda: "Paused" in real.status(), real.status)
    # What the status bar says to whoever points at it, or comes to it by keys, would lie over messages.
    real.page.mouse.move(2, 2)
    real.api.command("workbench.action.focusActiveEditorGroup")
    real.picture(f"vscode-{version.vscode}-paused")
    if version is code_server.NEWEST:
        real.picture_for_the_page("vscode-paused", STATUS_BAR)
    scene[0].broken()
    real.command("Sidelight: Restart the Server")
    until(lambda: "not running" in real.status(), real.status, PATIENCE_S)
    until(lambda: any("Show log" in toast for toast in real.toasts()), "the log is offered")
    real.picture(f"vscode-{version.vscode}-not-running")
    if version is code_server.NEWEST:
        real.picture_for_the_page("vscode-not-running", STATUS_BAR)
    assert len(real.toasts()) == 1, "one message, in our words"
    real.page.click('.notification-toast .monaco-button:has-text("Show log")')
    # What is in it is not looked at: this VS Code was installed without what writes log files.
    until(lambda: "Sidelight" in chosen_logs(real), lambda: f"its log: {chosen_logs(real)}")
    real.api.command("workbench.action.closePanel")
    real.page.click('.statusbar-item[id*="sidelight.status"]')
    set_up = f'{MENU} .monaco-list-row:has-text("Set up now")'
    assert real.page.wait_for_selector(set_up) is not None
    real.press("Escape")
    real.api.command("sidelight.showUsage")
    until(lambda: any("nothing to tell" in toast for toast in real.toasts()), "it says so")
    real.command("Notifications: Clear All Notifications")
