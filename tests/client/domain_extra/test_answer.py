"""What of an answer is shown, and how long answers take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.answers.answer import LONGEST, cut
from sidelight_client.domain.routing.latency import KEPT, Latencies


@pytest.mark.parametrize(
    ("text", "max_lines", "shown"),
    [
        ("return 1", 4, "return 1"),
        ("a\nb\nc\n", 2, "a\nb"),
        ("a\r\nb\r\n", 4, "a\nb"),
        ("a\n\n\n", 4, "a"),
        ("    a", 1, "    a"),
        ("\n    a", 4, "\n    a"),
        (" \n\t\n", 4, ""),
        ("", 4, ""),
        ("\na", 1, ""),
    ],
)
def test_an_answer_is_cut_to_lines(text: str, max_lines: int, shown: str) -> None:
    assert cut(text, max_lines) == shown


@given(st.text(), st.integers(1, 9))
def test_a_cut_answer_is_never_longer_than_asked_for(text: str, max_lines: int) -> None:
    shown = cut(text * 50, max_lines)
    assert len(shown) <= LONGEST
    assert shown.count("\n") < max_lines
    assert shown == "" or shown.strip()


@pytest.mark.parametrize(
    ("seconds", "p50", "p95"),
    [
        ((), None, None),
        ((1.0,), 1.0, 1.0),
        ((3.0, 1.0, 2.0), 2.0, 3.0),
        (tuple(range(1, 101)), 50, 95),
    ],
)
def test_percentiles_are_durations_that_were_seen(
    seconds: tuple[float, ...], p50: float | None, p95: float | None
) -> None:
    known = Latencies(seconds)
    assert (known.percentile(0.5), known.percentile(0.95)) == (p50, p95)


def test_only_the_latest_durations_count() -> None:
    known = Latencies()
    for number in range(500):
        known = known.with_one(float(number))
    assert len(known.seconds) == KEPT
    assert known.percentile(0.0) == 400.0
