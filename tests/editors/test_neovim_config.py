"""`lsp/sidelight.lua`, for people who take Neovim's own client and no plugin (0.11 and newer)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from support import scripted_server
from support.neovim import Neovim, until
from support.neovim_scene import Scene
from support.pasted import pasted
from support.real_server import CONTINUES, TYPED, RealServer, real_server

pytestmark = pytest.mark.editors

Enable = Callable[..., Scene]

# As the page says it, but for the program.
ENABLE = """
vim.lsp.config('sidelight', { cmd = ... })
vim.lsp.enable('sidelight')
"""

# What nvim-lspconfig has under this name, but for its program and its commands.
COPILOT = """
local version = tostring(vim.version())
vim.lsp.config('copilot', {
  cmd = { 'copilot-language-server', '--stdio' },
  root_markers = { '.git' },
  init_options = {
    editorInfo = { name = 'Neovim', version = version },
    editorPluginInfo = { name = 'Neovim', version = version },
  },
  settings = { telemetry = { telemetryLevel = 'all' } },
})
"""
DRAWN_WITHIN_S = 2.0
"""How long a person rests before typing anew."""
DIALECT = {"signIn", "didChangeStatus", "statusNotification"}
SIGN_IN = """
local client = vim.lsp.get_clients({ name = 'copilot' })[1]
return client:request_sync('signIn', vim.empty_dict(), 5000).result.status
"""


@pytest.fixture
def enable(nvim_program: Path, tmp_path: Path) -> Generator[Enable]:
    """`enable(STEP, …)`: a Neovim that never calls the plugin, on a file below a subfolder."""
    scenes: list[Scene] = []

    def start(*steps: dict[str, Any]) -> Scene:
        kept, file = tmp_path / "traffic", tmp_path / "repo" / "src" / "a.py"
        kept.mkdir()
        file.parent.mkdir(parents=True)
        (tmp_path / "repo" / ".git").mkdir()
        file.touch()
        script = tmp_path / "script.json"
        script.write_text(json.dumps({"inline": steps or [{"result": None}]}), encoding="utf-8")
        scene = Scene(Neovim(nvim_program, tmp_path / "homes"), file, kept)
        scenes.append(scene)
        if not scene.neovim.rpc.funcs.has("nvim-0.11"):
            pytest.skip("vim.lsp.enable came with Neovim 0.11")
        command = [sys.executable, scripted_server.__file__, str(script), str(kept)]
        scene.neovim.lua(ENABLE, command)
        return scene

    yield start
    for scene in scenes:
        scene.leave()


def test_the_file_is_found_and_the_server_is_started_for_the_whole_repository(
    enable: Enable,
) -> None:
    scene = enable()
    scene.neovim.edit(scene.file)
    (first,) = scene.wait_for_sent("initialize")
    assert first["params"]["rootUri"] == scene.file.parents[1].as_uri()
    assert first["params"]["initializationOptions"] == {"sidelight": {}}
    scene.neovim.rpc.command(f"edit {scene.file.with_name('b.py')}")
    assert len(scene.wait_for_sent("textDocument/didOpen", 2)) == 2
    assert len(scene.sessions()) == 1
    assert scene.neovim.messages() == ""


def test_neovim_draws_the_ghost_and_tab_takes_it_as_the_page_says(enable: Enable) -> None:
    place = {"line": 0, "character": 8}
    command = {"title": "", "command": scripted_server.ACCEPT, "arguments": ["0" * 32]}
    one = {"insertText": "n): return n", "range": {"start": place, "end": place}}
    scene = enable({"result": {"items": [{**one, "command": command}]}}, {"result": {"items": []}})
    if not scene.neovim.rpc.funcs.has("nvim-0.12"):
        pytest.skip("this Neovim draws no ghost by itself")
    *_, without_plugin = pasted("neovim", "lua")
    scene.neovim.lua(without_plugin)
    scene.neovim.edit(scene.file)
    scene.neovim.keys("idef fib(")
    until(lambda: scene.neovim.native_ghost() == "n): return n", "the native ghost")
    scene.neovim.keys("<Tab>")
    scene.neovim.wait_for_line("def fib(n): return n")
    assert len(scene.wait_for_sent("workspace/executeCommand")) == 1


@pytest.fixture
def server(tmp_path: Path, private_home: Path) -> Generator[RealServer]:
    with real_server(tmp_path, private_home) as running:
        yield running


@pytest.fixture
def with_neovim(
    server: RealServer, nvim_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], AbstractContextManager[Neovim]]:
    """A Neovim that finds the real server on its PATH, and has left where the block ends."""
    for name in ("PATH", "PYTHONPATH", "SIDELIGHT_VAULT", "SIDELIGHT_HOME"):
        monkeypatch.setenv(name, server.environment[name])
    return lambda: closing(Neovim(nvim_program, tmp_path / "homes"))


def test_where_neovim_has_no_ghost_the_menu_has_the_suggestion(
    with_neovim: Callable[[], AbstractContextManager[Neovim]], server: RealServer
) -> None:
    with with_neovim() as neovim:
        if neovim.rpc.funcs.has("nvim-0.12") or not neovim.rpc.funcs.has("nvim-0.11"):
            pytest.skip("this Neovim draws the ghost by itself, or has no vim.lsp.enable")
        neovim.lua("vim.lsp.enable('sidelight')")
        neovim.edit(server.file)
        neovim.rpc.command("set completeopt=menuone noautoindent indentexpr=")

        def offered() -> bool:
            # Typed anew each time: the gateway may not have read the workspace at first.
            asked = len(server.answers("textDocument/completion"))
            neovim.keys(f"<Esc>GS{TYPED}<C-x><C-o>")
            until(lambda: len(server.answers("textDocument/completion")) > asked, "it is answered")
            return bool(server.answers("textDocument/completion")[-1]["items"])

        neovim.keys("Go")
        until(offered, "a suggestion", 30)
        neovim.keys("<C-y>")
        until(lambda: neovim.line().startswith(TYPED + CONTINUES), neovim.line)
    assert server.problems() == []


def test_neovim_runs_sidelight_where_it_would_run_the_copilot_server_as_the_page_says(
    with_neovim: Callable[[], AbstractContextManager[Neovim]], server: RealServer
) -> None:
    with with_neovim() as neovim:
        if not neovim.rpc.funcs.has("nvim-0.12"):
            pytest.skip("this Neovim draws no ghost by itself")
        _, with_lspconfig = pasted("copilot", "lua")
        neovim.lua(COPILOT)
        neovim.lua(with_lspconfig)
        neovim.lua("vim.lsp.inline_completion.enable()")
        neovim.lua("vim.keymap.set('i', '<Tab>', vim.lsp.inline_completion.get)")
        neovim.rpc.command(f"edit {server.file}")
        neovim.rpc.command("set noautoindent indentexpr=")
        until(lambda: server.answers("initialize"), "it is started", 30)
        assert neovim.lua(SIGN_IN) == "AlreadySignedIn"
        neovim.keys("Go")

        def ghost() -> bool:
            # Typed anew each time: the gateway may not have read the workspace at first, and
            # Neovim asks once it rests.
            neovim.keys(f"<Esc>GS{TYPED}")
            ends = time.monotonic() + DRAWN_WITHIN_S
            while not (found := neovim.native_ghost()) and time.monotonic() < ends:
                time.sleep(0.01)
            return found.startswith(CONTINUES)

        until(ghost, neovim.native_ghost, 30)
        neovim.keys("<Tab>")
        until(lambda: TYPED + CONTINUES in neovim.lines(), neovim.line)
        assert neovim.messages() == ""
    assert server.problems(DIALECT) == []
