"""A word or a line of a suggestion in Neovim, the commands around it, and Neovim's own ghost."""

from __future__ import annotations

from typing import Any

import pytest

from support.neovim import until
from support.neovim_scene import Begin, Scene

pytestmark = pytest.mark.editors

FIB = {"line": "def fib(n): return n + 1"}
PARTS = {"accept_word": "<C-l>", "accept_line": "<C-j>"}
PARTLY = "textDocument/didPartiallyAcceptCompletion"


def lengths(scene: Scene) -> list[int]:
    return [message["params"]["acceptedLength"] for message in scene.sent(PARTLY)]


def test_a_word_goes_in_and_the_rest_stays_on_the_screen(begin: Begin) -> None:
    scene = begin(FIB, {"result": None}, keys=PARTS)
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n + 1")
    scene.neovim.keys("<C-l>")
    scene.neovim.wait_for_line("def fib(n")
    assert scene.neovim.wait_for_ghost("): return n + 1").pieces[0][0] == len("def fib(n")
    scene.neovim.keys("<C-l><C-l>")
    scene.neovim.wait_for_line("def fib(n): return")
    scene.neovim.wait_for_ghost(" n + 1")
    scene.wait_for_sent(PARTLY, 3)
    assert lengths(scene) == [len("def fib(n"), len("def fib(n):"), len("def fib(n): return")]
    assert scene.sent("workspace/executeCommand") == []


def test_the_last_word_is_an_acceptance_and_tab_takes_what_words_left(begin: Begin) -> None:
    scene = begin({"line": "x = alpha + beta"}, {"result": None}, keys=PARTS)
    scene.neovim.keys("ix = ")
    scene.neovim.wait_for_ghost("alpha + beta")
    scene.neovim.keys("<C-l><Tab>")
    scene.neovim.wait_for_line("x = alpha + beta")
    assert len(scene.wait_for_sent("workspace/executeCommand")) == 1
    assert len(scene.sent(PARTLY)) == 1


def test_lines_go_in_one_by_one(begin: Begin) -> None:
    scene = begin({"line": "if x:\n    alpha = 1\n    beta = 2"}, {"result": None}, keys=PARTS)
    scene.neovim.rpc.command("setlocal noautoindent indentexpr=")
    scene.neovim.keys("iif ")
    scene.neovim.wait_for_ghost("x:\n    alpha = 1\n    beta = 2")
    scene.neovim.keys("<C-j>")
    scene.neovim.wait_for_line("if x:")
    scene.neovim.wait_for_ghost("\n    alpha = 1\n    beta = 2")
    scene.neovim.keys("<C-j>")
    until(lambda: scene.neovim.lines() == ["if x:", "    alpha = 1"], "the second line")
    scene.neovim.wait_for_ghost("\n    beta = 2")
    scene.neovim.keys("<C-j>")
    until(lambda: scene.neovim.lines()[2:] == ["    beta = 2"], "the third line")
    assert len(scene.wait_for_sent("workspace/executeCommand")) == 1


def test_a_word_that_brings_the_closed_bracket_takes_its_place(begin: Begin) -> None:
    place = {"start": {"line": 0, "character": 8}, "end": {"line": 0, "character": 9}}
    item = {"insertText": "n): return n", "range": place}
    scene = begin({"result": {"items": [item]}}, {"result": None}, keys=PARTS, text="def fib()\n")
    scene.neovim.keys("8li")
    scene.neovim.wait_for_ghost("n: return n")
    scene.neovim.keys("<C-l>")
    scene.neovim.wait_for_line("def fib(n)")
    scene.neovim.keys("<C-l>")
    scene.neovim.wait_for_line("def fib(n):")
    scene.neovim.wait_for_ghost(" return n")


def test_lengths_are_counted_in_utf_16_units(begin: Begin) -> None:
    scene = begin({"line": "s = '😀' + str(n)"}, {"result": None}, keys=PARTS)
    scene.neovim.keys("is = '😀'")
    scene.neovim.wait_for_ghost(" + str(n)")
    scene.neovim.keys("<C-l>")
    scene.wait_for_sent(PARTLY)
    assert lengths(scene) == [len("s = '😀' +") + 1]


def test_undo_takes_one_word_back(begin: Begin) -> None:
    scene = begin(FIB, {"result": None}, keys=PARTS)
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n + 1")
    scene.neovim.keys("<C-l><C-l><Esc>")
    scene.neovim.wait_for_line("def fib(n):")
    scene.neovim.keys("u")
    scene.neovim.wait_for_line("def fib(n")
    scene.neovim.keys("u")
    scene.neovim.wait_for_line("def fib(")


def test_a_part_without_a_ghost_is_what_the_key_was(begin: Begin) -> None:
    scene = begin(keys={"accept_word": "<Tab>", "accept": False})
    scene.neovim.rpc.command("set noexpandtab softtabstop=0")
    scene.neovim.keys("ix<Tab>")
    scene.neovim.wait_for_line("x\t")


def test_the_line_ends_of_the_file_stay_as_they_are(begin: Begin) -> None:
    scene = begin({"line": "if x:\n    y = 1"}, {"result": None})
    scene.neovim.rpc.command("setlocal fileformat=dos noautoindent indentexpr=")
    scene.neovim.keys("iif ")
    scene.neovim.wait_for_ghost("x:\n    y = 1")
    scene.neovim.keys("<Tab><Esc>")
    until(lambda: scene.neovim.lines() == ["if x:", "    y = 1"], "both lines")
    scene.neovim.rpc.command("write")
    assert scene.file.read_bytes() == b"if x:\r\n    y = 1\r\n"


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        ("signout", "sidelight.signOut"),
        ("usage", "sidelight.usage"),
        ("explain", "sidelight.explain"),
        ("what_was_sent", "sidelight.whatWasSent"),
    ],
)
def test_each_command_reaches_the_server(begin: Begin, command: str, sent: str) -> None:
    scene = begin()
    scene.neovim.rpc.command(f"Sidelight {command}")
    (message,) = scene.wait_for_sent("workspace/executeCommand")
    assert message["params"]["command"] == sent
    uri = scene.file.as_uri()
    given = {
        "explain": [{"uri": uri, "position": {"line": 0, "character": 0}}],
        "what_was_sent": [uri],
    }
    assert message["params"].get("arguments", []) == given.get(command, [])


def test_restart_ends_the_server_and_starts_another(begin: Begin) -> None:
    scene = begin(FIB)
    scene.neovim.rpc.command("Sidelight restart")
    until(lambda: len(scene.sessions()) == 2, "a second server is started")
    until(scene.neovim.attached, "the file is served again")
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n + 1")


def begin_native(begin: Begin, *steps: dict[str, Any], **options: Any) -> Scene:
    scene = begin(*steps, native=True, **options)
    if not scene.neovim.rpc.funcs.has("nvim-0.12"):
        pytest.skip("this Neovim has no inline completion of its own")
    return scene


def item(text: str, column: int) -> dict[str, Any]:
    place = {"line": 0, "character": column}
    command = {"title": "", "command": "sidelight.didAccept", "arguments": ["0" * 32]}
    one = {"insertText": text, "range": {"start": place, "end": place}, "command": command}
    return {"result": {"items": [one]}}


def test_neovims_own_ghost_is_taken_by_tab_and_the_server_is_told(begin: Begin) -> None:
    scene = begin_native(begin, item("n): return n", 8), {"result": {"items": []}})
    scene.neovim.keys("idef fib(")
    until(
        lambda: scene.neovim.native_ghost() == "n): return n",
        lambda: f"the native ghost; {scene.neovim.native_ghost()!r}",
    )
    assert scene.neovim.ghost() is None
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("def fib(n): return n")
    assert len(scene.wait_for_sent("workspace/executeCommand")) == 1


def test_tab_right_behind_typed_through_keys_doubles_nothing(begin: Begin) -> None:
    """Neovim alone makes `def fib(n): return nn): ` of this (neovim#36529)."""
    scene = begin_native(begin, item("n): return n", 8), {"result": {"items": []}})
    scene.neovim.keys("idef fib(")
    until(lambda: scene.neovim.native_ghost() == "n): return n", "the native ghost")
    scene.neovim.keys("n): <Tab>")
    scene.neovim.wait_for_line("def fib(n): return n")


def test_neovims_ghost_that_no_longer_fits_replaces_nothing(begin: Begin) -> None:
    scene = begin_native(begin, item("n): return n", 8), {"result": None})
    scene.neovim.keys("idef fib(")
    until(lambda: scene.neovim.native_ghost() == "n): return n", "the native ghost")
    scene.neovim.keys("x<Tab>")
    scene.catch_up("after Tab")
    assert scene.neovim.line().startswith("def fib(x")
    assert "return" not in scene.neovim.line()


def test_tab_without_neovims_ghost_is_a_tab(begin: Begin) -> None:
    scene = begin_native(begin, {"result": {"items": []}})
    scene.neovim.rpc.command("set noexpandtab softtabstop=0")
    scene.neovim.keys("ix<Tab>")
    scene.neovim.wait_for_line("x\t")


def test_native_where_there_is_none_is_drawn_by_the_plugin(begin: Begin) -> None:
    scene = begin(FIB, native=True)
    if scene.neovim.rpc.funcs.has("nvim-0.12"):
        pytest.skip("this Neovim has inline completion of its own")
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n + 1")
    scene.neovim.rpc.command("checkhealth sidelight")
    assert "native = true needs Neovim 0.12" in "\n".join(scene.neovim.lines())
