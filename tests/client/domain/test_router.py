"""Which tier answers, why, and when a better one is asked once more."""

from __future__ import annotations

import pytest

from sidelight_client.domain.answers.filters import FilterReason
from sidelight_client.domain.completion import Tier, TierReason, Trigger
from sidelight_client.domain.routing.tier_router import RequestKind, Route, Task, escalated, route

ASKED = Trigger.INVOKED


@pytest.mark.parametrize(
    ("task", "tier", "reasons"),
    [
        (Task(), Tier.FAST, (TierReason.TYPING,)),
        (Task(lines=500, files=9), Tier.FAST, (TierReason.TYPING,)),
        (Task(trigger=ASKED), Tier.FAST, (TierReason.ASKED,)),
        (Task(trigger=ASKED, lines=16), Tier.STANDARD, (TierReason.SIZE, TierReason.ASKED)),
        (Task(trigger=ASKED, files=2), Tier.STANDARD, (TierReason.FILES, TierReason.ASKED)),
        (
            Task(RequestKind.CHANGE, ASKED, lines=150, files=7),
            Tier.HEAVY,
            (TierReason.FILES, TierReason.SIZE, TierReason.ASKED),
        ),
        (
            Task(RequestKind.REWRITE, ASKED),
            Tier.STANDARD,
            (TierReason.REWRITE, TierReason.ASKED),
        ),
        (Task(trigger=ASKED, files=9, chosen=Tier.FAST), Tier.FAST, (TierReason.CHOSEN,)),
    ],
)
def test_a_request_goes_to_its_tier_for_a_reason(
    task: Task, tier: Tier, reasons: tuple[TierReason, ...]
) -> None:
    way = route(task)
    assert (way.tier, way.reasons) == (tier, reasons)
    assert 0.5 <= way.confidence <= 1.0


def test_the_router_is_less_sure_near_a_border() -> None:
    sure = [route(Task(trigger=ASKED, lines=lines)).confidence for lines in (1, 12, 15, 16)]
    assert sure == sorted(sure, reverse=True)
    assert sure[-1] == 0.5


@pytest.mark.parametrize("trigger", list(Trigger))
def test_an_answer_that_cannot_be_right_asks_the_next_tier_once(trigger: Trigger) -> None:
    up = Route(Tier.STANDARD, (TierReason.ESCALATED,))
    assert escalated(Tier.FAST, FilterReason.UNBALANCED, trigger, rich=True) == up
    poor = escalated(Tier.FAST, FilterReason.UNBALANCED, trigger, rich=False)
    assert poor == (up if trigger is ASKED else None)
    assert escalated(Tier.HEAVY, FilterReason.UNBALANCED, trigger, rich=True) is None


@pytest.mark.parametrize(
    "filtered", [None, FilterReason.EMPTY, FilterReason.DUPLICATE, FilterReason.ECHO]
)
def test_a_place_that_is_complete_is_no_case_for_a_better_model(
    filtered: FilterReason | None,
) -> None:
    assert escalated(Tier.FAST, filtered, ASKED, rich=True) is None
