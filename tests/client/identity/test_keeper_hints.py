"""What a session makes of news that comes at an awkward moment."""

from __future__ import annotations

from sidelight_client.domain.identity.session import Session, reduce
from sidelight_client.domain.identity.session_events import (
    NetworkUp,
    RenewalFailed,
    RenewalFailure,
    SignedIn,
    Tick,
)
from sidelight_client.testing.fakes import grant


def test_a_network_that_comes_during_an_attempt_makes_the_next_one_come_soon() -> None:
    now = grant().expires_at
    session, _ = reduce(Session(), SignedIn(grant()))
    for _ in range(8):
        session, _ = reduce(session, Tick(now))
        failed = RenewalFailed(session.generation, now, RenewalFailure.NOT_PROCESSED)
        session, _ = reduce(session, failed)
        assert session.retry_at is not None
        now = session.retry_at
    session, _ = reduce(session, Tick(now))
    session, effects = reduce(session, NetworkUp(now))
    assert effects == (), "one renewal at a time"
    failed = RenewalFailed(session.generation, now, RenewalFailure.NOT_PROCESSED)
    session, _ = reduce(session, failed)
    assert session.retry_at is not None
    assert session.retry_at - now <= 0.5
