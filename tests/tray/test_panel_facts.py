"""What a panel tells beside the person's own requests: trims, where code goes, cost, times, pauses."""

from __future__ import annotations

from typing import Any

import pytest

from sidelight_client.domain.words.catalogue import say
from sidelight_tray.diagnostics import diagnostics
from sidelight_tray.face.acts import Act, Action
from sidelight_tray.face.state import Heard, TrayState
from sidelight_tray.heard.view_usage import usage_of
from sidelight_tray.panels.content import Choices, Gauge
from sidelight_tray.panels.panels import details, popover
from support.tray_panels import cards, heard, items, texts
from support.tray_samples import (
    NOW,
    data_use,
    decision,
    limit,
    paused,
    service,
    snapshot,
    trim,
    usage,
)

FULL = heard(snapshot(decisions=[decision("blocked", 700)]), usage=usage_of(usage()))


def test_the_largest_trims_are_told_once_a_language_and_tier_with_why() -> None:
    known = heard(
        snapshot(
            decisions=[
                decision("completed", 60, trim=trim(20_000, 16_000)),
                decision("completed", 90, trim=trim(41_000, 16_000)),
                decision("completed", 95, trim=trim(30_000, 16_000, "size"), tier="standard"),
                decision("completed", 99, trim=None, language="go"),
                decision("completed", 99, trim=trim(9_000, 8_000), language="yaml"),
                decision("completed", 99, trim=trim(8_500, 8_000), language="sql"),
            ]
        )
    )
    card = cards(details(known, NOW, say))["trims"]
    said = texts(card)
    assert [text for text in said if text.endswith("→")] == ["41 k →", "30 k →", "9,000 →"]
    assert any(text.startswith("Python standard · ") for text in said)
    assert any("no room" in text and "too large" in text for text in said)
    nothing = cards(details(FULL, NOW, say))["trims"]
    assert any("Nothing was left out" in text for text in texts(nothing))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({}, ["Frankfurt, Example Cloud", "for 30 days", "no"]),
        ({"kept_days": 0, "trained_on": True}, ["not after the answer", "yes"]),
        ({"kept_days": 1}, ["for 1 day"]),
        ({"kept_days": 0.5}, ["for 12 h 0 m"]),
        ({"kept_days": None, "trained_on": None, "processed_in": ""}, ["–"]),
    ],
)
def test_where_code_goes_is_the_policys_word_and_unknown_is_a_dash(
    said: dict[str, Any], shown: list[str]
) -> None:
    card = cards(details(heard(snapshot(data_use=data_use(**said))), NOW, say))["code"]
    assert set(shown) <= set(texts(card))
    assert card.link == Action(Act.POLICY_PAGE, "Read more", "https://wiki.example.com/ai")
    unknown = cards(details(heard(snapshot(data_use=None)), NOW, say))["code"]
    assert texts(unknown).count("–") == 3
    assert not {"no", "yes"} & set(texts(unknown))


def test_cost_stands_against_ones_own_share_and_the_teams_budget() -> None:
    known = heard(
        snapshot(
            limits=[
                limit("user", 60, 11.8, unit="cost", window_ms=604_800_000),
                limit("team", 2_000, 1_240, unit="cost", hard=False, as_of=NOW - 900),
                limit("org", 9_000, None, unit="cost"),
            ]
        ),
        usage=usage_of(usage()),
    )
    own, team, org = items(cards(details(known, NOW, say))["tokens"], Gauge)
    assert (own.label, own.value) == ("My cost", "$11.80 of $60.00")
    assert own.spoken.startswith("My cost this week: $11.80 of $60.00; an even pace would be $")
    assert team.value.startswith("$1,240 of $2,000 soft at ")
    assert team.soft
    assert (org.value, org.share) == ("– of $9,000", None)


def test_what_the_status_page_never_said_is_a_dash_and_what_it_said_has_its_age() -> None:
    card = cards(details(FULL, NOW, say))["gateway"]
    assert "no trouble reported" in texts(card)
    silent = heard(snapshot(service={"level": "ok", "as_of": None, "incidents": []}))
    assert "no trouble reported" not in texts(cards(details(silent, NOW, say))["gateway"])


def test_p95_of_each_tier_is_told_by_shape_as_well_as_colour() -> None:
    said = texts(cards(popover(FULL, NOW, say))["gateway"])
    assert {"▲ Fast 3.9 s", "● Standard 6.4 s", "● Heavy 62 s"} <= set(said)


def test_pauses_of_languages_and_muted_notifications_stand_beside_the_session() -> None:
    known = heard(
        snapshot(
            languages_paused=[paused("go"), paused("sql", -1)],
            muted_until=NOW + 60,
        )
    )
    said = texts(cards(details(known, NOW, say))["session"])
    assert "Go" in said
    assert "SQL" not in said
    assert any(text.startswith("muted until ") for text in said)
    assert not any(text.startswith("muted until") for text in texts(details(FULL, NOW, say)))


def test_an_outage_can_be_muted_where_it_is_told_unless_it_is_already() -> None:
    def acts(known: Heard) -> set[Act]:
        return {
            action.act
            for choices in items(cards(popover(known, NOW, say))["problem"], Choices)
            for action in choices.actions
        }

    outage = snapshot(service=service("critical"))
    assert Act.MUTE_SHORT in acts(heard(outage))
    assert Act.MUTE_SHORT not in acts(heard(outage | {"muted_until": NOW + 60}))
    assert Act.MUTE_SHORT not in acts(heard(snapshot(service=service("minor"))))


def test_the_diagnostics_tell_what_is_paused() -> None:
    known = heard(snapshot(languages_paused=[paused("go")], muted_until=NOW + 60))
    shown = diagnostics(known, ((NOW, TrayState.OK),), {}, NOW)
    (line,) = [one for one in shown.splitlines() if one.startswith("Paused: ")]
    assert line.startswith("Paused: all until –, go until 20")
    assert "; notifications muted until 20" in line


def test_of_many_languages_that_are_off_a_few_are_named() -> None:
    known = heard(snapshot(languages_off=["markdown", "yaml", "json", "sql", "css"]))
    said = texts(cards(details(known, NOW, say))["session"])
    assert "on; off for Markdown, YAML, JSON and 2 more" in said
