"""One Neovim, one file and one language server, with what passed between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidelight_client.testing.lsp_traffic import Direction, Recorded

from . import client_profiles, scripted_server
from .lsp_checker import check_where_possible, read_traffic
from .neovim import Neovim, until

COPILOT_METHODS = ("textDocument/didPartiallyAcceptCompletion",)
"""What LSP has no message for is told as clients of GitHub's Copilot tell it."""


@dataclass
class Scene:
    """One Neovim, one file, one server, and what passed between them."""

    neovim: Neovim
    file: Path
    kept: Path
    """The folder with what passed, a file for each start of a server."""
    server_may_die: bool = False
    server_may_refuse: bool = False
    usual: bool = False
    """Whether the plugin is set up as it is for somebody who says nothing: that is worth a profile."""

    def sessions(self) -> list[list[Recorded]]:
        """Everything that passed, a list for each start of a server."""
        return [read_traffic(file) for file in sorted(self.kept.glob("*.jsonl"))]

    def traffic(self) -> list[Recorded]:
        return [entry for session in self.sessions() for entry in session]

    def sent(self, method: str) -> list[dict[str, Any]]:
        """The messages of the editor with this method, in order."""
        return [
            entry.message
            for entry in self.traffic()
            if entry.direction is Direction.TO_SERVER and entry.message.get("method") == method
        ]

    def wait_for_sent(self, method: str, times: int = 1) -> list[dict[str, Any]]:
        """The same, once there are as many as `times`."""
        until(lambda: len(self.sent(method)) >= times, f"{method} was sent {times} times")
        return self.sent(method)

    def asked(self) -> int:
        """How many suggestions were asked for."""
        return len(self.sent("textDocument/inlineCompletion"))

    def wait_until_asked(self, times: int) -> None:
        self.wait_for_sent("textDocument/inlineCompletion", times)

    def release(self, name: str) -> None:
        """Let the server send the answers held by this name, and wait until they are handled."""
        self.neovim.notify("$/test/release", {"name": name})
        self.catch_up(f"after {name}")

    def catch_up(self, mark: str) -> None:
        """Return once the editor has handled everything the server has sent."""
        self.neovim.notify("$/test/mark", {"name": mark})
        until(lambda: mark in self.neovim.statusline(), f"the mark {mark!r}")

    def leave(self) -> None:
        """Close the editor, and hold everything that passed against the protocol."""
        if self.neovim.open:
            if self.usual and not self.server_may_die:
                # A test of commands alone may be over before the editor has begun.
                self.wait_for_sent(client_profiles.OPENS)
            self.neovim.keys("<C-Bslash><C-n>")
            until(lambda: self.neovim.mode() == "n", "insert mode is left")
            ended = not self.server_may_die
            until(
                lambda: not self.problems(ended=ended),
                lambda: "\n".join(self.problems(ended=ended)),
            )
            release = self.neovim.release()
            self.neovim.close()
            if self.usual and not self.server_may_die:
                client_profiles.keep(f"neovim-{release}", self.kept)
        # On the way out Neovim ends its servers without waiting for an answer.
        problems = self.problems(ended=False)
        assert not problems, "\n".join(problems)

    def problems(self, *, ended: bool) -> list[str]:
        """What the message checker says to everything that passed so far."""
        return [
            problem
            for session in self.sessions()
            for problem in check_where_possible(
                session,
                allowed=(*scripted_server.TEST_METHODS, *COPILOT_METHODS),
                ended=ended,
                inline_errors=self.server_may_refuse,
            )
        ]


Begin = Callable[..., Scene]
"""`begin(STEP, …, text=…, name=…, **setup)`, a fixture: the scene with a server that follows the steps."""
