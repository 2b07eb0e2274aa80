"""Incidents of both sides, merged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.service.incidents import (
    STALE_S,
    Incident,
    Level,
    PageReading,
    SeenHere,
    Service,
    Stage,
    service,
    worst,
)

NOW = 1_700_000_000.0
CALM = PageReading(NOW, Level.OK)
TOLD = Incident("i1", "Completions fail", Level.MAJOR, Stage.IDENTIFIED, NOW - 300)
OUTAGE = PageReading(NOW, Level.MAJOR, (TOLD,))
FINE = SeenHere("The gateway")
DOWN = SeenHere("The gateway", down_since=NOW - 60)


def test_nothing_is_known_before_the_page_was_heard() -> None:
    assert service(None, FINE, NOW) == Service(Level.UNKNOWN, None, ())


def test_a_calm_page_and_working_requests_are_ok() -> None:
    assert service(CALM, FINE, NOW).level is Level.OK


def test_an_outage_the_page_does_not_know_yet_is_seen_here() -> None:
    told = service(CALM, DOWN, NOW)
    (incident,) = told.incidents
    assert told.level is Level.MAJOR
    assert (incident.stage, incident.seen_here) == (Stage.SEEN_HERE, True)
    assert incident.title == "No answer from The gateway here"
    assert incident.started_at == NOW - 60
    assert told.open


def test_an_outage_the_page_knows_is_one_incident_marked_as_felt_here() -> None:
    (incident,) = service(OUTAGE, DOWN, NOW).incidents
    assert (incident.id, incident.seen_here) == ("i1", True)
    assert [update.stage for update in incident.timeline] == [Stage.SEEN_HERE]


def test_maintenance_that_was_announced_does_not_explain_an_outage() -> None:
    planned = Incident("m1", "Database upgrade", Level.MAINTENANCE, Stage.IDENTIFIED)
    told = service(PageReading(NOW, Level.MAINTENANCE, (planned,)), DOWN, NOW)
    assert [incident.stage for incident in told.incidents] == [Stage.SEEN_HERE, Stage.IDENTIFIED]


@pytest.mark.parametrize("for_s", [0.0, 9.9])
def test_trouble_that_mends_itself_in_seconds_is_not_told(for_s: float) -> None:
    seen = SeenHere("The gateway", down_since=NOW - for_s)
    assert service(CALM, seen, NOW).incidents == ()


def test_slowness_is_a_minor_incident() -> None:
    told = service(CALM, SeenHere("The gateway", slow_since=NOW - 200), NOW)
    assert told.level is Level.MINOR


def test_without_a_network_nothing_is_said_of_the_gateway() -> None:
    told = service(None, SeenHere("The gateway", down_since=NOW - 60, offline=True), NOW)
    assert (told.level, told.incidents) == (Level.UNKNOWN, ())


@pytest.mark.parametrize("as_of", [NOW - STALE_S - 1, NOW + 1])
def test_an_old_word_and_one_from_before_the_clock_was_set_back_are_unknown(as_of: float) -> None:
    told = service(PageReading(as_of, Level.OK), FINE, NOW)
    assert (told.level, told.as_of) == (Level.UNKNOWN, as_of)


@pytest.mark.parametrize(
    ("ago_s", "level"), [(10, Level.OK), (301, Level.UNKNOWN), (-1, Level.UNKNOWN)]
)
def test_where_no_page_speaks_an_answer_proves_for_a_while_that_it_works(
    ago_s: float, level: Level
) -> None:
    assert service(None, SeenHere("g", answered_at=NOW - ago_s), NOW).level is level
    assert service(OUTAGE, SeenHere("g", answered_at=NOW), NOW).level is Level.MAJOR


def test_an_outage_that_began_in_the_future_is_told_from_now() -> None:
    (incident,) = service(CALM, SeenHere("g", down_since=NOW + 900), NOW).incidents
    assert incident.started_at == NOW


levels = st.sampled_from(Level)


@given(st.lists(levels, max_size=6))
def test_ok_needs_everything_to_be_known_and_ok(given_levels: list[Level]) -> None:
    is_ok = bool(given_levels) and set(given_levels) == {Level.OK}
    assert (worst(given_levels) is Level.OK) == is_ok


@given(levels, st.booleans(), st.floats(-5_000, 5_000))
def test_what_fails_here_is_never_ok(level: Level, slow: bool, age: float) -> None:
    since = NOW - 60
    seen = SeenHere("g", slow_since=since) if slow else SeenHere("g", down_since=since)
    assert service(PageReading(NOW - age, level), seen, NOW).level not in (Level.OK, Level.UNKNOWN)
