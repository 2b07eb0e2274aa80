"""A Neovim with a scripted server or with the real one, for every test in this folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from support import scripted_server
from support.neovim import WHY_MISSING, Neovim, find_neovim
from support.neovim_scene import Begin, Scene

RealPart = Callable[[str, object, str], None]


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
        scene.usual = not options
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
