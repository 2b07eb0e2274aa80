"""A terminal of its own for an editor that has no other way to be driven: real keys, a real screen."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from .neovim import until
from .terminal_picture import svg


class Terminal:
    """One tmux server with one window."""

    def __init__(self, socket: Path, environment: Mapping[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._environment = dict(environment)

    def start(
        self, command: Sequence[str], folder: Path, columns: int = 100, rows: int = 24
    ) -> None:
        size = ["-x", str(columns), "-y", str(rows), "-c", str(folder)]
        options = [["default-terminal", "tmux-256color"], ["escape-time", "0"], ["status", "off"]]
        first = [word for option in options for word in ("set-option", "-g", *option, ";")]
        self._run("start-server", ";", *first, "new-session", "-d", *size, *command)

    def type(self, text: str) -> None:
        """Type text as it is, without names of keys."""
        self._run("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by their names in tmux, such as Escape or C-x."""
        self._run("send-keys", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def picture(self, title: str) -> bytes:
        """What is on the screen, as an SVG."""
        place = self._run("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        column, row = (int(number) for number in place)
        return svg(self._run("capture-pane", "-p", "-e", "-N"), title, (column, row)).encode()

    def wait_for(self, text: str) -> None:
        """Return once the text is on the screen."""
        until(lambda: text in self.screen(), lambda: f"{text!r} in\n{self.screen()}", 30)

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("kill-server")

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words],
            env=self._environment | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def terminal(socket: Path, environment: Mapping[str, str]) -> Generator[Terminal]:
    """A terminal until the end of the block; its socket's path must be short."""
    opened = Terminal(socket, environment)
    try:
        yield opened
    finally:
        opened.close()
