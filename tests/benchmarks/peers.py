"""Other people's servers, as their makers ship them, against the same stub gateway on loopback.

A peer runs with its own defaults; only its debounce is taken out where the time of an answer is measured.
What cannot be had, or does not start, is noted with the reason and printed as not to be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from .contenders import FREE_PORT, Contender, ask_classic, ask_refact
from .driver import NoAnswerError
from .report import Options
from .stage import Stage

TABBY = "tabby-agent@1.5.0"
REFACT = "refact==0.10.14"
COPILOT = "@github/copilot-language-server-linux-x64@1.539.0"
FETCH_S = 240
AUTO = ("tabby", "refact")
SILENT = ("copilot",)
"""Nobody is signed in to it."""


class NotToBeHadError(Exception):
    """A peer is not here and could not be fetched; the text says why."""


def peers(
    stage: Stage, options: Options, *, debounced: bool = False, silent: bool = False
) -> list[Contender]:
    """The peers asked for that answer `initialize` on this machine; `options.missing` says why others do not.

    Args:
        debounced: with the waiting before a request that is their default.
        silent: those that suggest nothing here as well.
    """
    if options.peers == "none":
        return []
    found = list[Contender]()
    for name in AUTO if options.peers == "auto" else options.peers.split(","):
        if name in options.missing or (name in SILENT and not silent):
            continue
        make = _MAKERS.get(name)
        if make is None:
            options.missing[name] = "there is no such peer"
            continue
        try:
            contender = make(stage, debounced)
            contender.start(stage).close()
        except (NotToBeHadError, NoAnswerError, OSError) as error:
            options.missing[name] = str(error)
        else:
            found.append(contender)
    return found


def cache() -> Path:
    """Where downloaded peers are kept between runs."""
    given = os.environ.get("SIDELIGHT_BENCHMARK_PEERS")
    folder = Path(given) if given else Path.home() / ".cache" / "sidelight-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tabby(stage: Stage, debounced: bool) -> Contender:
    """tabby-agent from npm; its debounce is its own setting."""
    node = _program("node")
    program = cache() / "tabby" / "node_modules" / "tabby-agent" / "dist" / "cli.js"
    _from_npm(TABBY, cache() / "tabby", program)
    home = stage.root / ("tabby-debounced" if debounced else "tabby")
    config = home / ".tabby-client" / "agent" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    at_once = '[completion.debounce]\nmode = "fixed"\ninterval = 0\n'
    config.write_text(
        f'[server]\nendpoint = "{stage.stub.url}"\ntoken = "stub"\n'
        f"{'' if debounced else at_once}"
        "[anonymousUsageTracking]\ndisable = true\n",
        "utf-8",
    )
    environment = {**stage.environment, "HOME": str(home)}
    command = (node, str(program), "--lsp", "--stdio")
    return Contender("tabby", command, environment, ask_classic, ask_classic)


def _refact(stage: Stage, _: bool) -> Contender:
    """refact-lsp out of its wheel, which is only unpacked.

    It refuses `initialize` until its own HTTP server is up, and that one serves no port that is 0.
    """
    folder = cache() / "refact"
    program = folder / "refact-lsp"
    if not program.exists():
        _fetched(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, REFACT)
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as files:
                inside = [one for one in files.namelist() if one.endswith("refact-lsp")]
                if inside:
                    program.write_bytes(files.read(inside[0]))
                    program.chmod(0o755)
    if not program.exists():
        raise NotToBeHadError(f"{REFACT} has no program for this machine")
    command = (
        *(str(program), "--address-url", stage.stub.url, "--api-key", "stub"),
        *("--http-port", FREE_PORT, "--lsp-stdin-stdout", "1"),
    )
    environment = {**stage.environment, "HOME": str(stage.root / "refact")}
    return Contender("refact", command, environment, ask_refact, ask_refact)


def _copilot(stage: Stage, _: bool) -> Contender:
    """GitHub's language server, signed out: what it takes to start is all there is to see of it."""
    folder = cache() / "copilot"
    package = COPILOT.rpartition("@")[0]
    program = folder / "node_modules" / package / "copilot-language-server"
    _from_npm(COPILOT, folder, program)
    environment = {**stage.environment, "HOME": str(stage.root / "copilot")}
    options = {
        "editorInfo": {"name": "benchmark", "version": "1"},
        "editorPluginInfo": {"name": "benchmark", "version": "1"},
    }
    command = (str(program), "--stdio")
    return Contender("copilot", command, environment, ask_classic, ask_classic, options=options)


_MAKERS: dict[str, Callable[[Stage, bool], Contender]] = {
    "tabby": _tabby,
    "refact": _refact,
    "copilot": _copilot,
}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotToBeHadError(f"there is no {name} on this machine")
    return found


def _from_npm(package: str, folder: Path, program: Path) -> None:
    if not program.exists():
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
        _fetched(_program("npm"), "install", *quiet, "--prefix", folder, package)
    if not program.exists():
        raise NotToBeHadError(f"{package} has no program for this machine")


def _fetched(*command: str | Path) -> None:
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, timeout=FETCH_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotToBeHadError(f"it could not be fetched: {type(error).__name__}") from None
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NotToBeHadError(f"it could not be fetched: {''.join(last)[:120]}")
