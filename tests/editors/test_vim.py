"""Vim with ALE and the configuration that ships: its menu, its warnings and its list of actions."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support import client_profiles
from support.neovim import until
from support.pasted import pasted
from support.real_server import CONTINUES, FINDING, TYPED, real_server
from support.terminal import terminal

pytestmark = pytest.mark.editors

ALE = Path("/usr/share/vim-ale")

RealPart = Callable[[str, object, str], None]


def test_vim_shows_the_suggestion_the_explanation_and_its_actions(
    tmp_path: Path, private_home: Path, real_part: RealPart
) -> None:
    for program in ("vim", "tmux"):
        real_part(program, shutil.which(program), "Vim is driven in a terminal")
    real_part("vim-ale", ALE.is_dir(), "ALE is Vim's language server client here")
    vimrc = tmp_path / "vimrc"
    quiet = "set nocompatible noswapfile noautoindent completeopt=menuone viminfo="
    # ALE's own linters for Python would run programs of this machine.
    only = "let g:ale_linters = {'python': ['sidelight']}"
    (block,) = pasted("vim", "vim")
    lines = [quiet, only, f"set runtimepath^={ALE}", block, "filetype on"]
    vimrc.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (
        real_server(tmp_path, private_home) as server,
        terminal(private_home / "tmux", server.environment) as screen,
    ):
        screen.start(["vim", "-u", str(vimrc), str(server.file)], server.workspace)
        screen.wait_for("def total")
        until(lambda: server.answers("initialize"), screen.screen)
        screen.press("G", "o")

        def offered() -> bool:
            # Typed anew each time: the gateway may not have read the workspace at first.
            screen.press("C-u")
            screen.type(TYPED)
            asked = len(server.answers("textDocument/completion"))
            screen.type(CONTINUES[0])  # ALE asks at the beginning of a word.
            until(lambda: len(server.answers("textDocument/completion")) > asked, screen.screen)
            answer = server.answers("textDocument/completion")[-1]
            return bool(answer and answer["items"])

        until(offered, lambda: f"a suggestion in\n{screen.screen()}", 30)
        screen.wait_for(f"{CONTINUES} ")
        screen.press("C-n", "C-y", "Escape")
        screen.wait_for(TYPED + CONTINUES)

        screen.press("o", "C-u")
        screen.type(FINDING)
        screen.press("Enter", "Escape", "k")
        screen.wait_for("Would be refused")
        screen.press("f", "5")
        screen.type(":ALECodeAction")
        screen.press("Enter")
        screen.wait_for("Redact and retry")
        screen.press("Escape")
        screen.press("Escape")
        screen.type(":qa!")
        screen.press("Enter")
        assert server.problems() == []
        client_profiles.keep("vim-ale", server.kept)
