"""Root causes speak, consequences stay quiet, and what mends itself is never mentioned."""

from __future__ import annotations

import pytest

from sidelight_client.domain.health import CONDITIONS, hold, next_change, release, visible
from sidelight_client.domain.words.catalogue import CODES


def codes(*held: tuple[str, float], now: float) -> list[str]:
    conditions = ()
    for code, since in held:
        conditions = hold(conditions, code, since)
    return [condition.code for condition in visible(conditions, now)]


def test_when_wifi_is_down_only_wifi_is_mentioned() -> None:
    held = (("gateway.unreachable", 0.0), ("identity.unreachable", 0.0), ("network.offline", 0.0))
    assert codes(*held, now=60) == ["network.offline"]


def test_a_consequence_stays_silent_while_its_cause_is_still_too_young_to_show() -> None:
    held = (("network.offline", 58.0), ("gateway.unreachable", 0.0))
    assert codes(*held, now=60) == []


def test_what_mends_itself_within_seconds_is_never_shown() -> None:
    assert codes(("gateway.unreachable", 0.0), now=1.9) == []
    assert codes(("gateway.unreachable", 0.0), now=2.0) == ["gateway.unreachable"]


def test_the_worst_comes_first() -> None:
    held = (("completions.paused", 0.0), ("limit.reached", 0.0), ("session.needs_person", 5.0))
    shown = codes(*held, now=10)
    assert shown == ["session.needs_person", "limit.reached", "completions.paused"]


def test_a_condition_that_still_holds_keeps_its_beginning() -> None:
    conditions = hold(hold((), "gateway.slow", 10), "gateway.slow", 99, retry_at=120)
    assert (conditions[0].since, conditions[0].retry_at) == (10, 120)
    assert release(conditions, "gateway.slow") == ()


def test_the_next_change_by_time_alone_is_known() -> None:
    conditions = hold(hold((), "network.offline", 0), "gateway.unreachable", 0)
    assert next_change(conditions, now=1) == 2
    assert next_change(conditions, now=3) == 5
    assert next_change(conditions, now=6) is None


@pytest.mark.parametrize("code", sorted(CONDITIONS))
def test_every_condition_has_its_sentence_and_knows_its_causes(code: str) -> None:
    assert code in CODES
    assert set(CONDITIONS[code].depends_on) <= set(CONDITIONS)
