"""Who is measured side by side: Sidelight, and the floors. The peers are in `peers.py`."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidelight_client.api import Position

from .driver import Driver, inline, rows_of
from .open_file import place
from .processes import tree
from .stage import Stage

Ask = Callable[[str, Position], tuple[str, dict[str, Any]]]
"""Method and params that ask for a completion at a place of a document."""

FREE_PORT = "{port}"
"""In a command: a port of this machine that is free when it starts."""


@dataclass(frozen=True)
class Contender:
    """One server and how it is spoken to.

    Attributes:
        ask: as an editor asks because a person pressed the key for it: nothing is waited for.
        ask_typing: as an editor asks at each key.
        processes: whose CPU and memory count, given the process the editor started.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ask: Ask
    ask_typing: Ask
    processes: Callable[[int], list[int]] = tree
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def started(self, stage: Stage) -> Driver:
        """An editor window with it, before `initialize`."""
        return Driver.start(self.command_now(), self.environment, stage.workspace)

    def command_now(self) -> list[str]:
        """The command of one start."""
        port = _free_port() if FREE_PORT in self.command else ""
        return [port if word == FREE_PORT else word for word in self.command]

    def start(self, stage: Stage) -> Driver:
        """An editor window with it, initialized. Raises NoAnswerError."""
        driver = self.started(stage)
        try:
            driver.initialize(stage.workspace, self.options)
        except BaseException:
            driver.close()
            raise
        return driver


def ask_invoked(uri: str, at: Position) -> tuple[str, dict[str, Any]]:
    return "textDocument/inlineCompletion", inline(uri, at.line, at.character, invoked=True)


def ask_automatic(uri: str, at: Position) -> tuple[str, dict[str, Any]]:
    return "textDocument/inlineCompletion", inline(uri, at.line, at.character)


def ask_classic(uri: str, at: Position) -> tuple[str, dict[str, Any]]:
    return "textDocument/completion", {
        "textDocument": {"uri": uri},
        "position": place(at),
        "context": {"triggerKind": 1},
    }


def ask_refact(uri: str, at: Position) -> tuple[str, dict[str, Any]]:
    return "refact/getCompletions", {
        "textDocument": {"uri": uri},
        "position": place(at),
        "parameters": {"temperature": 0.1, "max_new_tokens": 20},
        "multiline": False,
    }


def ours(stage: Stage) -> Contender:
    """The real shim and the real broker."""
    return Contender(
        "sidelight",
        tuple(stage.command),
        stage.environment,
        ask_invoked,
        ask_automatic,
        processes=lambda pid: [*stage.brokers(), pid],
    )


def floor(stage: Stage) -> Contender:
    """The least a Python program does: it answers everything with nothing."""
    return _script(stage, "echo", "echo.py")


def asking_floor(stage: Stage) -> Contender:
    """The same, and it asks the gateway for each completion: the floor of a fetched answer."""
    host, _, port = stage.stub.url.rpartition("/")[2].partition(":")
    return _script(stage, "asking echo", "echo.py", host, port)


def noop(stage: Stage) -> Contender:
    """A language server of the usual library that keeps the documents and suggests nothing."""
    program = str(Path(__file__).with_name("noop_server.py"))
    command = (sys.executable, "-P", program)
    return Contender("no-op", command, stage.environment, ask_invoked, ask_automatic)


def _script(stage: Stage, name: str, program: str, *words: str) -> Contender:
    path = str(Path(__file__).with_name(program))
    command = (sys.executable, "-I", "-S", "-E", path, *words)
    return Contender(name, command, stage.environment, ask_invoked, ask_automatic)


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def texts(result: Any) -> list[str]:
    """What a server offered, in whichever of the three shapes."""
    choices = rows_of(result, "choices")
    if choices:
        return [one.get("code_completion", "") for one in choices]
    return [
        row.get("insertText") or json.dumps(row.get("textEdit") or "") for row in rows_of(result)
    ]
