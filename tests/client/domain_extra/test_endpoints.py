"""Which address is asked: healthy ones in their order, failed ones when their time has come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.completion import Tier
from sidelight_client.domain.routing.breaker import Breaker, BreakerState, failed, late, sent
from sidelight_client.domain.routing.endpoints import MOST, Endpoints

NOW = 1_000.0
A, B, C = "https://a", "https://b", "https://c"


def zones(**breakers: Breaker) -> Endpoints:
    found = Endpoints((A, B, C))
    for name, breaker in breakers.items():
        found = found.learned(f"https://{name}", Tier.FAST, breaker)
    return found


def tripped(now: float = NOW) -> Breaker:
    breaker = Breaker()
    for _ in range(3):
        breaker = failed(breaker, now)
    return breaker


def test_the_first_address_is_asked_while_it_is_healthy() -> None:
    assert zones().choose(Tier.FAST, NOW) == A


def test_one_that_just_failed_is_passed_over_before_it_has_failed_often() -> None:
    assert zones(a=failed(Breaker(), NOW)).choose(Tier.FAST, NOW + 1) == B
    assert zones(a=late(Breaker(), NOW)).choose(Tier.FAST, NOW + 1) == B
    assert zones(a=late(Breaker(), NOW)).choose(Tier.FAST, NOW + 11) == A


def test_when_all_have_just_failed_the_first_of_them_is_asked() -> None:
    bad = failed(Breaker(), NOW)
    assert zones(a=bad, b=bad, c=bad).choose(Tier.FAST, NOW + 1) == A


def test_an_address_is_asked_once_for_one_request() -> None:
    assert zones().choose(Tier.FAST, NOW, tried=(A,)) == B
    assert zones().choose(Tier.FAST, NOW, tried=(A, B, C)) is None


def test_what_fails_for_one_tier_is_open_to_the_others() -> None:
    found = zones(a=tripped())
    assert found.choose(Tier.FAST, NOW) == B
    assert found.choose(Tier.HEAVY, NOW) == A


def test_a_failed_address_is_probed_by_one_request_nobody_asked_for() -> None:
    later = NOW + 10
    found = zones(a=tripped())
    assert found.choose(Tier.FAST, later) == A
    assert found.choose(Tier.FAST, later, may_probe=False) == B
    probing = found.learned(A, Tier.FAST, sent(found.breaker(A, Tier.FAST), later))
    assert probing.choose(Tier.FAST, later + 1) == B


def test_where_nothing_else_is_left_anybody_probes() -> None:
    dead = tripped()
    found = zones(a=dead, b=dead, c=dead)
    assert found.choose(Tier.FAST, NOW + 1) is None
    assert found.choose(Tier.FAST, NOW + 10, may_probe=False) == A
    assert found.retry_at(Tier.FAST) == NOW + 10


def test_the_person_is_as_well_off_as_their_best_address() -> None:
    assert zones(a=tripped()).summary(NOW) == (BreakerState.CLOSED, None)
    dead = tripped()
    assert zones(a=dead, b=dead, c=dead).summary(NOW) == (BreakerState.OPEN, NOW + 10)


def test_each_address_says_what_is_wrong_with_it_and_until_when() -> None:
    first, second, _ = zones(a=tripped()).troubles(NOW + 1)
    assert (first.url, first.state, first.tiers) == (A, BreakerState.OPEN, (Tier.FAST,))
    assert (first.retry_at, first.since) == (NOW + 10, NOW)
    assert (second.state, second.tiers) == (BreakerState.CLOSED, ())


def test_a_probe_that_fails_does_not_make_the_outage_younger() -> None:
    again = failed(sent(tripped(), NOW + 10), NOW + 11)
    assert zones(a=again).troubles(NOW + 12)[0].since == NOW


def test_new_addresses_keep_what_is_known_of_the_old_ones_and_are_not_without_end() -> None:
    found = zones(a=tripped()).with_urls((B, A))
    assert found.choose(Tier.FAST, NOW) == B
    assert found.breaker(A, Tier.FAST).state(NOW) is BreakerState.OPEN
    assert len(found.with_urls(f"https://{n}" for n in range(99)).urls) == MOST
    assert found.with_urls((B,)).breakers == {}


@pytest.mark.parametrize("tier", Tier)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from([A, B, C]), st.booleans(), st.floats(0, 40)), max_size=30
    ),
    may_probe=st.booleans(),
)
def test_some_address_can_be_asked_again_whatever_happened(
    tier: Tier, steps: list[tuple[str, bool, float]], may_probe: bool
) -> None:
    found, now = Endpoints((A, B, C)), NOW
    for url, hangs, passed in steps:
        now += passed
        change = late if hangs else failed
        found = found.learned(url, tier, change(sent(found.breaker(url, tier), now), now))
        chosen = found.choose(tier, now, may_probe=may_probe)
        assert chosen is None or found.breaker(chosen, tier).allows(now)
    assert found.choose(tier, now + 121, may_probe=may_probe) is not None
