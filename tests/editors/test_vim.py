"""Vim with ALE and the configuration that ships: it attaches, asks and is answered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.neovim import CHECKOUT, until
from support.real_server import TYPED, real_server
from support.terminal import terminal

pytestmark = pytest.mark.editors

ALE = Path("/usr/share/vim-ale")
CONFIGURATION = CHECKOUT / "installers" / "vim" / "sidelight.vim"

RealPart = Callable[[str, object, str], None]


def test_vim_attaches_and_is_answered(
    tmp_path: Path, private_home: Path, real_part: RealPart
) -> None:
    for program in ("vim", "tmux"):
        real_part(program, shutil.which(program), "Vim is driven in a terminal")
    real_part("vim-ale", ALE.is_dir(), "ALE is Vim's language server client here")
    vimrc = tmp_path / "vimrc"
    quiet = "set nocompatible noswapfile noautoindent completeopt=menuone viminfo="
    # ALE's own linters for Python would run programs of this machine.
    only = "let g:ale_linters = {'python': ['sidelight']}\nlet g:ale_completion_enabled = 1"
    load = [f"set runtimepath^={ALE}", f"runtime! plugin/ale.vim\nsource {CONFIGURATION}"]
    vimrc.write_text("\n".join([quiet, only, *load, "filetype on"]) + "\n", encoding="utf-8")
    with (
        real_server(tmp_path, private_home) as server,
        terminal(private_home / "tmux", server.environment) as screen,
    ):
        screen.start(["vim", "-u", str(vimrc), str(server.file)], server.workspace)
        screen.wait_for("def total")
        until(lambda: server.answers("initialize"), screen.screen)
        screen.press("G", "o")

        screen.type(TYPED)
        screen.press("C-x", "C-o")
        asked = "textDocument/completion"
        until(lambda: server.answers(asked), screen.screen)
        # Whether it brings anything is for the policy: ALE tells of a line when it is whole.
        assert "items" in server.answers(asked)[-1]
        screen.press("Escape")
        screen.type(":qa!")
        screen.press("Enter")
        assert server.problems() == []
