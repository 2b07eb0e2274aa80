"""Stopped, redacted, marked and explained: from an editor's stdin to what the gateway really received."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.embedded import routes
from sidelight_client.embedded.gateway import EmbeddedGateway
from sidelight_client.embedded.question import Question
from sidelight_client.testing.fake_editor import FakeEditor

from .conftest import Sidelight
from .test_completion_travels import TYPED, Buffer, seen, sign_in

pytestmark = pytest.mark.anyio

SSN = "536-22-8765"
"""Of an area and group that were issued; nobody's in particular."""


@pytest.fixture
def received(gateway: EmbeddedGateway, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every body of a completion the gateway was sent."""
    bodies: list[bytes] = []
    reads = routes.read_question

    def noted(body: bytes, *, chat: bool) -> Question:
        bodies.append(body)
        return reads(body, chat=chat)

    monkeypatch.setattr(routes, "read_question", noted)
    assert gateway.url
    return bodies


def private(path: Path) -> str:
    """What stands in a file that only its owner can read, and nobody writes to."""
    assert path.stat().st_mode & 0o777 == 0o400
    return path.read_text("utf-8")


async def ready(editor: FakeEditor) -> None:
    """The gateway's rules are read as soon as somebody is signed in; until then it is a guess."""
    await editor.wait_for(
        "textDocument/publishDiagnostics",
        lambda said: any("refused" in one["message"] for one in said["diagnostics"]),
    )


def command(editor: FakeEditor, name: str, *arguments: Any) -> Any:
    return editor.request(
        "workspace/executeCommand", {"command": name, "arguments": list(arguments)}
    )


async def actions(editor: FakeEditor, buffer: Buffer, line: int, column: int) -> dict[str, Any]:
    place = {"line": line, "character": column}
    offered = await editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": buffer.uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": []},
        },
    )
    return {one["title"]: one for one in offered}


def with_value(sidelight: Sidelight, editor: FakeEditor) -> tuple[Buffer, int]:
    text = f'"""Wages."""\n\nFIXTURE = {{"ssn": "{SSN}"}}\n' + TYPED
    return Buffer(editor, sidelight.workspace / "wages.py", text), 2


async def test_a_value_the_gateway_would_refuse_never_leaves_and_costs_no_request(
    sidelight: Sidelight, gateway: EmbeddedGateway, received: list[bytes]
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer, line = with_value(sidelight, editor)
        await ready(editor)
        assert await buffer.ghost() == ""
        decision = await editor.wait_for(
            "$/sidelight/decision", lambda said: said["outcome"] == "blocked"
        )
        assert decision["policy"]["byGateway"] is False
        assert received == []
        explained = await command(
            editor,
            "sidelight.explain",
            {"uri": buffer.uri, "position": {"line": line, "character": 20}},
        )
        assert "us_ssn" in explained["text"]
        assert SSN[:6] not in json.dumps(editor.heard("textDocument/publishDiagnostics"))


async def test_redact_and_retry_brings_an_answer_and_the_value_is_not_in_what_was_received(
    sidelight: Sidelight, gateway: EmbeddedGateway, received: list[bytes]
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer, line = with_value(sidelight, editor)
        await ready(editor)
        assert await buffer.ghost() == ""
        found = await actions(editor, buffer, line, 20)
        redact = found["Redact and retry"]["command"]
        answer = await command(editor, redact["command"], *redact["arguments"])
        assert answer["redacting"] is True
        assert (await buffer.ghost()).startswith("entries:")
        assert received
        assert not any(SSN.encode() in body for body in received)
        sent = await command(editor, "sidelight.whatWasSent", buffer.uri)
        assert SSN not in sent["text"]
        assert "1 value did not leave" in sent["text"]
        assert "FIXTURE" in sent["text"]


async def test_what_was_sent_opens_as_a_private_file_that_is_gone_with_the_session(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    opened: list[str] = []

    def shown(params: Any) -> dict[str, bool]:
        opened.append(params["uri"])
        return {"success": True}

    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        editor.answers["window/showDocument"] = shown
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        assert (await buffer.ghost()).startswith("entries:")
        asked = {"uri": buffer.uri, "open": True}
        answer = await command(editor, "sidelight.whatWasSent", asked)
        assert await seen(lambda: bool(opened))
        path = Path(opened[0].removeprefix("file://"))
        assert private(path) == answer["text"]
        assert TYPED.strip() in answer["text"]
        assert await editor.shutdown() == 0
    assert await seen(lambda: not path.exists())


async def test_a_mark_in_the_workspace_says_a_value_is_made_up_and_changes_nothing_at_the_gateway(
    sidelight: Sidelight, gateway: EmbeddedGateway, received: list[bytes]
) -> None:
    (sidelight.workspace / ".git").mkdir()
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer, line = with_value(sidelight, editor)
        await ready(editor)
        marks = sidelight.workspace / ".sidelight.toml"
        marks.write_text('[[fixture]]\npath = "wages.py"\n', "utf-8")
        said = await editor.wait_for(
            "textDocument/publishDiagnostics",
            lambda said: any("made up" in one["message"] for one in said["diagnostics"]),
        )
        assert said["diagnostics"][0]["range"]["start"]["line"] == line
        assert await buffer.ghost() == ""
        assert received == []


async def test_a_keystroke_that_brought_nothing_is_explained_from_the_command_line_too(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        path = sidelight.workspace / "new.py"
        path.write_text("value = \n", "utf-8")
        buffer = Buffer(editor, path, "value = \n")
        await command(editor, "sidelight.pause", 30)
        assert await buffer.ghost() == ""
        explained = await command(editor, "sidelight.explain", {"uri": buffer.uri})
        assert explained["code"] == "completions.paused"
        if not sidelight.in_process:
            code, out, _ = await sidelight.run("explain", f"{path}:2", "--json")
            answer = json.loads(out)
            assert answer["editor"]["code"] == answer["now"]["code"] == "completions.paused"
            assert code == 4
        await command(editor, "sidelight.pause", 0)
        await command(editor, "sidelight.pause", 30, "python")
        assert await buffer.ghost() == ""
        explained = await command(editor, "sidelight.explain", {"uri": buffer.uri})
        assert explained["code"] == "completion.language_paused"
