"""Outages over the wire: what goes in comes out, and what a newer broker adds is unknown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.service.incidents import Incident, Level, Service, Stage, Update
from sidelight_client.domain.service.uptime import Day, PastIncident, Uptime
from sidelight_client.link.greeting import FRAME_LIMIT
from sidelight_client.link.wire import WireError, snapshot_from_json, snapshot_to_json
from support.fake_broker import empty_snapshot

NOW = 1_700_000_000.0
words = st.text(max_size=20)
moments = st.floats(0, 1e10, allow_nan=False)
shares = st.floats(0, 1, allow_nan=False)
minutes = st.integers(0, 1_440)
levels, stages = st.sampled_from(Level), st.sampled_from(Stage)

updates = st.builds(Update, st.none() | moments, stages, words)
incidents = st.builds(
    Incident,
    words,
    words,
    levels,
    stages,
    st.none() | moments,
    st.lists(words, max_size=3).map(tuple),
    words,
    st.lists(updates, max_size=3).map(tuple),
    st.booleans(),
)
services = st.builds(
    Service, levels, st.none() | moments, st.lists(incidents, max_size=3).map(tuple)
)
uptimes = st.builds(
    Uptime,
    days=st.lists(st.builds(Day, words, minutes, minutes, minutes), max_size=3).map(tuple),
    availability=st.none() | shares,
    used_s=minutes.map(float),
    past=st.lists(
        st.builds(PastIncident, words, words, levels, moments, moments, st.booleans()), max_size=3
    ).map(tuple),
)


def sent(service: Service, uptime: Uptime | None) -> dict[str, Any]:
    snapshot = replace(empty_snapshot(), service=service, uptime=uptime)
    told: dict[str, Any] = json.loads(json.dumps(snapshot_to_json(snapshot, NOW)))
    return told


@given(services, st.none() | uptimes)
def test_the_service_and_its_days_arrive_whole(service: Service, uptime: Uptime | None) -> None:
    arrived = snapshot_from_json(sent(service, uptime))
    assert (arrived.service, arrived.uptime) == (service, uptime)


def test_a_snapshot_of_an_older_broker_knows_nothing_of_outages() -> None:
    data = sent(Service(Level.OK), Uptime())
    del data["service"], data["uptime"]
    arrived = snapshot_from_json(data)
    assert (arrived.service, arrived.uptime) == (Service(Level.UNKNOWN), None)


def test_a_level_and_a_stage_of_a_newer_broker_are_unknown_and_not_ok() -> None:
    data = sent(Service(Level.OK, NOW, (Incident("i", "t", Level.MINOR, Stage.RESOLVED),)), None)
    data["service"]["level"] = data["service"]["incidents"][0]["stage"] = "brand_new"
    arrived = snapshot_from_json(data).service
    assert arrived.level is Level.UNKNOWN
    assert arrived.incidents[0].stage is Stage.UNKNOWN


@pytest.mark.parametrize("said", [5, "down", [], {"level": 5}, {"level": "ok", "incidents": {}}])
def test_what_makes_no_sense_is_refused(said: Any) -> None:
    data = sent(Service(), None) | {"service": said}
    with pytest.raises(WireError):
        snapshot_from_json(data)


def test_the_largest_page_fits_a_frame() -> None:
    update = Update(NOW, Stage.IDENTIFIED, "x" * 300)
    one = Incident("i" * 64, "t" * 120, Level.MAJOR, Stage.IDENTIFIED, NOW, ("n" * 120,) * 12)
    full = Service(Level.MAJOR, NOW, (replace(one, timeline=(update,) * 10),) * 10)
    past = (PastIncident("i" * 64, "t" * 120, Level.MAJOR, NOW, NOW),) * 20
    days = tuple(Day("2026-11-21", 1440, 0, 0) for _ in range(30))
    size = len(json.dumps(sent(full, Uptime(days, past=past))))
    assert size < FRAME_LIMIT / 4
