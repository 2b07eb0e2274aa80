"""A laptop for the tests: sessions on one clock that the lid moves, with the provider's clock beside it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import SignInFailed, SignInPrompt, Vault

from .provider_process import Browser, Provider


class LidClock:
    """Real time, and on top the sleeps so far: wall time jumps over them, monotonic time does not."""

    def __init__(self, provider: Provider | None = None) -> None:
        self._provider = provider
        self._slept_s = 0.0

    def now(self) -> float:
        return time.time() + self._slept_s

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close_lid(self, seconds: float) -> None:
        """Sleep. It blocks, as a suspended machine does: nothing of ours runs meanwhile."""
        self._slept_s += seconds
        if self._provider is not None:
            self._provider.advance(seconds)


class HastyClock(LidClock):
    """A clock on which nobody waits for long: the polls of a device code come at once."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class Person:
    """Opens every page they are shown, and remembers how often they were asked."""

    def __init__(self) -> None:
        self.prompts: list[SignInPrompt] = []
        self._pages: list[asyncio.Task[str]] = []

    def __call__(self, prompt: SignInPrompt) -> None:
        self.prompts.append(prompt)
        self._pages.append(asyncio.create_task(asyncio.to_thread(Browser().open, prompt.url)))

    async def pages(self) -> list[str]:
        return list(await asyncio.gather(*self._pages))


async def sign_in(keeper: SessionKeeper, *, device: bool = False) -> SignInFailed | None:
    person = Person()
    failed = await keeper.sign_in(person, device=device)
    await person.pages()
    return failed


def provider_for(
    provider: Provider,
    http: HttpClient,
    clock: LidClock,
    cache: Path | None = None,
    *,
    dpop: bool = False,
) -> OidcProvider:
    return OidcProvider(OidcSettings(provider.issuer, dpop=dpop), http, clock, cache)


@asynccontextmanager
async def running_keeper(
    provider: Provider,
    clock: LidClock,
    folder: Path,
    *,
    vault: Vault | None = None,
    ask: Callable[[str], None] | None = None,
    dpop: bool = False,
) -> AsyncGenerator[SessionKeeper]:
    """A session as a process keeps it: an HTTP client, a provider and a vault of its own."""
    http = HttpClient()
    keeper = SessionKeeper(
        clock=clock,
        provider=provider_for(provider, http, clock, folder, dpop=dpop),
        vault=vault if vault is not None else FileVault(folder),
        ask=ask,
    )
    await keeper.start()
    try:
        yield keeper
    finally:
        await keeper.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await http.close()


async def within(true: Callable[[], bool], limit_s: float) -> bool:
    """Wait until `true()`, for at most `limit_s`; whether it came true."""
    ends = time.monotonic() + limit_s
    while not true():
        if time.monotonic() >= ends:
            return False
        await asyncio.sleep(0.005)
    return True


async def until(true: Callable[[], bool], limit_s: float = 10.0) -> float:
    """Wait until `true()`; returns how long it took in seconds."""
    began = time.monotonic()
    assert await within(true, limit_s), "it did not come true in time"
    return time.monotonic() - began
