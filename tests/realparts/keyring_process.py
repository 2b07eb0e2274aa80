"""A process of its own that keeps a session whose key is in the keyring; told by lines on stdin.

`python -m realparts.keyring_process FOLDER`. `save N` saves N records, `sign-in` signs in, `state`
tells how things are, `pass S` lets S seconds pass on its clock, `wait` answers once the session's
grant is there. Each line is answered by one JSON line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.keyring_vault import KeyringVault
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import Record, SignInFailed, SignInPrompt
from sidelight_client.testing.fakes import grant

from .laptop import until


class HurriedClock:
    """Real time, which `pass_by` hurries on; whoever sleeps on it is woken when it is due."""

    STEP_S = 0.25
    """Shorter than anything that is waited for."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._ahead_s

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead_s

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left_s := until - self.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._moved.wait()

    async def pass_by(self, seconds: float) -> None:
        """Let the time pass, with a moment after each step for what falls due in it."""
        ends = self.monotonic() + seconds
        while self.monotonic() < ends:
            self._ahead_s += self.STEP_S
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            await asyncio.sleep(0.01)


class Willing(OidcProvider):
    """Signs everybody in at once."""

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        return grant(now=time.time())


async def keep(folder: Path) -> None:
    clock, http, vault = HurriedClock(), HttpClient(), KeyringVault(folder)
    provider = Willing(OidcSettings("https://idp.example"), http, clock, folder)
    keeper = SessionKeeper(clock=clock, provider=provider, vault=vault)
    await keeper.start()

    def tell(**more: Any) -> None:
        held = keeper.peek()
        state = {"state": vault.state, "mode": vault.mode, "phase": keeper.view().phase}
        codes = [condition.code for condition in keeper.conditions()]
        generation = held.generation if held else None
        print(json.dumps({**state, "generation": generation, "codes": codes, **more}), flush=True)

    tell()
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        match line:
            case ["save", number]:
                for generation in range(1, int(number) + 1):
                    made = grant(now=clock.now(), generation=generation)
                    async with vault.exclusive(5):
                        await vault.save(Record(generation, clock.now(), made))
            case ["sign-in"]:
                await keeper.sign_in(lambda _: None)
            case ["pass", seconds]:
                await clock.pass_by(float(seconds))
            case ["wait"]:
                await until(lambda: keeper.peek() is not None, 60)
            case _:
                pass
        tell(at=time.monotonic())
    await keeper.stop()
    await http.close()


if __name__ == "__main__":
    asyncio.run(keep(Path(sys.argv[1])))
