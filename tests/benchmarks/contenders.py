"""Who is measured side by side: Sidelight, the floor, and the peers that could be had.

A peer runs as its maker ships it, against the same stub gateway on loopback, with its own defaults;
only its debounce is taken out where the time of an answer is measured.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .driver import Driver, inline, rows_of
from .processes import tree
from .stage import Stage

TABBY = "tabby-agent@1.5.0"
REFACT = "refact==0.10.14"
FETCH_S = 240

Ask = Callable[[str, int, int], tuple[str, dict[str, Any]]]
"""Method and params that ask for a completion at a place of a document."""


@dataclass(frozen=True)
class Contender:
    """One server and how it is spoken to.

    Attributes:
        processes: whose CPU and memory count, given the process the editor started.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ask: Ask
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    processes: Callable[[int], list[int]] = tree

    def start(self, stage: Stage) -> Driver:
        """An editor window with it, initialized."""
        driver = Driver.start(self.command, self.environment, stage.workspace)
        driver.initialize(stage.workspace, self.options)
        return driver


def ask_inline(uri: str, line: int, character: int) -> tuple[str, dict[str, Any]]:
    """As an editor with ghost text asks because a person pressed its key: nothing is waited for."""
    return "textDocument/inlineCompletion", inline(uri, line, character, invoked=True)


def ask_classic(uri: str, line: int, character: int) -> tuple[str, dict[str, Any]]:
    return "textDocument/completion", {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1},
    }


def ask_refact(uri: str, line: int, character: int) -> tuple[str, dict[str, Any]]:
    return "refact/getCompletions", {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "parameters": {"temperature": 0.1, "max_new_tokens": 20},
        "multiline": False,
    }


def ours(stage: Stage) -> Contender:
    """The real shim and the real broker."""
    return Contender(
        "sidelight",
        tuple(stage.command),
        stage.environment,
        ask_inline,
        processes=lambda pid: [*stage.brokers(), pid],
    )


def floor(stage: Stage) -> Contender:
    """The no-op server in Python."""
    program = str(Path(__file__).with_name("echo.py"))
    command = (sys.executable, "-I", "-S", "-E", program)
    return Contender("echo", command, stage.environment, ask_inline)


def peers(stage: Stage, asked: str) -> list[Contender]:
    """The peers asked for (`auto`, `none` or names) that can be had on this machine."""
    if asked == "none":
        return []
    wanted = {"tabby", "refact"} if asked == "auto" else set(asked.split(","))
    found = [
        make(stage) for name, make in (("tabby", _tabby), ("refact", _refact)) if name in wanted
    ]
    return [one for one in found if one is not None]


def cache() -> Path:
    """Where downloaded peers are kept between runs."""
    given = os.environ.get("SIDELIGHT_BENCHMARK_PEERS")
    folder = Path(given) if given else Path.home() / ".cache" / "sidelight-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tabby(stage: Stage) -> Contender | None:
    """tabby-agent from npm; its debounce is its own setting."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    folder = cache() / "tabby"
    program = folder / "node_modules" / "tabby-agent" / "dist" / "cli.js"
    if not program.exists() and not _fetched(
        npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, TABBY
    ):
        return None
    home = stage.root / "tabby"
    config = home / ".tabby-client" / "agent" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f'[server]\nendpoint = "{stage.stub.url}"\ntoken = "stub"\n'
        '[completion.debounce]\nmode = "fixed"\ninterval = 0\n'
        "[anonymousUsageTracking]\ndisable = true\n",
        "utf-8",
    )
    environment = {**stage.environment, "HOME": str(home)}
    return Contender("tabby", (node, str(program), "--lsp", "--stdio"), environment, ask_classic)


def _refact(stage: Stage) -> Contender | None:
    """refact-lsp out of its wheel, which is only unpacked."""
    folder = cache() / "refact"
    program = folder / "refact-lsp"
    if not program.exists():
        pip = (sys.executable, "-m", "pip")
        if not _fetched(*pip, "download", "-q", "--no-deps", "-d", folder, REFACT):
            return None
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as files:
                inside = [one for one in files.namelist() if one.endswith("refact-lsp")]
                if inside:
                    program.write_bytes(files.read(inside[0]))
                    program.chmod(0o755)
    if not program.exists():
        return None
    command = (
        *(str(program), "--address-url", stage.stub.url, "--api-key", "stub", "--http-port", "0"),
        *("--lsp-stdin-stdout", "1", "--logs-stderr"),
    )
    environment = {**stage.environment, "HOME": str(stage.root / "refact")}
    return Contender("refact", command, environment, ask_refact)


def _fetched(*command: str | Path) -> bool:
    """Whether a download worked; one that did not leaves the peer out."""
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, timeout=FETCH_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def texts(result: Any) -> list[str]:
    """What a server offered, in whichever of the three shapes."""
    choices = rows_of(result, "choices")
    if choices:
        return [one.get("code_completion", "") for one in choices]
    return [
        row.get("insertText") or json.dumps(row.get("textEdit") or "") for row in rows_of(result)
    ]
