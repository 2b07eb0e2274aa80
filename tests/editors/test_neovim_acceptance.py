"""Neovim with everything real behind it: acceptance, the first ghost, and a broker that dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from support import stdio_tee
from support.neovim import Neovim, package_path, until
from support.neovim_real import TYPED, brokers, ready
from support.neovim_scene import Scene
from support.real_server import LEDGER_WITH_ASTRAL

pytestmark = pytest.mark.editors

Open = Callable[..., Scene]
COMMAND = [sys.executable, "-m", "sidelight_client"]
SILENT = """
local compat, whole = require('sidelight.compat'), require('sidelight.compat').call
compat.call = function(client, name, method, ...)
  if method == 'workspace/executeCommand' or method == 'textDocument/didPartiallyAcceptCompletion' then
    return
  end
  return whole(client, name, method, ...)
end
"""
"""Makes the plugin an editor that never says what became of a suggestion."""


@pytest.fixture
def open_file(
    nvim_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> Generator[Open]:
    """`open_file(name, **setup)`: a Neovim on a new file, one broker behind all of them."""
    monkeypatch.setenv("PYTHONPATH", package_path())
    monkeypatch.setenv("SIDELIGHT_VAULT", "memory")
    scenes: list[Scene] = []
    repository, kept = tmp_path / "repo", tmp_path / "traffic"
    (repository / ".git").mkdir(parents=True)
    kept.mkdir()
    (repository / "ledger.py").write_text(LEDGER_WITH_ASTRAL, encoding="utf-8")

    def start(name: str, **keys: str) -> Scene:
        neovim = Neovim(nvim_program, tmp_path / f"homes{len(scenes)}")
        scene = Scene(neovim, repository / name, kept)
        scenes.append(scene)
        server = [sys.executable, stdio_tee.__file__, str(kept), *COMMAND, "lsp"]
        neovim.setup(server, keys={"suggest": "<C-s>", **keys})
        neovim.edit(scene.file)
        neovim.rpc.command("setlocal noautoindent indentexpr=")  # The test types its own blanks.
        return scene

    yield start
    for scene in scenes:
        scene.leave()
    for pid in brokers(private_home):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not brokers(private_home), "the broker has ended")


def accepted() -> int:
    """How many acceptances the broker counts."""
    told = subprocess.run(
        [*COMMAND, "status", "--json"], capture_output=True, text=True, check=False
    )
    assert told.stdout, told.stderr
    return int(json.loads(told.stdout)["counts"]["accepted"])


def suggested(scene: Scene) -> str:
    """The ghost behind what is typed; asked for, because typing alone may be too little to spend on."""
    scene.neovim.keys("i" + TYPED.replace("\n", "<CR>") + "<C-s>")
    return until(scene.neovim.ghost, lambda: f"a ghost; {scene.neovim.statusline()}").text


@pytest.mark.parametrize("silent", [False, True], ids=["with the command", "without a word"])
def test_an_acceptance_counts_once_whether_or_not_the_editor_tells(
    open_file: Open, silent: bool
) -> None:
    scene = open_file("new.py")
    ready(scene)
    if silent:
        scene.neovim.lua(SILENT)
    text = suggested(scene)
    scene.neovim.keys("<Tab>")
    until(lambda: "\n".join(scene.neovim.lines()) == TYPED + text, scene.neovim.line)
    until(lambda: accepted() == 1, lambda: f"one acceptance is counted; it is {accepted()}")
    # What is done next sends what Neovim still gathers, and asks again: it must not count twice.
    scene.neovim.keys("<CR>x")
    scene.wait_until_asked(2)
    scene.neovim.wait_until_idle()
    assert accepted() == 1
    assert bool(scene.sent("workspace/executeCommand")) is not silent


@pytest.mark.parametrize("silent", [False, True], ids=["with the command", "without a word"])
def test_words_count_when_the_last_one_is_taken(open_file: Open, silent: bool) -> None:
    scene = open_file("new.py", accept_word="<C-l>")
    ready(scene)
    if silent:
        scene.neovim.lua(SILENT)
    suggested(scene)
    scene.neovim.keys("<C-l>")
    until(lambda: scene.neovim.line().endswith("entries"), scene.neovim.line)
    rest = until(scene.neovim.ghost, "the rest").text
    assert accepted() == 0
    scene.neovim.keys("<Tab>")
    until(lambda: "\n".join(scene.neovim.lines()) == TYPED + "entries" + rest, scene.neovim.line)
    until(lambda: accepted() == 1, lambda: f"one acceptance is counted; it is {accepted()}")


def test_something_else_counts_nothing(open_file: Open) -> None:
    scene = open_file("new.py")
    ready(scene)
    suggested(scene)
    scene.neovim.keys("zzz")
    scene.wait_until_asked(2)
    scene.neovim.wait_until_idle()
    assert accepted() == 0


def test_from_attaching_to_the_first_ghost(open_file: Open, figure: Callable[[str], None]) -> None:
    """The text stands there; the person types a key and asks as soon as the server is attached.

    Asked for, because what an automatic request waits for is its price and not the machinery; the
    rest of typing that such a request waits for is added to the figure.
    """
    first = open_file("first.py")
    ready(first)  # It starts the broker and warms it.
    rest_ms = first.neovim.lua("return require('sidelight.config').current.debounce_ms")
    took_ms: list[float] = []
    for number in range(3):
        scene = open_file(f"next{number}.py")
        scene.neovim.rpc.current.buffer[:] = TYPED.rstrip().split("\n")
        scene.neovim.rpc.command("normal! G$")
        began = time.monotonic()
        scene.neovim.keys("a <C-s>")
        until(scene.neovim.ghost, f"a ghost in {scene.file.name}")
        took_ms.append((time.monotonic() - began) * 1000)
    figure(
        f"attach to first ghost, warm broker: {rest_ms} ms debounce"
        f" + {min(took_ms):.0f} ms (worst {max(took_ms):.0f}) of at most {2 * rest_ms} ms"
    )


def test_a_broker_killed_while_typing_is_back_by_itself(
    open_file: Open, private_home: Path, figure: Callable[[str], None]
) -> None:
    scene = open_file("new.py")
    scene.server_may_die = True
    ready(scene)
    suggested(scene)
    scene.neovim.keys("<Esc>Gdd")
    for pid in brokers(private_home):
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    scene.neovim.keys("o    for entry in ")
    served_again_s: list[float] = []

    def typing() -> bool:
        """The person types on; whoever sees no ghost asks for one again."""
        if scene.neovim.ghost() is not None:
            return True
        if len(scene.sessions()) > 1 and scene.neovim.attached():
            served_again_s.append(time.monotonic() - began)
            if scene.neovim.lua("return require('sidelight.suggest').idle()"):
                scene.neovim.keys("<C-s>")
        return False

    until(typing, lambda: f"a ghost; {scene.neovim.statusline()}")
    took_s = time.monotonic() - began
    figure(
        f"broker killed while typing: served again after {served_again_s[0]:.1f} s,"
        f" ghost text after {took_s:.1f} s of at most 5 s"
    )
    assert "failed" not in scene.neovim.messages()
    assert "Error" not in scene.neovim.messages()
