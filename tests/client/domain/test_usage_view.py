"""Today at a glance: bars, tiers, money, shares, and days of every length."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.models.model_facts import ModelFacts
from sidelight_client.domain.snapshot import DecisionView
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.domain.spending.usage import Known
from sidelight_client.domain.spending.usage_limits import reconcile
from sidelight_client.domain.spending.usage_view import UsageView, day_of, usage_view

MIDNIGHT = 1_699_920_000.0
NOON = MIDNIGHT + 43_200.0
PRICED = {"small": ModelFacts("small", input_cost=4e-6, cached_cost=1e-6)}
TEAM = Purse(
    Scope.TEAM, Unit.REQUESTS, 800, 3_600, used=40.0, source="gateway", resets_at=NOON + 60
)


def request(at: float, tier: str = "fast", **more: Any) -> DecisionView:
    told: dict[str, Any] = {"prompt_tokens": 100, "cached_tokens": 60, "output_tokens": 5}
    told |= {"total_s": 0.2, "model": "small"} | more
    return DecisionView("ab" * 16, at, "completed", "", tier, "python", sends=1, **told)


def seen(*entries: DecisionView, budget: Budget = Budget()) -> UsageView:
    limits = reconcile(budget, entries, NOON)
    return usage_view(entries, limits, NOON, models=PRICED, zone=UTC)


def test_each_hour_of_today_has_its_bar_and_yesterday_none() -> None:
    view = seen(request(MIDNIGHT - 1), request(MIDNIGHT), request(NOON - 1), request(NOON - 2))
    assert view.since == MIDNIGHT
    assert len(view.hours) == 24
    assert {bar.at: bar.requests for bar in view.hours if bar.requests} == {
        MIDNIGHT: 1,
        NOON - 3_600: 2,
    }
    assert view.whole is not None
    assert view.whole.totals.requests == 3


def test_tiers_come_with_their_times_tokens_and_cost() -> None:
    view = seen(request(NOON - 5, cost=0.25), request(NOON - 4, tier="heavy", total_s=40.0))
    assert [(tier.key, tier.p95_s, tier.totals.cost) for tier in view.tiers] == [
        ("fast", 0.2, 0.25),
        ("heavy", 40.0, None),
    ]
    assert view.whole is not None
    assert view.whole.totals.cached_ratio == pytest.approx(0.6)


def test_what_the_cache_saved_is_known_only_where_both_prices_are() -> None:
    view = seen(request(NOON - 5), request(NOON - 4, model="unpriced"))
    assert view.saved == pytest.approx(60 * 3e-6)
    assert view.saved_nano.told_by == 1
    assert usage_view((request(NOON),), (), NOON, zone=UTC).saved_nano == Known()
    assert usage_view((request(NOON),), (), NOON, zone=UTC).saved is None


def test_the_share_of_a_team_is_told_where_the_gateway_says_the_whole() -> None:
    view = seen(*(request(NOON - 30) for _ in range(10)), budget=Budget((TEAM,)))
    (use,) = view.limits
    assert (use.counted, use.share) == (10.0, 0.25)


@pytest.mark.parametrize("used", [None, 0.0])
def test_the_share_of_nothing_is_unknown(used: float | None) -> None:
    purse = Purse(Scope.TEAM, Unit.REQUESTS, 800, 3_600, used=used, source="gateway")
    (use,) = seen(request(NOON - 30), budget=Budget((purse,))).limits
    assert use.share is None


def test_a_persons_own_limit_is_shared_with_nobody() -> None:
    purse = Purse(Scope.USER, Unit.REQUESTS, 120, 3_600, used=4.0, source="gateway")
    (use,) = seen(request(NOON - 30), budget=Budget((purse,))).limits
    assert use.share is None


@pytest.mark.parametrize(
    ("now", "hours"), [(1_743_300_000.0, 23), (1_743_200_000.0, 24), (1_761_480_000.0, 25)]
)
def test_a_day_on_which_clocks_change_has_the_bars_it_has(now: float, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start, end = day_of(now, zone)
    assert start <= now < end
    view = usage_view((request(end - 1),), (), now, zone=zone)
    assert len(view.hours) == hours
    assert view.hours[-1].requests == 1


@given(st.lists(st.tuples(st.floats(-90_000, 90_000), st.sampled_from(["fast", "heavy"]))))
def test_the_bars_are_the_whole(entries: list[tuple[float, str]]) -> None:
    view = seen(*(request(NOON + at, tier) for at, tier in entries))
    assert view.whole is not None
    assert sum(bar.requests for bar in view.hours) == view.whole.totals.requests
    assert sum(tier.totals.requests for tier in view.tiers) == view.whole.totals.requests
