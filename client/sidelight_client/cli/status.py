"""`sidelight status`: the snapshot, for a person or a script."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time

from ..adapters.folders import folders
from ..domain.health import visible
from ..domain.snapshot import Snapshot, State
from ..errors import ExitCode
from ..link.dial import BrokerClient, dial
from ..link.wire import snapshot_to_json
from .model_hint import hint
from .reader_gone import when_reader_goes
from .status_show import for_a_bar, lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the snapshot as one JSON object")
    parser.add_argument("--watch", action="store_true", help="print again after every change")


def run(arguments: argparse.Namespace) -> ExitCode:
    return asyncio.run(_run(as_json=arguments.json, watch=arguments.watch))


async def _run(*, as_json: bool, watch: bool) -> ExitCode:
    client = await dial(folders())
    try:
        if not watch:
            code = _show(await client.status(), as_json=as_json)
            suggestion = "" if as_json else await asyncio.to_thread(hint, folders(), os.environ)
            if suggestion:
                print(f"\n{suggestion}")
            return code
        return await _watch(client, as_json=as_json)
    finally:
        await client.close()


async def _watch(client: BrokerClient, *, as_json: bool) -> ExitCode:
    """Print after every change until nobody reads it any more, which is a good end."""

    async def tell() -> None:
        async for snapshot in client.watch():
            _show(snapshot, as_json=as_json)

    gone = asyncio.Event()
    telling, leaving = (asyncio.ensure_future(each) for each in (tell(), gone.wait()))
    with when_reader_goes(sys.stdout, gone.set):
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done():
                await telling
            return ExitCode.OK
        finally:
            for task in (telling, leaving):
                task.cancel()
            await asyncio.gather(telling, leaving, return_exceptions=True)


def _show(snapshot: Snapshot, *, as_json: bool) -> ExitCode:
    now = time.time()
    if as_json:
        told = {**snapshot_to_json(snapshot, now), **for_a_bar(snapshot, now)}
        print(json.dumps(told, ensure_ascii=False), flush=True)
    else:
        print("\n".join(lines(snapshot, now)), flush=True)
    return exit_code(snapshot.state(now), gateway_down=_gateway_down(snapshot, now))


def exit_code(state: State, *, gateway_down: bool) -> ExitCode:
    """What a script may branch on: the state as an exit code."""
    if state is State.SIGNED_OUT:
        return ExitCode.NOT_SIGNED_IN
    if state is State.THROTTLED:
        return ExitCode.LIMITED
    if state is State.OFFLINE or gateway_down:
        return ExitCode.GATEWAY_UNREACHABLE
    return ExitCode.OK


def _gateway_down(snapshot: Snapshot, now: float) -> bool:
    return any(c.code == "gateway.unreachable" for c in visible(snapshot.conditions, now))
