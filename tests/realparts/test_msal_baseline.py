"""The baseline: msal with its extension, and Sidelight, through the same nights at the same provider.

Nothing is asserted of msal: its number is printed beside ours, so that nobody has to believe us.
"""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.secrets_watch import Secrets
from support.tls_server import certificate

from .laptop import LidClock, running_keeper, sign_in
from .line_process import LineProcess, line_process
from .provider_process import Browser, Provider, running_provider

pytestmark = [pytest.mark.anyio, pytest.mark.realparts, pytest.mark.slow]

TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
A_NIGHT_S = 14 * 3600.0
ROUNDS = 5
PROCESSES = 2


@dataclass
class Night:
    """The provider, strict about reuse; `folder` is msal's, `ahead_s` the nights that passed."""

    provider: Provider
    folder: Path
    cert: Path
    ahead_s: float = 0.0

    async def passes(self, processes: Sequence[LineProcess]) -> list[bool]:
        """All sleep for a night, wake together and want a token; which of them got one."""
        self.ahead_s += A_NIGHT_S
        self.provider.advance(A_NIGHT_S)
        asked = (process.ask(f"sleep {A_NIGHT_S}") for process in processes)
        return [_is_good(answer) for answer in await asyncio.gather(*asked)]


@pytest.fixture
def night(
    node: None,
    real_part: Callable[[str, object, str], None],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Night]:
    found = importlib.util.find_spec("msal_extensions")
    real_part("msal-extensions", found, "it is one of the development dependencies")
    cert, key = certificate(tmp_path_factory.mktemp("tls"), days=30)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    # Entra ID's shape, because msal takes no other issuer without a path.
    mount = f"/{TENANT}/v2.0"
    # msal keeps its tokens in the clear, so they lie where nobody searches for ours.
    with (
        running_provider(mount=mount, cert=str(cert), key=str(key)) as provider,
        tempfile.TemporaryDirectory(prefix="sl-msal-") as folder,
    ):
        yield Night(provider, Path(folder), cert)


async def test_two_processes_and_one_wake_beside_msal_with_its_extension(
    night: Night, tmp_path: Path, secrets_watch: Secrets, figure: Callable[[str], None]
) -> None:
    theirs, ours = 0, 0
    for number in range(ROUNDS):
        theirs += await _msal_lost_it(night, night.folder / f"cache{number}")
        ours += await _sidelight_lost_it(night, tmp_path / f"home{number}", secrets_watch)
    secrets_watch.watch(night.provider.issued())
    figure(
        f"{PROCESSES} processes, one wake, strict reuse detection: msal + extension lost the login "
        f"{theirs} of {ROUNDS}; Sidelight {ours} of {ROUNDS} (hold 0)"
    )
    assert ours == 0


async def _msal_lost_it(night: Night, cache: Path) -> bool:
    authority = night.provider.issuer.removesuffix("/v2.0")
    arguments = (authority, str(cache), str(night.cert), str(night.ahead_s))
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(line_process("realparts.msal_process", *arguments))
            for _ in range(PROCESSES)
        ]
        page = (await first.ask("sign-in"))["url"]
        await asyncio.to_thread(Browser().open, page)
        assert await first.ask("") == {"good": True, "renewable": True}
        return await _is_lost((first, second), night)


async def _sidelight_lost_it(night: Night, folder: Path, watch: Secrets) -> bool:
    clock = LidClock()
    clock.close_lid(night.ahead_s)
    async with running_keeper(night.provider, clock, folder) as keeper:
        assert await sign_in(keeper) is None
    arguments = (night.provider.issuer, str(folder), str(night.ahead_s))
    async with AsyncExitStack() as stack:
        module, said = "support.keeper_process", watch.texts
        first, second = [
            await stack.enter_async_context(line_process(module, *arguments, said=said))
            for _ in range(PROCESSES)
        ]
        return await _is_lost((first, second), night)


async def _is_lost(processes: Sequence[LineProcess], night: Night) -> bool:
    """After a night both woke from together, and one more, does none of them get a token?"""
    asked = (process.ask("sleep 0") for process in processes)
    assert all(map(_is_good, await asyncio.gather(*asked))), "before the night both have one"
    await night.passes(processes)
    return not any(await night.passes(processes))


def _is_good(answer: dict[str, Any]) -> bool:
    """A token from msal's process, or from ours."""
    return bool(answer.get("good")) or answer.get("phase") in ("fresh", "stale")
