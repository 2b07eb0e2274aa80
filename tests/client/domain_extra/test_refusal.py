"""Why a request is not sent: the reasons and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sidelight_client.domain.completion import (
    Blocked,
    CompletionRequest,
    Limited,
    Tier,
    Trigger,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.pauses import LanguagePause, Pauses
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Verdict
from sidelight_client.domain.refusal import Admission, refuse
from sidelight_client.domain.routing.breaker import Breaker
from sidelight_client.domain.routing.endpoints import Endpoints
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.domain.window import take

NOW = 1_000.0
FREE = Admission(
    enabled=True,
    languages_off=(),
    pauses=Pauses(),
    verdict=Verdict(Mode.ON),
    local=False,
    endpoints=Endpoints(("https://a",)),
    budget=Budget(),
)
OFF = Verdict(Mode.OFF, PlaceRule("pci", Mode.OFF, reason="Cards.", owner="pci@"))
NEAR = Verdict(Mode.LOCAL_ONLY, PlaceRule("near", Mode.LOCAL_ONLY))
SPENT = Budget((Purse(Scope.USER, Unit.REQUESTS, 120, 3600, used=120, resets_at=NOW + 60),))
SOFT = Budget((Purse(Scope.ORG, Unit.REQUESTS, 9, 60, hard=False, used=9, resets_at=NOW + 60),))


def tripped(retry_at: float) -> Endpoints:
    breaker = Breaker(failures=3, trips=1, retry_at=retry_at)
    return Endpoints(("https://a",)).learned("https://a", Tier.FAST, breaker)


OPEN = tripped(NOW + 5)


def request(trigger: Trigger = Trigger.AUTOMATIC) -> CompletionRequest:
    window = take(["x\n"], Position(0, 1), "file:///src/a.py")
    document = Document("file:///src/a.py", "python", "git.example/a/b")
    return CompletionRequest("a" * 32, document, window, trigger=trigger)


ORDER: tuple[tuple[dict[str, Any], object], ...] = (
    ({"enabled": False}, UnavailableReason.SWITCHED_OFF),
    ({"languages_off": ("markdown", "python")}, UnavailableReason.LANGUAGE_OFF),
    ({"pauses": Pauses(NOW + 1)}, UnavailableReason.PAUSED),
    ({"verdict": OFF}, Blocked),
    ({"endpoints": OPEN}, UnavailableReason.BREAKER_OPEN),
    ({"budget": SPENT}, Limited),
)


def reason(known: Admission, trigger: Trigger = Trigger.AUTOMATIC) -> object:
    outcome = refuse(known, request(trigger), NOW)
    if isinstance(outcome, Unavailable):
        return outcome.reason
    return None if outcome is None else type(outcome)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize(("facts", "why"), ORDER)
def test_each_reason_refuses_also_who_asks_explicitly(
    facts: dict[str, Any], why: object, trigger: Trigger
) -> None:
    assert reason(replace(FREE, **facts), trigger) == why


def test_a_pause_of_one_language_is_told_with_its_end_and_after_that_of_everything() -> None:
    python = (LanguagePause("python", NOW + 9),)
    known = replace(FREE, pauses=Pauses(None, python))
    refused = refuse(known, request(Trigger.INVOKED), NOW)
    assert isinstance(refused, Unavailable)
    assert (refused.reason, refused.retry_at) == (UnavailableReason.LANGUAGE_PAUSED, NOW + 9)
    assert reason(replace(FREE, pauses=Pauses(NOW + 1, python))) is UnavailableReason.PAUSED
    elsewhere = Pauses(None, (LanguagePause("go", NOW + 9),))
    assert reason(replace(FREE, pauses=elsewhere)) is None


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_most_lasting_reason_is_told(place: int) -> None:
    known = FREE
    for facts, _ in ORDER[place:]:
        known = replace(known, **facts)
    assert reason(known) == ORDER[place][1]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"pauses": Pauses(NOW, (LanguagePause("python", NOW), LanguagePause("go", NOW + 9)))},
        {"verdict": NEAR, "local": True},
        {"budget": SOFT},
        {"endpoints": tripped(NOW)},
        {"languages_off": ("markdown",)},
    ],
)
def test_what_does_not_forbid_lets_it_pass(facts: dict[str, Any]) -> None:
    assert reason(replace(FREE, **facts)) is None


def test_a_place_for_local_models_only_is_closed_to_a_gateway_elsewhere() -> None:
    assert reason(replace(FREE, verdict=NEAR)) is Blocked


def test_a_refusal_brings_what_a_person_needs_to_know() -> None:
    blocked = refuse(replace(FREE, verdict=OFF), request(), NOW)
    limited = refuse(replace(FREE, budget=SPENT), request(), NOW)
    waiting = refuse(replace(FREE, endpoints=OPEN), request(), NOW)
    assert isinstance(blocked, Blocked)
    assert (blocked.rule, blocked.why, blocked.owner, blocked.by_gateway) == (
        "pci",
        "Cards.",
        "pci@",
        False,
    )
    assert isinstance(limited, Limited)
    assert (limited.scope, limited.limit, limited.resets_at) == (Scope.USER, 120, NOW + 60)
    assert isinstance(waiting, Unavailable)
    assert waiting.retry_at == NOW + 5
