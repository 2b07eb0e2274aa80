"""A process of its own that keeps a session, told by lines on stdin; for tests of several processes.

`python -m support.keeper_process ISSUER FOLDER [AHEAD]`. Its clock starts AHEAD seconds
ahead and stands where it was told to sleep to: `sleep SECONDS` closes and opens the lid; `hold`
takes the vault's lock and keeps it; the end of stdin ends it. Each line is answered by one JSON line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import Slept


class ShiftedClock:
    """Real time, and the sleeps it was told of on top."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def now(self) -> float:
        return time.time() + self.slept_s

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


async def keep(issuer: str, folder: Path, ahead_s: float) -> None:
    clock = ShiftedClock()
    clock.slept_s = ahead_s
    http = HttpClient()
    vault = FileVault(folder)
    provider = OidcProvider(OidcSettings(issuer), http, clock, folder)
    keeper = SessionKeeper(clock=clock, provider=provider, vault=vault)
    await keeper.start()
    say(ready=keeper.peek() is not None)
    lines: asyncio.StreamReader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        match line:
            case ["sleep", seconds]:
                clock.slept_s += float(seconds)
                keeper.power(Slept(float(seconds)))
                began = time.monotonic()
                grant = await keeper.usable(20.0)
                say(
                    generation=grant.generation if grant else None,
                    phase=keeper.view().phase,
                    waited_s=time.monotonic() - began,
                    outcome=keeper.renewals[-1].outcome if keeper.renewals else "",
                )
            case ["hold"]:
                async with vault.exclusive(20.0):
                    say(holding=True)
                    await lines.readline()
            case _:
                say(error="not understood")
    await keeper.stop()
    await http.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    asyncio.run(keep(sys.argv[1], Path(sys.argv[2]), float((sys.argv[3:] or ["0"])[0])))
