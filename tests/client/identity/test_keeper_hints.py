"""What a session makes of news that comes at an awkward moment."""

from __future__ import annotations

import pytest

from sidelight_client.domain.session import (
    NetworkUp,
    Phase,
    RenewalFailed,
    RenewalFailure,
    Session,
    SignedIn,
    Tick,
    reduce,
)
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import RenewalRefused
from sidelight_client.session_vault import ELSEWHERE_S
from sidelight_client.testing.fakes import FakeClock, FakeIdp, FakeVault, grant

HOUR = 3600.0
REJECTED = RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")


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


@pytest.mark.anyio
async def test_a_sign_in_in_another_process_is_noticed_by_a_session_that_was_over() -> None:
    clock, vault, idp = FakeClock(), FakeVault(), FakeIdp(renewals=[REJECTED])

    def keeper() -> SessionKeeper:
        return SessionKeeper(clock=clock, provider=idp, vault=vault, spread=lambda: 0.0)

    idp.signs_in = grant(clock.now())
    first, second = keeper(), keeper()
    await first.start()
    assert await first.sign_in(lambda _: None) is None
    await second.start()
    await clock.advance(5 * HOUR)
    assert [k.view().phase for k in (first, second)] == [Phase.NEEDS_PERSON] * 2
    idp.signs_in = grant(clock.now())
    assert await first.sign_in(lambda _: None) is None
    await clock.advance(ELSEWHERE_S + 0.1)
    assert second.view().phase is Phase.FRESH
    assert idp.renewed == 1
    for each in (first, second):
        await each.stop()
