"""What an editor or a disk may do to the real processes: a clear end or a clear answer, and no orphan."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from sidelight_client.testing.fake_editor import FakeEditor

from .conftest import SOURCE, Sidelight
from .test_completion_travels import TYPED, Buffer, seen, with_a_broker

pytestmark = pytest.mark.anyio


async def raw(sidelight: Sidelight, data: bytes, *, end: bool = True) -> tuple[int, bytes, str]:
    """Send bytes to `sidelight lsp`, close its input, and return its exit code and outputs."""
    process = await asyncio.create_subprocess_exec(
        *sidelight.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=sidelight.environment,
        cwd=sidelight.workspace,
    )
    assert process.stdin is not None
    process.stdin.write(data)
    if end:
        process.stdin.write_eof()
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out, err.decode()


def frame(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff garbage \r\n\r\n" * 50,
        b"Content-Length: 10\r\n\r\n{",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: 99999999999\r\n\r\n{}",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        b"X: " + b"y" * 200_000,
    ],
    ids=["nothing", "garbage", "half", "negative", "huge", "array", "not utf-8", "long header"],
)
async def test_garbage_on_stdin_ends_the_session_cleanly(sidelight: Sidelight, data: bytes) -> None:
    code, _, err = await raw(sidelight, data)
    assert code == 1, "the editor did not say goodbye"
    assert "Traceback" not in err


async def test_garbage_between_messages_costs_that_message_only(sidelight: Sidelight) -> None:
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
    bye = frame({"jsonrpc": "2.0", "id": 2, "method": "shutdown"})
    bye += frame({"jsonrpc": "2.0", "method": "exit"})
    code, out, _ = await raw(sidelight, frame(hello) + b"Content-Length: 3\r\n\r\n{,}" + bye)
    assert code == 0
    assert out.count(b'"result"') == 2


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "x = 1\r\ny = 2\r\n",
        "x = '😀😀'\n",
        "\n" * 20_000,
        "a\rb\u2028c\x0c\n",
        "",
    ],
    ids=["no newline", "crlf", "surrogates", "20,000 lines", "odd line ends", "empty"],
)
async def test_any_text_and_any_position_get_an_answer(sidelight: Sidelight, text: str) -> None:
    async with sidelight.editor() as editor:
        uri = (sidelight.workspace / "odd.py").as_uri()
        editor.open(uri, "python", text)
        for line, character in ((0, 0), (0, 5), (0, 10_000), (99_999, 0), (19_999, 1)):
            answer = await editor.complete_inline(uri, line, character, invoked=True)
            assert answer is None or isinstance(answer, list)
        editor.insert(uri, 2, 99_999, 99_999, "end")
        assert isinstance(await editor.complete_inline(uri, 0, 0), list | None)
        assert await editor.shutdown() == 0


async def test_an_editor_that_vanishes_leaves_nothing_behind(sidelight: Sidelight) -> None:
    editor = await FakeEditor.start(
        sidelight.command, env=sidelight.environment, cwd=sidelight.workspace
    )
    await editor.initialize(folder=sidelight.workspace)
    pid = editor.pid
    assert pid is not None
    assert await editor.close() is not None
    assert await seen(lambda: not Path(f"/proc/{pid}").exists())
    sidelight.end_brokers()
    assert sidelight.brokers() == []
    sockets = [f for f in sidelight.home.rglob("*") if stat.S_ISSOCK(f.stat().st_mode)]
    assert sockets == []


async def test_a_home_that_cannot_be_written_still_completes(sidelight: Sidelight) -> None:
    """As root nothing is read-only, so the home is a place that cannot exist."""
    file = sidelight.workspace / "not-a-folder"
    file.write_text("", "utf-8")
    sidelight.environment["SIDELIGHT_HOME"] = str(file / "home")
    async with sidelight.editor() as editor:
        buffer = Buffer(editor, sidelight.workspace / "new.py", "")
        buffer.type(TYPED)
        assert await buffer.ghost_when_signed_in()
        assert await editor.shutdown() == 0
    assert "Traceback" not in editor.errors
    assert "no log is written" in editor.errors
    if not sidelight.in_process:
        assert "[storage.unwritable]" in editor.errors


@with_a_broker
async def test_a_runtime_folder_that_others_can_write_to_is_refused_by_name(
    sidelight: Sidelight,
) -> None:
    sidelight.places.runtime.mkdir(parents=True)
    sidelight.places.runtime.chmod(0o777)
    code, _, err = await sidelight.run("status")
    assert code == 1
    assert "broker.runtime_unsafe" in err
    assert sidelight.brokers() == []


@with_a_broker
async def test_a_stale_socket_of_a_dead_broker_is_no_obstacle(sidelight: Sidelight) -> None:
    sidelight.places.runtime.mkdir(parents=True, mode=0o700)
    (sidelight.places.runtime / "broker.sock").write_text("stale", "utf-8")
    code, out, err = await sidelight.run("status", "--json")
    assert code in (0, 3), err
    assert json.loads(out)["version"]


async def test_a_large_file_costs_what_a_small_one_costs(sidelight: Sidelight) -> None:
    """Twenty thousand lines around the same place bring the same suggestion."""
    async with sidelight.editor() as editor:
        small = Buffer(editor, sidelight.workspace / "small.py", SOURCE)
        small.type(TYPED)
        wanted = await small.ghost_when_signed_in()
        big = Buffer(editor, sidelight.workspace / "big.py", "# a comment\n" * 20_000 + SOURCE)
        big.type(TYPED)
        assert await big.ghost() == wanted
        assert wanted


@with_a_broker
async def test_commands_with_wrong_words_end_with_two_and_a_sentence(
    sidelight: Sidelight,
) -> None:
    for arguments in (
        ("complete", "nowhere"),
        ("complete", f"{sidelight.workspace / 'ledger.py'}:999:1"),
        ("pause", "soon"),
        ("config", "explain", "colour"),
        ("nonsense",),
        ("gateway", "serve", "--upstream", "http://ai.example/v1"),
    ):
        code, out, err = await sidelight.run(*arguments)
        assert code == 2, (arguments, err)
        assert out == ""
        assert "Traceback" not in err
    code, _, err = await sidelight.run("complete", "none.py:1:1")
    assert code == 1
    assert "file.unreadable" in err
    assert os.fspath(sidelight.workspace) not in err or "none.py" in err
