"""What the popover and the details window consist of, without painting them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from sidelight_client import api
from sidelight_client.domain.words.catalogue import say
from sidelight_tray.diagnostics import diagnostics
from sidelight_tray.face.acts import Act, Action, Tone
from sidelight_tray.face.state import Heard, TrayState
from sidelight_tray.heard.view import view_of
from sidelight_tray.heard.view_usage import usage_of
from sidelight_tray.panels.content import (
    Bars,
    Choices,
    Days,
    Entry,
    Figure,
    Gauge,
    Lanes,
    Stack,
    Timeline,
)
from sidelight_tray.panels.decisions import REASONS
from sidelight_tray.panels.gateway import TARGETS_S
from sidelight_tray.panels.panels import details, popover
from support.tray_absurd import ABSURD_SNAPSHOTS, ABSURD_USAGE
from support.tray_panels import cards, heard, items, texts
from support.tray_samples import (
    NOW,
    condition,
    decision,
    gateway,
    limit,
    service,
    session,
    snapshot,
    usage,
)

FULL = heard(
    snapshot(decisions=[decision("blocked", 700, place={"file": "src/ada.py", "line": 41})]),
    usage=usage_of(usage()),
)


def test_the_requests_card_tells_number_pace_hours_and_shared_limits() -> None:
    card = cards(popover(FULL, NOW, say))["requests"]
    (figure,) = items(card, Figure)
    assert (figure.value, figure.of) == ("60", "of 120")
    assert figure.verdict.text == "lasts until reset"
    own, team, org = items(card, Gauge)
    assert own.spoken == "50 % used; an even pace would be 84; lasts until reset"
    assert (team.label, team.value) == ("Team", "400 of 800")
    assert (org.label, org.value, org.soft) == ("Organisation", "3,410 of 5,000 soft", True)
    (bars,) = items(card, Bars)
    assert bars.limit_label == "120/h"
    assert bars.values[7:10] == (121, 74, 0)
    assert "202 requests, most at" in bars.spoken


def test_the_gateway_card_tells_thirty_days_against_what_was_promised() -> None:
    card = cards(details(FULL, NOW, say))["gateway"]
    assert [span.text for span in card.right] == ["99.81 %", "SLO 99.5 %"]
    (days,) = items(card, Days)
    assert days.tones[:3] == (Tone.MUTED, Tone.MUTED, Tone.GOOD)
    assert days.tones[13] is Tone.BAD
    assert "81 min of 216 min error budget used" in texts(card)
    assert "longest: 47 min" in texts(card)
    (lanes,) = items(card, Lanes)
    assert next(lane.texts for lane in lanes.lanes) == ("180 ms", "3.9 s", "300 ms")
    assert [lane.tone for lane in lanes.lanes] == [Tone.BAD, Tone.GOOD, Tone.GOOD]


def test_the_targets_are_the_clients_own_deadlines() -> None:
    assert {tier.value: s for tier, s in api.DEADLINE_S.items()} == TARGETS_S


def test_the_tokens_card_tells_what_the_cache_saved() -> None:
    card = cards(details(FULL, NOW, say))["tokens"]
    (stack,) = items(card, Stack)
    assert [part.label for part in stack.parts] == [
        "2.11 M cached",
        "760 k uncached",
        "240 k output",
    ]
    assert "74 % of input was cached, saving about $5.20" in texts(card)
    assert card.right[0].text == "$3.12"


def test_what_nobody_counted_is_a_dash_and_never_zero() -> None:
    unknown = heard(
        snapshot(
            limits=[limit("user", 120, None)],
            gateway=gateway(p50_ms=None, p95_ms=None),
            uptime=None,
            service=None,
        ),
        usage=usage_of(usage(total=None, problem="it is locked", hours=[], tiers=[])),
    )
    shown = cards(details(unknown, NOW, say))
    (figure,) = items(shown["requests"], Figure)
    assert (figure.value, figure.verdict.text) == ("–", "not known yet")
    assert items(shown["requests"], Gauge)[0].share is None
    assert "Not known: it is locked" in texts(shown["tokens"])
    said = texts(shown["gateway"])
    assert said.count("–") >= 2
    assert not any(text.startswith("0") for text in said)


@pytest.mark.parametrize("make", [popover, details])
def test_an_incident_tells_what_happens_meanwhile_and_how_far_they_are(make: Any) -> None:
    known = heard(snapshot(service=service("minor")))
    card = cards(make(known, NOW, say))["problem"]
    assert card.title == "Fast tier slow: upstream vendor degraded"
    assert any("Suggestions may come late" in text for text in texts(card))
    (line,) = items(card, Timeline)
    assert [step.label for step in line.steps] == [
        "Investigating",
        "Identified",
        "Monitoring",
        "Resolved",
    ]
    assert [step.current for step in line.steps] == [False, False, True, False]
    (choices,) = items(card, Choices)
    assert Action(Act.STATUS_PAGE, "Stat&us page", "https://status.example.com/x1") in (
        choices.actions
    )


def test_an_outage_nobody_else_has_noticed_is_told_as_seen_here() -> None:
    known = heard(snapshot(service=service("major", stage="seen_here", title="", timeline=[])))
    card = cards(popover(known, NOW, say))["problem"]
    assert card.title == "No answer from payments-web here"


def test_each_state_offers_its_own_first_action() -> None:
    def first(known: Heard) -> Act | None:
        found = items(cards(popover(known, NOW, say))["problem"], Choices)
        return found[0].actions[0].act if found else None

    assert first(heard(snapshot(session=session(phase="signed_out")))) is Act.SIGN_IN
    assert first(heard(snapshot(paused_until=NOW + 60))) is Act.RESUME
    assert first(heard(snapshot(gateway=gateway(breaker="open")))) is Act.RETRY
    assert first(Heard(lost_at=NOW - 60)) is Act.START
    assert first(heard(snapshot(limits=[limit("user", 120, 120)]))) is None
    taken = gateway(hears_of_limits=True)
    assert first(heard(snapshot(limits=[limit("user", 120, 120)], gateway=taken))) is (
        Act.ASK_FOR_MORE
    )


@pytest.mark.parametrize(
    ("used_up", "about"),
    [
        ({"limits": [limit("user", 120, 120)]}, "user:requests"),
        ({"limits": [limit("team", 9, 9, unit="cost"), limit("user", 5, 1)]}, "team:cost"),
        ({"conditions": [condition("limit.reached")]}, ""),
        ({"limits": [limit("vendor", 60, 60)]}, None),
        ({"conditions": [condition("limit.vendor")]}, None),
    ],
)
def test_more_is_asked_of_whoever_set_the_limit_and_only_where_somebody_listens(
    used_up: dict[str, Any], about: str | None
) -> None:
    def asked(told: bool | None) -> list[str]:
        known = heard(snapshot(gateway=gateway(hears_of_limits=told), **used_up))
        card = cards(popover(known, NOW, say))["problem"]
        actions = [action for one in items(card, Choices) for action in one.actions]
        return [one.argument for one in actions if one.act is Act.ASK_FOR_MORE]

    assert asked(told=True) == ([] if about is None else [about])
    assert asked(told=False) == asked(told=None) == []


def test_when_all_is_well_nothing_stands_above_the_numbers() -> None:
    assert list(cards(popover(FULL, NOW, say))) == ["requests", "gateway", "decisions"]


def test_a_decision_tells_what_and_why_and_offers_one_thing() -> None:
    known = heard(snapshot(decisions=[decision("blocked", 700), decision("completed")]))
    (entry,) = items(cards(popover(known, NOW, say))["decisions"], Entry)
    assert entry.title == "Blocked by a rule"
    assert entry.detail.endswith(" · card_number · Python")
    trace = "0af7651916cd43dd8448eb211c80319c"
    about = f"card_number {trace}"
    assert entry.action == Action(Act.REQUEST_EXCEPTION, "Request exception", about)
    form = f"https://forms.example.com/ask?trace_id={trace}"
    for takes_messages, form_url, action in (
        (True, "", Action(Act.REQUEST_EXCEPTION, "Request exception", about)),
        (False, form, Action(Act.REQUEST_EXCEPTION, "Request exception", f"{about} {form}")),
        (False, "", Action(Act.COPY_TRACE, "Copy trace ID", trace)),
    ):
        told = decision("blocked", form_url=form_url)
        known = heard(snapshot(decisions=[told], gateway=gateway(takes_messages=takes_messages)))
        (entry,) = items(cards(popover(known, NOW, say))["decisions"], Entry)
        assert entry.action == action
    late = heard(snapshot(decisions=[decision("unavailable")]))
    (entry,) = items(cards(popover(late, NOW, say))["decisions"], Entry)
    assert entry.action == Action(Act.COPY_TRACE, "Copy trace ID", trace)


@pytest.mark.parametrize(
    ("place", "short", "full"),
    [
        ({"file": "src/pay.py", "line": 41}, "src/pay.py:41", "src/pay.py:41"),
        (
            {"file": "services/payments/web/checkout.py", "line": 1_041},
            "…/web/checkout.py:1041",
            "services/payments/web/checkout.py:1041",
        ),
        (
            {"file": "a_very_long_name_of_a_test_file.py", "line": 7},
            "…_name_of_a_test_file.py:7",
            None,
        ),
        ({"file": "pay.py", "line": -1}, "pay.py", "pay.py"),
        ({"file": 7, "line": 41}, "", ""),
        (None, "", ""),
    ],
)
def test_a_decision_names_its_file_and_line_and_an_older_broker_its_language(
    place: Any, short: str, full: str | None
) -> None:
    known = heard(snapshot(decisions=[decision("blocked", place=place)]))
    (entry,) = items(cards(popover(known, NOW, say))["decisions"], Entry)
    assert entry.place == short
    assert len(short) <= 26
    if full is not None:
        assert entry.whole_place == full
    assert ("Python" in entry.detail) is (not short)


def test_every_reason_the_broker_can_give_has_words() -> None:
    kinds = (api.UnavailableReason, api.UnauthorizedReason, api.Scope)
    assert [one.value for kind in kinds for one in kind if one.value not in REASONS] == []


def test_above_a_soft_limit_a_reason_is_asked_and_nothing_else_changes() -> None:
    known = heard(snapshot(limits=[limit("user", 120, 3), limit("org", 5_000, 5_001, hard=False)]))
    (choices,) = items(cards(popover(known, NOW, say))["requests"], Choices)
    assert [action.act for action in choices.actions] == [Act.GIVE_REASON]
    deaf = heard(
        snapshot(
            limits=[limit("user", 120, 3), limit("org", 5_000, 5_001, hard=False)],
            gateway=gateway(hears_of_limits=False),
        )
    )
    silent = cards(popover(deaf, NOW, say))["requests"]
    assert items(silent, Choices) == []
    assert "Above the soft limit of your organisation: nothing stops." in texts(silent)
    below = heard(snapshot(limits=[limit("user", 120, 3), limit("org", 5_000, 4_000, hard=False)]))
    assert items(cards(popover(below, NOW, say))["requests"], Choices) == []


def test_the_session_tells_how_long_it_is_valid_and_why_it_was_renewed() -> None:
    said = texts(cards(details(FULL, NOW, say))["session"])
    assert any(text.startswith("valid 5 h 12 m, renewed ") for text in said)
    assert any(text.endswith("(woke after 9 h)") for text in said)
    assert "on; off for Markdown" in said


def test_what_is_from_before_says_so() -> None:
    lost = replace(FULL, connected=False, lost_at=NOW - 60)
    panel = popover(lost, NOW, say)
    assert panel.stale
    assert panel.subtitle.startswith("as of ")
    assert Act.PAUSE_SHORT not in {action.act for action in panel.buttons}


def test_no_address_with_an_account_in_it_is_shown() -> None:
    for made in (popover, details):
        assert not any("secret-account" in text for text in texts(made(FULL, NOW, say)))


@pytest.mark.parametrize("make", [popover, details])
def test_every_chart_has_a_sentence_of_its_own(make: Any) -> None:
    charts = (Gauge, Bars, Days, Lanes, Stack, Timeline, Figure)
    known = replace(FULL, view=view_of(snapshot(service=service("minor"))))
    spoken = [
        item.spoken
        for card in cards(make(known, NOW, say)).values()
        for item in card.items
        if isinstance(item, charts)
    ]
    assert all(spoken)
    assert len(set(spoken)) == len(spoken)


@given(ABSURD_SNAPSHOTS, ABSURD_USAGE)
def test_no_snapshot_however_absurd_breaks_a_panel(
    data: dict[str, Any], counted: dict[str, Any]
) -> None:
    known = heard(snapshot() | data, usage=usage_of(usage() | counted))
    for make in (popover, details):
        for text in texts(make(known, NOW, say)):
            assert "nan" not in text.split()
            assert "None" not in text
    assert diagnostics(known, ((NOW, TrayState.OK),), {}, NOW)


def test_the_diagnostics_hold_versions_states_and_ids_and_no_name_of_a_person_or_file() -> None:
    text = diagnostics(
        FULL, ((NOW - 60, TrayState.DOWN), (NOW, TrayState.OK)), {"PySide6": "6.11.3"}, NOW
    )
    assert "PySide6: 6.11.3" in text
    assert "0af7651916cd43dd8448eb211c80319c" in text
    assert text.index("ok") < text.index("down")
    assert "maya" not in text
    assert "ada.py" not in text
    assert "secret-account" not in text
