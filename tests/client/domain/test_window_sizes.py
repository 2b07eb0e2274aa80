"""How large a window is: tokens learned from the gateway, and sizes that follow tier and pace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.completion import Tier
from sidelight_client.domain.place import Position
from sidelight_client.domain.window import WindowLimits, take
from sidelight_client.domain.window.budget import ENOUGH, SCALES, WindowPace, limits_for, paced
from sidelight_client.domain.window.tokens_estimate import (
    LANGUAGES_KEPT,
    LEAST,
    MOST,
    START,
    TokenRates,
    byte_count,
    learn,
)


def test_bytes_a_token_are_learned_by_language() -> None:
    rates = TokenRates()
    assert rates.bytes_per_token("python") == START
    for _ in range(20):
        rates = learn(rates, "python", 4_400, 1_000)
        rates = learn(rates, "go", 3_000, 1_000)
    assert rates.bytes_per_token("python") == pytest.approx(4.4)
    assert rates.bytes_per_token("go") == pytest.approx(3.0)
    assert rates.bytes_per_token("rust") == pytest.approx(3.7)
    assert rates.estimate("x" * 440, "python") == 100


def test_the_latest_answers_decide() -> None:
    rates = TokenRates()
    for size in [4_000] * 30 + [3_000] * 30:
        rates = learn(rates, "python", size, 1_000)
    assert rates.bytes_per_token("python") == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("counted", [None, 0, 5, 99, 100_000])
def test_a_count_that_cannot_be_right_teaches_nothing(counted: int | None) -> None:
    assert learn(TokenRates(), "python", 4_000, counted) == TokenRates()


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 10**6), st.integers(0, 10**6))))
def test_what_is_learned_stays_in_bounds(answers: list[tuple[str, int, int]]) -> None:
    rates = TokenRates()
    for language, size, counted in answers:
        rates = learn(rates, language, size, counted)
    assert len(rates.seen) <= LANGUAGES_KEPT
    for language in rates.seen:
        assert LEAST - 0.01 <= rates.bytes_per_token(language) <= MOST + 0.01


def test_bytes_are_counted_as_they_travel() -> None:
    assert byte_count("aé😀") == 7
    assert byte_count("\ud83d") == 1


def test_slower_tiers_read_more() -> None:
    base = WindowLimits()
    assert limits_for(Tier.FAST, base) == base
    assert limits_for(Tier.STANDARD, base).prefix == 2 * base.prefix
    assert limits_for(Tier.HEAVY, base).context == 4 * base.context


def test_windows_shrink_while_answers_are_late_and_grow_back() -> None:
    pace = WindowPace()
    for _ in range(ENOUGH):
        pace = paced(pace, 0.4, target_s=0.3)
    assert limits_for(Tier.FAST, WindowLimits(), pace).prefix == 2_250
    for _ in range(ENOUGH * 9):
        pace = paced(pace, 0.4, target_s=0.3)
    assert pace.step == len(SCALES) - 1
    for _ in range(ENOUGH * 9):
        pace = paced(pace, 0.1, target_s=0.3)
    assert pace.step == 0


def test_one_slow_answer_changes_nothing() -> None:
    pace = WindowPace()
    for took_s in [0.2] * 7 + [9.0] + [0.2] * 20:
        pace = paced(pace, took_s, target_s=0.3)
    assert pace.step == 0


def test_a_request_weighs_the_same_in_a_file_of_any_length() -> None:
    """At most 1.1 times as much for 20,000 lines as for 300, whatever the place."""
    text = [f"    total_{n % 97} = compute(order_{n % 31}, {n % 11})\n" for n in range(20_000)]
    sizes = {}
    for rows in (300, 4_200, 20_000):
        lines = [*text[:rows], ""]
        places = range(rows // 3, rows * 2 // 3, max(rows // 60, 1))
        windows = [take(lines, Position(row, 8), "file:///a.py") for row in places]
        sizes[rows] = sum(len(w.prefix) + len(w.suffix) for w in windows) / len(windows)
    assert sizes[20_000] / sizes[300] <= 1.1
    assert sizes[4_200] / sizes[300] <= 1.1
