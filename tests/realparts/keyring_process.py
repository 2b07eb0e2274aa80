"""A process of its own that keeps a session whose key is in the keyring; told by lines on stdin.

`python -m realparts.keyring_process FOLDER`. `save N` saves N records, `sign-in` signs in, `state`
tells how things are, `wait` answers once the session's grant is there. Each line is answered by one
JSON line.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.keyring_vault import KeyringVault
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.domain.session import Grant
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import Record, SignInFailed, SignInPrompt
from sidelight_client.testing.fakes import grant

from .laptop import until


class Willing(OidcProvider):
    """Signs everybody in at once."""

    async def sign_in(self, show: Callable[[SignInPrompt], None]) -> Grant | SignInFailed:
        return grant(now=time.time())


async def keep(folder: Path) -> None:
    clock, http, vault = SystemClock(), HttpClient(), KeyringVault(folder)
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
            case ["wait"]:
                await until(lambda: keeper.peek() is not None, 60)
            case _:
                pass
        tell(at=time.monotonic())
    await keeper.stop()
    await http.close()


if __name__ == "__main__":
    asyncio.run(keep(Path(sys.argv[1])))
