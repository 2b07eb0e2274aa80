"""What is sent a second time, how often in all, and with how much less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.place import Position
from sidelight_client.domain.routing.resend import Resend, Tries, resend
from sidelight_client.domain.routing.retry_budget import RetryBudget
from sidelight_client.domain.routing.shrink import fitting_chars, shrink, size
from sidelight_client.domain.window import CutReason, take

K = FailureKind
NOW = 1_000.0
URI = "file:///a.py"
LINES = [f"line_{n:03} = {n}\n" for n in range(100)]
WINDOW = take(LINES, Position(50, 4), URI)


@pytest.mark.parametrize(
    ("failure", "tries", "how"),
    [
        (Failure(K.UPSTREAM_DOWN, unprocessed=True), Tries(0.2, True), Resend.ELSEWHERE),
        (Failure(K.OFFLINE, unprocessed=True), Tries(0.2, True), Resend.ELSEWHERE),
        (Failure(K.UPSTREAM_DOWN, unprocessed=True), Tries(0.2, False), Resend.NO),
        (Failure(K.UPSTREAM_DOWN), Tries(0.2, True), Resend.NO),
        (Failure(K.UPSTREAM_TIMEOUT), Tries(0.2, True), Resend.NO),
        (Failure(K.UPSTREAM_DOWN, unprocessed=True), Tries(0.0, True), Resend.NO),
        (Failure(K.CONTEXT_EXCEEDED, 400), Tries(0.2, False), Resend.SHRUNK),
        (Failure(K.CONTEXT_EXCEEDED, 400), Tries(0.2, False, shrunk=True), Resend.NO),
        (Failure(K.CAPABILITY_MISSING, unprocessed=True), Tries(0.2, True), Resend.OTHERWISE),
        (Failure(K.CAPABILITY_MISSING), Tries(0.2, True), Resend.NO),
        (Failure(K.LIMIT_USER, 429), Tries(8.0, True), Resend.NO),
        (Failure(K.POLICY_BLOCKED, 400), Tries(8.0, True), Resend.NO),
    ],
)
def test_only_what_cannot_do_harm_is_sent_again(
    failure: Failure, tries: Tries, how: Resend
) -> None:
    assert resend(failure, tries) is how


def test_a_few_repetitions_are_free_and_then_one_in_ten() -> None:
    budget: RetryBudget | None = RetryBudget()
    for _ in range(3):
        assert budget is not None
        budget = budget.withdrawn(NOW)
    assert budget is not None
    assert budget.withdrawn(NOW) is None
    for _ in range(10):
        budget = budget.deposited(NOW)
    assert budget.withdrawn(NOW) is not None
    assert budget.deposited(NOW - 500).tokens == pytest.approx(budget.tokens + 0.1)


@given(st.lists(st.booleans(), max_size=300))
def test_repetitions_never_exceed_their_share(again: list[bool]) -> None:
    budget, requests, repeated = RetryBudget(), 0, 0
    for wanted in again:
        requests += 1
        budget = budget.deposited(NOW)
        after = budget.withdrawn(NOW) if wanted else None
        if after is not None:
            budget, repeated = after, repeated + 1
    assert repeated <= 3 + requests * 0.1 + 1e-6


def test_half_is_left_when_the_gateway_gives_no_numbers() -> None:
    assert fitting_chars(Failure(K.CONTEXT_EXCEEDED), WINDOW) == size(WINDOW) // 2


def test_the_gateways_numbers_count_where_they_ask_for_less() -> None:
    failure = Failure(K.CONTEXT_EXCEEDED, facts={"limit": 1_000, "got": 4_000})
    assert fitting_chars(failure, WINDOW) == int(size(WINDOW) * 0.2)
    nearly = Failure(K.CONTEXT_EXCEEDED, facts={"limit": 1_000, "got": 1_010})
    assert fitting_chars(nearly, WINDOW) == size(WINDOW) // 2


def test_what_stands_nearest_the_cursor_stays_and_the_rest_is_told() -> None:
    smaller = shrink(WINDOW, 400)
    assert size(smaller) <= 400
    assert WINDOW.prefix.endswith(smaller.prefix)
    assert WINDOW.suffix.startswith(smaller.suffix)
    assert smaller.prefix.startswith("line_")
    assert smaller.suffix.endswith("\n")
    assert {cut.why for cut in smaller.cuts[len(WINDOW.cuts) :]} == {CutReason.SIZE}


@given(
    lines=st.lists(st.text("ab ", max_size=30), max_size=30),
    end=st.sampled_from(["\n", "\r\n"]),
    row=st.integers(0, 30),
    chars=st.integers(0, 500),
)
def test_a_shrunk_window_still_tells_where_its_text_stands(
    lines: list[str], end: str, row: int, chars: int
) -> None:
    document = [f"{line}{end}" for line in lines]
    window = take(document, Position(row, 3), URI)
    smaller = shrink(window, chars)
    assert size(smaller) <= max(chars, 0) or smaller == window
    assert window.prefix.endswith(smaller.prefix)
    assert window.suffix.startswith(smaller.suffix)
    for before, after in zip(window.parts, smaller.parts, strict=False):
        if after.kind is before.kind and after.text:
            assert before.range.start <= after.range.start <= after.range.end <= before.range.end
