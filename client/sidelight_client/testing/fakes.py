"""Fakes of the ports: time that moves when told, a vault in memory, a scripted gateway and provider."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ..domain.completion import CompletionRequest, Source, SourceKind, Tier
from ..domain.content.sources import RuleChoice
from ..domain.failure import Failure
from ..domain.feedback import Feedback, FeedbackResult, NoEndpoint
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.policy.organisation import Policy, PolicyTrouble
from ..domain.spending.budget import Reading
from ..ports import (
    Delta,
    Finish,
    GatewayEvent,
    GatewayInfo,
    Record,
    RenewalRefused,
    SignInFailed,
    SignInPrompt,
    VaultState,
)


class FakeClock:
    """A clock that stands still until a test moves it.

    `advance` moves wall and monotonic time and wakes sleepers in order. `close_lid` moves only
    the wall, as a suspended Linux laptop does.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass while awake, waking each sleeper at its own moment."""
        end = self._monotonic + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self._now += max(due - self._monotonic, 0.0)
            self._monotonic = max(due, self._monotonic)
            if not future.done():
                future.set_result(None)
            await settle()
        self._now += end - self._monotonic
        self._monotonic = end
        await settle()

    async def close_lid(self, seconds: float) -> None:
        """Sleep: the wall goes on, the monotonic clock and every timer stand still."""
        self._now += seconds
        await settle()


async def settle(turns: int = 20) -> None:
    """Let everything that can run without time passing run."""
    for _ in range(turns):
        await asyncio.sleep(0)


def grant(
    now: float = 1_700_000_000.0,
    life_s: float = 28_800.0,
    generation: int = 1,
    token: str = "access-1",
    refresh: str | None = "refresh-1",
) -> Grant:
    """A grant for tests, eight hours long like the field's."""
    return Grant(
        access_token=Secret(token),
        refresh_token=Secret(refresh) if refresh is not None else None,
        received_at=now,
        expires_at=now + life_s,
        account="ada@example.com",
        generation=generation,
        issuer="https://idp.example",
    )


@dataclass
class FakeVault:
    """A vault in memory whose state a test can change; what was saved while READY is durable."""

    durable: VaultState = VaultState.READY
    """What the store can do; `state` follows when the vault looks."""
    held: Record | None = None
    saves: int = 0
    loads: int = 0
    state: VaultState = VaultState.READY
    watched: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    _memory: Record | None = None
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def mode(self) -> str:
        return "keyring" if self.state is VaultState.READY else "memory"

    @property
    def place(self) -> str:
        return "a test"

    @asynccontextmanager
    async def exclusive(self, wait_s: float) -> AsyncGenerator[None]:
        async with asyncio.timeout(wait_s):
            await self._alone.acquire()
        try:
            yield
        finally:
            self._alone.release()

    @asynccontextmanager
    async def watching(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        self.watched.append(changed)
        try:
            yield
        finally:
            if changed in self.watched:
                self.watched.remove(changed)

    def tell(self) -> None:
        """Tell those who watch that the record may have been replaced."""
        for changed in self.watched:
            asyncio.get_running_loop().call_soon(changed)

    async def load(self) -> Record | None:
        self.loads += 1
        self.state = self.durable if self.held is not None else self.state
        return self.held if self.state is VaultState.READY else self._memory

    async def save(self, record: Record) -> VaultState:
        self.saves += 1
        self.state = self.durable
        if self.state is VaultState.READY:
            self.held = record
            self.tell()
        else:
            self._memory = record
        return self.state

    async def reopen(self) -> VaultState:
        self.state = self.durable
        if self.state is VaultState.READY and self._memory is not None:
            self.held, self._memory = self._memory, None
        return self.state


Script = Callable[[CompletionRequest], Iterable[GatewayEvent]]


@dataclass
class FakeGateway:
    """A gateway that answers from a script, and remembers what it was asked."""

    script: Script = lambda _request: (
        Delta("answer"),
        Finish(Source(SourceKind.MODEL, "fake model")),
    )
    info: GatewayInfo | Failure = field(
        default_factory=lambda: GatewayInfo("Fake", "https://gateway.example", "sidelight")
    )
    gate: asyncio.Event | None = None
    """When set, an answer waits for it."""
    asked: list[CompletionRequest] = field(default_factory=list[CompletionRequest])
    grants: list[Grant | None] = field(default_factory=list["Grant | None"])
    scripts: dict[str, Script] = field(default_factory=dict[str, Script])
    """Scripts of single addresses; the others answer from `script`."""
    endpoints: list[str] = field(default_factory=list[str])
    """The address of each completion."""
    deadlines_s: list[float] = field(default_factory=list[float])
    proof: Finish | Failure | None = None
    """How the next `prove` ends; None while there is nothing to prove."""
    proved: int = 0
    aborted: int = 0
    pools_dropped: int = 0
    connected_ahead: int = 0
    rules: Policy | PolicyTrouble | None = None
    listed: RuleChoice | None = None
    readings: tuple[Reading, ...] = ()
    feedback_ends: FeedbackResult | None = None
    """How a message ends; None where the gateway takes none."""
    messages: list[Feedback] = field(default_factory=list[Feedback])

    async def discover(self) -> GatewayInfo | Failure:
        return self.info

    async def complete(
        self,
        request: CompletionRequest,
        grant: Grant | None,
        deadline_s: float,
        endpoint: str = "",
    ) -> AsyncGenerator[GatewayEvent]:
        self.deadlines_s.append(deadline_s)
        self.endpoints.append(endpoint)
        self.asked.append(request)
        self.grants.append(grant)
        try:
            if self.gate is not None:
                await self.gate.wait()
            for event in self.scripts.get(endpoint, self.script)(request):
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            self.aborted += 1
            raise

    def unproven(self, tier: Tier, endpoint: str = "") -> bool:
        del tier, endpoint
        return self.proof is not None

    async def prove(self, tier: Tier, grant: Grant | None, endpoint: str = "") -> Finish | Failure:
        del tier, grant, endpoint
        self.proved += 1
        assert self.proof is not None, "asked although nothing is unproven"
        found, self.proof = self.proof, None
        return found

    async def policy(self, grant: Grant | None) -> Policy | PolicyTrouble | None:
        del grant
        return self.rules

    async def guardrails(self, grant: Grant | None) -> RuleChoice | None:
        del grant
        return self.listed

    async def usage(self, grant: Grant | None) -> tuple[Reading, ...]:
        del grant
        return self.readings

    async def described(self, grant: Grant | None) -> GatewayInfo | None:
        del grant
        return self.info if isinstance(self.info, GatewayInfo) else None

    async def feedback(
        self, said: Feedback, grant: Grant | None, form_url: str = ""
    ) -> FeedbackResult:
        self.messages.append(said)
        self.grants.append(grant)
        return NoEndpoint(form_url) if self.feedback_ends is None else self.feedback_ends

    def connect_ahead(self) -> None:
        self.connected_ahead += 1

    async def drop_pool(self) -> None:
        self.pools_dropped += 1

    async def close(self) -> None:
        return None


@dataclass
class FakeIdp:
    """An identity provider that answers from a queue, and counts."""

    renewals: list[Grant | RenewalRefused] = field(default_factory=list["Grant | RenewalRefused"])
    signs_in: Grant | SignInFailed = field(default_factory=grant)
    renewed: int = 0
    revoked: int = 0
    pools_dropped: int = 0
    claims: list[str] = field(default_factory=list[str])
    gate: asyncio.Event | None = None

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        show(SignInPrompt("https://idp.example/authorize"))
        if self.gate is not None:
            await self.gate.wait()
        return self.signs_in

    async def sign_in_with_device(
        self, show: Callable[[SignInPrompt], None]
    ) -> Grant | SignInFailed:
        show(SignInPrompt("https://idp.example/device", user_code="ABCD-EFGH"))
        return self.signs_in

    async def renew(self, grant: Grant) -> Grant | RenewalRefused:
        del grant
        self.renewed += 1
        if self.gate is not None:
            await self.gate.wait()
        return self.renewals.pop(0)

    async def renew_with_claims(self, grant: Grant, claims: str) -> Grant | RenewalRefused:
        self.claims.append(claims)
        return await self.renew(grant)

    async def revoke(self, grant: Grant) -> None:
        del grant
        self.revoked += 1

    async def drop_pool(self) -> None:
        self.pools_dropped += 1

    async def close(self) -> None:
        return None
