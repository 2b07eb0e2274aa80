"""The one word for the whole is computed from facts and never kinder than they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.health import CONDITIONS, hold
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.snapshot import GatewayView, SessionView, Snapshot, State
from sidelight_client.domain.spending.budget import Budget, Scope, exhaust

NOW = 1_700_000_000.0
GOOD = Snapshot(1, NOW, "0.1.0", SessionView(Phase.FRESH, expires_at=NOW + 600), GatewayView("G"))


def holding(*codes: str, since: float = NOW - 60) -> Snapshot:
    conditions = ()
    for code in codes:
        conditions = hold(conditions, code, since)
    return replace(GOOD, conditions=conditions)


@pytest.mark.parametrize(
    ("snapshot", "state"),
    [
        (GOOD, State.READY),
        (replace(GOOD, gateway=GatewayView("G", in_flight=1)), State.BUSY),
        (holding("gateway.slow"), State.SLOW),
        (holding("gateway.unreadable"), State.DEGRADED),
        (replace(GOOD, gateway=GatewayView("G", breaker=BreakerState.OPEN)), State.DEGRADED),
        (holding("limit.reached"), State.THROTTLED),
        (holding("network.offline"), State.OFFLINE),
        (replace(GOOD, paused_until=NOW + 60), State.PAUSED),
        (replace(GOOD, paused_until=NOW), State.READY),
        (replace(GOOD, session=SessionView(Phase.SIGNED_OUT)), State.SIGNED_OUT),
        (replace(GOOD, session=SessionView(Phase.EXPIRED)), State.BUSY),
        (replace(GOOD, session=SessionView(Phase.NEEDS_PERSON, expires_at=NOW)), State.SIGNED_OUT),
        (
            replace(GOOD, session=SessionView(Phase.NEEDS_PERSON, expires_at=NOW + 9)),
            State.READY,
        ),
    ],
)
def test_state_follows_from_the_facts(snapshot: Snapshot, state: State) -> None:
    assert snapshot.state(NOW) is state


@given(
    codes=st.sets(st.sampled_from(sorted(CONDITIONS)), max_size=6),
    phase=st.sampled_from(list(Phase)),
    in_flight=st.integers(0, 3),
)
def test_while_a_limit_is_shut_the_state_is_never_ready(
    codes: set[str], phase: Phase, in_flight: int
) -> None:
    snapshot = replace(
        holding(*codes),
        budget=exhaust(Budget(), Scope.USER, NOW, NOW + 60, limit=120),
        session=SessionView(phase, expires_at=NOW + 600),
        gateway=GatewayView("G", in_flight=in_flight),
    )
    assert snapshot.state(NOW) not in (State.READY, State.BUSY, State.SLOW)
