"""`sidelight demo`: the main job on a real file, from the first keystroke to the ghost text.

It starts the embedded gateway, a broker and the real language server as a person's machine would,
in a home of its own, so that nobody's session or settings are touched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time

from ...adapters import llama_local
from ...adapters.folders import folders
from ...adapters.model_store import ModelStore
from ...domain.models.model_catalogue import CATALOGUE
from ...errors import ExitCode, RefusedError
from ..status_show import lines
from .show import as_json, as_text
from .stage import Brought, Stage, stage
from .typist import see

ENDS_WITHIN_S = 60.0
"""A bound, not a target: the demonstration takes a few seconds."""
WITH_MODEL_S = 300.0
"""A model reads each new context from the start, and this machine may be busy."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--serve",
        action="store_true",
        help="keep the gateway and the broker running, and say how to attach an editor",
    )

    parser.add_argument(
        "--model",
        choices=list(CATALOGUE),
        help="let a model on this machine write, once `sidelight model add` has brought it",
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    model = _brought(arguments.model) if arguments.model else None
    asyncio.run(_demo(machine=arguments.json, serve=arguments.serve, model=model))
    return ExitCode.OK


def _brought(name: str) -> Brought:
    """The model, where it and llama.cpp are here. Raises RefusedError."""
    folder, model = folders().models, CATALOGUE[name]
    if ModelStore(folder).best(name) is None:
        raise RefusedError("model.not_added", name=name)
    if not llama_local.available():
        raise RefusedError("model.no_runtime", name=model.title)
    return Brought(name, folder)


async def _demo(*, machine: bool, serve: bool, model: Brought | None) -> None:
    began = time.monotonic()
    async with stage(model) as ready:
        async with asyncio.timeout(ENDS_WITHIN_S if model is None else WITH_MODEL_S):
            seen, snapshot = await see(ready)
        seen.timings_ms["total"] = (time.monotonic() - began) * 1000
        if machine:
            print(json.dumps(as_json(seen), ensure_ascii=False), flush=True)
        else:
            colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
            print(as_text(seen, lines(snapshot, time.time()), colour=colour), flush=True)
        if serve:
            await _serve(ready, quiet=machine)


async def _serve(ready: Stage, *, quiet: bool) -> None:
    """Wait until interrupted; on SIGTERM and Ctrl-C everything that was started ends."""
    if not quiet:
        print("\n" + how_to_attach(ready), flush=True)
    await ready.interrupted()


def how_to_attach(ready: Stage) -> str:
    """Three lines an editor: a command, its environment, and where they go."""
    command = " ".join([*ready.command, "lsp"])
    home = f"SIDELIGHT_HOME={ready.home}"
    arguments = ", ".join(f"'{part}'" for part in [*ready.command, "lsp"])
    return "\n".join(
        [
            f"The gateway {ready.gateway_url} and a broker keep running. Ctrl-C ends both.",
            "",
            "Neovim 0.11 or later, with installers/neovim on the runtimepath:",
            f"  :lua vim.opt.rtp:append('{ready.checkout / 'installers' / 'neovim'}')",
            f"  :lua vim.env.SIDELIGHT_HOME = '{ready.home}'",
            f"  :lua require('sidelight').setup{{ cmd = {{ {arguments} }} }}",
            "",
            "VS Code, with any extension that starts a language server by a command:",
            f"  command      {command}",
            f"  environment  {home}",
            "  languages    all; transport stdio",
            "",
            "JetBrains, with LSP4IJ 0.20 or later: New Language Server, tab Server:",
            f"  command      {command}",
            f"  environment  {home}",
            "  mappings     the languages you write",
        ]
    )
