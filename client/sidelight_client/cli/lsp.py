"""`sidelight lsp --in-process`: the broker and the language server in one process, over stdio.

Without `--in-process` this file is not reached: `link/attach.py` hands the editor to the broker.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from ..adapters.config_files import read_settings
from ..adapters.folders import Folders, folders
from ..errors import ExitCode
from ..link.wire import AttachInfo
from ..settings import Settings
from .assemble import assembled
from .logs import complain, write_log
from .sessions import editor_sessions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in-process",
        action="store_true",
        help="use no broker: for containers, SSH and debugging",
    )
    parser.add_argument(
        "--stdio", action="store_true", help="accepted because many editors add it; always so"
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    del arguments
    places = folders()
    settings = read_settings(places, os.environ)
    problem = write_log(places, settings.text("log.level"))
    if problem:
        complain(f"no log is written to {places.log_file} ({problem})")
    return ExitCode(asyncio.run(_serve(places, settings)))


async def _serve(places: Folders, settings: Settings) -> int:
    # What anybody prints by accident goes to stderr: a stray byte on stdout would end the session.
    reader, writer = os.dup(sys.stdin.fileno()), os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    async with assembled(places, os.environ, settings) as broker:
        return await editor_sessions(broker)(reader, writer, AttachInfo(pid=os.getpid()))
