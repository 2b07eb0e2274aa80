"""Status pages as they are, and as they should not be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.service.incidents import MAX_INCIDENTS, MAX_UPDATES, Level, Stage
from sidelight_client.embedded.status import summary
from sidelight_client.gateways.statuspage import MAX_COMPONENTS, page_reading
from sidelight_client.gateways.untrusted import parsed

NOW = 1_700_000_000.0
INCIDENT: dict[str, Any] = {
    "id": "abc",
    "name": "Elevated errors",
    "status": "monitoring",
    "impact": "major",
    "started_at": "2023-11-14T21:13:20.000Z",
    "shortlink": "https://stspg.example/abc",
    "components": [{"name": "API"}, {"name": ""}, {"name": "API"}, 5],
    "incident_updates": [
        {"status": "monitoring", "body": "A fix is out.", "display_at": "2023-11-14T21:40:00Z"},
        {"status": "investigating", "body": "Looking.", "display_at": "2023-11-14T21:15:00Z"},
    ],
}


def page(indicator: Any = "none", components: Any = None, incidents: Any = None) -> dict[str, Any]:
    return {"status": {"indicator": indicator}, "components": components, "incidents": incidents}


def level_of(document: Any) -> Level | None:
    read = page_reading(document, NOW)
    return None if read is None else read.level


def part(status: Any, name: str = "API", **more: Any) -> dict[str, Any]:
    return {"name": name, "status": status, **more}


def test_the_embedded_gateways_page_is_read_in_each_of_its_states() -> None:
    calm = page_reading(summary("http://h", NOW, outage=False, scanner_down=False), NOW)
    assert calm is not None
    assert (calm.level, calm.incidents, calm.affected) == (Level.OK, (), ())
    out = page_reading(summary("http://h", NOW, outage=True, scanner_down=True), NOW)
    assert out is not None
    assert out.level is Level.MAJOR
    assert out.affected == ("Completions", "Content scanner")
    (incident,) = out.incidents
    assert (incident.stage, incident.level) == (Stage.INVESTIGATING, Level.MAJOR)


def test_an_incident_has_its_timeline_in_order_and_only_names_that_are_names() -> None:
    read = page_reading(page("major", [], [INCIDENT]), NOW)
    assert read is not None
    (incident,) = read.incidents
    assert incident.started_at == NOW - 3600
    assert incident.affects == ("API",)
    assert [update.text for update in incident.timeline] == ["Looking.", "A fix is out."]
    assert incident.url == "https://stspg.example/abc"


@pytest.mark.parametrize(
    ("document", "level"),
    [
        ("<html>Sign in</html>", None),
        (None, None),
        ([], None),
        ({}, None),
        ({"status": "ok"}, None),
        ({"status": {}}, Level.UNKNOWN),
        (page("none"), Level.OK),
        (page("NONE "), Level.OK),
        (page("purple"), Level.UNKNOWN),
        (page(["none"]), Level.UNKNOWN),
        (page(None, [part("operational")]), Level.UNKNOWN),
        (page("none", [part("operational"), part("")]), Level.UNKNOWN),
        (page("none", [part("operational"), "API"]), Level.OK),
        (page("none", [part("operational", name="")]), Level.OK),
        (page("none", [part("major_outage")]), Level.MAJOR),
        (page("none", [part("operational")] * (MAX_COMPONENTS + 5)), Level.UNKNOWN),
        (page("none", [], [{"name": "", "status": "investigating"}]), Level.MINOR),
        (page("none", [], [INCIDENT | {"status": "resolved"}]), Level.OK),
        (page("none", [], [INCIDENT | {"status": "whatever"}]), Level.MAJOR),
        (page("maintenance"), Level.MAINTENANCE),
        (
            page("none", [part("operational", group=True, components=[part("major_outage")])]),
            Level.MAJOR,
        ),
        (page("none", [part("operational", group=True, components=["id1", "id2"])]), Level.OK),
    ],
)
def test_a_page_that_cannot_be_trusted_is_never_ok(document: Any, level: Level | None) -> None:
    assert level_of(document) is level


def test_groups_nested_deeper_than_anybody_reads_are_unknown() -> None:
    nested = part("operational")
    for _ in range(40):
        nested = part("operational", group=True, components=[nested])
    assert level_of(page("none", [nested])) is Level.UNKNOWN


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2099-01-01T00:00:00Z", NOW),
        ("1970-01-01T00:00:00Z", None),
        ("yesterday", None),
        (5, None),
        ("2023-11-14T22:13:20+99:00", None),
    ],
)
def test_a_pages_clock_may_be_wrong(said: Any, read: float | None) -> None:
    told = page_reading(page("major", [], [INCIDENT | {"started_at": said}]), NOW)
    assert told is not None
    assert told.incidents[0].started_at == read


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://a.example", "https://u:p@a.example", "https://[", 5]
)
def test_only_a_plain_https_address_can_be_opened(url: Any) -> None:
    told = page_reading(page("major", [], [INCIDENT | {"shortlink": url}]), NOW)
    assert told is not None
    assert told.incidents[0].url == ""


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.sampled_from(["none", "operational", "major_outage", "x"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["status", "indicator", "components", "incidents", "group", "impact", *INCIDENT]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(json_values)
def test_any_document_is_read_in_bounds(document: Any) -> None:
    read = page_reading(document, NOW)
    if read is None:
        return
    assert len(read.incidents) <= MAX_INCIDENTS
    assert all(len(incident.timeline) <= MAX_UPDATES for incident in read.incidents)
    if read.level is Level.OK:
        assert str(document["status"]["indicator"]).strip().lower() == "none"


def test_a_page_as_large_as_it_may_be_is_read() -> None:
    many = [INCIDENT | {"id": str(n), "name": "x" * 9_000} for n in range(500)]
    read = page_reading(page("critical", [part("major_outage", name="y" * 9_000)] * 200, many), NOW)
    assert read is not None
    assert len(read.incidents) == MAX_INCIDENTS
    assert len(repr(read)) < 60_000
    assert parsed("[" * 100_000) is None
