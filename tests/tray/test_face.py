"""What the tray says, as a table: every state, its words, and no wrong "ready" whatever is heard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.words.catalogue import say
from sidelight_tray.face import pace, phrases
from sidelight_tray.face.acts import Act, Action
from sidelight_tray.face.cause import cause
from sidelight_tray.face.face import TOOLTIP_LIMIT, Remark, Separator, face, usage_line
from sidelight_tray.face.state import Heard, TrayState, changes_at, tray_state
from sidelight_tray.heard.fields import clean
from sidelight_tray.heard.view import view_of
from sidelight_tray.heard.view_usage import usage_of
from support.tray_absurd import ANYTHING
from support.tray_samples import (
    NOW,
    condition,
    decision,
    gateway,
    limit,
    service,
    session,
    snapshot,
)


def heard(data: dict[str, Any], **more: Any) -> Heard:
    return Heard(view_of(data), connected=True, **more)


TABLE: dict[str, tuple[dict[str, Any], TrayState]] = {
    "all is well": ({}, TrayState.OK),
    "a request is under way": ({"state": "busy"}, TrayState.OK),
    "no network": ({"conditions": [condition("network.offline")]}, TrayState.OFFLINE),
    "a pause": ({"paused_until": NOW + 60, "state": "paused"}, TrayState.PAUSED),
    "a pause that is over": ({"paused_until": NOW - 1}, TrayState.OK),
    "signed out": ({"session": session(phase="signed_out")}, TrayState.SIGN_IN),
    "rejected, still valid": ({"session": session(phase="needs_person")}, TrayState.SIGN_IN),
    "no seat": ({"conditions": [condition("identity.no_seat", "error")]}, TrayState.SIGN_IN),
    "breaker open": ({"gateway": gateway(breaker="open")}, TrayState.OUTAGE),
    "gateway silent": (
        {"conditions": [condition("gateway.unreachable", "error")]},
        TrayState.OUTAGE,
    ),
    "page says major": ({"service": service("major")}, TrayState.OUTAGE),
    "page says critical": ({"service": service("critical")}, TrayState.OUTAGE),
    "limit used up": ({"limits": [limit("user", 120, 120)]}, TrayState.LIMITED),
    "more than the limit": ({"limits": [limit("user", 120, 999)]}, TrayState.LIMITED),
    "a limit of zero": ({"limits": [limit("user", 0, 0)]}, TrayState.LIMITED),
    "the team's limit": ({"limits": [limit("team", 800, 800)]}, TrayState.LIMITED),
    "vendor throttles": ({"conditions": [condition("limit.vendor")]}, TrayState.LIMITED),
    "a soft limit only asks": ({"limits": [limit("org", 5, 9, hard=False)]}, TrayState.OK),
    "a window that is over": (
        {"limits": [limit("user", 120, 120, resets_at=NOW - 1)]},
        TrayState.OK,
    ),
    "slow": ({"conditions": [condition("gateway.slow")], "state": "slow"}, TrayState.DEGRADED),
    "half open": ({"gateway": gateway(breaker="half_open")}, TrayState.DEGRADED),
    "page says minor": ({"service": service("minor")}, TrayState.DEGRADED),
    "model denied": (
        {"conditions": [condition("gateway.model_denied", "error")]},
        TrayState.DEGRADED,
    ),
    "maintenance is announced": ({"service": service("maintenance")}, TrayState.OK),
    "page says nothing": ({"service": {"level": "unknown", "incidents": []}}, TrayState.OK),
    "a remark": ({"conditions": [condition("vault.memory", "info")]}, TrayState.OK),
    "four fifths used": ({"limits": [limit("user", 120, 96)]}, TrayState.QUOTA),
    "too fast": ({"limits": [limit("user", 120, 90)]}, TrayState.QUOTA),
    "a fresh block": ({"decisions": [decision("blocked")]}, TrayState.BLOCKED),
    "an old block": ({"decisions": [decision("blocked", 601)]}, TrayState.OK),
    "renewing": ({"session": session(phase="expired"), "state": "busy"}, TrayState.REFRESHING),
    # From an older or a newer broker
    "a word nobody knows": ({"state": "quantum"}, TrayState.DEGRADED),
    "no word at all": ({"state": None}, TrayState.DEGRADED),
    "a phase nobody knows": ({"session": session(phase="entangled")}, TrayState.DEGRADED),
    "a severity nobody knows": (
        {"conditions": [condition("gateway.new", "dire")]},
        TrayState.DEGRADED,
    ),
    "no session": ({"session": None}, TrayState.DEGRADED),
    "throttled, and no fact says why": ({"state": "throttled"}, TrayState.LIMITED),
    "signed out, and no fact says why": ({"state": "signedOut"}, TrayState.SIGN_IN),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_snapshot_has_its_state(name: str) -> None:
    changes, expected = TABLE[name]
    assert tray_state(heard(snapshot(**changes)), NOW) is expected


def test_every_state_is_reachable() -> None:
    reached = {expected for _, expected in TABLE.values()} | {tray_state(Heard(), NOW)}
    assert reached == set(TrayState)


@pytest.mark.parametrize("name", TABLE)
def test_every_state_but_ready_names_what_happened_and_what_it_means(name: str) -> None:
    known = heard(snapshot(**TABLE[name][0]))
    why = cause(known, tray_state(known, NOW), NOW, say)
    if TABLE[name][1] is TrayState.OK:
        assert why is None
    else:
        assert why is not None
        assert why.title
        assert why.text.endswith(".")
        assert "{" not in why.text + why.title + why.do


def test_without_the_broker_the_last_known_is_shown_with_its_age_and_never_as_ready() -> None:
    lost = replace(heard(snapshot()), connected=False, lost_at=NOW - 5)
    assert tray_state(lost, NOW) is TrayState.DOWN
    assert "60 of 120" in face(lost, NOW).tooltip
    assert "as of" in face(lost, NOW).tooltip


def test_before_the_first_snapshot_nothing_is_claimed() -> None:
    shown = face(Heard(), NOW)
    assert shown.state is TrayState.DOWN
    assert "– requests" in shown.tooltip
    starting = cause(Heard(), TrayState.DOWN, NOW, say)
    assert starting is not None
    assert starting.title == "Starting"


def test_a_worse_state_hides_a_lesser_one() -> None:
    everything = snapshot(
        conditions=[condition("network.offline"), condition("gateway.slow")],
        paused_until=NOW + 60,
        session=session(phase="signed_out"),
        limits=[limit("user", 120, 120)],
    )
    seen = []
    for clear in ({"conditions": []}, {"paused_until": None}, {"session": session()}, {}):
        seen.append(tray_state(heard(everything), NOW))
        everything |= clear
    assert seen == [TrayState.OFFLINE, TrayState.PAUSED, TrayState.SIGN_IN, TrayState.LIMITED]


def test_a_block_that_was_looked_at_is_no_news() -> None:
    seen = heard(snapshot(decisions=[decision("blocked")]), blocks_seen_at=NOW - 10)
    assert tray_state(seen, NOW) is TrayState.OK


def test_the_alarm_is_set_for_the_next_moment_at_which_time_alone_changes_the_state() -> None:
    assert changes_at(heard(snapshot(limits=[])), NOW) is None
    assert changes_at(heard(snapshot(limits=[], paused_until=NOW + 9)), NOW) == NOW + 9
    block = heard(snapshot(limits=[], decisions=[decision("blocked", 60)]))
    assert changes_at(block, NOW) == NOW + 540
    assert changes_at(Heard(), NOW) is None


@pytest.mark.parametrize(
    ("used", "line"),
    [
        (60, "60 of 120 requests this hour"),
        (None, "– of 120 requests this hour"),
        (0, "0 of 120 requests this hour"),
    ],
)
def test_what_is_not_known_is_a_dash_and_never_zero(used: float | None, line: str) -> None:
    assert usage_line(heard(snapshot(limits=[limit("user", 120, used)])), NOW) == line


def test_an_even_pace_lasts_and_a_fast_one_names_the_time_it_runs_out() -> None:
    window = {"resets_at": NOW + 1_800}
    even = heard(snapshot(limits=[limit("user", 120, 60, **window)]))
    fast = heard(snapshot(limits=[limit("user", 120, 90, **window)]))
    assert even.view is not None
    assert fast.view is not None
    assert pace.own(even.view, NOW).runs_out_at is None  # type: ignore[union-attr]
    assert pace.own(fast.view, NOW).runs_out_at == pytest.approx(NOW + 600)  # type: ignore[union-attr]


@pytest.mark.parametrize("shift_s", [-1e6, -3_601, -1, 0, 1, 3_601, 1e6])
def test_a_clock_that_jumps_breaks_nothing(shift_s: float) -> None:
    shown = face(heard(snapshot()), NOW + shift_s)
    assert shown.state in {TrayState.OK, TrayState.QUOTA}
    assert "nan" not in shown.tooltip


def test_the_menu_offers_what_helps_in_the_state() -> None:
    def acts(known: Heard) -> list[Act]:
        return [item.act for item in face(known, NOW).menu if isinstance(item, Action)]

    assert Act.START in acts(Heard())
    assert Act.SIGN_OUT in acts(heard(snapshot()))
    assert Act.SIGN_OUT not in acts(heard(snapshot(session=session(phase="signed_out"))))
    assert Act.SIGN_IN in acts(heard(snapshot(session=session(phase="signed_out"))))
    assert Act.RESUME in acts(heard(snapshot(paused_until=NOW + 60)))
    assert Act.RETRY in acts(heard(snapshot(gateway=gateway(breaker="open"))))
    assert acts(Heard())[-1] is Act.QUIT


def test_icon_tooltip_and_menu_tell_the_same() -> None:
    shown = face(heard(snapshot(limits=[limit("user", 120, 120)])), NOW)
    remarks = [item.text for item in shown.menu if isinstance(item, Remark)]
    assert remarks == ["Limit reached", "120 of 120 requests this hour"]
    assert shown.tooltip == "Sidelight: Limit reached\n120 of 120 requests this hour"
    assert not isinstance(shown.menu[-1], Separator)


NAMES = sorted(snapshot())


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), ANYTHING, max_size=8))
def test_no_snapshot_however_absurd_breaks_the_face(data: dict[str, Any]) -> None:
    shown = face(heard(data), NOW)
    assert len(shown.tooltip) <= TOOLTIP_LIMIT


@given(st.sampled_from([name for name in NAMES if name != "gateway"]), ANYTHING)
def test_one_absurd_section_never_turns_trouble_into_ready(name: str, value: object) -> None:
    broken = snapshot(gateway=gateway(breaker="open"))
    assert tray_state(heard(broken | {name: value}), NOW) is not TrayState.OK


@given(ANYTHING)
def test_no_usage_however_absurd_breaks_the_reading(value: object) -> None:
    spoilt = {"hours": value, "tiers": value, "total": value, "saved": value, "as_of": value}
    assert usage_of(spoilt).problem == ""


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("مايا تشين", "مايا تشين"),
        ("x" * 900, "x" * 400),
        ("two\nlines\tand\x00more", "two lines andmore"),
        ("left\u202eright", "leftright"),
        ("नम\u200dस्ते", "नम\u200dस्ते"),
        ("\ud800lone", "lone"),
        (7, ""),
    ],
)
def test_a_name_is_shown_in_every_script_and_on_one_line(given: object, shown: str) -> None:
    assert clean(given) == shown


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (phrases.took(0.18), "180 ms"),
        (phrases.took(3.9), "3.9 s"),
        (phrases.took(62.0), "62 s"),
        (phrases.took(None), "–"),
        (phrases.lasting(18_720), "5 h 12 m"),
        (phrases.lasting(1_080), "18 min"),
        (phrases.lasting(-5), "0 s"),
        (phrases.tokens(2_110_000), "2.11 M"),
        (phrases.tokens(41_000), "41 k"),
        (phrases.money(3.12), "$3.12"),
        (phrases.money(1_240), "$1,240"),
        (phrases.percent(0.9981, 2), "99.81 %"),
        (phrases.clock(None), "–"),
    ],
)
def test_numbers_read_as_a_person_writes_them(said: str, expected: str) -> None:
    assert said == expected
