"""A broker that answers from a script, and an editor on the other end of two pipes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidelight_client.api import (
    Attention,
    Completed,
    CompletionRequest,
    ContentPlace,
    ContentPreview,
    Document,
    Explained,
    FeedbackResult,
    MarksFile,
    Message,
    NoEndpoint,
    Outcome,
    Phase,
    Position,
    Provenance,
    SentText,
    Settings,
    SignInFailed,
    SignInPrompt,
    Snapshot,
    Source,
    SourceKind,
    Subject,
    Subscription,
    Tier,
    Timings,
    UsageView,
)
from sidelight_client.domain.snapshot import GatewayView, SessionView
from sidelight_client.testing.fakes import FakeClock, settle
from sidelight_client.testing.lsp_traffic import Direction, Recorded
from sidelight_lsp.deciding.policy import PATIENCE_S
from sidelight_lsp.session import serve
from sidelight_lsp.wire.framing import FrameParser, frame
from support.typed_messages import differences

URI = "file:///work/src/app.py"

Script = Callable[[CompletionRequest], Outcome]


def completed(request: CompletionRequest, *texts: str) -> Completed:
    source = Source(SourceKind.WORKSPACE, "workspace match: db/utils.py:41")
    return Completed(request.trace_id, texts, source, Tier.FAST, Timings(total_s=0.012))


def snapshot(seq: int = 1, **facts: Any) -> Snapshot:
    known: dict[str, Any] = {
        "as_of": 1_700_000_000.0,
        "version": "1.2.3",
        "session": SessionView(Phase.FRESH, account="ada@example.com"),
        "gateway": GatewayView(name="Test gateway"),
    }
    return Snapshot(seq=seq, **(known | facts))


@dataclass
class FakeBroker:
    """`api.Broker` with scripted outcomes; `gate` holds answers back until it is set."""

    script: Script = lambda request: completed(request, "answer")
    clock: FakeClock = field(default_factory=FakeClock)
    settings: Settings = field(default_factory=Settings)
    gate: asyncio.Event | None = None
    state: Snapshot = field(default_factory=snapshot)
    asked: list[CompletionRequest] = field(default_factory=list[CompletionRequest])
    comes: Callable[[str], None] | None = None
    """Tells what came so far of the answer to the latest request."""
    expected: int = 0
    aborted: int = 0
    editors: list[str] = field(default_factory=list[str])
    folders: list[Path] = field(default_factory=list[Path])
    watchers: list[Callable[[Snapshot], None]] = field(
        default_factory=list["Callable[[Snapshot], None]"]
    )
    asking: list[Callable[[Message, str], None]] = field(
        default_factory=list["Callable[[Message, str], None]"]
    )
    accepted_ids: list[str] = field(default_factory=list[str])
    provenance: dict[str, Provenance] = field(default_factory=dict[str, Provenance])
    off_limits: set[str] = field(default_factory=set[str])
    pauses: list[float | None] = field(default_factory=list["float | None"])
    language_pauses: list[tuple[str, float | None]] = field(
        default_factory=list["tuple[str, float | None]"]
    )
    retries: int = 0
    sign_ins: int = 0
    signed_out: int = 0
    sign_in_fails: SignInFailed | None = None
    sign_in_gate: asyncio.Event | None = None
    preview: ContentPreview | None = None
    places: dict[str, ContentPlace] = field(default_factory=dict[str, ContentPlace])
    would: Outcome | None = None
    weighings: list[CompletionRequest] = field(default_factory=list[CompletionRequest])
    explainers: list[Callable[[str, Position | None], Explained | None]] = field(
        default_factory=list["Callable[[str, Position | None], Explained | None]"]
    )
    feedback_ends: FeedbackResult | None = None
    messages: list[tuple[Subject, str, str, str]] = field(
        default_factory=list["tuple[Subject, str, str, str]"]
    )

    marks: MarksFile | None = None
    scratch: Path | None = None

    def marks_file(self, uri: str) -> MarksFile | None:
        return self.marks if uri else None

    def content_place(self, uri: str) -> ContentPlace:
        return self.places.get(uri, ContentPlace())

    def sent(self, trace_id: str) -> SentText | None:
        return next(
            (
                SentText(trace_id, self.clock.now(), "https://gateway.example", one.window)
                for one in self.asked
                if one.trace_id == trace_id
            ),
            None,
        )

    def weighed(self, request: CompletionRequest) -> Outcome | None:
        self.weighings.append(request)
        return self.would

    def explains(self, explain: Callable[[str, Position | None], Explained | None]) -> Subscription:
        self.explainers.append(explain)
        return lambda: self.explainers.remove(explain)

    def explanation(self, uri: str, at: Position | None) -> Explained | None:
        return next((said for one in self.explainers if (said := one(uri, at))), None)

    async def complete(
        self, request: CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> Outcome:
        self.asked.append(request)
        self.comes = so_far
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        finally:
            self.comes = None if self.comes is so_far else self.comes
        return self.script(request)

    def document(self, uri: str, language: str) -> Document:
        return Document(uri, language, "example.com/owner/name")

    def may_leave(self, uri: str, language: str) -> bool:
        return uri not in self.off_limits

    def snapshot(self) -> Snapshot:
        return self.state

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Subscription:
        self.watchers.append(changed)
        return lambda: self.watchers.remove(changed)

    def publish(self, state: Snapshot) -> None:
        self.state = state
        for watcher in list(self.watchers):
            watcher(state)

    def editor_connected(self, name: str) -> Subscription:
        self.editors.append(name)
        return lambda: self.editors.remove(name)

    def completions_expected(self) -> None:
        self.expected += 1

    def workspace_opened(self, folder: Path) -> Subscription:
        self.folders.append(folder)
        return lambda: self.folders.remove(folder)

    def asks_person(self, ask: Callable[[Message, str], None]) -> Subscription:
        self.asking.append(ask)
        return lambda: self.asking.remove(ask)

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        self.sign_ins += 1
        code = "ABCD-EFGH" if device else ""
        show(SignInPrompt("https://idp.example/authorize", user_code=code))
        if self.sign_in_gate is not None:
            await self.sign_in_gate.wait()
        return self.sign_in_fails

    async def sign_out(self) -> None:
        self.signed_out += 1

    def pause(self, until: float | None, language: str = "") -> None:
        if language:
            self.language_pauses.append((language, until))
        else:
            self.pauses.append(until)

    @property
    def attention(self) -> Attention:
        raise NotImplementedError("a language server reaches nobody beside its editor")

    def retry_now(self) -> None:
        self.retries += 1

    async def usage(self) -> UsageView:
        return UsageView(self.clock.now(), self.clock.now())

    async def feedback(
        self, subject: Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> FeedbackResult:
        self.messages.append((subject, rule, trace_id, reason))
        return NoEndpoint(form_url) if self.feedback_ends is None else self.feedback_ends

    def accepted(self, trace_id: str) -> None:
        self.accepted_ids.append(trace_id)

    def note_provenance(self, known: Provenance) -> None:
        self.provenance[known.trace_id] = known


GHOST: dict[str, Any] = {"textDocument": {"inlineCompletion": {"dynamicRegistration": False}}}


class Editor:
    """The client's end: writes messages at once, and collects what comes back."""

    def __init__(self, broker: FakeBroker, read_fd: int, write_fd: int) -> None:
        self.broker = broker
        self.read_fd, self.write_fd = read_fd, write_fd
        self.messages: list[dict[str, Any]] = []
        self.traffic: list[Recorded] = []
        self.exit_code: int | None = None
        self.session: asyncio.Task[int] | None = None
        self._parser = FrameParser()
        self._next_id = 0
        self._version = 1

    # --- the wire ---

    async def write(self, data: bytes) -> None:
        """Write raw bytes as fast as the session takes them."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.write_fd, rest) :]
            except BlockingIOError:
                await turn()
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that can happen without time passing, and read what came."""
        for _ in range(3):
            await turn()
            await settle()
            self.collect()

    def collect(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while data := os.read(self.read_fd, 65536):
                for body in self._parser.feed(data):
                    assert isinstance(body, bytes), body
                    self.messages.append(json.loads(body))
                    self.traffic.append(Recorded(Direction.TO_CLIENT, self.messages[-1], 0))

    async def send(self, *messages: dict[str, Any]) -> None:
        whole = [{"jsonrpc": "2.0", **message} for message in messages]
        self.traffic += [Recorded(Direction.TO_SERVER, one, 0) for one in whole]
        await self.write(b"".join(frame(json.dumps(one).encode()) for one in whole))

    def close(self) -> None:
        for fd in {self.read_fd, self.write_fd} - {-1}:
            os.close(fd)
        self.read_fd = self.write_fd = -1

    def hang_up(self) -> None:
        """Close our writing end only."""
        os.close(self.write_fd)
        self.write_fd = -1 if self.read_fd != self.write_fd else self.write_fd

    # --- messages ---

    async def notify(self, method: str, params: Any = None) -> None:
        await self.send({"method": method, "params": params})

    async def ask(self, method: str, params: Any = None) -> int:
        """Send a request and return its id, without waiting for an answer."""
        self._next_id += 1
        await self.send({"id": self._next_id, "method": method, "params": params})
        return self._next_id

    async def request(self, method: str, params: Any = None) -> Any:
        """The result of a request that is answered without time passing."""
        message = self.response(await self.ask(method, params))
        assert message is not None, f"{method} was not answered"
        assert "error" not in message, message
        return message["result"]

    def responses(self, message_id: int | str | None) -> list[dict[str, Any]]:
        return [m for m in self.messages if m.get("id") == message_id and "method" not in m]

    def response(self, message_id: int | str | None) -> dict[str, Any] | None:
        found = self.responses(message_id)
        assert len(found) <= 1, f"answered {len(found)} times"
        return found[0] if found else None

    async def answered(self, message_id: int) -> dict[str, Any]:
        """The response to a request that another thread works at."""
        async with asyncio.timeout(30):
            while (message := self.response(message_id)) is None:
                await asyncio.sleep(0.01)
                self.collect()
        return message

    def notified(self, method: str) -> list[Any]:
        return [m["params"] for m in self.messages if m.get("method") == method and "id" not in m]

    def requested(self, method: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m.get("method") == method and "id" in m]

    async def answer(self, message: dict[str, Any], result: Any) -> None:
        await self.send({"id": message["id"], "result": result})

    # --- an editor's habits ---

    async def initialize(self, capabilities: Any = None, **params: Any) -> dict[str, Any]:
        given = {
            "processId": None,
            "rootUri": None,
            "capabilities": GHOST if capabilities is None else capabilities,
            "clientInfo": {"name": "Test editor", "version": "9"},
            **params,
        }
        result: dict[str, Any] = await self.request("initialize", given)
        await self.notify("initialized", {})
        return result

    async def open(self, text: str, uri: str = URI, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": item})

    async def edit(
        self, start: tuple[int, int], end: tuple[int, int], text: str, uri: str = URI
    ) -> None:
        self._version += 1
        change = {"range": lsp_range(start, end), "text": text}
        await self.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": self._version}, "contentChanges": [change]},
        )

    async def type(self, at: tuple[int, int], text: str) -> None:
        await self.edit(at, at, text)

    async def inline(
        self, line: int, character: int, uri: str = URI, *, invoked: bool = False, **context: Any
    ) -> int:
        """Ask for ghost text and return the request's id."""
        return await self.ask(
            "textDocument/inlineCompletion", inline_params(line, character, uri, invoked, context)
        )

    async def items(self, line: int, character: int, **context: Any) -> list[dict[str, Any]]:
        """The items of a request for which the debounce is waited out."""
        message_id = await self.inline(line, character, **context)
        await self.rest()
        message = self.response(message_id)
        assert message is not None, "not answered"
        items: list[dict[str, Any]] = message["result"]["items"]
        return items

    async def rest(self, seconds: float = PATIENCE_S) -> None:
        """Stop typing for as long as the policy may wait."""
        await self.broker.clock.advance(seconds)
        await self.settle()

    async def command(self, name: str, *arguments: Any) -> Any:
        params = {"command": name, "arguments": list(arguments)}
        return await self.request("workspace/executeCommand", params)

    async def leave(self) -> int:
        """Shut down as the protocol says, and return the session's exit code."""
        await self.request("shutdown")
        await self.notify("exit")
        assert self.session is not None
        return await asyncio.wait_for(self.session, 5)


def inline_params(
    line: int, character: int, uri: str = URI, invoked: bool = False, context: Any = None
) -> dict[str, Any]:
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1 if invoked else 2, **(context or {})},
    }


def lsp_range(start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }


async def turn() -> None:
    """One turn of the loop in which descriptors that are ready are served."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def editor(
    broker: FakeBroker | None = None, *, sockets: bool = False
) -> AsyncIterator[Editor]:
    """An editor connected to a session in this process."""
    broker = broker or FakeBroker()
    if sockets:
        ours, theirs = socket.socketpair()
        theirs_fd, ours_fd = theirs.detach(), ours.detach()
        session_read = session_write = theirs_fd
        editor_read = editor_write = ours_fd
    else:
        session_read, editor_write = os.pipe()
        editor_read, session_write = os.pipe()
    for fd in (editor_read, editor_write):
        os.set_blocking(fd, False)
    client = Editor(broker, editor_read, editor_write)
    client.session = asyncio.create_task(serve(broker, session_read, session_write))
    await client.settle()
    try:
        yield client
    finally:
        client.close()
        waiting = asyncio.create_task(_end(client))
        try:
            await asyncio.wait_for(waiting, 5)
        except TimeoutError:
            client.session.cancel()
            raise
    found = differences(client.traffic)
    assert not found, found[0]


async def _end(client: Editor) -> None:
    assert client.session is not None
    while not client.session.done():
        await client.broker.clock.advance(1)
        await turn()
    client.exit_code = client.session.result()
