"""When a status page is asked again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.service.status_look import (
    LONGEST_RETRY_AFTER_S,
    Looked,
    answered,
    next_look_at,
    unanswered,
)

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("looked", "incident", "offline", "in_s"),
    [
        (Looked(), False, False, 0.0),
        (Looked(NOW), False, False, 300.0),
        (Looked(NOW), True, False, 60.0),
        (Looked(NOW), True, True, None),
        (Looked(NOW - 900), False, False, 0.0),
        (Looked(NOW + 900), False, False, 0.0),
        (Looked(NOW, failures=1), False, False, 600.0),
        (Looked(NOW, failures=9_999), False, False, 1_800.0),
        (Looked(NOW, not_before=NOW + 3_000), True, False, 3_000.0),
        (Looked(NOW, not_before=NOW + 1e9), True, False, 60.0),
    ],
)
def test_the_page_is_asked_again(
    looked: Looked, incident: bool, offline: bool, in_s: float | None
) -> None:
    at = next_look_at(looked, NOW, incident=incident, offline=offline)
    assert at == (None if in_s is None else NOW + in_s)


def test_a_wait_the_page_asks_for_is_kept_and_bounded() -> None:
    assert unanswered(Looked(), NOW, 900.0) == Looked(NOW, 1, NOW + 900.0)
    assert unanswered(Looked(), NOW, 1e9).not_before == NOW + LONGEST_RETRY_AFTER_S
    assert answered(NOW) == Looked(NOW)


@given(
    st.floats(0, 2e9) | st.none(),
    st.integers(0, 1_000),
    st.floats(0, 2e9) | st.none(),
    st.booleans(),
)
def test_the_next_look_is_never_in_the_past_and_never_days_away(
    at: float | None, failures: int, not_before: float | None, incident: bool
) -> None:
    looked = Looked(at, failures, not_before)
    due = next_look_at(looked, NOW, incident=incident, offline=False)
    assert due is not None
    assert NOW <= due <= NOW + LONGEST_RETRY_AFTER_S + 1
