"""The vault's key in a real gnome-keyring: kept, never asked for twice, never prompted for."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .session_bus import Keyring, missing, unlocked_keyring

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]

Figure = Callable[[str], None]

TESTS = Path(__file__).parents[1]
LOCKED_S = 60.0
SECRETS = ("GetSecret", "GetSecrets", "CreateItem")
"""The methods that read or write a secret; the others only look (Secret Service API 0.2)."""
PROMPTS = ("Prompt", "CreateCollection")
"""The methods that show a person something."""


@pytest.fixture
def keyring(real_part: Callable[[str, object, str], None]) -> Iterator[Keyring]:
    why = missing()
    real_part("gnome-keyring on a private bus", not why, why)
    # A path of its own: a Unix socket's path may have 108 characters at most.
    with (
        tempfile.TemporaryDirectory(prefix="sl-", ignore_cleanup_errors=True) as folder,
        unlocked_keyring(Path(folder)) as started,
    ):
        yield started
        assert started.daemon.poll() is None, "the keyring's daemon is gone"


class Process:
    """A `keyring_process`, and what it told when it had started."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.start: dict[str, Any] = {}

    async def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 20)
        told: dict[str, Any] = json.loads(line)
        return told

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def ask(self, line: str) -> dict[str, Any]:
        self.send(line)
        return await self.answer()

    async def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert await asyncio.wait_for(self.process.wait(), 20) == 0


Start = Callable[[], Awaitable[Process]]


@pytest.fixture
async def start(keyring: Keyring, tmp_path: Path) -> AsyncGenerator[Start]:
    processes: list[Process] = []
    path = os.pathsep.join([str(TESTS), *(p for p in sys.path if p)])

    async def one() -> Process:
        process = Process(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "realparts.keyring_process",
                str(tmp_path),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=keyring.environ | {"PYTHONPATH": path},
            )
        )
        processes.append(process)
        process.start = await process.answer()
        return process

    yield one
    for process in processes:
        if process.process.returncode is None:
            await process.end()


async def test_the_key_is_written_once_and_read_once_by_every_later_process(
    keyring: Keyring, start: Start, figure: Figure
) -> None:
    first = await start()
    keyring.forget()
    told = await first.ask("save 20")
    assert (told["state"], told["mode"]) == ("ready", "keyring")
    await first.end()
    first_operations = keyring.count(*SECRETS)

    keyring.forget()
    later = await start()
    assert later.start["generation"] == 20
    later_operations = keyring.count(*SECRETS)
    keyring.forget()
    await later.ask("save 20")
    on_renewal = keyring.count(*SECRETS)
    figure(
        f"keyring operations: {first_operations} in the process that made the key, "
        f"{later_operations} in a later one (hold 2), {on_renewal} in 20 renewals (hold 0)"
    )
    assert (first_operations, later_operations, on_renewal) == (2, 1, 0)
    assert keyring.count(*PROMPTS) == 0


async def test_nobody_who_has_not_signed_in_touches_the_keyring(
    keyring: Keyring, start: Start
) -> None:
    keyring.forget()
    process = await start()
    assert process.start["phase"] == "signed_out"
    # `count` itself asks for the alias.
    assert set(keyring.asked) <= {"ReadAlias"}


async def test_a_locked_keyring_is_waited_for_without_a_prompt_and_used_when_unlocked(
    keyring: Keyring, start: Start, figure: Figure
) -> None:
    first = await start()
    await first.ask("save 3")
    await first.end()
    await asyncio.to_thread(keyring.lock)
    assert await asyncio.to_thread(keyring.is_locked)
    keyring.forget()

    waiting = await start()
    assert (waiting.start["state"], waiting.start["mode"]) == ("locked", "memory")
    assert waiting.start["phase"] == "expired", "not signed out: it is not known yet"
    assert "vault.locked" in waiting.start["codes"]
    assert (await waiting.ask(f"pass {LOCKED_S}"))["state"] == "locked"
    waiting.send("wait")
    looks = keyring.count("Get")
    # Asking to unlock prepares a prompt; of an unlocked keyring it is asked too, and does nothing.
    prompts = keyring.count("Unlock", *PROMPTS)

    await asyncio.to_thread(keyring.unlock)
    unlocked_at = time.monotonic()
    told = await waiting.answer()
    took_s = told["at"] - unlocked_at
    figure(
        f"keyring locked for {LOCKED_S:.0f} s at login: {prompts} prompts (hold 0), "
        f"its state read {looks} times, "
        f"back {took_s:.2f} s after the unlock (hold 1)"
    )
    assert (told["generation"], told["mode"], told["codes"]) == (3, "keyring", [])
    assert prompts == 0
    assert looks >= LOCKED_S, "it did look all the while"
    assert keyring.count(*PROMPTS) == 0
    assert took_s <= 1.0


async def test_what_was_signed_in_while_locked_goes_into_the_keyrings_vault_at_unlock(
    keyring: Keyring, start: Start, tmp_path: Path
) -> None:
    await asyncio.to_thread(keyring.lock)
    keyring.forget()
    process = await start()
    told = await process.ask("sign-in")
    assert (told["state"], told["mode"], told["generation"]) == ("locked", "memory", 1)
    assert keyring.count("Unlock", *PROMPTS) == 0
    assert not (tmp_path / "session.sealed").exists(), "nothing is left on disk in the clear"
    await asyncio.to_thread(keyring.unlock)
    async with asyncio.timeout(5):
        while (await process.ask("state"))["mode"] != "keyring":  # noqa: ASYNC110  another process
            await asyncio.sleep(0.02)
    assert keyring.count(*PROMPTS) == 0
    await process.end()
    assert (await start()).start["generation"] == 1


async def test_many_processes_at_once_do_not_bring_the_keyring_down(
    keyring: Keyring, start: Start
) -> None:
    first = await start()
    await first.ask("save 1")
    together = await asyncio.gather(*(start() for _ in range(6)))
    await asyncio.gather(*(process.ask("wait") for process in together))
    assert keyring.daemon.poll() is None
    assert keyring.count(*PROMPTS) == 0
