"""Thirty days of minutes: bars, availability and the error budget."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.service.incidents import Level
from sidelight_client.domain.service.uptime import (
    DAYS,
    KEPT_S,
    Hour,
    known_down,
    merged,
    uptime,
    watched,
)

MIDNIGHT = 1_699_920_000.0
"""14 November 2023, 0:00 UTC."""
NOON = MIDNIGHT + 43_200.0


def minutes(hours: tuple[Hour, ...]) -> int:
    return sum(hour.seen.bit_count() for hour in hours)


def test_five_minutes_between_two_looks_are_watched() -> None:
    assert minutes(watched(Level.OK, NOON, NOON + 300)) == 6


@pytest.mark.parametrize("before", [None, NOON - 86_400, NOON + 50])
def test_after_a_sleep_or_a_clock_set_back_only_the_present_minute_is_watched(
    before: float | None,
) -> None:
    assert minutes(watched(Level.OK, before, NOON)) == 1


def test_what_is_unknown_is_not_watched() -> None:
    assert watched(Level.UNKNOWN, NOON, NOON + 60) == ()


def test_an_hour_is_crossed() -> None:
    (one, two) = watched(Level.MAJOR, NOON - 120, NOON + 60)
    assert (one.down.bit_count(), two.down.bit_count()) == (2, 2)


def test_a_day_nobody_watched_has_no_availability_and_not_a_hundred_percent() -> None:
    found = uptime((), NOON, UTC)
    assert len(found.days) == DAYS
    assert found.availability is None
    assert {day.availability for day in found.days} == {None}
    assert found.budget_s == pytest.approx(216 * 60)


def test_an_outage_eats_of_the_budget_and_shows_in_its_day() -> None:
    hours = [*known_down(NOON - 600, NOON - 1), *watched(Level.OK, NOON + 60, NOON + 300)]
    found = uptime(hours, NOON + 300, UTC)
    today = found.days[-1]
    assert (today.date, today.down, today.seen) == ("2023-11-14", 10, 15)
    assert found.used_s == 600.0 == found.longest_s
    assert found.availability == pytest.approx(1 - 10 / 15)


def test_slowness_is_shown_and_is_no_downtime() -> None:
    found = uptime(watched(Level.MINOR, NOON, NOON + 59), NOON + 60, UTC)
    assert (found.days[-1].degraded, found.availability) == (1, 1.0)


def test_an_outage_belongs_to_the_persons_own_day() -> None:
    half_past = timezone(timedelta(hours=5, minutes=30))
    # 18:25 to 18:34 UTC: midnight in India is at 18:30.
    hours = known_down(MIDNIGHT + 66_300, MIDNIGHT + 66_899)
    days = uptime(hours, MIDNIGHT + 70_000, half_past).days
    assert [(day.date, day.down) for day in days[-2:]] == [("2023-11-14", 5), ("2023-11-15", 5)]


def test_an_outage_longer_than_anything_kept_is_cut() -> None:
    hours = known_down(0.0, NOON)
    assert len(hours) <= DAYS * 24 + 1
    found = uptime(hours, NOON, UTC)
    assert found.availability == 0.0
    assert found.used_s <= KEPT_S + 3_600


@given(st.lists(st.tuples(st.sampled_from(Level), st.integers(0, 90_000)), max_size=30))
def test_noting_everything_twice_changes_nothing(looks: list[tuple[Level, int]]) -> None:
    hours = [
        hour for level, at in looks for hour in watched(level, MIDNIGHT + at - 200, MIDNIGHT + at)
    ]
    end = MIDNIGHT + 90_000
    assert uptime(hours, end, UTC) == uptime([*hours, *hours], end, UTC)
    assert merged(hours) == merged([*merged(hours).values(), *hours])
    found = uptime(hours, end, UTC)
    assert all(0 <= day.down <= day.seen <= 1_500 for day in found.days)
