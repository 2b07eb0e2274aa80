"""Every dialect in which a gateway says when to come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.gateways.retry_delay import MAX_RETRY_DELAY_S, retry_delay

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, "", 1.5),
        ({"retry-after": "9", "llm_provider-retry-after": "5"}, "", 9.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:14:20 GMT"}, "", 60.0),
        ({"retry-after": "soon", "llm_provider-retry-after": "5"}, "", 5.0),
        ({"reset_at": "2023-11-14T22:13:50+00:00"}, "", 30.0),
        ({"reset_at": "2023-11-14T22:13:50"}, "", 30.0),
        ({"reset_at": "1700000007"}, "", 7.0),
        ({"ratelimit": '"default";r=0;t=40'}, "", 40.0),
        ({"ratelimit": '"burst";r=0;t=4, "hour";r=0;t=40'}, "", 40.0),
        ({"ratelimit-reset": "12"}, "", 12.0),
        ({"x-ratelimit-reset-requests": "120ms"}, "", 0.12),
        ({"x-ratelimit-reset-requests": "6m0s"}, "", 360.0),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, "", 3600.0),
        ({}, "Rate limit reached. Please try again in 20s.", 20.0),
        ({}, "No deployments available, try again in 5 seconds", 5.0),
        ({"retry-after": "-5"}, "", 0.0),
        ({"retry-after": "999999999"}, "", MAX_RETRY_DELAY_S),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "1e400"}, "", None),
        ({"retry-after": ""}, "", None),
        ({}, "nothing is said", None),
    ],
)
def test_the_first_dialect_that_can_be_read_decides(
    headers: dict[str, str], message: str, seconds: float | None
) -> None:
    assert retry_delay(headers, message, NOW) == (
        None if seconds is None else pytest.approx(seconds)
    )


@given(
    st.dictionaries(
        st.sampled_from(
            ["retry-after", "retry-after-ms", "reset_at", "ratelimit", "ratelimit-reset"]
        ),
        st.text(max_size=200),
    ),
    st.text(max_size=200),
)
def test_anything_else_is_no_delay_and_no_exception(headers: dict[str, str], message: str) -> None:
    delay = retry_delay(headers, message, NOW)
    assert delay is None or 0 <= delay <= MAX_RETRY_DELAY_S
