"""Purses: spent by us, corrected by the gateway, empty until their window ends."""

from __future__ import annotations

from sidelight_client.domain.budget import (
    Budget,
    Purse,
    Reading,
    Scope,
    Unit,
    exhaust,
    observe,
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
