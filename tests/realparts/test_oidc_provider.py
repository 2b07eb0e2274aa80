"""Signing in, renewing and revoking against a certified provider, its faults included."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.http import HttpClient
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.ports import RenewalRefused, Slept
from support.secrets_watch import Secrets

from .laptop import HastyClock, LidClock, Person, provider_for, running_keeper, sign_in, until
from .provider_process import Provider

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]

Figure = Callable[[str], None]

TESTS = Path(__file__).parents[1]
HALF_A_LIFE_S = 5 * 3600.0
A_NIGHT_S = 14 * 3600.0


@pytest.fixture
async def http() -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_s=1, silence_s=1)
    yield client
    await client.close()


async def _granted(provider: Provider, http: HttpClient, *, device: bool = False) -> Grant:
    # On a busy machine a browser takes longer than anybody waits on a hasty clock.
    ours = provider_for(provider, http, HastyClock() if device else LidClock())
    person = Person()
    answer = await (ours.sign_in_with_device if device else ours.sign_in)(person)
    await person.pages()
    assert isinstance(answer, Grant), answer
    return answer


async def test_a_browser_signs_in_and_the_session_is_there_for_the_next_process(
    provider: Provider, tmp_path: Path
) -> None:
    clock = LidClock()
    async with running_keeper(provider, clock, tmp_path) as keeper:
        assert await sign_in(keeper) is None
        assert keeper.view().phase is Phase.FRESH
        assert keeper.view().account == "ada@example.com"
    async with running_keeper(provider, clock, tmp_path) as later:
        grant = later.peek()
        assert grant is not None
        assert grant.refresh_token is not None
        assert len(grant.access_token.reveal().split(".")) == 3, "a JWT for the gateway"


async def test_a_device_code_signs_in_without_a_browser_here(
    provider: Provider, http: HttpClient
) -> None:
    before = provider.counters()
    grant = await _granted(provider, http, device=True)
    assert grant.account == "ada@example.com"
    assert provider.counters().since(before).devices == 1
    assert isinstance(await provider_for(provider, http, LidClock()).renew(grant), Grant)


async def test_a_renewal_rotates_and_a_token_used_twice_ends_the_family(
    provider: Provider, http: HttpClient
) -> None:
    first = await _granted(provider, http)
    ours = provider_for(provider, http, LidClock())
    second = await ours.renew(first)
    assert isinstance(second, Grant)
    assert second.refresh_token != first.refresh_token
    before = provider.counters()
    rejected = RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")
    assert await ours.renew(first) == rejected
    assert await ours.renew(second) == rejected, "the provider took the thief for us, or us for him"
    assert provider.counters().since(before).revoked == 1


async def test_a_second_use_within_the_grace_brings_tokens(
    provider: Provider, http: HttpClient
) -> None:
    provider.control(grace=30)
    first = await _granted(provider, http)
    ours = provider_for(provider, http, LidClock())
    provider.fault("drop")
    lost = await ours.renew(first)
    assert isinstance(lost, RenewalRefused)
    assert lost.failure is RenewalFailure.AMBIGUOUS
    assert isinstance(await ours.renew(first), Grant)


async def test_signing_out_revokes_the_session_at_the_provider(
    provider: Provider, http: HttpClient, tmp_path: Path
) -> None:
    async with running_keeper(provider, LidClock(), tmp_path) as keeper:
        await sign_in(keeper)
        grant = keeper.peek()
        assert grant is not None
        await keeper.sign_out()
        assert keeper.view().phase is Phase.SIGNED_OUT
    answer = await provider_for(provider, http, LidClock()).renew(grant)
    assert answer == RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")


CLASSES = {
    "503": (RenewalFailure.NOT_PROCESSED, "http.503"),
    "429": (RenewalFailure.NOT_PROCESSED, "http.429"),
    "captive": (RenewalFailure.NOT_PROCESSED, "http.not_json"),
    "redirect": (RenewalFailure.NOT_PROCESSED, "http.302"),
    "500": (RenewalFailure.AMBIGUOUS, "http.500"),
    "hang": (RenewalFailure.AMBIGUOUS, "network.timeout"),
    "reset": (RenewalFailure.AMBIGUOUS, "network.reset"),
    "drop": (RenewalFailure.AMBIGUOUS, "network.reset"),
    "invalid_grant": (RenewalFailure.REJECTED, "invalid_grant"),
}


@pytest.mark.parametrize("fault", CLASSES)
async def test_each_fault_says_of_the_token_what_is_known_and_no_more(
    fault: str, provider: Provider, http: HttpClient
) -> None:
    grant = await _granted(provider, http)
    provider.fault(fault)
    answer = await provider_for(provider, http, LidClock()).renew(grant)
    assert isinstance(answer, RenewalRefused)
    assert (answer.failure, answer.reason) == CLASSES[fault]


@pytest.mark.parametrize(
    "fault", [f for f in CLASSES if f not in ("hang", "drop", "invalid_grant")]
)
async def test_a_session_outlives_each_fault_at_wake(
    fault: str, provider: Provider, tmp_path: Path
) -> None:
    clock = LidClock(provider)
    asked: list[str] = []
    async with running_keeper(provider, clock, tmp_path, ask=asked.append) as keeper:
        await sign_in(keeper)
        before = provider.counters()
        provider.fault(fault, times=2)
        clock.close_lid(A_NIGHT_S)
        keeper.power(Slept(A_NIGHT_S))
        await until(lambda: (grant := keeper.peek()) is not None and grant.generation == 2)
        assert provider.counters().since(before).faults == 2
        assert (provider.counters().since(before).revoked, asked) == (0, [])


async def test_an_answer_that_is_lost_is_recovered_within_the_grace_and_else_told(
    provider: Provider, tmp_path: Path, figure: Figure
) -> None:
    clock = LidClock(provider)
    asked: list[str] = []
    async with running_keeper(provider, clock, tmp_path, ask=asked.append) as keeper:
        await sign_in(keeper)
        provider.control(grace=30)
        provider.fault("drop")
        clock.close_lid(HALF_A_LIFE_S)
        keeper.power(Slept(HALF_A_LIFE_S))
        took_s = await until(lambda: (g := keeper.peek()) is not None and g.generation == 2)
        figure(f"an answer lost within a grace of 30 s: recovered after {took_s:.2f} s")

        provider.control(grace=0)
        provider.fault("drop")
        clock.close_lid(HALF_A_LIFE_S)
        keeper.power(Slept(HALF_A_LIFE_S))
        await until(lambda: keeper.view().phase is Phase.NEEDS_PERSON)
        assert asked == ["invalid_grant"]
        assert keeper.peek() is not None, "what still lives is served to its end"


@asynccontextmanager
async def _processes(provider: Provider, folder: Path, number: int) -> AsyncGenerator[list[Any]]:
    path = os.pathsep.join([str(TESTS), *(p for p in sys.path if p)])
    command = (sys.executable, "-m", "support.keeper_process", provider.issuer, str(folder))
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        for _ in range(number)
    ]
    try:
        assert [await _answer(process) for process in started] == [{"ready": True}] * number
        yield started
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.wait_for(asyncio.gather(*(p.wait() for p in started)), 30)


async def _answer(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), 40))
    return answer


@pytest.mark.slow
async def test_sixteen_processes_renew_once_for_each_expiry(
    provider: Provider, tmp_path: Path, secrets_watch: Secrets, figure: Figure
) -> None:
    processes, expiries = 16, 8
    async with running_keeper(provider, LidClock(), tmp_path) as keeper:
        await sign_in(keeper)
    before = provider.counters()
    longest_s = 0.0
    async with _processes(provider, tmp_path, processes) as started:
        for expiry in range(expiries):
            provider.advance(A_NIGHT_S)
            for process in started:
                assert process.stdin is not None
                process.stdin.write(f"sleep {A_NIGHT_S}\n".encode())
            answers = [await _answer(process) for process in started]
            assert {a["generation"] for a in answers} == {expiry + 2}, answers
            longest_s = max(longest_s, *(a["waited_s"] for a in answers))
    told = provider.counters().since(before)
    figure(
        f"{processes} processes, {expiries} expiries, strict reuse detection: "
        f"{told.renewals / expiries:.3f} renewals for each (hold 1), {told.revoked} revoked "
        f"(hold 0), longest wait {longest_s:.2f} s"
    )
    assert (told.renewals, told.revoked, told.errors) == (expiries, 0, 0)
    record = await FileVault(tmp_path).load()
    assert record is not None
    assert record.generation == expiries + 1
