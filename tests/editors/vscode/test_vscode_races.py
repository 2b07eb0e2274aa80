"""VS Code and a server whose answers are late, missing, out of order or wrong: nothing typed is hurt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.neovim import until
from support.vscode_window import Server, Window

pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]

Script = Callable[..., tuple[Server, Window]]
FIB = {"line": "def fib(n): return n"}
NOTHING: dict[str, dict[str, Any]] = {
    "null": {"result": None},
    "empty": {"result": {"items": []}},
    "empty list": {"result": []},
    "error": {"error": {"code": -32803, "message": "request failed"}},
}


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
