"""A real Neovim with the real language server and its embedded gateway: from a key to the buffer."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from support import stdio_tee
from support.neovim import Neovim, package_path, until
from support.neovim_real import TYPED, brokers, ready
from support.neovim_scene import Scene
from support.real_server import LEDGER_WITH_ASTRAL

pytestmark = pytest.mark.editors

Open = Callable[[str], Scene]


@pytest.fixture(params=[["--in-process"], []], ids=["in-process", "broker"])
def sidelight_command(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> Generator[list[str]]:
    """How the editor starts the server, in both process modes; the broker ends with the test."""
    monkeypatch.setenv("PYTHONPATH", package_path())
    monkeypatch.setenv("SIDELIGHT_VAULT", "memory")
    yield [sys.executable, "-m", "sidelight_client", "lsp", *request.param]
    for pid in brokers(private_home):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not brokers(private_home), "the broker has ended")


@pytest.fixture
def open_file(nvim_program: Path, sidelight_command: list[str], tmp_path: Path) -> Generator[Open]:
    """`open_file(name)`: a Neovim on a new file of a workspace, with everything real behind it."""
    scenes: list[Scene] = []
    repository, kept = tmp_path / "repo", tmp_path / "traffic"
    (repository / ".git").mkdir(parents=True)
    kept.mkdir()
    (repository / "ledger.py").write_text(LEDGER_WITH_ASTRAL, encoding="utf-8")

    def start(name: str) -> Scene:
        neovim = Neovim(nvim_program, tmp_path / f"homes{len(scenes)}")
        scene = Scene(neovim, repository / name, kept)
        scenes.append(scene)
        neovim.setup([sys.executable, stdio_tee.__file__, str(kept), *sidelight_command])
        neovim.edit(scene.file)
        neovim.rpc.command("setlocal noautoindent indentexpr=")  # The test types its own blanks.
        return scene

    yield start
    for scene in scenes:
        scene.leave()


def test_typing_brings_a_suggestion_from_the_workspace_and_tab_takes_it(open_file: Open) -> None:
    scene = open_file("new.py")
    ready(scene)
    scene.neovim.keys("i" + TYPED.replace("\n", "<CR>"))
    ghost = until(scene.neovim.ghost, lambda: f"a ghost; {scene.neovim.statusline()}")
    assert ghost.text.startswith("entries:")
    before = scene.neovim.lines()
    scene.neovim.keys("<Tab>")
    until(lambda: scene.neovim.lines() != before, "the buffer has the suggestion")
    text = "\n".join(scene.neovim.lines())
    assert text == TYPED + ghost.text
    (accepted,) = scene.wait_for_sent("workspace/executeCommand")
    assert accepted["params"]["command"] == "sidelight.didAccept"


def test_the_status_tells_where_the_suggestion_came_from(open_file: Open) -> None:
    scene = open_file("new.py")
    ready(scene)
    scene.neovim.keys("i" + TYPED.replace("\n", "<CR>"))
    until(scene.neovim.ghost, "a ghost")

    def told() -> str:
        lines = scene.neovim.lua("return require('sidelight.status').lines()")
        return "\n".join(line for line in lines if "last " in line or "trace id" in line)

    until(lambda: "shown" in told(), lambda: f"the decision; it is {told()!r}")
    assert "fast" in told()


def test_pause_stops_the_suggestions_and_resume_brings_them_back(open_file: Open) -> None:
    scene = open_file("new.py")
    ready(scene)
    scene.neovim.rpc.command("Sidelight pause 5")
    until(lambda: "aused" in scene.neovim.statusline(), scene.neovim.statusline)
    scene.neovim.keys("i" + TYPED.replace("\n", "<CR>"))
    scene.wait_until_asked(1)
    scene.neovim.wait_until_idle()
    assert scene.neovim.ghost() is None
    scene.neovim.keys("<Esc>")
    scene.neovim.rpc.command("Sidelight resume")
    ready(scene)
    scene.neovim.keys("A")
    until(scene.neovim.ghost, "a ghost after the pause")


def test_columns_survive_emoji_with_the_real_server(open_file: Open) -> None:
    scene = open_file("new.py")
    ready(scene)
    emoji = 'def label(running_total: int) -> str:\n    smile = "😀𝄞"; label = smile + '
    scene.neovim.keys("i" + emoji.replace("\n", "<CR>"))
    ghost = until(scene.neovim.ghost, lambda: f"a ghost; {scene.neovim.statusline()}")
    assert ghost.text.startswith("str(running_total)")
    scene.neovim.keys("<Tab>")
    until(lambda: "\n".join(scene.neovim.lines()) == emoji + ghost.text, scene.neovim.line)


def test_the_server_is_told_that_its_editor_leaves(open_file: Open) -> None:
    """That nothing of it is left is what every test here is held to."""
    scene = open_file("new.py")
    ready(scene)
    scene.neovim.close()
    assert len(scene.wait_for_sent("shutdown")) == 1
