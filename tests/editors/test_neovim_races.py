"""Neovim against a server that is late, silent, wrong or dead: nothing wrong stays on the screen."""

from __future__ import annotations

from typing import Any

import pytest

from support.neovim import until
from support.neovim_scene import Begin

pytestmark = pytest.mark.editors

FIB = {"line": "def fib(n): return n"}
NOTHING: list[dict[str, Any]] = [
    {"result": None},
    {"result": {"items": []}},
    {"result": []},
    {"error": {"code": -32803, "message": "request failed"}},
]


@pytest.mark.parametrize("nothing", NOTHING, ids=["null", "empty", "empty list", "error"])
def test_no_suggestion_shows_nothing_and_the_next_one_shows(
    begin: Begin, nothing: dict[str, Any]
) -> None:
    scene = begin(nothing, FIB)
    scene.neovim.keys("idef fib")
    scene.wait_until_asked(1)
    scene.catch_up("answered")
    assert scene.neovim.ghost() is None
    scene.neovim.keys("(")
    scene.neovim.wait_for_ghost("n): return n")


@pytest.mark.parametrize("nothing", NOTHING, ids=["null", "empty", "empty list", "error"])
def test_nothing_after_a_ghost_clears_the_ghost(begin: Begin, nothing: dict[str, Any]) -> None:
    scene = begin(FIB, nothing, keys={"suggest": "<C-l>"})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("<C-l>")
    scene.wait_until_asked(2)
    scene.catch_up("answered")
    assert scene.neovim.ghost() is None


def test_a_late_answer_to_an_older_text_is_dropped(begin: Begin) -> None:
    scene = begin({**FIB, "hold": "first", "deaf": True}, {"result": {"items": []}})
    scene.neovim.keys("idef fib(")
    scene.wait_until_asked(1)
    scene.neovim.keys("x")
    scene.wait_until_asked(2)
    scene.release("first")
    assert scene.neovim.ghost() is None
    assert scene.neovim.lines() == ["def fib(x"]


def test_answers_in_the_wrong_order_leave_the_newer_one(begin: Begin) -> None:
    scene = begin(
        {"line": "old = 1", "hold": "first", "deaf": True},
        {"line": "old = new()", "hold": "second"},
        keys={"suggest": "<C-l>"},
    )
    scene.neovim.keys("iold<C-l>")
    scene.wait_until_asked(1)
    scene.neovim.keys("<C-l>")
    scene.wait_until_asked(2)
    scene.release("second")
    scene.neovim.wait_for_ghost(" = new()")
    scene.release("first")
    ghost = scene.neovim.ghost()
    assert ghost is not None
    assert ghost.text == " = new()"


def test_a_superseded_request_is_cancelled_once_the_newer_one_is_sent(begin: Begin) -> None:
    scene = begin({**FIB, "hold": "first"}, FIB)
    scene.neovim.keys("idef fib")
    scene.wait_until_asked(1)
    scene.neovim.keys("(")
    scene.neovim.wait_for_ghost("n): return n")
    (cancelled,) = scene.wait_for_sent("$/cancelRequest")
    first, second = scene.sent("textDocument/inlineCompletion")
    assert cancelled["params"] == {"id": first["id"]}
    methods = [entry.message for entry in scene.traffic()]
    assert methods.index(second) < methods.index(cancelled)


def test_leaving_insert_mode_cancels_what_is_under_way(begin: Begin) -> None:
    scene = begin({**FIB, "hold": "first", "deaf": True})
    scene.neovim.keys("idef fib(")
    scene.wait_until_asked(1)
    scene.neovim.keys("<Esc>")
    scene.wait_for_sent("$/cancelRequest")
    scene.release("first")
    assert scene.neovim.ghost() is None


def test_an_answer_to_another_buffer_is_not_shown_in_this_one(begin: Begin) -> None:
    scene = begin({**FIB, "hold": "first", "deaf": True}, {"result": None})
    scene.neovim.keys("idef fib(")
    scene.wait_until_asked(1)
    scene.neovim.keys(f"<Esc>:set hidden | new {scene.file.with_name('b.py')}<CR>idef fib(")
    scene.neovim.wait_for_line("def fib(")
    scene.wait_until_asked(2)
    scene.release("first")
    assert scene.neovim.ghost() is None


@pytest.mark.parametrize(
    "item",
    [
        {"insertText": "something else"},
        {"insertText": {"kind": "snippet", "value": "def fib($1)"}},
        {"insertText": "def fib("},
        {"insertText": "def f"},
    ],
    ids=["does not start with what is typed", "a snippet", "nothing new", "shorter than typed"],
)
def test_an_item_that_would_alter_what_was_typed_is_hidden(
    begin: Begin, item: dict[str, Any]
) -> None:
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 8}}
    scene = begin({"result": {"items": [{**item, "range": place}]}})
    scene.neovim.rpc.command("set noexpandtab softtabstop=0")
    scene.neovim.keys("idef fib(")
    scene.wait_until_asked(1)
    scene.catch_up("answered")
    assert scene.neovim.ghost() is None
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("def fib(\t")


def test_an_item_that_would_swallow_text_behind_the_cursor_is_hidden(begin: Begin) -> None:
    place = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 9}}
    scene = begin({"result": {"items": [{"insertText": "1", "range": place}]}}, text="x = value\n")
    scene.neovim.keys("4li")
    scene.wait_until_asked(1)
    scene.catch_up("answered")
    assert scene.neovim.ghost() is None


@pytest.mark.parametrize(
    ("start", "end"),
    [((5, 0), (5, 1)), ((0, 0), (0, 4)), ((0, 0), (1, 0))],
    ids=["another line", "before the cursor", "several lines"],
)
def test_a_range_that_does_not_hold_the_cursor_shows_nothing(
    begin: Begin, start: tuple[int, int], end: tuple[int, int]
) -> None:
    places = [{"line": line, "character": column} for line, column in (start, end)]
    item = {"insertText": "def fib(n)", "range": {"start": places[0], "end": places[1]}}
    scene = begin({"result": {"items": [item]}})
    scene.neovim.keys("idef fib(")
    scene.wait_until_asked(1)
    scene.catch_up("answered")
    assert scene.neovim.ghost() is None
    assert scene.neovim.messages() == ""


def test_the_first_item_that_fits_is_shown(begin: Begin) -> None:
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 4}}
    items = [{"insertText": t, "range": place} for t in ("wrong", "def one()", "def two()")]
    scene = begin({"result": {"items": items}})
    scene.neovim.keys("idef ")
    scene.neovim.wait_for_ghost("one()")


def test_a_server_that_dies_is_started_again_and_serves_on(begin: Begin) -> None:
    scene = begin({"crash": "once"}, FIB)
    scene.neovim.keys("idef fib")
    until(lambda: "not running" in scene.neovim.statusline(), "the status tells of the end")
    until(lambda: len(scene.sessions()) > 1, "the server is started again")
    until(scene.neovim.attached, "the file is served again")
    scene.neovim.keys("(")
    scene.neovim.wait_for_ghost("n): return n")
    assert "Ready" in scene.neovim.statusline()


def test_a_server_that_keeps_dying_is_left_alone_after_some_tries(begin: Begin) -> None:
    scene = begin({"crash": "always"}, debounce_ms=0)
    scene.neovim.lua("require('sidelight.client').RESTART_AFTER_MS = 1")

    def gave_up() -> bool:
        if scene.neovim.attached():
            scene.neovim.keys("<Esc>Sx")
        return "stays off" in scene.neovim.messages()

    until(gave_up, "the plugin gives up")
    assert len(scene.sessions()) == 6
