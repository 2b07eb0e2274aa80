"""Brokers of other versions, clocks that jump, numbers nobody expects: never a crash, never a wrong "ok"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sidelight_client.domain.words.catalogue import say
from sidelight_tray.face.state import Heard, TrayState, tray_state
from sidelight_tray.heard.view import view_of
from sidelight_tray.heard.view_usage import usage_of
from sidelight_tray.panels.panels import details, popover
from support.tray_door import HeldDoor, surroundings
from support.tray_samples import (
    NOW,
    data_use,
    decision,
    gateway,
    limit,
    service,
    snapshot,
    trim,
    usage,
)

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from sidelight_tray.tray import Tray

LONG, ARABIC = "x" * 200, "اسم طويل جدا " * 16
DAY_S = 86_400

ODD: dict[str, dict[str, Any]] = {
    "limits of zero": {
        "limits": [
            limit("user", 0, 0),
            limit("team", 0, None),
            limit("org", 0, 3, hard=False),
            limit("user", 0, 0, unit="cost"),
        ]
    },
    "far above every limit": {
        "limits": [
            limit("user", 120, 1e9),
            limit("team", 800, 1e15),
            limit("org", 1, 10, hard=False),
            limit("team", 5, 1e12, unit="cost"),
        ]
    },
    "long names": {
        "decisions": [decision("blocked", reason=LONG, language=LONG, trim=trim(1e9, 1, LONG))],
        "languages_off": [LONG] * 60,
        "languages_paused": [{"language": LONG, "until": NOW + 60}] * 60,
        "data_use": data_use(processed_in=LONG),
        "service": service("minor", title=LONG),
    },
    "arabic names": {
        "decisions": [decision("blocked", reason=ARABIC, language=ARABIC)],
        "languages_paused": [{"language": ARABIC, "until": NOW + 60}],
        "data_use": data_use(processed_in=ARABIC),
        "gateway": gateway(name=ARABIC),
        "service": service("minor", title=ARABIC),
    },
    "trims that are none": {
        "decisions": [
            decision("completed", trim=odd)
            for odd in (None, 7, {}, trim(5, 9), trim(-1, -2), trim(9, 9), {"whole_tokens": 9})
        ]
    },
    "a policy that says nonsense": {
        "data_use": {"kept_days": -3, "trained_on": "no", "processed_in": 7, "url": "a b"}
    },
    "a hundred thousand decisions": {"decisions": [decision("completed")] * 100_000},
    "nothing of all of it": dict.fromkeys(snapshot()),
}


@pytest.fixture
def tray(qt: QApplication, private_home: Path) -> Iterator[Tray]:
    from sidelight_tray.tray import Tray

    door = HeldDoor()
    made = Tray(surroundings(door, private_home), lambda: None, lambda: NOW)
    yield made
    made.end()
    door.close()


@pytest.mark.parametrize("name", ODD)
def test_what_nobody_expects_is_painted_all_the_same(
    tray: Tray, qt: QApplication, name: str
) -> None:
    tray._hear(view_of(snapshot(**ODD[name])))
    tray.toggle()
    window = tray.windows._popover
    assert window is not None
    assert (window.width(), window.height() <= 680) == (400, True)
    assert not window.grab().isNull()
    tray.windows.show_details()
    shown = tray.windows._details
    assert shown is not None
    qt.processEvents()
    assert not shown.grab().isNull()
    body = shown.body.widget()
    assert body.width() <= shown.body.viewport().width()


def test_a_limit_of_zero_and_one_far_exceeded_both_stop() -> None:
    for name in ("limits of zero", "far above every limit"):
        heard = Heard(view_of(snapshot(**ODD[name])), connected=True)
        assert tray_state(heard, NOW) is TrayState.LIMITED


@pytest.mark.parametrize("shift_s", [-30 * 365 * DAY_S, -DAY_S, -61, 61, DAY_S, 30 * 365 * DAY_S])
def test_a_clock_that_jumps_changes_no_trouble_to_ready_and_breaks_no_panel(shift_s: float) -> None:
    for changes in ({"gateway": gateway(breaker="open")}, {"service": service("critical")}):
        known = Heard(
            view_of(snapshot(**changes, languages_paused=[{"language": "go", "until": NOW}])),
            connected=True,
            usage=usage_of(usage()),
        )
        assert tray_state(known, NOW + shift_s) is TrayState.OUTAGE
        for make in (popover, details):
            assert make(known, NOW + shift_s, say).state is TrayState.OUTAGE


@pytest.mark.parametrize("missing", sorted(set(snapshot()) - {"seq", "as_of"}))
def test_an_older_broker_that_does_not_know_a_field_is_shown_without_it(missing: str) -> None:
    told = {name: value for name, value in snapshot().items() if name != missing}
    known = Heard(view_of(told), connected=True, usage=usage_of(usage()))
    state = tray_state(known, NOW)
    needed = {"state", "session"}
    assert state is (TrayState.DEGRADED if missing in needed else TrayState.OK)
    for make in (popover, details):
        assert make(known, NOW, say).columns


def test_a_newer_brokers_words_are_trouble_and_its_fields_are_passed_over() -> None:
    newer = {"weather": {"of": ["tomorrow"]}, "counts": {"new": 7}}
    assert tray_state(Heard(view_of(snapshot() | newer), connected=True), NOW) is TrayState.OK
    for words in (
        {"state": "levitating"},
        {"session": {"phase": "half_signed_in"}},
        {"conditions": [{"code": "new.trouble", "severity": "catastrophe", "title": "New"}]},
    ):
        known = Heard(view_of(snapshot(**words)), connected=True)
        assert tray_state(known, NOW) is TrayState.DEGRADED
    odd = snapshot(service=service("apocalyptic"), gateway=gateway(breaker="melted"))
    for make in (popover, details):
        assert make(Heard(view_of(odd), connected=True), NOW, say).columns


def test_a_display_that_has_gone_places_the_popover_nowhere(
    tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sidelight_tray.windows import popover as panel_popover

    monkeypatch.setattr(panel_popover, "_screen_at", lambda _point: None)
    tray._hear(view_of(snapshot()))
    tray.toggle()
    assert tray.windows.open_names() == ["popover"]
