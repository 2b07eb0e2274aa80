"""Notifications come in episodes: one at the beginning, one at the end, and few an hour."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.health import hold
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.service.episodes import (
    MOST_AN_HOUR,
    Episodes,
    Notice,
    Topic,
    Trouble,
    in_quiet_hours,
    step,
    troubles_of,
    woke,
)
from sidelight_client.domain.service.incidents import Level, Service
from sidelight_client.domain.snapshot import GatewayView, SessionView, Snapshot

NOW = 1_700_000_000.0
GOOD = Snapshot(1, NOW, "0.1.0", SessionView(Phase.FRESH, expires_at=NOW + 600), GatewayView("G"))
OUTAGE = Trouble(Topic.OUTAGE, "notice.outage", {"name": "G"})
LIMIT = Trouble(Topic.LIMITED, "limit.reached")
SIGN_IN = Trouble(Topic.SIGN_IN, "session.needs_person")

Beats = list[tuple[float, tuple[Trouble, ...] | None]]


def told(beats: Beats, start: Episodes | None = None, quiet: bool = False) -> list[str]:
    """What is told over some moments, each of which is followed by the looks that were asked for."""
    episodes, said = start or Episodes(), list[str]()
    for index, (at, troubles) in enumerate(beats):
        until = beats[index + 1][0] if index + 1 < len(beats) else at + 7_200
        due: float | None = NOW + at
        while due is not None and due < NOW + until:
            episodes, notices, next_due = step(episodes, troubles, due, quiet=quiet)
            assert next_due is None or next_due > due
            said += [notice.code for notice in notices]
            due = next_due
    return said


def test_an_outage_is_told_once_and_its_end_once() -> None:
    beats: Beats = [(0, (OUTAGE,)), (30, (OUTAGE,)), (400, (OUTAGE,)), (900, ()), (960, ())]
    assert told(beats) == ["notice.outage", "notice.outage_over"]


def test_what_mends_itself_within_two_seconds_is_not_mentioned() -> None:
    assert told([(0, (OUTAGE,)), (1.9, ())]) == []


def test_the_end_of_a_limit_is_not_told_because_its_moment_was() -> None:
    assert told([(0, (LIMIT,)), (600, ())]) == ["limit.reached"]


def test_after_a_wake_a_minute_passes_and_what_lasts_is_told_then() -> None:
    awake = woke(Episodes(), NOW)
    assert told([(0, (OUTAGE,)), (59, ())], awake) == []
    assert told([(0, (OUTAGE,)), (61, ())], awake) == ["notice.outage", "notice.outage_over"]


def test_in_silence_nothing_is_told_and_nothing_is_made_up_for() -> None:
    assert told([(0, (OUTAGE,)), (300, ())], quiet=True) == []
    silent, notices, _ = step(Episodes(), (OUTAGE,), NOW, quiet=True)
    assert notices == ()
    assert told([(10, (OUTAGE,)), (3_700, (OUTAGE,))], silent) == []
    assert told([(10, ()), (20, (OUTAGE,))], silent) == ["notice.outage"]


def test_offline_nothing_begins_and_nothing_ends() -> None:
    assert told([(0, (OUTAGE,)), (10, None), (20, (OUTAGE,)), (30, None)]) == ["notice.outage"]
    assert told([(0, None), (600, ())]) == []


def test_two_troubles_at_once_are_a_minute_apart() -> None:
    episodes, first, due = step(Episodes(), (OUTAGE, LIMIT), NOW, quiet=False)
    assert (first, due) == ((), NOW + 2)
    episodes, notices, due = step(episodes, (OUTAGE, LIMIT), NOW + 2, quiet=False)
    assert [notice.topic for notice in notices] == [Topic.OUTAGE]
    assert due == NOW + 62


def test_a_flapping_hour_of_a_hundred_flips_is_told_four_times_at_most() -> None:
    beats: Beats = [(18.0 * flip, (OUTAGE,) if flip % 2 else ()) for flip in range(200)]
    said = told(beats)
    assert len(said) <= MOST_AN_HOUR
    # Whoever was told of the beginning was told of the end.
    assert said.count("notice.outage") == said.count("notice.outage_over")


@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 900, allow_nan=False),
            st.sampled_from([(), (OUTAGE,), (LIMIT,), (SIGN_IN, OUTAGE, LIMIT), None]),
        ),
        max_size=80,
    )
)
def test_no_hour_ever_has_more_than_four(
    flips: list[tuple[float, tuple[Trouble, ...] | None]],
) -> None:
    episodes, at, moments = Episodes(), NOW, list[float]()
    for wait_s, troubles in flips:
        at += wait_s
        episodes, notices, _ = step(episodes, troubles, at, quiet=False)
        moments += [at] * len(notices)
        ends = [notice.topic for notice in notices if notice.over]
        assert len(set(ends)) == len(ends)
    for moment in moments:
        assert sum(moment - 3_600 < other <= moment for other in moments) <= MOST_AN_HOUR


def test_a_clock_that_is_set_back_silences_nothing_for_long() -> None:
    episodes = woke(Episodes(sent=(NOW,)), NOW)
    earlier = NOW - 86_400
    episodes, _, due = step(episodes, (OUTAGE,), earlier, quiet=False)
    assert due is not None
    assert due <= earlier + 60
    _, notices, _ = step(episodes, (OUTAGE,), due, quiet=False)
    assert [notice.code for notice in notices] == ["notice.outage"]


@pytest.mark.parametrize(
    ("snapshot", "topics"),
    [
        (GOOD, []),
        (replace(GOOD, gateway=GatewayView("G", breaker=BreakerState.OPEN)), [Topic.OUTAGE]),
        (replace(GOOD, service=Service(Level.MAJOR)), [Topic.OUTAGE]),
        (replace(GOOD, service=Service(Level.MINOR)), []),
        (replace(GOOD, conditions=hold((), "limit.reached", NOW - 60)), [Topic.LIMITED]),
        (replace(GOOD, conditions=hold((), "session.needs_person", NOW - 60)), [Topic.SIGN_IN]),
        (replace(GOOD, conditions=hold((), "session.signed_out", NOW - 60)), []),
        (replace(GOOD, conditions=hold((), "network.offline", NOW - 60)), None),
        (replace(GOOD, paused_until=NOW + 60), None),
    ],
)
def test_what_of_a_snapshot_is_worth_an_episode(
    snapshot: Snapshot, topics: list[Topic] | None
) -> None:
    found = troubles_of(snapshot, NOW)
    assert (None if found is None else [trouble.topic for trouble in found]) == topics


@pytest.mark.parametrize(
    ("text", "quiet", "loud"),
    [
        ("22:00-07:00", [1_320, 0, 419], [420, 1_319]),
        ("12:30 - 13:00", [750, 779], [749, 780]),
        ("", [], [0, 720]),
        ("8:00-8:00", [], [480]),
        ("25:00-26:00", [], [60]),
        ("night", [], [0]),
        ("-", [], [0]),
        ("1:2-3:4", [], [90]),
    ],
)
def test_quiet_hours_may_cross_midnight_and_nonsense_is_never_quiet(
    text: str, quiet: list[int], loud: list[int]
) -> None:
    assert [minute for minute in [*quiet, *loud] if in_quiet_hours(text, minute)] == quiet


def test_a_notice_names_what_it_replaces() -> None:
    episodes, _, _ = step(Episodes(), (OUTAGE,), NOW, quiet=False)
    episodes, first, _ = step(episodes, (OUTAGE,), NOW + 5, quiet=False)
    _, second, _ = step(episodes, (), NOW + 100, quiet=False)
    assert first == (Notice(Topic.OUTAGE, "notice.outage", {"name": "G"}),)
    assert second == (Notice(Topic.OUTAGE, "notice.outage_over", {"name": "G"}, over=True),)
