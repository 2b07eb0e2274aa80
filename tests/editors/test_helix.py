"""Helix with the configuration that ships: a suggestion from the menu, into the buffer.

Debian's stable release has no current Helix; it is unpacked from the next one.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from support import client_profiles
from support.debian_unpack import WHY_NEEDED, NotToBeHadError, missing_tools, unpack
from support.neovim import CHECKOUT, until
from support.real_server import CONTINUES, TYPED, WRITTEN, real_server
from support.terminal import terminal

pytestmark = pytest.mark.editors

CONFIGURATION = CHECKOUT / "installers" / "helix" / "languages.toml"

RealPart = Callable[[str, object, str], None]


def test_the_configuration_names_the_server_it_declares() -> None:
    content = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))
    assert content["language-server"]["sidelight"] == {"command": "sidelight", "args": ["lsp"]}
    assert all("sidelight" in language["language-servers"] for language in content["language"])


def test_the_menu_of_helix_offers_the_suggestion_and_enters_it(
    tmp_path: Path, private_home: Path, real_part: RealPart
) -> None:
    missing = missing_tools()
    real_part(", ".join(missing) or "apt", not missing, WHY_NEEDED)
    real_part("tmux", shutil.which("tmux"), "Helix is driven in a terminal")
    try:
        helix = unpack("hx", "forky", programs=["hx"])
    except NotToBeHadError as why:
        # The release moves on; that is no fault of ours, so it is told and no failure, also in CI.
        pytest.skip(f"Helix is not tested: {why}")
    folder = tmp_path / "config" / "helix"
    folder.mkdir(parents=True)
    shutil.copy(CONFIGURATION, folder)
    (folder / "config.toml").write_text("[editor]\nauto-pairs = false\nauto-completion = false\n")
    with (
        real_server(tmp_path, private_home) as server,
        terminal(private_home / "tmux", server.environment) as screen,
    ):
        program = [str(helix.program("hx")), str(server.file)]
        screen.start(program, server.workspace)
        screen.wait_for("def total")
        until(lambda: server.answers("initialize"), screen.screen)
        screen.press("g", "e", "o")

        def offered() -> bool:
            # Typed anew each time: the gateway may not have read the workspace at first.
            asked = len(server.answers("textDocument/completion"))
            screen.press("C-u")
            for character in TYPED:
                screen.type(character)
            screen.press("C-x")
            until(lambda: len(server.answers("textDocument/completion")) > asked, screen.screen)
            answer = server.answers("textDocument/completion")[-1]
            return bool(answer and answer["items"])

        until(offered, lambda: f"a suggestion in\n{screen.screen()}", 30)
        screen.wait_for(CONTINUES)
        screen.press("Tab", "Enter", "Escape")
        screen.type(":wq")
        screen.press("Enter")
        line = TYPED.lstrip() + CONTINUES  # The editor indents by itself.
        until(lambda: line in server.file.read_text("utf-8"), screen.screen)
        assert server.file.read_text("utf-8").startswith(WRITTEN)
        # Helix offers `workspace.diagnostic` where the protocol says `diagnostics`: its own slip.
        ours = [one for one in server.problems() if "initialize.capabilities" not in one]
        assert ours == []
        client_profiles.keep("helix", server.kept)
