"""A Neovim with a scripted server or with the real one, for every test in this folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.testing.lsp_traffic import Direction, Recorded
from support import scripted_server
from support.lsp_checker import check_where_possible, read_traffic
from support.neovim import WHY_MISSING, Neovim, find_neovim, until

RealPart = Callable[[str, object, str], None]


@dataclass
class Scene:
    """One Neovim, one file, one server, and what passed between them."""

    neovim: Neovim
    file: Path
    kept: Path
    """The folder with what passed, a file for each start of a server."""
    server_may_die: bool = False
    server_may_refuse: bool = False

    def sessions(self) -> list[list[Recorded]]:
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
        self.neovim.close()
        for session in self.sessions():
            problems = check_where_possible(
                session,
                allowed=scripted_server.TEST_METHODS,
                ended=not self.server_may_die,
                inline_errors=self.server_may_refuse,
            )
            assert not problems, "\n".join(problems)


Begin = Callable[..., Scene]


@pytest.fixture(scope="session")
def nvim_program(real_part: RealPart) -> Path:
    program = find_neovim()
    real_part("Neovim", program, WHY_MISSING)
    assert program is not None
    return program


@pytest.fixture
def begin(nvim_program: Path, tmp_path: Path) -> Generator[Begin]:
    """`begin(STEP, …, text=…, **setup)`: a Neovim on a file with a server that follows the steps."""
    scenes: list[Scene] = []

    def start(*steps: dict[str, Any], text: str = "", name: str = "a.py", **options: Any) -> Scene:
        kept = tmp_path / "traffic"
        kept.mkdir()
        homes, file = tmp_path / "homes", tmp_path / "repo" / name
        scene = Scene(Neovim(nvim_program, homes), file, kept)
        scene.server_may_die = any("crash" in step for step in steps)
        scene.server_may_refuse = any("error" in step for step in steps)
        scenes.append(scene)
        (tmp_path / "repo" / ".git").mkdir(parents=True)
        scene.file.write_text(text, encoding="utf-8")
        script = tmp_path / "script.json"
        script.write_text(json.dumps({"inline": steps or [{"result": None}]}), encoding="utf-8")
        server = [sys.executable, scripted_server.__file__, str(script), str(kept)]
        scene.neovim.setup(server, **options)
        scene.neovim.edit(scene.file)
        return scene

    yield start
    for scene in scenes:
        scene.leave()
