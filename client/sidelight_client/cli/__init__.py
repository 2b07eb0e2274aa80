"""The command line: one file a command, each imported only when it is called.

Architecture invariant: this folder alone assembles the parts; everything else is handed what it needs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from .. import __version__
from ..errors import ExitCode, SidelightError


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it is declared: once."""

    name: str
    module: str
    sentence: str


COMMANDS = (
    Command("demo", "demo", "Show the main job on a real file, with an embedded gateway."),
    Command("lsp", "lsp", "Speak the language server protocol over stdin and stdout."),
    Command("broker", "broker", "Run the broker; whoever needs it starts it by itself."),
    Command("login", "login", "Sign in to the gateway."),
    Command("logout", "logout", "Sign out and forget the session."),
    Command("status", "status", "Say how things stand."),
    Command("usage", "usage", "Say what was used, of which limits, and who counted."),
    Command("complete", "complete", "Fetch one completion for FILE:LINE:COL."),
    Command(
        "explain", "explain", "Say why there is no suggestion at a place, and what would be sent."
    ),
    Command("scan", "scan", "Find what should not leave in files: for pre-commit and CI."),
    Command("pause", "pause", "Send nothing for a while."),
    Command("doctor", "doctor", "Say what keeps a session or a gateway away, and what to do."),
    Command("gateway", "gateway", "Explain and check gateways; serve the embedded one."),
    Command("tray", "tray", "Show the state, your usage and outages in the desktop's tray."),
    Command("model", "model", "Add, list and remove models that run on this machine."),
    Command("config", "config", "Show the settings, and who decided them."),
)
"""Every command, in the order of `sidelight --help`; each has its section in docs/commands.md."""


class CommandModule(Protocol):
    """What a command's file offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> ExitCode: ...


def main(arguments: Sequence[str]) -> int:
    """Parse and run one command; an error a person can meet is one sentence on stderr.

    Returns:
        The exit code (`errors.ExitCode`); 2 when the words of the call are off.
    """
    _speak_utf8()
    parser = _parser(arguments)
    parsed = parser.parse_args(arguments)
    if parsed.command is None:
        parser.print_help()
        return ExitCode.USAGE
    try:
        return _module(parsed.command).run(parsed)
    except SidelightError as error:
        print(f"sidelight: {error.message.text} [{error.code}]", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # `sidelight status | head` is not an error.
        # What is still buffered has nobody to go to; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except KeyboardInterrupt:
        return 130


def _speak_utf8() -> None:
    """A legacy console code page must not turn a sentence into a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and (stream.encoding or "").lower().replace("-", "") != "utf8":
            reconfigure(encoding="utf-8", errors="replace")


def _module(name: str) -> CommandModule:
    module = next(command.module for command in COMMANDS if command.name == name)
    return cast("CommandModule", importlib.import_module(f".{module}", __name__))


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sidelight",
        description="Completions through your organisation's gateway, explained where they happen.",
    )
    parser.add_argument("--version", action="version", version=f"sidelight {__version__}")
    chosen = parser.add_subparsers(dest="command", metavar="COMMAND")
    called = [command for command in COMMANDS if command.name in arguments[:1]]
    # The other parsers would cost more than reading the arguments does.
    for command in called or COMMANDS:
        sub = chosen.add_parser(command.name, help=command.sentence, description=command.sentence)
        # Only the command that is called pays for its imports.
        if called:
            _module(command.name).add_arguments(sub)
    return parser
