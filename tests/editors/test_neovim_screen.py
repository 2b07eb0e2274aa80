"""Neovim on a terminal: the ghost has a colour of its own, and goes where typed text goes."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import scripted_server
from support.neovim import PLUGIN, QUICK, child_environment, until

pytestmark = pytest.mark.editors

CONFIGURATION = """
set -g default-terminal tmux-256color
set -ga terminal-overrides ",*:RGB"
set -sg escape-time 0
set -g status off
"""
SGR = re.compile(r"\x1b\[([0-9;:]*)m")
WIDTH, HEIGHT = 90, 14


@dataclass
class Terminal:
    """A tmux server of its own with one window."""

    socket: Path
    environment: dict[str, str]

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=self.environment, timeout=30
        )
        return done.stdout

    def screen(self) -> list[str]:
        """The lines of the screen, with their colours as escape sequences."""
        return self.tmux("capture-pane", "-p", "-e").split("\n")

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)


def cells(line: str) -> list[tuple[str, str]]:
    """The characters of a screen line, each with the colour it is in."""
    found: list[tuple[str, str]] = []
    colour = ""
    for place, part in enumerate(SGR.split(line)):
        if place % 2:
            colour = part
        else:
            found += [(character, colour) for character in part]
    return found


def plain(line: str) -> str:
    return SGR.sub("", line).rstrip()


@dataclass(frozen=True)
class Ended:
    """Tells whether a process is gone."""

    pid: int

    def __call__(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False


Show = Callable[[str], Terminal]


@pytest.fixture
def show(
    nvim_program: Path,
    real_part: Callable[[str, object, str], None],
    tmp_path: Path,
    private_home: Path,
) -> Generator[Show]:
    """`show(line)`: a Neovim on the screen whose server completes to this line."""
    real_part("tmux", shutil.which("tmux"), "no terminal to look at (apt install tmux)")
    terminals: list[Terminal] = []

    def start(line: str) -> Terminal:
        environment = {**os.environ, **child_environment(nvim_program, tmp_path / "homes")}
        terminal = Terminal(private_home / "tmux", environment)
        (tmp_path / "traffic").mkdir()
        script, init = tmp_path / "script.json", tmp_path / "init.lua"
        script.write_text(json.dumps({"inline": [{"line": line}, {"result": None}]}), "utf-8")
        server = [sys.executable, scripted_server.__file__, str(script), str(tmp_path / "traffic")]
        init.write_text(
            "vim.o.termguicolors = true\n"
            "vim.o.swapfile = false\n"
            "vim.o.laststatus = 2\n"
            "vim.o.statusline = \"%{%v:lua.require'sidelight'.statusline()%}\"\n"
            f"require('sidelight').setup({{ cmd = vim.json.decode({json.dumps(json.dumps(server))}) }})\n",
            "utf-8",
        )
        configuration = tmp_path / "tmux.conf"
        configuration.write_text(CONFIGURATION, "utf-8")
        command = [
            *(str(nvim_program), *QUICK, "--cmd", f"set rtp^={PLUGIN}"),
            *("-S", str(init), str(tmp_path / "a.py")),
        ]
        terminals.append(terminal)
        terminal.tmux(
            *("-f", str(configuration), "new-session", "-d", "-x", str(WIDTH), "-y", str(HEIGHT)),
            shlex.join(command),
        )
        until(
            lambda: any("Sidelight: Ready" in plain(shown) for shown in terminal.screen()),
            lambda: "the server is ready:\n" + "\n".join(map(plain, terminal.screen())),
        )
        return terminal

    yield start
    for terminal in terminals:
        pid = int(terminal.tmux("display-message", "-p", "#{pid}"))
        terminal.tmux("kill-server")
        until(Ended(pid), "tmux has ended")


def test_the_ghost_is_on_the_screen_in_another_colour_than_what_is_typed(show: Show) -> None:
    terminal = show("total = sum(entries)")
    terminal.keys("itotal = su")
    until(
        lambda: plain(terminal.screen()[0]) == "total = sum(entries)",
        lambda: f"the ghost is shown: {plain(terminal.screen()[0])!r}",
    )
    line = cells(terminal.screen()[0])
    typed = {colour for character, colour in line[: len("total = su")] if character != " "}
    ghost = {colour for character, colour in line[len("total = su") : 20] if character != " "}
    assert len(ghost) == 1
    assert not typed & ghost


def test_accepted_text_looks_like_typed_text(show: Show) -> None:
    terminal = show("total = zzz")
    terminal.keys("itotal = z")
    until(lambda: plain(terminal.screen()[0]) == "total = zzz", "the ghost is shown")

    def colours() -> set[str]:
        return {colour for character, colour in cells(terminal.screen()[0]) if character == "z"}

    assert len(colours()) == 2
    terminal.keys("Tab")
    until(lambda: len(colours()) == 1, "the ghost has become text")
    assert plain(terminal.screen()[0]) == "total = zzz"


def test_further_lines_of_the_ghost_push_the_text_below_down_until_they_go(show: Show) -> None:
    terminal = show("def f():\n    return 1")
    terminal.keys("ibelow")
    terminal.keys("Escape", "O", "def f(")

    def shown() -> list[str]:
        return [plain(line) for line in terminal.screen()[:3]]

    until(lambda: shown() == ["def f():", "    return 1", "below"], lambda: repr(shown()))
    terminal.keys("Escape")
    until(lambda: shown() == ["def f(", "below", "~"], lambda: repr(shown()))
