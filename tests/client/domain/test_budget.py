"""Purses: spent by us, corrected by the gateway, empty until their window ends."""

from __future__ import annotations

from sidelight_client.domain.spending.budget import (
    MOST_PURSES,
    Budget,
    Purse,
    Reading,
    Scope,
    Unit,
    exhaust,
    observe,
    poorest,
    spend,
)

HOUR = 3_600.0
USER = Purse(Scope.USER, Unit.REQUESTS, limit=2, window_s=HOUR)
ORG_SOFT = Purse(Scope.ORG, Unit.REQUESTS, limit=1, window_s=HOUR, hard=False)


def test_two_requests_empty_a_purse_of_two_until_its_window_ends() -> None:
    budget = spend(spend(Budget((USER,)), now=0), now=10)
    blocked = budget.exhausted(now=20)
    assert blocked is not None
    assert blocked.resets_at == HOUR
    assert budget.exhausted(now=HOUR) is None


def test_a_soft_limit_never_stops_a_request() -> None:
    assert spend(Budget((ORG_SOFT,)), now=0, requests=9).exhausted(now=1) is None


def test_the_gateways_number_beats_our_count() -> None:
    budget = spend(Budget((USER,)), now=0)
    said = Reading(Scope.USER, Unit.REQUESTS, limit=120, used=119, window_s=HOUR, resets_at=500)
    purse = observe(budget, [said], now=1).purses[0]
    assert (purse.used, purse.limit, purse.source) == (119, 120, "gateway")


def test_a_reading_without_a_count_keeps_ours() -> None:
    said = Reading(Scope.USER, Unit.REQUESTS, limit=120, used=None, window_s=HOUR, resets_at=None)
    assert observe(spend(Budget((USER,)), now=0), [said], now=1).purses[0].used == 1


def test_what_nobody_counted_is_unknown_and_not_zero() -> None:
    said = Reading(Scope.TEAM, Unit.COST, limit=50, used=None, window_s=HOUR, resets_at=None)
    purse = observe(Budget(), [said], now=1).purses[0]
    assert purse.used is None
    assert not purse.empty


def test_a_refusal_empties_the_purse_whatever_we_had_counted() -> None:
    budget = exhaust(Budget((USER,)), Scope.USER, now=0, resets_at=60)
    blocked = budget.exhausted(now=59)
    assert blocked is not None
    assert blocked.used == 2
    assert budget.exhausted(now=60) is None


def test_a_refusal_for_an_unknown_scope_makes_a_purse_for_it() -> None:
    budget = exhaust(Budget((USER,)), Scope.TEAM, now=0, resets_at=60, limit=800)
    blocked = budget.exhausted(now=1)
    assert blocked is not None
    assert (blocked.scope, blocked.limit) == (Scope.TEAM, 800)


def test_of_two_empty_purses_the_one_that_resets_last_decides() -> None:
    budget = exhaust(Budget(), Scope.USER, now=0, resets_at=60, limit=1)
    budget = exhaust(budget, Scope.TEAM, now=0, resets_at=600, limit=1)
    blocked = budget.exhausted(now=1)
    assert blocked is not None
    assert blocked.scope is Scope.TEAM


def test_a_token_purse_is_not_spent_by_counting_requests() -> None:
    tokens = Purse(Scope.USER, Unit.TOKENS, limit=1000, window_s=HOUR)
    assert spend(Budget((tokens,)), now=0).purses[0].used is None


HOURLY = Purse(Scope.USER, Unit.REQUESTS, limit=120, window_s=HOUR, used=40)
MINUTELY = Purse(Scope.USER, Unit.REQUESTS, limit=10, window_s=60, used=3)
TOKENS = Purse(Scope.USER, Unit.TOKENS, limit=9_000, window_s=60, used=50)
ALL = Budget((HOURLY, MINUTELY, TOKENS))


def spent_of(budget: Budget) -> list[tuple[Unit, float, float | None]]:
    return [(p.unit, p.window_s, p.used) for p in budget.purses if p.empty]


def test_a_reading_for_one_window_leaves_the_others_alone() -> None:
    said = Reading(Scope.USER, Unit.REQUESTS, limit=10, used=9, window_s=60, resets_at=None)
    assert [p.used for p in observe(ALL, [said], now=1).purses] == [40, 9, 50]


def test_a_window_told_a_little_differently_is_the_same_one() -> None:
    said = Reading(Scope.USER, Unit.REQUESTS, limit=120, used=41, window_s=3_598, resets_at=None)
    assert [p.used for p in observe(ALL, [said], now=1).purses] == [41, 3, 50]


def test_a_refusal_empties_the_purse_whose_window_can_last_so_long() -> None:
    assert spent_of(exhaust(ALL, Scope.USER, now=0, resets_at=45)) == [(Unit.REQUESTS, 60, 10)]
    long = exhaust(ALL, Scope.USER, now=0, resets_at=900)
    assert spent_of(long) == [(Unit.REQUESTS, HOUR, 120)]


def test_a_refusal_that_names_its_limit_means_the_purse_that_has_it() -> None:
    found = exhaust(ALL, Scope.USER, now=0, resets_at=30, limit=120)
    assert spent_of(found) == [(Unit.REQUESTS, HOUR, 120)]


def test_a_refusal_with_a_limit_nobody_told_of_makes_a_purse_of_its_own() -> None:
    found = exhaust(ALL, Scope.USER, now=0, resets_at=30, limit=7)
    assert spent_of(found) == [(Unit.REQUESTS, 30, 7)]
    assert len(found.purses) == 4


def test_a_refusal_for_tokens_empties_no_purse_of_requests() -> None:
    found = exhaust(ALL, Scope.USER, now=0, resets_at=30, unit=Unit.TOKENS)
    assert spent_of(found) == [(Unit.TOKENS, 60, 9_000)]


def test_what_is_left_is_that_of_the_emptiest_purse_of_requests() -> None:
    assert poorest(ALL, now=0) == 1 - 40 / 120
    assert poorest(Budget((TOKENS,)), now=0) is None
    assert poorest(exhaust(ALL, Scope.USER, now=0, resets_at=30), now=1) == 0


def test_a_gateway_that_names_another_window_each_time_does_not_fill_memory() -> None:
    budget = ALL
    for number in range(200):
        window_s = 10.0 * 1.1**number
        said = Reading(Scope.USER, Unit.REQUESTS, 5, 1, window_s, None)
        budget = observe(budget, [said], now=number)
    assert len(budget.purses) == MOST_PURSES
