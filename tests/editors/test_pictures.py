"""The terminal editors as a person sees them, with everything real; `docs/editors` shows their pictures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from support.debian_unpack import WHY_NEEDED, NotToBeHadError, missing_tools, unpack
from support.neovim import CHECKOUT, QUICK, child_environment, until
from support.pasted import pasted
from support.pictures import keep_for_the_pages
from support.real_server import CONTINUES, TYPED, RealServer, real_server
from support.terminal import Terminal, terminal

pytestmark = pytest.mark.editors

COLUMNS, ROWS = 84, 16
INSTALLERS = CHECKOUT / "installers"
ALE = Path("/usr/share/vim-ale")
EMACS_PACKAGES = Path("/usr/share/emacs/site-lisp/elpa-src")

RealPart = Callable[[str, object, str], None]


@pytest.fixture(scope="module")
def server() -> Generator[RealServer]:
    """One for all of them: each opens the same file and saves nothing."""
    folder = Path(tempfile.mkdtemp(prefix="sl-pictures-"))
    with real_server(folder, folder / "home") as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def screen(server: RealServer, private_home: Path, real_part: RealPart) -> Generator[Terminal]:
    real_part("tmux", shutil.which("tmux"), "a terminal is looked at")
    environment = {**server.environment, "COLORTERM": "truecolor"}
    with terminal(private_home / "tmux", environment) as opened:
        yield opened


def test_neovim_with_its_ghost_text(
    server: RealServer, screen: Terminal, nvim_program: Path, tmp_path: Path
) -> None:
    init = tmp_path / "init.lua"
    init.write_text(
        "vim.o.termguicolors, vim.o.number, vim.o.swapfile = true, true, false\n"
        "vim.o.laststatus = 2\n"
        "vim.o.statusline = \" %f %m%=%{%v:lua.require'sidelight'.statusline()%} \"\n"
        f"{pasted('neovim', 'lua')[0]}"
        "vim.keymap.set('i', '<C-s>', require('sidelight.suggest').now)\n",
        encoding="utf-8",
    )
    words = [f"{name}={value}" for name, value in child_environment(nvim_program, tmp_path).items()]
    editor = [str(nvim_program), *QUICK, "-S", str(init)]
    screen.start(["env", *words, *editor, str(server.file)], server.workspace, COLUMNS, ROWS)
    screen.wait_for("Sidelight: Ready")
    screen.press("G", "o")
    screen.press("C-u")
    screen.type(TYPED)
    screen.press("C-s")
    screen.wait_for("running_total += entry")
    keep_for_the_pages("neovim.svg", screen.picture("Ghost text in Neovim, behind the cursor"))


def test_helix_with_its_menu(
    server: RealServer, screen: Terminal, tmp_path: Path, real_part: RealPart
) -> None:
    missing = missing_tools()
    real_part(", ".join(missing) or "apt", not missing, WHY_NEEDED)
    try:
        helix = unpack("hx", "forky", programs=["hx"])
    except NotToBeHadError as why:
        pytest.skip(f"Helix is not pictured: {why}")
    folder = Path(server.environment["XDG_CONFIG_HOME"], "helix")
    folder.mkdir(parents=True)
    shutil.copy(INSTALLERS / "helix" / "languages.toml", folder)
    (folder / "config.toml").write_text("[editor]\nauto-pairs = false\nauto-completion = false\n")
    before = len(server.answers("initialize"))
    program = [str(helix.program("hx")), str(server.file)]
    screen.start(program, server.workspace, COLUMNS, ROWS)
    screen.wait_for("def total")
    until(lambda: len(server.answers("initialize")) > before, screen.screen)
    screen.press("g", "e", "o")

    def ask() -> None:
        screen.press("C-u")
        screen.type(TYPED)
        screen.press("C-x")

    wait_until_offered(server, screen, ask)
    screen.wait_for(CONTINUES)
    keep_for_the_pages(
        "helix.svg", screen.picture("The completion menu of Helix with a suggestion")
    )


def test_vim_with_its_menu(
    server: RealServer, screen: Terminal, tmp_path: Path, real_part: RealPart
) -> None:
    real_part("vim", shutil.which("vim"), "the page of Vim shows it")
    real_part("vim-ale", ALE.is_dir(), "ALE is Vim's language server client here")
    vimrc = tmp_path / "vimrc"
    vimrc.write_text(
        "set nocompatible noswapfile noautoindent number viminfo= completeopt=menuone,noinsert\n"
        "let g:ale_linters = {'python': ['sidelight']}\n"
        f"set runtimepath^={ALE}\nruntime! plugin/ale.vim\n"
        f"source {INSTALLERS / 'vim' / 'sidelight.vim'}\nfiletype on\nsyntax on\n",
        encoding="utf-8",
    )
    before = len(server.answers("initialize"))
    program = ["vim", "-u", str(vimrc), str(server.file)]
    screen.start(program, server.workspace, COLUMNS, ROWS)
    screen.wait_for("def total")
    until(lambda: len(server.answers("initialize")) > before, screen.screen)
    screen.press("G", "o")

    def ask() -> None:
        screen.press("C-e", "C-u")
        for character in TYPED:
            screen.type(character)
        screen.press("C-x", "C-o")

    wait_until_offered(server, screen, ask)
    screen.wait_for(CONTINUES)
    keep_for_the_pages("vim.svg", screen.picture("The completion menu of Vim with a suggestion"))
    screen.press("C-y", "Escape")
    written = tmp_path / "written.py"
    screen.type(f":w {written}")
    screen.press("Enter")
    until(written.exists, screen.screen)
    until(lambda: b"entries:" in written.read_bytes(), screen.screen)
    assert b"\0" not in written.read_bytes(), "a line end would have become a NUL character"


def test_emacs_with_its_completions(
    server: RealServer, screen: Terminal, tmp_path: Path, real_part: RealPart
) -> None:
    real_part("emacs", shutil.which("emacs"), "the page of Emacs shows it")
    real_part("elpa-eglot", any(EMACS_PACKAGES.glob("eglot-[0-9]*")), "eglot is the client")
    start = tmp_path / "start.el"
    start.write_text(
        "(setq inhibit-startup-screen t warning-minimum-level :emergency)\n"
        "(setq native-comp-async-report-warnings-errors nil)\n(package-initialize)\n"
        "(setq make-backup-files nil auto-save-default nil create-lockfiles nil)\n"
        "(menu-bar-mode -1) (global-display-line-numbers-mode)\n"
        "(require 'eglot)\n"
        f'(load "{INSTALLERS / "emacs" / "sidelight-eglot.el"}")\n'
        f'(find-file "{server.file}")\n'
        "(call-interactively 'eglot)\n(goto-char (point-max))\n",
        encoding="utf-8",
    )
    before = len(server.answers("initialize"))
    program = ["emacs", "-nw", "-q", "-l", "package", "-l", str(start)]
    screen.start(program, server.workspace, COLUMNS, ROWS)
    screen.wait_for("def total")
    until(lambda: len(server.answers("initialize")) > before, screen.screen, 30)

    def ask() -> None:
        screen.press("C-g")
        screen.press("M->", "C-a", "C-k")
        screen.type(TYPED)
        screen.press("C-M-i")

    wait_until_offered(server, screen, ask)
    screen.wait_for(CONTINUES)
    keep_for_the_pages(
        "emacs.svg", screen.picture("Emacs with a suggestion of completion-at-point")
    )


def wait_until_offered(server: RealServer, screen: Terminal, ask: Callable[[], None]) -> None:
    """Ask anew until something is offered: the gateway may not have read the workspace at first."""
    method = "textDocument/completion"

    def offered() -> bool:
        before = len(server.answers(method))
        ask()
        until(lambda: len(server.answers(method)) > before, screen.screen)
        newest: dict[str, Any] = server.answers(method)[-1] or {}
        return bool(newest.get("items"))

    until(offered, screen.screen, 30)
