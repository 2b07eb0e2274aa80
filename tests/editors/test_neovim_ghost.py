"""Neovim with the plugin and a scripted server: type, see the ghost, type through it, take it."""

from __future__ import annotations

import pytest

from support.neovim import until
from support.neovim_scene import Begin

pytestmark = pytest.mark.editors

FIB = {"line": "def fib(n): return n"}


def test_typing_brings_a_ghost_in_the_plugins_own_colour(begin: Begin) -> None:
    scene = begin(FIB)
    scene.neovim.keys("idef fib(")
    ghost = scene.neovim.wait_for_ghost("n): return n")
    assert (ghost.row, ghost.pieces[0][0]) == (0, len("def fib("))
    assert ghost.highlights == {"SidelightGhost"}
    assert scene.neovim.lines() == ["def fib("]
    assert scene.neovim.lua("return vim.api.nvim_get_hl(0, { name = 'SidelightGhost' }).link") == (
        "Comment"
    )


def test_fast_typing_asks_once(begin: Begin) -> None:
    scene = begin(FIB, debounce_ms=150)
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    assert scene.asked() == 1


def test_typing_through_the_ghost_trims_it_and_asks_nothing(begin: Begin) -> None:
    scene = begin(FIB)
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    for typed in "n): r":
        scene.neovim.keys(typed)
    ghost = scene.neovim.wait_for_ghost("eturn n")
    assert ghost.pieces[0][0] == len("def fib(n): r")
    scene.neovim.wait_until_idle()
    assert scene.asked() == 1


def test_tab_takes_the_ghost_and_tells_the_server(begin: Begin) -> None:
    scene = begin(FIB, {"result": {"items": []}})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("def fib(n): return n")
    assert scene.neovim.ghost() is None
    assert scene.neovim.cursor() == (0, len("def fib(n): return n"))
    assert scene.neovim.mode() == "i"
    (command,) = scene.wait_for_sent("workspace/executeCommand")
    assert command["params"] == {"command": "sidelight.didAccept", "arguments": ["0" * 32]}


def test_the_server_knows_the_new_text_before_it_hears_of_the_acceptance(begin: Begin) -> None:
    scene = begin(FIB, {"result": None})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("<Tab>")
    scene.wait_for_sent("workspace/executeCommand")
    methods = [entry.message.get("method") for entry in scene.traffic()]
    accepted = methods.index("workspace/executeCommand")
    changes = [i for i, method in enumerate(methods) if method == "textDocument/didChange"]
    assert any("n): return n" in str(scene.traffic()[i].message) for i in changes if i < accepted)


def test_keys_typed_right_behind_tab_land_behind_the_suggestion(begin: Begin) -> None:
    scene = begin(FIB, {"result": None})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("<Tab> + 1<Esc>")
    scene.neovim.wait_for_line("def fib(n): return n + 1")


def test_tab_right_behind_a_typed_through_key_inserts_only_what_is_left(begin: Begin) -> None:
    scene = begin(FIB, {"result": None})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("n):<Tab><Esc>")
    scene.neovim.wait_for_line("def fib(n): return n")


def test_one_undo_takes_the_suggestion_back_and_no_key(begin: Begin) -> None:
    scene = begin(FIB, {"result": None})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("<Tab><Esc>")
    scene.neovim.wait_for_line("def fib(n): return n")
    scene.neovim.keys("u")
    scene.neovim.wait_for_line("def fib(")


def test_a_suggestion_of_several_lines_shows_and_goes_in_as_such(begin: Begin) -> None:
    scene = begin({"line": "def f():\n    return 1\n"}, {"result": None}, text="\nend = 1\n")
    scene.neovim.keys("idef f(")
    ghost = scene.neovim.wait_for_ghost("):\n    return 1\n")
    assert ghost.below == ("    return 1", "")
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("")
    assert scene.neovim.lines() == ["def f():", "    return 1", "", "end = 1"]
    assert scene.neovim.cursor() == (2, 0)


def test_tabs_in_a_suggestion_show_as_the_blanks_they_will_be(begin: Begin) -> None:
    scene = begin({"line": "if x {\n\treturn\n}"}, {"result": None}, name="a.go")
    scene.neovim.rpc.command("set tabstop=4")
    scene.neovim.keys("iif x ")
    ghost = scene.neovim.wait_for_ghost("{\n    return\n}")
    assert ghost.below == ("    return", "}")
    scene.neovim.keys("<Tab><Esc>")
    scene.neovim.wait_for_line("}")
    assert scene.neovim.lines() == ["if x {", "\treturn", "}"]


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("s = '😀' + ", "chr(1)"),
        ("x = '𝄞𝄞é' + ", "'ü😀'"),
        ("漢字 = ", "'漢' * 2"),
    ],
)
def test_columns_are_right_behind_surrogate_pairs(begin: Begin, before: str, text: str) -> None:
    """The range ends at a utf-16 column; Neovim counts bytes."""
    scene = begin({"line": before + text}, {"result": None})
    scene.neovim.keys(f"i{before}")
    ghost = scene.neovim.wait_for_ghost(text)
    assert ghost.pieces[0][0] == len(before.encode())
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line(before + text)
    assert scene.neovim.cursor() == (0, len((before + text).encode()))


def test_a_range_that_starts_behind_a_surrogate_pair_is_read_in_utf_16(begin: Begin) -> None:
    before = "s = '😀'; pri"
    start, end = len("s = '😀'; ") + 1, len(before) + 1
    place = {
        "start": {"line": 0, "character": start},
        "end": {"line": 0, "character": end},
    }
    item = {"insertText": "print(s)", "range": place}
    scene = begin({"result": {"items": [item]}}, {"result": None})
    scene.neovim.keys(f"i{before}")
    scene.neovim.wait_for_ghost("nt(s)")
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("s = '😀'; print(s)")


def test_a_closed_bracket_behind_the_cursor_is_woven_into_the_suggestion(begin: Begin) -> None:
    """Brackets that close themselves: the item replaces `)` and brings it again."""
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 6}}
    item = {"insertText": "fib(n - 1) + 1", "range": place}
    scene = begin({"result": {"items": [item]}}, {"result": None}, text="fib()")
    scene.neovim.keys("4li")
    ghost = scene.neovim.wait_for_ghost("n - 1 + 1")
    assert ghost.pieces == ((4, "n - 1"), (5, " + 1"))
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("fib(n - 1) + 1")


def test_tab_without_a_ghost_is_a_tab(begin: Begin) -> None:
    scene = begin({"result": None})
    scene.neovim.rpc.command("set noexpandtab softtabstop=0")
    scene.neovim.keys("ix<Tab>y")
    scene.neovim.wait_for_line("x\ty")


def test_tab_without_a_ghost_does_what_it_did_before(begin: Begin) -> None:
    """Neovim itself maps Tab to jump within a snippet, since 0.11."""
    scene = begin({"result": None})
    if not scene.neovim.rpc.funcs.has("nvim-0.11"):
        pytest.skip("this Neovim maps nothing to Tab")
    scene.neovim.keys("i")
    scene.neovim.lua("vim.snippet.expand('f(${1:a}, ${2:b})')")
    scene.neovim.keys("x")
    scene.neovim.wait_for_line("f(x, b)")
    scene.neovim.keys("<Tab>")
    until(lambda: scene.neovim.mode() == "s", "the second placeholder is selected")
    scene.neovim.keys("y")
    scene.neovim.wait_for_line("f(x, y)")


def test_what_stands_on_tab_already_is_called_when_there_is_no_ghost(begin: Begin) -> None:
    scene = begin({"result": None})
    scene.neovim.lua(
        """
        vim.keymap.set('i', '<F5>', function() return 'mine' end, { expr = true })
        vim.keymap.set('i', '<F6>', 'typed')
        require('sidelight.accept').map({ accept = '<F5>', dismiss = '<F6>', suggest = false })
        require('sidelight.accept').map({ accept = '<F5>', dismiss = '<F6>', suggest = false })
        """
    )
    scene.neovim.keys("i<F5> <F6>")
    scene.neovim.wait_for_line("mine typed")


def test_other_text_clears_the_ghost_and_tab_is_a_tab_again(begin: Begin) -> None:
    scene = begin(FIB, {"result": {"items": []}})
    scene.neovim.rpc.command("set noexpandtab softtabstop=0")
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("x<Tab>")
    scene.neovim.wait_for_line("def fib(x\t")
    assert scene.neovim.ghost() is None


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("<Esc>", "insert mode is left"),
        ("<C-o>:new<CR>", "another buffer is entered"),
        ("<BS>", "a character is taken away"),
        ("<Left>", "the cursor moves away"),
        ("<CR>", "the line changes"),
    ],
)
def test_the_ghost_goes_when(begin: Begin, keys: str, why: str) -> None:
    scene = begin(FIB, {"result": None})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    buffer = scene.neovim.rpc.current.buffer.number
    scene.neovim.keys(keys)

    def marks() -> list[object]:
        space = scene.neovim.lua("return vim.api.nvim_get_namespaces().sidelight")
        return list(scene.neovim.rpc.api.buf_get_extmarks(buffer, space, 0, -1, {}))

    scene.neovim.wait_for_no_ghost()
    assert marks() == [], why


def test_nothing_is_asked_where_nobody_inserts(begin: Begin) -> None:
    scene = begin(FIB, text="def fib(\n")
    scene.neovim.keys("$jkx")
    scene.neovim.wait_until_idle()
    scene.catch_up("moved")
    assert scene.asked() == 0


def test_a_suggestion_can_be_asked_for_by_hand(begin: Begin) -> None:
    scene = begin(FIB, debounce_ms=60_000, keys={"suggest": "<C-l>"})
    scene.neovim.keys("idef fib(<C-l>")
    scene.neovim.wait_for_ghost("n): return n")
    (request,) = scene.sent("textDocument/inlineCompletion")
    assert request["params"]["context"] == {"triggerKind": 1}


def test_a_suggestion_can_be_hidden(begin: Begin) -> None:
    scene = begin(FIB, {"result": None}, keys={"dismiss": "<C-e>"})
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    scene.neovim.keys("<C-e>")
    scene.neovim.wait_for_no_ghost()
    assert scene.neovim.lines() == ["def fib("]
