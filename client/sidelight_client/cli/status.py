"""`sidelight status`: the snapshot, for a person or a script."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time

from ..adapters.folders import folders
from ..domain.budget import Purse
from ..domain.health import visible
from ..domain.session import Phase
from ..domain.snapshot import Snapshot, State
from ..domain.words import say
from ..errors import ExitCode
from ..link.dial import dial
from ..link.wire import snapshot_to_json
from .model_hint import hint

_SENTENCES = {
    State.READY: "Ready",
    State.BUSY: "Working",
    State.SLOW: "Slow",
    State.DEGRADED: "Degraded",
    State.BLOCKED: "Blocked",
    State.THROTTLED: "Limit reached",
    State.OFFLINE: "Offline",
    State.SIGNED_OUT: "Not signed in",
    State.PAUSED: "Paused",
}


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
        code = ExitCode.OK
        async for snapshot in client.watch():
            code = _show(snapshot, as_json=as_json)
        return code
    finally:
        await client.close()


def _show(snapshot: Snapshot, *, as_json: bool) -> ExitCode:
    now = time.time()
    if as_json:
        print(json.dumps(snapshot_to_json(snapshot, now), ensure_ascii=False), flush=True)
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


def lines(snapshot: Snapshot, now: float) -> list[str]:
    """The snapshot as a person reads it: the state, who, the gateway, the limits, what is wrong."""
    told = [_SENTENCES[snapshot.state(now)]]
    session = snapshot.session
    if session.phase not in (Phase.SIGNED_OUT, Phase.NEEDS_PERSON) and session.account:
        told.append(f"  session   {session.account}, {_valid(session.expires_at, now)}")
    gateway = snapshot.gateway
    if gateway.name or gateway.url:
        where = "on this machine" if gateway.embedded else gateway.url
        told.append(f"  gateway   {gateway.name or 'unnamed'}, {where}{_times(snapshot)}")
    told += [f"  requests  {_purse(purse, now)}" for purse in snapshot.budget.at(now).purses]
    told += [f"  editor    {editor.name}" for editor in snapshot.editors]
    for condition in visible(snapshot.conditions, now):
        message = say(condition.code, {**condition.facts, "retry_at": condition.retry_at})
        told.append(f"  {message.title}: {message.text}")
    return told


def _valid(expires_at: float | None, now: float) -> str:
    if expires_at is None:
        return "no end known"
    left = int(expires_at - now)
    if left <= 0:
        return "being renewed"
    return f"valid {left // 3600} h {left % 3600 // 60} m"


def _times(snapshot: Snapshot) -> str:
    p50, p95 = snapshot.gateway.p50_s, snapshot.gateway.p95_s
    if p50 is None or p95 is None:
        return ""
    return f", answers in {p50 * 1000:.0f} ms (p95 {p95 * 1000:.0f} ms)"


def _purse(purse: Purse, now: float) -> str:
    used = "–" if purse.used is None else f"{purse.used:g}"
    text = f"{used} of {purse.limit:g} {purse.unit.value} ({purse.scope.value}"
    text += ")" if purse.hard else ", soft)"
    if purse.resets_at is not None and purse.resets_at > now:
        text += f", resets {time.strftime('%H:%M', time.localtime(purse.resets_at))}"
    return text
