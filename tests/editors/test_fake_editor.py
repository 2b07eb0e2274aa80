"""The fake editor that ships: its framing, its record, and how it ends a server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.testing.fake_editor import FakeEditor
from sidelight_client.testing.lsp_frames import FrameReader, FramingError, Message, frame
from sidelight_client.testing.lsp_traffic import Direction
from sidelight_client.testing.stdio_client import RefusedError, ServerGoneError
from support import scripted_server
from support.neovim import package_path
from support.stdio_client import checked_editor

URI = "file:///repo/a.py"

Scripted = Callable[..., AbstractAsyncContextManager[FakeEditor]]


@pytest.fixture
def scripted(tmp_path: Path) -> Scripted:
    """`scripted(STEP, …)`: an editor with a server that follows the steps."""

    @asynccontextmanager
    async def start(*steps: dict[str, Any], ended: bool = True) -> AsyncGenerator[FakeEditor]:
        (tmp_path / "script.json").write_text(json.dumps({"inline": list(steps)}), "utf-8")
        (tmp_path / "kept").mkdir()
        command = [sys.executable, scripted_server.__file__]
        async with checked_editor(
            [*command, str(tmp_path / "script.json"), str(tmp_path / "kept")],
            env={**os.environ, "PYTHONPATH": package_path()},
            allowed=scripted_server.TEST_METHODS,
            ended=ended,
        ) as editor:
            yield editor

    return start


@given(
    st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), max_size=5),
    st.integers(min_value=1, max_value=50),
)
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    messages: list[Message], size: int
) -> None:
    data = b"".join(map(frame, messages))
    reader = FrameReader()
    found: list[Message] = []
    for start in range(0, len(data), size):
        found += reader.feed(data[start : start + size])
    assert found == messages
    assert reader.empty


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"Content-Type: x\r\n\r\n{}", "without Content-Length"),
        (b"Content-Length: two\r\n\r\n{}", "no number"),
        (b"Content-Length: -2\r\n\r\n{}", "no number"),
        (b"Content-Length: 99999999999\r\n\r\n", "too large"),
        (b"Content-Length: 2\r\n\r\n[]", "no JSON object"),
        (b"Content-Length: 2\r\n\r\n{{", "no JSON"),
        (b"print: hello\nworld\r\n\r\n", "without Content-Length"),
        (b"hello\r\n\r\n", "without a colon"),
        (b"x" * 5_000, "no end of a header"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(FramingError, match=why):
        FrameReader().feed(data)


@given(st.binary(max_size=200))
def test_garbage_never_does_anything_but_refuse_or_wait(data: bytes) -> None:
    with suppress(FramingError):
        FrameReader().feed(data)


@pytest.mark.anyio
async def test_a_whole_session_is_recorded_both_ways(scripted: Scripted) -> None:
    async with scripted({"line": "x = 1"}) as editor:
        result = await editor.initialize(options={"sidelight": {"messages": True}})
        assert result["serverInfo"] == {"name": "scripted"}
        editor.open(URI, "python", "")
        editor.insert(URI, 2, 0, 0, "x")
        items = await editor.complete_inline(URI, 0, 1)
        assert items is not None
        assert items[0]["insertText"] == "x = 1"
        status = await editor.wait_for("$/sidelight/status")
        assert status["summary"] == "Ready"
        assert await editor.shutdown() == 0
    assert [e.message.get("method") for e in editor.traffic if "method" in e.message] == [
        "initialize",
        "initialized",
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/inlineCompletion",
        "$/sidelight/status",
        "shutdown",
        "exit",
    ]
    assert editor.traffic[0].direction is Direction.TO_SERVER
    assert editor.traffic[1].direction is Direction.TO_CLIENT


@pytest.mark.anyio
async def test_superseded_is_told_from_nothing(scripted: Scripted) -> None:
    async with scripted({"result": None}, {"result": {"items": []}}) as editor:
        await editor.initialize()
        assert await editor.complete_inline(URI, 0, 0) is None
        assert await editor.complete_inline(URI, 0, 0) == []
        await editor.shutdown()


@pytest.mark.anyio
async def test_an_error_is_raised_with_its_code(scripted: Scripted) -> None:
    async with scripted({"result": None}) as editor:
        await editor.initialize()
        with pytest.raises(RefusedError) as refused:
            await editor.request(
                "textDocument/hover", {"textDocument": {"uri": URI}, "position": _at(0)}
            )
        assert (refused.value.method, refused.value.code) == ("textDocument/hover", -32601)
        await editor.shutdown()


@pytest.mark.anyio
async def test_a_request_without_an_answer_is_cancelled_in_the_end(scripted: Scripted) -> None:
    async with scripted({"result": None, "hold": "it"}) as editor:
        await editor.initialize()
        with pytest.raises(TimeoutError, match="no answer to textDocument/inlineCompletion"):
            await editor.complete_inline(URI, 0, 0, within_s=0.05)
        await editor.shutdown()
    assert "$/cancelRequest" in [entry.message.get("method") for entry in editor.traffic]


@pytest.mark.anyio
async def test_a_server_that_dies_answers_nothing_more(scripted: Scripted) -> None:
    async with scripted({"crash": "once"}, ended=False) as editor:
        await editor.initialize()
        with pytest.raises(ServerGoneError, match="the server ended"):
            await editor.complete_inline(URI, 0, 0)
        with pytest.raises(ServerGoneError):
            await editor.request("shutdown")
        with pytest.raises(ServerGoneError):
            await editor.wait_for("$/never")
        assert await editor.close() == 3


@pytest.mark.anyio
async def test_what_a_server_says_on_stderr_is_kept() -> None:
    program = "import sys; sys.stderr.write('out of cheese'); sys.stdin.read()"
    editor = await FakeEditor.start([sys.executable, "-c", program])
    assert await editor.close() == 0
    assert editor.errors == "out of cheese"


@pytest.mark.anyio
async def test_a_server_that_does_not_leave_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidelight_client.testing.stdio_client.LEAVE_WITHIN_S", 0.2)
    program = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); signal.pause()"
    )
    editor = await FakeEditor.start([sys.executable, "-u", "-c", program])
    assert editor.pid is not None
    assert await editor.close() == -9


@pytest.mark.anyio
async def test_requests_of_the_server_get_their_answers_over_descriptors() -> None:
    server_reads, editor_writes = os.pipe()
    editor_reads, server_writes = os.pipe()
    editor = await FakeEditor.over(editor_reads, editor_writes)
    asks: list[tuple[str, Any]] = [
        ("workspace/configuration", {"items": [{}, {}]}),
        ("window/showDocument", {"uri": URI}),
        ("sidelight/unknown", {}),
    ]
    for number, (method, params) in enumerate(asks):
        os.write(
            server_writes,
            frame({"jsonrpc": "2.0", "id": number, "method": method, "params": params}),
        )
    frames = FrameReader()
    answers: list[Message] = []
    async with asyncio.timeout(10):
        while len(answers) < len(asks):
            answers += frames.feed(await asyncio.to_thread(os.read, server_reads, 65_536))
    assert [answer.get("result") for answer in answers] == [[None, None], {"success": True}, None]
    assert answers[2]["error"]["code"] == -32601
    assert await editor.close() is None
    os.close(server_reads)
    os.close(server_writes)


def _at(character: int) -> dict[str, int]:
    return {"line": 0, "character": character}
