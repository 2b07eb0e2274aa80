"""Five kinds of editor at one broker: one renewal and one purse, and nothing of one reaches another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.embedded.gateway import EmbeddedGateway
from sidelight_client.testing.fake_editor import FakeEditor
from sidelight_client.testing.lsp_traffic import Direction

from .conftest import Sidelight
from .test_completion_travels import seen, sign_in, with_a_broker

pytestmark = pytest.mark.anyio

PROFILES = Path(__file__).parents[1] / "lsp" / "profiles"
EDITORS = ("vscode-1.139", "neovim-0.12", "lsp4j", "helix", "eglot")
IN_THE_MENU = ("helix", "eglot")
"""They draw no ghost text and ask for their menu."""
TOLD = ("vscode-1.139", "neovim-0.12")
"""They opted in to our own messages."""
LOOP = "    running_total = 0\n    for entry in "
SOMETHING_ELSE = "entries:\n        pass\n\n\ndef again(entries: list[int]) -> int:\n" + LOOP
"""What nothing that was suggested before can serve."""
SSN = "536-22-8765"
TRIES = 10
PAUSE_S = 1.2
"""So long a pause says nothing about how fast somebody types."""
KEY_S = 0.08


class Window:
    """One editor with one file that only it has open, in which a function has a name of its own."""

    def __init__(self, name: str, editor: FakeEditor, workspace: Path) -> None:
        self.name, self.editor, self.version = name, editor, 1
        self.function = f"total_of_{name.replace('-', '_').replace('.', '_')}"
        self.uri = (workspace / f"{self.function}.py").as_uri()
        self.text = f"def {self.function}(entries: list[int]) -> int:\n" + LOOP
        editor.open(self.uri, "python", self.text)

    @property
    def place(self) -> dict[str, int]:
        return {"line": self.text.count("\n"), "character": len(self.text.rpartition("\n")[2])}

    def type(self, text: str) -> None:
        self.version += 1
        at = self.place
        self.editor.insert(self.uri, self.version, at["line"], at["character"], text)
        self.text += text

    async def suggestion(self) -> str:
        """What the editor gets once it gets something.

        A machine may be busy, and to a menu that opens by itself right after a suggestion that was
        not wanted nothing is offered until the person has gone on.
        """
        for _ in range(TRIES):
            if text := await self.answer():
                return text
            await asyncio.sleep(0.1)
            if self.name in IN_THE_MENU:
                await self.go_on()
        return ""

    async def go_on(self) -> None:
        """Write the function anew as a person does: after a pause, and its last line by keys."""
        await asyncio.sleep(PAUSE_S)
        above, _, last = SOMETHING_ELSE.rpartition("\n")
        self.type(f"{above}\n")
        for character in last:
            await asyncio.sleep(KEY_S)
            self.type(character)

    async def answer(self) -> str:
        """What the editor gets when it asks, in the way that it asks; empty for nothing."""
        inline = self.name not in IN_THE_MENU
        answer: Any = await self.editor.request(
            f"textDocument/{'inlineCompletion' if inline else 'completion'}",
            {
                "textDocument": {"uri": self.uri},
                "position": self.place,
                "context": {"triggerKind": 1},
            },
            within_s=10.0,
        )
        items: list[dict[str, Any]] = [] if answer is None else answer["items"]
        if not items:
            return ""
        text: str = items[0]["insertText"] if inline else items[0]["textEdit"]["newText"]
        return text

    def got(self) -> str:
        """Everything the server ever sent to it."""
        to_client = (one for one in self.editor.traffic if one.direction is Direction.TO_CLIENT)
        return "\n".join(json.dumps(one.message) for one in to_client)

    def used(self) -> Any:
        """How many requests the latest state says are used; None where it says nothing."""
        for one in reversed(self.editor.traffic):
            if one.message.get("method") == "$/sidelight/status":
                limits = one.message["params"]["limits"]
                return next((limit["used"] for limit in limits if limit["scope"] == "user"), None)
        return None


@asynccontextmanager
async def five_windows(sidelight: Sidelight) -> AsyncGenerator[list[Window]]:
    """An editor of each kind, at one broker."""
    async with AsyncExitStack() as leaving:
        windows: list[Window] = []
        for name in EDITORS:
            editor = await FakeEditor.start(
                sidelight.command, env=sidelight.environment, cwd=sidelight.workspace
            )
            leaving.push_async_callback(editor.close)
            for method in ("workspace/diagnostic/refresh", "workspace/codeLens/refresh"):
                editor.answers[method] = lambda _: None
            folder = sidelight.workspace.as_uri()
            params = json.loads((PROFILES / f"{name}.json").read_text("utf-8"))["initialize"]
            params |= {"rootUri": folder, "rootPath": str(sidelight.workspace)}
            params["workspaceFolders"] = [{"uri": folder, "name": "workspace"}]
            await editor.request("initialize", params, within_s=30.0)
            editor.notify("initialized", {})
            windows.append(Window(name, editor, sidelight.workspace))
        yield windows


@with_a_broker
async def test_five_editors_share_one_broker_one_renewal_and_one_purse(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with five_windows(sidelight) as windows:
        assert len(sidelight.brokers()) == 1
        await sign_in(windows[0].editor, gateway)
        found = await asyncio.gather(*(window.suggestion() for window in windows))
        assert all("entries:" in text for text in found), dict(zip(EDITORS, found, strict=True))

        issued = gateway.issuer.serial
        gateway.expire_tokens_now()
        for window in windows:
            window.type(SOMETHING_ELSE)
        found = await asyncio.gather(*(window.suggestion() for window in windows))
        assert all("entries:" in text for text in found), dict(zip(EDITORS, found, strict=True))
        assert gateway.issuer.serial == issued + 1, "one renewal serves all five"

        _, told, _ = await sidelight.run("status", "--json")
        assert len(json.loads(told)["editors"]) == len(EDITORS)
        code, neovim = (window for window in windows if window.name in TOLD)
        spent = 2 * len(EDITORS)
        assert await seen(lambda: code.used() == neovim.used() and code.used() >= spent)


@with_a_broker
async def test_nothing_of_one_editors_documents_reaches_another(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with five_windows(sidelight) as windows:
        await sign_in(windows[0].editor, gateway)
        blocked, *others = windows
        blocked.type(f'[]:\n        pass\n\nrow = {{"ssn": "{SSN}", "name": ')
        assert await blocked.answer() == ""
        found = await asyncio.gather(*(window.suggestion() for window in others))
        assert all("entries:" in text for text in found), found
        for window in windows:
            foreign = [one.function for one in windows if one is not window]
            assert [name for name in foreign if name in window.got()] == []
        assert "us_ssn" in blocked.got()
        assert [one.name for one in others if "us_ssn" in one.got()] == []
