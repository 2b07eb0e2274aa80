"""One completion through a real gateway: by our gateway adapter alone, or through a whole broker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import CompletionRequest, Trigger
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.routing.reaction import about
from sidelight_client.domain.window import take
from sidelight_client.domain.words.catalogue import Message
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import Delta, Finish, GatewayEvent
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import FakeIdp, FakeVault, grant
from sidelight_client.trace import new_trace_id

DEADLINE_S = 10.0
WAYS = 4
URI = "file:///shop/cart.py"
CODE = ["def total(prices):\n", "    result = sum(prices)\n", "    return \n"]
SSN = "536-22-8765"
CODE_WITH_SSN = [f'CUSTOMER = "{SSN}"\n', "def total(prices):\n", "    return \n"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request brought: the text as it came, and how it ended."""

    pieces: tuple[str, ...]
    end: GatewayEvent

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def failure(self) -> Failure:
        assert isinstance(self.end, Failure), self.end
        return self.end

    @property
    def finish(self) -> Finish:
        assert isinstance(self.end, Finish), self.end
        return self.end

    @property
    def message(self) -> Message:
        return about(self.failure, time.time())


class Client:
    """The gateway adapter with one developer's key."""

    def __init__(self, url: str, key: str) -> None:
        self.gateway = HttpGateway(url, HttpClient(), clock=SystemClock())
        self.key = key

    async def ask(self, lines: list[str] | None = None) -> Asked:
        """Ask, and in another way where the gateway does not take the first, as a broker does."""
        key, events = key_of(self.key), list[GatewayEvent]()
        for _ in range(WAYS):
            asking = self.gateway.complete(request(lines or CODE), key, DEADLINE_S)
            events = [event async for event in asking]
            end = events[-1]
            if not isinstance(end, Failure) or end.kind is not FailureKind.CAPABILITY_MISSING:
                break
        return Asked(tuple(e.text for e in events if isinstance(e, Delta)), events[-1])


def request(lines: list[str]) -> CompletionRequest:
    window = take(lines, Position(2, 11), URI)
    document = Document(URI, "python")
    return CompletionRequest(new_trace_id(), document, window, trigger=Trigger.INVOKED)


@asynccontextmanager
async def asking_at() -> AsyncGenerator[Callable[[str, str], Client]]:
    """Opens clients; they are closed with the block."""
    opened: list[Client] = []

    def open_(url: str, key: str) -> Client:
        opened.append(Client(url, key))
        return opened[-1]

    try:
        yield open_
    finally:
        for client in opened:
            await client.gateway.close()


def key_of(token: str, generation: int = 1) -> Grant:
    """A session whose access token is this key."""
    return grant(time.time(), token=token, generation=generation)


@asynccontextmanager
async def broker_with(url: str, idp: FakeIdp) -> AsyncGenerator[Broker]:
    """A broker that is signed in by `idp` and has discovered the gateway at `url`."""
    clock = SystemClock()
    gateway = HttpGateway(url, HttpClient(), clock=clock)
    keeper = SessionKeeper(clock=clock, provider=idp, vault=FakeVault())
    broker = Broker(
        clock=clock,
        # A proxy on a busy machine may take longer than a keystroke waits.
        settings=resolve([(Layer.FILE, {"tiers": {"fast": {"deadline_ms": 10_000}}})]),
        gateway=gateway,
        keeper=keeper,
        repositories=WorkspacePlaces(),
        version="0.1.0",
    )
    await broker.start()
    discovered = asyncio.Event()
    unsubscribe = broker.subscribe(lambda s: discovered.set() if s.gateway.name else None)
    try:
        async with asyncio.timeout(DEADLINE_S):
            await discovered.wait()
        unsubscribe()
        failed = await keeper.sign_in(lambda _: None)
        assert failed is None or not hasattr(failed, "code"), failed
        yield broker
    finally:
        await broker.stop()
        await gateway.close()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A bad day: who asks, what goes wrong at the vendor, and what it has to be read as.

    `code` is the sentence's.
    """

    key: str
    kind: FailureKind
    code: str
    switches: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return "+".join([self.key, *(name for name, _ in self.switches)])
