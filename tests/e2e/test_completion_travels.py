"""From an editor's stdin to the gateway and back, through the real processes, in both modes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.embedded.gateway import EmbeddedGateway
from sidelight_client.testing.fake_editor import FakeEditor

from .conftest import SOURCE, Sidelight

pytestmark = pytest.mark.anyio

with_a_broker = pytest.mark.parametrize("sidelight", ["broker"], indirect=True)
"""For what only a process of its own can show."""

TYPED = "\n\ndef total(entries: list[int]) -> int:\n    running_total = 0\n    for entry in "


class Buffer:
    """One open file and a cursor at its end."""

    def __init__(self, editor: FakeEditor, path: Path, text: str = SOURCE) -> None:
        self.editor, self.uri, self.text, self.version = editor, path.as_uri(), text, 1
        editor.open(self.uri, "python", text)

    @property
    def at(self) -> tuple[int, int]:
        last = self.text.rsplit("\n", 1)[-1]
        return self.text.count("\n"), len(last.encode("utf-16-le")) // 2

    def type(self, text: str) -> None:
        self.version += 1
        self.editor.insert(self.uri, self.version, *self.at, text)
        self.text += text

    async def ghost(self) -> str:
        items = await self.editor.complete_inline(self.uri, *self.at, invoked=True)
        if not items:
            return ""
        text: str = items[0]["insertText"]
        return text[self.at[1] - items[0]["range"]["start"]["character"] :]

    async def ghost_when_signed_in(self) -> str:
        """The embedded gateway signs its own person in, and reads the workspace, in a moment."""
        for _ in range(100):
            text = await self.ghost()
            if text:
                return text
            await asyncio.sleep(0.05)
        return ""


async def seen(true: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether `true()` becomes true; for what another process does and no event tells."""
    for _ in range(int(within_s / 0.02)):
        if true():
            return True
        await asyncio.sleep(0.02)
    return False


async def sign_in(editor: FakeEditor, gateway: EmbeddedGateway) -> None:
    """Sign in by the editor's command; the test plays the browser."""
    opened: list[asyncio.Task[None]] = []

    def show_document(params: Any) -> dict[str, bool]:
        opened.append(asyncio.create_task(gateway.approve(params["uri"])))
        return {"success": True}

    editor.answers["window/showDocument"] = show_document
    await editor.request("workspace/executeCommand", {"command": "sidelight.signIn"}, within_s=20)
    await asyncio.gather(*opened)


async def test_without_any_setting_the_first_keystrokes_are_completed_from_the_workspace(
    sidelight: Sidelight,
) -> None:
    async with sidelight.editor() as editor:
        buffer = Buffer(editor, sidelight.workspace / "new.py", "")
        buffer.type(TYPED)
        assert (await buffer.ghost_when_signed_in()).startswith("entries:")
        decision = await editor.wait_for(
            "$/sidelight/decision", lambda said: said["outcome"] == "shown"
        )
        assert decision["source"]["kind"] == "workspace"
        assert len(decision["traceId"]) == 32
        assert await editor.shutdown() == 0


async def test_signing_in_from_the_editor_and_completing_through_a_gateway(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        assert await buffer.ghost() == ""
        status = await editor.wait_for("$/sidelight/status")
        assert status["state"] == "signedOut"
        await sign_in(editor, gateway)
        assert (await buffer.ghost()).startswith("entries:")
        await editor.wait_for("$/sidelight/status", lambda said: said["state"] == "ready")


async def test_a_block_is_shown_on_exactly_the_characters_the_rule_objects_to(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type('\n# 😀\nFIXTURE = {"😀 ssn": "536-22-8765"}\nnext_value = ')
        assert await buffer.ghost() == ""
        said = await editor.wait_for(
            "textDocument/publishDiagnostics", lambda params: params["diagnostics"]
        )
        found = said["diagnostics"][0]
        line = buffer.text.split("\n").index('FIXTURE = {"😀 ssn": "536-22-8765"}')
        assert found["range"] == {
            "start": {"line": line, "character": 22},
            "end": {"line": line, "character": 33},
        }
        assert found["source"] == "sidelight"
        assert "536-22" not in json.dumps(said)


async def test_a_limit_is_reached_and_the_status_never_reads_ready(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        gateway.faults.throttle = "neutral"
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type("\nvalue = ")
        assert await buffer.ghost() == ""
        limited = await editor.wait_for(
            "$/sidelight/status", lambda said: said["state"] == "throttled"
        )
        assert limited["retryAt"] is not None
        asked = len(gateway.audit.lines)
        buffer.type("total_of")
        await buffer.ghost()
        assert len(gateway.audit.lines) == asked, "while the limit holds nothing is sent"
        assert editor.heard("$/sidelight/status")[-1]["state"] == "throttled"


async def test_an_expired_token_is_renewed_and_nobody_sees_a_401(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        gateway.expire_tokens_now()
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        assert (await buffer.ghost()).startswith("entries:")


@pytest.mark.parametrize(
    "fault", ["bad_gateway_html", "outage", "cut_stream", "garbage", "stream_error"]
)
async def test_a_gateway_that_misbehaves_costs_a_suggestion_and_nothing_else(
    sidelight: Sidelight, gateway: EmbeddedGateway, fault: str
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        setattr(gateway.faults, fault, True)
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        assert await buffer.ghost() == ""
        setattr(gateway.faults, fault, False)
        buffer.type("entr")
        assert (await buffer.ghost()).startswith("ies:")


async def test_typing_away_aborts_the_request_up_to_the_gateways_socket(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        gateway.faults.hang_mid_stream = True
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        message_id, answer = editor.send_request(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": buffer.uri},
                "position": {"line": buffer.at[0], "character": buffer.at[1]},
                "context": {"triggerKind": 1},
            },
        )
        await asyncio.sleep(0.2)
        editor.cancel(message_id)
        with pytest.raises(Exception, match="-32800"):
            await answer
        assert await seen(lambda: any("cancelled" in str(line) for line in gateway.audit.lines))


@with_a_broker
async def test_the_command_line_completes_and_tells_the_status(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    file = sidelight.workspace / "new.py"
    file.write_text(TYPED, "utf-8")
    place = f"{file}:{TYPED.count(chr(10)) + 1}:{len(TYPED.rsplit(chr(10), 1)[-1]) + 1}"
    code, out, err = await sidelight.run("complete", place, "--json")
    assert code == 3, err
    assert json.loads(out)["outcome"] == "unauthorized"
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
    code, out, err = await sidelight.run("complete", place, "--json")
    assert code == 0, err
    done = json.loads(out)
    assert set(done) >= {"outcome", "items", "source", "tier", "ms", "trace_id"}
    assert done["items"][0]["text"].startswith("entries:")
    code, out, err = await sidelight.run("status", "--json")
    assert code == 0, err
    assert json.loads(out)["state"] == "ready"
    code, out, _ = await sidelight.run("pause", "30m")
    assert code == 0
    code, out, _ = await sidelight.run("complete", place)
    assert code == 4
    assert "paused" in out.lower()
    assert (await sidelight.run("pause", "off"))[0] == 0
    code, out, _ = await sidelight.run("logout")
    assert (code, out) == (0, "Signed out.\n")
    assert (await sidelight.run("status"))[0] == 3


@with_a_broker
async def test_the_embedded_gateways_own_person_is_signed_in_without_any_browser(
    sidelight: Sidelight,
) -> None:
    code, out, err = await sidelight.run("logout")
    assert code == 0, err
    assert (await sidelight.run("status"))[0] == 3
    code, out, err = await sidelight.run("login", "--device")
    assert (code, out) == (0, "Signed in as you@this-machine.\n"), err


@with_a_broker
async def test_two_editors_share_one_broker_and_one_sign_in(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor("one") as first, sidelight.editor("two") as second:
        await sign_in(first, gateway)
        buffer = Buffer(second, sidelight.workspace / "new.py")
        buffer.type(TYPED)
        assert (await buffer.ghost()).startswith("entries:")
        assert len(sidelight.brokers()) == 1
        _, out, _ = await sidelight.run("status", "--json")
        assert len(json.loads(out)["editors"]) == 2


@with_a_broker
async def test_a_killed_broker_ends_its_shims_and_the_next_start_is_clean(
    sidelight: Sidelight,
) -> None:
    editor = await FakeEditor.start(
        sidelight.command, env=sidelight.environment, cwd=sidelight.workspace
    )
    await editor.initialize(folder=sidelight.workspace)
    (pid,) = sidelight.brokers()
    os.kill(pid, signal.SIGKILL)
    assert await editor.close() == 1
    async with sidelight.editor() as again:
        buffer = Buffer(again, sidelight.workspace / "new.py", "")
        buffer.type(TYPED)
        assert await buffer.ghost_when_signed_in()
        assert await again.shutdown() == 0


async def test_nothing_a_person_typed_and_no_token_is_in_any_file_sidelight_leaves(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    canary = "unmistakable_canary_name"
    async with sidelight.editor() as editor:
        await sign_in(editor, gateway)
        buffer = Buffer(editor, sidelight.workspace / "new.py")
        buffer.type(f"\n{canary} = total_of_entries(")
        await buffer.ghost()
        buffer.type('\nssn = "536-22-8765"\n')
        await buffer.ghost()
        gateway.faults.bad_gateway_html = True
        buffer.type("x = ")
        await buffer.ghost()
        await editor.shutdown()
        errors = editor.errors
    sidelight.end_brokers()
    left = errors.encode()
    for file in sidelight.home.rglob("*"):
        if file.is_file() and not file.name.endswith(".key"):
            left += file.read_bytes()
    for secret in (canary, "536-22-8765", "eyJ", gateway.key.reveal()):
        assert secret.encode() not in left, secret


@with_a_broker
async def test_the_command_line_completes_from_the_repository_without_any_editor(
    sidelight: Sidelight,
) -> None:
    (sidelight.workspace / ".git").mkdir()
    file = sidelight.workspace / "new.py"
    file.write_text(TYPED, "utf-8")
    place = f"{file}:{TYPED.count(chr(10)) + 1}:{len(TYPED.rsplit(chr(10), 1)[-1]) + 1}"
    code, out, err = await sidelight.run("complete", place, "--json")
    assert code == 0, err
    done = json.loads(out)
    assert done["items"][0]["text"].startswith("entries:")
    assert done["source"]["label"].startswith("workspace match: ledger.py:")


@with_a_broker
async def test_a_dead_session_asks_one_editor_once_and_a_click_signs_in_again(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    async with sidelight.editor("one") as first, sidelight.editor("two") as second:
        await sign_in(first, gateway)
        gateway.faults.reject_refresh = True
        gateway.expire_tokens_now()
        buffers = [Buffer(e, sidelight.workspace / "new.py") for e in (first, second)]
        asked: list[Any] = []
        for editor in (first, second):

            def answer(params: Any) -> dict[str, str]:
                asked.append(params)
                gateway.faults.reject_refresh = False
                return {"title": "Sign in"}

            def show_document(params: Any) -> dict[str, bool]:
                opened.append(asyncio.create_task(gateway.approve(params["uri"])))
                return {"success": True}

            editor.answers["window/showMessageRequest"] = answer
            editor.answers["window/showDocument"] = show_document
        opened: list[asyncio.Task[None]] = []
        for buffer in (*buffers, *buffers):
            buffer.type("\nvalue = ")
            await buffer.ghost()
        assert await seen(lambda: bool(opened))
        await asyncio.gather(*opened)
        assert len(asked) == 1
        assert "invalid_grant" in asked[0]["message"]
        assert "trace id" in asked[0]["message"]
        buffers[0].type(TYPED)
        assert (await buffers[0].ghost()).startswith("entries:")
