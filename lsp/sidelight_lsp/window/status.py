"""`$/sidelight/status`: the whole state to clients that opted in, again whenever it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, assert_never

from sidelight_client.api import Broker, Purse, Severity, Snapshot, State, say, visible

METHOD = "$/sidelight/status"
VERSION = 1

_TITLES = {
    State.READY: "Ready",
    State.BUSY: "Busy",
    State.SLOW: "Slow",
    State.DEGRADED: "Degraded",
    State.BLOCKED: "Blocked",
    State.THROTTLED: "Limit reached",
    State.OFFLINE: "Offline",
    State.SIGNED_OUT: "Not signed in",
    State.PAUSED: "Paused",
}


class Status:
    """Sends the state of the broker, level-triggered: never an event, always the whole."""

    def __init__(self, broker: Broker, notify: Callable[[str, Any], None]) -> None:
        self._broker = broker
        self._notify = notify
        self._sent: dict[str, Any] | None = None
        self._due: asyncio.Handle | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Send the state now and after every change, until `stop`."""
        if self._unsubscribe is None:
            self._unsubscribe = self._broker.subscribe(self._changed)
            self._send()

    def stop(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._due is not None:
            self._due.cancel()
        self._unsubscribe = self._due = None

    def _changed(self, snapshot: Snapshot) -> None:
        """Several changes within one turn of the loop make one message."""
        del snapshot
        if self._due is None:
            self._due = asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        self._due = None
        payload = status_payload(self._broker.snapshot(), self._broker.clock.now())
        if payload != self._sent:
            self._sent = payload
            self._notify(METHOD, payload)


def status_payload(snapshot: Snapshot, now: float) -> dict[str, Any]:
    """The state as clients get it. Moments are seconds since the epoch; unknown is null."""
    state = snapshot.state(now)
    shown = visible(snapshot.conditions, now)
    first = shown[0] if shown else None
    facts = {"name": snapshot.gateway.name, **first.facts} if first is not None else {}
    message = say(first.code, {**facts, "retry_at": first.retry_at}) if first is not None else None
    session, gateway = snapshot.session, snapshot.gateway
    retry_at = first.retry_at if first is not None and first.retry_at else gateway.retry_at
    return {
        "v": VERSION,
        "state": state.value,
        "severity": (first.kind.severity if first is not None else Severity.INFO).value,
        "code": first.code if first is not None else None,
        "summary": message.title if message is not None else _TITLES[state],
        "detail": message.text if message is not None else "",
        "since": first.since if first is not None else None,
        "retryAt": snapshot.paused_until if state is State.PAUSED else retry_at,
        "auth": {
            "state": session.phase.value,
            "account": session.account or None,
            "expiresAt": session.expires_at,
            "nextRefreshAt": session.renews_at,
            "store": session.vault or None,
        },
        "gateway": {
            "name": gateway.name or None,
            "breaker": gateway.breaker.value,
            "p50Ms": _ms(gateway.p50_s),
            "p95Ms": _ms(gateway.p95_s),
            "embedded": gateway.embedded,
        },
        "limits": [limit(purse) for purse in snapshot.budget.at(now).purses],
        "actions": actions(state),
    }


def limit(purse: Purse) -> dict[str, Any]:
    """One limit; `used` is null while it is not known, never 0."""
    return {
        "scope": purse.scope.value,
        "unit": purse.unit.value,
        "used": purse.used,
        "limit": purse.limit,
        "windowSec": purse.window_s,
        "resetAt": purse.resets_at,
        "soft": not purse.hard,
        "asOf": purse.as_of,
    }


def actions(state: State) -> list[dict[str, Any]]:
    """What a person can do about a state, as commands."""
    match state:
        case State.SIGNED_OUT:
            return [{"title": "Sign in", "command": "sidelight.signIn"}]
        case State.PAUSED:
            return [{"title": "Go on", "command": "sidelight.pause", "arguments": [0]}]
        case State.DEGRADED | State.OFFLINE | State.SLOW:
            return [{"title": "Retry now", "command": "sidelight.retryNow"}]
        case State.READY | State.BUSY | State.BLOCKED | State.THROTTLED:
            return []
        case _:
            assert_never(state)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
