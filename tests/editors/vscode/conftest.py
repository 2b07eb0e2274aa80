"""One running VS Code of each version for every test in this folder: a window, and the server behind it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support import client_profiles, code_server, vscode_api
from support.neovim import until
from support.real_server import LEDGER_WITH_ASTRAL, brokers_of
from support.vscode_api import Api
from support.vscode_window import PATIENCE_S, Server, Window

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RealPart = Callable[[str, object, str], None]
NOTHING_MORE: dict[str, Any] = {"result": {"items": []}}
"""What a scripted server answers where a test says nothing else."""

SETTINGS: dict[str, object] = {
    "chat.disableAIFeatures": True,
    "editor.quickSuggestions": {"other": "off", "comments": "off", "strings": "off"},
    "editor.wordBasedSuggestions": "off",
    "editor.suggestOnTriggerCharacters": False,
    "editor.autoIndent": "none",
    "editor.autoClosingBrackets": "never",
    "editor.minimap.enabled": False,
    "editor.stickyScroll.enabled": False,
    "files.autoSave": "off",
    "files.eol": "\n",
    "git.enabled": False,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.showReleaseNotes": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
}


CLOSED_BECAUSE = "Payments are in scope of PCI DSS."
CLOSED_FOLDER = f"""[[place]]
path = "**"
mode = "off"
reason = "{CLOSED_BECAUSE}"
owner = "payments@example.org"
"""
CARDS = "def card_of_holder(holder: str) -> str:\n    return holder\n"
WORKSPACE = '{"folders": [{"path": "work"}, {"path": "payments"}]}'
TYPED = "\n\ndef total_of_entries(entries: list[int]"


@pytest.fixture(scope="package")
def vsix(real_part: RealPart) -> Path:
    real_part("npm", shutil.which("npm"), "it builds the extension for VS Code")
    return code_server.build_extension()


@pytest.fixture(scope="package")
def browser(real_part: RealPart) -> Generator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    real_part("chromium", program, "VS Code is looked at in a browser")
    found = importlib.util.find_spec("playwright")
    real_part("playwright", found, "it drives the browser (it is in the dev dependencies)")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=flags)
        yield running
        running.close()


@pytest.fixture(
    scope="package", params=[code_server.OLDEST, code_server.NEWEST], ids=lambda v: v.vscode
)
def version(request: pytest.FixtureRequest, real_part: RealPart) -> code_server.Version:
    wanted: code_server.Version = request.param
    why = code_server.missing(wanted)
    real_part(f"VS Code {wanted.vscode}", not why, why)
    return wanted


@pytest.fixture(scope="package")
def scene(
    version: code_server.Version, browser: Browser, vsix: Path
) -> Generator[tuple[Server, Window]]:
    """A window on two folders, of which rules close one, and the server, which each test chooses."""
    homes = Path(tempfile.mkdtemp(prefix="sl-vscode-"))
    server = Server(homes)
    for folder in ("work", "payments"):
        (homes / folder / ".git").mkdir(parents=True)
        (homes / folder / "case.py").touch()
    (homes / "payments" / "case.py").write_text(CARDS, encoding="utf-8")
    (homes / "payments" / ".sidelight.toml").write_text(CLOSED_FOLDER, encoding="utf-8")
    workspace = homes / "two.code-workspace"
    workspace.write_text(WORKSPACE, encoding="utf-8")
    server.scripted({}, NOTHING_MORE)
    settings = {**SETTINGS, "sidelight.server.path": str(server.program)}
    api = Api(homes / "api")
    variables = {vscode_api.VARIABLE: str(homes / "api")}
    extensions = [vsix, vscode_api.packed(homes)]
    with code_server.running(version, homes, extensions, settings, variables) as address:
        page = browser.new_page(viewport={"width": 1100, "height": 640})
        window = Window(page, address, workspace, homes / "work" / "case.py", api)
        until(server.has_document, "the server has the document", PATIENCE_S)
        client_profiles.keep(f"vscode-{version.vscode}", server.traffic)
        yield server, window
        page.close()
    shutil.rmtree(homes, ignore_errors=True)


Script = Callable[..., tuple[Server, Window]]


@pytest.fixture
def scripted(scene: tuple[Server, Window]) -> Generator[Script]:
    """`scripted({TEXT: STEP})`: the window with a server that answers so where a line ends with TEXT."""
    server, window = scene

    def start(by_text: dict[str, dict[str, Any]], text: str = "") -> tuple[Server, Window]:
        server.scripted(by_text, NOTHING_MORE)
        window.begin(text)
        window.restart(server)
        window.focus()
        window.press("Control+End")
        return server, window

    yield start
    assert window.toasts() == [], "nothing pops up because of a server's answer"


@pytest.fixture
def real(scene: tuple[Server, Window], private_home: Path) -> Generator[Window]:
    """The window with the real server, its broker and the embedded gateway."""
    server, window = scene
    server.real(private_home)
    window.begin(LEDGER_WITH_ASTRAL)
    window.restart(server)
    until(lambda: "/120" in window.status(), lambda: f"ready: {window.status()}", PATIENCE_S)
    window.focus()
    window.press("Control+End")
    yield window
    # The extension starts its server again by itself, and that is to be no second broker.
    server.scripted({}, NOTHING_MORE)
    window.begin("")
    for pid in brokers_of(private_home):
        os.kill(pid, signal.SIGTERM)
    until(lambda: not brokers_of(private_home), "the broker has ended")
