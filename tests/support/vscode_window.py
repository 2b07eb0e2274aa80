"""One window of VS Code in a real browser: real keys, and what a person would see of it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import scripted_server, stdio_tee, stdio_without_commands
from .lsp_checker import read_traffic
from .neovim import package_path, until
from .pictures import keep, keep_for_the_pages
from .vscode_api import Api

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOAD_MAX_MS = 60_000
PATIENCE_S = 20.0
EDITOR = ".part.editor .editor-instance"
GHOST = f'{EDITOR} [class*="ghost-text"]'
PANE = ".part.editor"
MENU = ".quick-input-widget"
STATUS_BAR = ".part.statusbar .right-items"
STATUS = '.statusbar-item[id*="sidelight.status"]'


class Server:
    """The program the extension starts: what is behind it can be changed from test to test."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "sidelight-under-test"
        self.traffic = folder / "traffic"
        self._script = folder / "script.json"
        self.program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        self.program.chmod(0o755)

    def scripted(
        self, by_text: Mapping[str, Mapping[str, Any]], otherwise: Mapping[str, Any]
    ) -> None:
        """From the next start on: a server that answers as the script says."""
        script = {"by_text": by_text, "inline": [otherwise]}
        self._script.write_text(json.dumps(script), encoding="utf-8")
        self._becomes([sys.executable, scripted_server.__file__, str(self._script)], {})

    def real(self, home: Path, *, silent: bool = False) -> None:
        """From the next start on: the real one, with everything of it in `home`.

        With `silent`, the editor gets no command to run when it accepts a suggestion.
        """
        tee = [sys.executable, stdio_tee.__file__]
        variables = {"SIDELIGHT_HOME": str(home), "SIDELIGHT_VAULT": "memory"}
        behind = [sys.executable, "-m", "sidelight_client", "lsp"]
        if silent:
            behind = [sys.executable, stdio_without_commands.__file__, *behind]
        self._becomes(tee, variables, behind)

    def broken(self) -> None:
        """From the next start on: a program that ends at once."""
        self.program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")

    def _becomes(
        self, command: list[str], variables: Mapping[str, str], behind: list[str] | None = None
    ) -> None:
        self.traffic.mkdir(exist_ok=True)
        for file in self.traffic.iterdir():
            file.unlink()
        words = shlex.join([*command, str(self.traffic), *(behind or [])])
        told = {"PYTHONPATH": package_path(), **variables}
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in told.items())
        self.program.write_text(f"#!/bin/sh\n{exports}exec {words}\n", encoding="utf-8")

    def release(self, name: str) -> None:
        """Let a scripted server give the answer that it holds."""
        (self.traffic / f"{name}.release").touch()

    def sessions(self) -> list[Path]:
        """What passed in each start since the program last changed, oldest first."""
        return sorted(self.traffic.glob("*.jsonl"))

    def has_document(self) -> bool:
        """Whether the one that was started last knows the document."""
        return self.was_told("textDocument/didOpen")

    def was_told(self, method: str, word: str = "") -> bool:
        """Whether the one that was started last got a message of this method with `word` in it."""
        newest = max(self.traffic.glob("*.jsonl"), default=None)
        got = [] if newest is None else read_traffic(newest)
        return any(
            entry.message.get("method") == method and word in json.dumps(entry.message)
            for entry in got
        )

    def asked_at(self, text: str) -> bool:
        """Whether a scripted server was asked when the line up to the cursor was `text`."""
        newest = ""
        for file in sorted(self.traffic.glob("*.jsonl")):
            for entry in read_traffic(file):
                message = entry.message
                if message.get("method") == "textDocument/didChange":
                    newest = message["params"]["contentChanges"][-1].get("text", "")
                elif message.get("method") == "textDocument/inlineCompletion":
                    place = message["params"]["position"]
                    lines = newest.splitlines() or [""]
                    if lines[min(place["line"], len(lines) - 1)][: place["character"]] == text:
                        return True
        return False


class Window:
    """One page with one workspace open; its file is the one that is typed into.

    What a person does goes through the page; what only prepares for it, through VS Code's API.
    """

    def __init__(self, page: Page, address: str, workspace: Path, file: Path, api: Api) -> None:
        """`workspace` is a .code-workspace file."""
        self.page = page
        self.file = file
        self.api = api
        self._url = f"{address}/?workspace={workspace}"
        self._load()

    def _load(self) -> None:
        self.page.goto(self._url, timeout=LOAD_MAX_MS)
        self.page.wait_for_selector(".monaco-workbench", timeout=LOAD_MAX_MS)
        self.api.call("open", file=str(self.file))
        self.page.wait_for_selector(f"{EDITOR} .view-line", timeout=LOAD_MAX_MS)
        self.page.wait_for_selector(STATUS, timeout=LOAD_MAX_MS)

    def command(self, title: str) -> None:
        """Run a command by its title, as a person does with F1."""
        self.page.keyboard.press("F1")
        self.page.wait_for_selector(".quick-input-widget:not([style*='display: none'])")
        self.page.keyboard.insert_text(title)
        self.page.wait_for_selector(f'.quick-input-list .monaco-list-row:has-text("{title}")')
        self.page.keyboard.press("Enter")

    def restart(self, server: Server) -> None:
        """Start the server that is wanted now, and wait until it has the document."""
        self.api.command("sidelight.restart")
        until(server.has_document, lambda: f"it has the document: {self.status()}", PATIENCE_S)

    def begin(self, text: str) -> None:
        """Have `text` in the file and in the editor, with the cursor at its end."""
        self.file.write_bytes(text.encode())
        self.api.call("open", file=str(self.file))
        self.api.command("workbench.action.files.revert")

        def told() -> str:
            return f"reverted: {self.shown()!r}, messages: {self.toasts()}"

        try:
            until(lambda: self.shown() == _as_shown(text), told)
        except AssertionError:
            # A page that no longer draws what it is told stays so for every test after this one.
            self.picture("vscode-not-reverted")
            self._load()
            self.api.command("workbench.action.files.revert")
            until(lambda: self.shown() == _as_shown(text), told)
        self.focus()
        self.page.keyboard.press("Control+End")

    def focus(self) -> None:
        self.page.click(f"{EDITOR} .view-lines")

    def type(self, text: str, delay_ms: float = 40) -> None:
        self.page.keyboard.type(text, delay=delay_ms)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shown(self) -> str:
        """The text of the editor as it is drawn, without the ghost text; for short files."""
        lines: list[list[Any]] = self.page.evaluate(_READ_LINES)
        return "\n".join(text for _, text in sorted(lines, key=lambda line: float(line[0])))

    def ghost(self) -> str:
        """The ghost text that is drawn, or ""."""
        found: list[str] = self.page.eval_on_selector_all(
            GHOST, "spans => spans.map(span => span.textContent)"
        )
        return "".join(found).replace("\xa0", " ")

    def wait_for_ghost(self, text: str, within_s: float = PATIENCE_S) -> None:
        try:
            until(lambda: text in self.ghost(), lambda: f"{text!r}: {self.ghost()!r}", within_s)
        except AssertionError:
            self.picture("vscode-no-ghost")
            raise

    def invoke(self, text: str) -> None:
        """Ask for a suggestion, as a person does by its key, until its ghost has `text` in it.

        Typing alone may be answered with nothing, where the machine is too busy for the deadline.
        """

        def there() -> bool:
            if text not in self.ghost():
                self.api.command("editor.action.inlineSuggest.trigger")
            return text in self.ghost()

        until(there, lambda: f"{text!r}: {self.ghost()!r}", PATIENCE_S)

    def saved(self) -> str:
        """The text of the editor, by saving it."""
        self.press("Control+s")
        until(lambda: not self.page.query_selector(".tab.dirty"), "the file is saved")
        return self.file.read_bytes().decode()

    def status(self) -> str:
        """What the status bar says about Sidelight."""
        found = self.page.query_selector(STATUS)
        return (found.inner_text() if found else "").replace("\xa0", " ").strip()

    def toasts(self) -> list[str]:
        """Every message that popped up and is still there."""
        found: list[str] = self.page.eval_on_selector_all(
            ".notification-toast", "boxes => boxes.map(box => box.textContent)"
        )
        return found

    def picture(self, name: str) -> None:
        """Keep a screenshot where artefacts are kept."""
        keep(f"{name}.png", self.page.screenshot())

    def picture_for_the_page(self, name: str, part: str) -> None:
        """Keep a picture of one part of the window, by its selector, for the page in `docs/editors`."""
        image = self.page.locator(part).first.screenshot(animations="disabled")
        keep_for_the_pages(f"{name}.png", image)


_READ_LINES = """() => [
  ...document.querySelectorAll('.part.editor .editor-instance .view-line')
].map(line => {
  const copy = line.cloneNode(true);
  copy.querySelectorAll('[class*="ghost-text"]').forEach(ghost => ghost.remove());
  return [line.style.top.replace('px', ''), copy.textContent.replaceAll('\\u00a0', ' ')];
})"""


def _as_shown(text: str) -> str:
    return text.replace("\r\n", "\n")
