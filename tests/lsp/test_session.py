"""A session's life: initialize, shutdown, exit, bad clients, and everything given back at the end."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any

import pytest

from lsp.fakes import GHOST, URI, FakeBroker, editor, inline_params
from sidelight_client.api import Broker
from sidelight_lsp import session as session_module
from sidelight_lsp.session import Session, serve
from sidelight_lsp.wire.framing import frame

pytestmark = pytest.mark.anyio

VSCODE = Path(__file__).with_name("profiles") / "vscode-1.139.json"
"""What VS Code says of itself; it asks for more than any other editor."""


async def test_initialize_tells_what_is_served_and_who_serves() -> None:
    broker: Broker = FakeBroker()
    assert isinstance(broker, FakeBroker)
    async with editor(broker) as client:
        result = await client.initialize()
        capabilities = result["capabilities"]
        assert result["serverInfo"] == {"name": "sidelight", "version": "1.2.3"}
        assert capabilities["inlineCompletionProvider"] == {}
        assert capabilities["positionEncoding"] == "utf-16"
        assert capabilities["textDocumentSync"]["openClose"] is True
        assert capabilities["textDocumentSync"]["change"] == 2
        assert capabilities["textDocumentSync"]["save"] == {"includeText": False}
        assert capabilities["workspace"]["workspaceFolders"] == {
            "supported": True,
            "changeNotifications": True,
        }
        assert capabilities["hoverProvider"] is True
        assert capabilities["codeActionProvider"] == {"codeActionKinds": ["quickfix"]}
        assert capabilities["experimental"] == {"sidelight": {"protocol": 1}}
        assert set(capabilities["executeCommandProvider"]["commands"]) == {
            "sidelight.didAccept",
            "sidelight.signIn",
            "sidelight.signOut",
            "sidelight.pause",
            "sidelight.retryNow",
            "sidelight.copyTraceId",
            "sidelight.explain",
            "sidelight.whatWasSent",
            "sidelight.redact",
            "sidelight.markFixture",
            "sidelight.requestException",
            "sidelight.usage",
            "sidelight.selfTest",
            "sidelight.openTray",
        }
        assert "completionProvider" not in capabilities
        assert "diagnosticProvider" not in capabilities


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (None, "utf-16"),
        (["utf-16"], "utf-16"),
        (["utf-8", "utf-16", "utf-32"], "utf-8"),
        (["utf-32", "utf-16"], "utf-32"),
        (["utf-7"], "utf-16"),
        ([], "utf-16"),
    ],
)
async def test_the_position_encoding_is_the_first_offered_that_is_known(
    offered: list[str] | None, agreed: str
) -> None:
    async with editor() as client:
        general: dict[str, Any] = (
            {} if offered is None else {"general": {"positionEncodings": offered}}
        )
        result = await client.initialize({**GHOST, **general})
        assert result["capabilities"]["positionEncoding"] == agreed


async def test_a_client_without_ghost_text_is_offered_the_menu() -> None:
    async with editor() as client:
        capabilities = (await client.initialize({}))["capabilities"]
        assert "." in capabilities["completionProvider"]["triggerCharacters"]


async def test_the_menu_can_be_asked_for_beside_ghost_text() -> None:
    async with editor() as client:
        options = {"sidelight": {"completions": {"menu": True}}}
        capabilities = (await client.initialize(initializationOptions=options))["capabilities"]
        assert "completionProvider" in capabilities


async def test_capabilities_newer_than_the_library_do_not_stop_initialize(
    caplog: pytest.LogCaptureFixture,
) -> None:
    strange = {**GHOST, "general": {"positionEncodings": ["utf-8"]}, "window": 7}
    async with editor() as client:
        result = await client.initialize(strange)
        assert result["capabilities"]["positionEncoding"] == "utf-8"
        assert result["capabilities"]["inlineCompletionProvider"] == {}


async def test_the_broker_learns_of_the_editor_and_its_folders_while_they_are_open() -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        one, two = "file:///home/ada/one%20two", "file:///home/ada/three"
        await client.initialize(workspaceFolders=[{"uri": one, "name": "one"}])
        assert broker.editors == ["Test editor 9"]
        assert broker.folders == [Path("/home/ada/one two")]
        event = {"added": [{"uri": two, "name": "2"}], "removed": [{"uri": one, "name": "1"}]}
        await client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        assert broker.folders == [Path("/home/ada/three")]
    assert broker.editors == []
    assert broker.folders == []


@pytest.mark.parametrize(
    "uri", ["untitled:one", "vscode-remote://host/home", "file://other/share", "file:///a%00b", "x"]
)
async def test_a_folder_that_is_not_local_is_not_told(uri: str) -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize(workspaceFolders=[{"uri": uri, "name": "one"}])
        assert broker.folders == []


async def test_shutdown_and_exit_end_the_session_with_0_and_not_the_process() -> None:
    async with editor() as client:
        await client.initialize()
        assert await client.leave() == 0


async def test_exit_without_shutdown_ends_with_1() -> None:
    async with editor() as client:
        await client.initialize()
        await client.notify("exit")
        assert client.session is not None
        assert await client.session == 1


@pytest.mark.parametrize("sockets", [False, True])
async def test_an_editor_that_dies_ends_its_session_with_1(sockets: bool) -> None:
    async with editor(sockets=sockets) as client:
        await client.initialize()
        await client.open("x = 1\n")
    assert client.exit_code == 1


async def test_one_socket_for_both_directions_works_like_two_pipes() -> None:
    async with editor(sockets=True) as client:
        await client.initialize()
        await client.open("ab")
        assert [item["insertText"] for item in await client.items(0, 2)] == ["answer"]
        assert await client.leave() == 0


async def test_requests_before_initialize_and_after_shutdown_are_refused() -> None:
    async with editor() as client:
        early = await client.ask("textDocument/hover", {})
        await client.notify("textDocument/didOpen", {"textDocument": {"uri": URI, "text": "x"}})
        assert client.response(early)["error"]["code"] == -32002  # type: ignore[index]
        await client.initialize()
        twice = await client.ask("initialize", {"capabilities": {}})
        assert client.response(twice)["error"]["code"] == -32600  # type: ignore[index]
        await client.request("shutdown")
        late = await client.ask("textDocument/inlineCompletion", inline_params(0, 0))
        assert client.response(late)["error"]["code"] == -32600  # type: ignore[index]


async def test_what_waits_at_shutdown_is_answered_and_its_request_aborted() -> None:
    broker = FakeBroker(gate=asyncio.Event())
    async with editor(broker) as client:
        await client.initialize()
        await client.open("ab")
        waiting = await client.inline(0, 2, invoked=True)
        signing_in = asyncio.Event()
        broker.sign_in_gate = signing_in
        sign_in = await client.ask("workspace/executeCommand", {"command": "sidelight.signIn"})
        await client.request("shutdown")
        assert client.response(waiting) == {"jsonrpc": "2.0", "id": waiting, "result": None}
        assert client.response(sign_in)["error"]["code"] == -32800  # type: ignore[index]
        assert broker.aborted == 1


async def test_unknown_requests_are_refused_and_unknown_notifications_ignored() -> None:
    async with editor() as client:
        await client.initialize()
        await client.notify("$/whatever", {"a": 1})
        unknown = await client.ask("sidelight/whatever", {"a": {"b": [1]}})
        assert (await client.answered(unknown))["error"]["code"] == -32601


@pytest.mark.expects_log("is no JSON")
@pytest.mark.expects_log("neither request nor response")
@pytest.mark.parametrize("body", [b"{", b"\x00", b"[" * 100_000])
async def test_a_body_that_is_no_message_is_refused_and_the_session_goes_on(body: bytes) -> None:
    async with editor() as client:
        await client.initialize()
        await client.write(frame(body) + frame(b"[]") + frame(b'"text"') + frame(b'{"id":1}'))
        codes = [message["error"]["code"] for message in client.responses(None)]
        assert codes == [-32700, -32600, -32600, -32600]
        assert await client.leave() == 0


@pytest.mark.parametrize("message_id", [None, 1.5, True, [1], {"a": 1}])
async def test_an_id_that_is_none_is_refused(message_id: object) -> None:
    async with editor() as client:
        await client.initialize()
        await client.send({"id": message_id, "method": "shutdown"})
        assert client.responses(None)[0]["error"]["code"] == -32600
        assert await client.leave() == 0


async def test_parameters_that_cannot_be_read_are_refused_and_the_session_goes_on() -> None:
    async with editor() as client:
        await client.initialize()
        bad_ones: list[Any] = [None, [], 3, {"textDocument": 7}, {"position": {"line": "x"}}]
        for params in bad_ones:
            bad = await client.ask("textDocument/hover", params)
            message = client.response(bad)
            assert message is not None
            assert message.get("error", {}).get("code") in {-32602, None}
        assert await client.leave() == 0


@pytest.mark.expects_log("skipped .* bytes from the editor")
async def test_a_frame_without_length_is_refused_and_the_session_goes_on() -> None:
    async with editor() as client:
        await client.initialize()
        await client.write(b'Content-Type: x\r\n\r\n{"jsonrpc":"2.0"}')
        await client.open("ab")
        assert await client.leave() == 0


async def test_a_body_larger_than_allowed_ends_the_session() -> None:
    async with editor() as client:
        await client.initialize()
        await client.write(b"Content-Length: 999999999\r\n\r\n")
        assert client.session is not None
        assert await client.session == 1


async def test_input_that_ends_inside_a_message_ends_the_session_with_a_clear_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "sidelight.lsp")
    async with editor() as client:
        await client.initialize()
        await client.write(b"Content-Length: 10\r\n\r\n{")
        client.hang_up()
        assert client.session is not None
        assert await client.session == 1
    assert "closed its end, inside a message" in caplog.text


async def test_an_editor_that_stops_reading_is_ended() -> None:
    broker = FakeBroker(script=lambda _: (_ for _ in ()).throw(AssertionError))
    async with editor(broker) as client:
        await client.initialize()
        client.collect = lambda: None  # type: ignore[method-assign]
        unknown = json.dumps({"jsonrpc": "2.0", "id": "x" * 60_000, "method": "no/such"}).encode()
        assert client.session is not None
        for _ in range(1_000):
            if client.session.done():
                break
            await client.write(frame(unknown))
        assert await asyncio.wait_for(client.session, 5) == 1


async def test_a_recording_can_be_played_from_a_file() -> None:
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}},
        {"id": 2, "method": "shutdown"},
        {"method": "exit"},
    ]
    bodies = [json.dumps({"jsonrpc": "2.0", **message}).encode() for message in messages]
    with tempfile.TemporaryFile() as recorded, tempfile.TemporaryFile() as answers:
        recorded.write(b"".join(frame(body) for body in bodies))
        recorded.flush()
        recorded.seek(0)
        read_fd, write_fd = os.dup(recorded.fileno()), os.dup(answers.fileno())
        assert await serve(FakeBroker(), read_fd, write_fd) == 0
        answers.seek(0)
        assert answers.read().count(b"Content-Length") == 2


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def test_a_cancelled_session_gives_its_descriptors_back() -> None:
    before = open_descriptors()
    async with editor() as client:
        await client.initialize()
        assert client.session is not None
        client.session.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client.session
        client.session = asyncio.create_task(asyncio.sleep(0, 1))
    assert open_descriptors() == before


async def test_a_session_gives_its_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    born: list[weakref.ref[Session]] = []

    class Watched(Session):
        def __init__(self, broker: Broker, read_fd: int, write_fd: int) -> None:
            super().__init__(broker, read_fd, write_fd)
            born.append(weakref.ref(self))

    monkeypatch.setattr(session_module, "Session", Watched)
    broker = FakeBroker()
    for _ in range(2):
        async with editor(broker) as client:
            await client.initialize(initializationOptions={"sidelight": {"messages": True}})
            await client.open("ab")
            assert await client.items(0, 2)
            await client.leave()
        client.session = None
    del client
    gc.collect()
    assert [one() for one in born] == [None, None]
    assert broker.watchers == []


async def test_no_code_reaches_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hunter2_in_the_code"
    broker = FakeBroker()
    async with editor(broker) as client:
        await client.initialize()
        await client.open(f"x = '{secret}'\n")
        await client.edit((0, 0), (0, 0), secret)
        await client.items(0, 3)
        await client.ask("textDocument/hover", {"textDocument": {"uri": URI}, "position": secret})
        await client.ask("workspace/executeCommand", {"command": secret, "arguments": [secret]})
        await client.command("sidelight.didAccept", secret)
        await client.notify("textDocument/didSave", {"textDocument": {"uri": URI}, "text": secret})
        await client.leave()
    assert secret not in caplog.text


@pytest.mark.expects_log("a request failed: RuntimeError")
async def test_a_handler_that_fails_tells_its_type_and_not_its_text() -> None:
    class Failing(FakeBroker):
        def retry_now(self) -> None:
            raise RuntimeError("secret text")

    async with editor(Failing()) as client:
        await client.initialize()
        params = {"command": "sidelight.retryNow"}
        failed = client.response(await client.ask("workspace/executeCommand", params))
        assert failed is not None
        assert failed["error"] == {"code": -32603, "message": "internal error"}
        assert "secret text" not in json.dumps(client.messages)


def test_a_day_of_an_editor_needs_no_library_of_the_protocol_of_a_network_or_of_windows() -> None:
    script = """
import asyncio, json, os, sys
sys.path[:0] = sys.argv[1].split(os.pathsep)
from lsp.fakes import URI, editor
async def main():
    async with editor() as client:
        await client.request("initialize", json.loads(sys.argv[2])["initialize"])
        await client.notify("initialized", {})
        for asked in client.requested("workspace/configuration"):
            await client.answer(asked, [None])
        await client.open("x = 1\\nssn = '123-45-6789'\\n")
        assert await client.items(0, 5)
        for name, params in json.loads(sys.argv[2])["requests"].items():
            await client.request(name, params)
        for name, params in json.loads(sys.argv[2])["notifications"].items():
            await client.notify(name, params)
        await client.command("sidelight.didAccept", "0" * 32)
        await client.command("sidelight.signIn")
        await client.leave()
        print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
asyncio.run(main())
"""
    document = {"textDocument": {"uri": URI}}
    place = {"line": 1, "character": 8}
    said = {
        "initialize": json.loads(VSCODE.read_text("utf-8"))["initialize"],
        "requests": {
            "textDocument/hover": {**document, "position": place},
            "textDocument/codeAction": {
                **document,
                "range": {"start": place, "end": place},
                "context": {"diagnostics": []},
            },
            "textDocument/codeLens": document,
            "textDocument/diagnostic": document,
        },
        "notifications": {
            "textDocument/didSave": document,
            "textDocument/didClose": document,
            "workspace/didChangeConfiguration": {"settings": {}},
            "workspace/didChangeWorkspaceFolders": {"event": {"added": [], "removed": []}},
            "workspace/didChangeWatchedFiles": {"changes": []},
            "window/workDoneProgress/cancel": {"token": "1"},
            "$/cancelRequest": {"id": 99},
            "$/setTrace": {"value": "off"},
        },
    }
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    run = subprocess.run(
        [sys.executable, "-c", script, path, json.dumps(said)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    heavy = {"msal", "keyring", "httpx", "cryptography", "PySide6", "re2", "watchdog"}
    heavy |= {"pygls", "lsprotocol", "cattrs", "attr"}
    assert heavy & set(json.loads(run.stdout)) == set()
