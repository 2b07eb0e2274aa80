"""The session machine: nights, late networks, late answers, and the one cause of "signed out"."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.identity.secret import Secret
from sidelight_client.domain.identity.session import Phase, Session, reduce
from sidelight_client.domain.identity.session_events import (
    AskPerson,
    DropPool,
    Event,
    Forget,
    NetworkUp,
    Persist,
    Refused,
    Renew,
    RenewalFailed,
    RenewalFailure,
    Renewed,
    SignedIn,
    SignedOut,
    Tick,
    Woke,
)
from sidelight_client.testing.fakes import grant

NOW = 1_700_000_000.0
HOUR = 3_600.0
SIGNED_IN = Session(grant(NOW))


def run(session: Session, *events: Event) -> tuple[Session, list[object]]:
    effects: list[object] = []
    for event in events:
        session, more = reduce(session, event)
        effects += more
    return session, effects


def test_a_fresh_session_does_nothing_until_half_of_its_life_is_over() -> None:
    assert run(SIGNED_IN, Tick(NOW + 3.9 * HOUR))[1] == []
    session, effects = run(SIGNED_IN, Tick(NOW + 4 * HOUR))
    assert effects == [Renew(1, "half of the token's life is over")]
    assert session.phase(NOW + 4 * HOUR) is Phase.STALE


def test_a_stale_session_is_served_while_it_is_renewed() -> None:
    session, _ = run(SIGNED_IN, Tick(NOW + 5 * HOUR))
    assert session.peek(NOW + 5 * HOUR) is SIGNED_IN.grant


def test_after_a_night_it_renews_at_once_and_drops_dead_connections() -> None:
    morning = NOW + 14 * HOUR
    session, effects = run(SIGNED_IN, Woke(morning, 14 * HOUR))
    assert effects == [DropPool(), Renew(1, "woke after 14.0 h")]
    assert session.phase(morning) is Phase.EXPIRED
    assert session.peek(morning) is None


def test_a_short_nap_renews_nothing() -> None:
    assert run(SIGNED_IN, Woke(NOW + HOUR, HOUR))[1] == [DropPool()]


def test_a_second_tick_does_not_start_a_second_renewal() -> None:
    late = NOW + 9 * HOUR
    _, effects = run(SIGNED_IN, Tick(late), Tick(late + 1), Woke(late + 2, 60), Refused(late, 1))
    assert [e for e in effects if isinstance(e, Renew)] == [Renew(1, "the token has ended")]


def test_an_answer_to_an_older_renewal_is_dropped() -> None:
    session, _ = run(SIGNED_IN, Tick(NOW + 5 * HOUR))
    stranger = grant(NOW, token="stranger")
    assert run(session, Renewed(99, stranger)) == (session, [])
    failed = RenewalFailed(99, NOW, RenewalFailure.REJECTED)
    assert run(session, failed) == (session, [])


def test_a_renewed_grant_is_saved() -> None:
    later = NOW + 5 * HOUR
    renewed = grant(later, generation=2)
    session, effects = run(SIGNED_IN, Tick(later), Renewed(1, renewed))
    assert effects[-1] == Persist(renewed)
    assert session.phase(later) is Phase.FRESH


@pytest.mark.parametrize(
    "failure", [RenewalFailure.NOT_PROCESSED, RenewalFailure.AMBIGUOUS], ids=str
)
def test_no_network_fault_ever_signs_out(failure: RenewalFailure) -> None:
    now = NOW + 9 * HOUR
    session, _ = run(SIGNED_IN, Tick(now))
    for _ in range(200):
        assert session.renewing is not None
        session, _ = reduce(session, RenewalFailed(session.renewing, now, failure))
        assert session.phase(now) is Phase.EXPIRED
        assert session.retry_at is not None
        assert session.retry_at - now <= 15
        now = session.retry_at
        session, effects = reduce(session, Tick(now))
        assert len(effects) == 1


def test_an_ambiguous_failure_is_retried_inside_the_providers_grace() -> None:
    session, _ = run(
        SIGNED_IN, Tick(NOW + 9 * HOUR), RenewalFailed(1, NOW, RenewalFailure.AMBIGUOUS)
    )
    assert session.retry_at == NOW + 0.25


def test_the_provider_may_ask_for_a_longer_pause() -> None:
    failed = RenewalFailed(1, NOW, RenewalFailure.NOT_PROCESSED, retry_delay_s=60)
    session, _ = run(SIGNED_IN, Tick(NOW + 9 * HOUR), failed)
    assert session.retry_at == NOW + 60


def test_the_network_coming_back_cuts_the_wait() -> None:
    late = NOW + 9 * HOUR
    failed = RenewalFailed(1, late, RenewalFailure.NOT_PROCESSED, retry_delay_s=60)
    _, effects = run(SIGNED_IN, Tick(late), failed, NetworkUp(late + 1))
    assert effects[-1] == Renew(2, "the network is back")


def test_the_provider_rejecting_the_current_grant_asks_the_person_once() -> None:
    now = NOW + 5 * HOUR
    rejected = RenewalFailed(1, now, RenewalFailure.REJECTED, reason="invalid_grant")
    session, effects = run(SIGNED_IN, Tick(now), rejected, Tick(now + 9), Woke(now + 99, 90))
    assert [e for e in effects if isinstance(e, AskPerson)] == [AskPerson("invalid_grant")]
    assert session.phase(now) is Phase.NEEDS_PERSON
    assert session.peek(now) is SIGNED_IN.grant, "the live access token is served to its end"


def test_a_401_for_this_grant_renews_once_and_a_late_one_does_nothing() -> None:
    session, effects = run(SIGNED_IN, Refused(NOW + 10, 1))
    assert effects == [Renew(1, "401 at generation 1")]
    assert session.peek(NOW + 10) is None
    session, _ = reduce(session, Renewed(1, grant(NOW + 11, generation=2)))
    assert run(session, Refused(NOW + 12, 1))[1] == []


def test_signing_out_forgets_and_an_answer_on_its_way_is_dropped() -> None:
    session, effects = run(SIGNED_IN, Tick(NOW + 5 * HOUR), SignedOut())
    assert effects[-1] == Forget()
    assert reduce(session, Renewed(1, grant(NOW)))[0].phase(NOW) is Phase.SIGNED_OUT


def test_a_grant_without_a_refresh_token_is_used_to_its_end_and_not_renewed() -> None:
    session = Session(grant(NOW, refresh=None))
    assert run(session, Tick(NOW + 9 * HOUR))[1] == []


def test_processes_spread_their_renewals_by_their_jitter() -> None:
    assert SIGNED_IN.wakes_at(NOW) == NOW + 4 * HOUR
    assert replace(SIGNED_IN, jitter=1.0).wakes_at(NOW) == NOW + 4.8 * HOUR


EVENTS = st.one_of(
    st.builds(Tick, st.floats(NOW, NOW + 40 * HOUR)),
    st.builds(Woke, st.floats(NOW, NOW + 40 * HOUR), st.floats(0, 9 * HOUR)),
    st.builds(NetworkUp, st.floats(NOW, NOW + 40 * HOUR)),
    st.builds(Refused, st.floats(NOW, NOW + 40 * HOUR), st.integers(1, 4)),
    st.builds(
        RenewalFailed,
        st.integers(1, 9),
        st.floats(NOW, NOW + 40 * HOUR),
        st.sampled_from([RenewalFailure.NOT_PROCESSED, RenewalFailure.AMBIGUOUS]),
    ),
    st.builds(
        Renewed,
        st.integers(1, 9),
        st.builds(lambda g: grant(NOW, generation=g), st.integers(2, 9)),
    ),
)


@given(st.lists(EVENTS, max_size=60))
def test_without_a_rejection_nobody_is_ever_signed_out(events: list[Event]) -> None:
    session = SIGNED_IN
    for event in events:
        before = session.renewing
        session, effects = reduce(session, event)
        renewals = [e for e in effects if isinstance(e, Renew)]
        assert len(renewals) <= 1
        assert not (before is not None and renewals), "one renewal in flight at a time"
        assert session.phase(NOW) not in (Phase.SIGNED_OUT, Phase.NEEDS_PERSON)


def test_a_grant_prints_without_its_secrets() -> None:
    held = grant(NOW)
    session, effects = reduce(Session(), SignedIn(held))
    assert "access-1" not in repr(session) + str(held) + f"{held}" + repr(effects)
    assert "refresh-1" not in repr(held)


def test_a_secret_is_never_pickled() -> None:
    import pickle

    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
