"""Commands about Sidelight itself: usage, the self-test and the tray, which are programs of their own."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sidelight_client.api import Broker, Purse, say

from ..wire.plain import find, sequence, text
from ..wire.server import SidelightServer
from .sign_in import show_message
from .status import limit

log = logging.getLogger("sidelight.lsp")

SELF_TEST_S = 60.0
"""How long the doctor may take; it asks the network, which may not answer."""
MAX_REPORT_BYTES = 1_000_000

Run = Callable[[Sequence[str]], Awaitable[bytes | None]]
"""Runs `sidelight` with these words: what it printed, or None when it could not be run."""
Start = Callable[[Sequence[str]], Awaitable[bool]]
"""Starts `sidelight` with these words, and leaves it running; whether that worked."""


def register(server: SidelightServer, broker: Broker, run: Run, start: Start) -> None:
    """Serve them. `run` and `start` reach the programs."""

    @server.command("sidelight.usage")
    async def usage(*arguments: Any) -> dict[str, Any]:
        del arguments
        view = await broker.usage()
        now = broker.clock.now()
        purses = broker.snapshot().budget.at(now).purses
        totals = view.whole.totals if view.whole is not None else None
        message = say(
            "usage.today",
            {
                "requests": totals.requests if totals is not None else None,
                "limits": "; ".join(map(_limit, purses)) or "the gateway tells of no limit",
            },
        )
        show_message(server, message.what + " " + message.means)
        return {
            "asOf": view.as_of,
            "requests": totals.requests if totals is not None else None,
            "sends": totals.sends if totals is not None else None,
            "limits": [limit(purse) for purse in purses],
            "problem": view.problem or None,
            "text": message.text,
        }

    @server.command("sidelight.selfTest")
    async def self_test(*arguments: Any) -> dict[str, Any]:
        del arguments
        printed = await run(("doctor", "--json"))
        try:
            report = json.loads(printed) if printed else None
        except ValueError:
            report = None
        if report is None:
            message = say("selftest.failed")
            show_message(server, message.text)
            return {"code": message.code, "text": message.text, "report": None}
        wrong = [
            one for one in sequence(find(report, "findings")) if find(one, "severity") != "info"
        ]
        message = say("selftest.done", {"count": len(wrong)})
        first = text(find(wrong[0], "text")) if wrong else None
        show_message(server, first or message.text)
        return {"code": message.code, "text": message.text, "report": report}

    @server.command("sidelight.openTray")
    async def open_tray(*arguments: Any) -> bool:
        del arguments
        started = await start(("tray",))
        if not started:
            show_message(server, say("tray.not_started").text)
        return started


def _limit(purse: Purse) -> str:
    used = "–" if purse.used is None else f"{purse.used:g}"
    return f"{used} of {purse.limit:g} {purse.unit.value} ({purse.scope.value})"


async def run_sidelight(words: Sequence[str]) -> bytes | None:
    """A `Run` in a process of its own, ended when it takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "sidelight_client", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        log.info("a command could not be started: %s", type(error).__name__)
        return None
    try:
        async with asyncio.timeout(SELF_TEST_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return printed[:MAX_REPORT_BYTES]


async def start_sidelight(words: Sequence[str]) -> bool:
    """A `Start`: the program outlives the editor, as one that was started by hand."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "sidelight_client", *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        log.info("a program could not be started: %s", type(error).__name__)
        return False
    try:
        async with asyncio.timeout(1.0):
            return await process.wait() == 0
    except TimeoutError:
        return True
