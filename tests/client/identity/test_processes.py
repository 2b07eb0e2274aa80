"""Real processes, a provider that detects every reuse, and one renewal for each expiry."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import SignInPrompt
from support.secrets_watch import Secrets
from support.strict_idp import StrictIdp, browse, running_idp

pytestmark = pytest.mark.anyio

TESTS = Path(__file__).parents[2]


@dataclass
class Keeper:
    """A process that keeps the session, and what it writes."""

    process: asyncio.subprocess.Process
    errors: asyncio.Task[bytes]

    async def ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 30)
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def end(self) -> str:
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 30)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        return (await self.errors).decode()


@pytest.fixture
async def idp(secrets_watch: Secrets) -> AsyncGenerator[StrictIdp]:
    idp = StrictIdp()
    secrets_watch.watch(idp.issued)
    async with running_idp(idp):
        yield idp


Start = Callable[[int], Awaitable[list[Keeper]]]


@pytest.fixture
async def start(idp: StrictIdp, tmp_path: Path, secrets_watch: Secrets) -> AsyncGenerator[Start]:
    """Starts so many processes on the test's folder; at the end their logs are searched, too."""
    keepers: list[Keeper] = []
    path = os.pathsep.join([str(TESTS), *(p for p in sys.path if p)])

    async def one() -> Keeper:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "support.keeper_process",
            idp.url,
            str(tmp_path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert process.stderr is not None
        keeper = Keeper(process, asyncio.ensure_future(process.stderr.read()))
        keepers.append(keeper)
        assert await keeper.answer() == {"ready": True}
        return keeper

    async def several(number: int) -> list[Keeper]:
        return list(await asyncio.gather(*(one() for _ in range(number))))

    yield several
    secrets_watch.texts += [await keeper.end() for keeper in keepers]
    assert any("renewal 1 started" in text for text in secrets_watch.texts)


async def sign_in(idp: StrictIdp, folder: Path) -> None:
    http = HttpClient()
    provider = OidcProvider(OidcSettings(idp.url), http, SystemClock())
    keeper = SessionKeeper(clock=SystemClock(), provider=provider, vault=FileVault(folder))
    await keeper.start()
    pages: list[asyncio.Future[bytes]] = []

    def open_page(prompt: SignInPrompt) -> None:
        pages.append(asyncio.ensure_future(browse(prompt.url)))

    assert await keeper.sign_in(open_page) is None
    await asyncio.gather(*pages)
    await keeper.stop()
    await http.close()


@pytest.mark.slow
async def test_four_processes_and_thirty_expiries_are_thirty_renewals(
    idp: StrictIdp, tmp_path: Path, start: Start
) -> None:
    expiries = 30
    await sign_in(idp, tmp_path)
    keepers = await start(4)
    waits: list[float] = []
    for number in range(expiries):
        if number % 5 == 4:
            idp.faults.append("slow")
        answers = await asyncio.gather(*(keeper.ask("sleep 50400") for keeper in keepers))
        assert [a["generation"] for a in answers] == [number + 2] * 4, answers
        assert sorted(a["outcome"] for a in answers) == ["adopted"] * 3 + ["renewed"]
        waits += [a["waited_s"] for a in answers]
    print(
        f"4 processes, {expiries} expiries: {idp.renewals} renewals, {idp.reuses} reuses, "
        f"longest wait {max(waits):.2f} s"
    )
    assert idp.renewals == expiries
    assert (idp.reuses, idp.revocations, idp.most_at_once) == (0, 0, 1)


async def test_a_killed_holder_of_the_vault_is_taken_over_by_the_next_renewal(
    idp: StrictIdp, tmp_path: Path, start: Start
) -> None:
    await sign_in(idp, tmp_path)
    holder, other = await start(2)
    assert await holder.ask("hold") == {"holding": True}
    waiting = asyncio.ensure_future(other.ask("sleep 50400"))
    await asyncio.wait((waiting,), timeout=0.2)
    assert not waiting.done()
    os.kill(holder.process.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    answer = await waiting
    took_s = time.monotonic() - killed_at
    print(f"renewed {took_s * 1000:.0f} ms after the lock's holder was killed")
    assert answer["generation"] == 2
    assert took_s <= 1.0


async def test_a_network_that_fails_every_way_costs_no_session_and_no_reuse(
    idp: StrictIdp, tmp_path: Path, start: Start
) -> None:
    await sign_in(idp, tmp_path)
    keepers = await start(2)
    for number, fault in enumerate(
        ("html", "redirect", "500", "502-html", "json-nothing", "reset-before", "invalid_client")
    ):
        idp.faults.append(fault)
        answers = await asyncio.gather(*(keeper.ask("sleep 50400") for keeper in keepers))
        assert [a["generation"] for a in answers] == [number + 2] * 2, (fault, answers)
    assert (idp.renewals, idp.reuses, idp.revocations) == (7, 0, 0)


async def test_a_response_lost_with_strict_reuse_detection_asks_a_person_and_serves_what_lives(
    idp: StrictIdp, tmp_path: Path, start: Start
) -> None:
    """The one loss no client can mend: the provider rotated, and nobody heard of it."""
    await sign_in(idp, tmp_path)
    (keeper,) = await start(1)
    idp.faults.append("reset-after")
    answer = await keeper.ask("sleep 18000")  # Past 60 % of the life: due, and the old token lives.
    deadline = time.monotonic() + 10
    while answer["phase"] != "needs_person" and time.monotonic() < deadline:
        answer = await keeper.ask("sleep 0")
        await asyncio.sleep(0.05)
    assert answer["phase"] == "needs_person"
    assert answer["generation"] == 1
    assert (idp.reuses, idp.revocations) == (1, 1)
