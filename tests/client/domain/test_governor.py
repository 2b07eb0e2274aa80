"""What a request is worth, what it may cost, and how long a limit lasts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit, spend
from sidelight_client.domain.spending.governor import (
    FRUGAL_PER_KEY,
    SOFT_PER_KEY,
    UNLIMITED,
    Pace,
    lasts_until,
    pace,
    price,
)
from sidelight_client.domain.spending.value import Moment, Place, place_of, value

NOW = 1_000_000.0


def hourly(
    used: float | None, *, left_s: float = 3600.0, hard: bool = True, unit: Unit = Unit.REQUESTS
) -> Budget:
    return Budget((Purse(Scope.USER, unit, 120, 3600.0, hard, used, NOW + left_s),))


def test_without_a_limit_there_is_nothing_to_save() -> None:
    assert pace(Budget(), NOW) is UNLIMITED
    assert UNLIMITED.rich


def test_120_an_hour_are_15_in_1000_keys_beside_the_reserve() -> None:
    found = pace(hourly(0), NOW)
    assert found.per_key == pytest.approx(108 / 7200)
    assert not found.rich


def test_what_is_left_shortly_before_the_reset_is_spent() -> None:
    assert pace(hourly(60, left_s=120), NOW).rich


def test_the_last_tenth_is_kept_for_what_people_ask_for() -> None:
    assert not pace(hourly(107), NOW).reserved
    found = pace(hourly(108), NOW)
    assert found.reserved
    assert math.isinf(price(found, 0.0, 30.0))


def test_a_limit_that_is_used_up_is_the_brokers_to_explain() -> None:
    assert pace(hourly(120), NOW) is UNLIMITED
    assert pace(hourly(120, left_s=-1), NOW).purse is not None


def test_a_soft_limit_slows_down_and_never_stops() -> None:
    found = pace(hourly(200, hard=False), NOW)
    assert (found.per_key, found.reserved) == (SOFT_PER_KEY, False)


def test_the_tightest_of_several_limits_decides() -> None:
    minute = Purse(Scope.USER, Unit.REQUESTS, 60, 60.0, used=0, resets_at=NOW + 60)
    both = Budget((minute, *hourly(0).purses))
    assert pace(both, NOW) == pace(hourly(0), NOW)
    assert pace(Budget((minute,)), NOW).rich


def test_what_is_not_known_and_what_is_no_request_limits_nothing() -> None:
    assert pace(hourly(None), NOW) is UNLIMITED
    assert pace(hourly(0, unit=Unit.TOKENS), NOW) is UNLIMITED


def test_it_is_dearer_the_more_is_spent_and_the_poorer_one_is() -> None:
    rich = price(UNLIMITED, FRUGAL_PER_KEY, 30.0)
    assert rich < price(UNLIMITED, 2 * FRUGAL_PER_KEY, 30.0)
    assert rich < price(Pace(0.01), FRUGAL_PER_KEY, 30.0)
    assert math.isinf(price(Pace(0.0), 0.0, 30.0))


def test_a_limit_lasts_as_long_as_it_is_spent_as_before() -> None:
    (purse,) = hourly(40, left_s=2400).purses
    assert lasts_until(purse, NOW) == NOW + 2400
    (purse,) = hourly(90, left_s=2400).purses
    assert lasts_until(purse, NOW) == pytest.approx(NOW + 30 * 1200 / 90)
    assert lasts_until(hourly(120).purses[0], NOW) == NOW
    assert lasts_until(hourly(0).purses[0], NOW) == NOW + 3600
    assert lasts_until(hourly(None).purses[0], NOW) is None


def test_spending_leads_from_wealth_to_the_reserve_without_a_jump() -> None:
    budget, paces = hourly(0), []
    for _ in range(108):
        paces.append(pace(budget, NOW).per_key)
        budget = spend(budget, NOW)
    assert paces == sorted(paces, reverse=True)
    assert pace(budget, NOW).reserved


@pytest.mark.parametrize(
    ("before", "after", "above", "place"),
    [
        ("    ", "", "def f():", Place.BLOCK_START),
        ("    ", "", "x = 1", Place.LINE_START),
        ("x = ", "", "", Place.WORD_START),
        ("x = fo", "", "", Place.INSIDE_WORD),
        ("f(", ")", "", Place.WORD_START),
        ("f(", "a, b)", "", Place.BEFORE_TEXT),
    ],
)
def test_where_the_cursor_stands(before: str, after: str, above: str, place: Place) -> None:
    assert place_of(before, after, above) is place


def test_a_request_is_worth_more_early_in_a_line_and_less_after_a_failure() -> None:
    def worth(column: int = 0, since_failure: float = 64.0, usefulness: float = 0.6) -> float:
        return value(Moment(Place.LINE_START, "python", column, usefulness, 30.0, since_failure))

    assert worth() > worth(column=20) > 0
    assert worth(since_failure=20) > worth(since_failure=2)
    assert worth(since_failure=0) == 0
    assert worth() > worth(usefulness=0.1)


def test_a_request_is_worth_less_where_typing_outruns_its_answer_or_a_key_uses_much_of_it_up() -> (
    None
):
    usual = Moment(Place.LINE_START, "python", 0, 0.6, 30.0, 64.0)
    outrun, dictated = replace(usual, late=15.0), replace(usual, stride=25.0)
    assert value(outrun) == pytest.approx(value(usual) / 2)
    assert value(dictated) == pytest.approx(value(usual) / 5)
    assert 0 < value(replace(usual, late=500.0)) < value(outrun)
