"""The breaker: closed, open, half-open with one probe, and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.routing.breaker import (
    Breaker,
    BreakerSettings,
    BreakerState,
    abandoned,
    failed,
    sent,
    succeeded,
)


def tripped(now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(breaker.settings.failures_to_trip):
        breaker = failed(breaker, now)
    return breaker


def test_three_failures_in_a_row_trip_it_and_it_says_until_when() -> None:
    breaker = tripped(now=100)
    assert breaker.state(100) is BreakerState.OPEN
    assert breaker.retry_at == 110
    assert not breaker.allows(109)


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = succeeded(failed(failed(Breaker(), 0), 1), took_s=0.2, now=2)
    assert failed(breaker, 3).state(3) is BreakerState.CLOSED


def test_half_open_lets_exactly_one_probe_through() -> None:
    breaker = tripped()
    assert breaker.allows(10)
    breaker = sent(breaker, 10)
    assert not breaker.allows(11)


def test_a_probe_that_answers_closes_it() -> None:
    breaker = succeeded(sent(tripped(), 10), took_s=0.3, now=11)
    assert breaker.state(11) is BreakerState.CLOSED
    assert breaker.retry_at is None


def test_a_probe_that_fails_doubles_the_pause_up_to_the_cap() -> None:
    breaker = tripped()
    pauses = []
    for _ in range(6):
        assert breaker.retry_at is not None
        now = breaker.retry_at
        breaker = failed(sent(breaker, now), now)
        assert breaker.retry_at is not None
        pauses.append(breaker.retry_at - now)
    assert pauses == [20, 40, 80, 120, 120, 120]


def test_a_cancelled_probe_says_nothing_and_frees_its_place() -> None:
    assert abandoned(sent(tripped(), 10)).allows(10.1)


def test_a_probe_that_never_came_back_does_not_block_for_ever() -> None:
    assert sent(tripped(), 10).allows(23)


def test_an_answer_after_twelve_seconds_counts_as_a_failure() -> None:
    breaker = Breaker()
    for _ in range(3):
        breaker = succeeded(breaker, took_s=12.5, now=0)
    assert breaker.state(0) is BreakerState.OPEN


def test_the_gateways_retry_after_lengthens_the_pause_within_the_cap() -> None:
    first = failed(Breaker(BreakerSettings(failures_to_trip=1)), 0, retry_delay_s=45)
    assert first.retry_at == 45
    assert (
        failed(Breaker(BreakerSettings(failures_to_trip=1)), 0, retry_delay_s=9e9).retry_at == 120
    )


@given(st.lists(st.sampled_from(["sent", "ok", "slow", "bad", "gone"]), max_size=40))
def test_while_it_is_open_nothing_passes_and_it_always_opens_again(steps: list[str]) -> None:
    breaker, now = Breaker(), 0.0
    for step in steps:
        now += 1
        match step:
            case "sent":
                breaker = sent(breaker, now)
            case "ok":
                breaker = succeeded(breaker, 0.1, now)
            case "slow":
                breaker = succeeded(breaker, 99, now)
            case "bad":
                breaker = failed(breaker, now)
            case _:
                breaker = abandoned(breaker)
        if breaker.state(now) is BreakerState.OPEN:
            assert not breaker.allows(now)
    assert breaker.allows(now + breaker.settings.open_max_s + breaker.settings.slow_s + 1)
