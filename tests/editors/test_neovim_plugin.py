"""The plugin around the ghost: status line, commands, health, options, and its good manners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.neovim import until
from support.neovim_scene import Begin, Scene

pytestmark = pytest.mark.editors


def ex(scene: Scene, command: str) -> str:
    """What an Ex command prints."""
    return str(scene.neovim.rpc.api.exec2(command, {"output": True})["output"])


def test_the_status_line_says_what_the_server_said_last(begin: Begin) -> None:
    scene = begin()
    until(lambda: scene.neovim.statusline() == "Sidelight: Ready", "the first status")
    scene.neovim.notify("$/test/mark", {"name": "100 % used"})
    until(lambda: scene.neovim.statusline() == "Sidelight: 100 %% used", "the next status")
    shown = scene.neovim.lua(
        """
        local line = "%{%v:lua.require'sidelight'.statusline()%}"
        return vim.api.nvim_eval_statusline(line, {}).str
        """
    )
    assert shown == "Sidelight: 100 % used"


def test_a_status_tells_listeners_of_the_editor(begin: Begin) -> None:
    scene = begin()
    scene.neovim.rpc.command("autocmd User SidelightStatus let g:told = get(g:, 'told', 0) + 1")
    scene.catch_up("a")
    scene.catch_up("b")
    assert scene.neovim.rpc.eval("g:told") >= 2


def test_status_shows_unknown_numbers_as_unknown(begin: Begin) -> None:
    scene = begin()
    scene.catch_up("Limit reached")
    told = ex(scene, "Sidelight status")
    assert "Sidelight: Limit reached (ready)" in told
    assert "dev@example.org (fresh)" in told
    assert "Scripted, typical answer 41 ms" in told
    assert "– of 120 until –" in told
    assert "vim.NIL" not in told


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        ("Sidelight pause", {"command": "sidelight.pause", "arguments": [30]}),
        ("Sidelight pause 5", {"command": "sidelight.pause", "arguments": [5]}),
        ("Sidelight resume", {"command": "sidelight.pause", "arguments": [0]}),
        ("Sidelight signin", {"command": "sidelight.signIn"}),
    ],
)
def test_a_command_goes_to_the_server(begin: Begin, command: str, sent: dict[str, Any]) -> None:
    scene = begin()
    assert ex(scene, command) == ""
    (message,) = scene.wait_for_sent("workspace/executeCommand")
    assert message["params"] == sent


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("Sidelight dance", 'Sidelight knows no "dance"; it knows explain, log, pause'),
        ("Sidelight pause soon", "pause takes a number of minutes"),
        ("Sidelight pause 0", "pause takes a number of minutes"),
    ],
)
def test_a_command_that_makes_no_sense_says_what_would(
    begin: Begin, command: str, told: str
) -> None:
    scene = begin()
    assert told in ex(scene, command)
    assert scene.sent("workspace/executeCommand") == []


def test_commands_are_completed(begin: Begin) -> None:
    scene = begin()
    complete = scene.neovim.rpc.funcs.getcompletion
    known = "explain log pause restart resume signin signout status usage what_was_sent"
    assert complete("Sidelight ", "cmdline") == known.split()
    assert complete("Sidelight s", "cmdline") == ["signin", "signout", "status"]
    assert complete("Sidelight pause ", "cmdline") == []


def test_the_log_is_the_language_clients(begin: Begin) -> None:
    scene = begin()
    ex(scene, "Sidelight log")
    assert scene.neovim.rpc.current.buffer.name.endswith("lsp.log")


def test_checkhealth_names_server_session_and_keys(begin: Begin) -> None:
    scene = begin()
    scene.catch_up("Ready")
    scene.neovim.rpc.command("checkhealth sidelight")
    report = "\n".join(scene.neovim.lines())
    assert "ERROR" not in report, report
    assert "WARNING" not in report, report
    for sentence in ("a server is running for 1 buffer", "inline completion", "<Tab> accepts"):
        assert sentence in report


def test_checkhealth_says_that_the_program_is_missing(begin: Begin) -> None:
    scene = begin()
    scene.neovim.lua("require('sidelight').setup({ cmd = { 'no-such-sidelight', 'lsp' } })")
    scene.neovim.rpc.command("checkhealth sidelight")
    report = "\n".join(scene.neovim.lines())
    assert '"no-such-sidelight" cannot be started' in report


def test_a_missing_program_is_told_once_however_many_files_are_opened(begin: Begin) -> None:
    scene = begin()
    scene.neovim.lua("require('sidelight').setup({ cmd = { 'no-such-sidelight', 'lsp' } })")
    for name in "bc":
        scene.neovim.rpc.command(f"edit {scene.file.with_name(name)}.py")
    assert scene.neovim.messages().count('"no-such-sidelight" cannot be started') == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"command": ["x"]}, 'there is no option "command"'),
        ({"cmd": "sidelight lsp"}, '"cmd" must be a table, not a string'),
        ({"keys": {"take": "<Tab>"}}, 'there is no key "take"'),
        ({"keys": {"accept": 5}}, 'the key "accept" must be a string or false'),
    ],
)
def test_an_option_that_does_not_fit_is_named_and_nothing_changes(
    begin: Begin, options: dict[str, Any], told: str
) -> None:
    scene = begin()
    scene.neovim.lua("require('sidelight').setup(...)", options)
    assert f"Sidelight did not start: {told}" in scene.neovim.messages()
    assert scene.neovim.lua("return require('sidelight.config').current.debounce_ms") == 75


def test_the_settings_of_this_editor_reach_the_server(begin: Begin) -> None:
    scene = begin(settings={"completions": {"max_lines": 2}})
    (initialize,) = scene.sent("initialize")
    options = initialize["params"]["initializationOptions"]
    own = {"max_lines": 2, "debounce_ms": 0}
    assert options == {"sidelight": {"messages": True, "completions": own}}
    inline = initialize["params"]["capabilities"]["textDocument"]["inlineCompletion"]
    assert inline == {"dynamicRegistration": False}


def test_two_files_of_a_project_share_one_server(begin: Begin) -> None:
    scene = begin()
    scene.neovim.edit(scene.file.with_name("b.py"))
    scene.wait_for_sent("textDocument/didOpen", times=2)
    assert len(scene.sessions()) == 1


def test_only_the_wanted_file_types_are_served(begin: Begin) -> None:
    scene = begin(filetypes=["python"])
    scene.neovim.rpc.command("new notes.md | set filetype=markdown")
    assert scene.neovim.rpc.eval("&filetype") == "markdown"
    assert not scene.neovim.attached()


def test_scratch_buffers_are_not_served(begin: Begin) -> None:
    scene = begin()
    scene.neovim.rpc.command("new | set filetype=python")
    assert not scene.neovim.attached()
    scene.neovim.rpc.command("help help")
    assert not scene.neovim.attached()


def test_a_new_colour_scheme_keeps_the_ghosts_colour(begin: Begin) -> None:
    scene = begin()
    scene.neovim.rpc.command("colorscheme habamax")
    link = scene.neovim.lua("return vim.api.nvim_get_hl(0, { name = 'SidelightGhost' }).link")
    assert link == "Comment"


def test_a_colour_of_the_persons_own_is_left_alone(begin: Begin) -> None:
    scene = begin()
    scene.neovim.rpc.command("highlight SidelightGhost guifg=#112233")
    scene.neovim.lua("require('sidelight').setup({})")
    colour = scene.neovim.lua("return vim.api.nvim_get_hl(0, { name = 'SidelightGhost' }).fg")
    assert colour == 0x112233


def test_every_tag_of_the_help_is_unique_and_leads_somewhere(begin: Begin) -> None:
    scene = begin()
    runtime = scene.file.parent / "doc"
    runtime.mkdir()
    source = scene.neovim.lua("return vim.api.nvim_get_runtime_file('doc/sidelight.txt', false)[1]")
    (runtime / "sidelight.txt").write_bytes(Path(source).read_bytes())
    assert ex(scene, f"helptags {runtime}") == ""
    tags = (runtime / "tags").read_text(encoding="utf-8")
    text = (runtime / "sidelight.txt").read_text(encoding="utf-8")
    for tag in ("sidelight", "sidelight-setup", ":Sidelight", "hl-SidelightGhost"):
        assert f"{tag}\t" in tags
    for option in scene.neovim.lua("return vim.tbl_keys(require('sidelight.config').defaults)"):
        assert option in text, f"the option {option} is not in the help"
    for command in scene.neovim.rpc.funcs.getcompletion("Sidelight ", "cmdline"):
        assert command in text, f"the command {command} is not in the help"


def test_the_inline_completion_of_neovim_itself_is_off_for_this_server(begin: Begin) -> None:
    scene = begin({"line": "def fib(n): return n"})
    if not scene.neovim.rpc.funcs.has("nvim-0.12"):
        pytest.skip("this Neovim has no inline completion of its own")
    scene.neovim.lua("vim.lsp.inline_completion.enable(true)")
    scene.neovim.edit(scene.file.with_name("b.py"))
    scene.neovim.keys("idef fib(")
    scene.neovim.wait_for_ghost("n): return n")
    enabled = scene.neovim.lua(
        """
        local client = vim.lsp.get_clients({ name = 'sidelight' })[1]
        return vim.lsp.inline_completion.is_enabled({ client_id = client.id })
        """
    )
    assert not enabled
