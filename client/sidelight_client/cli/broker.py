"""`sidelight broker`: the process that holds the session and serves every editor of one person."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import importlib
import logging
import os

from ..adapters.folders import Folders, folders
from ..adapters.loop_lag import LoopLag
from ..adapters.process_heap import keep_one_heap
from ..errors import BrokerUnreachableError, ExitCode
from ..link.door import DEFAULT_KIND, TCP, UNIX, BrokerRunningError, Door, open_door

log = logging.getLogger("sidelight.broker")

STOP_WAIT_S = 15.0
"""How long a broker may take to leave: it lets requests that are under way end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--door",
        choices=[UNIX, TCP],
        default=DEFAULT_KIND,
        help="the kind of local socket (tcp: loopback with a shared key, as on Windows)",
    )
    parser.add_argument("--stop", action="store_true", help="end the broker that runs")


def run(arguments: argparse.Namespace) -> ExitCode:
    places = folders()
    if arguments.stop:
        return asyncio.run(_stop(places))
    try:
        # The lock comes before everything that takes time: of several brokers that start at once
        # all but one end here, and clients already find a socket while the rest is imported.
        door = open_door(places.runtime, arguments.door)
    except BrokerRunningError:
        return ExitCode.OK
    keep_one_heap()
    _import_the_rest()
    lag = LoopLag()
    with door, asyncio.Runner(loop_factory=lag.new_loop) as runner:
        try:
            runner.run(_serve(places, door))
        finally:
            lag.close()
    return ExitCode.OK


async def _stop(places: Folders) -> ExitCode:
    from ..link.dial import dial

    try:
        running = await dial(places, client="sidelight broker --stop", start=False)
    except BrokerUnreachableError as error:
        if error.code == "broker.unreachable":
            return ExitCode.OK  # None runs.
        raise
    # It hangs up when it leaves: only then may its files be replaced or removed.
    with contextlib.suppress(BrokerUnreachableError, TimeoutError):
        async with asyncio.timeout(STOP_WAIT_S):
            await running.retire()
            async for _ in running.watch():
                pass
    await running.close()
    return ExitCode.OK


def _import_the_rest() -> None:
    """Before there is a loop: nothing runs in it that would have to wait.

    What is imported stays, so looking for garbage meanwhile finds none and takes a seventh of the
    time; afterwards a collection need not look at it again either.
    """
    gc.disable()
    importlib.import_module("..link.serve", __package__)
    importlib.import_module(".assemble", __package__)
    importlib.import_module(".sessions", __package__)
    gc.freeze()
    gc.enable()


async def _serve(places: Folders, door: Door) -> None:
    from ..adapters.config_files import read_settings
    from ..link.serve import serve
    from .assemble import assembled
    from .logs import write_log
    from .sessions import editor_sessions

    settings = read_settings(places, os.environ)
    write_log(places, settings.text("log.level"))
    async with assembled(places, os.environ, settings) as broker:
        log.info("the broker serves, process %d", os.getpid())
        reason = await serve(
            broker,
            editor_sessions(broker),
            places,
            door=door,
            environment_differs=broker.process.environment_differs,
        )
        log.info("the broker leaves: %s", reason.value)
