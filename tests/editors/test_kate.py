"""Kate with the configuration that ships: a suggestion from its menu, and a server that is back by itself."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from realtray.desktop import Desktop, missing, x11_desktop
from sidelight_client.testing.lsp_traffic import Direction
from support import client_profiles
from support.lsp_checker import read_traffic
from support.neovim import CHECKOUT, until
from support.pictures import keep_for_the_pages
from support.real_server import CONTINUES, TYPED, WRITTEN, RealServer, brokers_of, real_server

pytestmark = pytest.mark.editors

CONFIGURATION = CHECKOUT / "installers" / "kate" / "settings.json"
X11 = ("Xvfb", "openbox", "dbus-daemon", "xdotool", "import")
PATIENCE_S = 30.0

# Kate asks before it runs a command that is not yet listed here, and the answer is kept here.
SETTINGS = """[Kate Plugins]
lspclientplugin=true
kateprojectplugin=true

[General]
Show welcome view for new window=false

[lspclient]
AllowedServerCommandLines={program} lsp

[KTextEditor Document]
Newline at End of File=false
"""

RealPart = Callable[[str, object, str], None]


@dataclass(frozen=True, slots=True)
class Kate:
    """A window with a Python file and a Go file, of which the Python file is in front."""

    desktop: Desktop
    server: RealServer
    home: Path

    def type(self, text: str) -> None:
        self.desktop.output("xdotool", "type", "--delay", "15", text)

    def opened(self) -> list[tuple[str, str, str]]:
        """The session, the name and the language of each document that was opened."""
        found: list[tuple[str, str, str]] = []
        for session in sorted(self.server.kept.glob("*.jsonl")):
            for one in read_traffic(session):
                if one.message.get("method") == "textDocument/didOpen":
                    document = one.message["params"]["textDocument"]
                    name = document["uri"].rpartition("/")[2]
                    found.append((session.name, name, document["languageId"]))
        return found

    def text(self) -> str:
        """The Python file as the server knows it: Kate tells it the whole text at each change."""
        text = ""
        for session in sorted(self.server.kept.glob("*.jsonl")):
            for one in read_traffic(session):
                params: dict[str, Any] = one.message.get("params") or {}
                if one.direction is not Direction.TO_SERVER or "textDocument" not in params:
                    continue
                if not params["textDocument"]["uri"].endswith(self.server.file.name):
                    continue
                text = params["textDocument"].get("text", text)
                for change in params.get("contentChanges", ()):
                    assert "range" not in change
                    text = change["text"]
        return text

    def offered(self) -> bool:
        """Ask for the menu anew: the gateway may not have read the workspace at first."""
        method = "textDocument/completion"
        asked = len(self.server.answers(method))
        self.desktop.keys("Escape", "ctrl+space")
        until(lambda: len(self.server.answers(method)) > asked, "it is answered", PATIENCE_S)
        newest: dict[str, Any] = self.server.answers(method)[-1] or {}
        return any(CONTINUES in one["label"] for one in newest.get("items", ()))

    def picture(self, without: bytes) -> bytes:
        """The window with its menu, once it is drawn and stands still; `without` is the display before."""
        newest = self.desktop.picture().data

        def drawn() -> bool:
            nonlocal newest
            before, newest = newest, self.desktop.picture().data
            return newest == before != without

        until(drawn, "the menu is drawn", PATIENCE_S)
        # All but the window is one colour, which is cut away.
        root = ("import", "-silent", "-window", "root", "-trim", "+repage", "png:-")
        return self.desktop.output(*root)


@pytest.fixture
def kate(tmp_path: Path, private_home: Path, real_part: RealPart) -> Generator[Kate]:
    real_part("kate", shutil.which("kate"), "the configuration for it is tried")
    real_part(missing(X11) or "a display", not missing(X11), "Kate is looked at on one")
    with real_server(tmp_path, private_home) as server, x11_desktop(tmp_path / "d") as desktop:
        other = server.workspace / "other.go"
        other.write_text("package main\n", encoding="utf-8")
        folder = Path(desktop.environ["XDG_CONFIG_HOME"])
        (folder / "kate" / "lspclient").mkdir(parents=True)
        shutil.copy(CONFIGURATION, folder / "kate" / "lspclient")
        program = shutil.which("sidelight", path=server.environment["PATH"])
        (folder / "katerc").write_text(SETTINGS.format(program=program), encoding="utf-8")
        names = ("PATH", "PYTHONPATH", "SIDELIGHT_VAULT", "SIDELIGHT_HOME")
        ours = {name: server.environment[name] for name in names}
        files = [str(other), str(server.file)]
        with desktop.running("kate", "--new", "--block", *files, **ours) as process:
            window = Kate(desktop, server, private_home)
            until(lambda: server.answers("initialize"), "the server is started", PATIENCE_S)
            until(window.opened, "a document is opened", PATIENCE_S)
            yield window
            desktop.keys("Escape", "ctrl+q")
            until(lambda: process.poll() is not None, "Kate has ended", PATIENCE_S)


def test_kate_offers_a_suggestion_enters_it_and_starts_a_server_that_ended(kate: Kate) -> None:
    server, desktop = kate.server, kate.desktop
    desktop.keys("ctrl+End")
    kate.type(TYPED)
    until(lambda: kate.text() == WRITTEN + TYPED, kate.text, PATIENCE_S)
    without = desktop.picture().data
    until(kate.offered, "a suggestion", PATIENCE_S)
    keep_for_the_pages("kate.png", kate.picture(without))
    desktop.keys("Return")
    until(lambda: f"{WRITTEN}{TYPED}{CONTINUES}" in kate.text(), kate.text, PATIENCE_S)
    desktop.keys("ctrl+s")
    until(lambda: f"{TYPED}{CONTINUES}" in server.file.read_text("utf-8"), "it is saved")

    desktop.keys("alt+Left")
    until(lambda: len(kate.opened()) > 1, "the other file is in front", PATIENCE_S)
    (one, *python), (other, *go) = kate.opened()
    assert (python, go) == (["new.py", "python"], ["other.go", "go"])
    assert one == other, "one server has both languages"
    client_profiles.keep("kate", server.kept)

    for pid in brokers_of(kate.home):
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(server.answers("initialize")) > 1, "there is another", PATIENCE_S)
    desktop.keys("alt+Right", "ctrl+End")
    kate.type(f"\n\n{WRITTEN}{TYPED}")
    until(kate.offered, "a suggestion again", PATIENCE_S)
    desktop.keys("Escape", "ctrl+s")
    assert server.problems() == []
